"""A file's signatures without its bodies, with line numbers: what is where, for a tenth of the tokens.

Python by its syntax tree, TypeScript and JavaScript by a line scanner, anything else by a pattern. Not a parser: a
skeleton that misses an odd definition costs a look-up, no more.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

MAX_SIGNATURE = 160
MAX_PARSED = 400_000
"""Characters; longer files are scanned by the pattern alone."""

_SCRIPT = re.compile(
    r"^[ ]{0,4}(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?"
    r"(?:(?:async\s+)?function\*?\s+[\w$]+|class\s+[\w$]+|interface\s+[\w$]+|type\s+[\w$]+|enum\s+[\w$]+|namespace\s+[\w$.]+"
    r"|(?:const|let|var)\s+[\w$]+)"
)
_SCRIPT_METHOD = re.compile(
    r"^(?: {2,4}|\t)(?:(?:public|private|protected|static|async|readonly|override|get|set)\s+){0,4}"
    r"#?([\w$]+)\s*(?:<[^>]{0,80}>)?\("
)
_NO_METHOD = frozenset(
    {"if", "for", "while", "switch", "catch", "return", "function", "await", "super", "constructor", "throw"}
)
_ANY = re.compile(
    r"^\s{0,8}(?:(?:pub|public|private|protected|internal|static|final|abstract|export|async|unsafe|inline|override)"
    r"(?:\([^)]{0,20}\))?\s+){0,5}"
    r"(?:def|class|func|fn|struct|trait|impl|interface|enum|module|type|record|object|sub|function|namespace|macro_rules!)\s+\S"
)
_SCRIPTS = frozenset({"ts", "tsx", "js", "jsx", "mjs", "cjs", "mts", "cts", "vue", "svelte"})


def skeleton(path: str, text: str) -> tuple[str, ...]:
    """Signatures in the file's order, each ``LINE: signature``; empty where it defines nothing."""
    ending = path.rsplit(".", 1)[-1].lower()
    if ending in {"py", "pyi"} and len(text) <= MAX_PARSED:
        tree = _parsed(text)
        if tree is not None:
            return tuple(_python(tree.body, ""))
    lines = text.split("\n")
    return tuple(_script(lines) if ending in _SCRIPTS else _scanned(lines))


def _parsed(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd escapes in the user's code are not ours to tell
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _python(body: list[ast.stmt], indent: str) -> Iterator[str]:
    """Classes, functions, and at the top constants."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            bases = ", ".join(ast.unparse(base) for base in (*node.bases, *(word.value for word in node.keywords)))
            yield _cut(node.lineno, f"{indent}class {node.name}{f'({bases})' if bases else ''}:")
            yield from _python(node.body, indent + "  ")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            start = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
            returns = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
            yield _cut(node.lineno, f"{indent}{start} {node.name}({ast.unparse(node.args)}){returns}")
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield _cut(node.lineno, f"{indent}{node.target.id}: {ast.unparse(node.annotation)}")
        elif isinstance(node, ast.Assign) and not indent:
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            if names:
                yield _cut(node.lineno, f"{' = '.join(names)} = ...")


def _script(lines: list[str]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        head = line[:400]
        if _SCRIPT.match(head):
            indented = head.startswith((" ", "\t"))
            if not (indented and re.match(r"\s*(?:const|let|var)\b", head)):
                yield _cut(number, _headed(head))
        elif (method := _SCRIPT_METHOD.match(head)) and head.rstrip().endswith("{") and method[1] not in _NO_METHOD:
            yield _cut(number, "  " + _headed(head).strip())


def _scanned(lines: list[str]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        head = line[:400]
        if _ANY.match(head):
            yield _cut(number, _headed(head))


def _headed(line: str) -> str:
    return line.rstrip().removesuffix("{").rstrip()


def _cut(number: int, signature: str) -> str:
    line = signature if len(signature) <= MAX_SIGNATURE else signature[:MAX_SIGNATURE] + "..."
    return f"{number}: {line}"
