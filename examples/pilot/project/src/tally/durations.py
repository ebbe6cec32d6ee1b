"""Durations as people write them: ``1h30m``, ``45m``, ``2h``."""

import re

_PATTERN = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?")


def parse_duration(text: str) -> int:
    """Minutes of a duration; ``ValueError`` if it is none."""
    match = _PATTERN.fullmatch(text.strip().lower())
    if match is None or not match.group():
        raise ValueError(f"not a duration: {text!r} (write 1h30m, 45m or 2h)")
    hours, minutes = match.groups()
    return int(hours or 0) * 60 + int(minutes or 0)


def format_duration(minutes: int) -> str:
    """The shortest way to write so many minutes: ``1h30m``, ``45m``, ``2h``."""
    hours, rest = divmod(minutes, 60)
    if hours and rest:
        return f"{hours}h{rest}m"
    return f"{hours}h" if hours else f"{rest}m"
