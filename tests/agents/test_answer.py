"""Reading the executor's answer, in the dresses real models give it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.agents.answer import Need, parse
from orchestrator.domain.edit import Create, Delete, Rename, Replace

BLOCK = "<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE"
EDIT = Replace(path="src/a.py", search="old", replace="new")


@pytest.mark.parametrize(
    "above",
    [
        "src/a.py\n```python",
        "`src/a.py`\n```python",
        "**src/a.py**\n```",
        "**`src/a.py`**\n```py",
        "### src/a.py\n```python",
        "#### `src/a.py`:\n```python",
        "File: src/a.py\n```python",
        "**File:** `src/a.py`\n```python",
        "src/a.py:\n```python",
        "./src/a.py\n\n```python",
        "1. `src/a.py`\n```python",
        "- src/a.py\n```python",
        "Change `src/a.py` like this:\n```python",
        "```python src/a.py",
        "```python:src/a.py",
        '```python title="src/a.py"',
        "~~~python\n# src/a.py",
        "```python\n# src/a.py",
        "```\nsrc/a.py",
        "src/a.py\n~~~~ python",
        "Some talk first.\n\nsrc/a.py\nThe change is small:\n```python",
        "src/a.py",
        "````markdown\nsrc/a.py\n```python",
    ],
)
def test_the_path_is_found_in_every_dress(above: str) -> None:
    fence = "~~~~" if "~~~~" in above else "~~~" if "~~~" in above else "```"
    answer = parse(f"{above}\n{BLOCK}\n{fence}\nThat is all.")
    assert answer.edits == (EDIT,)
    assert answer.faults == ()


@pytest.mark.parametrize(
    "path",
    [
        "app/[id]/page.tsx",
        "app/(group)/a.ts",
        "docs/my notes.md",
        "Makefile",
        ".github/x.yml",
        "a-b_c/d+e.py",
        "@scope/x.ts",
    ],
)
def test_odd_but_honest_paths(path: str) -> None:
    answer = parse(f"{path}\n```\n{BLOCK}\n```")
    assert [edit.path for edit in answer.edits] == [path]


@pytest.mark.parametrize("talk", ["Now I fix the parser.", "See src/a.py", "Done", "https://example.org/a.py", "e.g."])
def test_talk_is_no_path(talk: str) -> None:
    answer = parse(f"{talk}\n```python\n{BLOCK}\n```")
    assert [fault.reason for fault in answer.faults] == ["no path"]
    assert answer.edits == ()


def test_several_blocks_in_a_fence_and_several_fences_for_a_path() -> None:
    answer = parse(
        f"src/a.py\n```python\n{BLOCK}\n{BLOCK}\n```\nand then\n```python\n{BLOCK}\n```\nb.py\n```\n{BLOCK}\n```"
    )
    assert [edit.path for edit in answer.edits] == ["src/a.py"] * 3 + ["b.py"]
    assert answer.faults == ()


def test_a_markdown_file_with_fences_inside() -> None:
    text = (
        "README.md\n````markdown\n<<<<<<< SEARCH\n```bash\nmake\n```\n=======\n```bash\nmake all\n```\n\n"
        "DELETE nothing.py\n>>>>>>> REPLACE\n````\n\nDELETE old.py"
    )
    answer = parse(text)
    assert answer.edits == (
        Replace(path="README.md", search="```bash\nmake\n```", replace="```bash\nmake all\n```\n\nDELETE nothing.py"),
        Delete(path="old.py"),
    )


def test_a_heading_between_the_path_and_its_block_is_no_path() -> None:
    answer = parse(f"src/a.py\n### Explanation\n```python\n{BLOCK}\n```\n## Summary\n```python\n{BLOCK}\n```")
    assert [edit.path for edit in answer.edits] == ["src/a.py", "src/a.py"]
    assert [edit.path for edit in parse(f"### File: VERSION\n{BLOCK}").edits] == ["VERSION"]


def test_an_empty_search_creates_with_a_final_newline() -> None:
    answer = parse("src/new.py\n```python\n<<<<<<< SEARCH\n=======\nx = 1\n\n\n# ok\n>>>>>>> REPLACE\n```")
    assert answer.edits == (Create(path="src/new.py", content="x = 1\n\n\n# ok\n"),)
    blank = parse("src/new.py\n<<<<<<< SEARCH\n\n=======\n>>>>>>> REPLACE")
    assert blank.edits == (Create(path="src/new.py", content=""),)


def test_a_crlf_answer_reads_like_any_other() -> None:
    text = f"src/a.py\n```python\n{BLOCK}\n```\nDELETE b.py\n"
    assert parse(text.replace("\n", "\r\n")) == parse(text)


@pytest.mark.parametrize("character", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_only_line_feeds_end_lines(character: str) -> None:
    answer = parse(f"src/a.py\n<<<<<<< SEARCH\na{character}b\n=======\nc{character}d\n>>>>>>> REPLACE")
    assert answer.edits == (Replace(path="src/a.py", search=f"a{character}b", replace=f"c{character}d"),)


def test_directives() -> None:
    answer = parse(
        "DELETE src/old.py\n- DELETE `a b.txt`\nRENAME src/a.py -> src/b.py\nRENAME `x.py` → `y.py`\n"
        "NEED src/__init__.py: the new name must be exported\n**NEED** `tests/test_a.py`: its test\nNEED bare.py\n"
        "CONFLICT: the ADR forbids the only file that can hold this\n"
    )
    assert answer.edits == (
        Delete(path="src/old.py"),
        Delete(path="a b.txt"),
        Rename(path="src/a.py", target="src/b.py"),
        Rename(path="x.py", target="y.py"),
    )
    assert answer.needs == (
        Need(path="src/__init__.py", why="the new name must be exported"),
        Need(path="tests/test_a.py", why="its test"),
        Need(path="bare.py", why=""),
    )
    assert answer.conflict.startswith("the ADR forbids")


def test_talk_in_capitals_is_no_directive() -> None:
    answer = parse("NEED to think about this\nDELETE the old function\nRENAME it\nCONFLICT of interest\n")
    assert (answer.edits, answer.needs, answer.conflict) == ((), (), "")


def test_directives_inside_a_fence_of_their_own_go_back() -> None:
    answer = parse("```\nDELETE src/old.py\n```")
    assert [fault.reason for fault in answer.faults] == ["fenced"]


@pytest.mark.parametrize(
    "line",
    [
        "# ... rest of the code unchanged ...",
        "// ... existing code ...",
        "/* ... remaining methods ... */",
        "<!-- ... rest of file ... -->",
        "    # rest of the function remains the same",
        "... (rest unchanged)",
        "# … unchanged …",
        "{/* ... existing imports ... */}",
        "-- ... keep as before",
        "// rest of file unchanged",
        "# existing code",
        "[... rest of the file ...]",
    ],
)
@pytest.mark.parametrize("side", ["search", "replace", "create"])
def test_placeholders_are_refused(line: str, side: str) -> None:
    blocks = {"search": (f"a\n{line}\nb\n", "c\n"), "replace": ("a\n", f"a\n{line}\n"), "create": ("", f"{line}\n")}
    search, replace = blocks[side]
    answer = parse(f"src/a.py\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE")
    assert [fault.reason for fault in answer.faults] == ["placeholder"]
    assert line.strip() in answer.faults[0].detail
    assert answer.edits == ()


@pytest.mark.parametrize(
    "line",
    [
        "...",
        "    ...",
        "# the rest of the world sees this name as public API",
        'print("... existing code ...")',
        "# keep in step with docs/config.md",
        "# wait... the previous value is still used by the caller when the lock is held elsewhere",
        "# remaining: seconds until the deadline",
        "def rest(self) -> None: ...",
    ],
)
def test_real_lines_are_no_placeholders(line: str) -> None:
    answer = parse(f"src/a.py\n<<<<<<< SEARCH\nx\n=======\n{line}\n>>>>>>> REPLACE")
    assert answer.faults == ()


def test_a_placeholder_that_stands_in_the_file_may_stay() -> None:
    note = "# ... existing code ..."
    answer = parse(f"a.py\n<<<<<<< SEARCH\n{note}\nx\n=======\n{note}\ny\n>>>>>>> REPLACE")
    assert answer.edits == (Replace(path="a.py", search=f"{note}\nx", replace=f"{note}\ny"),)


def test_a_truncated_answer_is_named() -> None:
    answer = parse(f"src/a.py\n```python\n{BLOCK}\n```\nsrc/b.py\n```python\n<<<<<<< SEARCH\nold\n=======\nne")
    assert answer.truncated
    assert [(fault.path, fault.reason) for fault in answer.faults] == [("src/b.py", "truncated")]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<<<<<<< SEARCH\nold\n>>>>>>> REPLACE", "malformed"),
        ("<<<<<<< SEARCH\nold\n=======\nnew\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE", "malformed"),
        ("<<<<<<< SEARCH\nTitle\n=======\n=======\nNew\n=======\n>>>>>>> REPLACE", "malformed"),
        ("def f():\n    return 1", "no block"),
        ("--- a/src/a.py\n+++ b/src/a.py\n@@ -1 +1 @@\n-old\n+new", "no block"),
    ],
)
def test_what_is_no_block_goes_back_with_a_reason(body: str, reason: str) -> None:
    answer = parse(f"src/a.py\n```python\n{body}\n```")
    assert [fault.reason for fault in answer.faults] == [reason]
    assert [fault.path for fault in answer.faults] == ["src/a.py"]


def test_longer_markers_carry_text_with_marker_lines() -> None:
    inner = f"Title\n=======\n{BLOCK}"
    answer = parse(f"doc.rst\n````\n<<<<<<<<< SEARCH\n{inner}\n=========\nx\n>>>>>>>>> REPLACE\n````")
    assert answer.edits == (Replace(path="doc.rst", search=inner, replace="x"),)


def test_a_snippet_in_the_talk_is_no_edit_and_no_fault() -> None:
    answer = parse(f"The bug is here:\n```python\nreturn old\n```\nsrc/a.py\n```python\n{BLOCK}\n```")
    assert answer.edits == (EDIT,)
    assert answer.faults == ()


def test_talk_alone_holds_nothing() -> None:
    answer = parse("I am sorry, I cannot do that.")
    assert (answer.edits, answer.needs, answer.faults, answer.truncated) == ((), (), (), False)


PIECES = st.sampled_from(
    [
        "<<<<<<< SEARCH",
        "=======",
        ">>>>>>> REPLACE",
        "```",
        "````",
        "```python src/a.py",
        "~~~",
        "src/a.py",
        "DELETE a",
        "RENAME a -> b",
        "NEED a: b",
        "CONFLICT: x",
        "\r",
        "",
        "# ... rest ...",
        "\ud800",
        "\0",
        "<<<<<",
        "`",
        "** **",
        "->",
    ]
)


@given(st.lists(PIECES | st.text(max_size=12), max_size=40))
def test_no_text_makes_it_raise(lines: list[str]) -> None:
    answer = parse("\n".join(lines))
    assert len(answer.faults) <= 20


def test_ten_thousand_blocks_and_ten_megabytes_are_read_in_linear_time() -> None:
    block = (
        f"src/a.py\n```python\n<<<<<<< SEARCH\n{'x' * 60}\n=======\n{('y' * 60 + chr(10)) * 15}>>>>>>> REPLACE\n```\n"
    )
    text = block * 10_000
    started = time.process_time()
    answer = parse(text)
    assert time.process_time() - started < 40
    assert len(answer.edits) == 10_000
    hostile = "<" * 2_000_000 + "\n" + "`" * 2_000_000 + "\n" + "a " * 1_000_000 + "\n" + "NEED " + "x" * 2_000_000
    started = time.process_time()
    parse(hostile)
    assert time.process_time() - started < 20
