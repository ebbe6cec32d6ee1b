"""Answers written by hand: ``<call_id>.md``, YAML front matter and the answer's text.

The front matter may be left out; its keys are ``reason``, ``detail``, ``model``, ``seconds``, ``usage`` (token counts)
and ``tool_calls`` (``name``, ``arguments``). Without ``usage`` the desk estimates it, as always
where none is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from orchestrator.domain.call import Answer, CallKey, FinishReason, ToolCall, Usage
from orchestrator.domain.record import HAND_WRITTEN, CallRecord
from orchestrator.domain.task import Phase
from orchestrator.strict_yaml import Fault, LoadedYaml, Loc, read, refuse

_RULE = "---"
_KEYS = ("origin", "reason", "detail", "model", "seconds", "usage", "tool_calls")
_CALL_KEYS = ("name", "arguments")
_COUNTS = tuple(one.name for one in fields(Usage) if one.name != "estimated")


def key_of(stem: str) -> CallKey:
    """The key a file's name says, ``task.phase.role.iteration.turn``; ``ValueError`` where it says none."""
    parts = stem.rsplit(".", 4)
    if len(parts) != 5 or not parts[0] or not parts[2]:  # noqa: PLR2004 - the fields of a CallKey
        raise ValueError("its name is not <task>.<phase>.<role>.<iteration>.<turn>")
    task, phase, role, iteration, turn = parts
    try:
        key = CallKey(task, Phase(phase), role, int(iteration), int(turn))
    except ValueError:
        raise ValueError(
            f"its name is not <task>.<phase>.<role>.<iteration>.<turn> ({', '.join(Phase)}; whole numbers from 1)"
        ) from None
    if key.iteration < 1 or key.turn < 1 or key.call_id != stem:
        raise ValueError("iteration and turn are whole numbers from 1, without leading zeros")
    return key


def read_answer(text: str, key: CallKey, source: str) -> CallRecord:
    """The record of one such file. ``UsageError`` with every fault and its place."""
    front, body = _split(text)
    loaded = read(front, source=source)
    reader = _Reader(loaded)
    data = reader.mapping((), loaded.data or {}, _KEYS)
    reader.origin(data.get("origin"))
    calls = tuple(
        ToolCall(id=f"{key.call_id}:{number}", name=call["name"], arguments=call.get("arguments") or {})
        for number, call in enumerate(reader.calls(data.get("tool_calls")))
    )
    default = FinishReason.TOOL if calls else FinishReason.END
    answer = Answer(
        text=body,
        reason=reader.reason(data.get("reason"), default),
        detail=reader.text("detail", data),
        model=reader.text("model", data),
        seconds=reader.seconds(data.get("seconds")),
        usage=reader.usage(data.get("usage")),
        tool_calls=calls,
        raw={"origin": HAND_WRITTEN, "text": body},
    )
    if faults := (*loaded.faults, *reader.faults):
        raise refuse(faults, source=source)
    return CallRecord(
        key=key,
        provider=HAND_WRITTEN,
        model=answer.model,
        prompt_sha256=None,
        request=None,
        answer=answer,
        cost_usd=None,
        origin=HAND_WRITTEN,
    )


def _split(text: str) -> tuple[str, str]:
    """Front matter (with as many empty lines before it as in the file, so that places are right) and body."""
    lines = text.split("\n")
    if lines[0].rstrip() != _RULE:
        return "", text
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == _RULE:
            return "\n" + "\n".join(lines[1:number]), "\n".join(lines[number + 1 :])
    return "", text


@dataclass(slots=True)
class _Reader:
    """Reads values of the front matter and keeps what is wrong with them."""

    loaded: LoadedYaml
    faults: tuple[Fault, ...] = ()

    def _wrong(self, loc: Loc, what: str, mend: str = "", *, at_key: bool = False) -> None:
        self.faults = (*self.faults, self.loaded.fault(loc, what, mend, at_key=at_key))

    def mapping(self, loc: Loc, value: Any, keys: tuple[str, ...]) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            self._wrong(loc, "keys and values are wanted here", f"one of {', '.join(keys)}")
            return {}
        for name in value:
            if name not in keys:
                self._wrong((*loc, name), f"unknown key {name!r}", f"one of {', '.join(keys)}", at_key=True)
        return value

    def origin(self, value: Any) -> None:
        """May be said, for whoever opens the file; nothing else can be said."""
        if value not in (None, HAND_WRITTEN):
            self._wrong(("origin",), f"no origin {value!r}", f"{HAND_WRITTEN}, or leave it out")

    def reason(self, value: Any, default: FinishReason) -> FinishReason:
        if value is None:
            return default
        if value in {one.value for one in FinishReason}:
            return FinishReason(value)
        self._wrong(("reason",), f"no reason {value!r}", f"one of {', '.join(FinishReason)}")
        return default

    def text(self, name: str, data: Mapping[str, Any]) -> str:
        value = data.get(name, "")
        if isinstance(value, str):
            return value
        self._wrong((name,), "text is wanted here")
        return ""

    def seconds(self, value: Any) -> float:
        if value is None:
            return 0.0
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
            return float(value)
        self._wrong(("seconds",), "seconds, 0 or more, are wanted here")
        return 0.0

    def usage(self, value: Any) -> Usage | None:
        if value is None:
            return None
        counts: dict[str, Any] = {}
        for name, count in self.mapping(("usage",), value, _COUNTS).items():
            if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
                counts[name] = count
            else:
                self._wrong(("usage", name), "a whole number of tokens, 0 or more, is wanted here")
        return Usage(**{name: count for name, count in counts.items() if name in _COUNTS})

    def calls(self, value: Any) -> list[Mapping[str, Any]]:
        if value is None:
            return []
        if not isinstance(value, list):
            self._wrong(("tool_calls",), "a list is wanted here", "- {name: read_file, arguments: {path: a.py}}")
            return []
        found = []
        for number, item in enumerate(value):
            loc: Loc = ("tool_calls", number)
            call = self.mapping(loc, item, _CALL_KEYS)
            if not isinstance(call.get("name"), str) or not isinstance(call.get("arguments", {}), dict):
                self._wrong(loc, "a name and, as keys and values, arguments are wanted here")
            else:
                found.append(call)
        return found
