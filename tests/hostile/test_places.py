"""Places that fill up, go away or may not be written to (promises, 54, 58, 59). The file systems are made inside
bubblewrap, so that root meets them as everybody else does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.domain.errors import ExitCode, JournalWriteError
from orchestrator.ledger.journal import Journal, read_journal
from tests.e2e.nights import Place
from tests.e2e.small import PROJECT, doubling, place_of
from tests.fakes import repositories as made
from tests.fakes.clock import FakeClock
from tests.hostile.attack import REPOSITORY
from tests.system import needs

WRAPPED = ("bwrap", "--unshare-user", "--dev-bind", "/", "/", "--die-with-parent")
FULL = """
import sys
from pathlib import Path
from orchestrator.adapters.clock import SystemClock
from orchestrator.domain.errors import JournalWriteError
from orchestrator.ledger.durable import write_whole
from orchestrator.ledger.journal import Journal, read_journal

place = Path(sys.argv[1])
(place / "ballast").write_bytes(b"x" * 16_000)
write_whole(place / "kept", b"as it was")
journal = Journal.create(place / "journal.jsonl", SystemClock())
written = 0
try:
    while True:
        journal.append("note", sync=True, text="y" * 3000)
        written += 1
except JournalWriteError as error:
    print(error.message)
for _ in range(2):
    try:
        journal.append("note")
    except JournalWriteError:
        print("refused")
journal.close()
try:
    write_whole(place / "kept", b"z" * 40_000)
except OSError as error:
    print((place / "kept").read_text(), len(read_journal(journal.path).entries) == written > 5)
    print(error.filename == str(place / "kept"), sorted(path.name for path in place.iterdir()))
(place / "ballast").unlink()
on = Journal.reopen(journal.path, SystemClock())
on.append("note", sync=True, text="room again")
on.close()
print(len(read_journal(journal.path).entries) - written)
"""


@needs("bwrap")
def test_a_full_file_system_ends_the_journal_and_loses_nothing(tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    argv = [*WRAPPED, "--size", "65536", "--tmpfs", str(place), sys.executable, "-c", FULL, str(place)]
    done = subprocess.run(argv, cwd=REPOSITORY, env=_environment(), capture_output=True, text=True, check=False)
    said = done.stdout.splitlines()
    assert "could not be written" in said[0], done.stderr
    whole = "True ['ballast', 'journal.jsonl', 'kept']"
    assert said[1:] == ["refused", "refused", "as it was True", whole, "1"], "nothing half written stays"


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])}


def _removed(folder: Path) -> None:
    (folder / "journal.jsonl").unlink()
    folder.rmdir()


def _moved(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


def _replaced(folder: Path) -> None:
    (folder / "journal.jsonl").rename(folder / "old")
    (folder / "journal.jsonl").touch()


@pytest.mark.parametrize("gone", [_removed, _moved, _replaced])
def test_a_journal_whose_folder_is_gone_takes_nothing_more(tmp_path: Path, gone: Callable[[Path], None]) -> None:
    """Written on, it would vanish with its last descriptor, and every answer bought since with it."""
    folder = tmp_path / "run"
    journal = Journal.create(folder / "journal.jsonl", FakeClock())
    journal.append("note", sync=True, text="there")
    gone(folder)
    with pytest.raises(JournalWriteError, match="gone from its place") as error:
        journal.append("call:intent", sync=True, call="x")
    assert "put the run's folder back" in error.value.hint
    with pytest.raises(JournalWriteError, match="gone from its place"):
        journal.append("note")
    journal.close()
    left = Journal.create(tmp_path / "other.jsonl", FakeClock())
    left.append("note")
    left.close()
    assert len(read_journal(left.path).entries) == 1, "the control: left alone it takes entries"


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return place_of(tmp_path_factory.mktemp("places") / "night", PROJECT, doubling())


def _run(place: Place, *prefix: str, state: Path) -> subprocess.CompletedProcess[str]:
    argv = [*prefix, sys.executable, "-m", "orchestrator", "run", str(place.tasks), "--sandbox", "none"]
    argv += ["--models", f"replay:{place.folder / 'calls'}", "--state", str(state)]
    return subprocess.run(argv, cwd=place.folder, env=place.environment, capture_output=True, text=True, check=False)


@needs("bwrap")
def test_a_read_only_state_folder_is_named_and_nothing_is_asked(night: Place, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    done = _run(night, *WRAPPED, "--ro-bind", str(state), str(state), state=state)
    assert done.returncode == ExitCode.REFUSED, done.stderr
    assert f"error[state-folder]: {state}" in done.stderr
    assert "hint: choose another place" in done.stderr


@needs("bwrap")
def test_a_read_only_repository_is_refused_before_anything_is_spent(night: Place, tmp_path: Path) -> None:
    tally = str(night.folder / "tally")
    done = _run(night, *WRAPPED, "--ro-bind", tally, tally, state=tmp_path / "state")
    assert done.returncode == ExitCode.REFUSED, done.stdout + done.stderr
    assert "error[repository-unwritable]" in done.stderr
    assert not list(tmp_path.glob("state/*/calls/*"))


@needs("bwrap")
def test_a_repository_that_became_read_only_pauses_and_takes_the_branch_later(tmp_path: Path) -> None:
    """The git work of a task, as after hours; then the same where nothing is read-only, the control."""
    repo = made.plain(tmp_path / "app")
    program = (
        "import sys\nfrom orchestrator.cli.door import tell\nfrom tests.adapters.git.test_crash import child\n"
        "try:\n    child(*sys.argv[1:])\nexcept Exception as error:\n    sys.exit(tell(error))\n"
    )
    argv = [sys.executable, "-c", program, str(repo.root), str(tmp_path / "cache"), "orchestrate/r/t"]
    locked = [*WRAPPED, "--ro-bind", str(repo.root), str(repo.root)]
    done = subprocess.run(
        [*locked, *argv], cwd=REPOSITORY, env=_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == ExitCode.PAUSED, done.stderr
    assert "error[repository-unwritable]" in done.stderr
    assert "orchestrate resume" in done.stderr
    subprocess.run(argv, cwd=REPOSITORY, env=_environment(), check=True)
    assert repo.git("log", "-1", "--format=%s", "orchestrate/r/t") == "Parts"


@needs("prlimit")
def test_too_few_descriptors_end_with_an_error_that_says_so(night: Place, tmp_path: Path) -> None:
    done = _run(night, "prlimit", "--nofile=12", state=tmp_path / "state")
    assert done.returncode not in {0, ExitCode.INTERNAL, 1}, done.stdout + done.stderr
    assert "error[" in done.stderr
    assert "hint: " in done.stderr
