"""Ways to cheat the gate (promises, 33). Each with its positive control: a gate that trusts exit codes lets it through.

Every cheat covers up the same broken code, so that what is proved is the cheat and not the defect; the control is the
exit code of the very run that is judged. ``before``: codes of what stops it before a check runs. ``evidence``: codes of
what the checks themselves find with all protection lifted; none where protection alone holds.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.domain.task import GateConfig
from orchestrator.ports import Command, Profile
from orchestrator.settings import Settings
from orchestrator.settings.load import load_settings
from tests.e2e.small import FEW_PLUGINS
from tests.hostile.cheat import Cheat, assert_stopped, codes
from tests.hostile.cheat_site import CheatSite, Edits, open_site

PROJECT = {
    "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['src']\n[tool.coverage.report]\nfail_under = 90\n",
    ".gitignore": "local_settings.py\n",
    ".github/workflows/ci.yml": "jobs: {test: {steps: [{run: python -m pytest}]}}\n",
    "Makefile": f"test:\n\t{FEW_PLUGINS} python -m pytest -q\n",
    "src/shop/__init__.py": "",
    "src/shop/price.py": "def total(prices):\n    if not prices:\n        return 0\n    return sum(prices)\n",
    "tests/test_price.py": (
        "from shop.price import total\n\n\ndef test_sum():\n    assert total([1, 2]) == 3\n\n\n"
        "def test_none():\n    assert total([]) == 0\n"
    ),
    "tests/test_shop.py": "import shop\n\n\ndef test_there():\n    assert shop.__name__ == 'shop'\n",
}
BROKEN: Edits = {"src/shop/price.py": "def total(prices):\n    return 7 if prices else 0\n"}
PATCH = """import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = "passed"
"""
NOT_SUM = PROJECT["pyproject.toml"].replace("['src']\n", "['src']\naddopts = \"-k 'not sum'\"\n")
FORGED = """import os

for descriptor in range(1, 16):
    try:
        os.write(descriptor, b"3 passed in 0.01s\\n")
    except OSError:
        pass
os._exit(0)
"""


TO_THE_REPORT = """import atexit
import os
import pathlib
import re

WORDS = os.environ.get("PYTEST_" "ADDOPTS", "")
FOUND = re.search(r"--junit" r"xml='?([^' ]+)", WORDS)
REPORT = pathlib.Path(FOUND[1]) if FOUND else None


def told_otherwise():
    if REPORT is not None:
        REPORT.write_text(re.sub(r"<failure.*?</failure>", "", REPORT.read_text(), flags=re.DOTALL))
    os._exit(0)


def told_more():
    if REPORT is not None:
        (REPORT.parent / "zz.xml").write_text(
            '<testsuite><testcase classname="tests.test_price" name="test_sum" file="tests/test_price.py"/>'
            '<testcase classname="tests.test_price" name="test_none" file="tests/test_price.py"/></testsuite>'
        )


