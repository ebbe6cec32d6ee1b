"""The run's log: JSON lines, no local variables, no secrets."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from orchestrator.logs import close_log, get_logger, open_log
from orchestrator.redaction import HIDDEN, hidden

KEY = "sk-ant-0123456789abcdef"


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What a few events, one of them a fault with a secret in a local variable, leave in the file."""
    monkeypatch.setenv("SOME_API_KEY", KEY)
    path = tmp_path / "run.log.jsonl"
    handler = open_log(path)
    try:
        log = get_logger("orchestrator.test")
        log.info("called", api_key="abc", url=f"https://example.invalid/?k={KEY}", nested={"token": "t", "text": KEY})
        log.warning("header", value="Authorization: Bearer abcdefghijklmnopqrstuvwxyz")
        _fail(log)
        logging.getLogger("foreign").warning("with %s", KEY)
    finally:
        close_log(handler)
    return [json.loads(line) for line in path.read_text().splitlines()]


def _fail(log: Any) -> None:
    hidden_in_a_local = f"local-{KEY}-value"
    try:
        int(hidden_in_a_local)  # no number: its ValueError quotes it, and the key in it
    except ValueError:
        log.exception("failed")


def test_each_event_is_a_line_with_time_level_and_name(lines: list[dict[str, object]]) -> None:
    assert [line["event"] for line in lines] == ["called", "header", "failed", f"with {hidden(KEY)}"]
    assert all(line["timestamp"] and line["level"] and line["logger"] for line in lines)


def test_secrets_are_hidden_wherever_they_stand(lines: list[dict[str, object]]) -> None:
    text = json.dumps(lines)
    assert KEY not in text
    assert "abcdefghijkl" not in text
    assert lines[0]["api_key"] == HIDDEN
    assert lines[0]["nested"] == {"token": HIDDEN, "text": hidden(KEY)}


def test_a_traceback_has_no_local_variables(lines: list[dict[str, object]]) -> None:
    text = json.dumps(lines[2])
    assert "ValueError" in text
    assert "hidden_in_a_local" not in text


def test_without_a_file_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    get_logger("orchestrator.test").warning("unheard", text=KEY)
    assert capfd.readouterr() == ("", "")
