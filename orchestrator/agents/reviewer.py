"""The review: the architect holds the finished diff against its record (L1, L13)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.agents import markdown
from orchestrator.agents.asking import Ending, Talk, open_talk
from orchestrator.agents.brief import TaskBrief
from orchestrator.agents.findings import MAX_FINDINGS, Finding, where
from orchestrator.agents.headings import looks_like_path
from orchestrator.agents.staff import Staff
from orchestrator.domain.adr import Adr
from orchestrator.ports import Desk

ROLE = "reviewer"
MAX_DIFF = 60_000
"""Characters of a diff shown, about 15,000 tokens; of a larger one, its head and tail."""
REASK = "Your review could not be read. Answer again, beginning with `VERDICT: accept` or `VERDICT: send_back`."


class Verdict(StrEnum):
    """What the review says."""

    ACCEPT = "accept"
    SEND_BACK = "send_back"
    UNDECIDED = "undecided"
    """No review that can be read, or the model declined: someone else has to decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A review as read."""

    verdict: Verdict
    summary: str = ""
    findings: tuple[Finding, ...] = ()
    invariants: Mapping[str, str] = field(default_factory=dict)
    """Invariant id -> ``kept`` or ``broken: why``, as the review says it."""
    detail: str = ""
    """Why it is undecided."""
    text: str = ""
    """The answer, for review.md."""
    prompt: str = ""
    turns: int = 0
    model: str = ""


_FIELD = re.compile(r"[\s#*_>-]*(verdict|summary|findings|invariants)\b[*_`]*\s*:?[*_`]*\s*(.*)", re.IGNORECASE)
_VERDICT = re.compile(
    r"(send[\s_-]*back|reject(?:ed)?|changes[\s_-]requested)|(accept(?:ed)?|approved?)", re.IGNORECASE
)
_PLACE = re.compile(r"[`*]*([^\s`*:]+)(?::(\d{1,9})(?:[-:]\d{1,9})?)?[`*]*\s*[:\u2013\u2014-]\s*(.+)", re.DOTALL)


def begin_review(
    desk: Desk, staff: Staff, brief: TaskBrief, adr: Adr, diff: str, gate_facts: str, iteration: int = 1
) -> Talk:
    """The conversation, not yet begun.

    ``gate_facts`` is :func:`orchestrator.agents.feedback.gate_facts`; ``iteration`` counts the task's reviews.
    """
    variables = {
        "task": brief.task,
        "invariants": brief.invariants,
        "adr": adr.text.strip(),
        "checks": gate_facts.strip(),
        "diff": shorten(diff).strip(),
    }
    return open_talk(desk, staff, ROLE, task=brief.task.id, iteration=iteration, variables=variables)


def read_review(talk: Talk) -> Review:
    """Ask for a verdict on a diff the gate passed; one re-ask where it cannot be read."""
    detail = ""
    for last in (False, True):
        answer = talk.ask()
        end = talk.end()
        if end is Ending.READ or (end is Ending.CUT and _FIELD.search(answer.text)):
            read = parse(answer.text)
            if read.verdict is not Verdict.UNDECIDED:
                return _with(read, talk.prompt, talk.turns, talk.assignment.model)
            detail = "the review names no verdict"
        else:
            detail = f"the review ended with {answer.reason}" + (f" ({answer.detail})" if answer.detail else "")
        if end in {Ending.REFUSED, Ending.TOO_LONG}:
            break
        if not last:
            talk.forget()
            talk.say(REASK)
    read = Review(verdict=Verdict.UNDECIDED, detail=detail, text=talk.text)
    return _with(read, talk.prompt, talk.turns, talk.assignment.model)


def parse(text: str) -> Review:
    """Read a review. Never raises; without a verdict it is undecided. A broken invariant is never accepted."""
    text = markdown.unwrap(markdown.clean(text))
    parts: dict[str, list[str]] = {}
    current = ""
    for line in text.split("\n"):
        match = _FIELD.fullmatch(line)
        if match and (match[1].lower() not in parts):
            current = match[1].lower()
            parts[current] = [match[2]] if match[2] else []
        elif current:
            parts[current].append(line)
    stated = _VERDICT.search(" ".join(parts.get("verdict", [])[:2]))
    verdict = Verdict.UNDECIDED if stated is None else Verdict.SEND_BACK if stated[1] else Verdict.ACCEPT
    invariants = _invariants(parts.get("invariants", []))
    if verdict is Verdict.ACCEPT and any(how.casefold().startswith("broken") for how in invariants.values()):
        verdict = Verdict.SEND_BACK
    return Review(
        verdict=verdict,
        summary=" ".join(" ".join(parts.get("summary", [])).split())[:500],
        findings=tuple(
            _finding(item) for item in markdown.items(parts.get("findings", []))[:MAX_FINDINGS] if _says(item)
        ),
        invariants=invariants,
        text=text,
    )


def send_back(result: Review, serious: str = "") -> str:
    """The findings as feedback for the executor; ``serious``: what the other validators send it back for."""
    lines = [f"- {where(finding)}{finding.text}" for finding in result.findings]
    lines += [
        f"- invariant {key}: {how}" for key, how in result.invariants.items() if how.casefold().startswith("broken")
    ]
    told = "\n".join(lines)
    if result.verdict is not Verdict.SEND_BACK:
        return f"The checks passed, but the change is sent back for:\n{serious}".rstrip()
    told = f"{told}\n{serious}" if serious and serious not in told else told
    return f"The checks passed, but the architect's review sends the change back: {result.summary}\n{told}".rstrip()


def shorten(diff: str) -> str:
    """The diff, or its head and tail with the cut marked."""
    if len(diff) <= MAX_DIFF:
        return diff
    half = MAX_DIFF // 2
    head, tail = diff[:half].rsplit("\n", 1)[0], diff[-half:].split("\n", 1)[-1]
    left_out = diff[len(head) + 1 : len(diff) - len(tail)].count("\n")
    return f"{head}\n[... {left_out} lines of the diff left out ...]\n{tail}"


def _with(read: Review, prompt: str, turns: int, model: str) -> Review:
    return Review(
        verdict=read.verdict,
        summary=read.summary,
        findings=read.findings,
        invariants=read.invariants,
        detail=read.detail,
        text=read.text,
        prompt=prompt,
        turns=turns,
        model=model,
    )


def _invariants(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in markdown.items(lines):
        name, colon, how = item.partition(":")
        if colon and how.strip():
            found[name.strip(" `*")] = how.strip(" `*")
    return found


def _finding(item: str) -> Finding:
    match = _PLACE.fullmatch(item)
    if match is None or not looks_like_path(match[1]):
        return Finding(text=item)
    return Finding(text=match[3].strip(), file=match[1], line=int(match[2]) if match[2] else None)


def _says(item: str) -> bool:
    return item.strip(" .*_`()").casefold() not in {"", "none", "no findings", "n/a", "-"}
