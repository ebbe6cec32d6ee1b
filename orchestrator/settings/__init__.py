"""Every setting: meaning, unit, default, bound. Frozen; the defaults themselves stand in ``config/``."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from orchestrator.domain.pattern import Budget, compile_pattern
from orchestrator.domain.pattern_reader import PatternError
from orchestrator.domain.task import Complexity, Importance, Phase
from orchestrator.settings.agents import Agents, Research
from orchestrator.settings.frozen import Frozen
from orchestrator.settings.notify import Notify
from orchestrator.settings.outages import Outages

PATTERN_STEPS = 10_000
"""What trying a pattern on an empty text may take, in steps."""
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class Provider(Frozen):
    """One provider of models."""

    adapter: Literal["anthropic", "google", "openai", "command"]
    """Which program speaks to it: an SDK, the OpenAI protocol, or a command of the system."""
    key_env: tuple[str, ...] = ()
    """Environment variables that may hold the key, first hit wins; empty: no key is needed."""
    base_url: str | None = None
    """Overrides the SDK's default and its own variable; an ``http(s)://`` address."""
    base_url_env: tuple[str, ...] = ()
    """The SDK's own variables, read where ``base_url`` is unset."""
    command: str | None = None
    """``command`` only: a shell line; the prompt is on its standard input, the tree is its working folder."""
    pass_env: tuple[str, ...] = ()
    """``command`` only: environment variables it may see (its own keys)."""
    config_dirs: tuple[str, ...] = ()
    """``command`` only: folders of the user's home it may read, ``~`` expanded."""
    cost_per_call: Decimal | None = Field(default=None, ge=0)
    """``command`` only: US dollars a call; without it a money cap refuses this provider."""
    tiers: dict[int, str] = Field(default={})
    """Model id by tier: 1 quick, 2 balanced, 3 deep."""


class Role(Frozen):
    """Overrides an agent file's own provider and tier."""

    provider: str | None = None
    """A name under ``models.providers``; default: the agent file's."""
    tier: int | None = Field(default=None, ge=1, le=3)
    """1 quick, 2 balanced, 3 deep; default: the agent file's."""
    model: str | None = None
    """An exact model id; wins over the tier."""
    effort: str | None = None
    """``low``, ``medium``, ``high``; default: the agent file's, else the model's."""
    max_output_tokens: int | None = Field(default=None, ge=1, le=200_000)
    """Upper bound of billed output of one answer, tokens, thinking included."""


class Price(Frozen):
    """US dollars per million tokens, where the price list is wrong or silent."""

    input: Decimal = Field(ge=0)
    """Read by the model."""
    output: Decimal = Field(ge=0)
    """Written by the model, thinking included."""
    cache_read: Decimal | None = Field(default=None, ge=0)
    """Read from the provider's cache; default: as ``input``."""
    cache_write: Decimal | None = Field(default=None, ge=0)
    """Written to the provider's cache; default: as ``input``."""


class CallDeadlines(Frozen):
    """Wall-clock limits of one attempt at a call (I12), seconds."""

    first_byte_s: Seconds
    """Until the first piece of the answer."""
    idle_s: Seconds
    """Between two pieces of the answer."""
    total_s: Seconds
    """Until the answer is whole."""


class Retries(Frozen):
    """L10: attempts after the first, for what may heal."""

    waits_s: tuple[Seconds, ...]
    """Seconds before each further attempt; its length is the number of retries."""
    retry_after_cap_s: Seconds
    """Seconds: a provider that asks for longer than this is away (``models.outages``), and its task waits apart."""


class Models(Frozen):
    """Providers, tiers, deadlines, retries, prices."""

    providers: dict[str, Provider]
    """Providers by name; agents and roles refer to them."""
    roles: dict[str, Role] = Field(default={})
    """Overrides of the agents' own files, by role."""
    deadlines: CallDeadlines
    """Time limits of one attempt at a call."""
    retries: Retries
    """Further attempts at what may heal."""
    outages: Outages = Outages()
    """How long a provider is waited for that is away."""
    prices: dict[str, Price] = Field(default={})
    """By exact model id; wins over the price list."""


