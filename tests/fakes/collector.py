"""An OTLP/HTTP collector on loopback: parses what comes with OpenTelemetry's own protobuf classes; or never answers."""

from __future__ import annotations

import gzip
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


class Collector:
    """The collector; a context manager."""

    def __init__(self) -> None:
        self.traces: list[Any] = []
        self.metrics: list[Any] = []
        self.logs: list[Any] = []
        self.bodies: list[bytes] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.owner = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """For ``OTEL_EXPORTER_OTLP_ENDPOINT``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def spans(self, name: str = "") -> list[Any]:
        """All spans received, of that name."""
        found = [
            span
            for request in self.traces
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        return [span for span in found if not name or span.name == name]

    def points(self, metric: str) -> list[Any]:
        """The newest data points of a metric."""
        newest: list[Any] = []
        for request in self.metrics:
            for resource in request.resource_metrics:
                for one in (one for scope in resource.scope_metrics for one in scope.metrics if one.name == metric):
                    newest = list(one.histogram.data_points or one.sum.data_points)
        return newest


def attributes(of: Any) -> dict[str, Any]:
    """Of a span, a data point or a resource, as plain values."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in of.attributes}


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        owner: Collector = self.server.owner  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        owner.bodies.append(body)
        answer: Message
        if self.path == "/v1/traces":
            owner.traces.append(ExportTraceServiceRequest.FromString(body))
            answer = ExportTraceServiceResponse()
        elif self.path == "/v1/metrics":
            owner.metrics.append(ExportMetricsServiceRequest.FromString(body))
            answer = ExportMetricsServiceResponse()
        elif self.path == "/v1/logs":
            owner.logs.append(ExportLogsServiceRequest.FromString(body))
            answer = ExportLogsServiceResponse()
        else:
            self.send_error(404)
            return
        content = answer.SerializeToString()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        return


class Deaf:
    """Accepts connections, reads nothing, never answers."""

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @property
    def url(self) -> str:
        """For ``OTEL_EXPORTER_OTLP_ENDPOINT``."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"
