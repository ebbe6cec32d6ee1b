"""A file's signatures without its bodies, with line numbers: what is where, for a tenth of the tokens.

Python by its syntax tree, TypeScript and JavaScript by a line scanner, anything else by a pattern. Not a parser: a
skeleton that misses an odd definition costs a look-up, no more.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
_DECORATED = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
PROSE = frozenset({"md", "rst", "txt", "html", "css", "scss", "json", "yaml", "yml", "toml", "ini", "cfg"})
"""Endings of files that define nothing, though code may be quoted in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A class, function or constant, and the lines it takes."""

    signature: str
    """As written, its body left out; indented by two spaces a level."""
    first: int
    """Line, from 1; a decorator's is its first."""
    line: int
    """Of the signature itself."""
    last: int

    @property
    def depth(self) -> int:
        """0 at the top of the file."""
        return (len(self.signature) - len(self.signature.lstrip())) // 2


def skeleton(path: str, text: str) -> tuple[str, ...]:
    """Signatures in the file's order, each ``LINE: signature``; empty where it defines nothing."""
    return tuple(f"{found.line}: {found.signature}" for found in definitions(path, text))


def definitions(path: str, text: str) -> tuple[Definition, ...]:
    """What the file defines, in its order, members after their class; none in prose and settings."""
    ending = path.rsplit(".", 1)[-1].lower()
    if ending in PROSE:
        return ()
    if ending in {"py", "pyi"} and len(text) <= MAX_PARSED:
        tree = _parsed(text)
        if tree is not None:
            return tuple(_python(tree.body, ""))
    lines = text.split("\n")
    found = list(_script(lines) if ending in _SCRIPTS else _scanned(lines))
    return tuple(_ended(found, lines))


def _ended(found: Sequence[tuple[int, str]], lines: Sequence[str]) -> Iterator[Definition]:
    """Each until the next one that is not inside it, by indentation."""
    depths = [len(lines[number - 1]) - len(lines[number - 1].lstrip()) for number, _ in found]
    for at, (number, signature) in enumerate(found):
        after = (found[later][0] for later in range(at + 1, len(found)) if depths[later] <= depths[at])
        last = next(after, len(lines) + 1) - 1
        while last > number and not lines[last - 1].strip():
            last -= 1
        yield Definition(signature=signature, first=number, line=number, last=last)


def _parsed(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd escapes in the user's code are not ours to tell
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _python(body: list[ast.stmt], indent: str) -> Iterator[Definition]:
    """Classes, functions, and at the top constants."""
    for node in body:
        signature = _signature(node, indent)
        if signature is not None:
            decorators = node.decorator_list if isinstance(node, _DECORATED) else []
            yield Definition(
                signature=_cut(signature),
                first=min((node.lineno, *(decorator.lineno for decorator in decorators))),
                line=node.lineno,
                last=node.end_lineno or node.lineno,
            )
        if isinstance(node, ast.ClassDef):
            yield from _python(node.body, indent + "  ")


def _signature(node: ast.stmt, indent: str) -> str | None:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in (*node.bases, *(word.value for word in node.keywords)))
        return f"{indent}class {node.name}{f'({bases})' if bases else ''}:"
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        start = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
        returns = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
        return f"{indent}{start} {node.name}({ast.unparse(node.args)}){returns}"
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return f"{indent}{node.target.id}: {ast.unparse(node.annotation)}"
    names = (
        [target.id for target in node.targets if isinstance(target, ast.Name)] if isinstance(node, ast.Assign) else []
    )
    return f"{' = '.join(names)} = ..." if names and not indent else None


def _script(lines: list[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, 1):
        head = line[:400]
        if _SCRIPT.match(head):
            indented = head.startswith((" ", "\t"))
            if not (indented and re.match(r"\s*(?:const|let|var)\b", head)):
                yield number, _cut(_headed(head))
        elif (method := _SCRIPT_METHOD.match(head)) and head.rstrip().endswith("{") and method[1] not in _NO_METHOD:
            yield number, _cut("  " + _headed(head).strip())


def _scanned(lines: list[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, 1):
        head = line[:400]
        if _ANY.match(head):
            yield number, _cut(_headed(head))


def _headed(line: str) -> str:
    return line.rstrip().removesuffix("{").rstrip()


def _cut(signature: str) -> str:
    return signature if len(signature) <= MAX_SIGNATURE else signature[:MAX_SIGNATURE] + "..."
