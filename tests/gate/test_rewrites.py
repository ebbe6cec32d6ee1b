"""A lint that rewrites files and ends well: not passed, and its own command is the fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.domain.failure import Category, CheckKind
from orchestrator.domain.gate import CheckSpec, GateReport
from orchestrator.gate.baseline import baseline_of
from orchestrator.gate.plan import GatePlan
from orchestrator.gate.rewrites import REWRITTEN
from orchestrator.gate.run import run_gate
from tests.gate.trees import LocalShell, context_of, nothing_read, write

UNSORTED = "import sys\nimport os\n\nprint(sys, os)\n"
SORTED = "import os\nimport sys\n\nprint(sys, os)\n"
TEXTS = {"ruff.toml": 'fix = true\n[lint]\nselect = ["I"]\n', "app.py": UNSORTED, "fine.py": SORTED}
FIXING = "ruff check ."
ENDS_WITH_1 = "ruff check --exit-non-zero-on-fix ."


def passed(folder: Path, command: str, **context: object) -> GateReport:
    root = folder / "repo"
    root.mkdir(parents=True, exist_ok=True)
    write(root, TEXTS)
    plan = GatePlan(checks=(CheckSpec(kind=CheckKind.LINT, command=command, tool="ruff"),))
    return run_gate(
        plan,
        LocalShell(root, folder / "scratch" / str(len(list(folder.iterdir())))),
        context_of(root, TEXTS, **context),
        nothing_read,
    )


@pytest.mark.parametrize("command", [FIXING, ENDS_WITH_1])
def test_what_a_lint_rewrites_has_not_passed(tmp_path: Path, command: str) -> None:
    report = passed(tmp_path, command)
    (failure,) = report.failures
    assert (tmp_path / "repo" / "app.py").read_text() == SORTED
    assert (failure.file, failure.code, failure.category) == ("app.py", REWRITTEN, Category.TRIVIAL)
    assert not report.passed
    assert report.results[0].note == "rewrote 1 of the files it judges"


def test_what_it_rewrites_on_the_base_as_well_does_not_block(tmp_path: Path) -> None:
    base = baseline_of(passed(tmp_path / "base", FIXING), TEXTS.get)
    assert passed(tmp_path / "branch", FIXING, baseline=base).passed


def test_without_rewriting_nothing_changes(tmp_path: Path) -> None:
    assert passed(tmp_path, "touch app.py").passed
    assert passed(tmp_path, "ruff check --no-fix --exit-zero .").passed
