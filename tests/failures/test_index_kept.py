"""The index on disk as a run uses it: kept by a lane between nights, out of reach of what a gate runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest

from orchestrator.adapters import processes
from orchestrator.adapters.repository import UserRepository
from orchestrator.adapters.sandbox_probe import choose
from orchestrator.adapters.shell import LaneShell, Surroundings
from orchestrator.domain.edit import FileChange
from orchestrator.failures.index import SymbolIndex
from orchestrator.failures.index.store import RACY_NS
from orchestrator.failures.view import RepositoryView
from orchestrator.pipeline.tree_view import view_of_tree
from orchestrator.ports import Command, EnvironmentInfo, Lane, Profile
from orchestrator.settings.load import load_settings
from tests.hostile.cheat_site import git
from tests.system import needs

FILES = {f"shop/part{number}.py": f"class Part{number}:\n    pass\n" for number in range(30)}
Mode = Literal["bwrap", "none"]
Night = Callable[[Mode], tuple[Lane, str]]
NOTHING = EnvironmentInfo(digest="", lock_hash="")


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    """Opens the lane as a night does; each call is another night over the same cache."""
    root = tmp_path / "repo"
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git(tmp_path, "init", "-q", "-b", "main", str(root))
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Start")
    limits = load_settings(environment={}).settings.gate

    def opened(mode: Mode) -> tuple[Lane, str]:
        around = Surroundings(variables={"PATH": "/usr/bin:/bin"}, home=tmp_path / "home", checkout=root)
        sandbox = choose(mode, recorded=False)
        repository = UserRepository(
            root,
            cache=tmp_path / "cache",
            keep=(),
            shell=lambda paths: LaneShell(paths, sandbox=sandbox, limits=limits, surroundings=around),
            provide=lambda *_: NOTHING,
        )
        lane = repository.lane(0)
        commit = repository.pin(None)
        lane.refresh([commit])
        lane.checkout(commit)
        lane.close()
        return lane, lane.tree_of(commit)

    yield opened
    processes.stop_all()


def settled(lane: Lane) -> None:
    """Until nothing in the tree was written a moment ago: such files are not believed to be known."""
    newest = max((lane.root / path).stat().st_ctime_ns for path in FILES)
    while time.time_ns() <= newest + RACY_NS:
        pass


def asked(lane: Lane, tree: str, name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], set[str]]:
    """Files that define the name, and the files that were read to say so."""
    read: set[str] = set()
    view = view_of_tree(lane, tree, NOTHING, base=None)
    plain = RepositoryView.read

    def counted(self: RepositoryView, path: str) -> bytes | None:
        read.add(path)
        return plain(self, path)

    with monkeypatch.context() as patch:
        patch.setattr(RepositoryView, "read", counted)
        found = [definition.file for definition in SymbolIndex(view).definitions(name, "python")]
    return found, read


def test_a_second_night_reads_no_source_but_what_changed(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    lane, tree = night("none")
    settled(lane)
    first, read = asked(lane, tree, "Part7", monkeypatch)
    assert first == ["shop/part7.py"]
    assert read >= set(FILES), "the positive control: without an index every source is read"
    lane, tree = night("none")
    again, read = asked(lane, tree, "Part7", monkeypatch)
    assert (again, read) == (first, set())
    tree = lane.stage([FileChange(path="shop/part3.py", content=b"class Part7:\n    pass\n")])
    changed, read = asked(lane, tree, "Part7", monkeypatch)
    assert changed == ["shop/part3.py", "shop/part7.py"]
    assert read == {"shop/part3.py"}


@needs("bwrap")
@pytest.mark.parametrize(("mode", "reaches"), [("bwrap", False), ("none", True)])
def test_what_a_gate_runs_cannot_reach_it(night: Night, mode: Mode, reaches: bool) -> None:
    lane, _ = night(mode)
    lane.symbols.mkdir(exist_ok=True)
    kept = lane.symbols / "python.idx"
    kept.write_text("as it was\n")
    line = f"cat {kept}; mkdir -p {kept.parent}; echo forged > {kept}"
    ran = lane.shell.run(Command(line=line, profile=Profile.GATE, timeout_s=60))
    assert ("as it was" in ran.stdout) is reaches
    assert (kept.read_text() == "forged\n") is reaches, "without a sandbox it does: the positive control"
