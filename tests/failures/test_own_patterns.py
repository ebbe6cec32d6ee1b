"""A user's own patterns: read with their faults' places, matched in linear time, asked whatever else is said."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.domain.errors import UsageError
from orchestrator.domain.failure import Category, CheckKind, Failure, gravest
from orchestrator.domain.pattern import Budget, compile_pattern
from orchestrator.domain.pattern_reader import PatternError
from orchestrator.failures import RepositoryView, TextView, judge_output, reader_of
from orchestrator.failures.signatures import OWN_STEPS
from orchestrator.failures.tables import shipped_tables, with_patterns
from orchestrator.settings import FailurePattern
from orchestrator.settings.load import load_settings
from tests.gate.test_verdict import ran

LICENCE = {"find": "LICENCE", "line": r".*LICENCE server (\w+) is down", "category": "environment", "symbol": 1}
PYTEST = "=== FAILURES ===\n___ test_a ___\nE   LICENCE server blue is down\nE   assert 1 == 2\nFAILED t.py::test_a\n"
BLOWS_UP = ["(a*)*b", "(a|aa)+b", "(a|a)(a|a)(a|a)(a|a)(a|a)b", ".*.*.*.*b", "(?:a?){250}a{250}b", "(a*b?)*c"]


def judged(text: str, *patterns: dict[str, object]) -> tuple[Failure, ...]:
    tables = with_patterns(shipped_tables(), [FailurePattern.model_validate(one) for one in patterns])
    return judge_output(text, "", exit_code=1, check=CheckKind.TEST, view=TextView(), tables=tables)


def test_it_is_asked_beside_what_a_runner_reports_and_the_gravest_decides() -> None:
    assert gravest(judged(PYTEST)) is Category.TACTICAL
    failures = judged(PYTEST, LICENCE)
    assert gravest(failures) is Category.ENVIRONMENT
    (own,) = [failure for failure in failures if failure.tool == "own"]
    assert (own.symbol, own.why) == ("blue", "a pattern of your own: LICENCE")


def test_what_it_does_not_match_stays_as_it_was() -> None:
    text = PYTEST.replace("is down", "is up")
    assert judged(text, LICENCE) == judged(text)


def test_the_gate_s_reader_takes_them(tmp_path: Path) -> None:
    said = ran(2, exit_code=1, stdout=PYTEST)
    read = reader_of(RepositoryView(root=tmp_path), (FailurePattern.model_validate(LICENCE),))
    assert gravest(read(said)) is Category.ENVIRONMENT


@pytest.mark.parametrize("pattern", BLOWS_UP)
def test_none_blows_up(pattern: str) -> None:
    """The work is counted, not timed: linear in the text, and with an end."""
    compiled = compile_pattern(pattern)
    used = []
    for length in (100, 200, 400):
        budget = Budget(10_000_000)
        compiled.match("a" * length, budget)
        used.append(10_000_000 - budget.steps)
    assert used[2] - used[1] <= 2.1 * (used[1] - used[0]) + 1
    spent = Budget(OWN_STEPS)
    for _ in range(1000):
        compiled.match("a" * 1000, spent)
    assert spent.steps > -10_000, "a spent budget ends it within one character"


_ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", r"\d", " ", "[]a]", r"[\]b]", "[[]"])
_PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        inner.map("({})".format),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(_ATOMS, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "+?", "??"])).map("".join),
        inner.map(r"\b{}".format),
        inner.map("{}$".format),
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(_PATTERNS, st.text("ab1 ]", max_size=12))
def test_it_matches_what_re_matches(pattern: str, text: str) -> None:
    expected = re.match(pattern.replace("[[]", r"[\[]").replace("$", r"\Z"), text, re.DOTALL)
    found = compile_pattern(pattern).match(text, Budget(1_000_000))
    assert found == (None if expected is None else (expected[0], *expected.groups()))


@pytest.mark.parametrize(
    ("pattern", "at", "what"),
    [
        ("a(b", 1, "not closed"),
        ("ab[c", 2, "not closed"),
        ("a**", 2, "repeat of a repeat"),
        (r"(a)\1", 3, "back references"),
        ("a(?=b)", 1, "only (...) and (?:...)"),
        ("a)", 1, "closes nothing"),
        ("+a", 0, "repeats nothing"),
        ("a{3,2}", 0, "above the most"),
        ("a{999}", 0, "more than 250"),
        ("(?:a{250}){250}", 0, "more than 1000 steps"),
        ("[z-a]", 0, "not a set"),
        ("\\", 0, "ends the pattern"),
        ("x" * 401, 400, "at most 400"),
        ("(" * 30 + ")" * 30, 20, "deep"),
    ],
)
def test_faults_have_their_place(pattern: str, at: int, what: str) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(pattern)
    assert caught.value.at == at
    assert what in caught.value.what


def test_a_wrong_one_is_refused_before_anything_starts(tmp_path: Path) -> None:
    own = tmp_path / "orchestrator" / "config.yaml"
    own.parent.mkdir()
    own.write_text(
        "failures:\n  patterns:\n    - find: LICENCE\n      line: 'LICENCE (?!x)'\n      category: environment\n"
        "    - {find: a, line: b, category: trivial}\n    - {find: a, line: b, category: tactical, symbol: 1}\n"
    )
    with pytest.raises(UsageError) as caught:
        load_settings(environment={"XDG_CONFIG_HOME": str(tmp_path)})
    told = "\n".join(caught.value.faults)
    assert re.search(r":4:\d+: line: at character 9: of groups, only", told)
    assert "category: 'trivial' (text) is none of its words" in told.replace('"', "'")
    assert "symbol 1, but the pattern has 0 groups" in told


def test_classify_asks_the_folder_s_own(tmp_path: Path) -> None:
    (tmp_path / "orchestrate.yaml").write_text(f"failures: {{patterns: [{json.dumps(LICENCE)}]}}\n")
    case = json.dumps({"id": "a", "stage": "test", "exit_code": 1, "stdout": PYTEST})
    ended = subprocess.run(
        [sys.executable, "-m", "orchestrator", "classify"],
        check=True, input=case, capture_output=True, text=True, cwd=tmp_path, timeout=60,
    )  # fmt: skip
    assert json.loads(ended.stdout)["category"] == "environment"
