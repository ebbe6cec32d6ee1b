"""Packages: what the manifests declare, and what lies installed in the environment's folders. Read, never imported."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestrator.failures.view import View

_REQUIREMENT_CAP = 200
_REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)")
_REQUIREMENTS_FILE = re.compile(
    r"(?:^|/)(?:[\w.-]*requirements[\w.-]*|constraints[\w.-]*|requirements/[\w.-]+)\.(?:txt|in)$"
)
_SETUP_REQUIRES = re.compile(r"['\"]([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(?:[<>=!~;][^'\"]*)?['\"]")
_TOX_DEPS = re.compile(
    r"^(?:deps|install_requires|tests_require|requires)\s*=[ \t]*((?:\n?[ \t]+[^\n]*|[^\n]+)+)", re.MULTILINE
)
MANIFEST_DEPTH = 3
"""Folders below the top that manifests and compiler options are looked for in."""
MANIFESTS = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "tox.ini",
    "Pipfile",
    "environment.yml",
    "package.json",
    "Cargo.toml",
    "go.mod",
)

_REQUIRES = re.compile(r"^Requires-Dist: *([A-Za-z0-9][\w.-]{0,100})", re.MULTILINE)
_METADATA_CAP = 200_000
"""Characters of one distribution's METADATA; its head names what it requires."""


def normalised(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


class Packages:
    """Declared and installed packages of one view."""

    def __init__(self, view: View, distributions: Mapping[str, str]) -> None:
        self.view = view
        self.distributions = distributions

    @cached_property
    def declared(self) -> frozenset[str]:
        """Distributions and npm packages any manifest names, normalised (npm names as they are)."""
        found: set[str] = set()
        for path in self.view.paths:
            name = path.rsplit("/", 1)[-1]
            if name not in MANIFESTS and not _REQUIREMENTS_FILE.search(path):
                continue
            if path.count("/") > MANIFEST_DEPTH:
                continue
            text = (self.view.read(path) or b"").decode("utf-8", "replace")
            found.update(_declared_in(name, text))
        return frozenset(found)

    def declares(self, module: str) -> bool:
        """Whether a manifest names what a Python module or npm specifier comes from."""
        if not self.declared:
            return False
        return any(name in self.declared for name in self.candidates(module))

    def candidates(self, module: str) -> tuple[str, ...]:
        """Names under which the module's package may be declared."""
        if module.startswith("@") or "/" in module:
            parts = module.split("/")
            package = "/".join(parts[:2]) if module.startswith("@") else parts[0]
            return package, "@types/" + package.removeprefix("@").replace("/", "__")
        top = module.split(".", maxsplit=1)[0]
        name = normalised(top)
        mapped = self.distributions.get(top)
        metadata = self.installed_distributions.get(top, ())
        extra = (
            f"py{name}",
            f"python-{name}",
            f"{name}-python",
            f"types-{name}",
            f"{name}2",
            f"{name}-py",
            f"lib{name}",
            f"types-{normalised(mapped)}" if mapped else "",
        )
        return tuple(
            dict.fromkeys(
                [
                    module,
                    top,
                    name,
                    *([normalised(mapped)] if mapped else []),
                    *map(normalised, metadata),
                    *filter(None, extra),
                ]
            )
        )

    @cached_property
    def site_packages(self) -> tuple[Path, ...]:
        """Folders that hold installed Python packages."""
        roots = [
            root for root in getattr(self.view, "environment", ()) if root.name in {"site-packages", "dist-packages"}
        ]
        top: Path | None = getattr(self.view, "root", None)
        if top is not None:
            for name in (".venv", "venv"):
                roots.extend(sorted(top.glob(f"{name}/lib/python3*/site-packages")))
        return tuple(root for root in roots if root.is_dir())

    @cached_property
    def node_modules(self) -> tuple[Path, ...]:
        """Folders that hold installed npm packages."""
        roots = [root for root in getattr(self.view, "environment", ()) if root.name == "node_modules"]
        top: Path | None = getattr(self.view, "root", None)
        if top:
            roots.append(top / "node_modules")
        return tuple(root for root in roots if root.is_dir())

    @cached_property
    def installed_distributions(self) -> Mapping[str, tuple[str, ...]]:
        """Import name -> distributions that bring it, by their ``top_level.txt`` or ``RECORD``."""
        found: dict[str, tuple[str, ...]] = {}
        for root in self.site_packages:
            for info in root.glob("*.dist-info"):
                name = info.name.split("-")[0]
                for top in _top_level(info):
                    found[top] = (*found.get(top, ()), name)
        return found

    def asked_for(self, module: str) -> bool:
        """Whether an installed distribution names the module's package among its requirements, extras included: then
        it is one that exists, installed or not.
        """
        return any(name in self._requirements for name in self.candidates(module))

    @cached_property
    def _requirements(self) -> frozenset[str]:
        found: set[str] = set()
        for root in self.site_packages:
            for metadata in root.glob("*.dist-info/METADATA"):
                text = metadata.read_text(encoding="utf-8", errors="replace")[:_METADATA_CAP]
                found.update(normalised(name) for name in _REQUIRES.findall(text.partition("\n\n")[0]))
        return frozenset(found)

    def python_module(self, module: str) -> Path | None:
        """Where an installed module's source or stub lies; stubs first."""
        parts = module.split(".")
        for root in self.site_packages:
            for head in (f"{parts[0]}-stubs", parts[0]):
                base = root.joinpath(head, *parts[1:])
                for candidate in (
                    base / "__init__.pyi",
                    base.with_suffix(".pyi"),
                    base / "__init__.py",
                    base.with_suffix(".py"),
                ):
                    if candidate.is_file():
                        return candidate
                if base.is_dir() or any(base.parent.glob(f"{base.name}.*.so") if base.parent.is_dir() else ()):
                    return base
        return None

    def npm_package(self, specifier: str) -> Path | None:
        """The folder of the installed npm package a specifier means."""
        package = self.candidates(specifier)[0] if "/" in specifier or specifier.startswith("@") else specifier
        for root in self.node_modules:
            folder = root / package
            if folder.is_dir():
                return folder
        return None

    def npm_types(self, specifier: str) -> Path | None:
        """The type declarations of an npm specifier, or its JavaScript where there are none."""
        package = self.candidates(specifier)[0] if "/" in specifier or specifier.startswith("@") else specifier
        subpath = specifier.removeprefix(package).lstrip("/")
        typed = "@types/" + package.removeprefix("@").replace("/", "__")
        for name in (package, typed):
            folder = self.npm_package(name)
            if folder is not None and (entry := _npm_entry(folder, subpath)):
                return entry
        return None


def _declared_in(name: str, text: str) -> Iterator[str]:
    if name == "package.json":
        yield from _package_json(text)
    elif name in {"pyproject.toml", "Pipfile", "Cargo.toml"}:
        yield from _toml(text)
    elif name == "setup.py":
        yield from (normalised(match) for match in _SETUP_REQUIRES.findall(text))
    elif name in {"setup.cfg", "tox.ini"}:
        for block in _TOX_DEPS.findall(text):
            for line in block.splitlines():
                if match := _REQUIREMENT.match(line.split(":")[-1]):
                    yield normalised(match[1])
    else:
        for line in text.splitlines():
            if match := _REQUIREMENT.match(line.lstrip("- ")):
                yield normalised(match[1])


def _package_json(text: str) -> Iterator[str]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return
    for key in ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies"):
        entry = data.get(key) if isinstance(data, dict) else None
        if isinstance(entry, dict):
            yield from map(str, entry)
    if isinstance(data, dict) and isinstance(data.get("name"), str):
        yield data["name"]


def _toml(text: str) -> Iterator[str]:
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError):
        for line in text.splitlines():
            if match := re.match(r"^\s*['\"]([A-Za-z0-9][\w.-]*)|^([A-Za-z0-9][\w-]*)\s*=\s*[\"{]", line):
                yield normalised(match[1] or match[2])
        return
    yield from _requirements_of(data)


