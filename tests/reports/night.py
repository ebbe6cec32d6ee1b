"""A made-up night, told as journal events: ten tasks, every way to end, two sessions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from orchestrator.domain.adr import Adr, FileAction, PlannedFile
from orchestrator.domain.call import Charge
from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.domain.gate import CheckResult, GateReport, TestEvidence
from orchestrator.domain.outcome import BudgetStatus, IterationNote, PhaseUse, RunSummary, TaskOutcome, TaskStatus
from orchestrator.domain.task import Complexity, Importance, Phase
from orchestrator.ledger.charges import total_charge
from orchestrator.ledger.memory import outcome_from, outcome_json
from orchestrator.reports.inputs import CertificateNote, Finding, ReportInputs, ReviewRound, TaskDetail
from orchestrator.reports.rebuild import summary_of
from orchestrator.reports.timeline import timeline

Event = dict[str, Any]

RUN = "20261121-0236-pilot"
START = datetime(2026, 11, 21, 2, 36, tzinfo=UTC)
IMPORTANCE = {"import-csv": Importance.CRITICAL, "add-rate": Importance.HIGH, "typo-readme": Importance.LOW}
CHANGE = """\
diff --git a/{source} b/{source}
index 1111111..2222222 100644
--- a/{source}
+++ b/{source}
@@ -1,2 +1,3 @@ def total(lines: list[Line]) -> Decimal:
     # Rounded once, at the end: rounding each line loses cents.
