"""The gate's limits, what is fixed without a model, which failures a project names itself."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from orchestrator.domain.pattern import compile_pattern
from orchestrator.domain.pattern_reader import PatternError
from orchestrator.settings.frozen import Frozen, Percent, Seconds


class GateLimits(Frozen):
    """Limits of the gate's commands."""

    check_timeout_s: Seconds
    """Wall clock of one check; its process tree is ended then."""
    setup_timeout_s: Seconds
    """Wall clock of all setup commands."""
    output_cap_bytes: int = Field(ge=4096, le=1_000_000_000)
    """Kept on disk of one check's output."""
    memory_mb: int = Field(ge=64)
    """Resident memory of a check's whole process tree."""
    processes: int = Field(ge=8)
    """Processes a check may have at once."""
    file_size_mb: int = Field(ge=1)
    """Size of one file a check may write."""
    coverage_minimum: Percent
    """L11: blocks below the lower of this and the base's own coverage."""
    dependency_folders: tuple[str, ...]
    """Folder names that survive between tasks and are read-only in gates."""
    allow: tuple[Literal["network", "home"], ...] = ()
    """What gate commands may reach beside the tree: ``network``, ``home``; said in the report."""
    protected: tuple[str, ...]
    """Glob patterns the executor may not change, on top of the base's tests (I10)."""


class Autofix(Frozen):
    """L5, L6."""

    safe_imports: tuple[str, ...] = ()
    """Symbols whose import may be added wherever it is found."""
    strict: bool = False
    """True: only the list above; else symbols defined exactly once as well."""


class FailurePattern(Frozen):
    """A line of some check's output that this project knows the meaning of."""

    find: str = Field(min_length=1, max_length=200)
    """Plain text that the line holds: only such lines are looked at."""
    line: str = Field(min_length=1)
    """A pattern for the line, from its beginning (begin with ``.*`` where that varies), at most 400 characters. Matched
    in linear time, so it knows no look-around and no back references; the first 1,000 characters of a line count."""
    category: Literal["tactical", "hallucination", "strategic", "environment"]
    """What a failure that says this is (L7, L8); beside others in one output the gravest decides."""
    symbol: int = Field(default=0, ge=0)
    """Number of the group that holds the name it is about; 0: none."""

    @field_validator("line")
    @classmethod
    def _readable(cls, text: str) -> str:
        try:
            compile_pattern(text)
        except PatternError as error:
            raise ValueError(f"at character {error.at + 1}: {error.what}") from error
        return text

    @model_validator(mode="after")
    def _has_group(self) -> FailurePattern:
        groups = compile_pattern(self.line).groups
        if self.symbol > groups:
            raise ValueError(f"symbol {self.symbol}, but the pattern has {groups} groups; write (...) around the name")
        return self


class Failures(Frozen):
    """How failures are told apart, beside the shipped tables (``config/failures.yaml``)."""

    patterns: tuple[FailurePattern, ...] = Field(default=(), max_length=50)
    """This project's own; each is asked whatever else an output says."""
