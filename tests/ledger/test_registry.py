"""The registry's file: given figures, damage of every kind, several writers at once, journals as its truth."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orchestrator.domain.task import Phase
from orchestrator.ledger.registry import Registry, RegistryError, registry_path, seed
from orchestrator.ledger.registry_file import RegistryFault, encode, parse
from orchestrator.ledger.registry_history import delivered
from orchestrator.ledger.registry_start import estimates_from, estimates_json, estimates_now
from orchestrator.ledger.registry_track import track, words
from orchestrator.settings.load import load_settings

NOW = datetime(2026, 11, 21, 2, 36, tzinfo=UTC)
STAGES = {"discover": 10_000, "define": 20_000, "plan": 20_000, "build": 13_000, "deliver": 11_500}


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "performance-registry.json", size=5, now=lambda: NOW)


def feature(name: str, post: int = 1_000, total: int = 50_000) -> dict[str, Any]:
    return {
        "feature_id": name,
        "feature_name": name,
        "completed_at": NOW.isoformat(),
        "session_count": 1,
        "total_estimated_tokens": total,
        "stage_actuals": {phase.value: {"pre": 500, "post": post} for phase in Phase},
    }


def test_the_seed_is_as_given_and_recalculating_it_leaves_the_stages(registry: Registry) -> None:
    assert not registry.exists()
    assert registry.begin()
    assert registry.exists()
    assert not registry.begin()
    found = registry.read().document
    assert found is not None
    assert list(found.raw) == ["version", "updated_at", "calibrated_defaults", "features"]
    assert found.defaults.figures() == {"usable_budget": 60_000, **STAGES}
    assert found.defaults.safety_multiplier == 1.5
    assert [
        (each["feature_id"], each["total_estimated_tokens"], each["session_count"]) for each in found.raw["features"]
    ] == [
        ("034", 106_000, 2),
        ("038", 117_000, 3),
    ]
    for each in found.features:
        assert all(15_000 <= each.stages[phase].post <= 20_000 for phase in (Phase.DEFINE, Phase.PLAN))
        assert all(8_000 <= each.stages[phase].post <= 13_000 for phase in (Phase.DISCOVER, Phase.DELIVER))
    assert registry.recalculate().after.figures() == {"usable_budget": 100_000, **STAGES}


def test_one_value_by_path_or_the_fallback(registry: Registry) -> None:
    assert registry.get("calibrated_defaults.usable_budget", 7) == 7
    registry.begin()
    assert registry.get("calibrated_defaults.usable_budget", 7) == 60_000
    assert registry.get("features.1.feature_id", 7) == "038"
    for path in ("", "features.9", "features.x", "version.x", "a.b", "features.1.feature_id.z"):
        assert registry.get(path, 7) == 7


def test_at_most_five_oldest_out_first_and_none_twice(registry: Registry) -> None:
    for number in range(6):
        change = registry.append(feature(f"r/{number}", post=1_000 * (number + 1)))
    registry.append(feature("r/5", post=6_000))
    found = registry.read().document
    assert found is not None
    assert [each.feature_id for each in found.features] == [f"r/{number}" for number in range(1, 6)]
    assert change.after.stages[Phase.PLAN] == 4_000  # (2+3+4+5+6) / 5
    assert change.before.stages[Phase.PLAN] == 3_000  # (1+2+3+4+5) / 5


def test_recorded_answers_fill_free_places_and_leave_when_models_are_asked(registry: Registry) -> None:
    for number in range(4):
        registry.append({**feature(f"replay/{number}", post=9_000), "recorded": True})
    assert ids(registry) == ["034", "038", "replay/1", "replay/2", "replay/3"]
    assert not registry.begin()
    assert len(ids(registry)) == 5
    live = Registry(registry.path, size=5, now=lambda: NOW, live=True)
    assert not live.begin()
    found = live.read()
    assert ids(live) == ["034", "038"]
    assert found.defaults().figures() == {"usable_budget": 60_000, **STAGES}
    live.append(feature("live/0", post=4_000))
    before = live.read().defaults()
    change = registry.append({**feature("replay/9", post=9_000), "recorded": True})
    assert change.before == change.after == before
    assert ids(registry) == ["034", "038", "live/0"]
    registry.rebuild([{**feature("replay/0"), "recorded": True}, feature("live/1")])
    assert ids(registry) == ["034", "038", "live/1"]


def ids(registry: Registry) -> list[str]:
    found = registry.read().document
    assert found is not None
    return [each.feature_id for each in found.features]


BROKEN = {
    "empty": b"",
    "torn": b'{"version": "1.0", "updated_at"',
    "no object": b"[]",
    "bytes": b"\xff\xfe\x00",
    "deep": b"[" * 100_000,
    "future": encode({**seed().raw, "version": "2.0"}),
    "no version": encode({"features": []}),
    "nan": b'{"version": "1.0", "calibrated_defaults": {"usable_budget": NaN}}',
    "negative": encode(seed().raw).replace(b"60000", b"-1"),
    "true": encode(seed().raw).replace(b"60000", b"true"),
    "no stages": encode({**seed().raw, "calibrated_defaults": {"usable_budget": 1, "safety_multiplier": 1.5}}),
    "features no list": encode({**seed().raw, "features": {}}),
}


@pytest.mark.parametrize("kind", list(BROKEN))
def test_damage_gives_the_fallbacks_and_is_never_written_over(registry: Registry, kind: str) -> None:
    registry.path.write_bytes(BROKEN[kind])
    reading = registry.read()
    assert reading.document is None
    assert str(registry.path) in reading.fault
    assert reading.defaults().figures() == {"usable_budget": 120_000, **dict.fromkeys(STAGES, 5_000)}
    assert reading.defaults(by_hand=True).usable_budget == 60_000
    assert registry.get("calibrated_defaults.usable_budget", "f") == "f"
    with pytest.raises(RegistryError):
        registry.append(feature("a"))
    assert registry.path.read_bytes() == BROKEN[kind]
    registry.rebuild([])
    assert registry.read().document is not None
    aside = list(registry.path.parent.glob("*.damaged-*"))
    assert [path.read_bytes() for path in aside] == [BROKEN[kind]]


def test_a_run_goes_on_without_a_registry_it_can_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    registry = Registry(tmp_path / "file" / "registry.json", size=5, now=lambda: NOW)
    settings = load_settings(environment={}).settings
    made = estimates_now(registry, tmp_path, settings, {}, by_hand=False)
    assert made.defaults.usable_budget == 120_000
    assert "fallbacks" in made.said
    assert made.bases == {}


def test_what_it_does_not_know_is_kept(registry: Registry) -> None:
    raw = json.loads(encode(seed().raw))
    raw["owner"] = "team"
    raw["calibrated_defaults"]["note"] = "ours"
    registry.path.write_bytes(encode(raw))
    registry.append({**feature("a"), "tags": ["x"]})
    kept = json.loads(registry.path.read_bytes())
    assert kept["owner"] == "team"
    assert kept["calibrated_defaults"]["note"] == "ours"
    assert kept["features"][-1]["tags"] == ["x"]


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from tests.ledger.test_registry import feature
from orchestrator.ledger.registry import Registry
registry = Registry(Path(sys.argv[1]), size=1000, now=lambda: datetime.now(UTC))
for number in range(15):
    registry.append(feature(f"{sys.argv[2]}/{number}"))
"""


