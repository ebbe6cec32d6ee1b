"""The four roles against a scripted desk: what they ask, how often, and what they make of every kind of answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from orchestrator.agents.adr import TreeFacts
from orchestrator.agents.answer import Need
from orchestrator.agents.architect import AdrResult, redesign, write_adr
from orchestrator.agents.executor import MAX_SHOWN, CodeLimits, CodeResult, CodeStatus, write_code
from orchestrator.agents.filetext import FileText
from orchestrator.agents.findings import Finding
from orchestrator.agents.lookups import Lookups
from orchestrator.agents.matching import apply_edits
from orchestrator.agents.reviewer import Verdict, begin_review, parse, read_review, send_back, shorten
from orchestrator.domain.adr import Adr
from orchestrator.domain.call import Answer, FinishReason, Speaker
from orchestrator.domain.edit import Edit, EditOutcome
from orchestrator.domain.errors import CapReachedError, ModelError, ModelFault
from tests.agents.material import RECORD, Tree, brief, staff
from tests.fakes.desk import Script, ScriptedDesk, looked_up, said

FENCE = "```"
GOOD = f"""src/dates.py
{FENCE}python
<<<<<<< SEARCH
    return datetime.date.fromisoformat(text)
=======
    return datetime.date.fromisoformat(text[:10])
