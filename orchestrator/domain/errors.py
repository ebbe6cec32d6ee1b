"""Errors that reach the user: what, where, and the mend. Each has a slug (docs/troubleshooting.md)."""

from __future__ import annotations

import errno
from datetime import datetime
from enum import IntEnum, StrEnum


class ExitCode(IntEnum):
    """Exit codes of ``orchestrate`` (contract)."""

    OK = 0
    """Every task delivered."""
    TASKS_OPEN = 1
    """Some task failed or waits for a human."""
    USAGE = 2
    """Wrong use or a bad file; nothing was started."""
    INTERNAL = 3
    """Our fault, with a log."""
    PROVIDER = 4
    """A provider refused: key, quota, model."""
    PAUSED = 5
    """Paused and resumable: environment, budget, quota."""
    REFUSED = 6
    """Refused to start: lock, preflight, sandbox."""
    JOURNAL = 7
    """The journal is damaged."""
    INTERRUPTED = 130
    """SIGINT; resumable."""
    TERMINATED = 143
    """SIGTERM; resumable."""


class OrchestrateError(Exception):
    """An error with a slug, a message that says what and where, and a hint that says the mend."""

    slug = "internal"
    exit_code: ExitCode = ExitCode.INTERNAL

    def __init__(self, message: str, *, hint: str = "", slug: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if slug:
            self.slug = slug


class UsageError(OrchestrateError):
    """A wrong argument, or a file with faults. ``faults`` are ``FILE:LINE:COLUMN: what`` lines, all of them."""

    slug = "usage"
    exit_code = ExitCode.USAGE

    def __init__(self, message: str, *, hint: str = "", slug: str = "", faults: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint, slug=slug)
        self.faults = faults


class RefusedError(OrchestrateError):
    """Not safe to start: another run holds the repository, no sandbox, preflight."""

    slug = "refused"
    exit_code = ExitCode.REFUSED


class PausedError(OrchestrateError):
    """The run stops here and can be resumed: environment, budget or quota."""

    slug = "paused"
    exit_code = ExitCode.PAUSED


class CapReachedError(PausedError):
    """A call's worst case does not fit under the run's cap; it was not sent (I4)."""

    slug = "cap-reached"


_EXHAUSTED = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)


def machine_trouble(error: OSError) -> PausedError | None:
    """The pause that an exhausted or failing machine asks for; ``None`` for any other error of the system."""
    if error.errno not in _EXHAUSTED:
        return None
    where = f"{error.filename}: " if error.filename else ""
    return PausedError(
        f"the machine gave out: {where}{error.strerror}",
        hint="free the disk (or what else ran out), then: orchestrate resume",
        slug="machine-exhausted",
    )


class JournalError(OrchestrateError):
    """The journal is damaged in its middle, or an answer it names is."""

    slug = "journal-damaged"
    exit_code = ExitCode.JOURNAL


class JournalWriteError(JournalError):
    """The journal could not be written: the run stops at once and can be resumed. Nothing is damaged."""

    slug = "journal-unwritable"
    exit_code = ExitCode.PAUSED


class GitError(OrchestrateError):
    """A git command failed or passed its time limit."""

    slug = "git"


class ModelFault(StrEnum):
    """Why a model call brought no usable answer; one list for all providers."""

    RATE_LIMIT = "rate_limit"
    OVERLOADED = "overloaded"
    SERVER = "server"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    INCOMPLETE = "incomplete"
    """The stream ended without its final reason, or the body was cut."""
    BAD_REQUEST = "bad_request"
    AUTHENTICATION = "authentication"
    PERMISSION = "permission"
    NOT_FOUND = "not_found"
    QUOTA = "quota"
    """A spend limit or an exhausted account: waiting minutes does not heal it."""
    TOO_LARGE = "too_large"
    NO_RECORD = "no_record"
    """Replay: the recording holds no answer for this call."""
    UNKNOWN = "unknown"


TRANSIENT = frozenset(
    {
        ModelFault.RATE_LIMIT,
        ModelFault.OVERLOADED,
        ModelFault.SERVER,
        ModelFault.TIMEOUT,
        ModelFault.CONNECTION,
        ModelFault.INCOMPLETE,
    }
)
"""Faults that another attempt may heal (L10); all others are an error at once."""


class ModelError(OrchestrateError):
    """A model call failed. Adapters raise nothing else.

    ``retry_after_s`` is what the provider asked for, in seconds, or ``None``; ``back_at`` when it said that it takes
    requests again (a spend limit's end, a daily quota's). ``status`` is the HTTP status, 0 where there was none.
    ``billed``: the provider may have charged for the attempt (sent, not refused).
    """

    slug = "provider"
    exit_code = ExitCode.PROVIDER

    def __init__(
        self,
        message: str,
        *,
        fault: ModelFault,
        provider: str,
        status: int = 0,
        retry_after_s: float | None = None,
        back_at: datetime | None = None,
        billed: bool = False,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint, slug=f"provider-{fault.value.replace('_', '-')}")
        self.fault = fault
        self.provider = provider
        self.status = status
        self.retry_after_s = retry_after_s
        self.back_at = back_at
        self.billed = billed

    @property
    def transient(self) -> bool:
        """Whether L10 allows another attempt."""
        return self.fault in TRANSIENT


class NoModelListError(ModelError):
    """The provider's list of models cannot be had, so what is configured was not checked: worth a warning."""


class ProviderAwayError(PausedError):
    """A provider that is not asked for now: its task goes back to the queue, and has used up nothing.

    ``back_at``: when it is asked again; ``None``: not by this session (a quota that only its owner can raise).
    """

    slug = "provider-away"

    def __init__(self, message: str, *, provider: str, back_at: datetime | None, hint: str, slug: str = "") -> None:
        super().__init__(message, hint=hint, slug=slug)
        self.provider = provider
        self.back_at = back_at
        if back_at is None:
            self.exit_code = ExitCode.PROVIDER
