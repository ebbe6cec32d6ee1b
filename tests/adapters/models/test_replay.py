"""Answers from a recording: found by key, unreadable ones named, drift told."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from orchestrator.adapters.models.replay import ReplayLlm, read_records
from orchestrator.domain.call import Answer, CallKey, FinishReason, Message, Speaker, ToolCall, Usage
from orchestrator.domain.errors import ModelError, ModelFault, UsageError
from orchestrator.domain.record import CallRecord, prompt_digest, request_json, to_json
from orchestrator.domain.task import Phase
from tests.adapters.models.common import KEY, LONG, request

ANSWER = Answer(
    text="src/a.py\n```\n…\n```\n",
    reason=FinishReason.TOOL,
    detail="tool_use",
    usage=Usage(input_tokens=10, output_tokens=5),
    model="claude-opus-5-5-20260922",
    tool_calls=(ToolCall(id="toolu_1", name="read_file", arguments={"path": "a"}, signature="s"),),
    raw={"type": "message"},
    seconds=1.5,
)


def record(folder: Path, *, key: CallKey = KEY, system: str = "You write code.") -> CallRecord:
    """Write one recorded answer, as the desk does."""
    asked = request("anthropic", system=system, key=key)
    made = CallRecord(
        key=key,
        provider="anthropic",
        model=asked.model,
        prompt_sha256=prompt_digest(asked),
        request=request_json(asked),
        answer=ANSWER,
        cost_usd=Decimal("0.01"),
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{key.call_id}.json").write_text(json.dumps(to_json(made)), encoding="utf-8")
    return made


@pytest.mark.parametrize("inner", ["", "calls"])
def test_a_recorded_answer_comes_back_as_it_was(tmp_path: Path, inner: str) -> None:
    record(tmp_path / inner)
    llm = ReplayLlm(tmp_path)
    llm.check(["anything"])
    assert llm.ask(request("anthropic"), LONG) == ANSWER
    assert llm.drift == []
    assert llm.unused == []
    llm.close()


def test_no_answer_names_call_and_folder(tmp_path: Path) -> None:
    record(tmp_path)
    llm = ReplayLlm(tmp_path)
    with pytest.raises(ModelError) as caught:
        llm.ask(request("google", key=replace(KEY, turn=3)), LONG)
    assert caught.value.fault is ModelFault.NO_RECORD
    assert not caught.value.transient
    assert "fix-offset.build.executor.1.3" in caught.value.message
    assert str(tmp_path) in caught.value.message
    assert "fix-offset.build.executor.1.3.md" in caught.value.hint
    assert llm.unused == [KEY]


def test_drift_is_told_by_its_first_line(tmp_path: Path) -> None:
    record(tmp_path, system="Rule one.\nRule two.\nRule three.")
    llm = ReplayLlm(tmp_path)
    asked = request("anthropic", system="Rule one.\nRule 2.\nRule 3.")
    assert llm.ask(asked, LONG) == ANSWER
    llm.ask(asked, LONG)
    [drift] = llm.drift
    assert (drift.key, drift.where, drift.old, drift.new) == (KEY, "system line 2", "Rule two.", "Rule 2.")
    assert str(drift) == "fix-offset/build/executor/1/2: system line 2: was 'Rule two.', is 'Rule 2.'"


@pytest.mark.parametrize(
    ("change", "where", "old", "new"),
    [
        ({"max_output_tokens": 1}, "max_output_tokens", "4000", "1"),
        (
            {"messages": (Message(speaker=Speaker.USER, text="Fix it."), Message(speaker=Speaker.USER, text="Now."))},
            "messages[1].speaker",
            "",
            "user",
        ),
        (
            {"messages": (Message(speaker=Speaker.USER, text="x" * 500),)},
            "messages[0].text",
            "Fix it.",
            "x" * 159 + "…",
        ),
        ({"system": ""}, "system", "You write code.", ""),
    ],
)
def test_where_it_drifts(tmp_path: Path, change: dict[str, object], where: str, old: str, new: str) -> None:
    record(tmp_path)
    llm = ReplayLlm(tmp_path)
    llm.ask(replace(request("anthropic"), **change), LONG)  # type: ignore[arg-type]
    [drift] = llm.drift
    assert (drift.where, drift.old, drift.new) == (where, old, new)


def test_another_model_is_no_drift(tmp_path: Path) -> None:
    record(tmp_path)
    llm = ReplayLlm(tmp_path, strict=True)
    assert llm.ask(request("anthropic", model="claude-fable-5-2", effort="max"), LONG) == ANSWER


def test_strict_refuses_drift(tmp_path: Path) -> None:
    record(tmp_path)
    llm = ReplayLlm(tmp_path, strict=True)
    with pytest.raises(ModelError, match=r"drifted from its record.*was 'You write code.', is 'Else\.'") as caught:
        llm.ask(request("anthropic", system="Else."), LONG)
    assert caught.value.fault is ModelFault.NO_RECORD


HAND = """---
reason: tool
model: gemini-4-argon
seconds: 2.5
detail: by hand
usage: {input_tokens: 900, output_tokens: 120, thinking_tokens: 40}
tool_calls:
  - {name: read_file, arguments: {path: src/a.py, first: 1}}
  - name: list_files
