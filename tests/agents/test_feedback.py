"""What the next ask is told: targeted, named, short."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.agents import feedback
from orchestrator.domain.edit import EditFault
from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.domain.gate import CheckResult, Coverage, GateReport, TestEvidence
from orchestrator.domain.outcome import IterationNote

LINT = Failure(check=CheckKind.LINT, tool="ruff", code="F821", message="undefined name `x`", file="src/a.py", line=3)
INVENTED = Failure(
    check=CheckKind.TEST,
    tool="pytest",
    code="AttributeError",
    message="module 'json' has no attribute 'parse'",
    category=Category.HALLUCINATION,
    symbol="json.parse",
    file="src/a.py",
    line=9,
    suggestions=("json.loads", "json.load"),
)


def note(number: int, headline: str = "E   assert 1 == 2") -> IterationNote:
    return IterationNote(
        number=number,
        tier="flash",
        passed=False,
        failed_check="test",
        categories={Category.TACTICAL: 2, Category.TRIVIAL: 0},
        move="retry",
        seconds=1.0,
        headline=headline,
    )


def test_tactical_names_place_code_and_message() -> None:
    assert "- lint/ruff F821 at src/a.py:3: undefined name `x`" in feedback.tactical((LINT,))


def test_many_failures_are_counted() -> None:
    text = feedback.tactical([replace(LINT, line=line) for line in range(1, 51)])
    assert text.count("F821") == feedback.MAX_FAILURES
    assert "38 more" in text


def test_the_same_finding_of_many_tests_is_told_once() -> None:
    error = Failure(
        check=CheckKind.TEST, tool="pytest", code="ImportError", message="circular import", file="a.py", line=1
    )
    text = feedback.tactical([replace(error, test_id=f"tests/test_{number}.py") for number in range(5)])
    assert text == (
        "The checks failed:\n- test/pytest ImportError at a.py:1: circular import "
        "[tests/test_0.py, tests/test_1.py, tests/test_2.py and 2 more]"
    )


def test_the_hallucination_warning_names_it_and_the_real_names() -> None:
    text = feedback.hallucination((LINT, INVENTED))
    assert "`json.parse` does not exist at src/a.py:9" in text
    assert "What exists: `json.loads`, `json.load`" in text
    assert text.index("json.parse") < text.index("F821")


def test_old_iterations_are_one_line_each() -> None:
    text = feedback.history([note(number, "a\nb\n" * 500) for number in range(1, 20)])
    lines = text.split("\n")
    assert len(lines) == 1 + feedback.MAX_NOTES
    assert lines[-1].startswith("- iteration 19 (flash) failed at test (2 tactical): a b")
    assert max(map(len, lines)) < 260
    assert feedback.history([]) == ""


def test_stuck_and_redesign() -> None:
    assert "the same failure twice" in feedback.stuck("the same failure twice", [note(1)])
    text = feedback.redesign("coverage too low", [note(1)], (LINT,))
    assert "coverage too low" in text
    assert "iteration 1" in text
    assert "F821" in text
    assert "What was written" not in text
    long = feedback.redesign("coverage too low", [], (), "+x = 1\n" * 5000)
    assert "What was written:\n+x = 1\n" in long
    assert len(long) < feedback.MAX_DIFF + 200


def test_everything_is_capped_and_tamed() -> None:
    huge = Failure(check=CheckKind.TEST, tool="pytest", message="\x1b[31mred\x1b[0m\x00 " + "x" * 1_000_000)
    faults = [EditFault(path="a", reason="no match", detail="y" * 100_000)] * 50
    assert "\x1b" not in feedback.tactical((huge,))
    assert "\x00" not in feedback.tactical((huge,))
    for text in (feedback.tactical((huge,) * 50), feedback.edit_faults(faults), feedback.hallucination((huge,) * 9)):
        assert len(text) <= feedback.MAX_TEXT + 10


def test_gate_facts() -> None:
    test = CheckResult(
        kind=CheckKind.TEST,
        command="pytest -q",
        exit_code=0,
        passed=True,
        tests=TestEvidence(ran=9, passed=8, failed=0, skipped=1),
        coverage=Coverage(percent=91.25, source="lcov"),
    )
    lint = CheckResult(kind=CheckKind.LINT, command="ruff check .", exit_code=1, note="base failed too")
    report = GateReport(tree="t", results=(lint, test), failures=())
    assert feedback.gate_facts(report) == (
        "- lint (ruff check .): failed; base failed too\n"
        "- test (pytest -q): passed; 8 of 9 tests passed, 1 skipped; 91.2 % of lines covered"
    )
