"""The ranked queue's rows, and what they are made of: the record, what was not done, hunks, colours."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.domain.outcome import TaskStatus
from orchestrator.domain.task import Importance
from orchestrator.reports.artefacts import acceptance_by_task, certificate_of, review_answers
from orchestrator.reports.colours import hunk_markup
from orchestrator.reports.diff_view import diff_view
from orchestrator.reports.folder import read_detail
from orchestrator.reports.hunks import Hunk, hunks_of
from orchestrator.reports.inputs import Finding, ReportInputs, ReviewRound
from orchestrator.reports.queue import QueueRow, queue_rows
from orchestrator.reports.rebuild import summary_of
from orchestrator.reports.record_view import answers_of, consequences, five_lines
from orchestrator.reports.report import report_markdown
from orchestrator.reports.risky import risky_first
from orchestrator.reports.undone import findings_left, new_tests, unnamed
from tests.reports.hostile import NASTY
from tests.reports.night import RUN, details, night

SUMMARY = summary_of(night())
DETAILS = details()
INPUTS = ReportInputs(details=DETAILS)
ADR = DETAILS["fix-offset"].adr
assert ADR is not None


def row(name: str, inputs: ReportInputs = INPUTS) -> QueueRow:
    return next(row for row in queue_rows(SUMMARY, inputs) if row.task.id == name)


def test_the_queue_holds_the_delivered_branches_each_with_its_reasons() -> None:
    rows = queue_rows(SUMMARY, INPUTS)
    assert {row.task.id for row in rows} == {task.id for task in SUMMARY.tasks if task.status is TaskStatus.DELIVERED}
    assert [row.number for row in rows] == [1, 2, 3, 4, 5, 6]
    assert row("fix-offset").why == "right first time; 5 min to read"
    assert row("add-rate").why == "high importance; 1 remark left; 2 iterations; builds on fix-offset; 6 min to read"
    assert row("import-csv").why.startswith("critical importance; 1 place proves less; ")
    assert "coverage unknown" in row("retry-http").why
    assert "2 checks silenced by comments" in row("unused-names").why


def test_a_row_says_what_is_needed_to_decide() -> None:
    found = row("add-rate")
    assert [name for name, _ in found.record] == ["Why", "Decided", "Because", "Options", "Files"]
    assert found.undone == (
        "the record's consequences: Old invoices keep their totals; they are not written again.",
        "remark left: src/add-rate.py:4: `rate` could be a constant",
        "no test names it: an unknown currency is refused by name",
    )
    assert found.tests == "40 before, 41 after (+1)"
    assert found.fresh == ("tests/test_add_rate.py::test_a_total_is_rounded_to_the_cent",)
    assert found.kept[0].proof == "checked by the gate, the review: kept"
    assert found.cost == "$0.1192, 17.4k tokens; 39 % of its budget of 45.0k; 140 % of the 12.4k expected"
    assert found.certificate.startswith("green on tree 777777777777, 2026-11-21 02:40:00 UTC: tests measured")
    assert found.land == f"orchestrate land add-rate --run {RUN}"
    assert found.undo == "orchestrate land --undo"


def test_commands_name_the_state_folder_where_it_is_not_the_default() -> None:
    moved = queue_rows(replace(SUMMARY, state_dir=f"my state/{RUN}"), INPUTS)[0]
    assert moved.land.endswith("--state 'my state'")
    assert moved.undo == "orchestrate land --undo --state 'my state'"


def test_a_certificate_that_is_missing_or_of_another_commit_is_told() -> None:
    detail = DETAILS["fix-offset"]
    assert detail.certificate is not None
    other = replace(detail, certificate=replace(detail.certificate, commit="f" * 40))
    assert row("fix-offset", ReportInputs(details={"fix-offset": other})).certificate.startswith("of another commit")
    bare = row("fix-offset", ReportInputs())
    assert bare.certificate.startswith("none in the task's folder")
    assert bare.tests == "not known"
    assert "coverage unknown" in bare.why


def test_lock_files_cost_no_reading() -> None:
    detail = DETAILS["fix-offset"]
    lock = "diff --git a/uv.lock b/uv.lock\n--- a/uv.lock\n+++ b/uv.lock\n@@ -1 +1,5000 @@\n" + "+x\n" * 5000
    summary = replace(SUMMARY, tasks=tuple(replace(task, insertions=5012) for task in SUMMARY.tasks))
    found = queue_rows(summary, ReportInputs(details={"fix-offset": replace(detail, diff=detail.diff + lock)}))[0]
    assert found.task.id == "fix-offset"
    assert "5 min" in found.why
    view = diff_view(lock, (), 50_000)
    assert "+5000 -0: written by a package manager" in view.risky[0].markup if view.risky else view.rest[0].markup


def test_markdown_says_the_same() -> None:
    text = report_markdown(SUMMARY, INPUTS)
    assert "### 1. fix-offset\n" in text
    assert "- not done: no test names it: an unknown currency is refused by name" in text
    assert f"- land: `orchestrate land fix-offset --run {RUN}`\n- take it back: `orchestrate land --undo`\n" in text


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("None.", ""),
        ("None for other modules.", ""),
        ("- none", ""),
        ("No consequences.", ""),
        ("Nothing reads CSV back yet.", "Nothing reads CSV back yet."),
        ("- Slower.\n- Needs a key.", "Slower; Needs a key"),
    ],
)
def test_consequences(said: str, told: str) -> None:
    assert (
        consequences(replace(ADR, text=f"# T\n\n## Consequences\n\n{said}\n\n### Invariant Compliance\n\nx\n")) == told
    )


@given(st.text(alphabet="#-*:` \nabc.ADR", max_size=200))
def test_records_of_any_text_are_read(text: str) -> None:
    assert len(five_lines(replace(ADR, text=text))) <= 5
    assert all(key for key in answers_of(text))


def test_only_the_last_round_that_let_it_pass_leaves_remarks() -> None:
    back = ReviewRound(role="architect", model="m", verdict="send_back", findings=(Finding(text="wrong"),))
    passed = ReviewRound(role="architect", model="m", verdict="accept", findings=(Finding(text="taste"),))
    audit = ReviewRound(role="security auditor", model="m", verdict="findings", findings=(Finding(text="minor"),))
    assert [finding.text for finding in findings_left((back, audit, passed))] == ["taste", "minor"]
    assert findings_left((back,)) == ()


DIFF = """\
diff --git a/tests/test_a.py b/tests/test_a.py
--- a/tests/test_a.py
+++ b/tests/test_a.py
@@ -1,4 +1,3 @@
 def test_a() -> None:
-    assert f() == 1
+    f()
@@ -9,1 +8,3 @@
+def test_new_rate():
+    assert rate() == 2
diff --git a/src/a.py b/src/a.py
--- a/src/a.py
+++ b/src/a.py
@@ -1,2 +1,2 @@ def f():
-x = 1
+x = 2
@@ -20,2 +20,2 @@
-    check(password)
+    import os  # noqa
diff --git a/pyproject.toml b/pyproject.toml
--- a/pyproject.toml
+++ b/pyproject.toml
@@ -1 +1 @@
-a = 1
+a = 2
diff --git a/tests/test_old.py b/tests/test_old.py
deleted file mode 100644
--- a/tests/test_old.py
+++ /dev/null
@@ -1 +0,0 @@
-def test_old(): assert 1
diff --git "a/logo.png" "b/logo.png"
Binary files differ
"""


def test_risky_hunks_come_first_with_their_reasons() -> None:
    looked = risky_first(hunks_of(DIFF), ["weakened test: src/a.py:3: x"])
    assert [(one.hunk.path, one.why) for one in looked] == [
        ("tests/test_old.py", ("deletes a test file", "removes a test", "removes an assertion")),
        ("src/a.py", ("flagged by the gate for the review", "silences a check", "security words")),
        ("tests/test_a.py", ("removes an assertion",)),
        ("src/a.py", ("flagged by the gate for the review",)),
        ("pyproject.toml", ("configuration",)),
        ("tests/test_a.py", ()),
        ("logo.png", ()),
    ]
    assert [hunk.line for hunk in hunks_of(DIFF)] == [1, 8, 1, 20, 1, 0, 0]


@given(st.text(alphabet='diff --git a/b @@-1,+\n\\x"', max_size=300))
def test_no_line_of_a_hunk_is_lost_and_nothing_raises(text: str) -> None:
    lines = [line for hunk in hunks_of(text) for line in hunk.lines]
    given_lines = text.split("\n")
    assert all(line in given_lines for line in lines)
    assert len(risky_first(hunks_of(text))) == len(hunks_of(text))


def test_new_tests_and_acceptance_that_no_test_names() -> None:
    ids = ["tests/test_a.py::test_a", "tests/test_a.py::test_new_rate[1]", "tests/test_b.py::TestB::test_rounding"]
    assert new_tests(ids, hunks_of(DIFF)) == ("tests/test_a.py::test_new_rate[1]",)
    asked = ("the rate is new", "rounding of cents", "an unknown currency is refused")
    assert unnamed(asked, ids, hunks_of(DIFF)) == ("an unknown currency is refused",)
    script = hunks_of('diff --git a/x.test.ts b/x.test.ts\n+++ b/x.test.ts\n@@ -1 +1 @@\n+it("adds two", () => {})\n')
    assert new_tests(["x.test.ts > sums > adds two", "x.test.ts > sums > halves"], script) == (
        "x.test.ts > sums > adds two",
    )


def test_a_diff_has_the_languages_colours_and_marks_the_words_that_changed() -> None:
    hunk = Hunk(path="a.py", state="", line=1, lines=(" def f():", '-    return "a<b"', '+    return "a<c"'))
    assert str(hunk_markup(hunk, 10_000)) == (
        '<span class="same"> <i class=k>def</i> <i class=f>f</i>():</span>'
        '<span class="del">-    <i class=k>return</i> <i class=q>&#34;a&lt;<b>b</b>&#34;</i></span>'
        '<span class="add">+    <i class=k>return</i> <i class=q>&#34;a&lt;<b>c</b>&#34;</i></span>'
    )


@given(st.lists(st.text(alphabet='+- \\\'""#<>&()[]{}:=defxyz\t\n\r\x1b\u202e', max_size=30), max_size=12))
def test_colours_lose_and_add_no_character(lines: list[str]) -> None:
    flat = tuple("\n".join(lines).replace("\r", "").split("\n"))
    for ending in ("py", "ts", "none"):
        markup = str(hunk_markup(Hunk(path=f"a.{ending}", state="", line=1, lines=flat), 100_000))
        bare = str(hunk_markup(Hunk(path="a", state="", line=1, lines=flat), 100_000))
        strip = re.compile(r"</?(?:i|b)(?: class=\w)?>")
        assert strip.sub("", markup) == strip.sub("", bare)
        assert set(re.findall(r"</?[^>]*>", markup)) <= {
            *("<i class=k>", "<i class=q>", "<i class=c>", "<i class=f>", "</i>", "<b>", "</b>", "</span>"),
            *(f'<span class="{kind}">' for kind in ("add", "del", "same", "file")),
        }


def test_a_hunk_and_a_diff_stay_within_their_bytes_and_say_what_is_left_out() -> None:
    lines = tuple(f"+value_{number} = '\u00e4{NASTY[:40]}'" for number in range(5_000))
    markup = hunk_markup(Hunk(path="a.py", state="new", line=1, lines=lines), 9_000)
    assert len(markup.encode()) < 9_100
    assert re.search(r"\[\.\.\. 4,\d\d\d more lines: see changes.patch", markup)
    view = diff_view(DIFF * 300, (), 4_000)
    assert view.left_out > 2_000
    assert sum(len(hunk.markup.encode()) for hunk in (*view.risky, *view.rest)) < 4_000


def test_what_a_row_needs_is_read_from_folder_and_journal(tmp_path: Path) -> None:
    certificate = {
        "commit": "c" * 40,
        "tree": "7" * 40,
        "sandbox": "bwrap",
        "at": "2026-11-21T02:40:00+00:00",
        "base_gate": {"tree": "1", "green": False},
        "results": [
            {"check": "test", "tests": {"ran": 9, "base_ran": 7}, "coverage": 91.0},
            {"check": "test", "tests": {"ran": 2, "base_ran": 2}, "coverage": None},
        ],
    }
    (tmp_path / "certificate.json").write_text(json.dumps(certificate))
    (tmp_path / "review-1.json").write_text(json.dumps({"invariants": {"sql-safety": "kept"}}))
    entries = [
        {"type": "task:started", "task": "a", "depends_on": {"b": "1" * 40}},
        {"type": "task:defined", "task": "a", "importance": "high"},
        {"type": "review:finished", "task": "a", "verdict": "accept", "flags": ["weakened test: t.py:1: x"]},
        {"type": "run:calibrated", "task": "a", "likely": 900},
    ]
    detail = read_detail(tmp_path, "a", entries)
    noted = detail.certificate
    assert noted is not None
    assert (noted.tests_before, noted.tests_after, noted.coverage, noted.base_green) == (9, 11, 91.0, False)
    assert (detail.importance, detail.after, detail.flags) == (Importance.HIGH, ("b",), ("weakened test: t.py:1: x",))
    assert (detail.answers, detail.estimate_tokens) == ({"sql-safety": "kept"}, 900)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"commit": 1}', '{"commit": "a", "tree": "b", "results": [1]}'])
def test_damaged_files_of_a_task_count_as_missing(tmp_path: Path, text: str) -> None:
    (tmp_path / "certificate.json").write_text(text)
    (tmp_path / "review-1.json").write_text(text)
    assert certificate_of(tmp_path) is None
    assert review_answers(tmp_path, [{"type": "review:finished"}]) == {}
    assert acceptance_by_task({"tasks": [1, {"id": "a", "acceptance": "x"}, {"id": "b", "acceptance": {}}]}) == {
        "a": ("x",)
    }