class IterationLimits(Frozen):
    """L9: executor answers a task may have."""

    tiny: int = Field(ge=1, le=50)
    """A typo-class change."""
    simple: int = Field(ge=1, le=50)
    """Score 3 or less by default."""
    moderate: int = Field(ge=1, le=50)
    """Score 4 to 6 by default."""
    complex: int = Field(ge=1, le=50)
    """Score 7 or more by default."""

    def of(self, complexity: Complexity) -> int:
        """The limit of that complexity."""
        return int(getattr(self, complexity.value))


class ComplexityScore(Frozen):
    """L9: words and what they add to the score; bounds of the grades."""

    words: dict[str, int]
    """Word or phrase (any case, in title and description) -> points, each counted once."""
    simple_up_to: int = Field(ge=0)
    """Highest score of a simple task."""
    moderate_up_to: int = Field(ge=0)
    """Highest score of a moderate task; above it, complex. Not below ``simple_up_to``."""
    tiny_words: tuple[str, ...] = ("typo", "typos", "misspelling", "misspelled", "spelling mistake")
    """Words in the title that make a task tiny (a typo-class change) where its score is ``tiny_up_to`` or less."""
    tiny_up_to: int = Field(default=1, ge=0)
    """Highest score of a tiny task."""

    @model_validator(mode="after")
    def _in_order(self) -> ComplexityScore:
        if self.moderate_up_to < self.simple_up_to:
            raise ValueError(f"moderate_up_to {self.moderate_up_to} is below simple_up_to {self.simple_up_to}")
        return self


class Loop(Frozen):
    """The loop's limits."""

    iterations: IterationLimits
    """Executor answers a task may have, by complexity (L9)."""
    complexity: ComplexityScore
    """How complexity is scored (L9)."""
    autofix_rounds: int = Field(ge=0, le=10)
    """L7: rounds of fix and gate that use up no iteration."""
    lookups_per_iteration: int = Field(ge=0, le=100)
    """Look-up turns the executor may take before it must answer."""
    edit_retries: int = Field(ge=0, le=10)
    """Times an answer whose edits do not apply goes back inside the same iteration."""
    environment_retries: int = Field(ge=0, le=10)
    """L8: times a gate is run again for an environment failure before the run pauses."""
    environment_wait_s: float = Field(ge=0, le=3600, allow_inf_nan=False)
    """Seconds before such a retry."""
    review_send_backs: int = Field(ge=0, le=5)
    """Times the architect's review may send a green task back (L13)."""
    redesigns: int = Field(ge=0, le=5)
    """Times the architect may write a new ADR for a task."""
    lanes: int = Field(ge=1, le=64)
    """Tasks worked on at once (L14)."""
    keep_awake: bool = True
    """Keep the machine awake while models are asked, by systemd-inhibit or caffeinate where there is one."""


class GateLimits(Frozen):
    """Limits of the gate's commands."""

    check_timeout_s: Seconds
    """Wall clock of one check; its process tree is ended then."""
    setup_timeout_s: Seconds
    """Wall clock of all setup commands."""
    output_cap_bytes: int = Field(ge=4096, le=1_000_000_000)
    """Kept on disk of one check's output."""
    memory_mb: int = Field(ge=64)
    """Resident memory of a check's whole process tree."""
    processes: int = Field(ge=8)
    """Processes a check may have at once."""
    file_size_mb: int = Field(ge=1)
    """Size of one file a check may write."""
    coverage_minimum: Percent
    """L11: blocks below the lower of this and the base's own coverage."""
    dependency_folders: tuple[str, ...]
    """Folder names that survive between tasks and are read-only in gates."""
    allow: tuple[Literal["network", "home"], ...] = ()
    """What gate commands may reach beside the tree: ``network``, ``home``; said in the report."""
    protected: tuple[str, ...]
    """Glob patterns the executor may not change, on top of the base's tests (I10)."""


class Autofix(Frozen):
    """L5, L6."""

    safe_imports: tuple[str, ...] = ()
    """Symbols whose import may be added wherever it is found."""
    strict: bool = False
    """True: only the list above; else symbols defined exactly once as well."""


