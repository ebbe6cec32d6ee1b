"""Which checks a repository has: what the user gave, else what its own files say. Pure: nothing is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.domain.failure import CheckKind
from orchestrator.domain.gate import CheckSpec
from orchestrator.domain.task import GateConfig, Invariant
from orchestrator.gate.detect_node import detect_node
from orchestrator.gate.detect_python import detect_python
from orchestrator.gate.facts_node import NodeFacts
from orchestrator.gate.facts_python import MANIFESTS
from orchestrator.gate.found import Found
from orchestrator.gate.plan import ORDER, CoverageRule, GatePlan
from orchestrator.gate.toolchains import Toolchains
from orchestrator.gate.tree import Place, TreeReader
from orchestrator.settings import GateLimits

_KINDS = (CheckKind.LINT, CheckKind.BUILD, CheckKind.TEST)
_DEPTH = 2
"""Folders below the top that are looked into where the top itself has no manifest."""


def detect(tree: TreeReader, path: str, chains: Toolchains) -> Found:
    """The checks of one folder (``.``: the repository's top), in their order."""
    place = Place(tree, path)
    found = detect_python(place, chains) + detect_node(place, chains)
    return Found(checks=in_order(found.checks), notes=found.notes)


def make_plan(
    tree: TreeReader,
    configs: Sequence[GateConfig],
    invariants: Sequence[Invariant],
    limits: GateLimits,
    chains: Toolchains,
) -> GatePlan:
    """The gate of a repository: each configured folder, or what is detected; invariants last."""
    wanted = tuple(configs) or tuple(GateConfig(path=path) for path in places(tree))
    found = sum((_of_config(tree, config, chains) for config in wanted), Found())
    checks = tuple(replace(spec, timeout_s=limits.check_timeout_s) for spec in in_order(found.checks))
    tested = any(spec.kind is CheckKind.TEST for spec in checks)
    notes = found.notes if tested else (*found.notes, "test: none")
    return GatePlan(
        checks=checks + tuple(_invariants(invariants, limits)),
        coverage=tuple(_rule(config, limits) for config in wanted),
        tests_expected=tested,
        notes=notes,
    )


def places(tree: TreeReader) -> tuple[str, ...]:
    """The top where it has a manifest or any check of its own; else the topmost folders that have one."""
    manifests = {*MANIFESTS, "package.json"}
    top = Place(tree)
    if top.names & manifests:
        return (".",)
    found: list[str] = []
    for folder in sorted(top.folders, key=lambda folder: (folder.count("/"), folder)):
        below = folder.count("/") >= _DEPTH or any(folder.startswith(f"{outer}/") for outer in found)
        if not below and top.below(folder).names & manifests:
            found.append(folder)
    return tuple(found) or (".",)


def in_order(checks: Sequence[CheckSpec]) -> tuple[CheckSpec, ...]:
    """By kind as L11 has it; within a kind as they came."""
    return tuple(sorted(checks, key=lambda spec: ORDER.index(spec.kind)))


def _of_config(tree: TreeReader, config: GateConfig, chains: Toolchains) -> Found:
    """What the user gave wins; an empty string switches the check off, and that is said."""
    detected = detect(tree, config.path, chains)
    checks: list[CheckSpec] = []
    notes = list(detected.notes)
    for kind in _KINDS:
        given: str | None = getattr(config, kind.value)
        if given is None:
            checks += [spec for spec in detected.checks if spec.kind is kind]
            continue
        notes = [note for note in notes if not note.startswith(f"{kind}: ")]
        where = "" if config.path == "." else f" in {config.path}"
        if given.strip():
            checks.append(_given(tree, config.path, kind, given, chains))
        else:
            notes.append(f"{kind}{where}: switched off by the gate's configuration")
    return Found(checks=tuple(checks), notes=tuple(notes))


def _given(tree: TreeReader, path: str, kind: CheckKind, command: str, chains: Toolchains) -> CheckSpec:
    scripts = NodeFacts(Place(tree, path), Place(tree)).scripts
    words = command.split()
    body = next(
        (scripts[word] for word in words[1:3] if word in scripts and words[0] in {"npm", "pnpm", "yarn", "bun"}), ""
    )
    tool = chains.tool_in(body or command)
    return CheckSpec(kind=kind, command=command, path=path, tool=tool, origin="configured")


def _rule(config: GateConfig, limits: GateLimits) -> CoverageRule:
    given = config.coverage_minimum
    minimum = limits.coverage_minimum if given is None else given
    return CoverageRule(path=config.path, minimum=minimum, required=given is not None)


def _invariants(invariants: Sequence[Invariant], limits: GateLimits) -> list[CheckSpec]:
    return [
        CheckSpec(
            kind=CheckKind.INVARIANT,
            command=invariant.check,
            tool=invariant.id,
            origin=f"invariant {invariant.id}",
            timeout_s=limits.check_timeout_s,
        )
        for invariant in invariants
        if invariant.check
    ]
