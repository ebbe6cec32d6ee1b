"""Defects to plant into a tree, so that a user can see the own gate stop them. Pure: they are edits, nothing is run."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from orchestrator.domain.edit import FileChange
from orchestrator.domain.failure import CheckKind
from orchestrator.domain.gate import CheckSpec
from orchestrator.gate.baseline import Baseline
from orchestrator.gate.integrity import file_of_test
from orchestrator.gate.patterns import matches_any
from orchestrator.gate.plan import GatePlan, key_of
from orchestrator.gate.toolchains import Toolchains

INVARIANT_FILE = "orchestrate-selftest-broken"
_NAME = "orchestrate_selftest"
_LINES = 12
"""Uncovered lines planted: more than ``limits.changed_lines``."""
_PYTHON_RED = (
    "import unittest\n\n\nclass TestOrchestrateSelftest(unittest.TestCase):\n"
    "    def test_planted(self):\n        self.assertEqual(1, 2)\n"
)
_SCRIPT_RED = {
    "jest": "test('planted', () => { throw new Error('planted'); });\n",
    "vitest": "import { test } from 'vitest';\ntest('planted', () => { throw new Error('planted'); });\n",
    "mocha": "it('planted', () => { throw new Error('planted'); });\n",
    "node:test": "{import}test('planted', () => {{ throw new Error('planted'); }});\n",
}
_FIRST_TEST = re.compile(r"^([ \t]*)(it|test)\(", re.MULTILINE)
_LINT_PYTHON = "\n\ndef _orchestrate_selftest():\n    import os\n    return undefined_orchestrate_name\n"
_LINT_SCRIPT = "\nfunction orchestrateSelftest() { debugger; return undefinedOrchestrateName; }\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """One defect."""

    name: str
    changes: tuple[FileChange, ...] = ()
    plan: GatePlan
    """The checks that shall stop it, and no other."""
    why_not: str = ""
    """Why it cannot be planted here; empty: it can."""


@dataclass(frozen=True)
class Ground:
    """The tree that defects are planted into."""

    files: Sequence[str]
    text_of: Callable[[str], str | None]
    plan: GatePlan
    baseline: Baseline
    chains: Toolchains

    def tests(self) -> CheckSpec | None:
        """The first test check."""
        return next((spec for spec in self.plan.checks if spec.kind is CheckKind.TEST), None)

    def test_file(self) -> str | None:
        """A tracked test file that the base's run named; else one by its name."""
        spec = self.tests()
        base = self.baseline.tests.get(key_of(spec.path, spec.kind, spec.tool)) if spec else None
        ran = sorted((base.ids - base.skipped_ids) if base else ())
        prefix = "" if spec is None or spec.path == "." else f"{spec.path}/"
        named = [file for file in map(file_of_test, ran) if file]
        known = frozenset(self.files)
        found = next((f"{prefix}{file}" for file in named if f"{prefix}{file}" in known), None)
        found = found or next((file for file in named if file in known), None)
        patterns = (*self.chains.test_files.python, *self.chains.test_files.node)
        return found or next((file for file in self.files if matches_any(file, patterns) and "test" in file), None)

    def source_file(self, check: CheckSpec | None) -> str | None:
        """The longest source file, no test, of the ecosystem that the check is about, below the check's folder."""
        endings = _endings(check)
        prefix = "" if check is None or check.path == "." else f"{check.path}/"
        patterns = (*self.chains.test_files.python, *self.chains.test_files.node)
        fit = [
            file
            for file in self.files
            if file.startswith(prefix) and file.endswith(endings) and not matches_any(file, patterns)
        ]
        own = [file for file in fit if "/" in file.removeprefix(prefix)] or fit
        return max(own, key=lambda file: len(self.text_of(file) or ""), default=None)


def plants(ground: Ground) -> tuple[Plant, ...]:
    """The six of them, in the order of the gate."""
    return (_lint(ground), _red(ground), _deleted(ground), _skipped(ground), _coverage(ground), _invariant(ground))


def _only(plan: GatePlan, *kinds: CheckKind) -> GatePlan:
    return replace(plan, checks=tuple(spec for spec in plan.checks if spec.kind in kinds))


def _lint(ground: Ground) -> Plant:
    plan = _only(ground.plan, CheckKind.LINT, CheckKind.BUILD)
    spec = next(iter(plan.checks), None)
    file = ground.source_file(spec)
    if spec is None or file is None:
        return Plant(name="lint fault", plan=plan, why_not="no lint or build check here; `gate.lint` gives one")
    text = (ground.text_of(file) or "").rstrip("\n") + "\n"
    planted = _LINT_PYTHON if file.endswith(".py") else _LINT_SCRIPT
    return Plant(name="lint fault", changes=(_file(file, text + planted),), plan=plan)


