"""What a coding command changed is carried by the answer format and applied by the edit rules, byte for byte."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.models.tree_changes import Content, describe
from orchestrator.agents.answer import parse
from orchestrator.agents.filetext import FileText
from orchestrator.agents.matching import apply_edits

LINES = st.lists(
    st.sampled_from(
        [
            "a", "b", "", "  indented", "trailing ", "=======", "<<<<<<< SEARCH", ">>>>>>> REPLACE", "```", "src/x.py",
            "DELETE b.txt", "======", "=" * 12, "é", "NEED a: b",
        ]
    ),
    max_size=8,
)  # fmt: skip
TEXTS = LINES.map(lambda lines: "".join(f"{line}\n" for line in lines))


def carried(before: dict[str, bytes], after: dict[str, bytes]) -> dict[str, bytes]:
    text, notes = describe(
        {path: Content(data) for path, data in before.items()}, {path: Content(data) for path, data in after.items()}
    )
    answer = parse(f"I changed it.\n\n{text}\nDone.")
    assert not notes
    assert answer.faults == ()
    tree = {path: FileText(content=data) for path, data in before.items()}
    outcome = apply_edits(answer.edits, tree.get, lambda _path: None)
    assert outcome.faults == ()
    result = dict(before)
    for change in outcome.changes:
        if change.content is None:
            result.pop(change.path)
        else:
            result[change.path] = change.content
    return result


def blank(text: str) -> bool:
    return not text.strip()


@given(TEXTS, TEXTS)
def test_an_edited_file(before: str, after: str) -> None:
    if blank(before) and before:
        return  # a file of blank lines alone has nothing to be found by
    if after.startswith("\n") and blank(after):
        return  # one blank line and none are the same REPLACE
    assert carried({"a.txt": before.encode()}, {"a.txt": after.encode()}) == {"a.txt": after.encode()}


@given(TEXTS, TEXTS)
def test_files_that_come_go_and_move(one: str, two: str) -> None:
    before = {"a.txt": b"unique\n" + one.encode(), "my notes.txt": b"more\n" + two.encode()}
    after = {"moved/a.txt": before["a.txt"], "new.txt": b"fresh\n" + two.encode()}
    assert carried(before, after) == after
