"""Recognising the path above a block, in the dresses models give it."""

from __future__ import annotations

import re

MAX_LINE = 400
"""Longer lines are never paths."""

_FILE_WORD = re.compile(r"(?:file|path|filename|filepath)\s*[:=]\s*", re.IGNORECASE)
_COMMENT = re.compile(r"(?://|#|--|;|<!--|/\*)\s*")
_LIST_MARK = re.compile(r"(?:[-*+]|\d{1,3}[.)])\s+")
_HEADING_MARK = re.compile(r"#{1,6}\s+")
_TOKEN = re.compile(r"[^\s`*\"'<>|{},;!?]+")
_LINK = re.compile(r"!?\[[^\]]*\]\(")
_SPACED = re.compile(r"[^\s`*\"'<>|]+/[^`*\"'<>|]*\.\w{1,10}")
_CODE_SPAN = re.compile(r"`([^`]+)`")
_INFO_PATH = re.compile(r"(?:^|[\s:=\"'])([^\s:=\"'`{}]*[/.][^\s:=\"'`{}]+)")
_BARE_NAMES = frozenset(
    {"makefile", "dockerfile", "license", "readme", "changelog", "justfile", "procfile", "jenkinsfile"}
)


def own_line(line: str) -> str | None:
    """The path where the line is nothing but a path: plain, in backticks or bold, a heading, or ``File: path``."""
    return _whole(line, listed=False)


def adjacent(line: str) -> str | None:
    """The path a line right above a fence or block names: a list item, a comment, prose with one path in code too."""
    if path := _whole(line, listed=True):
        return path
    spans = [span for span in _CODE_SPAN.findall(line[:MAX_LINE]) if looks_like_path(span)]
    return spans[0] if len(spans) == 1 else None


def bare(text: str) -> str:
    """The path of a directive, undressed; empty where the text is talk. Blanks need backticks or a folder."""
    text = text.strip()
    if span := _CODE_SPAN.match(text):
        return span[1].strip()
    text = text.strip("`*\"' ").removesuffix(":")
    if len(text) > MAX_LINE or not (_TOKEN.fullmatch(text) or _SPACED.fullmatch(text)):
        return ""
    return text


def in_fence_info(info: str) -> str | None:
    """The path in a fence's info string: ``python src/a.py``, ``python:src/a.py``, ``ts title="src/a.ts"``."""
    match = _INFO_PATH.search(info[:MAX_LINE])
    if match is None or not looks_like_path(match[1]):
        return None
    return match[1]


def _whole(line: str, *, listed: bool) -> str | None:
    """The path where the undressed line is one."""
    if len(line) > MAX_LINE:
        return None
    text = line.strip()
    named = False
    if mark := _HEADING_MARK.match(text):
        text = text[mark.end() :]
    if listed and (mark := _LIST_MARK.match(text)):
        text = text[mark.end() :]
    if listed and (mark := _COMMENT.match(text)):
        text = text[mark.end() :].removesuffix("-->").removesuffix("*/").strip()
    text = text.strip("* ")
    if mark := _FILE_WORD.match(text):
        text, named = text[mark.end() :].strip("* "), True
    text = text.rstrip(":").strip("* ")
    if len(text) > 2 and text[0] == text[-1] == "`" and "`" not in text[1:-1]:  # noqa: PLR2004  # `x`
        return text[1:-1].strip() or None
    if looks_like_path(text) or (named and _TOKEN.fullmatch(text)):
        return text
    return None


def looks_like_path(text: str) -> bool:
    """One word with a folder or an extension, a well-known bare name, or a path with blanks in a folder."""
    if text.casefold() in _BARE_NAMES:
        return True
    if not _TOKEN.fullmatch(text):
        return _SPACED.fullmatch(text) is not None
    if text.startswith(("http://", "https://")) or text.strip("./") == "" or _LINK.match(text):
        return False
    name = text.rsplit("/", 1)[-1]
    return "/" in text or "\\" in text or re.search(r"\.\w{1,12}$", name) is not None or name.startswith(".")
