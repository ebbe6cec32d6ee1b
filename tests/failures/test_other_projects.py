# The tools print these very characters.
# ruff: noqa: RUF001
"""Failures of projects beyond the corpus, in the tools' own words: CPython 3.11, mypy 2.4, pyright 1.1, gcc 12, go
1.19, javac 17, cargo 1.8, maven 3.8, Node 20, vitest 4, eslint 9, mocha 11, rollup 4, bandit 1.9. Each case is a class
that a project of its own once showed, on the smallest tree that shows it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.domain.failure import Category, CheckKind, gravest
from orchestrator.failures import RepositoryView, TextView, judge_output
from orchestrator.failures.finding import Kind
from orchestrator.failures.index.builtin_calls import builtin_parameters
from orchestrator.failures.parsers import read
from tests.failures.trees import write

TRIVIAL, TACTICAL, STRATEGIC, INVENTED, ENVIRONMENT = Category


def change(path: str, *, removed: str = "", added: str = "", at: int = 1) -> str:
    minus, plus = removed.splitlines(), added.splitlines()
    body = "".join([*(f"-{line}\n" for line in minus), *(f"+{line}\n" for line in plus)])
    return f"--- a/{path}\n+++ b/{path}\n@@ -{at},{len(minus)} +{at},{len(plus)} @@\n{body}"


def category(
    text: str, diff: str | None, tree: Path | None = None, *, exit_code: int = 1, command: str = ""
) -> Category | None:
    view = RepositoryView(root=tree, diff=diff) if tree else TextView(diff=diff)
    return gravest(
        judge_output(
            text, "", exit_code=exit_code, check=CheckKind.TEST, view=view, command=command,
            command_doubted=bool(command),
        )
    )  # fmt: skip


LITERAL = "Align = Literal['l', '']\n"
STACK = "class Stack:\n    def take(self):\n        return 1\n"
GO_VET = "./main.go:13:23: s.Keys undefined (type *shelf.Shelf has no field or method Keys)\n"
GO_AWAY = 'main.go:{line}:2: {what}: Get "http://127.0.0.1:9/{module}/@v/list": dial tcp 127.0.0.1:9: refused\n'
RENAMED = change("shelf.go", removed="func (s *Shelf) Keys() int {", added="func (s *Shelf) sorted() int {")
CIRCLE = (
    "==== ERRORS ====\n____ ERROR collecting test_a.py ____\npkg/low.py:1: in <module>\n    import pkg.high\n"
    "E   ImportError: cannot import name 'Engine' from partially initialized module 'pkg.high' (most likely due to a "
    "circular import) (/r/pkg/high.py)\n"
)
NO_MODULE = (
    "==== ERRORS ====\n____ ERROR collecting test_a.py ____\na.py:1: in <module>\n    import {name}\n"
    "E   ModuleNotFoundError: No module named '{name}'\n"
)
NO_LITERAL = (
    '/r/a.py:3:9 - error: "Literal" is not defined (reportUndefinedVariable)\n'
    '/r/a.py:3:18 - error: "l" is not defined (reportUndefinedVariable)\n'
    "/r/a.py:3:23 - error: Expected expression\n"
)
UNPARSED = (
    "/r/a.py:2:9 - error: Expected expression\n"
    '/r/__init__.py:1:16 - error: "Queue" is unknown import symbol (reportAttributeAccessIssue)\n'
)
NO_OVERLOAD = (
    'a.py:9: error: No overload variant of "fromkeys" of "dict" matches argument types "list[int]", "int"  '
    "[call-overload]\n"
)
NOT_CALLABLE = (
    '/r/a.py:9:5 - error: Object of type "int" is not callable\n    Attribute "__call__" is unknown (reportCallIssue)\n'
)
NO_INCLUDES = (
    "✖ failing tests:\n\n✖ includes (1.2ms)\n  TypeError [Error]: assert.includes is not a function\n"
    "      at TestContext.<anonymous> (file:///r/bag.js:2:8)\n"
)
NO_THIS = (
    " FAIL  lru.test.ts > keeps\nTypeError: Cannot read properties of undefined (reading 'rehydrateBucket')\n"
    " ❯ get lru.ts:1:6\n"
)
DESTRUCTURED = (
    "  ● reads\n\n    TypeError: Cannot destructure property 'isAny' of 'src_1.validators' as it is undefined.\n\n"
    "      at Object.<anonymous> (tests/v.test.ts:6:5)\n"
)
CUT = "== short test summary info ==\nFAILED tests/t.py::t - TypeError: Capture.__init__() got ...\n1 failed in 1s\n"
NO_SCOPE = (
    "==== ERRORS ====\n____ ERROR collecting t.py ____\n'suite' is not a valid Scope\n\n"
    "During handling of the above exception, another exception occurred:\n"
    "Fixture 'thing' from t.py got an unexpected scope value 'suite'\n==== 1 error in 1.78s ====\n"
)
NO_TAKE = (
    "==== FAILURES ====\n____ test_a ____\na.py:9: in f\nE   AttributeError: 'set' object has no attribute 'take'\n"
)
GO_TESTS = (
    "--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/part (0.00s)\n--- FAIL: TestB (0.00s)\nFAIL\nFAIL\tx/a\t0.1s\n"
    "--- FAIL: TestC (0.00s)\nFAIL\nFAIL\tx/b\t0.1s\nFAIL\n"
)
MAVEN_TESTS = (
    "[ERROR] Tests run: 2, Failures: 2, Errors: 0 <<< FAILURE! -- in x.ATest\n"
    "[ERROR] Tests run: 1, Failures: 0, Errors: 1 <<< ERROR! -- in x.BTest\n"
    "[ERROR] Tests run: 3, Failures: 2, Errors: 1, Skipped: 0\n"
)
CARGO_TESTS = (
    "test a::tests::one ... FAILED\ntest b::tests::two ... FAILED\n\n"
    "test result: FAILED. 1 passed; 2 failed; 0 ignored\n\nerror: test failed, to rerun pass `--lib`\n"
)
BANDIT_XML = (
    '<testcase name="x"><error type="HIGH" message="shell=True, security issue.">Test ID: B602 Severity: HIGH\n'
    "CWE: 78\nLocation a.py:3</error></testcase>\n"
)
BANDIT_YAML = (
    "- code: x\n  filename: a.py\n  issue_severity: HIGH\n  issue_text: shell=True\n  line_number: 3\n  test_id: B602\n"
)
C_LOST = (
    "tests/test_queue.c:6:5: error: unknown type name 'queue_t'\n"
    "tests/test_queue.c:6:18: error: implicit declaration of function 'queue_new' "
    "[-Werror=implicit-function-declaration]\n"
)
HEADLESS = (
    "include/queue.h:9:5: error: 'string' in namespace 'std' does not name a type\n"
    "src/log.cpp:5:6: error: no declaration matches 'void logs::Log::add(const int&)'\n"
)
THROWN = "terminate called after throwing an instance of 'std::{}'\n  what():  permission denied\n"
REQUIRED = (
    "✖ ERROR: Error: Cannot find module '/repo/node_modules/mocha/lib/nodejs/test/setup.js' imported from "
    "/repo/node_modules/mocha/lib/nodejs/esm-utils.js\n    at Module._resolveFilename (node:internal:1207:15)\n"
)
OPTION = (
    'Error: Key "rules": Key "object-shorthand":\n\tValue "sometimes" should be equal to one of the allowed values.\n'
)

TREES: dict[str, dict[str, str]] = {
    "literal": {"a.py": f"from typing import Any\n\n{LITERAL}"},
    "cycle": {"pkg/__init__.py": "", "pkg/low.py": "from pkg.high import Engine\n", "pkg/high.py": "import pkg.low\n"},
    "stack": {"a.py": STACK},
    "go": {"go.mod": "module example.com/kv\n\nrequire golang.org/x/text v0.14.0\n", "main.go": "package main\n"},
    "queue": {"include/queue.h": "typedef int queue_t;\n", "tests/test_queue.c": "int main(void) { return 0; }\n"},
    "bag": {"bag.js": "import assert from 'node:assert';\nassert.includes([1], 1);\n", "lru.ts": "x();\nMark.KEY;\n"},
    "kept": {"use.ts": "read(x);\n", "b.ts": "import { Kept } from './marks';\n", "marks.ts": "const Kept = 1;\n"},
    "flake8": {".flake8": "[flake8\nmax-line-length = 100\n", "a.py": "x = 1\n"},
    "npm": {"package.json": '{ "private": true,, }\n'},
    "declared": {"pyproject.toml": '[project]\nname = "x"\ndependencies = ["httpx", "fastledger"]\n', "a.py": "x\n"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("tree", "text", "diff", "expected"),
    [
        # the texts of a Literal that is not imported are taken for names
        (
            "literal",
            NO_LITERAL,
            change("a.py", removed="from typing import Any, Literal", added="from typing import Any"),
            TRIVIAL,
        ),
        # what a module that does not parse is said to lack, on lines that nobody touched
        (
            "stack",
            UNPARSED,
            change("a.py", removed="    def take(self):", added="    def take(self:", at=2),
            TACTICAL,
        ),
        # the import that closes a circle asks for a name that is not there; for one that is
        (
            "cycle",
            CIRCLE,
            change("pkg/high.py", added="from pkg.low import sealed_cursor"),
            INVENTED,
        ),
        (
            "cycle",
            CIRCLE,
            change("pkg/high.py", added="from pkg.low import Engine"),
            STRATEGIC,
        ),
        # keywords of built-in types' methods, members of nothing that can be called
        (
            "stack",
            NO_OVERLOAD,
            change("a.py", added="dict.fromkeys([1], default=2)", at=9),
            INVENTED,
        ),
        (
            "stack",
            NOT_CALLABLE,
            change("a.py", added="self.tkae_all_of_it()", at=9),
            INVENTED,
        ),
        (
            "stack",
            NO_TAKE,
            change("a.py", added="_x = {1}.take()", at=9),
            INVENTED,
        ),
        ("stack", 'a.py:9: error: "int" not callable  [operator]\n', change("a.py", added="5()", at=9), TACTICAL),
        (
            "stack",
            'a.py:9: error: "take" undefined in superclass  [misc]\n',
            change("a.py", added="return super().take()", at=9),
            INVENTED,
        ),
        # go: what a change renamed; modules that no proxy could be asked for
        (
            "go",
            GO_VET,
            RENAMED,
            STRATEGIC,
        ),
        (
            "go",
            GO_AWAY.format(line=4, what="golang.org/x/text@v0.14.0", module="golang.org/x/text"),
            change("main.go", added='import "golang.org/x/text/language"', at=4),
            ENVIRONMENT,
        ),
        (
            "go",
            GO_AWAY.format(line=8, what="module example.com/kv/codec", module="example.com/kv/codec"),
            change("main.go", added='import "example.com/kv/codec"', at=8),
            INVENTED,
        ),
        (
            "go",
            "./main.go:21:13: undefined: shelf.New\n",
            change("shelf/shelf.go", removed="func New() *Shelf {", added="func create() *Shelf {"),
            STRATEGIC,
        ),
        ("go", "./main.go:9:8: undefined: strings.JoinAll\n", change("main.go", added="strings.JoinAll()"), INVENTED),
        (
            "go",
            "package x\n\tmain.go:9:2: use of internal package x/internal/raw not allowed\n",
            change("main.go", added='_ "x/internal/raw"', at=9),
            STRATEGIC,
        ),
        # C: a header that was taken away, from the file itself and from another header
        (
            "queue",
            HEADLESS,
            change("include/queue.h", removed="#include <string>"),
            TRIVIAL,
        ),
        ("queue", C_LOST, change("tests/test_queue.c", removed='#include "queue.h"'), TRIVIAL),
        # JavaScript: members of Node's own modules, of `this` where there is none
        (
            "bag",
            NO_INCLUDES,
            change("bag.js", added="assert.includes([1], 1);", at=2),
            INVENTED,
        ),
        (
            "bag",
            NO_THIS,
            change("lru.ts", added="this.rehydrateBucket('a');"),
            INVENTED,
        ),
        (
            "bag",
            NO_THIS.replace("rehydrateBucket", "KEY").replace(":1:", ":2:"),
            change("marks.ts", removed="export const Mark = make();", added="const Mark = make();"),
            STRATEGIC,
        ),
        (
            "kept",
            NO_THIS.replace("rehydrateBucket", "KEY").replace("lru.ts", "use.ts"),
            change("marks.ts", removed="export const Kept = make();", added="const Kept = make();"),
            STRATEGIC,
        ),
        # configurations that a change left unreadable, and of which their tool says nothing
        ("flake8", "a.py:1:80: E501 line too long (85 > 79)\n", change(".flake8", added="[flake8"), ENVIRONMENT),
        ("npm", "", change("package.json", added='"private": true,,'), ENVIRONMENT),
        # a dependency that the change itself declares: one that everybody knows, one that nobody does
        (
            "declared",
            NO_MODULE.format(name="httpx"),
            change("pyproject.toml", added='dependencies = ["httpx"]') + change("a.py", added="import httpx"),
            ENVIRONMENT,
        ),
        (
            "declared",
            NO_MODULE.format(name="fastledger"),
            change("pyproject.toml", added='dependencies = ["fastledger"]') + change("a.py", added="import fastledger"),
            INVENTED,
        ),
    ],
)  # fmt: skip
def test_with_the_tree_at_hand(tree: str, text: str, diff: str, expected: Category, tmp_path: Path) -> None:
    assert category(text, diff, write(tmp_path, TREES[tree])) is expected


@pytest.mark.parametrize(
    ("text", "diff", "expected"),
    [
        (
            "src/test/StockTest.java:16: error: total() has private access in Stock\n",
            change("src/Stock.java", removed="    public int total() {", added="    private int total() {"),
            STRATEGIC,
        ),
        (
            "src/test/StockTest.java:16: error: total() has private access in Stock\n",
            change("src/test/StockTest.java", added="stock.total();", at=16),
            TACTICAL,
        ),
        ("test_q: tests/t.c:14: main: Assertion `\"no space left on device\" == x' failed.\n", None, TACTICAL),
        (THROWN.format("out_of_range"), None, TACTICAL),
        (THROWN.format("system_error"), None, ENVIRONMENT),
        ("/usr/bin/ld: cannot find -lzstd: No such file\ncollect2: error: ld returned 1\n", None, ENVIRONMENT),
        ("[FATAL] Non-readable POM /repo/pom.xml: no more data available\n", None, ENVIRONMENT),
        ("Error: no such flag: `--fast`, did you mean `--fix`?\n", change("ci.sh", added="biome --fast"), INVENTED),
        (
            '[!] RollupError: Could not resolve "./lost/x.js" from "src/e.js"\nsrc/e.js\n    at error (x.js:1:2)\n',
            change("src/e.js", added='import x from "./lost/x.js";'),
            INVENTED,
        ),
        ("1) a.js > b.js\n\n✖ Found 1 circular dependency!\n", None, STRATEGIC),
        ("  error low-not-up: b.js → a.js\n\nx 2 dependency violations (2 errors, 0 warnings)\n", None, STRATEGIC),
        (OPTION, change("eslint.config.mjs", added="'object-shorthand': ['error', 'sometimes'],"), INVENTED),
        ('Error: Key "rules": Key "indent":\n\tValue {} should be string.\n', None, ENVIRONMENT),
        ('Error: Could not load ui "gherkin":\n', change(".mocharc.json", added='"ui": "gherkin"'), INVENTED),
        (REQUIRED, change(".mocharc.json", added='"require": ["./test/setup.js"]'), INVENTED),
        (REQUIRED, change("lib/a.js", added="x();"), ENVIRONMENT),
        (
            "ESLint couldn't find the plugin \"eslint-plugin-tidy-loops\".\n",
            change(".eslintrc.json", added='"plugins": ["tidy-loops"]'),
            INVENTED,
        ),
        ('Config file "/r/pyrightconfig.json" could not be parsed. Verify that it is.\n', None, ENVIRONMENT),
        ("File contains no section headers.\nfile: '<string>', line: 1\n", None, ENVIRONMENT),
        ("pylint: error: argument --jobs/-j: invalid int value: 'several'\n", None, ENVIRONMENT),
        ("SyntaxError: Error parsing /repo/package.json: Expected double-quoted name\n", None, ENVIRONMENT),
        ('left-kit (imported by "src/e.js")\n', change("src/e.js", added="import k from 'left-kit';"), INVENTED),
        (
            " FAIL  a.test.ts > asks\nTypeError: fetch failed\n ❯ a.test.ts:3:9\n",
            change("b.ts", added="// notes"),
            ENVIRONMENT,
        ),
        (
            DESTRUCTURED,
            change("src/index.ts", removed="export * as validators from './validators'"),
            STRATEGIC,
        ),
        (
            NO_SCOPE,
            change("t.py", added='@pytest.fixture(scope="suite")'),
            INVENTED,
        ),
        (
            CUT,
            change("tests/t.py", added="Capture(keep=1)"),
            INVENTED,
        ),
    ],
)  # fmt: skip
def test_from_text_and_diff_alone(text: str, diff: str | None, expected: Category) -> None:
    assert category(text, diff) is expected


def test_what_needs_no_tree() -> None:
    assert category(NO_LITERAL, change("a.py", removed="from typing import Any, Literal", added="import a")) is TRIVIAL
    missing = "a.py:443:12: F821 Undefined name `MatchInvalid`\nFound 1 error.\n"
    assert category(missing, change("a.py", removed="    MatchInvalid,", at=7)) is TRIVIAL
    listed = "src/lib/cache.ts\nsrc/lib/merge.ts\n"
    assert category(listed, change("src/lib/cache.ts", added="x"), command="prettier --list-different src") is TRIVIAL


SHORT = "== short test summary info ==\nFAILED tests/t.py::t - {}\n1 failed in 1s\n"


@pytest.mark.parametrize(
    ("said", "diff", "expected"),
    [
        ("NameError: name 'Ordere...", change("a.py", removed="from collections import OrderedDict"), TRIVIAL),
        ("NameError: name 'resolve_eve...", change("a.py", added="resolve_everything_v2()"), INVENTED),
        ("AttributeError: 'S' object has no attribute 'flush_ev...", change("a.py", added="s.flush_every"), INVENTED),
        ("AttributeError: 'S' object has no attribute 'flush_ev...", change("a.py", added="x = 1"), INVENTED),
        ("ImportError: cannot import name 'build_it' from 'pkg.sto...", change("a.py", added="from p import build_it"),
         INVENTED),
        ("ImportError: cannot import name 'build_it' from partially i...", change("a.py", added="import x"), STRATEGIC),
        ("ImportError: libssl.so.3: cannot open shared object file: No such...", change("a.py", added="import pkg"),
         ENVIRONMENT),
        ("AttributeError: _egt_rows", change("a.py", added="self._egt_rows()"), INVENTED),
    ],
)  # fmt: skip
def test_a_summary_that_is_cut_within_a_name(said: str, diff: str, expected: Category) -> None:
    assert category(SHORT.format(said), diff) is expected


def test_a_flag_of_a_newer_node_is_no_invention() -> None:
    said, diff = "node: bad option: --experimental-strip-types\n", change("a.js", added="x")
    asked = "node --test --experimental-strip-types"
    assert category(said, diff, exit_code=9, command=asked) is ENVIRONMENT
    assert (
        category(said.replace("strip", "fold"), diff, exit_code=9, command=asked.replace("strip", "fold")) is INVENTED
    )


def failing(error: str) -> str:
    blocks = "".join(
        f" FAIL  t/{file}.test.ts > case {count}\n{error}\n ❯ walk src/walk.ts:2:5\n\n"
        for file in "ab" for count in range(5)
    )  # fmt: skip
    return f"{blocks} Test Files  2 failed (2)\n      Tests  10 failed (10)\n"


@pytest.mark.parametrize(
    ("error", "removed", "expected"),
    [
        ("RangeError: the list is too long", "", TACTICAL),  # a statement put in: one bug, however many tests it fails
        (
            "TypeError: list is not iterable",
            "  return walk(list || []);",
            STRATEGIC,
        ),  # what used to work there no longer does
        ("Error: disabled in this build", "", STRATEGIC),  # a capability taken away
    ],
)
def test_many_tests_fail_for_one_line(error: str, removed: str, expected: Category) -> None:
    diff = change("src/walk.ts", removed=removed, added="  return walk(list);", at=2)
    assert category(failing(error), diff) is expected


@pytest.mark.parametrize(
    ("text", "count", "files"),
    [
        (GO_TESTS, 3, 2),
        (MAVEN_TESTS, 3, 2),
        (CARGO_TESTS, 2, 2),
        ("..FF\ntest result: FAILED. 1 passed; 2 failed; 0 ignored\n\nerror: test failed\n", 2, 1),
    ],
)  # fmt: skip
def test_how_many_tests_fail_in_how_many_places(text: str, count: int, files: int) -> None:
    (tally,) = [finding for finding in read(text) if finding.kind is Kind.TALLY]
    assert (tally.count, tally.files) == (count, files)


@pytest.mark.parametrize(
    "text",
    [
        BANDIT_XML,
        BANDIT_YAML,
    ],
)
def test_bandit_in_xml_and_yaml(text: str) -> None:
    (found,) = [finding for finding in read(text) if finding.tool == "bandit"]
    assert (found.code, found.file, found.line) == ("B602", "a.py", 3)
    assert category(text, None) is STRATEGIC


def test_cargo_in_json() -> None:
    shown = "error[E0432]: unresolved import `fastledger`\n --> src/lib.rs:3:5\n  |\n3 | use fastledger::E;\n"
    message = {"reason": "compiler-message", "message": {"rendered": shown}}
    text = json.dumps(message, separators=(",", ":")) + '\n{"reason":"build-finished","success":false}\n'
    (found,) = read(text)
    assert (found.tool, found.symbol, found.line) == ("rustc", "fastledger", 3)
    assert category(text, change("src/lib.rs", added="use fastledger::E;", at=3)) is INVENTED


def test_what_the_methods_of_built_in_types_take() -> None:
    assert builtin_parameters("split") == {"self", "sep", "maxsplit"}
    assert "errors" in builtin_parameters("encode")
    assert builtin_parameters("update") == frozenset()  # it takes any
    assert builtin_parameters("no_such_method") == frozenset()


UNRESOLVED = (
    "/r/a.js\n  1:8  error  Unable to resolve path to module './x'  import-x/no-unresolved\n"
    "\n✖ 1 problem (1 error, 0 warnings)\n"
)
INDEXED = (
    "a.ts(3,5): error TS7053: Element implicitly has an 'any' type because expression of type '\"size\"' can't be used "
    "to index type 'Box'.\n  Property 'size' does not exist on type 'Box'.\n"
)


@pytest.mark.parametrize(
    ("text", "kind", "symbol"),
    [
        (INDEXED, Kind.MISSING_ATTRIBUTE, "size"),
        ("a.py:3:0: I1101: Module 'zlib' has no 'squash' member, but source is unavailable. (c-extension-no-member)\n",
         Kind.MISSING_EXPORT, "squash"),
        ("main.go:3:8: use of internal package x/internal/y not allowed\n", Kind.CONTRACT, "x/internal/y"),
        ("A.java:1: error: module not found: java.xyz\n", Kind.MISSING_MODULE, "java.xyz"),
        ("error[E0603]: function `seal` is private\n --> src/lib.rs:3:5\n", Kind.PRIVATE, "seal"),
        ("error[E0220]: associated type `Unit` not found\n --> a.rs:3:5\n", Kind.MISSING_ATTRIBUTE, "Unit"),
        ("a.cpp:3:5: error: 'int Box::size_' is private within this context\n", Kind.PRIVATE, "size_"),
        (UNRESOLVED,
         Kind.MISSING_MODULE, "./x"),
    ],
)  # fmt: skip
def test_sisters_in_the_tools_catalogues(text: str, kind: Kind, symbol: str | None) -> None:
    (found,) = read(text)
    assert (found.kind, found.symbol) == (kind, symbol)
