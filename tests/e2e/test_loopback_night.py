"""The whole pilot through the real SDKs, against a server that misbehaves on the way."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from orchestrator.domain.call import FinishReason, Usage
from orchestrator.resources import pilot_dir
from tests.adapters.test_awake import HOLDS
from tests.e2e.nights import FAST_RETRIES, Place, pilot_place, wait_until
from tests.e2e.small import several
from tests.fakes.loopback import Fault, Kind, Loopback, Reply, SeenRequest, scripted_from_records, status

KEYS = {"ANTHROPIC_API_KEY": "sk-test-anthropic-0123456789", "GEMINI_API_KEY": "test-gemini-0123456789"}
FAULTS = {
    "backup.plan.architect.1.1": (status(429, headers={"retry-after": "1"}),),
    "backup.build.executor.1.1": (status(429, headers={"retry-after": "0"}), status(503)),
    "report-hours.plan.architect.1.1": (status(529), status(529)),
    "round-up.build.executor.1.1": (Fault(kind=Kind.CUT),),
    "csv-export.plan.architect.1.1": (Fault(kind=Kind.HALF_JSON),),
    "merge-entries.build.executor.1.1": (Fault(kind=Kind.NO_FINAL),),
    "project-tags.deliver.reviewer.1.1": (Fault(kind=Kind.ERROR_EVENT),),
}


def live(server: Loopback) -> dict[str, str]:
    return {"ANTHROPIC_BASE_URL": server.url, "GOOGLE_GEMINI_BASE_URL": server.url, **KEYS, **FAST_RETRIES}


@pytest.mark.slow
def test_the_pilot_through_both_sdks(tmp_path: Path) -> None:
    recorded = scripted_from_records(pilot_dir() / "calls", FAULTS)

    told: dict[str, Usage] = {}

    def script(seen: SeenRequest) -> Reply:
        reply = recorded(seen)
        if seen.call_id == "colour-output.plan.architect.1.1":
            reply = Reply(text="I cannot help with that.", reason=FinishReason.REFUSAL, detail="cyber")
        if reply.fault is None:
            told[seen.call_id] = reply.usage
        return reply

    with Loopback(script) as server:
        place = pilot_place(tmp_path / "pilot")
        ended = place.orchestrate("run", str(place.tasks), **live(server))
        assert ended.code == 1, ended.err + ended.out
        assert Counter(place.statuses().values()) == {"delivered": 8, "needs_human": 2}
        asked = [seen for seen in server.requests if seen.operation == "generate"]
        assert server.problems == []
    entries = place.entries()
    intents = [entry for entry in entries if entry["type"] == "call:intent"]
    assert len(asked) == len(intents)
    assert Counter(seen.call_id for seen in asked) == Counter(entry["call"] for entry in intents)
    answers = {entry["call"]: entry for entry in entries if entry["type"] == "call:answer"}
    ours = {call: (entry["input_tokens"], entry["output_tokens"]) for call, entry in answers.items()}
    assert ours == {call: (used.input_tokens, used.output_tokens) for call, used in told.items()}
    faults = Counter(entry["fault"] for entry in entries if entry["type"] == "call:failed")
    assert faults == {"rate_limit": 2, "server": 1, "overloaded": 3, "incomplete": 3} or sum(faults.values()) == 9
    refused = next(task for task in place.summary()["tasks"] if task["id"] == "colour-output")
    assert refused["status"] == "needs_human"
    everything = "".join(path.read_text(errors="replace") for path in place.run_folder().rglob("*") if path.is_file())
    for key in KEYS.values():
        assert key not in everything + ended.out + ended.err


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return pilot_place(tmp_path / "pilot")


def test_missing_keys_are_one_clear_error_before_the_first_task(place: Place) -> None:
    ended = place.orchestrate("run", str(place.tasks))
    assert ended.code == 4
    assert "ANTHROPIC_API_KEY" in ended.err
    assert "GEMINI_API_KEY" in ended.err
    assert ended.err.count("error[") == 1
    assert not list((place.folder / "runs").glob("*/journal.jsonl"))


def test_a_refused_key_is_one_clear_error_before_the_first_task(place: Place) -> None:
    with Loopback(lambda seen: Reply(), key="another") as server:
        ended = place.orchestrate("run", str(place.tasks), **live(server))
    assert ended.code == 4
    assert "error[provider-authentication]" in ended.err
    assert "sk-test" not in ended.err
    assert all(seen.operation != "generate" for seen in server.requests)


def test_a_model_that_does_not_exist_is_named_before_the_first_task(place: Place) -> None:
    with Loopback(lambda seen: Reply(), models=["claude-opus-5-5"]) as server:
        ended = place.orchestrate("run", str(place.tasks), **live(server))
    assert ended.code == 4
    assert "gemini" in ended.err


def test_an_outage_holds_up_its_own_tasks_alone_and_a_resume_waits_the_rest(tmp_path: Path) -> None:
    """The executor's provider asks for an hour; that the wait ends is shown with a clock that can be put on."""
    place = several(tmp_path, "one", "two")
    recorded = scripted_from_records(tmp_path / "calls")
    limit = Reply(fault=status(429, headers={"retry-after": "3600"}))
    run = ("run", str(place.tasks), "--sandbox", "none", "--set", "models.outages.wait_up_to_s=0")
    with Loopback(lambda seen: limit if seen.protocol == "google" else recorded(seen)) as server:
        ended = place.orchestrate(*run, **live(server), DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nowhere")
        assert ended.code == 5, ended.err
        assert "error" not in ended.err
        asked = [seen.call_id for seen in server.requests if seen.operation == "generate"]
        assert asked == ["one.plan.architect.1.1", "one.build.executor.1.1", "two.plan.architect.1.1"]
        until = datetime.fromisoformat(place.entries()[-1]["resume_at"])
        assert 3500 < (until - datetime.fromisoformat(place.entries()[-1]["at"])).total_seconds() <= 3600
        words = rf"google: {{}} (\S+ )?{until.astimezone():%H:%M} \(rate limit\)"  # with the day, around midnight
        waits, paused = words.format("waiting until"), words.format("not asked before")
        assert re.search(paused, place.orchestrate("status", "--state", "runs").out)
        resume = ("resume", "--state", "runs", "--sandbox", "none")
        inhibitor = tmp_path / "systemd-inhibit"
        inhibitor.write_text(HOLDS)
        inhibitor.chmod(0o755)
        path = f"{tmp_path}:{place.environment['PATH']}"
        with place.started(*resume, **live(server), PATH=path) as process:
            parked = [entry["task"] for entry in place.entries() if entry["type"] == "task:parked"]
            wait_until(lambda: len([one for one in place.entries() if one["type"] == "task:parked"]) == 2 * len(parked))
            assert re.search(waits, place.orchestrate("status", "--state", "runs").out)
            process.terminate()
            out, err = process.communicate(timeout=60)
        assert len([seen for seen in server.requests if seen.operation == "generate"]) == 3, "nothing more was sent"
    assert process.returncode == 143, err
    assert re.search(f"back to the queue; {waits}", out)
    assert "resumed, kept awake by systemd-inhibit" in out
    assert "nothing keeps the machine awake" in ended.out
    assert {entry["tokens"] for entry in place.entries() if entry.get("phase") == "build" and "tokens" in entry} == {0}


def test_a_cap_is_never_passed_and_the_run_can_go_on_with_a_higher_one(place: Place) -> None:
    with Loopback(scripted_from_records(pilot_dir() / "calls")) as server:
        arguments = ("run", str(place.tasks), "--only", "round-up", "--max-tokens", "40000")
        ended = place.orchestrate(*arguments, **live(server))
        assert ended.code == 5, ended.err
        assert "--max-tokens" in ended.err
        spent = place.summary()["totals"]["tokens"]
        assert spent["input"] + spent["output"] <= 40_000
        again = place.orchestrate("resume", "--state", "runs", "--max-tokens", "900000", **live(server))
    assert again.code == 0, again.err
    calls = [entry["call"] for entry in place.entries() if entry["type"] == "call:intent"]
    assert len(calls) == len(set(calls))
