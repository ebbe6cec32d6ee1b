"""Plain data as YAML that the strict reader reads back equal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from orchestrator.strict_yaml.scalars import BASED, FLOAT, INT

_ODD = re.compile("[^\\n\x20-\x7e\xa1-\u1fff\u2030-\ud7ff\ue000-\ufefe\U00010000-\U0010ffff]")
"""Text with such characters goes in double quotes, escaped: line ends of old YAML, controls, marks of direction."""
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Dumper(yaml.SafeDumper):
    """Writes what :func:`load` reads back unchanged: no aliases, text quoted where either YAML would misread it."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    block = "\n" in value and _ODD.search(value) is None
    style = "|" if block else '"' if _ODD.search(value) or "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(f"(?:{INT.pattern}|{BASED.pattern})$"), list("-+0123456789")
)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(f"(?:{FLOAT.pattern})$"), list("-+.0123456789"))


def dump(data: Any) -> str:
    """Plain data as YAML that :func:`load` reads back equal; keys keep their order. Surrogates become U+FFFD."""
    return yaml.dump(_clean(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def _clean(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {str(_clean(key)): _clean(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_clean(item) for item in data]
    if isinstance(data, str):
        return _SURROGATE.sub("\ufffd", str(data))
    return data
