"""Models behind the chat-completions protocol, through the ``openai`` SDK: local servers first of all."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.adapters.models import openai_turns as turns
from orchestrator.adapters.models.deadlines import Attempt
from orchestrator.adapters.models.door import CHECK_DEADLINES, incomplete, listed, missing_model, need_key, once
from orchestrator.adapters.models.faults import Line
from orchestrator.domain.call import Answer, Deadlines, Request
from orchestrator.domain.errors import ModelError, ModelFault

if TYPE_CHECKING:
    from openai import OpenAI

DEFAULT_BASE_URL = "https://api.openai.com/v1"
_NO_KEY = "none"
"""The SDK insists on a key; a local server ignores it."""


class OpenAiLlm:
    """Implements :class:`orchestrator.ports.Llm`. Safe to share between lanes. Without ``key_env`` no key is needed."""

    def __init__(
        self,
        *,
        api_key: str | None,
        base_url: str | None = None,
        provider: str = "openai",
        key_env: Sequence[str] = (),
        check_deadlines: Deadlines = CHECK_DEADLINES,
    ) -> None:
        self._key = api_key
        self._base_url = base_url or DEFAULT_BASE_URL
        self._line = Line(
            provider=provider, key_env=tuple(key_env), base_url=base_url, secrets=(api_key,) if api_key else ()
        )
        self._check_deadlines = check_deadlines
        self._lock = threading.Lock()
        self._client: OpenAI | None = None

    def ask(self, request: Request, deadlines: Deadlines) -> Answer:
        """One streamed attempt; see the port."""
        client = self._open()
        cap = "max_completion_tokens" if self._base_url == DEFAULT_BASE_URL else "max_tokens"

        def work(_: Attempt) -> Answer:
            from orchestrator.adapters.models.wire import CALL_HEADER

            started = time.monotonic()
            assembly = turns.Assembly()
            headers = {CALL_HEADER: request.key.call_id}
            fields = turns.body(request, cap_name=cap)
            with client.chat.completions.create(stream=True, extra_headers=headers, **fields) as chunks:
                for chunk in chunks:
                    assembly.add(chunk.to_dict())
            raw = assembly.finished()
            if raw is None:
                raise incomplete(self._line)
            return turns.answer(raw, request, time.monotonic() - started)

        return once(work, deadlines, self._line)

    def check(self, models: Sequence[str]) -> None:
        """Key and models, by the free model list; see the port."""
        client = self._open()
        known = [one.id for one in listed(client.models.list, self._check_deadlines, self._line)]
        for model in models:
            # Ollama lists "name:latest" for what may be asked for as "name"
            if model not in known and f"{model}:latest" not in known:
                raise missing_model(model, known, self._line)

    def close(self) -> None:
        """Let go of the client; a later call opens a new one."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _open(self) -> OpenAI:
        needed = self._line.key_env or self._base_url == DEFAULT_BASE_URL
        key = need_key(self._key, self._line) if needed else (self._key or _NO_KEY)
        with self._lock:
            if self._client is None:
                self._client = self._new(key)
            return self._client

    def _new(self, key: str) -> OpenAI:
        try:
            from openai import OpenAI
        except ImportError:
            raise ModelError(
                f"{self._line.provider}: the openai package is not installed",
                fault=ModelFault.NOT_FOUND,
                provider=self._line.provider,
                hint='pip install "orchestrate[local]"',
            ) from None
        from orchestrator.adapters.models.wire import new_client

        return OpenAI(api_key=key, base_url=self._base_url, max_retries=0, http_client=new_client(self._base_url))