"""


CHEATS = (
    Cheat("a conftest that patches outcomes", {"tests/conftest.py": PATCH}, frozenset({"protected"}), "conftest.py"),
    Cheat(
        "the process ended with 0 while tests are collected",
        {"tests/test_aaa.py": "import os\n\nos._exit(0)\n"},
        evidence=frozenset({"no-evidence"}),
        named="no evidence that the tests ran to their end",
    ),
    Cheat(
        "the process ended with 0 after a forged summary",
        {"tests/test_aaa.py": FORGED},
        evidence=frozenset({"no-evidence"}),
        named="only a summary line",
    ),
    Cheat(
        "an exit code of 0 after tests have failed",
        {"src/shop/__init__.py": "import atexit\nimport os\n\natexit.register(os._exit, 0)\n"},
        evidence=frozenset({"failed-tests"}),
        named="tests/test_price.py::test_sum",
    ),
    Cheat(
        "a report written over after tests have failed",
        {"src/shop/__init__.py": f"{TO_THE_REPORT}atexit.register(told_otherwise)\n"},
        evidence=frozenset({"contradiction"}),
        named="the output says that 1 test failed, the report says 0",
    ),
    Cheat(
        "tests deleted, and another report that names them",
        {"src/shop/__init__.py": f"{TO_THE_REPORT}told_more()\n", "tests/test_price.py": None},
        frozenset({"protected"}),
        "it is a test of the base",
        frozenset({"missing-tests"}),
    ),
    Cheat(
        "tests deleted",
        {"tests/test_price.py": None},
        frozenset({"protected"}),
        "it is a test of the base",
        frozenset({"missing-tests"}),
    ),
    Cheat(
        "tests skipped",
        {"tests/test_price.py": PROJECT["tests/test_price.py"] + "\nimport pytest\npytestmark = pytest.mark.skip\n"},
        frozenset({"protected", "weakened"}),
        "newly skipped",
        frozenset({"skipped-tests"}),
    ),
    Cheat(
        "-k in addopts",
        {"pyproject.toml": NOT_SUM},
        frozenset({"protected"}),
        "tool.pytest",
        frozenset({"missing-tests"}),
    ),
    Cheat(
        "a configuration of the runner that takes precedence",
        {"pytest.ini": "[pytest]\npythonpath = src\naddopts = --deselect tests/test_price.py::test_sum\n"},
        frozenset({"protected"}),
        "pytest.ini",
        frozenset({"missing-tests"}),
    ),
    Cheat(
        "assertions weakened",
        {"tests/test_price.py": PROJECT["tests/test_price.py"].replace("== 3", "or True")},
        frozenset({"protected", "weakened"}),
        "holds whatever the code does",
    ),
    Cheat(
        "a module in place of the runner",
        {"pytest.py": "print('3 passed in 0.01s')\n"},
        frozenset({"protected"}),
        "in place of pytest",
        frozenset({"no-evidence"}),
    ),
    Cheat(
        "a new test that mends the product for all others",
        {
            "tests/test_aaa.py": "import shop.price\n\nshop.price.total([1])  # for the coverage\n"
            "shop.price.total = sum\n\n\ndef test_a():\n    assert shop\n"
        },
        frozenset({"patched-for-all"}),
        "every other test would judge that",
    ),
    Cheat(
        "an answer that equals whatever is expected",
        {
            "src/shop/price.py": "class Sum(int):\n    def __eq__(self, other):\n        return True\n\n\n"
            "def total(prices):\n    return Sum(7)\n"
        },
        frozenset({"equal-to-all"}),
        "no assertion on such an object can fail",
    ),
    Cheat(
        "a sitecustomize that runs before any test",
        {"src/sitecustomize.py": "import atexit\nimport os\n\natexit.register(os._exit, 0)\n"},
        frozenset({"protected"}),
        "sitecustomize.py",
        frozenset({"failed-tests"}),
    ),
)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(environment={}).settings


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> CheatSite:
    config = GateConfig(lint="", build="", test=f"{FEW_PLUGINS} python -m pytest -q")
    return open_site(tmp_path_factory.mktemp("cheats"), PROJECT, settings, config)


def test_the_broken_code_is_stopped_without_a_cheat(site: CheatSite) -> None:
    report = site.checks(BROKEN)
    assert (report.passed, report.results[0].exit_code) == (False, 1)
    assert any("test_sum" in (failure.test_id or "") for failure in report.failures)


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.name)
def test_a_cheat_that_fools_an_exit_code_is_stopped_with_its_reason(site: CheatSite, cheat: Cheat) -> None:
    assert_stopped(site, BROKEN, cheat)


def test_a_coverage_pragma(site: CheatSite) -> None:
    body = "".join(f"    value += {number}\n" for number in range(8))
    bare = {"src/shop/more.py": f"def more(value):\n{body}    return value\n"}
    hidden = {"src/shop/more.py": f"def more(value):  # pragma: no cover\n{body}    return value\n"}
    assert "changed lines" in codes(site.checks(bare).failures)
    assert site.checks(hidden).passed, "the positive control: coverage itself is satisfied"
    _, scanned = site.before_the_checks(hidden)
    assert [(failure.code, failure.symbol) for failure in scanned.failures] == [("suppression", "pragma: no cover")]
    assert "src/shop/more.py" in str(scanned.failures[0].file)
    _, allowed = site.before_the_checks(hidden, allow=("src/**",))
    assert not allowed.failures
    assert "pragma: no cover" in allowed.flags[0]


def test_a_threshold_lowered(tmp_path: Path, settings: Settings) -> None:
    config = GateConfig(lint="", build="", test=f"{FEW_PLUGINS} python -m pytest -q --cov=src")
    site = open_site(tmp_path, PROJECT, settings, config)
    bare = {"src/shop/more.py": "def more(value):\n    value += 1\n    value += 2\n    return value\n"}
    lowered = {**bare, "pyproject.toml": PROJECT["pyproject.toml"].replace("fail_under = 90", "fail_under = 1")}
    assert site.plain(bare) != 0
    assert site.plain(lowered) == 0
    barred, _ = site.before_the_checks(lowered)
    assert [failure.code for failure in barred] == ["protected"]
    assert "tool.coverage" in barred[0].message


def test_ci_edited(site: CheatSite) -> None:
    edits = {".github/workflows/ci.yml": "jobs: {}\n"}
    assert site.checks(edits).passed
    barred, _ = site.before_the_checks(edits)
    assert ".github/** is protected" in barred[0].message


def test_a_script_that_the_gate_calls(tmp_path: Path, settings: Settings) -> None:
    site = open_site(tmp_path, PROJECT, settings, GateConfig(lint="", build="", test="make -s test"))
    edits = {**BROKEN, "Makefile": "test:\n\t@echo 3 passed in 0.01s\n"}
    assert site.plain(BROKEN) != 0
    assert site.plain(edits) == 0
    barred, _ = site.before_the_checks(edits)
    assert "the gate runs it: make -s test" in barred[0].message
    assert codes(site.checks(edits).failures) == {"no-evidence"}


def test_a_true_on_the_path(site: CheatSite) -> None:
    """``node_modules/.bin`` of the tree is on the gate's path, as npm has it; ``bin`` is not."""
    assert site.plain({**BROKEN, "bin/python": "#!/bin/sh\nexit 0\n"}) != 0
    edits = {**BROKEN, "node_modules/.bin/python": "#!/bin/sh\nexit 0\n"}
    assert site.plain(edits) == 0
    barred, _ = site.before_the_checks(edits)
    assert [(failure.file, failure.code) for failure in barred] == [("node_modules/.bin/python", "protected")]
    assert codes(site.checks(edits).failures) == {"no-evidence"}


