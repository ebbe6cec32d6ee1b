"""The one door to git: an argument list in, bytes out, in an environment that the repository cannot influence (I9).

GitPython is the launcher and nothing more (decision 10): no ``Repo`` objects, no remote helpers. Three of its habits
are worked around here. It adds the caller's whole environment to every child and offers no way to take a variable
away, so git is started through ``env -i``. Its own time limit looks for children with ``pgrep`` and then waits for
the pipe without one, so the limit is kept here, on a session of its own. It expands ``~`` and ``$NAME`` in a working
folder, so the folder is given to git itself (``-C``).

Configuration goes through ``GIT_CONFIG_COUNT`` rather than ``-c``: the same rank, and keys may hold ``=``.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from subprocess import TimeoutExpired  # noqa: TID251 - the launcher's own exception; nothing is started with it
from typing import IO, TYPE_CHECKING, Any

from orchestrator.adapters.reexports import sparingly
from orchestrator.domain.errors import GitError, OrchestrateError, RefusedError, machine_trouble

if TYPE_CHECKING:
    from subprocess import Popen  # noqa: TID251 - a type only

MINIMUM_VERSION = (2, 38)
"""The first git with ``merge-tree --write-tree``."""
TIMEOUT_S = 300.0
"""Of one git command (I12); the slowest of them, a first check-out of 100,000 files, takes well under a minute."""
TRANSFER_TIMEOUT_S = 3600.0
"""Of commands that move a whole history."""
_GRACE_S = 5.0
_STDERR_TAIL = 2000
_ROOM = 1 << 20
"""Bytes: with less than this a disk counts as full; git writes packs, indexes and refs of that order."""

_KEPT_VARIABLES = ("HOME", "USER", "LOGNAME", "TMPDIR", "SYSTEMROOT")
_USER_CONFIG_VARIABLES = ("XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
_VARIABLES = {
    "LC_ALL": "C",
    "LANGUAGE": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "false",
    "GIT_SSH_COMMAND": "false",
    "GIT_EDITOR": "false",
    "GIT_PAGER": "cat",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_LFS_SKIP_DOWNLOAD_ERRORS": "1",
}
HARDENED = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    ("core.untrackedCache", "false"),
    ("core.attributesFile", os.devnull),
    ("core.excludesFile", os.devnull),
    ("core.pager", "cat"),
    ("core.protectHFS", "true"),
    ("core.protectNTFS", "true"),
    ("core.quotePath", "false"),
    ("core.fsync", "committed,reference"),
    ("core.fsyncMethod", "fsync"),
    ("commit.gpgSign", "false"),
    ("tag.gpgSign", "false"),
    ("diff.external", ""),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("protocol.allow", "never"),
    ("protocol.ext.allow", "never"),
    ("credential.helper", ""),
    ("submodule.recurse", "false"),
    ("safe.bareRepository", "explicit"),
    ("advice.detachedHead", "false"),
)
"""Configuration of every call; see docs and promises I9. Objects and refs reach the disk before a command returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What a git command answered."""

    exit_code: int
    stdout: bytes
    stderr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Git:
    """git with a fixed folder, environment and configuration. Immutable; safe to share between threads."""

    directory: Path
    """Where git starts (``-C``)."""
    git_dir: Path | None = None
    """``None``: git looks for the repository from ``directory`` upwards."""
    work_tree: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    """Further environment variables of each command (``GIT_INDEX_FILE`` ...)."""
    config: tuple[tuple[str, str], ...] = ()
    """Further configuration, after and above :data:`HARDENED`."""
    user_config: bool = False
    """True only for reading the user's own configuration: nothing is hardened, so nothing else may be run."""
    timeout_s: float = TIMEOUT_S

    def configured(self, *entries: tuple[str, str], **variables: str) -> Git:
        """The same with further configuration entries and environment variables."""
        return replace(self, config=(*self.config, *entries), variables={**self.variables, **variables})

    def run(self, *argv: str, stdin: bytes | None = None, timeout_s: float | None = None) -> bytes:
        """Standard output of ``git <argv>``; ``GitError`` where it fails or passes its time limit."""
        completed = self.attempt(*argv, stdin=stdin, timeout_s=timeout_s)
        if completed.exit_code != 0:
            raise self.failure(argv, completed)
        return completed.stdout

    def text(self, *argv: str, stdin: bytes | None = None) -> str:
        """Standard output as a string without its final line end; undecodable bytes as surrogates (file names)."""
        return os.fsdecode(self.run(*argv, stdin=stdin)).removesuffix("\n")

    def attempt(self, *argv: str, stdin: bytes | None = None, timeout_s: float | None = None) -> Completed:
        """Run and return whatever it answered; ``GitError`` only where it passes its time limit."""
        limit = self.timeout_s if timeout_s is None else timeout_s
        if stdin is None:
            return self._launch(argv, None, limit)
        with tempfile.TemporaryFile() as source:
            source.write(stdin)
            source.seek(0)
            return self._launch(argv, source, limit)

    def failure(self, argv: Sequence[str], completed: Completed, hint: str = "") -> OrchestrateError:
        """The error for a command that failed: what was run, where, what git said.

        A disk without room concerns the run and not the task that met it: ``PausedError``.
        """
        said = completed.stderr[-_STDERR_TAIL:].strip() or "no message"
        where = self.git_dir or self.directory
        message = f"git {' '.join(argv)} failed in {where} (exit {completed.exit_code}): {said}"
        if _no_room(where, said):
            return machine_trouble(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), message)) or GitError(message)
        return GitError(message, hint=hint)

    def _launch(self, argv: Sequence[str], stdin: IO[bytes] | None, limit: float) -> Completed:
        launcher = _launcher()
        started = launcher().execute(
            self._command(argv),
            istream=stdin,
            as_process=True,
            shell=False,
            start_new_session=True,
        )
        process: Popen[bytes] = started.proc
        try:
            stdout, stderr = process.communicate(timeout=limit)
        except TimeoutExpired:
            _end(process)
            raise GitError(
                f"git {' '.join(argv)} did not end within {limit:g} s in {self.git_dir or self.directory}",
                hint="is the disk slow or full, or another git holding the repository?",
                slug="git-timeout",
            ) from None
        except BaseException:
            _end(process)
            raise
        return Completed(exit_code=process.returncode, stdout=stdout, stderr=stderr.decode("utf-8", "replace"))

    def _command(self, argv: Sequence[str]) -> list[str]:
        env, git, path = programs()
        variables = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        variables["PATH"] = path
        variables |= _user_config_variables() if self.user_config else _VARIABLES | _numbered(HARDENED + self.config)
        variables |= self.variables
        where = [f"--git-dir={self.git_dir}"] if self.git_dir else []
        where += [f"--work-tree={self.work_tree}"] if self.work_tree else []
        assignments = [f"{name}={value}" for name, value in variables.items()]
        return [env, "-i", *assignments, git, "-C", str(self.directory), *where, *argv]


