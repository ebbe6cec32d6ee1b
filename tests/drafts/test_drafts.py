"""Drafts out of others' words (TODO comments, a tracker's issues), and the files they become: the loader reads them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.domain.errors import UsageError
from orchestrator.domain.task import GateConfig, Importance
from orchestrator.drafts.attempts import Tried, best, next_proposal, of_packages
from orchestrator.drafts.ci import CiKind, kind_of
from orchestrator.drafts.issues import issue_drafts
from orchestrator.drafts.project_file import Proposal, Seen, project_text
from orchestrator.drafts.survey import survey
from orchestrator.drafts.tasks_file import drafts_text, example_text
from orchestrator.drafts.todo import remarks, todo_drafts
from orchestrator.gate.base_state import BaseState, BaseWord
from orchestrator.gate.detect import make_plan
from orchestrator.gate.toolchains import shipped_toolchains
from orchestrator.intake import load_batch
from orchestrator.settings.load import load_settings
from tests.gate.trees import MemoryTree

CHAINS = shipped_toolchains()
LIMITS = load_settings(environment={}).settings.gate


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("x = 1\n# TODO: reject prices below zero\n", 2, "reject prices below zero"),
        (
            "# FIXME(ada): the offset is lost,\n# and the zone with it\nx = 1\n",
            1,
            "the offset is lost, and the zone with it",
        ),
        ("  // TODO handle the empty cart\n", 1, "handle the empty cart"),
        ("/* XXX: leaks the handle on error */\n", 1, "leaks the handle on error"),
        ("x = f()  # TODO: use the cached one\n# another remark\n", 1, "use the cached one"),
        ("<!-- TODO: say which licence -->\n", 1, "say which licence"),
        (" * TODO: document the flags\n", 1, "document the flags"),
    ],
)
def test_remarks_are_found_with_their_whole_comment(text: str, line: int, said: str) -> None:
    (found,) = remarks([("src/a.py", text)])
    assert (found.line, found.text) == (line, said)


@pytest.mark.parametrize(
    "text", ["TODO_LIST = 1\n", "# TODO\n", "# TODO: ?\n", "todo = []\n", 'say("TODOS are fun")\n']
)
def test_what_only_looks_like_a_remark_is_none(text: str) -> None:
    assert list(remarks([("src/a.py", text)])) == []


def test_remarks_become_tasks_of_their_own(tmp_path: Path) -> None:
    text = "# TODO: reject prices below zero\n\n# FIXME: reject prices below zero\n# TODO: reject prices below zero\n"
    drafts = todo_drafts(remarks([("src/a.py", text)]))
    assert [draft.id for draft in drafts] == [
        "reject-prices-below-zero",
        "fix-reject-prices-below-zero",
        "reject-prices-below-zero-2",
    ]
    path = tmp_path / "tasks.yaml"
    path.write_text(drafts_text(drafts, name="tasks.yaml", schema="runs/x.json", told="Drafts."))
    first, second, _ = load_batch(path).tasks
    assert (first.title, first.files) == ("Reject prices below zero", ("src/a.py",))
    assert "TODO at src/a.py:1:" in first.description
    assert second.title == "Bug fix: reject prices below zero"
    assert "src/a.py:3" in second.acceptance[0]


GITHUB = [
    {
        "number": 12,
        "title": "Crash: `parse` loses the\toffset \x1b[31m",
        "body": "<!-- template -->\r\nSee `src/dates.py:3`.\r\n- [ ] test_dates passes\r\n- [x] done already\n",
        "labels": [{"name": "kind: bug"}, {"name": "P0"}],
        "state": "OPEN",
        "url": "https://example.invalid/issues/12",
    },
    {"number": 13, "title": "closed", "state": "CLOSED"},
    {"number": 14, "title": "a pull request", "state": "open", "pull_request": {"url": "x"}},
]
GITLAB = [{"iid": 7, "title": "Export to CSV", "description": "As asked.", "labels": ["low"], "state": "opened"}]


def test_a_trackers_export_becomes_tasks(tmp_path: Path) -> None:
    drafts = issue_drafts(json.dumps(GITHUB), source="i.json")
    path = tmp_path / "tasks.yaml"
    path.write_text(drafts_text(drafts, name="tasks.yaml", schema="x", told="Drafts."))
    (task,) = load_batch(path).tasks
    assert task.id == "issue-12-crash-parse-loses-offset-31m"
    assert task.title == "Bug fix: Crash: `parse` loses the offset [31m"
    assert task.acceptance == ("Test_dates passes",)
    assert (task.importance, task.importance_reason) == (Importance.CRITICAL, "Labelled P0")
    assert (task.request, task.files) == ("issue-12", ("src/dates.py",))
    assert task.description.startswith("See `src/dates.py:3`.")
    (other,) = issue_drafts("\n".join(json.dumps(entry) for entry in GITLAB), source="i.json")
    assert (other.id, other.importance, other.request) == ("issue-7-export-csv", Importance.LOW, "issue-7")
    assert issue_drafts(json.dumps({"issues": GITLAB}), source="i.json")[0] == other


@pytest.mark.parametrize("text", ["not json", '{"a": 1}', "[1, 2]", ""])
def test_what_is_no_export_is_refused_with_the_command_that_makes_one(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        issue_drafts(text, source="i.json")
    assert raised.value.slug == "no-issues"
    assert "gh issue list --json" in raised.value.hint


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("python -m pip install -e .[test]", CiKind.INSTALL),
        ("npm ci", CiKind.INSTALL),
        ("uv run pytest -q", CiKind.TEST),
        ("npm test", CiKind.TEST),
        ("npx vitest run", CiKind.TEST),
        ("yarn lint", CiKind.LINT),
        ("npx eslint .", CiKind.LINT),
        ("mypy src", CiKind.BUILD),
        ("npm run typecheck", CiKind.BUILD),
        ("go test ./...", CiKind.TEST),
        ("echo pytest", None),
        ("git push", None),
    ],
)
def test_commands_of_ci_are_known_by_what_they_do(command: str, kind: CiKind | None) -> None:
    assert kind_of(command, CHAINS) is kind


WORKFLOW = """\
jobs:
  tests:
    steps:
      - run: pip install -e '.[test]' && pip install nox
      - run: |
          ruff check .
          pytest tests/unit
      - run: pytest --cov ${{ matrix.extra }}
