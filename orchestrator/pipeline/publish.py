"""A branch's one commit, made from the tool's own tree, and its way into the user's repository."""

from __future__ import annotations

from orchestrator.pipeline.work import Work

SUBJECT_LENGTH = 72
"""Characters of a commit's first line, by git's own convention."""


def commit_and_publish(work: Work, message: str) -> tuple[str, str]:
    """Commit the work's tree onto its base, and bring the branch over; the commit and its date (ISO).

    The date comes from the journal: a resume makes the same commit (decision 9).
    """
    night = work.night
    intent = night.memory.last("commit:intent", task=work.task.id, tree=work.tree, base=work.base)
    if intent is None:
        work.tell("commit:intent", sync=True, tree=work.tree, base=work.base)
        intent = night.memory.last("commit:intent", task=work.task.id, tree=work.tree, base=work.base)
    at = str(intent["at"]) if intent else ""
    commit = work.lane.commit(tree=work.tree, parents=(work.base,), message=message, at=night.instant(at))
    if night.memory.last("commit:made", task=work.task.id, commit=commit) is None:
        work.tell("commit:made", sync=True, commit=commit, tree=work.tree)
    before = night.memory.last("branch:landed", task=work.task.id)
    night.repository.receive(work.lane.git_dir, work.branch, commit, replaces=str(before["commit"]) if before else None)
    if before is None or before["commit"] != commit:
        work.tell("branch:landed", sync=True, branch=work.branch, commit=commit)
    work.save("changes.patch", work.lane.diff(work.base_tree, work.tree))
    return commit, at


def commit_message(work: Work, note: str = "") -> str:
    """Subject, the decision in short, and the trailers that lead back to the run (contract).

    What a model or a task says stands in the body, each line inset: it can forge no trailer.
    """
    subject = " ".join(work.task.title.split())
    subject = subject if len(subject) <= SUBJECT_LENGTH else f"{subject[: SUBJECT_LENGTH - 3].rstrip()}..."
    decision = work.adr.decision.strip().splitlines() if work.adr else []
    body = "\n".join(f"    {line.strip()}" for line in decision[:20] if line.strip())
    trailers = (
        f"Orchestrate-Run: {work.night.run}\n"
        f"Orchestrate-Task: {work.task.id}\n"
        f"Orchestrate-Iteration: {work.iteration}\n"
    )
    return "\n\n".join(part for part in (subject, note, body, trailers) if part)
