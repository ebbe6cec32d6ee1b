"""Evidence of pytest, unittest and coverage.py."""

from __future__ import annotations

import re
from dataclasses import replace

from orchestrator.domain.gate import CheckSpec
from orchestrator.gate.detect_python import source_folders
from orchestrator.gate.facts_python import PythonFacts, normalised
from orchestrator.gate.tree import Place

JUNIT = "$ORCHESTRATE_SCRATCH/junit.xml"
COVERAGE = "$ORCHESTRATE_SCRATCH/coverage.json"
_DATA = "$ORCHESTRATE_SCRATCH/coverage.data"
_INI = (("pytest.ini", "pytest"), (".pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest"))
_OFF = re.compile(r"-p\s*no:(?:junitxml|cov|pytest_cov)|--no-cov\b")
_NO_JUNIT = re.compile(r"-p\s*no:junitxml")
_TO_JSON = f'python -m coverage json -q -o "{COVERAGE}"'


def ask_pytest(spec: CheckSpec, place: Place, modules: frozenset[str]) -> CheckSpec:
    """``PYTEST_ADDOPTS``: a junit report whose ids name files, and coverage where a plug-in for it is there."""
    facts = PythonFacts(place)
    options = f"{pytest_options(facts)} {spec.command}"
    if _NO_JUNIT.search(options):
        return spec
    asked = [f"--junitxml='{JUNIT}'", "-o junit_family=xunit1"]
    if _runs_coverage(spec.command):
        return replace(_asking(spec, asked), afterwards=_TO_JSON)
    has_plugin = "pytest_cov" in modules or (not modules and normalised("pytest-cov") in facts.packages)
    if _OFF.search(options):
        return _asking(spec, asked)
    if has_plugin:
        own = [] if "--cov" in options.replace("--cov-", "") else [_sources(facts, place)]
        # a threshold of the project's own would decide here what its command, which asks for no coverage, does not
        asked += [*own, f"--cov-report='json:{COVERAGE}'", *(["--cov-fail-under=0"] if own else [])]
        asking = _asking(spec, asked)
        return replace(asking, environment={**asking.environment, "COVERAGE_FILE": _DATA}) if own else asking
    if "coverage" in modules and spec.command.startswith("python -m pytest") and spec.origin != "configured":
        return _through_coverage(_asking(spec, asked), facts, place)
    return _asking(spec, asked)


def ask_unittest(spec: CheckSpec, place: Place, modules: frozenset[str]) -> CheckSpec:
    """unittest takes nothing from the environment: a detected command runs under coverage.py where that is there."""
    if _runs_coverage(spec.command):
        return replace(spec, afterwards=_TO_JSON)
    if "coverage" in modules and spec.command.startswith("python -m unittest") and spec.origin != "configured":
        return _through_coverage(spec, PythonFacts(place), place)
    return spec


def pytest_options(facts: PythonFacts) -> str:
    """The repository's own ``addopts``."""
    configured = facts.table("tool.pytest.ini_options.addopts") or facts.table("tool.pytest.addopts") or ""
    text = " ".join(map(str, configured)) if isinstance(configured, list) else str(configured)
    return f"{text} {facts.option(_INI, 'addopts')}".strip()


def measures_itself(facts: PythonFacts) -> bool:
    """Whether coverage.py's own configuration says what to measure."""
    if any(facts.table(f"tool.coverage.run.{key}") for key in ("source", "source_pkgs", "source_dirs", "include")):
        return True
    files = ((".coveragerc", "run"), ("setup.cfg", "coverage:run"), ("tox.ini", "coverage:run"))
    return any(facts.option(files, key) for key in ("source", "source_pkgs", "source_dirs", "include"))


def _sources(facts: PythonFacts, place: Place) -> str:
    """What pytest-cov shall measure: what the project says, else its own folders, else all that is imported."""
    folders = () if measures_itself(facts) else source_folders(place)
    return " ".join(f"--cov={folder}" for folder in folders) or "--cov"


def _through_coverage(spec: CheckSpec, facts: PythonFacts, place: Place) -> CheckSpec:
    """``python -m coverage run -m pytest``: the same interpreter, the same modules, its data in the scratch folder."""
    folders = () if measures_itself(facts) else source_folders(place)
    measured = f" --source={','.join(folders)}" if folders else ""
    command = spec.command.replace("python -m ", f"python -m coverage run{measured} -m ", 1)
    environment = {**spec.environment, "COVERAGE_FILE": _DATA}
    return replace(spec, command=command, environment=environment, afterwards=_TO_JSON)


def _runs_coverage(command: str) -> bool:
    return re.search(r"\bcoverage run\b", command) is not None


def _asking(spec: CheckSpec, asked: list[str]) -> CheckSpec:
    environment = {**spec.environment, "PYTEST_ADDOPTS": " ".join(asked)}
    return replace(spec, environment=environment, reports=("junit.xml", "coverage.json"))
