"""The one place where what SDKs raise becomes a :class:`ModelError` (facts of the installed SDKs, observed).

Classified by status, type, code and message of what was raised; classes only where nothing else is there, and by name,
so that no SDK is imported here. Google's SDK passes raw httpx2 errors on, both SDKs raw JSON errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orchestrator.adapters.models.waits import Seen, back_at, daily_quota, listed, retry_after
from orchestrator.domain.errors import ModelError, ModelFault

_MESSAGE_LIMIT = 600
_ERROR, _SERVER_ERROR = 400, 500
"""The lowest HTTP status of an error answer, and of one that is the server's own fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is known about the provider when something goes wrong."""

    provider: str
    key_env: Sequence[str] = ()
    """Variables that may hold the key, for the hint."""
    base_url: str | None = None
    secrets: Sequence[str] = ()
    """Values that must never stand in a message."""


_BY_STATUS: Mapping[int, ModelFault] = {
    400: ModelFault.BAD_REQUEST,
    401: ModelFault.AUTHENTICATION,
    402: ModelFault.QUOTA,
    403: ModelFault.PERMISSION,
    404: ModelFault.NOT_FOUND,
    408: ModelFault.TIMEOUT,
    413: ModelFault.TOO_LARGE,
    429: ModelFault.RATE_LIMIT,
    499: ModelFault.TIMEOUT,
    503: ModelFault.OVERLOADED,
    504: ModelFault.TIMEOUT,
    529: ModelFault.OVERLOADED,
}

_BY_WORD: Mapping[str, ModelFault] = {
    # spend limits: nothing heals them within a night, though some come as 429 (anthropic/_error_classes.py)
    "enforced_spend_limit_reached": ModelFault.QUOTA,
    "contract_spend_limit_reached": ModelFault.QUOTA,
    "linked_organization_spend_limit_reached": ModelFault.QUOTA,
    "linked_organization_billing_unavailable": ModelFault.QUOTA,
    "insufficient_quota": ModelFault.QUOTA,
    "billing_error": ModelFault.QUOTA,
    "billing_hard_limit_reached": ModelFault.QUOTA,
    "context_length_exceeded": ModelFault.TOO_LARGE,
    "request_too_large": ModelFault.TOO_LARGE,
    "invalid_api_key": ModelFault.AUTHENTICATION,
    "API_KEY_INVALID": ModelFault.AUTHENTICATION,
    "authentication_error": ModelFault.AUTHENTICATION,
    "UNAUTHENTICATED": ModelFault.AUTHENTICATION,
    "permission_error": ModelFault.PERMISSION,
    "not_found_error": ModelFault.NOT_FOUND,
    "model_not_found": ModelFault.NOT_FOUND,
}
"""Words that say more than the status they come with."""

_BY_STREAM_WORD: Mapping[str, ModelFault] = {
    "overloaded_error": ModelFault.OVERLOADED,
    "UNAVAILABLE": ModelFault.OVERLOADED,
    "rate_limit_error": ModelFault.RATE_LIMIT,
    "rate_limit_exceeded": ModelFault.RATE_LIMIT,
    "timeout_error": ModelFault.TIMEOUT,
    "DEADLINE_EXCEEDED": ModelFault.TIMEOUT,
    "api_error": ModelFault.SERVER,
    "server_error": ModelFault.SERVER,
    "INTERNAL": ModelFault.SERVER,
}
"""Words to go by where there is no status: an error inside a stream that began with 200."""

_SPENT = re.compile(
    r"credit balance is too low|usage limits?\b.{0,80}regain access|spend(ing)? (limit|cap)|out of credits",
    re.IGNORECASE,
)
_TOO_LONG = re.compile(
    r"prompt is too long|input token count .{0,80}exceeds|maximum context length|context (size|window|length) .{0,60}"
    r"exceed|exceeds? .{0,60}context (size|window|length)",
    re.IGNORECASE,
)
_BAD_KEY = re.compile(r"api.?key (not valid|invalid|expired)", re.IGNORECASE)

_BY_CLASS: tuple[tuple[str, ModelFault], ...] = (
    # first hit wins; names of the classes and of what they inherit from
    ("APITimeoutError", ModelFault.TIMEOUT),
    ("TimeoutException", ModelFault.TIMEOUT),
    ("RemoteProtocolError", ModelFault.INCOMPLETE),
    ("DecodingError", ModelFault.INCOMPLETE),
    ("StreamError", ModelFault.INCOMPLETE),
    ("TransportError", ModelFault.CONNECTION),
    ("APIConnectionError", ModelFault.CONNECTION),
    ("JSONDecodeError", ModelFault.INCOMPLETE),
    ("UnknownApiResponseError", ModelFault.INCOMPLETE),
    ("APIResponseValidationError", ModelFault.INCOMPLETE),
    ("ValidationError", ModelFault.INCOMPLETE),
    ("UnicodeDecodeError", ModelFault.INCOMPLETE),
    ("LookupError", ModelFault.INCOMPLETE),
    ("OSError", ModelFault.CONNECTION),
)

_MAYBE_BILLED = frozenset({ModelFault.TIMEOUT, ModelFault.INCOMPLETE, ModelFault.CONNECTION, ModelFault.UNKNOWN})


