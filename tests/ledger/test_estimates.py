"""What journals teach of tasks to come: tokens of delivered ones, times of live ones; fixed as a run begins."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.domain.task import Complexity, Phase, Task
from orchestrator.ledger.registry import Registry
from orchestrator.ledger.registry_history import worked
from orchestrator.ledger.registry_start import estimates_from, estimates_json, estimates_now, learnt, learnt_seconds
from orchestrator.policy.calibration_interval import Known
from orchestrator.policy.estimate import known_of, text_tokens
from orchestrator.policy.outlook import Learnt, outlook
from orchestrator.settings import Settings
from orchestrator.settings.load import load_settings

KNOWN = {"next": Known(group="simple", prompt=50)}


def nights(state: Path, count: int, *, mode: str = "live", status: str = "delivered") -> None:
    """So many runs of one task each, 10,000 tokens and ten minutes and a little more each time."""
    for number in range(count):
        folder = state / f"2026112{number}-0200-night-{mode}-{status}"
        folder.mkdir(parents=True)
        at = f"2026-11-{number + 10}T02:00:00+00:00"
        start: dict[str, object] = {"type": "run:started", "at": at, "run": folder.name, "models_mode": mode}
        start["tasks"] = [{"id": "a", "text_tokens": 40 + number}]
        end: dict[str, object] = {
            "type": "task:finished",
            "at": at,
            "task": "a",
            "status": status,
            "outcome": {"complexity": "simple"},
        }
        end |= {"tokens": 10_000 + 100 * number, "seconds": 600.4 + number}
        lines = [json.dumps(start), "not json", json.dumps(end)]
        (folder / "journal.jsonl").write_text("\n".join(lines) + "\n")


def registry(state: Path) -> Registry:
    return Registry(state / "performance-registry.json", size=5, now=lambda: datetime(2026, 11, 21, tzinfo=UTC))


def shipped(**registry_settings: int) -> Settings:
    settings = load_settings(environment={}).settings
    changed = settings.registry.model_copy(update=registry_settings)
    return settings.model_copy(update={"registry": changed})


def test_tokens_come_from_delivered_tasks_and_times_from_live_ones(tmp_path: Path) -> None:
    nights(tmp_path, 6)
    nights(tmp_path, 3, status="failed")
    nights(tmp_path, 2, mode="replay")
    nights(tmp_path, 1, status="skipped")
    assert len(worked(tmp_path)) == 11
    assert learnt(tmp_path, KNOWN)["next"].learnt_from == 8
    assert learnt_seconds(tmp_path, KNOWN)["next"].learnt_from == 9
    assert 9_000 < learnt(tmp_path, KNOWN)["next"].likely < 12_500
    assert 500 < learnt_seconds(tmp_path, KNOWN)["next"].p50 < 750
    assert learnt(tmp_path / "none", KNOWN) == {}


def test_estimates_are_the_same_after_a_resume_whatever_was_learnt_meanwhile(tmp_path: Path) -> None:
    nights(tmp_path, 6)
    made = estimates_now(registry(tmp_path), tmp_path, shipped(), KNOWN, by_hand=False)
    kept = json.loads(json.dumps(estimates_json(made)))
    nights(tmp_path, 6, status="delivered", mode="other")
    again = estimates_from(kept)
    assert again.tasks == made.tasks
    assert again.intervals == made.intervals
    assert again.tasks["next"].learnt_from == 6
    assert set(made.intervals) == {each.value for each in Complexity}


def test_the_usable_budget_without_a_registry_is_a_setting(tmp_path: Path) -> None:
    (tmp_path / "performance-registry.json").write_text("{")
    settings = shipped(usable_run=90_000, usable_by_hand=45_000)
    for by_hand, usable in ((False, 90_000), (True, 45_000)):
        made = estimates_now(registry(tmp_path), tmp_path, settings, {}, by_hand=by_hand)
        assert made.defaults.usable_budget == usable
    assert load_settings(environment={}).settings.registry.usable(by_hand=False) == 120_000
    assert load_settings(environment={}).settings.registry.usable(by_hand=True) == 60_000


def test_a_plan_goes_by_what_was_learnt_from_five_tasks_on(tmp_path: Path) -> None:
    task = Task(id="next", title="Bug fix: an offset", complexity=Complexity.SIMPLE, acceptance=("it works",))
    assert text_tokens(task) == 7
    wanted = {"next": known_of(task, Complexity.SIMPLE)}
    settings, staffed = shipped(), frozenset(Phase)

    def planned() -> tuple[int, int, float]:
        known = Learnt(tokens=learnt(tmp_path, wanted), seconds=learnt_seconds(tmp_path, wanted))
        found = outlook([task], settings, staffed, lambda *_: None, known)
        return found.tasks[0].learnt_from, found.timed_from, found.end.p50_s

    nights(tmp_path, 4)
    assert planned()[:2] == (0, 0)
    nights(tmp_path, 5, mode="live", status="failed")
    lessons, timed, end = planned()
    assert (lessons, timed) == (0, 9)
    assert 500 < end < 750
