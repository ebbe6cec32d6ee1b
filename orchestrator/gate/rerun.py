"""Running some tests again: the check narrowed to them, and what came of it. Pure.

pytest takes node ids, jest and vitest take files; where the command cannot be narrowed without guessing (a Makefile, a
pipe), the caller runs the whole check once more.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from orchestrator.domain.failure import Failure
from orchestrator.domain.gate import CheckResult, CheckSpec, TestEvidence
from orchestrator.gate.toolchains import quoted

_PLUMBING = re.compile(r"[&|;<>`$()\n]")
_ADDOPTS = "PYTEST_ADDOPTS"
_PYTEST = ("pytest", "py.test")
_TAKES_VALUE = frozenset(
    (
        "-c",
        "-k",
        "-m",
        "-n",
        "-o",
        "-p",
        "-r",
        "-W",
        "--rootdir",
        "--confcutdir",
        "--basetemp",
        "--ignore",
        "--deselect",
    )
)
"""Options of pytest whose value stands in the next word."""
_JOINTS = re.compile(r"[\s>:\u203a]+")  # jest prints its titles with U+203A between them
_REPEATED = re.compile(r" #\d+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What a second run said of each test."""

    passed: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    """In neither: it was skipped, or did not run."""


def narrowed(spec: CheckSpec, ids: Collection[str], files: Collection[str]) -> CheckSpec | None:
    """The check with these tests alone; ``None`` where its command cannot be narrowed."""
    if any(_REPEATED.search(test) for test in ids):
        return None
    if spec.tool == "pytest":
        return _pytest(spec, ids, files)
    if spec.tool in {"jest", "vitest"} and (spec.flags or not _PLUMBING.search(spec.command)):
        own = sorted({_below(test.split(" > ", 1)[0], spec.path) for test in ids})
        listed = " ".join(quoted(file) for file in own)
        if spec.flags:
            return replace(spec, flags=f"{spec.flags} {listed}")
        return replace(spec, command=f"{spec.command} {listed}")
    return None


def said(tests: TestEvidence | None, exit_code: int, ids: Iterable[str]) -> Again:
    """Of a second run's evidence. Evidence without ids tells only whether all passed."""
    ids = frozenset(ids)
    if tests is None:
        return Again()
    if not tests.ids:
        return Again(passed=ids) if exit_code == 0 and tests.ran and not tests.failed else Again()
    ran = ids & (tests.ids - tests.skipped_ids)
    return Again(passed=ran - tests.failed_ids, failed=ran & tests.failed_ids)


def blocking_ids(result: CheckResult, failures: Iterable[Failure]) -> frozenset[str]:
    """Ids of the tests that the failures are about, as the check's report has them."""
    failures = tuple(failures)
    if result.tests is None:
        return frozenset()
    return frozenset(test for test in result.tests.failed_ids if any(is_about(failure, test) for failure in failures))


def is_about(failure: Failure, test: str) -> bool:
    """Whether the failure names that test; runners and their reports write ids differently."""
    if not failure.test_id:
        return False
    if failure.test_id == test:
        return True
    one, other = words_of(failure.test_id), words_of(test)
    return one == other or one.endswith(f" {other}") or other.endswith(f" {one}")


def words_of(test: str) -> str:
    """A test's id without what runners and their reports put between its parts."""
    return _JOINTS.sub(" ", test).strip()


def _pytest(spec: CheckSpec, ids: Collection[str], files: Collection[str]) -> CheckSpec | None:
    if _PLUMBING.search(spec.command):
        return None
    try:
        words = shlex.split(spec.command)
    except ValueError:
        return None
    at = next((at for at, word in enumerate(words) if word.rsplit("/", 1)[-1] in _PYTEST), None)
    if at is None:
        return None
    folders = {file[:end] for file in files for end in range(len(file)) if file[end] == "/"}
    known = {_below(name, spec.path) for name in (*files, *folders)} | {"."}
    kept = words[: at + 1]
    for before, word in zip(words[at:], words[at + 1 :], strict=False):
        is_path = word.split("::", 1)[0].rstrip("/").removeprefix("./") in known and before not in _TAKES_VALUE
        kept += [] if is_path else [word]
    command = " ".join(shlex.quote(word) for word in [*kept, *sorted(ids)])
    return replace(spec, command=command, environment=_uncovered(spec.environment), afterwards="")


def _uncovered(environment: Mapping[str, str]) -> dict[str, str]:
    """Without coverage: of a few tests it says nothing, and warns of what they do not import."""
    asked = shlex.split(environment.get(_ADDOPTS, ""))
    kept = [word for word in asked if not word.startswith("--cov")]
    kept += ["--no-cov"] if len(kept) < len(asked) else []
    return {**environment, _ADDOPTS: " ".join(map(_requoted, kept))} if asked else dict(environment)


def _requoted(word: str) -> str:
    """As the gate writes options: in single quotes, so that the scratch folder's variable is still expanded."""
    return f"'{word}'" if "$" in word else word


def _below(path: str, folder: str) -> str:
    return path if folder == "." else path.removeprefix(f"{folder}/")
