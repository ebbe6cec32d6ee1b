# The tools print these very characters, on lines as long as these.
# ruff: noqa: RUF001, E501, ISC004
"""What the tools' own catalogues say of a finding, on what they printed: oxlint 1.94, biome 2.6, eslint 9.39 with
typescript-eslint 8.73, pyright 1.1, mypy 2.4, pylint 4.1, flake8 7.5, TypeScript 5.8, jest 30, vitest 3.2, mocha 11,
Node 20, pytest 9.2, bandit 1.9, import-linter 2, cargo 1.9x.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.domain.failure import Category, CheckKind, Failure, gravest
from orchestrator.failures import RepositoryView, TextView, judge_output
from orchestrator.failures.cases import classify_case
from tests.failures.trees import PYTHON, TYPESCRIPT, write

TRIVIAL, TACTICAL, STRATEGIC, INVENTED, ENVIRONMENT = Category


def added(path: str, *lines: str) -> str:
    plus = "".join(f"+{line}\n" for line in lines)
    return f"--- a/{path}\n+++ b/{path}\n@@ -0,0 +1,{len(lines)} @@\n{plus}"


def told(
    text: str, diff: str | None = None, *, tree: Path | None = None, command: str = "", exit_code: int = 1
) -> tuple[Failure, ...]:
    view = RepositoryView(root=tree, diff=diff) if tree else TextView(diff=diff)
    return judge_output(text, "", exit_code=exit_code, check=CheckKind.TEST, view=view, command=command)


BIOME = """\
src/index.ts:{place} {rule}  FIXABLE  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━

  × {message}
  
  > 1 │ import {{ inspect }} from "util";
      │                         ^^^^^^
  
  i {fix}
"""  # noqa: W293
STYLISH = """
/repo/lib/error.js
  42:10  error  {message}  {rule}