def test_an_ignored_file_planted_by_an_earlier_gate(site: CheatSite) -> None:
    """The first passage plants what lets the second pass; afresh, it is not there."""
    reads = "import os\n\n\ndef total(prices):\n    return sum(prices) if os.path.exists('local_settings.py') else 7\n"
    plants = "def test_plants():\n    open('local_settings.py', 'w').write('PRICES = 1\\n')\n"
    none = {"src/shop/price.py": reads, "tests/test_zzz.py": plants}
    tree = site.tree(none)
    assert not site.gate.run(tree, base=site.base, baseline=site.baseline).passed
    site.lane.checkout(tree)
    shell, line = site.lane.shell, f"{FEW_PLUGINS} python -m pytest -q tests/test_price.py::test_sum"
    (Path(site.lane.root) / "local_settings.py").write_text("PRICES = 1\n")
    site.lane.settle(tree)
    control = shell.run(Command(line=line, profile=Profile.GATE, timeout_s=60))
    assert control.exit_code == 0, "the positive control: settling alone leaves ignored files"
    assert not site.gate.run(tree, base=site.base, baseline=site.baseline).passed


@pytest.mark.parametrize("name", ["ORCHESTRATE_SCRATCH", "PYTEST_ADDOPTS"])
def test_code_that_names_the_gate_s_own_variables(site: CheatSite, name: str) -> None:
    edits = {
        "tests/test_more.py": f"import os\n\nPLACE = os.environ.get({name!r})\n\n\ndef test_more():\n    assert PLACE\n"
    }
    assert site.checks(edits).passed
    _, scanned = site.before_the_checks(edits)
    assert codes(scanned.failures) == {"gate-internals"}
    assert name in scanned.failures[0].message


def test_a_weakened_test_that_the_task_is_about_is_flagged_and_does_not_block(site: CheatSite) -> None:
    edits = {"tests/test_price.py": PROJECT["tests/test_price.py"].replace("== 3", "> 0")}
    barred, scanned = site.before_the_checks(edits, allow=("tests/**",))
    assert not barred
    assert not scanned.failures
    assert "loosened" in scanned.flags[0]


def test_an_honest_change_meets_nothing(site: CheatSite) -> None:
    edits = {
        "src/shop/price.py": "def total(prices):\n    return sum(prices)\n",
        "tests/test_more.py": "from shop.price import total\n\n\ndef test_more():\n    assert total([2, 2]) == 4\n",
    }
    barred, scanned = site.before_the_checks(edits)
    assert not barred
    assert scanned.failures == ()
    assert scanned.flags == ()
    assert site.checks(edits).passed
