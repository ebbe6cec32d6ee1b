"""Runs a coding command in a copy of the tree, in a profile of its own (decision 28).

It sees the copy, where the lane's tree stands; a home of its own; the variables and the configuration that the user
allowed by name; a network. Dependency folders and the environment of the lane are there to read. Its whole process
tree has ended when the call returns. Without a sandbox nothing hides the rest of the machine, so the lane's
environment is left out: nothing would keep the command from changing what the gate trusts.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from orchestrator.adapters import processes, shell_mounts
from orchestrator.adapters.environment_state import read_active, venv_of
from orchestrator.adapters.lane_paths import LanePaths
from orchestrator.adapters.models.command_llm import CommandLlm, CommandRun
from orchestrator.adapters.models.command_output import READERS
from orchestrator.adapters.sandbox import HOME, MIB, SANDBOX_UID, TMP, Access, Launch, Limits, Mount, sandbox_argv
from orchestrator.adapters.sandbox_probe import SandboxChoice
from orchestrator.adapters.sandbox_system import system, write_identity
from orchestrator.adapters.sandbox_tools import programs_in, search_path, tool_roots
from orchestrator.adapters.shell import ALWAYS, LaneShell, Surroundings
from orchestrator.adapters.shell_variables import is_secret, source_roots, variables
from orchestrator.adapters.workbench import Benches, Workbench, copy_products, lane_at, machine_fault, tools_home
from orchestrator.adapters.workbench_home import allowed, furnish
from orchestrator.domain.errors import ModelError, ModelFault
from orchestrator.ports import Lane, Profile
from orchestrator.settings import GateLimits, Provider

NOTE = """
Your working folder is a disposable copy of the repository, as the files shown above stand. Where edits are asked for,
make them in the files there, with your own tools; what has changed when you end is your answer, and no edit blocks are
needed. Edits of an answer that was sent back are not in it: make them all again. Read what you need there yourself; the
look-ups named above do not exist. Where you change no file, what you print is your answer.
"""
"""Stands after the prompt: it was written for a model that answers in text."""
KEPT = 256 << 10
"""Bytes of each stream: they are recorded, and a further turn of the conversation is reckoned with them."""
MARK = ".orchestrate-started"
WRAPPER = f': > "$HOME/{MARK}"; exec sh -c "$1"'
"""Leaves a mark once the sandbox stands: without it, a failure is the sandbox's, not the command's."""
MODEL = "ORCHESTRATE_MODEL"
"""The variable in which the line finds the model of the tier it is asked at."""
OURS = frozenset({"PATH", "HOME", "TMPDIR"})
"""Variables that describe the bench; passing them would undo it."""
SHORTEST_SECRET = 8
"""Characters; a shorter value is no key, and taking it out would spoil words."""
DEEPEST = 200
"""Folders inside each other that a command may leave; no source tree is near it."""


class Commands:
    """The providers of one run that are commands, and the lanes whose trees they work on."""

    def __init__(
        self,
        *,
        sandbox: SandboxChoice,
        limits: GateLimits,
        surroundings: Surroundings,
        excludes: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """``excludes``: git configuration that names the user's own ignore file."""
        self._sandbox = sandbox
        self._limits = limits
        self._around = surroundings
        self._excludes = excludes
        self._benches = Benches()

    def opened(self, task: str, lane: Lane) -> None:
        """The task is worked on in that lane from now on."""
        self._benches.opened(task, lane)

    def nowhere(self, task: str) -> AbstractContextManager[None]:
        """The task is a rehearsal, in an empty tree."""
        return self._benches.nowhere(task)

    def llm(self, name: str, provider: Provider) -> CommandLlm:
        """The provider ``name`` as it is set up. ``UsageError`` where its ``config_dirs`` cannot be shown."""
        run = BenchCommand(name, provider, sandbox=self._sandbox, limits=self._limits, surroundings=self._around)
        bench = Workbench(self._benches.lane_of, provider=name, excludes=self._excludes)
        return CommandLlm(
            run=run,
            workbench=bench.copy,
            provider=name,
            command=run.line,
            keep=bench.keep,
            which=run.which,
            hide=run.hide,
            read=READERS[provider.output],
            free=provider.cost_per_call == 0,
        )


