"""What is a secret here, beside the keys that every run hides."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from orchestrator.domain.pattern import Budget, compile_pattern
from orchestrator.domain.pattern_reader import PatternError
from orchestrator.settings.frozen import Frozen

PATTERN_STEPS = 10_000
"""What trying a pattern on an empty text may take, in steps."""


class SecretPattern(Frozen):
    """What a secret of this project looks like."""

    find: str = Field(min_length=3, max_length=200)
    """Plain text that each of them begins with, or that stands right before it."""
    pattern: str = Field(min_length=1)
    """A pattern from ``find`` on, at most 400 characters. Its first group is hidden; without a group, all it matches.
    Matched in linear time, so it knows no look-around and no back references; a match has 4,096 characters at most."""

    @field_validator("pattern")
    @classmethod
    def _readable(cls, text: str) -> str:
        try:
            pattern = compile_pattern(text)
        except PatternError as error:
            raise ValueError(f"at character {error.at + 1}: {error.what}") from error
        if pattern.match("", Budget(PATTERN_STEPS)) is not None:
            raise ValueError("it matches nothing at all, that is everywhere: ask for at least one character")
        return text


class Secrets(Frozen):
    """B9: what is hidden from journal, prompts, logs and reports, beside the keys that every run hides."""

    patterns: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")], SecretPattern] = Field(
        default={}, max_length=50
    )
    """By a name of your own, which stands where the secret stood. A repository's file may add some, not change yours:
    it is refused."""
    variables: tuple[str, ...] = ()
    """Environment variables that hold secrets though their names do not say so; the values, 8 characters or more, are
    hidden wherever they stand. Each place that names some adds to those before."""
