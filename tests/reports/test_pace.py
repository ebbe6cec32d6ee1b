"""A night's report takes a fiftieth of the night at most."""

from __future__ import annotations

from orchestrator.reports.pace import SHARE, Pace


def test_the_first_report_is_due_at_once() -> None:
    assert Pace().due(0.0)


def test_the_next_is_due_once_the_night_went_on_for_long_enough() -> None:
    pace = Pace()
    pace.wrote(100.0, 102.0)
    assert not pace.due(102.0 + 2.0 * SHARE - 0.1)
    assert pace.due(102.0 + 2.0 * SHARE)


def test_where_a_report_takes_no_time_each_task_has_one() -> None:
    pace = Pace()
    pace.wrote(100.0, 100.0)
    assert pace.due(100.0)


def test_of_many_short_tasks_the_share_is_kept() -> None:
    """A thousand tasks of a second each, whose reports take longer and longer."""
    now, spent, pace = 0.0, 0.0, Pace()
    for number in range(1_000):
        now += 1.0
        if pace.due(now):
            took = 0.05 + number * 0.005
            pace.wrote(now, now + took)
            now, spent = now + took, spent + took
    assert spent < now / SHARE + 5.05
    assert spent > 0.05