def _red(ground: Ground) -> Plant:
    plan, file, spec = _only(ground.plan, CheckKind.TEST), ground.test_file(), ground.tests()
    if spec is None or file is None:
        return Plant(name="red test", plan=plan, why_not="no test check here; `gate.test` gives one")
    folder, _, name = file.rpartition("/")
    place = f"{folder}/" if folder else ""
    if file.endswith(".py"):
        return Plant(name="red test", changes=(_file(f"{place}test_{_NAME}.py", _PYTHON_RED),), plan=plan)
    text = _SCRIPT_RED.get(spec.tool, _SCRIPT_RED["jest"])
    module = re.search(r"^import ", ground.text_of(file) or "", re.MULTILINE)
    wanted = "import { test } from 'node:test';\n" if module else "const { test } = require('node:test');\n"
    text = text.format(**{"import": wanted}) if spec.tool == "node:test" else text
    _, dot, rest = name.partition(".")
    return Plant(name="red test", changes=(_file(f"{place}orchestrate-selftest{dot}{rest}", text),), plan=plan)


def _deleted(ground: Ground) -> Plant:
    plan, file = _only(ground.plan, CheckKind.TEST), ground.test_file()
    if file is None or not plan.checks:
        return Plant(name="deleted test", plan=plan, why_not="no test is there to delete")
    return Plant(name="deleted test", changes=(FileChange(path=file, content=None),), plan=plan)


def _skipped(ground: Ground) -> Plant:
    plan, file, spec = _only(ground.plan, CheckKind.TEST), ground.test_file(), ground.tests()
    text = ground.text_of(file) if file else None
    if file is None or text is None or spec is None:
        return Plant(name="skipped test", plan=plan, why_not="no test is there to skip")
    if file.endswith(".py") and spec.tool == "unittest":
        changed = f"{text.rstrip()}\n\nimport unittest as _selftest\nraise _selftest.SkipTest('planted')\n"
    elif file.endswith(".py"):
        changed = f"{text.rstrip()}\n\nimport pytest as _selftest\npytestmark = _selftest.mark.skip(reason='planted')\n"
    else:
        changed = _FIRST_TEST.sub(r"\1\2.skip(", text, count=1)
    if changed == text:
        return Plant(name="skipped test", plan=plan, why_not=f"how {file} writes its tests is not known")
    return Plant(name="skipped test", changes=(_file(file, changed),), plan=plan)


def _coverage(ground: Ground) -> Plant:
    plan = _only(ground.plan, CheckKind.TEST)
    spec = ground.tests()
    if spec is None or not ground.baseline.coverage:
        mend = "coverage is not measured here; pytest-cov, c8 or the runner's own coverage gives it"
        return Plant(name="coverage drop", plan=plan, why_not=mend)
    file = ground.source_file(spec)
    if file is None:
        return Plant(name="coverage drop", plan=plan, why_not="no source file is there")
    text = (ground.text_of(file) or "").rstrip("\n") + "\n"
    if file.endswith(".py"):
        body = "".join(f"    value += {number}\n" for number in range(_LINES))
        planted = f"\n\ndef _orchestrate_selftest(value):\n{body}    return value\n"
    else:
        body = "".join(f"  value += {number};\n" for number in range(_LINES))
        typed = "value: number" if file.endswith((".ts", ".tsx", ".mts", ".cts")) else "value"
        planted = f"\nfunction orchestrateSelftest({typed}) {{\n{body}  return value;\n}}\nvoid orchestrateSelftest;\n"
    return Plant(name="coverage drop", changes=(_file(file, text + planted),), plan=plan)


def _invariant(ground: Ground) -> Plant:
    spec = CheckSpec(kind=CheckKind.INVARIANT, command=f"test ! -e {INVARIANT_FILE}", tool="selftest", timeout_s=60)
    plan = replace(_only(ground.plan), checks=(spec,))
    return Plant(name="broken invariant", changes=(_file(INVARIANT_FILE, "planted\n"),), plan=plan)


def _endings(check: CheckSpec | None) -> tuple[str, ...]:
    python = check is None or check.tool in {"", "ruff", "flake8", "mypy", "pyright", "pylint", "pytest", "unittest"}
    return (".py",) if python else (".ts", ".tsx", ".js", ".mjs", ".cjs", ".jsx")


def _file(path: str, text: str) -> FileChange:
    return FileChange(path=path, content=text.encode())
