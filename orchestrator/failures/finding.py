"""What a parser reads out of a tool's output: facts, before anyone judges them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.domain.failure import Category


class Kind(StrEnum):
    """What sort of thing a finding is; ``config/failures.yaml`` says the category of each that needs no look-up."""

    FORMAT = "format"
    IMPORT_ORDER = "import_order"
    UNUSED_IMPORT = "unused_import"
    UNUSED_NAME = "unused_name"
    LINT = "lint"
    """A lint rule; ``fixable`` says whether its tool offers a safe fix."""
    SYNTAX = "syntax"
    TYPE = "type"
    ARITY = "arity"
    UNDEFINED_NAME = "undefined_name"
    MISSING_MODULE = "missing_module"
    MISSING_EXPORT = "missing_export"
    """``symbol`` asked of module ``owner``, which does not have it."""
    MISSING_ATTRIBUTE = "missing_attribute"
    PRIVATE = "private"
    """``symbol`` is there, but not for the one who asks."""
    NULL_ACCESS = "null_access"
    """``symbol`` asked of None, null or undefined."""
    UNKNOWN_KEYWORD = "unknown_keyword"
    UNRESOLVED = "unresolved"
    """A checker says that a line's types could not be told, or are not to be called; the name is not said."""
    NO_OVERLOAD = "no_overload"
    """No signature of function ``owner`` takes these arguments; which one is wrong is not said."""
    UNKNOWN_FIXTURE = "unknown_fixture"
    UNKNOWN_OPTION = "unknown_option"
    """A key, flag, rule or marker that the tool does not know."""
    ASSERTION = "assertion"
    EXCEPTION = "exception"
    RAISED = "raised"
    """An exception of a general class, raised on purpose (``throw new Error``, ``raise NotImplementedError``)."""
    TEST_TIMEOUT = "test_timeout"
    COVERAGE = "coverage"
    CYCLE = "cycle"
    CONTRACT = "contract"
    SECURITY = "security"
    ADVICE = "advice"
    """A security finding below high severity."""
    BROKEN_CONFIG = "broken_config"
    TOOL_MISSING = "tool_missing"
    LAUNCH_MISSING = "launch_missing"
    """A module or script that an interpreter was told to run (``python -m x``, ``python tools/x.py``)."""
    DEPENDENCY_MISSING = "dependency_missing"
    NATIVE = "native"
    DISK = "disk"
    MEMORY = "memory"
    KILLED = "killed"
    NETWORK = "network"
    PERMISSION = "permission"
    PORT = "port"
    TIMEOUT = "timeout"
    VERSION = "version"
    LOCK_FILE = "lock_file"
    GIT = "git"
    RESOURCE = "resource"
    OWN = "own"
    """A pattern of the user's own; ``category`` says what it is."""
    NO_TESTS = "no_tests"
    TALLY = "tally"
    """A summary line: how many tests failed, in ``count`` and ``files``."""
    UNKNOWN = "unknown"


NAMES = frozenset(
    {
        Kind.UNDEFINED_NAME,
        Kind.MISSING_MODULE,
        Kind.MISSING_EXPORT,
        Kind.MISSING_ATTRIBUTE,
        Kind.UNKNOWN_KEYWORD,
        Kind.CYCLE,
    }
)
"""Findings about a name that is not to be had where it is asked for."""
ENVIRONMENT = frozenset(
    {
        Kind.BROKEN_CONFIG,
        Kind.TOOL_MISSING,
        Kind.LAUNCH_MISSING,
        Kind.DEPENDENCY_MISSING,
        Kind.NATIVE,
        Kind.DISK,
        Kind.MEMORY,
        Kind.KILLED,
        Kind.NETWORK,
        Kind.PERMISSION,
        Kind.PORT,
        Kind.TIMEOUT,
        Kind.VERSION,
        Kind.LOCK_FILE,
        Kind.GIT,
        Kind.RESOURCE,
    }
)
"""Kinds that are never the code's fault (L8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fact. Paths are as the tool printed them, with POSIX slashes and without a leading ``./``."""

    tool: str
    kind: Kind
    message: str = ""
    code: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    symbol: str | None = None
    owner: str | None = None
    """The module, class, function or value that lacks ``symbol``."""
    test_id: str | None = None
    fixable: bool = False
    """The tool marks it as fixable without changing behaviour."""
    unfixable: bool = False
    """The tool says that it cannot fix it, or not safely, whatever its rule: no table is asked."""
    exists: bool = False
    """The tool itself found ``symbol`` elsewhere (rustc's "consider importing"), or the package of a missing
    subpath."""
    near: str | None = None
    """The tool's own "did you mean"."""
    count: int = 0
    files: int = 0
    category: Category | None = None
    """``OWN`` only."""
    warning: bool = False
    """Reported as a warning: counts only where nothing is an error."""
