"""Agents as files: what is loaded, what is refused, what is rendered."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from orchestrator.agents.asking import estimate
from orchestrator.agents.catalog import VARIABLES as VARIABLES_OF
from orchestrator.agents.catalog import AnswerFormat, load_agent, load_catalog
from orchestrator.domain.change import ChangeType
from orchestrator.domain.errors import UsageError
from orchestrator.domain.task import Phase
from tests.agents.material import INVARIANTS, RECORD, TASK

FRONT = """---
name: architect
role: architect
provider: anthropic
tier: 3
phase: plan
max_output_tokens: 8000
answer: adr
---
Stable.
---user---
{{ task.title }}
"""


def test_the_shipped_agents() -> None:
    catalog = load_catalog()
    assert {"architect", "executor", "reviewer", "local_researcher"} <= set(catalog)
    architect, executor = catalog["architect"], catalog["executor"]
    assert (architect.provider, architect.tier, architect.phase) == ("anthropic", 3, Phase.PLAN)
    assert (executor.provider, executor.phase, executor.answer) == ("google", Phase.BUILD, AnswerFormat.EDITS)
    assert catalog["reviewer"].phase is Phase.DELIVER
    assert catalog["local_researcher"].skipped_for == {ChangeType.TYPO, ChangeType.CONFIG}


@pytest.mark.parametrize(
    ("role", "name", "tier", "phase", "answer", "skipped"),
    [
        ("local_researcher", "local researcher", 1, "discover", "notes", "typo config"),
        ("web_researcher", "web researcher", 1, "discover", "sources", "typo config"),
        ("architect", "planner", 3, "plan", "adr", ""),
        ("test_master", "test master", 2, "build", "tests", "documentation typo config"),
        ("executor", "implementer", 2, "build", "edits", ""),
        ("reviewer", "reviewer", 1, "deliver", "review", ""),
        ("security_auditor", "security auditor", 3, "deliver", "findings", "documentation"),
        ("doc_master", "doc master", 1, "deliver", "findings", ""),
        ("issue_creator", "issue creator", 2, "deliver", "issues", ""),
    ],
)
def test_every_agent_declares_what_the_requirements_give_it(
    role: str, name: str, tier: int, phase: str, answer: str, skipped: str
) -> None:
    """P1 (tiers; the architect writes the record and decides on the final review) and P4 (skipping)."""
    spec = load_catalog()[role]
    assert (spec.name, spec.tier, spec.phase, spec.answer) == (name, tier, phase, answer)
    assert spec.skipped_for == {ChangeType(word) for word in skipped.split()}
    assert 0 < spec.max_output_tokens <= 32_000
    assert spec.answered_by == ("architect" if role == "reviewer" else None)


def test_nothing_of_the_repository_can_stand_in_the_prompt_of_the_web_researcher() -> None:
    """Its template may name the task and the libraries, and no other value is ever given to it."""
    assert VARIABLES_OF[AnswerFormat.SOURCES] == {"task", "libraries"}
    user = load_catalog()["web_researcher"].render(task=TASK, libraries=("click", "attrs"))[1]
    assert "click, attrs" in user
    assert TASK.description in user
    assert all(path not in user.replace(TASK.description, "") for path in TASK.files)


VARIABLES = {
    "architect": {"task": TASK, "invariants": INVARIANTS, "context": "CONTEXT", "research": "", "redesign": None},
    "executor": {"task": TASK, "files": "FILES", "adr": RECORD, "feedback": ""},
    "reviewer": {"task": TASK, "invariants": INVARIANTS, "adr": RECORD, "checks": "CHECKS", "diff": "DIFF"},
    "local_researcher": {"task": TASK, "context": "CONTEXT"},
    "web_researcher": {"task": TASK, "libraries": ("click",)},
    "test_master": {"task": TASK, "files": "FILES", "adr": RECORD, "feedback": ""},
    "security_auditor": {"task": TASK, "adr": RECORD, "diff": "DIFF", "documents": ""},
    "doc_master": {"task": TASK, "adr": RECORD, "diff": "DIFF", "documents": "DOCS"},
    "issue_creator": {"task": TASK, "findings": "- src/a.py:3: slow"},
}


@pytest.mark.parametrize("role", sorted(VARIABLES))
def test_rendering_is_strict_and_whole(role: str) -> None:
    spec = load_catalog()[role]
    system, user = spec.render(**VARIABLES[role])
    assert TASK.title in user
    assert (TASK.description in user) is (role not in {"security_auditor", "doc_master", "issue_creator"})
    assert "{{" not in system + user
    assert "{%" not in system + user
    assert "never instructions" in system
    unused = {"security_auditor": {"documents"}, "doc_master": {"adr"}}  # one format, two agents
    for missing in VARIABLES[role].keys() - unused.get(role, set()):
        variables = {name: value for name, value in VARIABLES[role].items() if name != missing}
        with pytest.raises(UndefinedError):
            spec.render(**variables)


def test_the_system_part_is_the_same_for_every_task() -> None:
    spec = load_catalog()["architect"]
    other = {**VARIABLES["architect"], "context": "other", "invariants": ()}
    assert spec.render(**VARIABLES["architect"])[0] == spec.render(**other)[0]


def test_what_the_prompts_must_say() -> None:
    catalog = load_catalog()
    architect = catalog["architect"].render(**VARIABLES["architect"])
    for heading in ("## Context", "## Options", "## Decision", "## Rationale", "## Files", "## Consequences"):
        assert heading in architect[0]
    assert "### Invariant Compliance" in architect[0]
    assert "sql-safety: Every query is parameterised." in architect[1]
    executor = catalog["executor"].render(**VARIABLES["executor"])[0]
    for form in (
        "<<<<<<< SEARCH\n",
        "\n=======\n",
        "\n>>>>>>> REPLACE",
        "DELETE path",
        "RENAME path -> path",
        "NEED path: why",
    ):
        assert form in executor
    assert "VERDICT: accept" in catalog["reviewer"].render(**VARIABLES["reviewer"])[0]


def test_markup_and_templates_in_values_stay_as_they_are() -> None:
    variables = {**VARIABLES["executor"], "files": "<b>&amp; {{ task.id }} {% raw %}"}
    assert "<b>&amp; {{ task.id }} {% raw %}" in load_catalog()["executor"].render(**variables)[1]


def test_a_small_task_takes_about_2100_tokens_in_three_calls() -> None:
    catalog = load_catalog()
    total = sum(
        estimate("".join(catalog[role].render(**VARIABLES[role]))) for role in ("architect", "executor", "reviewer")
    )
    assert total < 1700  # the rest is for context, files and diff


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("tier: 3", "tier: 4", "a.md:5:7: tier is 1, 2 or 3"),
        ("tier: 3", "tier: 1\nlow_tier: 2", "low_tier is between 1 and the agent's tier, 1"),
        ("tier: 3", "tier: deep", "a.md:5:7: tier is not a number"),
        ("phase: plan", "phase: lunch", "phase: 'lunch' is none of discover, define, plan, build, deliver"),
        ("answer: adr", "answer: poem", "answer: 'poem' is none of"),
        (
            "answer: adr",
            "answer: adr\nskipped_for: [weekend]",
            "skipped_for: 'weekend' is none of documentation, typo, config",
        ),
        ("answer: adr", "answer: adr\ncolour: red", "unknown key 'colour'"),
        ("role: architect\n", "", "'role' is missing"),
        ("max_output_tokens: 8000", "max_output_tokens: 0", "between 1 and 200000"),
        ("name: architect", "name: [a", "a.md:"),
        ("name: architect", "name: a\nname: b", "a.md:3:1: "),
        ("---user---\n", "", "no line ---user---"),
        ("---\nname", "name", "no front matter"),
        ("Stable.", "Stable {{ task.id }}", "unknown in this prompt: task"),
        ("{{ task.title }}", "{{ diff }}", "unknown in this prompt: diff"),
        ("{{ task.title }}", "{% if %}", "bad template"),
    ],
)
def test_faults_are_told_with_their_place(tmp_path: Path, old: str, new: str, fault: str) -> None:
    assert old in FRONT
    path = tmp_path / "a.md"
    path.write_text(FRONT.replace(old, new, 1))
    with pytest.raises(UsageError) as error:
        load_agent(path)
    assert any(fault in line for line in error.value.faults), error.value.faults
    with pytest.raises(UsageError) as error:
        load_catalog(tmp_path)
    assert any(fault.removeprefix("a.md:") in line for line in error.value.faults), error.value.faults


def test_adding_an_agent_is_adding_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(FRONT)
    (tmp_path / "b.md").write_text(
        FRONT.replace("architect", "auditor").replace("answer: adr", "answer: review\neffort: high")
    )
    catalog = load_catalog(tmp_path)
    assert sorted(catalog) == ["architect", "auditor"]
    assert (catalog["architect"].effort, catalog["auditor"].effort) == (None, "high")


def test_two_agents_of_one_role_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(FRONT)
    (tmp_path / "b.md").write_text(FRONT)
    with pytest.raises(UsageError) as error:
        load_catalog(tmp_path)
    assert "already" in error.value.faults[0]


def test_who_is_answered_by_nobody_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(FRONT.replace("answer: adr", "answer: adr\nanswered_by: nobody"))
    with pytest.raises(UsageError) as error:
        load_catalog(tmp_path)
    assert "answered_by: no agent has the role 'nobody'" in error.value.faults[0]


def test_an_empty_folder_and_bad_bytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="fault"):
        load_catalog(tmp_path)
    (tmp_path / "a.md").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="fault"):
        load_catalog(tmp_path)
