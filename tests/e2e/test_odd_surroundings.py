"""Nights in surroundings nobody chose: what comes of them is what comes of them anywhere (promises, 46, 47, 58, 67)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.domain.errors import ExitCode
from tests.e2e.nights import Place, wait_until
from tests.e2e.small import PROJECT, doubling, place_of
from tests.system import needs

ODD = (b"caf\xe9.txt", b"new\nline.txt", b"-rf", "\u00fc \u00f1.txt".encode())
GATE = "gate: {lint: 'true', build: none, test: none}\n"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The place before its night: names in no encoding, links in circles and out, a sparse giant."""
    place = place_of(tmp_path_factory.mktemp("odd") / "place", PROJECT, doubling(), gate=GATE)
    top = place.folder / "tally"
    for name in ODD:
        (top / os.fsdecode(name)).write_text("odd\n")
    for name, target in {"a": "b", "b": "a", "self": ".", "out": "/etc/passwd"}.items():
        (top / name).symlink_to(target)
    with (top / "giant.bin").open("wb") as giant:
        giant.truncate(40_000_000)
    place.git("add", "-A")
    place.git("commit", "-q", "-m", "Odd")
    return place


def copied(kept: Place, folder: Path) -> Place:
    shutil.copytree(kept.folder, folder, symlinks=True)
    return Place(folder, folder / "tasks.yaml", {"GIT_CONFIG_GLOBAL": str(folder / "gitconfig")})


def argv(place: Place, *prefix: str) -> list[str]:
    replay = f"replay:{place.folder / 'calls'}"
    command = [sys.executable, "-m", "orchestrator", "run", str(place.tasks), "--models", replay, "--sandbox", "none"]
    return [*prefix, *command]


def delivered(place: Place) -> str:
    """The delivered tree, and that it holds what was written beside what was there."""
    assert place.statuses() == {"double": "delivered"}
    (branch,) = place.git("for-each-ref", "--format=%(refname)", "refs/heads/orchestrate").split()
    changed = place.git("diff-tree", "-r", "-z", "--name-only", "main", branch)
    assert set(changed.strip("\0").split("\0")) == {"src/shop/doubled.py", "tests/test_doubled.py"}
    return place.git("rev-parse", f"{branch}^{{tree}}").strip()


def test_no_locale_no_terminal_a_strange_umask_a_full_output_and_ctrl_z(kept: Place, tmp_path: Path) -> None:
    place = copied(kept, tmp_path / "place")
    (place.folder / "tally" / "untracked-\udce9").write_text("mine\n")
    plain = {key: value for key, value in place.environment.items() if key != "LANG"}
    spoilt = {**plain, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TERM": "dumb"}
    shell = ["sh", "-c", 'umask 077; exec "$@" >/dev/full 2>/dev/full', "sh"]
    with subprocess.Popen(argv(place, *shell), cwd=place.folder, env=spoilt, stdin=subprocess.DEVNULL) as process:
        wait_until(lambda: list(place.folder.glob("runs/*/journal.jsonl")), 120)
        for number in (signal.SIGTSTP, signal.SIGCONT):
            process.send_signal(number)
        assert process.wait(300) == ExitCode.OK
    odd = delivered(place)
    place = copied(kept, tmp_path / "control")
    subprocess.run(argv(place), cwd=place.folder, env=place.environment, check=True, capture_output=True)
    assert delivered(place) == odd, "the same tree as in plain surroundings"


@needs("bwrap")
def test_a_clone_without_room_pauses_and_a_moved_folder_goes_on(kept: Place, tmp_path: Path) -> None:
    """The tool's own folder is a file system of 64 KB; then there is room, and the user has moved everything."""
    place = copied(kept, tmp_path / "place")
    cache = place.folder / "cache"
    cache.mkdir()
    small = ("bwrap", "--unshare-user", "--dev-bind", "/", "/", "--size", "65536", "--tmpfs", str(cache))
    ended = subprocess.run(
        argv(place, *small), cwd=place.folder, env=place.environment, check=False, capture_output=True, text=True
    )
    assert ended.returncode == ExitCode.PAUSED, ended.stderr
    assert "No space left on device" in ended.stderr
    assert "then: orchestrate resume" in ended.stderr

    (place.folder / "tally").rename(place.folder / "elsewhere")
    gone = place.orchestrate("resume")
    assert gone.code == ExitCode.USAGE
    assert "error[repository-moved]" in gone.err
    assert f"ln -s WHERE-IT-IS {place.folder / 'tally'}" in gone.err

    (place.folder / "elsewhere").rename(place.folder / "tally")
    moved = tmp_path / "moved"
    place.folder.rename(moved)
    there = Place(moved, moved / "tasks.yaml", {"GIT_CONFIG_GLOBAL": str(moved / "gitconfig")})
    resumed = there.orchestrate("resume", "--models", f"replay:{moved / 'calls'}")
    assert resumed.code == ExitCode.OK, resumed.err
    delivered(there)
