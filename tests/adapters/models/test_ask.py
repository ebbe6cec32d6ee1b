"""The real SDKs against a loopback server: what is sent, what comes back, for all three protocols."""

from __future__ import annotations

import json
import time

import pytest

from orchestrator.domain.call import Deadlines, FinishReason, Message, Speaker, ToolCall, ToolResult, Usage
from tests.adapters.models.common import KEY, LONG, LOOK_UP, MODELS, PROVIDERS, SECRET, request, served
from tests.fakes.loopback import Fault as Wrong
from tests.fakes.loopback import Kind, Loopback, Reply

CALL = ToolCall(id="call_1", name="read_file", arguments={"path": "src/dätes.py", "lines": [1, 20]})
USED = Usage(input_tokens=900, output_tokens=300, cached_tokens=200, thinking_tokens=120)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_text_and_usage_come_back_whole(provider: str) -> None:
    text = "Ein Wort: ±é — " + "x" * 5000 + "\n"
    with served(provider, Reply(text=text, usage=USED, thinking="hmm")) as (llm, server):
        answer = llm.ask(request(provider), LONG)
    assert answer.text == text
    assert answer.reason is FinishReason.END
    assert answer.usage == USED
    assert answer.model == MODELS[provider]
    assert answer.seconds > 0
    assert "hmm" in json.dumps(answer.raw)
    assert server.count == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_sent(provider: str) -> None:
    with served(provider, Reply(text="ok")) as (llm, server):
        llm.ask(request(provider, max_output_tokens=1234, effort="high", tools=(LOOK_UP,), cache_system=True), LONG)
    [seen] = server.requests
    assert seen.stream
    assert seen.call_id == KEY.call_id
    sent = json.dumps(seen.body)
    assert "temperature" not in sent
    assert "You write code." in sent
    assert "1234" in sent
    assert LOOK_UP.description in sent
    assert SECRET in json.dumps(dict(seen.headers))


def test_anthropic_marks_the_system_prompt_for_the_cache_and_passes_effort() -> None:
    with served("anthropic", Reply(text="ok")) as (llm, server):
        llm.ask(request("anthropic", effort="high", cache_system=True), LONG)
        llm.ask(request("anthropic"), LONG)
    first, second = (seen.body for seen in server.requests)
    assert first["system"] == [
        {"type": "text", "text": "You write code.", "cache_control": {"type": "ephemeral"}},
    ]
    assert first["output_config"] == {"effort": "high"}
    assert first["max_tokens"] == 4000
    assert "cache_control" not in second["system"][0]
    assert "output_config" not in second


@pytest.mark.parametrize(
    ("model", "effort", "level"),
    [
        ("gemini-4-argon", "low", "LOW"),
        ("gemini-4-argon", "medium", "MEDIUM"),
        ("gemini-4-argon", "max", "HIGH"),
        ("gemini-4-argon", None, None),
        ("gemini-2.5-pro", "high", None),
    ],
)
def test_google_thinking_level(model: str, effort: str | None, level: str | None) -> None:
    with served("google", Reply(text="ok", model=model)) as (llm, server):
        llm.ask(request("google", model=model, effort=effort), LONG)
    settings = server.requests[0].body["generationConfig"]
    thinking = settings.get("thinkingConfig", {})
    assert thinking.get("thinkingLevel", thinking.get("thinking_level")) == level  # the API takes both spellings
    assert settings["maxOutputTokens"] == 4000


def test_a_local_server_is_asked_by_the_older_name_of_the_cap_and_needs_no_key() -> None:
    from orchestrator.adapters.models.openai_llm import OpenAiLlm

    with Loopback(lambda _: Reply(text="ok")) as server:
        llm = OpenAiLlm(api_key=None, base_url=server.openai_url)
        assert llm.ask(request("openai"), LONG).text == "ok"
        llm.close()
    assert server.requests[0].body["max_tokens"] == 4000
    assert "max_completion_tokens" not in server.requests[0].body


