"""A loopback server that speaks the wire protocols of Anthropic, Gemini and OpenAI (both), well or badly, by a script.

    with Loopback(lambda seen: Reply(text="hello")) as server:
        AnthropicLlm(api_key="k", base_url=server.url).ask(...)
    assert server.count == 1

The script is called once a generating request. Everything is recorded in ``server.requests``. No pytest in here:
scripts use it as well.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.fakes import loopback_anthropic, loopback_google, loopback_openai, loopback_responses
from tests.fakes.loopback_script import (
    CALL_HEADER,
    Fault,
    Kind,
    Reply,
    Script,
    SeenRequest,
    scripted_from_records,
    status,
)

__all__ = [
    "CALL_HEADER",
    "Fault",
    "Kind",
    "Loopback",
    "Reply",
    "Script",
    "SeenRequest",
    "refused_port",
    "scripted_from_records",
    "status",
    "wait_for",
]


class Loopback:
    """The server; a context manager."""

    def __init__(
        self, script: Script, *, key: str | None = None, models: Sequence[str] | None = None, lists: bool = True
    ) -> None:
        """``key``: the only one accepted (``None``: any). ``models``: the only ones there (``None``: any). ``lists``:
        whether it has a list of models at all."""
        self.script = script
        self.key = key
        self.lists = lists
        self.models = tuple(models) if models is not None else None
        self.requests: list[SeenRequest] = []
        self.problems: list[str] = []
        """What the script raised: an unexpected request fails loudly, also after the fact."""
        self.headers: dict[str, str] = {}
        """Sent with every answer beside its own, names in lower case; ``date`` in the place of the true one."""
        self.stopping = threading.Event()
        self._attempts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="loopback", daemon=True
        )

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Base address for the Anthropic and Gemini SDKs."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def openai_url(self) -> str:
        """Base address for the OpenAI SDK."""
        return f"{self.url}/v1"

    @property
    def count(self) -> int:
        """Generating requests so far."""
        with self._lock:
            return sum(1 for seen in self.requests if seen.operation == "generate")

    def start(self) -> Self:
        """Listen."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End every connection and the server's threads."""
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def reset(self, script: Script) -> None:
        """Another script, and nothing recorded: opening clients anew costs tests most of their time."""
        with self._lock:
            self.script = script
            self.requests.clear()
            self.problems.clear()
            self._attempts.clear()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def note(self, seen: SeenRequest) -> SeenRequest:
        """Record it, with the attempt's number."""
        with self._lock:
            if seen.operation == "generate":
                self._attempts[seen.call_id] += 1
            numbered = SeenRequest(**{**_fields(seen), "attempt": self._attempts[seen.call_id]})
            self.requests.append(numbered)
        return numbered

    def reply(self, seen: SeenRequest) -> Reply:
        """The script's answer; a 400 that says what was wrong where it raises."""
        try:
            return self.script(seen)
        except Exception as error:  # noqa: BLE001 - the server's thread must live; the test reads `problems`
            with self._lock:
                self.problems.append(f"{seen.call_id or seen.path}: {error!r}")
            return Reply(fault=status(400, message=f"the script has no answer: {error!r}"))


