"""Work that git remembers: counts and times equal to what plain git commands say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.git_history import read_history
from orchestrator.ledger.aggregates import aggregates, nearest_rank
from orchestrator.ledger.aggregates_cache import standing_of
from orchestrator.ledger.events import Event
from orchestrator.ledger.events_read import read_events
from orchestrator.ledger.events_sync import record
from orchestrator.ledger.git_import import (
    LOG_FORMAT,
    MOVES_FORMAT,
    Commit,
    commits_of,
    import_events,
    merged_branches,
    task_files,
)
from tests.fakes.clock import FakeClock

PLAIN = """
for m in $(git rev-list --first-parent --merges HEAD); do
  first=$(git log --format='%H %ct' $m^1..$m | grep -v ^$m | cut -d' ' -f2 | sort -n | head -1)
  [ -n "$first" ] && echo $(($(git log -1 --format=%ct $m) - first))
done
true
"""
"""Seconds from a branch's first commit to its merge, of every merge on the first-parent line."""


class Repository:
    """A repository whose commits are an hour apart."""

    def __init__(self, root: Path) -> None:
        self.root, self.clock = root, 1_700_000_000
        root.mkdir()
        self.git("init", "-q", "-b", "main")
        self.commit("start")

    def git(self, *argv: str) -> str:
        self.clock += 3600
        who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in self._who.items()}
        done = subprocess.run(
            ["git", "-C", str(self.root), *argv], env=os.environ | who, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    @property
    def _who(self) -> dict[str, str]:
        return {"NAME": "The Committer", "EMAIL": "test@example.invalid", "DATE": f"{self.clock} +0200"}

    def commit(self, message: str) -> None:
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def branch(self, name: str, commits: int, base: str = "main") -> None:
        self.git("checkout", "-q", "-b", name, base)
        for number in range(commits):
            self.commit(f"{name} {number}")
        self.git("checkout", "-q", "main")

    def merge(self, *names: str, message: str | None = None) -> None:
        self.git("merge", "-q", "--no-ff", *(("-m", message) if message else ()), *names)

    def move(self, old: str, new: str) -> None:
        (self.root / new).parent.mkdir(parents=True, exist_ok=True)
        self.git("mv", old, new)
        self.commit(f"move {old}")

    def imported(self) -> list[Event]:
        return imported(self.root)

    def plain(self) -> list[int]:
        return plain(self.root)


def imported(root: Path) -> list[Event]:
    history = read_history(root, "HEAD", commits_format=LOG_FORMAT, moves_format=MOVES_FORMAT)
    return import_events((*merged_branches(commits_of(history.commits), history.head), *task_files(history.moves)))


def plain(root: Path) -> list[int]:
    said = subprocess.run(["sh", "-c", PLAIN], cwd=root, check=True, capture_output=True, text=True).stdout
    return sorted(max(0, int(line)) * 1000 for line in said.split())


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Branches of branches, a merge of main into a branch, an octopus, one that waits long."""
    made = Repository(tmp_path / "repo")
    made.branch("feature/one", 3)
    made.branch("two", 1)
    made.merge("two")
    made.git("checkout", "-q", "feature/one")
    made.git("merge", "-q", "--no-ff", "-m", "Merge branch 'main' into feature/one", "main")
    made.commit("after main")
    made.git("checkout", "-q", "main")
    made.branch("part", 2, base="feature/one")
    made.git("checkout", "-q", "feature/one")
    made.merge("part")
    made.git("checkout", "-q", "main")
    made.commit("straight")
    made.merge("feature/one", message="Merge pull request #7 from someone/feature/one")
    made.branch("three", 1)
    made.branch("four", 2)
    made.merge("three", "four", message="Both")
    made.branch("slow", 1)
    for number in range(9):
        made.commit(f"meanwhile {number}")
    made.merge("slow")
    made.branch("ours", 1)
    made.git("branch", "-m", "ours", "orchestrate/20260101-0000-x/task")
    return made


def test_counts_and_percentiles_are_plain_gits(repository: Repository, tmp_path: Path) -> None:
    record(tmp_path / "runs", repository.imported(), FakeClock())
    times = repository.plain()
    tasks = aggregates(standing_of(tmp_path / "runs"), FakeClock().now())["tasks"]
    assert len(times) == 4
    assert (tasks["total"], tasks["completed"]) == (
        4,
        int(repository.git("rev-list", "--first-parent", "--merges", "--count", "HEAD")),
    )
    assert (tasks["p50CycleTimeMs"], tasks["p90CycleTimeMs"]) == (nearest_rank(times, 50), nearest_rank(times, 90))
    assert tasks["avgCycleTimeMs"] == sum(times) / 4


def test_importing_twice_adds_nothing_and_more_history_only_what_is_new(repository: Repository, tmp_path: Path) -> None:
    state = tmp_path / "runs"
    assert record(state, repository.imported(), FakeClock()) == 8
    content = (state / "events.jsonl").read_bytes()
    assert record(state, repository.imported(), FakeClock()) == 0
    assert (state / "events.jsonl").read_bytes() == content
    repository.branch("later", 1)
    repository.merge("later")
    assert record(state, repository.imported(), FakeClock()) == 2


def test_events_of_git_name_no_one_and_no_agent(repository: Repository) -> None:
    for made in repository.imported():
        assert made["metadata"]["source"] == "git-import"
        assert "agent" not in made
        assert "someone" not in str(made)
        assert "The Committer" not in str(made)
    branches = {made["metadata"].get("branch") for made in repository.imported()}
    assert branches == {"feature/one", "two", "slow", None}


def test_what_a_run_delivered_is_not_imported_again(repository: Repository) -> None:
    before = len(repository.imported())
    repository.merge("orchestrate/20260101-0000-x/task")
    assert len(repository.imported()) == before


def test_moved_task_files(tmp_path: Path) -> None:
    made = Repository(tmp_path / "repo")
    for name in ("todo/one.md", "todo/two.md", "notes.md"):
        (made.root / "tasks" / name).parent.mkdir(parents=True, exist_ok=True)
        (made.root / "tasks" / name).write_text(f"# {name}\n\nWhat to do: {name * 9}\n")
    made.git("add", "-A")
    made.commit("tasks")
    begun = made.clock
    made.move("tasks/todo/one.md", "tasks/doing/one.md")
    made.move("tasks/doing/one.md", "tasks/done/one.md")
    ended = made.clock
    made.move("tasks/notes.md", "tasks/done/notes.md")
    made.move("tasks/todo/two.md", "elsewhere/done/two.md")
    record(tmp_path / "runs", made.imported(), FakeClock())
    found = list(read_events(tmp_path / "runs"))
    assert [(one["eventType"], one["entityId"]) for one in found] == [
        ("task:started", "one"),
        ("task:completed", "one"),
    ]
    tasks = aggregates(standing_of(tmp_path / "runs"), FakeClock().now())["tasks"]
    assert tasks["p50CycleTimeMs"] == (ended - begun) * 1000


@pytest.fixture
def tangled(tmp_path: Path) -> Repository:
    """What public histories hold besides plain merges."""
    made = Repository(tmp_path / "tangled")
    made.branch("x", 2)
    made.branch("y", 1)
    made.git("checkout", "-q", "x")
    made.git("merge", "-q", "--no-ff", "-m", "Merge branch 'y' into x", "y")
    made.git("checkout", "-q", "y")
    made.git("merge", "-q", "--no-ff", "-m", "Merge branch 'x' into y", "x^1")
    made.git("checkout", "-q", "main")
    made.merge("x")  # criss-cross: each has merged the other before
    made.merge("y")
    made.branch("squashed", 3)
    made.git("merge", "-q", "--squash", "squashed")
    made.commit("squashed, one commit: no merge")
    made.branch("forwarded", 2)
    made.git("merge", "-q", "--ff-only", "forwarded")
    made.branch("old", 1)
    made.commit("main goes on")
    made.git("checkout", "-q", "old")
    made.merge("main", message="Merge branch 'main' into old")
    made.git("checkout", "-q", "main")
    made.git("merge", "-q", "--ff-only", "old")  # from here main's first parent is the branch
    made.git("checkout", "-q", "--orphan", "foreign")
    made.commit("another project's beginning")
    made.git("checkout", "-q", "main")
    made.git("merge", "-q", "--no-ff", "--allow-unrelated-histories", "-m", "Take the other project in", "foreign")
    made.branch("hasty", 1)
    made.clock -= 40 * 3600  # a committer whose clock is behind
    made.merge("hasty")
    made.clock += 80 * 3600
    made.branch("inner", 1)
    made.branch("outer", 1)
    made.git("checkout", "-q", "outer")
    made.merge("inner")
    made.git("checkout", "-q", "main")
    made.git("merge", "-q", "--no-ff", "-s", "ours", "-m", "Merge branch 'outer', keeping ours", "outer")
    made.git("merge", "-q", "--no-ff", "-s", "ours", "-m", "Merge both again", "outer", "squashed")
    return made


def test_tangled_histories_are_as_plain_git_tells_them(tangled: Repository, tmp_path: Path) -> None:
    state, times = tmp_path / "runs", tangled.plain()
    said = importing(tangled.root, state)
    count = int(tangled.git("rev-list", "--first-parent", "--merges", "--count", "HEAD"))
    assert said == {"mergedBranches": count, "taskFiles": 0, "eventsAdded": 2 * len(times)}
    assert count == len(times) == 7
    assert times[0] == 0  # the clock that was behind
    tasks = aggregates(standing_of(state), FakeClock().now())["tasks"]
    assert (tasks["total"], tasks["completed"]) == (count, count)
    assert (tasks["p50CycleTimeMs"], tasks["p90CycleTimeMs"]) == (times[3], times[6])  # ranks 4 and 7 of 7
    assert importing(tangled.root, state)["eventsAdded"] == 0


def importing(repository: Path, state: Path) -> dict[str, int]:
    """By the command, as a person types it."""
    argv = ["metrics", "import", "--from-git", str(repository), "--state", str(state), "--json"]
    command = [sys.executable, "-m", "orchestrator", *argv]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True)
    said: dict[str, int] = json.loads(done.stdout)
    return said


@st.composite
def histories(draw: st.DrawFn) -> dict[str, Commit]:
    """Any graph of commits, in any order of times."""
    made: dict[str, Commit] = {}
    for number in range(draw(st.integers(1, 14))):
        known = list(made)
        parents = draw(st.lists(st.sampled_from(known), max_size=3, unique=True)) if known else []
        at = draw(st.integers(1_600_000_000, 1_600_100_000))
        made[f"{number:040x}"] = Commit(id=f"{number:040x}", parents=tuple(parents), at=at, subject="s")
    return made


def reached(commits: dict[str, Commit], tips: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    for tip in tips:
        found |= {tip} | reached(commits, commits[tip].parents)
    return found


@settings(max_examples=40, deadline=None)
@given(histories())
def test_a_branch_is_what_its_merge_reaches_and_importing_twice_is_importing_once(commits: dict[str, Commit]) -> None:
    head = max(commits)
    done = merged_branches(commits, head)
    for one in done:
        first, *others = commits[one.commit].parents
        own = reached(commits, tuple(others)) - reached(commits, (first,))
        assert one.first == min((commits[name].at for name in own), default=None)
    made = import_events(done)
    with tempfile.TemporaryDirectory() as name:
        state = Path(name)
        assert record(state, made, FakeClock()) == len(made)
        log, once = (state / "events.jsonl").read_bytes() if made else b"", standing_of(state)
        assert record(state, made, FakeClock()) == 0
        assert not made or (state / "events.jsonl").read_bytes() == log
        assert aggregates(standing_of(state, afresh=True), FakeClock().now()) == aggregates(once, FakeClock().now())


CLONES = [Path(one) for one in os.environ.get("ORCHESTRATE_CLONES", "").split(":") if one]
"""``ORCHESTRATE_CLONES=a:b:c``: whole public repositories, held against plain git as well; by hand, not every day.
``scripts/score-git-import`` does so at pinned commits of three of them."""


def test_the_repositories_at_hand_as_plain_git_tells_them(tmp_path: Path) -> None:
    own = Repository(tmp_path / "own")
    for name, commits in (("one", 1), ("two", 3), ("three", 2)):
        own.branch(name, commits)
        own.merge(name)
    for number, clone in enumerate([own.root, *CLONES]):
        state = tmp_path / str(number)
        made = imported(clone)
        record(state, made, FakeClock())
        times = plain(clone)
        tasks = aggregates(standing_of(state), FakeClock().now())["tasks"]
        assert tasks["completed"] == sum(one["eventType"] == "task:completed" for one in made) >= len(times) > 0
        assert (tasks["p50CycleTimeMs"], tasks["p90CycleTimeMs"]) == (nearest_rank(times, 50), nearest_rank(times, 90))
