"""A model that answers from a script, and fails loudly when the script is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from orchestrator.domain.call import Answer, Deadlines, FinishReason, Request, Usage

Scripted = Answer | BaseException | Callable[[Request], Answer]


def answer(text: str, *, usage: Usage | None = None, reason: FinishReason = FinishReason.END) -> Answer:
    used = usage or Usage(input_tokens=100, output_tokens=50)
    return Answer(text=text, reason=reason, usage=used, model="scripted-1", raw={"text": text})


class ScriptedLlm:
    """Implements ``ports.Llm``."""

    def __init__(self, script: Sequence[Scripted]) -> None:
        self._script = list(script)
        self.requests: list[Request] = []

    def ask(self, request: Request, deadlines: Deadlines) -> Answer:
        assert deadlines.total_s > 0
        self.requests.append(request)
        if not self._script:
            raise AssertionError(f"no answer scripted for {request.key}")
        step = self._script.pop(0)
        if isinstance(step, BaseException):
            raise step
        return step(request) if callable(step) else step

    def check(self, models: Sequence[str]) -> None:
        assert models

    def close(self) -> None:
        return None


class FlatPrices:
    """A dollar per million tokens of input and four of output; no price for models named ``unpriced``."""

    def cost(self, *, provider: str, model: str, usage: Usage, at: object) -> Decimal | None:
        assert provider
        assert at
        if model.startswith("unpriced"):
            return None
        return Decimal(usage.input_tokens + 4 * usage.output_tokens) / 1_000_000
