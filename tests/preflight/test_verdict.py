"""What findings come to, and the facts of machine and accounts that they are made of."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.adapters.credentials import file_expiries, key_files, token_expiry
from orchestrator.adapters.machine import Wakefulness, room, wakefulness
from orchestrator.adapters.models.heard import heard_from, listen
from orchestrator.domain.errors import UsageError
from orchestrator.gate.base_state import BROKEN_COUNTS, BaseState, BaseWord
from orchestrator.preflight import judge
from orchestrator.preflight.night import morning
from orchestrator.preflight.rehearsal import Passage, Rehearsal, judge_gate
from orchestrator.preflight.verdict import Finding, Weight, Word, fine, verdict

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
STOP = Finding(topic="disk", weight=Weight.STOP, what="full")
NOTE = Finding(topic="hooks", weight=Weight.NOTE, what="hooks")


def without(*tasks: str) -> Finding:
    return Finding(topic="night", weight=Weight.TASKS, what="too long", tasks=tasks)


@pytest.mark.parametrize(
    ("findings", "word", "left_out"),
    [
        ([fine("git", "there"), NOTE], Word.GO, ()),
        ([NOTE, without("a")], Word.GO_WITHOUT, ("a", "b", "c")),
        ([without("c")], Word.GO_WITHOUT, ("c",)),
        ([without("a"), without("d")], Word.NO_GO, ("a", "b", "c", "d")),
        ([without("c"), STOP], Word.NO_GO, ()),
    ],
)
def test_what_findings_come_to(findings: list[Finding], word: Word, left_out: tuple[str, ...]) -> None:
    answer = verdict(findings, ["a", "b", "c", "d"], [("c", "b"), ("b", "a")])
    assert (answer.word, answer.without) == (word, left_out)


@pytest.mark.parametrize(
    ("ahead_s", "weight"),
    [
        (-30, Weight.OK),
        (59, Weight.OK),
        (-90, Weight.NOTE),
        (299, Weight.NOTE),
        (301, Weight.STOP),
        (-7200, Weight.STOP),
    ],
)
def test_clocks(ahead_s: float, weight: Weight) -> None:
    found = judge.clock("google", ahead_s)
    assert found is not None
    assert found.weight is weight
    assert judge.clock("google", None) is None


@pytest.mark.parametrize(
    ("free", "refused", "weight"),
    [(21, "", Weight.OK), (19, "", Weight.NOTE), (9, "", Weight.STOP), (99, "Disk quota exceeded", Weight.STOP)],
)
def test_disks(free: int, refused: str, weight: Weight) -> None:
    assert judge.disk(10, free, refused, "/cache").weight is weight


def machine(tmp_path: Path, states: str, battery: str) -> Wakefulness:
    (tmp_path / "power").mkdir()
    (tmp_path / "power" / "state").write_text(states)
    (tmp_path / "class" / "power_supply" / "BAT0").mkdir(parents=True)
    (tmp_path / "class" / "power_supply" / "BAT0" / "status").write_text(battery)
    return wakefulness(tmp_path)


@pytest.mark.parametrize(
    ("states", "battery", "by", "weight"),
    [
        ("freeze mem\n", "Charging\n", "systemd-inhibit", Weight.OK),
        ("freeze mem\n", "Charging\n", "", Weight.NOTE),
        ("freeze mem\n", "Discharging\n", "systemd-inhibit", Weight.NOTE),
        ("\n", "Full\n", "", Weight.OK),
    ],
)
def test_machines_that_might_fall_asleep(tmp_path: Path, states: str, battery: str, by: str, weight: Weight) -> None:
    found = machine(tmp_path, states, battery)
    assert judge.awake(can_sleep=found.can_sleep, on_battery=found.on_battery, inhibitor=by).weight is weight


def test_room_is_told_and_given_back(tmp_path: Path) -> None:
    found = room(tmp_path / "not" / "there" / "yet", 1 << 20)
    assert (found.folder, found.refused) == (tmp_path, "")
    assert found.free > 0
    assert list(tmp_path.iterdir()) == []


def test_credentials_say_when_they_end_and_no_env_file_is_opened(tmp_path: Path) -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 1_795_000_000}).encode()).decode().rstrip("=")
    ends = token_expiry("LOGIN", f"Bearer x.{claims}.z")
    assert ends is not None
    assert (ends.name, ends.at) == ("LOGIN", datetime.fromtimestamp(1_795_000_000, UTC))
    assert [token_expiry("K", value) for value in ("", "sk-plain", "a.b.c", "x.e30.z")] == [None] * 4
    (tmp_path / ".credentials.json").write_text(json.dumps({"oauth": {"expiresAt": 1_795_000_000_000, "token": "t"}}))
    (tmp_path / "settings.json").write_text("{}")
    (tmp_path / "broken.json").write_text("{")
    (found,) = file_expiries([tmp_path, tmp_path / "none"])
    assert (found.name, found.at) == (str(tmp_path / ".credentials.json"), ends.at)
    assert judge.expiry("x", ends.at, ends.at + timedelta(hours=1)) is not None
    assert judge.expiry("x", ends.at, ends.at - timedelta(hours=1)) is None
    for name in (".env", "web/.env.local", ".env.example", "web/node_modules/x/.env"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("TOKEN=x")
        (tmp_path / name).chmod(0)
    assert key_files(tmp_path) == (".env", "web/.env.local")


def test_what_a_provider_said_beside_its_answer_is_kept() -> None:
    headers = {"date": "Sat, 21 Nov 2026 11:58:00 GMT", "anthropic-ratelimit-tokens-remaining": "0", "x": "1"}
    listen("provider.example:8443", headers, NOON)
    heard = heard_from("https://user@provider.example:8443/v1")
    assert (heard.ahead_s, heard.left) == (120.0, {"anthropic-ratelimit-tokens-remaining": 0})
    assert heard_from("https://other.example").ahead_s is None
    listen("provider.example:8443", {"date": "yesterday"}, NOON)
    assert heard_from("https://provider.example:8443").ahead_s is None


def test_a_morning_is_the_next_time_the_clock_shows_that() -> None:
    here = NOON.astimezone()
    later = here + timedelta(hours=1)
    assert morning(f"{later:%H:%M}", NOON) - here < timedelta(hours=1, minutes=1)
    assert timedelta(hours=22) < morning(f"{here - timedelta(hours=1):%H:%M}", NOON) - here < timedelta(hours=24)
    for wrong in ("7", "25:00", "07:60", "seven", "-1:00"):
        with pytest.raises(UsageError):
            morning(wrong, NOON)


GREEN = BaseState(word=BaseWord.GREEN, tests=3)
RED = BaseState(word=BaseWord.RED, red=("test (pytest): 2 of 3 tests fail",), failing={"test (pytest)": 2}, tests=3)
BROKEN = BaseState(
    word=BaseWord.BROKEN, broken=("test (pytest): no test ran",), failing={"test (pytest)": BROKEN_COUNTS}
)


@pytest.mark.parametrize(
    ("inside", "outside", "opened", "told"),
    [
        (GREEN, None, (), [("", Weight.OK)]),
        (RED, RED, (), [("gate-red", Weight.NOTE)]),
        (RED, GREEN, ("network",), [("gate-differs", Weight.NOTE), ("gate-red", Weight.NOTE)]),
        (BROKEN, GREEN, ("home",), [("gate-differs", Weight.STOP)]),
        (BROKEN, BROKEN, (), [("gate-broken", Weight.STOP)]),
        (replace(GREEN, word=BaseWord.UNTESTED), None, (), [("gate-untested", Weight.NOTE)]),
    ],
)
def test_the_gate_inside_and_outside(
    inside: BaseState, outside: BaseState | None, opened: tuple[str, ...], told: list[tuple[str, Weight]]
) -> None:
    tried = Rehearsal(
        inside=Passage(state=inside),
        outside=Passage(state=outside) if outside else None,
        opened=(opened, Passage(state=GREEN)) if opened else None,
    )
    found = judge_gate(tried)
    assert [(each.slug, each.weight) for each in found] == told
    if opened:
        assert found[0].mend == f"gate: {{allow: [{opened[0]}]}}  # in orchestrate.yaml"
