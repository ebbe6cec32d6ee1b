"""When credentials end, as far as they say so themselves: tokens that carry their end, files of command line agents.

Values are looked at for their date and go nowhere. No ``.env`` is ever opened: such files are found by name alone.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_ENDS = frozenset({"expiresat", "expires_at", "expires", "expiry", "expiration", "exp", "token_expiry"})
_LARGEST = 1_000_000
"""Bytes of a file that is looked into."""
_DEEPEST = 4
_FILES = 50
_MILLISECONDS_FROM = 10**11
"""A number of seconds this large would lie in the year 5138: it is milliseconds."""
_HARMLESS = (".example", ".sample", ".template", ".dist", ".defaults", ".schema")
_SKIPPED = frozenset({"node_modules", ".git", ".venv", "venv", "site-packages", ".tox", "vendor"})
_JWT_PARTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """A credential that says when it ends."""

    name: str
    """The variable, or the file; never the value."""
    at: datetime


def token_expiry(name: str, value: str) -> Expiry | None:
    """The end of a JSON web token (its ``exp``); ``None`` where the value is none, or says nothing."""
    parts = value.strip().removeprefix("Bearer ").split(".")
    if len(parts) != _JWT_PARTS:
        return None
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, binascii.Error, RecursionError):
        return None
    at = _moment(claims.get("exp")) if isinstance(claims, dict) else None
    return Expiry(name=name, at=at) if at else None


def file_expiries(folders: Sequence[Path]) -> Iterator[Expiry]:
    """Ends that JSON files directly below those folders name, the last of each file: others are renewed from it."""
    for folder in folders:
        try:
            files = sorted(path for path in folder.glob("*.json") if path.is_file())[:_FILES]
            hidden = sorted(path for path in folder.glob(".*.json") if path.is_file())[:_FILES]
        except OSError:
            continue
        for path in dict.fromkeys((*files, *hidden)):
            if at := _end_in(path):
                yield Expiry(name=str(path), at=at)


def _end_in(path: Path) -> datetime | None:
    try:
        if path.stat().st_size > _LARGEST:
            return None
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return max(_ends(document, 0), default=None)


def _ends(document: Any, depth: int) -> Iterator[datetime]:
    if depth > _DEEPEST or not isinstance(document, Mapping):
        return
    for key, value in document.items():
        at = _moment(value) if str(key).lower().replace("-", "_") in _ENDS else None
        if at:
            yield at
        yield from _ends(value, depth + 1)


def _moment(value: Any) -> datetime | None:
    """Seconds or milliseconds since 1970, or ISO 8601."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return datetime.fromtimestamp(value / 1000 if value > _MILLISECONDS_FROM else value, UTC)
        if isinstance(value, str):
            at = datetime.fromisoformat(value)
            return at if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def key_files(root: Path, depth: int = 3) -> tuple[str, ...]:
    """Files named like ``.env`` below the folder, by name alone: not one is opened. Examples are none."""
    found: list[str] = []
    for folder, folders, names in os.walk(root):
        here = Path(folder).relative_to(root)
        folders[:] = sorted(name for name in folders if name not in _SKIPPED) if len(here.parts) < depth else []
        found += [
            (here / name).as_posix()
            for name in sorted(names)
            if (name in {".env", ".envrc"} or name.startswith(".env.")) and not name.endswith(_HARMLESS)
        ]
    return tuple(found)
