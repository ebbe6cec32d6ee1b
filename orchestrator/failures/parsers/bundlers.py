"""webpack (5), vite and rollup (2-8), esbuild (0.17-0.25), and node itself when a script dies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import FINDINGS_CAP, LINE_CAP, lines_after, lines_with, number, posix
from orchestrator.failures.parsers.js_errors import read_error

HINTS = (
    "[ERROR] ",
    "ERROR in ",
    "Module not found",
    "failed to resolve",
    "is not exported by",
    "Node.js v",
    "Require stack",
    "Could not resolve",
    "RollupError",
    "[vite]",
    "error during build",
    "ERR_MODULE_NOT_FOUND",
    "MODULE_NOT_FOUND",
    "Transform failed",
    "SyntaxError: ",
    "\n    at ",
)

_ESBUILD = re.compile(r"(?:✘ |X )?\[ERROR\] (.*)$")
_ESBUILD_PLACE = re.compile(r"\s+(\S.{0,300}?):(\d+):(\d+):$")
_WEBPACK_IN = re.compile(r"ERROR in (\./|\.\./)?(\S+)(?: (\d+):(\d+))?")
_WEBPACK_EXPORT = re.compile(r"export '([^']{1,200})' \(.{1,300}?\) was not found in '([^']{1,300})'")
_ROLLUP_EXPORT = re.compile(r"\"([^\"]{1,200})\" is not exported by \"([^\"]{1,300})\"")
_ESBUILD_EXPORT = re.compile(r"No matching export in \"([^\"]{1,300})\" for import \"([^\"]{1,200})\"")
_ROLLUP_RESOLVE = re.compile(r"Rollup failed to resolve import \"([^\"]{1,300})\" from \"([^\"]{1,300})\"")
_ROLLUP_UNRESOLVED = re.compile(
    r"(?:\[!\] )?(?:\(plugin [^)]{1,100}\) )?(?:RollupError: )?"
    r"Could not resolve \"([^\"]{1,300})\" from \"([^\"]{1,300})\""
)
_NODE_ERROR = re.compile(r"(?:Uncaught )?(\w{0,100}(?:Error|Exception))(?: \[\w+\])?: (.*)$")
_BEFORE_ERROR = re.compile(r"^(?:✖ ERROR: |✘ |Exception during run: |\[[\w-]{1,40}\] |Failed to load PostCSS config: )")
"""What mocha, webpack-cli, tsx and others print before the error they die of."""
_LAUNCHER = ("Command failed", "spawnSync ")
"""A script that only starts another program (esbuild's own, biome's), of which it dies."""
_NODE_FRAME = re.compile(r"\s+at (?:.{0,300}? \()?(?:file://)?((?:[A-Za-z]:)?[^\s():][^():\n]{0,400}):(\d+):(\d+)\)?$")


def parse(text: str) -> tuple[Finding, ...]:
    """What stopped a build or a script."""
    return tuple(
        [*_esbuild(text), *_webpack(text), *_rollup(text), *_unresolved(text), *(list(_config(text)) or _node(text))][
            :FINDINGS_CAP
        ]
    )


def _esbuild(text: str) -> Iterator[Finding]:
    for start, line in lines_with(text, "[ERROR] "):
        match = _ESBUILD.match(line.strip())
        if match is None or ".java" in line:
            continue
        message = match[1]
        frames = (_ESBUILD_PLACE.match(following) for following in lines_after(text, start, 3))
        place = next((frame for frame in frames if frame), None)
        if place is None and not message.startswith("Could not resolve"):
            continue
        found = _message("esbuild", message)
        yield _at(found, place[1] if place else None, place[2] if place else None)


def _message(tool: str, message: str) -> Finding:
    for pattern, order in ((_ESBUILD_EXPORT, (2, 1)), (_ROLLUP_EXPORT, (1, 2)), (_WEBPACK_EXPORT, (1, 2))):
        if match := pattern.search(message):
            return Finding(
                tool=tool, kind=Kind.MISSING_EXPORT, message=message, symbol=match[order[0]], owner=match[order[1]]
            )
    found = read_error(tool, "Error", message)
    return found if found.kind is not Kind.RAISED else Finding(tool=tool, kind=Kind.SYNTAX, message=message)


def _at(found: Finding, file: str | None, line: str | None) -> Finding:
    return replace(found, file=posix(file) if file else None, line=number(line))


def _webpack(text: str) -> Iterator[Finding]:
    for start, line in lines_with(text, "ERROR in "):
        match = _WEBPACK_IN.match(line.strip())
        if match is None:
            continue
        for following in lines_after(text, start, 3):
            stripped = following.strip()
            if "Module not found" in stripped or "was not found in" in stripped:
                yield _at(_message("webpack", stripped), match[2], match[3])
                break
            if stripped.startswith("Module parse failed") or "SyntaxError" in stripped:
                yield Finding(
                    tool="webpack", kind=Kind.SYNTAX, message=stripped, file=posix(match[2]), line=number(match[3])
                )
                break


def _rollup(text: str) -> Iterator[Finding]:
    for _, line in lines_with(text, " is not exported by "):
        if match := _ROLLUP_EXPORT.search(line):
            yield Finding(
                tool="rollup", kind=Kind.MISSING_EXPORT, message=line.strip(), symbol=match[1], owner=match[2]
            )
            break
    for _, line in lines_with(text, "failed to resolve import"):
        if match := _ROLLUP_RESOLVE.search(line):
            yield Finding(
                tool="rollup",
                kind=Kind.MISSING_MODULE,
                message=line.strip(),
                symbol=match[1],
                owner=match[2],
                file=posix(match[2]),
            )
            break


def _unresolved(text: str) -> Iterator[Finding]:
    """rollup's own words, which vite repeats after ``error during build:``."""
    for _, line in lines_with(text, "Could not resolve "):
        if match := _ROLLUP_UNRESOLVED.match(line.strip()):
            yield Finding(
                tool="rollup",
                kind=Kind.MISSING_MODULE,
                message=line.strip(),
                symbol=match[1],
                owner=match[2],
                file=posix(match[2]),
            )
            return


