"""Plan: the architect's ADR, checked against invariants, the tree and the protected paths; redesigned on failure."""

from __future__ import annotations

from orchestrator.agents import feedback
from orchestrator.agents.adr import TreeFacts
from orchestrator.agents.architect import AdrResult, redesign, write_adr
from orchestrator.domain.adr import Adr
from orchestrator.domain.outcome import TaskStatus
from orchestrator.domain.task import Phase
from orchestrator.gate.patterns import matches_any
from orchestrator.pipeline.tree_view import LaneView
from orchestrator.pipeline.work import Step, TaskEnd, Work


def plan(work: Work) -> Step:
    """The first ADR, or another after ``work.rethink`` says why."""
    result = _ask(work)
    if result.adr is None:
        status = TaskStatus.NEEDS_HUMAN
        return TaskEnd(
            status=status,
            reason=f"no usable ADR: {'; '.join(result.faults[:3])}",
            next_step="say more in the task's description, or answer with a hint",
        )
    if work.adr is not None:
        work.save(f"adr-{work.adrs}.md", work.adr.text)
    work.adr, work.adrs, work.rethink = result.adr, work.adrs + 1, ""
    work.save("adr.md", result.adr.text)
    work.tell(
        "adr:accepted",
        title=result.adr.title,
        number=work.adrs,
        files=[file.path for file in result.adr.files],
        asks=result.turns,
    )
    return _manifest_end(work, result.adr) or Phase.BUILD


def _ask(work: Work) -> AdrResult:
    protection = work.protection
    facts = TreeFacts(
        files=frozenset(LaneView(work.lane, work.tree).files()),
        guard=protection.reason if protection else lambda _path: None,
    )
    staff = work.staff
    if work.adr is None:
        brief = work.brief()
        return write_adr(work.desk, staff, brief, work.adrs + 1, tree=facts)
    tried = work.lane.diff(work.base_tree, work.tree)
    history = feedback.redesign(work.rethink, work.notes, work.report.failures if work.report else (), diff=tried)
    return redesign(work.desk, staff, work.brief(), work.adr, history, work.adrs + 1, tree=facts)


def _manifest_end(work: Work, adr: Adr) -> TaskEnd | None:
    """A task that must change a dependency manifest goes to a human, before anything is built (decision 5)."""
    if work.task.allow_dependencies:
        return None
    for file in adr.files:
        name = file.path.rsplit("/", 1)[-1]
        if name in work.night.toolchains.dependencies and not matches_any(file.path, work.task.allow):
            return TaskEnd(
                status=TaskStatus.NEEDS_HUMAN,
                reason=f"the ADR changes {file.path}, and the task may not change dependencies",
                next_step=f"set `allow_dependencies: true` on the task (or `allow: [{file.path}]`) and run it anew, "
                f"`orchestrate run {work.night.batch.source.name} --only {work.task.id}`; or say how to do without:",
            )
    return None
