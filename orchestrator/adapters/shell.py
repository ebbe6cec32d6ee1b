"""Runs commands in a lane.

Variables made from nothing, the sandbox around them, a throwaway ``.git``, a fresh scratch folder, and nothing left
running afterwards.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from orchestrator.adapters import processes, shell_installers, shell_mounts
from orchestrator.adapters.environment_state import read_active, resolved, venv_of
from orchestrator.adapters.lane_paths import LanePaths
from orchestrator.adapters.lane_sweep import remove_folder
from orchestrator.adapters.lane_throwaway import remove_throwaway, throwaway_git
from orchestrator.adapters.sandbox import HOME, MIB, SANDBOX_UID, TMP, Access, Launch, Limits, Mount, sandbox_argv
from orchestrator.adapters.sandbox_probe import SandboxChoice, SandboxKind
from orchestrator.adapters.sandbox_system import system, write_identity
from orchestrator.adapters.sandbox_tools import programs_in, search_path, tool_roots
from orchestrator.adapters.shell_variables import installer_variables, own, source_roots, variables
from orchestrator.crash_points import crash_point
from orchestrator.domain.errors import RefusedError
from orchestrator.logs import get_logger
from orchestrator.ports import Command, Profile, Ran
from orchestrator.settings import GateLimits

ALWAYS = ("sh", "bash", "python3", "python", "node", "npm", "npx", "corepack", "pnpm", "yarn", "git", "make", "uv")
"""Programs that scripts and build files call, shown besides those the command itself names."""
STARTED = ".started"
WRAPPER = f': > "$ORCHESTRATE_SCRATCH/{STARTED}"; exec sh -c "$1"'
"""Leaves a mark once the sandbox stands: without it, a failure is the sandbox's, not the command's."""
SCRATCHES_KEPT = 8
"""Scratch folders of earlier commands that stay readable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What of the user's machine a lane's shell needs to know; all of it values, so that tests can choose them."""

    variables: Mapping[str, str]
    """The user's environment variables; few are passed on."""
    home: Path
    checkout: Path | None = None
    """The user's checkout: no tool's installation folder may show it."""

    @classmethod
    def here(cls, checkout: Path | None) -> Surroundings:
        """This process's."""
        return cls(variables=dict(os.environ), home=Path.home(), checkout=checkout)


