"""Which commit a name means."""

from __future__ import annotations

from pathlib import Path

from orchestrator.adapters.git import Git
from orchestrator.domain.errors import UsageError


def commit_of(git: Git, name: str) -> str | None:
    """The commit a name means; ``None`` where it means none."""
    completed = git.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return completed.stdout.decode().strip() if completed.exit_code == 0 else None


def pinned(git: Git, root: Path, base: str | None) -> str:
    """The commit of a branch, tag or commit-ish; without one, HEAD's. ``UsageError`` where there is none."""
    if base is None:
        commit = commit_of(git, "HEAD")
        if commit is None:
            hint = 'make one: git add -A && git commit -m "Start"'
            raise UsageError(f"{root} has no commit yet", hint=hint, slug="no-commit")
        return commit
    commit = commit_of(git, f"refs/heads/{base}") or commit_of(git, base)
    if commit is None:
        what = f"base {base!r} names no branch or commit of {root}"
        raise UsageError(what, hint="git branch --all lists them", slug="no-base")
    return commit
