"""No output makes a parser raise, and the work grows no faster than the output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.domain.errors import UsageError
from orchestrator.domain.failure import CheckKind
from orchestrator.failures import TextView, judge_output
from orchestrator.failures.cases import classify_lines
from orchestrator.failures.diff import parse_diff
from orchestrator.failures.index import js_names, other_names, python_names
from orchestrator.failures.output import FINDINGS_CAP, HITS_CAP, LINE_CAP, WHOLE, condensed, lines_with, plain
from orchestrator.failures.parsers import PARSERS, read

CAPTURES = sorted((Path(__file__).parent / "captures").glob("*.json"))
PIECES = [
    "E   ",
    "FAILED a.py::t - ",
    "Error: ",
    "TypeError: x is not a function",
    " FAIL  a.ts > b",
    "  \u25cf a \u203a b",
    "error TS2304: '",
    "a.py:1:2: F401 ",
    "____ x ____",
    "\x1b[31m",
    "\r\n",
    "\n",
    ": error: ",
    "  1:2  error  m  r",
    "\u2716 1 problem (1 error, 0 warnings)",
    "Traceback (most recent call last):",
    '  File "a.py", line 1',
    " --> a.rs:1:2",
    "error[E0425]: `",
    "not ok 1 - x",
    "    at f (a.js:1:2)",
    " \u276f a.ts:1:2",
    '[{"filePath":"a","messages":[',
    "\x00",
    "\xe9",
    "\ud800",
    "NameError: name '\ud800\ud801' is not defined",
    "\U0001d4b3",
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=20)), max_size=40).map("".join))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_text_makes_a_parser_raise(text: str) -> None:
    for parser in PARSERS:
        parser.parse(plain(text))
    failures = judge_output(text, text, exit_code=1, check=CheckKind.TEST, view=TextView(diff=text))
    assert failures
    parse_diff(text)


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_no_file_makes_the_index_raise(data: bytes) -> None:
    python_names.summarise("a.py", data)
    js_names.summarise("a.ts", data)
    other_names.summarise("a.rs", data)


@pytest.mark.parametrize("capture", CAPTURES[::4], ids=lambda path: path.stem)
def test_a_long_output_is_read_in_bounded_parts(capture: Path) -> None:
    data = json.loads(capture.read_text(encoding="utf-8"))
    once = plain(data["stdout"] + "\n" + data["stderr"]) + "\n"
    long = once * (3 * WHOLE // len(once))
    kept = condensed(long)
    assert len(kept) <= WHOLE
    assert {(found.kind, found.symbol) for found in read(once)} <= {(found.kind, found.symbol) for found in read(kept)}


def test_a_failure_in_the_middle_of_noise_is_found() -> None:
    noise = "".join(f"[{number:07d}] retrying connection to 10.0.0.{number % 255}: ok\n" for number in range(45_000))
    text = noise + "src/a.ts(1,1): error TS2304: Cannot find name 'nowhere'.\n" + noise
    assert len(text) > 3 * WHOLE
    assert [found.symbol for found in read(condensed(text))] == ["nowhere"]


@pytest.mark.parametrize(
    "line",
    [
        "a:1:" * 500_000,
        "E   " + "Error: " * 300_000,
        "\x1b]8;;" * 400_000,
        " FAIL  " + "(" * 2_000_000,
        "'" * 2_000_000,
        "error TS2304: '" * 100_000,
        "✖ 1 problem (1 error, 0 warnings)\n" + "0" * 1_000_000,  # hours, were each digit a beginning
        ("a.py:1: error: " + '"' * 3_900 + "\n") * 500,
        ("E   TypeError: " + "_" * 3_900 + "\n") * 500,
    ],
)
def test_one_endless_line_is_cut(line: str) -> None:
    for _, seen in lines_with(plain(line), ":"):
        assert len(seen) <= LINE_CAP
    assert judge_output(line, "", exit_code=1, check=CheckKind.TEST, view=TextView())


def test_work_is_capped_by_count() -> None:
    text = "a.py:1:2: F401 'os' imported but unused\n" * 20_000
    assert sum(1 for _ in lines_with(text, ".py:")) == HITS_CAP
    assert max(len(parser.parse(text)) for parser in PARSERS) <= FINDINGS_CAP


# -- cases and tables --------------------------------------------------------------------------------------------------


def lines() -> Iterator[str]:
    yield json.dumps(
        {"id": "a", "stage": "lint", "exit_code": 1, "stdout": "a.py:1:1: W291 trailing whitespace\n", "stderr": ""}
    )
    yield "\n"
    yield json.dumps({"id": "b", "exit_code": 1, "stdout": "==== 1 failed in 0.1s ====\n", "rerun_exit_code": 0})


def test_cases_come_out_in_order_with_their_reasons() -> None:
    first, second = (json.loads(line) for line in classify_lines(lines()))
    assert (first["id"], first["category"], first["failures"][0]["code"]) == ("a", "trivial", "W291")
    assert first["failures"][0]["why"]
    assert (second["id"], second["category"]) == ("b", "flaky")


@pytest.mark.parametrize("line", ["{", "[]", '{"stdout": "x"}'])
def test_a_line_that_is_no_case_is_named(line: str) -> None:
    with pytest.raises(UsageError, match="stdin:1"):
        list(classify_lines([line]))
