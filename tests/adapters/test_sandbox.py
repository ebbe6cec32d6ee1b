"""How a sandbox is described, what it shows of tools, and what is said where it cannot be had."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

import pytest

from orchestrator.adapters.sandbox import Access, Bubblewrap, Launch, Limits, Mount, sandbox_argv
from orchestrator.adapters.sandbox_probe import Probe, ProbeStatus, SandboxKind, attack, choose, probe_sandbox
from orchestrator.adapters.sandbox_tools import programs_in, search_path, tool_roots
from orchestrator.domain.errors import ExitCode, RefusedError
from tests.system import needs

LIMITS = Limits(memory=1 << 30, processes=100, file_size=1 << 20)
READ, WRITE = Access.READ, Access.WRITE


def launch(*mounts: Mount, network: bool = False) -> Launch:
    return Launch(argv=("sh", "-c", "true"), cwd=Path("/w"), mounts=mounts, limits=LIMITS, network=network)


def test_the_sandbox_is_hardened_in_every_launch() -> None:
    argv = sandbox_argv(launch(), Bubblewrap())
    line = " ".join(argv)
    for option in ("--unshare-all", "--unshare-user", "--cap-drop ALL", "--new-session", "--die-with-parent"):
        assert option in line
    assert "--disable-userns" in argv
    assert "--uid 1000" in line
    assert "--share-net" not in argv
    assert "--proc /proc --remount-ro /proc" in line
    assert argv[argv.index("--chdir") - 2 : argv.index("--chdir")] == ("--remount-ro", "/")
    assert argv[-3:] == ("sh", "-c", "true")
    assert "--core=0" in argv
    assert not [word for word in argv if word in {"--setenv", "--clearenv", "--dev-bind", "--bind-try"}]


def test_network_and_old_versions_change_one_word_each() -> None:
    assert "--share-net" in sandbox_argv(launch(network=True), Bubblewrap())
    assert "--disable-userns" not in sandbox_argv(launch(), Bubblewrap(disable_userns=False))
    assert sandbox_argv(launch(), Bubblewrap(limiter=None))[-4:] == ("--", "sh", "-c", "true")


def test_deeper_mounts_come_later_whatever_their_order() -> None:
    tree, modules = Path("/w/tree"), Path("/w/tree/a/node_modules")
    argv = sandbox_argv(
        launch(
            Mount(target=modules / ".vite", access=Access.EMPTY, size=7),
            Mount(target=modules, access=READ),
            Mount(target=tree, access=WRITE),
            Mount(target=Path("/w"), source=Path("/elsewhere"), access=READ),
        ),
        Bubblewrap(),
    )
    line = " ".join(argv)
    order = [
        "--ro-bind /elsewhere /w",
        f"--bind {tree} {tree}",
        f"--ro-bind {modules} {modules}",
        f"--size 7 --perms 0700 --tmpfs {modules}/.vite",
    ]
    places = [line.index(part) for part in order]
    assert places == sorted(places)
    assert line.index("--tmpfs /tmp") < places[1]


@pytest.mark.parametrize(
    ("line", "programs"),
    [
        ("ruff check .", ("ruff",)),
        ("ruff check . && mypy src | tee out; ! grep -rn 'a;b' src", ("ruff", "mypy", "tee", "grep")),
        ("FOO=1 env BAR=2 python -m pytest -q", ("python",)),
        ("npm test\npytest", ("npm", "pytest")),
        ("(cd x; make)", ("cd", "make")),
        ("unbalanced 'quote", ("unbalanced",)),
        ("", ()),
    ],
)
def test_programs_of_a_line(line: str, programs: tuple[str, ...]) -> None:
    assert programs_in(line) == programs


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with tools of every kind, and secrets beside them."""
    home = tmp_path / "home" / "user"
    base = home / ".pyenv/versions/3.12.4"
    executable(base / "bin/python3.12")
    (base / "bin/python3").symlink_to("python3.12")
    executable(home / ".pyenv/shims/python3", "#!/bin/sh\n")
    (home / ".pyenv/version").write_text("3.12\n")
    venv = home / "project/.venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "pyvenv.cfg").write_text(f"home = {base / 'bin'}\nversion = 3.12.4\n")
    (venv / "bin/python").symlink_to(base / "bin/python3.12")
    executable(venv / "bin/pytest", f"#!{venv / 'bin/python'}\n")
    node = home / ".nvm/versions/node/v20.1.0"
    executable(node / "bin/node")
    executable(node / "lib/node_modules/npm/bin/npm-cli.js", "#!/usr/bin/env node\n")
    (node / "bin/npm").symlink_to("../lib/node_modules/npm/bin/npm-cli.js")
    executable(home / ".local/bin/tool", f"#!{venv / 'bin/python'}\n")
    executable(home / ".cargo/bin/cargo")
    (home / ".cargo/credentials.toml").write_text("token")
    (home / ".rustup/toolchains").mkdir(parents=True)
    executable(home / "project/scripts/lint", "#!/bin/sh\n")
    executable(home / "project/bin/check", "#!/bin/sh\n")
    return home


