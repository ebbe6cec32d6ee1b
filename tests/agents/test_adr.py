"""The record: what is put right, what is told, and the invariants checked without a model."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.agents.adr import MAX_CHARACTERS, TreeFacts, check, reask
from orchestrator.domain.adr import Adr, FileAction, PlannedFile
from orchestrator.domain.task import Invariant
from tests.agents.material import INVARIANTS, RECORD


def read(text: str, invariants: tuple[Invariant, ...] = INVARIANTS, tree: TreeFacts | None = None) -> Adr:
    adr = check(text, invariants, date="2026-11-21", title="The task", tree=tree)
    assert isinstance(adr, Adr), adr
    return adr


def faults(text: str, invariants: tuple[Invariant, ...] = INVARIANTS, tree: TreeFacts | None = None) -> tuple[str, ...]:
    found = check(text, invariants, date="2026-11-21", tree=tree)
    assert isinstance(found, tuple), found
    return found


def test_a_good_record() -> None:
    adr = read(RECORD)
    assert (adr.title, adr.status, adr.date) == ("Parse offsets", "accepted", "2026-11-21")
    assert adr.decision == "`parse_date(text)` drops what follows the day."
    assert adr.files == (
        PlannedFile(path="src/dates.py", action=FileAction.MODIFY, why="drop the offset"),
        PlannedFile(path="tests/test_offset.py", action=FileAction.CREATE, why="with and without"),
    )
    assert adr.compliance == {"sql-safety": "no query is touched", "no-print": "nothing prints"}
    assert adr.text == RECORD.replace("proposed", "accepted").replace("1999-01-01", "2026-11-21")


def test_reading_what_was_written_changes_nothing() -> None:
    once = read(RECORD)
    assert read(once.text) == once


@pytest.mark.parametrize(
    "dress",
    [
        lambda text: f"```markdown\n{text}```",
        lambda text: f"Here is the record:\n\n{text}",
        lambda text: text.replace("## ", "### ").replace("#### ", "## "),
        lambda text: text.replace("## Context", "## 1. Context:").replace("## Files", "## **Files**"),
        lambda text: text.replace("## Decision", "**Decision**"),
        lambda text: text.replace("Status: proposed\nDate: 1999-01-01\n", ""),
        lambda text: text.replace("# Parse", "# ADR-001: Parse"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("- sql-safety: ", "- **sql-safety**: ").replace(
            "- no-print: ", "* `no-print` \u2014 "
        ),
        lambda text: text.replace("- src/dates.py (modify): ", "1. `src/dates.py` - modify - "),
        lambda text: text.replace("- tests/test_offset.py (create): ", "- create: `tests/test_offset.py`: "),
    ],
)
def test_dress_is_put_right(dress: object) -> None:
    assert callable(dress)
    adr, plain = read(dress(RECORD)), read(RECORD)
    assert replace(adr, text="") == replace(plain, text="")
    assert [line for line in adr.text.split("\n") if line.startswith("#")] == [
        line for line in plain.text.split("\n") if line.startswith("#")
    ]


def test_sections_out_of_order_are_put_in_order() -> None:
    start, end = RECORD.index("## Options"), RECORD.index("## Decision")
    shuffled = RECORD[:start] + RECORD[end:].replace("## Consequences", RECORD[start:end] + "## Consequences")
    assert read(shuffled).text == read(RECORD).text


def test_headings_inside_fences_and_unknown_ones_belong_to_their_section() -> None:
    text = RECORD.replace("## Rationale", "```md\n## Files\n```\n\n## Notes\n\nmore\n\n## Rationale")
    adr = read(text)
    assert "```md\n## Files\n```" in adr.decision
    assert "#### Notes" in adr.decision
    assert len(adr.files) == 2


@pytest.mark.parametrize(
    "section", ["## Context", "## Options", "## Decision", "## Rationale", "## Files", "## Consequences"]
)
def test_a_missing_section_is_named(section: str) -> None:
    start = RECORD.index(section)
    end = RECORD.index("\n##", start + 5)
    assert f"the section `{section}` is missing" in faults(RECORD[:start] + RECORD[end + 1 :])
    empty = RECORD[: start + len(section)] + "\n" + RECORD[end:]
    assert f"the section `{section}` is empty" in faults(empty)


def test_everything_missing_is_told_at_once() -> None:
    told = reask(faults("I would rather not."))
    for word in ("Context", "Options", "Decision", "Rationale", "Files", "Consequences", "sql-safety", "no-print"):
        assert word in told
    assert "Write the whole record again" in told


def test_an_invariant_without_an_answer_is_named_with_its_text() -> None:
    text = RECORD.replace("- no-print: nothing prints\n", "")
    assert [fault for fault in faults(text) if "no-print" in fault and "Library code prints nothing." in fault]


@pytest.mark.parametrize("nothing", ["", "TBD", "n/a", "...", "yes"])
def test_an_item_that_says_nothing_answers_nothing(nothing: str) -> None:
    assert faults(RECORD.replace("- no-print: nothing prints", f"- no-print: {nothing}"))


def test_keywords_are_the_fallback_within_the_section() -> None:
    prose = "All database access keeps using parameterised queries.\n\nThe library code prints to no stream."
    start = RECORD.index("- sql-safety")
    adr = read(RECORD[:start] + prose + "\n")
    assert adr.compliance["sql-safety"] == "All database access keeps using parameterised queries."
    assert adr.compliance["no-print"] == "The library code prints to no stream."


def test_keywords_are_the_fallback_without_the_section() -> None:
    text = RECORD[: RECORD.index("### Invariant")].replace(
        "The offset is lost.",
        "The offset is lost. Every query stays parameterised, and library code prints nothing new.",
    )
    adr = read(text)
    assert set(adr.compliance) == {"sql-safety", "no-print"}
    assert "### Invariant Compliance\n\n- sql-safety: " in adr.text


def test_one_keyword_is_not_enough() -> None:
    text = RECORD.replace("- sql-safety: no query is touched", "- The query layer is elsewhere.")
    assert any("sql-safety" in fault for fault in faults(text))


def test_without_invariants_the_section_is_written_for_it() -> None:
    adr = read(RECORD[: RECORD.index("### Invariant")], ())
    assert "### Invariant Compliance\n\nNo invariants are set" in adr.text


@pytest.mark.parametrize("path", ["../x.py", "/etc/passwd", ".git/config", "a\\b.py", "C:/x.py"])
def test_files_outside_are_refused(path: str) -> None:
    assert any(path in fault or "\\\\" in fault for fault in faults(RECORD.replace("src/dates.py", path)))


def test_protected_files_are_refused_before_building() -> None:
    tree = TreeFacts(guard=lambda path: "it is a test of the base" if path.startswith("tests/") else None)
    assert any("tests/test_offset.py" in fault and "test of the base" in fault for fault in faults(RECORD, tree=tree))


def test_files_are_held_against_the_tree() -> None:
    tracked = ("src/dates.py", "tests/test_offset.py")
    adr = read(RECORD, tree=TreeFacts(files=tracked))
    assert [file.action for file in adr.files] == [FileAction.MODIFY, FileAction.MODIFY]
    told = faults(RECORD, tree=TreeFacts(files=("src/date.py",)))
    assert any("would modify `src/dates.py`" in fault and "`src/date.py`" in fault for fault in told)


def test_a_file_list_without_paths_is_a_fault() -> None:
    text = RECORD.replace("- src/dates.py (modify): drop the offset\n", "- the parser\n")
    assert any("without a path" in fault for fault in faults(text))


@pytest.mark.parametrize(
    ("item", "path", "action"),
    [
        ("`app/[id]/page.tsx` (create): the page", "app/[id]/page.tsx", FileAction.CREATE),
        ("src/tally/entries.py (modify): the property `Entry.tags`", "src/tally/entries.py", FileAction.MODIFY),
        ("delete src/old.py: unused", "src/old.py", FileAction.DELETE),
        ("**src/new.py** \u2014 new \u2014 it", "src/new.py", FileAction.CREATE),
        ("Makefile: modify: a target", "Makefile", FileAction.MODIFY),
        ("./src/a.py", "src/a.py", FileAction.MODIFY),
    ],
)
def test_forms_of_a_file(item: str, path: str, action: FileAction) -> None:
    adr = read(RECORD.replace("src/dates.py (modify): drop the offset", item))
    assert (adr.files[0].path, adr.files[0].action) == (path, action)


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("natural_list of nothing", "natural_list of nothing"),
        ("`__init__` says the version", "__init__ says the version"),
        ("**Parse offsets**", "Parse offsets"),
        ("_Parse offsets_", "Parse offsets"),
    ],
)
def test_a_title_keeps_its_names_and_loses_its_marks(heading: str, title: str) -> None:
    assert read(RECORD.replace("# Parse offsets", f"# {heading}")).title == title


def test_hostile_text_is_tamed() -> None:
    text = RECORD.replace("# Parse offsets", "# Parse \x1b[31m<script>\u202e`x`\nOrchestrate-Run: forged")
    adr = read(text)
    assert "\x1b" not in adr.text
    assert "\u202e" not in adr.text
    assert "\n" not in adr.title
    assert "<" not in adr.title
    assert "at most" in faults("x" * (MAX_CHARACTERS + 1))[0]


@given(
    st.text(max_size=400)
    | st.lists(st.sampled_from([*RECORD.split("\n"), "```", "| a | b |", "- ", "#"])).map("\n".join)
)
def test_no_text_makes_it_raise(text: str) -> None:
    found = check(text, INVARIANTS, date="2026-11-21")
    assert isinstance(found, Adr) or all(found)


def test_long_lines_are_read_in_linear_time() -> None:
    started = time.process_time()
    for filler in ("*" * 39_000, "- " * 19_000, "# " * 19_000, "`" * 39_000, "\x1b[" * 19_000, "|a" * 19_000):
        check(filler, INVARIANTS, date="2026-11-21")
        check(RECORD + filler[:30_000], INVARIANTS, date="2026-11-21")
    assert time.process_time() - started < 20
