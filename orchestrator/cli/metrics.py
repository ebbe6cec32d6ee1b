"""``orchestrate metrics``: the event log asked, kept, added to (M1-M7)."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestrator.cli.metrics_table import comparison_text, summary_text
from orchestrator.cli.runs import DEFAULT_STATE
from orchestrator.domain.errors import ExitCode, UsageError, machine_trouble
from orchestrator.domain.words import count
from orchestrator.ledger.aggregates import aggregates, refresh_aggregates
from orchestrator.ledger.aggregates_cache import replayed, torn_tail
from orchestrator.ledger.aggregates_insight import insight
from orchestrator.ledger.aggregates_state import Standing
from orchestrator.ledger.events import LOG, Event, event, new_event_id
from orchestrator.ledger.events_read import archives, instant_ms, read_events
from orchestrator.reports.inert import encodable, plain


def run(args: argparse.Namespace) -> int:
    """Do what was asked; 0 where it was done."""
    state = Path(args.state) if args.state is not None else DEFAULT_STATE
    try:
        return _ACTIONS[args.action](args, state)
    except OSError as error:
        raise machine_trouble(error) or UsageError(
            f"{error.filename or state}: {error.strerror}",
            hint="name a file or folder that is there and that you may write to",
            slug="events",
        ) from None


def _summary(args: argparse.Namespace, state: Path) -> int:
    now = datetime.now(UTC)
    if args.compare and args.since is None:
        raise UsageError(
            "--compare needs --since: before and after what?", hint="metrics summary --since DAY --compare"
        )
    if args.at is not None and (args.since is not None or args.until is not None):
        raise UsageError(
            "--at is one moment, --since and --until a window; not both", hint="metrics summary --at 2026-11-21T06:00"
        )
    for stated in (args.at, args.since, args.until):
        _time(stated or "2026-01-01")
    _there(state)
    if args.compare:
        return _compare(args, state, now)
    if args.at is None and args.since is None and args.until is None:
        standing, figures = refresh_aggregates(state, now)
        moment = now
    else:
        until = _ms(args.until) if args.until else _ms(args.at) + 1 if args.at else None
        standing = replayed(state, since=_ms(args.since) if args.since else None, until=until)
        figures = aggregates(standing, now)
        moment = _time(args.at or args.until) if args.at or args.until else now
    whole = figures | insight(standing, round(moment.timestamp() * 1000)) | {"log": _log(standing, state)}
    _say(json.dumps(whole, indent=2) if args.json else summary_text(whole))
    return ExitCode.OK


def _compare(args: argparse.Namespace, state: Path, now: datetime) -> int:
    """The window beside one of the same length before it (M7: what did a change bring)."""
    since = _ms(args.since)
    until = _ms(args.until) if args.until else round(now.timestamp() * 1000)
    if until <= since:
        raise UsageError("--until lies before --since")
    windows = {"before": (2 * since - until, since), "after": (since, until)}
    sides = {}
    for name, (begin, end) in windows.items():
        standing = replayed(state, since=begin, until=end)
        limits = {"since": _iso(begin), "until": _iso(end)}
        sides[name] = limits | aggregates(standing, now) | {"reworkByModel": insight(standing, end)["reworkByModel"]}
    _say(json.dumps(sides, indent=2) if args.json else comparison_text(sides))
    return ExitCode.OK


def _refresh(args: argparse.Namespace, state: Path) -> int:
    from orchestrator.ledger.events_sync import refresh_log

    if not state.is_dir():
        raise _no_events(state)
    done = refresh_log(state)
    for damage in done.damaged:
        print(f"note: {plain(damage)}", file=sys.stderr)
    _, figures = refresh_aggregates(state, datetime.now(UTC), afresh=True)
    said = {"added": done.added, "eventCount": figures["eventCount"], "damaged": list(done.damaged)}
    _say(
        json.dumps(said)
        if args.json
        else f"{count(done.added, 'event')} added from the journals; {figures['eventCount']} in all"
    )
    return ExitCode.JOURNAL if done.damaged else ExitCode.OK


def _export(args: argparse.Namespace, state: Path) -> int:
    from orchestrator.ledger import events_export

    _there(state)
    events = read_events(state)
    if args.format == "parquet":
        if args.out is None:
            raise UsageError(
                "--format parquet needs --out FILE", hint="metrics export --format parquet --out events.parquet"
            )
        events_export.write_parquet(events, Path(args.out))
        return ExitCode.OK
    if args.format == "otlp":
        return _send(args, events)
    write = events_export.write_csv if args.format == "csv" else events_export.write_otlp
    if args.out is None:
        write(events, sys.stdout)
        return ExitCode.OK
    with Path(args.out).open("w", encoding="utf-8", newline="") as out:
        write(events, out)
    return ExitCode.OK


def _send(args: argparse.Namespace, events: Iterable[Event]) -> int:
    from orchestrator.adapters.event_logs import Logged, send_events
    from orchestrator.ledger.events_export import named

    if args.out is not None:
        raise UsageError("--format otlp goes to a collector, not to a file", hint="--format otlp-json writes one")
    sent = send_events(
        Logged(at_ms=instant_ms(made["timestamp"]), name=made["eventType"], attributes=named(made)) for made in events
    )
    _say(f"{count(sent, 'event')} sent")
    return ExitCode.OK


def _compact(args: argparse.Namespace, state: Path) -> int:
    from orchestrator.ledger.archive import compact

    _there(state)
    before = _time(args.before) if args.before else datetime.now(UTC) - timedelta(days=args.keep_days)
    done = compact(state, round(before.timestamp() * 1000))
    if done.archive is None:
        _say("nothing is that old")
    else:
        _say(f"{count(done.lines, 'line')} to {done.archive}: {done.before:,} bytes became {done.after:,}")
    return ExitCode.OK


def _record(args: argparse.Namespace, state: Path) -> int:
    if args.model is None and (args.tokens_in is not None or args.tokens_out is not None):
        raise UsageError("tokens are some model's", hint="--model the exact model id")
    agent: dict[str, Any] | None = None
    if args.model is not None:
        agent = {"model": args.model, "role": args.role}
        if args.tokens_in is not None or args.tokens_out is not None:
            agent["tokens"] = {"input": args.tokens_in or 0, "output": args.tokens_out or 0}
    known = _known(state, args.run, args.id) if args.run is not None else {}
    made = event(
        args.event,
        id=new_event_id(),
        at=_time(args.at).isoformat(timespec="milliseconds") if args.at else _iso_now(),
        entity=("task", args.id),
        chain=known.get("chainId"),
        request=known.get("requestId"),
        agent=agent,
        metadata={"source": "record"} | ({"run": args.run} if args.run is not None else {}),
    )
    _keep(state, [made])
    _say(json.dumps(made))
    return ExitCode.OK


def _known(state: Path, run: str, task: str) -> Event:
    """What a run said of a task at its creation, so that the record joins it."""
    from orchestrator.ledger.events_sync import projected

    if not (state / run / "journal.jsonl").is_file():
        raise UsageError(f"{state}: no run {run!r} is recorded there", hint="orchestrate status names the newest")
    for made in projected(state / run):
        if made["eventType"] == "task:created" and made["entityId"] == task:
            return made
    raise UsageError(f"--run {run}: it has no task {task!r}", hint=f"its tasks: orchestrate status {run}")


def _import(args: argparse.Namespace, state: Path) -> int:
    from orchestrator.adapters.git_history import read_history
    from orchestrator.ledger.git_import import (
        LOG_FORMAT,
        MOVES_FORMAT,
        commits_of,
        import_events,
        merged_branches,
        task_files,
    )

    history = read_history(Path(args.from_git), args.rev, commits_format=LOG_FORMAT, moves_format=MOVES_FORMAT)
    merges = merged_branches(commits_of(history.commits), history.head)
    files = task_files(history.moves)
    added = _keep(state, import_events((*merges, *files)))
    said = {"mergedBranches": len(merges), "taskFiles": len(files), "eventsAdded": added}
    found = f"{count(len(merges), 'merged branch', 'merged branches')}, {count(len(files), 'moved task file')}"
    text = f"{found}: {count(added, 'event')} added"
    _say(json.dumps(said) if args.json else text)
    return ExitCode.OK


def _keep(state: Path, made: list[Event]) -> int:
    """Record events, in a state folder that no repository's status shows."""
    from orchestrator.adapters.clock import SystemClock
    from orchestrator.ledger.events_sync import record

    state.mkdir(parents=True, exist_ok=True)
    if not (state / ".gitignore").exists():
        (state / ".gitignore").write_text("*\n", encoding="utf-8")
    return record(state, made, SystemClock())


