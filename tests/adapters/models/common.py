"""What the adapters' tests share: requests, deadlines, and the three providers on a loopback server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from orchestrator.adapters.models.anthropic_llm import AnthropicLlm
from orchestrator.adapters.models.google_llm import GoogleLlm
from orchestrator.adapters.models.openai_llm import OpenAiLlm
from orchestrator.domain.call import CallKey, Deadlines, Message, Request, Speaker, ToolSpec
from orchestrator.domain.task import Phase
from orchestrator.ports import Llm
from tests.fakes.loopback import Loopback, Reply, Script

MODELS = {"anthropic": "claude-opus-5-5", "google": "gemini-4-argon", "openai": "qwen3-coder"}
PROVIDERS = tuple(MODELS)
KEY = CallKey("fix-offset", Phase.BUILD, "executor", 1, 2)
LONG = Deadlines(first_byte_s=20, idle_s=20, total_s=20)
SECRET = "sk-very-secret-0123456789"
LOOK_UP = ToolSpec(
    name="read_file",
    description="Read a file.",
    parameters={"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)


def request(provider: str, *messages: Message, **fields: Any) -> Request:
    """A request as the pipeline makes it."""
    defaults: dict[str, Any] = {
        "key": KEY,
        "provider": provider,
        "model": MODELS[provider],
        "system": "You write code.",
        "messages": messages or (Message(speaker=Speaker.USER, text="Fix it."),),
        "max_output_tokens": 4000,
    }
    return Request(**{**defaults, **fields})


def adapter(provider: str, server: Loopback, *, api_key: str | None = SECRET, **fields: Any) -> Llm:
    """The adapter of that provider, on that server."""
    made: dict[str, Callable[[], Llm]] = {
        "anthropic": lambda: AnthropicLlm(api_key=api_key, base_url=server.url, **fields),
        "google": lambda: GoogleLlm(api_key=api_key, base_url=server.url, **fields),
        "openai": lambda: OpenAiLlm(api_key=api_key, base_url=server.openai_url, **fields),
    }
    return made[provider]()


KEPT: dict[str, tuple[Llm, Loopback]] = {}
"""One server and one adapter a provider, for all tests that do not stop them (closed by conftest)."""


@contextmanager
def served(provider: str, script: Script | Reply, **fields: Any) -> Iterator[tuple[Llm, Loopback]]:
    """An adapter on a server that runs that script (or gives that reply); its own where fields are given."""
    chosen = (lambda _: script) if isinstance(script, Reply) else script
    if not fields:
        if provider not in KEPT:
            server = Loopback(chosen).start()
            KEPT[provider] = (adapter(provider, server), server)
        KEPT[provider][1].reset(chosen)
        yield KEPT[provider]
        return
    with Loopback(chosen, **fields) as server:
        llm = adapter(provider, server)
        try:
            yield llm, server
        finally:
            llm.close()
