"""What the languages' own libraries offer: Python's standard library (read, its C modules listed), Node's modules and
globals.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import warnings
from collections import Counter
from functools import cache
from pathlib import Path

from orchestrator.failures.index.names import Form, Summary
from orchestrator.failures.index.python_names import summarise

_UNWANTED = frozenset(
    {
        "antigravity",
        "this",
        "idlelib",
        "turtledemo",
        "lib2to3",
        "test",
        "tkinter",
        "turtle",
        "distutils",
        "ensurepip",
        "nturl2path",
        "sre_compile",
        "sre_constants",
        "sre_parse",
        "pyclbr",
        "pydoc_data",
    }
)
"""Modules nobody imports a helper from, or that do something when imported."""
REMOVED = frozenset(
    {
        "asynchat",
        "asyncore",
        "imp",
        "distutils",
        "smtpd",
        "cgi",
        "cgitb",
        "crypt",
        "imghdr",
        "nntplib",
        "pipes",
        "sndhdr",
        "telnetlib",
        "uu",
        "xdrlib",
        "audioop",
        "chunk",
        "aifc",
        "mailcap",
        "msilib",
        "nis",
        "ossaudiodev",
        "spwd",
        "sunau",
        "parser",
        "symbol",
        "formatter",
        "macpath",
        "binhex",
    }
)
"""Once in the standard library (PEP 594, 632 and before): a missing one is a wrong version, not an invention."""
_BUILTIN_TYPES = (
    str, bytes, bytearray, list, dict, set, frozenset, tuple, int, float, complex, bool, range, slice, object, type,
    BaseException, OSError, property, memoryview,
)  # fmt: skip


def is_stdlib(module: str) -> bool:
    """Whether the first part of a dotted name is a module of this Python's standard library."""
    return module.split(".", maxsplit=1)[0] in sys.stdlib_module_names


@cache
def stdlib_modules() -> tuple[str, ...]:
    """Public top-level modules, and the packages' well-known submodules."""
    top = [name for name in sys.stdlib_module_names if not name.startswith("_") and name not in _UNWANTED | REMOVED]
    return tuple(
        sorted(
            [
                *top,
                "collections.abc",
                "concurrent.futures",
                "os.path",
                "urllib.parse",
                "urllib.request",
                "xml.etree.ElementTree",
                "unittest.mock",
                "importlib.metadata",
                "importlib.resources",
                "email.message",
                "http.client",
                "http.server",
                "logging.handlers",
                "asyncio.subprocess",
                "json.decoder",
                "multiprocessing.pool",
            ]
        )
    )


def _listed(module: str) -> frozenset[str]:
    """What a C module of the standard library holds: it has no source to read, so it is loaded and listed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a deprecated module is not the user's doing
        return frozenset(dir(importlib.import_module(module)))


@cache
def stdlib_names(module: str) -> frozenset[str] | None:
    """What a standard module offers; ``None`` where it cannot be told. C modules are asked, sources are read."""
    if not is_stdlib(module) or module.split(".", maxsplit=1)[0] in _UNWANTED:
        return None
    try:
        spec = (
            importlib.util.find_spec(module)
            if "." not in module
            else importlib.util.find_spec(module.split(".", maxsplit=1)[0])
        )
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if (
        spec.origin in {"built-in", "frozen"}
        or (spec.origin or "").endswith((".so", ".pyd", ".dylib"))
        or module == "os.path"
    ):
        return _listed(module)
    base = Path(spec.origin or "")
    for part in module.split(".")[1:]:
        folder = base.parent / part
        base = folder / "__init__.py" if folder.is_dir() else base.parent / f"{part}.py"
    try:
        summary = summarise(module, base.read_bytes(), deep=False)
    except OSError:
        return None
    return _with_stars(module, summary, base)


def _with_stars(module: str, summary: Summary, base: Path) -> frozenset[str]:
    names = set(summary.names) | set(summary.all or ())
    for star in summary.stars:
        target = (
            star.lstrip(".") if not star.startswith(".") else f"{module.split('.', maxsplit=1)[0]}.{star.lstrip('.')}"
        )
        if target == module:
            continue
        if target.startswith("_") and "." not in target:
            try:
                names |= _listed(target)  # C accelerators of standard modules: _socket, _struct
            except ImportError:
                continue
        elif star.startswith(".") and star.strip("."):
            path = base.parent / f"{star.strip('.')}.py"
            if path.is_file():
                inner = summarise(target, path.read_bytes(), deep=False)
                names |= set(inner.all or inner.names)
        else:
            names |= stdlib_names(target) or frozenset()
    if base.name == "__init__.py" and base.parent.is_dir():
        names |= {entry.stem for entry in base.parent.iterdir() if entry.suffix == ".py"}
    return frozenset(names)


@cache
def stdlib_exporters(name: str) -> tuple[str, ...]:
    """Standard modules that offer the public name as their own (not what they merely import)."""
    if name.startswith("_"):
        return ()
    defined = re.compile(
        rb"^(?:async def |def |class )%b\b|^[ \t]*%b\b[^\n]{0,80}[:=]|['\"]%b['\"]" % ((re.escape(name.encode()),) * 3),
        re.MULTILINE,
    )
    needle = name.encode()
    return tuple(
        module for module in stdlib_modules() if _may_hold(module, needle, defined) and name in _public(module)
    )


def _may_hold(module: str, needle: bytes, defined: re.Pattern[bytes]) -> bool:
    """Whether the module's source may define the name, or takes names from a C module; a C module is asked itself."""
    source = _source(module)
    if source is None or (needle in source and defined.search(source) is not None):
        return True
    if b" import *" not in source:
        return False
    return any(_star_holds(module, star.decode(), needle, defined) for star in _STAR.findall(source))


