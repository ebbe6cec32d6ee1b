"""Writes docs/speed.md: the pilot with everything off against everything on (P7), from the same recorded answers.

usage: scripts/p7 [--check]

Nothing is asked and nothing is run: the prompts are rendered as a run renders them, the answers are the pilot's own,
and a virtual clock adds up what each call and each gate takes. --check writes nothing and ends with 1 where the page is
not what would be written.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from orchestrator.adapters.models.prices import PriceList
from orchestrator.adapters.models.replay import read_records
from orchestrator.agents.asking import estimate
from orchestrator.agents.catalog import load_catalog
from orchestrator.agents.context import build_context, file_texts
from orchestrator.agents.staff import Assignment, Staff
from orchestrator.domain.call import CallKey, Usage
from orchestrator.domain.record import CallRecord
from orchestrator.domain.task import Batch, Task
from orchestrator.intake.load import load_project
from orchestrator.policy.change_type import predicted
from orchestrator.policy.complexity import grade
from orchestrator.policy.crew import HELPERS, crew_of
from orchestrator.resources import pilot_dir
from orchestrator.settings import Settings
from orchestrator.settings.load import load_settings
from scripts.page import write_or_check

AT = datetime(2026, 11, 21, tzinfo=UTC)
"""The day whose prices count: the table changes with the program and not with the calendar."""
SPEED = {1: 120, 2: 80, 3: 40}
"""Tokens a second a tier writes. 40 is what config/models.yaml reckons with for a long answer; the lower tiers' are
assumed at two and three times that."""
FIRST_S = {1: 1.0, 2: 1.5, 3: 3.0}
"""Seconds until the first token, assumed."""
STOCK = {
    "local_researcher": "- src/tally/report.py:12: where it lives\n- tests/test_report.py:8: what proves it\n" * 3,
    "web_researcher": "- nothing of use beyond the standard library's own documentation\n",
    "test_master": "tests/test_new.py\n```python\n<<<<<<< SEARCH\n=======\n" + "    assert made == wanted\n" * 40,
    "security_auditor": '{"summary": "Nothing that can be used against its owner.", "findings": []}',
    "doc_master": '{"summary": "The README says what it did.", "findings": []}',
    "issue_creator": '{"issues": []}',
}
"""Answers of the agents the pilot has none of: written by hand, as long as such answers are."""


PAGE = """# Speed and cost

Made by `scripts/p7`; do not edit. The pilot's {tasks} tasks, from the same recorded answers, with everything off and
then with one measure after another switched on. What is counted is told below the table.

| way of working | a task takes | of it, models | calls | tokens sent | tokens written | cost | models' time, cost |
|---|---|---|---|---|---|---|---|
{rows}

The last column is held against everything off. Everything on waits {models:.0f} % less for models, sends and writes
{tokens:.0f} % fewer tokens and costs {cost:.0f} % less; the tiers alone make the same tokens {tiers:.0f} % cheaper (P1
asks for 40-60 %). With the gates, which take the same on both sides, a task takes {time:.0f} % less time. P7 asks for
50-60 % less, with agents that think for minutes; answers as short as these leave the gate as the longest part.

## What is counted, and what is not

- Answers: the pilot's own, written by hand; of the helpers, which the pilot has no recorded answers of, short ones that
  find nothing (`scripts/p7.py`). Thinking is not in them, so real answers are longer on both sides.
- Prompts: rendered from `prompts/` with what a run would put in, counted at a token for four characters. "Whole files"
  is every file of the project in each prompt that shows any; this project has six modules, a large one gains more.
- Time: a virtual clock. A call takes until its first token ({first}; assumed),
  then what it writes takes its time (tokens a second, {speed}; the last is what
  `config/models.yaml` reckons with, the others are assumed). A passage through the gate takes {gate:g} s (L11) on both
  sides.
- Money: list prices of {at:%Y-%m-%d}, no cache, no batch.
- Retries, redesigns and send-backs are those of the recording on both sides: that a lower tier may need one answer more
  is not in it, nor that tests written first may save one.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way of working."""

    name: str
    tiers: bool = False
    """Each agent on its own tier, the executor low on a simple task; else the architect's model for all."""
    skeletons: bool = False
    """Ranked skeletons and the files the record names; else every file of the project."""
    together: bool = False
    """Researchers, and validators, side by side; else one after the other."""
    rule: bool = False
    """Helpers by complexity and type of change; else all of them on every task."""


