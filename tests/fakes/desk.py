"""A desk with a script: answers in their order, and a loud failure for anything that was not scripted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self

from orchestrator.domain.call import Answer, FinishReason, Request, ToolCall, Usage

Script = Answer | str | Exception | Callable[[Request], "Answer | str"]


def said(text: str, reason: FinishReason = FinishReason.END, detail: str = "") -> Answer:
    """An answer of text."""
    return Answer(
        text=text, reason=reason, usage=Usage(input_tokens=10, output_tokens=5), model="", raw={}, detail=detail
    )


def looked_up(*calls: tuple[str, dict[str, Any]], text: str = "") -> Answer:
    """An answer that asks for look-ups: (name, arguments) each."""
    tools = tuple(
        ToolCall(id=f"c{number}", name=name, arguments=arguments) for number, (name, arguments) in enumerate(calls)
    )
    return Answer(text=text, reason=FinishReason.TOOL, usage=Usage(), model="", raw={}, tool_calls=tools)


@dataclass
class ScriptedDesk:
    """Answers ``script`` one after the other; as a context manager it also fails where answers are left over.

    Keys must be new and their turns count up from 1 within (task, phase, role, iteration), as the real desk needs them.
    """

    script: list[Script]
    requests: list[Request] = field(default_factory=list)
    held: list[list[str]] = field(default_factory=list)

    def ask(self, request: Request) -> Answer:
        """The next scripted answer, or ``AssertionError``."""
        key = request.key
        seen = [past.key for past in self.requests]
        if key in seen:
            raise AssertionError(f"{key} was asked before")
        same = [past for past in seen if replace(past, turn=1) == replace(key, turn=1)]
        if key.turn != len(same) + 1:
            raise AssertionError(f"{key}: turn {len(same) + 1} was due")
        if request.max_output_tokens < 1 or not request.messages or not request.system:
            raise AssertionError(f"{key}: a request without system, messages or output cap")
        self.requests.append(request)
        if not self.script:
            raise AssertionError(f"{key} was not scripted; it says:\n{request.messages[-1].text[:2000]}")
        answer = self.script.pop(0)
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        return replace(said(answer) if isinstance(answer, str) else answer, model=request.model)

    def hold(self, requests: Sequence[Request]) -> None:
        """Keep what was reserved together."""
        self.held.append([str(request.key) for request in requests])

    def let_go(self, requests: Sequence[Request]) -> None:
        """Nothing is kept of it."""

    @property
    def keys(self) -> list[str]:
        """The keys asked for, in order, as text."""
        return [str(request.key) for request in self.requests]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self.script:
            raise AssertionError(f"{len(self.script)} scripted answers were never asked for; asked: {self.keys}")
