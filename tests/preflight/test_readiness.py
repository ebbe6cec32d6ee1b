"""Overnight-ready lint: each trouble by its slug, at its place, with a mend; and none about a file that is ready."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.cli import main
from orchestrator.cli.plan import outlook_of
from orchestrator.cli.runs import stood
from orchestrator.intake import load_project
from orchestrator.ports import Clock
from orchestrator.preflight.advice import Advice
from orchestrator.preflight.readiness import TreeLook, readiness
from orchestrator.preflight.wording import vague_acceptance, vague_title
from tests.fakes.clock import FakeClock

READY = """\
version: 1
tasks:
  - id: fix-offset
    title: "Bug fix: parse dates with an offset"
    description: "`2026-03-01T10:00+02:00` loses its offset."
    acceptance: ["tests/test_dates.py passes"]
    files: [src/dates.py]
  - id: export
    title: Add an export to CSV
    acceptance: ["`tally export --csv` prints one line an entry"]
    files: [src/export.py]
    depends_on: [fix-offset]
"""
TREE = ("src/dates.py", "src/shop/prices.py", "tests/test_dates.py")
"""What the base holds."""


def advice(tmp_path: Path, text: str, *sets: str, tree: tuple[str, ...] = TREE) -> list[Advice]:
    path = tmp_path / "tasks.yaml"
    path.write_text(text)
    project = load_project(path, environment={}, sets=sets, placed=stood(path))
    clock: Clock = FakeClock()
    found = outlook_of(project, str(tmp_path / "runs"), clock.now())
    look = TreeLook(exists=tree.__contains__, names=tree)
    return readiness(project.text, project.batch, found, project.loaded.settings, look)


def test_a_file_that_is_ready_gets_no_advice(tmp_path: Path) -> None:
    assert advice(tmp_path, READY) == []


def one(entry: str) -> str:
    return f"version: 1\ntasks:\n  - id: a\n    {entry}\n"


ACCEPTED = "acceptance: [pytest passes]"
LARGE = "budgets.estimate.flag_hours=0.1"


@pytest.mark.parametrize(
    ("text", "slug", "place", "words"),
    [
        (one("title: Parse dates with an offset"), "task-no-acceptance", (3, 5), 'add acceptance: ["tests/'),
        (one(f"title: Improve the code\n    {ACCEPTED}"), "task-vague", (4, 12), "names no part of the program"),
        (one(f"title: Parse dates etc.\n    {ACCEPTED}"), "task-vague", (4, 12), "'etc' leaves open"),
        (one(f"title: TBD\n    {ACCEPTED}"), "task-vague", (4, 12), "a placeholder stands in it"),
        (one("title: Parse dates\n    acceptance:\n      - it works well"), "task-vague", (6, 9), "cannot be checked"),
        (
            one(f"title: Parse dates\n    files: [src/prices.py]\n    {ACCEPTED}"),
            "task-file-missing",
            (5, 13),
            "did you mean src/shop/prices.py?",
        ),
        (
            one(f"title: Parse dates\n    {ACCEPTED}\n    description: key sk-ant-api03-{'x1' * 40}"),
            "task-secret",
            (6, 18),
            "let it be exchanged",
        ),
        (
            one(f"title: Parse dates\n    {ACCEPTED}\n    importance: critical"),
            "task-unexplained",
            (6, 17),
            "add importance_reason",
        ),
    ],
)
def test_each_trouble_is_named_with_its_place_and_mend(
    tmp_path: Path, text: str, slug: str, place: tuple[int, int], words: str
) -> None:
    (found,) = advice(tmp_path, text)
    assert (found.slug, found.task, (found.line, found.column)) == (slug, "a", place)
    assert words in str(found)
    assert "sk-ant" not in str(found)


def test_a_task_that_is_too_large_gets_a_split(tmp_path: Path) -> None:
    text = READY.replace(
        '["tests/test_dates.py passes"]', "[reads offsets, writes offsets, keeps zones, pytest passes]"
    )
    found = advice(tmp_path, text, LARGE)
    assert [(each.slug, each.task) for each in found] == [
        ("task-too-large", "fix-offset"),
        ("task-too-large", "export"),
    ]
    assert "fix-offset-1: reads offsets" in found[0].mend


def test_tasks_about_the_same_file_are_told_unless_one_builds_on_the_other(tmp_path: Path) -> None:
    both = READY.replace("src/export.py", "src/dates.py")
    assert advice(tmp_path, both) == []
    (found,) = advice(tmp_path, both.replace("    depends_on: [fix-offset]\n", ""))
    assert (found.slug, found.task, found.line) == ("task-same-files", "export", 11)
    assert "depends_on: [fix-offset]" in found.mend


def test_where_most_tasks_are_important_each_must_say_why(tmp_path: Path) -> None:
    entries = [
        f"  - {{id: t{n}, title: Parse date {n}, acceptance: [pytest passes], importance: high}}" for n in range(4)
    ]
    text = "version: 1\ntasks:\n" + "\n".join(entries) + "\n"
    assert [each.slug for each in advice(tmp_path, text)] == ["task-unexplained"] * 4
    assert advice(tmp_path, text.replace("high", "medium", 2)) == []


def test_a_file_that_a_task_shall_make_is_not_missing(tmp_path: Path) -> None:
    assert advice(tmp_path, one(f"title: Add CSV export\n    files: [src/csv.py]\n    {ACCEPTED}")) == []


@pytest.mark.parametrize(
    "title", ["Refactor", "Fix bugs", "Make the code better", "Improve performance", "Update the documentation"]
)
def test_titles_that_say_nothing(title: str) -> None:
    assert vague_title(title)


@pytest.mark.parametrize(
    "title",
    [
        "Fix the rounding of half cents in total()",
        "Refactor the parser into one pass",
        "Improve performance of load() to under 50 ms",
        "Update the README's install section for uv",
        "Bug fix: round half up",
    ],
)
def test_titles_that_say_enough(title: str) -> None:
    assert not vague_title(title)


@pytest.mark.parametrize(
    "line", ["loads in under 50 ms, faster than before", "`tally` works as expected", "pytest passes"]
)
def test_acceptance_that_can_be_checked(line: str) -> None:
    assert not vague_acceptance(line)


def test_plan_advises_and_with_strict_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tasks.yaml"
    path.write_text(one("title: Improve things"))
    assert main(["plan", str(path)]) == 0
    assert "not ready for a night\n" in (text := capsys.readouterr().out)
    assert f"{path}:4:12: a: the title is vague" in text
    assert main(["plan", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["advice"]
    assert [each["slug"] for each in told] == ["task-no-acceptance", "task-vague"]
    assert main(["plan", str(path), "--strict"]) == 2
    assert "error[not-ready]" in (told_err := capsys.readouterr().err)
    assert "[task-vague]" in told_err
    assert main(["plan", str(path), "--json", "--set", "readiness=off"]) == 0
    assert json.loads(capsys.readouterr().out)["advice"] == []
