"""A Python file's names, by ``ast``: nothing is imported or run. A file that does not parse is read line by line."""

from __future__ import annotations

import ast
import re
import warnings

from orchestrator.failures.index.names import Definition, Form, Summary

_WORDS_CAP = 20_000
SIZE_CAP = 2_000_000
"""Bytes of a file that is parsed; larger ones are data."""

_DEF = re.compile(r"^(?:async +)?(def|class) +(\w+)", re.MULTILINE)
_IMPORT = re.compile(r"^(?:from +(\S+) +)?import +\(?([^#\n(]*)", re.MULTILINE)
_ASSIGN = re.compile(r"^(\w+) *(?::[^=\n]{0,200})?=(?!=)", re.MULTILINE)


def summarise(path: str, data: bytes, *, deep: bool = True) -> Summary:
    """The names of the file; not ``deep``: only its top level, without members, locals and parameters."""
    if len(data) > SIZE_CAP:
        return Summary(broken=True)
    text = data.decode("utf-8", "replace")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a SyntaxWarning of the user's code is not ours to raise
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _by_lines(path, text)
    reader = _Reader(path)
    try:
        reader.module(tree, deep=deep)
    except RecursionError:
        return _by_lines(path, text)
    return reader.summary


class _Reader:
    def __init__(self, path: str) -> None:
        self.path = path
        self.summary = Summary()

    def module(self, tree: ast.Module, *, deep: bool) -> None:
        for statement in tree.body:
            self._statement(statement)
        for node in ast.walk(tree) if deep else ():
            self._anywhere(node)

    def _define(self, name: str, line: int, form: Form, **more: object) -> None:
        definition = Definition(name=name, file=self.path, line=line, form=form, exported=True, **more)  # type: ignore[arg-type]
        known = self.summary.names.get(name)
        if known is None or (definition.real and not known.real):
            self.summary.names[name] = definition

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._define(node.name, node.lineno, Form.FUNCTION)
            self.summary.dynamic = self.summary.dynamic or node.name == "__getattr__"
        elif isinstance(node, ast.ClassDef):
            self._define(node.name, node.lineno, Form.CLASS)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            self._assign(node)
        elif isinstance(node, ast.TypeAlias if hasattr(ast, "TypeAlias") else ()):
            self._target(node.name, node.lineno)
        else:
            self._block(node)

    def _block(self, node: ast.stmt) -> None:
        guarded = isinstance(node, ast.If) and _is_type_checking(node.test)
        before = set(self.summary.names)
        for name in ("body", "orelse", "finalbody"):
            for child in getattr(node, name, ()):
                self._statement(child)
        for handler in getattr(node, "handlers", ()):
            for child in handler.body:
                self._statement(child)
        if isinstance(node, ast.For | ast.AsyncFor):
            self._target(node.target, node.lineno)
        if guarded:
            for name in set(self.summary.names) - before:
                known = self.summary.names[name]
                self.summary.names[name] = Definition(
                    name=name,
                    file=known.file,
                    line=known.line,
                    form=known.form,
                    module=known.module,
                    original=known.original,
                    type_only=True,
                )

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.split(".")[0]
                self._define(
                    bound, node.lineno, Form.IMPORT, module=alias.name if alias.asname else bound, original="*"
                )
            return
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                self.summary.stars.append(module)
            else:
                self._define(alias.asname or alias.name, node.lineno, Form.IMPORT, module=module, original=alias.name)

    def _assign(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            self._target(target, node.lineno)
            if isinstance(target, ast.Name) and target.id == "__all__" and isinstance(node.value, ast.List | ast.Tuple):
                names = [
                    item.value
                    for item in node.value.elts
                    if isinstance(item, ast.Constant) and isinstance(item.value, str)
                ]
                self.summary.all = (
                    (*(self.summary.all or ()), *names) if isinstance(node, ast.AugAssign) else tuple(names)
                )

    def _target(self, target: ast.expr, line: int) -> None:
        if isinstance(target, ast.Name):
            self._define(target.id, line, Form.VARIABLE)
        elif isinstance(target, ast.Tuple | ast.List):
            for item in target.elts:
                self._target(item, line)
        elif isinstance(target, ast.Starred):
            self._target(target.value, line)

    def _anywhere(self, node: ast.AST) -> None:
        summary = self.summary
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            summary.members.add(node.name)
            names = _parameters(node.args)
            summary.locals |= names
            summary.parameters.setdefault(node.name, []).append(names | ({"**"} if node.args.kwarg else set()))
        elif isinstance(node, ast.Lambda):
            summary.locals |= _parameters(node.args)
        elif isinstance(node, ast.ClassDef):
            summary.members.add(node.name)
            self._class(node)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            summary.locals.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            summary.members.add(node.attr)
        elif isinstance(node, ast.Import):
            summary.imports.extend((alias.name, node.lineno) for alias in node.names)
            summary.locals.update(alias.asname or alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            summary.imports.append(("." * node.level + (node.module or ""), node.lineno))
            summary.locals.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            summary.locals.add(node.name)
        elif isinstance(node, ast.keyword) and node.arg:
            pass

    def _class(self, node: ast.ClassDef) -> None:
        fields: set[str] = set()
        for child in node.body:
            if isinstance(child, ast.Assign | ast.AnnAssign):
                self._class_field(child, fields)
            if isinstance(child, ast.FunctionDef) and child.name in {"__init__", "__new__"}:
                fields |= _parameters(child.args) | ({"**"} if child.args.kwarg else set())
        self.summary.parameters.setdefault(node.name, []).append(fields | ({"**"} if node.keywords else set()))

    def _class_field(self, node: ast.Assign | ast.AnnAssign, fields: set[str]) -> None:
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if not isinstance(target, ast.Name):
                continue
            self.summary.members.add(target.id)
            if target.id == "__slots__" and isinstance(node.value, ast.Tuple | ast.List):
                self.summary.members.update(
                    str(item.value) for item in node.value.elts if isinstance(item, ast.Constant)
                )
            elif isinstance(node, ast.AnnAssign):
                fields.add(target.id)


def _parameters(args: ast.arguments) -> set[str]:
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs, *filter(None, [args.vararg, args.kwarg])]
    return {argument.arg for argument in every}


def _is_type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def _by_lines(path: str, text: str) -> Summary:
    summary = Summary(broken=True)

    def line_of(offset: int) -> int:
        return text.count("\n", 0, offset) + 1

    for match in _DEF.finditer(text):
        form = Form.CLASS if match[1] == "class" else Form.FUNCTION
        summary.names.setdefault(match[2], Definition(name=match[2], file=path, line=line_of(match.start()), form=form))
    for match in _ASSIGN.finditer(text):
        summary.names.setdefault(
            match[1], Definition(name=match[1], file=path, line=line_of(match.start()), form=Form.VARIABLE)
        )
    for match in _IMPORT.finditer(text):
        for part in match[2].split(","):
            original, _, alias = part.strip().partition(" as ")
            name = (alias or original).strip()
            if name.isidentifier():
                definition = Definition(
                    name=name,
                    file=path,
                    line=line_of(match.start()),
                    form=Form.IMPORT,
                    module=match[1] or original,
                    original=original if match[1] else "*",
                )
                summary.names.setdefault(name, definition)
    words = set(re.findall(r"\b[A-Za-z_]\w*", text))
    summary.members |= set(re.findall(r"\bdef +(\w+)", text)) | set(re.findall(r"\bself\.(\w+) *=", text))
    summary.locals |= words if len(words) < _WORDS_CAP else set()
    return summary
