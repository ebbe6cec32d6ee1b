"""Two real projects, one task each: the answers come from a loopback server through both SDKs, and what is delivered
is decided by the projects' own gates. Each task mends a real bug of the pinned release; the first answer does not pass.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.shell_variables import installer_variables
from orchestrator.gate.certificate import ids_digest
from tests.e2e.nights import FAST_RETRIES, Place
from tests.e2e.real_sources import Source, checkout, from_debian, from_pip
from tests.fakes.loopback import Loopback, scripted_from_records
from tests.fakes.repositories import Repo, snapshot
from tests.system import needs

HERE = Path(__file__).parent / "real"
KEYS = {"ANTHROPIC_API_KEY": "sk-test-anthropic-0123456789", "GEMINI_API_KEY": "test-gemini-0123456789"}
HUMANIZE = Source(
    name="humanize",
    version="4.13.0",
    sha256="78f79e68f76f0b04d711c4e55d32bebef5be387148862cb1ef83d2b58e7935a0",
    download=from_pip,
)
CSS_WHAT = Source(
    name="node-css-what",
    version="6.1.0",
    sha256="147df0eca9c4f1b06529a7ba22a7fe30a12de2bd419c226ed90dc6d19c6f8314",
    download=from_debian,
)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # installers and compilers on a loaded machine


@dataclass(frozen=True)
class Night:
    """A run that ended, and what the server saw of it."""

    place: Place
    name: str
    asked: Counter[str]

    @property
    def task(self) -> dict[str, Any]:
        """The one task, as summary.json has it."""
        (task,) = self.place.summary()["tasks"]
        return dict(task)

    def record(self, name: str) -> Any:
        """A JSON file of the task's."""
        return json.loads((self.place.run_folder() / "tasks" / self.task["id"] / name).read_text(encoding="utf-8"))

    def git(self, *argv: str) -> str:
        """Plain git in the user's repository."""
        return Repo(self.place.folder / self.name).git(*argv)

    def gates(self) -> list[tuple[bool, dict[str, int]]]:
        """Each passage of the task's through the gate: green or not, failures by category."""
        entries = [entry for entry in self.place.entries() if entry["type"] == "gate:finished"]
        return [(entry["passed"], entry["categories"]) for entry in entries]

    def tests_that_ran(self) -> frozenset[str]:
        """Ids in the last gate's own reports, which the certificate stands on."""
        (tests,) = [entry["tests"] for entry in self.record("iterations/2/gate.json")["results"] if entry["tests"]]
        (sealed,) = [entry["tests"] for entry in self.record("certificate.json")["results"] if entry["tests"]]
        assert sealed["ids_sha256"] == ids_digest(tests["ids"])
        assert (sealed["failed"], sealed["ran"]) == (0, len(tests["ids"]))
        return frozenset(tests["ids"])


def night(source: Source, name: str, folder: Path) -> Night:
    """Run the backlog of ``real/<name>`` on the project; ``name`` is its repository's folder as well.

    What holds of every delivered task is asserted here.
    """
    folder.mkdir()
    repo = checkout(source, folder / name)
    (folder / "tasks.yaml").write_bytes((HERE / name / "tasks.yaml").read_bytes())
    before = snapshot(repo.root)
    with Loopback(scripted_from_records(HERE / name / "calls")) as server:
        addresses = {"ANTHROPIC_BASE_URL": server.url, "GOOGLE_GEMINI_BASE_URL": server.url}
        variables = {**installer_variables(os.environ), **addresses, **KEYS, **FAST_RETRIES}
        place = Place(folder, folder / "tasks.yaml", variables)
        ended = place.orchestrate("run", "tasks.yaml", timeout=580)
        asked = Counter(seen.call_id for seen in server.requests if seen.operation == "generate")
    _skip_where_nothing_can_be_installed(source, place)
    assert ended.code == 0, ended.err + ended.out
    assert server.problems == []
    assert snapshot(repo.root) == before
    done = Night(place, name, asked)
    _assert_delivered(done)
    return done


def _skip_where_nothing_can_be_installed(source: Source, place: Place) -> None:
    paused = [entry for entry in place.entries() if entry["type"] == "run:paused"]
    if paused and paused[-1]["slug"] == "environment-setup" and os.environ.get("CI") != "true":
        pytest.skip(f"what {source} needs cannot be installed: {paused[-1]['reason'].splitlines()[0]}")


