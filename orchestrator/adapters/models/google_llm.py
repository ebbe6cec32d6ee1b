"""Models of the Gemini API, through the ``google-genai`` SDK."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.models import google_turns as turns
from orchestrator.adapters.models.deadlines import Attempt
from orchestrator.adapters.models.door import CHECK_DEADLINES, incomplete, listed, missing_model, need_key, once
from orchestrator.adapters.models.faults import Line
from orchestrator.domain.call import Answer, Deadlines, Request
from orchestrator.domain.errors import ModelError, ModelFault

if TYPE_CHECKING:
    import httpx2
    from google import genai
    from google.genai import types

DEFAULT_BASE_URL = "https://generativelanguage.googleapis.com/"


class GoogleLlm:
    """Implements :class:`orchestrator.ports.Llm`. Safe to share between lanes.

    ``Answer.model`` is the version that answered: the service routes retired models to others silently, and the
    caller compares it with what was asked.
    """

    def __init__(
        self,
        *,
        api_key: str | None,
        base_url: str | None = None,
        provider: str = "google",
        key_env: Sequence[str] = ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        check_deadlines: Deadlines = CHECK_DEADLINES,
    ) -> None:
        self._key = api_key
        self._base_url = base_url or DEFAULT_BASE_URL
        self._line = Line(
            provider=provider, key_env=tuple(key_env), base_url=base_url, secrets=(api_key,) if api_key else ()
        )
        self._check_deadlines = check_deadlines
        self._lock = threading.Lock()
        # The client is kept: one that is collected closes itself under the call.
        self._client: genai.Client | None = None
        self._http: httpx2.Client | None = None

    def ask(self, request: Request, deadlines: Deadlines) -> Answer:
        """One streamed attempt; see the port."""
        client = self._open()
        # A reason the SDK does not know yet is OTHER here; its warning would stand in the middle of the progress view.
        warnings.filterwarnings("ignore", message=".* is not a valid", module=r"google\.genai\..*")

        def work(_: Attempt) -> Answer:
            started = time.monotonic()
            chunks = client.models.generate_content_stream(
                model=request.model,
                contents=turns.contents(request),
                config=_config(request),
            )
            raw = turns.merge(_json(chunk) for chunk in chunks)
            if not turns.finished(raw):
                raise incomplete(self._line)
            return turns.answer(raw, request, time.monotonic() - started)

        return once(work, deadlines, self._line)

    def check(self, models: Sequence[str]) -> None:
        """Key and models, by the free model list; see the port."""
        client = self._open()
        known = listed(lambda: _names(client), self._check_deadlines, self._line)
        for model in dict.fromkeys(models):
            if model.removeprefix("models/") not in known:
                self._by_alias(client, model, known)

    def _by_alias(self, client: genai.Client, model: str, known: Sequence[str]) -> None:
        """A name the list does not hold may still stand for one that it does."""
        try:
            once(lambda _: client.models.get(model=model), self._check_deadlines, self._line)
        except ModelError as error:
            if error.fault is not ModelFault.NOT_FOUND:
                raise
            raise missing_model(model, known, self._line) from None

    def close(self) -> None:
        """Let go of the client; a later call opens a new one."""
        with self._lock:
            client, self._client = self._client, None
            http, self._http = self._http, None
        if client is not None:
            client.close()
        if http is not None:
            http.close()

    def _open(self) -> genai.Client:
        key = need_key(self._key, self._line)
        with self._lock:
            if self._client is None:
                from google import genai
                from google.genai import types

                from orchestrator.adapters.models.wire import new_client

                self._http = new_client(self._base_url)
                self._client = genai.Client(
                    api_key=key,
                    vertexai=False,
                    # No retry_options: attempts are the desk's. No timeout: the watched client brings its own.
                    http_options=types.HttpOptions(base_url=self._base_url, httpx_client=self._http),
                )
            return self._client


def _config(request: Request) -> types.GenerateContentConfig:
    from google.genai import types

    from orchestrator.adapters.models.wire import CALL_HEADER

    declared = [
        types.FunctionDeclaration(
            name=tool.name, description=tool.description, parameters_json_schema=dict(tool.parameters)
        )
        for tool in request.tools
    ]
    tools = [types.Tool(function_declarations=declared)] if declared else []
    tools += [types.Tool(google_search=types.GoogleSearch())] if request.searches else []
    level = turns.thinking_level(request.model, request.effort)
    return types.GenerateContentConfig(
        system_instruction=request.system or None,
        max_output_tokens=request.max_output_tokens,
        candidate_count=1,
        tools=[*tools] or None,
        response_mime_type="application/json" if request.schema is not None else None,
        response_json_schema=dict(request.schema) if request.schema is not None else None,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        automatic_continuation=False,  # on by default: further requests, billed each
        thinking_config=types.ThinkingConfig(thinking_level=types.ThinkingLevel(level)) if level else None,
        http_options=types.HttpOptions(headers={CALL_HEADER: request.key.call_id}),
    )


def _json(chunk: types.GenerateContentResponse) -> dict[str, Any]:
    left_out = {"sdk_http_response", "parsed", "automatic_function_calling_history"}
    return chunk.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=left_out)


def _names(client: genai.Client) -> list[str]:
    return [(one.name or "").removeprefix("models/") for one in client.models.list()]