class FailurePattern(Frozen):
    """A line of some check's output that this project knows the meaning of."""

    find: str = Field(min_length=1, max_length=200)
    """Plain text that the line holds: only such lines are looked at."""
    line: str = Field(min_length=1)
    """A pattern for the line, from its beginning (begin with ``.*`` where that varies), at most 400 characters. Matched
    in linear time, so it knows no look-around and no back references; the first 1,000 characters of a line count."""
    category: Literal["tactical", "hallucination", "strategic", "environment"]
    """What a failure that says this is (L7, L8); beside others in one output the gravest decides."""
    symbol: int = Field(default=0, ge=0)
    """Number of the group that holds the name it is about; 0: none."""

    @field_validator("line")
    @classmethod
    def _readable(cls, text: str) -> str:
        try:
            compile_pattern(text)
        except PatternError as error:
            raise ValueError(f"at character {error.at + 1}: {error.what}") from error
        return text

    @model_validator(mode="after")
    def _has_group(self) -> FailurePattern:
        groups = compile_pattern(self.line).groups
        if self.symbol > groups:
            raise ValueError(f"symbol {self.symbol}, but the pattern has {groups} groups; write (...) around the name")
        return self


class Failures(Frozen):
    """How failures are told apart, beside the shipped tables (``config/failures.yaml``)."""

    patterns: tuple[FailurePattern, ...] = Field(default=(), max_length=50)
    """This project's own; each is asked whatever else an output says."""


class Estimate(Frozen):
    """What ``orchestrate plan`` reckons with before a registry knows better."""

    low_iterations: Annotated[float, Field(gt=0, le=50, allow_inf_nan=False)] = 1
    """Iterations of a task that goes well."""
    likely_iterations: Annotated[float, Field(gt=0, le=50, allow_inf_nan=False)] = 1.5
    """L15: expected of a simple task."""
    iterations_a_limit: Annotated[float, Field(gt=0, le=50, allow_inf_nan=False)] = 2
    """Iterations that the build phase's limit holds (decision 32)."""
    gate_s: Seconds = 65
    """One passage through the gate, seconds (L11)."""
    flag_hours: Annotated[float, Field(gt=0, le=168, allow_inf_nan=False)] = 8
    """B12: a task expected to take longer is flagged with a proposed split."""
    output_share: dict[Phase, Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]] = Field(default={})
    """Share of a phase's tokens that the model writes, 0-1; 0.2 for a phase that is not named."""


class Budgets(Frozen):
    """B1-B4: config/phase_budgets.yaml."""

    enabled: bool = True
    """False: nothing is recorded against limits and nothing is stopped; the run's caps still hold."""
    base: Literal["configured", "registry"] = "configured"
    """``configured``: the bases below; ``registry``: the calibrated estimates, normalised."""
    tokens: dict[Phase, Annotated[int, Field(gt=0)]]
    """Base tokens a phase."""
    latency_s: dict[Phase, Seconds]
    """Base seconds a phase; passing them warns and never stops."""
    complexity: dict[Complexity, Positive]
    """Factor by complexity."""
    importance: dict[Importance, Positive]
    """Factor by importance."""
    weights: dict[Phase, Positive]
    """Factor by phase."""
    warning_ratio: Positive
    """Use above this share of the limit is ``exceeded``; between 1 and this it is ``warning``."""
    stop_task_ratio: Positive
    """Use above this share of the task's budget stops it."""
    stop_phase_ratio: Positive
    """Use above this share of a phase's limit stops the task."""
    mode: Literal["enforce", "observe"] = "enforce"
    """``observe`` records what it would have stopped, and stops nothing."""
    safety_multiplier: Positive = 1.5
    """R9: pause advice compares what is left of the usable budget with a phase's estimate times this."""
    critical_share_percent: Percent = 20
    """B9: above this share of critical tasks in a file, each of them must give its ``importance_reason``."""
    critical_share_from: int = Field(default=5, ge=1)
    """Tasks in a file from which on the share is looked at."""
    estimate: Estimate = Estimate()
    """What ``orchestrate plan`` reckons with."""

    @model_validator(mode="after")
    def _complete(self) -> Budgets:
        tables: tuple[tuple[str, Mapping[Any, object], type[StrEnum]], ...] = (
            ("tokens", self.tokens, Phase),
            ("latency_s", self.latency_s, Phase),
            ("weights", self.weights, Phase),
            ("complexity", self.complexity, Complexity),
            ("importance", self.importance, Importance),
        )
        for name, table, words in tables:
            missing = [word.value for word in words if word not in table]
            if missing:
                raise ValueError(f"{name} lacks {', '.join(missing)}")
        return self


