"""A page of docs/ that a script makes: written anew, or held against what it would be."""

from __future__ import annotations

import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent


def write_or_check(page: str, made: str, *, by: str) -> int:
    """The script's exit code. With ``--check`` nothing is written, and 1 says that ``docs/PAGE`` is stale.

    ``by``: the script's name, for the message.
    """
    target = TOP / "docs" / page
    if "--check" not in sys.argv[1:]:
        target.write_text(made, encoding="utf-8")
        return 0
    if target.exists() and target.read_text(encoding="utf-8") == made:
        return 0
    print(f"docs/{page} is stale: scripts/{by} writes it anew", file=sys.stderr)
    return 1
