"""Turns what pydantic found into faults a user can mend: where it stands, what is wrong, what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, EnumType
from typing import Any, Protocol, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError

from orchestrator.strict_yaml import Fault, Loc, shown

_KEY = "[key]"
_FEW = 24
_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "decimal_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
}


class Placed(Protocol):
    """Something that knows where its values stand."""

    def fault(self, loc: Loc, what: str, mend: str = "", *, at_key: bool = False) -> Fault:
        """A fault at that place."""


def explain(error: ValidationError, model: type[BaseModel], where: Placed, within: Loc = ()) -> list[Fault]:
    """One fault for each thing pydantic found; ``within`` is where the validated data stands in its file."""
    return [_one(detail, model, where, within) for detail in error.errors(include_url=False)]


def nearest(word: str, known: Iterable[str]) -> str:
    """The mend for a word that is not known: the nearest known ones, else all of them where they are few."""
    words = list(dict.fromkeys(known))
    close = difflib.get_close_matches(word, words, n=2, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(shown(match) for match in close) + "?"
    if 0 < len(words) <= _FEW:
        return "known here: " + ", ".join(words)
    return ""


def kind_of(value: Any) -> str:
    """What a value of a file is, in a user's words, with the value where it is short."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"{str(value).lower()} (true or false)"
    if isinstance(value, int | float):
        return f"{value} (a number)"
    if isinstance(value, str):
        return f"{shown(value)} (text)"
    return "a mapping" if isinstance(value, Mapping) else "a list"


def _one(detail: Any, model: type[BaseModel], where: Placed, within: Loc) -> Fault:
    """One pydantic error as a fault."""
    loc: Loc = tuple(part for part in detail["loc"] if part != _KEY)
    at, kind, value = (*within, *loc), detail["type"], detail["input"]
    name = _name(at)
    if kind == "missing":
        return where.fault(at[:-1], f"the key {shown(name)} is missing", f"add {name}: ...")
    if kind == "extra_forbidden" or _KEY in detail["loc"]:
        return where.fault(at, f"unknown key {shown(name)}", nearest(name, keys_at(model, loc[:-1])), at_key=True)
    if kind in _WANTED:
        return where.fault(at, f"{name}: {_WANTED[kind]} expected, found {kind_of(value)}", _mend_type(kind, value))
    if kind in ("enum", "literal_error"):
        known = [part.strip(" '") for part in detail["ctx"]["expected"].replace(" or ", ", ").split(",")]
        return where.fault(at, f"{name}: {kind_of(value)} is none of its words", nearest(str(value), known))
    if kind == "value_error":
        what, _, mend = str(detail["ctx"]["error"]).partition("; ")
        return where.fault(at, f"{name}: {what}", mend)
    message = detail["msg"][:1].lower() + detail["msg"][1:]
    return where.fault(at, f"{name}: {message}, found {kind_of(value)}")


def _name(loc: Loc) -> str:
    """The key, or for an item of a list ``files[0]``."""
    if not loc:
        return "the file"
    return f"{loc[-2]}[{loc[-1]}]" if isinstance(loc[-1], int) and len(loc) > 1 else str(loc[-1])


def _mend_type(kind: str, value: Any) -> str:
    """How to write what was meant."""
    if kind == "string_type" and isinstance(value, bool | int | float):
        return f'quote it: "{str(value).lower() if isinstance(value, bool) else value}"'
    if kind == "bool_type" and isinstance(value, str) and value.lower() in ("yes", "no", "on", "off"):
        return f"write {'true' if value.lower() in ('yes', 'on') else 'false'}"
    if kind in ("list_type", "tuple_type") and not isinstance(value, Mapping | list) and value is not None:
        return f"write [{value}]"
    return ""


def keys_at(model: Any, loc: Loc) -> list[str]:
    """The keys a mapping at that place of the model may have; empty where any key may stand."""
    current: Any = model
    for part in loc:
        current = _inner(current, part)
        if current is None:
            return []
    current = _unwrapped(current)
    if isinstance(current, type) and issubclass(current, BaseModel):
        return [*current.model_fields, *getattr(current, "ALSO", ())]
    if get_origin(current) is dict:
        words = get_args(current)[0]
        return [str(word.value) for word in cast("type[Enum]", words)] if isinstance(words, EnumType) else []
    return []


def _inner(annotation: Any, part: Any) -> Any:
    """The annotation of what stands under that key or index; ``None`` where there is none.

    A model that takes further keys names what stands under them in its class variable ``EXTRA``.
    """
    annotation = _unwrapped(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        found = annotation.model_fields.get(str(part))
        if found is not None:
            return found.annotation
        return getattr(annotation, "EXTRA", None)
    arguments: Sequence[Any] = get_args(annotation)
    if get_origin(annotation) is dict:
        return arguments[1]
    if get_origin(annotation) in (list, tuple):
        return arguments[0]
    return None


def _unwrapped(annotation: Any) -> Any:
    """Without ``Annotated`` and ``| None``."""
    while hasattr(annotation, "__metadata__"):
        annotation = get_args(annotation)[0]
    choices = [choice for choice in get_args(annotation) if choice is not type(None)]
    if type(None) in get_args(annotation) and len(choices) == 1:
        return _unwrapped(choices[0])
    return annotation
