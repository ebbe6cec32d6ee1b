"""Which checks small, real-looking repositories have."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from orchestrator.domain.failure import CheckKind
from orchestrator.domain.task import GateConfig, Invariant
from orchestrator.gate.detect import make_plan, places
from orchestrator.gate.plan import GatePlan
from orchestrator.gate.toolchains import shipped_toolchains
from orchestrator.settings import GateLimits
from tests.gate.trees import INSTALLED, MemoryTree

LIMITS = GateLimits(
    check_timeout_s=60,
    setup_timeout_s=60,
    output_cap_bytes=100_000,
    memory_mb=1000,
    processes=100,
    file_size_mb=10,
    coverage_minimum=80,
    dependency_folders=(),
    protected=(),
)
TEST = "def test_a():\n    assert True\n"
PYTEST = "import pytest\n"
UNITTEST = "import unittest\n"


def plan_of(texts: Mapping[str, str], *configs: GateConfig, programs: tuple[str, ...] = INSTALLED) -> GatePlan:
    return make_plan(MemoryTree(texts, programs), configs, (), LIMITS, shipped_toolchains())


def commands(plan: GatePlan) -> list[str]:
    return [
        f"{spec.kind}: {spec.command}" if spec.path == "." else f"{spec.kind} {spec.path}: {spec.command}"
        for spec in plan.checks
    ]


def node(**scripts: str) -> str:
    return json.dumps({"scripts": scripts})


def declared(*packages: str, **others: object) -> str:
    return json.dumps({"devDependencies": dict.fromkeys(packages, "*"), **others})


WORKFLOW = """jobs:
  test:
    steps:
      - run: pip install ruff mypy
      - run: |
          ruff check src tests
          mypy src --strict
      - run: python -m pytest tests -q