def test_several_processes_writing_at_once_lose_nothing(registry: Registry) -> None:
    top = Path(__file__).parents[2]
    commands = [[sys.executable, "-c", WRITER, str(registry.path), str(writer)] for writer in range(3)]
    running = [subprocess.Popen(command, cwd=top) for command in commands]
    assert [process.wait(120) for process in running] == [0, 0, 0]
    found = registry.read().document
    assert found is not None
    names = {each.feature_id for each in found.features}
    assert names == {"034", "038"} | {f"{writer}/{number}" for writer in range(3) for number in range(15)}
    assert not list(registry.path.parent.glob("*.tmp"))


def test_a_shared_file_behind_a_link_stays_one(tmp_path: Path) -> None:
    shared, state = tmp_path / "shared.json", tmp_path / "state"
    state.mkdir()
    shared.write_bytes(encode(seed().raw))
    (state / "performance-registry.json").symlink_to(shared)
    Registry(registry_path(state, None), size=5, now=lambda: NOW).append(feature("a"))
    assert (state / "performance-registry.json").is_symlink()
    assert json.loads(shared.read_bytes())["features"][-1]["feature_id"] == "a"
    assert registry_path(state, str(shared)) == shared


def test_import_keeps_what_was_there_beside(registry: Registry) -> None:
    registry.append(feature("mine"))
    before = registry.path.read_bytes()
    change = registry.replace(parse(encode(seed().raw)))
    assert change.after.usable_budget == 60_000
    assert [path.read_bytes() for path in registry.path.parent.glob("*.before-import-*")] == [before]
    with pytest.raises(RegistryFault, match="newer"):
        parse(BROKEN["future"])


def test_journals_of_other_kinds_and_damage_teach_nothing(tmp_path: Path) -> None:
    for name, text in {
        "a": "",
        "b": '{"type": "task:finished"\n[]\n"task:finished"',
        "c": '{"type":"task:finished","status":"delivered"}\n',
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "journal.jsonl").write_text(text)
    assert delivered(tmp_path) == ()
    assert delivered(tmp_path / "none") == ()


def test_estimates_survive_the_journal(registry: Registry, tmp_path: Path) -> None:
    made = estimates_now(registry, tmp_path, load_settings(environment={}).settings, {}, by_hand=False)
    again = estimates_from(json.loads(json.dumps(estimates_json(made))))
    assert again.defaults == made.defaults
    assert again.bases == made.bases
    assert again.bases[Phase.PLAN] == 20_000
    assert estimates_from(None).defaults.usable_budget == 120_000
    assert estimates_from({"stages": 1}).defaults.usable_budget == 120_000


def test_the_record_of_estimates_in_words() -> None:
    entry = {"type": "run:calibrated", "estimated": 100, "actual": 250, "tokens": 300, "learnt_from": 6}
    row = [{**entry, "p10": 100, "p50": 200, "likely": 250, "p90": 400}, {"type": "note"}]
    found = track(row)
    assert found.ratio == 2.5
    assert found.learnt is not None
    assert found.learnt.bias == -50
    assert words(found) == (
        "1 delivered; actual/estimated by stage 2.50 (target 1.0); actual/likely 1.20, "
        "guessed 50 tokens a task too low; 1 of 1 under the p90"
    )
    assert words(track([])) == ""
    assert "no learnt interval yet" in words(track([entry]))
