"""Does the sandbox hold on this machine? Asked once a process, by trying to escape; and which sandbox a run gets."""

from __future__ import annotations

import functools
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from orchestrator.adapters import processes
from orchestrator.adapters.sandbox import (
    HOME,
    MIB,
    SANDBOX_UID,
    Access,
    Bubblewrap,
    Launch,
    Limits,
    Mount,
    sandbox_argv,
)
from orchestrator.adapters.sandbox_system import system, write_identity
from orchestrator.adapters.sandbox_tools import tool_roots
from orchestrator.domain.errors import RefusedError

PROBE_S = 20.0
PLAIN_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
ATTACKS = r"""
import os, socket, sys
inside, outside, key, port, marker = sys.argv[1:]
def attempt(name, action):
    try:
        action()
    except Exception:
        return
    print(name)
def write(path):
    with open(path, "w") as file:
        file.write("x")
def host_processes():
    for name in os.listdir("/proc"):
        if name.isdigit() and marker in open("/proc/%s/cmdline" % name).read() and name != str(os.getpid()):
            own = open("/proc/%s/stat" % name).read()
            if "(bwrap)" not in own and "(prlimit)" not in own:
                return
    raise OSError
def privileges():
    if os.getuid() != 0 and "CapEff:\t0000000000000000" in open("/proc/self/status").read():
        raise OSError
attempt("inside", lambda: write(inside + "/written"))
attempt("write outside", lambda: write(outside + "/escaped"))
attempt("read a key", lambda: open(key).read())
attempt("connect", lambda: socket.create_connection(("127.0.0.1", int(port)), 2).close())
attempt("see host processes", host_processes)
attempt("privileges", privileges)
attempt("change the kernel's settings", lambda: open("/proc/sys/kernel/core_pattern", "r+").close())
"""
INSIDE = "inside"
INSTALL = {
    "debian": "sudo apt install bubblewrap",
    "ubuntu": "sudo apt install bubblewrap",
    "fedora": "sudo dnf install bubblewrap",
    "rhel": "sudo dnf install bubblewrap",
    "centos": "sudo dnf install bubblewrap",
    "arch": "sudo pacman -S bubblewrap",
    "alpine": "sudo apk add bubblewrap",
    "suse": "sudo zypper install bubblewrap",
    "opensuse": "sudo zypper install bubblewrap",
    "nixos": "nix-env -iA nixos.bubblewrap",
}
FORBIDDEN_HINT = (
    "allow user namespaces: in a container start it with --security-opt seccomp=unconfined --security-opt "
    "apparmor=unconfined; on Ubuntu 24.04 and newer: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0; "
    "or run without a sandbox, at your own risk: --sandbox none"
)


