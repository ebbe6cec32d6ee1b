"""The YAML 1.2 core schema: what a plain scalar means."""

from __future__ import annotations

import math
import re

from orchestrator.strict_yaml.fault import shown

MAX_DIGITS = 18
"""Characters of an integer: what every reader of JSON holds without loss."""

_NULL = re.compile(r"|~|null|Null|NULL")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
INT = re.compile(r"[-+]?[0-9]+")
BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def scalar(text: str) -> str | int | float | bool | None:
    """What a plain scalar means in the YAML 1.2 core schema. ``ValueError``: a number no file may hold."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return text[0] in "tT"
    if INT.fullmatch(text) or BASED.fullmatch(text):
        if len(text.lstrip("+-")) > MAX_DIGITS:
            raise ValueError(f"the number {shown(text)} is longer than {MAX_DIGITS} characters")
        return int(text, 0) if BASED.fullmatch(text) else int(text)
    if _NO_NUMBER.fullmatch(text):
        raise ValueError(f"{text} is no number to reckon with")
    if FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise ValueError(f"the number {shown(text)} is too large")
        return number
    return text
