"""The nights that are played over and over: the bundled pilot, and the small night of the campaign that kills.

Each night has a fresh copy of its repository and a state folder of its own, always in the same place: so the tool's own
clone of it stays warm from night to night, as it does for a user, and nothing is installed twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.cli.pilot import prepare
from tests.chaos.night import Scene, Variant, make_template


@dataclass(frozen=True, slots=True)
class PilotScene(Scene):
    """The pilot's folder: ten tasks, every route a failure can take."""

    @property
    def repository(self) -> Path:
        """The user's checkout."""
        return self.folder / "tally"

    def run(self) -> list[str]:
        """The command of the night."""
        answers = f"replay:{self.folder / 'calls'}"
        return ["run", str(self.folder / "tasks.yaml"), "--models", answers, "--state", str(self.state)]


def make_pilot(folder: Path) -> Scene:
    """The pilot, with its user's work of the evening in the checkout."""
    prepare(folder)
    scene = PilotScene(folder, Variant(tasks=10, state="dirty"))
    (scene.repository / "README.md").write_text("thought better of\n")
    (scene.repository / "notes.txt").write_text("mine\n")
    (folder / "home").mkdir()
    (folder / "gitconfig").write_text("[user]\n\tname = Test\n\temail = test@example.invalid\n")
    return scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of night."""

    make: Callable[[Path], Scene]
    most_faults: int
    """Faults in one night, at most."""
    per_night: tuple[str, ...] = ()
    """Files that each night expects not to be there: names in the tool's own cache."""


KINDS = {
    "pilot": Kind(make=make_pilot, most_faults=3, per_night=("tally-backup-disk-cleaned",)),
    "small": Kind(make=lambda folder: make_template(folder, Variant(state="dirty")), most_faults=1),
}