-    return sum(line.price for line in lines)
+    whole = sum((line.price * line.rate for line in lines), Decimal(0))
+    return whole.quantize(Decimal("0.01"), ROUND_HALF_UP)
@@ -20 +23,4 @@ def rate_of(currency: str) -> Decimal:
-    return RATES[currency]
+    try:
+        return RATES[currency]
+    except KeyError:
+        raise UnknownCurrency(f"no rate for {{currency!r}}") from None
diff --git a/{test} b/{test}
new file mode 100644
index 0000000..3333333
--- /dev/null
+++ b/{test}
@@ -0,0 +1,5 @@
+from shop.totals import total
+
+
+def test_a_total_is_rounded_to_the_cent() -> None:
+    assert total(THREE_THIRDS) == Decimal("1.00")
"""
LIMITS = {"discover": 10_000, "define": 2_000, "plan": 9_000, "build": 16_000, "deliver": 8_000}
CHECKS = ("lint", "build", "test", "coverage")
RUNS = {"lint": "ruff check .", "build": "mypy src", "test": "pytest -q", "coverage": "pytest -q"}

TASKS: tuple[tuple[str, str, str, int], ...] = (
    ("fix-offset", "Bug fix: parse dates with an offset", "simple", 3),
    ("add-rate", "New currency rate service", "moderate", 5),
    ("import-csv", "New import of CSV files into the database", "complex", 7),
    ("typo-readme", "Typo in the README", "tiny", 3),
    ("unused-names", "Bug fix: remove dead names", "simple", 3),
    ("retry-http", "Integration: retries for the HTTP client", "moderate", 5),
    ("big-ledger", "New ledger with database integration", "complex", 7),
    ("circular", "Break the circular import", "moderate", 5),
    ("report-totals", "Totals in the report", "simple", 3),
    ("after-ledger", "Statements from the ledger", "simple", 3),
)


class Story:
    """Tells events; its clock moves only when told to."""

    def __init__(self) -> None:
        self.at = START
        self.events: list[Event] = []
        self.notes: dict[str, list[IterationNote]] = {}
        self.failures: dict[str, Counter[Category]] = {}
        self.fixed: dict[str, int] = {}
        self.phases: dict[str, list[PhaseUse]] = {}

    def say(self, kind: str, after: float = 0.0, **fields: Any) -> None:
        self.at += timedelta(seconds=after)
        self.events.append(
            {"seq": len(self.events), "at": self.at.isoformat(timespec="milliseconds"), "type": kind, **fields}
        )

    def call(
        self, task: str, phase: str, role: str, iteration: int, *, used: int, cost: str | None, seconds: float = 30.0
    ) -> None:
        model = "gemini-3-pro" if role == "executor" else "claude-opus-4-9"
        who = {
            "call": f"{task}.{phase}.{role}.{iteration}.1",
            "task": task,
            "phase": phase,
            "role": role,
            "iteration": iteration,
            "turn": 1,
            "provider": "google" if role == "executor" else "anthropic",
            "model": model,
            "attempt": 1,
        }
        self.say("call:intent", 0.1, **who)
        self.say(
            "call:answer",
            seconds,
            **who,
            reason="end",
            seconds=seconds,
            **charge(used, cost),
        )

    def gate(
        self, task: str, iteration: int, *, red: str = "", categories: dict[str, int] | None = None, headline: str = ""
    ) -> None:
        self.say("gate:started", 0, task=task, iteration=iteration, passage=1)
        for check in CHECKS:
            if check != "coverage":  # read from the tests' own report
                what = {"check": check, "path": ".", "command": RUNS[check]}
                self.say("check:started", 0, task=task, iteration=iteration, of="gate", **what)
            self.say(
                "check:finished",
                5,
                task=task,
                iteration=iteration,
                check=check,
                path=".",
                command=RUNS[check],
                passed=check != red,
                seconds=5.0,
                note="",
            )
            if check == red:
                break
        found = {Category(name): number for name, number in (categories or {}).items()}
        self.failures.setdefault(task, Counter()).update(found)
        notes = self.notes.setdefault(task, [])
        notes[iteration - 1 :] = [
            IterationNote(
                number=iteration,
                tier="gemini-3-pro",
                passed=not red,
                failed_check=red or None,
                categories=found,
                move="",
                seconds=5.0,
                headline=headline,
            )
        ]
        self.say(
            "gate:finished",
            0,
            task=task,
            iteration=iteration,
            passed=not red,
            categories=categories or {},
            headline=headline,
            seconds=5.0 * (CHECKS.index(red) + 1 if red else len(CHECKS)),
        )

    def phase(self, task: str, name: str) -> None:
        self.say("phase:entered", 0.5, task=task, phase=name)

    def left(self, task: str, name: str, used: int, seconds: float, status: str = "within") -> None:
        self.say("phase:left", 0, task=task, phase=name, tokens=used, seconds=seconds, status=status)
        self.phases.setdefault(task, []).append(
            PhaseUse(
                phase=Phase(name),
                tokens=used,
                token_limit=LIMITS[name],
                seconds=seconds,
                latency_limit_s=300.0,
                status=BudgetStatus(status),
            )
        )


def charge(used: int, cost: str | None) -> Event:
    """Charge fields as the ledger writes them."""
    return {
        "input_tokens": used * 3 // 4,
        "output_tokens": used - used * 3 // 4,
        "cached_tokens": used // 4,
        "cache_write_tokens": 0,
        "thinking_tokens": 0,
        "estimated": False,
        "cost_usd": cost,
    }


def _begin(story: Story) -> None:
    story.say(
        "run:started",
        run=RUN,
        base="4f2a9c1e7b3d5f60718293a4b5c6d7e8f9012345",
        tasks=[
            {"id": name, "title": title, "complexity": grade, "iteration_limit": limit}
            for name, title, grade, limit in TASKS
        ],
        sandbox="bwrap",
        models_mode="live",
        repo="~/code/shop",
        state_dir=f"runs/{RUN}",
        checkout_before="9f" * 32,
        registry_before={"usable_budget": 60_000, "build": 13_000},
    )
    story.say("session:started")
    story.say("setup:started", 0.2)
    story.say("setup:finished", 42, seconds=42.0)


def _open(story: Story, place: int) -> str:
    name, _, grade, limit = TASKS[place]
    branch = f"orchestrate/{RUN}/{name}"
    story.say(
        "task:started", 1, task=name, branch=branch, complexity=grade, iteration_limit=limit, position=place + 1, of=10
    )
    for phase in ("discover", "define"):
        story.phase(name, phase)
        story.left(name, phase, 0, 0.5)
    story.phase(name, "plan")
    story.call(name, "plan", "architect", 1, used=6_200, cost="0.0612")
    story.say("adr:accepted", 0, task=name, title=f"How to do {name}", number=1)
    story.left(name, "plan", 6_200, 30.1)
    story.phase(name, "build")
    return name


def _try(story: Story, name: str, number: int, limit: int, *, used: int = 4_100, cost: str | None = "0.0140") -> None:
    story.say("iteration:started", 0, task=name, iteration=number, limit=limit)
    story.call(name, "build", "executor", number, used=used, cost=cost, seconds=21.0)
    story.say("edits:applied", 0.2, task=name, iteration=number, files=[f"src/{name}.py"], tolerated=[])


def _move(story: Story, name: str, number: int, move: str, why: str) -> None:
    story.say("move:decided", 0, task=name, iteration=number, move=move, why=why)
    story.notes[name][-1] = replace(story.notes[name][-1], move=move)


def _end(
    story: Story, name: str, status: str, reason: str, iterations: int, *, build: int, verdict: str = "within"
) -> None:
    story.left(name, "build", build, 60.0 * max(iterations, 1), verdict)
    if status == "delivered":
        story.phase(name, "deliver")
        story.call(name, "deliver", "architect", 1, used=3_000, cost="0.0300", seconds=12.0)
        story.say("review:finished", 0, task=name, verdict="accept", findings=[])
        story.say("commit:made", 0.3, task=name, commit=f"{iterations:02d}" + "c0ffee" * 6 + "ab", tree="7" * 40)
        story.say(
            "branch:landed",
            0.1,
            task=name,
            branch=f"orchestrate/{RUN}/{name}",
            commit=f"{iterations:02d}" + "c0ffee" * 6 + "ab",
        )
        story.left(name, "deliver", 3_000, 12.5)
    charge = total_charge(event for event in story.events if event.get("task") == name)
    outcome = _outcome(story, name, status, reason, iterations, charge, verdict)
    story.say(
        "task:finished",
        0,
        task=name,
        status=status,
        reason=reason,
        iterations=iterations,
        seconds=outcome.seconds,
        tokens=charge.usage.total,
        cost_usd=None if charge.cost_usd is None else str(charge.cost_usd),
        outcome=outcome_json(outcome),
    )


def _outcome(
    story: Story, name: str, status: str, reason: str, iterations: int, charge: Charge, verdict: str
) -> TaskOutcome:
    place = [task[0] for task in TASKS].index(name)
    _, title, grade, limit = TASKS[place]
    notes = story.notes.get(name, [])
    worked = status != "skipped"
    delivered = status == "delivered"
    return TaskOutcome(
        id=name,
        title=title,
        status=TaskStatus(status),
        branch=f"orchestrate/{RUN}/{name}" if worked else None,
        commit=f"{iterations:02d}" + "c0ffee" * 6 + "ab" if delivered else None,
        iterations=iterations,
        iteration_limit=limit,
        complexity=Complexity(grade),
        failures=dict(story.failures.get(name, {})),
        auto_fixed=story.fixed.get(name, 0),
        conflicts=int(name == "retry-http"),
        charge=charge,
        seconds=90.0 + 60 * iterations if worked else 0.0,
        budget_status=BudgetStatus(verdict),
        reason=reason,
        adr_title=f"How to do {name}" if worked else None,
        adr_date="2026-11-21" if worked else None,
        redesigns=int(any(note.move == "redesign" for note in notes)),
        calls_architect=(2 if delivered else 1) if worked else 0,
        calls_executor=iterations,
        gate_seconds=5.0 * len(notes),
        gates=len(notes),
        suppressions=story.fixed.get(name, 0),
        phases=tuple(story.phases.get(name, ())),
        history=tuple(notes),
        files_changed=(f"src/{name}.py",) if delivered else (),
        insertions=12 * iterations if delivered else 0,
        deletions=3 if delivered else 0,
    )


def _accepted(story: Story, place: int, limit: int) -> None:
    name = _open(story, place)
    _try(story, name, 1, limit)
    story.gate(name, 1)
    _move(story, name, 1, "accept", "the gate is green")
    _end(story, name, "delivered", "", 1, build=4_100)


def _retried(story: Story, place: int, limit: int, category: str, headline: str, move: str) -> None:
    name = _open(story, place)
    _try(story, name, 1, limit)
    story.gate(name, 1, red="test", categories={category: 1}, headline=headline)
    _move(story, name, 1, move, f"a failure of category {category}")
    _try(story, name, 2, limit)
    story.gate(name, 2)
    _move(story, name, 2, "accept", "the gate is green")
    _end(story, name, "delivered", "", 2, build=8_200, verdict="warning")


def _first_session(story: Story) -> None:
    _accepted(story, 0, 3)
    _retried(story, 1, 5, "tactical", "tests/test_rate.py::test_rounding: assert 3.14 == 3.15", "retry")
    _retried(story, 2, 7, "hallucination", "csv.DictReader has no attribute 'readall'", "warn")
    _accepted(story, 3, 3)
    name = _open(story, 4)
    _try(story, name, 1, 3)
    story.gate(name, 1, red="lint", categories={"trivial": 2}, headline="F841 local variable `total` is never used")
    story.fixed[name] = 2
    story.say("autofix:applied", 0.2, task=name, iteration=1, files=[f"src/{name}.py"], what="disable comment")
    story.gate(name, 1)
    _move(story, name, 1, "accept", "the gate is green")
    _end(story, name, "delivered", "", 1, build=4_100)
    story.say("run:paused", 1, reason="the provider's quota is used up", hint=f"orchestrate resume {RUN}")


def _second_session(story: Story) -> None:
    story.say("session:started", 3_600)
    _retried(story, 5, 5, "strategic", "coverage 61 % is below 80 %", "redesign")
    name = _open(story, 6)
    for number in (1, 2):
        _try(story, name, number, 7, used=21_000, cost=None)
        story.gate(name, number, red="build", categories={"tactical": 3}, headline="error: incompatible types")
        _move(story, name, number, "retry", "a failure of category tactical")
    _end(story, name, "stopped", "build used 42,000 of 26,000 tokens", 2, build=42_000, verdict="exceeded")
    name = _open(story, 7)
    for number in range(1, 6):
        _try(story, name, number, 5)
        story.gate(
            name,
            number,
            red="test",
            categories={"strategic": 1},
            headline="ImportError: cannot import name 'Order' (circular)",
        )
        _move(story, name, number, "redesign" if number == 2 else "retry", "the same failure again")
    _end(story, name, "needs_human", "the same failure after 5 iterations and a redesign", 5, build=20_500)
    name = _open(story, 8)
    story.say("call:failed", 1, **_who(name), fault="server", attempt=1, **charge(0, "0"))
    story.say("call:retry", 0, **_who(name), wait_s=2.0, why="503")
    _end(story, name, "failed", "the provider refused the request: prompt too long", 0, build=0)
    skipped = _outcome(story, "after-ledger", "skipped", "big-ledger was not delivered", 0, Charge(), "within")
    story.say("task:finished", 0, task="after-ledger", status="skipped", outcome=outcome_json(skipped))
    story.say("note", 0, text="replay: 0 prompts drifted")
    story.say(
        "run:finished",
        1,
        outcome="partly",
        seconds=1_500.0,
        checkout_after="9f" * 32,
        registry_after={"usable_budget": 61_200, "build": 12_400},
    )


def _who(task: str) -> Event:
    return {
        "call": f"{task}.build.executor.1.1",
        "task": task,
        "phase": "build",
        "role": "executor",
        "iteration": 1,
        "turn": 1,
        "provider": "google",
        "model": "gemini-3-pro",
    }


def night() -> list[Event]:
    """The whole night."""
    story = Story()
    _begin(story)
    _first_session(story)
    _second_session(story)
    return story.events


def until(kind: str, number: int = 1, **fields: Any) -> Iterator[Event]:
    """The night up to and with the n-th event of that type and those fields."""
    seen = 0
    for event in night():
        yield event
        if event["type"] == kind and all(event.get(key) == value for key, value in fields.items()):
            seen += 1
            if seen == number:
                return
    raise AssertionError(f"the night has no {number}. {kind} with {fields}")


def details() -> dict[str, TaskDetail]:
    """What lies in the task folders of that night."""
    commits = {event["task"]: event["commit"] for event in night() if event["type"] == "commit:made"}
    return {name: _detail(name, title, commits.get(name, "")) for name, title, _, _ in TASKS if name != "after-ledger"}


def _detail(name: str, title: str, commit: str) -> TaskDetail:
    source = f"src/{name}.py"
    red = name in ("circular", "big-ledger")
    return TaskDetail(
        adr=Adr(
            title=f"How to do {name}",
            status="accepted",
            date="2026-11-21",
            text=f"# How to do {name}\n\n"
            "Status: accepted\nDate: 2026-11-21\n\n## Context\n\nInvoices of the shop are wrong by a cent.\n\n"
            "## Options\n\n- one module\n- a service of its own: a second place to look\n\n"
            f"## Decision\n\n{title}, in one module.\n\n## Rationale\n\nThe totals are made there already.\n\n"
            f"## Files\n\n- {source} (modify): it holds the totals\n\n"
            "## Consequences\n\nOld invoices keep their totals; they are not written again.\n",
            decision=f"{title}, in one module.",
            files=(PlannedFile(path=source, action=FileAction.MODIFY, why="it holds the totals"),),
            compliance={"sql-safety": "no query is touched"},
        ),
        diff=CHANGE.format(source=source, test=f"tests/test_{name.replace('-', '_')}.py"),
        failing_check="test" if red else "",
        failing_command="pytest -q" if red else "",
        failing_output="E   ImportError: cannot import name 'Order' (circular)\n1 failed in 0.12s\n" if red else "",
        failures=(
            Failure(
                check=CheckKind.TEST,
                tool="pytest",
                message="ImportError: cannot import name 'Order'",
                category=Category.STRATEGIC,
                file=source,
                line=3,
                why="a circular import",
            ),
        )
        if red
        else (),
        folder=f"runs/{RUN}/tasks/{name}",
        importance=IMPORTANCE.get(name, Importance.MEDIUM),
        acceptance=("a total is rounded to the cent", "an unknown currency is refused by name"),
        after=("fix-offset",) if name == "add-rate" else (),
        flags=("weakened test: tests/test_import_csv.py:9: test_rows: an assertion is gone",)
        if name == "import-csv"
        else (),
        gate=_gate(name),
        reviews=(
            ReviewRound(
                role="architect",
                model="claude-opus-4-9",
                verdict="accept",
                findings=(Finding(text="`rate` could be a constant", file=source, line=4),)
                if name == "add-rate"
                else (),
            ),
        ),
        answers={"sql-safety": "kept"},
        certificate=CertificateNote(
            commit=commit,
            tree="7" * 40,
            sandbox="bwrap",
            at="2026-11-21T02:40:00+00:00",
            measured=True,
            base_green=True,
            tests_before=40,
            tests_after=41,
            coverage=None if name == "retry-http" else 91.25,
        )
        if commit
        else None,
        estimate_tokens=12_400 if name == "add-rate" else None,
    )


def _gate(name: str) -> GateReport:
    test = f"tests/test_{name.replace('-', '_')}.py"
    return GateReport(
        tree="7" * 40,
        results=(
            CheckResult(
                kind=CheckKind.TEST,
                command="pytest -q",
                tool="pytest",
                exit_code=0,
                passed=True,
                tests=TestEvidence(
                    ran=2,
                    passed=2,
                    failed=0,
                    skipped=0,
                    ids=frozenset({f"{test}::test_a_total_is_rounded_to_the_cent", "tests/test_old.py::test_it"}),
                ),
            ),
            CheckResult(kind=CheckKind.INVARIANT, command="./check-sql", tool="sql-safety", exit_code=0, passed=True),
        ),
        failures=(),
    )


def hundred() -> tuple[RunSummary, ReportInputs]:
    """A hundred delivered tasks with diffs of the size changes have: 300 lines in six files, long ones of 3,000."""
    first = next(event for event in night() if event["type"] == "task:finished")
    outcome = outcome_from(first["outcome"])
    tasks = tuple(replace(outcome, id=f"task-{number:03d}", title=f"{outcome.title} {number}") for number in range(100))
    detail = _detail("fix-offset", outcome.title, outcome.commit or "")
    return replace(summary_of(night()), tasks=tasks), ReportInputs(
        details={
            task.id: replace(detail, diff="".join(_long_diff(number, 500 if number % 10 == 0 else 50)))
            for number, task in enumerate(tasks)
        },
        timeline=timeline(night()),
    )


def _long_diff(number: int, lines: int) -> Iterator[str]:
    for file in range(6):
        name = f"src/part_{number}_{file}.py"
        yield f"diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ -1,9 +1,{lines} @@ class Part:\n"
        for line in range(lines // 5):
            yield (
                f" def step_{line}(self, order: Order) -> Decimal:\n-    return order.total({line})\n"
                f"+    # The currency's own rounding <{line}> & no other\n"
                f'+    return order.total({line}, label="{number}-{line}").quantize(CENT)\n \n'
            )
