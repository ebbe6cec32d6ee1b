"""A test that disagrees with itself keeps no branch from landing; one that is broken does."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.small import FEW_PLUGINS
from tests.landing.site import Job, Site, night

TEST = """\
from pathlib import Path

PLACE = Path({place!r})


def test_sometimes():
    flake = PLACE / "flake"
    if flake.exists():
        flake.unlink()
        raise AssertionError("this time not")


def test_always():
    assert not ((PLACE / "broken").exists() and Path("left.txt").exists() and Path("right.txt").exists())


def test_of_late():
    assert not (PLACE / "shaken").exists()
"""


def morning(folder: Path) -> Site:
    project = {
        "pyproject.toml": "[tool.pytest.ini_options]\n",
        "tests/test_moods.py": TEST.format(place=str(folder)),
    }
    jobs = {"left": Job({"left.txt": "left\n"}), "right": Job({"right.txt": "right\n"})}
    return night(folder, jobs, project, f"{{lint: '', build: '', test: {FEW_PLUGINS} python -m pytest -q}}")


def test_flaky_tests_are_asked_again_and_what_the_merge_breaks_stops_it(
    tmp_path: Path,
) -> None:
    site = morning(tmp_path / "place")
    (site.place.folder / "broken").touch()
    code, steps = site.steps("left", "right", "--sandbox", "none")
    assert (code, steps["right"]["how"]) == (1, "stopped")
    assert "test_always" in steps["right"]["why"]
    (site.place.folder / "broken").unlink()
    (site.place.folder / "flake").touch()
    (site.place.folder / "shaken").touch()
    code, steps = site.steps("right", "--sandbox", "none")
    assert (code, steps["right"]["certified"]) == (0, "gated")
    assert not (site.place.folder / "flake").exists(), "the control: it failed the first time"
    notes = " ".join(site.certificate(site.tree())["notes"])
    assert "failed and passed on this tree: tests/test_moods.py::test_sometimes" in notes
    assert "passed and failed on the tree before: tests/test_moods.py::test_of_late" in notes
