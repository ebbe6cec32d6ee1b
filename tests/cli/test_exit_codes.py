"""Row 68: every exit code of the contract, each by the command that ends with it.

130 and 143 need a process of their own: e2e/test_resume.py, e2e/test_process_life.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.adapters.lock import acquire, lock_file
from orchestrator.adapters.repository import cache_home
from orchestrator.cli import commands, main
from orchestrator.domain.errors import ExitCode
from tests.cli.run_folder import recorded
from tests.e2e.nights import Place
from tests.e2e.small import PROJECT, doubling, place_of
from tests.fakes.clock import FakeClock
from tests.reports.night import night

NO_GATE = "gate: {lint: none, build: none, test: none}\n"
ELSEWHERE = {ExitCode.INTERRUPTED, ExitCode.TERMINATED}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A task with its answers and without checks; this process stands in its folder, with no key."""
    made = place_of(tmp_path, PROJECT, doubling(), gate=NO_GATE)
    for name in ("ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return made


def run(*more: str) -> int:
    return main(["run", "tasks.yaml", "--models", "replay:calls", "--sandbox", "none", *more])


def every_task_delivered(_: Place) -> int:
    """And then nothing is left to answer: a hint for what is delivered is refused, not taken and dropped."""
    code = run()
    for wrong in (["--task", "double", "--hint", "x"], ["--task", "doubel", "--hint", "x"], []):
        assert main(["resume", *wrong]) == ExitCode.USAGE
    return code


def a_task_failed(place: Place) -> int:
    (place.folder / "calls" / "double.build.executor.1.1.md").unlink()
    return run()


def a_bad_file(place: Place) -> int:
    place.tasks.write_text("version: 1\nrepo: tally\nbase: nope\ntasks: [{id: a, title: x}]\n")
    assert main(["plan", "tasks.yaml"]) == ExitCode.USAGE, "a base that is not there is told before the night"
    place.tasks.write_text("version: 1\nrepo: tally\nbase: main\ntasks: [{id: a, title: x}]\n")
    assert main(["plan", "tasks.yaml"]) == ExitCode.OK
    place.tasks.write_text("version: 1\ntasks: []\n")
    return run()


def our_own_fault(place: Place) -> int:
    def broken(*_: object) -> int:
        raise ZeroDivisionError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "run", broken)
        return main(["status"])


def no_key(_: Place) -> int:
    return main(["run", "tasks.yaml", "--sandbox", "none"])


def the_cap_is_reached(_: Place) -> int:
    return run("--max-tokens", "1")


def somebody_else_works_on_it(place: Place) -> int:
    path = lock_file(cache_home(place.environment), place.folder / "tally" / ".git")
    with acquire(path, what="it", run="another", at=FakeClock().now()):
        return run()


def a_damaged_journal(place: Place) -> int:
    journal = recorded(place.folder / "runs", night()) / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"task:started"', b'"task:strated"', 1))
    return main(["status"])


DELIVERED = """\
error[nothing-to-resume]: --task double: it is delivered, and waits for no answer
hint: orchestrate report --open shows what was delivered, orchestrate land --plan what merges
error[usage]: --task doubel: """
CASES: dict[Callable[[Place], int], tuple[ExitCode, str]] = {
    every_task_delivered: (ExitCode.OK, DELIVERED),
    a_task_failed: (ExitCode.TASKS_OPEN, ""),
    a_bad_file: (ExitCode.USAGE, "tasks.yaml:2:"),
    our_own_fault: (ExitCode.INTERNAL, "error[internal]: ZeroDivisionError"),
    no_key: (ExitCode.PROVIDER, "error[provider-authentication]"),
    the_cap_is_reached: (ExitCode.PAUSED, "paused: the next call may use"),
    somebody_else_works_on_it: (ExitCode.REFUSED, "error[locked]"),
    a_damaged_journal: (ExitCode.JOURNAL, "error[journal-damaged]"),
}


@pytest.mark.parametrize("case", CASES)
def test_it_ends_with_its_own_code_and_says_why(
    place: Place, capfd: pytest.CaptureFixture[str], case: Callable[[Place], int]
) -> None:
    code, words = CASES[case]
    assert case(place) == code
    said = capfd.readouterr().err
    assert words in said
    assert code in (ExitCode.OK, ExitCode.TASKS_OPEN) or "hint: " in said


def test_none_is_left_out() -> None:
    assert {code for code, _ in CASES.values()} | ELSEWHERE == set(ExitCode)
