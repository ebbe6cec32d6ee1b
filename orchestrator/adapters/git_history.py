"""A repository's history as text, for what is learnt from it; read only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.adapters.git import TRANSFER_TIMEOUT_S, Git


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What git said."""

    head: str
    commits: str
    """``git log`` of everything the commit reaches."""
    moves: str
    """Files added and moved on the first-parent line, oldest first; a merge as its change against its first parent."""


def read_history(repository: Path, revision: str, *, commits_format: str, moves_format: str) -> History:
    """``GitError`` where there is no repository, or no such commit."""
    git = Git(directory=repository, timeout_s=TRANSFER_TIMEOUT_S)
    head = git.text("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    moves = ("--first-parent", "-m", "--reverse", "--name-status", "-M", "-z", "--diff-filter=AR")
    return History(
        head=head,
        commits=_text(git.run("log", f"--format={commits_format}", head)),
        moves=_text(
            git.run("log", *moves, f"--format={moves_format}", head, "--", ":(glob)**/*.md", ":(glob)**/*.y*ml")
        ),
    )


def _text(said: bytes) -> str:
    return said.decode("utf-8", "backslashreplace")