_CONFIG_FILE = re.compile(
    r"(?:^|[\s(/\\])(?:[\w-]+\.)*(?:config|workspace)\.[mc]?[jt]s\b|[/\\]\.\w+rc(?:\.[mc]?js(?:on)?)?\b"
)
_CONFIG_LOADER = re.compile(
    r"\b(?:readConfig\w*|loadConfig\w*|requireOrImportModule|loadFlatConfigFile|loadESLintConfig\w*|loadFromFile"
    r"|importConfig\w*|parseConfig\w*|readInitialOptions|loadRc)\b|^Oops! Something went wrong"
)
_CRASH = re.compile(r"(?:✘ |failed to load config .{0,200})?(?:\w+: )?(SyntaxError)(?: \[\w+\])?: (.*)$")
_CRASH_LINES = 14


def _config(text: str) -> Iterator[Finding]:
    """A tool that dies of the syntax of its own configuration (eslint 8-10, jest 27-30, mocha, vite): its loader stands
    in the stack, or the file before the error.
    """
    for start, line in lines_with(text, "SyntaxError"):
        match = _CRASH.match(line.strip())
        if match is None:
            continue
        around = [*text[max(0, start - 400) : start].split("\n")[-6:], *lines_after(text, start, _CRASH_LINES)]
        if any(_CONFIG_FILE.search(part) or _CONFIG_LOADER.search(part) for part in around):
            yield Finding(tool="node", kind=Kind.BROKEN_CONFIG, code="SyntaxError", message=line.strip())
        return


_SHOWN = re.compile(r"(?:Exception during run: )?(?:file://)?((?:[A-Za-z]:)?[^\s:][^:\n]{0,400}\.[cm]?[jt]sx?):(\d+)$")
_SHOWN_LINES = 6


def _shown_above(text: str, start: int) -> re.Match[str] | None:
    """The place node prints above a syntax error: no frame of the stack is in a file that does not parse."""
    above = text[max(0, start - 4 * LINE_CAP) : start].split("\n")[-_SHOWN_LINES:]
    return next((found for line in reversed(above) if (found := _SHOWN.match(line.strip()[:LINE_CAP]))), None)


def _node(text: str) -> Iterator[Finding]:
    """A node script that died by an uncaught error: the error before the ``Node.js vNN`` line, or before its require
    stack.
    """
    ends = [
        text.rfind("\nNode.js v"),
        text.rfind("\n# Node.js v"),
        text.rfind("code: 'MODULE_NOT_FOUND'"),
        text.rfind("code: 'ERR_"),
    ]
    last = max(ends)
    if last == -1 and "\n    at " not in text:
        return
    head = text[max(0, last - 20_000) : last] if last != -1 else text
    head = head.replace("\n# ", "\n").removeprefix("# ")
    for start, line in lines_with(head, "Error"):
        match = _NODE_ERROR.match(_BEFORE_ERROR.sub("", line.strip()))
        if match and match[2].startswith(_LAUNCHER):
            return  # what the program it ran said stands above
        stack = list(lines_after(head, start, 30))
        if match and (last != -1 or any(part.startswith("    at ") for part in stack[:_CRASH_LINES])):
            frames = (_NODE_FRAME.match(following) for following in stack)
            place = next(
                (
                    frame
                    for frame in frames
                    if frame and "node_modules/" not in frame[1] and not frame[1].startswith("node:")
                ),
                None,
            )
            place = (match[1] == "SyntaxError" and _shown_above(head, start)) or place
            yield _at(read_error("node", match[1], match[2]), place[1] if place else None, place[2] if place else None)
            return
