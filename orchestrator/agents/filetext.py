"""A file's bytes as text that can be edited and written back: encoding, byte order mark and line endings kept."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FileText:
    """A tracked file as the tree holds it."""

    content: bytes
    executable: bool = False
    link: bool = False
    """A symbolic link: never read through, never edited."""


class BinaryFileError(ValueError):
    """The bytes are no text in an encoding that can be edited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Text and what it takes to get its bytes back: ``mark + text.encode(encoding)`` are the bytes it came from."""

    text: str
    encoding: str
    """``utf-8``, ``utf-16-le``, ``utf-16-be`` or ``latin-1``."""
    mark: bytes = b""
    """The byte order mark."""


_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_WITH_FEEDS = re.compile(r"[^\n]*\n|[^\n]+")
_RETURNS_ONLY = re.compile(r"[^\r]*\r|[^\r]+")


def decode(content: bytes) -> Decoded:
    """Lossless text of a file's bytes.

    UTF-8, or UTF-16 by its mark, else Latin-1, which keeps every byte whatever the real encoding was. Bytes with NUL
    are binary: :class:`BinaryFileError`.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            try:
                return Decoded(text=content[len(mark) :].decode(encoding), encoding=encoding, mark=mark)
            except UnicodeDecodeError as error:
                raise BinaryFileError(f"its bytes are not the {encoding} its mark says") from error
    if b"\0" in content:
        raise BinaryFileError("it is a binary file")
    try:
        return Decoded(text=content.decode("utf-8"), encoding="utf-8")
    except UnicodeDecodeError:
        return Decoded(text=content.decode("latin-1"), encoding="latin-1")


def split(text: str) -> list[tuple[str, str]]:
    """Lines as (text, ending); joined again they are the text. A lone CR ends lines only where there is no LF."""
    pieces = (_WITH_FEEDS if "\n" in text or "\r" not in text else _RETURNS_ONLY).findall(text)
    lines = []
    for piece in pieces:
        ending = "\r\n" if piece.endswith("\r\n") else piece[-1] if piece[-1] in "\r\n" else ""
        lines.append((piece[: len(piece) - len(ending)], ending))
    return lines


def readable(content: bytes) -> str | None:
    """Text to be shown, ``None`` where it is binary. Endings become ``\\n``, so that it can be quoted back."""
    try:
        return decode(content).text.replace("\r\n", "\n").replace("\r", "\n")
    except BinaryFileError:
        return None
