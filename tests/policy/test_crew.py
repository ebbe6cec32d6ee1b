"""Who works on a task: by complexity, by type of change, by what there is to work with (P1, P4)."""

from __future__ import annotations

import pytest

from orchestrator.agents.catalog import load_catalog
from orchestrator.domain.change import ChangeType
from orchestrator.domain.task import Complexity, Task
from orchestrator.policy.change_type import of_changes, predicted
from orchestrator.policy.crew import CORE, HELPERS, Crew, crew_of, may_join
from orchestrator.ports import DiffLine
from orchestrator.settings.load import load_settings

AGENTS = load_settings(environment={}).settings.agents
SKIPPED_FOR = {role: spec.skipped_for for role, spec in load_catalog().items()}


def crew(complexity: str, change: str = "code", *, sensitive: bool = False, **cannot: str) -> Crew:
    return crew_of(Complexity(complexity), ChangeType(change), SKIPPED_FOR, AGENTS, cannot=cannot, sensitive=sensitive)


@pytest.mark.parametrize(
    ("complexity", "change", "helpers"),
    [
        ("tiny", "code", ""),
        ("simple", "code", ""),
        ("moderate", "code", "local_researcher web_researcher test_master doc_master"),
        ("complex", "code", " ".join(HELPERS)),
        ("complex", "documentation", "local_researcher web_researcher doc_master issue_creator"),
        ("complex", "typo", "security_auditor doc_master issue_creator"),
        ("complex", "config", "security_auditor doc_master issue_creator"),
        ("simple", "documentation", ""),
    ],
)
def test_each_agents_rule(complexity: str, change: str, helpers: str) -> None:
    found = crew(complexity, change)
    assert found.agents == (*CORE, *helpers.split())
    assert {*found.agents, *(one.agent for one in found.skipped)} == {*CORE, *HELPERS}


def test_what_the_type_of_the_change_saved_is_told_and_nothing_else() -> None:
    saved = {one.agent: one.tokens for one in crew("complex", "documentation").skipped if one.by_type}
    assert saved == {"test_master": 1500, "security_auditor": 800}  # P5's reference
    assert not [one for one in crew("simple", "documentation").skipped if one.by_type]
    measured = crew_of(Complexity.COMPLEX, ChangeType.TYPO, SKIPPED_FOR, AGENTS, cannot={}, usual={"test_master": 4321})
    assert {one.agent: one.tokens for one in measured.skipped}["test_master"] == 4321


def test_who_has_nothing_to_work_with_says_why() -> None:
    found = crew("complex", web_researcher="research.web is off", test_master="no acceptance")
    assert not found.has("web_researcher")
    assert {one.agent: one.why for one in found.skipped} == {
        "web_researcher": "research.web is off",
        "test_master": "no acceptance",
    }


def test_a_sensitive_change_is_audited_at_any_complexity_unless_the_auditor_is_off() -> None:
    assert crew("tiny", sensitive=True).has("security_auditor")
    assert not crew("tiny", "documentation", sensitive=True).has("security_auditor")
    off = AGENTS.model_copy(update={"join": {**AGENTS.join, "security_auditor": "never"}})
    found = crew_of(Complexity.COMPLEX, ChangeType.CODE, SKIPPED_FOR, off, cannot={}, sensitive=True)
    assert not found.has("security_auditor")


def test_whose_models_are_checked_before_the_first_task() -> None:
    assert may_join(AGENTS, [Complexity.SIMPLE], web=False) == {*CORE, "security_auditor"}  # a path may be sensitive
    assert may_join(AGENTS, [Complexity.SIMPLE, Complexity.COMPLEX], web=False) == {*CORE, *HELPERS} - {
        "web_researcher"
    }
    assert may_join(AGENTS, [Complexity.MODERATE], web=True) >= {"web_researcher", "local_researcher"}
    bare = AGENTS.model_copy(update={"join": {}})
    assert may_join(bare, [Complexity.COMPLEX], web=True) == set(CORE)


def diff(**lines: int) -> list[DiffLine]:
    return [
        DiffLine(path=path.replace("__", "/").replace("_", "."), status="M", insertions=number, deletions=number // 2)
        for path, number in lines.items()
    ]


@pytest.mark.parametrize(
    ("changes", "change"),
    [
        (diff(README_md=40, docs__guide_md=2), "documentation"),
        (diff(README_md=1), "documentation"),
        (diff(README_md=40, app_py=1), "code"),
        (diff(app_py=2), "typo"),
        (diff(app_py=3), "code"),
        (diff(app_py=2, more_py=1), "code"),
        (diff(a_json=30, b_yaml=9, c_yml=1), "config"),
        (diff(a_json=2), "typo"),
        (diff(a_json=30, app_py=9), "code"),
        (diff(image_png=0), "code"),
        ([], "code"),
        ([DiffLine(path="app.py", status="A", insertions=2, deletions=0)], "code"),
        ([DiffLine(path="app.py", status="D", insertions=0, deletions=1), *diff(more_py=1)], "code"),
        ([DiffLine(path="app.json", status="A", insertions=2, deletions=0)], "config"),
    ],
)
def test_the_type_of_a_real_change_in_the_order_of_the_requirement(changes: list[DiffLine], change: str) -> None:
    assert of_changes(changes) is ChangeType(change)


@pytest.mark.parametrize(
    ("files", "complexity", "change"),
    [
        (("README.md",), "moderate", "documentation"),
        (("README.md",), "tiny", "documentation"),
        (("src/app.py",), "tiny", "typo"),
        ((), "tiny", "typo"),
        (("a.yaml", "b.JSON"), "complex", "config"),
        ((), "moderate", "code"),
        (("README.md", "src/app.py"), "simple", "code"),
    ],
)
def test_the_type_predicted_from_a_task(files: tuple[str, ...], complexity: str, change: str) -> None:
    task = Task(id="a", title="A task", files=files)
    assert predicted(task, Complexity(complexity)) is ChangeType(change)
