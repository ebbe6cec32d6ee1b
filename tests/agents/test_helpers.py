"""The agents that join architect, executor and reviewer, against a scripted desk."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from orchestrator.agents.audit import Audit, begin_audit, read_audit
from orchestrator.agents.filetext import FileText
from orchestrator.agents.findings import MINOR, SERIOUS, Finding, held_against, json_object, merged, read_findings
from orchestrator.agents.issue_creator import Issue, begin_issues, issues_markdown, read_issues
from orchestrator.agents.lookups import Lookups
from orchestrator.agents.matching import apply_edits
from orchestrator.agents.research import MAX_SHOWN, NO_LOOKUPS, begin_local, begin_web, joined, read_local, read_web
from orchestrator.agents.schemas import FINDINGS, ISSUES
from orchestrator.agents.test_master import WrittenTests, begin_tests, read_tests
from orchestrator.domain.call import FinishReason
from orchestrator.domain.edit import Edit, EditOutcome, FileChange
from orchestrator.domain.task import Task
from tests.agents.material import TASK, Tree, brief, staff
from tests.agents.test_roles import record
from tests.fakes.desk import Script, ScriptedDesk, looked_up, said


class TestResearch:
    def test_notes(self) -> None:
        with ScriptedDesk([looked_up(("search", {"text": "parse"})), "Notes:\n- src/dates.py:6: parse_date\n"]) as desk:
            found = read_local(begin_local(desk, staff(), brief()), Lookups(Tree()), turns=2)
        assert (found.notes, found.turns, found.model) == ("- src/dates.py:6: parse_date", 2, "haiku")
        assert desk.keys == ["fix-offset/discover/local_researcher/1/1", "fix-offset/discover/local_researcher/1/2"]

    def test_look_ups_end(self) -> None:
        call = looked_up(("list_files", {}))
        with ScriptedDesk([call, call, call]) as desk:
            assert read_local(begin_local(desk, staff(), brief()), Lookups(Tree()), turns=1).notes == ""
        assert "no look-ups are left" in desk.requests[-1].messages[-1].tool_results[0].content

    def test_what_it_is_shown_is_bounded_over_all_turns(self) -> None:
        tree = Tree({"big.py": b"x = 1  # word after word\n" * 3000})
        call = looked_up(("search", {"text": "word"}), ("read_file", {"path": "big.py"}), ("list_files", {}))
        with ScriptedDesk([call, call, "- big.py:1: words"]) as desk:
            read_local(begin_local(desk, staff(), brief()), Lookups(tree), turns=2)
        results = [one for message in desk.requests[-1].messages for one in message.tool_results]
        assert sum(len(one.content) for one in results) < MAX_SHOWN + 600
        assert "[cut: ask for less]" in results[1].content
        assert [one.content for one in results[2:]] == [NO_LOOKUPS] * 4

    def test_a_refusal_brings_no_notes(self) -> None:
        with ScriptedDesk([said("- a", FinishReason.REFUSAL)]) as desk:
            assert read_local(begin_local(desk, staff(), brief()), Lookups(Tree()), turns=1).notes == ""

    def test_the_web_is_told_the_tasks_words_and_libraries_and_searches_with_the_providers_tool(self) -> None:
        task = Task(id="a", title="Parse dates", description="As ISO says.", files=("src/secret_place.py",))
        with ScriptedDesk(["- click 9 drops Python 3.9 (https://example.invalid/click)\n"]) as desk:
            talk = begin_web(desk, staff(), task, ("click", "attrs"), searches=3, search_tokens=1000)
            notes = read_web(talk)
        (asked,) = desk.requests
        assert (asked.searches, asked.search_tokens, asked.tools) == (3, 3000, ())
        told = asked.system + asked.messages[0].text
        assert "secret_place" not in told
        assert asked.messages[0].text.count("\n") < 15
        assert "click, attrs" in told
        assert joined((notes,)) == "On the web:\n- click 9 drops Python 3.9 (https://example.invalid/click)"

    @pytest.mark.parametrize("text", ["- nothing", "- Nothing.", "I found no page."])
    def test_nothing_found_is_no_notes(self, text: str) -> None:
        with ScriptedDesk([text]) as desk:
            assert read_web(begin_web(desk, staff(), TASK, (), searches=1, search_tokens=1)).notes == ""


def found(**fields: object) -> dict[str, object]:
    return {"file": "src/dates.py", "line": 3, "severity": "serious", "problem": "Bad.", "remedy": "Mend it.", **fields}


def audited(*script: Script, role: str = "security_auditor") -> tuple[Audit, ScriptedDesk]:
    with ScriptedDesk(list(script)) as desk:
        talk = begin_audit(desk, staff(), role, brief(), record(), "+a", documents="DOCS", iteration=1)
        return read_audit(talk), desk


class TestAudit:
    def test_findings_have_place_and_weight_and_the_answer_a_schema(self) -> None:
        audit, desk = audited(json.dumps({"summary": "One.", "findings": [found()]}))
        (one,) = audit.findings
        assert (one.file, one.line, one.severity, one.by) == ("src/dates.py", 3, SERIOUS, "security_auditor")
        assert (one.text, audit.summary, audit.ran, audit.model) == ("Bad. Mend it.", "One.", True, "opus")
        assert desk.requests[0].schema == FINDINGS
        assert desk.keys == ["fix-offset/deliver/security_auditor/1/1"]

    def test_an_unreadable_answer_is_asked_for_again_a_tier_up(self) -> None:
        audit, desk = audited("No JSON.", '```json\n{"summary": "", "findings": []}\n```', role="doc_master")
        assert (audit.ran, audit.findings, audit.turns) == (True, (), 2)
        assert [request.model for request in desk.requests] == ["haiku", "sonnet"]
        assert len(desk.requests[1].messages) == 1  # what could not be read is not sent again

    @pytest.mark.parametrize(
        ("script", "why"),
        [
            (("x", "y"), "its findings could not be read"),
            ((said("", FinishReason.REFUSAL, "cyber"),), "refusal (cyber)"),
            ((said("{", FinishReason.LENGTH), said("{", FinishReason.LENGTH)), "ended with length"),
        ],
    )
    def test_one_that_did_not_run_says_so(self, script: tuple[Script, ...], why: str) -> None:
        audit, _ = audited(*script)
        assert not audit.ran
        assert why in audit.detail


class TestFindings:
    @pytest.mark.parametrize(
        ("item", "severity"),
        [
            (found(), SERIOUS),
            (found(severity="minor"), MINOR),
            (found(severity="apocalyptic"), MINOR),
            (found(line=0), MINOR),
            (found(line="3"), MINOR),
            (found(line=True), MINOR),
            (found(file=""), MINOR),
            (found(file=None), MINOR),
        ],
    )
    def test_what_cannot_be_pointed_at_is_minor(self, item: dict[str, object], severity: str) -> None:
        read = read_findings(json.dumps({"findings": [item]}), "doc_master")
        assert read is not None
        assert [one.severity for one in read[1]] == [severity]

    @pytest.mark.parametrize("text", ["", "[]", "{", '{"findings": 3}', "null", "{" * 5000, '{"a": "\\ud800"}'])
    def test_what_is_no_answer(self, text: str) -> None:
        assert read_findings(text, "doc_master") is None

    def test_odd_items_are_left_out(self) -> None:
        read = read_findings(json.dumps({"findings": [3, None, {}, found()]}), "doc_master")
        assert read is not None
        assert len(read[1]) == 1

    def test_places_are_held_against_the_tree(self) -> None:
        lines = {"a.py": 10}.get
        good = Finding(text="t", file="a.py", line=10, severity=SERIOUS)
        kept = held_against((good, Finding(text="t", file="a.py", line=11, severity=SERIOUS)), lines)
        assert kept[0] == good
        assert (kept[1].file, kept[1].line, kept[1].severity, kept[1].text) == (None, None, MINOR, "a.py:11: t")
        (gone,) = held_against((Finding(text="t", file="b.py", line=1, severity=SERIOUS),), lines)
        assert (gone.severity, gone.text) == (MINOR, "b.py:1: t")

    def test_several_agents_findings_keep_the_agents_order_and_lose_repetitions(self) -> None:
        mine, yours = Finding(text="Bad", file="a", line=1), Finding(text="bad", file="a", line=1, by="doc_master")
        other = Finding(text="else", by="security_auditor")
        assert merged([[mine], [other, yours]]) == (mine, other)

    def test_an_object_with_words_around_it(self) -> None:
        assert json_object('Here: {"a": {"b": 1}} done') == {"a": {"b": 1}}


TESTS = """tests/test_offset.py
```python
<<<<<<< SEARCH
=======
def test_offset():
    assert False
>>>>>>> REPLACE
```"""


def writes(*script: Script, faults: Sequence[str] = ("",)) -> tuple[WrittenTests, ScriptedDesk]:
    tree, waiting = Tree(), list(faults)

    def apply(edits: Sequence[Edit]) -> EditOutcome:
        def file(path: str) -> FileText | None:
            content = tree.read(path)
            return None if content is None else FileText(content=content)

        return apply_edits(edits, file, lambda path: None if "test" in path else "no test file", lambda _: False)

    def prove(changes: Sequence[FileChange]) -> str:
        assert changes
        return waiting.pop(0)

    with ScriptedDesk(list(script)) as desk:
        talk = begin_tests(desk, staff(), brief(), record(), files="FILES", iteration=1)
        return read_tests(talk, apply, prove), desk


class TestTestMaster:
    def test_new_files_that_fail_on_what_there_is(self) -> None:
        written, desk = writes(TESTS)
        assert [change.path for change in written.changes] == ["tests/test_offset.py"]
        assert desk.keys == ["fix-offset/build/test_master/1/1"]
        assert (written.model, written.detail) == ("sonnet", "")

    def test_tests_that_prove_nothing_go_back_once_with_the_reason_a_tier_up(self) -> None:
        written, desk = writes(TESTS, TESTS, faults=["They pass already.", ""])
        assert written.changes
        assert "They pass already." in desk.requests[1].messages[-1].text
        assert [request.model for request in desk.requests] == ["sonnet", "opus"]
        written, _ = writes(TESTS, TESTS, faults=["They pass already.", "Still."])
        assert (written.changes, written.detail) == ((), "Still.")

    @pytest.mark.parametrize(
        ("answer", "why"),
        [
            ("Nothing to test.", "no new test file"),
            (TESTS.replace("tests/test_offset.py", "src/dates.py", 1), "no test file"),
            (TESTS.replace("tests/test_offset.py", "src/more.py", 1), "no test file"),
            ("DELETE src/dates.py", "only new test files"),
        ],
    )
    def test_anything_but_new_test_files_is_refused(self, answer: str, why: str) -> None:
        written, desk = writes(answer, answer)
        assert written.changes == ()
        assert why in desk.requests[1].messages[-1].text

    def test_a_refusal_ends_it(self) -> None:
        written, _ = writes(said("", FinishReason.REFUSAL, "cyber"))
        assert "cyber" in written.detail


class TestIssueCreator:
    def drafts(self, *script: Script) -> tuple[tuple[Issue, ...], ScriptedDesk]:
        with ScriptedDesk(list(script)) as desk:
            talk = begin_issues(desk, staff(), brief(), [Finding(text="Slow.", file="a.py", line=3)], iteration=1)
            return read_issues(talk), desk

    def test_drafts(self) -> None:
        answer = json.dumps({"issues": [{"title": "# Faster", "body": "It is slow.", "files": ["a.py", 3]}, {}, 4]})
        issues, desk = self.drafts(answer)
        assert issues == (Issue(title="Faster", body="It is slow.", files=("a.py",)),)
        assert "- a.py:3: Slow." in desk.requests[0].messages[0].text
        assert desk.requests[0].schema == ISSUES
        assert "## Faster\n\nIt is slow.\n\nFiles: a.py" in issues_markdown(issues)

    def test_what_cannot_be_read_twice_is_no_draft(self) -> None:
        assert self.drafts("no", "no")[0] == ()
        assert self.drafts(said("", FinishReason.REFUSAL))[0] == ()