class LaneShell:
    """The shell of one lane (:class:`orchestrator.ports.Shell`); one command at a time."""

    def __init__(
        self, paths: LanePaths, *, sandbox: SandboxChoice, limits: GateLimits, surroundings: Surroundings
    ) -> None:
        self._paths = resolved(paths)
        self._sandbox = sandbox
        self._limits = limits
        self._around = surroundings
        self._number = 0
        if sandbox.kind is SandboxKind.NONE:
            processes.shield()

    def run(self, command: Command) -> Ran:
        """Run ``command.line`` by ``sh -c`` in its folder. Never raises for what the command does.

        Raises ``RefusedError`` where the sandbox does not start.
        """
        folder = self._folder(command.path)
        if folder is None:
            return Ran(exit_code=126, stdout="", stderr=f"no folder {command.path} in the tree\n", seconds=0.0)
        scratch = self._fresh_scratch()
        cache = self._cache(command)
        with self._git_folder():
            before = set(self._dependencies())
            crash_point("command.before", command.profile.value)
            ended = processes.run(self._process(command, folder, scratch, cache, before))
            crash_point("command.after", command.profile.value)
            self._remove_planted(command.profile, before)
        if ended.killed_by == "stopped":
            raise KeyboardInterrupt  # the run is being halted: what a half-run command said means nothing
        started = (scratch / STARTED).exists()
        _make_inert(scratch)
        if not started and self._sandbox.kind is SandboxKind.BWRAP and ended.stderr.startswith("bwrap: "):
            raise RefusedError(
                f"the sandbox does not start: {' '.join(ended.stderr.split())[:300]}",
                hint="orchestrate doctor says why; without a sandbox, at your own risk: --sandbox none",
                slug="sandbox-forbidden",
            )
        get_logger(__name__).info(
            "command",
            line=command.line,
            profile=command.profile.value,
            path=command.path,
            exit_code=ended.exit_code,
            seconds=round(ended.seconds, 3),
            killed_by=ended.killed_by,
        )
        return Ran(
            exit_code=ended.exit_code,
            stdout=ended.stdout,
            stderr=ended.stderr,
            seconds=ended.seconds,
            timed_out=ended.timed_out,
            killed_by=ended.killed_by,
            scratch=scratch,
        )

    def which(self, program: str) -> str | None:
        """Where a command in the tree's root would find the program."""
        return shutil.which(program, path=self.search_path(self._paths.root))

    def search_path(self, folder: Path, profile: Profile = Profile.GATE) -> str:
        """``PATH`` of commands in that folder: the lane's environment, the tree's own tools, the user's path.

        Where setup made no Python environment, the folder of this program's own interpreter comes last: its gate
        tools (the extra ``[pilot]``) serve where nothing else does. Where it did, that folder is left out: tools in it
        would not see the lane's packages; setup alone still finds an installer there.
        """
        root, users = self._paths.root, self._around.variables
        active = read_active(self._paths)
        venv = venv_of(self._paths, active)
        found = search_path(users.get("PATH", os.defpath), home=self._around.home, tree=root, variables=users)
        own_tools = Path(sys.executable).parent
        entries = [venv / "bin"] if venv else []
        if active is not None and active.finished:
            entries += [each / "node_modules/.bin" for each in dict.fromkeys((folder, root))]
        entries += [entry for entry in found if not (venv and entry == own_tools)]
        if venv is None or profile is Profile.SETUP:
            entries.append(own_tools)
        return os.pathsep.join(dict.fromkeys(str(entry) for entry in entries if entry.is_dir()))

    def _process(
        self, command: Command, folder: Path, scratch: Path, cache: Path, dependencies: set[Path]
    ) -> processes.Process:
        limits = self._limits
        wrapped = self._sandbox.kind is SandboxKind.BWRAP
        environment = self._variables(command, folder, scratch, cache)
        argv: tuple[str, ...] = ("sh", "-c", WRAPPER, "sh", command.line)
        if wrapped:
            argv = self._sandboxed(command, folder, scratch, cache, dependencies, environment, argv)
        return processes.Process(
            argv=argv,
            cwd=self._paths.home if wrapped else folder,
            environment=environment,
            timeout_s=command.timeout_s,
            log=command.log,
            log_cap=limits.output_cap_bytes,
            memory=limits.memory_mb * MIB,
            processes=limits.processes,
            file_size=0 if command.profile is Profile.SETUP else limits.file_size_mb * MIB,
        )

    def _variables(self, command: Command, folder: Path, scratch: Path, cache: Path) -> dict[str, str]:
        wrapped = self._sandbox.kind is SandboxKind.BWRAP
        setup, network = command.profile is Profile.SETUP, "network" in self._limits.allow
        home, temporary = (HOME, TMP) if wrapped else (self._emptied("home"), self._emptied("tmp"))
        if setup and wrapped:
            temporary = cache / "tmp"  # on disk: installers unpack gigabytes there
            remove_folder(temporary)
            temporary.mkdir()
        if "home" in self._limits.allow and not setup:
            home = self._around.home
        made = variables(
            profile=command.profile,
            path=self.search_path(folder, command.profile),
            home=home,
            temporary=temporary,
            cache=cache,
            users=self._around.variables,
            offline=wrapped and not network,
        )
        venv = venv_of(self._paths, read_active(self._paths))
        if venv is not None:
            made["VIRTUAL_ENV"] = str(venv)
            made["UV_PROJECT_ENVIRONMENT"] = str(venv)
        if not setup:
            made["PYTHONPATH"] = os.pathsep.join(str(root) for root in source_roots(self._paths.root, folder))
        elif not wrapped:
            files = shell_installers.installer_configuration(self._around.home)
            shell_installers.write_configuration(files, home.parent)
        return made | own(command.environment, scratch)

    def _sandboxed(
        self,
        command: Command,
        folder: Path,
        scratch: Path,
        cache: Path,
        dependencies: set[Path],
        environment: Mapping[str, str],
        argv: tuple[str, ...],
    ) -> tuple[str, ...]:
        wrap = self._sandbox.wrap
        if wrap is None:
            raise RefusedError("the sandbox was never probed", hint="this is a fault of orchestrate", slug="internal")
        setup, limits = command.profile is Profile.SETUP, self._limits
        network = setup or "network" in limits.allow
        identity = write_identity(self._own_folder("identity"), uid=SANDBOX_UID, home=HOME, network=network)
        host = system(identity, network=network)
        venv = venv_of(self._paths, read_active(self._paths))
        hidden = () if self._around.checkout is None else (self._around.checkout,)
        names = (*programs_in(command.line), *ALWAYS)
        roots = tool_roots(names, environment["PATH"], home=self._around.home, hidden=(*hidden, self._paths.home))
        elsewhere = (root for root in roots if not root.is_relative_to(self._paths.home.resolve()))
        mounts = [*host.mounts, *shell_mounts.tool_mounts(elsewhere)]
        if "home" in limits.allow and not setup:
            mounts += shell_mounts.home_mounts(self._around.home)
        if setup:
            self._paths.env.mkdir(parents=True, exist_ok=True)
            mounts += self._installer_mounts()
        mounts += shell_mounts.lane_mounts(
            self._paths, command.profile, cache=cache, scratch=scratch, dependencies=dependencies, venv=venv
        )
        launch = Launch(
            argv=argv,
            cwd=folder,
            mounts=tuple(mounts),
            symlinks=host.symlinks,
            environment=environment,
            network=network,
            limits=Limits(
                memory=limits.memory_mb * MIB,
                processes=limits.processes,
                file_size=0 if setup else limits.file_size_mb * MIB,
            ),
        )
        return sandbox_argv(launch, wrap)

    def _installer_mounts(self) -> list[Mount]:
        files = shell_installers.installer_configuration(self._around.home)
        copies = self._own_folder("installers")
        shell_installers.write_configuration(files, copies)
        mounts = []
        for file in files:
            place, below = file.relative.parts[0], Path(*file.relative.parts[1:])
            target = (HOME if place == "home" else Path("/etc")) / below
            mounts.append(Mount(target=target, source=copies / file.relative, access=Access.READ))
        sources = shell_mounts.local_sources((file.text for file in files), installer_variables(self._around.variables))
        return [*mounts, *shell_mounts.tool_mounts(sources)]

    def _folder(self, path: str) -> Path | None:
        root = self._paths.root.resolve()
        folder = (root / path).resolve()
        return folder if folder.is_relative_to(root) and folder.is_dir() else None

    def _fresh_scratch(self) -> Path:
        """An empty folder for one command; the oldest ones go."""
        self._paths.scratch.mkdir(parents=True, exist_ok=True)
        numbered = [entry for entry in self._paths.scratch.iterdir() if entry.name.isdigit()]
        earlier = sorted(numbered, key=lambda entry: int(entry.name))
        for old in earlier[: -SCRATCHES_KEPT or None]:
            remove_folder(old)
        self._number = max(self._number, *(int(entry.name) for entry in earlier), 0) + 1
        fresh = self._paths.scratch / str(self._number)
        fresh.mkdir()
        return fresh.resolve()

    def _cache(self, command: Command) -> Path:
        """Tools' caches: one for setup; for gates one each command line.

        So code which one command runs (a test) cannot plant results for another (the type checker).
        """
        name = "setup"
        if command.profile is not Profile.SETUP:
            identity = "\0".join((command.path, command.line))
            name = f"gate-{sha256(identity.encode()).hexdigest()[:16]}"
        cache = self._paths.cache / name
        cache.mkdir(parents=True, exist_ok=True)
        return cache.resolve()

    def _emptied(self, name: str) -> Path:
        """A folder of the lane, empty: what one command leaves there is not there for the next."""
        remove_folder(self._own_folder(name))
        return self._own_folder(name)

    def _own_folder(self, name: str) -> Path:
        folder = self._paths.home / "shell" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder.resolve()

    def _dependencies(self) -> Iterator[Path]:
        return shell_mounts.dependency_folders(self._paths.root.resolve(), self._limits.dependency_folders)

    def _remove_planted(self, profile: Profile, before: set[Path]) -> None:
        """Dependency folders that a gate command made would outlive it and be trusted by the next one."""
        if profile is Profile.SETUP:
            return
        for folder in set(self._dependencies()) - before:
            remove_folder(folder)

    @contextmanager
    def _git_folder(self) -> Iterator[None]:
        if not (self._paths.git_dir / "HEAD").exists():
            yield
            return
        target = self._paths.root / ".git"
        wrapped = self._sandbox.kind is SandboxKind.BWRAP
        objects = shell_mounts.INNER_OBJECTS if wrapped else self._paths.git_dir / "objects"
        throwaway_git(self._paths, target, str(objects))
        try:
            yield
        finally:
            remove_throwaway(target)


def _make_inert(scratch: Path) -> None:
    """Remove from a scratch folder what is no plain file or folder: a link read later would show files outside."""
    for folder, folders, files in os.walk(scratch):
        for name in (*folders, *files):
            path = Path(folder) / name
            mode = path.lstat().st_mode
            if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
                path.unlink()
    (scratch / STARTED).unlink(missing_ok=True)
