"""Kinds of change, for which agents are skipped (P4)."""

from __future__ import annotations

from enum import StrEnum


class ChangeType(StrEnum):
    """What a change is made of; the first that fits, in this order."""

    DOCUMENTATION = "documentation"
    """Markdown files only, and at least one."""
    TYPO = "typo"
    """Under three lines, in files that were there and stay."""
    CONFIG = "config"
    """JSON and YAML files only."""
    CODE = "code"
    """Anything else."""
