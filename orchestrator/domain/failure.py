"""What the gate found wrong, and how grave it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CheckKind(StrEnum):
    """The gate's checks in their order; invariants come last."""

    LINT = "lint"
    BUILD = "build"
    TEST = "test"
    COVERAGE = "coverage"
    INVARIANT = "invariant"
    SCOPE = "scope"
    """Not a command: the diff held against the ADR's file list and the protected paths."""


class Category(StrEnum):
    """What a failure is, and so where it goes (L7, L8). In the order of gravity, mildest first."""

    TRIVIAL = "trivial"
    TACTICAL = "tactical"
    STRATEGIC = "strategic"
    HALLUCINATION = "hallucination"
    ENVIRONMENT = "environment"

    @property
    def gravity(self) -> int:
        """0 (trivial) to 4 (environment): several at once count as the gravest."""
        return list(Category).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One finding of a check."""

    check: CheckKind
    tool: str
    """``ruff``, ``pytest``, ``tsc`` ...; ``generic`` where no parser knew the output."""
    message: str
    category: Category = Category.TACTICAL
    """Tactical until classified: unsure is tactical (L7)."""
    code: str | None = None
    """The tool's own code or error class: ``F401``, ``TS2304``, ``ModuleNotFoundError``."""
    file: str | None = None
    """Repository-relative, POSIX slashes, where it could be resolved."""
    line: int | None = None
    """1-based."""
    column: int | None = None
    """1-based."""
    symbol: str | None = None
    """The name the failure is about, if it names one."""
    test_id: str | None = None
    why: str = ""
    """The rule that decided the category, in words a user can check."""
    suggestions: tuple[str, ...] = ()
    """Nearest real names, for the retry's warning."""

    @property
    def signature(self) -> str:
        """What makes two failures the same one, whichever line they stand on (used to see no progress)."""
        return "|".join(
            (self.check, self.tool, self.code or "", self.file or "", self.symbol or "", self.test_id or self.message)
        )


def gravest(failures: tuple[Failure, ...]) -> Category | None:
    """The category an iteration takes: the gravest of its failures; ``None`` without failures."""
    return max((failure.category for failure in failures), key=lambda category: category.gravity, default=None)
