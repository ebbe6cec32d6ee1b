"""Suppression comments: found in comments alone, counted net of what a change takes away."""

from __future__ import annotations

import time

import pytest

from orchestrator.gate.suppressions import added_suppressions, suppressions_in
from orchestrator.ports import DiffLine


def added(before: dict[str, str], after: dict[str, str]) -> list[str]:
    paths = sorted({*before, *after})
    changes = [DiffLine(path=path, status="M", insertions=1, deletions=1) for path in paths]
    return [str(one) for one in added_suppressions(changes, before.get, after.get)]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("x = 1  # noqa", ["noqa"]),
        ("x = 1  # noqa: F401", ["noqa F401"]),
        ("x = 1  # NOQA:E501,F401", ["noqa E501", "noqa F401"]),
        ("# ruff: noqa: F401", ["noqa F401"]),
        ("# flake8: noqa", ["noqa"]),
        ("x = 1  # type: ignore", ["type: ignore"]),
        ("x = 1  # type: ignore[arg-type, attr-defined]", ["type: ignore arg-type", "type: ignore attr-defined"]),
        ("x = 1  # pyright: ignore[reportFoo]", ["pyright: ignore reportFoo"]),
        ("# pyright: basic", ["pyright: ignore"]),
        ("# mypy: ignore-errors", ["mypy: option ignore-errors"]),
        (
            "x = 1  # pylint: disable=unused-import,invalid-name",
            ["pylint: disable unused-import", "pylint: disable invalid-name"],
        ),
        ("x = 1  # nosec B101", ["nosec B101"]),
        ("x = 1  # pragma: no cover", ["pragma: no cover"]),
        ("x = 1  # pragma: no branch", ["pragma: no cover"]),
        ("import a  # isort: skip", ["isort: skip"]),
        ("# fmt: off", ["fmt: off"]),
        ("x = '# noqa'", []),
        ('"""\n# type: ignore\n"""', []),
        ("# a note about noqaish things", []),
    ],
)
def test_in_python(line: str, what: list[str]) -> None:
    assert [one.what for one in suppressions_in("a.py", f"{line}\n")] == what


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("// eslint-disable-next-line no-undef, no-eval -- why", ["eslint-disable no-undef", "eslint-disable no-eval"]),
        ("/* eslint-disable */", ["eslint-disable"]),
        ("/* eslint no-console: 'off' */", ["eslint off"]),
        ("// @ts-ignore", ["@ts-ignore"]),
        ("// @ts-expect-error: odd", ["@ts-ignore"]),
        ("// biome-ignore lint/suspicious/noExplicitAny: why", ["biome-ignore lint/suspicious/noExplicitAny"]),
        ("/* istanbul ignore next */", ["istanbul ignore"]),
        ("/* v8 ignore start */", ["v8 ignore"]),
        ("/* c8 ignore next 3 */", ["c8 ignore"]),
        ("/* node:coverage disable */", ["node:coverage"]),
        ("// prettier-ignore", ["prettier-ignore"]),
        ("const a = '// @ts-ignore';", []),
        ("const a = `/* istanbul ignore next */`;", []),
        ("const url = 'https://x.example'; // @ts-ignore", ["@ts-ignore"]),
    ],
)
def test_in_script(line: str, what: list[str]) -> None:
    assert [one.what for one in suppressions_in("a.ts", f"{line}\n")] == what


def test_the_line_is_named() -> None:
    assert added({}, {"a.py": "\n\nx = 1  # noqa\n"}) == ["a.py:3: noqa"]
    assert added({}, {"a.js": "a();\n/*\n istanbul ignore next\n*/\n"}) == ["a.js:3: istanbul ignore"]


def test_code_that_moves_with_its_comments_adds_none() -> None:
    line = "import os  # noqa: F401\n"
    assert added({"a.py": line, "b.py": ""}, {"a.py": "", "b.py": line}) == []
    assert added({"a.py": line}, {"a.py": "import os  # noqa: F401, E402\n"}) == ["a.py:1: noqa E402"]
    assert added({"a.py": line}, {"a.py": line + line}) == ["a.py:2: noqa F401"]


def test_other_files_have_none() -> None:
    assert added({}, {"README.md": "# noqa\n", "a.txt": "// @ts-ignore\n"}) == []


def test_a_file_that_does_not_tokenise_is_read_by_line() -> None:
    assert added({}, {"a.py": "def f(:\n    x = 1  # noqa\n"}) == ["a.py:2: noqa"]


@pytest.mark.parametrize(
    "text", ["/*" * 100_000, "'" * 200_000, "`\\" * 100_000, "// eslint-disable " + "a," * 100_000]
)
def test_odd_text_takes_no_time(text: str) -> None:
    began = time.perf_counter()
    suppressions_in("a.js", text)
    assert time.perf_counter() - began < 5
