"""docs/first-night.md, command by command, as a user who has just come types it, and what it says is printed."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chaos.night import PROJECT, new_files
from tests.e2e.nights import TOOLS
from tests.e2e.small import ACCEPT, adr, created
from tests.fakes.loopback import Loopback, Reply, SeenRequest
from tests.system import needs

PAGE = Path(__file__).parents[2] / "docs" / "first-night.md"
UPSTREAM = "https://example.org/you/shop"
_VARYING = (
    (re.compile(r"\b\d{8}-\d{4}-shop\b"), "RUN"),
    (re.compile(r"\b[0-9a-f]{7,40}\b"), "HASH"),
    (re.compile(r"\b\d\d:\d\d(:\d\d)?\b"), "TIME"),
    (re.compile(r"\b[\d.]+ (s|min|min \d+ s)\b"), "LONG"),
    (re.compile(r"\$[\d.]+"), "MONEY"),
)


@dataclass(frozen=True)
class Shown:
    """A command of the page, and the lines that are printed below it."""

    command: str
    lines: tuple[str, ...]


def shown(page: str) -> Iterator[Shown]:
    """All of them, in the page's order; a here-document belongs to its command."""
    for block in re.findall(r"^```console\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, lines = part.split("\n")[0], part.split("\n")[1:]
            if "<<'EOF'" in command:
                end = lines.index("EOF")
                command, lines = "\n".join([command, *lines[: end + 1]]), lines[end + 1 :]
            yield Shown(command, tuple(line for line in lines if line.strip()))


def steady(line: str) -> str:
    """Without what differs from night to night."""
    for pattern, word in _VARYING:
        line = pattern.sub(word, line)
    return line.strip()


def answers() -> dict[str, str]:
    said = {}
    for name, body in {"double": "price * 2", "halve": "price // 2"}.items():
        files = new_files(name, body)
        said[f"{name}.plan.architect.1.1"] = adr(files)
        said[f"{name}.build.executor.1.1"] = created(files)
        said[f"{name}.deliver.reviewer.1.1"] = ACCEPT
    return said


def environment(home: Path, server: Loopback) -> dict[str, str]:
    """A fresh user's: a name for git, two keys, nothing else."""
    home.mkdir()
    (home / ".gitconfig").write_text(
        "[user]\n\tname = You\n\temail = you@example.org\n[init]\n\tdefaultBranch = main\n"
    )
    return {
        "PATH": f"{TOOLS}:{os.environ['PATH']}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "NO_PROXY": "127.0.0.1",
        "ANTHROPIC_API_KEY": "sk-test-first-night",
        "GEMINI_API_KEY": "test-first-night",
        "ANTHROPIC_BASE_URL": server.url,
        "GOOGLE_GEMINI_BASE_URL": server.url,
    }


def upstream(folder: Path, variables: dict[str, str]) -> None:
    """What the page clones."""
    for name, text in PROJECT.items():
        if name != "pyproject.toml":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
    for argv in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "Start")):
        subprocess.run(["git", *argv], cwd=folder, env=variables, check=True)


@needs("bwrap")
@pytest.mark.slow
def test_the_page_is_what_happens(tmp_path: Path) -> None:
    said = answers()

    def script(seen: SeenRequest) -> Reply:
        return Reply(text=said[seen.call_id])

    place = tmp_path / "empty"
    place.mkdir()
    with Loopback(script) as server:
        variables = environment(tmp_path / "home", server)
        upstream(tmp_path / "upstream", variables)
        for step in shown(PAGE.read_text(encoding="utf-8")):
            if step.command.startswith("cd "):
                place /= step.command.removeprefix("cd ")
                continue
            command = step.command.replace(UPSTREAM, str(tmp_path / "upstream"))
            ended = subprocess.run(
                ["sh", "-c", command], cwd=place, env=variables, check=False, capture_output=True, text=True
            )
            printed = [steady(line) for line in (ended.stdout + ended.stderr).splitlines()]
            assert ended.returncode == 0, (command, ended.stdout, ended.stderr)
            assert [line for line in step.lines if steady(line) not in printed] == [], (command, printed)
        assert server.problems == []
    log = subprocess.run(
        ["git", "log", "--oneline"], cwd=place, env=variables, check=True, capture_output=True, text=True
    )
    assert len(log.stdout.splitlines()) == 1  # undone


def test_the_page_shows_each_step_of_a_first_night() -> None:
    commands = " ".join(step.command for step in shown(PAGE.read_text(encoding="utf-8")))
    for words in ("init", "doctor", "plan", "run", "watch", "report", "land --plan", "land --all", "land --undo"):
        assert f"orchestrate {words}" in commands
