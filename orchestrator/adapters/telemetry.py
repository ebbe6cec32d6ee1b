"""OpenTelemetry (B8): a run's journal, as it is written, to a collector. Off unless the environment names one.

Set up by the SDK's own variables: ``OTEL_EXPORTER_OTLP_ENDPOINT`` (or ``..._TRACES_ENDPOINT``,
``..._METRICS_ENDPOINT``), ``OTEL_TRACES_EXPORTER``, ``OTEL_METRICS_EXPORTER``, ``OTEL_SDK_DISABLED``, and what the SDK
reads further (headers, time limits, batch sizes, ``OTEL_SERVICE_NAME``). Off the critical path: the journal's writer
puts an entry into a bounded queue and goes on; a thread of its own imports the SDK, makes the signals, and sends
them. What does not fit is dropped and counted. At the end the run waits a few seconds at most.

Deliberate limit: OTLP over HTTP only; with ``grpc`` asked for, telemetry says so and stays off.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from orchestrator import __version__
from orchestrator.adapters.telemetry_signals import Signals
from orchestrator.domain.errors import UsageError
from orchestrator.logs import get_logger

QUEUE = 4096
"""Entries that may wait. A run of ten tasks writes about 700; the SDK's own span queue holds 2,048."""
CLOSE_S = 3.0
"""Longest that a run's end waits for what is still to be sent."""
METRICS_CLOSE_S = 1.5
"""Its share for the metrics; spans have the rest."""
_ENDPOINTS = {
    "metrics": ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"),
    "traces": ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
}
_HTTP = "http/protobuf"
_EXTRA = "pip install 'orchestrate[otel]'"

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the environment asks for."""

    metrics: bool = False
    traces: bool = False
    fault: str = ""
    """Why it is off although it was asked for."""

    @property
    def anything(self) -> bool:
        """Whether any signal is to be sent."""
        return self.metrics or self.traces


def wanted(environment: Mapping[str, str]) -> Wanted:
    """What the SDK's variables ask for."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return Wanted()
    asked = {signal: _asked(signal, environment) for signal in _ENDPOINTS}
    for signal in (signal for signal, on in asked.items() if on):
        own = f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL"
        protocol = environment.get(own) or environment.get("OTEL_EXPORTER_OTLP_PROTOCOL") or _HTTP
        if protocol.strip() != _HTTP:
            return Wanted(fault=f"OTLP over {protocol} is not spoken; set OTEL_EXPORTER_OTLP_PROTOCOL={_HTTP}")
    return Wanted(metrics=asked["metrics"], traces=asked["traces"])


def _asked(signal: str, environment: Mapping[str, str]) -> bool:
    exporters = environment.get(f"OTEL_{signal.upper()}_EXPORTER", "").strip().lower()
    if exporters:
        return "otlp" in {name.strip() for name in exporters.split(",")}
    return any(environment.get(name, "").strip() for name in _ENDPOINTS[signal])


class Telemetry:
    """Implements :class:`orchestrator.ports.Listener`; :meth:`close` it at the run's end."""

    def __init__(self, wanted: Wanted, run: str, earlier: Iterable[Entry] = ()) -> None:
        self._wanted = wanted
        self._run = run
        self._earlier = tuple(earlier)
        self._queue: queue.Queue[Entry | None] = queue.Queue(QUEUE)
        self._dropped = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="telemetry", daemon=True)
        self._thread.start()

    def __call__(self, entry: Entry) -> None:
        """Take a new entry; never waits, never raises."""
        try:
            self._queue.put_nowait(entry)
        except queue.Full:
            self._dropped += 1

    def close(self) -> None:
        """Send what is left; returns after :data:`CLOSE_S` at the latest."""
        self._closing.set()
        try:
            self._queue.put_nowait(None)
        except queue.Full:
            self._dropped += 1
        self._thread.join(CLOSE_S)
        if self._thread.is_alive():
            get_logger(__name__).warning("telemetry: the collector did not take everything in time")
        if self._dropped:
            get_logger(__name__).warning("telemetry: entries dropped", count=self._dropped)

    def _work(self) -> None:
        try:
            door = _Door(self._wanted, self._run)
            for old in self._earlier:
                door.signals.learn(old)
            self._earlier = ()
            while (entry := self._next()) is not None:
                door.signals.take(entry)
            door.close()
        except ImportError as error:
            get_logger(__name__).warning("telemetry is off: the SDK is not installed", why=str(error), mend=_EXTRA)
        except Exception as error:  # noqa: BLE001 - a fault in telemetry warns once and fails no task (B11)
            get_logger(__name__).warning("telemetry ended", why=f"{type(error).__name__}: {error}")

    def _next(self) -> Entry | None:
        """The next entry; ``None`` at the end, also where the queue was too full to take the last word."""
        while True:
            try:
                return self._queue.get(timeout=0.2 if self._closing.is_set() else 1.0)
            except queue.Empty:
                if self._closing.is_set():
                    return None