✖ 1 problem (1 error, 0 warnings)
{more}
"""


@pytest.mark.parametrize(
    ("text", "category"),
    [
        (
            BIOME.format(
                place="1:25", rule="lint/style/useNodejsImportProtocol", message="A Node.js builtin module",
                fix="Unsafe fix: Add the node: protocol.",
            ),
            TACTICAL,
        ),
        (
            BIOME.format(
                place="3:3", rule="lint/style/useConst", message="This let declares a variable that is only assigned",
                fix="Safe fix: Use const instead.",
            ),
            TRIVIAL,
        ),
        (
            STYLISH.format(
                message="Unnecessary 'else' after 'return'", rule="no-else-return",
                more="  1 error and 0 warnings potentially fixable with the `--fix` option.",
            ),
            TRIVIAL,
        ),
        (STYLISH.format(message="Unnecessary 'else' after 'return'", rule="no-else-return", more=""), TACTICAL),
        ("index.js:23:7: Variable 'first' is declared but never used. [Error/eslint(no-unused-vars)]\n\n1 problem\n", TRIVIAL),
        ("  x eslint(no-var): Unexpected var, use let or const instead.\n    ,-[index.js:23:3]\n", TRIVIAL),
        ("  x eslint(eqeqeq): Expected === and instead saw ==\n    ,-[index.js:23:3]\n", TACTICAL),
        ("src/a.py:10:4: W0107: Unnecessary pass statement (unnecessary-pass)\n", TRIVIAL),
        ("src/a.py:10:4: R1710: Either all return statements (inconsistent-return-statements)\n", TACTICAL),
        ("\nindex.js\n  23:7  error  Variable 'first' is declared but never used.  eslint(no-unused-vars)\n\n"
         "✖ 1 problem (1 error, 0 warnings)\n", TRIVIAL),
        ('src/a.py:9: error: "message" undefined in superclass  [misc]\n', INVENTED),
        ("src/a.py:10:12: E401 multiple imports on one line\n", TRIVIAL),
        ("src/a.py:10:12: E711 comparison to None should be 'if cond is None:'\n", TACTICAL),
        ("src/a.py:7:12: S324 Probable use of insecure hash functions in `hashlib`: `md5`\nFound 1 error.\n", STRATEGIC),
        ("src/a.py:7:12: S602 `subprocess` call with `shell=True` seems safe, but may be changed\nFound 1 error.\n", TACTICAL),
    ],
)  # fmt: skip
def test_a_fix_is_safe_where_the_tool_or_its_catalogue_says_so(text: str, category: Category) -> None:
    assert gravest(told(text)) is category


PYRIGHT = "/repo/shop/cart.py\n  /repo/shop/cart.py:1:12 - error: {}\n1 error, 0 warnings, 0 informations\n"


@pytest.mark.parametrize(
    ("message", "line", "category"),
    [
        (
            'Could not access item in TypedDict\n  \u00a0\u00a0"severity" is not a defined key in "Entry" '
            "(reportGeneralTypeIssues)",
            'return entry["severity"]', INVENTED,
        ),
        (
            'No overloads for "open" match the provided arguments\n'
            "  \u00a0\u00a0Argument types: (str, Literal['utf-8']) (reportCallIssue)",
            'with open(path, charset="utf-8") as handle:', INVENTED,
        ),
        (
            'No overloads for "open" match the provided arguments\n'
            "  \u00a0\u00a0Argument types: (str, int) (reportCallIssue)",
            'with open(path, encoding=8) as handle:', TACTICAL,
        ),
        ('Variable "started" is not accessed (reportUnusedVariable)', "started = 1", TRIVIAL),
        ("\u201esumme_aller\u201c ist nicht definiert (reportUndefinedVariable)", "summe_aller()", INVENTED),
        ('"Sum" n\u2019est pas assignable \u00e0 "int" (reportReturnType)', "return Sum", TACTICAL),
    ],
)  # fmt: skip
def test_what_pyright_says_below_its_first_line_and_in_other_languages(
    message: str, line: str, category: Category, tmp_path: Path
) -> None:
    tree = write(tmp_path, PYTHON)
    assert gravest(told(PYRIGHT.format(message), added("shop/cart.py", line), tree=tree)) is category


@pytest.mark.parametrize(
    ("text", "line", "category"),
    [
        ("src/a.ts(1,9): error TS2550: Property 'findLast' does not exist on type 'number[]'. Do you need to change your "
         "target library? Try changing the 'lib' compiler option to 'es2023' or later.\n", "list.findLast(Boolean)", TACTICAL),
        ("src/b.ts(1,9): error TS2584: Cannot find name 'console'. Do you need to change your target library? Try "
         "changing the 'lib' compiler option to include 'dom'.\n", "list.at(0)", ENVIRONMENT),
        ("error TS6053: File '/repo/types/world.d.ts' not found.\n", '"files": ["types/world.d.ts"]', INVENTED),
        ("error TS6053: File '/repo/types/world.d.ts' not found.\n", '"strict": true', ENVIRONMENT),
        ("src/a.ts(1,1): error TS2834: Relative import paths need explicit file extensions in ECMAScript imports when "
         "'--moduleResolution' is 'node16' or 'nodenext'.\n", "import './lost'", INVENTED),
    ],
)  # fmt: skip
def test_typescript_codes_of_libraries_and_files(text: str, line: str, category: Category) -> None:
    assert gravest(told(text, added("src/a.ts", line))) is category


UNTYPED = STYLISH.replace("/repo/lib/error.js", "/repo/src/cart.ts").replace("42:10", "1:58")


def test_a_type_that_could_not_be_resolved_is_a_name_that_is_not_there(tmp_path: Path) -> None:
    tree = write(tmp_path, TYPESCRIPT)
    text = UNTYPED.format(
        message="Unsafe call of a type that could not be resolved", rule="@typescript-eslint/no-unsafe-call", more=""
    )
    assert gravest(told(text, added("src/cart.ts", "export const back = list.flipOrder()"), tree=tree)) is INVENTED
    assert gravest(told(text, added("src/cart.ts", "export const back = list.reverse()"), tree=tree)) is TACTICAL


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Failed to parse oxlint configuration file.\n\n  x Failed to parse oxlint config /repo/.oxlintrc.json.\n", ENVIRONMENT),
        ("biome.json:28:4 parse ━━━━━━━━━━━━━━━━━━━━\n\n  × Expected a property but instead found '{'.\n", ENVIRONMENT),
        ("Error: Unable to read/parse /repo/.mocharc.json: SyntaxError: Expected double-quoted property name\n", ENVIRONMENT),
        ("● Validation Error:\n\n  Jest Runner parallel-first cannot be found. Make sure the runner configuration option "
         "points to an existing node module.\n", INVENTED),
        ("Jest: Uncovered count for branches (8) exceeds \"global\" threshold (2)\n", STRATEGIC),
        ("ERROR: Uncovered lines (9) exceed global threshold (3)\n", STRATEGIC),
        ("error: none of the selected packages contains this feature: turbo\nselected packages: shop\n", INVENTED),
        ("error: failed to select a version for `serde`.\n    ... required by package `shop v0.1.0 (/repo)`\n"
         "the package `shop` depends on `serde`, with features: `turbo` but `serde` does not have these features.\n", INVENTED),
        ('{\n  "results": [\n    {\n      "filename": "src/a.py",\n      "issue_severity": "HIGH",\n'
         '      "issue_text": "subprocess call with shell=True",\n      "line_number": 12,\n      "test_id": "B602"\n', STRATEGIC),
        ("src/a.py:12: B602[bandit]: HIGH: subprocess call with shell=True identified, security issue.\n", STRATEGIC),
    ],
)  # fmt: skip
def test_configurations_thresholds_features_and_reports(text: str, category: Category) -> None:
    assert gravest(told(text)) is category


MOCHA_DIES = """\

 Exception during run: /repo/src/stringify.js:3
