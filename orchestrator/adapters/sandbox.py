"""The sandbox's command line: from a frozen description of a launch to the argv of bubblewrap. Pure.

What is not named in the :class:`Launch` does not exist inside: the root is an empty file system, read-only, on which
the named folders are mounted one by one (decision 25). Own user, process, network, IPC, UTS and cgroup namespaces, no
capabilities, no new user namespaces, an own session; everything ends with the process that started it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

SANDBOX_UID = 1000
"""Inside, the user is never root, whoever runs the tool: tests that refuse to run as root do run."""
HOME = Path("/home/lane")
TMP = Path("/tmp")  # noqa: S108 - the sandbox's own, empty at each start
MIB = 1 << 20
TASKS_EACH = 4
"""Threads allowed for each process of the limit: RLIMIT_NPROC counts threads too."""


class Access(IntEnum):
    """How a folder is shown inside."""

    READ = 0
    WRITE = 1
    EMPTY = 2
    """An empty folder in memory in its place, writable, gone afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One thing shown inside. Deeper targets are mounted after shallower ones, later ones over earlier ones."""

    target: Path
    access: Access
    source: Path | None = None
    """``None``: the same path as the target."""
    size: int = 64 * MIB
    """Bytes; :attr:`Access.EMPTY` only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one command may take. Memory is watched from outside: RLIMIT_AS breaks Node and the sanitizers."""

    memory: int
    """Bytes of resident memory, the whole tree together."""
    processes: int
    file_size: int
    """Bytes, the largest single file; 0: any."""
    tmp_size: int = 1024 * MIB
    """Bytes each of ``/tmp``, the home folder and ``/dev/shm``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """All that decides what a sandboxed command is and sees."""

    argv: tuple[str, ...]
    cwd: Path
    mounts: tuple[Mount, ...]
    limits: Limits
    environment: Mapping[str, str] = field(default_factory=dict)
    symlinks: tuple[tuple[str, Path], ...] = ()
    """(what it points to, where it stands): ``/bin -> usr/bin`` where the system has merged them."""
    network: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubblewrap:
    """The bubblewrap of this machine, as the probe found it."""

    program: str = "bwrap"
    disable_userns: bool = True
    """Whether ``--disable-userns`` works here (0.8.0 and newer)."""
    limiter: str | None = "/usr/bin/prlimit"
    """util-linux's ``prlimit`` inside the sandbox; ``None``: file size and processes are only watched from outside."""


def sandbox_argv(launch: Launch, wrap: Bubblewrap) -> tuple[str, ...]:
    """The whole command line, to be started with ``launch.environment`` as its own.

    Clearing the variables inside would leave them readable in the sandbox's first process.
    """
    return (
        wrap.program,
        *_isolation(launch, wrap),
        *_mounts(launch),
        "--chdir",
        str(launch.cwd),
        "--",
        *_limited(launch, wrap),
    )


def _isolation(launch: Launch, wrap: Bubblewrap) -> list[str]:
    options = ["--unshare-all", "--unshare-user", "--uid", str(SANDBOX_UID), "--gid", str(SANDBOX_UID)]
    if launch.network:
        options.append("--share-net")
    if wrap.disable_userns:
        options.append("--disable-userns")
    return [*options, "--cap-drop", "ALL", "--hostname", "lane", "--new-session", "--die-with-parent"]


def _mounts(launch: Launch) -> list[str]:
    size = launch.limits.tmp_size
    own = (
        Mount(target=TMP, access=Access.EMPTY, size=size),
        Mount(target=HOME, access=Access.EMPTY, size=size),
        Mount(target=Path("/run"), access=Access.EMPTY, size=16 * MIB),
    )
    options = ["--dev", "/dev", "--size", str(size), "--perms", "1777", "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]  # noqa: S108
    # Read-only: started by root, the command is root's own user id to the kernel (though without its powers), and
    # /proc/sys/kernel/core_pattern belongs to that id. Nothing but a read-only mount keeps it out.
    options += ["--proc", "/proc", "--remount-ro", "/proc"]
    for points_to, where in launch.symlinks:
        options += ["--symlink", points_to, str(where)]
    for mount in sorted((*own, *launch.mounts), key=lambda mount: len(mount.target.parts)):
        options += _mount(mount)
    return [*options, "--remount-ro", "/"]


def _mount(mount: Mount) -> list[str]:
    target = str(mount.target)
    if mount.access is Access.EMPTY:
        perms = "1777" if mount.target == TMP else "0700"
        return ["--size", str(mount.size), "--perms", perms, "--tmpfs", target]
    return ["--bind" if mount.access is Access.WRITE else "--ro-bind", str(mount.source or mount.target), target]


def _limited(launch: Launch, wrap: Bubblewrap) -> tuple[str, ...]:
    """Limits are set inside: the kernel counts processes by user namespace, so only the sandbox's own count."""
    if wrap.limiter is None:
        return launch.argv
    limits = launch.limits
    tasks, size = limits.processes * TASKS_EACH, limits.file_size
    return (
        wrap.limiter,
        "--core=0",
        *((f"--fsize={size}:{size}",) if size else ()),
        f"--nproc={tasks}:{tasks}",
        "--",
        *launch.argv,
    )