def open_telemetry(run: str, environment: Mapping[str, str], earlier: Iterable[Entry] = ()) -> Telemetry | None:
    """Telemetry of a run's session, or ``None`` where it is off: nothing is imported then.

    ``earlier``: the entries of the run's earlier sessions; they are not sent again.
    """
    asked = wanted(environment)
    if asked.fault:
        get_logger(__name__).warning("telemetry is off", why=asked.fault)
    return Telemetry(asked, run, earlier) if asked.anything else None


def send_entries(run: str, entries: Iterable[Entry], environment: Mapping[str, str]) -> bool:
    """Send a finished run's entries, all at once; whether the collector took everything.

    ``UsageError`` where the environment names no collector, or the SDK is not installed. Waits for the exporter's own
    time limits (``OTEL_EXPORTER_OTLP_TIMEOUT``).
    """
    asked = wanted(environment)
    if not asked.anything:
        raise UsageError(
            asked.fault or "no collector is named",
            hint="set OTEL_EXPORTER_OTLP_ENDPOINT=http://HOST:4318",
            slug="no-collector",
        )
    try:
        door = _Door(asked, run)
    except ImportError:
        raise UsageError("the OpenTelemetry SDK is not installed", hint=_EXTRA, slug="no-otel") from None
    for entry in entries:
        door.signals.take(entry)
    return door.close(limit_s=None)


class _Door:
    """The SDK, set up: providers, exporters, signals."""

    def __init__(self, asked: Wanted, run: str) -> None:
        metrics, trace, resources = (
            import_module(f"opentelemetry.sdk.{name}") for name in ("metrics", "trace", "resources")
        )
        attributes = {"service.version": __version__, "orchestrate.run": run}
        named = "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
        if not (os.environ.get("OTEL_SERVICE_NAME") or named):
            attributes["service.name"] = "orchestrate"
        resource = resources.Resource.create(attributes)
        self._failed: list[str] = []
        readers = [self._reader()] if asked.metrics else []
        self._meters = metrics.MeterProvider(readers, resource=resource, shutdown_on_exit=False)
        self._tracers = trace.TracerProvider(resource=resource, shutdown_on_exit=False)
        if asked.traces:
            self._tracers.add_span_processor(self._processor())
        scope = ("orchestrate", __version__)
        self.signals = Signals(self._meters.get_meter(*scope), self._tracers.get_tracer(*scope))

    def _reader(self) -> Any:
        exporters = import_module("opentelemetry.exporter.otlp.proto.http.metric_exporter")
        reader = import_module("opentelemetry.sdk.metrics.export").PeriodicExportingMetricReader
        return reader(self._watched(exporters.OTLPMetricExporter()))

    def _processor(self) -> Any:
        exporters = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        processor = import_module("opentelemetry.sdk.trace.export").BatchSpanProcessor
        return processor(self._watched(exporters.OTLPSpanExporter()))

    def _watched(self, exporter: Any) -> Any:
        """The exporter, its failures noted: the SDK's providers do not tell."""
        inner = exporter.export

        def export(*args: Any, **kwargs: Any) -> Any:
            result = inner(*args, **kwargs)
            if result.name != "SUCCESS":
                self._failed.append(type(exporter).__name__)
            return result

        exporter.export = export
        return exporter

    def close(self, limit_s: float | None = METRICS_CLOSE_S) -> bool:
        """End open spans, send everything; whether it was taken. ``limit_s``: for the metrics, seconds."""
        self.signals.close()
        try:
            self._meters.shutdown(timeout_millis=(limit_s or 30.0) * 1000)
        except Exception as error:  # noqa: BLE001 - the SDK raises a bare Exception where a reader was too slow
            self._failed.append(str(error))
        self._tracers.shutdown()
        return not self._failed
