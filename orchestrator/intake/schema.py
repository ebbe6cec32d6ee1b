"""JSON Schema of the two files, for editors; descriptions are the docstrings of the fields."""

from __future__ import annotations

import ast
import inspect
import itertools
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from orchestrator import settings
from orchestrator.intake import documents
from orchestrator.intake.documents import GateSection, ProjectDocument, TasksDocument
from orchestrator.settings import GateLimits, Settings

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ID = r"^[a-z0-9][a-z0-9._-]{0,63}$"


def schema(file: Literal["tasks", "orchestrate"]) -> dict[str, Any]:
    """The schema of that file. It says less than the loader checks (cycles, duplicates), never more."""
    model: type[BaseModel] = TasksDocument if file == "tasks" else ProjectDocument
    _, made = models_json_schema([(model, "validation"), (Settings, "validation")], by_alias=True)
    definitions: dict[str, Any] = made["$defs"]
    _describe(definitions)
    for name in _names(settings):
        definitions.get(name, {}).pop("required", None)  # a layer may name as few settings as it likes
    _join_gate(definitions)
    root = definitions.pop(model.__name__)
    sections = definitions.pop("Settings")["properties"]
    if file == "orchestrate":
        root["properties"].update({key: value for key, value in sections.items() if key != "gate"})
    return {"$schema": DIALECT, "title": f"{file}.yaml", **_without_title(root), "$defs": _used(root, definitions)}


def _join_gate(definitions: dict[str, Any]) -> None:
    """Under ``gate`` stand commands, limits, and folders."""
    gate = definitions[GateSection.__name__]
    gate["properties"].update(definitions[GateLimits.__name__]["properties"])
    gate["additionalProperties"] = {"$ref": "#/$defs/GateEntry"}


def _names(module: Any) -> dict[str, type[BaseModel]]:
    """The models that module and those below it define, by name."""
    found = inspect.getmembers(module, inspect.isclass)
    return {name: one for name, one in found if issubclass(one, BaseModel) and _of(one, module)}


def _of(model: type, *modules: Any) -> bool:
    return any(f"{model.__module__}.".startswith(f"{module.__name__}.") for module in modules)


def _describe(definitions: dict[str, Any]) -> None:
    """Put each field's docstring beside it."""
    for name, model in {**_names(settings), **_names(documents)}.items():
        properties = definitions.get(name, {}).get("properties", {})
        for owner in reversed(model.__mro__):
            if not _of(owner, settings, documents):
                continue
            for field, text in _docstrings(owner):
                if field in properties:
                    properties[field]["description"] = text
        if "id" in properties:
            properties["id"]["pattern"] = _ID


def _docstrings(model: type) -> Iterator[tuple[str, str]]:
    """The string below each field of a class, on one line."""
    made = _classes(model.__module__).get(model.__name__)
    for statement, following in itertools.pairwise(made.body if made else []):
        match statement, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, " ".join(text.replace("``", "`").split())
            case _:
                continue


@cache
def _classes(module: str) -> dict[str, ast.ClassDef]:
    """The classes of a module by name, its text read once."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def _without_title(root: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in root.items() if key != "title"}


def _used(root: Any, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The definitions the schema refers to, at any remove."""
    used: dict[str, Any] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name in definitions and name not in used:
                used[name] = definitions[name]
                waiting.append(definitions[name])
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return dict(sorted(used.items()))