def _requirements_of(data: Any, key: str = "") -> Iterator[str]:
    """Requirement strings and dependency tables, wherever TOML holds them (PEP 621, 735, poetry, hatch, cargo)."""
    if isinstance(data, dict):
        for name, value in data.items():
            if "dependencies" in key or key in {"packages", "dev-packages"}:
                yield normalised(str(name))
            yield from _requirements_of(
                value, str(name) if not isinstance(value, list) or "dependenc" not in key else key
            )
    elif isinstance(data, list) and (
        key
        in {
            "dependencies",
            "requires",
            "dev",
            "test",
            "tests",
            "docs",
            "extra-dependencies",
            "dev-dependencies",
            "optional-dependencies",
            "dependency-groups",
        }
        or "depend" in key
        or key.isidentifier()
    ):
        for item in data:
            if (
                isinstance(item, str)
                and (match := _REQUIREMENT.match(item))
                and len(item) < _REQUIREMENT_CAP
                and "/" not in item.split(";")[0]
            ):
                yield normalised(match[1])


def _top_level(info: Path) -> tuple[str, ...]:
    listed = info / "top_level.txt"
    if listed.is_file():
        return tuple(listed.read_text(encoding="utf-8", errors="replace").split())
    record = info / "RECORD"
    if not record.is_file():
        return ()
    tops = set()
    for line in record.read_text(encoding="utf-8", errors="replace").splitlines()[:5000]:
        head = line.split(",")[0].split("/")[0]
        if not head.endswith((".dist-info", ".data", "..")):
            tops.add(head.removesuffix(".py"))
    return tuple(tops)


def _npm_entry(folder: Path, subpath: str) -> Path | None:
    if subpath:
        base = folder / subpath
        return next(
            (
                path
                for path in (
                    base.with_name(base.name + ".d.ts"),
                    base / "index.d.ts",
                    base.with_name(base.name + ".js"),
                    base / "index.js",
                    base,
                )
                if path.is_file()
            ),
            None,
        )
    try:
        manifest = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        manifest = {}
    named = [
        manifest.get("types"),
        manifest.get("typings"),
        *_exported_types(manifest.get("exports")),
        "index.d.ts",
        manifest.get("module"),
        manifest.get("main"),
        "index.js",
    ]
    for name in named:
        if isinstance(name, str) and (folder / name).is_file():
            return folder / name
        if isinstance(name, str) and (folder / f"{name}.d.ts").is_file():
            return folder / f"{name}.d.ts"
    return None


def _exported_types(exports: Any) -> Iterator[str]:
    """``types`` conditions of an exports map's main entry."""
    entry = exports.get(".", exports) if isinstance(exports, dict) else None
    stack = [entry]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if isinstance(value.get("types"), str):
                yield value["types"]
            stack.extend(
                child for key, child in value.items() if key in {"import", "require", "default", "node", "types"}
            )
