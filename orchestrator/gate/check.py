"""One check: run its command, read the evidence it left. What it means is judged elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from orchestrator.domain.failure import CheckKind
from orchestrator.domain.gate import CheckResult, CheckSpec, Coverage, TestEvidence
from orchestrator.gate.coverage import printed_coverage, read_coverage
from orchestrator.gate.evidence import plain_environment, refused, shell_line, unasked
from orchestrator.gate.evidence_reports import read_tests
from orchestrator.gate.evidence_summary import plain, printed_failed, read_summary
from orchestrator.gate.report_files import Stamp, scratch_reports, stamps, written_reports
from orchestrator.gate.report_paths import ReportPaths
from orchestrator.gate.toolchains import Toolchains
from orchestrator.ports import Command, Profile, Ran, Shell


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where evidence is looked for, and what its paths are resolved against."""

    root: Path
    files: Sequence[str]
    text_of: Callable[[str], str | None]
    chains: Toolchains

    def before(self, path: str) -> dict[str, Stamp]:
        """What lies at the usual places before the check."""
        return dict(stamps(self.root, path, self.chains.report_places))

    def read(self, spec: CheckSpec, ran: Ran, before: dict[str, Stamp]) -> tuple[TestEvidence | None, Coverage | None]:
        """Tests and coverage: from the reports asked for, from others in the scratch folder and at the repository's
        usual places, and last from what was printed.

        Where a report that was asked for is there, no other adds a test to it: code under test can write files.
        """
        limits, places = self.chains.limits, self.chains.report_places
        reports = list(
            chain(
                scratch_reports(ran.scratch, limits),
                written_reports(self.root, spec.path, places, before, limits),
            )
        )
        paths = ReportPaths(self.files, str(self.root), spec.path)
        own = read_tests([report for report in reports if report.name in spec.reports], paths)
        tests = own or read_tests(reports, paths) or read_summary(spec.tool, ran.stdout, ran.stderr)
        if tests is not None:
            told = printed_failed(spec.tool, ran.stdout, ran.stderr)
            tests = replace(tests, asked=own is not None, printed_failed=told)
        coverage = read_coverage(reports, paths, self.text_of) or printed_coverage(plain(ran.stdout))
        return tests, coverage


def run_check(
    spec: CheckSpec, shell: Shell, evidence: Evidence, log: Path | None
) -> tuple[CheckResult, tuple[str, ...]]:
    """The check's result (its ``passed`` is not decided yet), and notes on how it was run.

    A command that does not understand what it was asked for (it then fails before any test runs) is run again as the
    user wrote it.
    """
    before = evidence.before(spec.path) if spec.kind is CheckKind.TEST else {}
    ran = shell.run(_command(spec, log))
    notes: tuple[str, ...] = ()
    if spec.kind is CheckKind.TEST and ran.exit_code != 0 and refused(spec, f"{ran.stdout}\n{ran.stderr}"):
        spec = unasked(spec)
        ran = shell.run(_command(spec, log))
        notes = (f"{spec.kind}: `{spec.command}` does not take the request for reports; it ran without",)
    tests, coverage = evidence.read(spec, ran, before) if spec.kind is CheckKind.TEST else (None, None)
    result = CheckResult(
        kind=spec.kind,
        command=spec.command,
        path=spec.path,
        tool=spec.tool,
        exit_code=ran.exit_code,
        seconds=ran.seconds,
        timed_out=ran.timed_out,
        stdout=ran.stdout,
        stderr=ran.stderr,
        tests=tests,
        coverage=coverage,
        note=_ended(spec, ran),
    )
    return result, notes


def _command(spec: CheckSpec, log: Path | None) -> Command:
    return Command(
        line=shell_line(spec),
        profile=Profile.GATE,
        timeout_s=spec.timeout_s,
        path=spec.path,
        environment=plain_environment(spec),
        log=log,
    )


def _ended(spec: CheckSpec, ran: Ran) -> str:
    if ran.timed_out:
        return f"ended by its time limit of {spec.timeout_s:g} s"
    return f"ended by {ran.killed_by}" if ran.killed_by else ""
