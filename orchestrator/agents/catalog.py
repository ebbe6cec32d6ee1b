"""The agents there are: ``prompts/<agent>.md``, YAML front matter and a jinja2 body. Adding an agent is adding a file.

The body has a stable part, the system prompt, and after a line ``---user---`` the part that differs from call to call:
what is stable comes first, so that providers can cache it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, TemplateError
from jinja2.meta import find_undeclared_variables

from orchestrator.agents import schemas
from orchestrator.agents.fence import TAG, fenced
from orchestrator.domain.change import ChangeType
from orchestrator.domain.errors import UsageError
from orchestrator.domain.task import Phase
from orchestrator.resources import prompts_dir
from orchestrator.strict_yaml import Fault, LoadedYaml, read, refuse

USER_MARK = "---user---"
MAX_OUTPUT_TOKENS = 200_000
"""Upper bound of an agent's output cap, as in the settings."""


class AnswerFormat(StrEnum):
    """How an agent's answer is read."""

    ADR = "adr"
    EDITS = "edits"
    REVIEW = "review"
    NOTES = "notes"
    SOURCES = "sources"
    """Notes of what stands on the web."""
    TESTS = "tests"
    """New files, in the form of edits."""
    FINDINGS = "findings"
    ISSUES = "issues"


VARIABLES: Mapping[AnswerFormat, frozenset[str]] = {
    AnswerFormat.ADR: frozenset({"task", "invariants", "context", "research", "redesign"}),
    AnswerFormat.EDITS: frozenset({"task", "files", "adr", "feedback"}),
    AnswerFormat.REVIEW: frozenset({"task", "invariants", "adr", "checks", "diff"}),
    AnswerFormat.NOTES: frozenset({"task", "context"}),
    AnswerFormat.SOURCES: frozenset({"task", "libraries"}),
    AnswerFormat.TESTS: frozenset({"task", "files", "adr", "feedback"}),
    AnswerFormat.FINDINGS: frozenset({"task", "adr", "diff", "documents"}),
    AnswerFormat.ISSUES: frozenset({"task", "findings"}),
}
"""What a prompt of that format is given; any other name in its body is refused when it is loaded. The web's is given
nothing of the repository but the names of its libraries."""

SCHEMAS: Mapping[AnswerFormat, schemas.Json] = {
    AnswerFormat.FINDINGS: schemas.FINDINGS,
    AnswerFormat.ISSUES: schemas.ISSUES,
}
"""Formats that are JSON; the others are text with a form of their own."""

_KEYS = {
    "name": str,
    "role": str,
    "provider": str,
    "tier": int,
    "low_tier": int,
    "answered_by": str,
    "phase": str,
    "effort": str,
    "max_output_tokens": int,
    "skipped_for": list,
    "answer": str,
}
_OPTIONAL = {"effort", "skipped_for", "low_tier", "answered_by"}


@dataclass(frozen=True, slots=True)
class Prompt:
    """A part of an agent's prompt, known to be a good template; compiled when it is first used, as few are in a run."""

    text: str

    def render(self, **variables: Any) -> str:
        """The text with those variables; ``jinja2.UndefinedError`` where one is missing."""
        return _compiled(self.text).render(**variables)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpec:
    """One agent, as its file declares it."""

    name: str
    role: str
    provider: str
    """A name under ``models.providers``."""
    tier: int
    """1 quick, 2 balanced, 3 deep (P1)."""
    low_tier: int | None
    """Where it begins on a simple task (``agents.start_low``); ``None``: on its tier."""
    answered_by: str | None
    """A role whose model answers in its place, unless the user gives this one a model of its own."""
    phase: Phase
    effort: str | None
    """``None``: the model's own default."""
    max_output_tokens: int
    skipped_for: frozenset[ChangeType]
    answer: AnswerFormat
    system: Prompt
    user: Prompt
    sections: frozenset[str]
    """Tags of the user part: what stands in a variable can neither close nor open one (``fence``)."""

    def render(self, **variables: Any) -> tuple[str, str]:
        """The system and the user part. A missing variable raises ``jinja2.UndefinedError``: a fault of the program."""
        user = fenced(lambda mark: self.user.render(fence=mark, **variables).strip(), self.sections)
        return self.system.render().strip(), user


def load_catalog(folder: Path | None = None) -> Mapping[str, AgentSpec]:
    """Every agent by its role; ``folder`` is the shipped ``prompts/`` where it is ``None``.

    ``UsageError`` with all faults of all files where there is any.
    """
    folder = folder or prompts_dir()
    agents: dict[str, AgentSpec] = {}
    faults: list[Fault] = []
    for path in sorted(folder.glob("*.md")):
        try:
            agent = load_agent(path)
        except UsageError as error:
            faults.extend(Fault(path.name, 0, 0, fault.removeprefix(f"{path.name}:")) for fault in error.faults)
            continue
        if agent.role in agents:
            faults.append(Fault(path.name, 0, 0, f"role {agent.role!r} is {agents[agent.role].name}'s already"))
        agents[agent.role] = agent
    faults += [
        Fault(agent.name, 0, 0, f"answered_by: no agent has the role {agent.answered_by!r}")
        for agent in agents.values()
        if agent.answered_by is not None and agent.answered_by not in agents
    ]
    if not agents and not faults:
        faults.append(Fault(str(folder), 0, 0, "no agent (*.md) in this folder"))
    if faults:
        raise refuse(tuple(faults), source=str(folder))
    return agents