WAYS = (
    Way(name="everything off: all agents, one after the other, on the architect's model, whole files"),
    Way(name="+ each agent on its tier, the executor low on a simple task", tiers=True),
    Way(name="+ skeletons and spans instead of whole files", tiers=True, skeletons=True),
    Way(name="+ research and validation side by side", tiers=True, skeletons=True, together=True),
    Way(
        name="+ agents by complexity and type of change: everything on",
        tiers=True,
        skeletons=True,
        together=True,
        rule=True,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What a way takes for the whole pilot."""

    gate: float = 0.0
    """Seconds of gates."""
    models: float = 0.0
    """Seconds of waiting for models."""
    calls: int = 0
    sent: int = 0
    written: int = 0
    cost: Decimal = Decimal(0)

    @property
    def seconds(self) -> float:
        """The whole."""
        return self.gate + self.models


class Project:
    """The pilot's project as it stands, read-only."""

    def __init__(self, root: Path) -> None:
        kept = (path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        self._content = {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(kept)}

    def files(self) -> Sequence[str]:
        """Its paths."""
        return tuple(self._content)

    def read(self, path: str) -> bytes | None:
        """A file's bytes."""
        return self._content.get(path)

    @cached_property
    def whole(self) -> str:
        """All of it."""
        return file_texts(self, self.files(), budget=10**9)


def backlog() -> Batch:
    """The pilot's tasks, read as a run reads them."""
    with TemporaryDirectory() as folder:
        shutil.copy(pilot_dir() / "tasks.yaml", folder)
        (Path(folder) / "tally").mkdir()
        return load_project(Path(folder) / "tasks.yaml", environment={}).batch


class Pilot:
    """The pilot under one way of working."""

    def __init__(self, way: Way, settings: Settings) -> None:
        folder = pilot_dir()
        self.way, self.settings = way, settings
        self.catalog = load_catalog()
        self.staff = Staff(self.catalog, settings.models)
        self.prices = PriceList()
        self.project = Project(folder / "project")
        self.records = {record.key: record for record in read_records(folder / "calls")}
        self.batch = backlog()
        self.total = Total()

    def run(self) -> Total:
        """All tasks, one after the other."""
        gate = self.settings.budgets.estimate.gate_s
        self.total = replace(self.total, gate=gate)  # the base, once
        for task in self.batch.tasks:
            keys = sorted(key for key in self.records if key.task == task.id)
            self._task(task, keys, gate)
        return self.total

    def _task(self, task: Task, keys: Sequence[CallKey], gate: float) -> None:
        complexity = grade(task, self.settings.loop.complexity).complexity
        skipped_for = {role: spec.skipped_for for role, spec in self.catalog.items()}
        cannot = {} if not self.way.rule else {"web_researcher": "research.web is off"}
        crew = crew_of(complexity, predicted(task, complexity), skipped_for, self.settings.agents, cannot=cannot)
        helpers = crew.agents if self.way.rule else HELPERS
        low = complexity in self.settings.agents.start_low
        self._set(task, [(role, STOCK[role], 0) for role in HELPERS[:2] if role in helpers], low=low)
        for key in (key for key in keys if key.role == "architect"):
            self._set(task, [("architect", self._text(key), 0)], low=low)
        if "test_master" in helpers:
            self._set(task, [("test_master", STOCK["test_master"], 0)], low=low)
        for key in (key for key in keys if key.role == "executor"):
            self._set(task, [("executor", self._text(key), key.iteration - 1)], low=low)
            self.total = replace(self.total, gate=self.total.gate + (gate if key.turn == 1 else 0))
        validators = [role for role in ("security_auditor", "doc_master") if role in helpers]
        for key in (key for key in keys if key.role == "reviewer"):
            self._set(
                task, [("reviewer", self._text(key), 0), *((role, STOCK[role], 0) for role in validators)], low=low
            )
        if "issue_creator" in helpers and any(key.role == "reviewer" for key in keys):
            self._set(task, [("issue_creator", STOCK["issue_creator"], 0)], low=low)

    def _text(self, key: CallKey) -> str:
        record: CallRecord = self.records[key]
        return record.answer.text + str([dict(call.arguments) for call in record.answer.tool_calls] or "")

    def _set(self, task: Task, asked: Sequence[tuple[str, str, int]], *, low: bool) -> None:
        """Agents of one step, side by side or one after the other."""
        taken = [self._call(task, role, text, climb, low=low) for role, text, climb in asked]
        seconds = max(taken, default=0.0) if self.way.together else sum(taken)
        self.total = replace(self.total, models=self.total.models + seconds)

    def _call(self, task: Task, role: str, text: str, climb: int, *, low: bool) -> float:
        """One call: counted and priced; the seconds it takes."""
        assigned = self._assigned(role, climb, low=low)
        sent, written = estimate("".join(self.catalog[role].render(**self._variables(task, role)))), estimate(text)
        usage = Usage(input_tokens=sent, output_tokens=written)
        cost = self.prices.cost(provider=assigned.provider, model=assigned.model, usage=usage, at=AT)
        assert cost is not None, assigned.model
        self.total = replace(
            self.total,
            calls=self.total.calls + 1,
            sent=self.total.sent + sent,
            written=self.total.written + written,
            cost=self.total.cost + cost,
        )
        return FIRST_S[assigned.tier] + written / SPEED[assigned.tier]

    def _assigned(self, role: str, climb: int, *, low: bool) -> Assignment:
        return self.staff.begin(low=low).assign(role, climb) if self.way.tiers else self.staff.assign("architect")

    def _variables(self, task: Task, role: str) -> dict[str, Any]:
        """What the agent's prompt is given, each with the texts the recording has."""
        whole = not self.way.skeletons
        files = list(task.files)
        record = self._last(task, "architect")
        diff = self._last(task, "executor")
        shown = self.project.whole if whole else file_texts(self.project, files, task.description)
        values: Mapping[str, Any] = {
            "task": task,
            "invariants": self.batch.invariants,
            "context": self.project.whole if whole else build_context(self.project, task).text,
            "research": "",
            "redesign": None,
            "files": shown,
            "adr": record,
            "feedback": "",
            "checks": "- test (pytest): passed",
            "diff": f"{self.project.whole}\n{diff}" if whole else diff,
            "documents": self.project.whole if whole else file_texts(self.project, ["README.md"]),
            "findings": "",
            "libraries": (),
        }
        return dict(values)

    def _last(self, task: Task, role: str) -> str:
        keys = [key for key in self.records if key.task == task.id and key.role == role]
        return self._text(max(keys)) if keys else ""


def render() -> str:
    """The whole page."""
    settings = load_settings(environment={}).settings
    totals = [Pilot(way, settings).run() for way in WAYS]
    off, on = totals[0], totals[-1]
    tasks = len(Pilot(WAYS[0], settings).batch.tasks)
    rows = "\n".join(_row(way, total, off, tasks) for way, total in zip(WAYS, totals, strict=True))
    gate = settings.budgets.estimate.gate_s
    first = ", ".join(f"tier {tier}: {seconds:g} s" for tier, seconds in FIRST_S.items())
    speed = ", ".join(f"tier {tier}: {number}" for tier, number in SPEED.items())
    return PAGE.format(
        tasks=tasks,
        rows=rows,
        models=_less(on.models, off.models),
        time=_less(on.seconds, off.seconds),
        tokens=_less(on.sent + on.written, off.sent + off.written),
        cost=_less(float(on.cost), float(off.cost)),
        tiers=_less(float(totals[1].cost), float(off.cost)),
        first=first,
        speed=speed,
        gate=gate,
        at=AT,
    )


def _less(now: float, before: float) -> float:
    """Percent."""
    return 100 * (1 - now / before)


def _row(way: Way, total: Total, off: Total, tasks: int) -> str:
    time, cost = _less(total.models, off.models), _less(float(total.cost), float(off.cost))
    against = "" if total is off else f"{time:.0f} % less, {cost:.0f} % less"
    return (
        f"| {way.name} | {total.seconds / tasks:.0f} s | {total.models / tasks:.0f} s | {total.calls} "
        f"| {total.sent:,} | {total.written:,} | ${total.cost:.3f} | {against} |"
    )


if __name__ == "__main__":
    sys.exit(write_or_check("speed.md", render(), by="p7"))
