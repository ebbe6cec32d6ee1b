"""Golden files: compared byte for byte; ``ORCHESTRATE_GOLDEN=write`` writes them anew, to be read before a commit."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def check_golden(name: str, text: str) -> None:
    """Fail where the text differs from the file of that name."""
    path = FOLDER / name
    if os.environ.get("ORCHESTRATE_GOLDEN") == "write":
        path.write_bytes(text.encode("utf-8"))
    assert text == path.read_bytes().decode("utf-8"), f"{name} differs; if that is meant: ORCHESTRATE_GOLDEN=write"
