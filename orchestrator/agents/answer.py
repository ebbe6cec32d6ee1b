"""Reading the executor's answer: search/replace blocks, directives, and what is wrong with them (contract).

One pass over the lines, whatever they are; no text makes it raise. The markers of a block decide where it ends, so
fences inside a block are content. Deliberate limits: unified diffs and whole files without markers are refused by
name, and a block whose text itself holds marker lines has to use longer markers (each the length of its opener).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from orchestrator.agents import headings, placeholders
from orchestrator.agents.paths import normalise
from orchestrator.domain.edit import Create, Delete, Edit, EditFault, Rename, Replace

MAX_FAULTS = 20
"""Faults told of one answer; what comes after them is rarely read."""

_SEARCH = re.compile(r"[ \t]{0,12}(<{5,40}) ?SEARCH\b[ \t:]*(.*)", re.IGNORECASE)
_CLOSER = re.compile(r"[ \t]{0,12}(>{5,40}) ?(?:REPLACE|UPDATED)\b[ \t`]*", re.IGNORECASE)
_FENCE = re.compile(r"[ \t]{0,12}(`{3,}|~{3,})[ \t]*(.*)")
_DIRECTIVE = re.compile(r"\s{0,3}(?:[-*] )?[`*]{0,3}(DELETE|RENAME|NEED|CONFLICT)\b[`*]{0,3}(:?)\s+(\S.*)")
_ARROW = re.compile(r"\s+(?:->|→|=>)\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """``NEED path: why``: the executor must change a file the ADR does not name (decision 23)."""

    path: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedAnswer:
    """What an answer asks for. ``edits`` are to be used only where ``faults`` is empty."""

    edits: tuple[Edit, ...]
    needs: tuple[Need, ...] = ()
    conflict: str = ""
    """``CONFLICT: why``: the executor says the ADR cannot be followed (L13)."""
    faults: tuple[EditFault, ...] = ()
    truncated: bool = False
    """The answer ends inside a block."""


def parse(text: str) -> ParsedAnswer:
    """Read an answer. Never raises; linear in the length of the text."""
    reader = _Reader()
    for line in text.split("\n"):
        reader.feed(line.removesuffix("\r"))
    return reader.finish()


@dataclass(slots=True)
class _Block:
    """A block being read."""

    path: str | None
    width: int
    lines: list[str] = field(default_factory=list)
    dividers: list[int] = field(default_factory=list)
    """Indexes in ``lines`` of marker lines as long as the opener."""
    loose: list[int] = field(default_factory=list)
    """Indexes of divider lines of another length, used where there is no exact one."""


@dataclass(slots=True)
class _Fence:
    """A fence being read outside blocks."""

    mark: str
    path: str | None
    """The path line right above it."""
    blocks: int = 0
    directives: int = 0
    others: int = 0


@dataclass(slots=True)
class _Reader:
    """The state of one pass."""

    edits: list[Edit] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    conflict: str = ""
    faults: list[EditFault] = field(default_factory=list)
    block: _Block | None = None
    fence: _Fence | None = None
    path: str | None = None
    """The path of the blocks that follow."""
    above: str = ""
    """The last line that is not blank."""

    def feed(self, line: str) -> None:
        """Take the next line, without its ending."""
        if self.block is not None:
            self._in_block(self.block, line)
            return
        head = line.lstrip()[:1]
        if head == "<" and (match := _SEARCH.fullmatch(line)):
            self._open_block(len(match[1]), match[2])
        elif head in {"`", "~"} and (match := _FENCE.fullmatch(line)) and self._fence_line(match[1], match[2].strip()):
            pass
        elif head and self.fence is not None:
            self._in_fence(self.fence, line)
        elif head:
            self._prose(line)

    def finish(self) -> ParsedAnswer:
        """End of the text."""
        truncated = self.block is not None
        if self.block is not None:
            self._fault(self.block.path, "truncated", "the answer ends inside this block: no REPLACE marker closes it")
        elif self.fence is not None:
            self._close_fence(self.fence)
        return ParsedAnswer(
            edits=tuple(self.edits),
            needs=tuple(self.needs),
            conflict=self.conflict,
            faults=tuple(self.faults[:MAX_FAULTS]),
            truncated=truncated,
        )

    def _fault(self, path: str | None, reason: str, detail: str) -> None:
        self.faults.append(EditFault(path=path or "?", reason=reason, detail=detail))

    def _prose(self, line: str) -> None:
        """A line outside blocks and fences: a directive, a path, or talk."""
        if (match := _DIRECTIVE.fullmatch(line)) and self._directive(match[1], match[3], colon=bool(match[2])):
            self.above = ""
            return
        self.above = line
        if path := headings.own_line(line):
            self.path = path

    def _directive(self, word: str, rest: str, *, colon: bool) -> bool:
        """Take a directive; ``False`` where the line only looks like one (prose in capitals)."""
        rest = rest.strip()
        if word == "CONFLICT":
            self.conflict = self.conflict or (rest if colon else "")
            return colon
        if word == "NEED":
            need, _, why = rest.partition(": ")
            path = headings.bare(need.removesuffix(":"))
            if path:
                self.needs.append(Need(path=normalise(path), why=why.strip(" `*")))
            return bool(path)
        paths = [headings.bare(end) for end in (_ARROW.split(rest) if word == "RENAME" else [rest])]
        if not all(paths) or len(paths) != (2 if word == "RENAME" else 1):
            return False
        ends = [normalise(path) for path in paths]
        self.edits.append(Rename(path=ends[0], target=ends[1]) if word == "RENAME" else Delete(path=ends[0]))
        return True

    def _fence_line(self, mark: str, info: str) -> bool:
        """Open or close a fence; ``False`` where the line is neither."""
        fence = self.fence
        if fence is not None and not info and mark.startswith(fence.mark):
            self._close_fence(fence)
            return True
        if "`" in info and mark[0] == "`":
            return False  # inline code, not a fence
        if fence is not None and len(mark) >= len(fence.mark) and not fence.blocks:
            return False  # a fence line inside a fence that shows something
        path = headings.adjacent(self.above) or headings.in_fence_info(info)
        if path:
            self.path = path
        self.fence = _Fence(mark=mark, path=path)
        self.above = ""
        return True

    def _in_fence(self, fence: _Fence, line: str) -> None:
        if not _FENCE.fullmatch(line):
            self.above = line
        if _DIRECTIVE.fullmatch(line):
            fence.directives += 1
        else:
            fence.others += 1

    def _close_fence(self, fence: _Fence) -> None:
        self.fence = None
        self.above = ""
        if fence.blocks:
            return
        if fence.directives and not fence.others:
            self._fault(
                None, "fenced", "DELETE, RENAME, NEED and CONFLICT lines stand outside fences; write them again"
            )
        elif fence.path and fence.others:
            detail = (
                "the fence holds no <<<<<<< SEARCH ... ======= ... >>>>>>> REPLACE block; whole files and diffs are "
                "not read (an empty SEARCH creates a file)"
            )
            self._fault(fence.path, "no block", detail)

    def _open_block(self, width: int, rest: str) -> None:
        """A SEARCH marker; ``rest`` is what stands behind it."""
        named = headings.own_line(rest) if rest else None
        path = named or (headings.adjacent(self.above) if self.above else None) or self.path
        self.path = path
        if self.fence is not None:
            self.fence.blocks += 1
        self.block = _Block(path=path, width=width)

    def _in_block(self, block: _Block, line: str) -> None:
        head = line.lstrip()[:1]
        if head == "=":
            stripped = line.strip()
            if stripped.strip("=") == "" and len(stripped) >= 5:  # noqa: PLR2004  # the shortest marker
                (block.dividers if len(stripped) == block.width else block.loose).append(len(block.lines))
        elif head == ">" and (match := _CLOSER.fullmatch(line)) and len(match[1]) == block.width:
            self._close_block(block)
            return
        elif head == "<" and (match := _SEARCH.fullmatch(line)) and len(match[1]) == block.width:
            self._fault(block.path, "malformed", "a SEARCH marker stands inside a block that no REPLACE marker closed")
            self.block = None
            self._open_block(len(match[1]), match[2])
            return
        block.lines.append(line)

    def _close_block(self, block: _Block) -> None:
        self.block = None
        self.above = ""
        dividers = block.dividers or block.loose
        if not block.path:
            self._fault(None, "no path", "no line with the file's path stands above this block")
        elif not dividers:
            self._fault(block.path, "malformed", "the block has no ======= line between SEARCH and REPLACE")
        elif len(dividers) > 1:
            wide = block.width + 2
            detail = (
                "the block holds several ======= lines; write its three markers longer than any such line: "
                f"{'<' * wide} SEARCH, {'=' * wide}, {'>' * wide} REPLACE"
            )
            self._fault(block.path, "malformed", detail)
        else:
            cut = dividers[0]
            self._take(normalise(block.path), block.lines[:cut], block.lines[cut + 1 :])

    def _take(self, path: str, search: Sequence[str], replace: Sequence[str]) -> None:
        """A complete block."""
        if line := placeholders.found(search, replace):
            detail = f"the line {line.strip()[:120]!r} stands for text left out; write every line that is to be there"
            self._fault(path, "placeholder", detail)
        elif any(line.strip() for line in search):
            self.edits.append(Replace(path=path, search="\n".join(search), replace="\n".join(replace)))
        else:
            self.edits.append(Create(path=path, content="".join(line + "\n" for line in replace)))
