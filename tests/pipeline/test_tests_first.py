"""What the other checks say of tests that were written first: nobody else may change them later."""

from __future__ import annotations

import pytest

from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.pipeline.tests_first import _unreadable


@pytest.mark.parametrize(
    ("file", "category", "told"),
    [
        ("tests/test_new.py", Category.TACTICAL, True),
        ("tests/test_new.py", Category.STRATEGIC, True),
        ("tests/test_new.py", Category.HALLUCINATION, False),  # what the task is to bring does not exist yet
        ("tests/test_new.py", Category.TRIVIAL, False),  # a fixer mends it in the gate
        ("tests/test_new.py", Category.ENVIRONMENT, False),
        ("tests/test_old.py", Category.TACTICAL, False),
    ],
)
def test_faults_of_the_new_files_alone_go_back(file: str, category: Category, *, told: bool) -> None:
    failure = Failure(check=CheckKind.LINT, tool="ruff", message="too long", category=category, code="E501", file=file)
    assert ("too long" in _unreadable([failure], ["tests/test_new.py"])) is told