@pytest.mark.parametrize("provider", PROVIDERS)
def test_look_ups_both_ways(provider: str) -> None:
    """The model asks, is answered, and its own turn goes back as it was."""
    signature = "c2lnbmVk/+8="  # both letters that differ between the base64 alphabets
    call = ToolCall(id="call_1", name=CALL.name, arguments=CALL.arguments, signature=signature)
    with served(provider, Reply(text="Let me see.", tool_calls=(call,), thinking="T", signature="c2ln")) as (
        llm,
        server,
    ):
        first = llm.ask(request(provider, tools=(LOOK_UP,)), LONG)
        assert first.reason is FinishReason.TOOL
        assert [(one.id, one.name, one.arguments) for one in first.tool_calls] == [
            ("call_1", call.name, call.arguments)
        ]
        asked = Message(speaker=Speaker.USER, text="Fix it.")
        said = Message(speaker=Speaker.MODEL, text=first.text, tool_calls=first.tool_calls, raw=first.raw)
        told = Message(
            speaker=Speaker.USER, tool_results=(ToolResult(id="call_1", name="read_file", content="x = 1\n"),)
        )
        llm.ask(request(provider, asked, said, told, tools=(LOOK_UP,)), LONG)
    body = server.requests[1].body
    if provider == "anthropic":
        assert body["messages"][1]["content"] == [
            {"type": "thinking", "thinking": "T", "signature": "c2ln"},
            {"type": "text", "text": "Let me see."},
            {"type": "tool_use", "id": "call_1", "name": "read_file", "input": dict(CALL.arguments)},
        ]
        assert body["messages"][2]["content"] == [
            {"type": "tool_result", "tool_use_id": "call_1", "content": "x = 1\n"}
        ]
    elif provider == "google":
        thought, text, asked_for = body["contents"][1]["parts"]
        assert thought == {"text": "T", "thought": True}
        assert text["text"] == "Let me see."
        assert asked_for["functionCall"] == {"id": "call_1", "name": "read_file", "args": dict(CALL.arguments)}
        assert asked_for["thoughtSignature"].replace("-", "+").replace("_", "/") == signature
        assert body["contents"][2]["parts"] == [
            {"functionResponse": {"id": "call_1", "name": "read_file", "response": {"result": "x = 1\n"}}}
        ]
    else:
        assert body["messages"][2]["tool_calls"][0]["function"]["name"] == "read_file"
        assert json.loads(body["messages"][2]["tool_calls"][0]["function"]["arguments"]) == dict(CALL.arguments)
        assert body["messages"][3] == {"role": "tool", "tool_call_id": "call_1", "content": "x = 1\n"}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_turn_of_another_provider_is_told_in_plain_parts(provider: str) -> None:
    foreign = {"origin": "hand-written", "text": "Let me see."}
    said = Message(speaker=Speaker.MODEL, text="Let me see.", tool_calls=(CALL,), raw=foreign)
    told = Message(speaker=Speaker.USER, tool_results=(ToolResult(id="call_1", name="read_file", content="x"),))
    asked = Message(speaker=Speaker.USER, text="Fix it.")
    with served(provider, Reply(text="ok")) as (llm, server):
        llm.ask(request(provider, asked, said, told, tools=(LOOK_UP,)), LONG)
    sent = json.dumps(server.requests[0].body)
    assert "Let me see." in sent
    assert "read_file" in sent
    assert "hand-written" not in sent


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_empty_turn_can_be_sent_back(provider: str) -> None:
    """An answer of nothing but thinking is asked again; no provider takes the empty turn as it was."""
    with served(provider, Reply(thinking="T", signature="c2ln")) as (llm, server):
        empty = llm.ask(request(provider), LONG)
        assert empty.text == ""
        said = Message(speaker=Speaker.MODEL, text="", raw=empty.raw if provider == "anthropic" else None)
        user = Message(speaker=Speaker.USER, text="Again.")
        llm.ask(request(provider, user, said, user), LONG)
    assert "(no answer)" in json.dumps(server.requests[1].body)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_long_answer_costs_no_quadratic_time(provider: str) -> None:
    text = "word " * 400_000
    started = time.monotonic()
    with served(provider, Reply(text=text)) as (llm, _):
        assert llm.ask(request(provider), Deadlines(first_byte_s=60, idle_s=60, total_s=60)).text == text
    assert time.monotonic() - started < 30


def test_thinking_of_another_model_is_not_sent_back() -> None:
    said = Message(
        speaker=Speaker.MODEL,
        text="Hm.",
        raw={
            "type": "message",
            "model": "claude-sonnet-5-5",
            "content": [{"type": "thinking", "thinking": "T", "signature": "s"}, {"type": "text", "text": "Hm."}],
        },
    )
    user = Message(speaker=Speaker.USER, text="Go on.")
    with served("anthropic", Reply(text="ok")) as (llm, server):
        llm.ask(request("anthropic", user, said, user), LONG)
    assert server.requests[0].body["messages"][1]["content"] == [{"type": "text", "text": "Hm."}]


