"""What the existence check reports: one name that is certainly nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.domain.failure import Category, CheckKind, Failure

TOOL = "existence"


class Lack(StrEnum):
    """What is not there."""

    MODULE = "unknown-module"
    PACKAGE = "unknown-package"
    EXPORT = "unknown-export"
    ATTRIBUTE = "unknown-attribute"
    KEYWORD = "unknown-keyword"
    NAME = "undefined-name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A name, where it is used, and of what it was asked."""

    lack: Lack
    symbol: str
    owner: str = ""
    """The module, class or function it was asked of, as the code or its definition calls it."""
    line: int
    """1-based."""
    column: int | None = None
    """1-based."""
    suggestions: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """One sentence."""
        if self.lack is Lack.MODULE:
            return f"there is no module `{self.symbol}`"
        if self.lack is Lack.PACKAGE:
            return f"the package `{self.symbol}` is neither installed nor declared"
        if self.lack is Lack.NAME:
            return f"`{self.symbol}` is defined nowhere"
        if self.lack is Lack.KEYWORD:
            return f"`{self.owner}` takes no keyword `{self.symbol}`"
        return f"`{self.owner}` has no `{self.symbol}`"

    def failure(self, path: str) -> Failure:
        """As the gate would report it."""
        return Failure(
            check=CheckKind.BUILD,
            tool=TOOL,
            message=self.message,
            category=Category.HALLUCINATION,
            code=self.lack.value,
            file=path,
            line=self.line,
            column=self.column,
            symbol=self.symbol,
            why="looked up before the gate in the tree, the standard library and the installed packages",
            suggestions=self.suggestions,
        )
