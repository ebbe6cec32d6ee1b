"""The desk where model calls are bought: reserve, journal the intent, ask, save the answer, journal it, charge.

The order is the promise (I3, I4): the intent is synced before the request is sent, the raw answer is on disk before it
is used, usage is charged before the text is looked at. An answer of this run is never bought again; an intent without
an answer is charged at its worst case, marked, and asked once more.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tenacity import RetryCallState, Retrying, retry_if_exception

from orchestrator.crash_points import crash_point
from orchestrator.domain.call import Answer, Charge, Deadlines, FinishReason, Message, Request, ToolCall, Usage
from orchestrator.domain.errors import JournalError, ModelError, ModelFault
from orchestrator.domain.record import CallRecord, from_json, prompt_digest, request_json, to_json
from orchestrator.ledger.breaker import Breaker
from orchestrator.ledger.charges import answer_fields, charge_fields, money, worst_charge
from orchestrator.ledger.durable import write_whole
from orchestrator.ledger.holds import Holds
from orchestrator.ledger.journal import Journal
from orchestrator.ledger.purse import Purse, WorstCase, input_bound
from orchestrator.logs import get_logger
from orchestrator.ports import Clock, Llm, Prices
from orchestrator.redaction import hidden_answer, hidden_bytes, hidden_request
from orchestrator.settings import Models

_CHARS_PER_TOKEN = 4
"""B6: a reply without usage is estimated at a token for four characters."""


_OWN_FAULT_AT = 3
"""A call that found its provider away so many times, others being answered between them, is what is wrong itself."""


class CallDesk:
    """Implements :class:`orchestrator.ports.Desk` for one run; lanes share it."""

    def __init__(
        self,
        *,
        journal: Journal,
        folder: Path,
        llms: Mapping[str, Llm],
        prices: Prices,
        purse: Purse,
        models: Models,
        clock: Clock,
        breaker: Breaker | None = None,
        deepest: tuple[str, str] | None = None,
    ) -> None:
        self._journal = journal
        self._folder = folder
        self._llms = llms
        self._prices = prices
        self._purse = purse
        self._models = models
        self._clock = clock
        self._deepest = deepest
        self._breaker = breaker or Breaker(journal, clock, models.outages)
        self._holds = Holds(purse, self._worst_case)
        self._lock = threading.Lock()
        self._answered: dict[str, str] = {}
        """Calls that were bought -> the checksum of their answers' files."""
        self._attempts: dict[str, int] = {}
        self._bought: Counter[str] = Counter()
        """Answers of each provider in this session."""
        self._given_up: dict[str, list[int]] = {}
        """Calls that found their provider away -> its answers by then, each time that others had some meanwhile."""
        for entry in journal.entries:
            if entry["type"] == "call:intent":
                self._attempts[entry["call"]] = entry["attempt"]
            elif entry["type"] == "call:answer":
                self._answered[entry["call"]] = entry["sha256"]

    def ask(self, request: Request) -> Answer:
        """See :class:`orchestrator.ports.Desk`. No secret is sent, kept or returned: both runs use the same text."""
        request = hidden_request(request)
        call = request.key.call_id
        known = self._answered.get(call)
        if known is not None:
            return self._recall(call, known)
        self._breaker.refuse(request.provider)
        try:
            answer = self._retrying(request)(self._attempt, request)
        except ModelError as error:
            if error.fault is ModelFault.QUOTA or (error.transient and self._may_be_the_provider(request)):
                raise self._breaker.failed(request.provider, error) from error
            raise
        with self._lock:
            self._bought[request.provider] += 1
        self._breaker.answered(request.provider)
        return answer

    def _may_be_the_provider(self, request: Request) -> bool:
        """Whether a call that got no answer speaks for its provider; no more once others were answered twice meanwhile.

        It fails alone then, or it would hold up all the others again and again.
        """
        call = request.key.call_id
        with self._lock:
            bought = self._bought[request.provider]
            seen = self._given_up.setdefault(call, [])
            if bought not in seen:
                seen.append(bought)
            return len(seen) < _OWN_FAULT_AT

    def hold(self, requests: Sequence[Request]) -> None:
        """See :class:`orchestrator.ports.Desk`; nothing is held for answers that were bought already."""
        self._holds.hold([hidden_request(one) for one in requests if one.key.call_id not in self._answered])

    def let_go(self, requests: Sequence[Request]) -> None:
        """See :class:`orchestrator.ports.Desk`."""
        self._holds.let_go(requests)

    def _recall(self, call: str, sha256: str) -> Answer:
        path = self._folder / f"{call}.json"
        try:
            content = path.read_bytes()
            record = from_json(json.loads(content))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise JournalError(
                f"{path}: the journal says this answer was bought, but it cannot be read: {error}",
                hint="restore the file from a copy: an answer is never bought twice",
            ) from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise JournalError(
                f"{path}: is not the answer the journal names (checksum)", hint="restore the file from a copy"
            )
        return record.answer

    def _retrying(self, request: Request) -> Retrying:
        """L10; a provider that was away is asked once, and none again that asks for a longer wait than a call's."""
        waits = self._models.retries.waits_s
        attempts = 1 if self._breaker.away(request.provider) else len(waits) + 1
        cap = self._models.retries.retry_after_cap_s

        def wait(state: RetryCallState) -> float:
            given = (*waits, 0.0)  # tenacity asks after the last attempt as well
            ours = given[min(state.attempt_number - 1, len(waits))]
            return max(ours, min(_asked_s(state), cap))

        def announce(state: RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            pause = state.next_action.sleep if state.next_action else 0.0
            self._journal.append("call:retry", **_who(request), wait_s=pause, why=str(error))

        return Retrying(
            stop=lambda state: state.attempt_number >= attempts or _asked_s(state) > cap,
            wait=wait,
            retry=retry_if_exception(lambda error: isinstance(error, ModelError) and error.transient),
            sleep=self._clock.sleep,
            before_sleep=announce,
            reraise=True,
        )

    def _attempt(self, request: Request) -> Answer:
        """One attempt, journaled from intent to answer or failure."""
        worst = self._worst_case(request)
        ticket = self._holds.reserve(request, worst)
        try:
            attempt = self._intend(request, worst)
            try:
                crash_point("request.before")
                answer = self._llms[request.provider].ask(request, self._deadlines())
                crash_point("request.after")
                _refuse_limited(request, answer)
            except ModelError as error:
                charge = worst_charge(worst) if error.billed else None
                self._fail(request, attempt, error, charge)
                self._purse.settle(ticket, charge)
                raise
            kept, charge = self._keep(request, attempt, answer)
            self._purse.settle(ticket, charge)
            self._say_more_than_held(request, worst, charge)
            return kept
        finally:
            self._purse.settle(ticket, None)

    def _say_more_than_held(self, request: Request, worst: WorstCase, charge: Charge) -> None:
        """A coding command makes calls of its own: only its settings bound it beforehand, and it may use more."""
        used, held = charge.usage.total, worst.tokens
        if used > held:
            setting = f"models.providers.{request.provider}.tokens_per_call"
            call = request.key.call_id
            text = f"{call}: {used:,} tokens were used, {held:,} were held against the caps for it: raise {setting}"
            self._journal.append("note", text=text)

    def _intend(self, request: Request, worst: WorstCase) -> int:
        call = request.key.call_id
        with self._lock:
            attempt = self._attempts.get(call, 0) + 1
            self._attempts[call] = attempt
        self._journal.append(
            "call:intent",
            sync=True,
            **_who(request),
            attempt=attempt,
            prompt_sha256=prompt_digest(request),
            worst_input_tokens=worst.input_tokens,
            worst_output_tokens=worst.output_tokens,
            worst_cost_usd=money(worst.cost_usd),
        )
        return attempt

    def _fail(self, request: Request, attempt: int, error: ModelError, charge: Charge | None) -> None:
        get_logger(__name__).warning(
            "call failed", call=request.key.call_id, attempt=attempt, fault=error.fault.value, status=error.status
        )
        self._journal.append(
            "call:failed",
            sync=True,
            **_who(request),
            attempt=attempt,
            fault=error.fault.value,
            status=error.status,
            message=error.message,
            billed=error.billed,
            **charge_fields(charge or Charge()),
        )

    def _keep(self, request: Request, attempt: int, answer: Answer) -> tuple[Answer, Charge]:
        call = request.key.call_id
        answer = hidden_answer(answer)
        usage = answer.usage or _estimate(request, answer)
        if usage.estimated:
            get_logger(__name__).warning("usage estimated, the provider gave none", call=call, used=usage.total)
        listed = self._prices.cost(provider=request.provider, model=request.model, usage=usage, at=self._clock.now())
        cost = listed if answer.cost_usd is None else answer.cost_usd
        record = CallRecord(
            key=request.key,
            provider=request.provider,
            model=request.model,
            prompt_sha256=prompt_digest(request),
            request=request_json(request),
            answer=replace(answer, usage=usage),
            cost_usd=cost,
        )
        content = hidden_bytes(json.dumps(to_json(record), ensure_ascii=True, indent=1).encode("ascii"))
        write_whole(self._folder / f"{call}.json", content)
        fields = {**answer_fields(record, content), **self._at_the_deepest(usage)}
        self._journal.append("call:answer", sync=True, **_who(request), attempt=attempt, **fields)
        self._answered[call] = fields["sha256"]
        return record.answer, Charge(usage=usage, cost_usd=cost)

    def _at_the_deepest(self, usage: Usage) -> dict[str, Any]:
        """What the same tokens would have cost there: the report's comparison (P1), at this hour's price."""
        if self._deepest is None:
            return {}
        provider, model = self._deepest
        cost = self._prices.cost(provider=provider, model=model, usage=usage, at=self._clock.now())
        return {"deep_model": model, "deep_cost_usd": money(cost)}

    def _worst_case(self, request: Request) -> WorstCase:
        bound = input_bound(request)
        usage = Usage(
            input_tokens=bound,
            output_tokens=request.max_output_tokens,
            cache_write_tokens=bound if request.cache_system else 0,
            searches=request.searches,
        )
        cost = self._prices.cost(provider=request.provider, model=request.model, usage=usage, at=self._clock.now())
        return WorstCase(input_tokens=bound, output_tokens=request.max_output_tokens, cost_usd=cost)

    def _deadlines(self) -> Deadlines:
        limits = self._models.deadlines
        return Deadlines(first_byte_s=limits.first_byte_s, idle_s=limits.idle_s, total_s=limits.total_s)


def _asked_s(state: RetryCallState) -> float:
    """Seconds that the provider asked to be left alone for; 0: none."""
    error = state.outcome.exception() if state.outcome else None
    return error.retry_after_s or 0.0 if isinstance(error, ModelError) else 0.0


def _refuse_limited(request: Request, answer: Answer) -> None:
    """An answer that says the account is limited is none: kept, it would be handed out at each resume."""
    if answer.reason is FinishReason.LIMITED:
        raise ModelError(
            f"{request.provider}: the provider limits this account ({answer.detail or 'no detail'})",
            fault=ModelFault.QUOTA,
            provider=request.provider,
            billed=True,
            hint="look into the provider's console; then: orchestrate resume",
        )


def _who(request: Request) -> dict[str, Any]:
    key = request.key
    return {
        "call": key.call_id,
        "task": key.task,
        "phase": key.phase.value,
        "role": key.role,
        "iteration": key.iteration,
        "turn": key.turn,
        "provider": request.provider,
        "model": request.model,
    }


def _estimate(request: Request, answer: Answer) -> Usage:
    prompt = len(request.system) + sum(map(_length, request.messages))
    completion = len(answer.text) + _arguments(answer.tool_calls)
    return Usage(
        input_tokens=-(-prompt // _CHARS_PER_TOKEN),
        output_tokens=-(-completion // _CHARS_PER_TOKEN),
        estimated=True,
    )


def _length(message: Message) -> int:
    results = sum(len(result.content) for result in message.tool_results)
    return len(message.text) + _arguments(message.tool_calls) + results


def _arguments(calls: Sequence[ToolCall]) -> int:
    return sum(len(json.dumps(dict(call.arguments))) for call in calls)
