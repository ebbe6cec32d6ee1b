"""The flags of what tells figures: ``metrics``, ``registry``, ``budget``."""

from __future__ import annotations

from orchestrator.cli.flags import as_json, settings, state, whole

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from argparse import ArgumentParser

_FORMAT = "default: csv; otlp: to the collector that OTEL_EXPORTER_OTLP_ENDPOINT names"


def metrics(parser: ArgumentParser) -> None:
    """``orchestrate metrics ACTION``."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, does: str, example: str = "") -> ArgumentParser:
        about, shown = f"{does[0].upper()}{does[1:]}.", f"example: orchestrate metrics {example or name}"
        made = actions.add_parser(name, help=does, description=about, epilog=shown, allow_abbrev=False)
        state(made)
        return made

    about = "what the events say: times, rework, bottlenecks, models, trend"
    summary = action("summary", about, "summary --since 2026-11-01 --compare")
    summary.add_argument("--at", metavar="TIME", help="as it stood then (ISO 8601; without a zone, local time)")
    summary.add_argument("--since", metavar="TIME", help="what was completed from then on")
    summary.add_argument("--until", metavar="TIME", help="what was completed before then")
    summary.add_argument("--compare", action="store_true", help="beside a window as long before --since")
    as_json(summary, "everything as one JSON object")
    as_json(action("refresh", "take over what the journals hold; count everything anew"), "counts as JSON")
    about = "all events as a table, or as OTLP log records to a file or a collector"
    export = action("export", about, "export --out events.csv")
    export.add_argument("--format", choices=("csv", "parquet", "otlp-json", "otlp"), default="csv", help=_FORMAT)
    export.add_argument("--out", metavar="FILE", help="default: standard output")
    about = "old events into a compressed archive; nothing they say changes"
    compact = action("compact", about, "compact --keep-days 90")
    compact.add_argument("--before", metavar="TIME", help="what is older than this")
    compact.add_argument("--keep-days", metavar="N", type=whole(0), default=30, help="else: older than N days (30)")
    _added(
        action("record", "an event of work done elsewhere", "record task:completed fix-it --model MODEL"),
        action("import", "events of what git remembers", "import --from-git ."),
    )


def _added(record: ArgumentParser, imported: ArgumentParser) -> None:
    events = ("task:created", "task:started", "task:completed", "task:rework")
    record.add_argument("event", choices=events, metavar="EVENT", help=", ".join(events))
    record.add_argument("id", metavar="ID", help="the task's id")
    record.add_argument("--model", metavar="M", help="the exact model id that did it")
    record.add_argument("--role", choices=("control", "impl"), default="impl", help="default: impl")
    record.add_argument("--at", metavar="TIME", help="when (default: now)")
    record.add_argument("--tokens-in", metavar="N", type=whole(0), help="input tokens")
    record.add_argument("--tokens-out", metavar="N", type=whole(0), help="output tokens")
    record.add_argument("--run", metavar="RUN", help="of this run's task, say one that waited for a human")
    imported.add_argument(
        "--from-git", metavar="REPO", nargs="?", const=".", required=True, help="merged branches and moved task files"
    )
    imported.add_argument("--rev", metavar="COMMIT", default="HEAD", help="the branch others were merged to (HEAD)")
    as_json(imported, "counts as JSON")


def registry(parser: ArgumentParser) -> None:
    """``orchestrate registry ACTION``."""
    actions = ("show", "get", "recalculate", "rebuild", "import", "export")
    parser.add_argument("action", choices=actions, metavar="|".join(actions), help="what to do")
    parser.add_argument("operand", metavar="PATH|FILE", nargs="?", help="get: a dotted path; import, export: a file")
    parser.add_argument("--fallback", metavar="V", help="get: printed where there is no such value; get never fails")
    state(parser)
    settings(parser)
    as_json(parser, "the registry, or the estimates before and after, as one JSON object")


def budget(parser: ArgumentParser) -> None:
    """``orchestrate budget ACTION``."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, does: str, example: str) -> ArgumentParser:
        about = f"{does[0].upper()}{does[1:]}."
        made = actions.add_parser(name, help=does, description=about, epilog=f"example: {example}", allow_abbrev=False)
        state(made)
        return made

    show = action("show", "how budgets fit, what overruns, a proposal", "orchestrate budget show --json")
    show.add_argument("run", metavar="RUN", nargs="?", help="this run, task by task (default: all runs together)")
    settings(show)
    as_json(show, "everything as one JSON object")
    replay = action("replay", "past runs under other budgets", "orchestrate budget replay --config new.yaml")
    replay.add_argument("runs", metavar="RUN", nargs="*", help="these runs (default: all)")
    replay.add_argument("--config", metavar="NEW.yaml", required=True, help="settings laid over those in force")
    as_json(replay, "everything as one JSON object")
    told = action(
        "dispute", "count a stop as a false positive", "orchestrate budget dispute fix-it --reason 'big file'"
    )
    told.add_argument("task", metavar="TASK", help="the task that a budget stopped, or would have")
    told.add_argument("--reason", metavar="TEXT", required=True, help="why the stop was a mistake")
    told.add_argument("--run", metavar="RUN", help="the run's name (default: the newest that stopped it)")
