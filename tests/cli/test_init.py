"""``orchestrate init``: what it writes, what it says of the gate, and that it leaves all else as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli import main
from orchestrator.intake import load_batch
from tests.fakes.repositories import Repo, unborn
from tests.system import needs

PASSES = (
    "import unittest\n\n\nclass Sum(unittest.TestCase):\n    def test_sum(self):\n        self.assertEqual(1 + 1, 2)\n"
)
FILES = {
    "shop/__init__.py": "",
    "shop/price.py": "# TODO: reject prices below zero\ndef total(p):\n    return sum(p)\n",
    "tests/__init__.py": "",
    "tests/test_price.py": PASSES,
}
WRITTEN = {"orchestrate.yaml", "tasks.yaml"}


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    made = unborn(tmp_path / "tally")
    write(made.root, FILES)
    monkeypatch.chdir(made.root)
    return made


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def commit(repo: Repo) -> None:
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "Start")


def init(capsys: pytest.CaptureFixture[str], *more: str, code: int = 0) -> dict[str, Any]:
    ended = main(["init", "--json", "--sandbox", "none", *more])
    captured = capsys.readouterr()
    assert ended == code, captured.err
    found: dict[str, Any] = json.loads(captured.out)
    return found


@needs("git")
def test_the_first_files_and_what_the_gate_says_of_the_base(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    commit(repo)
    found = init(capsys)
    assert {row["path"]: row["what"] for row in found["files"]} == dict.fromkeys(sorted(WRITTEN), "wrote")
    assert (found["base"]["state"], found["base"]["tests"], found["attempts"]) == ("green", 1, 1)
    assert found["gate"][-1]["command"].endswith("-m unittest discover -v")  # measured where coverage is installed
    assert (found["languages"], found["todo_comments"], found["drafts"]) == ({"Python": 4}, 1, None)
    assert repo.git("status", "--porcelain").splitlines() == ["?? orchestrate.yaml", "?? tasks.yaml"]
    tasks = repo.root / "tasks.yaml"
    assert [task.id for task in load_batch(tasks).tasks] == ["replace-this"]
    schema = tasks.read_text().splitlines()[0].partition("$schema=")[2]
    assert json.loads((repo.root / schema).read_text())["title"] == "tasks.yaml"
    assert main(["plan", "tasks.yaml"]) == 0
    assert "a placeholder stands in it: 'Replace this' [task-vague]" in capsys.readouterr().out


@needs("git")
def test_what_is_there_is_kept_and_a_red_base_is_no_broken_gate(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    write(repo.root, {"tests/test_red.py": PASSES.replace("2)", "3)"), "tasks.yaml": "mine\n", "orchestrate.yaml": ""})
    commit(repo)
    found = init(capsys)
    assert {row["what"] for row in found["files"]} == {"kept"}
    assert found["base"]["state"] == "red"
    assert [red.split(" ")[0] for red in found["base"]["red"]] == ["test"]
    assert found["base"]["red"][0].endswith("-m unittest discover -v): 1 of 2 tests fail")
    assert (repo.root / "tasks.yaml").read_text() == "mine\n"
    drafted = init(capsys, "--from-todo", "--force", "--no-gate")
    assert (drafted["drafts"], drafted["base"]) == (1, None)
    assert [task.id for task in load_batch(repo.root / "tasks.yaml").tasks] == ["reject-prices-below-zero"]


@needs("git")
def test_a_gate_that_cannot_work_is_told_and_ends_with_1(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    write(repo.root, {"orchestrate.yaml": "gate: {test: no-such-runner}\n"})
    commit(repo)
    found = init(capsys, code=1)
    assert found["base"]["state"] == "broken"
    assert found["trouble"] == "test (no-such-runner): the program is not found where the gate runs"


@needs("git")
def test_without_a_commit_the_files_are_written_from_what_lies_there(
    repo: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = init(capsys, code=1)
    assert "has no commit yet" in found["trouble"]
    assert found["gate"][-1]["command"].endswith("-m unittest discover -v")  # measured where coverage is installed
    plain = tmp_path / "plain"
    write(plain, FILES)
    assert "is in no git repository" in init(capsys, str(plain), code=1)["trouble"]
    assert {path.name for path in plain.glob("*.yaml")} == WRITTEN
    assert main(["init", "nowhere"]) == 2
