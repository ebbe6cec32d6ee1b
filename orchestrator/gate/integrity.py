"""What a change may not touch: protected paths, files outside the ADR's list, tests of the base. Pure.

Paths, tables of mixed files, files that the gate runs, test ids as sets; what a change does inside of files that it may
touch (suppressions, weakened assertions) is looked at in ``integrity_scan``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from orchestrator.domain.adr import FileAction, PlannedFile
from orchestrator.domain.failure import Category, CheckKind, Failure
from orchestrator.domain.gate import TestEvidence
from orchestrator.domain.words import count
from orchestrator.gate.integrity_mixed import changed_tables
from orchestrator.gate.patterns import matches_any
from orchestrator.gate.shadows import shadowed_module, stubbed_source
from orchestrator.gate.toolchains import Toolchains
from orchestrator.ports import DiffLine

Reader = Callable[[str], str | None]
"""A file's text by path; ``None`` where it is not there."""
_SHOWN = 10
_NONE: Mapping[str, str] = MappingProxyType({})
_SUFFIXES = (".py", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx")
_DOTTED = 2
"""``module.Class.method`` has more than this many dots' parts."""


class Protection:
    """The protected paths of one task: the configured ones, the base's tests, the task's own; minus what it may."""

    def __init__(
        self,
        *,
        base_files: Collection[str],
        configured: Sequence[str],
        chains: Toolchains,
        protect: Sequence[str] = (),
        allow: Sequence[str] = (),
        allow_dependencies: bool = False,
        run_by_gate: Mapping[str, str] = _NONE,
        import_roots: Collection[str] = (".",),
    ) -> None:
        """``run_by_gate``: files that gate commands run, with the command; ``import_roots``: folders they run in."""
        self._base_files = frozenset(base_files)
        self._configured = configured
        self._chains = chains
        self._protect = protect
        self._allow = allow
        self._dependencies = allow_dependencies
        self._run_by_gate = run_by_gate
        self._closed: frozenset[str] = frozenset()
        self._tops = {
            part.removesuffix(".py") for path in base_files if path.endswith(".py") for part in path.split("/")
        }
        self._import_roots = import_roots

    def reason(self, path: str) -> str | None:
        """Why the path is protected as a whole; ``None`` where it may be changed (or only in part: mixed files)."""
        if path in self._closed:
            return "the test master wrote it for this task"
        if matches_any(path, self._allow):
            return None
        if pattern := matches_any(path, self._protect):
            return f"the task protects {pattern}"
        if self._dependencies and matches_any(path, self._chains.lock_files):
            return None
        if pattern := matches_any(path, self._configured):
            return f"{pattern} is protected"
        if path in self._base_files and self.is_test(path):
            return "it is a test of the base"
        if command := self._run_by_gate.get(path):
            return f"the gate runs it: {command}"
        module = None if path in self._base_files else shadowed_module(path, self._base_files, self._import_roots)
        if module:
            return f"it would be imported in place of {module}, which the gate's tools use"
        source = stubbed_source(path, self._base_files)
        return f"type checkers would read it in place of {source}" if source else None

    def owns(self, module: str) -> bool:
        """Whether a Python module of that top-level name lies in the base."""
        return module in self._tops

    def close(self, paths: Collection[str]) -> None:
        """From now on these, and no others by this rule, stay as they are: tests that were written before the code."""
        self._closed = frozenset(paths)

    def allowed(self, path: str) -> bool:
        """Whether the task's ``allow`` names the path."""
        return matches_any(path, self._allow) is not None

    def is_test(self, path: str) -> bool:
        """Whether the path is a test's, by its name."""
        return matches_any(path, self._chains.test_files.known) is not None

    def tables(self, path: str, before: str | None, after: str | None) -> tuple[str, ...]:
        """The protected tables of a mixed file that a change touches; empty where it may."""
        if matches_any(path, self._allow):
            return ()
        name = path.rsplit("/", 1)[-1]
        patterns = self._chains.mixed.get(name, ())
        if not self._dependencies:
            patterns = (*patterns, *self._chains.dependencies.get(name, ()))
        return changed_tables(name, before, after, patterns) if patterns else ()


def protection_failures(
    changes: Iterable[DiffLine], protection: Protection, before: Reader, after: Reader
) -> tuple[Failure, ...]:
    """One failure a protected path that the diff changes, creates or deletes."""
    found: list[Failure] = []
    for change in changes:
        reason = protection.reason(change.path)
        if reason is None:
            tables = protection.tables(change.path, before(change.path), after(change.path))
            reason = f"protected in it: {', '.join(tables[:_SHOWN])}" if tables else None
        if reason is not None:
            found.append(
                _scope(change.path, f"{change.path} may not be changed: {reason}", Category.TACTICAL, "protected")
            )
    return tuple(found)


def scope_failures(
    changes: Iterable[DiffLine], planned: Iterable[PlannedFile], *, scope_open: bool, granted: Collection[str] = ()
) -> tuple[Failure, ...]:
    """One strategic failure a file that the ADR does not name, or that it wants to stay (contract).

    ``granted``: paths the executor asked for and got (decision 23).
    """
    if scope_open:
        return ()
    actions = {item.path: item.action for item in planned}
    found: list[Failure] = []
    for change in changes:
        action = actions.get(change.path)
        if action is None and change.path not in granted:
            message = f"{change.path} is changed, but the ADR does not name it"
            found.append(_scope(change.path, message, Category.STRATEGIC, "out-of-scope"))
        elif change.status == "D" and action in {FileAction.CREATE, FileAction.MODIFY}:
            message = f"{change.path} is deleted; the ADR says {action}"
            found.append(_scope(change.path, message, Category.STRATEGIC, "out-of-scope"))
    return tuple(found)


def lost_tests(tests: TestEvidence, base: TestEvidence, allow: Sequence[str], path: str = ".") -> tuple[Failure, ...]:
    """Tests of the base that are missing or newly skipped, but for those whose file the task may change.

    ``path`` is the folder the tests ran in. An id that names no file is explained by any ``allow``.
    """
    ran = base.ids - base.skipped_ids  # what was skipped there proved nothing that could be lost
    missing = _unexplained(ran - tests.ids, allow, path)
    skipped = _unexplained((tests.skipped_ids & base.ids) - base.skipped_ids, allow, path)
    found = []
    if missing:
        found.append(_lost("missing-tests", f"{count(len(missing), 'test')} of the base did not run", missing))
    if skipped:
        found.append(_lost("skipped-tests", f"{count(len(skipped), 'test')} of the base now skipped", skipped))
    return tuple(found)


def _unexplained(ids: Iterable[str], allow: Sequence[str], path: str) -> list[str]:
    return sorted(test for test in ids if not _explained(file_of_test(test), allow, path))


def _explained(file: str | None, allow: Sequence[str], path: str) -> bool:
    if file is None:
        return bool(allow)
    return any(matches_any(named, allow) is not None for named in (file, f"{path}/{file}"))


def file_of_test(test_id: str) -> str | None:
    """The file part of a test id; of a dotted one (unittest) the module's; ``None`` where it names none."""
    file = test_id.split("::", 1)[0].split(" > ", 1)[0]
    if file.endswith(_SUFFIXES):
        return file
    parts = test_id.split(".")
    return "/".join(parts[:-2]) + ".py" if len(parts) > _DOTTED and " " not in test_id else None


def _lost(code: str, message: str, ids: Sequence[str]) -> Failure:
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return Failure(
        check=CheckKind.TEST,
        tool="gate",
        message=f"{message}: {', '.join(ids[:_SHOWN])}{more}",
        category=Category.TACTICAL,
        code=code,
        why="none fewer than on the base (I10); `allow` on the task lifts it for the files it names",
    )


def _scope(path: str, message: str, category: Category, code: str) -> Failure:
    return Failure(
        check=CheckKind.SCOPE,
        tool="gate",
        message=message,
        category=category,
        code=code,
        file=path,
        why="protected paths stay as on the base (I10)"
        if code == "protected"
        else "the ADR names the files (contract)",
    )
