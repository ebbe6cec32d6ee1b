"""What is asked of a test check, and that asking changes nothing else."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace

import pytest

from orchestrator.domain.failure import CheckKind
from orchestrator.domain.gate import CheckSpec
from orchestrator.gate.evidence import ask, plain_environment, refused, shell_line, unasked
from orchestrator.gate.toolchains import shipped_toolchains
from tests.gate.trees import CAPTURED, MemoryTree, environment

COV = frozenset({"pytest", "pytest_cov", "coverage"})
PLAIN = frozenset({"pytest", "coverage"})


def asked(
    texts: Mapping[str, str], command: str, tool: str, modules: frozenset[str] = COV, origin: str = "detected"
) -> CheckSpec:
    spec = CheckSpec(kind=CheckKind.TEST, command=command, tool=tool, origin=origin)
    return ask(spec, MemoryTree(texts), shipped_toolchains(), modules)


def options(spec: CheckSpec) -> str:
    return spec.environment["PYTEST_ADDOPTS"]


def test_pytest_is_asked_through_the_environment() -> None:
    spec = asked({"src/a/__init__.py": ""}, "pytest -q", "pytest", origin="configured")
    assert (spec.command, spec.flags, spec.afterwards) == ("pytest -q", "", "")
    assert "--junitxml='$ORCHESTRATE_SCRATCH/junit.xml' -o junit_family=xunit1" in options(spec)
    assert "--cov=src --cov-report='json:$ORCHESTRATE_SCRATCH/coverage.json'" in options(spec)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"a/__init__.py": "", "b/__init__.py": "", "tests/__init__.py": ""}, "--cov=a --cov=b --cov-report"),
        ({"a/__init__.py": "", ".coveragerc": "[run]\nsource = a\n"}, "--cov --cov-report"),
        ({"a/__init__.py": "", "pyproject.toml": "[tool.coverage.run]\nsource = ['a']\n"}, "--cov --cov-report"),
        ({"a.py": ""}, "--cov --cov-report"),
    ],
)
def test_what_is_measured(texts: Mapping[str, str], expected: str) -> None:
    assert expected in options(asked(texts, "pytest", "pytest"))


@pytest.mark.parametrize(
    "texts",
    [
        {"a/__init__.py": "", "pytest.ini": "[pytest]\naddopts = --cov=a\n"},
        {"a/__init__.py": "", "pyproject.toml": "[tool.pytest.ini_options]\naddopts = ['--cov', '--cov-branch']\n"},
        {"a/__init__.py": "", "setup.cfg": "[tool:pytest]\naddopts = --cov a --cov-report=term\n"},
    ],
)
def test_the_projects_own_coverage_is_kept(texts: Mapping[str, str]) -> None:
    spec = asked(texts, "pytest", "pytest")
    assert "--cov=" not in options(spec)
    assert "--cov " not in options(spec)
    assert "--cov-report='json:" in options(spec)
    assert "COVERAGE_FILE" not in spec.environment


@pytest.mark.parametrize("command", ["pytest --no-cov", "pytest -p no:cov", "pytest -p no:pytest_cov -q"])
def test_coverage_that_is_switched_off_stays_off(command: str) -> None:
    assert "--cov" not in options(asked({"a/__init__.py": ""}, command, "pytest"))


def test_junit_that_is_switched_off_is_not_asked_for() -> None:
    texts = {"pytest.ini": "[pytest]\naddopts = -p no:junitxml\n"}
    assert asked(texts, "pytest", "pytest").environment == {}


def test_without_the_plugin_a_detected_command_runs_under_coverage() -> None:
    spec = asked({"a/__init__.py": ""}, "python -m pytest", "pytest", PLAIN)
    assert spec.command == "python -m coverage run --source=a -m pytest"
    assert spec.environment["COVERAGE_FILE"] == "$ORCHESTRATE_SCRATCH/coverage.data"
    assert "coverage json" in spec.afterwards
    given = asked({"a/__init__.py": ""}, "python -m pytest", "pytest", PLAIN, origin="configured")
    assert (given.command, given.afterwards) == ("python -m pytest", "")


def test_a_command_that_measures_itself_only_has_its_data_turned_into_a_report() -> None:
    for tool in ("pytest", "unittest"):
        spec = asked({}, f"coverage run -m {tool} && coverage report", tool, COV, origin="configured")
        assert spec.command == f"coverage run -m {tool} && coverage report"
        assert spec.afterwards == 'python -m coverage json -q -o "$ORCHESTRATE_SCRATCH/coverage.json"'


def test_unittest_of_the_users_own_is_left_alone() -> None:
    spec = CheckSpec(kind=CheckKind.TEST, command="python -m unittest", tool="unittest")
    assert ask(spec, MemoryTree({}), shipped_toolchains(), COV) == spec


def package(script: str, *packages: str, **others: object) -> dict[str, str]:
    content = {"scripts": {"test": script}, "devDependencies": dict.fromkeys(packages, "*"), **others}
    return {"package.json": json.dumps(content)}


@pytest.mark.parametrize("script", ["jest", "tsc -p . && jest --runInBand", "cross-env NODE_ENV=test jest"])
def test_jest_behind_a_script_gets_its_flags(script: str) -> None:
    spec = asked(package(script, "jest"), "npm test", "jest")
    assert spec.command == "npm test"
    assert spec.flags.startswith('-- --json --outputFile="$ORCHESTRATE_SCRATCH/jest.json" --coverage ')


def test_other_runners_take_flags_without_dashes() -> None:
    assert asked(package("jest"), "pnpm test", "jest").flags.startswith("--json")
    assert asked({}, "npx --no-install jest", "jest").flags.startswith("--json")


@pytest.mark.parametrize(
    "script", ["jest && echo done", "jest | tee log", "npm run unit", "jest --reporters=x --outputFile=y"]
)
def test_flags_go_to_the_runner_or_nowhere(script: str) -> None:
    assert asked(package(script), "npm test", "jest").flags == ""


def test_a_users_command_gets_no_flags() -> None:
    spec = asked(package("jest"), "npx jest", "jest", origin="configured")
    assert (spec.command, spec.flags, dict(spec.environment)) == ("npx jest", "", {"CI": "true"})


def test_a_threshold_of_the_projects_own_is_not_woken() -> None:
    texts = package("jest", jest={"coverageThreshold": {"global": {"lines": 90}}})
    assert "--coverage" not in asked(texts, "npm test", "jest").flags
    measured = package("jest --coverage", jest={"coverageThreshold": {}})
    assert "--coverageReporters=json" in asked(measured, "npm test", "jest").flags


def test_vitest_measures_only_with_a_provider() -> None:
    assert "--coverage" not in asked(package("vitest", "vitest"), "npm test", "vitest").flags
    assert "--coverage.enabled" in asked(package("vitest", "@vitest/coverage-v8"), "npm test", "vitest").flags
    walled = {**package("vitest", "@vitest/coverage-v8"), "vitest.config.ts": "coverage: { thresholds: { lines: 90 } }"}
    assert "--coverage" not in asked(walled, "npm test", "vitest").flags


def test_node_and_mocha_are_asked_through_the_environment() -> None:
    own = asked(package("node --test"), "npm test", "node:test", origin="configured")
    assert own.flags == ""
    assert own.environment["NODE_V8_COVERAGE"] == "$ORCHESTRATE_SCRATCH/v8"
    assert "--test-reporter=junit" in own.environment["NODE_OPTIONS"]
    assert "NODE_OPTIONS" not in asked(package("mocha"), "npm test", "mocha").environment
    assert "NODE_OPTIONS" not in asked(package("node --test --test-reporter=dot"), "npm test", "node:test").environment
    assert "NODE_V8_COVERAGE" not in asked(package("c8 mocha"), "npm test", "mocha").environment


def test_junit_reporters_of_the_project_are_told_where() -> None:
    spec = asked(package("jest | tee log", "jest-junit"), "npm test", "jest")
    assert spec.environment["JEST_JUNIT_OUTPUT_FILE"] == "$ORCHESTRATE_SCRATCH/junit.xml"


def test_a_linter_is_asked_for_nothing() -> None:
    spec = CheckSpec(kind=CheckKind.LINT, command="ruff check .", tool="ruff")
    assert ask(spec, MemoryTree({}), shipped_toolchains(), COV) == spec


def through_shell(spec: CheckSpec, scratch: str) -> tuple[int, str]:
    ran = subprocess.run(
        ["sh", "-c", shell_line(spec)],
        env={**environment(), **plain_environment(spec), "ORCHESTRATE_SCRATCH": scratch},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout


def test_the_shell_puts_the_scratch_folder_in_and_nothing_else() -> None:
    spec = CheckSpec(
        kind=CheckKind.TEST,
        command='printf "%s|%s" "$A" "$B"; exit 3',
        environment={"A": 'x $ORCHESTRATE_SCRATCH/"y" $HOME `id` \\', "B": "$HOME"},
        afterwards="false",
    )
    assert through_shell(spec, "/s p") == (3, 'x /s p/"y" $HOME `id` \\|$HOME')
    assert plain_environment(spec) == {"B": "$HOME"}


@pytest.mark.parametrize("command", ["true # a comment", "cat <<X\nhello\nX", "false || exit 0", "exit 0"])
def test_any_command_can_be_followed_by_its_afterwards(command: str) -> None:
    spec = CheckSpec(kind=CheckKind.TEST, command=command, afterwards="exit 9")
    code, _ = through_shell(replace(spec, afterwards="false"), "/s")
    assert code == 0


def test_a_refusal_of_what_was_asked_is_recognised() -> None:
    spec = asked({}, "pytest", "pytest")
    output = (CAPTURED / "pytest/no-plugin.txt").read_text()
    assert refused(spec, output)
    assert not refused(unasked(spec), output)
    assert refused(spec, "node: --test-reporter= is not allowed in NODE_OPTIONS")
    assert not refused(spec, (CAPTURED / "pytest/failing.txt").read_text())
    assert not refused(spec, "E   error: unrecognized arguments: --verbose")
