"""Installers' configuration for setup: the user's own, copied without what may be a secret (decision 5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

SECRET_LINE = re.compile(
    r"_auth|token|password|passwd|secret|username|credential|(^|[^\w])key|certfile|://[^/\s@]*@", re.IGNORECASE
)
COPIED = (
    (Path("/etc/pip.conf"), Path("etc/pip.conf")),
    (Path("~/.config/pip/pip.conf"), Path("home/.config/pip/pip.conf")),
    (Path("~/.pip/pip.conf"), Path("home/.pip/pip.conf")),
    (Path("~/.config/uv/uv.toml"), Path("home/.config/uv/uv.toml")),
    (Path("~/.npmrc"), Path("home/.npmrc")),
    (Path("~/.yarnrc.yml"), Path("home/.yarnrc.yml")),
)
"""(the user's file, its copy in the lane)."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A configuration file without its secrets."""

    original: Path
    relative: Path
    """Below ``etc`` or ``home``."""
    text: str


def installer_configuration(home: Path) -> tuple[Copied, ...]:
    """The user's files that exist, each without the lines that may hold a secret."""
    found = []
    for original, relative in COPIED:
        path = home / original.relative_to("~") if original.parts[0] == "~" else original
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        except OSError:
            continue
        kept = "".join(line for line in lines if not SECRET_LINE.search(line))
        found.append(Copied(original=path, relative=relative, text=kept))
    return tuple(found)


def write_configuration(files: tuple[Copied, ...], folder: Path) -> None:
    """Write the copies below ``folder``."""
    for file in files:
        target = folder / file.relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.text, encoding="utf-8")
