"""What a night cost and saved (P1, P2, P4). Pure, from the journal alone; of an older journal, what it tells.

The same tokens at the deepest model's price, the models that wrote the code, who was skipped, who went side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from orchestrator.domain.call import Charge
from orchestrator.ledger.charges import charge_of
from orchestrator.reports.profile_calls import call_points
from orchestrator.reports.saved import AgentCost, Savings, SkippedRow, TaskRoute

Entry = Mapping[str, Any]
_IMPLEMENTER = "executor"


def savings_of(entries: Sequence[Entry]) -> Savings | None:
    """Of a run's journal; ``None`` before the first answer."""
    answers = [entry for entry in entries if entry.get("type") == "call:answer"]
    if not answers:
        return None
    pairs = [(_dollars(entry.get("cost_usd")), _dollars(entry.get("deep_cost_usd"))) for entry in answers]
    known = [(cost, deep) for cost, deep in pairs if cost is not None and deep is not None]
    return Savings(
        deep_model=next((str(entry["deep_model"]) for entry in answers if entry.get("deep_model")), ""),
        agents=_agents(answers),
        routes=_routes(answers),
        skipped=_skipped(entries),
        compared=len(known),
        cost_usd=sum((cost for cost, _ in known), Decimal(0)),
        deep_cost_usd=sum((deep for _, deep in known), Decimal(0)),
        overlapped_s=_overlapped(entries),
    )


def _dollars(value: object) -> Decimal | None:
    return Decimal(str(value)) if value is not None else None


def _agents(answers: Iterable[Entry]) -> tuple[AgentCost, ...]:
    """By agent and model, in the order of their first answer."""
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in answers:
        found.setdefault((str(entry["role"]), str(entry["model"])), []).append(entry)
    return tuple(_agent(role, model, own) for (role, model), own in found.items())


def _agent(role: str, model: str, own: Sequence[Entry]) -> AgentCost:
    charged = sum((charge_of(entry) for entry in own), Charge())
    deep = [_dollars(entry.get("deep_cost_usd")) for entry in own]
    known = [cost for cost in deep if cost is not None]
    return AgentCost(
        role=role,
        model=model,
        calls=len(own),
        tokens=charged.usage.total,
        cost_usd=charged.cost_usd,
        deep_cost_usd=sum(known, Decimal(0)) if len(known) == len(deep) else None,
    )


def _routes(answers: Iterable[Entry]) -> tuple[TaskRoute, ...]:
    found: dict[str, dict[str, None]] = {}
    for entry in answers:
        if entry["role"] == _IMPLEMENTER:
            found.setdefault(str(entry["task"]), {})[str(entry["model"])] = None
    return tuple(TaskRoute(task=task, models=tuple(models)) for task, models in found.items())


def _skipped(entries: Iterable[Entry]) -> tuple[SkippedRow, ...]:
    """By task: the choice at its opening, and the last one on its real change."""
    opened: dict[str, Entry] = {}
    built: dict[str, Entry] = {}
    for entry in entries:
        if entry.get("type") == "crew:chosen":
            (opened if entry.get("when") == "opened" else built)[str(entry["task"])] = entry
    rows: dict[tuple[str, str], SkippedRow] = {}
    for task, entry in [*opened.items(), *built.items()]:
        later = built.get(task, {})
        for one in entry.get("skipped", ()):
            if one.get("by_type"):
                agent = str(one["agent"])
                rows[task, agent] = SkippedRow(
                    task=task,
                    agent=agent,
                    why=str(one.get("why", "")),
                    tokens=int(one.get("tokens") or 0),
                    made_up=agent in later.get("agents", ()) and agent not in entry.get("agents", ()),
                )
    return tuple(rows.values())


def _overlapped(entries: Sequence[Entry]) -> float:
    """Answers' seconds beyond those in which any agent of the task was answering."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for point in call_points(entries):
        spans.setdefault(point.task, []).append((point.at_s, point.at_s + point.seconds))
    return round(sum(_beyond(own) for own in spans.values()), 3)


def _beyond(spans: list[tuple[float, float]]) -> float:
    whole = covered = 0.0
    reached = 0.0
    for start, end in sorted(spans):
        whole += end - start
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return max(0.0, whole - covered)
