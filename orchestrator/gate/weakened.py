"""Tests that prove less than they did: assertions removed, made trivial or tolerant, tests skipped. Pure.

Python by its syntax tree, test function by test function. It flags, for the review to judge; what it flags in a
protected file blocks (decision 20). It sees forms, not meanings: an assertion rewritten to another value is told as
rewritten, and whether that is right the reviewer says.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from orchestrator.gate.weakened_asserts import worse_asserts
from orchestrator.gate.weakened_script import LEFT_OUT, weakened_script

_SCRIPT = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx")
_TOLERANCES = frozenset({"abs", "rel", "delta", "rtol", "atol", "rel_tol", "abs_tol"})
_PLACES = "places"
"""Of ``assertAlmostEqual``: fewer is wider."""
_SKIPS = frozenset({"skip", "skipif", "skipIf", "skipUnless", "xfail", "expectedFailure", "importorskip", "skipTest"})
_RAISES = frozenset({"raises", "warns", "deprecated_call"})
_BROAD = frozenset({"AssertionError", "Exception", "BaseException"})
_WEAK = (ast.In, ast.NotEq, ast.IsNot, ast.GtE, ast.LtE, ast.Gt, ast.Lt)
_STRICT = (ast.Eq, ast.Is)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakening:
    """One place where a test proves less."""

    path: str
    line: int
    what: str
    leaves_out: bool = False
    """The test keeps others from running (``it.only``): it decides over files that are not its own."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


@dataclass(slots=True)
class _Test:
    """What a test function asserts."""

    line: int
    asserts: list[str] = field(default_factory=list)
    compared: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """Left side -> (its assertion, whether it asks for equality)."""
    trivial: Counter[str] = field(default_factory=Counter)
    skips: Counter[str] = field(default_factory=Counter)
    tolerances: list[tuple[str, float]] = field(default_factory=list)
    swallowed: int = 0


def weakened(path: str, before: str | None, after: str | None) -> tuple[Weakening, ...]:
    """What a change of one test file weakens; a new file can only assert nothing. A deleted one is told elsewhere."""
    if after is None:
        return ()
    if path.endswith(_SCRIPT):
        return tuple(
            Weakening(path=path, line=line, what=what, leaves_out=LEFT_OUT in what)
            for line, what in weakened_script(before, after)
        )
    if not path.endswith(".py"):
        return ()
    new = _tests(after)
    old = _tests(before) if before is not None else {}
    if new is None or old is None:
        return ()
    found: list[Weakening] = []
    for name, test in new.items():
        told = _compared(old[name], test) if name in old else _fresh(test, is_new=name != _MODULE)
        found += [Weakening(path=path, line=test.line, what=f"{name}: {what}") for what in told]
    gone = [name for name in old if name not in new]
    found += [Weakening(path=path, line=1, what=f"{name}: the test is gone") for name in gone]
    return tuple(found)


_MODULE = "the module"


