"""One attempt at one provider: the key is there, the limits hold, whatever is raised comes out as a ModelError."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from orchestrator.adapters.models.deadlines import Attempt, run_attempt
from orchestrator.adapters.models.faults import Line, model_error
from orchestrator.domain.call import Deadlines
from orchestrator.domain.errors import ModelError, ModelFault, NoModelListError

T = TypeVar("T")

_REFUSED = frozenset({ModelFault.AUTHENTICATION, ModelFault.PERMISSION, ModelFault.QUOTA})
"""Faults that every call would meet: said before the first task."""

CHECK_DEADLINES = Deadlines(first_byte_s=30, idle_s=30, total_s=60)
"""Limits of a look at the provider's model list, seconds: it answers at once or something is wrong."""


def once(work: Callable[[Attempt], T], deadlines: Deadlines, line: Line) -> T:
    """``work``'s result; raises :class:`ModelError` and nothing else (but interrupts)."""

    def mapped(attempt: Attempt) -> T:
        try:
            return work(attempt)
        except Exception as error:  # noqa: BLE001 - the port promises ModelError for whatever an SDK raises
            # "from None": the SDK's own text may quote the key, and logs print causes
            raise model_error(error, line, sent=attempt.sent) from None

    return run_attempt(mapped, deadlines, provider=line.provider)


def need_key(key: str | None, line: Line) -> str:
    """The key, or the error that names the variable to set."""
    if key and key.strip():
        return key.strip()
    variables = " or ".join(line.key_env) or "key_env"
    raise ModelError(
        f"{line.provider}: no key: {variables} is not set",
        fault=ModelFault.AUTHENTICATION,
        provider=line.provider,
        hint=f"export {line.key_env[0] if line.key_env else 'the variable that key_env names'}=…, then run again",
    )


def incomplete(line: Line) -> ModelError:
    """The stream ended cleanly, but without the final reason: the SDKs raise nothing for it."""
    return ModelError(
        f"{line.provider}: the answer ended without its final reason",
        fault=ModelFault.INCOMPLETE,
        provider=line.provider,
        status=200,
        billed=True,
    )


def listed(names: Callable[[], Iterable[T]], deadlines: Deadlines, line: Line) -> list[T]:
    """The provider's models. ``NoModelListError`` where it gives no list; a refused key is its own error."""
    try:
        return once(lambda _: list(names()), deadlines, line)
    except ModelError as error:
        if error.fault in _REFUSED:
            raise
        raise NoModelListError(
            f"{line.provider}: its models could not be listed, so their names were not checked: {error.message}",
            fault=error.fault,
            provider=line.provider,
            status=error.status,
        ) from None


def missing_model(model: str, known: Sequence[str], line: Line) -> ModelError:
    """That model is not among those the key may use."""
    near = difflib.get_close_matches(model, known, n=3, cutoff=0.5) or sorted(known)[:8]
    there = f"; there are: {', '.join(near)}" if near else ""
    return ModelError(
        f"{line.provider}: no model {model!r}{there}",
        fault=ModelFault.NOT_FOUND,
        provider=line.provider,
        status=404,
        hint=f"set the model id under models.providers.{line.provider}.tiers, or a role's model",
    )
