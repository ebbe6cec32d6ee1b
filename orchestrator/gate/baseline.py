"""The gate on the base, once: what fails there already, which tests it has, what it covers (decision 18).

The base's checks run once each; telling flaky tests from new failures by running them again is ``rerun``'s.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.domain.gate import CheckResult, GateReport, TestEvidence
from orchestrator.domain.words import count
from orchestrator.gate.plan import key_of
from orchestrator.gate.rerun import words_of

TextOf = Callable[[str], str | None]
"""A tracked file's text by path; ``None`` where it is not there."""

_NUMBERS = re.compile(r"0x[0-9a-fA-F]{1,32}|\d{1,40}(?:\.\d{1,20})?")
_TMP = re.compile(r"/(?:tmp|var/tmp|run)/[^\s:'\"]{1,300}")
_TOLD = 200
"""Inherited failures kept as lines."""
_LONGEST_TOLD = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What a tree's gate said, for comparison with a tree that grew out of it. Checks by ``key_of``."""

    tree: str
    failures: frozenset[str] = frozenset()
    """Identities: tool, code, path, normalised line, ordinal."""
    exits: Mapping[str, int] = field(default_factory=dict)
    """Exit codes of the checks that failed."""
    outputs: frozenset[str] = frozenset()
    """Digests of what failing checks printed, numbers left out."""
    tests: Mapping[str, TestEvidence] = field(default_factory=dict)
    coverage: Mapping[str, float] = field(default_factory=dict)
    """Percent by the test check's key."""
    inherited: tuple[str, ...] = ()
    """What fails there, a line each: listed once in the report, and offered as a task."""
    healthy: bool = True
    """False: the environment failed on the base; nothing of it is to be relied on, and it is not kept."""

    @property
    def green(self) -> bool:
        """The base passes its own gate."""
        return not self.exits and not self.failures

    def tests_of(self, result: CheckResult) -> TestEvidence | None:
        """The base's evidence for the same check."""
        return self.tests.get(key_of(result.path, CheckKind.TEST, result.tool))

    def coverage_of(self, result: CheckResult) -> float | None:
        """The base's coverage for the same test check."""
        return self.coverage.get(key_of(result.path, CheckKind.TEST, result.tool))


def baseline_of(report: GateReport, text_of: TextOf) -> Baseline:
    """The baseline a gate report makes: of the base, or of a predecessor's tree. Pure."""
    failed = [result for result in report.results if result.exit_code != 0]
    known = tuple(failure for failure in report.failures if failure.category is not Category.ENVIRONMENT)
    tested = [result for result in report.results if result.kind is CheckKind.TEST]
    return Baseline(
        tree=report.tree,
        failures=frozenset(identities(known, text_of)),
        exits={key_of(result.path, result.kind, result.tool): result.exit_code for result in failed},
        outputs=frozenset(output_digest(result) for result in failed if not result.timed_out),
        tests={key_of(result.path, result.kind, result.tool): result.tests for result in tested if result.tests},
        coverage={
            key_of(result.path, result.kind, result.tool): result.coverage.percent
            for result in tested
            if result.coverage is not None
        },
        inherited=tuple(dict.fromkeys(told(failure) for failure in known))[:_TOLD],
        healthy=len(known) == len(report.failures),
    )


def told(failure: Failure) -> str:
    """A failure in one line."""
    where = f"{failure.file}:{failure.line}: " if failure.file and failure.line else ""
    where = where or (f"{failure.file}: " if failure.file else "")
    what = f"{failure.test_id}: " if failure.test_id else ""
    code = f"{failure.code} " if failure.code else ""
    return f"{failure.check} ({failure.tool}): {where}{what}{code}{' '.join(failure.message.split())}"[:_LONGEST_TOLD]


def identities(failures: Iterable[Failure], text_of: TextOf) -> list[str]:
    """One identity a failure, in their order: the same finding has the same one on base and branch."""
    seen: Counter[str] = Counter()
    found = []
    for failure in failures:
        one = _identity(failure, text_of)
        seen[one] += 1
        found.append(f"{one}|{seen[one]}")
    return found


def new_failures(
    result: CheckResult, failures: tuple[Failure, ...], baseline: Baseline, text_of: TextOf
) -> tuple[Failure, ...]:
    """The failures of one check that the base does not have.

    All of them where the check ended otherwise than on the base (another exit code, a time limit): what could not be
    read of its output might be new. A failure no parser placed is the base's only if the whole output is.
    """
    key = key_of(result.path, result.kind, result.tool)
    if result.timed_out or not _ended_alike(result, baseline, key):
        return failures
    same_output = output_digest(result) in baseline.outputs
    kept = [
        failure
        for failure, identity in zip(failures, identities(failures, text_of), strict=True)
        if identity not in baseline.failures or not (same_output or _placed(failure))
    ]
    return (*kept, *_untold(result, baseline.tests.get(key), kept))


def inherited_note(failures: tuple[Failure, ...]) -> str:
    """What a check says that fails only as the base does."""
    return f"{count(len(failures), 'failure')}, all on the base as well"


def baseline_key(tree: str, plan_digest: str, environment_digest: str) -> str:
    """The name a baseline is kept under: the tree, the gate and the environment decide what it says."""
    content = json.dumps([tree, plan_digest, environment_digest])
    return hashlib.sha256(content.encode()).hexdigest()


def output_digest(result: CheckResult) -> str:
    """What a check printed, without numbers, addresses and temporary paths."""
    text = _TMP.sub("/tmp", f"{result.stdout}\n{result.stderr}")  # noqa: S108 - a placeholder, no file
    return hashlib.sha256(_NUMBERS.sub("#", text).encode("utf-8", "replace")).hexdigest()


def _ended_alike(result: CheckResult, baseline: Baseline, key: str) -> bool:
    """The same exit code; or both count their failed tests with it, as mocha does."""
    old, base, now = baseline.exits.get(key), baseline.tests.get(key), result.tests
    if old is None or old == result.exit_code:
        return old is not None
    return now is not None and base is not None and (now.failed, base.failed) == (result.exit_code, old)


def _identity(failure: Failure, text_of: TextOf) -> str:
    if failure.test_id:
        return "|".join((failure.check, failure.tool, failure.file or "", failure.test_id))
    return "|".join((failure.check, failure.tool, failure.code or "", failure.file or "", _words(failure, text_of)))


def _words(failure: Failure, text_of: TextOf) -> str:
    """The line the finding stands on, white space evened out; where there is none, its message without numbers."""
    text = text_of(failure.file) if failure.file and failure.line else None
    lines = text.split("\n") if text is not None else []
    if failure.line and 0 < failure.line <= len(lines) and lines[failure.line - 1].strip():
        return " ".join(lines[failure.line - 1].split())
    return _NUMBERS.sub("#", " ".join(failure.message.split()))


def _placed(failure: Failure) -> bool:
    return bool(failure.file or failure.test_id)


def _untold(result: CheckResult, base: TestEvidence | None, kept: Iterable[Failure]) -> tuple[Failure, ...]:
    """Tests that the report has as failed, that the base does not, and that no kept failure names."""
    if result.tests is None or base is None or not result.tests.failed_ids:
        return ()
    told = {words_of(failure.test_id) for failure in kept if failure.test_id}
    new = sorted(test for test in result.tests.failed_ids - base.failed_ids if words_of(test) not in told)
    if not new or (not base.failed_ids and base.failed):
        return ()
    message = "this test fails; the base does not fail it"
    return tuple(
        Failure(check=result.kind, tool=result.tool or "generic", message=message, test_id=test) for test in new
    )