def _tests(text: str) -> dict[str, _Test] | None:
    """Tests by qualified name, and what stands outside of them; ``None`` where the file does not parse."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
    found = {_MODULE: _Test(line=1)}
    _collect(tree.body, "", found)
    return found


def _collect(body: Sequence[ast.stmt], owner: str, found: dict[str, _Test]) -> None:
    for node in body:
        if isinstance(node, ast.ClassDef):
            _read(node.decorator_list, found[_MODULE], label=node.name)
            _collect(node.body, f"{owner}{node.name}::", found)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            test = found[f"{owner}{node.name}"] = _Test(line=node.lineno)
            _read([*node.decorator_list, *node.body], test)
        else:
            _read([node], found[_MODULE])


def _read(nodes: Sequence[ast.AST], test: _Test, label: str = "") -> None:
    for node in nodes:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Assert):
                _assert(inner.test, test)
            elif isinstance(inner, ast.Call):
                _call(inner, test)
            elif isinstance(inner, ast.Try):
                test.swallowed += _swallows(inner)
            elif isinstance(inner, ast.Attribute) and inner.attr in _SKIPS:
                test.skips[f"{inner.attr} {label}".strip()] += 1


def _assert(asked: ast.expr, test: _Test) -> None:
    text = ast.unparse(asked)
    test.asserts.append(text)
    if _always(asked):
        test.trivial[text] += 1
    if isinstance(asked, ast.Compare) and len(asked.ops) == 1 and isinstance(asked.ops[0], (*_STRICT, *_WEAK)):
        test.compared[ast.unparse(asked.left)] = (text, isinstance(asked.ops[0], _STRICT))


def _call(call: ast.Call, test: _Test) -> None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in _RAISES or (name.startswith("assert") and isinstance(call.func, ast.Attribute | ast.Name)):
        test.asserts.append(ast.unparse(call))
        same = name == "assertEqual" and len(call.args) > 1 and ast.dump(call.args[0]) == ast.dump(call.args[1])
        if same or (name == "assertTrue" and call.args and _always(call.args[0])):
            test.trivial[ast.unparse(call)] += 1
    for keyword in call.keywords:
        wanted = keyword.arg in _TOLERANCES or keyword.arg == _PLACES
        if wanted and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, int | float):
            value = float(keyword.value.value)
            test.tolerances.append((str(keyword.arg), -value if keyword.arg == _PLACES else value))


def _always(asked: ast.expr) -> bool:
    """Whether it holds whatever the code does, as far as its form tells."""
    if isinstance(asked, ast.Constant):
        return bool(asked.value)
    if isinstance(asked, ast.Tuple | ast.List):
        return bool(asked.elts)
    if isinstance(asked, ast.BoolOp) and isinstance(asked.op, ast.Or):
        return any(_always(value) for value in asked.values)
    if isinstance(asked, ast.Compare) and len(asked.ops) == 1:
        left, right = asked.left, asked.comparators[0]
        if isinstance(asked.ops[0], ast.Eq | ast.Is | ast.GtE | ast.LtE) and ast.dump(left) == ast.dump(right):
            return True
        counts = isinstance(left, ast.Call) and getattr(left.func, "id", "") == "len"
        return counts and isinstance(asked.ops[0], ast.GtE) and getattr(right, "value", 1) == 0
    return False


def _swallows(node: ast.Try) -> bool:
    """An assertion whose failure the test catches and drops."""
    asserts = any(isinstance(inner, ast.Assert) for part in node.body for inner in ast.walk(part))
    return asserts and any(_drops(handler) for handler in node.handlers)


def _drops(handler: ast.ExceptHandler) -> bool:
    caught = {name.id for name in ast.walk(handler.type) if isinstance(name, ast.Name)} if handler.type else _BROAD
    return bool(caught & _BROAD) and all(
        isinstance(part, ast.Pass | ast.Return | ast.Continue) for part in handler.body
    )


def _compared(old: _Test, new: _Test) -> Iterator[str]:
    yield from worse_asserts(old, new, loosened_word="loosened")
    if widened := _widened(old.tolerances, new.tolerances):
        yield f"tolerance widened: {widened}"
    yield from _worse(old, new)


def _fresh(new: _Test, *, is_new: bool) -> Iterator[str]:
    if is_new and not new.asserts:
        yield "asserts nothing"
    yield from _worse(_Test(line=new.line), new)


def _worse(old: _Test, new: _Test) -> Iterator[str]:
    yield from (f"holds whatever the code does: {text}" for text in new.trivial - old.trivial)
    yield from (f"newly skipped or expected to fail ({mark})" for mark in new.skips - old.skips)
    if new.swallowed > old.swallowed:
        yield "a failed assertion is caught and dropped"


def _widened(old: Sequence[tuple[str, float]], new: Sequence[tuple[str, float]]) -> str:
    """Tolerances of the same name, in their order; one that is new is wider than none."""
    for (name, was), (other, now) in zip(old, new, strict=False):
        if name == other and now > was:
            return f"{name} {abs(was):g} to {abs(now):g}"
    added = new[len(old) :]
    return f"{added[0][0]}={abs(added[0][1]):g} is new" if added and len(new) > len(old) else ""
