"""ruff's I002: an import that its configuration requires of every file. Its arrow has no gutter before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.domain.failure import CheckKind, Failure
from orchestrator.failures.autofix.fixers import fix_commands
from orchestrator.failures.finding import Finding
from orchestrator.failures.parsers import python_lint
from orchestrator.failures.view import RepositoryView

SAID = """\
I002 [*] Missing required import: `from __future__ import annotations`
--> tests/test_empty.py:1:1
help: Insert required import: `from __future__ import annotations`
  |
1 + from __future__ import annotations
2 | import humanize
  |

Found 1 error.
[*] 1 fixable with `--fix`.
"""


def test_it_is_read_with_its_place() -> None:
    (found,) = python_lint.parse(SAID)
    assert isinstance(found, Finding)
    assert (found.tool, found.code, found.file, found.line, found.fixable) == (
        "ruff",
        "I002",
        "tests/test_empty.py",
        1,
        True,
    )


@pytest.mark.parametrize(("tool", "selected"), [("ruff", "I002"), ("flake8", "I001")])
def test_ruff_mends_its_own_code_and_isorts_by_the_order_of_imports(tmp_path: Path, tool: str, selected: str) -> None:
    (tmp_path / "ruff.toml").write_text("", encoding="utf-8")
    (tmp_path / "a.py").write_text("import os\n", encoding="utf-8")
    view = RepositoryView(root=tmp_path, files=("a.py", "ruff.toml"))
    failure = Failure(check=CheckKind.LINT, tool=tool, code="I002", file="a.py", message="an import is missing")
    (command,), left = fix_commands([failure], view)
    assert f"--select {selected} " in command.line
    assert (command.files, left) == (("a.py",), ())
