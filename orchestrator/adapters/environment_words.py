"""What an installer's output says of its own failure: the lines that name the fault, before its traces and advice."""

from __future__ import annotations

import re

_TAIL_LINES = 12
_MOST = 5
_FAULT = re.compile(
    r"^(?:npm (?:ERR!|error)|\[?ERR(?:OR|_\w+)\b|error\b|E: |fatal:|\u00d7|╰─▶|➤ YN\d{4}: .*(?:Error|can't|not found)"
    r"|Internal Error:|Usage Error:|\w*Error: |Could not find|No matching|.{0,80}: (?:command )?not found$)",
    re.IGNORECASE,
)
_NOISE = re.compile(
    r"^npm (?:ERR!|error)\s*(?:$|A complete log|code E?\w+$|404\s*$|404\s+Note|404\s+tarball|In most cases)"
    r"|^npm (?:ERR!|error) (?:notarget|404|code)\s+(?:In most cases|Note that|tarball|or one of)"
    r"|^error: subprocess-exited"
)
"""Lines that look like a fault and say nothing of it."""


def fault_lines(output: str) -> str:
    """The lines that name what went wrong, in their order, each once; the output's last lines where none does."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    named = dict.fromkeys(line for line in lines if _FAULT.match(line) and not _NOISE.match(line))
    return "\n".join(list(named)[:_MOST] or lines[-_TAIL_LINES:])
