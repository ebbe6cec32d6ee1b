"""New files that would be taken for another: a module for a tool's, a stub for the source beside it. Pure."""

from __future__ import annotations

from collections.abc import Collection

_TOOLS = (
    "pytest _pytest pluggy iniconfig packaging coverage xdist execnet ruff mypy flake8 pyflakes pycodestyle mccabe "
    "pylint astroid pyright basedpyright bandit isort black importlinter py nose2 hypothesis _hypothesis_pytestplugin "
    "anyio faker syrupy typeguard"
)
"""Modules of the tools themselves: the tree's own folders come before them on the import path."""
_STANDARD = (
    "__future__ abc argparse ast asyncio atexit base64 bdb bisect calendar cmd code codecs codeop collections "
    "concurrent configparser contextlib contextvars copy copyreg csv dataclasses datetime decimal difflib dis doctest "
    "email enum faulthandler fcntl fnmatch fractions functools gc getpass gettext glob hashlib heapq hmac html http "
    "importlib inspect io ipaddress itertools json keyword linecache locale logging math mimetypes multiprocessing "
    "numbers opcode operator os pathlib pdb pickle platform pprint queue random re reprlib runpy select selectors "
    "shlex shutil signal site socket sqlite3 ssl stat statistics string struct subprocess sys sysconfig tempfile "
    "textwrap threading time token tokenize tomllib traceback tracemalloc types typing unicodedata unittest urllib "
    "uuid warnings weakref xml zipfile zlib"
)
"""Modules of the standard library that pytest 9, unittest and coverage 7 have loaded as a run ends."""
_TAKEN = frozenset(f"{_TOOLS} {_STANDARD}".split())
_PLUGIN = ("pytest_", "_pytest_")
"""How the modules of pytest's plug-ins are named."""


def shadowed_module(path: str, base_files: Collection[str], roots: Collection[str] = (".",)) -> str | None:
    """The module of a tool that a new file would be imported in place of; ``None``: of none.

    ``roots``: folders the checks run in; code is imported from these and from their ``src``.
    """
    for root in roots:
        for start in ("src/", "") if root == "." else (f"{root}/src/", f"{root}/"):
            module = path.removeprefix(start).removesuffix("/__init__.py").removesuffix(".py")
            is_import = path.startswith(start) and path.endswith(".py") and "/" not in module
            taken = module in _TAKEN or module.startswith(_PLUGIN)
            if is_import and taken and not _known(start, module, base_files):
                return module
    return None


def stubbed_source(path: str, base_files: Collection[str]) -> str | None:
    """The source that type checkers would no longer read, once a stub of its name stands beside it; ``None``: none.

    Of a folder that has stubs already, one more is the project's own way.
    """
    source = path.removesuffix("i")
    if not path.endswith(".pyi") or path in base_files or source not in base_files:
        return None
    folder = path.rpartition("/")[0]
    shipped = any(file.endswith(".pyi") and file.rpartition("/")[0] == folder for file in base_files)
    return None if shipped else source


def _known(start: str, module: str, base_files: Collection[str]) -> bool:
    """The base has that module or package itself: it is the project's, and stays its own."""
    return f"{start}{module}.py" in base_files or f"{start}{module}/__init__.py" in base_files
