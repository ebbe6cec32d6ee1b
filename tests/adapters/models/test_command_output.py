"""What real CLIs printed (Claude Code 2.1.330, Codex CLI 0.169.0, against the loopback server), and odd outputs."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.models.command_llm import CommandLlm, CommandRun
from orchestrator.adapters.models.command_output import READERS, Said, claude_code, codex, fault_in, plain
from orchestrator.domain.call import FinishReason, Usage
from orchestrator.domain.errors import ModelError, ModelFault
from tests.adapters.models.common import LONG
from tests.adapters.models.test_command import Bench, asked, bench

__all__ = ["bench"]

PRINTED = json.loads((Path(__file__).parent / "cli_outputs.json").read_text(encoding="utf-8"))


def read(name: str) -> Said:
    return (claude_code if name.startswith("claude") else codex)(PRINTED[name]["stdout"])


def test_tokens_cost_and_last_words_are_read() -> None:
    done = read("claude-done")
    assert (done.words, done.failed, done.model) == ("I made made.txt.", "", "claude-sonnet-5-5")
    assert done.usage == Usage(input_tokens=2000, output_tokens=40, cached_tokens=600)
    assert done.cost_usd == Decimal("0.0032600000000000003")
    assert read("codex-done") == Said(
        words="I made made.txt.", usage=Usage(input_tokens=2000, output_tokens=40, cached_tokens=600)
    )


@pytest.mark.parametrize("name", ["claude-budget", "claude-turns"])
def test_a_limit_of_its_own_cuts_the_answer_and_is_paid_for(name: str) -> None:
    said = read(name)
    assert (said.cut, said.failed) == (True, "")
    assert said.usage == Usage(input_tokens=1000, output_tokens=20, cached_tokens=300)
    assert said.cost_usd == Decimal("0.0016300000000000002")


@pytest.mark.parametrize(
    ("name", "fault", "status"),
    [
        ("claude-401", ModelFault.AUTHENTICATION, 401),
        ("claude-402", ModelFault.QUOTA, 400),
        ("claude-404", ModelFault.NOT_FOUND, 404),
        ("claude-400", ModelFault.TOO_LARGE, 400),
        ("claude-429", ModelFault.RATE_LIMIT, 429),
        ("claude-529", ModelFault.OVERLOADED, 529),
        ("claude-refused", ModelFault.CONNECTION, 0),
        ("codex-401", ModelFault.AUTHENTICATION, 401),
        ("codex-402", ModelFault.QUOTA, 0),
        ("codex-404", ModelFault.NOT_FOUND, 404),
        ("codex-400", ModelFault.TOO_LARGE, 0),
        ("codex-429", ModelFault.RATE_LIMIT, 429),
        ("codex-529", ModelFault.OVERLOADED, 529),
        ("codex-cut", ModelFault.INCOMPLETE, 0),
        ("codex-refused", ModelFault.CONNECTION, 0),
    ],
)
def test_what_went_wrong_is_named_as_a_models_fault_is(name: str, fault: ModelFault, status: int) -> None:
    said = read(name)
    assert fault_in(said.failed, said.status) == (fault, status)
    assert said.unspent


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("You've hit your usage limit. Try again at 3:00 AM.", ModelFault.QUOTA),
        ("You've hit your session limit · resets 3am", ModelFault.QUOTA),
        ("Not logged in · Please run /login", ModelFault.AUTHENTICATION),
        ("Selected model is at capacity. Please try a different model.", ModelFault.OVERLOADED),
        ("Request timed out", ModelFault.TIMEOUT),
        ("unexpected status 500 Internal Server Error: oops", ModelFault.SERVER),
        ("stream error: rate_limit_exceeded", ModelFault.RATE_LIMIT),
        ("it refused to go on", ModelFault.UNKNOWN),
    ],
)
def test_wordings_without_a_status(words: str, fault: ModelFault) -> None:
    assert fault_in(words)[0] is fault


def test_codex_that_worked_before_it_failed_tells_no_usage() -> None:
    """What its earlier turns used is not told: the call is charged at its worst case."""
    item = {"type": "item.completed", "item": {"type": "agent_message", "text": "Looking."}}
    failed = {"type": "turn.failed", "error": {"message": "stream disconnected before completion"}}
    said = codex("\n".join(json.dumps(event) for event in (item, failed)))
    assert (said.usage, said.unspent, said.words) == (None, False, "Looking.")
    again = codex("\n".join(json.dumps(e) for e in ({"type": "error", "message": "Reconnecting"}, *_turns(2))))
    assert (again.failed, again.usage) == ("", Usage(input_tokens=20, output_tokens=2))


def _turns(count: int) -> list[dict[str, object]]:
    return [{"type": "turn.completed", "usage": {"input_tokens": 10, "output_tokens": 1}}] * count


@pytest.mark.parametrize("read_", [claude_code, codex])
@settings(max_examples=25)
@given(text=st.text() | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_output_is_read_as_far_as_it_goes(read_: object, text: str) -> None:
    said = read_(text)  # type: ignore[operator]
    assert said.usage is None or said.usage.total == 0


@settings(max_examples=25)
@given(
    fields=st.dictionaries(
        st.sampled_from(["result", "usage", "modelUsage", "total_cost_usd", "is_error", "errors", "subtype", "item"]),
        st.none() | st.integers() | st.floats() | st.text() | st.dictionaries(st.text(max_size=3), st.text()),
    )
)
def test_fields_of_other_types_break_nothing(fields: dict[str, object]) -> None:
    for kind in ("result", "turn.completed", "turn.failed", "item.completed"):
        text = json.dumps({"type": kind, **fields})
        for reader in (claude_code, codex):
            cost = reader(text).cost_usd
            assert cost is None or (cost.is_finite() and cost >= 0)


def printing(name: str) -> str:
    """A stand-in that prints what the real CLI printed, ends as it ended, and changed a file where that had worked."""
    printed = PRINTED[name]
    work = "echo 'x = 1' > made.py; " if name.endswith(("done", "budget")) else ""
    return f"cat > /dev/null; {work}printf '%s\\n' '{_quoted(printed['stdout'])}'; exit {max(printed['exit'], 0)}"


def _quoted(text: str) -> str:
    return text.replace("'", "'\\''")


def test_an_answer_holds_what_the_cli_told(bench: Bench) -> None:
    answer = bench.llm(printing("claude-done"), read=READERS["claude-code"]).ask(asked(), LONG)
    assert "made.py" in answer.text
    assert (answer.reason, answer.model) == (FinishReason.END, "claude-sonnet-5-5")
    assert answer.usage == Usage(input_tokens=2000, output_tokens=40, cached_tokens=600)
    assert answer.cost_usd == Decimal("0.0032600000000000003")
    free = bench.llm(printing("claude-done"), read=READERS["claude-code"], free=True).ask(asked(), LONG)
    assert free.cost_usd is None
    cut = bench.llm(printing("claude-budget"), read=READERS["claude-code"]).ask(asked(), LONG)
    assert (cut.reason, "made.py" in cut.text) == (FinishReason.LENGTH, True)
    words = bench.llm("cat > /dev/null; echo $ORCHESTRATE_MODEL", read=plain).ask(asked(), LONG)
    assert (words.text, words.usage, words.model) == ("any\n", None, "any")


@pytest.mark.parametrize(
    ("name", "fault", "billed"),
    [
        ("claude-429", ModelFault.RATE_LIMIT, False),
        ("claude-401", ModelFault.AUTHENTICATION, False),
        ("codex-529", ModelFault.OVERLOADED, False),
        ("codex-cut", ModelFault.INCOMPLETE, True),
        ("codex-401", ModelFault.AUTHENTICATION, False),
    ],
)
def test_an_error_is_a_models_error(bench: Bench, name: str, fault: ModelFault, billed: bool) -> None:
    reader = READERS["claude-code" if name.startswith("claude") else "codex"]
    with pytest.raises(ModelError) as raised:
        bench.llm(printing(name), read=reader).ask(asked(), LONG)
    assert (raised.value.fault, raised.value.billed) == (fault, billed)
    if fault is ModelFault.AUTHENTICATION:
        assert "models.providers.my-cli.pass_env" in raised.value.hint


def test_a_failure_it_does_not_explain_stays_unknown(bench: Bench) -> None:
    llm = CommandLlm(
        run=lambda prompt, tree, timeout_s, model: CommandRun(exit_code=3, stdout="", stderr="boom", seconds=0.0),
        workbench=bench.copy,
        read=codex,
    )
    bench.write(a="x\n")
    with pytest.raises(ModelError, match="exit code 3: boom") as raised:
        llm.ask(asked(), LONG)
    assert (raised.value.fault, raised.value.billed) == (ModelFault.UNKNOWN, True)
