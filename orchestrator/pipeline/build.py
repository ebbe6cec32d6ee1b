"""Build: the executor's answer, the gate, the next move; over and over until one of them ends it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from orchestrator.agents import feedback
from orchestrator.agents.answer import Need
from orchestrator.agents.context import file_texts
from orchestrator.agents.executor import CodeLimits, CodeResult, CodeStatus, write_code
from orchestrator.agents.lookups import Lookups
from orchestrator.agents.matching import apply_edits
from orchestrator.agents.test_master import ROLE as TEST_MASTER
from orchestrator.domain.edit import Edit, EditOutcome
from orchestrator.domain.errors import PausedError
from orchestrator.domain.failure import Category, Failure, gravest
from orchestrator.domain.gate import GateReport
from orchestrator.domain.outcome import IterationNote
from orchestrator.domain.task import Phase
from orchestrator.domain.timer import PerformanceTimer
from orchestrator.gate.integrity import protection_failures, scope_failures
from orchestrator.gate.integrity_scan import scan
from orchestrator.gate.suppressions import added_suppressions
from orchestrator.pipeline.escalate import escalate
from orchestrator.pipeline.fixing import Fixed, confirm, fix
from orchestrator.pipeline.foresight import foresee
from orchestrator.pipeline.gatehouse import counted, gated, headline
from orchestrator.pipeline.neighbours import is_neighbour
from orchestrator.pipeline.tests_first import write_tests
from orchestrator.pipeline.tree_view import LaneView
from orchestrator.pipeline.unhide import put_back
from orchestrator.pipeline.work import Step, Work
from orchestrator.policy.moves import Attempt, Move, MoveKind, Used, after_conflict, climbs, failed_check, next_move


def build(work: Work) -> Step:
    """Iterations until the gate is green, the architect must think again, or a human must decide."""
    if work.crew.has(TEST_MASTER):
        write_tests(work)
    while True:
        if work.iteration >= work.limits.iterations:
            return escalate(work, f"the limit of {work.limits.iterations} iterations is reached")
        move = _iterate(work)
        work.tell("move:decided", iteration=work.iteration, move=move.kind.value, why=move.why)
        if move.kind is MoveKind.ACCEPT:
            return Phase.DELIVER
        if move.kind is MoveKind.PAUSE:
            raise _paused(work, move)
        if move.kind is MoveKind.HUMAN:
            return escalate(work, move.why)
        work.climb += climbs(move.kind, work.climb, work.limits)
        if move.kind is MoveKind.REDESIGN:
            work.rethink, work.feedback = move.why, ""
            work.used = replace(work.used, redesigns=work.used.redesigns + 1)
            return Phase.PLAN
        work.feedback = _told(work, move)


def _paused(work: Work, move: Move) -> PausedError:
    """The environment does not heal by itself (L8): the mend is named, and the same gate runs again after a resume."""
    failures = work.report.failures if work.report else ()
    return PausedError(
        f"{work.task.id}: {move.why}: {headline(failures)}",
        hint=f"mend it (logs in {work.iteration_folder()}), then: orchestrate resume {work.night.run}",
        slug="environment",
    )


def _iterate(work: Work) -> Move:
    """One answer of the executor and what its gate says."""
    work.iteration += 1
    work.used = Used(redesigns=work.used.redesigns)
    with PerformanceTimer(work.night.clock.monotonic) as timer:
        work.tell("iteration:started", iteration=work.iteration, limit=work.limits.iterations)
        code = _answer(work)
        if code.status is CodeStatus.EDITS:
            move = _judge(work, code)
        else:
            work.report = None
            move = _unusable(work, code)
    _note(work, code, move, timer.exactly)
    return move


def _answer(work: Work) -> CodeResult:
    view = LaneView(work.lane, work.tree)
    protection = work.protection

    def guard(path: str) -> str | None:
        return protection.reason(path) if protection else None

    def apply(edits: Sequence[Edit]) -> EditOutcome:
        meant, secret = put_back(edits, view.text)
        outcome = (
            EditOutcome(changes=(), faults=secret) if secret else apply_edits(meant, view.file, guard, view.is_folder)
        )
        if outcome.faults:
            faults = [f"{fault.path}: {fault.reason}" for fault in outcome.faults]
            work.tell("edits:refused", iteration=work.iteration, faults=faults)
        return outcome

    def grant(need: Need) -> str | None:
        allowed = work.adr is not None and guard(need.path) is None and is_neighbour(need.path, work.adr)
        if not allowed:
            return None
        work.granted.add(need.path)
        return file_texts(view, [need.path], need.why)

    assert work.adr is not None, "plan comes before build"  # noqa: S101 - the order of PHASES
    loop = work.night.settings.loop
    about = " ".join((work.task.title, work.task.description, *work.task.acceptance, work.adr.decision, work.feedback))
    code = write_code(
        work.desk,
        work.staff,
        work.brief(),
        work.adr,
        files=_files(work, view, about),
        feedback=work.feedback,
        lookups=Lookups(view),
        apply=apply,
        iteration=work.iteration,
        limits=CodeLimits(lookups=loop.lookups_per_iteration, edit_retries=loop.edit_retries),
        climb=work.climb,
        grant=grant,
    )
    folder = f"iterations/{work.iteration}"
    work.save(f"{folder}/prompt.md", code.prompt)
    work.save(f"{folder}/answer.md", code.answer)
    return code


def _files(work: Work, view: LaneView, about: str) -> str:
    """The record's files, and the tests that are there already."""
    assert work.adr is not None  # noqa: S101 - plan comes before build
    texts = file_texts(view, [*(file.path for file in work.adr.files), *work.own_tests], about)
    if not work.own_tests:
        return texts
    return f"{texts}\n{', '.join(sorted(work.own_tests))}: written already; make them pass, they stay as they are."