def test_google_calls_without_an_id_get_a_stable_one_that_is_never_sent() -> None:
    call = ToolCall(id="", name="read_file", arguments={"path": "a.py"})
    with served("google", Reply(tool_calls=(call, call))) as (llm, server):
        answer = llm.ask(request("google", tools=(LOOK_UP,)), LONG)
        ids = [one.id for one in answer.tool_calls]
        assert len(set(ids)) == 2
        assert [one.id for one in llm.ask(request("google", tools=(LOOK_UP,)), LONG).tool_calls] == ids
        said = Message(speaker=Speaker.MODEL, tool_calls=answer.tool_calls, raw=answer.raw)
        told = Message(
            speaker=Speaker.USER, tool_results=tuple(ToolResult(id=one, name="read_file", content="x") for one in ids)
        )
        llm.ask(request("google", Message(speaker=Speaker.USER, text="Go."), said, told), LONG)
    assert ids[0] not in json.dumps(server.requests[2].body)


@pytest.mark.parametrize(
    ("provider", "word", "expected"),
    [
        ("anthropic", "end_turn", FinishReason.END),
        ("anthropic", "stop_sequence", FinishReason.END),
        ("anthropic", "max_tokens", FinishReason.LENGTH),
        ("anthropic", "refusal", FinishReason.REFUSAL),
        ("anthropic", "model_context_window_exceeded", FinishReason.CONTEXT_EXCEEDED),
        ("anthropic", "pause_turn", FinishReason.OTHER),
        ("anthropic", "something_new", FinishReason.OTHER),
        ("google", "STOP", FinishReason.END),
        ("google", "MAX_TOKENS", FinishReason.LENGTH),
        ("google", "CONTINUATION", FinishReason.LENGTH),
        ("google", "SAFETY", FinishReason.SAFETY),
        ("google", "BLOCKLIST", FinishReason.SAFETY),
        ("google", "PROHIBITED_CONTENT", FinishReason.SAFETY),
        ("google", "SPII", FinishReason.SAFETY),
        ("google", "MODEL_ARMOR", FinishReason.SAFETY),
        ("google", "RECITATION", FinishReason.RECITATION),
        ("google", "MALFORMED_FUNCTION_CALL", FinishReason.MALFORMED),
        ("google", "MALFORMED_RESPONSE", FinishReason.MALFORMED),
        ("google", "UNEXPECTED_TOOL_CALL", FinishReason.MALFORMED),
        ("google", "TOO_MANY_TOOL_CALLS", FinishReason.MALFORMED),
        ("google", "MISSING_THOUGHT_SIGNATURE", FinishReason.MALFORMED),
        ("google", "PUP_LIMITED_DISABLED", FinishReason.LIMITED),
        ("google", "LANGUAGE", FinishReason.OTHER),
        ("google", "SOMETHING_NEW", FinishReason.OTHER),
        ("openai", "stop", FinishReason.END),
        ("openai", "length", FinishReason.LENGTH),
        ("openai", "content_filter", FinishReason.SAFETY),
        ("openai", "something_new", FinishReason.OTHER),
    ],
)
def test_every_reason(provider: str, word: str, expected: FinishReason) -> None:
    with served(provider, Reply(text="part", word=word)) as (llm, server):
        answer = llm.ask(request(provider), LONG)
    assert answer.reason is expected
    assert answer.detail.startswith(word)
    assert answer.usage is not None
    assert server.count == 1  # an answer cut short is an answer: no request of the SDK's own follows it


def test_no_reason_of_the_sdks_is_left_out() -> None:
    """A new SDK with a new reason fails here, and somebody decides."""
    from typing import get_args

    from anthropic.types import StopReason
    from google.genai.types import FinishReason as GoogleReason

    from orchestrator.adapters.models import anthropic_turns, google_turns

    other = {"FINISH_REASON_UNSPECIFIED", "LANGUAGE", "OTHER", "ESCALATION", "NO_IMAGE", "IMAGE_OTHER"}
    assert {one.value for one in GoogleReason} == set(google_turns.REASONS) | other
    assert set(get_args(StopReason)) <= set(anthropic_turns.REASONS)


def test_a_refusal_says_its_category() -> None:
    with served("anthropic", Reply(reason=FinishReason.REFUSAL, detail="cyber")) as (llm, _):
        answer = llm.ask(request("anthropic"), LONG)
    assert (answer.reason, answer.text, answer.detail) == (FinishReason.REFUSAL, "", "refusal: cyber")


