"""Code that reaches into what judges it: the runner's hooks, its assertions, its evidence, the tests beside it. Pure.

What no product needs blocks; what has honest uses is flagged for the review. Lines that a file had before are passed
over. Names are what is seen: code that reaches there without naming anything is not.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_LONGEST_LINE = 5000
_PYTHON = (".py", ".pyi")
_SOURCE = (".py", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".sh")
_JUDGES = (
    r"(?:unittest\.(?:case\.)?)?TestCase\.(?:assert|fail|run|_)\w{0,60}|unittest\.\w{1,60}"
    r"|pytest\.(?:raises|approx|fail|skip|xfail|warns|fixture|mark|importorskip)|(?:np|numpy)\.testing\.\w{1,60}"
)
_MODULES = r"_?pytest|unittest(?:\.\w{1,30})?|(?:\w{1,30}\.)?TestCase|(?:np|numpy)\.testing"
_BLOCKS = (
    ("gate-internals", "names {}, which is the gate's own: only the gate asks for its evidence", False,
     re.compile(r"ORCHESTRATE_SCRATCH|PYTEST_ADDOPTS|NODE_V8_COVERAGE")),
    ("runner-hook", "adds a hook of the test runner, {}: how tests are judged is no part of a change", False,
     re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+(pytest_(?!generate_tests\b)\w{1,60}(?=[ \t]*\()"
                r"|load_tests(?=[ \t]*\([^,()\n]{1,80},[^,()\n]{1,80},[^,()\n]{1,80}\)))")),
    ("runner-hook", "replaces what judges it, {}: a test's assertion stays the library's", False,
     re.compile(
         rf"(?<![\w.])(?:{_JUDGES})[ \t]*=(?!=)|(?<![\w.])setattr\([ \t]*(?:{_MODULES})\b"
         r"|\bsys\.modules\[[ \t]*[\"'](?:pytest|_pytest|unittest|pluggy|coverage)\b[^\]]{0,80}\][ \t]*=(?!=)"
         r"|(?<![\w.])(?:assert|expect)\.\w{1,60}[ \t]*=(?![=>])"
         r"|\bglobalThis\.(?:expect|it|test|describe)[ \t]*=(?![=>])"
     )),
    ("runner-hook", "passes itself off as a matcher of the test library, {}: it would equal whatever is expected", True,
     re.compile(r"\bjest\.asymmetricMatcher\b|\basymmetricMatch\b")),
    ("suppression", "silences the type checker, {}: mend what it hides", False,
     re.compile(r"^[ \t]*@(?:typing\.)?no_type_check\b")),
    ("gate-internals", "writes the coverage that is read of it, {}", False,
     re.compile(r"\bCoverage\.current\(|\bCoverageData\(|\bget_data\(\)\.add_lines\(|\b__coverage__\b|\b__VITEST_COVERAGE__\b"
                r"|\bv8\.(?:take|stop)Coverage\b")),
)  # fmt: skip
"""(code, what is told of the find, whether tests may, pattern)."""
_FLAGS = (
    ("ends the process",
     re.compile(r"\bos\._exit[ \t]*\(|\bpytest\.exit[ \t]*\(|\bprocess\.(?:reallyExit|exit)[ \t]*\([ \t]*0?[ \t]*\)"
                r"|\bprocess\.exitCode[ \t]*=[ \t]*0\b")),
    ("reaches into the test runner",
     re.compile(r"\b_pytest\b|\bpytest_runtest_\w{1,30}|\bxmlpath\b|\bjunitxml\b|\bgc\.get_objects\b|\bsys\.settrace\b"
                r"|\bsys\.monitoring\b|\b(?:jest-circus|@vitest/runner|mocha/lib)\b|\bpytest_plugins\b")),
    ("silences warnings",
     re.compile(r"\bwarnings\.(?:filterwarnings|simplefilter)\([ \t]*[\"']ignore|\bprocess\.removeAllListeners\(")),
)  # fmt: skip
_UNDER_TEST = re.compile(
    r"PYTEST_CURRENT_TEST|PYTEST_VERSION|[\"'](?:pytest|unittest)[\"'][ \t]+in[ \t]+sys\.modules|JEST_WORKER_ID"
    r"|process\.env\.VITEST|NODE_TEST_CONTEXT"
)
"""By which code asks whether it is under test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One line that reaches there."""

    line: int
    """1-based."""
    what: str
    code: str = ""
    """Empty: a flag, no failure."""
    symbol: str = ""


def reaches(
    path: str, before: str, after: str, *, is_test: bool, owns: Callable[[str], bool], plugin: bool
) -> Iterator[Reach]:
    """What the change adds. ``owns``: whether a module of that top-level name is the repository's; ``plugin``: the
    repository is a plug-in of the runner itself, whose hooks are its product.
    """
    if not path.endswith(_SOURCE):
        return
    for number, line in _new_lines(before, after):
        for code, told, tests_may, pattern in _BLOCKS:
            if (hit := pattern.search(line)) and not (is_test and tests_may):
                name = (hit.group(1) if pattern.groups and hit.group(1) else hit.group()).strip()
                hook = code == "runner-hook" and plugin
                yield Reach(line=number, what=told.format(name), code="" if hook else code, symbol=name)
        for what, pattern in _FLAGS:
            if hit := pattern.search(line):
                yield Reach(line=number, what=f"{what}: {hit.group().strip()}")
        if not is_test and (hit := _UNDER_TEST.search(line)):
            yield Reach(line=number, what=f"asks whether it is under test: {hit.group()}")
    if path.endswith(_PYTHON):
        yield from _by_syntax(before, after, is_test=is_test, owns=owns)


def _by_syntax(before: str, after: str, *, is_test: bool, owns: Callable[[str], bool]) -> Iterator[Reach]:
    tree, old = _parsed(after), _parsed(before)
    if tree is None:
        return
    found, had = (
        tuple(_patched_for_all(one, owns) if is_test else _equal_to_all(one)) if one else () for one in (tree, old)
    )
    known = Counter(one.symbol for one in had)
    for one in found:
        if known[one.symbol] > 0:
            known[one.symbol] -= 1
        else:
            yield one


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _equal_to_all(tree: ast.Module) -> Iterator[Reach]:
    """``__eq__`` that says yes to whatever it is given: no assertion on such an object can fail."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "__eq__":
            said = [one for one in node.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
            always = len(said) == 1 and isinstance(said[0], ast.Return) and isinstance(said[0].value, ast.Constant)
            if always and getattr(getattr(said[0], "value", None), "value", None) is True:
                what = "has an __eq__ that says yes to whatever it is given: no assertion on such an object can fail"
                yield Reach(line=node.lineno, what=what, code="equal-to-all", symbol=node.name)


def _patched_for_all(tree: ast.Module, owns: Callable[[str], bool]) -> Iterator[Reach]:
    """A test file that changes the product as it is loaded: every other test then judges that, and not the product."""
    bound: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Import):
            bound.update((alias.asname or alias.name.split(".")[0], alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            bound.update((alias.asname or alias.name, node.module or "") for alias in node.names)
    own = {name for name, module in bound.items() if owns(module.split(".")[0])}
    for node in tree.body:
        for inner in _at_once(node):
            if name := _changes(inner, own):
                what = f"changes {name} as the file is loaded: every other test would judge that, not the product"
                yield Reach(line=node.lineno, what=what, code="patched-for-all", symbol=name)


def _at_once(node: ast.AST) -> Iterator[ast.AST]:
    """What runs as the module is loaded: no function bodies."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _at_once(child)


def _changes(node: ast.AST, own: set[str]) -> str:
    """The product's name that a node changes; empty where it changes none."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AugAssign | ast.AnnAssign):
        targets = [node.target]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr" and node.args:
        return ast.unparse(node.args[0]) if _root(node.args[0]) in own else ""
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "start":
        started = ast.unparse(node.func.value)
        return started[:80] if re.match(r"(?:\w+\.)*patch(?:\.\w+)?\(", started) else ""
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("MonkeyPatch"):
        return "MonkeyPatch()"
    return next((ast.unparse(one) for one in targets if isinstance(one, ast.Attribute) and _root(one) in own), "")


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _new_lines(before: str, after: str) -> Iterator[tuple[int, str]]:
    """Lines that the file did not have, by number; one that is only indented anew is the old one."""
    known = Counter(line.strip() for line in before.split("\n"))
    for number, line in enumerate(after.split("\n"), 1):
        if known[line.strip()] > 0:
            known[line.strip()] -= 1
        else:
            yield number, line[:_LONGEST_LINE]
