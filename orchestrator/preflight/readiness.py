"""Is a tasks file ready for a night nobody watches? Each task looked at, each finding with its place and its mend."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from orchestrator import redaction
from orchestrator.domain.task import Batch, Importance, Task
from orchestrator.policy.budget import exact
from orchestrator.policy.outlook import Outlook, PlannedTask, split
from orchestrator.preflight.advice import Advice, TaskPlace, task_places
from orchestrator.preflight.wording import vague_acceptance, vague_description, vague_title
from orchestrator.settings import Settings
from orchestrator.strict_yaml import LoadedYaml

_HOUR_S = 3600
_ENOUGH_TEXT = 200
"""Characters of description beside which a bare title is no trouble: it is said there."""
_MANY_FROM = 4
"""Tasks in a file from which on it matters that most of them claim to be important."""
_MAKING = ("add", "create", "new", "write", "introduce", "move", "rename", "split", "extract")


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeLook:
    """What is known of the files the tasks will find."""

    exists: Callable[[str], bool]
    """Whether a path (a file or a folder) is there."""
    names: Collection[str] = ()
    """Tracked paths, where they are known, for the nearest name."""


def readiness(
    text: LoadedYaml, batch: Batch, found: Outlook, settings: Settings, tree: TreeLook | None
) -> list[Advice]:
    """All advice about those tasks, in the file's order. ``tree`` ``None``: nothing is known of the files."""
    places = task_places(text)
    planned = {one.task.id: one for one in found.tasks}
    advice: list[Advice] = []
    for task in batch.tasks:
        place = places.get(task.id)
        if place is None:
            continue
        advice += _acceptance(task, place)
        advice += _wording(task, place)
        advice += _size(planned[task.id], place, settings)
        advice += _files(task, place, tree) if tree else ()
        advice += _secrets(task, place)
        advice += _importance(task, place)
    advice += _shared_files(batch, places)
    advice += _everything_important(batch, places)
    return sorted(advice, key=lambda each: (each.line, each.column, each.slug))


def _acceptance(task: Task, place: TaskPlace) -> Iterator[Advice]:
    if not task.acceptance and "acceptance" not in task.description.lower():
        yield place.advice(
            "nothing says how one sees that it is done",
            'add acceptance: ["tests/test_x.py passes"], or the command and what it prints',
            slug="task-no-acceptance",
        )


def _wording(task: Task, place: TaskPlace) -> Iterator[Advice]:
    mend = "say which behaviour of which part, today and afterwards"
    why = vague_title(task.title)
    if why and (len(task.description) < _ENOUGH_TEXT or "placeholder" in why):
        yield place.advice(f"the title is vague: {why}", mend, "title", slug="task-vague")
    if why := vague_description(task.description):
        yield place.advice(f"the description is none: {why}", mend, "description", slug="task-vague")
    for number, sentence in enumerate(task.acceptance):
        if why := vague_acceptance(sentence):
            what = f"an acceptance line is vague: {why}"
            yield place.advice(what, "name a test, a number, or a command", "acceptance", number, slug="task-vague")


def _size(planned: PlannedTask, place: TaskPlace, settings: Settings) -> Iterator[Advice]:
    """B12."""
    hours = exact(planned.expected.likely.seconds) / _HOUR_S
    flagged = exact(settings.budgets.estimate.flag_hours)
    if hours > flagged:
        parts = -(-planned.expected.likely.seconds // int(flagged * _HOUR_S))
        what = f"expected to take {hours:.1f} hours, more than {flagged:f}"
        yield place.advice(what, split(planned.task, max(2, parts)), "title", slug="task-too-large")


def _files(task: Task, place: TaskPlace, tree: TreeLook) -> Iterator[Advice]:
    """Files that are not there, unless the task is about making them."""
    words = {word.strip(".,:;()`\"'").lower() for word in f"{task.title} {task.description}".split()}
    if words.intersection(_MAKING):
        return
    for number, path in enumerate(task.files):
        if tree.exists(path):
            continue
        near = difflib.get_close_matches(path, tree.names, n=1) or _by_name(path, tree.names)
        mend = f"did you mean {near[0]}?" if near else "name a file of the base, or say in the title that it is new"
        yield place.advice(f"there is no {path} on the base", mend, "files", number, slug="task-file-missing")


def _by_name(path: str, names: Collection[str]) -> list[str]:
    """The one file of that name in another folder."""
    name = path.rsplit("/", 1)[-1]
    found = [other for other in names if other.rsplit("/", 1)[-1] == name]
    return found if len(found) == 1 else []


def _secrets(task: Task, place: TaskPlace) -> Iterator[Advice]:
    mend = "take it out, and let it be exchanged: who may read this file has read it"
    texts: list[tuple[str, tuple[str | int, ...]]] = [(task.title, ("title",)), (task.description, ("description",))]
    texts += [(sentence, ("acceptance", number)) for number, sentence in enumerate(task.acceptance)]
    for text, key in texts:
        if redaction.hidden(text) != text:
            yield place.advice("its text holds what looks like a secret", mend, *key, slug="task-secret")


def _importance(task: Task, place: TaskPlace) -> Iterator[Advice]:
    if task.importance is Importance.CRITICAL and not task.importance_reason:
        what = "critical, and nothing says why: it gets twice the budget"
        yield place.advice(what, "add importance_reason, or lower it", "importance", slug="task-unexplained")


def _everything_important(batch: Batch, places: Mapping[str, TaskPlace]) -> Iterator[Advice]:
    """Where most tasks are important, none is."""
    high = [task for task in batch.tasks if task.importance in {Importance.HIGH, Importance.CRITICAL}]
    if len(batch.tasks) < _MANY_FROM or len(high) * 2 <= len(batch.tasks):
        return
    for task in high:
        if not task.importance_reason and task.importance is Importance.HIGH and task.id in places:
            what = f"{len(high)} of {len(batch.tasks)} tasks are high or critical, this one without a reason"
            yield places[task.id].advice(
                what, "add importance_reason, or lower it", "importance", slug="task-unexplained"
            )


def _shared_files(batch: Batch, places: Mapping[str, TaskPlace]) -> Iterator[Advice]:
    """Tasks about the same files, none of which builds on the other: their branches will likely conflict."""
    before = _predecessors(batch)
    for number, task in enumerate(batch.tasks):
        for other in batch.tasks[:number]:
            shared = [path for path in task.files if path in other.files]
            tied = other.id in before[task.id] or task.id in before[other.id]
            if shared and not tied and task.id in places:
                key = ("files", task.files.index(shared[0]))
                what = f"it touches {', '.join(shared)} as {other.id} does, and neither builds on the other"
                mend = f"add depends_on: [{other.id}] where the two would conflict"
                yield places[task.id].advice(what, mend, *key, slug="task-same-files")
                break


def _predecessors(batch: Batch) -> dict[str, set[str]]:
    """Task -> all it builds on, at any remove."""
    direct = {task.id: set(task.depends_on) for task in batch.tasks}
    found: dict[str, set[str]] = {}
    for task in batch.tasks:
        seen: set[str] = set()
        waiting = list(direct[task.id])
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                waiting += direct.get(one, ())
        found[task.id] = seen
    return found