def test_google_refuses_the_prompt_itself() -> None:
    with served("google", Reply(word="PROMPT_BLOCKED", detail="PROHIBITED_CONTENT")) as (llm, _):
        answer = llm.ask(request("google"), LONG)
    assert answer.reason is FinishReason.SAFETY
    assert answer.detail == "prompt blocked: PROHIBITED_CONTENT"


def test_openai_refusal_and_calls_under_stop() -> None:
    with served("openai", Reply(reason=FinishReason.REFUSAL, detail="I will not.")) as (llm, _):
        answer = llm.ask(request("openai"), LONG)
        assert (answer.reason, answer.detail) == (FinishReason.REFUSAL, "stop: I will not.")
    with served("openai", Reply(tool_calls=(CALL,), word="stop")) as (llm, _):
        assert llm.ask(request("openai", tools=(LOOK_UP,)), LONG).reason is FinishReason.TOOL


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
def test_arguments_that_are_no_json_are_malformed_not_lost(provider: str) -> None:
    call = ToolCall(id="c", name="read_file", arguments={"_broken": '{"path": "a'})
    with served(provider, Reply(tool_calls=(call,))) as (llm, _):
        answer = llm.ask(request(provider, tools=(LOOK_UP,)), LONG)
    assert answer.reason is FinishReason.MALFORMED
    assert '{\\"path\\": \\"a' in json.dumps(answer.raw)


def test_anthropic_input_is_the_sum_of_its_three_parts() -> None:
    used = Usage(input_tokens=1000, output_tokens=10, cached_tokens=600, cache_write_tokens=300)
    with served("anthropic", Reply(text="ok", usage=used)) as (llm, server):
        answer = llm.ask(request("anthropic"), LONG)
    assert answer.usage == used
    assert answer.raw["usage"]["input_tokens"] == 100
    assert server.count == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_missing_usage_is_unknown_not_zero(provider: str) -> None:
    with served(provider, Reply(text="ok", fault=Wrong(kind=Kind.NO_USAGE))) as (llm, _):
        answer = llm.ask(request(provider), LONG)
    assert answer.text == "ok"
    assert answer.usage is None


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_model_that_answered_is_told(provider: str) -> None:
    with served(provider, Reply(text="ok", model="another-model")) as (llm, _):
        assert llm.ask(request(provider), LONG).model == "another-model"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_raw_answer_is_plain_json(provider: str) -> None:
    with served(provider, Reply(text="a\u2028b", tool_calls=(CALL,), thinking="t", signature="c2ln")) as (llm, _):
        answer = llm.ask(request(provider, tools=(LOOK_UP,)), LONG)
    assert json.loads(json.dumps(answer.raw)) == answer.raw


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_lone_surrogate_does_not_lose_the_answer(provider: str) -> None:
    with served(provider, Reply(text="a\ud800b")) as (llm, _):
        answer = llm.ask(request(provider), LONG)
    assert answer.text == "a\ud800b"
    assert json.loads(json.dumps(answer.raw)) == answer.raw


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_proxy_is_asked_for_loopback(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with served(provider, Reply(text="ok"), models=None) as (llm, _):
        assert llm.ask(request(provider), LONG).text == "ok"


def test_a_far_host_is_reached_through_the_users_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Positive control: the same variables are honoured where the address is not of this machine."""
    from orchestrator.adapters.models.anthropic_llm import AnthropicLlm

    with Loopback(lambda _: Reply(text="ok")) as server:
        monkeypatch.setenv("HTTP_PROXY", server.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        llm = AnthropicLlm(api_key=SECRET, base_url="http://models.invalid")
        with pytest.raises(Exception, match="404"):  # the loopback server sees an absolute address it does not know
            llm.ask(request("anthropic"), LONG)
        llm.close()
    assert server.requests[0].path.startswith("http://models.invalid/v1/messages")


def test_the_environment_does_not_choose_another_address_or_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "other")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("GOOGLE_API_KEY", "other")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    for provider in ("anthropic", "google"):
        with served(provider, Reply(text="ok"), key=SECRET) as (llm, _):
            assert llm.ask(request(provider), LONG).text == "ok"


def test_closed_and_used_again() -> None:
    with served("google", Reply(text="ok")) as (llm, _):
        llm.ask(request("google"), LONG)
        llm.close()
        assert llm.ask(request("google"), LONG).text == "ok"
