"""Evidence of jest, vitest, mocha and node's own test runner."""

from __future__ import annotations

import re
from dataclasses import replace

from orchestrator.domain.gate import CheckSpec
from orchestrator.gate.facts_node import NodeFacts
from orchestrator.gate.toolchains import Toolchains
from orchestrator.gate.tree import Place

_JOINTS = re.compile(r"&&|;")
_PLUMBING = re.compile(r"[&|<>`$()\n]")
_CI = {"CI": "true"}
"""No watching, no snapshots written; every runner of node knows it."""
_JEST = '--json --outputFile="$ORCHESTRATE_SCRATCH/jest.json"'
_JEST_COVERAGE = (
    '--coverage --coverageReporters=json --coverageReporters=text --coverageDirectory="$ORCHESTRATE_SCRATCH/coverage"'
)
_VITEST = '--reporter=default --reporter=json --outputFile.json="$ORCHESTRATE_SCRATCH/vitest.json"'
_VITEST_COVERAGE = (
    "--coverage.enabled --coverage.reportOnFailure --coverage.reporter=json"
    ' --coverage.reportsDirectory="$ORCHESTRATE_SCRATCH/coverage"'
)
_NODE_REPORTERS = (
    "--test-reporter=spec --test-reporter-destination=stdout"
    ' --test-reporter=junit --test-reporter-destination="$ORCHESTRATE_SCRATCH/junit.xml"'
)
_V8 = "$ORCHESTRATE_SCRATCH/v8"


def ask_node(spec: CheckSpec, place: Place, chains: Toolchains) -> CheckSpec:
    """Reporters and coverage by what the runner listens to."""
    facts = NodeFacts(place, Place(place.tree))
    body = script_body(spec, facts)
    if spec.tool == "jest":
        return _flagged(spec, body, facts, chains, (_JEST, _jest_coverage(body, facts, place)))
    if spec.tool == "vitest":
        return _flagged(spec, body, facts, chains, (_VITEST, _vitest_coverage(body, facts, place)))
    return _by_environment(spec, body)


def script_body(spec: CheckSpec, facts: NodeFacts) -> str:
    """What the package.json script behind the command says; the command itself where it is no script's."""
    words = spec.command.split()
    if words[:1] and words[0] in {"npm", "pnpm", "yarn", "bun"}:
        return next((facts.scripts[word] for word in words[1:3] if word in facts.scripts), spec.command)
    return spec.command


def _flagged(spec: CheckSpec, body: str, facts: NodeFacts, chains: Toolchains, asked_for: tuple[str, str]) -> CheckSpec:
    """Flags reach the runner only where it is the script's last command; the user's own command gets none."""
    asked = replace(spec, environment={**spec.environment, **_CI, **_junit_plugins(facts)})
    last = _JOINTS.split(body)[-1]
    alone = not _PLUMBING.search(last) and chains.tool_in(last) == spec.tool
    if spec.origin == "configured" or not alone or "--reporter" in body or "--outputFile" in body:
        return asked
    passed_on = "-- " if spec.command.startswith("npm ") else ""
    return replace(asked, flags=passed_on + " ".join(asked_for).rstrip(), reports=(f"{spec.tool}.json",))


def _junit_plugins(facts: NodeFacts) -> dict[str, str]:
    """Reporters that projects configure themselves and that take their file from the environment."""
    if "jest-junit" in facts.packages:
        return {"JEST_JUNIT_OUTPUT_FILE": "$ORCHESTRATE_SCRATCH/junit.xml"}
    return {"MOCHA_FILE": "$ORCHESTRATE_SCRATCH/junit.xml"} if "mocha-junit-reporter" in facts.packages else {}


def _jest_coverage(body: str, facts: NodeFacts, place: Place) -> str:
    """Not where a threshold of the project's own would then decide what its command does not."""
    files = [name for name in place.names if name.startswith("jest.config.")]
    configured = str(facts.manifest.get("jest", "")) + "".join(place.read(name) for name in files)
    measured = re.search(r"--coverage\b(?!=false)", body) is not None
    return "" if "coverageThreshold" in configured and not measured else _JEST_COVERAGE


def _vitest_coverage(body: str, facts: NodeFacts, place: Place) -> str:
    """Only with a provider declared: without one vitest offers to install it and fails."""
    if not facts.packages.intersection({"@vitest/coverage-v8", "@vitest/coverage-istanbul"}):
        return ""
    files = [name for name in place.names if name.startswith(("vitest.config.", "vite.config."))]
    configured = "".join(place.read(name) for name in files)
    return "" if "thresholds" in configured and "--coverage" not in body else _VITEST_COVERAGE


def _by_environment(spec: CheckSpec, body: str) -> CheckSpec:
    """mocha and node: V8's own coverage, and for node's runner a second reporter (one that is chosen stays alone)."""
    environment = {**spec.environment, **_CI}
    if not re.search(r"\b(?:c8|nyc|--experimental-test-coverage)\b|NODE_V8_COVERAGE", body):
        environment["NODE_V8_COVERAGE"] = _V8
    if spec.tool == "node:test" and "--test-reporter" not in body and "NODE_OPTIONS" not in body:
        environment["NODE_OPTIONS"] = _NODE_REPORTERS
    return replace(spec, environment=environment, reports=("junit.xml", "v8"))
