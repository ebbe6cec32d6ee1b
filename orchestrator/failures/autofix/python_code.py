"""Edits of Python source: add an import where it belongs, take one out. All by ``ast``."""

from __future__ import annotations

import ast
import re
import sys
import warnings

from orchestrator.failures.autofix.text import SourceText

_LINE_LIMIT = 88
"""Longest line a merged import may have: ruff's and black's default; beyond it a line of its own is added."""


def parse(source: SourceText) -> ast.Module | None:
    """The tree, or ``None`` where it does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


# -- adding ------------------------------------------------------------------------------------------------------------


def add_import(source: SourceText, module: str | None, name: str, alias: str | None, *, own: frozenset[str]) -> bool:
    """Add ``import module`` (``module`` is ``None``: ``import name``) or ``from module import name`` in its sorted
    place.

    ``own``: top-level modules of the project. ``False``: the file does not parse, or would not afterwards.
    """
    tree = parse(source)
    if tree is None:
        return False
    before = list(source.lines)
    block = _import_block(tree)
    if not (module and alias is None and _merge(source, block, module, name)):
        statement = f"from {module} import {name}" if module else f"import {name}"
        if alias and alias != name:
            statement += f" as {alias}"
        _insert(source, tree, block, statement, own)
    if parse(source) is None:
        source.lines = before
        return False
    return True


def _import_block(tree: ast.Module) -> list[ast.Import | ast.ImportFrom]:
    """The file's imports at the top: from the first statement to the first that is none (docstring apart)."""
    block: list[ast.Import | ast.ImportFrom] = []
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            block.append(statement)
        elif (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)) or (
            (isinstance(statement, ast.Assign) and not block)
            or (isinstance(statement, ast.Assign) and _dunder(statement))
        ):
            continue
        elif (block and any(not _future(entry) for entry in block)) or not isinstance(
            statement, ast.If | ast.Try | ast.Assign
        ):
            break
    return block


def _dunder(statement: ast.Assign) -> bool:
    target = statement.targets[0]
    return isinstance(target, ast.Name) and target.id.startswith("__")


def _future(statement: ast.Import | ast.ImportFrom) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _merge(source: SourceText, block: list[ast.Import | ast.ImportFrom], module: str, name: str) -> bool:
    """Put the name into an existing one-line ``from module import ...``."""
    for statement in block:
        if not isinstance(statement, ast.ImportFrom) or "." * statement.level + (statement.module or "") != module:
            continue
        line = source.line(statement.lineno) or ""
        one_line = statement.lineno == statement.end_lineno and "(" not in line and "#" not in line and ";" not in line
        if not one_line or any(alias.asname or alias.name == "*" for alias in statement.names):
            continue
        names = sorted({alias.name for alias in statement.names} | {name}, key=_by_type)
        merged = f"from {module} import {', '.join(names)}"
        if len(merged) <= _LINE_LIMIT:
            source.replace(statement.lineno, merged)
            return True
    return False


def _by_type(name: str) -> tuple[int, str]:
    """isort's and ruff's order: constants, classes, functions."""
    bare = name.lstrip("_")
    rank = 0 if name.isupper() and len(bare) > 1 else 1 if bare[:1].isupper() else 2
    return rank, name


def _group(module: str, own: frozenset[str]) -> int:
    """future, standard library, third party, the project, relative: isort's sections."""
    if module == "__future__":
        return 0
    if module.startswith("."):
        return 4
    top = module.split(".", maxsplit=1)[0]
    return 1 if top in sys.stdlib_module_names else 3 if top in own else 2


def _key(statement: ast.Import | ast.ImportFrom, own: frozenset[str]) -> tuple[int, int, int, str]:
    """isort's default: straight imports before ``from`` in a section; farther relative ones first."""
    if isinstance(statement, ast.Import):
        return _group(statement.names[0].name, own), 0, 0, statement.names[0].name.lower()
    module = "." * statement.level + (statement.module or "")
    return _group(module, own), 1, -statement.level, module.lower()


def _insert(
    source: SourceText, tree: ast.Module, block: list[ast.Import | ast.ImportFrom], text: str, own: frozenset[str]
) -> None:
    statement = ast.parse(text).body[0]
    if not isinstance(statement, ast.Import | ast.ImportFrom):
        return
    key = _key(statement, own)
    keys = [_key(entry, own) for entry in block]
    after = next((entry for entry, other in zip(reversed(block), reversed(keys), strict=True) if other <= key), None)
    if after is not None:
        number = (after.end_lineno or after.lineno) + 1
        source.insert(number, text)
        if _key(after, own)[0] != key[0]:
            source.insert(number, "")
            number += 1
        following = source.line(number + 1)
        if following is not None and not following.startswith(("import ", "from ", " ", ")")):
            _space_after(source, number)
        return
    if block:
        first = block[0].lineno
        source.insert(first, text)
        if keys[0][0] != key[0]:
            source.insert(first + 1, "")
        return
    number = _first_line(source, tree)
    source.insert(number, text)
    _space_after(source, number)
    if number > 1 and (source.line(number - 1) or "").strip():
        source.insert(number, "")


