"""The events outside: as a spreadsheet, as Parquet, and at a real OTLP receiver."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from orchestrator.cli import main
from orchestrator.ledger.events import LOG, Event, encode, event, new_event_id
from orchestrator.ledger.events_export import COLUMNS, write_csv
from tests.fakes.collector import Collector, attributes
from tests.ledger.event_lines import at, task_event


@pytest.fixture
def state(tmp_path: Path) -> Path:
    made: list[Event] = [
        task_event("task:completed", f"t{number}", number, model="m-1", tokens=(100, number), run="r", chain="r/t")
        for number in range(700)
    ]
    made.append(task_event("task:created", "=cmd|' /C calc'!A0", 1))
    made.append(event("note", id=new_event_id(), at=at(0.25), entity=("task", "\ud800 ü"), metadata={"a": [1, {}]}))
    folder = tmp_path / "runs"
    folder.mkdir()
    with (folder / LOG).open("wb") as log:
        log.writelines([*map(encode, made), b"foreign\n", encode(made[0])])
    return folder


def rows_of(state: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (state / LOG).read_bytes().splitlines()[:702]]


def test_parquet_holds_every_event_with_its_types(state: Path, tmp_path: Path) -> None:
    out = tmp_path / "events.parquet"
    assert main(["metrics", "export", "--state", str(state), "--format", "parquet", "--out", str(out)]) == 0
    table = pyarrow.parquet.read_table(out)
    assert table.column_names == list(COLUMNS)
    assert table.num_rows == 702
    assert [str(table.schema.field(name).type) for name in ("entityId", "tokensOutput")] == ["string", "int64"]
    first, last = table.slice(3, 1).to_pylist()[0], table.slice(701, 1).to_pylist()[0]
    told = rows_of(state)[3]
    assert (first["id"], first["model"], first["tokensOutput"]) == (told["id"], "m-1", 3)
    assert json.loads(first["metadata"]) == {"run": "r"}
    assert (last["entityId"], last["model"]) == ("\\ud800 ü", None)
    assert [path.name for path in tmp_path.glob("*.tmp")] == []


def test_a_spreadsheet_runs_nothing(state: Path) -> None:
    out = io.StringIO()
    write_csv(rows_of(state), out)
    rows = list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))
    assert len(rows) == 702
    assert rows[700]["entityId"] == "'=cmd|' /C calc'!A0"


def test_only_public_fields_are_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """B9: prose and places stay in the state folder, in whatever form the events leave it."""
    folder = tmp_path / "runs"
    folder.mkdir()
    internal = {"reason": "Plans of ours", "path": "/home/of/ours", "command": "ours --go", "nobody_classified": "ours"}
    public = {"phase": "build", "used": 77_123, "status": "within", "limits": {"build": 88_456, "why": "ours too"}}
    with (folder / LOG).open("wb") as log:
        log.write(encode(task_event("budget:stopped", "t", 1, run="r", **internal, **public)))
    for form in ("csv", "otlp-json", "parquet"):
        out = tmp_path / form
        assert main(["metrics", "export", "--state", str(folder), "--format", form, "--out", str(out)]) == 0
        text = out.read_text() if form != "parquet" else str(pyarrow.parquet.read_table(out).to_pylist())
        assert "ours" not in text, form
        assert "77123" in text, form
        assert "88456" in text, form
    assert b"ours" in (folder / LOG).read_bytes(), "the control: it is in the log"


def test_a_real_receiver_takes_every_event(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        assert main(["metrics", "export", "--state", str(state), "--format", "otlp"]) == 0
        found = [
            record
            for request in collector.logs
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]
        assert attributes(collector.logs[0].resource_logs[0].resource)["service.name"] == "orchestrate"
    assert "702 events sent" in capsys.readouterr().out
    told = rows_of(state)
    assert [attributes(record)["orchestrate.id"] for record in found] == [one["id"] for one in told]
    assert found[3].event_name == found[3].body.string_value == "task:completed"
    assert found[3].time_unix_nano == 1_772_323_203_000_000_000
    assert attributes(found[3])["orchestrate.tokensOutput"] == 3


def test_no_collector_or_a_deaf_one_is_an_error_that_says_so(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    send = ["metrics", "export", "--state", str(state), "--format", "otlp"]
    assert main(send) == 2
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=" in capsys.readouterr().err
    with Collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", f"{collector.url}/nowhere")
        assert main(send) == 3
    assert "did not take the events from number 1 on" in capsys.readouterr().err
