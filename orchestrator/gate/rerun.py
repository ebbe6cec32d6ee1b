"""Running some tests again: the check narrowed to them, and what came of it. Pure.

pytest takes node ids, jest and vitest take files and a pattern of names; where the command cannot be narrowed without
guessing (a Makefile, a pipe; mocha and node's runner, whose names may lie in any file), the caller runs the whole check
once more.
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
_TITLES = re.compile(r" (?:>|\u203a) ")
_JOINTS = re.compile(r"[\s>:\u203a]+")  # jest prints its titles with U+203A between them
_TITLED = " > "
"""Between a file, its suites and a test, in ids of jest and vitest."""
_NAMED = re.compile(r"(?:^|\s)(?:-t|--testNamePattern)\b")
_SPECIAL = re.compile(r"[.*+?^${}()|\[\]\\/]")
_REPORT = {
    "jest": "--json --outputFile={file}",
    "vitest": "--reporter=default --reporter=json --outputFile.json={file}",
}
"""How jest (27-30) and vitest (0.34-4) are asked for ids."""
_REPORTS = re.compile(r"--(?:json|reporters?|outputFile)\b")
_REPEATED = re.compile(r" #\d+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What a second run said of each test."""

    passed: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    """In neither: it was skipped, or did not run."""


def narrowed(spec: CheckSpec, ids: Collection[str], files: Collection[str]) -> CheckSpec | None:
    """The check with these tests alone; ``None`` where its command cannot be narrowed."""
    if not ids or any(_REPEATED.search(test) for test in ids):
        return None
    if spec.tool == "pytest":
        return _pytest(spec, ids, files)
    if spec.tool in _REPORT and (spec.flags or not _PLUMBING.search(spec.command)):
        own = sorted({_below(test.split(_TITLED, 1)[0], spec.path) for test in ids})
        listed = " ".join([*_by_name(spec, ids), *(quoted(file) for file in own)])
        if spec.flags:
            return replace(spec, flags=f"{spec.flags} {listed}")
        return _reporting(spec, listed) if all(_TITLED in test for test in ids) else _plainly(spec, listed)
    return None


def _by_name(spec: CheckSpec, ids: Collection[str]) -> list[str]:
    """``-t`` with a pattern of the tests' whole names; nothing where one is a file's, or the command has a pattern."""
    if not all(_TITLED in test for test in ids) or _NAMED.search(f"{spec.command} {spec.flags}"):
        return []
    names = [" ".join(test.split(_TITLED)[1:]) for test in sorted(ids)]
    told = "|".join(_SPECIAL.sub(r"\\\g<0>", name) for name in names)
    return ["-t", quoted(f"(?:^| )(?:{told})$")]


def _reporting(spec: CheckSpec, listed: str) -> CheckSpec:
    """The user's own command, asked for its report this once: without ids a second run tells nothing of one test."""
    if _REPORTS.search(spec.command):
        return _plainly(spec, listed)
    name = f"{spec.tool}.json"
    asked = _REPORT[spec.tool].format(file=f'"$ORCHESTRATE_SCRATCH/{name}"')
    return replace(_plainly(spec, f"{asked} {listed}"), reports=(*spec.reports, name))


def _plainly(spec: CheckSpec, listed: str) -> CheckSpec:
    """npm keeps options for itself that do not stand behind two dashes."""
    passed_on = "-- " if spec.command.startswith("npm ") and " -- " not in spec.command else ""
    return replace(spec, command=f"{spec.command} {passed_on}{listed}")


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
    if not result.tests.ids and result.tool in _REPORT:
        return frozenset(filter(None, (_printed_id(failure, result.path) for failure in failures)))
    return frozenset(test for test in result.tests.failed_ids if any(is_about(failure, test) for failure in failures))


def _printed_id(failure: Failure, path: str) -> str | None:
    """The id of a failing test as its runner prints it, in its report's form; ``None`` for a file's."""
    file, *titles = _TITLES.split(failure.test_id or "")
    if not file or not titles:
        return None
    return _TITLED.join((file if path == "." or file.startswith(f"{path}/") else f"{path}/{file}", *titles))


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
