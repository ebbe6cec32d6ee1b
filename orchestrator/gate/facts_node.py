"""What a JavaScript or TypeScript project's own files declare: scripts, dependencies, the package runner."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from orchestrator.gate.tree import Place

_LOCKS = (
    ("pnpm-lock.yaml", "pnpm"),
    ("yarn.lock", "yarn"),
    ("bun.lock", "bun"),
    ("bun.lockb", "bun"),
    ("package-lock.json", "npm"),
    ("npm-shrinkwrap.json", "npm"),
)
_EXEC = {"npm": "npx --no-install", "pnpm": "pnpm exec", "yarn": "yarn run", "bun": "bun x --no-install"}
_GROUPS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")


@dataclass(frozen=True)
class NodeFacts:
    """Read once, asked often. A package.json that does not parse declares nothing."""

    place: Place
    top: Place
    """The repository's top: workspaces keep lock file and tools there."""

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """``package.json``."""
        return read_json(self.place.read("package.json"))

    @cached_property
    def scripts(self) -> Mapping[str, str]:
        """The scripts by name."""
        found = self.manifest.get("scripts")
        found = found if isinstance(found, Mapping) else {}
        return {str(name): body for name, body in found.items() if isinstance(body, str)}

    @cached_property
    def packages(self) -> frozenset[str]:
        """Declared dependencies, here and at the top."""
        manifests = (self.manifest, read_json(self.top.read("package.json")))
        groups = (manifest.get(group) for manifest in manifests for group in _GROUPS)
        return frozenset(str(name) for group in groups if isinstance(group, Mapping) for name in group)

    @cached_property
    def wanted_runner(self) -> str:
        """npm, pnpm, yarn or bun: by ``packageManager``, else by the lock file, else npm."""
        for place in (self.place, self.top):
            named = str(read_json(place.read("package.json")).get("packageManager", "")).partition("@")[0]
            if named in _EXEC:
                return named
            for lock, runner in _LOCKS:
                if lock in place.names:
                    return runner
        return "npm"

    @cached_property
    def runner(self) -> str:
        """The wanted runner where the gate would find it, else npm: it runs the same scripts."""
        wanted = self.wanted_runner
        return wanted if wanted == "npm" or self.place.tree.which(wanted) else "npm"

    def script(self, name: str) -> str:
        """The command that runs a script."""
        return f"{self.runner} test" if name == "test" and self.runner != "bun" else f"{self.runner} run {name}"

    def executable(self, command: str) -> str:
        """The command with the project's own programs in reach."""
        return f"{_EXEC[self.runner]} {command}"


def read_json(text: str) -> dict[str, Any]:
    """The JSON object; empty where it does not parse or is no object."""
    try:
        document = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
