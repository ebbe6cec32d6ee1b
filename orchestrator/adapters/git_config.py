"""What is taken over from the user's git configuration, and what of a repository's own is switched off (I9).

Read once, by allow-list (decision 10): who commits, how files are converted at check-out, which folders git may trust,
Git LFS from the user's own or the system's configuration. All else of the user's configuration stays unread. A
repository's own ``.git/config`` cannot be kept from git where the user's checkout is looked at, so every key of it
that names a program is overridden.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.adapters.git import Completed, Git
from orchestrator.domain.errors import RefusedError, UsageError

_CONVERSION = ("core.autocrlf", "core.eol", "core.safecrlf", "core.precomposeunicode")
_SHARED = ("core.sharedrepository",)
_TRUSTED_SCOPES = frozenset({"system", "global", "command"})
_LFS = re.compile(r"filter\.lfs\.(clean|smudge|process|required)")
_LFS_PROGRAM = re.compile(r"git[ -]lfs\b")
_PROGRAMS = (
    (re.compile(r"filter\.(.+)\.(?:clean|smudge|process)"), ("clean", "smudge", "process", "required"), "filter"),
    (re.compile(r"diff\.(.+)\.(?:command|textconv)"), ("command", "textconv"), "diff"),
    (re.compile(r"merge\.(.+)\.driver"), ("driver",), "merge"),
    (re.compile(r"hook\.(.+)\.(?:command|event)"), ("enabled",), "hook"),
    (re.compile(r"remote\.(.+)\.(?:uploadpack|receivepack|vcs|promisor|partialclonefilter)"), ("promisor",), "remote"),
)
"""Keys of a repository that name a program: pattern, the variables to override, section."""
_OFF = {"required": "false", "enabled": "false", "promisor": "false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Name and address as they stand in a commit."""

    name: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserConfig:
    """What the tool knows of the user's git configuration."""

    author: Person | None
    """``None``: there is no complete identity; committing is refused, all else works."""
    committer: Person | None
    conversion: tuple[tuple[str, str], ...]
    """Line ends, Git LFS, trusted folders: given to every command in lanes and in the user's repository."""
    excludes: tuple[tuple[str, str], ...]
    """The user's own ignore file, for looking at their checkout only."""
    sharing: tuple[tuple[str, str], ...]
    """How new files in the repository's object store are shared with a group."""
    overrides: tuple[tuple[str, str], ...]
    """Programs named in the repository's own configuration, switched off."""

    def people(self) -> tuple[Person, Person]:
        """Author and committer; ``RefusedError`` where git knows neither."""
        if self.author is None or self.committer is None:
            raise RefusedError(
                "git does not know who commits: user.name and user.email are not set",
                hint='git config --global user.name "Your Name" && git config --global user.email you@example.org',
                slug="no-identity",
            )
        return self.author, self.committer


def read_user_config(folder: Path) -> UserConfig:
    """The configuration in force in that folder. Executes nothing the configuration names.

    Raises ``UsageError`` where the folder is in no repository, ``RefusedError`` where git does not trust its owner.
    """
    git = Git(directory=folder, user_config=True)
    argv = ("config", "--list", "-z", "--show-scope", "--includes")
    completed = git.attempt(*argv)
    if completed.exit_code != 0:
        raise access_error(folder, completed) or git.failure(argv, completed)
    return parse_config(completed.stdout)


def access_error(folder: Path, completed: Completed) -> RefusedError | UsageError | None:
    """The error for a repository that git would not open; ``None`` where it is another."""
    if "dubious ownership" in completed.stderr:
        return RefusedError(
            f"{folder} belongs to another user, and git does not trust it",
            hint=f"git config --global --add safe.directory {folder}",
            slug="unsafe-repository",
        )
    if "not a git repository" in completed.stderr:
        return UsageError(
            f"{folder} is in no git repository",
            hint=f"git init {folder}, or set repo: in the tasks file",
            slug="no-repository",
        )
    return None


def parse_config(listing: bytes) -> UserConfig:
    """From ``git config --list -z --show-scope``; later entries win, as in git."""
    entries = list(entries_of(listing))
    values = {key: value for _, key, value in entries}
    trusted = {key: value for scope, key, value in entries if scope in _TRUSTED_SCOPES}
    lfs = _own_lfs(values, trusted)
    safe = [("safe.directory", value) for _, key, value in entries if key == "safe.directory"]
    conversion = [(key, values[key]) for key in _CONVERSION if key in values]
    attributes = [(key, trusted[key]) for key in ("core.attributesfile",) if key in trusted]
    return UserConfig(
        author=_person("author", "GIT_AUTHOR", values),
        committer=_person("committer", "GIT_COMMITTER", values),
        conversion=(*conversion, *attributes, *lfs, *safe),
        excludes=(("core.excludesfile", values.get("core.excludesfile", _default_excludes())),),
        sharing=tuple((key, values[key]) for key in _SHARED if key in values),
        overrides=tuple(_overrides((key for _, key, _ in entries), kept={key for key, _ in lfs})),
    )


def entries_of(listing: bytes) -> Iterable[tuple[str, str, str]]:
    """(scope, key, value); a key without a value means true."""
    parts = os.fsdecode(listing).split("\0")
    for scope, entry in zip(parts[0::2], parts[1::2], strict=False):
        key, found, value = entry.partition("\n")
        yield scope, key, value if found else "true"


def _own_lfs(values: dict[str, str], trusted: dict[str, str]) -> list[tuple[str, str]]:
    """Git LFS as the user or the system set it up; nothing where the repository adds a key of its own to it, since a
    key cannot be taken away from git again."""
    kept = {key: value for key, value in trusted.items() if _LFS.fullmatch(key)}
    programs = [value for key, value in kept.items() if not key.endswith(".required")]
    known = {key for key in values if _LFS.fullmatch(key)}
    if known - kept.keys() or not all(_LFS_PROGRAM.match(program) for program in programs):
        return []
    return list(kept.items())


def _overrides(keys: Iterable[str], kept: set[str]) -> Iterable[tuple[str, str]]:
    """Each program switched off once, in order; those in ``kept`` are given their trusted value elsewhere."""
    seen = dict.fromkeys(keys)
    done: set[str] = set()
    for key in seen:
        for pattern, variables, section in _PROGRAMS:
            found = pattern.fullmatch(key)
            if found and key not in kept:
                for variable in variables:
                    override = f"{section}.{found[1]}.{variable}"
                    if override not in done:
                        done.add(override)
                        yield override, _OFF.get(variable, "")


def _person(section: str, variable: str, values: dict[str, str]) -> Person | None:
    """git's own order: environment, then ``author.*``, then ``user.*``; never guessed from the host's name."""
    name = os.environ.get(f"{variable}_NAME") or values.get(f"{section}.name") or values.get("user.name")
    email = os.environ.get(f"{variable}_EMAIL") or values.get(f"{section}.email") or values.get("user.email")
    if not name or not email or not name.strip():
        return None
    return Person(name=name, email=email)


def _default_excludes() -> str:
    """Where git looks for the user's ignore file when none is named."""
    folder = os.environ.get("XDG_CONFIG_HOME") or str(Path("~/.config").expanduser())
    return str(Path(folder) / "git" / "ignore")
