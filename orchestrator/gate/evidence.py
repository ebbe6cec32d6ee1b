"""Asking a test check for evidence without changing what it does (decision 21).

Through the environment where the tool listens to it (``PYTEST_ADDOPTS``, ``NODE_OPTIONS``, ``NODE_V8_COVERAGE``);
through flags only for commands that were detected, never for one the user gave. ``$ORCHESTRATE_SCRATCH`` in what is
asked stands for the folder of the check's reports; :func:`shell_line` makes the shell put it in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from orchestrator.domain.failure import CheckKind
from orchestrator.domain.gate import CheckSpec
from orchestrator.gate.detect_python import uses_pytest
from orchestrator.gate.evidence_node import ask_node
from orchestrator.gate.evidence_python import ask_pytest, ask_unittest
from orchestrator.gate.plan import GatePlan
from orchestrator.gate.toolchains import Toolchains
from orchestrator.gate.tree import Place, TreeReader
from orchestrator.ports import Command, Profile, Shell

SCRATCH = "ORCHESTRATE_SCRATCH"
_NODE_RUNNERS = frozenset({"jest", "vitest", "mocha", "node:test"})
_MODULES = ("pytest", "pytest_cov", "coverage", "xdist")
_PROBE = f'python -c "import importlib.util as u\nprint(*[name for name in {_MODULES!r} if u.find_spec(name)])"'
_PROBE_PYTEST = "PYTEST_ADDOPTS= pytest -c /dev/null --version --version 2>&1"
_REFUSED = re.compile(
    r"unrecognized arguments: [^\n]{0,300}?--(?:cov|junit)"
    r"|no such option: --(?:cov|junit)"
    r"|is not allowed in NODE_OPTIONS"
    r"|Cannot find (?:package|module) 'junit'"
    r"|--test-reporter[^\n]{0,80}(?:must|match)"
    r"|INTERNALERROR>[^\n]{0,300}?pytest_cov"
    r"|\b(?:CovReportWarning|CoverageWarning|CentralCovContextWarning):"
    r"|[Uu]nknown (?:option|argument)s?:? [^\n]{0,40}(?:--json|--outputFile|--coverage|--reporter)"
    r"|Unrecognized (?:CLI Parameter|option)"
    r"|MISSING DEPENDENCY[^\n]{0,80}coverage"
)


def probe(shell: Shell, plan: GatePlan, chains: Toolchains) -> frozenset[str]:
    """Which test modules the interpreter of the plan's Python tests has; empty where there is none, or no answer.

    ``pytest`` by its name may belong to another environment than ``python``: it is asked itself.
    """
    specs, timeout_s = [spec for spec in plan.checks if spec.kind is CheckKind.TEST], chains.limits.probe_timeout_s
    bare = any(spec.tool == "pytest" and "python" not in spec.command for spec in specs)
    if bare and shell.which("pytest") is not None:
        told = _asked(shell, _PROBE_PYTEST, timeout_s) or ""
        return frozenset({"pytest", "pytest_cov"} if "pytest-cov-" in told else {"pytest"})
    if not any(spec.tool in {"pytest", "unittest", ""} for spec in specs) or shell.which("python") is None:
        return frozenset()
    return frozenset((_asked(shell, _PROBE, timeout_s) or "").split()) & frozenset(_MODULES)


def _asked(shell: Shell, line: str, timeout_s: float) -> str | None:
    ran = shell.run(Command(line=line, profile=Profile.GATE, timeout_s=timeout_s))
    return ran.stdout if ran.exit_code == 0 else None


def with_evidence(plan: GatePlan, tree: TreeReader, chains: Toolchains, modules: frozenset[str]) -> GatePlan:
    """The plan with every test check asking for what its tool can give. Pure."""
    return replace(plan, checks=tuple(ask(spec, tree, chains, modules) for spec in plan.checks))


def ask(spec: CheckSpec, tree: TreeReader, chains: Toolchains, modules: frozenset[str]) -> CheckSpec:
    """One check, asking; a check that is no test comes back as it is.

    A command of which only the name is known (``make test``) is asked as pytest where the project uses that: the
    variable does nothing to any other program.
    """
    if spec.kind is not CheckKind.TEST:
        return spec
    place = Place(tree, spec.path)
    if spec.tool in _NODE_RUNNERS:
        return ask_node(spec, place, chains)
    if spec.tool == "unittest":
        return ask_unittest(spec, place, modules)
    if spec.tool == "pytest" or (not spec.tool and uses_pytest(place, chains)):
        return ask_pytest(spec, place, modules)
    return spec


def unasked(spec: CheckSpec) -> CheckSpec:
    """The check as it would be without us."""
    return replace(spec, environment={}, flags="", afterwards="", reports=())


def refused(spec: CheckSpec, output: str) -> bool:
    """Whether the check failed because of what we asked of it, and not because of the tree."""
    asked = bool(spec.environment or spec.flags or spec.afterwards)
    return asked and _REFUSED.search(output) is not None


def shell_line(spec: CheckSpec) -> str:
    """The line ``sh -c`` gets: the scratch folder put into the variables, the command untouched, its exit code kept."""
    command = f"{spec.command} {spec.flags}".rstrip() if spec.flags else spec.command
    exports = "".join(
        f'export {name}="{_expanded(value)}"; ' for name, value in _from_scratch(spec.environment).items()
    )
    if not spec.afterwards:
        return exports + command
    return (
        f"{exports}(\n{command}\n); orchestrate_status=$?; {spec.afterwards} >/dev/null 2>&1; exit $orchestrate_status"
    )


def plain_environment(spec: CheckSpec) -> dict[str, str]:
    """The variables that need no shell: all but those that name the scratch folder."""
    return {name: value for name, value in spec.environment.items() if f"${SCRATCH}" not in value}


def _from_scratch(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if f"${SCRATCH}" in value}


def _expanded(value: str) -> str:
    """For double quotes in ``sh``: only the scratch folder's variable is expanded."""
    kept = value.replace(f"${SCRATCH}", "\0")
    for special in ("\\", '"', "$", "`"):
        kept = kept.replace(special, f"\\{special}")
    return kept.replace("\0", f"${{{SCRATCH}}}")
