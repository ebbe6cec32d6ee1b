"""Killed in the middle; and before it is gone on with, the tasks file, the configuration and the repository are others
(docs/promises.md, 50 and 53)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

from tests.e2e.nights import Place, wait_until
from tests.e2e.small import PROJECT, doubling, place_of


def _killed_before_its_commit(place: Place) -> None:
    journal = place.tasks.parent / "runs"
    arguments = ("run", str(place.tasks), "--models", f"replay:{place.folder / 'calls'}", "--sandbox", "none")
    with place.started(*arguments) as process:
        wait_until(lambda: any(b'"edits:applied"' in path.read_bytes() for path in journal.glob("*/journal.jsonl")))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_a_resume_works_on_what_the_run_began_with(tmp_path: Path) -> None:
    place = place_of(tmp_path / "night", PROJECT, doubling())
    began_on = place.git("rev-parse", "main").strip()
    _killed_before_its_commit(place)

    text = place.tasks.read_text()
    changed = text.replace("Double a price", "Another title").replace("python -m pytest -q", "false")
    place.tasks.write_text(changed + "  - {id: more, title: One more}\n")
    (place.folder / "orchestrate.yaml").write_text("loop: {lanes: 3}\n")
    # The user commits, rewrites, switches, deletes what the run began on, and collects garbage.
    place.git("commit", "-q", "--amend", "-m", "Rewritten")
    place.git("switch", "-q", "-c", "elsewhere")
    (place.folder / "tally" / "mine.txt").write_text("mine\n")
    place.git("add", "mine.txt")
    place.git("commit", "-q", "-m", "Mine")
    place.git("branch", "-q", "-D", "main")
    place.git("reflog", "expire", "--expire=now", "--all")
    place.git("gc", "-q", "--prune=now")
    gone = subprocess.run(["git", "-C", str(place.folder / "tally"), "cat-file", "-e", began_on], check=False)
    assert gone.returncode, "the control: the commit that the run began on is gone from the user's store"
    theirs = place.git("rev-parse", "HEAD").strip()

    ended = place.orchestrate("resume", "--state", str(place.tasks.parent / "runs"))
    assert ended.code == 0, ended.err + ended.out
    assert place.statuses() == {"double": "delivered"}
    assert place.summary()["tasks"][0]["title"] == "Double a price"
    branch = f"orchestrate/{place.run_folder().name}/double"
    assert place.git("rev-parse", f"{branch}~1").strip() == began_on
    assert place.git("rev-parse", "HEAD").strip() == theirs
    assert place.git("status", "--porcelain") == ""
    place.git("fsck", "--strict", "--no-dangling")

    planned = place.orchestrate("plan", str(place.tasks), "--json")
    titles = [task["title"] for task in json.loads(planned.out)["tasks"]]
    assert titles == ["Another title", "One more"], "the control: begun anew, it is the changed file that counts"
