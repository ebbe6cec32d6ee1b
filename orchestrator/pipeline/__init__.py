"""The program as a list of names: the phases a task goes through. None calls the next; the runner does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from orchestrator.domain.task import Phase
from orchestrator.pipeline.build import build
from orchestrator.pipeline.define import define
from orchestrator.pipeline.deliver import deliver
from orchestrator.pipeline.discover import discover
from orchestrator.pipeline.plan import plan
from orchestrator.pipeline.work import Step, Work

PHASES: Mapping[Phase, Callable[[Work], Step]] = MappingProxyType(
    {
        Phase.DISCOVER: discover,
        Phase.DEFINE: define,
        Phase.PLAN: plan,
        Phase.BUILD: build,
        Phase.DELIVER: deliver,
    }
)
"""In their order. Each says which phase comes next (a redesign and a send-back go backwards), or how the task ended."""
