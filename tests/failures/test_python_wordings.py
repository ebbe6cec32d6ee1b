"""What Python tools say beyond their reports' usual form, as they printed it: CPython 3.11.7, pytest 9.2.0,
pytest-cov 7.1.0, flake8 7.5.0, pylint 4.1.4, ruff 0.17.6, coverage 7.17.3, isort 9.0.2, bandit 1.9.4.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.domain.failure import Category, CheckKind, Failure, gravest
from orchestrator.failures import RepositoryView, TextView, judge_output
from tests.failures.trees import PYTHON, write

TRIVIAL, TACTICAL, STRATEGIC, INVENTED, ENVIRONMENT = Category
TEST = "tests/test_new.py"
NATIVE = """\
F                                                                        [100%]
=================================== FAILURES ===================================
___________________________________ test_new ___________________________________
Traceback (most recent call last):
  File "/repo/tests/test_new.py", line 2, in test_new
    {call}
{error}
=========================== short test summary info ============================
FAILED tests/test_new.py::test_new - {cut}...
1 failed, 2 passed in 0.12s
"""


def told(text: str, diff: str | None, *, tree: Path | None = None, exit_code: int = 1) -> tuple[Failure, ...]:
    view = RepositoryView(root=tree, diff=diff) if tree else TextView(diff=diff)
    return judge_output(text, "", exit_code=exit_code, check=CheckKind.TEST, view=view)


def added(path: str, *lines: str) -> str:
    plus = "".join(f"+{line}\n" for line in lines)
    return f"--- a/{path}\n+++ b/{path}\n@@ -0,0 +1,{len(lines)} @@\n{plus}"


def native(call: str, error: str) -> str:
    return NATIVE.format(call=call, error=error, cut=error[:30])


@pytest.mark.parametrize(
    ("call", "error", "category"),
    [
        ("os.path.normalise(1)", "AttributeError: module 'posixpath' has no attribute 'normalise'", INVENTED),
        ("re.compile(1, icase=True)", "TypeError: compile() got an unexpected keyword argument 'icase'", INVENTED),
        ("Mock(spec=[]).transmit()", "AttributeError: Mock object has no attribute 'transmit'", INVENTED),
        (
            "patch.object(core, 'absent').start()",
            "AttributeError: <module 'shop.cart' from '/repo/shop/cart.py'> does not have the attribute 'absent'",
            INVENTED,
        ),
        ("Mode.TURBO", "AttributeError: TURBO", INVENTED),
        ("dict.fromkeys([1], default=0)", "TypeError: dict.fromkeys() takes no keyword arguments", INVENTED),
        (
            "pytest.raises(ValueError, pattern='x')",
            "TypeError: Unexpected keyword arguments passed to pytest.raises: pattern",
            INVENTED,
        ),
        ("re.match('a', 'b').group(0)", "AttributeError: 'NoneType' object has no attribute 'group'", TACTICAL),
        ("int('x')", "ValueError: invalid literal for int() with base 10: 'x'", TACTICAL),
        ("ast.parse('(:')", '  File "<unknown>", line 1\n    (:\n     ^\nSyntaxError: invalid syntax', TACTICAL),
    ],
)  # fmt: skip
def test_native_tracebacks_are_read(call: str, error: str, category: Category, tmp_path: Path) -> None:
    lines = ("def test_new():", f"    {call}")
    tree = write(tmp_path, {**PYTHON, TEST: "\n".join(lines) + "\n"})
    failures = told(native(call, error), added(TEST, *lines), tree=tree)
    assert gravest(failures) is category
    assert {failure.file for failure in failures} <= {TEST, "<unknown>", None}


def test_a_traceback_the_test_printed_is_not_its_failure(tmp_path: Path) -> None:
    text = native("assert 1 == 2", "AssertionError").replace(
        "=========================== short",
        "----------------------------- Captured stderr call -----------------------------\n"
        "Traceback (most recent call last):\n  File \"/repo/x.py\", line 1, in f\nOSError: [Errno 28] No space left\n"
        "=========================== short",
    )  # fmt: skip
    assert gravest(told(text, added(TEST, "def test_new():", "    assert 1 == 2"))) is TACTICAL


@pytest.mark.parametrize(
    "error",
    [
        "http.client.RemoteDisconnected: Remote end closed connection without response",
        "urllib.error.URLError: <urlopen error timed out>",
        'psycopg2.OperationalError: connection to server at "db" (10.0.0.2), port 5432 failed: Connection refused',
        "OSError: libnothere.so.3: cannot open shared object file: No such file or directory",
        "ImportError: /opt/x.so: invalid ELF header",
        "RuntimeError: can't start new thread",
        "locale.Error: unsupported locale setting",
        "OSError: [Errno 5] Input/output error: '/data/x'",
        "sqlite3.OperationalError: disk I/O error",
    ],
)
def test_what_the_machine_lacks_is_the_environments(error: str) -> None:
    assert gravest(told(native("call()", error), added("shop/cart.py", "# stable"))) is ENVIRONMENT


def test_a_program_that_is_not_there_unless_the_change_names_it() -> None:
    error = (
        '  File "/usr/local/lib/python3.11/subprocess.py", line 1950, in _execute_child\n'
        "    raise child_exception_type(errno_num, err_msg, err_filename)\n"
        "FileNotFoundError: [Errno 2] No such file or directory: 'pg_ctl'"
    )
    text = native("subprocess.run(['pg_ctl'])", error)
    assert gravest(told(text, added("shop/cart.py", "# stable"))) is ENVIRONMENT
    assert gravest(told(text, added(TEST, "def test_new():", "    subprocess.run(['pg_ctl'])"))) is TACTICAL


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("pytest: error: argument --tb: invalid choice: 'tiny' (choose from 'auto', 'long')", "--tb=tiny"),
        ('pytest: error: argument --cov-report: invalid choice: "table" (choose from "[]")', "--cov-report=table"),
        ("[main]\tERROR\tUnable to find profile (Strictest) in config file: None", "-p Strictest"),
        ("ERROR: not found: /repo/tests/test_a.py::test_all_things", "tests/test_a.py::test_all_things"),
        ("Missing layer 'shop.api': module shop.api does not exist.", '"shop.api"'),
    ],
)  # fmt: skip
def test_values_no_tool_offers(line: str, option: str, tmp_path: Path) -> None:
    tree = write(tmp_path, PYTHON)
    assert gravest(told(line + "\n", added("Makefile", f"\ttool {option}"), tree=tree, exit_code=2)) is INVENTED


@pytest.mark.parametrize(
    "text",
    [
        "There was a critical error during execution of Flake8:\nThe specified config file does not exist: x.cfg",
        "The config file conf/pylintrc doesn't exist!",
        "Couldn't read 'conf/cov.ini' as a config file",
        "ruff failed\n  Cause: error parsing glob '/repo/[a': unclosed character class; missing ']'",
        "[main]\tERROR\tconf/bandit.yml : Could not read config file.",
        "************* Module /repo/.pylintrc\n.pylintrc:1:0: F0011: error while parsing the configuration: no header",
    ],
)
def test_configurations_that_are_not_to_be_read(text: str) -> None:
    assert gravest(told(text + "\n", added("shop/cart.py", "# stable"))) is ENVIRONMENT


@pytest.mark.parametrize("exit_code", [-15, 143, -11, 139, -9, 137])
def test_a_silent_signal_is_the_environments(exit_code: int) -> None:
    assert gravest(told("..F.\n", added("shop/cart.py", "# stable"), exit_code=exit_code)) is ENVIRONMENT
