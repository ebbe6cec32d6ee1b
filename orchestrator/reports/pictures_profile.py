"""The calls of a night as a picture: a row an agent, a bar a call; its place is when, its height the context. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from orchestrator.domain.words import count
from orchestrator.reports.figures import duration, tokens
from orchestrator.reports.inert import one_line
from orchestrator.reports.inputs import CallPoint
from orchestrator.reports.pictures import AXIS, LABEL, PLOT, axis, coordinate, label, svg
from orchestrator.reports.profile_calls import agent_sums

_ROW = 64
_BAR = 40
"""Height of the largest context."""
_MOST = 2_000
"""Bars drawn: of more calls, the ones with the largest contexts."""


def call_picture(points: Sequence[CallPoint], seconds: float) -> Markup:
    """Agents by time; empty where no model was asked. ``seconds``: the night's length."""
    if not points:
        return Markup()
    length = max([seconds, 1.0, *(point.at_s + point.seconds for point in points)])
    sums = agent_sums(points)
    rows = {each.role: place for place, each in enumerate(sums)}
    height = AXIS + _ROW * len(rows) + 6
    scale = PLOT / length
    largest = max(1, *(point.context_tokens for point in points))
    parts = [axis(length, scale, height)]
    for each in sums:
        y = AXIS + _ROW * rows[each.role]
        looked = "" if each.lookups is None else f", {count(each.lookups, 'look-up')}"
        told = f"{count(each.calls, 'call')}, {duration(each.seconds)}, {tokens(each.tokens)} tokens{looked}"
        context = (
            f"context {tokens(each.mean_context_tokens)} on average, at most {tokens(each.largest_context_tokens)}"
        )
        parts.append(label(LABEL - 10, y + _ROW - 12, each.role, "end"))
        parts.append(label(LABEL, y + 13, f"{told}; {context}", "start", "tick", limit=140))
    drawn = sorted(points, key=lambda point: -point.context_tokens)[:_MOST]
    parts += [
        _bar(point, AXIS + _ROW * (rows[point.role] + 1) - 6, scale, largest)
        for point in sorted(drawn, key=lambda point: (point.at_s, point.call))
    ]
    return svg(height, f"{count(len(points), 'model call')} by agent over {duration(length)}", parts)


def _bar(point: CallPoint, floor: float, scale: float, largest: int) -> Markup:
    tall = max(1.5, _BAR * point.context_tokens / largest)
    looked = "" if point.lookups is None else f", {count(point.lookups, 'look-up')}"
    title = (
        f"{point.task}: {point.role}, iteration {point.iteration}, turn {point.turn}: {duration(point.seconds)}, "
        f"context {tokens(point.context_tokens)}, wrote {tokens(point.output_tokens)}{looked}"
    )
    return Markup('<rect class="p-{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>').format(
        one_line(point.phase, limit=12) if point.phase.isalpha() else "other",
        coordinate(LABEL + point.at_s * scale),
        coordinate(floor - tall),
        coordinate(max(point.seconds * scale, 1.5)),
        coordinate(tall),
        one_line(title, limit=300),
    )
