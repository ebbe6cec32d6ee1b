"""The files ``init`` writes: never over what is there, unless that is asked for."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from orchestrator import redaction
from orchestrator.domain.errors import UsageError
from orchestrator.domain.words import count
from orchestrator.drafts.draft import Draft
from orchestrator.drafts.project_file import Proposal, Seen, project_text
from orchestrator.drafts.tasks_file import drafts_text, example_text
from orchestrator.intake import PROJECT_FILE, load_batch
from orchestrator.intake.schema import schema
from orchestrator.ledger.durable import write_whole

_MOST = 200
"""Drafts in one file: more are no plan for a night."""
_STATE = "runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of one file."""

    path: str
    """As the user would type it."""
    verb: Literal["wrote", "kept"]
    why: str = ""


def write_files(
    folder: Path, tasks: str, seen: Seen, proposal: Proposal, drafts: Sequence[Draft] | None, *, force: bool
) -> list[Written]:
    """The schemas, ``orchestrate.yaml`` and the tasks file, in this order; the tasks file last."""
    path = folder / tasks
    if path.parent.resolve() != folder and not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}", hint="name a file of the repository: --tasks night.yaml")
    _schemas(folder)
    project = project_text(seen, proposal, schema=f"{_STATE}/orchestrate.schema.json")
    written = [_write(folder / PROJECT_FILE, project, force=force)]
    link = os.path.relpath(folder / _STATE / "tasks.schema.json", path.parent)
    why = ""
    if drafts:
        kept = drafts[:_MOST]
        why = f"{count(len(kept), 'draft')}: read them before you run them"
        if len(drafts) > _MOST:
            why += f"; {len(drafts) - _MOST} more are left out"
        told = "Drafts, in words of others: read each, say what you want, remove what you do not."
        text = drafts_text(kept, name=tasks, schema=link, told=told)
    else:
        why = "no draft was found: an example to fill in" if drafts is not None else "an example to fill in"
        text = example_text(name=tasks, schema=link)
    text = redaction.hidden(text)
    done = _write(path, text, force=force)
    if done.verb == "kept" and drafts:
        done = Written(path=done.path, verb="kept", why="it is there already; --tasks drafts.yaml names another")
    if done.verb == "wrote":
        load_batch(path)  # what cannot be read back is a fault of this program, and is said at once
        done = Written(path=done.path, verb="wrote", why=why)
    return [*written, done]


def _schemas(folder: Path) -> None:
    """For editors, in the state folder: nothing of it shows up in the repository's status."""
    state = folder / _STATE
    state.mkdir(exist_ok=True)
    if not (state / ".gitignore").exists():
        write_whole(state / ".gitignore", b"*\n")
    for name in ("tasks", "orchestrate"):
        made = json.dumps(schema(name), indent=1, ensure_ascii=False)
        write_whole(state / f"{name}.schema.json", f"{made}\n".encode())


def _write(path: Path, text: str, *, force: bool) -> Written:
    typed = _as_typed(path)
    if not force:
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            return Written(path=typed, verb="kept", why="it is there already; --force writes it anew")
        return Written(path=typed, verb="wrote")
    write_whole(path, text.encode("utf-8"))
    return Written(path=typed, verb="wrote")


def _as_typed(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
