"""The executor's read-only look-ups: tracked files of one tree, nothing else, every answer bounded.

Arguments come from a model: whatever they are, the answer is text. A search pattern is no regular expression that
could run away: ``|`` parts alternatives and ``.*`` stands for anything within a line; the rest is literal, so matching
is linear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from orchestrator.agents.brief import TreeView
from orchestrator.agents.filetext import readable
from orchestrator.agents.paths import may_hold_secrets, normalise, path_fault
from orchestrator.domain.call import ToolCall, ToolResult, ToolSpec

MAX_RESULT = 12_000
"""Characters of one answer, about 3,000 tokens."""
MAX_LINES = 400
"""Lines of a file told at once."""
MAX_LINE = 300
"""Characters told of one line."""
MAX_HITS = 40
MAX_FILES = 200
MAX_SCANNED = 32_000_000
"""Bytes one search looks through."""
MAX_FILE = 2_000_000
"""Larger files are not searched."""
MAX_PATTERN = 200

_PATH = {"type": "string", "description": "repository-relative"}
SPECS = (
    ToolSpec(
        name="read_file",
        description=f"Lines of a tracked file; at most {MAX_LINES} at once.",
        parameters={
            "type": "object",
            "properties": {
                "path": _PATH,
                "start": {"type": "integer", "description": "first line, from 1"},
                "end": {"type": "integer", "description": "last line"},
            },
            "required": ["path"],
        },
    ),
    ToolSpec(
        name="search",
        description="Lines that hold a text. `|` parts alternatives, `.*` is anything; the rest is literal.",
        parameters={
            "type": "object",
            "properties": {
                "text": {"type": "string"},
                "path": {"type": "string", "description": "folder or glob to search in; default: everywhere"},
            },
            "required": ["text"],
        },
    ),
    ToolSpec(
        name="list_files",
        description="Tracked files below a folder or matching a glob.",
        parameters={"type": "object", "properties": {"path": {"type": "string", "description": "default: all"}}},
    ),
    ToolSpec(
        name="find_symbol",
        description="Where a class, function, method, type or constant is defined.",
        parameters={"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
    ),
)
_KINDS = (
    r"(?:async[ \t]+)?def|class|(?:async[ \t]+)?function\*?|const|let|var|type|interface|enum|namespace|module|struct"
    r"|trait|fn|func|impl|macro_rules!|object|record|union"
)


class Lookups:
    """Answers look-ups over one tree."""

    specs = SPECS

    def __init__(self, view: TreeView) -> None:
        self._view = view
        self._known: frozenset[str] | None = None
        self._tools: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
            "read_file": self._read_file,
            "search": self._search,
            "list_files": self._list_files,
            "find_symbol": self._find_symbol,
        }

    def answer(self, call: ToolCall) -> ToolResult:
        """The look-up's answer, or what is wrong with it, as text. Never raises for what the model asked."""
        tool = self._tools.get(call.name)
        if tool is None:
            content = f"error: there is no look-up {call.name[:60]!r}; there are {', '.join(self._tools)}"
        else:
            content = tool(call.arguments)
        if len(content) > MAX_RESULT:
            content = content[:MAX_RESULT].rsplit("\n", 1)[0] + "\n[cut: ask for less]"
        return ToolResult(id=call.id, name=call.name, content=content)

    def _read_file(self, arguments: Mapping[str, Any]) -> str:
        path = _text(arguments, "path")
        if path is None:
            return "error: read_file needs `path`, a text"
        path = normalise(path)
        if path not in self._files():
            why = path_fault(path)
            near = [known for known in self._view.files() if known.rsplit("/", 1)[-1] == path.rsplit("/", 1)[-1]][:3]
            hint = f"; there is {', '.join(near)}" if near else ""
            return f"error: {path[:200]!r} is no tracked file{f' ({why})' if why else ''}{hint}"
        if may_hold_secrets(path):
            return f"error: {path} may hold secrets and is not shown"
        text = self._shown(path)
        if text is None:
            return f"error: {path} is binary or a link"
        lines = text.split("\n")
        if lines[-1] == "":
            lines.pop()
        start = max(1, _number(arguments, "start", 1))
        end = min(len(lines), _number(arguments, "end", len(lines)), start + MAX_LINES - 1)
        if start > len(lines):
            return f"{path} has {len(lines)} lines" if lines else f"{path} is empty"
        if end < start:
            return f"error: no lines from {start} to {end}; {path} has {len(lines)} lines"
        body = "\n".join(lines[start - 1 : end])
        if len(body) > MAX_RESULT - 300:
            kept = body[: MAX_RESULT - 300].rsplit("\n", 1)[0]
            end = start + kept.count("\n")
            body = kept
        return f"{path}, lines {start}-{end} of {len(lines)}:\n{body}"

    def _search(self, arguments: Mapping[str, Any]) -> str:
        pattern = _text(arguments, "text") or _text(arguments, "pattern")
        if not pattern or len(pattern) > MAX_PATTERN:
            return f"error: search needs `text`, 1 to {MAX_PATTERN} characters"
        test = _matcher(pattern)
        if test is None:
            return "error: the text to search for is empty"
        scope = _text(arguments, "path") or ""
        hits = list(_first(self._hits(test, scope), MAX_HITS + 1))
        if not hits:
            return "no line holds it" + (f" below {scope[:100]!r}" if scope else "")
        more = "\n[more lines hold it; narrow the search]" if len(hits) > MAX_HITS else ""
        return "\n".join(hits[:MAX_HITS]) + more

    def _list_files(self, arguments: Mapping[str, Any]) -> str:
        scope = _text(arguments, "path") or ""
        found = [path for path in self._view.files() if _within(path, scope)]
        if not found:
            return f"no tracked file below or matching {scope[:100]!r}"
        more = f"\n[and {len(found) - MAX_FILES} more]" if len(found) > MAX_FILES else ""
        return "\n".join(found[:MAX_FILES]) + more

    def _find_symbol(self, arguments: Mapping[str, Any]) -> str:
        name = _text(arguments, "name") or ""
        name = re.split(r"[.#:]+", name.strip().removesuffix("()"))[-1]
        if not re.fullmatch(r"[\w$]{1,100}", name):
            return "error: find_symbol needs `name`, one identifier"
        definition = _definition(name)

        def test(line: str) -> bool:
            return name in line and definition.search(line[:1000]) is not None

        hits = list(_first(self._hits(test, ""), MAX_HITS))
        return "\n".join(hits) if hits else f"{name} is not defined in a tracked file"

    def _hits(self, test: Callable[[str], bool], scope: str) -> Iterator[str]:
        """Lines that pass, as ``path:line: text``, up to the bytes a search may look through."""
        scanned = 0
        for path in self._view.files():
            if not _within(path, scope) or may_hold_secrets(path):
                continue
            content = self._view.read(path)
            if content is None or len(content) > MAX_FILE or b"\0" in content[:1024]:
                continue
            scanned += len(content)
            if scanned > MAX_SCANNED:
                yield "[the search ended here: too much to look through; narrow it]"
                return
            for number, line in enumerate((readable(content) or "").split("\n"), 1):
                if test(line):
                    yield f"{path}:{number}: {line.strip()[:MAX_LINE]}"

    def _files(self) -> frozenset[str]:
        if self._known is None:
            self._known = frozenset(self._view.files())
        return self._known

    def _shown(self, path: str) -> str | None:
        content = self._view.read(path)
        return None if content is None else readable(content)