_STAR = re.compile(rb"^[ \t]*from (\.?\w+) import \*", re.MULTILINE)


def _star_holds(module: str, star: str, needle: bytes, defined: re.Pattern[bytes]) -> bool:
    """Whether the C module, or the sibling in a package, that a star takes names from has the name."""
    if star.startswith("."):
        source = _source(f"{module}{star}")
        return bool(source and needle in source and defined.search(source))
    try:
        return star.startswith("_") and needle.decode() in _listed(star)
    except ImportError:
        return False


@cache
def _source(module: str) -> bytes | None:
    try:
        spec = importlib.util.find_spec(module.split(".", maxsplit=1)[0])
    except (ImportError, ValueError):
        return b""
    if spec is None or not (spec.origin or "").endswith(".py"):
        return None
    base = Path(spec.origin or "")
    for part in module.split(".")[1:]:
        folder = base.parent / part
        base = folder / "__init__.py" if folder.is_dir() else base.parent / f"{part}.py"
    try:
        return base.read_bytes()
    except OSError:
        return None


@cache
def _public(module: str) -> frozenset[str]:
    try:
        spec = importlib.util.find_spec(module.split(".", maxsplit=1)[0])
    except (ImportError, ValueError):
        return frozenset()
    names = stdlib_names(module)
    if spec is None or names is None:
        return frozenset()
    origin = spec.origin or ""
    if origin in {"built-in", "frozen"} or not origin.endswith(".py"):
        return frozenset(name for name in names if not name.startswith("_"))
    base = Path(origin)
    for part in module.split(".")[1:]:
        folder = base.parent / part
        base = folder / "__init__.py" if folder.is_dir() else base.parent / f"{part}.py"
    if not base.is_file():
        return frozenset(name for name in names if not name.startswith("_"))
    summary = summarise(module, base.read_bytes(), deep=False)
    if summary.all is not None and not summary.stars:
        return frozenset(summary.all)
    own = {name for name, definition in summary.names.items() if definition.form is not Form.IMPORT}
    if summary.all is not None:
        own |= set(summary.all)
    if summary.stars or not own:
        own |= {name for name in names if name not in summary.names or name in own}
    return frozenset(name for name in own if not name.startswith("_"))


@cache
def builtin_members() -> frozenset[str]:
    """Attributes of Python's built-in types."""
    return frozenset(name for kind in _BUILTIN_TYPES for name in dir(kind))


_OFTEN_NONE = ("re", "datetime", "decimal", "io", "sqlite3", "pathlib", "subprocess", "inspect", "email.message",
"xml.etree.ElementTree", "threading", "socket", "logging", "collections", "types", "zipfile", "argparse")  # fmt: skip
"""Modules whose functions give None where there is nothing, or whose objects are kept in places that start as None."""


@cache
def library_members() -> frozenset[str]:
    """Public attributes of the classes of the standard modules whose objects are missed most (``None.group``)."""
    return frozenset(
        name
        for module in _OFTEN_NONE
        for value in vars(importlib.import_module(module)).values()
        if isinstance(value, type)
        for name in dir(value)
        if not name.startswith("_")
    )


def builtin_type(name: str) -> bool:
    """Whether a type's name is one of Python's own."""
    return name in {kind.__name__ for kind in _BUILTIN_TYPES} or name in {
        "builtin_function_or_method",
        "function",
        "method",
        "generator",
        "module",
        "NoneType",
        "coroutine",
        "dict_keys",
        "dict_values",
        "dict_items",
    }


@cache
def _import_counts(name: str) -> tuple[tuple[str, int], ...]:
    """How often the standard library's own sources import the name from each of its modules."""
    pattern = re.compile(rb"^[ \t]*from ([\w.]+) import [^\n]*\b" + re.escape(name.encode()) + rb"\b", re.MULTILINE)
    counts: Counter[str] = Counter()
    for module in stdlib_modules():
        source = _source(module)
        if source:
            counts.update(match.decode() for match in pattern.findall(source))
    return tuple(counts.items())


def import_counts(name: str) -> Counter[str]:
    """A fresh count of the above, to be added to."""
    return Counter(dict(_import_counts(name)))
