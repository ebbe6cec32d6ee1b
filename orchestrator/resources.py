"""Where the shipped data lies: inside the wheel as package data, in a checkout at the top (decision 30).

The one resolver: nothing else looks for ``config/``, ``prompts/`` or the pilot.
"""

from __future__ import annotations

from pathlib import Path

from orchestrator.domain.errors import OrchestrateError

PACKAGE = Path(__file__).resolve().parent
PACKAGE_DATA = PACKAGE / "_data"
"""Made by the wheel's build from the folders at the repository's top; absent in a checkout."""


def data_dir(*parts: str) -> Path:
    """The folder of that name in the wheel's data, else in the checkout.

    Raises :class:`OrchestrateError` (slug ``installation``) where neither holds it: the installation is broken.
    """
    name = "/".join(parts)
    for top in (PACKAGE_DATA, PACKAGE.parent):
        folder = top.joinpath(*parts)
        if folder.is_dir():
            return folder
    raise OrchestrateError(
        f"the shipped folder {name}/ is neither in the package nor beside it ({PACKAGE})",
        hint="reinstall: pip install --force-reinstall orchestrate",
        slug="installation",
    )


def config_dir() -> Path:
    """The shipped defaults, ``config/``."""
    return data_dir("config")


def prompts_dir() -> Path:
    """The shipped agents, ``prompts/``."""
    return data_dir("prompts")


def pilot_dir() -> Path:
    """The bundled pilot, ``examples/pilot/``: its project, tasks and recorded answers."""
    return data_dir("examples", "pilot")