def executable(path: Path, text: str = "\x7fELF") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("folder", "program", "roots"),
    [
        ("project/.venv/bin", "pytest", {"project/.venv", ".pyenv/versions/3.12.4"}),
        ("project/.venv/bin", "python", {"project/.venv", ".pyenv/versions/3.12.4"}),
        (".nvm/versions/node/v20.1.0/bin", "node", {".nvm/versions/node/v20.1.0"}),
        (".nvm/versions/node/v20.1.0/bin", "npm", {".nvm/versions/node/v20.1.0"}),
        (".local/bin", "tool", {".local/bin/tool", "project/.venv", ".pyenv/versions/3.12.4"}),
        (".cargo/bin", "cargo", {".cargo/bin", ".rustup/toolchains"}),
        ("project/bin", "check", {"project/bin/check"}),
        ("project/scripts", "lint", {"project/scripts"}),
        ("project/scripts", "missing", set()),
    ],
)
def test_a_tool_brings_what_it_needs_and_no_more(home: Path, folder: str, program: str, roots: set[str]) -> None:
    found = tool_roots([program], str(home / folder), home=home, hidden=(home / "project",))
    assert set(found) == {home / root for root in roots}


def test_tools_of_the_system_bring_nothing(home: Path) -> None:
    assert tool_roots(["sh", "cat"], "/usr/bin:/bin", home=home) == ()


def test_shims_stand_for_the_chosen_version(home: Path, tmp_path: Path) -> None:
    path = f"{home}/.pyenv/shims:relative:{home}:{tmp_path}/missing:/usr/bin"
    chosen = home / ".pyenv/versions/3.12.4/bin"
    assert search_path(path, home=home, tree=tmp_path, variables={}) == (chosen, Path("/usr/bin"))
    (tmp_path / ".python-version").write_text("3.99\n")
    assert search_path(path, home=home, tree=tmp_path, variables={}) == (Path("/usr/bin"),)
    chosen_by_variable = search_path(path, home=home, tree=tmp_path, variables={"PYENV_VERSION": "3.12.4"})
    assert chosen_by_variable == (chosen, Path("/usr/bin"))


@needs("bwrap")
def test_the_self_test_finds_that_the_sandbox_holds() -> None:
    found = probe_sandbox()
    assert found.status is ProbeStatus.WORKS, found
    assert found.wrap is not None


@needs("bwrap")
def test_the_self_test_sees_every_hole() -> None:
    wrap = probe_sandbox().wrap
    assert wrap is not None
    temporary = Path(os.environ.get("TMPDIR", "/tmp")).resolve()
    holes = (Mount(target=temporary, access=WRITE), Mount(target=Path("/proc"), access=READ))
    open_wide = attack(wrap, extra=holes, network=True)
    assert open_wide.status is ProbeStatus.FORBIDDEN
    for escape in ("connect", "read a key", "see host processes", "write outside"):
        assert escape in open_wide.detail


def test_a_bubblewrap_that_may_not_says_why(tmp_path: Path) -> None:
    fake = tmp_path / "bwrap"
    executable(fake, "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2; exit 1\n")
    found = attack(Bubblewrap(program=str(fake)))
    assert found.status is ProbeStatus.FORBIDDEN
    assert "No permissions to create new namespace" in found.detail
    assert "--sandbox none" in found.hint


def test_a_missing_bubblewrap_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = probe_sandbox.__wrapped__()
    assert found.status is ProbeStatus.MISSING
    assert "bubblewrap" in found.hint
    assert "--sandbox none" in found.hint


WORKS = Probe(status=ProbeStatus.WORKS, detail="holds", wrap=Bubblewrap())
MISSING = Probe(status=ProbeStatus.MISSING, detail="bubblewrap is not installed", hint="sudo apt install bubblewrap")
FORBIDDEN = Probe(status=ProbeStatus.FORBIDDEN, detail="no namespaces", hint="allow them")


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("mode", ["auto", "bwrap"])
def test_a_sandbox_that_works_is_used(mode: Literal["auto", "bwrap"], recorded: bool) -> None:
    choice = choose(mode, recorded=recorded, probe=lambda: WORKS)
    assert (choice.kind, choice.label, choice.note) == (SandboxKind.BWRAP, "bwrap", "")


@pytest.mark.parametrize("found", [MISSING, FORBIDDEN])
def test_without_one_recorded_answers_go_on_and_say_so(found: Probe) -> None:
    choice = choose("auto", recorded=True, probe=lambda: found)
    assert (choice.kind, choice.label) == (SandboxKind.NONE, "off (recorded answers)")
    assert found.detail in choice.note
    assert found.hint in choice.note


@pytest.mark.parametrize("found", [MISSING, FORBIDDEN])
@pytest.mark.parametrize(("mode", "recorded"), [("auto", False), ("bwrap", False), ("bwrap", True)])
def test_without_one_everything_else_refuses(mode: str, recorded: bool, found: Probe) -> None:
    with pytest.raises(RefusedError) as refused:
        choose(mode, recorded=recorded, probe=lambda: found)  # type: ignore[arg-type]
    assert refused.value.exit_code is ExitCode.REFUSED
    assert refused.value.hint == found.hint
    assert refused.value.slug == f"sandbox-{found.status}"


def test_what_is_opened_is_told() -> None:
    held = choose("auto", recorded=False, probe=lambda: Probe(status=ProbeStatus.WORKS, detail="", wrap=Bubblewrap()))
    assert held.told(()) == "bwrap"
    assert held.told(("network", "home")) == "bwrap, open to: network, home"
    assert choose("none", recorded=False).told(("network",)) == "none"


def test_none_is_loud_and_asks_nobody() -> None:
    def never() -> Probe:
        raise AssertionError

    choice = choose("none", recorded=False, probe=never)
    assert (choice.kind, choice.label) == (SandboxKind.NONE, "none")
    assert "without a sandbox" in choice.note


def test_the_interpreter_of_this_program_can_be_shown() -> None:
    roots = tool_roots([sys.executable], os.environ["PATH"], home=Path.home())
    base = Path(sys.executable).resolve()
    assert base.is_relative_to("/usr") or any(base.is_relative_to(root) for root in roots)
