"""Every field of a journal entry or an event is public, internal or secret (B9); exports carry public ones only.

Public: names, numbers, states, times. Internal: prose, commands and paths, which may quote a user's code or machine;
they stay in the state folder. Secret: nothing of the kind is recorded on purpose; a field named like one is hidden
whole before it is written. A field nobody has classified is internal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Sensitivity(StrEnum):
    """Who may see a field."""

    PUBLIC = "public"
    """May leave the machine: exports, OpenTelemetry."""
    INTERNAL = "internal"
    """Stays in the state folder."""
    SECRET = "secret"  # noqa: S105 - the word, not one
    """Is never written."""


SECRET = frozenset(
    "api_key key token access_token auth_token password secret credentials authorization cookie headers".split()  # noqa: SIM905 - as above
)
"""Fields that would hold a secret: hidden whole. Words of our own (``token_status``) are none."""
SECRET_NAME = re.compile(
    r"(KEY|TOKEN|SECRET|PASS(WORD|WD|PHRASE)|CREDENTIALS?|AUTHORIZATION|COOKIE)(?![A-Za-z])", re.IGNORECASE
)
"""Names of environment variables that hold a secret: ``GITHUB_TOKEN``; not ``MAX_TOKENS`` or ``KEYBOARD``."""

PUBLIC = frozenset(
    """
    seq prev crc at type event_id run task tasks id ids depends_on request chain position of
    phase role iteration turn call calls provider model answered_by attempt tier tiers worked_by
    prompt_sha256 sha256 tree base commit digest lock_hash gate settings tasks_digest checkout_before checkout_after
    worst_input_tokens worst_output_tokens worst_cost_usd input_tokens output_tokens cached_tokens cache_write_tokens
    thinking_tokens estimated cost_usd tokens tokens_so_far token_limit limit limits latency_s latency_limit_s seconds
    latency_ms latency_limit_ms budget_digest config_hash text_tokens searches change_type agents required
    deep_model deep_cost_usd calls_helpers when by_type ran serious agent
    usage charge wait_s status fault billed resumed version pid models_mode sandbox awake outcome passed green check
    checks tool passage passages category categories failures number asks asked findings verdict score complexity
    importance iterations iteration_limit auto_fixed autofixed_iterations conflicts budget_status redesigns
    calls_architect calls_executor calls_reviewer gate_seconds gates healed suppressions phases count move slug
    used line ratio
    estimates actuals stages stage usable_budget safety_multiplier per_stage_estimates usable discover define plan build
    deliver low likely high p10 p50 p90 source invariants planning building verification turns lookups retries
    retry_after_s resume_at timed_out role_calls research_calls skipped size bytes trivial tactical strategic
    hallucination environment kind review iteration_count input output token_status latency_status mode rest
    bases intervals seconds_so_far history failed_check insertions deletions registry_before registry_after actual
    learnt_from head order landed budgets
    """.split()  # noqa: SIM905 - a table of words reads better than a hundred lines
)
"""Fields whose values are names, numbers, states or times."""

INTERNAL = frozenset(
    """
    title description text why what how detail message reason reasons hint hints next_step summary headline note notes
    unanswered command commands file files tests paths path repo state_dir tasks_file branch faults adr_title adr_date
    tolerated baseline entry event after said symbols place old new certificate shown prompt answer options
    files_changed left_out clashes flags
    """.split()  # noqa: SIM905 - a table of words reads better than a hundred lines
)
"""Fields that hold prose, commands or places. Unknown fields count as these."""

_PUBLIC_OF = {"call:answer": frozenset({"reason"}), "call:answered": frozenset({"reason"})}
"""Fields that are a state in entries of one type, and prose in others."""
_INTERNAL_OF = {"baseline:inherited": frozenset({"failures"})}
"""Fields that are prose in entries of one type, and counts in others."""


def sensitivity(name: str, kind: str = "") -> Sensitivity:
    """Of the field of that name, in entries (or events) of that type."""
    if name in _INTERNAL_OF.get(kind, ()):
        return Sensitivity.INTERNAL
    if name in PUBLIC or name in _PUBLIC_OF.get(kind, ()):
        return Sensitivity.PUBLIC
    return Sensitivity.SECRET if name.lower().replace("-", "_") in SECRET else Sensitivity.INTERNAL


def public(fields: Mapping[str, Any], kind: str = "") -> dict[str, Any]:
    """What of these fields may leave the machine; mappings inside are filtered the same way.

    A mapping under a public name whose keys are no field names (failures by category, phases by name) loses the keys
    that are not public.
    """
    return {
        name: _public_within(value, kind)
        for name, value in fields.items()
        if sensitivity(name, kind) is Sensitivity.PUBLIC
    }


def _public_within(value: Any, kind: str) -> Any:
    if isinstance(value, Mapping):
        return public(value, kind)
    if isinstance(value, (list, tuple)):
        return [_public_within(item, kind) for item in value]
    return value
