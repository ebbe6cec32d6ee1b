"""Comments that silence a tool, net of those a change takes away. Pure; patterns are linear.

Each row names the tool whose documentation defines the comment. A comment counts once for each code it names, so that
moving code with its comments adds none, and widening one does.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from orchestrator.ports import DiffLine

Reader = Callable[[str], str | None]

_PYTHON = (".py", ".pyi")
_SCRIPT = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".vue", ".svelte")
_CODES = r"([A-Za-z0-9_@/\-]{1,80}(?:[ \t]*,[ \t]*[A-Za-z0-9_@/\-]{1,80}){0,30})"
_IN_PYTHON = (
    ("noqa", re.compile(rf"\bnoqa\b(?::[ \t]*{_CODES})?", re.IGNORECASE)),  # flake8, ruff
    ("type: ignore", re.compile(rf"\btype:[ \t]*ignore(?:\[{_CODES}\])?")),  # PEP 484, mypy
    ("pyright: ignore", re.compile(rf"\bpyright:[ \t]*(?:ignore(?:\[{_CODES}\])?|basic|off)")),  # pyright
    ("pyright: option", re.compile(r"^#[ \t]*pyright:[ \t]*(\w{1,60}[ \t]*=[ \t]*\w{1,20})")),
    ("ignore", re.compile(rf"^#[ \t]*(?:ty|pyrefly|pyre|zuban):[ \t]*ignore(?:\[{_CODES}\])?")),  # ty, pyrefly
    ("pyre-ignore", re.compile(r"\bpyre-(?:ignore|fixme|unsafe)\b")),  # pyre
    ("pytype: disable", re.compile(rf"\bpytype:[ \t]*(?:disable[ \t]*=[ \t]*{_CODES}|skip-file)")),  # pytype
    ("mypy: option", re.compile(rf"^#[ \t]*mypy:[ \t]*{_CODES}")),  # mypy, inline configuration
    ("pylint: disable", re.compile(rf"\bpylint:[ \t]*(?:disable|disable-next|skip-file)(?:[ \t]*=[ \t]*{_CODES})?")),
    ("nosec", re.compile(rf"\bnosec\b(?:[ \t]+{_CODES})?")),  # bandit
    ("pragma: no cover", re.compile(r"\bpragma:[ \t]*no[ \t]?(?:cover|branch)\b", re.IGNORECASE)),  # coverage.py
    ("isort: skip", re.compile(r"\bisort:[ \t]*(?:skip|skip_file|off)\b")),
    ("fmt: off", re.compile(r"\b(?:fmt|yapf|autopep8):[ \t]*(?:off|skip|disable)\b")),  # black, ruff format, yapf
    ("nopep8", re.compile(r"\bnopep8\b")),  # pycodestyle
)
_IN_SCRIPT = (
    ("eslint-disable", re.compile(rf"\b(?:eslint|oxlint)-disable(?:-next-line|-line)?\b(?:[ \t]+{_CODES})?")),
    ("eslint off", re.compile(r"^/\*[ \t]*eslint[ \t]+[^*]{0,2000}?[:\[][ \t]*[\"']?(?:0|1|off|warn)\b")),  # inline
    ("eslint names", re.compile(r"^/\*[ \t]*(globals?|exported|eslint-env)[ \t]+\w")),  # names it shall take for known
    ("@ts-ignore", re.compile(r"@ts-(?:ignore|expect-error|nocheck)\b")),  # TypeScript
    ("biome-ignore", re.compile(rf"\bbiome-ignore(?:-all|-start)?[ \t]+{_CODES}")),
    ("prettier-ignore", re.compile(r"\bprettier-ignore(?:-start)?\b|^/\*\*?[\s*]{0,20}@(?:noprettier|noformat)\b")),
    ("deno-lint-ignore", re.compile(rf"\bdeno-lint-ignore(?:-file)?\b(?:[ \t]+{_CODES})?")),
    ("disable", re.compile(rf"\b(?:tslint:|stylelint-)disable(?:-next-line|-line)?\b:?(?:[ \t]+{_CODES})?")),
    ("istanbul ignore", re.compile(r"\bistanbul[ \t]+ignore\b")),  # istanbul, nyc, jest
    ("c8 ignore", re.compile(r"\bc8[ \t]+ignore\b")),
    ("v8 ignore", re.compile(r"\bv8[ \t]+ignore\b")),  # vitest
    ("node:coverage", re.compile(r"\bnode:coverage[ \t]+(?:ignore|disable)\b")),  # node's own runner
)
_IN_OTHERS: tuple[tuple[tuple[str, ...], str, re.Pattern[str]], ...] = (
    ((".go",), "nolint", re.compile(r"//[ \t]*nolint\b(?::[\w,-]{1,200})?")),  # golangci-lint
    (
        (".go",),
        "generated",
        re.compile(r"^// Code generated .{0,200} DO NOT EDIT\.$", re.MULTILINE),
    ),  # passed over by it
    ((".rs",), "allow", re.compile(r"#!?\[(?:allow|expect)\([^)]{1,300}\)")),  # rustc, clippy
    (
        (".java", ".kt", ".scala"),
        "@Suppress",
        re.compile(r"@Suppress(?:Warnings|FBWarnings)?\b[^\n]{0,200}|\bNOSONAR\b|//[ \t]*NOPMD\b"),
    ),
    (
        (".c", ".h", ".cc", ".cpp", ".hpp", ".m"),
        "NOLINT",
        re.compile(r"\bNOLINT(?:NEXTLINE|BEGIN)?\b|#[ \t]*pragma[ \t]+(?:GCC|clang)[ \t]+diagnostic[ \t]+ignored"),
    ),
    ((".cs",), "pragma warning", re.compile(r"#pragma[ \t]+warning[ \t]+disable|\[SuppressMessage\(")),
    ((".sh", ".bash"), "shellcheck", re.compile(r"#[ \t]*shellcheck[ \t]+disable=[\w,]{1,200}")),
    ((".rb",), "rubocop:disable", re.compile(r"#[ \t]*rubocop:(?:disable|todo)\b[^\n]{0,200}|:nocov:")),
    (
        (".php",),
        "phpstan-ignore",
        re.compile(r"@phpstan-ignore[\w-]{0,20}|phpcs:(?:ignore|disable)|@codeCoverageIgnore\w{0,10}"),
    ),
    ((".swift",), "swiftlint:disable", re.compile(r"swiftlint:disable\b[^\n]{0,200}")),
    (
        (".vue", ".svelte", ".html"),
        "eslint-disable",
        re.compile(r"<!--[ \t]*(?:eslint-disable|svelte-ignore|prettier-ignore)\b"),
    ),
)
"""Of other ecosystems, by file name: in the whole text, since what stands in their strings is rarely one."""
_OPENS = re.compile(r"[\"'`]|//|/\*")
_CLOSES = {
    '"': re.compile(r"(?:[^\"\\\n]|\\.)*+(?:\"|$)?", re.DOTALL | re.MULTILINE),
    "'": re.compile(r"(?:[^'\\\n]|\\.)*+(?:'|$)?", re.DOTALL | re.MULTILINE),
    "`": re.compile(r"(?:[^`\\]|\\.)*+`?", re.DOTALL),
}
"""From behind an opening quote to its end; a string that does not end takes the rest of its line, a template all."""
_LONGEST_LINE = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """One comment that silences one tool or code."""

    path: str
    line: int
    """1-based."""
    what: str
    """``noqa F401``, ``@ts-ignore``, ``pragma: no cover``."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def suppressions_in(path: str, text: str) -> tuple[Suppression, ...]:
    """Every one of a source file; none in files of other kinds, nor in strings."""
    if path.endswith(_PYTHON):
        return tuple(_found(path, _python_comments(text), _IN_PYTHON))
    in_script = tuple(_found(path, _script_comments(text), _IN_SCRIPT)) if path.endswith(_SCRIPT) else ()
    return (*in_script, *_in_others(path, text))


