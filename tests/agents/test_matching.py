"""Edits against files: exact, tolerant within limits, never ambiguous, all or nothing, bytes outside untouched."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.agents.filetext import FileText
from orchestrator.agents.matching import apply_edits
from orchestrator.domain.edit import Create, Delete, Edit, EditOutcome, FileChange, Rename, Replace


def apply(files: Mapping[str, bytes | FileText], *edits: Edit, refused: tuple[str, ...] = ()) -> EditOutcome:
    tree = {path: file if isinstance(file, FileText) else FileText(content=file) for path, file in files.items()}
    return apply_edits(
        edits,
        tree.get,
        lambda path: "it is protected" if path in refused else None,
        lambda path: any(name.startswith(path + "/") for name in tree),
    )


def one(content: bytes, search: str, replace: str) -> EditOutcome:
    return apply({"f": content}, Replace(path="f", search=search, replace=replace))


@pytest.mark.parametrize(
    ("name", "before", "search", "replace", "after"),
    [
        ("a line", b"a\nb\nc\n", "b", "B", b"a\nB\nc\n"),
        ("several lines", b"a\nb\nc\n", "a\nb", "x\ny\nz", b"x\ny\nz\nc\n"),
        ("removed", b"a\nb\nc\n", "b", "", b"a\nc\n"),
        ("all of it", b"a\n", "a", "", b""),
        ("first", b"a\nb\n", "a", "x\na", b"x\na\nb\n"),
        ("last, no final newline", b"a\nb", "b", "B", b"a\nB"),
        ("grown at the end, no final newline", b"a\nb", "b", "b\nc", b"a\nb\nc"),
        ("kept before the end, no final newline", b"a\nb", "a", "A", b"A\nb"),
        ("CRLF file, LF answer", b"a\r\nb\r\nc\r\n", "b\nc", "B\nX\nc", b"a\r\nB\r\nX\r\nc\r\n"),
        ("CRLF, no final newline", b"a\r\nb", "b", "b\nc", b"a\r\nb\r\nc"),
        ("mixed endings stay", b"a\r\nb\nc\r\nd\n", "b\nc", "b\nX\nc", b"a\r\nb\nX\nc\r\nd\n"),
        ("lone CR endings", b"a\rb\rc\r", "b", "B\nX", b"a\rB\rX\rc\r"),
        ("CR inside a line stays", b"a\rb\nc\n", "c", "d", b"a\rb\nd\n"),
        ("UTF-8 mark, first line", b"\xef\xbb\xbfa\nb\n", "a", "x", b"\xef\xbb\xbfx\nb\n"),
        (
            "UTF-16 LE",
            "a\r\nb\r\n".encode("utf-16"),
            "b",
            "\u00e9",
            b"\xff\xfe" + "a\r\n\u00e9\r\n".encode("utf-16-le"),
        ),
        ("UTF-16 BE", b"\xfe\xff" + "a\nb\n".encode("utf-16-be"), "b", "c", b"\xfe\xff" + "a\nc\n".encode("utf-16-be")),
        ("Latin-1", b"caf\xe9\nb\n", "b", "\u00fc", b"caf\xe9\n\xfc\n"),
        ("Latin-1, matched through", b"caf\xe9\nb\n", "caf\u00e9", "th\u00e9", b"th\xe9\nb\n"),
        ("windows-1252 bytes outside stay", b"\x93q\x94\nb\n", "b", "c", b"\x93q\x94\nc\n"),
        (
            "form feed and friends do not end lines",
            b"a\x0cb\n\xe2\x80\xa8\nc\n",
            "c",
            "d",
            b"a\x0cb\n\xe2\x80\xa8\nd\n",
        ),
        ("context keeps its own white space", b"a  \nb\nc\t\n", "a\nb\nc", "a\nB\nc", b"a  \nB\nc\t\n"),
        ("trailing white space in the answer", b"a\nb\n", "a  \nb ", "A\nb", b"A\nb\n"),
        ("white space on a blank line", b"a\n   \nb\n", "a\n\nb", "a\n\nB", b"a\n   \nB\n"),
        ("blank line before the block", b"a\nb\n", "\nb", "\nB", b"a\nB\n"),
        ("blank line after the block", b"a\nb", "b\n", "B\n", b"a\nB"),
        (
            "indented less in the answer",
            b"def f():\n    if x:\n        y\n",
            "if x:\n    y",
            "if x:\n    z\n    w",
            b"def f():\n    if x:\n        z\n        w\n",
        ),
        (
            "indented more in the answer",
            b"if x:\n    y\n",
            "    if x:\n        y",
            "    if x:\n        z",
            b"if x:\n    z\n",
        ),
        (
            "tabs in the file, blanks in the answer",
            b"if x {\n\tif y {\n\t\tz\n\t}\n}\n",
            "    if y {\n        z\n    }",
            "    if y {\n        w\n    }",
            b"if x {\n\tif y {\n\t\tw\n\t}\n}\n",
        ),
        (
            "blanks in the file, tabs in the answer",
            b"a:\n  b:\n    c\n",
            "\tb:\n\t\tc",
            "\tb:\n\t\td",
            b"a:\n  b:\n    d\n",
        ),
        ("blank lines are not indented by a shift", b"  a\n\n  b\n", "a\n\nb", "a\n\nc", b"  a\n\n  c\n"),
        ("exact wins over tolerant", b"  a\na\n", "a", "b", b"  a\nb\n"),
        ("a block that moved", b"1\n2\n3\n4\nmoved()\nhere()\n", "moved()\nhere()", "gone()", b"1\n2\n3\n4\ngone()\n"),
    ],
)
def test_it_applies(name: str, before: bytes, search: str, replace: str, after: bytes) -> None:
    outcome = one(before, search, replace)
    assert outcome.faults == (), name
    assert outcome.changes == (FileChange(path="f", content=after),), name


@pytest.mark.parametrize(
    ("before", "search", "note"),
    [
        (b"a\n", "a", ""),
        (b"a \nb\n", "a\nb", "line ends"),
        (b"  a\n", "a", "indentation"),
        (b"a\n", "\na\n", "blank lines"),
    ],
)
def test_what_was_tolerated_is_said(before: bytes, search: str, note: str) -> None:
    outcome = one(before, search, "x")
    assert (note in " ".join(outcome.tolerated)) if note else outcome.tolerated == ()


@pytest.mark.parametrize(
    ("before", "search", "lines"),
    [
        (b"a\nb\na\n", "a", "1 and 3"),
        (b"  a\nb\n    a\n", "a", "1 and 3"),
        (b"x\nx\nx\n", "x\nx", "1 and 2"),
        (b"a \nb\na\t\n", "a", "1 and 3"),
    ],
)
def test_two_matches_are_a_fault_with_both_lines(before: bytes, search: str, lines: str) -> None:
    outcome = one(before, search, "x")
    assert outcome.changes == ()
    assert [fault.reason for fault in outcome.faults] == ["ambiguous"]
    assert f"lines {lines}" in outcome.faults[0].detail


def test_no_match_shows_the_nearest_real_text() -> None:
    body = "".join(f"line {number}\n" for number in range(1, 31))
    before = body + "def total(items):\n    result = sum(items)\n    return result\n"
    outcome = one(before.encode(), "def total(items):\n    result = add(items)\n    return result", "x")
    assert [fault.reason for fault in outcome.faults] == ["no match"]
    assert (
        "lines 30-33 are:\nline 30\ndef total(items):\n    result = sum(items)\n    return result"
        in outcome.faults[0].detail
    )


def test_no_line_in_common_still_finds_the_like() -> None:
    before = b"import os\n\nTIMEOUT_SECONDS = 30  # of one call\n\nprint(os)\n"
    outcome = one(before, "TIMEOUT_SECOND = 30 # of a call", "x")
    assert "TIMEOUT_SECONDS = 30  # of one call" in outcome.faults[0].detail


def test_nothing_like_it_says_so() -> None:
    assert "nor anything like it" in one(b"a\nb\n", "something wholly different", "x").faults[0].detail


def test_an_edit_made_already_is_told_apart() -> None:
    assert "leave this edit out" in one(b"a\nnew line\n", "old line", "new line").faults[0].detail


@pytest.mark.parametrize("search", ["a b", "a  b ", "A", "xa", "a\nc"])
def test_the_limits_of_tolerance(search: str) -> None:
    outcome = one(b"a   b\nxay\na\nb\nc\n", search, "z")
    assert [fault.reason for fault in outcome.faults] == ["no match"]


def test_a_shift_that_differs_by_line_is_no_match() -> None:
    assert one(b"  a\n      b\n", "a\nb", "x").faults[0].reason == "no match"


def test_several_edits_see_each_other() -> None:
    outcome = apply(
        {"f": b"a\nb\nc\n"},
        Replace(path="f", search="a", replace="x\ny"),
        Replace(path="f", search="y\nb", replace="z"),
        Replace(path="f", search="x\nz\nc", replace="end"),
    )
    assert outcome.changes == (FileChange(path="f", content=b"end\n"),)


def test_all_or_nothing() -> None:
    outcome = apply(
        {"f": b"a\n", "g": b"b\n"},
        Replace(path="f", search="a", replace="x"),
        Replace(path="g", search="nowhere to be found", replace="y"),
        Create(path="h", content="new\n"),
    )
    assert outcome.changes == ()
    assert [(fault.path, fault.reason) for fault in outcome.faults] == [("g", "no match")]


def test_create_delete_rename() -> None:
    script = FileText(content=b"#!/bin/sh\nrun\n", executable=True)
    outcome = apply(
        {"bin/run": script, "old": b"x\n", "empty": b"", "tool": script},
        Create(path="new/file.txt", content="hello\n"),
        Create(path="empty", content="no more\n"),
        Delete(path="old"),
        Rename(path="bin/run", target="bin/go"),
        Replace(path="bin/go", search="run", replace="go"),
        Replace(path="tool", search="run", replace="walk"),
    )
    assert outcome.faults == ()
    assert outcome.changes == (
        FileChange(path="bin/go", content=b"#!/bin/sh\ngo\n", executable=True),
        FileChange(path="bin/run", content=None, executable=True),
        FileChange(path="empty", content=b"no more\n"),
        FileChange(path="new/file.txt", content=b"hello\n"),
        FileChange(path="old", content=None),
        FileChange(path="tool", content=b"#!/bin/sh\nwalk\n", executable=True),
    )


def test_a_file_written_anew_keeps_its_mode() -> None:
    script = FileText(content=b"old\n", executable=True)
    outcome = apply({"run": script}, Delete(path="run"), Create(path="run", content="new\n"))
    assert outcome.changes == (FileChange(path="run", content=b"new\n", executable=True),)


def test_a_file_that_comes_back_at_less_than_half_is_refused() -> None:
    long = "".join(f"line {number}\n" for number in range(30))
    few, most = (long[: len(long) * part // 10] for part in (4, 8))
    anew = apply({"f": long.encode()}, Delete(path="f"), Create(path="f", content=few))
    assert anew.changes == ()
    assert [(fault.path, fault.reason) for fault in anew.faults] == [("f", "shrunk")]
    assert "instead of 30" in anew.faults[0].detail
    # As long as it was, short before, moved away before, or taken out line by line, it may be.
    assert apply({"f": long.encode()}, Delete(path="f"), Create(path="f", content=most)).changes
    assert apply({"f": long[:100].encode()}, Delete(path="f"), Create(path="f", content="x\n")).changes
    assert apply({"f": long.encode()}, Rename(path="f", target="g"), Create(path="f", content="import g\n")).changes
    assert one(long.encode(), long[:-1], few).changes


def test_no_change_is_no_change() -> None:
    assert one(b"a\n", "a", "a") == EditOutcome(changes=(), faults=())


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (Create(path="f", content="x"), "exists"),
        (Create(path="d", content="x"), "exists"),
        (Create(path="f/x", content="x"), "outside"),
        (Create(path="link/x", content="x"), "outside"),
        (Replace(path="link", search="target", replace="x"), "outside"),
        (Create(path="link", content="x"), "outside"),
        (Delete(path="link"), "outside"),
        (Rename(path="link", target="l2"), "outside"),
        (Rename(path="f", target="link"), "outside"),
        (Create(path=".git/hooks/post-commit", content="x"), "outside"),
        (Rename(path="f", target="../f"), "outside"),
        (Delete(path="/f"), "outside"),
        (Delete(path="none"), "missing"),
        (Replace(path="none", search="a", replace="b"), "missing"),
        (Rename(path="none", target="x"), "missing"),
        (Rename(path="f", target="d/g"), "exists"),
        (Rename(path="f", target="d"), "exists"),
        (Replace(path="bin", search="a", replace="b"), "binary"),
        (Replace(path="torn", search="a", replace="b"), "binary"),
        (Replace(path="safe", search="a", replace="b"), "protected"),
        (Rename(path="f", target="safe"), "protected"),
        (Rename(path="safe", target="g"), "protected"),
        (Replace(path="latin", search="b", replace="\u20ac"), "encoding"),
        (Create(path="x", content="\ud800"), "encoding"),
        (Replace(path="f", search=" \n ", replace="x"), "no match"),
        (Replace(path="nothing", search="a", replace="x"), "no match"),
    ],
)
def test_refusals(edit: Edit, reason: str) -> None:
    files: dict[str, bytes | FileText] = {
        "f": b"a\n",
        "d/g": b"g\n",
        "link": FileText(content=b"", link=True),
        "bin": b"a\0b\n",
        "torn": b"\xff\xfea",
        "safe": b"a\n",
        "latin": b"\xe9\nb\n",
        "nothing": b"",
    }
    outcome = apply(files, edit, refused=("safe",))
    assert outcome.changes == ()
    assert [fault.reason for fault in outcome.faults] == [reason]
    assert outcome.faults[0].detail


def test_a_folder_may_take_the_place_of_a_file_that_goes() -> None:
    outcome = apply({"a": b"x\n"}, Rename(path="a", target="b"), Create(path="a/c", content="y\n"))
    assert [change.path for change in outcome.changes] == ["a", "a/c", "b"]


LINES = st.lists(st.sampled_from(["a", "b", " a", "\ta", "", "c ", "d", "é", "x" * 9]), min_size=1, max_size=12)
ENDINGS = st.sampled_from(["\n", "\r\n"])


@given(LINES, LINES, LINES, LINES, ENDINGS, st.booleans(), st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "utf-16"]))
def test_bytes_outside_the_edit_are_unchanged(
    head: list[str], old: list[str], new: list[str], tail: list[str], ending: str, final: bool, encoding: str
) -> None:
    head = ["caf\u00e9", *head]  # else a Latin-1 file would be ASCII, and rightly grow as UTF-8
    marked = ["unique start", *old, "unique end"]
    text = ending.join([*head, *marked, *tail]) + (ending if final else "")
    expected = ending.join([*head, *new, "done", *tail]) + (ending if final else "")
    outcome = one(text.encode(encoding), "\n".join(marked), "\n".join([*new, "done"]))
    assert outcome.faults == ()
    assert outcome.changes == (FileChange(path="f", content=expected.encode(encoding)),)


PATHS = st.sampled_from(["f", "g", "n", "d/x", "../x", "d", "f/x"])
TEXTS = st.text(alphabet="ab \n\t", max_size=8)
EDITS = st.one_of(
    st.builds(Replace, path=PATHS, search=TEXTS, replace=TEXTS),
    st.builds(Create, path=PATHS, content=TEXTS),
    st.builds(Delete, path=PATHS),
    st.builds(Rename, path=PATHS, target=PATHS),
)


@given(st.lists(EDITS, max_size=8), st.binary(max_size=20), TEXTS)
def test_never_raises_and_all_or_nothing(edits: list[Edit], raw: bytes, text: str) -> None:
    outcome = apply({"f": text.encode(), "g": raw, "d/x": b"a\nb\n"}, *edits)
    assert not (outcome.changes and outcome.faults)
    assert all(".." not in change.path for change in outcome.changes)


SMALL = st.lists(st.sampled_from(["a", "b", "", " a", "a ", "\tb"]), max_size=8)


@given(SMALL, SMALL.filter(lambda lines: any(line.strip() for line in lines)), SMALL, st.booleans())
def test_against_the_plainest_way_to_do_it(have: list[str], search: list[str], new: list[str], final: bool) -> None:
    starts = [at for at in range(len(have) - len(search) + 1) if have[at : at + len(search)] == search]
    end = "\n" if final and have else ""
    outcome = one(("\n".join(have) + end).encode(), "\n".join(search), "\n".join(new))
    if not final and have and have[-1] == "":
        return  # the last line is an ending, not a line
    if len(starts) > 1:
        assert [fault.reason for fault in outcome.faults] == ["ambiguous"]
    elif starts:
        lines = [*have[: starts[0]], *(new if "\n".join(new) else []), *have[starts[0] + len(search) :]]
        kept = "\n" if lines and (final or (starts[0] + len(search) == len(have) and not "\n".join(new))) else ""
        expected = ("\n".join(lines) + kept).encode()
        before = ("\n".join(have) + end).encode()
        assert outcome.faults == ()
        assert outcome.changes == (() if expected == before else (FileChange(path="f", content=expected),))
    else:
        assert not any(fault.reason not in {"no match", "ambiguous"} for fault in outcome.faults)


@pytest.mark.slow
def test_ten_thousand_edits_in_a_file_of_fifty_megabytes() -> None:
    count, padding = 10_000, 4_990
    x, y = "x" * (padding // 4), "y" * (padding * 3 // 4)
    lines = [f"key {number} {x}\nshared {{\n}}\n{y}" for number in range(count)]
    content = ("\n".join(lines) + "\n").encode()
    assert len(content) > 49_000_000
    edits = [
        Replace(path="f", search=f"key {number} {x}\nshared {{", replace=f"done {number}") for number in range(count)
    ]
    started = time.process_time()
    outcome = apply({"f": content}, *edits)
    assert time.process_time() - started < 120
    assert outcome.faults == ()
    assert outcome.changes[0].content is not None
    assert outcome.changes[0].content.startswith(b"done 0\n}\nyyy")


def test_a_block_of_the_commonest_lines_stays_cheap() -> None:
    content = b"}\n" * 200_000
    started = time.process_time()
    assert one(content, "}\n  }\n}", "x").faults[0].reason in {"no match", "ambiguous"}
    assert one(content, "}", "x").faults[0].reason == "ambiguous"
    assert time.process_time() - started < 20