_ACTIONS: dict[str, Callable[[argparse.Namespace, Path], int]] = {
    "summary": _summary,
    "refresh": _refresh,
    "export": _export,
    "compact": _compact,
    "record": _record,
    "import": _import,
}


def _there(state: Path) -> None:
    """A log that was deleted is made again from the journals first (decision 11)."""
    if (state / LOG).exists() or archives(state):
        return
    from orchestrator.ledger.events_sync import refresh_log

    if not state.is_dir() or not refresh_log(state).added:
        raise _no_events(state)


def _no_events(state: Path) -> UsageError:
    return UsageError(
        f"{state}: no events are recorded there",
        hint="`orchestrate run TASKS.yaml` makes some; or name the folder with --state DIR",
        slug="no-events",
    )


def _log(standing: Standing, state: Path) -> dict[str, Any]:
    """What in the log is no event, or is there twice: reported, never fatal (M1)."""
    torn = torn_tail(state)
    faults = [*standing.faults, *([torn] if torn else [])]
    return {
        "foreignLines": standing.foreign + (torn is not None),
        "duplicates": standing.duplicates,
        "faults": [{"file": fault.file, "offset": fault.offset, "why": fault.why} for fault in faults],
    }


def _time(stated: str) -> datetime:
    """ISO 8601; without a zone, local time."""
    try:
        at = datetime.fromisoformat(stated)
        return at if at.tzinfo is not None else at.astimezone()
    except (ValueError, OverflowError):
        raise UsageError(f"{stated!r} is no time", hint="ISO 8601: 2026-11-21, or 2026-11-21T02:36+01:00") from None


def _ms(stated: str) -> int:
    return instant_ms(_time(stated).isoformat())


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _iso_now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _say(text: str) -> None:
    sys.stdout.write(encodable(f"{text}\n", sys.stdout.encoding))
