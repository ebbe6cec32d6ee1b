"""L9: the words, the score, the grades."""

from __future__ import annotations

import pytest

from orchestrator.domain.task import Complexity, Task
from orchestrator.policy.complexity import grade, score
from orchestrator.settings import ComplexityScore
from orchestrator.settings.load import load_settings


@pytest.fixture(scope="module")
def words() -> ComplexityScore:
    return load_settings(environment={}).settings.loop.complexity


@pytest.mark.parametrize(
    ("title", "description", "points", "grade_"),
    [
        ("Bug fix: parse dates with an offset", "", 1, "simple"),
        ("NEW: export to CSV", "", 3, "simple"),
        ("New export", "an Integration of two services", 5, "moderate"),
        ("new export", "integration with the database", 7, "complex"),
        ("bug fix in the database", "", 3, "simple"),
        ("new bug fix", "integration, database", 8, "complex"),
        ("New new NEW", "new", 3, "simple"),
        ("Renew the newline handling", "databases", 0, "simple"),
        ("Bugfix", "", 1, "simple"),
        ("bug-fix:\n", "", 1, "simple"),
        ("Fix a typo in the help", "", 0, "tiny"),
        ("Bug fix: typo in the header", "", 1, "tiny"),
        ("New spell checker", "finds a typo", 3, "simple"),
        ("New typo finder", "", 3, "simple"),
        ("", "", 0, "simple"),
    ],
)
def test_score(words: ComplexityScore, title: str, description: str, points: int, grade_: str) -> None:
    graded = score(title, description, words)
    assert (graded.score, graded.complexity.value) == (points, grade_)
    assert graded.reasons


def test_reasons_name_the_words(words: ComplexityScore) -> None:
    assert score("New integration", "", words).reasons == ('"new" +3', '"integration" +2')


def test_a_task_may_set_its_complexity(words: ComplexityScore) -> None:
    task = Task(id="a", title="typo", complexity=Complexity.COMPLEX)
    assert grade(task, words).complexity is Complexity.COMPLEX
    assert grade(task, words).reasons == ("set by the task",)


def test_words_of_a_user_are_taken_literally(words: ComplexityScore) -> None:
    odd = words.model_copy(update={"words": {"c++ (all)": 9, "a.b": 5}})
    assert score("port to C++ (all)", "", odd).score == 9
    assert score("axb", "", odd).score == 0
