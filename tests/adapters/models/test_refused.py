"""What goes wrong on the wire, through the real SDKs: one ModelError with its fault, for all three protocols."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from orchestrator.domain.errors import ModelError, ModelFault, NoModelListError
from orchestrator.ports import Llm
from tests.adapters.models.common import LONG, PROVIDERS, SECRET, adapter, request, served
from tests.fakes.loopback import Fault, Kind, Loopback, Reply, refused_port, status


def refused(provider: str, fault: Fault) -> ModelError:
    """The error of one attempt; exactly one request was sent for it."""
    with served(provider, Reply(text="x" * 3000, fault=fault)) as (llm, server):
        with pytest.raises(ModelError) as caught:
            llm.ask(request(provider), LONG)
        assert server.count == 1
    assert caught.value.provider == provider
    assert caught.value.message.startswith(f"{provider}: ")
    return caught.value


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("code", "expected", "heals"),
    [
        (400, ModelFault.BAD_REQUEST, False),
        (401, ModelFault.AUTHENTICATION, False),
        (402, ModelFault.QUOTA, False),
        (403, ModelFault.PERMISSION, False),
        (404, ModelFault.NOT_FOUND, False),
        (408, ModelFault.TIMEOUT, True),
        (409, ModelFault.BAD_REQUEST, False),
        (413, ModelFault.TOO_LARGE, False),
        (422, ModelFault.BAD_REQUEST, False),
        (429, ModelFault.RATE_LIMIT, True),
        (500, ModelFault.SERVER, True),
        (502, ModelFault.SERVER, True),
        (503, ModelFault.OVERLOADED, True),
        (504, ModelFault.TIMEOUT, True),
        (529, ModelFault.OVERLOADED, True),
    ],
)
def test_every_status(provider: str, code: int, expected: ModelFault, heals: bool) -> None:
    error = refused(provider, status(code))
    assert (error.fault, error.status, error.transient) == (expected, code, heals)
    assert "as scripted" in error.message
    assert error.billed == (expected is ModelFault.TIMEOUT)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry-after": "7"}, 7.0), ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5), ({}, None)],
)
def test_retry_after(provider: str, headers: dict[str, str], seconds: float | None) -> None:
    assert refused(provider, status(429, headers=headers)).retry_after_s == seconds


@pytest.mark.parametrize("provider", PROVIDERS)
def test_retry_after_as_a_date(provider: str) -> None:
    due = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    seconds = refused(provider, status(429, headers={"retry-after": due})).retry_after_s
    assert seconds == pytest.approx(90, abs=5)


def test_gemini_says_its_delay_in_the_body() -> None:
    delay = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37.5s"}
    quota = {"violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel", "quotaValue": "15"}]}
    error = refused("google", status(429, details=(quota, delay)))
    assert (error.fault, error.retry_after_s) == (ModelFault.RATE_LIMIT, 37.5)


@pytest.mark.parametrize(
    "violation",
    [
        {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "50"},
        {"quotaId": "GenerateContentInputTokensPerModelPerMinute", "quotaValue": "0"},
    ],
)
def test_gemini_quota_that_no_minute_heals(violation: dict[str, str]) -> None:
    delay = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3s"}
    error = refused("google", status(429, details=({"violations": [violation]}, delay)))
    assert (error.fault, error.transient) == (ModelFault.QUOTA, False)
    assert "resume" in error.hint


@pytest.mark.parametrize(
    ("provider", "fault"),
    [
        ("anthropic", status(429, details=({"error_code": "enforced_spend_limit_reached"},))),
        ("anthropic", status(429, details=({"error_code": "contract_spend_limit_reached"},))),
        ("anthropic", status(402, details=({"error_code": "linked_organization_spend_limit_reached"},))),
        ("anthropic", status(400, message="Your credit balance is too low to access the API.")),
        ("anthropic", status(400, message="You have reached your usage limits. You will regain access on 2026-12-01")),
        ("openai", status(429, word="insufficient_quota", message="You exceeded your current quota")),
    ],
)
def test_a_spent_account_is_never_tried_again(provider: str, fault: Fault) -> None:
    error = refused(provider, fault)
    assert (error.fault, error.transient, error.billed) == (ModelFault.QUOTA, False, False)


def test_a_ramp_limit_is_a_rate_limit() -> None:
    error = refused("anthropic", status(429, details=({"error_code": "ramp_limit_exceeded"},)))
    assert error.fault is ModelFault.RATE_LIMIT


@pytest.mark.parametrize(
    ("provider", "fault"),
    [
        ("anthropic", status(400, message="prompt is too long: 210000 tokens > 200000 maximum")),
        ("google", status(400, message="The input token count (1100000) exceeds the maximum number of tokens allowed")),
        ("openai", status(400, word="context_length_exceeded", message="too many tokens")),
        ("openai", status(400, message="This model's maximum context length is 8192 tokens.")),
        ("openai", status(400, message="the request exceeds the available context size")),
    ],
)
def test_a_prompt_too_long(provider: str, fault: Fault) -> None:
    error = refused(provider, fault)
    assert error.fault is ModelFault.TOO_LARGE
    assert "split" in error.hint


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
def test_a_stream_cut(provider: str, fraction: float) -> None:
    error = refused(provider, Fault(kind=Kind.CUT, fraction=fraction))
    assert (error.fault, error.billed) == (ModelFault.INCOMPLETE, True)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("kind", [Kind.HALF_JSON, Kind.NO_FINAL])
def test_a_stream_without_its_end(provider: str, kind: Kind) -> None:
    error = refused(provider, Fault(kind=kind))
    assert (error.fault, error.transient, error.billed) == (ModelFault.INCOMPLETE, True, True)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_overloaded_event_inside_a_stream(provider: str) -> None:
    error = refused(provider, Fault(kind=Kind.ERROR_EVENT))
    assert (error.fault, error.transient) == (ModelFault.OVERLOADED, True)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_nobody_listens(provider: str) -> None:
    from orchestrator.adapters.models.anthropic_llm import AnthropicLlm
    from orchestrator.adapters.models.google_llm import GoogleLlm
    from orchestrator.adapters.models.openai_llm import OpenAiLlm

    makers: dict[str, Callable[..., Llm]] = {"anthropic": AnthropicLlm, "google": GoogleLlm, "openai": OpenAiLlm}
    url = f"http://127.0.0.1:{refused_port()}"
    llm = makers[provider](api_key=SECRET, base_url=url)
    with pytest.raises(ModelError) as caught:
        llm.ask(request(provider), LONG)
    llm.close()
    assert (caught.value.fault, caught.value.billed) == (ModelFault.CONNECTION, False)
    assert url in caught.value.hint


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_key_that_the_server_echoes_is_told_nowhere(provider: str) -> None:
    fault = status(401, message=f"Incorrect API key provided: {SECRET}. Try another.")
    with served(provider, Reply(fault=fault)) as (llm, _):
        try:
            llm.ask(request(provider), LONG)
        except ModelError as error:
            told = "".join(traceback.format_exception(error)) + repr(error.args) + error.hint
        else:
            told = SECRET
    assert SECRET not in told
    assert "[key]" in told


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_key_no_request(provider: str) -> None:
    with Loopback(lambda _: Reply(text="ok")) as server:
        fields = {"key_env": ("LOCAL_KEY",)} if provider == "openai" else {}
        llm = adapter(provider, server, api_key=None, **fields)
        for call in (lambda: llm.ask(request(provider), LONG), lambda: llm.check(["m"])):
            with pytest.raises(ModelError) as caught:
                call()
            assert caught.value.fault is ModelFault.AUTHENTICATION
            variable = {"anthropic": "ANTHROPIC_API_KEY", "google": "GEMINI_API_KEY", "openai": "LOCAL_KEY"}[provider]
            assert variable in caught.value.hint
    assert server.requests == []


@pytest.mark.parametrize("provider", PROVIDERS)
class TestCheck:
    """Before the first task."""

    def test_good(self, provider: str) -> None:
        with Loopback(lambda _: Reply(), key=SECRET, models=("model-a", "model-b")) as server:
            llm = adapter(provider, server)
            llm.check(["model-a", "model-b", "model-a"])
            llm.close()
        assert server.count == 0
        assert all(seen.operation in {"model", "models"} for seen in server.requests)

    def test_refused_key(self, provider: str) -> None:
        with Loopback(lambda _: Reply(), key="another", models=("model-a",)) as server:
            llm = adapter(provider, server, key_env=("MY_KEY",))
            with pytest.raises(ModelError) as caught:
                llm.check(["model-a"])
            llm.close()
        assert caught.value.fault is ModelFault.AUTHENTICATION
        assert caught.value.hint == "set a valid key in MY_KEY"
        assert len(server.requests) == 1

    def test_missing_model(self, provider: str) -> None:
        with Loopback(lambda _: Reply(), models=("model-a", "something-else")) as server:
            llm = adapter(provider, server)
            with pytest.raises(ModelError) as caught:
                llm.check(["model-a", "modle-a"])
            llm.close()
        assert caught.value.fault is ModelFault.NOT_FOUND
        assert "no model 'modle-a'; there are: model-a" in caught.value.message
        assert f"models.providers.{provider}.tiers" in caught.value.hint


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_list_that_cannot_be_had_is_told_apart_from_a_model_that_is_not_there(provider: str) -> None:
    with Loopback(lambda _: Reply(), lists=False) as server:
        llm = adapter(provider, server)
        with pytest.raises(NoModelListError, match="could not be listed, so their names were not checked"):
            llm.check(["model-a"])
        llm.close()


def test_ollama_lists_a_model_under_its_latest_tag() -> None:
    with Loopback(lambda _: Reply(), models=("qwen3-coder:latest",)) as server:
        llm = adapter("openai", server)
        llm.check(["qwen3-coder"])
        llm.close()


def test_a_look_at_the_models_ends_in_time() -> None:
    """A server that takes connections and says nothing."""
    import socket

    from orchestrator.adapters.models.anthropic_llm import AnthropicLlm
    from orchestrator.domain.call import Deadlines

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        limits = Deadlines(first_byte_s=0.2, idle_s=0.2, total_s=0.5)
        llm = AnthropicLlm(api_key=SECRET, base_url=f"http://127.0.0.1:{deaf.getsockname()[1]}", check_deadlines=limits)
        started = time.monotonic()
        with pytest.raises(ModelError) as caught:
            llm.check(["claude-opus-5-5"])
        llm.close()
    assert caught.value.fault is ModelFault.TIMEOUT
    assert time.monotonic() - started < 2
