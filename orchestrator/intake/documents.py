"""The shape of tasks.yaml and orchestrate.yaml, key by key. The docstrings are what editors show."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from orchestrator.domain.task import Complexity, Importance, Phase
from orchestrator.settings import Settings
from orchestrator.strict_yaml import shown

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_REF = re.compile(r"[A-Za-z0-9_@][A-Za-z0-9._/@{}^~+#=-]{0,254}")
_TICKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/#-]{0,99}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def _safe_id(value: str) -> str:
    """An id becomes the last part of a branch and a folder's name on every file system."""
    if not _ID.fullmatch(value):
        raise ValueError(f"{shown(value)} is no safe id; use a-z, 0-9, then also . _ -, 64 characters at most")
    if ".." in value or value.endswith((".", ".lock")):
        raise ValueError(f'{shown(value)} is no safe id: git refuses "..", and "." or ".lock" at the end; rename it')
    return value


def _safe_path(value: str) -> str:
    """Repository-relative, POSIX slashes, inside the tree."""
    parts = value.split("/")
    if not value.strip() or _CONTROL.search(value) or "\n" in value or "\\" in value:
        raise ValueError(f"{shown(value)} is no path of the repository; use forward slashes and plain text")
    if value.startswith(("/", "~")) or re.match(r"[A-Za-z]:", value) or ".." in parts:
        raise ValueError(f"{shown(value)} leaves the repository; name it from the repository's top")
    if any(part.lower() == ".git" for part in parts):
        raise ValueError(f"{shown(value)} lies in .git, which is never touched; remove it")
    return value


def _one_line(value: str) -> str:
    if not value.strip():
        raise ValueError("it is empty; write one line")
    if "\n" in value.strip() or _CONTROL.search(value):
        raise ValueError("more than one line, or control characters; put the rest under description")
    return value.strip()


def _prose(value: str) -> str:
    if _CONTROL.search(value.replace("\r\n", "\n")):
        raise ValueError("control characters; remove them")
    return value


def _command(value: str) -> str:
    if "\x00" in value or (not value.isprintable() and _CONTROL.search(value)):
        raise ValueError("control characters; remove them")
    return value.strip()


def _reference(value: str) -> str:
    if not _REF.fullmatch(value) or ".." in value:
        raise ValueError(f"{shown(value)} is no branch or commit; write its name, or remove it")
    return value


def _ticket(value: str) -> str:
    if not _TICKET.fullmatch(value):
        raise ValueError(f"{shown(value)} is no ticket's name; use letters, digits and . _ / # -")
    return value


def _any_case(value: object) -> object:
    """Words of old task files may begin with a capital."""
    return value.lower() if isinstance(value, str) else value


Id = Annotated[str, AfterValidator(_safe_id)]
TreePath = Annotated[str, Field(max_length=1024), AfterValidator(_safe_path)]
Line = Annotated[str, Field(max_length=200), AfterValidator(_one_line)]
Prose = Annotated[str, Field(max_length=100_000), AfterValidator(_prose)]
Shell = Annotated[str, Field(max_length=8192), AfterValidator(_command)]
Reference = Annotated[str, AfterValidator(_reference)]
Ticket = Annotated[str, AfterValidator(_ticket)]
Tokens = Annotated[int, Field(gt=0, le=1_000_000_000)]


class Entry(BaseModel):
    """A mapping of the file; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class InvariantEntry(Entry):
    """A rule of the project that every ADR must answer."""

    id: Id
    """Its name: the ADR answers it by this."""
    text: Prose = Field(min_length=1)
    """The rule, in a sentence."""
    keywords: list[Line] = Field(default=[], max_length=50)
    """Words the ADR's answer must hold where its section cannot be read; default: the words of id and text."""
    check: Shell | None = Field(default=None, min_length=1)
    """A shell command the gate runs after its checks; exit code 0 means the rule holds."""


