"""``metrics export``: the events as CSV, Parquet, or OTLP's JSON of log records."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from orchestrator.domain.classification import public
from orchestrator.domain.errors import UsageError
from orchestrator.ledger.durable import sync_folder
from orchestrator.ledger.events import Event
from orchestrator.ledger.events_read import instant_ms

COLUMNS = (
    "id",
    "timestamp",
    "eventType",
    "entityType",
    "entityId",
    "chainId",
    "requestId",
    "model",
    "role",
    "tokensInput",
    "tokensOutput",
    "metadata",
)
_COUNTS = ("tokensInput", "tokensOutput")
_GROUP = 50_000
"""Rows of one Parquet row group."""
_BATCH = 500
"""Log records of one OTLP line: collectors read a request a line (the file exporter's form)."""


def flat(made: Event) -> dict[str, Any]:
    """One row of a table; what is not known is ``None``, metadata stays JSON. Lone surrogates, which no format takes,
    are written as their escapes.
    """
    agent = made.get("agent") or {}
    tokens = agent.get("tokens") or {}
    row: dict[str, Any] = {name: made.get(name) for name in COLUMNS[:7]}
    row |= {"model": agent.get("model"), "role": agent.get("role")}
    row |= {"tokensInput": tokens.get("input"), "tokensOutput": tokens.get("output")}
    metadata = made.get("metadata")
    if metadata is not None:
        metadata = public(metadata, str(made.get("eventType", "")))  # B9: prose and places stay in the state folder
    row["metadata"] = json.dumps(metadata, ensure_ascii=True) if metadata is not None else None
    return {name: _text(value) if isinstance(value, str) else value for name, value in row.items()}


def _text(value: str) -> str:
    return value.encode("utf-8", "backslashreplace").decode()


def write_csv(events: Iterable[Event], out: TextIO) -> None:
    """RFC 4180. Text that a spreadsheet would run as a formula is written with a quote before it."""
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for made in events:
        writer.writerow([_inert(value) for value in flat(made).values()])


def _inert(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
    return value


def write_otlp(events: Iterable[Event], out: TextIO) -> None:
    """OTLP/JSON ``LogsData``, one object of up to 500 records a line."""
    rows = iter(events)
    while batch := list(islice(rows, _BATCH)):
        scope = {"scope": {"name": "orchestrate.events"}, "logRecords": [_log_record(made) for made in batch]}
        resource = {"attributes": [_attribute("service.name", "orchestrate")]}
        out.write(json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [scope]}]}) + "\n")


def named(made: Event) -> dict[str, Any]:
    """What of an event is known, as attributes of its log record."""
    return {f"orchestrate.{name}": value for name, value in flat(made).items() if value is not None}


def _log_record(made: Event) -> dict[str, Any]:
    return {
        "timeUnixNano": str(instant_ms(made["timestamp"]) * 1_000_000),
        "severityNumber": 9,
        "severityText": "INFO",
        "eventName": made["eventType"],
        "body": {"stringValue": made["eventType"]},
        "attributes": [_attribute(name, value) for name, value in named(made).items()],
    }


def _attribute(name: str, value: Any) -> dict[str, Any]:
    shown = {"intValue": str(value)} if isinstance(value, int) else {"stringValue": str(value)}
    return {"key": name, "value": shown}


def write_parquet(events: Iterable[Event], path: Path) -> None:
    """A Parquet file, whole or not at all. ``UsageError`` where the optional dependency is not installed."""
    try:
        pa: Any = import_module("pyarrow")  # an extra, and a heavy one
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise UsageError(
            "Parquet needs pyarrow, which is not installed",
            hint="pip install pyarrow, or --format csv",
            slug="no-parquet",
        ) from None
    schema = pa.schema([(name, pa.int64() if name in _COUNTS else pa.string()) for name in COLUMNS])
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with parquet.ParquetWriter(beside, schema) as writer:
            for rows in _groups(events):
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(path.parent)


def _groups(events: Iterable[Event]) -> Iterator[list[dict[str, Any]]]:
    rows = map(flat, events)
    while group := list(islice(rows, _GROUP)):
        yield group
