"""Look-ups: useful, bounded, and never outside the tracked files."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.agents.lookups import MAX_HITS, MAX_LINES, MAX_RESULT, SPECS, Lookups
from orchestrator.domain.call import ToolCall
from tests.agents.material import Tree

TREE = Tree(
    {
        "src/dates.py": b"import os\n\n\nclass Parser:\n    def parse(self, text):\n        return text\n\nLIMIT = 3\n",
        "web/app.ts": b"export async function load(url: string) {\n  return fetch(url)\n}\nconst parse = (x) => x\n",
        "docs/guide.md": b"# Guide\nCall parse(text).\n",
        "logo.png": b"\x89PNG\0\0",
        ".env": b"API_KEY=hunter2\n",
        "empty.py": b"",
        "crlf.py": b"a\r\nb\r\n",
    }
)


def ask(name: str, tree: Tree = TREE, /, **arguments: Any) -> str:
    result = Lookups(tree).answer(ToolCall(id="7", name=name, arguments=arguments))
    assert (result.id, result.name) == ("7", name)
    return result.content


def test_read_file() -> None:
    assert ask("read_file", path="src/dates.py", start=4, end=5) == (
        "src/dates.py, lines 4-5 of 8:\nclass Parser:\n    def parse(self, text):"
    )
    assert ask("read_file", path="./crlf.py") == "crlf.py, lines 1-2 of 2:\na\nb"
    assert ask("read_file", path="src/dates.py", start="7", end=99.0).startswith("src/dates.py, lines 7-8 of 8:")
    assert ask("read_file", path="src/dates.py", start=99) == "src/dates.py has 8 lines"
    assert ask("read_file", path="empty.py") == "empty.py is empty"
    assert "dates.py" in ask("read_file", path="lib/dates.py")
    assert ask("read_file", path="logo.png") == "error: logo.png is binary or a link"


def test_search() -> None:
    assert ask("search", text="def parse") == "src/dates.py:5: def parse(self, text):"
    assert ask("search", text="def .*text|fetch\\(") == (
        "src/dates.py:5: def parse(self, text):\nweb/app.ts:2: return fetch(url)"
    )
    assert ask("search", text="parse", path="docs") == "docs/guide.md:2: Call parse(text)."
    assert ask("search", text="parse", path="*.ts") == "web/app.ts:4: const parse = (x) => x"
    assert ask("search", text="nowhere") == "no line holds it"


def test_list_files() -> None:
    assert ask("list_files", path="src/") == "src/dates.py"
    assert ask("list_files", path="**/*.ts") == "web/app.ts"
    assert ask("list_files").split("\n") == sorted(TREE.content)
    assert "no tracked file" in ask("list_files", path="../")


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("Parser", "src/dates.py:4: class Parser:"),
        ("Parser.parse", "src/dates.py:5: def parse(self, text):\nweb/app.ts:4: const parse = (x) => x"),
        ("load()", "web/app.ts:1: export async function load(url: string) {"),
        ("LIMIT", "src/dates.py:8: LIMIT = 3"),
        ("text", "text is not defined in a tracked file"),
    ],
)
def test_find_symbol(name: str, where: str) -> None:
    assert ask("find_symbol", name=name) == where


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../secret", ".git/config", "src/../.env", "~/x", "C:\\x", "src", "", "a\0b", "\ud800", "x" * 9000],
)
def test_nothing_outside_the_tracked_files_is_read(path: str) -> None:
    answer = ask("read_file", path=path)
    assert answer.startswith("error: ")
    assert len(answer) < 1000


def test_files_that_may_hold_secrets_are_not_shown() -> None:
    assert "hunter2" not in ask("read_file", path=".env") + ask("search", text="API_KEY") + ask(
        "find_symbol", name="API_KEY"
    )


def test_an_unknown_look_up_says_what_there_is() -> None:
    assert "read_file, search, list_files, find_symbol" in ask("rm_rf", path="/")


def test_answers_are_bounded() -> None:
    tree = Tree(
        {"big.py": b"x = 1  # line\n" * 100_000, "wide.js": b"y" * 1_000_000, **{f"f{n}": b"z\n" for n in range(999)}}
    )
    assert f"lines 1-{MAX_LINES} of 100000" in ask("read_file", tree, path="big.py")
    assert len(ask("read_file", tree, path="wide.js")) <= MAX_RESULT + 200
    assert len(ask("search", tree, text="x = 1").split("\n")) == MAX_HITS + 1
    assert len(ask("search", tree, text="y")) < MAX_RESULT
    assert "and 801 more" in ask("list_files", tree)


def test_patterns_and_lines_that_choke_engines_do_not() -> None:
    tree = Tree({"a.txt": b"a" * 1_000_000 + b"\n" + b"ab " * 300_000})
    started = time.process_time()
    for pattern in ("(a+)+$", ".*" * 50 + "b", "a.*" * 60, "a|" * 90, "(a|a)*b", "[" * 100, "\\" * 100, "|", ".*"):
        ask("search", tree, text=pattern)
    for name in ("a" * 100, "a b", "(((", "", "a.b.c"):
        ask("find_symbol", tree, name=name)
    ask("list_files", tree, path="*a" * 200)
    assert time.process_time() - started < 20


VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.lists(st.integers(), max_size=2)
)


@given(
    st.sampled_from([spec.name for spec in SPECS]),
    st.dictionaries(st.sampled_from(["path", "start", "end", "text", "name", "x"]), VALUES, max_size=5),
)
def test_no_argument_makes_it_raise(name: str, arguments: dict[str, Any]) -> None:
    assert Lookups(TREE).answer(ToolCall(id="1", name=name, arguments=arguments)).content


def test_the_specs_are_json_schemas_of_objects() -> None:
    for spec in SPECS:
        assert spec.parameters["type"] == "object"
        assert set(spec.parameters.get("required", ())) <= set(spec.parameters["properties"])