const broken = { a: 1, b: };
                          ^

SyntaxError: Unexpected token '}'
    at wrapSafe (node:internal/modules/cjs/loader:1464:18)
    at Module._compile (node:internal/modules/cjs/loader:1495:20)
    at Object.<anonymous> (/repo/src/parse.js:3:19)
"""
SPEC_DIES = """\
Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/repo/src/flags.js' imported from /repo/src/option.js
    at finalizeResolution (node:internal/modules/esm/resolve:283:11) {
  code: 'ERR_MODULE_NOT_FOUND',
}

Node.js v20.20.2
✖ /repo/tests/option.test.js (499.372695ms)
  'test failed'

ℹ tests 1
ℹ fail 1
"""


def test_a_script_that_dies_before_its_tests_is_told_by_node(tmp_path: Path) -> None:
    tree = write(tmp_path, {**TYPESCRIPT, "src/stringify.js": "x", "src/parse.js": "y", "src/option.js": "z"})
    (failure,) = told(MOCHA_DIES, added("src/stringify.js", "a", "b", "const broken = { a: 1, b: };"), tree=tree)
    assert (failure.category, failure.file, failure.line) == (TACTICAL, "src/stringify.js", 3)
    asked = added("src/option.js", "import { normal } from './flags.js';")
    assert gravest(told(SPEC_DIES, asked, tree=tree)) is INVENTED
    assert gravest(told(SPEC_DIES, added("src/other.js", "1"), tree=tree)) is TACTICAL


ASYNC = """\
=================================== FAILURES ===================================
_________________________________ test_gather __________________________________
async def functions are not natively supported.
You need to install a suitable plugin for your async framework, for example:
  - pytest-asyncio
=========================== short test summary info ============================
FAILED tests/test_new.py::test_gather - Failed: async def functions are not n...
1 failed in 0.02s
"""


def test_asynchronous_tests_want_the_plug_in_that_is_declared(tmp_path: Path) -> None:
    declared = write(tmp_path / "one", {**PYTHON, "requirements-dev.txt": "pytest\npytest-asyncio\n"})
    assert gravest(told(ASYNC, added("shop/cart.py", "x = 1"), tree=declared)) is ENVIRONMENT
    bare = write(tmp_path / "two", PYTHON)
    assert gravest(told(ASYNC, added("tests/test_new.py", "async def test_gather(): ..."), tree=bare)) is TACTICAL


OCCUPIED = """\
=================================== FAILURES ===================================
_________________________________ test_serves __________________________________

>   {line}

tests/test_new.py:1:
E   OSError: [Errno 98] Address already in use

tests/test_new.py:1: OSError
=========================== short test summary info ============================
FAILED tests/test_new.py::test_serves - OSError: [Errno 98] Address already in use
1 failed in 0.02s
"""


def test_what_the_system_refuses_is_the_environment_s_unless_the_line_raises_it() -> None:
    asks, raises = "Server(('127.0.0.1', 18765))", "raise OSError('[Errno 98] Address already in use')"
    for line, category in ((asks, ENVIRONMENT), (raises, TACTICAL)):
        assert gravest(told(OCCUPIED.format(line=line), added("tests/test_new.py", line))) is category


@pytest.mark.parametrize(
    ("text", "command", "exit_code", "category"),
    [
        ("", "black --check -q src", 1, TRIVIAL),
        ("", 'test -z "$(gofmt -l .)"', 1, TRIVIAL),
        ("", "python -m shop --check", 1, TACTICAL),
        ("", "shopcheck", 127, ENVIRONMENT),
        ("", "./tools/check", 126, ENVIRONMENT),
        ("isolation\n", "lint-imports --no-cache", 1, INVENTED),
        ("isolation\n", "python check.py", 1, TACTICAL),
    ],
)  # fmt: skip
def test_the_command_tells_where_the_output_does_not(
    text: str, command: str, exit_code: int, category: Category
) -> None:
    diff = added(".importlinter", "type = isolation")
    assert gravest(told(text, diff, command=command, exit_code=exit_code)) is category


@pytest.mark.parametrize(
    ("option", "category"),
    [("--parallel-safe", "hallucination"), ("--cov=src", "environment"), ("--timeout=5", "environment")],
)
def test_an_option_that_only_the_command_has_is_invented_unless_a_plug_in_gives_it(option: str, category: str) -> None:
    said = f"ERROR: usage: pytest [options]\npytest: error: unrecognized arguments: {option}\n"
    case = {"id": "1", "command": f"pytest -q {option}", "exit_code": 4, "stderr": said, "diff": added("a.txt", "b")}
    assert classify_case(case)["category"] == category