---
Let me look.
"""


def test_an_answer_written_by_hand(tmp_path: Path) -> None:
    (tmp_path / f"{KEY.call_id}.md").write_text(HAND, encoding="utf-8")
    (tmp_path / "README.md").write_text("These answers were written by hand.\n", encoding="utf-8")
    answer = ReplayLlm(tmp_path, strict=True).ask(request("google"), LONG)
    assert answer.text == "Let me look.\n"
    assert (answer.reason, answer.model, answer.seconds, answer.detail) == (
        FinishReason.TOOL,
        "gemini-4-argon",
        2.5,
        "by hand",
    )
    assert answer.usage == Usage(input_tokens=900, output_tokens=120, thinking_tokens=40)
    assert answer.tool_calls == (
        ToolCall(id=f"{KEY.call_id}:0", name="read_file", arguments={"path": "src/a.py", "first": 1}),
        ToolCall(id=f"{KEY.call_id}:1", name="list_files", arguments={}),
    )
    assert answer.raw["origin"] == "hand-written"
    [kept] = read_records(tmp_path)
    assert (kept.origin, kept.prompt_sha256) == ("hand-written", None)


@pytest.mark.parametrize("text", ["Plain.\n---\nnot front matter\n", "---\nno end of it\n", "# Title\n", ""])
def test_front_matter_may_be_left_out(tmp_path: Path, text: str) -> None:
    (tmp_path / f"{KEY.call_id}.md").write_text(text, encoding="utf-8")
    answer = ReplayLlm(tmp_path).ask(request("google"), LONG)
    assert (answer.text, answer.reason, answer.usage) == (text, FinishReason.END, None)
    assert answer.model == "gemini-4-argon"


def test_every_unusable_file_is_named_with_its_fault(tmp_path: Path) -> None:
    record(tmp_path)
    bad = {
        f"{KEY.call_id}.md": "a second answer",
        "notes.txt": "x",
        "nonsense.md": "x",
        "t.walk.executor.1.1.md": "x",
        "t.build.executor.0.1.md": "x",
        "t.build.executor.01.1.md": "x",
        "t.build.executor.2.1.json": "{half",
        "t.build.executor.3.1.json": '{"version": 1}',
        "t.build.executor.4.1.json": '{"version": 99}',
        "t.build.executor.5.1.json": (tmp_path / f"{KEY.call_id}.json").read_text(),
        "t.build.executor.6.1.md": "---\nreason: ende\nusage: {input_tokens: -1, cost: 3}\nmodle: x\n---\nbody\n",
        "t.build.executor.7.1.md": "---\ntool_calls: [{name: 3}, {arguments: {}}]\nseconds: soon\n---\n",
        "t.build.executor.8.1.md": "---\nmodel: a\nmodel: b\n---\n",
        "t.build.executor.9.1.json": "[]",
    }
    for name, text in bad.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "t.build.executor.9.2.md").write_bytes(b"\xff\xfe")
    (tmp_path / "attempts").mkdir()
    with pytest.raises(UsageError) as caught:
        ReplayLlm(tmp_path)
    told = "\n".join(caught.value.faults)
    for name in [*bad, "t.build.executor.9.2.md"]:
        assert name in told
    assert "6.1.md:2:9: no reason 'ende'; one of end, tool" in told
    assert "6.1.md:4:1: unknown key 'modle'" in told
    assert "6.1.md:3:" in told
    assert "7.1.md:2:" in told
    assert "7.1.md:3:10: seconds" in told
    assert "newer than this program" in told
    assert "it holds the answer of call fix-offset.build.executor.1.2" in told
    assert "a second answer for call" in told


@pytest.mark.parametrize("make", [False, True])
def test_no_recording(tmp_path: Path, make: bool) -> None:
    folder = tmp_path / "none"
    if make:
        folder.mkdir()
    with pytest.raises(UsageError, match="none") as caught:
        ReplayLlm(folder)
    assert caught.value.slug == "no-recording"


def test_a_task_with_dots_in_its_name(tmp_path: Path) -> None:
    key = CallKey("v1.2.fix", Phase.PLAN, "architect", 1, 1)
    (tmp_path / f"{key.call_id}.md").write_text("ok", encoding="utf-8")
    assert ReplayLlm(tmp_path).ask(request("anthropic", key=key), LONG).text == "ok"
