"""The gate on real projects, through a real shell and the real tools."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.domain.gate import CheckResult, CheckSpec, GateReport
from orchestrator.domain.task import GateConfig, Invariant
from orchestrator.gate.baseline import Baseline, baseline_key, baseline_of
from orchestrator.gate.detect import make_plan
from orchestrator.gate.evidence import probe, with_evidence
from orchestrator.gate.plan import CoverageRule, GatePlan, log_names
from orchestrator.gate.record import load_baseline, report_from_json, report_to_json, save_baseline
from orchestrator.gate.run import FailureReader, run_gate, run_rest
from orchestrator.gate.toolchains import shipped_toolchains
from tests.gate.test_detect import LIMITS
from tests.gate.trees import LocalShell, MemoryTree, context_of, nothing_read, write
from tests.system import needs

PROJECT = {
    "pyproject.toml": "[tool.ruff]\n[tool.pytest.ini_options]\npythonpath = ['src']\n",
    "src/shop/__init__.py": "",
    "src/shop/price.py": "def total(prices):\n    if not prices:\n        return 0\n    return sum(prices)\n",
    "tests/test_price.py": (
        "from shop.price import total\n\n\ndef test_sum():\n    assert total([1, 2]) == 3\n\n\n"
        "def test_none():\n    assert total([]) == 0\n"
    ),
}
WRONG = "def test_sum():\n    assert total([1, 2]) == 4\n"


@dataclass
class Place:
    """A project on disk."""

    folder: Path
    texts: Mapping[str, str]
    shell: LocalShell = field(init=False)

    def __post_init__(self) -> None:
        root = self.folder / "repo"
        root.mkdir(parents=True, exist_ok=True)
        write(root, self.texts)
        self.shell = LocalShell(root, self.folder / "scratch")

    def plan(self, *configs: GateConfig, invariants: tuple[Invariant, ...] = ()) -> GatePlan:
        tree, chains = MemoryTree(self.texts), shipped_toolchains()
        plan = make_plan(tree, configs, invariants, LIMITS, chains)
        return with_evidence(plan, tree, chains, probe(self.shell, plan, chains))

    def run(self, plan: GatePlan, read: FailureReader = nothing_read, **context: object) -> GateReport:
        return run_gate(plan, self.shell, context_of(self.shell.root, self.texts, **context), read)


@dataclass(frozen=True)
class Known:
    """The project's gate without its linter, and what it says on the project as it is."""

    plan: GatePlan
    base: Baseline


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    folder = tmp_path_factory.mktemp("known")
    place = Place(folder, PROJECT)
    plan = place.plan(GateConfig(lint=""))
    return Known(plan=plan, base=measure(place, plan, folder))


def by_kind(report: GateReport) -> dict[str, CheckResult]:
    return {result.kind.value: result for result in report.results}


def test_a_good_project_is_green_with_proof(tmp_path: Path) -> None:
    place = Place(tmp_path, PROJECT)
    report = place.run(place.plan(), logs=tmp_path / "logs")
    assert report.passed
    assert [result.kind.value for result in report.results] == ["lint", "test", "coverage"]
    test = by_kind(report)["test"]
    assert test.tests is not None
    assert test.tests.ids == {"tests/test_price.py::test_sum", "tests/test_price.py::test_none"}
    assert test.tests.source == "junit"
    assert by_kind(report)["coverage"].note == "coverage 100.0 % (coverage.py json)"
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == ["lint.log", "test.log"]
    assert report_from_json(json.loads(json.dumps(report_to_json(report)))) == report


def test_tests_run_once_and_leave_the_tree_alone(tmp_path: Path) -> None:
    place = Place(tmp_path, PROJECT)
    place.run(place.plan())
    assert sum("pytest" in command.line and "find_spec" not in command.line for command in place.shell.runs) == 1
    left = {path.relative_to(place.shell.root).as_posix() for path in place.shell.root.rglob("*") if path.is_file()}
    assert {name for name in left if "_cache/" not in name} == set(PROJECT)


