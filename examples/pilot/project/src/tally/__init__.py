"""Adds up working hours that were written down by hand."""

from tally.durations import format_duration, parse_duration
from tally.entries import Entry, parse_line

__all__ = ["Entry", "format_duration", "parse_duration", "parse_line"]