"""

PYTHON = {
    "everything in pyproject.toml": (
        {
            "pyproject.toml": "[tool.ruff]\n[tool.mypy]\nfiles = ['src']\n[tool.pytest.ini_options]\n",
            "src/a/__init__.py": "",
            "tests/test_a.py": TEST,
        },
        ["lint: ruff check --no-fix .", "build: mypy", "test: python -m pytest"],
    ),
    "declared in dependency groups": (
        {
            "pyproject.toml": "[dependency-groups]\ndev = ['ruff>=0.5', 'mypy', 'pytest']\n",
            "a/__init__.py": "",
            "tests/test_a.py": TEST,
        },
        ["lint: ruff check --no-fix .", "build: mypy a", "test: python -m pytest"],
    ),
    "poetry": (
        {
            "pyproject.toml": "[tool.poetry.group.dev.dependencies]\nflake8 = '^7'\npytest = '*'\n",
            "tests/test_a.py": TEST,
        },
        ["lint: flake8", "test: python -m pytest"],
    ),
    "extras": (
        {
            "pyproject.toml": "[project.optional-dependencies]\ndev = ['pyright', 'pytest-cov[all]>=5']\n",
            "tests/test_a.py": TEST,
        },
        ["build: pyright", "test: python -m pytest"],
    ),
    "setup.cfg and tox.ini": (
        {
            "setup.cfg": "[mypy]\nfiles = a\n[tool:pytest]\naddopts = -q\n",
            "tox.ini": "[flake8]\nmax-line-length = 100\n",
            "tests/test_a.py": TEST,
        },
        ["lint: flake8", "build: mypy", "test: python -m pytest"],
    ),
    "files of their own": (
        {
            "ruff.toml": "",
            ".flake8": "[flake8]\n",
            "mypy.ini": "[mypy]\n",
            "pytest.ini": "[pytest]\n",
            "setup.py": "",
            "a.py": "",
            "tests/test_a.py": TEST,
        },
        ["lint: ruff check --no-fix .", "lint: flake8", "build: mypy .", "test: python -m pytest"],
    ),
    "requirements": (
        {
            "requirements-dev.txt": "# tools\n-r requirements.txt\nruff==0.17\nmypy ; python_version > '3'\n",
            "src/a.py": "",
            "test_a.py": PYTEST,
        },
        ["lint: ruff check --no-fix .", "build: mypy src", "test: python -m pytest"],
    ),
    "setup.py extras": (
        {
            "setup.py": "setup(extras_require={'dev': ['flake8', \"pytest>=7\"]})",
            "a/__init__.py": "",
            "tests/test_a.py": TEST,
        },
        ["lint: flake8", "test: python -m pytest"],
    ),
    "CI says which paths": (
        {
            ".github/workflows/ci.yml": WORKFLOW,
            "pyproject.toml": "[project]\nname='a'\n",
            "src/a.py": "",
            "tests/test_a.py": TEST,
        },
        ["lint: ruff check --no-fix src tests", "build: mypy src", "test: python -m pytest tests"],
    ),
    "an install line is no use": (
        {".github/workflows/ci.yml": "- run: pip install flake8\n", "pyproject.toml": "", "tests/test_a.py": UNITTEST},
        ["test: python -m unittest discover -v -s tests"],
    ),
    "pre-commit hooks": (
        {
            ".pre-commit-config.yaml": "repos:\n- repo: x\n  hooks:\n    - id: ruff-format\n    - id: mypy\n",
            "pyproject.toml": "",
            "a/__init__.py": "",
        },
        ["lint: ruff format --check .", "build: mypy a"],
    ),
    "tox commands": (
        {
            "tox.ini": "[testenv]\ndeps = pytest\ncommands =\n    flake8 src\n    pytest {posargs}\n",
            "setup.py": "",
            "src/a.py": "",
            "tests/test_a.py": TEST,
        },
        ["lint: flake8 src", "test: python -m pytest"],
    ),
    "a part of the tests is not the tests": (
        {
            "tox.ini": "[testenv:a]\ncommands = pytest tests/test_a.py\n[testenv]\ncommands = pytest {posargs:-n 2}\n",
            "setup.py": "",
            "tests/test_a.py": TEST,
        },
        ["test: python -m pytest"],
    ),
    "pytest's own table names the tests": (
        {
            ".github/workflows/ci.yml": "- run: pytest tests/test_a.py\n",
            "pyproject.toml": "[tool.pytest]\ntestpaths = ['tests']\n",
            "tests/test_a.py": TEST,
        },
        ["test: python -m pytest"],
    ),
    "unittest in a package": (
        {"pyproject.toml": "", "tests/__init__.py": "", "tests/test_a.py": UNITTEST},
        ["test: python -m unittest discover -v"],
    ),
    "bare test functions need pytest": ({"setup.py": "", "a_test.py": TEST}, ["test: python -m pytest"]),
    "nothing is configured": ({"setup.py": "", "a.py": ""}, []),
    "ini files that do not parse": (
        {"setup.cfg": "x\n[[[", "pyproject.toml": "[a\n", "tests/test_a.py": PYTEST},
        ["test: python -m pytest"],
    ),
    "vendored code is not looked at": (
        {"setup.py": "", "vendor/b/tests/test_b.py": PYTEST, "third_party/c/test_c.py": TEST},
        [],
    ),
    "a comment is no use": ({"Makefile": "# run flake8 here\nall:\n\techo no mypy\n", "setup.py": ""}, []),
}

NODE = {
    "scripts": (
        {"package.json": node(lint="eslint .", typecheck="tsc", build="vite build", test="vitest")},
        ["lint: npm run lint", "build: npm run typecheck", "build: npm run build", "test: npm test"],
    ),
    "of a test script that lints again, the part that tests": (
        {"package.json": node(test="npm run test:jest && npm run lint", **{"test:jest": "jest", "lint": "eslint ."})},
        ["lint: npm run lint", "test: npm run test:jest"],
    ),
    "a test script that does something of its own stays whole": (
        {"package.json": node(test="npm run unit && npm run size && npm run lint", unit="jest", size="s", lint="l")},
        ["lint: npm run lint", "test: npm test"],
    ),
    "pnpm": ({"package.json": node(test="vitest"), "pnpm-lock.yaml": ""}, ["test: pnpm test"]),
    "yarn": ({"package.json": node(lint="eslint ."), "yarn.lock": ""}, ["lint: yarn run lint"]),
    "bun": ({"package.json": node(test="bun test"), "bun.lock": ""}, ["test: bun run test"]),
    "packageManager wins": (
        {
            "package.json": json.dumps({"packageManager": "yarn@4.1.0", "scripts": {"test": "jest"}}),
            "package-lock.json": "{}",
        },
        ["test: yarn test"],
    ),
    "npm's own placeholder is no test": ({"package.json": node(test='echo "Error: no test specified" && exit 1')}, []),
    "scripts that write or watch are passed over": (
        {
            "package.json": node(
                lint="eslint --fix .", test="jest --watch", **{"test:ci": "jest", "lint:check": "eslint ."}
            )
        },
        ["lint: npm run lint:check", "test: npm run test:ci"],
    ),
    "watching switched off is fine": ({"package.json": node(test="ng test --watch=false")}, ["test: npm test"]),
    "formatting is checked as well": (
        {
            "package.json": node(
                lint="eslint .", **{"format:check": "prettier --check .", "format": "prettier --write ."}
            )
        },
        ["lint: npm run lint", "lint: npm run format:check"],
    ),
    "flat eslint configuration": (
        {"package.json": declared("eslint"), "eslint.config.mjs": ""},
        ["lint: npx --no-install eslint ."],
    ),
    "old eslint configuration with TypeScript": (
        {"package.json": declared(), ".eslintrc.json": "{}", "src/a.ts": ""},
        ["lint: npx --no-install eslint . --ext .js,.jsx,.ts,.tsx"],
    ),
    "biome": (
        {"package.json": declared("@biomejs/biome"), "biome.json": "{}"},
        ["lint: npx --no-install biome check ."],
    ),
    "prettier only where it is configured": (
        {"package.json": declared("prettier", "eslint"), "a.js": ""},
        ["lint: npx --no-install eslint ."],
    ),
    "prettier key": (
        {"package.json": declared("prettier", prettier={})},
        ["lint: npx --no-install prettier --check ."],
    ),
    "tsconfig": (
        {"package.json": declared("typescript"), "tsconfig.json": "{}"},
        ["build: npx --no-install tsc --noEmit"],
    ),
    "project references": (
        {
            "package.json": declared("typescript"),
            "tsconfig.json": '{ // top\n "files": [], "references": [{"path": "a"},], }',
        },
        ["build: npx --no-install tsc --build"],
    ),
    "jest by its key": ({"package.json": declared("jest", jest={}), "a.test.js": ""}, ["test: npx --no-install jest"]),
    "vitest before mocha only where it is named": (
        {"package.json": declared("vitest"), "src/a.spec.ts": "", "pnpm-lock.yaml": ""},
        ["test: pnpm exec vitest run"],
    ),
    "mocha": ({"package.json": declared(), ".mocharc.json": "{}", "test/a.js": ""}, ["test: npx --no-install mocha"]),
    "node's own runner": (
        {"package.json": "{}", "test/a.test.js": "import test from 'node:test'"},
        ["test: node --test"],
    ),
    "a package without tests": ({"package.json": declared("jest"), "index.js": ""}, []),
    "broken package.json": ({"package.json": "{", "index.js": ""}, []),
}
ALL = (*INSTALLED, "pnpm", "yarn", "bun")


@pytest.mark.parametrize("name", PYTHON)
def test_python(name: str) -> None:
    texts, expected = PYTHON[name]
    assert commands(plan_of(texts)) == expected


@pytest.mark.parametrize("name", NODE)
def test_node(name: str) -> None:
    texts, expected = NODE[name]
    assert commands(plan_of(texts, programs=ALL)) == expected


def test_every_detected_check_says_where_it_comes_from() -> None:
    for texts, _ in (*PYTHON.values(), *NODE.values()):
        for spec in plan_of(texts, programs=ALL).checks:
            assert spec.origin not in {"", "configured"}
            assert spec.timeout_s == LIMITS.check_timeout_s


def test_a_script_that_names_its_tool_is_not_followed_further() -> None:
    texts = {"package.json": node(test="jest && npm run types", types="tsc")}
    (spec,) = plan_of(texts).checks
    assert spec.tool == "jest"


def test_the_tool_behind_a_script_is_known() -> None:
    texts = {"package.json": node(lint="npm run lint:js", test="cross-env CI=1 c8 mocha", **{"lint:js": "eslint src"})}
    assert [(spec.kind.value, spec.tool) for spec in plan_of(texts).checks] == [("lint", "eslint"), ("test", "mocha")]


def test_without_tests_it_says_so() -> None:
    plan = plan_of({"pyproject.toml": "[tool.ruff]\n"})
    assert not plan.tests_expected
    assert plan.notes == ("test: none",)


def test_a_linter_that_is_not_installed_is_said_and_not_run() -> None:
    plan = plan_of({"pyproject.toml": "[tool.ruff]\n", "test_a.py": TEST}, programs=("python",))
    assert commands(plan) == ["test: python -m pytest"]
    (note,) = plan.notes
    assert note.startswith("lint: ruff is named in pyproject.toml [tool.ruff], but ruff is not installed")


def test_pytest_of_another_environment_runs_by_its_name() -> None:
    class Tree(MemoryTree):
        def which(self, program: str) -> str | None:
            return f"/{program}/bin/{program}"

    plan = make_plan(Tree({"pytest.ini": "", "test_a.py": TEST}), (), (), LIMITS, shipped_toolchains())
    assert commands(plan) == ["test: pytest"]


def test_a_missing_package_runner_is_said() -> None:
    plan = plan_of({"package.json": node(test="jest"), "pnpm-lock.yaml": ""})
    assert commands(plan) == ["test: npm test"]
    assert plan.notes == ("pnpm is not installed where the gate runs: npm runs the scripts",)


def test_what_the_user_gives_wins_and_what_is_switched_off_is_said() -> None:
    texts = {"pyproject.toml": "[tool.ruff]\n[tool.mypy]\n", "tests/test_a.py": TEST}
    plan = plan_of(texts, GateConfig(lint="", test="make check", coverage_minimum=60))
    assert commands(plan) == ["build: mypy .", "test: make check"]
    assert [spec.origin for spec in plan.checks] == ["pyproject.toml [tool.mypy]", "configured"]
    assert plan.notes == ("lint: switched off by the gate's configuration",)
    rule = plan.rule(".")
    assert rule is not None
    assert (rule.minimum, rule.required) == (60, True)


def test_the_tool_of_a_given_command_is_read_from_its_words() -> None:
    texts = {"package.json": node(check="biome check src")}
    given = GateConfig(
        lint="npm run check", build="cd src && npx tsc -p .", test="uv run --no-sync python -m pytest -q"
    )
    assert [spec.tool for spec in plan_of(texts, given).checks] == ["biome", "tsc", "pytest"]


def test_tests_switched_off_count_as_none() -> None:
    plan = plan_of({"tests/test_a.py": TEST}, GateConfig(test=" "))
    assert not plan.tests_expected
    assert "test: none" in plan.notes


def test_each_configured_path_has_its_own_checks() -> None:
    texts = {"api/pyproject.toml": "[tool.ruff]\n", "api/tests/test_a.py": TEST, "web/package.json": node(test="jest")}
    plan = plan_of(texts, GateConfig(path="api", test="pytest -x"), GateConfig(path="web"))
    assert commands(plan) == ["lint api: ruff check --no-fix .", "test api: pytest -x", "test web: npm test"]
    assert plan.checks[0].origin == "api: pyproject.toml [tool.ruff]"


def test_folders_with_a_manifest_are_found_where_the_top_has_none() -> None:
    texts = {
        "README.md": "",
        "api/setup.py": "",
        "web/package.json": "{}",
        "web/lib/package.json": "{}",
        "a/b/c/setup.py": "",
    }
    assert places(MemoryTree(texts)) == ("api", "web")
    assert places(MemoryTree({**texts, "package.json": "{}"})) == (".",)
    assert places(MemoryTree({"x.go": ""})) == (".",)


def test_invariants_come_last() -> None:
    invariants = (Invariant(id="safe", text="", check="! grep -r eval src"), Invariant(id="silent", text=""))
    plan = make_plan(MemoryTree({"test_a.py": TEST}), (), invariants, LIMITS, shipped_toolchains())
    last = plan.checks[-1]
    assert (last.kind, last.command, last.tool) == (CheckKind.INVARIANT, "! grep -r eval src", "safe")
    assert len(plan.checks) == 2


def test_the_digest_names_the_gate_and_nothing_else() -> None:
    texts = {"pyproject.toml": "[tool.ruff]\n", "tests/test_a.py": TEST}
    assert plan_of(texts).digest == plan_of({**texts, "src/a.py": "x = 1\n"}).digest
    assert plan_of(texts).digest != plan_of(texts, GateConfig(test="pytest -q")).digest
    assert plan_of(texts).digest != plan_of(texts, GateConfig(coverage_minimum=70)).digest


@pytest.mark.parametrize(
    ("test", "command"),
    [
        ('pnpm run "/^test:.*/"', "npm run test:spec"),
        ("pnpm run /^test:/", "npm run test:spec"),
        ("run-s test:*", "npm run test:spec"),
        ("npm-run-all --parallel lint test:spec", "npm run test:spec"),
        ("npm run test:spec && npm run test:size", "npm test"),
        ('pnpm run "/^(test|lint):/"', "npm test"),
        ("run-s other:*", "npm test"),
    ],
)
def test_of_scripts_that_are_run_together_the_one_that_runs_tests_counts(test: str, command: str) -> None:
    scripts = {"test": test, "test:spec": "vitest run", "test:size": "size-limit", "lint": "eslint ."}
    plan = plan_of({"package.json": json.dumps({"scripts": scripts})})
    assert commands(plan)[-1] == f"test: {command}"