def model_error(error: BaseException, line: Line, *, sent: bool, now: datetime | None = None) -> ModelError:
    """The error as the program knows it.

    ``sent``: the whole request had left. ``now`` is for a Retry-After that is a date on an answer without its own.
    """
    if isinstance(error, ModelError):
        return error
    seen, now = _look(error), now or datetime.now(UTC)
    fault = _fault(seen)
    refused = seen.status >= _ERROR and fault not in _MAYBE_BILLED
    return ModelError(
        f"{line.provider}: {_message(seen, fault, line)}",
        fault=fault,
        provider=line.provider,
        status=seen.status,
        retry_after_s=None if daily_quota(seen) else retry_after(seen, now),
        back_at=back_at(seen, now) if fault is ModelFault.QUOTA else None,
        billed=sent and not refused,
        hint=_hint(fault, line),
    )


def _look(error: BaseException) -> Seen:
    classes = frozenset(cls.__name__ for cls in type(error).__mro__)
    if "APIConnectionError" in classes and error.__cause__ is not None:
        # the cause says more: a cut body is no refused connection
        classes |= {cls.__name__ for cls in type(error.__cause__).__mro__}
    response = getattr(error, "response", None)
    body = getattr(error, "body", None)
    inner = _inner(body) or _inner(getattr(error, "details", None))
    code = getattr(error, "error_code", None) or getattr(error, "code", None)
    kind = getattr(error, "type", None) or getattr(error, "status", None) or inner.get("type") or inner.get("status")
    status = getattr(error, "status_code", None) or (code if isinstance(code, int) else None) or 0
    message = inner.get("message") or getattr(error, "message", None) or str(error) or type(error).__name__
    headers = getattr(response, "headers", None)
    return Seen(
        classes=classes,
        status=status if isinstance(status, int) else 0,
        kind=str(kind or ""),
        code=str(code or ""),
        message=str(message),
        headers={str(name).lower(): str(value) for name, value in dict(headers or {}).items()},
        details=tuple(one for one in listed(inner.get("details")) if isinstance(one, Mapping)),
    )


def _inner(body: Any) -> Mapping[str, Any]:
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, Mapping):
        return {}
    inner = body.get("error", body)
    return inner if isinstance(inner, Mapping) else {"message": str(inner)}


def _fault(seen: Seen) -> ModelFault:
    """First what is specific (a table word, a message that is known), then the status, then the class."""
    words = (seen.code, seen.kind, *(str(detail.get("reason", "")) for detail in seen.details))
    if seen.status >= _ERROR or seen.kind:
        in_stream = _first(words, _BY_STREAM_WORD) or ModelFault.SERVER
        return _by_message(seen) or _first(words, _BY_WORD) or _by_status(seen.status) or in_stream
    for name, fault in _BY_CLASS:
        if name in seen.classes:
            return fault
    # an error inside a stream that began with 200 and names nothing we know
    return ModelFault.SERVER if "APIError" in seen.classes else ModelFault.UNKNOWN


def fault_of(message: str, status: int, words: Sequence[str]) -> ModelFault | None:
    """The same judgement of what another program printed: ``words`` are those that may be the provider's own for it.

    ``status``: the HTTP status it quotes, 0 where none. ``None``: nothing of it is known.
    """
    seen = Seen(classes=frozenset(), status=status, kind="", code="", message=message)
    return _by_message(seen) or _first(words, _BY_WORD) or _by_status(status) or _first(words, _BY_STREAM_WORD)


def _by_message(seen: Seen) -> ModelFault | None:
    if _SPENT.search(seen.message) or daily_quota(seen):
        return ModelFault.QUOTA
    if _TOO_LONG.search(seen.message):
        return ModelFault.TOO_LARGE
    if seen.status in {400, 403} and _BAD_KEY.search(seen.message):
        return ModelFault.AUTHENTICATION
    return None


def _by_status(status: int) -> ModelFault | None:
    if status < _ERROR:
        return None
    return _BY_STATUS.get(status) or (ModelFault.SERVER if status >= _SERVER_ERROR else ModelFault.BAD_REQUEST)


def _first(words: Sequence[str], table: Mapping[str, ModelFault]) -> ModelFault | None:
    return next((table[word] for word in words if word in table), None)


def _message(seen: Seen, fault: ModelFault, line: Line) -> str:
    where = f"HTTP {seen.status}" if seen.status else fault.value.replace("_", " ")
    word = f" {seen.kind}" if seen.kind else ""
    text = " ".join(seen.message.split())
    for secret in sorted(filter(None, line.secrets), key=len, reverse=True):
        text = text.replace(secret, "[key]")
    return f"{where}{word}: {text[:_MESSAGE_LIMIT]}"


def _hint(fault: ModelFault, line: Line) -> str:
    variables = " or ".join(line.key_env)
    at = f" at {line.base_url}" if line.base_url else ""
    if fault is ModelFault.AUTHENTICATION:
        return f"set a valid key in {variables}" if variables else f"the server{at} asks for a key: name key_env for it"
    return {
        ModelFault.PERMISSION: f"the key{f' in {variables}' if variables else ''} may not use this model or region",
        ModelFault.NOT_FOUND: f"check the model id under models.providers.{line.provider}.tiers, and base_url",
        ModelFault.QUOTA: "raise the provider's spend limit or quota, then: orchestrate resume",
        ModelFault.TOO_LARGE: "the prompt does not fit the model: name fewer files in the task, or split it",
        ModelFault.BAD_REQUEST: "the provider refuses the request as it stands: check model, effort and output cap",
        ModelFault.CONNECTION: f"is the server{at} reachable? proxies are read from the environment",
        ModelFault.UNKNOWN: "not a fault of a provider that is known here: see the log",
    }.get(fault, "")