class CoverageEntry(Entry):
    """What coverage must reach."""

    minimum: float | None = Field(default=None, ge=0, le=100)
    """Percent of lines; blocks below the lower of this and the base's own."""


class GateEntry(Entry):
    """The gate's commands for one path. What is left out is detected; `none` switches a check off, and is reported."""

    lint: Shell | None = None
    """Shell command of the lint check; `none` for no such check."""
    build: Shell | None = None
    """Shell command of the build or type check; `none` for no such check."""
    test: Shell | None = None
    """Shell command of the tests; `none` where there are none."""
    coverage: CoverageEntry | None = None
    """Read from the tests' own report; the tests never run twice."""


class GateSection(GateEntry):
    """The gate: commands for the repository's top, and under a folder's path the commands for that folder."""

    model_config = ConfigDict(frozen=True, extra="allow")
    EXTRA: ClassVar[Any] = GateEntry
    __pydantic_extra__: dict[TreePath, GateEntry] = Field(init=False)


class TaskEntry(Entry):
    """One task: a branch of its own, from architecture decision to certificate."""

    id: Id
    """Unique in the file; the last part of the branch. a-z, 0-9, then also . _ - (64 characters at most)."""
    title: Line
    """One line. The words new, bug fix, integration and database raise the complexity."""
    description: Prose = ""
    """What is wanted, in prose."""
    acceptance: list[Prose] = Field(default=[], max_length=100)
    """What must hold at the end, one sentence each."""
    files: list[TreePath] = Field(default=[], max_length=500)
    """Hints: files of the repository the task is about."""
    depends_on: list[str] = Field(default=[], max_length=100)
    """Ids of tasks that must be delivered first; its branch starts from theirs."""
    complexity: Annotated[Complexity | None, BeforeValidator(_any_case)] = None
    """Sets the iteration limit and scales the budget; default: scored from title and description."""
    importance: Annotated[Importance, BeforeValidator(_any_case)] = Importance.MEDIUM
    """Scales the budget."""
    importance_reason: Line | None = None
    """Why it is critical; asked of each critical task where they exceed their share."""
    budget: dict[Phase, Tokens] = {}
    """Absolute tokens a phase; never multiplied."""
    protect: list[TreePath] = Field(default=[], max_length=500)
    """Paths or patterns the executor may not change, on top of the defaults."""
    allow: list[TreePath] = Field(default=[], max_length=500)
    """Paths or patterns whose protection is lifted, where the task is about them."""
    scope: Literal["open"] | None = None
    """`open`: edits outside the ADR's file list are no failure."""
    allow_dependencies: bool = False
    """The task may change the dependency manifest; setup runs again for it."""
    request: Ticket | None = None
    """The ticket it answers; overrides the file's."""


class SharedDocument(Entry):
    """What tasks.yaml and orchestrate.yaml both may hold; tasks.yaml wins."""

    version: Literal[1] = 1
    """Version of the format."""
    repo: str | None = Field(default=None, min_length=1, max_length=4096)
    """The repository, relative to this file's folder; default: that folder."""
    base: Reference | None = None
    """Branch or commit the tasks start from; default: the checked-out commit, pinned at start."""
    request: Ticket | None = None
    """The ticket the tasks answer."""
    invariants: list[InvariantEntry] = Field(default=[], max_length=100)
    """Rules every ADR must answer."""
    setup: list[Shell] | None = Field(default=None, max_length=50)
    """Commands run once a lock file on the base, with network and without keys; default: detected; []: none."""
    gate: GateSection = GateSection()
    """The gate's commands and limits; default: detected."""


class TasksDocument(SharedDocument):
    """tasks.yaml: what one run works on."""

    tasks: list[TaskEntry] = Field(min_length=1, max_length=1000)
    """The tasks, in the order they are worked on as far as their dependencies allow."""


class ProjectDocument(SharedDocument):
    """orchestrate.yaml beside the tasks file: what all its tasks files share. Settings sections stand beside these."""

    ALSO: ClassVar[tuple[str, ...]] = tuple(Settings.model_fields)
