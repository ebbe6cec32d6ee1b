"""The HTTP client under every SDK: watched, so that an attempt can be timed and cut. Imports httpx2: import it late."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2

from orchestrator.adapters.models.deadlines import Attempt
from orchestrator.adapters.models.heard import listen

CALL_HEADER = "x-orchestrate-call"
"""Sent with every call: the call's id, for support and for servers that answer from a recording."""

_BACKSTOP_S = 5.0
"""Seconds past the attempt's own limit after which a single read gives up by itself."""


def is_loopback(base_url: str | None) -> bool:
    """Whether that address is on this machine: no proxy is asked for it."""
    host = urlsplit(base_url or "").hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def new_client(base_url: str | None) -> httpx2.Client:
    """A client for one provider.

    One connection a call: a hand-shake is nothing beside a model's answer, and every attempt then owns its sockets.
    Redirects are not followed: they would carry the key to another host.
    """
    return httpx2.Client(
        trust_env=not is_loopback(base_url),
        follow_redirects=False,
        limits=httpx2.Limits(max_keepalive_connections=0),
        event_hooks={"request": [_watch_request], "response": [_watch_response]},
    )


def _watch_request(request: httpx2.Request) -> None:
    attempt = Attempt.current()
    if attempt is None:
        return
    limits = attempt.deadlines
    read = max(limits.first_byte_s, limits.idle_s) + _BACKSTOP_S
    request.extensions = {
        **request.extensions,
        "timeout": {"connect": limits.first_byte_s, "read": read, "write": read, "pool": limits.first_byte_s},
        "trace": _Trace(attempt),
    }


def _watch_response(response: httpx2.Response) -> None:
    attempt = Attempt.current()
    if attempt is None:
        return
    attempt.beat()
    listen(response.request.url.netloc.decode("ascii", "replace"), response.headers)
    if isinstance(response.stream, httpx2.SyncByteStream):
        response.stream = _Watched(response.stream, attempt)


class _Trace:
    """httpcore's trace hook: learns of connections and of the request's end."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    def __call__(self, name: str, info: dict[str, Any]) -> None:
        if name.endswith(("connect_tcp.complete", "connect_unix_socket.complete", "start_tls.complete")):
            line = info["return_value"].get_extra_info("socket")
            if isinstance(line, socket.socket):
                self._attempt.hold(line)
        elif name.endswith("send_request_body.complete"):
            self._attempt.sent = True


class _Watched(httpx2.SyncByteStream):
    """A body whose every chunk is a sign of life."""

    def __init__(self, inner: httpx2.SyncByteStream, attempt: Attempt) -> None:
        self._inner = inner
        self._attempt = attempt

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._inner:
            self._attempt.beat()
            yield chunk

    def close(self) -> None:
        self._inner.close()
