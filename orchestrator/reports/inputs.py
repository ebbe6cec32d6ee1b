"""What reports need beside :class:`~orchestrator.domain.outcome.RunSummary`: small frozen records, texts as read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from orchestrator.domain.adr import Adr
from orchestrator.domain.failure import Failure
from orchestrator.domain.gate import GateReport
from orchestrator.domain.task import Importance
from orchestrator.reports.landing import LandingView
from orchestrator.reports.saved import Savings


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of the night: a phase of a task, or the set-up."""

    task: str
    """Empty for the set-up."""
    phase: str
    """A :class:`~orchestrator.domain.task.Phase` value, or ``setup``."""
    start_s: float
    """Seconds of working time since the run's start; time between sessions is cut out."""
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GateMark:
    """A gate on the time line."""

    task: str
    at_s: float
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """When what happened, for the picture."""

    spans: tuple[Span, ...] = ()
    gates: tuple[GateMark, ...] = ()
    breaks_s: tuple[float, ...] = ()
    """Where a session ended and a later one went on."""
    seconds: float = 0.0
    """Its whole length, without the time between sessions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitTerms:
    """How one phase's token limit came about (B1, B7)."""

    phase: str
    limit: int
    how: str
    """``24000 x 1.0 x 1.5 x 1.5`` (base, complexity, importance, phase weight), or ``set by the task`` (B2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNote:
    """One model call, for "what spent the most"."""

    phase: str
    role: str
    model: str
    iteration: int
    tokens: int
    seconds: float
    estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPoint:
    """One answered model call on the time line (P6)."""

    call: str
    task: str
    phase: str
    role: str
    model: str
    iteration: int
    turn: int
    at_s: float
    """When it was asked: seconds of working time since the run's start."""
    seconds: float
    context_tokens: int
    """What the model was given to read, cached or not."""
    cached_tokens: int
    """Of these, what the provider had in its cache."""
    output_tokens: int
    lookups: int | None
    """Look-ups (tool calls) the answer asked for; ``None``: the journal does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSum:
    """All calls of one agent."""

    role: str
    calls: int
    seconds: float
    tokens: int
    """Read and written."""
    lookups: int | None
    mean_context_tokens: int
    largest_context_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One remark of a reviewer."""

    text: str
    severity: str = ""
    """In the reviewer's words: ``blocking``, ``minor`` ..."""
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRound:
    """One review of the finished diff."""

    role: str
    model: str
    verdict: str
    """``accept``, ``send_back`` ..., as the agent's answer was read."""
    findings: tuple[Finding, ...] = ()
    text: str = ""
    """The answer's prose, as received."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateNote:
    """What a delivered branch's certificate says, in short; read from its file, a projection."""

    commit: str
    tree: str
    sandbox: str
    at: str
    measured: bool
    """Whether tests ran under it; ``False``: the repository has none (``tests: none``)."""
    base_green: bool | None
    """Whether the gate passed on the base as well; ``None``: not known."""
    tests_before: int | None
    """Tests that ran on the base; ``None``: not known."""
    tests_after: int | None
    coverage: float | None
    """Percent of lines; ``None``: unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDetail:
    """A task's texts, as they lie in its folder. Everything may be missing."""

    adr: Adr | None = None
    diff: str = ""
    """The delivered diff, or the last one tried."""
    failing_check: str = ""
    failing_command: str = ""
    failing_output: str = ""
    """Of the last red gate, as the tool wrote it."""
    failures: tuple[Failure, ...] = ()
    """Of the last red gate."""
    gate: GateReport | None = None
    """The last gate."""
    reviews: tuple[ReviewRound, ...] = ()
    calls: tuple[CallNote, ...] = ()
    limits: tuple[LimitTerms, ...] = ()
    hints: tuple[str, ...] = ()
    """What a human already answered to an escalation, oldest first."""
    folder: str = ""
    """The task's folder, as the user would type it."""
    importance: Importance = Importance.MEDIUM
    acceptance: tuple[str, ...] = ()
    """What the task asked for, from the run's copy of the tasks file."""
    after: tuple[str, ...] = ()
    """The delivered tasks it starts from."""
    flags: tuple[str, ...] = ()
    """What the gate asked the review to judge: weakened tests and their like (decision 20)."""
    certificate: CertificateNote | None = None
    answers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The last review's word on each invariant: id -> ``kept``, or how it is broken."""
    estimate_tokens: int | None = None
    """What the registry expected the task to use; ``None``: it had not learnt anything yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInputs:
    """All of a run's report beside its summary."""

    details: Mapping[str, TaskDetail] = field(default_factory=lambda: MappingProxyType({}))
    """By task id."""
    timeline: Timeline = Timeline()
    calls: tuple[CallPoint, ...] = ()
    earlier_tasks: int = 0
    """Tasks tried in earlier runs of this project, and their conflicts: L13 speaks from 20 tasks on."""
    earlier_conflicts: int = 0

    estimates: str = ""
    """How good the estimates were, in a line (R10); empty where no task was calibrated."""
    savings: Savings | None = None
    """What the night cost and saved; ``None`` where no model answered."""
    landing: LandingView | None = None
    """What merges with what; ``None`` where nothing was delivered, or the run has not ended."""

    def detail(self, task: str) -> TaskDetail:
        """That task's texts, empty where none were given."""
        return self.details.get(task, _NOTHING)


_NOTHING = TaskDetail()
