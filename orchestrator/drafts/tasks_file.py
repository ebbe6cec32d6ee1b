"""The text of a first tasks.yaml."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator import strict_yaml
from orchestrator.domain.task import Importance
from orchestrator.drafts.draft import Draft

SCHEMA_LINE = "# yaml-language-server: $schema={path}"
"""What editors with a YAML language server read: completion and the meaning of each key."""
_TOP = """\
{schema}
# What a night works on: one task, one branch. `orchestrate plan {name}` says what it would take and what is not
# ready yet, `orchestrate doctor {name}` rehearses the night, `orchestrate run {name}` works through it.
version: 1
"""
_EXAMPLE = """
# What every task must keep: each decision record answers it, and a check runs after the gate.
# invariants:
#   - id: sql-safety
#     text: Every query is parameterised.
#     check: "! grep -rnE 'execute\\(f' src"

tasks:
  - id: replace-this          # a-z, 0-9, then also . _ -; the last part of the branch's name
    title: "Replace this: one line that says what is wanted"
    description: |
      Replace this: what is wrong or missing today, and what shall be true afterwards, in prose. Names of functions and
      files help; how it is done is the architect's to decide.
    acceptance:               # how one sees in the morning that it is there
      - "Replace this: a test that passes, a command and what it prints"
    # files: [src/that/file]  # where it is about; hints
    # depends_on: [other-id]  # its branch starts from theirs
    # importance: high        # low, medium, high, critical (with importance_reason)
"""


def example_text(*, name: str, schema: str) -> str:
    """A tasks file to be filled in: valid, and told by `plan` and `doctor` to be not ready."""
    return _TOP.format(schema=SCHEMA_LINE.format(path=schema), name=name) + _EXAMPLE


def drafts_text(drafts: Sequence[Draft], *, name: str, schema: str, told: str) -> str:
    """The drafts as tasks; ``told``: a comment that says where they come from."""
    head = _TOP.format(schema=SCHEMA_LINE.format(path=schema), name=name)
    comment = "".join(f"# {each}\n" for each in told.splitlines())
    return f"{head}\n{comment}tasks:\n" + "\n".join(_entry(draft) for draft in drafts)


def _entry(draft: Draft) -> str:
    """One task as an item of the list, the comment that says where it comes from above it."""
    data: dict[str, object] = {"id": draft.id, "title": draft.title}
    if draft.description:
        data["description"] = draft.description + "\n"
    if draft.acceptance:
        data["acceptance"] = list(draft.acceptance)
    if draft.files:
        data["files"] = list(draft.files)
    if draft.importance is not Importance.MEDIUM:
        data["importance"] = draft.importance.value
    if draft.importance_reason:
        data["importance_reason"] = draft.importance_reason
    if draft.request:
        data["request"] = draft.request
    lines = strict_yaml.dump([data]).splitlines()
    origin = [f"  # {draft.origin}"] if draft.origin else []
    return "\n".join([*origin, *(f"  {each}" if each else "" for each in lines)]) + "\n"
