"""``orchestrate schema``: JSON Schema of tasks.yaml and orchestrate.yaml, for editors."""

from __future__ import annotations

import argparse
import json


def run(args: argparse.Namespace) -> int:
    """Print the schema."""
    from orchestrator.intake.schema import schema

    print(json.dumps(schema(args.file), indent=2, ensure_ascii=False))
    return 0