def test_it_stops_at_the_first_that_fails(tmp_path: Path) -> None:
    place = Place(tmp_path, {**PROJECT, "src/shop/price.py": "import os\n"})
    report = place.run(place.plan())
    assert [(result.kind.value, result.passed) for result in report.results] == [("lint", False)]
    assert report.failures[0].tool == "generic"
    assert report.category is Category.TACTICAL
    rest = run_rest(place.plan(), place.shell, context_of(place.shell.root, PROJECT), nothing_read, report)
    assert [(result.kind.value, result.passed) for result in rest.results] == [("lint", False), ("test", False)]
    assert len(rest.failures) == 2
    assert sum("ruff" in command.line for command in place.shell.runs) == 1


def test_what_the_reader_makes_of_a_failure_is_reported(tmp_path: Path) -> None:
    place = Place(tmp_path, {**PROJECT, "src/shop/price.py": "import os\n"})
    seen: list[CheckResult] = []

    def read(result: CheckResult) -> tuple[Failure, ...]:
        seen.append(result)
        return (Failure(check=result.kind, tool="ruff", message="unused", category=Category.TRIVIAL, code="F401"),)

    report = place.run(place.plan(), read)
    assert report.category is Category.TRIVIAL
    assert (seen[0].exit_code, seen[0].tool, "F401" in seen[0].stdout) == (1, "ruff", True)


@pytest.mark.parametrize(
    ("command", "category", "message"),
    [
        ("pytest -k no_such_test", Category.ENVIRONMENT, "no test ran"),
        ("true", Category.ENVIRONMENT, "nothing `true` printed or wrote says how many tests ran"),
        ("no-such-runner", Category.ENVIRONMENT, "no-such-runner"),
        ("sh -c 'exit 7'", Category.TACTICAL, "ended with exit code 7"),
        ("echo 'ran 0 tests'; python -m unittest discover -s src", Category.ENVIRONMENT, "no test ran"),
    ],
)
def test_green_needs_proof(tmp_path: Path, command: str, category: Category, message: str) -> None:
    plan = GatePlan(
        checks=(CheckSpec(kind=CheckKind.TEST, command=command, tool=shipped_toolchains().tool_in(command)),)
    )
    report = Place(tmp_path, PROJECT).run(plan)
    assert not report.passed
    assert report.category is category
    assert message in report.failures[0].message


def test_a_suite_that_vanished_is_the_changes_fault(tmp_path: Path, known: Known) -> None:
    gone = Place(tmp_path, {**PROJECT, "tests/test_price.py": "def check():\n    pass\n"})
    report = gone.run(known.plan, baseline=known.base)
    assert (report.category, report.failures[0].message) == (Category.TACTICAL, "no test ran")


def test_a_repository_without_tests_says_so_and_is_green(tmp_path: Path) -> None:
    place = Place(tmp_path, {"pyproject.toml": "[tool.ruff]\n", "a.py": "A = 1\n"})
    report = place.run(place.plan())
    assert report.passed
    assert report.notes == ("test: none",)


def test_a_hanging_check_is_ended_and_said(tmp_path: Path) -> None:
    place = Place(tmp_path, PROJECT)
    plan = GatePlan(checks=(CheckSpec(kind=CheckKind.TEST, command="sleep 30", timeout_s=0.2),))
    report = place.run(plan)
    (result,) = report.results
    assert (result.timed_out, result.passed, result.exit_code) == (True, False, -1)
    assert "time limit of 0.2 s" in report.failures[0].message


