"""The same night again, from recorded answers: no network, no keys, no SDK.

Answers are found by their call's key (decision 12). The prompt's digest only tells where prompts have drifted since the
recording; ``strict`` makes a drift an error. Answers written by hand have no digest and never drift.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestrator.adapters.models.handwritten import key_of, read_answer
from orchestrator.domain.call import Answer, CallKey, Deadlines, Request
from orchestrator.domain.errors import ModelError, ModelFault, UsageError
from orchestrator.domain.record import CallRecord, from_json, prompt_digest, request_json

_IGNORED = frozenset({"README.md"})
_SHOWN = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Where a prompt is not what it was when the answer was recorded; both lines shortened."""

    key: CallKey
    where: str
    """``system line 12``, ``messages[0].text line 3``, ``tools[1]``."""
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.key}: {self.where}: was {self.old!r}, is {self.new!r}"


class ReplayLlm:
    """Implements :class:`orchestrator.ports.Llm` for every provider of the run. Safe to share between lanes."""

    def __init__(self, folder: Path, *, strict: bool = False) -> None:
        """``folder``: a ``calls`` folder, or the run's that holds one. ``UsageError`` names each unreadable file."""
        self._folder = calls_folder(folder)
        self._strict = strict
        self._records = {record.key: record for record in read_records(folder)}
        self._drift: dict[CallKey, Drift] = {}
        self._asked: set[CallKey] = set()
        self._lock = threading.Lock()

    @property
    def drift(self) -> list[Drift]:
        """Drifts met so far, in the order of their keys."""
        with self._lock:
            return [self._drift[key] for key in sorted(self._drift)]

    @property
    def unused(self) -> list[CallKey]:
        """Recorded calls that were not asked for, in order."""
        with self._lock:
            return sorted(set(self._records) - self._asked)

    def holds(self, task: str, role: str) -> bool:
        """Whether it has an answer of that role for that task."""
        return any(key.task == task and key.role == role for key in self._records)

    def ask(self, request: Request, deadlines: Deadlines) -> Answer:
        """The recorded answer. ``ModelError`` ``NO_RECORD`` where there is none, or where a strict replay drifts."""
        del deadlines
        record = self._records.get(request.key)
        if record is None:
            raise self._error(
                request,
                f"no recorded answer for call {request.key.call_id} in {self._folder}",
                "the run took another way than the recorded one: replay with the version and configuration that "
                f"recorded it, or write {request.key.call_id}.md there",
            )
        drift = _drift(record, request)
        with self._lock:
            self._asked.add(request.key)
            if drift is not None:
                self._drift[request.key] = drift
        if drift is not None and self._strict:
            raise self._error(request, f"the prompt has drifted from its record: {drift}", "replay without --strict")
        return replace(record.answer, model=record.answer.model or request.model)

    def check(self, models: Sequence[str]) -> None:
        """Nothing to check: the files were read when the recording was opened."""

    def close(self) -> None:
        """Nothing is held open."""

    def _error(self, request: Request, message: str, hint: str) -> ModelError:
        return ModelError(message, fault=ModelFault.NO_RECORD, provider=request.provider, hint=hint)


def calls_folder(folder: Path) -> Path:
    """The folder with the answers; ``UsageError`` where there is none."""
    inner = folder / "calls"
    found = inner if inner.is_dir() else folder
    if not found.is_dir():
        raise UsageError(
            f"{folder}: no such recording", hint="name a run's folder, or its calls/ folder", slug="no-recording"
        )
    return found


def read_records(folder: Path) -> tuple[CallRecord, ...]:
    """Every answer of a recording, in the order of the keys. ``UsageError`` names each file that cannot be used."""
    calls = calls_folder(folder)
    records: dict[CallKey, CallRecord] = {}
    faults: list[str] = []
    for path in sorted(calls.iterdir()):
        if path.name in _IGNORED or path.name.startswith(".") or path.is_dir():
            continue
        try:
            record = _read(path)
        except UsageError as error:
            faults += error.faults or (error.message,)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            faults.append(f"{path}: not a recorded answer: {error if str(error) else type(error).__name__}")
        else:
            if record.key in records:
                faults.append(f"{path}: a second answer for call {record.key.call_id}")
            records[record.key] = record
    if faults:
        raise UsageError(
            f"{calls}: {len(faults)} file(s) of this recording cannot be used",
            hint="mend or remove them, then replay again",
            slug="bad-recording",
            faults=tuple(faults),
        )
    if not records:
        raise UsageError(
            f"{calls}: holds no recorded answer (<call>.json or <call>.md)",
            hint="name a run's folder, or its calls/ folder",
            slug="no-recording",
        )
    return tuple(records[key] for key in sorted(records))


def _read(path: Path) -> CallRecord:
    if path.suffix not in {".json", ".md"}:
        raise ValueError("neither .json nor .md")
    key = key_of(path.stem)
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return read_answer(text, key, str(path))
    record = from_json(json.loads(text))
    if record.key != key:
        raise ValueError(f"it holds the answer of call {record.key.call_id}")
    return record


def _drift(record: CallRecord, request: Request) -> Drift | None:
    if record.prompt_sha256 is None or record.prompt_sha256 == prompt_digest(request):
        return None
    old = dict(_lines("", record.request or {}))
    new = dict(_lines("", request_json(request)))
    places = [*new, *(place for place in old if place not in new)]
    for place in places:
        if old.get(place) != new.get(place):
            return Drift(key=request.key, where=place, old=_short(old.get(place)), new=_short(new.get(place)))
    return Drift(key=request.key, where="digest", old=record.prompt_sha256[:12], new=prompt_digest(request)[:12])


def _lines(place: str, value: Any) -> Iterator[tuple[str, str]]:
    """Every line of every text in the request, with its place."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _lines(f"{place}.{name}" if place else str(name), inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _lines(f"{place}[{number}]", inner)
    elif isinstance(value, str) and "\n" in value:
        for number, line in enumerate(value.split("\n"), start=1):
            yield f"{place} line {number}", line
    else:
        yield place, str(value)


def _short(line: str | None) -> str:
    if line is None:
        return ""
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
