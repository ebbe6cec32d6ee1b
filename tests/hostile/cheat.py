"""One cheat, whatever language it is in, and how it must fare."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.domain.failure import Category, Failure
from tests.hostile.cheat_site import CheatSite, Edits


@dataclass(frozen=True)
class Cheat:
    """One way to cover up the broken code."""

    name: str
    edits: Edits
    before: frozenset[str] = frozenset()
    """Codes of what stops it before a check runs."""
    named: str = ""
    """A word of the reason."""
    evidence: frozenset[str] = frozenset()
    """Codes of what the checks find with all protection lifted; empty: protection alone holds."""


def codes(found: Iterable[Failure]) -> set[str]:
    return {failure.code for failure in found if failure.code}


def assert_stopped(site: CheatSite, broken: Edits, cheat: Cheat) -> None:
    """Stopped with its reason; and the positive control: the exit code of the very run that is judged."""
    edits = {**broken, **cheat.edits}
    barred, scanned = site.before_the_checks(edits)
    found = (*barred, *scanned.failures)
    assert cheat.before <= codes(found)
    assert bool(found) == bool(cheat.before)
    report = site.checks(edits)
    assert report.results[0].exit_code == 0, "the positive control: a gate that trusts exit codes lets it through"
    if cheat.evidence:
        assert cheat.evidence <= codes(report.failures)
        assert report.category is Category.TACTICAL, (
            "the change's fault, not the environment's: it must not pause a run"
        )
    else:
        assert report.passed, "the checks alone cannot see it: protection is what holds"
    assert cheat.named in " ".join(failure.message for failure in (*found, *report.failures))
