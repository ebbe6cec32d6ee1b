"""A home and a cache of each test's own; repositories opened with collaborators that do nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from orchestrator.adapters.git import programs
from orchestrator.adapters.lane import GitLane
from orchestrator.adapters.lane_paths import LanePaths
from orchestrator.adapters.repository import UserRepository
from orchestrator.ports import Command, EnvironmentInfo, Ran, Shell
from tests.fakes.repositories import Repo, isolated_home

KEEP = ("node_modules", ".venv")
Open = Callable[..., UserRepository]


class NoShell:
    """A shell that no test here may use."""

    def run(self, command: Command) -> Ran:
        raise AssertionError(f"no command is run here: {command.line}")

    def which(self, program: str) -> str | None:
        raise AssertionError(f"nothing is looked up here: {program}")


def nothing_to_set_up(paths: LanePaths, shell: Shell, setup: Sequence[str] | None) -> EnvironmentInfo:
    return EnvironmentInfo(digest="none", lock_hash="none")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    programs.cache_clear()
    return isolated_home(monkeypatch, tmp_path / "home")


@pytest.fixture
def open_repository(home: Path) -> Iterator[Open]:
    opened: list[UserRepository] = []

    def make(repo: Repo | Path, **options: object) -> UserRepository:
        folder = repo.root if isinstance(repo, Repo) else repo
        arguments = {"keep": KEEP, "shell": lambda paths: NoShell(), "provide": nothing_to_set_up, **options}
        repository = UserRepository(folder, cache=home / ".cache" / "orchestrator", **arguments)  # type: ignore[arg-type]
        opened.append(repository)
        return repository

    yield make
    for repository in opened:
        repository.close()


@pytest.fixture
def open_lane(open_repository: Open) -> Callable[..., tuple[UserRepository, GitLane, str]]:
    def make(repo: Repo, **options: object) -> tuple[UserRepository, GitLane, str]:
        repository = open_repository(repo, **options)
        base = repository.pin(None)
        lane = repository.lane(1)
        lane.refresh([base])
        lane.checkout(base)
        return repository, lane, base

    return make
