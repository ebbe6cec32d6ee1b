"""Auto-fix of trivial failures (L5, L6, L7): no model, no change of behaviour; the gate run again decides, what does
not help is undone.
"""

from orchestrator.failures.autofix.fixers import FixCommand
from orchestrator.failures.autofix.plan import FixPlan, plan_fixes

__all__ = ["FixCommand", "FixPlan", "plan_fixes"]
