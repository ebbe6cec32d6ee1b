"""Trees to look at: a dictionary of files, and the same on a real disk with a real shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.domain.failure import Failure
from orchestrator.domain.gate import CheckResult
from orchestrator.gate.baseline import Baseline
from orchestrator.gate.run import GateContext
from orchestrator.gate.toolchains import shipped_toolchains
from orchestrator.ports import Command, Ran

CAPTURED = Path(__file__).parent / "captured"
INSTALLED = (
    "python",
    "pytest",
    "ruff",
    "mypy",
    "flake8",
    "pyright",
    "node",
    "npm",
    "eslint",
    "biome",
    "prettier",
    "tsc",
)


@dataclass(frozen=True)
class MemoryTree:
    """A tree reader over a dictionary."""

    texts: Mapping[str, str]
    programs: Sequence[str] = INSTALLED

    @property
    def files(self) -> Sequence[str]:
        return sorted(self.texts)

    def read(self, path: str) -> str | None:
        return self.texts.get(path)

    def which(self, program: str) -> str | None:
        return f"/env/bin/{program}" if program in self.programs else None


@dataclass
class LocalShell:
    """Runs a command for real, without a sandbox: its own scratch folder each time, the time limit kept."""

    root: Path
    scratches: Path
    runs: list[Command] = field(default_factory=list)

    def run(self, command: Command) -> Ran:
        self.runs.append(command)
        scratch = self.scratches / f"scratch {len(self.runs)}"
        scratch.mkdir(parents=True)
        began = time.monotonic()
        timed_out = False
        with subprocess.Popen(
            ["sh", "-c", command.line],
            cwd=self.root / command.path,
            env={**environment(), **command.environment, "ORCHESTRATE_SCRATCH": str(scratch)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                stdout, stderr = process.communicate(timeout=command.timeout_s)
            except subprocess.TimeoutExpired:
                timed_out = True
                os.killpg(process.pid, 9)
                stdout, stderr = process.communicate()
        if command.log is not None:
            command.log.parent.mkdir(parents=True, exist_ok=True)
            command.log.write_text(stdout + stderr)
        return Ran(
            exit_code=-1 if timed_out else process.returncode,
            stdout=stdout,
            stderr=stderr,
            seconds=time.monotonic() - began,
            timed_out=timed_out,
            scratch=scratch,
        )

    def which(self, program: str) -> str | None:
        return shutil.which(program, path=environment()["PATH"])


def environment() -> dict[str, str]:
    """Clean, with the interpreter of these tests first on the path; pytest loads no plug-in but the one for coverage.

    (With all that are installed here it takes four times as long to start.)
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {
        "PATH": path,
        "HOME": os.environ.get("HOME", "/nonexistent"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_PLUGINS": "pytest_cov",
    }


def write(root: Path, texts: Mapping[str, str]) -> None:
    """Put the files on disk."""
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def context_of(root: Path, texts: Mapping[str, str], **others: object) -> GateContext:
    """The context of a passage over those files, as they lie under ``root``."""
    fields: dict[str, object] = {
        "tree": "0" * 40,
        "root": root,
        "files": sorted(texts),
        "text_of": texts.get,
        "chains": shipped_toolchains(),
        **others,
    }
    return GateContext(**fields)  # type: ignore[arg-type]


def nothing_read(_result: CheckResult) -> tuple[Failure, ...]:
    """A reader of failures that can make nothing of any output."""
    return ()


def baseline(**fields: object) -> Baseline:
    """A baseline with those fields."""
    return Baseline(**{"tree": "b" * 40, **fields})  # type: ignore[arg-type]