class SecretPattern(Frozen):
    """What a secret of this project looks like."""

    find: str = Field(min_length=3, max_length=200)
    """Plain text that each of them begins with, or that stands right before it."""
    pattern: str = Field(min_length=1)
    """A pattern from ``find`` on, at most 400 characters. Its first group is hidden; without a group, all it matches.
    Matched in linear time, so it knows no look-around and no back references; a match has 4,096 characters at most."""

    @field_validator("pattern")
    @classmethod
    def _readable(cls, text: str) -> str:
        try:
            pattern = compile_pattern(text)
        except PatternError as error:
            raise ValueError(f"at character {error.at + 1}: {error.what}") from error
        if pattern.match("", Budget(PATTERN_STEPS)) is not None:
            raise ValueError("it matches nothing at all, that is everywhere: ask for at least one character")
        return text


class Secrets(Frozen):
    """B9: what is hidden from journal, prompts, logs and reports, beside the keys that every run hides."""

    patterns: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")], SecretPattern] = Field(
        default={}, max_length=50
    )
    """By a name of your own, which stands where the secret stood. A repository's file may add some, not change yours:
    it is refused."""
    variables: tuple[str, ...] = ()
    """Environment variables that hold secrets though their names do not say so; the values, 8 characters or more, are
    hidden wherever they stand. Each place that names some adds to those before."""


class Registry(Frozen):
    """R3, R7: the calibration registry, ``performance-registry.json``."""

    window: int = Field(default=5, ge=1, le=1000)
    """Delivered tasks it keeps; the oldest leaves first."""
    path: str | None = None
    """A file shared with others; ``~`` is expanded, a relative path counts from the state folder; null: in it."""
    usable_run: int = Field(default=120_000, ge=1)
    """R5: where the file cannot be read, tokens of a task's window in ``run`` and ``resume`` (R9)."""
    usable_by_hand: int = Field(default=60_000, ge=1)
    """R5: ... and of a single task by hand (``--only``)."""

    def usable(self, *, by_hand: bool) -> int:
        """The usable budget without a registry, tokens."""
        return self.usable_by_hand if by_hand else self.usable_run


class Caps(Frozen):
    """The run's hard caps (I4), held by reservation before each call."""

    max_tokens: int | None = Field(default=None, gt=0)
    """Tokens of the whole run, input and output; null: no cap."""
    max_cost_usd: Decimal | None = Field(default=None, gt=0)
    """US dollars of the whole run; null: no cap. With a cap, a model without a price is refused."""


class Settings(Frozen):
    """Everything that can be set; ``orchestrate config show`` prints each value and where it came from."""

    models: Models
    """Providers, tiers, deadlines, retries, prices."""
    loop: Loop
    """The loop's limits."""
    agents: Agents = Agents()
    """Who joins architect, executor and reviewer, and who starts low."""
    research: Research = Research()
    """What the researchers may do."""
    gate: GateLimits
    """Limits of the gate's commands."""
    autofix: Autofix
    """What is fixed without a model."""
    failures: Failures = Failures()
    """Failures that this project knows better than the shipped tables."""
    budgets: Budgets
    """Phase budgets and stop-loss."""
    caps: Caps
    """The run's hard caps."""
    sandbox: Literal["auto", "bwrap", "none"] = "auto"
    """How gate commands are confined; ``none`` confines nothing and must be asked for."""
    secrets: Secrets = Secrets()
    """What is hidden from everything that is written or sent (B9)."""
    registry: Registry = Registry()
    """The calibration registry."""
    on_pause: Literal["advise", "pause"] = "advise"
    """R9: what the pause advice does."""
    readiness: Literal["advise", "refuse", "off"] = "advise"
    """What ``plan`` and ``run`` do about tasks that are not ready for a night: say so, refuse to start, or nothing."""
    notify: Notify = Notify()
    """Who is told when a run ends, pauses, or waits for a human."""
