"""What prepares a night works where the night will: set-up is done once for ``init``, ``doctor`` and the run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.adapters.sandbox_probe import choose
from orchestrator.domain.errors import RefusedError
from orchestrator.intake import Project, load_project
from orchestrator.wiring import user_repository
from orchestrator.wiring_gate import LANE, NIGHTS_LANE, open_gate_site
from tests.fakes.repositories import plain
from tests.system import needs

NOW = datetime(2026, 11, 21, 2, 36, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    plain(tmp_path / "app")
    tasks = tmp_path / "tasks.yaml"
    tasks.write_text(
        'version: 1\nrepo: app\nsetup: ["mkdir -p .venv && date +%N > .venv/made"]\n'
        "gate: {test: 'true'}\ntasks:\n  - {id: one, title: One}\n"
    )
    return load_project(tasks, environment={})


def prepared(project: Project, command: str) -> tuple[Path, float, str]:
    """Where that command worked, how long set-up took there, and what it made."""
    with open_gate_site(project, before=command) as site:
        site.gate.prepare(site.commit)
        root = site.gate.lane.root
        return root.parent, site.gate.environment.seconds, (root / ".venv/made").read_text()


@needs("bwrap")
def test_set_up_is_done_once_for_init_doctor_and_the_run(project: Project) -> None:
    home, seconds, made = prepared(project, "init")
    assert home.name == f"lane-{NIGHTS_LANE}"
    assert seconds > 0
    assert prepared(project, "doctor") == (home, 0.0, made)
    sandbox = choose(project.loaded.settings.sandbox, recorded=False)
    repository = user_repository(project.batch, project.loaded.settings, sandbox)
    try:
        with repository.hold(run="night", at=NOW):
            lane = repository.lane(NIGHTS_LANE)
            info = lane.provide(repository.pin(None), project.batch.setup)
            assert (info.seconds, (lane.root / ".venv/made").read_text()) == (0.0, made)
            beside, _, other = prepared(project, "doctor")
            assert (beside.name, other != made) == (f"lane-{LANE}", True), "a run keeps its lanes to itself"
    finally:
        repository.close()
    assert prepared(project, "")[0].name == f"lane-{LANE}", "the gate by hand is never in a run's way"


@needs("bwrap")
def test_a_run_that_comes_meanwhile_is_told_who_prepares_it(project: Project) -> None:
    with open_gate_site(project, before="init") as site, pytest.raises(RefusedError, match=r"in use by .*run init"):
        site.repository.hold(run="night", at=NOW)
    site.repository.hold(run="night", at=NOW).release()


def test_what_ran_without_a_sandbox_is_not_handed_on(project: Project) -> None:
    bare = load_project(project.batch.source, environment={"ORCHESTRATE_SANDBOX": "none"})
    assert prepared(bare, "init")[0].name == f"lane-{LANE}"
