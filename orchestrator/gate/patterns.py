"""Path patterns: ``fnmatch`` within a folder, ``**`` for any number of folders. Linear: no pattern can hang.

A pattern without a slash matches a name in any folder; one that ends in ``/``, or that names a folder, matches all
below it.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence


def matches(path: str, pattern: str) -> bool:
    """Whether a repository-relative path (POSIX slashes) is meant by the pattern. Case counts."""
    pattern = pattern.removeprefix("./")
    if pattern.endswith("/"):
        pattern += "**"
    if not pattern:
        return False
    wanted = pattern.removeprefix("/").split("/")
    if "/" not in pattern:
        wanted = ["**", pattern]
    return _matches(tuple(path.split("/")), tuple(wanted))


def matches_any(path: str, patterns: Iterable[str]) -> str | None:
    """The first pattern that means the path; ``None`` where none does."""
    return next((pattern for pattern in patterns if matches(path, pattern)), None)


def _matches(parts: Sequence[str], wanted: Sequence[str]) -> bool:
    """Positions in ``wanted`` reachable after each part; a pattern used up early names a folder above the path."""
    reachable = _skip_stars({0}, wanted)
    for part in parts:
        if len(wanted) in reachable:
            return True
        after = {at for at in reachable if wanted[at] == "**"}
        after |= {at + 1 for at in reachable if wanted[at] != "**" and fnmatch.fnmatchcase(part, wanted[at])}
        reachable = _skip_stars(after, wanted)
        if not reachable:
            return False
    last = len(wanted) - 1
    return len(wanted) in reachable and not (wanted[last] == "**" and len(parts) == last and last > 0)


def _skip_stars(places: set[int], wanted: Sequence[str]) -> set[int]:
    found = set(places)
    for place in sorted(places):
        at = place
        while at < len(wanted) and wanted[at] == "**":
            at += 1
            found.add(at)
    return found
