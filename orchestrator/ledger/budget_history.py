"""What the journals of a state folder say of budgets: limits, use, stops, calls, task by task (B9).

Journals of older versions, without some of these fields, bring what they have (B11); nothing here fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.domain.outcome import BudgetStatus, PhaseUse
from orchestrator.domain.task import Complexity, Importance, Phase
from orchestrator.ledger.charges import charge_of
from orchestrator.ledger.disputes import disputes
from orchestrator.ledger.memory import run_folders
from orchestrator.ledger.registry_history import entries_of
from orchestrator.ledger.spending import TaskUse, Used, uses_of
from orchestrator.policy.budget import PhaseLimit, TaskBudget, phase_use
from orchestrator.policy.budget_replay import PastCall
from orchestrator.policy.budget_review import Reviewed
from orchestrator.settings import Budgets

SET_BY_TASK = "set by the task"
"""How :func:`orchestrator.policy.budget.task_budget` names a limit that the task itself gave (B2)."""
_WANTED = (b'"run:', b'"task:', b'"phase:', b'"call:', b'"budget:')
Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTask:
    """A task of a past run, with what is needed to reckon it anew."""

    seen: Reviewed
    complexity: Complexity
    importance: Importance
    overrides: Mapping[Phase, int]
    calls: tuple[PastCall, ...]
    refused: tuple[PastCall, ...]
    """The call that a stop did not let out: it used nothing, but lines were looked at before it."""
    estimates: Mapping[Phase, int]
    """What the run expected of each phase (R4b); empty in older journals."""
    bases: Mapping[Phase, int]
    """The learnt bases it began with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """A run's tasks that were defined, and all its calls."""

    run: str
    tasks: tuple[PastTask, ...]
    calls: tuple[tuple[str, int, int], ...]
    """Id, worst case and charge of each, in tokens, in order."""


def past_runs(state: Path, budgets: Budgets, only: Sequence[str] = ()) -> tuple[PastRun, ...]:
    """The runs of a state folder, oldest first; ``only``: these."""
    said = disputes(state)
    folders = [folder for folder in reversed(run_folders(state)) if not only or folder.name in only]
    return tuple(past_run(folder.name, entries_of(folder, _WANTED), budgets, said) for folder in folders)


def past_run(
    run: str, entries: Sequence[Entry], budgets: Budgets, said: Mapping[tuple[str, str], str] | None = None
) -> PastRun:
    """One run from its journal's entries."""
    start: Entry = next((entry for entry in entries if entry["type"] == "run:started"), {})
    uses, ends = uses_of(_whole(entries)), _last(entries, "task:finished")
    stops, observed = _last(entries, "budget:stopped"), _last(entries, "budget:observed")
    calls = dict(_calls(entries))
    tasks = []
    for name, defined in _last(entries, "task:defined").items():
        use = uses.get(name, TaskUse())
        end: Entry = ends.get(name, {}) if use.ended else {}
        status = str(end.get("status", ""))
        stop = str(stops.get(name, end).get("why") or end.get("reason") or "") if status == "stopped" else ""
        limits = _limits(defined)
        seen = Reviewed(
            run=run,
            task=name,
            status=status,
            budget=sum(limit.tokens for limit in limits.values()),
            phases=tuple(_use(phase, use.phases.get(phase, Used()), limits, budgets) for phase in Phase),
            fixed=frozenset(phase for phase, limit in limits.items() if limit.how == SET_BY_TASK),
            mode=str(defined.get("mode", "enforce")),
            stopped=stop,
            would_stop=str(observed[name].get("why", "")) if name in observed else "",
            disputed=(said or {}).get((run, name), ""),
            last=use.last,
        )
        made = tuple(call for _, call in calls.get(name, ()))
        tasks.append(_past(seen, start, defined, limits, made, _refused(seen, stops.get(name, {}))))
    order = [(call, one.worst, one.tokens) for each in calls.values() for call, one in each]
    return PastRun(run=run, tasks=tuple(tasks), calls=tuple(_in_order(entries, order)))


