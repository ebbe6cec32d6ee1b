"""A hypothesis machine over whole nights: processes die at a point or at a time, a tail is torn, a second one wants the
same repository, hours pass; and at the end of it all everything is as if nothing had happened."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.chaos.campaign import Death, Mortals, Scenario, Theatre, Verdict, _judge, _next_command
from tests.chaos.mortal import Fate
from tests.chaos.night import STATES, Scene, Variant, copy_of

KILLED, REFUSED = -9, 6
_WRONG = frozenset({3, 999})
"""A fault of our own, a process that hangs."""


class Night(RuleBasedStateMachine):
    """One night on a small repository."""

    theatre: ClassVar[Theatre]
    lives: ClassVar[int] = 0
    """Processes that lived, of all examples."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="night-"))
        self.over = False
        self.reached = 0  # how far it has come, in the order in which an undisturbed night passes its points

    @initialize(tasks=st.integers(1, 2), state=st.sampled_from(STATES))
    def evening(self, tasks: int, state: str) -> None:
        self.variant = Variant(tasks=tasks, lanes=tasks, state=state, quick=True)
        self.peace = self.theatre.peace(self.variant)
        self.scene: Scene = copy_of(self.peace.template, self.folder / "scene")

    def _live(self, death: Death) -> int:
        argv = _next_command(self.scene)
        code, _ = self.theatre._idle[0].live(self.scene, argv, death, span=self.peace.seconds)
        return self._lived(f"{argv[0]} {death}", code)

    def _lived(self, what: str, code: int) -> int:
        type(self).lives += 1
        note(f"{what}: {code}")
        assert code not in _WRONG, (self.scene.folder / "out.log").read_text()[-2000:]
        self.over = self.over or code in {0, 2}
        return code

    @precondition(lambda self: not self.over)
    @rule(place=st.floats(0, 1, exclude_max=True), power=st.booleans())
    def step(self, place: float, power: bool) -> None:
        """Up to a named point that lies ahead or is passed in every life, and dead there; or the power is gone."""
        points = list(self.peace.points)
        ahead = [point for number, point in enumerate(points) if number >= self.reached or "journal." not in point]
        point = ahead[int(place**2 * len(ahead))]
        if self._live(Death(fate=Fate(die_at=point, power=power))) == KILLED:
            self.reached = max(self.reached, points.index(point))

    @precondition(lambda self: not self.over)
    @rule(kind=st.sampled_from(("write", "short", "fsync", "rename", "create")), nth=st.integers(1, 60))
    def starve(self, kind: str, nth: int) -> None:
        """A call of the system fails once."""
        self._live(Death(fate=Fate(fails=kind, fails_nth=nth)))

    @precondition(lambda self: self.over)
    @rule()
    def look(self) -> None:
        """What is over is looked at, and stays as it is."""
        code, _ = self.theatre._idle[0].live(self.scene, ["status", "--state", str(self.scene.state)], Death())
        assert code == 0

    @precondition(lambda self: not self.over)
    @rule(after=st.floats(0.02, 0.9))
    def kill(self, after: float) -> None:
        """Dead at some time."""
        self._live(Death(after=after))

    @rule(length=st.integers(1, 90))
    def cut(self, length: int) -> None:
        """A line was half written when the process died."""
        for journal in self.scene.journals()[-1:] if not self.over else ():
            with journal.open("ab") as file:
                file.write(
                    b'{"seq":99999,"prev":"00000000","at":"2026-11-21T02:36:00.000+00:00","type":"note","x'[:length]
                )

    @precondition(lambda self: not self.over)
    @rule(after=st.floats(0.1, 0.8))
    def second_process(self, after: float) -> None:
        """Two at once: one of them works, and the other is refused or comes after it."""
        if not self._begun():
            return  # two nights that begin at once are two nights
        deaths = (Death(after=after), Death())
        with ThreadPoolExecutor(len(deaths)) as pool:
            codes = [code for code, _ in pool.map(self._beside, self.theatre._idle, deaths)]
        for death, code in zip(deaths, codes, strict=True):
            self._lived(f"resume beside another {death}", code)
        assert set(codes) <= {0, 2, KILLED, REFUSED}, codes

    def _beside(self, mortals: Mortals, death: Death) -> tuple[int, float]:
        return mortals.live(self.scene, self.scene.resume(), death, span=self.peace.seconds)

    def _begun(self) -> bool:
        return bool(self.scene.journals()) and _next_command(self.scene)[0] == "resume"

    def teardown(self) -> None:
        try:
            if hasattr(self, "scene"):
                self._morning()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _morning(self) -> None:
        code = self._live(Death())
        if code not in {0, 2}:
            code = self._live(Death())  # what a failing disk paused may want one more word
        assert code in {0, 2}, code
        if code:
            report = ["report", "--state", str(self.scene.state)]
            self.theatre._idle[0].live(self.scene, report, Death())
        verdict = Verdict(scenario=Scenario(family="machine", name="night", variant=self.variant))
        _judge(self.scene, verdict, self.peace)
        assert verdict.faults == []


@contextmanager
def nights() -> Iterator[type[Night]]:
    """The machine, with a theatre of its own to play in."""
    with tempfile.TemporaryDirectory(prefix="nights-") as folder, Theatre(Path(folder), 2) as theatre:
        Night.theatre = theatre
        yield Night
