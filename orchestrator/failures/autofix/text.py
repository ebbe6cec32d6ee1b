"""A source file as text that can be edited by lines and written back with its own line ends, BOM and odd bytes."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.domain.edit import FileChange

_BOM = "\ufeff"


@dataclass(slots=True)
class SourceText:
    """Lines without their ends. Bytes that are no UTF-8 survive (``surrogateescape``)."""

    path: str
    lines: list[str]
    newline: str
    final_newline: bool
    bom: bool
    executable: bool = False
    changed: bool = False

    @classmethod
    def of(cls, path: str, data: bytes, *, executable: bool = False) -> SourceText:
        """Read it."""
        text = data.decode("utf-8", "surrogateescape")
        bom = text.startswith(_BOM)
        text = text.removeprefix(_BOM)
        newline = "\r\n" if "\r\n" in text else "\n"
        final = text.endswith("\n")
        lines = text.split(newline)
        if final:
            lines.pop()
        return cls(path, lines, newline, final, bom, executable)

    @property
    def text(self) -> str:
        """All lines joined by ``\\n``: what parsers read."""
        return "\n".join(self.lines) + ("\n" if self.final_newline else "")

    def line(self, number: int | None) -> str | None:
        """The 1-based line, if it is there."""
        return self.lines[number - 1] if number and 0 < number <= len(self.lines) else None

    def replace(self, number: int, text: str | None) -> None:
        """Put that text in place of a line; ``None`` takes the line out."""
        self.changed = True
        if text is None:
            del self.lines[number - 1]
        else:
            self.lines[number - 1] = text

    def insert(self, before: int, text: str) -> None:
        """Put a line before the 1-based line; one past the last appends."""
        self.changed = True
        self.lines.insert(before - 1, text)

    def change(self) -> FileChange:
        """The file as it shall be."""
        text = self.newline.join(self.lines) + (self.newline if self.final_newline and self.lines else "")
        content = ((_BOM if self.bom else "") + text).encode("utf-8", "surrogateescape")
        return FileChange(path=self.path, content=content, executable=self.executable)
