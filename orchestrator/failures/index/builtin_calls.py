"""What Python's built-in functions take, told by the interpreter itself."""

from __future__ import annotations

import builtins
from functools import cache


@cache
def builtin_parameters(name: str) -> frozenset[str]:
    """The parameters of one of Python's built-in functions; empty where it takes any, or is none of them."""
    known = getattr(builtins, name, None)
    if not callable(known) or name.startswith("_"):
        return frozenset()
    if name in _UNTOLD:
        return _UNTOLD[name]
    import inspect  # noqa: PLC0415 - slow to load, and seldom asked

    try:
        parameters = inspect.signature(known).parameters.values()
    except (TypeError, ValueError):
        return frozenset()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return frozenset()
    return frozenset(parameter.name for parameter in parameters)


_UNTOLD = {
    "min": frozenset({"key", "default"}), "max": frozenset({"key", "default"}), "zip": frozenset({"strict"}),
    "str": frozenset({"object", "encoding", "errors"}), "bytes": frozenset({"source", "encoding", "errors"}),
    "bytearray": frozenset({"source", "encoding", "errors"}), "int": frozenset({"x", "base"}),
}  # fmt: skip
"""Built-ins that do not tell their signature (CPython 3.8-3.14)."""