def test_invariants_run_after_the_checks(tmp_path: Path) -> None:
    place = Place(tmp_path, PROJECT)
    rules = (
        Invariant(id="no-eval", text="", check="! grep -rn eval src"),
        Invariant(id="doc", text="", check="test -f README"),
    )
    plan = make_plan(MemoryTree(PROJECT), (GateConfig(lint="", test=""),), rules, LIMITS, shipped_toolchains())
    report = place.run(plan)
    last = report.results
    assert [(result.tool, result.passed) for result in last] == [("no-eval", True), ("doc", False)]
    assert report.failures[0].check is CheckKind.INVARIANT


def test_a_request_that_is_refused_is_taken_back(tmp_path: Path) -> None:
    """``-p no:pytest_cov`` hidden from us: the command is run again as the user wrote it."""
    texts = {**PROJECT, "run.sh": "pytest -p no:pytest_cov"}
    place = Place(tmp_path, texts)
    asking = CheckSpec(kind=CheckKind.TEST, command="sh run.sh", environment={"PYTEST_ADDOPTS": "--cov=src"})
    report = place.run(GatePlan(checks=(asking,), coverage=(CoverageRule(minimum=80),)))
    assert report.passed
    assert report.notes[-1] == "test: `sh run.sh` does not take the request for reports; it ran without"
    assert by_kind(report)["coverage"].note == "coverage: unknown"


def measure(place: Place, plan: GatePlan, folder: Path, read: FailureReader = nothing_read) -> Baseline:
    """The kept baseline, else the base's whole gate, kept."""
    path = folder / "baselines" / f"{baseline_key('0' * 40, plan.digest, 'e')}.json"
    kept = load_baseline(path)
    if kept is not None:
        return kept
    base = baseline_of(place.run(plan, read, fail_fast=False), dict(place.texts).get)
    save_baseline(path, base)
    return base


def pytest_failures(result: CheckResult) -> tuple[Failure, ...]:
    lines = [line.split(" ")[1] for line in result.stdout.splitlines() if line.startswith("FAILED ")]
    return tuple(Failure(check=result.kind, tool="pytest", message="assert", test_id=test) for test in lines)


def test_a_red_base_does_not_block_and_what_is_new_does(tmp_path: Path, known: Known) -> None:
    red = {
        **PROJECT,
        "tests/test_price.py": f"from shop.price import total\n\n\n{WRONG}\n\ndef test_none():\n    pass\n",
    }
    base_place, plan = Place(tmp_path / "a", red), known.plan
    base = measure(base_place, plan, tmp_path, pytest_failures)
    assert not base.green
    same = Place(tmp_path / "b", {**red, "src/shop/more.py": "A = 1\n"})
    report = same.run(plan, pytest_failures, baseline=base)
    assert by_kind(report)["test"].passed
    assert by_kind(report)["test"].note == "1 failure, all on the base as well"
    worse = Place(tmp_path / "c", {**red, "tests/test_new.py": "def test_new():\n    assert False\n"})
    report = worse.run(plan, pytest_failures, baseline=base)
    assert [failure.test_id for failure in report.failures] == ["tests/test_new.py::test_new"]


def test_the_base_is_measured_once(tmp_path: Path) -> None:
    place = Place(tmp_path, PROJECT)
    plan = place.plan()
    first = measure(place, plan, tmp_path)
    count = len(place.shell.runs)
    assert measure(place, plan, tmp_path) == first
    assert len(place.shell.runs) == count
    assert first.green
    assert first.coverage == {".:test:pytest": 100.0}
    for kept in (tmp_path / "baselines").iterdir():
        kept.write_text(kept.read_text()[:40])
    assert measure(place, plan, tmp_path) == first
    assert len(place.shell.runs) == 2 * count - 1


def test_an_ailing_base_is_not_kept(tmp_path: Path) -> None:
    place = Place(tmp_path, PROJECT)
    base = measure(place, place.plan(GateConfig(lint="no-such-linter")), tmp_path)
    assert not base.healthy
    assert not (tmp_path / "baselines").exists()