def _fields(seen: SeenRequest) -> dict[str, Any]:
    return {name: getattr(seen, name) for name in SeenRequest.__dataclass_fields__}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    owner: Loopback

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what half of the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Silence."""

    def do_GET(self) -> None:
        """Model lists."""
        self._serve({})

    def do_POST(self) -> None:
        """Answers and counts."""
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        self._serve(json.loads(raw) if raw else {})

    def _serve(self, body: Mapping[str, Any]) -> None:
        owner = self.server.owner
        seen = owner.note(_read(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        speaker = _SPEAKERS.get(seen.protocol)
        self.close_connection = True
        if speaker is None or not seen.operation:
            self._json(404, {"error": {"message": f"no route {seen.method} {seen.path}"}})
            return
        if owner.key is not None and speaker.key(seen.headers) != owner.key:
            code, answer = speaker.bad_key()
            self._json(code, answer)
            return
        if seen.operation == "models" and not owner.lists:
            self._json(503, speaker.error(503, "", "no list now", ()))
            return
        if seen.operation == "models":
            self._json(200, speaker.models(owner.models or ()))
            return
        if owner.models is not None and seen.model not in owner.models:
            self._json(404, speaker.error(404, "", f"model {seen.model} was not found", ()))
            return
        if seen.operation == "model":
            self._json(200, speaker.one_model(seen.model))
        elif seen.operation == "count":
            self._json(200, speaker.count(len(json.dumps(seen.body)) // 4))
        else:
            self._generate(seen, owner.reply(seen), speaker)

    def _generate(self, seen: SeenRequest, reply: Reply, speaker: Any) -> None:
        fault = reply.fault
        kind = fault.kind if fault else None
        self.server.owner.stopping.wait(reply.delay_s)
        if fault is not None and kind is Kind.STATUS:
            answer = speaker.error(fault.status, fault.word, fault.message, fault.details)
            self._json(fault.status, answer, fault.headers)
            return
        if kind is Kind.HANG:
            self._until_gone()
            return
        if not seen.stream:
            self._json(200, speaker.whole(reply, seen.model))
            return
        frames = speaker.frames(reply, seen.model, usage=kind is not Kind.NO_USAGE, final=kind is not Kind.NO_FINAL)
        if kind is Kind.HALF_JSON:
            frames = [*frames[:1], speaker.half_json()]
        elif kind is Kind.ERROR_EVENT:
            frames = [*frames[:1], speaker.error_event()]
        self._stream(frames, fault)

    def _stream(self, frames: Iterable[bytes], fault: Fault | None) -> None:
        data = b"".join(frames)
        if fault is not None and fault.kind is Kind.DRIP:
            self._drip(data, fault)
            return
        self._head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        if fault is not None and fault.kind is Kind.CUT:
            self._chunk(data[: max(1, int(len(data) * fault.fraction))])
            return  # closed without the last chunk
        for start in range(0, len(data), 4096):
            self._chunk(data[start : start + 4096])
        self.wfile.write(b"0\r\n\r\n")

    def _drip(self, data: bytes, fault: Fault) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
        if fault.headers_first:
            self.wfile.write(head)
            self.wfile.flush()
        else:
            data = head + data
        for number in range(len(data)):
            if self.server.owner.stopping.wait(fault.every_s):
                return
            self.wfile.write(data[number : number + 1])
            self.wfile.flush()

    def _until_gone(self) -> None:
        """Say nothing until the client hangs up or the server stops."""
        self.connection.settimeout(0.05)
        while not self.server.owner.stopping.is_set():
            try:
                if not self.connection.recv(1):
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    def _json(self, code: int, answer: Any, headers: Mapping[str, str] | None = None) -> None:
        data = json.dumps(answer).encode()
        self._head(code, {"content-type": "application/json", "content-length": str(len(data)), **(headers or {})})
        self.wfile.write(data)

    def _head(self, code: int, headers: Mapping[str, str]) -> None:
        self.send_response_only(code)
        told = {"date": self.date_time_string(), **self.server.owner.headers}
        for name, value in {**told, **headers, "connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()


_SPEAKERS: Mapping[str, Any] = {
    "anthropic": loopback_anthropic,
    "google": loopback_google,
    "openai": loopback_openai,
    "responses": loopback_responses,
}


def _read(method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> SeenRequest:
    protocol, operation, model, stream = _route(method, path.partition("?")[0], headers, body)
    return SeenRequest(
        method=method,
        path=path,
        protocol=protocol,
        operation=operation,
        model=model,
        stream=stream,
        headers=headers,
        body=body,
        call_id=headers.get(CALL_HEADER, ""),
        attempt=0,
    )


def _route(method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> tuple[str, str, str, bool]:
    """Protocol, operation, model, streamed. ``/v1/models`` is all three's: the headers tell them apart."""
    name = str(body.get("model", ""))
    if path == "/v1/messages":
        return "anthropic", "generate", name, bool(body.get("stream"))
    if path == "/v1/messages/count_tokens":
        return "anthropic", "count", name, False
    if path == "/v1/chat/completions":
        return "openai", "generate", name, bool(body.get("stream"))
    if path == "/v1/responses" and method == "POST":
        return "responses", "generate", name, bool(body.get("stream"))
    version, _, rest = path.removeprefix("/").partition("/")
    if version not in {"v1", "v1beta"} or not (rest == "models" or rest.startswith("models/")):
        return "", "", "", False
    last = rest.removeprefix("models").removeprefix("/")
    if method == "POST":
        model, _, verb = last.partition(":")
        operation = {"streamGenerateContent": "generate", "generateContent": "generate", "countTokens": "count"}
        return "google", operation.get(verb, ""), model, verb.startswith("stream")
    protocol = "anthropic" if "anthropic-version" in headers else "google" if "x-goog-api-key" in headers else "openai"
    return protocol, "model" if last else "models", last, False


def refused_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether the condition came true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
