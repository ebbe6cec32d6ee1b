"""The text of a first orchestrate.yaml: what was found stands in comments, what had to be said stands as a key.

What is detected stays detected: a command that is written down would no longer follow the repository's own files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator import strict_yaml
from orchestrator.domain.gate import CheckSpec
from orchestrator.domain.task import GateConfig
from orchestrator.domain.words import count
from orchestrator.drafts.ci import CiKind
from orchestrator.drafts.survey import Survey, told
from orchestrator.drafts.tasks_file import SCHEMA_LINE
from orchestrator.gate.base_state import BaseState
from orchestrator.gate.plan import GatePlan

_WIDTH = 118
_SHOWN_CI = 8
_TAIL = """
# Rules every decision record must answer; a check runs after the gate, exit code 0 means that the rule holds.
# invariants:
#   - id: sql-safety
#     text: Every query is parameterised.

# A night's hard caps, held by reservation before each call (`orchestrate plan` tells what a night would take).
# caps: {max_tokens: 2000000, max_cost_usd: 20}

# All there is to set, with its meaning: `orchestrate config show`, and `orchestrate schema orchestrate`.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A set-up and a gate as they shall be written down."""

    setup: tuple[str, ...] | None = None
    """``None``: detected."""
    gate: tuple[GateConfig, ...] = ()
    """None: all detected."""
    why: str = ""
    """Where what is not detected comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What goes into the comments."""

    survey: Survey
    plan: GatePlan
    setup: str = ""
    """What set-up was detected, as its note tells it; empty where that is not known."""
    state: BaseState | None = None
    """``None``: the gate was not run."""


def project_text(seen: Seen, proposal: Proposal, *, schema: str) -> str:
    """The file's text."""
    parts = [
        SCHEMA_LINE.format(path=schema),
        _comment("What the tasks files of this folder share; written by `orchestrate init`, and yours to change."),
        _comment(_seen(seen.survey)),
        "version: 1",
        "",
        *_setup(seen, proposal),
        "",
        *_gate(seen, proposal),
    ]
    return "\n".join(parts) + "\n" + _TAIL


def _seen(survey: Survey) -> str:
    words = [told(survey.languages), ", ".join(survey.managers) or "no package manager"]
    if survey.packages:
        declared = f", declared in {survey.workspaces}" if survey.workspaces else ""
        words.append(f"{count(len(survey.packages), 'package')} below the top{declared}")
    files = list(dict.fromkeys(command.file for command in survey.ci))
    words.append(f"CI in {', '.join(files[:3])}" if files else "no CI that is known")
    return f"Seen: {'; '.join(words)}; {survey.test_files} test files."


def _setup(seen: Seen, proposal: Proposal) -> list[str]:
    """``setup:``, or what was detected of it."""
    head = _comment("Set-up: once a lock file, on the base's tree, with network and without keys; [] for none.")
    if proposal.setup is not None:
        return [head, *([_comment(proposal.why)] if proposal.why else []), _yaml({"setup": list(proposal.setup)})]
    return [head, _comment(seen.setup or "It is detected.")]


def _gate(seen: Seen, proposal: Proposal) -> list[str]:
    """``gate:``, or what was detected of it; then what it said of the base, and what CI runs besides."""
    head = _comment("The gate: lint, build, test, coverage, in that order. What is left out is detected; none: off.")
    lines = [head]
    given = _configured(proposal.gate)
    if given:
        lines += [_comment(proposal.why)] if proposal.why else []
        lines.append(_yaml({"gate": given}))
    detected = [spec for spec in seen.plan.checks if spec.origin != "configured"]
    if detected:
        lines.append("# Detected today:" if not given else "# Detected besides:")
        lines += [_detected(spec) for spec in detected]
    lines += [_comment(note) for note in seen.plan.notes if note != "test: none"]
    if not seen.plan.tests_expected:
        lines.append(_comment("There are no tests that are known; gate: {test: ...} names the command that runs them."))
    if seen.state is not None:
        lines.append(_comment(_state(seen.state)))
    return [*lines, *_besides(seen)]


def _configured(gate: Sequence[GateConfig]) -> dict[str, object]:
    made: dict[str, object] = {}
    for config in gate:
        commands: dict[str, object] = {
            kind: command or "none"
            for kind in ("lint", "build", "test")
            if (command := getattr(config, kind)) is not None
        }
        if config.path == ".":
            made.update(commands)
        elif commands:
            made[config.path] = commands
    return made


def _detected(spec: CheckSpec) -> str:
    where = f"{spec.path}: " if spec.path != "." else ""
    return f"#   {where}{spec.kind}: {spec.command}    # {spec.origin}"


def _state(state: BaseState) -> str:
    words = [f"On the base, today: {state.word}"]
    if state.tests:
        words.append(f"{count(state.tests, 'test')} ran in {state.seconds:.0f} s")
    if state.coverage is not None:
        words.append(f"{state.coverage:.1f} % of the lines are covered")
    words += [*state.broken, *state.red]
    return "; ".join(words) + "."


def _besides(seen: Seen) -> list[str]:
    """Checks of CI that the gate does not run."""
    commands = {spec.command for spec in seen.plan.checks}
    others = [
        ci
        for ci in seen.survey.ci
        if ci.kind is not CiKind.INSTALL and not any(ci.command in each for each in commands)
    ]
    if not others:
        return []
    lines = [f"#   {ci.kind}: {ci.command}    # {ci.file}:{ci.line}" for ci in others[:_SHOWN_CI]]
    return ["# What CI runs, for comparison:", *lines]


def _comment(text: str) -> str:
    """Prose as comment lines; nothing in it ends a comment."""
    lines, current = [], "#"
    for word in " ".join("".join(c if c.isprintable() else " " for c in text).split()).split(" "):
        if len(current) + 1 + len(word) > _WIDTH and current != "#":
            lines.append(current)
            current = "#"
        current += f" {word}"
    return "\n".join([*lines, current])


def _yaml(data: dict[str, object]) -> str:
    return strict_yaml.dump(data).rstrip("\n")