def test_fewer_tests_than_on_the_base_fail(tmp_path: Path, known: Known) -> None:
    plan, base = known.plan, known.base
    half = PROJECT["tests/test_price.py"].split("def test_none")[0].rstrip() + "\n"
    report = Place(tmp_path / "b", {**PROJECT, "tests/test_price.py": half}).run(plan, baseline=base)
    assert [failure.code for failure in report.failures] == ["missing-tests"]
    assert "tests/test_price.py::test_none" in report.failures[0].message
    allowed = Place(tmp_path / "c", {**PROJECT, "tests/test_price.py": half})
    assert by_kind(allowed.run(plan, baseline=base, allow=("tests/**",)))["test"].passed


def test_coverage_of_changed_lines_blocks(tmp_path: Path, known: Known) -> None:
    plan, base = known.plan, known.base
    added = ["", "", "def never(value):", *[f"    value += {number}" for number in range(6)], "    return value"]
    text = PROJECT["src/shop/price.py"] + "\n".join(added) + "\n"
    diff = f"--- a/src/shop/price.py\n+++ b/src/shop/price.py\n@@ -4,0 +5,{len(added)} @@\n" + "".join(
        f"+{line}\n" for line in added
    )
    report = Place(tmp_path / "b", {**PROJECT, "src/shop/price.py": text}).run(plan, baseline=base, diff=diff)
    assert report.category is Category.STRATEGIC
    assert [failure.code for failure in report.failures] == ["total", "changed lines"]
    assert "src/shop/price.py: 8-14" in report.failures[1].message


def test_a_minimum_that_was_set_needs_coverage_to_be_had(tmp_path: Path) -> None:
    checks = (CheckSpec(kind=CheckKind.TEST, command="pytest --no-cov", tool="pytest"),)
    plan = GatePlan(checks=checks, coverage=(CoverageRule(minimum=90, required=True),))
    report = Place(tmp_path, PROJECT).run(plan)
    assert (report.category, report.failures[0].code) == (Category.ENVIRONMENT, "unknown")


def test_a_command_of_which_only_the_name_is_known_gives_ids_as_well(tmp_path: Path) -> None:
    place = Place(tmp_path, {**PROJECT, "check.sh": "exec python -m pytest -qq"})
    report = place.run(place.plan(GateConfig(lint="", test="sh check.sh")))
    result = by_kind(report)["test"]
    assert result.tests is not None
    assert result.tests.ids == {"tests/test_price.py::test_sum", "tests/test_price.py::test_none"}
    assert by_kind(report)["coverage"].note == "coverage 100.0 % (coverage.py json)"


@needs("node")
def test_node_projects_give_ids_and_coverage_through_the_environment(tmp_path: Path) -> None:
    texts = {
        "package.json": json.dumps({"scripts": {"test": "node --test"}}),
        "src/price.js": (
            "exports.total = (prices) => {\n  if (!prices) {\n    return 0;\n  }\n  return prices.length;\n};\n"
        ),
        "test/price.test.js": (
            "const { test } = require('node:test');\nconst { total } = require('../src/price');\n"
            "test('counts', () => { if (total([1]) !== 1) throw new Error('no'); });\n"
        ),
    }
    place = Place(tmp_path, texts)
    report = place.run(place.plan(GateConfig(test="node --test")))
    result = by_kind(report)["test"]
    assert result.passed
    assert result.tests is not None
    assert any("counts" in test for test in result.tests.ids)
    assert result.coverage is not None
    assert result.coverage.lines["src/price.js"] == (frozenset({1, 2, 5}), frozenset({3}))


def test_logs_of_several_checks_of_a_kind_have_names_of_their_own() -> None:
    lint = CheckSpec(kind=CheckKind.LINT, command="x", tool="ruff")
    names = log_names((lint, replace(lint, tool="a/b"), lint, replace(lint, kind=CheckKind.TEST)))
    assert names == ("lint-ruff.log", "lint-a-b.log", "lint-ruff-2.log", "test.log")
