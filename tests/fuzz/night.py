"""A hypothesis machine over whole nights: processes die at a point or at a time, a tail is torn, a second one wants the
same repository, hours pass; and at the end of it all everything is as if nothing had happened."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.chaos.campaign import Death, Scenario, Theatre, Verdict, _judge, _next_command
from tests.chaos.mortal import Fate
from tests.chaos.night import Scene, Variant, copy_of

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

    @initialize(tasks=st.integers(1, 2))
    def evening(self, tasks: int) -> None:
        self.variant = Variant(tasks=tasks, lanes=tasks)
        self.peace = self.theatre.peace(self.variant)
        self.scene: Scene = copy_of(self.peace.template, self.folder / "scene")

    def _live(self, death: Death, *, worker: int = 0) -> int:
        argv = _next_command(self.scene)
        code, _ = self.theatre._idle[worker].live(self.scene, argv, death, span=self.peace.seconds)
        type(self).lives += 1
        note(f"{argv[0]} {death}: {code}")
        assert code not in _WRONG, (self.scene.folder / "out.log").read_text()[-2000:]
        self.over = self.over or code == 0
        return code

    @rule(place=st.floats(0, 1, exclude_max=True))
    def step(self, place: float) -> None:
        """Up to a named point, and dead there."""
        points = sorted(self.peace.points)
        self._live(Death(fate=Fate(die_at=points[int(place * len(points))])))

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

    @rule(after=st.floats(0.1, 0.8))
    def second_process(self, after: float) -> None:
        """Two at once: one of them works, and the other is refused or comes after it."""
        if not self._begun():
            return  # two nights that begin at once are two nights
        codes: list[int] = []
        first = threading.Thread(target=lambda: codes.append(self._live(Death(after=after))))
        first.start()
        codes.append(self._live(Death(), worker=1))
        first.join()
        assert set(codes) <= {0, 2, KILLED, REFUSED}, codes

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