def _definition(name: str) -> re.Pattern[str]:
    """Lines that define the name: by a keyword, or as a method, member or constant at a line's beginning."""
    word = re.escape(name)
    modifiers = r"(?:(?:export|public|private|protected|static|async|readonly|final)[ \t]+){0,4}"
    return re.compile(
        rf"(?:^|[ \t(])(?:{_KINDS})[ \t]+{word}(?![\w$])"
        rf"|^[ \t]{{0,16}}{modifiers}{word}[ \t]{{0,4}}(?:=(?!=)|:|\()"
    )


def _text(arguments: Mapping[str, Any], name: str) -> str | None:
    value = arguments.get(name)
    return value if isinstance(value, str) and value else None


def _number(arguments: Mapping[str, Any], name: str, default: int) -> int:
    """A line number; models send them as texts and floats too."""
    value = arguments.get(name)
    if isinstance(value, bool) or value is None:
        return default
    try:
        return max(-(2**31), min(2**31, int(value)))
    except (TypeError, ValueError, OverflowError):
        return default


def _within(path: str, scope: str) -> bool:
    """Below the folder, the file itself, or matching the glob."""
    scope = normalise(scope[:500]).rstrip("/")
    if scope in {"", "."}:
        return True
    if "*" in scope or "?" in scope:
        if scope.count("*") > 6:  # noqa: PLR2004  # more stars only slow the match
            return False
        return fnmatchcase(path, scope) or fnmatchcase(path, scope.replace("**/", ""))
    return path == scope or path.startswith(scope + "/")


def _matcher(pattern: str) -> Callable[[str], bool] | None:
    """A test for lines: any alternative, its pieces one after the other."""
    plain = re.sub(r"\\([^\w\s])", r"\1", pattern)  # an escaped \( is meant as (
    choices = [[piece for piece in choice.split(".*") if piece] for choice in (*plain.split("|"), plain)]
    choices = [pieces for pieces in choices if pieces]
    if not choices:
        return None

    def test(line: str) -> bool:
        return any(_in_order(pieces, line) for pieces in choices)

    return test


def _in_order(pieces: list[str], line: str) -> bool:
    at = 0
    for piece in pieces:
        at = line.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True


def _first(hits: Iterator[str], count: int) -> Iterator[str]:
    for _, hit in zip(range(count), hits, strict=False):
        yield hit
