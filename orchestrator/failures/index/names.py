"""The words of the index: what a file defines, imports and gives away."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Form(StrEnum):
    """How a name comes to stand in a module."""

    FUNCTION = "function"
    CLASS = "class"
    VARIABLE = "variable"
    TYPE = "type"
    IMPORT = "import"
    REEXPORT = "reexport"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One name of a module."""

    name: str
    file: str
    line: int
    form: Form
    exported: bool = True
    module: str | None = None
    """Where an import or re-export takes it from, as written (``./x``, ``..pkg``, ``math``)."""
    original: str | None = None
    """Its name there; ``None``: the same, ``*``: the whole module."""
    type_only: bool = False
    default: bool = False

    @property
    def real(self) -> bool:
        """Defined here, not passed on."""
        return self.form not in {Form.IMPORT, Form.REEXPORT}


@dataclass(slots=True)
class Summary:
    """What one file says about names. ``broken``: it could not be parsed, the names are a guess by lines."""

    names: dict[str, Definition] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    """Attributes: methods, class fields, ``self.x``, keys."""
    locals: set[str] = field(default_factory=set)
    """Names bound inside functions: parameters and variables."""
    parameters: dict[str, list[set[str]]] = field(default_factory=dict)
    """Function or class name -> the parameter names of each definition; ``**`` stands for open keywords."""
    stars: list[str] = field(default_factory=list)
    """Modules whose every export is passed on (``from x import *``, ``export * from 'x'``)."""
    all: tuple[str, ...] | None = None
    """``__all__``, where it is a plain list."""
    imports: list[tuple[str, int]] = field(default_factory=list)
    """Modules imported, with the line."""
    dynamic: bool = False
    """A module-level ``__getattr__``, or exports computed at run time."""
    broken: bool = False
    effects: bool = False
    """Statements at module level that do something besides defining (JavaScript only)."""
