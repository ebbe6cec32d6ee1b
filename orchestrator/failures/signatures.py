"""What programs say outside any test's report: the environment's faults, unknown options, unreadable configurations."""

from __future__ import annotations

from orchestrator.domain.pattern import Budget
from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import lines_with
from orchestrator.failures.tables import Signature, Tables

WINDOW = 200_000
"""Characters of an output's head and of its tail that are searched: a program says why it stopped at one of its ends.
"""
OWN_STEPS = 300_000
"""What all of a user's own patterns together may take on one output, in steps of the matching (0.8 us each, measured:
a quarter of a second); an output that takes more is not matched further."""
_OWN_LINE = 1000
"""Characters of a line that a user's own pattern sees."""
_TRIES = 50
"""Lines holding a signature's mark that are matched before it is given up."""


def scan(text: str, tables: Tables, *, beside_findings: bool) -> tuple[Finding, ...]:
    """One finding a signature that matches, in the table's order; beside findings only those marked ``always``."""
    if len(text) > 2 * WINDOW:
        text = text[:WINDOW] + "\n" + text[-WINDOW:]
    found: list[Finding] = []
    claimed: set[int] = set()
    for signature in tables.signatures:
        if (beside_findings and not signature.always) or signature.find not in text:
            continue
        hit = _match(text, signature, claimed)
        if hit is not None:
            found.append(hit)
    if any(finding.kind is Kind.UNKNOWN_OPTION for finding in found):  # it was read: a key, or a feature, is wrong
        found = [finding for finding in found if finding.kind is not Kind.BROKEN_CONFIG and not _unselected(finding)]
    return tuple(found)


def _unselected(finding: Finding) -> bool:
    """cargo (1.6x-1.9x): no version has a feature that was asked for."""
    return finding.message.startswith("error: failed to select a version")


def scan_own(text: str, tables: Tables) -> tuple[Finding, ...]:
    """One finding a pattern of the user's own: the first line it matches. Whatever else was found, they are asked."""
    if len(text) > 2 * WINDOW:
        text = text[:WINDOW] + "\n" + text[-WINDOW:]
    budget, found = Budget(OWN_STEPS), []
    for own in tables.own:
        for tries, (_, line) in enumerate(lines_with(text, own.find)):
            groups = own.line.match(line[:_OWN_LINE], budget) if tries < _TRIES else None
            if groups is not None:
                told, symbol = line.strip(), groups[own.symbol] if own.symbol else None
                found.append(
                    Finding(
                        tool="own", kind=Kind.OWN, code=own.find, message=told, symbol=symbol, category=own.category
                    )
                )
            if groups is not None or tries >= _TRIES:
                break
    return tuple(found)


def _match(text: str, signature: Signature, claimed: set[int]) -> Finding | None:
    """The first line that matches and that no earlier signature has claimed."""
    for tries, (start, line) in enumerate(lines_with(text, signature.find)):
        if tries >= _TRIES:
            return None
        match = None if start in claimed else signature.line.match(line)
        if match:
            claimed.add(start)
            symbol = match[signature.symbol] if signature.symbol else None
            return Finding(
                tool="generic", kind=signature.kind, code=signature.kind.value, message=line.strip(), symbol=symbol
            )
    return None
