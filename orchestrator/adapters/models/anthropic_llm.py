"""Models of the Anthropic API, through the ``anthropic`` SDK."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from orchestrator.adapters.models import anthropic_turns as turns
from orchestrator.adapters.models.deadlines import Attempt
from orchestrator.adapters.models.door import CHECK_DEADLINES, incomplete, listed, missing_model, need_key, once
from orchestrator.adapters.models.faults import Line
from orchestrator.adapters.models.sdks import anthropic_sparingly
from orchestrator.domain.call import Answer, Deadlines, Request
from orchestrator.domain.errors import ModelError, ModelFault

if TYPE_CHECKING:
    from anthropic import Anthropic
    from anthropic.types import ModelInfo

DEFAULT_BASE_URL = "https://api.anthropic.com"


class AnthropicLlm:
    """Implements :class:`orchestrator.ports.Llm`. Safe to share between lanes.

    The key and the address are given, never looked for: the SDK would go on to profiles on disk.
    """

    def __init__(
        self,
        *,
        api_key: str | None,
        base_url: str | None = None,
        provider: str = "anthropic",
        key_env: Sequence[str] = ("ANTHROPIC_API_KEY",),
        check_deadlines: Deadlines = CHECK_DEADLINES,
    ) -> None:
        self._key = api_key
        self._base_url = base_url or DEFAULT_BASE_URL
        self._line = Line(
            provider=provider, key_env=tuple(key_env), base_url=base_url, secrets=(api_key,) if api_key else ()
        )
        self._check_deadlines = check_deadlines
        self._lock = threading.Lock()
        self._client: Anthropic | None = None

    def ask(self, request: Request, deadlines: Deadlines) -> Answer:
        """One streamed attempt; see the port."""
        client = self._open()

        def work(_: Attempt) -> Answer:
            from orchestrator.adapters.models.wire import CALL_HEADER

            started = time.monotonic()
            assembly = turns.Assembly()
            headers = {CALL_HEADER: request.key.call_id}
            with client.messages.create(stream=True, extra_headers=headers, **turns.body(request)) as events:
                for event in events:
                    assembly.add(event.to_dict())
            raw = assembly.finished()
            if raw is None:
                raise incomplete(self._line)
            return turns.answer(raw, time.monotonic() - started)

        return once(work, deadlines, self._line)

    def check(self, models: Sequence[str]) -> None:
        """Key and models, by the free model list; see the port."""
        client = self._open()
        known = {one.id: one for one in listed(client.models.list, self._check_deadlines, self._line)}
        for model in dict.fromkeys(models):
            self._check_one(client, model, known)

    def _check_one(self, client: Anthropic, model: str, known: Mapping[str, ModelInfo]) -> None:
        found = known.get(model) or self._by_alias(client, model, known)
        if getattr(found, "lifecycle", None) == "retired":
            raise ModelError(
                f"{self._line.provider}: model {model!r} is retired",
                fault=ModelFault.NOT_FOUND,
                provider=self._line.provider,
                hint=f"set a current model under models.providers.{self._line.provider}.tiers",
            )

    def _by_alias(self, client: Anthropic, model: str, known: Mapping[str, ModelInfo]) -> ModelInfo:
        """A name the list does not hold may still stand for one that it does."""
        try:
            return once(lambda _: client.models.retrieve(model), self._check_deadlines, self._line)
        except ModelError as error:
            if error.fault is not ModelFault.NOT_FOUND:
                raise
            raise missing_model(model, list(known), self._line) from None

    def close(self) -> None:
        """Let go of the client; a later call opens a new one."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _open(self) -> Anthropic:
        key = need_key(self._key, self._line)
        with self._lock:
            if self._client is None:
                anthropic_sparingly()
                from anthropic import Anthropic

                from orchestrator.adapters.models.wire import new_client

                self._client = Anthropic(
                    api_key=key,
                    base_url=self._base_url,
                    max_retries=0,
                    http_client=new_client(self._base_url),
                )
                _ = self._client.messages  # loads it: an import is no part of an attempt's time
            return self._client
