"""Where time, tokens, look-ups and context went: the profile of a made-up night, as JSON, as text, as a picture."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from orchestrator.domain.timer import PerformanceTimer
from orchestrator.reports.inputs import ReportInputs
from orchestrator.reports.pictures_profile import call_picture
from orchestrator.reports.profile import profile_text
from orchestrator.reports.profile_calls import agent_sums, call_points, profile_json
from orchestrator.reports.rebuild import summary_of
from orchestrator.reports.report import report_html
from orchestrator.reports.timeline import timeline
from tests.reports.night import night


class Hands:
    """A clock that is moved by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now

    def fail_after(self, seconds: float) -> None:
        self.now += seconds
        raise KeyError


def test_a_timer_measures_its_block_however_that_ends() -> None:
    clock = Hands()
    timer = PerformanceTimer(clock)
    assert timer.seconds == 0
    with timer:
        clock.now += 1.5
        assert timer.seconds == 1.5
        clock.now += 0.75049
    clock.now += 9
    assert timer.seconds == 2.25
    with pytest.raises(KeyError), timer:
        clock.fail_after(3)
    assert timer.exactly == 3


def test_every_answered_call_is_in_it_and_its_sums_are_the_runs() -> None:
    events = night()
    answers = [event for event in events if event["type"] == "call:answer"]
    points = call_points(events)
    assert [point.call for point in points] == [event["call"] for event in answers]
    assert sum(each.calls for each in agent_sums(points)) == len(answers)
    assert sum(each.tokens for each in agent_sums(points)) == sum(
        event["input_tokens"] + event["output_tokens"] for event in answers
    )
    length = timeline(events).seconds
    assert all(0 <= point.at_s <= point.at_s + point.seconds <= length + 0.01 for point in points)
    assert [point.at_s + point.seconds for point in points] == sorted(point.at_s + point.seconds for point in points)


def test_what_an_older_journal_does_not_say_is_unknown_not_zero() -> None:
    events = night()
    for event in events:
        event.pop("lookups", None)
    assert {point.lookups for point in call_points(events)} == {None}
    for place, event in enumerate(event for event in events if event["type"] == "call:answer"):
        event["lookups"] = place % 3
    sums = {each.role: each.lookups for each in agent_sums(call_points(events))}
    assert sum(looked or 0 for looked in sums.values()) == sum(
        event["lookups"] for event in events if event["type"] == "call:answer"
    )


def test_the_file_is_the_same_each_time_and_says_its_version() -> None:
    text = profile_json(night())
    assert text == profile_json(night())
    data = json.loads(text)
    assert data["version"] == 1
    assert {"call", "at_s", "seconds", "context_tokens", "output_tokens", "lookups"} <= set(data["calls"][0])
    assert {"role", "calls", "mean_context_tokens", "largest_context_tokens"} <= set(data["agents"][0])


def test_the_text_shows_context_over_the_night() -> None:
    text = profile_text(night())
    (executor,) = [line for line in text.split("context of a call")[1].splitlines() if line.startswith("  executor")]
    sums = next(each for each in agent_sums(call_points(night())) if each.role == "executor")
    assert f"{sums.mean_context_tokens / 1000:.1f}k" in executor
    assert len(executor.split()) == 8  # the name, mean and most, four quarters, look-ups
    assert profile_text([]) == "worked 0.0 s\n"


def test_the_picture_has_a_bar_a_call_and_a_row_an_agent_and_stays_inert() -> None:
    points = call_points(night())
    picture = ElementTree.fromstring(call_picture(points, timeline(night()).seconds))
    bars = list(picture.iter("rect"))
    assert len(bars) == len(points)
    assert all(float(bar.get("x", "nan")) >= 0 and float(bar.get("height", "nan")) > 0 for bar in bars)
    tallest = max(bars, key=lambda bar: float(bar.get("height", "0")))
    largest = max(points, key=lambda point: point.context_tokens)
    assert (tallest.findtext("title") or "").startswith(f"{largest.task}: {largest.role}")
    evil = [replace(points[0], task="<script>x</script>\x1b[31m", role='"><b>')]
    drawn = call_picture(evil, 10)
    assert "<script" not in drawn
    assert "\x1b" not in drawn
    assert not call_picture((), 10)


def test_the_page_draws_it_where_a_model_was_asked() -> None:
    events = night()
    inputs = ReportInputs(timeline=timeline(events), calls=call_points(events))
    assert "<h2>Model calls over time</h2>" in report_html(summary_of(events), inputs)
    assert "Model calls over time" not in report_html(summary_of(events), ReportInputs(timeline=timeline(events)))
