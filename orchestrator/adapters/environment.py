"""A lane's own environment: made once a lock-file hash, kept, exchanged, never half finished (decisions 4-6).

One environment is active: its virtual environment under ``env/<hash>/venv``, its dependency folders in the tree, its
products in ``products``. Another hash moves them aside, whole, and moves them back when it is asked for again.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.adapters import processes
from orchestrator.adapters.environment_content import content_digest, linked_outside
from orchestrator.adapters.environment_detect import (
    INSTALLERS,
    MANIFESTS,
    detect_setup,
    requires_python,
    wants_python,
)
from orchestrator.adapters.environment_lock import lock_hash
from orchestrator.adapters.environment_products import files_in, keep_products
from orchestrator.adapters.environment_python import Interpreter, choose_interpreters, make_venv
from orchestrator.adapters.environment_state import Active, folder_of, read_active, resolved, venv_of, write_active
from orchestrator.adapters.environment_words import fault_lines
from orchestrator.adapters.lane_paths import LanePaths
from orchestrator.adapters.sandbox_probe import SandboxKind
from orchestrator.adapters.shell import Surroundings
from orchestrator.adapters.shell_mounts import dependency_folders
from orchestrator.domain.errors import PausedError, RefusedError
from orchestrator.ports import Command, EnvironmentInfo, Profile, Shell
from orchestrator.settings import GateLimits

KEPT = 3
"""Environments kept a lane besides the active one, the newest ones."""
OFTEN_TRACKED = frozenset({"vendor"})
"""Dependency folders that repositories commit: never removed to start afresh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentProvider:
    """Provides lanes with environments (:class:`orchestrator.adapters.lane_paths.Provide`)."""

    limits: GateLimits
    surroundings: Surroundings
    sandbox: SandboxKind

    def __call__(self, paths: LanePaths, shell: Shell, setup: Sequence[str] | None) -> EnvironmentInfo:
        """Setup of the base that is checked out in ``paths.root``; at once where it was done before.

        ``setup`` ``None``: detected; empty: none is wanted, the user's own tools serve. Raises ``PausedError`` where
        setup fails, ``RefusedError`` where an installed package points out of the lane and there is no sandbox.
        """
        started = time.monotonic()
        paths = resolved(paths)
        plan = self._plan(paths, shell, setup)
        active = read_active(paths)
        if active is not None and active.lock_hash == plan.lock_hash and self._holds(paths, active):
            return _info(active, 0.0, packages_of(paths, shell, active))
        self._set_aside(paths, active)
        restored = self._restore(paths, plan.lock_hash)
        if restored is not None:
            return _info(restored, 0.0, packages_of(paths, shell, restored))
        made = self._make(paths, shell, plan)
        return _info(made, time.monotonic() - started, packages_of(paths, shell, made))

    def _plan(self, paths: LanePaths, shell: Shell, setup: Sequence[str] | None) -> _Plan:
        files = _manifests(paths.root)
        if setup is None:
            there = [name for name in INSTALLERS if _of_the_machine(shell.which(name), paths)]
            lines = detect_setup(files, there)
            note = f"setup detected: {'; '.join(lines)}" if lines else "setup detected: none needed"
        else:
            lines, note = tuple(setup), ""
        interpreters: tuple[Interpreter, ...] = ()
        if wants_python(lines, files):
            interpreters = choose_interpreters(requires_python(files), paths.root, self.surroundings)
            if not interpreters:
                raise PausedError(
                    f"no Python on this machine satisfies requires-python {requires_python(files)!r}",
                    hint="install one and put it on PATH, then: orchestrate resume",
                    slug="environment-python",
                )
        tools = [f"python {interpreters[0]}"] if interpreters else []
        if "package.json" in files and lines:
            tools.append(f"node {_node_version(shell)}")
        hashed = lock_hash(paths.root, lines, tools=tools, skip=self.limits.dependency_folders)
        return _Plan(lock_hash=hashed, lines=lines, interpreters=interpreters, notes=(note,) if note else ())

    def _holds(self, paths: LanePaths, active: Active) -> bool:
        """Finished, and still what it was when it was."""
        if not active.finished:
            return False
        folders = [paths.root / name for name in active.folders]
        there = all(folder.is_dir() for folder in folders)
        return there and content_digest(venv_of(paths, active), folders) == active.digest

    def _set_aside(self, paths: LanePaths, active: Active | None) -> None:
        """Take the active environment out of the tree: kept where it was finished and whole, else thrown away."""
        whole = active is not None and self._holds(paths, active)
        folder = folder_of(paths, active.lock_hash) if active is not None else None
        if active is not None and folder is not None and whole:
            write_active(paths, replace(active, finished=False))
            for name in active.folders:
                target = folder / "kept" / name
                target.parent.mkdir(parents=True, exist_ok=True)
                (paths.root / name).rename(target)
            if paths.products.is_dir():
                shutil.rmtree(folder / "products", ignore_errors=True)
                paths.products.rename(folder / "products")
            write_active(_record_folder(paths, folder), active)
        elif folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        names = set(self.limits.dependency_folders) - OFTEN_TRACKED
        for leftover in list(dependency_folders(paths.root, names)):
            shutil.rmtree(leftover)
        shutil.rmtree(paths.products, ignore_errors=True)

    def _restore(self, paths: LanePaths, lock: str) -> Active | None:
        """Bring back an environment that was set aside; ``None`` where there is none, or it is not whole."""
        folder = folder_of(paths, lock)
        kept = read_active(_record_folder(paths, folder))
        if kept is None or kept.lock_hash != lock:
            return None
        write_active(paths, replace(kept, finished=False))
        (folder / "active.json").unlink()
        for name in kept.folders:
            (paths.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(paths.root / name, ignore_errors=True)
            (folder / "kept" / name).rename(paths.root / name)
        if (folder / "products").is_dir():
            (folder / "products").rename(paths.products)
            shutil.copytree(paths.products, paths.root, symlinks=True, dirs_exist_ok=True)
        if not self._holds(paths, kept):
            self._set_aside(paths, replace(kept, finished=False))
            return None
        write_active(paths, kept)
        return kept

    def _make(self, paths: LanePaths, shell: Shell, plan: _Plan) -> Active:
        folder = folder_of(paths, plan.lock_hash)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        active = Active(lock_hash=plan.lock_hash, finished=False)
        write_active(paths, active)
        if plan.interpreters and make_venv(plan.interpreters, folder / "venv", folder / "venv.log") is None:
            raise PausedError(
                f"no virtual environment could be made; log: {folder / 'venv.log'}",
                hint="on Debian and Ubuntu: sudo apt install python3-venv; then: orchestrate resume",
                slug="environment-venv",
            )
        names = self.limits.dependency_folders
        before, tracked = files_in(paths.root, names), set(dependency_folders(paths.root, names))
        for number, line in enumerate(plan.lines, 1):
            self._run(shell, line, folder / f"setup-{number}.log")
        made = files_in(paths.root, names) - before
        note = keep_products(paths.root, made, paths.products)
        folders = sorted(set(dependency_folders(paths.root, names)) - tracked) if plan.lines else []
        venv = venv_of(paths, active)
        outside = self._outside(paths, venv, folders)
        finished = Active(
            lock_hash=plan.lock_hash,
            finished=True,
            digest=content_digest(venv, folders),
            folders=tuple(each.relative_to(paths.root).as_posix() for each in folders),
            notes=(*plan.notes, *((note,) if note else ()), *outside),
        )
        write_active(paths, finished)
        _prune(paths, keep=folder)
        return finished

    def _run(self, shell: Shell, line: str, log: Path) -> None:
        timeout_s = self.limits.setup_timeout_s
        ran = shell.run(Command(line=line, profile=Profile.SETUP, timeout_s=timeout_s, log=log))
        if ran.exit_code == 0:
            return
        why = f"passed its limit of {timeout_s:.0f} s" if ran.timed_out else f"ended with exit code {ran.exit_code}"
        said = fault_lines(f"{ran.stderr}\n{ran.stdout}")
        raise PausedError(
            f"setup failed: `{line}` {why}{f' ({ran.killed_by})' if ran.killed_by else ''}; log: {log}\n{said}",
            hint="mend `setup:` in tasks.yaml or the network, then: orchestrate resume",
            slug="environment-setup",
        )

    def _outside(self, paths: LanePaths, venv: Path | None, folders: Iterable[Path]) -> tuple[str, ...]:
        outside = linked_outside(paths, venv, folders)
        if outside and self.sandbox is SandboxKind.NONE:
            raise RefusedError(
                f"installed packages point out of the lane: {', '.join(outside)}",
                hint="install them as copies in `setup:`, or use the sandbox (--sandbox bwrap)",
                slug="environment-linked",
            )
        return tuple(f"not visible in gates, since it is installed as a link: {each}" for each in outside)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What an environment shall be."""

    lock_hash: str
    lines: tuple[str, ...]
    interpreters: tuple[Interpreter, ...]
    notes: tuple[str, ...]


def _info(active: Active, seconds: float, packages: tuple[Path, ...]) -> EnvironmentInfo:
    return EnvironmentInfo(
        digest=active.digest, lock_hash=active.lock_hash, seconds=seconds, notes=active.notes, packages=packages
    )


def packages_of(paths: LanePaths, shell: Shell, active: Active) -> tuple[Path, ...]:
    """Where gate commands import installed packages from: the lane's venv, else that of the ``python`` on their path.

    Folders inside the tree (``node_modules``) are not among them: whoever looks at the tree sees those.
    """
    venv = venv_of(paths, active)
    programs = [shell.which(name) for name in ("python", "python3", "pytest")] if venv is None else []
    prefixes = [venv] if venv else [Path(program).parent.parent for program in programs if program]
    found = (folder for prefix in prefixes for folder in sorted(prefix.glob("lib/python3*/site-packages")))
    return tuple(dict.fromkeys(found))


def _manifests(root: Path) -> Mapping[str, str]:
    """The root's manifests; links are not followed, they may lead anywhere."""
    found = {}
    for name in MANIFESTS:
        path = root / name
        if path.is_file() and not path.is_symlink():
            found[name] = path.read_text(encoding="utf-8", errors="replace")
    return found


def _record_folder(paths: LanePaths, folder: Path) -> LanePaths:
    """The same lane with another place for the record: an environment that was set aside carries its own."""
    return replace(paths, env=folder)


def _of_the_machine(program: str | None, paths: LanePaths) -> bool:
    """Whether a program is there whatever the lane holds: what an environment brought goes with it."""
    return program is not None and not Path(program).is_relative_to(paths.home)


def _node_version(shell: Shell) -> str:
    node = shell.which("node")
    if node is None:
        return "missing"
    ended = processes.run(
        processes.Process(
            argv=(node, "--version"), cwd=Path("/"), environment={"PATH": "/usr/bin:/bin"}, timeout_s=20.0
        )
    )
    return ended.stdout.strip()


def _prune(paths: LanePaths, *, keep: Path) -> None:
    """The oldest environments go."""
    others = [entry for entry in paths.env.iterdir() if entry.is_dir() and entry != keep]
    for old in sorted(others, key=lambda entry: entry.stat().st_mtime, reverse=True)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
