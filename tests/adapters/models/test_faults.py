"""What no server can provoke through an SDK, and the promise that nothing else than ModelError comes out."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import ClassVar

import httpx2
import pytest

from orchestrator.adapters.models.door import once
from orchestrator.adapters.models.faults import Line, model_error
from orchestrator.domain.errors import ModelError, ModelFault
from tests.adapters.models.common import LONG

LINE = Line(provider="p", key_env=("A_KEY", "B_KEY"))
REQUEST = httpx2.Request("POST", "http://127.0.0.1/")


@pytest.mark.parametrize(
    ("error", "fault", "billed"),
    [
        (httpx2.ReadTimeout("slow", request=REQUEST), ModelFault.TIMEOUT, True),
        (httpx2.ConnectTimeout("slow", request=REQUEST), ModelFault.TIMEOUT, True),
        (httpx2.ConnectError("refused", request=REQUEST), ModelFault.CONNECTION, True),
        (httpx2.RemoteProtocolError("cut", request=REQUEST), ModelFault.INCOMPLETE, True),
        (httpx2.ReadError("reset", request=REQUEST), ModelFault.CONNECTION, True),
        (httpx2.DecodingError("gzip", request=REQUEST), ModelFault.INCOMPLETE, True),
        (ConnectionResetError(104, "reset"), ModelFault.CONNECTION, True),
        (KeyError("content"), ModelFault.INCOMPLETE, True),
        (TypeError("unexpected keyword"), ModelFault.UNKNOWN, True),
    ],
)
def test_bare_exceptions(error: Exception, fault: ModelFault, billed: bool) -> None:
    made = model_error(error, LINE, sent=True)
    assert (made.fault, made.billed, made.status) == (fault, billed, 0)
    assert model_error(error, LINE, sent=False).billed is False


def test_a_model_error_stays_itself() -> None:
    error = ModelError("x", fault=ModelFault.QUOTA, provider="p")
    assert model_error(error, LINE, sent=True) is error


def test_nothing_but_model_errors_comes_out() -> None:
    class StrangeError(Exception):
        """No SDK's."""

    def work(_: object) -> None:
        raise StrangeError("s3cret")

    with pytest.raises(ModelError) as caught:
        once(work, LONG, Line(provider="p", secrets=("s3cret",)))
    assert caught.value.fault is ModelFault.UNKNOWN
    assert caught.value.message == "p: unknown: [key]"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Sat, 21 Nov 2026 12:01:00 GMT"}, 60.0),
        ({"retry-after": "Sat, 21 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Sat, 21 Nov 2026 12:01:00 GMT", "date": "Sat, 21 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"Retry-After-Ms": "250"}, 0.25),
    ],
)
def test_retry_after_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    class RefusalError(Exception):
        """The shape SDKs share."""

        status_code = 429
        response = httpx2.Response(429, headers=headers, request=REQUEST)

    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert model_error(RefusalError("slow down"), LINE, sent=True, now=now).retry_after_s == seconds


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("You will regain access on 2026-12-01 at 00:00 UTC.", "2026-12-01T00:00:00+00:00"),
        ("You have reached your API usage limits. You will regain access on 2026-12-01", "2026-12-01T00:00:00+00:00"),
        ("usage limits: you will regain access on 2026-11-21 at 18:30 UTC", "2026-11-21T18:30:00+00:00"),
        ("You will regain access on 2026-13-41, usage limits", None),
        ("Your credit balance is too low", None),
    ],
)
def test_when_a_spend_limit_ends(message: str, expected: str | None) -> None:
    class RefusalError(Exception):
        """The shape SDKs share."""

        status_code = 400
        body: ClassVar = {"error": {"message": f"usage limits. {message}"}}

    made = model_error(RefusalError(message), LINE, sent=True)
    assert made.fault is ModelFault.QUOTA
    assert (made.back_at.isoformat() if made.back_at else None) == expected


@pytest.mark.parametrize(
    ("now", "midnight"),
    [
        ("2026-11-21T12:00", "2026-11-22T08:00"),
        ("2026-11-21T07:59", "2026-11-21T08:00"),
        ("2026-07-21T12:00", "2026-07-22T07:00"),  # summer time
        ("2026-11-01T06:59", "2026-11-01T07:00"),  # the last summer's midnight, before a day of 25 hours
        ("2026-11-01T07:01", "2026-11-02T08:00"),
        ("2026-03-08T09:00", "2026-03-09T07:00"),  # a day of 23
    ],
)
def test_a_daily_quota_is_full_again_at_midnight_pacific_time(now: str, midnight: str) -> None:
    class RefusalError(Exception):
        """The shape SDKs share."""

        code = 429
        status = "RESOURCE_EXHAUSTED"
        details: ClassVar = {"error": {"details": [{"violations": [{"quotaId": "RequestsPerDay", "quotaValue": "9"}]}]}}

    at = datetime.fromisoformat(f"{now}+00:00")
    made = model_error(RefusalError("quota"), LINE, sent=True, now=at)
    assert made.fault is ModelFault.QUOTA
    assert made.back_at is not None
    assert f"{made.back_at:%Y-%m-%dT%H:%M}" == midnight


def test_messages_are_one_line_and_bounded() -> None:
    made = model_error(ValueError("a\n\x20b" + "x" * 10_000), LINE, sent=False)
    assert "\n" not in made.message
    assert len(made.message) < 700


def test_the_adapters_load_no_sdk_until_they_are_used() -> None:
    code = (
        "import sys\n"
        "from orchestrator.adapters.models import anthropic_llm, google_llm, openai_llm, replay, prices, command_llm\n"
        "anthropic_llm.AnthropicLlm(api_key='k'); google_llm.GoogleLlm(api_key='k')\n"
        "openai_llm.OpenAiLlm(api_key='k'); prices.PriceList()\n"
        "heavy = {'anthropic', 'google.genai', 'openai', 'httpx2', 'genai_prices'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