def _assert_delivered(done: Night) -> None:
    """One commit on the base under the task's branch, certified, every request journaled, nothing else touched."""
    task, certificate = done.task, done.record("certificate.json")
    assert (task["status"], task["iterations"]) == ("delivered", 2)
    assert done.place.summary()["checkout_unchanged"] is True
    intents = Counter(entry["call"] for entry in done.place.entries() if entry["type"] == "call:intent")
    assert done.asked == intents
    assert set(done.asked.values()) == {1}
    branch = task["branch"]
    assert certificate["tree"] == done.git("rev-parse", f"{branch}^{{tree}}")
    assert certificate["commit"] == task["commit"] == done.git("rev-parse", branch)
    assert certificate["base"] == done.git("rev-parse", "HEAD") == done.git("rev-parse", f"{branch}~1")
    assert certificate["sandbox"] == "bwrap"
    assert [result["passed"] for result in certificate["results"]] == [True] * len(certificate["results"])
    assert done.git("for-each-ref", "--format=%(refname:short)", "refs/heads") == f"main\n{branch}"


def commands(done: Night) -> list[str]:
    """What the gate ran, as the certificate names it."""
    return [f"{result['check']}: {result['command']}" for result in done.record("certificate.json")["results"]]


@needs("bwrap", "git")
def test_a_python_project(tmp_path: Path) -> None:
    """humanize: ruff, mypy and pytest, all found; an import that ruff requires is put in without a model."""
    done = night(HUMANIZE, "humanize", tmp_path / "night")
    assert commands(done) == [
        "lint: ruff check --no-fix .",
        "build: mypy src",
        "test: python -m pytest",
        "coverage: python -m pytest",
    ]
    assert done.gates() == [(False, {"trivial": 1}), (False, {"trivial": 1}), (False, {"tactical": 5}), (True, {})]
    assert done.place.moves(done.task["id"]) == ["retry", "accept"]
    assert done.task["auto_fixed"] == 2
    ran = done.tests_that_ran()
    assert "tests/test_lists_empty.py::test_natural_list_of_nothing" in ran
    assert len([test for test in ran if test.startswith("tests/test_lists.py::test_natural_list[")]) == 7
    assert len(ran) == 667
    branch = done.task["branch"]
    changed = done.git("diff", "--name-status", "main", branch).split()
    assert changed == ["M", "src/humanize/lists.py", "A", "tests/test_lists_empty.py"]
    with pytest.raises(IndexError):
        natural_list(done, "main")([])
    cases: list[list[object]] = [[], ["one"], ["one", "two"], [1, 2, "three"]]
    assert [natural_list(done, branch)(items) for items in cases] == ["", "one", "one and two", "1, 2 and three"]
    assert done.git("show", f"{branch}:tests/test_lists_empty.py").startswith("from __future__ import annotations\n")


def natural_list(done: Night, commit: str) -> Any:
    """The function as that commit has it."""
    names: dict[str, Any] = {}
    exec(compile(done.git("show", f"{commit}:src/humanize/lists.py"), "lists.py", "exec"), names)
    return names["natural_list"]


@needs("bwrap", "git", "node", "npm")
def test_a_typescript_project(tmp_path: Path) -> None:
    """css-what: eslint with types, prettier, tsc and jest; its linter takes the first answer's guard for needless."""
    done = night(CSS_WHAT, "css-what", tmp_path / "night")
    assert commands(done) == [
        "lint: npm run lint",
        "build: tsc --noEmit",
        "test: npm run test:jest",
        "coverage: npm run test:jest",
    ]
    assert done.gates() == [(False, {"tactical": 1}), (True, {})]
    assert done.place.moves(done.task["id"]) == ["retry", "accept"]
    (failure,) = done.record("iterations/1/failures.json")
    assert (failure["tool"], failure["code"]) == ("eslint", "@typescript-eslint/no-unnecessary-condition")
    assert failure["file"] == "src/stringify.ts"
    ran = done.tests_that_ran()
    assert len(ran) == 946
    assert len([test for test in ran if "src/escape.spec.ts" in test]) == 12
    branch = done.task["branch"]
    patch = done.git("diff", "main", branch, "--", "src/stringify.ts")
    added = [line[1:].strip() for line in patch.splitlines() if line.startswith("+") and not line.startswith("+++")]
    assert added == ['"#",', '",",', '"<",', '">",']
    assert not [line for line in patch.splitlines() if line.startswith("-") and not line.startswith("---")]
    assert done.git("diff", "--name-only", "main", branch).split() == ["src/escape.spec.ts", "src/stringify.ts"]
