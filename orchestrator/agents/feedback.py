"""What the next ask is told about what went wrong: only what helps, old iterations as one line each."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.agents import markdown
from orchestrator.agents.fence import element
from orchestrator.domain.edit import EditFault
from orchestrator.domain.failure import Category, Failure
from orchestrator.domain.gate import GateReport
from orchestrator.domain.outcome import IterationNote

MAX_FAILURES = 12
"""Failures told at once; the rest is counted."""
MAX_TESTS = 3
"""Tests named for one finding."""
MAX_DIFF = 6000
"""Characters of the failed change the architect is shown, about 1,500 tokens."""
MAX_MESSAGE = 600
"""Characters of one failure's message."""
MAX_TEXT = 8000
"""Characters of a whole feedback, about 2,000 tokens."""
MAX_NOTES = 8
MAX_FAULTS = 8
MAX_FAULT = 1500


def tactical(failures: Sequence[Failure]) -> str:
    """Targeted feedback: each failure with its place, code and message, gravest first; the same finding of several
    tests is told once."""
    ordered = sorted(failures, key=lambda failure: -failure.category.gravity)
    tests: dict[str, list[str]] = {}
    for failure in ordered:
        tests.setdefault(_line(failure), []).extend(_test(failure))
    lines = [f"{line}{_listed(names)}" for line, names in tests.items()]
    more = [f"... and {len(lines) - MAX_FAILURES} more of the same run."] if len(lines) > MAX_FAILURES else []
    return _capped("The checks failed:\n" + "\n".join((*lines[:MAX_FAILURES], *more)))


def hallucination(failures: Sequence[Failure]) -> str:
    """A warning that names what does not exist and the nearest real names; the other failures follow."""
    invented = [failure for failure in failures if failure.category is Category.HALLUCINATION]
    others = [failure for failure in failures if failure.category is not Category.HALLUCINATION]
    lines = [
        "Warning: your code uses names that do not exist. Do not use them again; look names up before you use them."
    ]
    for failure in invented[:MAX_FAILURES]:
        name = f"`{failure.symbol}`" if failure.symbol else "a name"
        near = ", ".join(f"`{suggestion}`" for suggestion in failure.suggestions[:5])
        what = f"- {name} does not exist{_place(failure)}: {_message(failure)}"
        lines.append(f"{what}. What exists: {near}" if near else what)
    text = "\n".join(lines)
    return _capped(f"{text}\n{tactical(others)}" if others else text)


def stuck(why: str, notes: Sequence[IterationNote] = ()) -> str:
    """Told where the loop makes no progress: the same way again will not do."""
    past = history(notes)
    text = f"No progress: {why}. Do not repeat the earlier edits; find another way to the same end."
    return _capped(f"{text}\n{past}" if past else text)


def history(notes: Sequence[IterationNote]) -> str:
    """Earlier iterations, one line each, the newest last."""
    lines = []
    for note in notes[-MAX_NOTES:]:
        counts = ", ".join(f"{count} {category}" for category, count in sorted(note.categories.items()) if count)
        verdict = "passed" if note.passed else f"failed at {note.failed_check or 'the edits'}"
        headline = f": {_one_line(note.headline, 160)}" if note.headline else ""
        lines.append(f"- iteration {note.number} ({note.tier}) {verdict}{f' ({counts})' if counts else ''}{headline}")
    return "Earlier iterations:\n" + "\n".join(lines) if lines else ""


def redesign(why: str, notes: Sequence[IterationNote], failures: Sequence[Failure], diff: str = "") -> str:
    """The failing history as the architect is told it; ``diff`` is what was written after the old record."""
    parts = [f"Why the record is to be rethought: {why}", history(notes), tactical(failures) if failures else ""]
    told = _capped("\n".join(part for part in parts if part))
    if not diff.strip():
        return told
    cut = diff if len(diff) <= MAX_DIFF else diff[:MAX_DIFF].rsplit("\n", 1)[0] + "\n[cut]"
    return f"{told}\nWhat was written:\n{cut.strip()}"


def edit_faults(faults: Sequence[EditFault]) -> str:
    """Why an answer's edits did not apply, with the nearest real text."""
    lines = [f"- {fault.path} ({fault.reason}): {fault.detail[:MAX_FAULT]}" for fault in faults[:MAX_FAULTS]]
    if len(faults) > MAX_FAULTS:
        lines.append(f"- and {len(faults) - MAX_FAULTS} more")
    told = element("feedback", "\n" + _capped("\n".join(lines)) + "\n")
    return (
        f"None of your edits was applied, because:\n{told}\nAnswer again with all edits, these put right. Copy SEARCH "
        "from the file as it stands; look lines up where you are not sure."
    )


def gate_facts(report: GateReport) -> str:
    """What the checks showed, for the review: one line a check."""
    lines = []
    for result in report.results:
        facts = ["passed" if result.passed else "failed"]
        if result.tests is not None:
            facts.append(f"{result.tests.passed} of {result.tests.ran} tests passed, {result.tests.skipped} skipped")
        if result.coverage is not None:
            facts.append(f"{result.coverage.percent:.1f} % of lines covered")
        if result.note:
            facts.append(_one_line(result.note, 160))
        lines.append(f"- {result.kind} ({_one_line(result.command, 80)}): {'; '.join(facts)}")
    return "\n".join(lines) or "No check ran."


def _line(failure: Failure) -> str:
    code = f" {failure.code}" if failure.code else ""
    near = f" (nearest: {', '.join(failure.suggestions[:3])})" if failure.suggestions else ""
    return f"- {failure.check}/{failure.tool}{code}{_place(failure)}: {_message(failure)}{near}"


def _test(failure: Failure) -> list[str]:
    return [failure.test_id] if failure.test_id and failure.test_id not in failure.message else []


def _listed(names: Sequence[str]) -> str:
    """The tests that found it, the first of them by name."""
    if not names:
        return ""
    more = f" and {len(names) - MAX_TESTS} more" if len(names) > MAX_TESTS else ""
    return f" [{', '.join(names[:MAX_TESTS])}{more}]"


def _place(failure: Failure) -> str:
    if failure.file is None:
        return ""
    return f" at {failure.file}:{failure.line}" if failure.line else f" at {failure.file}"


def _message(failure: Failure) -> str:
    text = markdown.clean(failure.message).strip()
    return text if len(text) <= MAX_MESSAGE else text[:MAX_MESSAGE] + " ..."


def _one_line(text: str, limit: int) -> str:
    line = " ".join(markdown.clean(text).split())
    return line if len(line) <= limit else line[:limit] + " ..."


def _capped(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT].rsplit("\n", 1)[0] + "\n[cut]"
