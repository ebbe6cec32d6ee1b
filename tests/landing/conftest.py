"""One night, run once, put back for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.landing.site import Job, Site, again, night

SHARED = ["one", "two", "three", "four", "five", "six", "seven"]


def shared(**lines: str) -> dict[str, str]:
    """``shared.txt`` with some of its lines changed."""
    return {"shared.txt": "".join(f"{lines.get(line, line)}\n" for line in SHARED)}


JOBS = {
    "top": Job(shared(one="ONE")),
    "bottom": Job(shared(seven="SEVEN")),
    "rival": Job(shared(one="Uno")),
    "left": Job({"left.txt": "left\n"}),
    "right": Job({"right.txt": "right\n"}),
    "chain": Job(shared(one="ONE", two="TWO"), after=("top",)),
    "folder": Job({"new/deep/a.txt": "a\n", "new/deep/b.txt": "b\n", "docs/guide.md": "A better guide.\n"}),
}


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Path]:
    """The place after its night, and a copy of it."""
    folder = tmp_path_factory.mktemp("landing")
    site = night(folder / "place", JOBS)
    shutil.copytree(folder / "place", folder / "kept", symlinks=True)
    return site, folder / "kept"


@pytest.fixture
def site(kept: tuple[Site, Path]) -> Site:
    """The place as the night left it."""
    again(*kept)
    return kept[0]
