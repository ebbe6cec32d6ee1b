"""Files that the gate runs, modules that would stand in for a tool's, and tests run again."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from orchestrator.domain.failure import CheckKind, Failure
from orchestrator.domain.gate import CheckResult, CheckSpec, TestEvidence
from orchestrator.gate.evidence_reports import counted
from orchestrator.gate.rerun import Again, blocking_ids, is_about, narrowed, said
from orchestrator.gate.runner_files import files_run

FILES = (
    "Makefile",
    "scripts/test.sh",
    "scripts/check.py",
    "tools/__main__.py",
    "src/a.py",
    "tests/test_a.py",
    "run.js",
)


def spec(command: str, tool: str = "", path: str = ".", **others: object) -> CheckSpec:
    return CheckSpec(kind=CheckKind.TEST, command=command, tool=tool, path=path, **others)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("make test", {"Makefile"}),
        ("./scripts/test.sh", {"scripts/test.sh"}),
        ("CI=1 bash -e scripts/test.sh --fast", {"scripts/test.sh"}),
        ("! python scripts/check.py src", {"scripts/check.py"}),
        ("ruff check . && python -m tools", {"tools/__main__.py"}),
        ("python -m pytest tests/test_a.py", set()),
        ("ruff check src/a.py", set()),
        ("python -c 'print(1)' scripts/check.py", set()),
        ("npm test", {"run.js"}),
    ],
)
def test_files_that_a_command_runs(command: str, files: set[str]) -> None:
    manifest = json.dumps({"scripts": {"test": "node --no-warnings run.js"}})
    assert set(files_run([spec(command)], FILES, {"package.json": manifest}.get)) == files


def test_files_of_a_folder_s_own_gate() -> None:
    assert set(files_run([spec("make", path="api")], ("Makefile", "api/Makefile"), {}.get)) == {"api/Makefile"}


BASE = {
    "Makefile": "lint:\n\t@./scripts/lint.sh src\ninclude more.mk\n",
    "scripts/lint.sh": "#!/bin/sh\nset -e\npython tools/check.py $1 && ruff check .\n",
    "tools/check.py": "",
    ".pre-commit-config.yaml": "repos:\n- hooks:\n  - id: own\n    entry: scripts/own.sh --all\n",
    "scripts/own.sh": "",
    "conf/eslint.cjs": "",
    "hooks/first.mjs": "",
    "jest.config.js": "module.exports = {setupFilesAfterEnv: ['<rootDir>/src/ready.ts'], runner: './tools/t.js'}",
    "src/ready.ts": "",
    "tools/t.js": "",
    ".mocharc.yml": "require:\n  - ./src/boot.js\nui: bdd\n",
    "src/boot.js": "",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-q -p shop.plug -p no:cov'\n",
    "src/shop/plug.py": "",
    "src/shop/more.py": "",
    "src/shop/price.py": "",
    "tests/conftest.py": "pytest_plugins = ['shop.more', 'pytester']\n",
}


@pytest.mark.parametrize(
    ("command", "kind", "files"),
    [
        ("make lint", CheckKind.LINT, {"Makefile", "scripts/lint.sh", "tools/check.py"}),
        ("pre-commit run -a", CheckKind.LINT, {".pre-commit-config.yaml", "scripts/own.sh"}),
        ("eslint -c conf/eslint.cjs src", CheckKind.LINT, {"conf/eslint.cjs"}),
        ("eslint --config=conf/eslint.cjs src/price.ts", CheckKind.LINT, {"conf/eslint.cjs"}),
        (
            "node --import ./hooks/first.mjs --test",
            CheckKind.TEST,
            {"hooks/first.mjs", "src/ready.ts", "tools/t.js", "src/boot.js", "src/shop/plug.py", "src/shop/more.py"},
        ),
    ],
)
def test_what_scripts_run_in_turn_and_what_configurations_load(command: str, kind: CheckKind, files: set[str]) -> None:
    found = files_run([CheckSpec(kind=kind, command=command)], list(BASE), BASE.get)
    assert set(found) == files
    assert set(found.values()) == {command}


CONFIGURED = {
    "eslint.config.mjs": "import own from './lint/rules.js';\nimport js from '@eslint/js';\nexport default [own];\n",
    "lint/rules.js": "module.exports = require('./more');\n",
    "lint/more.js": "",
    "tsconfig.json": '{"extends": "./conf/base.json", "include": ["src"]}',
    "conf/base.json": "",
    ".eslintrc.json": '{"extends": ["eslint:recommended", "./conf/old.cjs"]}',
    "conf/old.cjs": "",
    "setup.cfg": "[mypy]\nplugins = tools/typed.py, pydantic.mypy\n",
    "tox.ini": "[flake8:local-plugins]\nextension =\n  AB1 = checks.own:Own\n",
    "tools/typed.py": "",
    "checks/own.py": "",
    "pyproject.toml": '[tool.pylint.main]\nload-plugins = ["shop.checker", "pylint.extensions.docparams"]\n',
    "src/shop/checker.py": "",
    "src/shop/price.py": "",
    "src/main.ts": "import './price';\n",
    "src/price.ts": "",
}


def test_rules_and_plugins_of_the_tree_that_configurations_take_in() -> None:
    found = files_run([CheckSpec(kind=CheckKind.LINT, command="npm run lint")], list(CONFIGURED), CONFIGURED.get)
    assert set(found) == {
        "lint/rules.js",
        "lint/more.js",
        "conf/base.json",
        "conf/old.cjs",
        "tools/typed.py",
        "checks/own.py",
        "src/shop/checker.py",
    }


@pytest.mark.parametrize(
    ("command", "narrow"),
    [
        ("python -m pytest -q", "python -m pytest -q tests/test_a.py::test_x"),
        ("pytest tests -x", "pytest -x tests/test_a.py::test_x"),
        ("pytest -c pytest.ini ./tests/", "pytest -c pytest.ini tests/test_a.py::test_x"),
        ("pytest -k a tests/test_a.py", "pytest -k a tests/test_a.py::test_x"),
        ("make test", None),
        ("pytest | tee log", None),
    ],
)
def test_pytest_narrowed(command: str, narrow: str | None) -> None:
    found = narrowed(spec(command, "pytest"), ["tests/test_a.py::test_x"], FILES)
    assert (found.command if found else None) == narrow


def test_a_narrowed_run_measures_no_coverage() -> None:
    asked = "--junitxml='$ORCHESTRATE_SCRATCH/junit.xml' --cov=src --cov-report='json:$ORCHESTRATE_SCRATCH/c.json'"
    found = narrowed(spec("pytest", "pytest", environment={"PYTEST_ADDOPTS": asked}), ["t.py::a"], FILES)
    assert found is not None
    assert found.environment["PYTEST_ADDOPTS"] == "'--junitxml=$ORCHESTRATE_SCRATCH/junit.xml' --no-cov"


def test_jest_and_vitest_take_files() -> None:
    ids = ["web/a.test.ts > adds > one", "web/a.test.ts > two", "web/b.test.ts > three"]
    found = narrowed(spec("npm test", "jest", "web", flags="-- --json"), ids, FILES)
    assert found is not None
    assert found.flags == "-- --json -t '(?:^| )(?:adds one|two|three)$' a.test.ts b.test.ts"
    found = narrowed(spec("npx vitest run", "vitest"), ["web/a.test.ts"], FILES)
    assert found is not None
    assert found.command == "npx vitest run web/a.test.ts"
    assert narrowed(spec("npx mocha", "mocha"), ids, FILES) is None


def test_a_command_of_the_user_s_is_asked_for_its_report_when_tests_are_run_again() -> None:
    (found,) = filter(None, [narrowed(spec("npm test", "jest"), ["a.test.ts > adds (2) > one"], FILES)])
    assert found.command == (
        "npm test -- --json --outputFile=\"$ORCHESTRATE_SCRATCH/jest.json\" -t '(?:^| )(?:adds \\(2\\) one)$' a.test.ts"
    )
    assert found.reports == ("jest.json",)
    (found,) = filter(None, [narrowed(spec("vitest run -t adds --reporter=dot", "vitest"), ["a.test.ts > one"], FILES)])
    assert found.command == "vitest run -t adds --reporter=dot a.test.ts"


def test_ids_of_a_report_that_was_not_asked_for_are_what_the_runner_printed() -> None:
    counts = TestEvidence(ran=2, passed=1, failed=1, skipped=0)
    result = CheckResult(kind=CheckKind.TEST, command="jest", tool="jest", path="web", exit_code=1, tests=counts)
    told = [
        Failure(check=CheckKind.TEST, tool="jest", message="x", test_id="src/a.test.ts > adds \u203a one"),
        Failure(check=CheckKind.TEST, tool="jest", message="x", test_id="web/src/b.test.ts"),
    ]
    assert blocking_ids(result, told) == {"web/src/a.test.ts > adds > one"}


def test_what_a_second_run_says() -> None:
    tests = counted({"a": "passed", "b": "failed", "c": "skipped"}, source="junit")
    assert said(tests, 1, ["a", "b", "c", "d"]) == Again(passed=frozenset({"a"}), failed=frozenset({"b"}))
    assert said(None, 0, ["a"]) == Again()


def test_failures_and_ids_are_matched_across_spellings() -> None:
    failure = Failure(check=CheckKind.TEST, tool="jest", message="x", test_id="subtracts > one")
    assert not is_about(failure, "a.test.ts > other")
    failure = Failure(check=CheckKind.TEST, tool="jest", message="x", test_id="adds > one")
    assert is_about(failure, "a.test.ts > adds > one")
    printed = replace(failure, test_id="a.test.ts > adds \u203a one")  # as jest 29 prints it
    assert is_about(printed, "a.test.ts > adds > one")
    assert not is_about(printed, "a.test.ts > adds > two")
    assert not is_about(Failure(check=CheckKind.TEST, tool="x", message="x"), "a")
    result = CheckResult(
        kind=CheckKind.TEST,
        command="x",
        exit_code=1,
        tests=counted({"t.py::a": "failed", "t.py::b": "failed"}, source="x"),
    )
    about = Failure(check=CheckKind.TEST, tool="pytest", message="x", test_id="t.py::a")
    assert blocking_ids(result, [about]) == {"t.py::a"}
