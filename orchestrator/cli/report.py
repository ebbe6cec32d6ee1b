"""``orchestrate report [RUN]``: writes report.md, report.html, the JSON files and each task's papers again.

Names the first three on stdout. Reads ``args.run``, ``args.state``, ``args.json`` (prints summary.json instead of the
names), ``args.open`` and ``args.profile`` (where the time went; on stderr with ``--json``). The journal alone is
truth: what is written here may have been deleted, or be from an older version.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.cli.runs import FoundRun, find_run, read_run
from orchestrator.domain.errors import ExitCode, JournalError, OrchestrateError


def run(args: argparse.Namespace) -> int:
    """Write the reports; 0 whatever the run's outcome."""
    found = read_run(find_run(args.state, args.run))
    paths = write_again(found)
    if args.json:
        sys.stdout.write(paths[-1].read_text(encoding="utf-8"))
    else:
        for path in paths:
            print(path)
    if getattr(args, "profile", False):
        from orchestrator.reports.profile import profile_text

        print(profile_text(found.entries), end="", file=sys.stderr if args.json else sys.stdout)
    if args.open:
        _open(paths[1])
    return ExitCode.OK


def write_again(found: FoundRun, papers_of: str | None = None) -> tuple[Path, ...]:
    """The reports of that run, in the order report.md, report.html, summary.json; and its tasks' papers.

    ``papers_of``: of one task only, where the others' stand already (a night writes after each task). Of the whole run,
    what a process that died here before left half written goes.
    """
    from orchestrator.gate.record import read_report_file
    from orchestrator.ledger.durable import sweep
    from orchestrator.reports.folder import read_inputs, write_facts, write_papers, write_remediations, write_reports
    from orchestrator.reports.rebuild import summary_of

    try:
        summary = summary_of(found.entries)
    except (ValueError, KeyError) as error:
        raise JournalError(
            f"{found.folder}: its journal does not tell a run: {error}",
            hint="it may have been written by another version: use that one for its report",
        ) from None
    try:
        if papers_of is None:
            sweep(found.folder.rglob(".*.tmp"))
        inputs = read_inputs(found.folder, summary, found.entries, read_report_file)
        write_papers(found.folder, summary, inputs, papers_of)
        write_facts(found.folder, found.entries)
        write_remediations(found.folder, summary)
        return write_reports(found.folder, summary, inputs)
    except OSError as error:
        raise OrchestrateError(
            f"{found.folder}: the reports could not be written: {error.strerror}",
            hint="free the disk or mend the folder's rights, then `orchestrate report` again",
            slug="report-unwritten",
        ) from None


def write_papers_again(folder: Path, entries: Sequence[Mapping[str, Any]], acceptance: Sequence[str]) -> None:
    """The papers of one task; ``entries``: its own, and the run's and its sessions' first words."""
    from orchestrator.gate.record import read_report_file
    from orchestrator.reports.folder import write_papers_of
    from orchestrator.reports.rebuild import summary_of

    write_papers_of(folder, summary_of(entries), entries, acceptance, read_report_file)


def _open(path: Path) -> None:
    """Hand the page to the user's browser, which may be missing: its name is printed already."""
    import webbrowser

    if not webbrowser.open(path.resolve().as_uri()):
        print("no browser could be opened", file=sys.stderr)
