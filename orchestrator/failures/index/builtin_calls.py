"""What Python's built-in functions and the methods of its built-in types take, told by the interpreter itself."""

from __future__ import annotations

import builtins
from functools import cache

_TYPES = (str, bytes, bytearray, list, tuple, dict, set, frozenset, int, float, complex)


@cache
def builtin_parameters(name: str) -> frozenset[str]:
    """The parameters of a built-in function, or of every built-in type's method of that name; empty where one takes
    any, or none is known.
    """
    if name in _UNTOLD:
        return _UNTOLD[name]
    if name.startswith("_"):
        return frozenset()
    owners = [builtins] if hasattr(builtins, name) else [owner for owner in _TYPES if hasattr(owner, name)]
    found = [_parameters(getattr(owner, name)) for owner in owners]
    return frozenset().union(*found) if all(found) else frozenset()


def _parameters(known: object) -> frozenset[str]:
    import inspect  # noqa: PLC0415 - slow to load, and seldom asked

    if not callable(known):
        return frozenset()
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
    "fromkeys": frozenset({"iterable", "value"}),
}  # fmt: skip
"""Built-ins that do not tell their signature (CPython 3.8-3.14)."""
