"""The readers of foreign bytes, each with what must hold of it. A target raises where that does not hold."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from orchestrator import strict_yaml
from orchestrator.agents.adr import MAX_CHARACTERS, TreeFacts, check, reask
from orchestrator.agents.answer import MAX_FAULTS, parse
from orchestrator.agents.filetext import FileText
from orchestrator.agents.matching import apply_edits
from orchestrator.agents.paths import folds_to_git, normalise, path_fault
from orchestrator.domain.adr import Adr
from orchestrator.domain.errors import JournalError, UsageError
from orchestrator.domain.failure import CheckKind
from orchestrator.failures import TextView, judge_output
from orchestrator.failures.diff import parse_diff
from orchestrator.failures.output import FINDINGS_CAP, plain
from orchestrator.failures.parsers import PARSERS, read
from orchestrator.intake import load_batch
from orchestrator.ledger.journal import Journal, read_journal
from orchestrator.reports.inert import LINE_LIMIT, TEXT_LIMIT, md_text
from orchestrator.reports.inert import plain as inert
from tests.agents.material import INVARIANTS
from tests.fakes.clock import FakeClock

Target = Callable[[bytes], None]
TREE: Mapping[str, FileText] = {
    "src/a.py": FileText(content=b"old\ndef f():\n    return 1\n"),
    "src/crlf.py": FileText(content=b"old\r\nb\r\n", executable=True),
    "bom.txt": FileText(content=b"\xef\xbb\xbfold\n"),
    "wide.txt": FileText(content="old\nb\n".encode("utf-16")),
    "bin": FileText(content=b"a\0b"),
    "empty": FileText(content=b""),
    "link": FileText(content=b"src", link=True),
}
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def edits(data: bytes) -> None:
    """An executor's answer, read and applied: edits of paths within the tree, all or none, each told why not."""
    text = _text(data)
    answer = parse(text)
    assert len(answer.faults) <= MAX_FAULTS
    assert sum(len(getattr(edit, "content", "")) for edit in answer.edits) <= 2 * len(text) + 2
    folders = {path.rpartition("/")[0] for path in TREE} - {""}
    outcome = apply_edits(answer.edits, TREE.get, lambda _path: None, folders.__contains__)
    assert not (outcome.changes and outcome.faults)
    for change in outcome.changes:
        assert path_fault(change.path) is None
        assert not any(folds_to_git(name) or name in {"", ".", ".."} for name in change.path.split("/"))
        assert not change.path.startswith("link")
    path_fault(normalise(text[:2000]))


def failures(data: bytes) -> None:
    """A command's output: read by each parser and by all, a verdict whatever it is, work within its caps."""
    text = _text(data)
    for parser in PARSERS:
        assert len(parser.parse(plain(text))) <= FINDINGS_CAP
    read(text)
    found = judge_output(text, text[::-1][:500], exit_code=1, check=CheckKind.TEST, view=TextView(diff=text))
    assert found
    parse_diff(text)


def adr(data: bytes) -> None:
    """An architect's record: a record that reads as itself, or what is missing in sentences."""
    text = _text(data)
    tree = TreeFacts(files=tuple(TREE), guard=lambda path: "it is protected" if path == "bin" else None)
    found = check(text, INVARIANTS, date="2026-11-21", title="A task", tree=tree)
    if not isinstance(found, Adr):
        assert found
        assert all(found)
        reask(found)
        return
    again = check(found.text, INVARIANTS, date="2026-11-21", title="A task", tree=tree)
    assert isinstance(again, Adr) or len(found.text) > MAX_CHARACTERS, again
    assert not isinstance(again, Adr) or again.files == found.files
    assert all(path_fault(file.path) is None for file in found.files)
    assert "bin" not in {file.path for file in found.files}


def yaml(data: bytes) -> None:
    """Any YAML: read, or refused at a place; and what was read is written so that it reads back equal."""
    read = strict_yaml.read(data.decode("utf-8", "replace"), source="t.yaml")
    assert all(fault.line >= 1 and fault.column >= 1 and str(fault).isprintable() for fault in read.faults)
    if not read.faults and isinstance(read.data, dict):
        assert strict_yaml.load(strict_yaml.dump(read.data), source="t.yaml").data == read.data


def tasks(data: bytes) -> None:
    """A tasks file: a batch of safe ids and paths, or placed faults that can be printed."""
    path = _scratch() / "tasks.yaml"
    path.write_bytes(data)
    try:
        batch = load_batch(path)
    except UsageError as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        assert refused.faults
        assert all(fault.isprintable() for fault in refused.faults)
        return
    assert all(_ID.fullmatch(task.id) and ".." not in task.id for task in batch.tasks)
    named = [path for task in batch.tasks for path in (*task.files, *task.protect, *task.allow)]
    assert not any(".." in each.split("/") or each.startswith("/") for each in named)


def journal(data: bytes) -> None:
    """A run's journal: its good part and a torn tail, or damage with its place; and it can be gone on with."""
    path = _scratch() / "journal.jsonl"
    path.write_bytes(data)
    for aside in path.parent.glob("journal.jsonl.torn-*"):
        aside.unlink()
    try:
        reading = read_journal(path)
    except JournalError as error:
        damage = str(error)
    else:
        damage = ""
    if damage:
        assert "at byte" in damage
        return
    assert data[: reading.good_bytes] + reading.torn == data
    assert data[: reading.good_bytes].count(b"\n") == len(reading.entries)
    going_on = Journal.reopen(path, FakeClock())
    going_on.append("note", text="on")
    with contextlib.suppress(OSError):
        going_on.close()
    assert read_journal(path).entries[:-1] == reading.entries


def shown(data: bytes) -> None:
    """Foreign text made inert: no control is left in it, and making it inert again changes nothing."""
    text = _text(data)
    once = inert(text)
    assert not _CONTROL.search(once)
    assert inert(once) == once or max(map(len, once.split("\n"))) >= LINE_LIMIT or len(once) >= TEXT_LIMIT
    assert "\n" not in md_text(text)


TARGETS: Mapping[str, Target] = {
    "edits": edits,
    "failures": failures,
    "adr": adr,
    "yaml": yaml,
    "tasks": tasks,
    "journal": journal,
    "shown": shown,
}


def _text(data: bytes) -> str:
    """Bytes as the program would have them: UTF-8, and lone surrogates where they are none."""
    return data.decode("utf-8", "surrogateescape" if len(data) % 2 else "replace")


@cache
def _scratch() -> Path:
    memory = Path("/dev/shm")
    usable = memory.is_dir() and os.access(memory, os.W_OK)
    return Path(tempfile.mkdtemp(prefix="fuzz-", dir=memory if usable else None))
