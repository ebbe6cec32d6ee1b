"""Inert text: terminals, markdown, HTML. What a hostile text tries is tried here on each surface."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from orchestrator.reports.inert import encodable, html_spans, md_cell_code, md_code, md_fence, md_text, one_line, plain
from orchestrator.reports.report import report_html, report_markdown
from orchestrator.reports.task_papers import (
    budget_report_markdown,
    delivery_report_markdown,
    escalation_markdown,
    review_markdown,
)
from tests.reports.hostile import HTML, MEGABYTES, NASTY, hostile_detail, hostile_inputs, hostile_summary

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
OURS = {"<details>", "</details>"}


def tokens(text: str) -> list[Any]:
    flat = []
    for token in MARKDOWN.parse(text):
        flat += [token, *(token.children or ())]
    return flat


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb\x1b[0mc", "abc"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://e\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mx", "x"),
        ("\x1bPq#0\x1b\\x", "x"),
        ("\x1bcx", "x"),
        ("a\x07b", "a\\x07b"),
        ("a\u202eb", "a\\u202eb"),
        ("a\U000e0041b", "a\\U000e0041b"),
        ("\ud800", "\ufffd"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("tab\tstays", "tab\tstays"),
        ("Grüße, 世界 ✓ 🎉", "Grüße, 世界 ✓ 🎉"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text(max_size=400) | st.text(st.characters(categories=["Cs", "Cc", "Cf", "So"]), max_size=40))
def test_plain_is_safe_and_settled(text: str) -> None:
    shown = plain(text)
    assert not CONTROL.search(shown)
    shown.encode("utf-8")
    assert plain(shown) == shown


@given(st.text(alphabet="`~|<>*_[]()#-+=!&\\\nab1. $:/@", max_size=60))
def test_md_text_is_one_paragraph_of_text(text: str) -> None:
    kinds = {token.type for token in tokens(f"x\n\n{md_text(text)}\n\ny")}
    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special", "code_inline"}


@given(st.text(alphabet="`~|<>*_[]()#-+=!&\\\nab1. $:/@", max_size=60))
def test_md_text_is_read_as_it_was_written(text: str) -> None:
    shown = "".join(_source(token) for token in tokens(md_text(text)))
    assert shown == one_line(text, limit=2_000)


def _source(token: Any) -> str:
    if token.type == "code_inline":
        return f"`{token.content}`"
    return str(token.content) if token.type in ("text", "text_special") else ""


def test_names_in_prose_stay_code() -> None:
    assert md_text("use `a_b` and `<b>` of [x]") == "use `a_b` and `<b>` of \\[x\\]"
    assert md_text("``y`` `p|q`") == "\\`\\`y\\`\\` \\`p\\|q\\`"


@given(st.text(alphabet="`~|a b\n", max_size=40))
def test_a_code_span_holds_its_content(text: str) -> None:
    spans = [token for token in tokens(f"x {md_code(text)} y") if token.type == "code_inline"]
    if one_line(text):
        assert [span.content for span in spans] == [one_line(text)]


def test_a_pipe_in_a_cell_ends_no_cell() -> None:
    table = f"| a | b |\n|---|---|\n| {md_cell_code('x | y')} | {md_text('p | q')} |\n"
    cells = [token for token in tokens(table) if token.type == "td_open"]
    assert len(cells) == 2


@given(st.text(alphabet="`~ab\n ", max_size=60))
def test_a_fence_holds_its_content(text: str) -> None:
    blocks = [token for token in MARKDOWN.parse(f"{md_fence(text)}\n\nend") if token.type == "fence"]
    assert len(blocks) == 1
    assert blocks[0].content == plain(text).rstrip("\n") + "\n"


def test_megabytes_are_cut_with_head_and_tail_and_in_no_time() -> None:
    begin = time.process_time()
    shown = plain("head" + "x\n" * 5_000_000 + "tail", limit=1_000)
    assert shown.startswith("headx")
    assert shown.endswith("tail")
    assert "characters not shown" in shown
    assert len(shown) < 1_100
    assert len(plain("y" * 1_000_000)) < 5_000
    assert time.process_time() - begin < 1


def test_what_an_encoding_cannot_say_is_escaped() -> None:
    assert encodable("✓ ü", "ascii") == "\\u2713 \\xfc"
    assert encodable("✓ ü", "latin-1") == "\\u2713 ü"
    assert encodable("KEY=…", "ascii") == "KEY=..."
    assert encodable("KEY=…", "utf-8") == "KEY=…"
    assert encodable("✓", "no-such-encoding") == "\\u2713"


def papers() -> dict[str, str]:
    summary = hostile_summary()
    task, detail = summary.tasks[7], hostile_detail()
    return {
        "report": report_markdown(summary, hostile_inputs(summary)),
        "delivery": delivery_report_markdown(task, detail, run="r", registry_before={NASTY: 1}),
        "review": review_markdown(task.id, NASTY, detail.reviews),
        "escalation": escalation_markdown(task, detail, run="r"),
        "budget": budget_report_markdown(task, detail),
    }


def test_markdown_of_a_hostile_night_holds_only_our_markup() -> None:
    for name, text in papers().items():
        assert not CONTROL.search(text), name
        found = tokens(text)
        assert {token.type for token in found} & {"link_open", "image", "s_open", "em_open", "hr"} == set(), name
        html = [token.content.strip() for token in found if token.type in ("html_block", "html_inline")]
        assert all(block.startswith("<details>\n<summary>") or block in OURS for block in html), (name, html)
        headings = [
            following.content
            for token, following in pairwise(found)
            if token.type == "heading_open" and token.markup in ("##", "###")
        ]
        assert not any(heading.strip() == "PWNED" for heading in headings), name


def test_hostile_texts_do_not_make_reports_huge() -> None:
    assert len(MEGABYTES) > 3_000_000
    for name, text in papers().items():
        assert len(text) < 700_000, name


def test_html_of_a_hostile_night_escapes_all_of_it() -> None:
    summary = hostile_summary()
    page = report_html(summary, hostile_inputs(summary))
    assert not CONTROL.search(page)
    for tag in ("<img", "<link", "<iframe"):
        assert tag not in page
    assert page.count("<script") == page.count("</script") == 1, "our own, let in by its hash"
    assert page.count("<a ") == 1, "the skip link"
    assert page.count("<meta") == 4


def test_positive_control_the_hostile_text_is_live_where_nothing_is_done() -> None:
    raw = f"x {HTML} [y](http://evil.example)\n\n{NASTY}"
    kinds = {token.type for token in tokens(raw)}
    assert {"html_inline", "link_open"} <= kinds
    assert CONTROL.search(NASTY)


def test_names_in_backticks_are_code_and_nothing_else_is_markup() -> None:
    assert html_spans("set `a: <b>` on <i>, \x1b[31m`x") == "set <code>a: &lt;b&gt;</code> on &lt;i&gt;, `x"
