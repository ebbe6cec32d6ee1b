"""OpenTelemetry against a real receiver on loopback, and against receivers that never answer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters import telemetry
from orchestrator.adapters.telemetry import Telemetry, Wanted, open_telemetry, send_entries, wanted
from orchestrator.domain.errors import UsageError
from tests.e2e.small import PROJECT, doubling, place_of
from tests.fakes.collector import Collector, Deaf, attributes
from tests.fakes.loopback import refused_port, wait_for

BOTH = Wanted(metrics=True, traces=True)
STARTED = "2026-11-21T02:00:00.000+00:00"


def entry(kind: str, second: float, **fields: Any) -> dict[str, Any]:
    return {"seq": 0, "at": f"2026-11-21T02:00:{second:06.3f}+00:00", "type": kind, **fields}


CALL = {
    "call": "t.plan.architect.1.1",
    "task": "t",
    "phase": "plan",
    "role": "architect",
    "model": "m",
    "provider": "p",
}
OUTCOME = {"budget_status": "within"}
ENTRIES: tuple[Mapping[str, Any], ...] = (
    entry("run:started", 0, run="r", tasks=[{"id": "t", "title": "Secret plans", "importance": "high"}]),
    entry("session:started", 0, run="r", repo="/home/someone", version="1"),
    entry("task:started", 1, task="t", title="Secret plans", complexity="simple"),
    entry("phase:entered", 1, task="t", phase="plan"),
    entry("call:intent", 1, attempt=1, **CALL),
    entry("call:answer", 3, attempt=1, input_tokens=700, output_tokens=200, reason="end", **CALL),
    entry("check:finished", 6, task="t", check="lint", command="ruff .", passed=True, seconds=1.0, iteration=1),
    entry("check:finished", 8, task="t", check="test", command="pytest", passed=False, seconds=2.0, iteration=1),
    entry("gate:finished", 8, task="t", passed=False, headline="Secret plans", iteration=1),
    entry("phase:left", 9, task="t", phase="plan", tokens=900, seconds=8.0, token_limit=500, status="exceeded"),
    entry(
        "task:finished", 9, task="t", status="delivered", tokens=900, seconds=8.0, outcome={"budget_status": "within"}
    ),
    entry("run:finished", 10, outcome="delivered"),
)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with Collector() as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
        yield server


def sent(collector: Collector) -> Collector:
    live = Telemetry(BOTH, "r")
    for one in ENTRIES:
        live(one)
    live.close()  # waits its three seconds at most; on a busy machine the rest is still under way
    assert wait_for(lambda: bool(collector.traces and collector.metrics))
    return collector


def test_the_five_metrics_arrive_with_their_attributes(collector: Collector) -> None:
    sent(collector)
    phase = {"phase": "plan", "task": "t", "complexity": "simple", "importance": "high", "breach_status": "exceeded"}
    task = {"task": "t", "complexity": "simple", "importance": "high", "breach_status": "within"}
    wanted_sums = {
        "autopilot.phase.tokens_used": (phase, 900),
        "autopilot.phase.latency_ms": (phase, 8000),
        "autopilot.task.tokens_total": (task, 900),
        "autopilot.task.latency_total_ms": (task, 8000),
    }
    for name, (expected, total) in wanted_sums.items():
        (point,) = collector.points(name)
        assert (attributes(point), point.sum, point.count) == (expected, total, 1), name
    (breach,) = collector.points("autopilot.phase.budget_breach")
    assert (attributes(breach), breach.as_int) == (phase, 1)


def test_a_span_for_run_task_phase_call_and_check_each_below_the_other(collector: Collector) -> None:
    sent(collector)
    spans = collector.spans()
    names = {span.span_id: span.name for span in spans}
    above = {span.name: names.get(span.parent_span_id, "") for span in spans}
    assert above == {
        "autopilot.run": "",
        "autopilot.task": "autopilot.run",
        "autopilot.phase": "autopilot.task",
        "autopilot.call": "autopilot.phase",
        "autopilot.check": "autopilot.phase",
    }
    assert len({span.trace_id for span in spans}) == 1
    (call,) = collector.spans("autopilot.call")
    assert call.end_time_unix_nano - call.start_time_unix_nano == 2_000_000_000
    told = attributes(call)
    assert (told["gen_ai.request.model"], told["gen_ai.usage.input_tokens"], told["reason"]) == ("m", 700, "end")


def test_a_check_ends_where_the_journal_says_and_a_red_one_is_an_error(collector: Collector) -> None:
    lint, test = sorted(sent(collector).spans("autopilot.check"), key=lambda span: int(span.start_time_unix_nano))
    assert lint.end_time_unix_nano == test.start_time_unix_nano
    assert test.end_time_unix_nano - lint.start_time_unix_nano == 3_000_000_000
    assert (lint.status.code, test.status.code) == (0, 2)
    assert attributes(test)["check"] == "test"


def test_only_public_fields_leave(collector: Collector) -> None:
    sent(collector)
    everything = b"".join(collector.bodies)
    assert b"delivered" in everything
    for internal in (b"Secret plans", b"/home/someone", b"ruff .", b"pytest"):
        assert internal not in everything


def test_entries_of_earlier_sessions_grade_but_are_not_sent(collector: Collector) -> None:
    live = Telemetry(BOTH, "r", ENTRIES[:1])
    for one in ENTRIES[1:]:
        live(one)
    live.close()
    (point,) = collector.points("autopilot.task.tokens_total")
    assert attributes(point)["importance"] == "high"


def test_what_a_signal_left_open_is_ended(collector: Collector) -> None:
    live = Telemetry(BOTH, "r")
    for one in ENTRIES[:5]:
        live(one)
    live.close()
    assert sorted(span.name for span in collector.spans()) == [
        "autopilot.call", "autopilot.phase", "autopilot.run", "autopilot.task",
    ]  # fmt: skip
    assert all(span.end_time_unix_nano for span in collector.spans())


def test_a_finished_run_can_be_sent_again(collector: Collector) -> None:
    assert send_entries("r", ENTRIES, {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url})
    assert len(collector.spans("autopilot.check")) == 2


def test_sending_again_says_when_it_was_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://127.0.0.1:{refused_port()}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    assert not send_entries("r", ENTRIES, {"OTEL_EXPORTER_OTLP_ENDPOINT": url})
    with pytest.raises(UsageError, match="no collector is named") as refused:
        send_entries("r", ENTRIES, {})
    assert refused.value.slug == "no-collector"


@pytest.mark.parametrize("deaf", [True, False], ids=["accepts-and-never-answers", "closed-port"])
def test_a_dead_collector_delays_neither_an_entry_nor_much_the_end(deaf: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "CLOSE_S", 0.3)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "4")
    with Deaf() as server:
        url = server.url if deaf else f"http://127.0.0.1:{refused_port()}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        live = Telemetry(BOTH, "r")
        for one in ENTRIES:
            live(one)
        live.close()
        assert live._thread.is_alive()  # the sender still waits for the collector, and nobody waits for the sender
        assert live._thread.daemon


def test_a_full_queue_drops_and_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "QUEUE", 3)
    monkeypatch.setattr(Telemetry, "_work", lambda self: self._closing.wait())  # a thread that is stuck
    live = Telemetry(BOTH, "r")
    for one in ENTRIES:
        live(one)
    assert live._dropped == len(ENTRIES) - 3
    live.close()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, Wanted()),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318"}, BOTH),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318", "OTEL_SDK_DISABLED": "TRUE"}, Wanted()),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318", "OTEL_TRACES_EXPORTER": "none"}, Wanted(metrics=True)),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://h:4318/v1/traces"}, Wanted(traces=True)),
        ({"OTEL_METRICS_EXPORTER": "otlp"}, Wanted(metrics=True)),
        ({"OTEL_SERVICE_NAME": "x"}, Wanted()),
    ],
)
def test_what_the_standard_variables_ask_for(environment: dict[str, str], expected: Wanted) -> None:
    assert wanted(environment) == expected


def test_a_protocol_that_is_not_spoken_is_said_and_stays_off() -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    assert "grpc" in wanted(environment).fault
    assert open_telemetry("r", environment) is None


def imported(code: str, **environment: str) -> str:
    """What of OpenTelemetry another process has imported after that code."""
    ask = "import sys; print(sorted(name for name in list(sys.modules) if name.startswith('opentelemetry')))"
    root = str(Path(__file__).parents[2])
    argv = [sys.executable, "-c", f"{code}\n{ask}"]
    return subprocess.run(
        argv, check=True, capture_output=True, text=True, env={"PYTHONPATH": root, **environment}
    ).stdout.strip()


def test_nothing_is_imported_when_off() -> None:
    code = "from orchestrator.adapters.telemetry import open_telemetry\nimport os, orchestrator.wiring\n"
    code += "live = open_telemetry('r', os.environ)\n"
    code += "live and (live(dict(type='x', at='2026-11-21')), live.close(), live._thread.join())"
    assert imported(code) == "[]"
    on = imported(code, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{refused_port()}")
    assert "'opentelemetry.sdk.trace'" in on  # the positive control


def test_a_whole_run_is_seen_by_the_collector(tmp_path: Path) -> None:
    place = place_of(tmp_path, PROJECT, doubling())
    run = ("run", str(place.tasks), "--models", f"replay:{place.folder / 'calls'}", "--sandbox", "none")
    with Collector() as collector:
        ended = place.orchestrate(*run, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_SERVICE_NAME="nights")
        assert ended.code == 0, ended.err
        assert wait_for(lambda: bool(collector.metrics))
    phases = [entry for entry in place.entries() if entry["type"] == "phase:left"]
    assert len(collector.spans("autopilot.phase")) == len(phases) == 5
    assert len(collector.spans("autopilot.call")) == 3
    assert len(collector.spans("autopilot.check")) == sum(e["type"] == "check:finished" for e in place.entries())
    (total,) = collector.points("autopilot.task.tokens_total")
    assert total.sum == next(e["tokens"] for e in place.entries() if e["type"] == "task:finished")
    assert attributes(collector.traces[0].resource_spans[0].resource)["service.name"] == "nights"