@cache
def programs() -> tuple[str, str, str]:
    """Full paths of ``env`` and ``git``, and the search path without relative entries (a repository's own ``git``)."""
    path = os.pathsep.join(entry for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if entry[:1] == "/")
    env, git = shutil.which("env", path=path), shutil.which("git", path=path)
    if env is None or git is None:
        raise RefusedError(
            f"{'git' if git is None else 'env'} was not found on PATH", hint="install git 2.38 or newer", slug="no-git"
        )
    return env, git, path


@cache
def require_version() -> tuple[int, ...]:
    """git's version; ``RefusedError`` where it is older than :data:`MINIMUM_VERSION`."""
    said = Git(directory=Path("/")).text("version")
    numbers = [part for part in said.removeprefix("git version ").split(" ")[0].split(".") if part.isdigit()]
    version = tuple(int(part) for part in numbers)
    if version < MINIMUM_VERSION:
        raise RefusedError(f"{said} is too old", hint="install git 2.38 or newer", slug="git-version")
    return version


@cache
def _launcher() -> Any:
    """GitPython's ``Git`` class, and of the package what that needs: 40 modules of object models are left out.

    Run whole, the package asks for ``git version`` and fails without git unless told to be quiet.
    """
    programs()
    sparingly("git")
    before = os.environ.get("GIT_PYTHON_REFRESH")
    os.environ["GIT_PYTHON_REFRESH"] = "quiet"
    try:
        from git.cmd import Git as Launcher
    finally:
        if before is None:
            del os.environ["GIT_PYTHON_REFRESH"]
        else:
            os.environ["GIT_PYTHON_REFRESH"] = before
    return Launcher


def _numbered(entries: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Configuration entries as git reads them from its environment."""
    numbered = {"GIT_CONFIG_COUNT": str(len(entries))}
    for number, (key, value) in enumerate(entries):
        numbered[f"GIT_CONFIG_KEY_{number}"] = key
        numbered[f"GIT_CONFIG_VALUE_{number}"] = value
    return numbered


def _user_config_variables() -> dict[str, str]:
    """What tells git where the user's own configuration stands."""
    wanted = {name: value for name, value in os.environ.items() if name in _USER_CONFIG_VARIABLES}
    wanted |= {name: value for name, value in os.environ.items() if name.startswith("GIT_CONFIG_COUNT")}
    wanted |= {n: v for n, v in os.environ.items() if n.startswith(("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"))}
    return {**wanted, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}


def _no_room(folder: Path, said: str) -> bool:
    """Whether a disk that is full may be why git failed: it does not always say so."""
    if any(os.strerror(number) in said for number in (errno.ENOSPC, errno.EDQUOT)):
        return True
    try:
        left = os.statvfs(folder)
    except OSError:
        return False
    return left.f_bavail * left.f_frsize < _ROOM or (left.f_files > 0 and left.f_favail == 0)


def _end(process: Popen[bytes]) -> None:
    """Kill the command's whole session; give up on a pipe that a stray still holds open."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutExpired, ValueError):
        process.communicate(timeout=_GRACE_S)
