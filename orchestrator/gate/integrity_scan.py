"""What a change does to the checks inside files that it may touch. Pure.

Suppression comments above what the base had are tactical failures that name them, unless the task's ``allow`` names
the file; auto-fix's own are exempt and counted elsewhere. Code that reaches into what judges it fails likewise
(``reaching``). Weakened assertions are flagged for the review and block only in protected files (decision 20); a test
that leaves the others out blocks anywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.gate.integrity import Protection, Reader
from orchestrator.gate.patterns import matches
from orchestrator.gate.reaching import Reach, reaches
from orchestrator.gate.suppressions import Suppression, added_suppressions
from orchestrator.gate.weakened import Weakening, weakened
from orchestrator.ports import DiffLine

_SHOWN = 10
_IGNORED = (".gitignore", ".ignore")
_MANIFESTS = ("pyproject.toml", "setup.cfg", "setup.py")
_PLUGIN = "pytest11"
"""The entry point by which a package says that it is a plug-in of pytest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What was found."""

    failures: tuple[Failure, ...] = ()
    """They block."""
    flags: tuple[str, ...] = ()
    """For the review and the report, one line each; they do not block."""
    suppressions: tuple[Suppression, ...] = ()
    """All that the change adds, exempt ones left out."""


def scan(
    changes: Iterable[DiffLine],
    protection: Protection,
    before: Reader,
    after: Reader,
    exempt: Mapping[str, int] | None = None,
) -> Scan:
    """Look at every changed file. ``exempt``: what auto-fix added, by ``what`` of a suppression."""
    changes = tuple(changes)
    added = _beyond(added_suppressions(changes, before, after), exempt or {})
    barred = [one for one in added if not protection.allowed(one.path)]
    failures = list(_suppressed(barred))
    flags = [f"suppression allowed by the task: {one}" for one in added if one not in barred]
    plugin = any(_PLUGIN in (before(name) or "") for name in _MANIFESTS)
    for change in changes:
        own, told = _file(change.path, protection, before(change.path), after(change.path), plugin=plugin)
        failures += own
        flags += told
        failures += _hidden(change.path, before(change.path) or "", after(change.path), changes)
    return Scan(failures=tuple(failures), flags=tuple(flags), suppressions=added)


def _file(
    path: str, protection: Protection, before: str | None, after: str | None, *, plugin: bool
) -> tuple[list[Failure], list[str]]:
    failures: list[Failure] = []
    flags: list[str] = []
    is_test = protection.is_test(path)
    weaker = weakened(path, before, after) if is_test else ()
    barred = protection.reason(path) is not None
    stops = [one for one in weaker if barred or (one.leaves_out and not protection.allowed(path))]
    if stops:
        failures += _weakened(path, stops)
    flags += [f"weakened test: {one}" for one in weaker if one not in stops]
    if path.rsplit("/", 1)[-1] in _IGNORED and before != after:
        flags.append(f"{path}: linters may pass over what it names")
    if after is None:
        return failures, flags
    for one in reaches(path, before or "", after, is_test=is_test, owns=protection.owns, plugin=plugin):
        if one.code and not protection.allowed(path):
            failures.append(_reaching(path, one))
        else:
            flags.append(f"{path}:{one.line}: {one.what}")
    return failures, flags


def _hidden(path: str, before: str, after: str | None, changes: Iterable[DiffLine]) -> Iterator[Failure]:
    """Patterns of an ignore file by which linters would pass over what the same change writes."""
    folder, _, name = path.rpartition("/")
    if name not in _IGNORED or after is None:
        return
    start = f"{folder}/" if folder else ""
    written = [one.path for one in changes if one.status != "D" and one.path != path and one.path.startswith(start)]
    known = set(before.splitlines())
    for number, line in enumerate(after.splitlines(), 1):
        pattern = line.strip()
        if line in known or not pattern or pattern.startswith(("#", "!")):
            continue
        file = next((one for one in written if matches(one.removeprefix(start), pattern)), None)
        if file is not None:
            yield _stop(
                "hidden",
                f"{path} ignores {file}, which this change writes: linters would pass over it",
                path,
                number,
                "what is delivered is what the gate has seen (I10)",
            )


def _beyond(found: Iterable[Suppression], exempt: Mapping[str, int]) -> tuple[Suppression, ...]:
    left = Counter(exempt)
    kept = []
    for one in found:
        if left[one.what] > 0:
            left[one.what] -= 1
        else:
            kept.append(one)
    return tuple(kept)


def _suppressed(found: list[Suppression]) -> Iterator[Failure]:
    for one in found:
        yield _stop(
            "suppression",
            f"`{one.what}` silences a check: mend what it hides and leave the comment out",
            one.path,
            one.line,
            "no new suppression comments (I10); `allow` on the task lifts it for the files it names",
            one.what,
        )


def _weakened(path: str, found: Sequence[Weakening]) -> Iterator[Failure]:
    shown = "; ".join(one.what for one in found[:_SHOWN])
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    yield _stop(
        "weakened",
        f"{path} proves less than on the base: {shown}{more}",
        path,
        found[0].line,
        "tests of the base stay as strong as they are (I10)",
    )


def _reaching(path: str, one: Reach) -> Failure:
    why = "what judges a change is none of its own (I10); `allow` on the task lifts it for the files it names"
    return _stop(one.code, f"{path} {one.what}", path, one.line, why, one.symbol)


def _stop(code: str, message: str, path: str, line: int, why: str, symbol: str | None = None) -> Failure:
    return Failure(
        check=CheckKind.SCOPE,
        tool="gate",
        message=message,
        category=Category.TACTICAL,
        code=code,
        file=path,
        line=line,
        symbol=symbol,
        why=why,
    )
