"""What facts about repository, machine and accounts mean for a night: one finding each, with its mend. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from orchestrator.domain.task import Task
from orchestrator.domain.words import count
from orchestrator.preflight.verdict import Finding, fine, note, stop

_SKEW_NOTED_S = 60.0
"""Clocks that anything keeps differ by less; and logs and bills of both sides can still be laid side by side."""
_SKEW_STOPS_S = 300.0
"""Five minutes: Kerberos' limit (RFC 4120), and the few minutes that RFC 7519 allows for tokens."""
_MIB, _GIB = 1 << 20, 1 << 30
_SHOWN = 5


def clock(provider: str, ahead_s: float | None) -> Finding | None:
    """This machine's clock against the provider's; ``None`` where the provider did not say."""
    if ahead_s is None:
        return None
    if abs(ahead_s) <= _SKEW_NOTED_S:
        return fine("clock", f"as {provider}'s, to {max(1, round(abs(ahead_s)))} s")
    way = "ahead of" if ahead_s > 0 else "behind"
    what = f"this machine's clock is {abs(ahead_s):.0f} s {way} {provider}'s"
    weigh = stop if abs(ahead_s) > _SKEW_STOPS_S else note
    return weigh("clock", what, "timedatectl set-ntp true (or set the clock)", slug="clock-skew")


def quota(provider: str, left: Mapping[str, int]) -> Finding | None:
    """A limit of the account of which nothing is left; ``None`` where the provider told of none."""
    if not left:
        return None
    empty = [name for name, count in left.items() if count == 0]
    if empty:
        what = f"{provider}: nothing is left of {', '.join(empty)}"
        return stop("quota", what, "wait until it is filled again, or raise the account's limit", slug="quota-empty")
    return fine("quota", f"{provider}: " + ", ".join(f"{name} {count:,}" for name, count in list(left.items())[:3]))


def expiry(name: str, at: datetime, end: datetime) -> Finding | None:
    """A credential that ends before the night does."""
    if at > end:
        return None
    what = f"{name} ends {at.astimezone():%a %H:%M}, before the night does ({end.astimezone():%a %H:%M})"
    return stop("keys", what, "sign in again, or take a key that lasts", slug="credential-ends")


def disk(needed: int, free: int, refused: str, folder: str) -> Finding:
    """The forecast against what is free."""
    forecast = f"{_size(needed)} forecast, {_size(free)} free in {folder}"
    mend = f"free some, or set XDG_CACHE_HOME (or --state) to a larger disk: df -h {folder}"
    if refused:
        return stop("disk", f"no room can be taken in {folder}: {refused}", mend, slug="disk-full")
    if free < needed:
        return stop("disk", forecast, mend, slug="disk-full")
    if free < 2 * needed:
        return note("disk", forecast, mend, slug="disk-full")
    return fine("disk", forecast)


def awake(*, can_sleep: bool, on_battery: bool, inhibitor: str) -> Finding:
    """Will the machine stay awake?"""
    if on_battery:
        mend = "plug it in: an empty battery ends the night (`orchestrate resume` goes on)"
        return note("sleep", "the machine runs on its battery", mend, slug="may-sleep")
    if can_sleep and not inhibitor:
        what = "the machine can fall asleep, and neither systemd-inhibit nor caffeinate keeps it awake here"
        mend = "switch suspend off for the night: sudo systemctl mask sleep.target suspend.target"
        return note("sleep", what, mend, slug="may-sleep")
    return fine("sleep", f"kept awake by {inhibitor}" if can_sleep else "the machine knows no sleep")


def signing(asks: str) -> Finding:
    """Commits of a run are never signed: nobody is there to enter a passphrase."""
    if not asks:
        return fine("signing", "nothing asks for signed commits")
    what = f"{asks} asks for signed commits; a run's are not signed, so that no prompt holds the night up"
    mend = "sign as you land: git rebase --exec 'git commit --amend --no-edit -S' after `orchestrate land`"
    return note("signing", what, mend, slug="signing-asked")


def hooks(names: Sequence[str]) -> Finding:
    """No hook runs for a run's commits."""
    if not names:
        return fine("hooks", "none that a commit would run")
    what = f"{', '.join(names)}: not run for a run's commits; what they check, the gate must check"
    mend = "make it a check: invariants: [{id: hooks, text: ..., check: pre-commit run --all-files}]"
    return note("hooks", what, mend, slug="hooks-not-run")


def key_files(names: Sequence[str], tracked: Sequence[str]) -> Finding:
    """Files that likely hold keys: they are named here, and are never opened."""
    if not names:
        return fine("env", "no .env lies in the repository")
    committed = [name for name in names if name in set(tracked)]
    what = f"{_some(names)}: never read, not shown to gates or models"
    if committed:
        what += f"; {_some(committed)} is committed, so every clone has it"
    mend = "export what tests need as plain values in the gate's command; git rm --cached a committed one"
    return note("env", what, mend, slug="env-file")


def submodules(there: Mapping[str, bool], tasks: Sequence[Task]) -> Finding:
    """Submodules whose commit is not in the user's repository stay empty folders in a run."""
    missing = [path for path, known in there.items() if not known]
    if not missing:
        return fine("submodules", f"{len(there)} there" if there else "none")
    what = f"{_some(missing)}: the commit is not here, the folder stays empty in a run"
    mend = f"git submodule update --init -- {' '.join(missing[:_SHOWN])}"
    return note("submodules", what, mend, tasks=_touching(missing, tasks), slug="submodule-missing")


def large_files(kept: Sequence[str], missing: Sequence[str], *, ready: bool, tasks: Sequence[Task]) -> Finding:
    """Files of Git LFS that would be pointers in a run."""
    if not kept:
        return fine("lfs", "no file is kept by Git LFS")
    lost = list(missing) if ready else list(kept)
    if not lost:
        return fine("lfs", f"{count(len(kept), 'file')}, all there")
    why = "their content is not here" if ready else "Git LFS is not set up here"
    what = f"{_some(lost)}: pointers in a run, since {why}"
    return note("lfs", what, "git lfs install && git lfs pull", tasks=_touching(lost, tasks), slug="lfs-missing")


def _size(count: int) -> str:
    return f"{count / _GIB:.1f} GiB" if count >= _GIB / 10 else f"{count / _MIB:.0f} MiB"


def _touching(paths: Sequence[str], tasks: Sequence[Task]) -> tuple[str, ...]:
    """Tasks that name one of these, or something below it."""
    return tuple(
        task.id
        for task in tasks
        if any(file == path or file.startswith(f"{path.rstrip('/')}/") for file in task.files for path in paths)
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
