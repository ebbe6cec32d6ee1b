"""What answers in JSON look like: declared to the provider (its structured output), and held here once more.

Only what all providers take: objects whose keys are all required and closed, strings, integers, enums, lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]

SEVERITIES = ("serious", "minor")

_TEXT: Json = {"type": "string"}


def _closed(**properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


FINDINGS: Json = _closed(
    summary=_TEXT,
    findings={
        "type": "array",
        "items": _closed(
            file=_TEXT,
            line={"type": "integer"},
            severity={"type": "string", "enum": [*SEVERITIES]},
            problem=_TEXT,
            remedy=_TEXT,
        ),
    },
)
"""Of the security auditor and the doc master."""

ISSUES: Json = _closed(
    issues={
        "type": "array",
        "items": _closed(title=_TEXT, body=_TEXT, files={"type": "array", "items": _TEXT}),
    }
)
"""Of the issue creator."""
