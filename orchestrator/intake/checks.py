"""What a tasks file must hold beyond the shape of its entries: ids, dependencies, importance, the repository."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.intake.dependencies import cycles
from orchestrator.settings import Budgets
from orchestrator.settings.faults import nearest
from orchestrator.strict_yaml import Fault, LoadedYaml, Loc, shown

_HUNDRED = 100


def task_faults(text: LoadedYaml, budgets: Budgets | None) -> list[Fault]:
    """Faults between tasks. Works on the raw file, so that it speaks even where entries have faults of their own."""
    tasks = _mappings(text.data, "tasks")
    places = {_id(task): index for index, task in reversed(tasks) if _id(task)}
    return [
        *_duplicates(text, "tasks", tasks),
        *_duplicates(text, "invariants", _mappings(text.data, "invariants")),
        *_unknown(text, tasks, places),
        *_cyclic(text, tasks, places),
        *(_importance(text, tasks, budgets) if budgets else ()),
    ]


def _mappings(data: Any, key: str) -> list[tuple[int, Mapping[str, Any]]]:
    """The entries of that list that are mappings, each with its index."""
    entries = data.get(key) if isinstance(data, Mapping) else None
    return (
        [(index, entry) for index, entry in enumerate(entries or ()) if isinstance(entry, Mapping)]
        if isinstance(entries, list)
        else []
    )


def _id(task: Mapping[str, Any]) -> str:
    value = task.get("id")
    return value if isinstance(value, str) else ""


def _dependencies(task: Mapping[str, Any]) -> list[tuple[int, str]]:
    value = task.get("depends_on")
    return [(n, one) for n, one in enumerate(value) if isinstance(one, str)] if isinstance(value, list) else []


def _duplicates(text: LoadedYaml, key: str, entries: Sequence[tuple[int, Mapping[str, Any]]]) -> list[Fault]:
    """Ids told twice; on file systems that fold case they would share a folder, so case does not tell them apart."""
    seen: dict[str, int] = {}
    faults = []
    for index, entry in entries:
        folded = _id(entry).casefold()
        if folded and folded in seen:
            line, _ = text.position((key, seen[folded], "id"))
            what = f"the id {shown(_id(entry))} is taken by the entry on line {line}"
            faults.append(text.fault((key, index, "id"), what, "rename one of them"))
        elif folded:
            seen[folded] = index
    return faults


def _unknown(
    text: LoadedYaml, tasks: Sequence[tuple[int, Mapping[str, Any]]], places: Mapping[str, int]
) -> list[Fault]:
    """Dependencies that are no task, or named twice."""
    faults = []
    for index, task in tasks:
        named: set[str] = set()
        for n, dependency in _dependencies(task):
            loc: Loc = ("tasks", index, "depends_on", n)
            if dependency not in places:
                what = f"{shown(dependency)} is no task of this file"
                faults.append(text.fault(loc, what, nearest(dependency, places)))
            elif dependency in named:
                faults.append(text.fault(loc, f"{shown(dependency)} is named twice", "remove one"))
            named.add(dependency)
    return faults


def _cyclic(text: LoadedYaml, tasks: Sequence[tuple[int, Mapping[str, Any]]], places: Mapping[str, int]) -> list[Fault]:
    """Tasks that wait for each other."""
    graph: dict[str, list[str]] = {}
    for _, task in tasks:
        graph.setdefault(_id(task), [one for _, one in _dependencies(task)])
    graph.pop("", None)
    faults = []
    for cycle in cycles(graph):
        index = places[cycle[0]]
        n = next((n for n, one in enumerate(graph[cycle[0]]) if one == cycle[1]), 0)
        what = f"the dependencies go in a circle: {' -> '.join(cycle)}"
        faults.append(text.fault(("tasks", index, "depends_on", n), what, "remove one of them"))
    return faults


def _importance(text: LoadedYaml, tasks: Sequence[tuple[int, Mapping[str, Any]]], budgets: Budgets) -> list[Fault]:
    """B9: where critical tasks exceed their share, each must say why."""
    critical = [(index, task) for index, task in tasks if str(task.get("importance")).lower() == "critical"]
    share = _HUNDRED * len(critical) / len(tasks) if tasks else 0
    if len(tasks) < budgets.critical_share_from or share <= budgets.critical_share_percent:
        return []
    what = f"{len(critical)} of {len(tasks)} tasks are critical, more than {budgets.critical_share_percent:g} %"
    mend = "add importance_reason, or lower the importance"
    return [
        text.fault(("tasks", index, "importance"), what, mend)
        for index, task in critical
        if not task.get("importance_reason")
    ]