def _judge(work: Work, code: CodeResult) -> Move:
    """Put the edits into the tree, and that through the gate; fixes and retries use up no iteration."""
    work.tree = work.lane.stage(code.outcome.changes)
    work.tell(
        "edits:applied",
        iteration=work.iteration,
        files=[change.path for change in code.outcome.changes],
        tolerated=list(code.outcome.tolerated),
        tree=work.tree,
    )
    work.save(f"iterations/{work.iteration}/changes.patch", work.lane.diff(work.base_tree, work.tree))
    fixed: Fixed | None = None
    silenced: Counter[str] = Counter()
    passage = 0
    while True:
        passage += 1
        report = _outside(work) or (foresee(work) if passage == 1 else None) or gated(work, passage)
        if fixed is not None and not confirm(work, fixed, report):
            work.used = replace(work.used, fixable=False)
            work.own_suppressions.subtract(silenced)
        fixed = None
        work.report = report
        _count(work, report.failures)
        move = next_move((*work.attempts, _attempt(work, report)), work.limits, work.used)
        if move.kind is MoveKind.AUTOFIX:
            fixed = fix(work, report)
            work.used = replace(work.used, autofix_rounds=work.used.autofix_rounds + 1, fixable=fixed is not None)
            if fixed is not None:
                work.own_tests = {path: work.lane.read(work.tree, path) or b"" for path in work.own_tests}
                silenced = _silenced(work, fixed)
                work.own_suppressions.update(silenced)
                continue
            move = next_move((*work.attempts, _attempt(work, report)), work.limits, work.used)
        if move.kind is MoveKind.AGAIN:
            _wait_for_environment(work, report)
            continue
        work.healed += bool(work.used.environment_retries) and report.category is not Category.ENVIRONMENT
        work.attempts.append(_attempt(work, report))
        return move


def _wait_for_environment(work: Work, report: GateReport) -> None:
    """The environment failed, not the code (L8): wait a little, then the same gate once more."""
    work.tell("gate:again", iteration=work.iteration, why=headline(report.failures))
    work.used = replace(work.used, environment_retries=work.used.environment_retries + 1)
    work.night.clock.sleep(work.night.settings.loop.environment_wait_s)


