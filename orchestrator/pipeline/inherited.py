"""What fails on the base already: listed once in the report, and offered as tasks, ready to run."""

from __future__ import annotations

import json
from collections.abc import Sequence

from orchestrator.domain.failure import CheckKind
from orchestrator.domain.words import count
from orchestrator.gate.baseline import Baseline
from orchestrator.ledger.durable import write_whole
from orchestrator.pipeline.work import Work

FILE = "inherited.yaml"
"""In the run's folder."""
_SHOWN = 10
_IN_A_TASK = 30


def tell_inherited(work: Work, baseline: Baseline) -> None:
    """Say it, and write the tasks; of the run's own base alone, and once a run."""
    lines = baseline.inherited
    if not lines or work.base != work.night.base or work.night.memory.last("baseline:inherited"):
        return
    path = work.night.folder / FILE
    write_whole(path, inherited_tasks(lines, repo=str(work.night.batch.repo)).encode("utf-8", "backslashreplace"))
    work.tell("baseline:inherited", tree=baseline.tree, failures=list(lines), file=FILE)
    already = count(len(lines), "failure is", "failures are")
    more = f"; and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    shown = "; ".join(lines[:_SHOWN])
    mend = f"To have it mended: orchestrate run {path}"
    work.tell(
        "note",
        text=f"{already} on the base already, and did not block: {shown}{more}. {mend}",
    )


def inherited_tasks(lines: Sequence[str], *, repo: str) -> str:
    """A tasks file with one task a check that fails on the base. ``lines`` begin with the check's name."""
    parts = [f"# What failed on the base before any task began. Run it with: orchestrate run {FILE}"]
    parts += ["version: 1", f"repo: {json.dumps(repo)}", "tasks:"]
    for kind in CheckKind:
        own = [line for line in lines if line.startswith(f"{kind} ")]
        if not own:
            continue
        parts += [
            f"  - id: mend-{kind}",
            f"    title: {json.dumps(f'Bug fix: mend what the {kind} check finds on the base')}",
            "    description: |",
            f"      The {kind} check fails on the base, before any change:",
            *(f"      - {_inert(line)}" for line in own[:_IN_A_TASK]),
            *([f"      - and {len(own) - _IN_A_TASK} more"] if len(own) > _IN_A_TASK else []),
            f"    acceptance: [{json.dumps(f'the {kind} check passes')}]",
            "    # allow: [tests/**]   # where the tests themselves are wrong",
        ]
    return "\n".join(parts) + "\n"


def _inert(line: str) -> str:
    """On one line, without characters that YAML has no place for."""
    return "".join(letter if letter.isprintable() else " " for letter in line)
