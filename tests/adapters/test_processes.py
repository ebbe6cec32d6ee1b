"""Commands that behave: what they are given, what is kept of what they say. Those that do not: tests/hostile."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters import processes
from orchestrator.adapters.processes import MARK, Ended, Process, run
from orchestrator.adapters.processes_output import HeadAndTail

PATH = {"PATH": os.environ["PATH"]}


def start(*argv: str, **options: object) -> Ended:
    values: dict[str, object] = {"cwd": Path("/"), "environment": PATH, "timeout_s": 20.0}
    return run(Process(argv=argv, **(values | options)))  # type: ignore[arg-type]


def test_the_exit_code_and_both_streams_come_back() -> None:
    ended = start("sh", "-c", "echo out; echo err >&2; exit 3")
    assert (ended.exit_code, ended.stdout, ended.stderr) == (3, "out\n", "err\n")
    assert (ended.timed_out, ended.killed_by) == (False, "")
    assert 0 < ended.seconds < 10


def test_the_environment_is_exactly_the_one_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "planted")
    ended = start("/usr/bin/env", environment={"ONE": "1"})
    names = {line.partition("=")[0] for line in ended.stdout.splitlines()}
    assert names - {"LC_CTYPE"} == {"ONE", MARK}


def test_standard_input_is_closed_or_what_was_given() -> None:
    assert start("cat").stdout == ""
    assert start("cat", stdin=b"asked\n" * 100_000).stdout == "asked\n" * 100_000


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL, signal.SIGTERM])
def test_death_by_a_signal_is_named(number: signal.Signals) -> None:
    ended = start("sh", "-c", f"kill -{int(number)} $$")
    assert (ended.exit_code, ended.killed_by) == (128 + number, f"signal {int(number)}")


def test_an_exit_code_that_only_looks_like_ctrl_c_is_the_commands_own() -> None:
    assert start("sh", "-c", "exit 130").killed_by == ""


def test_what_cannot_be_started_says_so(tmp_path: Path) -> None:
    ended = start("no-such-program")
    assert ended.exit_code == 127
    assert "cannot start no-such-program: No such file or directory" in ended.stderr
    plain = tmp_path / "plain"
    plain.write_text("not executable")
    assert start(str(plain)).exit_code == 126
    gone = start("true", cwd=tmp_path / "gone")
    assert gone.exit_code in {126, 127}
    assert "gone" in gone.stderr


def test_the_log_holds_stdout_then_stderr(tmp_path: Path) -> None:
    log = tmp_path / "new" / "check.log"
    start("sh", "-c", "echo a; echo b >&2; echo c", log=log)
    assert log.read_bytes() == b"a\nc\nb\n"


def test_a_log_that_cannot_be_written_does_not_end_the_command(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = start("echo", "fine", log=tmp_path / "file" / "check.log")
    assert (ended.exit_code, ended.stdout) == (0, "fine\n")


def test_the_log_is_capped_head_and_tail(tmp_path: Path) -> None:
    log = tmp_path / "check.log"
    start("sh", "-c", "seq 100000; echo oops >&2", log=log, log_cap=4000)
    text = log.read_text()
    assert len(text) < 4200
    assert text.startswith("1\n2\n")
    assert "bytes left out" in text
    assert text.endswith("99999\n100000\noops\n")


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert start("printf", r"a\377b").stdout == "a\ufffdb"


def test_stop_all_without_commands_is_no_fault() -> None:
    assert processes.stop_all() == 0


def test_peak_memory_is_seen() -> None:
    hold = "import time; b = bytearray(80 << 20); time.sleep(0.8)"
    ended = start("python3", "-I", "-S", "-c", hold, memory=1 << 30)
    assert 80 << 20 < ended.peak_memory < 1 << 30


@given(st.lists(st.binary(max_size=50), max_size=30), st.integers(min_value=1, max_value=100))
def test_head_and_tail_are_exact(chunks: list[bytes], keep: int) -> None:
    buffer = HeadAndTail(keep)
    for chunk in chunks:
        buffer.feed(chunk)
    whole = b"".join(chunks)
    value = buffer.value()
    if len(whole) <= keep:
        assert value == whole
        return
    left_out = len(whole) - keep
    assert (
        value
        == whole[: keep // 2] + b"\n[... %d bytes left out ...]\n" % left_out + whole[len(whole) - (keep - keep // 2) :]
    )
