"""A small repository in a real lane, for cheats: what a gate that trusts exit codes says, and what ours says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.adapters.environment import EnvironmentProvider
from orchestrator.adapters.lane_paths import LanePaths
from orchestrator.adapters.repository import UserRepository
from orchestrator.adapters.sandbox_probe import choose
from orchestrator.adapters.shell import LaneShell, Surroundings
from orchestrator.domain.edit import FileChange
from orchestrator.domain.failure import Failure
from orchestrator.domain.gate import GateReport
from orchestrator.domain.task import Batch, GateConfig
from orchestrator.gate.baseline import Baseline, baseline_of
from orchestrator.gate.integrity import Protection, protection_failures
from orchestrator.gate.integrity_scan import Scan, scan
from orchestrator.gate.runner_files import files_run
from orchestrator.gate.toolchains import shipped_toolchains
from orchestrator.pipeline.hand_gate import HandGate
from orchestrator.pipeline.tree_view import LaneView
from orchestrator.ports import Command, Lane, Profile, Shell
from orchestrator.settings import Settings

Edits = Mapping[str, str | None]
"""Path -> text; ``None``: deleted."""


def git(root: Path, *argv: str) -> None:
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.invalid")
    subprocess.run(["git", "-C", str(root), *who, *argv], check=True, capture_output=True, timeout=30)


@dataclass
class CheatSite:
    """One repository, its lane, its baseline."""

    lane: Lane
    gate: HandGate
    settings: Settings
    base: str
    baseline: Baseline

    def tree(self, edits: Edits) -> str:
        """The base with those edits."""
        self.lane.checkout(self.base)
        changes = [
            FileChange(path=path, content=None if text is None else text.encode(), executable="bin/" in path)
            for path, text in edits.items()
        ]
        return self.lane.stage(changes)

    def plain(self, edits: Edits) -> int:
        """What a gate says that knows exit codes alone: the test check's command, as it stands."""
        self.lane.checkout(self.tree(edits))
        (spec,) = [spec for spec in self.gate.plan.checks if spec.kind.value == "test"]
        ran = self.lane.shell.run(Command(line=spec.command, profile=Profile.GATE, timeout_s=60))
        return ran.exit_code

    def before_the_checks(self, edits: Edits, allow: tuple[str, ...] = ()) -> tuple[tuple[Failure, ...], Scan]:
        """What is found without running anything, as the build phase looks for it."""
        tree = self.tree(edits)
        before, after = LaneView(self.lane, self.base), LaneView(self.lane, tree)
        changes = self.lane.changes(self.base, tree)
        protection = self.protection(allow)
        return protection_failures(changes, protection, before.text, after.text), scan(
            changes, protection, before.text, after.text
        )

    def protection(self, allow: tuple[str, ...] = ()) -> Protection:
        view = LaneView(self.lane, self.base)
        return Protection(
            base_files=view.files(),
            configured=self.settings.gate.protected,
            chains=shipped_toolchains(),
            allow=allow,
            run_by_gate=files_run(self.gate.plan.checks, view.files(), view.text),
        )

    def checks(self, edits: Edits) -> GateReport:
        """The gate itself: exit codes and evidence against the base; nothing of what is looked at before it."""
        return self.gate.run(self.tree(edits), base=self.base, baseline=self.baseline)


def open_site(folder: Path, project: Mapping[str, str], settings: Settings, config: GateConfig) -> CheatSite:
    """The repository made, its lane opened (no sandbox: the cheats are about judgement), its base measured."""
    root = folder / "repo"
    for name, text in project.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "init", "-q", "-b", "main", str(root))
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Start")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    around = Surroundings(variables={**os.environ, "PATH": path}, home=Path.home(), checkout=root)
    sandbox = choose("none", recorded=False)

    def shell(paths: LanePaths) -> Shell:
        return LaneShell(paths, sandbox=sandbox, limits=settings.gate, surroundings=around)

    repository = UserRepository(
        root,
        cache=folder / "cache",
        keep=settings.gate.dependency_folders,
        shell=shell,
        provide=EnvironmentProvider(limits=settings.gate, surroundings=around, sandbox=sandbox.kind),
    )
    commit = repository.pin(None)
    lane = repository.lane(0)
    lane.refresh([commit])
    batch = Batch(
        source=folder / "tasks.yaml",
        digest="",
        repo=root,
        base=None,
        request=None,
        invariants=(),
        setup=(),
        gate=(config,),
        tasks=(),
    )
    gate = HandGate(lane=lane, batch=batch, settings=settings, toolchains=shipped_toolchains(), logs=folder / "logs")
    base = gate.prepare(commit)
    report = gate.run(base)
    assert report.passed, report.failures
    return CheatSite(
        lane=lane, gate=gate, settings=settings, base=base, baseline=baseline_of(report, LaneView(lane, base).text)
    )