class BenchCommand:
    """Implements :class:`orchestrator.adapters.models.command_llm.CommandRunner` for copies of a workbench."""

    def __init__(
        self, name: str, provider: Provider, *, sandbox: SandboxChoice, limits: GateLimits, surroundings: Surroundings
    ) -> None:
        self.line = (provider.command or "").strip()
        self._name = name
        self._passed = tuple(variable for variable in provider.pass_env if variable not in OURS)
        self._around = surroundings
        self._config = allowed(provider.config_dirs, surroundings.home, provider=name)
        self._sandbox = sandbox
        self._limits = limits

    def __call__(self, prompt: str, tree: Path, timeout_s: float, model: str) -> CommandRun:
        """Run the line in the copy. ``ModelError`` where it could not be started for want of a sandbox or of space."""
        home = tools_home(tree)
        try:
            furnish(home, self._config, self._around.home)
            copy_products(tree)
            process = self._process(f"{prompt}{NOTE}", tree, timeout_s, model)
        except OSError as error:
            raise machine_fault(self._name, "its place of work could not be made", error, billed=False) from None
        ended = processes.run(process)
        if ended.killed_by == "stopped":
            raise KeyboardInterrupt
        if self._sandbox.wrap and not (home / MARK).exists() and ended.stderr.startswith("bwrap: "):
            raise ModelError(
                f"{self._name}: the sandbox does not start: {' '.join(ended.stderr.split())[:300]}",
                fault=ModelFault.PERMISSION,
                provider=self._name,
                hint="orchestrate doctor says why; without a sandbox, at your own risk: --sandbox none",
            )
        fault = _mend(tree)
        killed = f"\nended: {ended.killed_by}" if ended.killed_by else ""
        own = f"{tree if self._sandbox.wrap is None else lane_at(tree).root}/"
        return CommandRun(
            exit_code=ended.exit_code or int(bool(fault)),
            stdout=ended.stdout.replace(own, ""),  # so that records are the same anywhere
            stderr=f"{ended.stderr}{killed}\n{fault}".rstrip("\n").replace(own, ""),
            seconds=ended.seconds,
            timed_out=ended.timed_out,
        )

    def hide(self, text: str) -> str:
        """The text without the values of the secret variables that were passed on (I7)."""
        users = self._around.variables
        for name in self._passed:
            value = users.get(name, "")
            if len(value) >= SHORTEST_SECRET and is_secret(name, value):
                text = text.replace(value, f"[{name}]")
        return text

    def which(self, program: str) -> str | None:
        """Where a line that names it would find the program."""
        around = self._around
        path = around.variables.get("PATH", os.defpath)
        folders = search_path(path, home=around.home, tree=around.checkout or around.home, variables=around.variables)
        return shutil.which(program, path=_joined(*folders, Path(sys.executable).parent))

    def _process(self, prompt: str, tree: Path, timeout_s: float, model: str) -> processes.Process:
        wrapped, limits = self._sandbox.wrap is not None, self._limits
        environment = self._variables(tree, wrapped=wrapped) | {MODEL: model}
        argv: tuple[str, ...] = ("sh", "-c", WRAPPER, "sh", self.line)
        if wrapped:
            argv = self._sandboxed(tree, environment, argv)
        return processes.Process(
            argv=argv,
            cwd=tree.parent if wrapped else tree,
            environment=environment,
            timeout_s=timeout_s,
            stdin=prompt.encode("utf-8", "backslashreplace"),
            keep=KEPT,
            memory=limits.memory_mb * MIB,
            processes=limits.processes,
            file_size=limits.file_size_mb * MIB,
        )

    def _variables(self, tree: Path, *, wrapped: bool) -> dict[str, str]:
        lane, users = lane_at(tree), self._around.variables
        home, temporary = (HOME, TMP) if wrapped else (tools_home(tree), tree.parent / "tmp")
        (tree.parent / "tmp").mkdir(exist_ok=True)
        root = lane.root if wrapped else tree
        venv = venv_of(lane, read_active(lane)) if wrapped else None
        made = variables(
            profile=Profile.GATE,
            path=self._path(lane, wrapped=wrapped),
            home=home,
            temporary=temporary,
            cache=temporary / "cache",
            users=users,
        )
        made["PYTHONPATH"] = os.pathsep.join(str(root / each.relative_to(tree)) for each in source_roots(tree, tree))
        if venv is not None:
            made["VIRTUAL_ENV"] = str(venv)
        return made | {name: users[name] for name in self._passed if name in users}

    def _path(self, lane: LanePaths, *, wrapped: bool) -> str:
        """As the gate's commands have it, and where this program's own tools stand."""
        shell = LaneShell(lane, sandbox=self._sandbox, limits=self._limits, surroundings=self._around)
        folders = [Path(entry) for entry in shell.search_path(lane.root).split(os.pathsep)]
        if not wrapped:
            folders = [folder for folder in folders if not folder.is_relative_to(lane.home)]
        return _joined(*folders, Path(sys.executable).parent)

    def _sandboxed(self, tree: Path, environment: dict[str, str], argv: tuple[str, ...]) -> tuple[str, ...]:
        lane, limits = lane_at(tree), self._limits
        assert self._sandbox.wrap is not None  # noqa: S101 - looked at by the caller
        identity = write_identity(tree.parent / "identity", uid=SANDBOX_UID, home=HOME)
        host = system(identity, network=True)
        hidden = () if self._around.checkout is None else (self._around.checkout,)
        names = (*programs_in(self.line), *ALWAYS)
        roots = tool_roots(names, environment["PATH"], home=self._around.home, hidden=(*hidden, lane.home))
        elsewhere = [root for root in roots if not root.is_relative_to(lane.home.resolve())]
        launch = Launch(
            argv=argv,
            cwd=lane.root,
            mounts=(*host.mounts, *shell_mounts.tool_mounts(elsewhere), *self._mounts(lane, tree)),
            symlinks=host.symlinks,
            environment=environment,
            network=True,
            limits=Limits(
                memory=limits.memory_mb * MIB, processes=limits.processes, file_size=limits.file_size_mb * MIB
            ),
        )
        return sandbox_argv(launch, self._sandbox.wrap)

    def _mounts(self, lane: LanePaths, tree: Path) -> Iterator[Mount]:
        """The copy in the tree's place, so that what was installed from the tree finds the copy; the rest to read."""
        yield Mount(target=lane.root, source=tree, access=Access.WRITE)
        yield Mount(target=HOME, source=tools_home(tree), access=Access.WRITE)
        venv = venv_of(lane, read_active(lane))
        if venv is not None:
            yield Mount(target=venv, access=Access.READ)
        for folder in shell_mounts.dependency_folders(lane.root, self._limits.dependency_folders):
            if os.path.lexists(tree / folder.relative_to(lane.root)):
                continue  # it is the repository's own
            yield Mount(target=folder, access=Access.READ)
            for name in shell_mounts.TOOLS_WRITE:
                if (folder / name).is_dir() and not (folder / name).is_symlink():
                    yield Mount(target=folder / name, access=Access.EMPTY)


def _joined(*folders: Path) -> str:
    return os.pathsep.join(dict.fromkeys(str(folder) for folder in folders))


def _mend(tree: Path) -> str:
    """Make what the command left readable; why that cannot be done, or nothing."""
    waiting = [(tree, 0)]
    try:
        while waiting:
            folder, depth = waiting.pop()
            if depth > DEEPEST:
                return f"it left folders more than {DEEPEST} deep"
            _allow(folder, stat.S_IRWXU)
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False) and entry.name != ".git":
                        waiting.append((folder / entry.name, depth + 1))
                    elif entry.is_file(follow_symlinks=False):
                        _allow(folder / entry.name, stat.S_IRUSR)
    except OSError as error:
        return f"what it left cannot be read: {error.strerror}"
    return ""


def _allow(path: Path, bits: int) -> None:
    mode = stat.S_IMODE(path.lstat().st_mode)
    if mode & bits != bits:
        path.chmod(mode | bits)
