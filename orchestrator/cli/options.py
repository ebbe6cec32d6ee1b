"""Flags that are settings: each is the ``--set`` it stands for, so that one loader judges them all."""

from __future__ import annotations

import argparse

_FLAGS = (
    ("workers", "loop.lanes"),
    ("max_tokens", "caps.max_tokens"),
    ("max_cost", "caps.max_cost_usd"),
    ("sandbox", "sandbox"),
)


def sets_of(args: argparse.Namespace) -> list[str]:
    """What ``--set`` and the flags that stand for settings say; the flags win."""
    sets = list(getattr(args, "set", None) or [])
    for flag, key in _FLAGS:
        value = getattr(args, flag, None)
        if value is not None:
            sets.append(f"{key}={'null' if value == 'none' and key.startswith('caps.') else value}")
    if getattr(args, "observe", False):
        sets.append("budgets.mode=observe")
    return sets
