"""Events of work that git remembers (M4): merged branches and moved task files. Pure: text of git in, events out.

A branch is merged where a commit of the checked-out branch's first-parent line has more than one parent. It holds what
the merge reaches and its first parent does not; its work runs from the earliest committer time among those commits to
the merge's own. A task file is done where a commit moves it from one folder of tasks to another, by their names
(``todo/x.md`` to ``done/x.md``); its work runs from the file's first commit to that one. No names of people are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from orchestrator.ledger.events import Event, derived_id, event

SOURCE = "git-import"
LOG_FORMAT = "%H%x1f%P%x1f%ct%x1f%s"
"""``git log --format=`` of what :func:`commits_of` reads: commit, parents, committer time, subject."""
MOVES_FORMAT = "%x1e%H%x1f%ct"
"""``git log --format=`` of what :func:`task_files` reads, with ``--name-status -M -z``."""
_OPEN = frozenset(
    {"todo", "backlog", "open", "ready", "pending", "doing", "active", "wip", "in-progress", "in_progress"}
)
_DONE = frozenset({"done", "completed", "complete", "closed", "finished", "archive", "archived"})
_BRANCH = re.compile(r"^Merge (?:remote-tracking )?branch '([^']+)'|^Merge pull request #\d+ from [^/\s]+/(\S+)")
_OURS = re.compile(r"^orchestrate/[^/]+/[^/]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit of the history."""

    id: str
    parents: tuple[str, ...]
    at: int
    """Committer time, seconds."""
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A piece of work that git shows as done."""

    name: str
    """Of the task: ``git-<commit>`` of a merge, the file's name without its ending of a task file."""
    commit: str
    first: int | None
    """Committer time of its first commit, seconds; ``None``: the merge brought no commit of its own."""
    last: int
    kind: str
    detail: str = ""
    """The branch, without its owner; the file's path."""


def commits_of(log: str) -> dict[str, Commit]:
    """The history, by commit."""
    found: dict[str, Commit] = {}
    for line in log.splitlines():
        parts = line.split("\x1f", 3)
        if len(parts) == 4:  # noqa: PLR2004 - the fields of LOG_FORMAT
            name, parents, at, subject = parts
            found[name] = Commit(id=name, parents=tuple(parents.split()), at=int(at), subject=subject)
    return found


def merged_branches(commits: Mapping[str, Commit], head: str) -> list[Done]:
    """Every merge on the first-parent line of ``head``, oldest first; branches that a run delivered left out."""
    line = list(_first_parents(commits, head))
    reached: set[str] = set()
    found: list[Done] = []
    for commit in reversed(line):
        reached.add(commit.id)
        own = _take(commits, commit.parents[1:], reached)
        if len(commit.parents) < 2 or _is_ours(commit.subject):  # noqa: PLR2004 - a merge
            continue
        times = [commits[one].at for one in own]
        found.append(
            Done(
                name=f"git-{commit.id[:12]}",
                commit=commit.id,
                first=min(times, default=None),
                last=commit.at,
                kind="merge",
                detail=_branch(commit.subject),
            )
        )
    return found


def _first_parents(commits: Mapping[str, Commit], head: str) -> Iterator[Commit]:
    at: str | None = head
    while at is not None and at in commits:
        yield commits[at]
        at = next(iter(commits[at].parents), None)


def _take(commits: Mapping[str, Commit], tips: Iterable[str], reached: set[str]) -> list[str]:
    """What the tips reach and nothing before did; reached from then on."""
    waiting, own = list(tips), []
    while waiting:
        name = waiting.pop()
        if name in reached or name not in commits:
            continue
        reached.add(name)
        own.append(name)
        waiting += commits[name].parents
    return own


def _branch(subject: str) -> str:
    found = _BRANCH.match(subject)
    return (found[1] or found[2] or "") if found else ""


def _is_ours(subject: str) -> bool:
    return _OURS.match(_branch(subject)) is not None


def task_files(log: str) -> list[Done]:
    """Task files moved to a folder of done ones; ``log``: oldest first (``--reverse``)."""
    born: dict[str, int] = {}
    found: list[Done] = []
    for block in log.split("\x1e")[1:]:
        head, _, changes = block.partition("\0")
        commit, _, stated = head.strip().partition("\x1f")
        at = int(stated.split("\n")[0])
        for status, paths in _changes(changes):
            if status == "A":
                born[paths[0]] = at
            elif status == "R":
                old, new = paths
                begun = born[new] = min(born.get(old, at), at)
                if _is_done(old, new):
                    name = PurePosixPath(new).stem
                    found.append(Done(name=name, commit=commit, first=begun, last=at, kind="task-file", detail=new))
    return found


def _changes(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """``--name-status -z``: a status, then one path, of a rename two."""
    fields = iter(text.split("\0"))
    for field in fields:
        status = field.strip()[:1]
        if not status:
            continue
        count = 2 if status in {"R", "C"} else 1
        paths = tuple(path for _, path in zip(range(count), fields, strict=False))
        if len(paths) == count:
            yield status, paths


def _is_done(old: str, new: str) -> bool:
    before, after = PurePosixPath(old), PurePosixPath(new)
    return (
        before.name == after.name
        and before.parent.name.casefold() in _OPEN
        and after.parent.name.casefold() in _DONE
        and before.parent.parent == after.parent.parent
    )


def import_events(done: Iterable[Done]) -> list[Event]:
    """Two events each: started and completed. Their ids follow from the commit, so that a second import adds none."""
    made: list[Event] = []
    for one in done:
        about = {"source": SOURCE, "commit": one.commit, "kind": one.kind}
        about |= {"branch" if one.kind == "merge" else "file": one.detail} if one.detail else {}
        times = (("task:started", one.first), ("task:completed", one.last))
        for kind, at in times:
            if at is None:
                continue
            made.append(
                event(
                    kind,
                    id=derived_id(SOURCE, kind, one.commit, one.kind, one.name),
                    at=datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
                    entity=("task", one.name),
                    metadata=about,
                )
            )
    return made
