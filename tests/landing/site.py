"""A night over a small repository, told by recorded answers; its gate is a shell script: moments."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.ledger.journal import read_journal
from tests.e2e.nights import Ended, Place

HEAD = "---\norigin: hand-written\nreason: end\n---\n"
ACCEPT = "VERDICT: accept\nSUMMARY: It does what was asked.\nFINDINGS:\n\nINVARIANTS:\n"
CHECK = """\
#!/bin/sh
# Red where two halves stand together that do not agree.
test ! -e left.txt -o ! -e right.txt || { echo "left.txt:1: left and right do not agree"; exit 1; }
"""
PROJECT = {
    "check.sh": CHECK,
    "shared.txt": "one\ntwo\nthree\nfour\nfive\nsix\nseven\n",
    "README.md": "# Small\n",
    "docs/guide.md": "A guide.\n",
}
Files = Mapping[str, str]


@dataclass(frozen=True)
class Job:
    """A task of the night: the files it leaves (whole), and what it depends on."""

    files: Files
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Site:
    """A place with a night behind it."""

    place: Place

    @property
    def repo(self) -> Path:
        """The user's checkout."""
        return self.place.folder / "small"

    def git(self, *argv: str) -> str:
        """Plain git in it."""
        command = ["git", "-C", str(self.repo), *argv]
        ended = subprocess.run(command, check=False, capture_output=True, text=True, env=self.place.environment)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.rstrip("\n")

    @property
    def head(self) -> str:
        """Where main stands."""
        return self.git("rev-parse", "main")

    def tree(self, name: str = "HEAD") -> str:
        """A commit's tree."""
        return self.git("rev-parse", f"{name}^{{tree}}")

    def land(self, *argv: str, **variables: str) -> Ended:
        """``orchestrate land``."""
        return self.place.orchestrate("land", *argv, **variables)

    def steps(self, *argv: str) -> tuple[int, dict[str, dict[str, Any]]]:
        """``orchestrate land --json``: exit code, and task -> step."""
        ended = self.land(*argv, "--json")
        assert ended.out, ended.err
        return ended.code, {step["task"]: step for step in json.loads(ended.out)["steps"]}

    def branch(self, task: str) -> str:
        """A task's branch."""
        return f"orchestrate/{self.place.run_folder().name}/{task}"

    def record(self) -> list[dict[str, Any]]:
        """``land.jsonl``, verified."""
        return list(read_journal(self.place.run_folder() / "land.jsonl").entries)

    def certificate(self, tree: str) -> dict[str, Any]:
        """The certificate of a tree."""
        found: dict[str, Any] = json.loads((self.place.folder / "runs" / "certificates" / f"{tree}.json").read_text())
        return found

    def write(self, path: str, text: str) -> None:
        """Change the checkout, uncommitted."""
        target = self.repo / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def commit(self, message: str, **files: str) -> str:
        """The user's own commit."""
        for path, text in files.items():
            self.write(path.replace("__", "/").replace("_", "."), text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.head

    def status(self) -> str:
        """What is uncommitted."""
        return self.git("status", "--porcelain")


GATE = "{lint: sh check.sh, build: '', test: ''}"


def night(folder: Path, jobs: Mapping[str, Job], project: Files = PROJECT, gate: str = GATE) -> Site:
    """A repository, its tasks and answers, and the run over them; every task is delivered."""
    folder.mkdir(parents=True)
    repo, calls = folder / "small", folder / "calls"
    calls.mkdir()
    for path, text in project.items():
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        (repo / path).write_text(text)
    lines = ["version: 1", "repo: small", "setup: []", f"gate: {gate}", "tasks:"]
    for name, job in jobs.items():
        lines.append(f"  - {{id: {name}, title: Do {name}, depends_on: [{', '.join(job.after)}], scope: open}}")
        before = dict(project)
        for other in job.after:
            before |= jobs[other].files
        _answers(calls, name, job, before)
    (folder / "tasks.yaml").write_text("\n".join(lines) + "\n")
    (folder / "gitconfig").write_text("[user]\n\tname = Test\n\temail = test@example.invalid\n")
    place = Place(folder, folder / "tasks.yaml", {"GIT_CONFIG_GLOBAL": str(folder / "gitconfig")})
    site = Site(place)
    for argv in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "Start")):
        site.git(*argv)
    ended = place.orchestrate("run", str(place.tasks), "--models", f"replay:{calls}", "--sandbox", "none")
    assert ended.code == 0, ended.err + ended.out
    return site


def again(site: Site, kept: Path) -> None:
    """Put the place back to what was kept of it, at the very same path."""
    shutil.rmtree(site.place.folder)
    shutil.copytree(kept, site.place.folder, symlinks=True)


def _answers(calls: Path, name: str, job: Job, before: Files) -> None:
    listed = "\n".join(f"- {path} ({'modify' if path in before else 'create'}): as asked" for path in job.files)
    adr = (
        f"# Do {name}\n\nStatus: accepted\nDate: 2026-11-21\n\n## Context\n\nWanted.\n\n## Options\n\n- Do\n\n"
        f"## Decision\n\nDo it.\n\n## Rationale\n\nShort.\n\n## Files\n\n{listed}\n\n## Consequences\n\nNone.\n\n"
        "### Invariant Compliance\n\nNone.\n"
    )
    blocks = [
        f"{path}\n```\n<<<<<<< SEARCH\n{before.get(path, '')}=======\n{text}>>>>>>> REPLACE\n```\n"
        for path, text in job.files.items()
    ]
    (calls / f"{name}.plan.architect.1.1.md").write_text(HEAD + adr)
    (calls / f"{name}.build.executor.1.1.md").write_text(HEAD + "\n".join(blocks))
    (calls / f"{name}.deliver.reviewer.1.1.md").write_text(HEAD + ACCEPT)