def _space_after(source: SourceText, number: int) -> None:
    """Blank lines between the imports and the code: two before a definition, else one, as isort and black have it."""
    following = number + 1
    while (line := source.line(following)) is not None and not line.strip():
        following += 1
    if line is None:
        return
    wanted = 2 if re.match(r"(?:@|class |def |async def )", line) else 1
    for _ in range(wanted - (following - number - 1)):
        source.insert(number + 1, "")


def _first_line(source: SourceText, tree: ast.Module) -> int:
    """The line after shebang, coding line, leading comments and docstring."""
    body = tree.body
    if (
        body
        and isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
    ):
        number = (body[0].end_lineno or 1) + 1
        return number + 1 if source.line(number) == "" else number
    number = 1
    while (line := source.line(number)) is not None and line.startswith("#"):
        number += 1
    return number + 1 if number > 1 and source.line(number) == "" else number


# -- taking out --------------------------------------------------------------------------------------------------------


def remove_import(source: SourceText, line: int, bound: str) -> bool:
    """Take the import that binds the name at that line out. ``False``: it is not a plain top-level one, or stands
    alone in a block.
    """
    tree = parse(source)
    found = _import_at(tree, line, bound) if tree else None
    if found is None:
        return False
    statement, parent = found
    if not isinstance(parent, ast.Module) or _shares_line(source, statement):
        return False
    kept = [
        alias
        for alias in statement.names
        if (alias.asname or alias.name.split(".")[0]) != bound and (alias.asname or alias.name) != bound
    ]
    before = list(source.lines)
    end = statement.end_lineno or statement.lineno
    if not kept:
        del source.lines[statement.lineno - 1 : end]
        _tidy(source, statement.lineno)
    elif statement.lineno == end:
        source.lines[statement.lineno - 1] = _rebuilt(statement, kept)
    elif not _drop_alias(source, statement, bound):
        return False
    source.changed = True
    if parse(source) is None:
        source.lines = before
        return False
    return True


def _import_at(tree: ast.Module | None, line: int, bound: str) -> tuple[ast.Import | ast.ImportFrom, ast.AST] | None:
    for parent in ast.walk(tree) if tree else ():
        for child in ast.iter_child_nodes(parent):
            if isinstance(child, ast.Import | ast.ImportFrom) and child.lineno <= line <= (
                child.end_lineno or child.lineno
            ):
                for alias in child.names:
                    if bound in {
                        alias.asname,
                        alias.name,
                        alias.name.split(".")[0] if isinstance(child, ast.Import) else None,
                    }:
                        return child, parent
    return None


def imported_at(source: SourceText, line: int, bound: str) -> tuple[str, str, bool] | None:
    """Of the import at that line: its module, the name asked of it (``*``: the module), and whether it is plain and
    top level.
    """
    tree = parse(source)
    found = _import_at(tree, line, bound) if tree else None
    if found is None:
        return None
    statement, parent = found
    if isinstance(statement, ast.Import):
        alias = next(
            alias for alias in statement.names if bound in {alias.asname, alias.name, alias.name.split(".")[0]}
        )
        return alias.name, "*", isinstance(parent, ast.Module)
    module = "." * statement.level + (statement.module or "")
    original = next(alias.name for alias in statement.names if bound in {alias.asname, alias.name})
    return module, original, isinstance(parent, ast.Module)


def _shares_line(source: SourceText, statement: ast.stmt) -> bool:
    line = source.line(statement.lineno) or ""
    last = source.line(statement.end_lineno or statement.lineno) or ""
    return ";" in line or ";" in last or "#" in line or "#" in last or last.rstrip().endswith("\\")


def _rebuilt(statement: ast.Import | ast.ImportFrom, kept: list[ast.alias]) -> str:
    names = ", ".join(alias.name + (f" as {alias.asname}" if alias.asname else "") for alias in kept)
    if isinstance(statement, ast.Import):
        return f"import {names}"
    return f"from {'.' * statement.level}{statement.module or ''} import {names}"


def _drop_alias(source: SourceText, statement: ast.Import | ast.ImportFrom, bound: str) -> bool:
    """In a parenthesised import, the line that holds only that name."""
    alone = re.compile(r"\s*(?:[\w.]+\s+as\s+)?" + re.escape(bound) + r"\s*,?\s*$")
    for number in range(statement.lineno, (statement.end_lineno or statement.lineno) + 1):
        if alone.fullmatch(source.line(number) or ""):
            del source.lines[number - 1]
            return True
    return False


def _tidy(source: SourceText, number: int) -> None:
    """Two blank lines that met where an import stood become what stood there before: no run of blanks grows."""
    above, here = source.line(number - 1), source.line(number)
    if (number == 1 or above == "") and here == "":
        del source.lines[number - 1]
