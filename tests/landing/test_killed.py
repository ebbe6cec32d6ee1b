"""Killed with -9 around every git command that writes to the user's repository: not visible afterwards, or complete."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.nights import Ended
from tests.landing.site import Site

SHIM = """\
#!/bin/sh
# git, but its parent is killed around the command {command}.
hit=no
for word in "$@"; do
  if [ "$word" = "{command}" ]; then hit=yes; fi
done
if [ $hit = yes ] && [ ! -e {folder}/killed ] && [ -e {record} ] && grep -q '"type":"{since}"' {record}; then
  touch {folder}/killed
  {action}
  kill -9 $PPID
  exit 1
fi
exec {git} "$@"
"""
ACTIONS = {
    "before": ":",
    "after": '{git} "$@" || exit 1',
    "half": "mkdir -p new/deep; printf 'A bet' > docs/guide.md; : > new/deep/a.txt; : > .git/index.orchestrate.lock",
}
POINTS = [
    ("status", "before"),
    ("pack-objects", "before"),
    ("pack-objects", "after"),
    ("update-index", "before"),
    ("update-index", "after"),
    ("read-tree", "before"),
    ("read-tree", "half"),
    ("read-tree", "after"),
    ("update-ref", "before"),
    ("update-ref", "after"),
]
SINCE = {"pack-objects": "land:started", "status": "land:certified"}
"""From which entry of the record on a command is meant; ``status`` runs while the index is held, before the intent."""


def killed(site: Site, command: str, moment: str, *argv: str, since: str = "land:intent") -> Ended:
    """``orchestrate land`` with a git that kills it."""
    git, folder = shutil.which("git"), site.place.folder / "shim"
    folder.mkdir(exist_ok=True)
    (folder / "killed").unlink(missing_ok=True)
    action = ACTIONS[moment].replace("{git}", str(git))
    action = f"cd {site.repo} && {action}" if moment == "half" else action
    record = site.place.run_folder() / "land.jsonl"
    text = SHIM.format(command=command, folder=folder, action=action, git=git, record=record, since=since)
    (folder / "git").write_text(text)
    (folder / "git").chmod(0o755)
    ended = site.land(*argv, PATH=f"{folder}:{site.place.environment['PATH']}")
    assert ended.code == -9, (ended.code, ended.err + ended.out)
    return ended


def mine(site: Site) -> str:
    """Uncommitted work in the checkout; its status."""
    site.write("README.md", "# mine\n")
    site.write("staged.txt", "staged\n")
    site.git("add", "staged.txt")
    site.write("loose.txt", "untracked\n")
    return site.status()


@pytest.mark.slow
@pytest.mark.parametrize(("command", "moment"), POINTS)
def test_a_killed_landing_is_not_visible_or_complete(site: Site, command: str, moment: str) -> None:
    before, status = site.head, mine(site)
    killed(site, command, moment, "folder", since=SINCE.get(command, "land:intent"))
    again = site.land("--plan", "folder")
    assert again.code == 0, again.err
    complete = (command, moment) == ("update-ref", "after")
    assert site.head == (site.git("rev-parse", site.branch("folder")) if complete else before)
    assert site.status() == status
    assert (site.repo / "new").exists() == complete
    assert (site.repo / "docs/guide.md").read_text() == ("A better guide.\n" if complete else "A guide.\n")
    assert not list((site.repo / ".git").glob("index.*"))
    if moment == "half":
        assert "taken back" in again.err
    code, steps = site.steps("folder", "top")
    assert code == 0
    assert steps["folder"]["how"] == ("already there" if complete else "fast-forward")
    assert site.status() == status
    assert site.land("--undo").code == 0
    assert site.land("--undo").code == (0 if complete else 2)
    assert (site.head, site.status()) == (before, status)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("command", ["read-tree", "update-ref"])
def test_a_killed_undo_is_not_visible_or_complete(site: Site, command: str, moment: str) -> None:
    before, status = site.head, mine(site)
    assert site.land("folder", "top").code == 0
    landed = site.head
    killed(site, command, moment, "--undo", since="undo:intent")
    complete = (command, moment) == ("update-ref", "after")
    again = site.land("--plan", "folder")
    assert "taking a landing back was cut short" in again.err
    assert site.head == (before if complete else landed)
    assert (site.repo / "new").exists() != complete
    assert site.status() == status
    assert site.land("--undo").code == (2 if complete else 0)
    assert (site.head, site.status()) == (before, status)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_mending_may_be_killed_as_well(site: Site, moment: str) -> None:
    before, status = site.head, mine(site)
    killed(site, "read-tree", "after", "folder")
    assert site.status() != status, "the control: without mending the killed landing shows"
    killed(site, "restore", moment, "--plan", "folder")
    assert site.land("--plan", "folder").code == 0
    assert (site.head, site.status()) == (before, status)


def test_what_was_written_since_is_not_written_over(site: Site) -> None:
    killed(site, "read-tree", "half", "folder")
    (site.repo / "docs/guide.md").write_text("My own words, since.\n")
    ended = site.land("--plan", "folder")
    assert ended.code == 6
    assert "docs/guide.md" in ended.err
    assert "new/deep/a.txt" not in ended.err
    assert (site.repo / "docs/guide.md").read_text() == "My own words, since.\n"
    command = next(line for line in ended.err.splitlines() if "checkout" in line).split("then: ")[1].split(", and")[0]
    (site.repo / ".git" / "index.lock").unlink(missing_ok=True)
    site.git(*command.split()[3:])
    assert site.land("folder").code == 0


def test_plain_git_is_told_and_another_state_folder_names_the_record(site: Site, tmp_path: Path) -> None:
    killed(site, "read-tree", "half", "folder")
    assert (site.repo / ".git" / "index.lock").read_text().startswith("orchestrate land\n")
    other = site.place.folder / "runs-2"
    shutil.copytree(site.place.folder / "runs", other)
    next(other.glob("*/land.jsonl")).unlink()
    ended = site.land("top", "--state", "runs-2")
    assert ended.code == 6
    assert "cut short" in ended.err
    assert f"--state {site.place.folder / 'runs'}" in ended.err
    assert site.land("--plan", "folder", "--state", str(site.place.folder / "runs")).code == 0
    assert site.land("top", "--state", "runs-2").code == 0
