"""Hand-made SVG for the HTML report: classes only (the page's style sheet colours them), every text escaped. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from orchestrator.domain.failure import Category
from orchestrator.domain.outcome import BudgetStatus, RunSummary, TaskOutcome
from orchestrator.domain.words import count
from orchestrator.reports.figures import clock, duration, tokens
from orchestrator.reports.inert import one_line
from orchestrator.reports.inputs import Span, Timeline

WIDTH = 960
LABEL = 190
"""Width of the column with the task's names."""
ROW = 26
PLOT = WIDTH - LABEL - 60
AXIS = 24
_TICKS = 8
"""At most so many marks on the time axis."""
_STEPS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400)
_FULL_PERCENT, _SCALE_PERCENT = 100, 160
STOP_PERCENT = 120
"""B4: cumulative use above this share of a task's budget stops it."""
ROUTES = {
    Category.TRIVIAL: "auto-fix, no model call",
    Category.TACTICAL: "executor, targeted feedback",
    Category.STRATEGIC: "architect, redesign",
    Category.HALLUCINATION: "executor, warned by name",
    Category.ENVIRONMENT: "gate again, or pause",
}
"""L7, L8: where a failure of that category goes."""


def gantt(timeline: Timeline, tasks: Sequence[TaskOutcome]) -> Markup:
    """Tasks by time, a bar a phase, a tick a gate; empty where nothing was timed."""
    if not timeline.spans or timeline.seconds <= 0:
        return Markup()
    names = [task.id for task in tasks if any(span.task == task.id for span in timeline.spans)]
    setup = any(not span.task for span in timeline.spans)
    rows = {name: place for place, name in enumerate((["", *names]) if setup else names)}
    height = AXIS + ROW * len(rows) + 6
    scale = PLOT / timeline.seconds
    parts = [axis(timeline.seconds, scale, height)]
    parts += [label(LABEL - 10, AXIS + ROW * row + 17, name or "set-up", "end") for name, row in rows.items()]
    parts += [_span(span, rows[span.task], scale) for span in timeline.spans if span.task in rows]
    for mark in timeline.gates:
        if mark.task in rows:
            kind = "green" if mark.passed else "red"
            x, y = LABEL + mark.at_s * scale, AXIS + ROW * rows[mark.task]
            title = f"{mark.task}: gate {kind} at {clock(mark.at_s)}"
            parts.append(
                Markup('<g class="gate {}"><title>{}</title><path d="M{} {}v26" /></g>').format(
                    kind, one_line(title), coordinate(x), coordinate(y)
                )
            )
    parts += [
        Markup(
            '<path class="break" d="M{} {}V{}"><title>a session ended here, a later one went on</title></path>'
        ).format(coordinate(LABEL + at * scale), AXIS, height)
        for at in timeline.breaks_s
    ]
    return svg(height, f"{count(len(names), 'task')} over {duration(timeline.seconds)}", parts)


def budget_bars(tasks: Sequence[TaskOutcome]) -> Markup:
    """Tokens used against the limit, a bar a task, marks at 100 % and at the stop-loss."""
    shown = [(task, used, limit) for task in tasks for used, limit in [_use(task)] if limit]
    if not shown:
        return Markup()
    height = AXIS + ROW * len(shown) + 6
    unit = PLOT / _SCALE_PERCENT
    parts = [
        Markup(
            '<path class="{}" d="M{} {}V{}" /><text class="tick" x="{}" y="14" text-anchor="middle">{} %</text>'
        ).format(kind, coordinate(LABEL + mark * unit), AXIS, height, coordinate(LABEL + mark * unit), mark)
        for mark, kind in ((_FULL_PERCENT, "full"), (STOP_PERCENT, "stop"))
    ]
    for row, (task, used, limit) in enumerate(shown):
        y = AXIS + ROW * row
        share = 100 * used / limit
        words = f"{tokens(used)} of {tokens(limit)}, {share:.0f} %"
        width = min(share, _SCALE_PERCENT) * unit
        parts.append(label(LABEL - 10, y + 17, task.id, "end"))
        parts.append(
            Markup('<rect class="b-{}" x="{}" y="{}" width="{}" height="16" rx="2"><title>{}</title></rect>').format(
                task.budget_status.value, LABEL, y + 4, coordinate(max(width, 1.0)), one_line(f"{task.id}: {words}")
            )
        )
        inside = width > PLOT / 2
        parts.append(
            Markup('<text class="{}" x="{}" y="{}"{}>{}</text>').format(
                "inside" if inside else "value",
                coordinate(LABEL + width + (-8 if inside else 8)),
                y + 16,
                Markup(' text-anchor="end"') if inside else "",
                words,
            )
        )
    over = sum(task.budget_status is not BudgetStatus.WITHIN for task, _, _ in shown)
    return svg(height, f"Token budgets: {over} of {count(len(shown), 'task')} above the limit", parts)