def _past(
    seen: Reviewed,
    start: Entry,
    defined: Entry,
    limits: Mapping[Phase, PhaseLimit],
    calls: tuple[PastCall, ...],
    refused: tuple[PastCall, ...],
) -> PastTask:
    grade: Entry = next((one for one in start.get("tasks", ()) if one.get("id") == seen.task), {})
    estimates = start.get("estimates")
    learnt: Entry = estimates if isinstance(estimates, Mapping) else {}
    return PastTask(
        seen=seen,
        complexity=_word(Complexity, defined.get("complexity"), Complexity.MODERATE),
        importance=_word(Importance, defined.get("importance", grade.get("importance")), Importance.MEDIUM),
        overrides={phase: limit.tokens for phase, limit in limits.items() if limit.how == SET_BY_TASK},
        calls=calls,
        refused=refused,
        estimates=_by_phase(learnt.get("stages")),
        bases=_by_phase(learnt.get("bases")),
    )


def _refused(seen: Reviewed, stop: Entry) -> tuple[PastCall, ...]:
    """Older journals do not tell its worst case: the lines themselves are what counts there."""
    worst = stop.get("worst_call")
    if not seen.stopped or seen.last is None:
        return ()
    return (PastCall(phase=seen.last, tokens=0, worst=worst if isinstance(worst, int) else 0),)


def _whole(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Entries that fold; a call's of another version is passed over."""
    for entry in entries:
        with suppress(KeyError, TypeError, ValueError, ArithmeticError):
            if str(entry["type"]).startswith("call:"):
                charge_of(entry)
            yield entry


def _last(entries: Sequence[Entry], kind: str) -> dict[str, Entry]:
    return {str(entry["task"]): entry for entry in entries if entry["type"] == kind and "task" in entry}


def _limits(defined: Entry) -> dict[Phase, PhaseLimit]:
    limits = {}
    for terms in defined.get("limits") or ():
        with suppress(KeyError, TypeError, ValueError):
            phase = Phase(terms["phase"])
            limits[phase] = PhaseLimit(
                phase=phase, tokens=int(terms["tokens"]), latency_s=int(terms["latency_s"]), how=str(terms["how"])
            )
    return limits if len(limits) == len(Phase) else {}


def _use(phase: Phase, used: Used, limits: Mapping[Phase, PhaseLimit], budgets: Budgets) -> PhaseUse:
    if limits:
        return phase_use(phase, used.tokens, used.seconds, TaskBudget(phases=limits), budgets)
    return PhaseUse(
        phase=phase,
        tokens=used.tokens,
        token_limit=0,
        seconds=used.seconds,
        latency_limit_s=0.0,
        status=BudgetStatus.WITHIN,
    )


def _calls(entries: Sequence[Entry]) -> Iterator[tuple[str, tuple[tuple[str, PastCall], ...]]]:
    """Each task's calls by id, in order; what was charged to attempts of one call is added up."""
    made: dict[str, dict[str, PastCall]] = {}
    for entry in _whole(entries):
        if not str(entry["type"]).startswith("call:"):
            continue
        with suppress(KeyError, TypeError, ValueError):
            own, call = made.setdefault(str(entry["task"]), {}), str(entry["call"])
            before = own.get(call, PastCall(phase=Phase(entry["phase"]), tokens=0, worst=0))
            worst = int(entry.get("worst_input_tokens") or 0) + int(entry.get("worst_output_tokens") or 0)
            tokens = charge_of(entry).usage.total
            own[call] = PastCall(phase=before.phase, tokens=before.tokens + tokens, worst=max(before.worst, worst))
    for task, own in made.items():
        yield task, tuple(own.items())


def _in_order(entries: Sequence[Entry], calls: Sequence[tuple[str, int, int]]) -> Iterator[tuple[str, int, int]]:
    """As the intents stand in the journal."""
    by_id = {call[0]: call for call in calls}
    for entry in entries:
        if entry["type"] == "call:intent" and (call := by_id.pop(str(entry.get("call")), None)) is not None:
            yield call


def _by_phase(raw: object) -> dict[Phase, int]:
    with suppress(ValueError, TypeError, AttributeError):
        if isinstance(raw, Mapping):
            return {Phase(name): int(tokens) for name, tokens in raw.items()}
    return {}


def _word(words: type[Any], value: object, otherwise: Any) -> Any:
    with suppress(ValueError):
        return words(value)
    return otherwise
