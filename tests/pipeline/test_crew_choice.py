"""Who is chosen as a task opens: by rule and once; an older run keeps its three, a replay has whom it recorded."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from orchestrator.domain.task import Complexity, Task
from orchestrator.pipeline.crew import CHOSEN, opening_crew
from orchestrator.pipeline.libraries import libraries
from orchestrator.pipeline.night import Night
from orchestrator.policy.crew import CORE, HELPERS, Crew
from orchestrator.settings.load import load_settings
from tests.agents.material import staff

TASK = Task(id="a", title="New integration", acceptance=("it works",))
SETTINGS = load_settings(environment={}).settings


class Journal:
    """Entries in memory."""

    def __init__(self, *entries: dict[str, Any]) -> None:
        self.entries = list(entries)

    def append(self, kind: str, **fields: Any) -> None:
        self.entries.append({"type": kind, **fields})

    def last(self, kind: str, **fields: Any) -> dict[str, Any] | None:
        fitting = [one for one in self.entries if {"type": kind, **fields}.items() <= one.items()]
        return fitting[-1] if fitting else None

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.entries if one["type"] == kind]


def chosen(journal: Journal, task: Task = TASK, **more: Any) -> Crew:
    fields = {"settings": SETTINGS, "recorded": None, **more}
    night = SimpleNamespace(journal=journal, memory=journal, staff=staff(), **fields)
    return opening_crew(cast("Night", night), task, Complexity.COMPLEX)


def test_it_is_chosen_once_and_kept_whatever_the_settings_become() -> None:
    journal = Journal()
    first = chosen(journal)
    assert first.agents == (*CORE, *(agent for agent in HELPERS if agent != "web_researcher"))
    off = SETTINGS.model_copy(update={"agents": SETTINGS.agents.model_copy(update={"join": {}})})
    assert chosen(journal, settings=off) == first
    assert len(journal.entries) == 1


def test_a_task_of_an_older_journal_goes_on_with_the_three_it_had() -> None:
    journal = Journal({"type": "task:started", "task": "a"})
    assert chosen(journal).agents == CORE
    assert journal.last(CHOSEN) is None


def test_a_replay_asks_whom_it_recorded() -> None:
    found = chosen(Journal(), recorded=lambda task, role: (task, role) == ("a", "doc_master"))
    assert found.agents == (*CORE, "doc_master")
    assert {one.why for one in found.skipped} == {"the recording has no answer of it"}


def test_without_acceptance_criteria_no_tests_are_written_first() -> None:
    found = chosen(Journal(), Task(id="a", title="New integration"))
    assert not found.has("test_master")


MANIFESTS = {
    "pyproject.toml": """
[project]
dependencies = ["click>=8", "our-own @ file:///home/me/own", "attrs ; python_version < '4'"]
optional-dependencies = {web = ["httpx[http2]"]}
[dependency-groups]
dev = ["pytest", {include-group = "web"}]
""",
    "requirements.txt": "# comment\nrich==15  # why\n-e .\ngit+https://host/own.git\n./local\n",
    "package.json": '{"dependencies": {"react": "^19", "@own/ui": "workspace:*", "left": "git+ssh://x"}, '
    '"devDependencies": {"vitest": "4", "../up": "1", "own": "file:../own"}, "name": "secret-project"}',
}


def test_the_web_is_told_the_names_of_published_libraries_alone() -> None:
    found = libraries(MANIFESTS.get)
    assert found == ("attrs", "click", "httpx", "pytest", "react", "rich", "vitest")


@pytest.mark.parametrize("text", ["{", "[", "[project]\ndependencies = 3", '{"dependencies": 3}', "\x00"])
def test_manifests_that_cannot_be_read_name_none(text: str) -> None:
    assert libraries(lambda name: None if name == "requirements.txt" else text) == ()