def load_agent(path: Path) -> AgentSpec:
    """One agent's file. ``UsageError`` with every fault, line and column."""
    name = path.name
    try:
        text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise refuse((Fault(name, 0, 0, f"cannot be read: {error}"),), source=name) from error
    parts = text.split("---\n", 2)
    if len(parts) != 3 or parts[0].strip():  # noqa: PLR2004  # before, front matter, body
        mend = "begin with ---, the settings, ---"
        raise refuse((Fault(name, 1, 1, "no front matter", mend),), source=name)
    loaded = read("\n" + parts[1], source=name)  # the first line is the opening mark: lines count as in the file
    faults = [*loaded.faults, *_faults(loaded)]
    system, mark, user = parts[2].partition(f"{USER_MARK}\n")
    if not mark:
        faults.append(Fault(name, 0, 0, f"no line {USER_MARK}", "it parts the stable prompt from what differs by call"))
    if faults:
        raise refuse(tuple(faults), source=name)
    data = loaded.data
    answer = AnswerFormat(data["answer"])
    return AgentSpec(
        name=data["name"],
        role=data["role"],
        provider=data["provider"],
        tier=data["tier"],
        low_tier=data.get("low_tier"),
        answered_by=data.get("answered_by"),
        phase=Phase(data["phase"]),
        effort=data.get("effort"),
        max_output_tokens=data["max_output_tokens"],
        skipped_for=frozenset(ChangeType(change) for change in data.get("skipped_for", ())),
        answer=answer,
        system=_prompt(system, name, frozenset()),
        user=_prompt(TAG.sub(r"\1\2{{ fence }}", user), name, VARIABLES[answer] | {"fence"}),
        sections=frozenset(tag for _, tag in TAG.findall(user)),
    )


def _faults(loaded: LoadedYaml) -> list[Fault]:
    """What is wrong with the front matter, where it could be read."""
    data = loaded.data
    if not loaded.complete or not isinstance(data, dict):
        return [] if loaded.faults else [loaded.fault((), "front matter is a mapping of settings")]
    known = ", ".join(_KEYS)
    faults = [
        loaded.fault((key,), f"unknown key {key!r}", f"known: {known}", at_key=True) for key in set(data) - set(_KEYS)
    ]
    faults += [loaded.fault((), f"{key!r} is missing") for key in _KEYS if key not in data and key not in _OPTIONAL]
    for key, kind in _KEYS.items():
        value = data.get(key)
        if key in data and (not isinstance(value, kind) or isinstance(value, bool)):
            faults.append(loaded.fault((key,), f"{key} is not {'a number' if kind is int else f'a {kind.__name__}'}"))
    if faults:
        return faults
    if not 1 <= data["tier"] <= 3:  # noqa: PLR2004  # P1: three tiers
        faults.append(loaded.fault(("tier",), "tier is 1, 2 or 3"))
    if not 1 <= data.get("low_tier", 1) <= data["tier"]:
        faults.append(loaded.fault(("low_tier",), f"low_tier is between 1 and the agent's tier, {data['tier']}"))
    if not 1 <= data["max_output_tokens"] <= MAX_OUTPUT_TOKENS:
        faults.append(loaded.fault(("max_output_tokens",), f"max_output_tokens is between 1 and {MAX_OUTPUT_TOKENS}"))
    faults += _words(loaded, "phase", [data["phase"]], Phase)
    faults += _words(loaded, "answer", [data["answer"]], AnswerFormat)
    return faults + _words(loaded, "skipped_for", data.get("skipped_for", ()), ChangeType)


def _words(loaded: LoadedYaml, key: str, values: Iterable[object], kind: type[StrEnum]) -> list[Fault]:
    known = [word.value for word in kind]
    return [
        loaded.fault((key,), f"{key}: {value!r} is none of {', '.join(known)}")
        for value in values
        if value not in known
    ]


@cache
def _environment() -> Environment:
    """Prompts are text for a model, not HTML; what a prompt lacks is an error and never an empty string."""
    return Environment(
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  # no HTML is made here
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@lru_cache(maxsize=64)
def _compiled(text: str) -> Template:
    return _environment().from_string(text)


def _prompt(text: str, name: str, allowed: frozenset[str]) -> Prompt:
    """The text, looked through; ``UsageError`` for bad syntax or a name the agent is not given."""
    environment = _environment()
    try:
        unknown = find_undeclared_variables(environment.parse(text)) - allowed
        if unknown:
            names = ", ".join(sorted(unknown))
            raise refuse(
                (Fault(name, 0, 0, f"unknown in this prompt: {names}", f"known: {sorted(allowed)}"),), source=name
            )
        return Prompt(text)
    except TemplateError as error:
        raise refuse((Fault(name, 0, 0, f"bad template: {error}"),), source=name) from error