def failure_bars(summary: RunSummary, failures: Mapping[Category, int]) -> Markup:
    """Failures by category, with the route each takes and the moves that were decided."""
    if not failures:
        return Markup()
    moves = moves_by_category(summary.tasks)
    most = max(failures.values())
    room = 330
    parts: list[Markup] = []
    for row, (category, number) in enumerate(failures.items()):
        y = 6 + 34 * row
        width = max(room * number / most, 2)
        parts.append(label(LABEL - 60, y + 17, category.value, "end"))
        parts.append(
            Markup('<rect class="c-{}" x="{}" y="{}" width="{}" height="18" rx="2" />').format(
                category.value, LABEL - 50, y + 3, coordinate(width)
            )
        )
        parts.append(label(LABEL - 42 + width, y + 17, str(number), "start", "value"))
        decided = ", ".join(f"{move} {times}" for move, times in moves.get(category, {}).items())
        parts.append(
            Markup('<path class="arrow" d="M{} {}h24m-5 -4l5 4l-5 4" />').format(coordinate(LABEL - 10 + room), y + 12)
        )
        parts.append(label(LABEL + 28 + room, y + 11, ROUTES[category], "start"))
        parts.append(label(LABEL + 28 + room, y + 25, decided, "start", "tick"))
    return svg(12 + 34 * len(failures), "Failures by category and the route they take", parts)


def moves_by_category(tasks: Sequence[TaskOutcome]) -> dict[Category, dict[str, int]]:
    """How often each move followed an iteration whose gravest failure was of that category.

    What auto-fix mended and what healed by itself inside an iteration stands in the task's counters.
    """
    moves: dict[Category, Counter[str]] = {}
    for task in tasks:
        for category, name, times in (
            (Category.TRIVIAL, "autofix", task.autofixed_iterations),
            (Category.ENVIRONMENT, "again", task.healed),
        ):
            if times:
                moves.setdefault(category, Counter())[name] += times
        for note in task.history:
            gravest = max(note.categories, key=lambda name: name.gravity, default=None)
            if gravest is not None and note.move:
                moves.setdefault(gravest, Counter())[one_line(note.move.replace("_", " "), limit=24)] += 1
    return {category: dict(sorted(counter.items())) for category, counter in moves.items()}


def _use(task: TaskOutcome) -> tuple[int, int]:
    return sum(use.tokens for use in task.phases), sum(use.token_limit for use in task.phases)


def _span(span: Span, row: int, scale: float) -> Markup:
    title = f"{span.task or 'set-up'}: {span.phase}, {duration(span.end_s - span.start_s)}"
    return Markup('<rect class="p-{}" x="{}" y="{}" width="{}" height="18"><title>{}</title></rect>').format(
        one_line(span.phase, limit=12) if span.phase.isalpha() else "other",
        coordinate(LABEL + span.start_s * scale),
        AXIS + ROW * row + 4,
        coordinate(max((span.end_s - span.start_s) * scale, 0.5)),
        one_line(title),
    )


def axis(seconds: float, scale: float, height: int) -> Markup:
    """Marks of time, with lines down to ``height``."""
    step = next((step for step in _STEPS_S if seconds / step <= _TICKS), _STEPS_S[-1])
    marks = []
    for at in range(0, int(seconds) + 1, step):
        x = coordinate(LABEL + at * scale)
        marks.append(
            Markup(
                '<path class="grid" d="M{} {}V{}" /><text class="tick" x="{}" y="14" text-anchor="middle">{}</text>'
            ).format(x, AXIS, height, x, clock(at))
        )
    return Markup("\n").join(marks)


def label(x: float, y: float, text: str, anchor: str, kind: str = "label", limit: int = 60) -> Markup:
    """Text at a place, in one line, cut at ``limit`` characters (26 in the column of names)."""
    shown = one_line(text, limit=26) if anchor == "end" else one_line(text, limit=limit)
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        kind, coordinate(x), coordinate(y), anchor, shown
    )


def svg(height: int, about: str, parts: Sequence[Markup]) -> Markup:
    """The picture; ``about`` is what a screen reader says of it."""
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">\n{}\n</svg>').format(
        WIDTH, height, escape(about), Markup("\n").join(parts)
    )


def coordinate(value: float) -> str:
    """A co-ordinate, to a tenth."""
    return f"{value:.1f}".removesuffix(".0")
