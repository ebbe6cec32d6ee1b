"""What to try next where the detected set-up or gate does not work on the base: what CI does, then the plainest way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from orchestrator.domain.failure import CheckKind
from orchestrator.domain.task import GateConfig
from orchestrator.drafts.ci import CiCommand, CiKind
from orchestrator.drafts.project_file import Proposal
from orchestrator.drafts.survey import Survey
from orchestrator.gate.base_state import BaseState, BaseWord
from orchestrator.gate.detect import detect
from orchestrator.gate.toolchains import Toolchains
from orchestrator.gate.tree import TreeReader

MOST = 5
"""Attempts in all: each may install everything anew."""
_PACKAGES = 40
"""Packages of a monorepo that get commands of their own; beyond that the user says which count."""
_ONLY_TOOLS = re.compile(
    r"install(?:\s+(?:-U|--upgrade|-q|--quiet|--user|-e|--system))*"
    r"(?:\s+['\"]?(?:pip|setuptools|wheel|tox[\w-]*|nox|pre-commit|build|twine|uv|poetry|pdm|hatch|virtualenv"
    r"|coverage|codecov|coveralls)(?:\[[\w,]+\])?(?:[<>=~!]=?[\w.*]+)?['\"]?)+\s*$"
)
_PLAIN = re.compile(r"(?:python[\d.]* -m )?pip3? install\b|npm (?:ci|install|i)\b")
"""Of the installers, those that are there wherever their language is; the others are what was detected already."""
_RUNS_ITSELF = re.compile(r"\b(?:tox|nox|hatch test|pre-commit)\b")
"""Programs that make environments of their own: they would need the network in the gate."""
_WRAPPER = (
    "#!/bin/sh\\nexport npm_config_manage_package_manager_versions=false\\n"
    'exec "$(dirname "$0")/../.manager/node_modules/.bin/pnpm" "$@"\\n'
)
_KEPT = "npm install --prefix node_modules/.manager pnpm@10 && mkdir -p node_modules/.bin"
_OTHER_PNPM = (
    "npx --yes --package pnpm@10 pnpm install --config.manage-package-manager-versions=false",
    f"{_KEPT} && printf '{_WRAPPER}' > node_modules/.bin/pnpm && chmod +x node_modules/.bin/pnpm",
)
"""A pnpm that this machine's Node runs: pnpm 11 wants Node 22. It stays for the project's own scripts to call, told not
to fetch the version that is pinned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One attempt, and what came of it."""

    proposal: Proposal
    refused: str = ""
    """What set-up said where it failed; the gate was not run then."""
    state: BaseState | None = None


def next_proposal(tried: Sequence[Tried], survey: Survey) -> Proposal | None:
    """What to try after these; ``None`` where the last one works, or nothing else is known."""
    last = tried[-1]
    if len(tried) >= MOST or (last.state is not None and last.state.works):
        return None
    known = {(one.proposal.setup, one.proposal.gate) for one in tried}
    candidates = _setups(survey) if last.refused else _tests(survey, last)
    return next((one for one in candidates if (one.setup, one.gate) not in known), None)


def best(tried: Sequence[Tried]) -> Tried:
    """The attempt to write down: the last that works, else the first (all detected)."""
    return next((one for one in reversed(tried) if one.state is not None and one.state.works), tried[0])


def _setups(survey: Survey) -> Iterator[Proposal]:
    """The installing commands of CI, then the plainest ones of each package manager."""
    lines = [
        ci
        for ci in survey.ci
        if ci.kind is CiKind.INSTALL and _PLAIN.match(ci.command) and not _ONLY_TOOLS.search(ci.command)
    ]
    for file in dict.fromkeys(ci.file for ci in lines):
        own = tuple(_installing(ci) for ci in lines if ci.file == file)
        yield Proposal(setup=own[:8], why=f"The detected set-up failed; this is what {file} runs.")
    if any(manager.startswith("pnpm ") for manager in survey.managers):
        yield Proposal(setup=_OTHER_PNPM, why="The pnpm that the project pins does not run here; this one does.")
    worlds = " ".join(survey.managers)
    python = any(word in worlds for word in ("pip ", "uv ", "poetry ", "pdm ", "pipenv "))
    node = any(word in worlds for word in ("npm ", "pnpm ", "yarn ", "bun "))
    plain = ("pip install -e .", "pip install pytest pytest-cov") if python else ()
    for flags in ("--legacy-peer-deps", "--legacy-peer-deps --ignore-scripts") if node else ("",):
        installed = (f"npm install --no-package-lock {flags}",) if node else ()
        if plain or installed:
            yield Proposal(setup=(*plain, *installed), why="The detected set-up failed; this is the plainest there is.")


def _installing(ci: CiCommand) -> str:
    """The command without what only CI's own machine needs."""
    return re.sub(r"\s--(?:user|system)\b", "", ci.command)


def _tests(survey: Survey, last: Tried) -> Iterator[Proposal]:
    """The test commands of CI, where the gate's own ran nothing; a lint or build that cannot run is switched off."""
    state = last.state
    if state is None or state.word is not BaseWord.BROKEN:
        return
    off = {kind for kind in ("lint", "build") if any(each.startswith(f"{kind} ") for each in state.broken)}
    top = next((one for one in last.proposal.gate if one.path == "."), GateConfig())
    if off:
        switched = replace(top, lint="" if "lint" in off else top.lint, build="" if "build" in off else top.build)
        yield replace(
            last.proposal, gate=(switched,), why=f"Cannot run here: {'; '.join(state.broken)}. Install it in setup."
        )
    if not any(each.startswith(f"{CheckKind.TEST} ") for each in state.broken):
        return
    for ci in survey.ci:
        if ci.kind is CiKind.TEST and not _RUNS_ITSELF.search(ci.command):
            why = f"The detected test command ran nothing; {ci.file}:{ci.line} runs this."
            yield replace(last.proposal, gate=(replace(top, test=ci.command),), why=why)


def of_packages(tree: TreeReader, survey: Survey, chains: Toolchains) -> tuple[GateConfig, ...]:
    """A gate a package, where the top of a monorepo has no tests and its packages have; the top's own checks stay.

    Empty where that does not help.
    """
    configs = []
    for path in survey.packages[:_PACKAGES]:
        found = detect(tree, path, chains).checks
        commands = {kind: next((spec.command for spec in found if spec.kind is kind), None) for kind in CheckKind}
        if commands[CheckKind.TEST] is not None:
            configs.append(
                GateConfig(
                    path=path,
                    lint=commands[CheckKind.LINT],
                    build=commands[CheckKind.BUILD],
                    test=commands[CheckKind.TEST],
                )
            )
    if not configs:
        return ()
    top = detect(tree, ".", chains).checks
    lint = next((spec.command for spec in top if spec.kind is CheckKind.LINT), None)
    build = next((spec.command for spec in top if spec.kind is CheckKind.BUILD), None)
    own = [GateConfig(lint=lint, build=build, test="")] if lint or build else []
    return (*own, *configs)
