"""Programs of the system that some tests need: skipped by name where absent, never with ``CI=true``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import Any

import pytest


def needs(*programs: str) -> Callable[[Any], Any]:
    """Decorator: the test needs these programs on PATH. With ``CI=true`` a missing one is an error of the set-up."""
    missing = [program for program in programs if shutil.which(program) is None]

    def decorate(test: Any) -> Any:
        marked = pytest.mark.system(" ".join(programs))(test)
        if not missing:
            return marked
        if os.environ.get("CI") == "true":
            raise RuntimeError(
                f"with CI=true no test is skipped, but {', '.join(missing)} is missing: scripts/test installs it"
            )
        return pytest.mark.skip(reason=f"needs {', '.join(missing)}")(marked)

    return decorate
