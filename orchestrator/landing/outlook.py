"""What a run's end says of its landing: trial merges of what was delivered, no gate, written into the journal."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.landing.candidates import candidates
from orchestrator.landing.merge_plan import merge_plan
from orchestrator.ledger.journal import Entry
from orchestrator.pipeline.night import Night
from orchestrator.reports.landing import ENTRY
from orchestrator.reports.rebuild import summary_of


def plan_at_end(night: Night, entries: Sequence[Entry]) -> None:
    """Journal which delivered branches merge onto the checked-out commit, in what order; nothing where none was.

    Raises ``GitError`` and the like: that is to be said, and fails no run.
    """
    found = [one for one in candidates(night.batch.tasks, summary_of(entries), night.repository, None) if not one.gone]
    if not found:
        return
    head = night.repository.pin(None)
    lane = night.repository.lane(0)
    lane.refresh([head, night.base, *(one.commit for one in found)])
    night.journal.append(ENTRY, **merge_plan(lane, head, night.base, found).as_json())