"""
MONOREPO = {
    "package.json": '{"workspaces": ["packages/*"], "scripts": {"lint": "eslint ."}}',
    "packages/api/package.json": '{"scripts": {"test": "vitest run"}}',
    "packages/web/package.json": '{"scripts": {"test": "jest"}}',
    "packages/web/src/a.ts": "",
    "examples/x/package.json": "{}",
}


def test_a_survey_names_languages_managers_packages_and_ci() -> None:
    texts = {
        ".github/workflows/tests.yml": WORKFLOW,
        "pyproject.toml": "",
        "uv.lock": "",
        "src/a.py": "",
        "tests/test_a.py": "",
        "web/package.json": "{}",
    }
    found = survey(MemoryTree(texts), CHAINS)
    assert found.languages == (("Python", 2),)
    assert (found.managers, found.packages, found.test_files) == (("uv (uv.lock)",), ("web",), 1)
    assert [(ci.line, ci.command) for ci in found.ci] == [
        (4, "pip install -e '.[test]'"),
        (4, "pip install nox"),
        (6, "ruff check ."),
        (7, "pytest tests/unit"),
    ]


def test_a_monorepo_without_tests_at_its_top_gets_a_gate_a_package() -> None:
    tree = MemoryTree(MONOREPO)
    found = survey(tree, CHAINS)
    assert (found.packages, found.workspaces) == (("packages/api", "packages/web"), "package.json")
    gate = of_packages(tree, found, CHAINS)
    assert [(config.path, config.lint, config.test) for config in gate] == [
        (".", "npm run lint", ""),
        ("packages/api", None, "npm test"),
        ("packages/web", None, "npm test"),
    ]


BROKEN = BaseState(word=BaseWord.BROKEN, broken=("test (pytest): no test ran",))
GREEN = BaseState(word=BaseWord.GREEN, tests=3, seconds=2.0, coverage=91.25)


def test_what_is_tried_next_is_what_ci_does_then_the_plainest() -> None:
    found = survey(MemoryTree({".github/workflows/t.yml": WORKFLOW, "setup.py": "", "a.py": ""}), CHAINS)
    detected = Tried(proposal=Proposal(), refused="setup failed")
    second = next_proposal([detected], found)
    assert second is not None
    assert second.setup == ("pip install -e '.[test]'",)
    third = next_proposal([detected, Tried(proposal=second, refused="again")], found)
    assert third is not None
    assert third.setup == ("pip install -e .", "pip install pytest pytest-cov")
    tested = next_proposal([Tried(proposal=second, state=BROKEN)], found)
    assert tested is not None
    assert (tested.setup, tested.gate) == (second.setup, (GateConfig(test="pytest tests/unit"),))
    worked = Tried(proposal=tested, state=GREEN)
    assert next_proposal([worked], found) is None
    assert best([detected, worked]) is worked
    assert best([detected, Tried(proposal=second, refused="again")]) is detected


def test_a_pinned_pnpm_that_does_not_run_is_exchanged_for_one_that_does() -> None:
    found = survey(MemoryTree({"package.json": "{}", "pnpm-lock.yaml": "", "a.ts": ""}), CHAINS)
    tried = next_proposal([Tried(proposal=Proposal(), refused="setup failed: No such built-in module")], found)
    assert tried is not None
    assert tried.setup is not None
    assert tried.setup[0].startswith("npx --yes --package pnpm@10 pnpm install")
    assert "node_modules/.bin/pnpm" in tried.setup[1]
    after = next_proposal([Tried(proposal=Proposal(), refused="no"), Tried(proposal=tried, refused="no")], found)
    assert after is not None
    assert after.setup == ("npm install --no-package-lock --legacy-peer-deps",)


def test_the_project_file_says_what_was_found_and_reads_back(tmp_path: Path) -> None:
    tree = MemoryTree({".github/workflows/t.yml": WORKFLOW, "pyproject.toml": "[tool.pytest]\n", "tests/test_a.py": ""})
    seen = Seen(survey=survey(tree, CHAINS), plan=make_plan(tree, (), (), LIMITS, CHAINS), state=GREEN)
    gate = (GateConfig(test="pytest 'tests/unit: #1'"), GateConfig(path="packages/api", lint="", test="npm test"))
    proposal = Proposal(setup=("pip install -e .",), gate=gate, why="CI\ndoes: this")
    text = project_text(seen, proposal, schema="runs/x.json")
    (tmp_path / "orchestrate.yaml").write_text(text)
    (tmp_path / "tasks.yaml").write_text(example_text(name="tasks.yaml", schema="runs/y.json"))
    batch = load_batch(tmp_path / "tasks.yaml")
    assert batch.setup == ("pip install -e .",)
    assert batch.gate == gate
    assert text.startswith("# yaml-language-server: $schema=runs/x.json\n")
    assert "green; 3 tests ran in 2 s; 91.2 % of the lines are covered" in " ".join(text.replace("\n# ", " ").split())
    plain = project_text(replace(seen, state=None), Proposal(), schema="runs/x.json")
    (tmp_path / "orchestrate.yaml").write_text(plain)
    assert load_batch(tmp_path / "tasks.yaml").gate == ()
    assert "#   test: python -m pytest" in plain
