"""docs/promises.md names, for each promise and each row of its tables, tests that exist; nothing is run here."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "promises.md"
ROWS = 68
_NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
_SPAN = re.compile(r"(\d+)(?:-(\d+))?")


def cells(pattern: str) -> list[list[str]]:
    """The cells of each table row whose first cell matches."""
    split = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in PAGE.read_text().splitlines()]
    return [row for row in split if re.fullmatch(pattern, row[0])]


@cache
def defined_in(path: str) -> frozenset[str]:
    """The test functions a file defines; read, not imported."""
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def faults(row: list[str]) -> list[str]:
    """What is wrong with a row."""
    if len(row) != 4:
        return [f"{row[0]}: {len(row)} cells"]
    number, what, tests, control = row
    found = [f"{number}: nothing is said" for text in (what, control) if not text]
    named = _NAMED.findall(tests)
    if not named and "not tested here: " not in tests:
        found.append(f"{number}: no test is named, and no reason")
    missing = [(path, name) for path, name in (*named, *_NAMED.findall(control)) if not _exists(path, name)]
    return [*found, *(f"{number}: {path}::{name} does not exist" for path, name in missing)]


def _exists(path: str, name: str) -> bool:
    return (TESTS / path).is_file() and name.startswith("test_") and name in defined_in(path)


def test_every_row_names_tests_that_exist() -> None:
    rows = cells(r"\d+")
    assert [int(row[0]) for row in rows] == list(range(1, ROWS + 1))
    assert [fault for row in rows for fault in faults(row)] == []


def test_every_promise_names_its_rows() -> None:
    promises = cells(r"I\d+")
    assert [row[0] for row in promises] == [f"I{number}" for number in range(1, 16)]
    for row in promises:
        ends = [(int(first), int(last or first)) for first, last in _SPAN.findall(row[2])]
        assert ends, row[0]
        assert all(1 <= first <= last <= ROWS for first, last in ends), row[0]


def test_a_row_that_promises_too_much_is_seen() -> None:
    """The control."""
    good = "`test_promises.py::test_every_promise_names_its_rows`"
    assert faults(["1", "kept", good, "in it: both ways"]) == []
    assert faults(["2", "kept", "`test_promises.py::test_none`", "in it: both"]) == [
        "2: test_promises.py::test_none does not exist"
    ]
    assert len(faults(["3", "kept", "soon", ""])) == 2
