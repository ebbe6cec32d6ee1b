"""A conversation with one role: requests built from its prompt, every ask counted as a turn (decision 11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from orchestrator.agents.catalog import SCHEMAS
from orchestrator.agents.staff import Assignment, Staff
from orchestrator.domain.call import (
    Answer,
    CallKey,
    FinishReason,
    Json,
    Message,
    Request,
    Speaker,
    ToolResult,
    ToolSpec,
)
from orchestrator.domain.errors import ModelError, ModelFault
from orchestrator.ports import Desk

CACHE_MINIMUM_TOKENS = 1024
"""A shorter system prompt is not marked for the cache (decision 17; the minimum of the middle tier, the smaller of the
two that are documented as certain)."""


def estimate(text: str) -> int:
    """Tokens of a text before it is sent: a quarter of its characters, rounded up (B6)."""
    return -(-len(text) // 4)


class Ending(StrEnum):
    """What can be done with an answer, whatever the provider calls its reason."""

    READ = "read"
    LOOKUP = "lookup"
    """It asks for look-ups."""
    CUT = "cut"
    """It was cut at the output cap; a shorter one may fit."""
    GARBLED = "garbled"
    """A malformed or unexplained end; asking once more may help."""
    REFUSED = "refused"
    """The model or its provider declines; asking again does not help."""
    TOO_LONG = "too_long"
    """The conversation does not fit the model."""


_ENDINGS = {
    FinishReason.END: Ending.READ,
    FinishReason.TOOL: Ending.LOOKUP,
    FinishReason.LENGTH: Ending.CUT,
    FinishReason.REFUSAL: Ending.REFUSED,
    FinishReason.SAFETY: Ending.REFUSED,
    FinishReason.RECITATION: Ending.REFUSED,
    FinishReason.MALFORMED: Ending.GARBLED,
    FinishReason.OTHER: Ending.GARBLED,
    FinishReason.CONTEXT_EXCEEDED: Ending.TOO_LONG,
}


def ending(answer: Answer, provider: str = "") -> Ending:
    """How an answer ended. A limited account raises ``ModelError``: the whole run must stop, not this task."""
    if answer.reason is FinishReason.LIMITED:
        raise ModelError(
            f"{provider or answer.model}: the provider limits this account ({answer.detail or 'no detail'})",
            fault=ModelFault.QUOTA,
            provider=provider,
            billed=True,
            hint="look into the provider's console; then: orchestrate resume",
        )
    if answer.tool_calls and answer.reason in {FinishReason.TOOL, FinishReason.END}:
        return Ending.LOOKUP  # some local servers call it an end
    if answer.reason is FinishReason.TOOL:
        return Ending.GARBLED
    if answer.reason is FinishReason.END and not answer.text.strip():
        return Ending.GARBLED
    return _ENDINGS[answer.reason]


@dataclass(slots=True)
class Talk:
    """One role's conversation within one iteration. Turns count from 1 and are never reused."""

    desk: Desk
    assignment: Assignment
    task: str
    iteration: int
    system: str
    staff: Staff | None = None
    """Who it climbs among; ``None``: it stays on its model."""
    climbs: int = 0
    schema: Json | None = None
    searches: int = 0
    search_tokens: int = 0
    messages: list[Message] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def say(self, text: str) -> None:
        """The next user's turn, or more of it where the user spoke last."""
        if self.messages and self.messages[-1].speaker is Speaker.USER:
            last = self.messages.pop()
            self.messages.append(replace(last, text=f"{last.text}\n\n{text}" if last.text else text))
            return
        self.messages.append(Message(speaker=Speaker.USER, text=text))

    def tell(self, results: Sequence[ToolResult], text: str = "") -> None:
        """The look-ups' results, as the next user's turn."""
        self.messages.append(Message(speaker=Speaker.USER, text=text, tool_results=tuple(results)))

    def request(self, tools: Sequence[ToolSpec] = ()) -> Request:
        """What the next :meth:`ask` sends: known before, so that several agents' can be reserved for together."""
        assignment = self.assignment
        return Request(
            key=CallKey(self.task, assignment.phase, assignment.role, self.iteration, self.turns + 1),
            provider=assignment.provider,
            model=assignment.model,
            system=self.system,
            messages=tuple(self.messages),
            tools=tuple(tools),
            max_output_tokens=assignment.max_output_tokens,
            effort=assignment.effort,
            cache_system=estimate(self.system) >= CACHE_MINIMUM_TOKENS,
            schema=self.schema,
            searches=self.searches,
            search_tokens=self.search_tokens,
            own_tokens=assignment.own_tokens,
        )

    def ask(self, tools: Sequence[ToolSpec] = ()) -> Answer:
        """The model's answer to all said so far; it becomes part of the conversation."""
        answer = self.desk.ask(self.request(tools))
        self.answers.append(answer)
        self.messages.append(
            Message(speaker=Speaker.MODEL, text=answer.text, tool_calls=answer.tool_calls, raw=answer.raw or None)
        )
        return answer

    def forget(self) -> None:
        """Drop the newest answer from the conversation (cut or garbled: it would only cost again). It stays counted."""
        if self.messages and self.messages[-1].speaker is Speaker.MODEL:
            self.messages.pop()

    def again(self, text: str, *, forget: bool = True) -> None:
        """Say what was wrong with the newest answer, and ask the next tier up: an agent climbs where it fails (P1)."""
        if forget:
            self.forget()
        if self.staff is not None:
            self.climbs += 1
            self.assignment = self.staff.assign(self.assignment.role, self.climbs)
        self.say(text)

    @property
    def turns(self) -> int:
        """Asks so far."""
        return len(self.answers)

    @property
    def prompt(self) -> str:
        """System and first user part, as prompt.md shows them."""
        return f"{self.system}\n\n---\n\n{self.messages[0].text}\n" if self.messages else self.system

    @property
    def text(self) -> str:
        """The newest answer's text."""
        return self.answers[-1].text if self.answers else ""

    def end(self) -> Ending:
        """How the newest answer ended."""
        return ending(self.answers[-1], self.assignment.provider)


def open_talk(
    desk: Desk, staff: Staff, role: str, *, task: str, iteration: int = 1, climb: int = 0, variables: dict[str, Any]
) -> Talk:
    """Begin a conversation: the role's prompt rendered with ``variables``."""
    spec = staff.spec(role)
    system, user = spec.render(**variables)
    talk = Talk(
        desk=desk,
        assignment=staff.assign(role, climb),
        task=task,
        iteration=iteration,
        system=system,
        staff=staff,
        climbs=climb,
        schema=SCHEMAS.get(spec.answer),
    )
    talk.say(user)
    return talk
