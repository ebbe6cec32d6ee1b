"""A task's tests before its code (P1): by the test master, shown to fail on the base, closed to the executor."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import PurePosixPath

from orchestrator.agents import feedback
from orchestrator.agents.context import file_texts
from orchestrator.agents.matching import apply_edits
from orchestrator.agents.test_master import ROLE, WrittenTests, begin_tests, read_tests
from orchestrator.domain.edit import Edit, EditOutcome, FileChange
from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.domain.gate import CheckResult, CheckSpec
from orchestrator.failures import reader_of
from orchestrator.gate.check import Evidence, run_check
from orchestrator.gate.rerun import narrowed
from orchestrator.gate.tests_first import already_passing, spec_for
from orchestrator.pipeline.side_by_side import Part, side_by_side
from orchestrator.pipeline.tree_view import LaneView, view_of_tree
from orchestrator.pipeline.work import Work

SHOWN_TOKENS = 1200
"""Of P5's 1,500 for the test master, what the files take; record and task are the rest."""
STYLE_FILES = 1
"""Existing tests shown for their style."""
_READING = frozenset({CheckKind.LINT, CheckKind.BUILD})
PROVED = "tests:shown"
WRITTEN = "tests:written"
NOT_PROVED = "the gate could not run them on the base"


def write_tests(work: Work) -> bool:
    """The tests of the record at hand, once a record; whether the work's tree now holds some that it did not."""
    if work.tested >= work.adrs:
        return False
    work.tested = work.adrs
    if not any(spec.kind is CheckKind.TEST for spec in work.gate_plan.checks):
        work.tell("note", text=f"{work.task.id}: no test check in the gate, so no tests were written first")
        return False
    written = _ask(work)
    if written is None or not written.changes:
        why = f": {written.detail}" if written is not None else ""
        work.tell("note", text=f"{work.task.id}: went on without tests written first{why}")
        return False
    _adopt(work, written)
    return True


def _ask(work: Work) -> WrittenTests | None:
    assert work.adr is not None  # noqa: S101 - plan comes before
    view = LaneView(work.lane, work.base_tree)
    wanted = [file.path for file in work.adr.files]
    about = " ".join((work.task.title, work.task.description, *work.task.acceptance, work.adr.decision))
    talk = begin_tests(
        work.desk,
        work.staff,
        work.brief(),
        work.adr,
        files=file_texts(view, [*wanted, *_style(work, wanted)], about, SHOWN_TOKENS),
        iteration=work.adrs,
    )
    run = partial(read_tests, talk, partial(_apply, work, view), partial(_prove, work))
    return side_by_side(work, [Part(talk=talk, run=run)]).get(ROLE)


def _apply(work: Work, view: LaneView, edits: Sequence[Edit]) -> EditOutcome:
    protection = work.protection
    assert protection is not None  # noqa: S101 - discover comes first

    def guard(path: str) -> str | None:
        if not protection.is_test(path):
            return "by its name it is no test file"
        if spec_for(path, work.gate_plan.checks) is None:
            return "no test check of the gate runs this folder"
        return protection.reason(path)

    return apply_edits(edits, view.file, guard, view.is_folder)


def _style(work: Work, wanted: Sequence[str]) -> list[str]:
    """Existing tests to take the style from: those named like the files the record names, then any."""
    assert work.protection is not None  # noqa: S101 - discover comes first
    stems = {PurePosixPath(path).stem.removeprefix("test_") for path in wanted}
    tests = [path for path in LaneView(work.lane, work.base_tree).files() if work.protection.is_test(path)]
    near = sorted(tests, key=lambda path: (not any(stem in path for stem in stems), path.count("/"), path))
    return [path for path in near if not path.endswith(("__init__.py", "conftest.py"))][:STYLE_FILES]


def _prove(work: Work, changes: Sequence[FileChange]) -> str:
    """Run the new tests on the base: what is wrong with them, or nothing. A tree that was shown is not run again."""
    lane = work.lane
    lane.checkout(work.base_tree)
    tree = lane.stage(changes)
    known = work.night.memory.last(PROVED, task=work.task.id, tree=tree)
    if known is not None:
        lane.checkout(work.tree)
        return str(known["fault"])
    files = [change.path for change in changes]
    faults, seconds = [], 0.0
    for spec in work.gate_plan.checks:
        own = [file for file in files if spec_for(file, work.gate_plan.checks) is spec]
        if not own and spec.kind not in _READING:
            continue
        result, fault = _run(work, spec, tree, own or files)
        seconds += result.seconds
        faults += [fault] if fault else []
    lane.settle(tree)
    lane.checkout(work.tree)
    work.gate_seconds += seconds
    told = " ".join(faults)
    work.tell(PROVED, tree=tree, files=files, fault=told, seconds=round(seconds, 3))
    return told


def _run(work: Work, spec: CheckSpec, tree: str, own: Sequence[str]) -> tuple[CheckResult, str]:
    lane, night = work.lane, work.night
    files = lane.files(tree)
    few = spec
    if spec.kind is CheckKind.TEST:
        few = narrowed(spec, [_within(file, spec.path) for file in own], files) or spec
    evidence = Evidence(root=lane.root, files=files, text_of=LaneView(lane, tree).text, chains=night.toolchains)
    result, _ = run_check(few, lane.shell, evidence, None)
    view = view_of_tree(lane, tree, work.environment, base=work.base_tree)
    failures = reader_of(view, night.settings.failures.patterns)(result) if result.exit_code != 0 else ()
    if spec.kind is not CheckKind.TEST:
        return result, _unreadable(failures, own)
    if any(failure.category is Category.ENVIRONMENT for failure in failures):
        return result, NOT_PROVED
    return result, already_passing(own, result, failures)


def _unreadable(failures: Sequence[Failure], own: Sequence[str]) -> str:
    """What lint and build say of the tests themselves: nobody else may change them later.

    Names that do not exist yet are what the task brings, and what fixers mend is mended in the gate.
    """
    told = [one for one in failures if one.file in own and one.category in {Category.TACTICAL, Category.STRATEGIC}]
    return feedback.tactical(told) if told else ""


def _within(file: str, folder: str) -> str:
    return file if folder == "." else file.removeprefix(f"{folder}/")


def _adopt(work: Work, written: WrittenTests) -> None:
    """Put them into the work's tree, in place of those of an earlier record, and close them to the executor."""
    assert work.protection is not None  # noqa: S101 - discover comes first
    kept = {change.path for change in written.changes}
    gone = [FileChange(path=path, content=None) for path in work.own_tests if path not in kept]
    work.lane.checkout(work.tree)
    work.tree = work.lane.stage([*written.changes, *gone])
    work.own_tests = {change.path: change.content or b"" for change in written.changes}
    work.protection.close(kept)
    for change in written.changes:
        work.save(f"tests-first/{work.adrs}/{change.path}", (change.content or b"").decode("utf-8", "replace"))
    work.tell(WRITTEN, number=work.adrs, files=sorted(kept), tree=work.tree, model=written.model, turns=written.turns)
