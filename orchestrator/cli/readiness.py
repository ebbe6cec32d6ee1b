"""What ``plan``, ``run`` and ``doctor`` say of tasks that are not ready for a night (``readiness`` in the settings)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from orchestrator.domain.errors import UsageError
from orchestrator.domain.words import count
from orchestrator.intake import Project
from orchestrator.policy.outlook import Outlook
from orchestrator.preflight.advice import Advice
from orchestrator.preflight.readiness import TreeLook, readiness
from orchestrator.settings.secrets import arm

_SHOWN = 30
"""Lines of advice that are printed; more are counted."""


def advice_of(project: Project, found: Outlook, tree: TreeLook | None = None) -> list[Advice]:
    """All advice about those tasks; none where it is switched off.

    Without ``tree``, files are looked for in the checkout, as far as the tasks start from what is checked out.
    """
    settings = project.loaded.settings
    if settings.readiness == "off":
        return []
    arm(settings)
    if tree is None and project.batch.base is None:
        tree = TreeLook(exists=_on_disk(project.batch.repo))
    return readiness(project.text, project.batch, found, settings, tree)


def refuse_unready(project: Project, advice: Sequence[Advice], *, strict: bool = False) -> None:
    """``UsageError`` with every line of it, where such tasks are to be refused."""
    if advice and (strict or project.loaded.settings.readiness == "refuse"):
        raise UsageError(
            f"{project.file}: not ready for a night: {count(len(advice), 'thing')} to mend",
            hint="mend each as said above, or --set readiness=advise",
            slug="not-ready",
            faults=tuple(str(each) for each in advice),
        )


def advice_lines(advice: Sequence[Advice]) -> list[str]:
    """For people."""
    lines = [str(each) for each in advice[:_SHOWN]]
    if len(advice) > _SHOWN:
        lines.append(f"... and {len(advice) - _SHOWN} more")
    return lines


def _on_disk(root: Path) -> Callable[[str], bool]:
    """Whether a path is in that checkout; what leads out of it is not."""

    def exists(path: str) -> bool:
        try:
            return (root / path).exists()
        except OSError:
            return False

    return exists
