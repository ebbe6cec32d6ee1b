"""Summary lines of runners that are only ever configured: go, cargo, maven, ctest and others. Linear patterns."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.domain.gate import TestEvidence


@dataclass(frozen=True, slots=True)
class Counts:
    """Tests by outcome, as a summary line has them."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def evidence(self) -> TestEvidence:
        """As evidence without ids."""
        ran = self.passed + self.failed
        return TestEvidence(
            ran=ran, passed=self.passed, failed=self.failed, skipped=self.skipped, source="summary line"
        )

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


_LINES: tuple[re.Pattern[str], ...] = (
    # Maven's Surefire, each class and the whole: the last line is the whole
    re.compile(
        r"Tests run: (?P<all>\d{1,9}), Failures: (?P<failed>\d{1,9}), Errors: (?P<errors>\d{1,9}), "
        r"Skipped: (?P<skipped>\d{1,9})[ \t\r]*$",
        re.MULTILINE,
    ),
    # ctest
    re.compile(r"^\d{1,3}% tests passed, (?P<failed>\d{1,9}) tests? failed out of (?P<all>\d{1,9})", re.MULTILINE),
    # rspec; jasmine says specs
    re.compile(
        r"^(?P<all>\d{1,9}) (?:examples?|specs?), (?P<failed>\d{1,9}) failures?"
        r"(?:, (?P<skipped>\d{1,9}) pending(?: specs?)?)?",
        re.MULTILINE,
    ),
    # minitest
    re.compile(
        r"^(?P<all>\d{1,9}) (?:runs|tests), \d{1,9} assertions, (?P<failed>\d{1,9}) failures, "
        r"(?P<errors>\d{1,9}) errors, (?P<skipped>\d{1,9}) skips",
        re.MULTILINE,
    ),
    # phpunit
    re.compile(r"^OK \((?P<all>\d{1,9}) tests?, \d{1,9} assertions?\)", re.MULTILINE),
    re.compile(
        r"^Tests: (?P<all>\d{1,9}), Assertions: \d{1,9}(?:, Errors: (?P<errors>\d{1,9}))?"
        r"(?:, Failures: (?P<failed>\d{1,9}))?(?:, Skipped: (?P<skipped>\d{1,9}))?",
        re.MULTILINE,
    ),
    # dotnet test
    re.compile(
        r"Failed:\s{1,8}(?P<failed>\d{1,9}), Passed:\s{1,8}(?P<passed>\d{1,9}), Skipped:\s{1,8}(?P<skipped>\d{1,9})"
    ),
    # deno test
    re.compile(
        r"^(?:ok|FAILED) \| (?P<passed>\d{1,9}) passed(?: \([^)\n]{1,40}\))? \| (?P<failed>\d{1,9}) failed",
        re.MULTILINE,
    ),
    # swift test
    re.compile(r"Executed (?P<all>\d{1,9}) tests?, with (?P<failed>\d{1,9}) failures?"),
    # ExUnit
    re.compile(
        r"^(?P<all>\d{1,9}) tests?, (?P<failed>\d{1,9}) failures?(?:, (?P<skipped>\d{1,9}) skipped)?$", re.MULTILINE
    ),
)
_WORDS: tuple[re.Pattern[str], ...] = (
    # ava, one line for each outcome
    re.compile(
        r"^[ \t]{0,10}(\d{1,9}) (?:tests?|known failures?|uncaught exceptions?) (passed|failed|skipped|todo)[ \t\r]*$",
        re.MULTILINE,
    ),
    # bun test
    re.compile(r"^[ \t]{1,4}(\d{1,9}) (pass|fail|skip|todo)[ \t\r]*$", re.MULTILINE),
    # playwright
    re.compile(
        r"^[ \t]{1,4}(\d{1,9}) (passed|failed|flaky|skipped)(?: \([\d.]{1,12}(?:ms|s|m|h)\))?[ \t\r]*$", re.MULTILINE
    ),
)
_PASSED, _FAILED = frozenset({"passed", "pass", "flaky"}), frozenset({"failed", "fail"})


def read_other(text: str) -> TestEvidence | None:
    """What any of these runners' summaries says; ``None`` where there is none."""
    found = _go(text) or _cargo(text)
    if found is not None:
        return found
    for pattern in _LINES:
        lines = list(pattern.finditer(text))
        if lines:
            return _of_line(lines[-1])
    for pattern in _WORDS:
        said = {word: int(count) for count, word in pattern.findall(text)}
        if said:
            passed = sum(count for word, count in said.items() if word in _PASSED)
            failed = sum(count for word, count in said.items() if word in _FAILED)
            return Counts(passed, failed, sum(said.values()) - passed - failed).evidence()
    return None


def _of_line(line: re.Match[str]) -> TestEvidence:
    said = {name: int(count) for name, count in line.groupdict().items() if count is not None}
    failed, skipped = said.get("failed", 0) + said.get("errors", 0), said.get("skipped", 0)
    passed = said["passed"] if "passed" in said else max(said["all"] - failed - skipped, 0)
    return Counts(passed, failed, skipped).evidence()


def _go(text: str) -> TestEvidence | None:
    cases = re.findall(r"^[ \t]{0,40}--- (PASS|FAIL|SKIP): ", text, re.MULTILINE)
    if cases:
        return Counts(cases.count("PASS"), cases.count("FAIL"), cases.count("SKIP")).evidence()
    packages = re.findall(
        r"^(ok|FAIL)\s{1,8}\S{1,300}\s{1,8}(?:[\d.]{1,12}s|\(cached\))(?!\s{1,8}\[no tests to run\])",
        text,
        re.MULTILINE,
    )
    return Counts(packages.count("ok"), packages.count("FAIL")).evidence() if packages else None


def _cargo(text: str) -> TestEvidence | None:
    found = re.findall(
        r"^test result: \w{1,10}\. (\d{1,9}) passed; (\d{1,9}) failed; (\d{1,9}) ignored", text, re.MULTILINE
    )
    return sum((Counts(*map(int, counts)) for counts in found), Counts()).evidence() if found else None
