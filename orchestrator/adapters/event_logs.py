"""Events as OpenTelemetry log records to a collector, through the SDK: ``metrics export --format otlp``.

Set up by the SDK's own variables, as :mod:`~orchestrator.adapters.telemetry` is: ``OTEL_EXPORTER_OTLP_ENDPOINT`` or
``OTEL_EXPORTER_OTLP_LOGS_ENDPOINT``, headers, time limits, certificates. Unlike that, somebody waits for it: what the
collector does not take is an error.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from typing import Any

from orchestrator import __version__
from orchestrator.domain.errors import OrchestrateError, UsageError

_BATCH = 500
"""Records of one request: the SDK's own batches hold 512."""
_VARIABLES = ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_HTTP = "http/protobuf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One event, as a log record has it."""

    at_ms: int
    """Since 1970."""
    name: str
    attributes: Mapping[str, str | int]


def send_events(events: Iterable[Logged]) -> int:
    """Send all; how many. ``UsageError``: no collector named, or the SDK is not there; else not taken, and where."""
    exporter, record_of = _exporter()
    sent, rows = 0, iter(events)
    with _silent_sdk():
        try:
            while batch := list(islice(rows, _BATCH)):
                result = exporter.export([record_of(one) for one in batch])
                if result.name != "SUCCESS":
                    raise OrchestrateError(
                        f"the collector did not take the events from number {sent + 1:,} on",
                        hint=f"does {_address()} speak OTLP over HTTP (/v1/logs)? Sending again is no harm: ids tell",
                        slug="otlp",
                    )
                sent += len(batch)
        finally:
            exporter.shutdown()
    return sent


def _exporter() -> tuple[Any, Any]:
    if not _address():
        raise UsageError(
            "no collector is named", hint=f"{_VARIABLES[1]}=http://localhost:4318 says where it is", slug="no-collector"
        )
    protocol = next(filter(None, map(os.environ.get, _PROTOCOLS)), _HTTP)
    if protocol.strip() != _HTTP:
        raise UsageError(f"OTLP over {protocol} is not spoken", hint=f"{_PROTOCOLS[1]}={_HTTP}", slug="no-collector")
    try:
        logs: Any = import_module("opentelemetry.sdk._logs")
        api: Any = import_module("opentelemetry._logs")
        sdk: Any = import_module("opentelemetry.sdk.resources")
        scopes: Any = import_module("opentelemetry.sdk.util.instrumentation")
        over_http: Any = import_module("opentelemetry.exporter.otlp.proto.http._log_exporter")
    except ImportError:
        raise UsageError(
            "the OpenTelemetry SDK is not installed", hint="pip install 'orchestrate[otel]'", slug="no-otel"
        ) from None
    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "orchestrate"}
    resource = sdk.Resource.create(named)
    scope = scopes.InstrumentationScope("orchestrate.events", __version__)

    def record_of(one: Logged) -> Any:
        record = api.LogRecord(
            timestamp=one.at_ms * 1_000_000,
            severity_text="INFO",
            severity_number=api.SeverityNumber.INFO,
            body=one.name,
            event_name=one.name,
            attributes=dict(one.attributes),
        )
        return logs.ReadableLogRecord(record, resource, scope)

    return over_http.OTLPLogExporter(), record_of


def _address() -> str:
    return next(filter(None, (os.environ.get(name, "").strip() for name in _VARIABLES)), "")


@contextmanager
def _silent_sdk() -> Iterator[None]:
    """The SDK logs each failed attempt; one error of ours says it."""
    logger = logging.getLogger("opentelemetry")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)
