"""The loopback server itself, spoken to without any SDK."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.loopback import CALL_HEADER, Loopback, Reply, SeenRequest, scripted_from_records, status

MESSAGES = {"model": "m", "stream": False, "messages": []}


def send(url: str, body: object | None = None, **headers: str) -> Any:
    """GET, or POST with a body."""
    data = None if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data=data, headers={"content-type": "application/json", **named})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as response:
        return json.loads(response.read())


def test_the_three_protocols_without_streaming() -> None:
    with Loopback(lambda _: Reply(text="hello")) as server:
        anthropic = send(f"{server.url}/v1/messages", MESSAGES)
        assert anthropic["content"][0]["text"] == "hello"
        for version in ("v1", "v1beta"):
            google = send(f"{server.url}/{version}/models/g:generateContent", {"contents": []})
            assert google["candidates"][0]["content"]["parts"][0]["text"] == "hello"
        openai = send(f"{server.openai_url}/chat/completions", {**MESSAGES, "stream": False})
        assert openai["choices"][0]["message"]["content"] == "hello"
        assert send(f"{server.url}/v1/messages/count_tokens", MESSAGES)["input_tokens"] > 0
        assert send(f"{server.url}/v1beta/models/g:countTokens", {"contents": []})["totalTokens"] > 0
        assert server.count == 4
        assert [seen.protocol for seen in server.requests] == [
            "anthropic",
            "google",
            "google",
            "openai",
            "anthropic",
            "google",
        ]


def test_one_path_three_lists_of_models() -> None:
    with Loopback(lambda _: Reply(), models=("m",)) as server:
        url = f"{server.url}/v1/models"
        assert send(url, anthropic_version="2026-10-21")["data"][0]["type"] == "model"
        assert send(url, x_goog_api_key="k")["models"][0]["name"] == "models/m"
        assert send(url)["object"] == "list"
        assert server.count == 0


def test_attempts_are_counted_by_call() -> None:
    seen: list[SeenRequest] = []

    def script(request: SeenRequest) -> Reply:
        seen.append(request)
        return Reply(text="x")

    with Loopback(script) as server:
        for call in ("a", "b", "a"):
            send(f"{server.url}/v1/messages", MESSAGES, x_orchestrate_call=call)
    assert [(one.call_id, one.attempt) for one in seen] == [("a", 1), ("b", 1), ("a", 2)]
    assert CALL_HEADER == "x-orchestrate-call"


def test_a_script_without_an_answer_fails_loudly() -> None:
    def script(_: SeenRequest) -> Reply:
        raise KeyError("no such call")

    with Loopback(script) as server:
        with pytest.raises(urllib.error.HTTPError) as caught:
            send(f"{server.url}/v1/messages", MESSAGES, x_orchestrate_call="t.build.executor.1.1")
        caught.value.close()
    assert caught.value.code == 400
    assert server.problems == ["t.build.executor.1.1: KeyError('no such call')"]


def test_an_unknown_route() -> None:
    with Loopback(lambda _: Reply()) as server:
        with pytest.raises(urllib.error.HTTPError) as caught:
            send(f"{server.url}/v2/anything", {})
        caught.value.close()
    assert caught.value.code == 404


def test_answers_from_a_recording_with_faults_before_them(tmp_path: Path) -> None:
    (tmp_path / "t.build.executor.1.1.md").write_text("by hand\n", encoding="utf-8")
    script = scripted_from_records(tmp_path, {"t.build.executor.1.1": [status(529)]})
    with Loopback(script) as server:
        url = f"{server.url}/v1/messages"
        with pytest.raises(urllib.error.HTTPError) as caught:
            send(url, MESSAGES, x_orchestrate_call="t.build.executor.1.1")
        caught.value.close()
        assert caught.value.code == 529
        answer = send(url, MESSAGES, x_orchestrate_call="t.build.executor.1.1")
    assert answer["content"][0]["text"] == "by hand\n"
    assert server.count == 2


def test_it_stops_at_once_and_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    started = time.monotonic()
    with Loopback(lambda _: Reply(text="x", delay_s=0)) as server:
        send(f"{server.url}/v1/messages", MESSAGES)
    assert time.monotonic() - started < 2
    assert [thread for thread in threading.enumerate() if thread not in before and thread.name == "loopback"] == []
