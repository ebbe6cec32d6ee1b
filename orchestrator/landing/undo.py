"""A landing taken back, and a killed one brought to its end."""

from __future__ import annotations

import shlex
from pathlib import Path

from orchestrator.domain.errors import RefusedError, UsageError
from orchestrator.landing.record import (
    NAME,
    Landed,
    last_landed,
    open_intent,
    open_record,
    read_records,
    shift_of,
    shift_recorded,
)
from orchestrator.ledger.journal import read_journal
from orchestrator.ports import Clock, Repository, Shift, Shifted


def recover_all(state: Path, repository: Repository, clock: Clock) -> tuple[str, ...]:
    """Bring each landing of that repository that was cut short to an end; what was done, a sentence each.

    To be called by whoever holds the repository, before anything else. ``RefusedError``: files were changed since.
    """
    said = []
    for record in read_records(state, repository.name):
        entry = open_intent(record.entries)
        if entry is None:
            continue
        shift = shift_of(entry)
        outcome = repository.checkout().recover(shift, owner=str((record.folder / NAME).resolve()))
        journal = open_record(record.folder, clock)
        try:
            if outcome is Shifted.COMPLETE:
                kind = "land:done" if entry["type"] == "land:intent" else "undo:done"
                fields = {name: entry[name] for name in entry.keys() - {"seq", "prev", "at", "type", "crc"}}
                journal.append(kind, sync=True, **fields)
            else:
                journal.append("shift:recovered", sync=True, outcome=outcome.value, old=shift.old, new=shift.new)
        finally:
            journal.close()
        what = f"landing {entry['task']}" if entry["type"] == "land:intent" else "taking a landing back"
        said.append(f"{what} was cut short: it is {outcome.value}")
    _release(repository)
    return tuple(said)


def _release(repository: Repository) -> None:
    """An index still held by a landing that was killed before it wrote down what it would do; or by one of another
    state folder, which is left to whoever has its record."""
    checkout = repository.checkout()
    owner = checkout.left_by()
    if owner is None:
        return
    record = Path(owner)
    if record.is_file() and open_intent(read_journal(record).entries) is not None:
        raise RefusedError(
            f"a landing that was cut short holds the index of {repository.root}; its record is {owner}",
            hint=f"let it be mended: orchestrate land --plan --all --state {shlex.quote(str(record.parent.parent))}",
            slug="land-cut-short",
        )
    checkout.release()


def undo(state: Path, repository: Repository, clock: Clock) -> Landed:
    """Take back what the last ``land`` command landed, where the branch still stands at it; what that was.

    ``UsageError``: nothing is landed. ``RefusedError``: the branch moved on, or uncommitted files are in the way.
    """
    landed = last_landed(read_records(state, repository.name))
    if landed is None:
        raise UsageError(
            f"{state}: no landing is recorded there that could be taken back",
            hint="name the state folder of the run: --state DIR",
            slug="nothing-landed",
        )
    checkout = repository.checkout()
    standing = checkout.standing()
    if (standing.branch, standing.commit) != (landed.shift.branch, landed.shift.new):
        raise _moved_on(repository, landed)
    back = Shift(branch=landed.shift.branch, old=landed.shift.new, new=landed.shift.old)
    fields = {"session": landed.session, "branch": back.branch, "old": back.old, "new": back.new}
    journal = open_record(landed.folder, clock)

    def begin() -> None:
        journal.append("undo:intent", sync=True, **fields)

    try:
        note = f"orchestrate: took back {', '.join(landed.tasks)}"
        shift_recorded(checkout, journal, back, note=note, begin=begin)
        journal.append("undo:done", sync=True, **fields)
    finally:
        journal.close()
    return landed


def _moved_on(repository: Repository, landed: Landed) -> RefusedError:
    """The refusal where commits stand on top of the landing: they would be lost."""
    where = shlex.quote(str(repository.root))
    return RefusedError(
        f"{repository.root} is no longer where the landing left it ({landed.shift.branch} at {landed.shift.new[:12]})",
        hint=f"what was landed since {landed.shift.old[:12]}: "
        f"git -C {where} log --first-parent {landed.shift.old[:12]}..{landed.shift.branch}; "
        f"take single ones back: git -C {where} revert -m 1 COMMIT",
        slug="land-moved",
    )
