"""``orchestrate config show``: every effective value and where it came from. Keys are named, never shown."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from orchestrator.cli.door import hidden
from orchestrator.cli.options import sets_of
from orchestrator.domain.errors import ExitCode
from orchestrator.intake import load_project, load_project_settings
from orchestrator.reports.inert import encodable, one_line
from orchestrator.settings.layers import dotted
from orchestrator.settings.load import Loaded, effective

_USER_INFO = re.compile(r"(\w+://)[^/@\s]*@")


def run(args: argparse.Namespace) -> int:
    """Print the settings in force, here or for a tasks file."""
    if args.tasks:
        loaded = load_project(Path(args.tasks), environment=os.environ, sets=sets_of(args)).loaded
    else:
        loaded = load_project_settings(Path(), environment=os.environ, sets=sets_of(args))
    if args.json:
        print(json.dumps(as_json(loaded), indent=2, ensure_ascii=False))
        return ExitCode.OK
    sys.stdout.write(encodable("\n".join(as_text(loaded)) + "\n", sys.stdout.encoding))
    return ExitCode.OK


def as_json(loaded: Loaded) -> dict[str, Any]:
    """Each value with its source."""
    values = {
        path: {"value": _safe(value), "source": loaded.provenance[path]} for path, value in _values(loaded).items()
    }
    return {"digest": loaded.digest, "budget_digest": loaded.budget_digest, "values": values}


def as_text(loaded: Loaded) -> list[str]:
    """One line a value: path, value, source; long values are cut (``--json`` has them whole)."""
    lines = []
    for path, value in _values(loaded).items():
        shown = one_line(json.dumps(_safe(value), ensure_ascii=False), limit=60)
        lines.append(f"{path} = {shown}  # {one_line(hidden(loaded.provenance[path]))}")
    return lines


def _values(loaded: Loaded) -> dict[str, Any]:
    return {dotted(loc): value for loc, value in effective(loaded.settings).items()}


def _safe(value: Any) -> Any:
    """Without a password in an address, and without any value of the environment that is named like a secret."""
    if isinstance(value, str):
        return hidden(_USER_INFO.sub(r"\1***@", value))
    return [_safe(item) for item in value] if isinstance(value, list) else value
