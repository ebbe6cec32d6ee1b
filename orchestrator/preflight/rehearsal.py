"""The gate on the base, inside the sandbox and outside: what the two say together. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.domain.words import count
from orchestrator.gate.base_state import BaseState, BaseWord
from orchestrator.preflight.verdict import Finding, fine, note, stop

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One passage of the gate over the base."""

    state: BaseState | None
    """``None``: set-up failed."""
    refused: str = ""
    """What set-up said then."""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What was tried."""

    inside: Passage
    outside: Passage | None = None
    """Without a sandbox; only where the one inside was not green."""
    opened: tuple[tuple[str, ...], Passage] | None = None
    """The smallest ``gate.allow`` with which the inside says what the outside does, and that passage."""
    sandbox: str = "bwrap"


def judge_gate(tried: Rehearsal) -> list[Finding]:
    """The findings: does the gate work, is the base green, does the sandbox make a difference."""
    inside = tried.inside
    if inside.state is None:
        return [stop("gate", f"set-up fails on the base: {inside.refused}", inside.hint, slug="gate-setup")]
    found = [_difference(tried)] if _differs(tried) else []
    state = inside.state
    known = f"{count(state.tests, 'test')} in {state.seconds:.0f} s" if state.tests else f"{state.seconds:.0f} s"
    if state.word is BaseWord.GREEN:
        return [fine("gate", f"green on the base ({known}, sandbox {tried.sandbox})")]
    if not state.works:
        broken = "; ".join(state.broken) or "no check was found"
        what = f"the gate does not work on the base: {broken}"
        mend = "name what lacks in setup: or give the command under gate: (`orchestrate init` tries what CI does)"
        return found or [stop("gate", what, mend, slug="gate-broken")]
    if state.word is BaseWord.UNTESTED and not state.red:
        mend = "nothing proves that a change works: gate: {test: ...} names the command"
        return [*found, note("gate", "there are no tests", mend, slug="gate-untested")]
    red = "; ".join(state.red[:_SHOWN])
    mend = "what fails there already blocks no task; mend it to have a full gate"
    return [*found, note("gate", f"red on the base ({known}): {red}", mend, slug="gate-red")]


def better(one: BaseState, other: BaseState) -> bool:
    """Whether less fails in the one than in the other, and in no check more."""
    keys = {*one.failing, *other.failing}
    less = sum(one.failing.values()) < sum(other.failing.values())
    return less and all(one.failing.get(key, 0) <= other.failing.get(key, 0) for key in keys)


def _differs(tried: Rehearsal) -> bool:
    """Whether the base is better off outside."""
    outside = tried.outside.state if tried.outside else None
    return outside is not None and tried.inside.state is not None and better(outside, tried.inside.state)


def _difference(tried: Rehearsal) -> Finding:
    inside = tried.inside.state
    outside = tried.outside.state if tried.outside else None
    assert inside is not None  # noqa: S101 - asked before
    assert outside is not None  # noqa: S101 - asked before
    said = (*inside.broken, *inside.red)
    worse = tuple(key for key, count in inside.failing.items() if outside.failing.get(key, 0) < count)
    only = [each for each in said if each.startswith(worse)]
    line = f"gate: {{allow: [{', '.join(tried.opened[0])}]}}  # in orchestrate.yaml" if tried.opened else ""
    what = f"passes outside the sandbox and not inside: {'; '.join(only[:_SHOWN])}"
    mend = line or "no gate.allow mends it: the check needs a file, a program or a socket of yours; see its log"
    weigh = note if inside.works else stop
    return weigh("gate", what, mend, slug="gate-differs")
