"""The budgets where ``config/phase_budgets.yaml`` is absent (B2): its figures; their sources stand in that file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BUDGETS: Mapping[str, Any] = {
    "budgets": {
        "enabled": True,
        "base": "configured",
        "mode": "enforce",
        "tokens": {"discover": 10_000, "define": 2_000, "plan": 24_000, "build": 150_000, "deliver": 70_000},
        "latency_s": {"discover": 60, "define": 10, "plan": 200, "build": 600, "deliver": 300},
        "complexity": {"tiny": 0.5, "simple": 0.8, "moderate": 1.0, "complex": 1.5},
        "importance": {"low": 0.7, "medium": 1.0, "high": 1.5, "critical": 2.0},
        "weights": {"discover": 1.0, "define": 1.0, "plan": 1.5, "build": 1.0, "deliver": 0.6},
        "warning_ratio": 1.5,
        "stop_task_ratio": 1.2,
        "stop_phase_ratio": 1.5,
        "safety_multiplier": 1.5,
        "critical_share_percent": 20,
        "critical_share_from": 5,
        "estimate": {
            "low_iterations": 1,
            "likely_iterations": 1.5,
            "iterations_a_limit": 2,
            "gate_s": 65,
            "flag_hours": 8,
            "output_share": {"discover": 0.15, "define": 0.15, "plan": 0.45, "build": 0.14, "deliver": 0.3},
        },
    },
    "caps": {"max_tokens": 5_000_000, "max_cost_usd": 30},
    "on_pause": "advise",
    "registry": {"window": 5, "path": None, "usable_run": 120_000, "usable_by_hand": 60_000},
}
"""As that file's own data, word for word: a test holds them equal."""