>>>>>>> REPLACE
{FENCE}"""
WRONG = GOOD.replace("fromisoformat(text)\n", "parse(text)\n")


def record() -> Adr:
    with ScriptedDesk([RECORD]) as desk:
        result = write_adr(desk, staff(), brief())
    assert result.adr is not None
    return result.adr


class TestArchitect:
    def test_one_call(self) -> None:
        with ScriptedDesk([RECORD]) as desk:
            result = write_adr(desk, staff(), brief())
        assert result.adr is not None
        assert result.adr.date == "2026-11-21"
        assert (result.turns, result.model, result.faults) == (1, "opus", ())
        assert desk.keys == ["fix-offset/plan/architect/1/1"]
        request = desk.requests[0]
        assert (request.provider, request.effort, request.tools) == ("anthropic", "medium", ())
        assert "`parse_date` shall accept" in request.messages[0].text
        assert "def parse_date" in request.messages[0].text
        assert request.system in result.prompt

    def test_one_re_ask_names_what_is_missing(self) -> None:
        with ScriptedDesk([RECORD.replace("- no-print: nothing prints\n", ""), RECORD]) as desk:
            result = write_adr(desk, staff(), brief())
        assert result.adr is not None
        assert desk.keys[1] == "fix-offset/plan/architect/1/2"
        said_last = desk.requests[1].messages
        assert [message.speaker for message in said_last] == [Speaker.USER, Speaker.MODEL, Speaker.USER]
        assert "no-print" in said_last[-1].text

    def test_and_one_only(self) -> None:
        with ScriptedDesk(["no", "no again"]) as desk:
            result = write_adr(desk, staff(), brief())
        assert result.adr is None
        assert any("## Context" in fault for fault in result.faults)
        assert result.turns == len(desk.requests) == 2

    def test_a_protected_file_is_told_before_building(self) -> None:
        tree = TreeFacts(guard=lambda path: "a test of the base" if path.startswith("tests") else None)
        with ScriptedDesk([RECORD, RECORD.replace("- tests/test_offset.py (create): with and without\n", "")]) as desk:
            result = write_adr(desk, staff(), brief(), tree=tree)
        assert result.adr is not None
        assert "a test of the base" in desk.requests[1].messages[-1].text

    def test_a_redesign_is_told_the_old_record_and_the_history(self) -> None:
        with ScriptedDesk([RECORD]) as desk:
            result = redesign(desk, staff(), brief(), record(), "iteration 1 failed: circular import", 2)
        assert result.adr is not None
        assert desk.keys == ["fix-offset/plan/architect/2/1"]
        text = desk.requests[0].messages[0].text
        assert "circular import" in text
        assert "drops what follows the day" in text

    @pytest.mark.parametrize("reason", [FinishReason.REFUSAL, FinishReason.SAFETY, FinishReason.RECITATION])
    def test_a_refusal_ends_it_at_once(self, reason: FinishReason) -> None:
        with ScriptedDesk([said("", reason, "cyber")]) as desk:
            result = write_adr(desk, staff(), brief())
        assert (result.adr, result.refused) == (None, True)
        assert "cyber" in result.faults[0]

    @pytest.mark.parametrize("reason", [FinishReason.LENGTH, FinishReason.MALFORMED, FinishReason.OTHER])
    def test_a_cut_or_garbled_answer_is_asked_for_once_more(self, reason: FinishReason) -> None:
        with ScriptedDesk([said("# Half", reason), RECORD]) as desk:
            result = write_adr(desk, staff(), brief())
        assert result.adr is not None
        assert [message.speaker for message in desk.requests[1].messages] == [Speaker.USER]
        with ScriptedDesk([said("# Half", reason), said("# Half", reason)]) as desk:
            assert reason.value in write_adr(desk, staff(), brief()).faults[0]

    def test_an_empty_answer_is_garbled(self) -> None:
        with ScriptedDesk([said("  "), RECORD]) as desk:
            assert write_adr(desk, staff(), brief()).adr is not None

    def test_what_does_not_fit_is_not_asked_again(self) -> None:
        with ScriptedDesk([said("", FinishReason.CONTEXT_EXCEEDED)]) as desk:
            result = write_adr(desk, staff(), brief())
        assert (result.adr, result.refused) == (None, False)

    def test_a_limited_account_stops_the_run(self) -> None:
        with ScriptedDesk([said("", FinishReason.LIMITED)]) as desk, pytest.raises(ModelError) as error:
            write_adr(desk, staff(), brief())
        assert error.value.fault is ModelFault.QUOTA
        assert error.value.hint

    def test_the_desks_errors_pass_through(self) -> None:
        with ScriptedDesk([CapReachedError("the cap")]) as desk, pytest.raises(CapReachedError):
            write_adr(desk, staff(), brief())


class Bench:
    """Runs the executor over a tree in memory."""

    def __init__(self, *script: Script, lookups: int = 2, retries: int = 2) -> None:
        self.tree = Tree()
        self.desk = ScriptedDesk(list(script))
        self.limits = CodeLimits(lookups=lookups, edit_retries=retries)
        self.allowed = {"src/dates.py", "tests/test_offset.py"}

    def read(self, path: str) -> FileText | None:
        content = self.tree.read(path)
        return None if content is None else FileText(content=content)

    def guard(self, path: str) -> str | None:
        return None if path in self.allowed else "the record does not name it"

    def apply(self, edits: Sequence[Edit]) -> EditOutcome:
        return apply_edits(edits, self.read, self.guard)

    def run(self, **changes: Any) -> CodeResult:
        arguments: dict[str, Any] = {
            "files": "FILES",
            "feedback": "",
            "lookups": Lookups(self.tree),
            "apply": self.apply,
            "iteration": 1,
            "limits": self.limits,
        }
        with self.desk:
            return write_code(self.desk, staff(), brief(), record(), **{**arguments, **changes})

    @property
    def last(self) -> str:
        return self.desk.requests[-1].messages[-1].text


class TestExecutor:
    def test_edits_at_once(self) -> None:
        bench = Bench(GOOD)
        result = bench.run()
        assert result.status is CodeStatus.EDITS
        assert [change.path for change in result.outcome.changes] == ["src/dates.py"]
        assert (result.turns, result.retries, result.lookups, result.tier, result.model) == (1, 0, 0, 2, "flash")
        assert bench.desk.keys == ["fix-offset/build/executor/1/1"]
        request = bench.desk.requests[0]
        assert [tool.name for tool in request.tools] == ["read_file", "search", "list_files", "find_symbol"]
        assert "drops what follows the day" in request.messages[0].text
        assert "<feedback>" not in request.messages[0].text
        assert result.answer == GOOD

    def test_feedback_iteration_and_climb(self) -> None:
        bench = Bench(GOOD)
        result = bench.run(feedback="ruff F821 at src/dates.py:7", iteration=3, climb=1)
        assert bench.desk.keys == ["fix-offset/build/executor/3/1"]
        assert (result.tier, bench.desk.requests[0].model) == (3, "argon")
        assert "<feedback>\nruff F821 at src/dates.py:7\n</feedback>" in bench.desk.requests[0].messages[0].text

    def test_look_ups_are_answered_and_counted_as_turns(self) -> None:
        bench = Bench(looked_up(("read_file", {"path": "src/dates.py"}), ("find_symbol", {"name": "parse_date"})), GOOD)
        result = bench.run()
        assert (result.status, result.lookups, result.turns) == (CodeStatus.EDITS, 1, 2)
        assert bench.desk.keys[-1] == "fix-offset/build/executor/1/2"
        results = bench.desk.requests[1].messages[-1].tool_results
        assert [(one.id, one.name) for one in results] == [("c0", "read_file"), ("c1", "find_symbol")]
        assert "def parse_date" in results[0].content

    def test_the_last_look_up_is_said_and_then_it_ends(self) -> None:
        call = looked_up(("search", {"text": "parse"}))
        bench = Bench(call, call, call, GOOD)
        assert bench.run().status is CodeStatus.EDITS
        assert "no look-ups are left" in bench.desk.requests[-1].messages[-1].tool_results[0].content
        stubborn = Bench(call, call, call, call)
        assert stubborn.run().status is CodeStatus.UNUSABLE

    def test_look_ups_in_one_turn_are_bounded(self) -> None:
        bench = Bench(looked_up(*[("list_files", {})] * 12), GOOD)
        bench.run()
        results = bench.desk.requests[1].messages[-1].tool_results
        assert len(results) == 12
        assert sum("at most" in one.content for one in results) == 4

    def test_what_look_ups_show_in_an_iteration_is_bounded(self) -> None:
        call = looked_up(*[("read_file", {"path": "src/big.py"})] * 8)
        bench = Bench(call, call, GOOD)
        bench.tree.content["src/big.py"] = b"# a line of text that is long enough\n" * 5000
        bench.run()
        contents = [result.content for message in bench.desk.requests[-1].messages for result in message.tool_results]
        assert sum(map(len, contents)) < MAX_SHOWN + 15_000
        assert contents[-1].startswith("error: you have been shown enough")

    def test_edits_that_do_not_apply_go_back_with_the_real_text(self) -> None:
        bench = Bench(WRONG, GOOD)
        result = bench.run()
        assert (result.status, result.retries, result.turns) == (CodeStatus.EDITS, 1, 2)
        assert "return datetime.date.fromisoformat(text)" in bench.last
        assert "None of your edits was applied" in bench.last
        assert result.answer == f"{WRONG}\n\n---\n\n{GOOD}"

    def test_and_only_as_often_as_allowed(self) -> None:
        result = Bench(WRONG, WRONG, WRONG).run()
        assert (result.status, result.retries) == (CodeStatus.UNUSABLE, 2)
        assert [fault.reason for fault in result.outcome.faults] == ["no match"]
        assert result.outcome.changes == ()
        assert "src/dates.py (no match)" in result.detail
        assert Bench(WRONG, retries=0).run().turns == 1

    @pytest.mark.parametrize(
        ("answer", "told"),
        [
            ("I have fixed it.", "no edit in the form asked for"),
            (GOOD.replace("[:10]", ""), "leave every file as it is"),
            (GOOD.replace("src/dates.py", "src/other.py"), "the record does not name it"),
            (GOOD.replace("src/dates.py", "../x.py"), "leaves the repository"),
            (GOOD.replace("[:10]", "\n    # ... rest unchanged ..."), "stands for text left out"),
            (GOOD[: GOOD.index(">>>>>>>")], "ends inside this block"),
        ],
    )
    def test_what_goes_back(self, answer: str, told: str) -> None:
        bench = Bench(answer, GOOD)
        assert bench.run().status is CodeStatus.EDITS
        assert told in bench.last

    def test_a_need_nobody_grants_is_surfaced(self) -> None:
        result = Bench("NEED src/__init__.py: export it\n" + GOOD).run()
        assert result.status is CodeStatus.NEEDS
        assert result.needs == (Need(path="src/__init__.py", why="export it"),)
        assert result.outcome.changes == ()

    def test_a_granted_need_goes_on_in_the_same_iteration(self) -> None:
        both = (
            GOOD
            + "\nsrc/__init__.py\n```\n<<<<<<< SEARCH\n=======\nfrom .dates import parse_date\n>>>>>>> REPLACE\n```"
        )
        bench = Bench("NEED src/__init__.py: export it", both)

        def grant(need: Need) -> str | None:
            bench.allowed.add(need.path)
            return "It is new."

        result = bench.run(grant=grant)
        assert [change.path for change in result.outcome.changes] == ["src/__init__.py", "src/dates.py"]
        assert "You may now change src/__init__.py.\nIt is new." in bench.last

    def test_grants_end(self) -> None:
        result = Bench(*["NEED a.py: more"] * 4).run(grant=lambda _need: "granted")
        assert (result.status, result.turns) == (CodeStatus.NEEDS, 4)

    def test_a_conflict_with_the_record(self) -> None:
        result = Bench("CONFLICT: the record wants the offset kept and dropped").run()
        assert (result.status, result.detail) == (CodeStatus.CONFLICT, "the record wants the offset kept and dropped")

    @pytest.mark.parametrize(
        ("reason", "status"),
        [
            (FinishReason.REFUSAL, CodeStatus.REFUSED),
            (FinishReason.SAFETY, CodeStatus.REFUSED),
            (FinishReason.RECITATION, CodeStatus.REFUSED),
            (FinishReason.CONTEXT_EXCEEDED, CodeStatus.UNUSABLE),
        ],
    )
    def test_reasons_that_end_it(self, reason: FinishReason, status: CodeStatus) -> None:
        result = Bench(said("", reason, "why")).run()
        assert (result.status, result.turns) == (status, 1)
        assert "why" in result.detail

    @pytest.mark.parametrize(
        "reason", [FinishReason.LENGTH, FinishReason.MALFORMED, FinishReason.OTHER, FinishReason.TOOL]
    )
    def test_reasons_asked_again_once(self, reason: FinishReason) -> None:
        bench = Bench(said(GOOD[:60], reason), GOOD)
        assert bench.run().status is CodeStatus.EDITS
        assert [message.speaker for message in bench.desk.requests[1].messages] == [Speaker.USER]
        assert "Answer again" in bench.last
        assert Bench(said("x", reason), said("x", reason)).run().status is CodeStatus.UNUSABLE

    def test_a_cut_after_look_ups_keeps_their_results(self) -> None:
        bench = Bench(looked_up(("list_files", {})), said("half", FinishReason.LENGTH), GOOD)
        assert bench.run().status is CodeStatus.EDITS
        last = bench.desk.requests[-1].messages[-1]
        assert last.tool_results
        assert "cut off" in last.text

    def test_every_finish_reason_is_mapped(self) -> None:
        for reason in FinishReason:
            if reason is not FinishReason.LIMITED:
                desk = ScriptedDesk([said("x", reason)] * 9)
                bench = Bench()
                result = write_code(
                    desk,
                    staff(),
                    brief(),
                    record(),
                    files="",
                    feedback="",
                    lookups=Lookups(bench.tree),
                    apply=bench.apply,
                    iteration=1,
                    limits=bench.limits,
                )
                assert result.status in {CodeStatus.REFUSED, CodeStatus.UNUSABLE}

    def test_a_limited_account_stops_the_run(self) -> None:
        with pytest.raises(ModelError):
            Bench(said("", FinishReason.LIMITED)).run()

    def test_the_same_answers_ask_for_the_same_keys(self) -> None:
        script: list[Script] = [looked_up(("list_files", {})), WRONG, GOOD]
        first, second = Bench(*script), Bench(*script)
        first.run()
        second.run()
        assert first.desk.requests == second.desk.requests


REVIEW = """VERDICT: send_back
SUMMARY: The offset of a time is lost.
FINDINGS:
- src/dates.py:7: a shorter text is accepted; check its length
- `src/dates.py`: no docstring
- Tests are missing for an empty text
INVARIANTS:
- sql-safety: kept
- no-print: kept
"""


def reviewed(*script: Script, diff: str = "DIFF") -> tuple[Any, ScriptedDesk]:
    with ScriptedDesk(list(script)) as desk:
        return read_review(begin_review(desk, staff(), brief(), record(), diff, "- test: passed")), desk


class TestReviewer:
    def test_a_review_is_read(self) -> None:
        result, desk = reviewed(REVIEW)
        assert result.verdict is Verdict.SEND_BACK
        assert result.summary == "The offset of a time is lost."
        assert result.findings == (
            Finding(text="a shorter text is accepted; check its length", file="src/dates.py", line=7),
            Finding(text="no docstring", file="src/dates.py"),
            Finding(text="Tests are missing for an empty text"),
        )
        assert result.invariants == {"sql-safety": "kept", "no-print": "kept"}
        assert desk.keys == ["fix-offset/deliver/reviewer/1/1"]
        assert desk.requests[0].model == "opus"
        assert "DIFF" in desk.requests[0].messages[0].text
        assert "- test: passed" in desk.requests[0].messages[0].text
        assert "- src/dates.py:7: a shorter text is accepted" in send_back(result)

    @pytest.mark.parametrize(
        ("text", "verdict"),
        [
            ("VERDICT: accept\nSUMMARY: fine", Verdict.ACCEPT),
            ("**VERDICT:** ACCEPT\n", Verdict.ACCEPT),
            ("## Verdict\naccept\n", Verdict.ACCEPT),
            ("```\nVERDICT: accept\n```", Verdict.ACCEPT),
            ("verdict: send back", Verdict.SEND_BACK),
            ("VERDICT: send-back\n", Verdict.SEND_BACK),
            ("VERDICT: reject", Verdict.SEND_BACK),
            ("VERDICT: accept\nINVARIANTS:\n- no-print: broken: it prints", Verdict.SEND_BACK),
            ("VERDICT: perhaps", Verdict.UNDECIDED),
            ("I accept this.", Verdict.UNDECIDED),
            ("", Verdict.UNDECIDED),
        ],
    )
    def test_verdicts(self, text: str, verdict: Verdict) -> None:
        assert parse(text).verdict is verdict

    def test_no_findings(self) -> None:
        assert parse("VERDICT: accept\nFINDINGS:\n- None.\nINVARIANTS:\n").findings == ()

    def test_one_re_ask_then_someone_else_decides(self) -> None:
        result, desk = reviewed("Looks good to me", "VERDICT: accept")
        assert (result.verdict, result.turns) == (Verdict.ACCEPT, 2)
        assert [message.speaker for message in desk.requests[1].messages] == [Speaker.USER]
        result, _ = reviewed("Looks good", "Really")
        assert (result.verdict, result.detail) == (Verdict.UNDECIDED, "the review names no verdict")

    def test_a_refusal_is_undecided_at_once(self) -> None:
        result, _ = reviewed(said("", FinishReason.REFUSAL, "cyber"))
        assert result.verdict is Verdict.UNDECIDED
        assert "cyber" in result.detail

    def test_a_large_diff_keeps_head_and_tail(self) -> None:
        diff = "".join(f"+line {number}\n" for number in range(20_000))
        short = shorten(diff)
        assert len(short) < 61_000
        assert short.startswith("+line 0\n")
        assert short.endswith("+line 19999\n")
        assert "lines of the diff left out" in short
        left_out = int(short.split("[... ")[1].split(" ")[0])
        assert left_out + short.count("+line") == 20_000


def ask_twice(desk: ScriptedDesk) -> AdrResult:
    write_adr(desk, staff(), brief())
    return write_adr(desk, staff(), brief())


@pytest.mark.parametrize(
    ("script", "use", "why"),
    [
        ([], lambda desk: write_adr(desk, staff(), brief()), "was not scripted"),
        ([RECORD, RECORD], ask_twice, "was asked before"),
        ([RECORD, RECORD], lambda desk: write_adr(desk, staff(), brief()), "never asked for"),
    ],
)
def test_the_scripted_desk_fails_loudly(script: list[Script], use: Callable[[ScriptedDesk], object], why: str) -> None:
    with pytest.raises(AssertionError, match=why), ScriptedDesk(script) as desk:
        use(desk)


def test_the_scripted_desk_counts_turns() -> None:
    def answer(_request: object) -> Answer:
        return said(RECORD)

    with ScriptedDesk([answer, answer]) as desk:
        write_adr(desk, staff(), brief(), 1)
        write_adr(desk, staff(), brief(), 2)
