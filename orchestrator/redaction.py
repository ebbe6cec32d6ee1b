"""The one place through which everything written goes (B9, I7): journal, answers, prompts, logs, reports, console.

One redactor serves the whole process: a writer that was built before the settings were read must not write what a later
one would hide. It knows the environment's keys from the start, and what the settings name once a session arms it.

What is hidden where, and why a resume gives the same result: a request is hidden before it is sent and an answer before
it is kept or used, so both runs use the same text; a check's output is hidden as it is read; what an answer writes into
the code gets its hidden parts back from the repository's own files (:func:`reveal`), so that no file is spoilt.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from orchestrator.domain.call import Answer, Message, Request
from orchestrator.domain.classification import SECRET_NAME, Sensitivity, sensitivity
from orchestrator.domain.redactor import SHORTEST, Own, Redactor, hide_within

HIDDEN = "[hidden]"
"""Stands for a whole field that is named like a secret."""
_NO_SECRETS = ("GIT_CONFIG_KEY_",)
"""Names of git's configuration, not secrets: hiding them would garble messages."""
_TAIL = 16_384
"""Bytes of a stream that wait for what follows them: the longest secret that is found across two pieces of it."""
_PIECE = 262_144
"""Bytes of a stream that are hidden at once."""


class _Armed:
    """What is known in this process."""

    redactor: Redactor | None = None
    own: tuple[Own, ...] = ()
    names: tuple[str, ...] = ()
    met: ClassVar[dict[str, str]] = {}


def arm(*, names: Iterable[str] | None = None, own: Iterable[Own] | None = None) -> None:
    """Look at the environment again. ``names``: further variables that hold secrets; ``own``: the user's patterns.

    What is left out stays as it was.
    """
    _Armed.names = _Armed.names if names is None else tuple(names)
    _Armed.own = _Armed.own if own is None else tuple(own)
    _Armed.redactor = Redactor(secret_values(os.environ, _Armed.names), _Armed.own, _Armed.met)


def secret_values(environment: Mapping[str, str], names: Iterable[str] = ()) -> dict[str, str]:
    """The secrets of an environment, by variable: those named like one, and ``names``. A path is none."""
    further = frozenset(names)
    found = {}
    for name, value in environment.items():
        if len(value) < SHORTEST or value.startswith(HIDDEN[:-1]):
            continue
        named = SECRET_NAME.search(name) and not name.startswith(_NO_SECRETS) and not _is_path(value)
        if name in further or named:
            found[name] = value
        elif name.startswith("OTEL_EXPORTER_OTLP") and name.endswith("HEADERS"):
            parts = [part.partition("=")[2].strip() for part in value.split(",")]
            found |= {f"{name}.{number}": part for number, part in enumerate(parts) if len(part) >= SHORTEST}
    return found


def _is_path(value: str) -> bool:
    try:
        return Path(value).expanduser().exists()
    except (OSError, ValueError, RuntimeError):
        return False


def _redactor() -> Redactor:
    if _Armed.redactor is None:
        arm()
    assert _Armed.redactor is not None  # noqa: S101 - armed above
    return _Armed.redactor


def hidden(text: str) -> str:
    """The text without secrets."""
    return _redactor().hide(text)


def hidden_bytes(content: bytes) -> bytes:
    """A text file's content without secrets; bytes that are no UTF-8 stay as they are."""
    text = content.decode("utf-8", "surrogateescape")
    without = hidden(text)
    return content if without is text else without.encode("utf-8", "surrogateescape")


def hidden_value(value: Any) -> Any:
    """A JSON value without secrets; fields named like one are hidden whole."""
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if isinstance(item, str) and sensitivity(str(key)) is Sensitivity.SECRET else hidden_value(item)
            for key, item in value.items()
        }
    return [hidden_value(item) for item in value] if isinstance(value, (list, tuple)) else hide_within(value, hidden)


def hidden_fields(fields: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """An entry's fields without secrets. Public ones are ids, numbers and states, and stay as they are."""
    return {
        name: value
        if sensitivity(name, kind) is Sensitivity.PUBLIC and not isinstance(value, (Mapping, list, tuple))
        else _hidden_field(name, value, kind)
        for name, value in fields.items()
    }


def _hidden_field(name: str, value: Any, kind: str) -> Any:
    if isinstance(value, str):
        return HIDDEN if sensitivity(name, kind) is Sensitivity.SECRET else hidden(value)
    if isinstance(value, Mapping):
        return hidden_fields(value, kind)
    if isinstance(value, (list, tuple)):
        return [hidden_fields(item, kind) if isinstance(item, Mapping) else hidden_value(item) for item in value]
    return value


def hidden_request(request: Request) -> Request:
    """What may be sent: nothing that is hidden leaves the machine; what it stands for is met, for :func:`reveal`."""
    redactor = _redactor()

    def hide(text: str) -> str:
        return redactor.hide(text, meet=True)

    def message(one: Message) -> Message:
        return replace(
            one,
            text=hide(one.text),
            tool_results=tuple(replace(result, content=hide(result.content)) for result in one.tool_results),
        )

    return replace(request, system=hide(request.system), messages=tuple(message(one) for one in request.messages))


def hidden_answer(answer: Answer) -> Answer:
    """An answer as it may be kept, and is used.

    Where the provider's own form of it holds a secret, that form is dropped: the turn is sent back from its text.
    """
    raw = hide_within(answer.raw, hidden)
    calls = tuple(replace(call, arguments=hide_within(call.arguments, hidden)) for call in answer.tool_calls)
    same = raw == hide_within(answer.raw, str)
    return replace(
        answer, text=hidden(answer.text), detail=hidden(answer.detail), tool_calls=calls, raw=answer.raw if same else {}
    )


def meet(text: str) -> None:
    """Secrets in a text of the repository's may be put back into it."""
    _redactor().hide(text, meet=True)


def reveal(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with what was met put back, and the placeholders that stand for nothing known."""
    return _redactor().reveal(text)


class Stream:
    """Hides in a stream of bytes as it comes, across its pieces."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes; what may go on now, often nothing."""
        self._waiting += chunk
        if len(self._waiting) < _PIECE:
            return b""
        cut = self._waiting.rfind(b"\n", 0, len(self._waiting) - _TAIL) + 1
        cut = cut or len(self._waiting) - _TAIL
        piece = bytes(self._waiting[:cut])
        del self._waiting[:cut]
        return hidden_bytes(piece)

    def flush(self) -> bytes:
        """The rest."""
        rest = bytes(self._waiting)
        self._waiting.clear()
        return hidden_bytes(rest)