def _in_others(path: str, text: str) -> Iterator[Suppression]:
    for endings, name, pattern in _IN_OTHERS:
        if path.endswith(endings):
            for number, line in enumerate(text.split("\n"), 1):
                for _ in pattern.finditer(line[:_LONGEST_LINE]):
                    yield Suppression(path=path, line=number, what=name)


def added_suppressions(changes: Iterable[DiffLine], before: Reader, after: Reader) -> tuple[Suppression, ...]:
    """What a change adds in all, less what it removes: the last ones of each kind, by path and line."""
    old: Counter[str] = Counter()
    new: list[Suppression] = []
    for change in changes:
        had = suppressions_in(change.path, before(change.path) or "")
        has = suppressions_in(change.path, after(change.path) or "")
        in_both = Counter(one.what for one in had) & Counter(one.what for one in has)
        old.update(Counter(one.what for one in had) - in_both)
        new += _beyond(has, in_both)
    return tuple(_beyond(new, old))


def _beyond(found: Iterable[Suppression], known: Counter[str]) -> list[Suppression]:
    """Without as many of each kind as are known."""
    left = Counter(known)
    kept = []
    for one in found:
        if left[one.what] > 0:
            left[one.what] -= 1
        else:
            kept.append(one)
    return kept


def _found(
    path: str, comments: Iterable[tuple[int, str]], patterns: Iterable[tuple[str, re.Pattern[str]]]
) -> Iterator[Suppression]:
    patterns = tuple(patterns)
    for line, comment in comments:
        for name, pattern in patterns:
            for hit in pattern.finditer(comment[:_LONGEST_LINE]):
                codes = (hit.group(1) or "") if pattern.groups else ""
                for code in re.split(r"[ \t]*,[ \t]*", codes):
                    yield Suppression(path=path, line=line, what=f"{name} {code}".strip())


def _python_comments(text: str) -> Iterator[tuple[int, str]]:
    """Comments by line; of a file that does not tokenise, whatever stands behind a ``#``."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError, ValueError):
        for number, line in enumerate(text.split("\n"), 1):
            if "#" in line:
                yield number, line[line.index("#") :]
        return
    for token in tokens:
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _script_comments(text: str) -> Iterator[tuple[int, str]]:
    """Comments by line; strings are passed over. Light: a regular expression with a quote in it may hide what follows
    on its line."""
    at, counted, line = 0, 0, 1
    while (opened := _OPENS.search(text, at)) is not None:
        if (closes := _CLOSES.get(opened.group())) is not None:
            closed = closes.match(text, opened.end())
            at = max(closed.end() if closed else 0, opened.end())
            continue
        mark = "\n" if opened.group() == "//" else "*/"
        end = text.find(mark, opened.end())
        at = len(text) if end < 0 else end + len(mark)
        line += text.count("\n", counted, opened.start())
        counted = opened.start()
        for offset, piece in enumerate(text[opened.start() : at].rstrip("\n").split("\n")):
            yield line + offset, piece