def _silenced(work: Work, fixed: Fixed) -> Counter[str]:
    """The suppression comments that a fix added: the executor answers only for its own."""
    before, after = LaneView(work.lane, fixed.tree), LaneView(work.lane, work.tree)
    added = added_suppressions(work.lane.changes(fixed.tree, work.tree), before.text, after.text)
    return Counter(one.what for one in added)


def _outside(work: Work) -> GateReport | None:
    """Protected files touched, files the ADR does not name, checks silenced: a red report without running a check."""
    assert work.adr is not None  # noqa: S101 - plan comes before build
    changes = [change for change in work.lane.changes(work.base_tree, work.tree) if not _is_own_test(work, change.path)]
    failures = scope_failures(changes, work.adr.files, scope_open=work.task.scope_open, granted=work.granted)
    if work.protection is not None:
        before, after = LaneView(work.lane, work.base_tree), LaneView(work.lane, work.tree)
        scanned = scan(changes, work.protection, before.text, after.text, work.own_suppressions)
        work.flags = scanned.flags
        protected = protection_failures(changes, work.protection, before.text, after.text)
        failures = (*protected, *failures, *scanned.failures)
    return GateReport(tree=work.tree, results=(), failures=failures) if failures else None


def _is_own_test(work: Work, path: str) -> bool:
    """A test of the test master, as it wrote it."""
    return path in work.own_tests and work.lane.read(work.tree, path) == work.own_tests[path]


def _unusable(work: Work, code: CodeResult) -> Move:
    """No edits came: the executor cannot follow the ADR, the model declined, or nothing applied."""
    work.tell("edits:none", iteration=work.iteration, status=code.status.value, detail=code.detail)
    signature = frozenset({f"{code.status}:{code.detail}"})
    attempt = Attempt(
        tree=f"{work.tree}/{work.iteration}",
        failures=signature,
        category=Category.TACTICAL,
        failed_check=None,
        tier=work.climb,
        adr=work.adrs,
    )
    work.attempts.append(attempt)
    if code.status is CodeStatus.REFUSED:
        return Move(kind=MoveKind.HUMAN, why=f"the model declines: {code.detail}")
    if code.status in {CodeStatus.CONFLICT, CodeStatus.NEEDS}:
        work.conflicts += 1
        return after_conflict(
            f"the executor cannot follow the ADR: {code.detail}", work.limits, work.used, work.iteration
        )
    return next_move(tuple(work.attempts), work.limits, work.used)


def _attempt(work: Work, report: GateReport) -> Attempt:
    return Attempt(
        tree=work.tree,
        failures=frozenset(failure.signature for failure in report.failures),
        category=gravest(report.failures),
        failed_check=failed_check(report.failures),
        tier=work.climb,
        adr=work.adrs,
    )


def _count(work: Work, failures: tuple[Failure, ...]) -> None:
    """Failures are counted each time a gate names them."""
    work.failures.update(failure.category for failure in failures)


def _told(work: Work, move: Move) -> str:
    """What the executor is told next."""
    if work.report is None:
        last = work.notes[-1].headline if work.notes else ""
        return feedback.stuck(last or move.why, ())
    failures = work.report.failures
    if move.kind is MoveKind.WARN:
        return feedback.hallucination(failures)
    if move.kind is MoveKind.ESCALATE:
        return f"{feedback.stuck(move.why, work.notes[:-1])}\n{feedback.tactical(failures)}"
    earlier = feedback.history(work.notes[:-1])
    return f"{feedback.tactical(failures)}\n{earlier}".strip()


def _note(work: Work, code: CodeResult, move: Move, seconds: float) -> None:
    failures = work.report.failures if work.report else ()
    categories = {Category(name): count for name, count in counted(failures).items()}
    work.notes.append(
        IterationNote(
            number=work.iteration,
            tier=code.model,
            passed=move.kind is MoveKind.ACCEPT,
            failed_check=failures[0].check.value if failures else None,
            categories=categories,
            move=move.kind.value,
            seconds=round(seconds, 3),
            headline=headline(failures) if work.report else code.detail,
        )
    )