class ProbeStatus(StrEnum):
    """What the probe found."""

    WORKS = "works"
    MISSING = "missing"
    """No bubblewrap on the path, or a system it does not exist for."""
    FORBIDDEN = "forbidden"
    """It is there but may not make namespaces, or does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """The result, with the mend where there is one to make."""

    status: ProbeStatus
    detail: str
    """What was tried and what happened, one sentence."""
    hint: str = ""
    wrap: Bubblewrap | None = None
    """How to call it; set where it works."""


class SandboxKind(StrEnum):
    """What stands around gate commands."""

    BWRAP = "bwrap"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxChoice:
    """The sandbox of one run."""

    kind: SandboxKind
    label: str
    """For summary and report: ``bwrap``, ``none`` or ``off (recorded answers)``."""
    note: str = ""
    """Said loudly where there is none, empty otherwise."""
    wrap: Bubblewrap | None = None

    def told(self, allow: Collection[str]) -> str:
        """The label with what the user opened (``gate.allow``): for the record and the report, never left unsaid."""
        return f"{self.label}, open to: {', '.join(allow)}" if allow and self.wrap is not None else self.label


def choose(
    mode: Literal["auto", "bwrap", "none"], *, recorded: bool, probe: Callable[[], Probe] | None = None
) -> SandboxChoice:
    """Which sandbox a run gets (decision 27); never a silent fall back to none (I8).

    ``recorded``: every answer comes from a recording that the user chose, so no code is new. Raises
    ``RefusedError`` where a sandbox is wanted and cannot be had.
    """
    if mode == "none":
        note = "gate commands run without a sandbox (--sandbox none): they can read, write and connect as you can"
        return SandboxChoice(kind=SandboxKind.NONE, label="none", note=note)
    found = (probe or probe_sandbox)()
    if found.status is ProbeStatus.WORKS:
        return SandboxChoice(kind=SandboxKind.BWRAP, label="bwrap", wrap=found.wrap)
    if mode == "auto" and recorded:
        note = f"sandbox: off (recorded answers): {found.detail}; {found.hint}"
        return SandboxChoice(kind=SandboxKind.NONE, label="off (recorded answers)", note=note)
    raise RefusedError(f"no sandbox for gate commands: {found.detail}", hint=found.hint, slug=f"sandbox-{found.status}")


@functools.cache
def probe_sandbox() -> Probe:
    """Start a sandbox and try to escape from it; about 0.1 s, once a process."""
    program = shutil.which("bwrap") if sys.platform == "linux" else None
    if program is None:
        return Probe(status=ProbeStatus.MISSING, detail="bubblewrap (bwrap) is not installed", hint=_install_hint())
    limiter = next((path for path in ("/usr/bin/prlimit", "/bin/prlimit") if Path(path).exists()), None)
    first = attack(Bubblewrap(program=program, limiter=limiter))
    if first.status is ProbeStatus.WORKS:
        return first
    second = attack(Bubblewrap(program=program, limiter=limiter, disable_userns=False))
    return second if second.status is ProbeStatus.WORKS else first


def attack(wrap: Bubblewrap, *, extra: tuple[Mount, ...] = (), network: bool = False) -> Probe:
    """One start of this bubblewrap with a program inside that tries to get out.

    ``extra`` and ``network`` open holes on purpose: the positive control that the attacks work.
    """
    with (
        tempfile.TemporaryDirectory(prefix="orchestrate-probe-") as folder,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        place = Path(folder).resolve()
        for name in ("inside", "outside"):
            (place / name).mkdir()
        (place / "key").write_text("planted")
        marker = secrets.token_hex(8)
        launch = _attack_launch(place, marker, server.getsockname()[1], extra, network=network)
        ended = processes.run(
            processes.Process(
                argv=sandbox_argv(launch, wrap), cwd=place, environment=PLAIN_ENVIRONMENT, timeout_s=PROBE_S
            )
        )
    return _judge(ended, wrap)


def _attack_launch(place: Path, marker: str, port: int, extra: tuple[Mount, ...], *, network: bool) -> Launch:
    host = system(write_identity(place / "identity", uid=SANDBOX_UID, home=HOME), network=network)
    roots = tool_roots((sys.executable,), PLAIN_ENVIRONMENT["PATH"], home=Path.home())
    mounts = [*host.mounts, *(Mount(target=root, access=Access.READ) for root in roots)]
    mounts.append(Mount(target=place / "inside", access=Access.WRITE))
    arguments = (str(place / "inside"), str(place / "outside"), str(place / "key"), str(port), marker)
    return Launch(
        argv=(sys.executable, "-I", "-S", "-c", ATTACKS, *arguments),
        cwd=place / "inside",
        mounts=(*mounts, *extra),
        symlinks=host.symlinks,
        environment=PLAIN_ENVIRONMENT,
        limits=Limits(memory=512 * MIB, processes=64, file_size=MIB, tmp_size=MIB),
        network=network,
    )


def _judge(ended: processes.Ended, wrap: Bubblewrap) -> Probe:
    done = set(ended.stdout.split("\n")) - {""}
    if ended.exit_code != 0 or INSIDE not in done:
        said = " ".join(ended.stderr.split())[:300] or f"exit code {ended.exit_code}"
        return Probe(
            status=ProbeStatus.FORBIDDEN, detail=f"bwrap cannot start a sandbox here: {said}", hint=FORBIDDEN_HINT
        )
    escapes = sorted(done - {INSIDE})
    if escapes:
        return Probe(
            status=ProbeStatus.FORBIDDEN,
            detail=f"bwrap starts but does not hold: the self-test could {', '.join(escapes)}",
            hint="report this system's kernel and bwrap version; or run without a sandbox: --sandbox none",
        )
    return Probe(
        status=ProbeStatus.WORKS, detail="bwrap holds: no write, read, connection or process outside", wrap=wrap
    )


def _install_hint() -> str:
    if sys.platform != "linux":
        return "bubblewrap exists for Linux only; run without a sandbox, at your own risk: --sandbox none"
    release = Path("/etc/os-release")
    text = release.read_text(errors="replace") if release.is_file() else ""
    words = " ".join(line.partition("=")[2] for line in text.splitlines() if line.startswith(("ID=", "ID_LIKE=")))
    for name in words.replace('"', " ").lower().split():
        if name in INSTALL:
            return f"{INSTALL[name]}; or run without a sandbox, at your own risk: --sandbox none"
    return "install bubblewrap; or run without a sandbox, at your own risk: --sandbox none"
