"""An architect's record cut down to what is read in the morning: five lines, and how each invariant is kept. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.domain.adr import Adr
from orchestrator.domain.failure import CheckKind
from orchestrator.domain.gate import GateReport
from orchestrator.reports.inert import one_line

LINE = 240
"""Characters of one of the five lines."""
_LINES = (
    ("Why", "context"),
    ("Decided", "decision"),
    ("Because", "rationale"),
    ("Options", "options"),
    ("Files", "files"),
)
_NOTHING = re.compile(
    r"(?i)\W*(?:none(?: (?:for|of|to|in|that) [^.;\n]{0,60})?|nothing|n/?a|no (?:other )?consequences?)?\W*"
)
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+", re.MULTILINE)
_ANSWER = re.compile(r"^\s*[-*+]\s+[*`]*([A-Za-z0-9][\w.-]{0,80}?)[*`]*\s*:\s*(.*(?:\n(?!\s*[-*+#]).*)*)", re.MULTILINE)
_LONGEST = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One invariant, and what says that it holds."""

    id: str
    how: str
    """In the record's words; empty: it does not say."""
    proof: str
    """``checked by the gate``, ``the review: kept`` ...; empty: nothing but the record says so."""


def sections(text: str) -> Mapping[str, str]:
    """The text under each heading, by its name in small letters; of several of one name, the first."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text[:_LONGEST].splitlines():
        if line.startswith("#"):
            current = found.setdefault(line.strip("# \t").lower(), []) if line.strip("# \t") else []
        else:
            current.append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items()}


def five_lines(adr: Adr | None) -> tuple[tuple[str, str], ...]:
    """The record as at most five labelled lines; what it leaves out has none."""
    if adr is None:
        return ()
    parts = {"decision": adr.decision, **sections(adr.text)}
    return tuple((name, line) for name, part in _LINES if (line := _one(parts.get(part, ""))))


def consequences(adr: Adr | None) -> str:
    """What follows from the decision; empty where the record says: nothing."""
    text = sections(adr.text).get("consequences", "") if adr else ""
    return "" if _NOTHING.fullmatch(text) else _one(text, 600)


def answers_of(section: str) -> dict[str, str]:
    """The items of an invariant compliance: id -> how it is kept."""
    return {found[1]: " ".join(found[2].split()) for found in _ANSWER.finditer(section)}


def invariants(adr: Adr | None, answers: Mapping[str, str], gate: GateReport | None) -> tuple[Kept, ...]:
    """Each invariant that the record, the review or the gate names."""
    said = adr.compliance if adr else {}
    checked = {one.tool: one.passed for one in gate.results if one.kind is CheckKind.INVARIANT} if gate else {}
    names = dict.fromkeys((*said, *answers, *(name for name in checked if name)))
    return tuple(Kept(id=name, how=said.get(name, ""), proof=_proof(name, answers, checked)) for name in names)


def _proof(name: str, answers: Mapping[str, str], checked: Mapping[str, bool]) -> str:
    parts = []
    if name in checked:
        parts.append("checked by the gate" if checked[name] else "the gate's check failed")
    if name in answers:
        parts.append(f"the review: {one_line(answers[name], limit=120)}")
    return ", ".join(parts)


def _one(text: str, limit: int = LINE) -> str:
    """Items joined in a line, marks of emphasis left as they are."""
    items = [part.strip() for part in _ITEM.split(text) if part.strip()]
    return one_line("; ".join(item.rstrip(".;") if len(items) > 1 else item for item in items), limit=limit)
