"""The run's report: one summary, as markdown and as one HTML file. Pure; the same input gives the same bytes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orchestrator.domain.adr import Adr
from orchestrator.domain.failure import Category
from orchestrator.domain.outcome import RunOutcome, RunSummary, TaskOutcome, TaskStatus
from orchestrator.domain.words import count
from orchestrator.reports.budget_rows import budget_rows, budget_words
from orchestrator.reports.diff_view import diff_view
from orchestrator.reports.figures import duration, money, tokens
from orchestrator.reports.inert import one_line
from orchestrator.reports.inputs import ReportInputs, TaskDetail
from orchestrator.reports.measured import expected_and_measured
from orchestrator.reports.pictures import ROUTES, budget_bars, failure_bars, gantt, moves_by_category
from orchestrator.reports.pictures_profile import call_picture
from orchestrator.reports.queue import MOST, queue_rows
from orchestrator.reports.saved import Savings
from orchestrator.reports.summary import checkout_unchanged, total_failures
from orchestrator.reports.templates import Safe, render
from orchestrator.reports.todo import todos

_NO_INPUTS = ReportInputs()

HTML_DIFFS, HTML_TEXTS, MARKDOWN_TEXTS = 800_000, 250_000, 1_000_000
"""Of all tasks together: bytes of diffs with their markup; characters of ADRs, and as many of outputs; the same of
markdown, of each kind. A page of a hundred tasks stays below 2 MB with them."""
HTML_DIFF, HTML_TEXT, MARKDOWN_TEXT, LEAST_TEXT = 120_000, 60_000, 20_000, 2_000
"""At most, and at least, so many of one task: the rest stands in its folder."""

STATUS_WORDS = {
    TaskStatus.DELIVERED: "delivered",
    TaskStatus.NEEDS_HUMAN: "needs you",
    TaskStatus.FAILED: "failed",
    TaskStatus.STOPPED: "stopped",
    TaskStatus.SKIPPED: "skipped",
}
_MANY = {TaskStatus.NEEDS_HUMAN: "need you"}
OUTCOME_WORDS = {
    RunOutcome.DELIVERED: "Every task was delivered",
    RunOutcome.PARTLY: "Some tasks are open",
    RunOutcome.PAUSED: "The run is paused",
    RunOutcome.INTERRUPTED: "The run was interrupted",
    RunOutcome.RUNNING: "The run is still going on",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AdrRow:
    """One line of the ADR table (L16)."""

    task: str
    title: str
    status: str
    date: str
    decision: str
    redesigns: int
    path: str


def report_markdown(summary: RunSummary, inputs: ReportInputs = _NO_INPUTS) -> str:
    """The text of report.md."""
    limit = _share(summary, MARKDOWN_TEXTS, MARKDOWN_TEXT)
    return render("report.md.j2", limit=limit, **_context(summary, inputs))


def report_html(summary: RunSummary, inputs: ReportInputs = _NO_INPUTS) -> str:
    """The text of report.html: self-contained, no network; its policy lets in its own style and script by their hashes.

    The script filters and moves the focus; all can be read without it.
    """
    style, script = render("report.css.j2"), render("report.js.j2")
    policy = (
        f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return render(
        "report.html.j2",
        style=_markup(style),
        script=_markup(script),
        policy=policy,
        gantt=gantt(inputs.timeline, summary.tasks),
        call_picture=call_picture(inputs.calls, inputs.timeline.seconds),
        budget_picture=budget_bars(summary.tasks),
        failure_picture=failure_bars(summary, total_failures(summary.tasks)),
        diff_view=diff_view,
        limit=_share(summary, HTML_TEXTS, HTML_TEXT),
        diff_limit=_share(summary, HTML_DIFFS, HTML_DIFF),
        **_context(summary, inputs),
    )


def headline(summary: RunSummary) -> str:
    """The night in a sentence."""
    counts = [
        f"{number} {_MANY.get(status, STATUS_WORDS[status]) if number > 1 else STATUS_WORDS[status]}"
        for status in TaskStatus
        if (number := sum(task.status is status for task in summary.tasks))
    ]
    counts += [f"{len(summary.waiting)} not ended"] if summary.waiting else []
    whole = len(summary.tasks) + len(summary.waiting)
    used = f"{duration(summary.seconds)}, {tokens(summary.charge.usage.total)} tokens, {_cost(summary)}"
    return f"{OUTCOME_WORDS[summary.outcome]}: of {count(whole, 'task')} {', '.join(counts) or 'none'}. {used}."


def _share(summary: RunSummary, whole: int, most: int) -> int:
    """Characters one task's text may take, so that a report of a thousand tasks can still be opened."""
    return max(LEAST_TEXT, min(most, whole // max(len(summary.tasks), 1)))


def adr_rows(summary: RunSummary, inputs: ReportInputs) -> tuple[AdrRow, ...]:
    """The run's ADRs, in the tasks' order."""
    rows = []
    for task in summary.tasks:
        adr = inputs.detail(task.id).adr
        if adr is None and task.adr_title is None:
            continue
        rows.append(_adr_row(task, adr))
    return tuple(rows)


def _adr_row(task: TaskOutcome, adr: Adr | None) -> AdrRow:
    return AdrRow(
        task=task.id,
        title=(adr.title if adr else task.adr_title) or "",
        status=adr.status if adr else "accepted",
        date=(adr.date if adr else task.adr_date) or "",
        decision=one_line(adr.decision, limit=240) if adr else "",
        redesigns=task.redesigns,
        path=f"tasks/{task.id}/adr.md",
    )


def _context(summary: RunSummary, inputs: ReportInputs) -> dict[str, Any]:
    failures = total_failures(summary.tasks)
    details: Mapping[str, TaskDetail] = {task.id: inputs.detail(task.id) for task in summary.tasks}
    return {
        "run": summary,
        "headline": Safe(headline(summary)),
        "words": STATUS_WORDS,
        "cost": Safe(_cost(summary)),
        "todos": todos(summary),
        "queue": queue_rows(summary, inputs),
        "most": MOST,
        "landing": inputs.landing,
        "details": details,
        "diffs": [task for task in summary.tasks if details[task.id].diff],
        "tried": [task for task in summary.tasks if details[task.id].diff and task.status is not TaskStatus.DELIVERED],
        "statuses": {task.status for task in summary.tasks},
        "adrs": adr_rows(summary, inputs),
        "measured": expected_and_measured(summary, inputs),
        "failures": failures,
        "routes": ROUTES,
        "moves": moves_by_category(summary.tasks),
        "failure_words": failure_words,
        "unchanged": checkout_unchanged(summary),
        "suppressions": sum(task.suppressions for task in summary.tasks),
        "estimated": [task.id for task in summary.tasks if task.charge.usage.estimated],
        "registry": registry_rows(summary.registry_before, summary.registry_after),
        "budget_rows": budget_rows(summary.tasks),
        "budget_words": budget_words(summary.tasks),
        "estimates": inputs.estimates,
        "savings": inputs.savings,
        "saving_words": saving_words(inputs.savings) if inputs.savings else (),
    }


def saving_words(savings: Savings) -> tuple[str, ...]:
    """The section's sentences: what the tiers saved, what was skipped, what went side by side."""
    words = []
    answers = sum(row.calls for row in savings.agents)
    if savings.share is not None:
        deep, model = money(savings.deep_cost_usd), savings.deep_model
        saved = money(abs(savings.deep_cost_usd - savings.cost_usd))
        verb = "saved" if savings.share >= 0 else "lost"
        words.append(
            f"The answers cost {money(savings.cost_usd)}; the same tokens at {model}'s price are {deep}: the tiers "
            f"{verb} {saved}, {abs(savings.share):.0f} % (expected 40-60 %)."
        )
    if savings.deep_model and savings.compared < answers:
        left_out = count(answers - savings.compared, "answer")
        words.append(f"Left out of this comparison, since a price is not known: {left_out}.")
    if savings.skipped_tokens:
        words.append(f"Agents skipped by type of change: about {tokens(savings.skipped_tokens)} tokens not used.")
    if savings.overlapped_s:
        words.append(f"Agents asked side by side: {duration(savings.overlapped_s)} of answers not waited for.")
    return tuple(words)


def registry_rows(
    before: Mapping[str, int], after: Mapping[str, int]
) -> tuple[tuple[str, int | None, int | None], ...]:
    """Estimates before and after (R8), in the order they were given."""
    names = [*before, *(name for name in after if name not in before)]
    return tuple((name, before.get(name), after.get(name)) for name in names)


def failure_words(failures: Mapping[Category, int]) -> str:
    """``2 trivial, 1 tactical``; empty without failures."""
    return ", ".join(f"{failures[category]} {category.value}" for category in Category if failures.get(category))


def _cost(summary: RunSummary) -> str:
    """The run's cost; where a price is unknown, at least what is known of it."""
    cost = summary.charge.cost_usd
    if cost is not None:
        return money(cost)
    known = sum((task.charge.cost_usd or Decimal(0) for task in summary.tasks), Decimal(0))
    return f"at least {money(known)}, some prices are unknown" if known else "cost unknown"


def _source(text: str) -> str:
    """What a policy calls an element by that holds exactly this text."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"'sha256-{digest}'"


def _markup(text: str) -> Any:
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2, which is imported late as well

    return Markup(text)  # noqa: S704 - our own style sheet and script
