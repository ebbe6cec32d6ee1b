"""The checks of a JavaScript or TypeScript project: its package.json scripts first, else the tools it configures."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field

from orchestrator.domain.failure import CheckKind
from orchestrator.domain.gate import CheckSpec
from orchestrator.gate.facts_node import NodeFacts, read_json
from orchestrator.gate.found import Found
from orchestrator.gate.patterns import matches_any
from orchestrator.gate.toolchains import Scripts, Tool, Toolchains
from orchestrator.gate.tree import Place

_NO_TESTS = re.compile(r"no tests? (?:specified|yet|found)|exit 1$|^(?:true|:|exit 0)?$|^echo ", re.IGNORECASE)
_SOURCES = (".ts", ".tsx", ".mts", ".cts")
_NODE_TEST = re.compile(r"""(?:from|require\()\s*['"]node:test['"]""")
_STRING_OR_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.){0,2000}"|//|/\*')
_ENDS = {"//": "\n", "/*": "*/"}
_TRAILING_COMMA = re.compile(r",([ \t\r\n]{0,200}[}\]])")
_CALL = re.compile(r"(?:npm|pnpm|yarn|bun)(?: run)? ([\w:.-]+)")
_BY_PATTERN = re.compile(
    r"""pnpm(?: run)?(?: (?:--\S{1,40}|-\w))* ["']?/\^(?P<begin>[\w:-]{1,80})(?P<rest>[^/"']{0,10})/["']?"""
)
"""pnpm runs all scripts whose names a pattern matches; only plain beginnings of names are understood."""
_TOGETHER = frozenset({"run-s", "run-p", "npm-run-all", "npm-run-all2"})
_FOLLOWED = 3
_LOOKED_INTO = 40
"""Test files whose imports are read to tell node's own runner."""


def detect_node(place: Place, chains: Toolchains) -> Found:
    """Scripts where they exist, else eslint, biome, prettier, tsc and the test runner, by configuration."""
    if "package.json" not in place.names:
        return Found()
    detector = _Detector(place, chains)
    return detector.said() + detector.lint() + detector.build() + detector.tests()


@dataclass(frozen=True)
class _Detector:
    place: Place
    chains: Toolchains
    facts: NodeFacts = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", NodeFacts(self.place, Place(self.place.tree)))

    def said(self) -> Found:
        facts = self.facts
        if facts.runner == facts.wanted_runner:
            return Found()
        return Found(notes=(f"{facts.wanted_runner} is not installed where the gate runs: npm runs the scripts",))

    def lint(self) -> Found:
        scripts = self._scripts(self.chains.scripts.lint)
        return scripts if scripts.checks else self._tools("lint")

    def build(self) -> Found:
        scripts = self._scripts(self.chains.scripts.build)
        return scripts if scripts.checks else self._tools("build")

    def tests(self) -> Found:
        scripts = self._scripts(self.chains.scripts.test)
        if scripts.checks:
            return scripts
        files = [file for file in self.place.files if matches_any(file, self.chains.test_files.node)]
        if not files:
            return Found()
        found = self._tools("test")
        if found.checks:
            return Found(checks=found.checks[:1], notes=found.notes)
        if any(_NODE_TEST.search(self.place.read(file)) for file in files[:_LOOKED_INTO]):
            return Found(
                checks=(self._spec("node:test", self.chains.tools["node:test"].command, "tests use node:test"),)
            )
        return Found()

    def _scripts(self, names: Scripts) -> Found:
        chosen = self._chosen(names)
        if names is self.chains.scripts.test:
            chosen = [self._own_part(name) for name in chosen]
        return Found(checks=tuple(self._script(names, name, self.facts.scripts[name]) for name in chosen))

    def _chosen(self, names: Scripts) -> list[str]:
        usable = [name for name, body in self.facts.scripts.items() if self._usable(body)]
        first = next((name for name in names.first if name in usable), None)
        return ([first] if first else []) + [name for name in names.also if name in usable]

    def _own_part(self, script: str) -> str:
        """Of ``npm run unit && npm run lint``: the one part that no earlier check runs; else the script as it is.

        A runner that is called by itself can be asked for its reports, and nothing is run twice. What ``run-s test:*``
        and pnpm's ``/^test:/`` run comes to its parts as well, since the runner they need may not be there: the part
        that calls a known runner of tests counts.
        """
        body = self.facts.scripts[script]
        together = self._together(body)
        parts = [_CALL.fullmatch(part.strip()) for part in body.split("&&")]
        called = [part[1] for part in parts if part] if together is None else together
        earlier = {*self._chosen(self.chains.scripts.lint), *self._chosen(self.chains.scripts.build)}
        left = [name for name in called if name not in earlier and name != script]
        if together is not None:
            left = [name for name in left if self._runs_tests(name)] or left
        alone = (together is not None or len(called) == len(parts) > len(left)) and len(left) == 1
        return left[0] if alone and self._usable(self.facts.scripts.get(left[0], "")) else script

    def _together(self, body: str) -> list[str] | None:
        """The scripts that one call runs together, by a pattern of names; ``None`` where the body is no such call."""
        names = list(self.facts.scripts)
        if found := _BY_PATTERN.fullmatch(body.strip()):
            beginning, whole = found["begin"], found["rest"] in {"", ".*", ".+"}
            return [name for name in names if name.startswith(beginning)] if whole else None
        words = body.split()
        if not words or words[0] not in _TOGETHER:
            return None
        wanted = [word.strip("'\"") for word in words[1:] if not word.startswith("-")]
        patterns = [word.replace("**", "*") for word in wanted]
        return [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]

    def _runs_tests(self, name: str) -> bool:
        tool = self.chains.tools.get(self.chains.tool_in(self.body(self.facts.scripts[name])))
        return tool is not None and tool.kind == "test"

    def _usable(self, body: str) -> bool:
        spaced = f" {body} "
        if _NO_TESTS.search(body.strip()) or any(word in spaced for word in self.chains.writing):
            return False
        return not any(word in spaced and f"{word}=false" not in spaced for word in self.chains.watching)

    def _script(self, names: Scripts, script: str, body: str) -> CheckSpec:
        scripts = self.chains.scripts
        kinds = ((scripts.lint, CheckKind.LINT), (scripts.build, CheckKind.BUILD), (scripts.test, CheckKind.TEST))
        return CheckSpec(
            kind=next(kind for group, kind in kinds if group is names),
            command=self.facts.script(script),
            path=self.place.path,
            tool=self.chains.tool_in(self.body(body)),
            origin=self._origin(f"package.json scripts.{script}"),
        )

    def body(self, body: str, depth: int = 0) -> str:
        """What a script comes to: ``npm run other`` is followed where the body names no tool itself."""
        found = re.search(r"\b(?:npm|pnpm|yarn|bun)(?: run)? ([\w:.-]+)", body)
        called = found is not None and found[1] in self.facts.scripts
        if found and called and depth < _FOLLOWED and not self.chains.tool_in(body):
            return self.body(self.facts.scripts[found[1]], depth + 1)
        return body

    def _tools(self, kind: str) -> Found:
        found = Found()
        for name, tool in self.chains.tools.items():
            if tool.ecosystem != "node" or tool.kind != kind or not tool.programs:
                continue
            origin = self._named(tool)
            if origin and kind != "test" and self._missing(tool):
                note = f"{kind}: {name} is named in {origin}, but is not installed where the gate runs"
                found += Found(notes=(f"{note}; install it in `setup`, or give `gate.{kind}`",))
            elif origin:
                command = self.facts.executable(self._command(name, tool))
                found += Found(checks=(self._spec(name, command, origin),))
        return found

    def _missing(self, tool: Tool) -> bool:
        """Of a package below the top nothing is known: its tools may lie in a folder of its own."""
        return self.place.path == "." and not any(self.place.tree.which(program) for program in tool.programs)

    def _named(self, tool: Tool) -> str | None:
        for place in (self.place, self.facts.top):
            if file := place.named(tool.files):
                return file
        if key := next((key for key in tool.keys if key in self.facts.manifest), None):
            return f"package.json {key}"
        if tool.required == "config":
            return None
        package = next((package for package in tool.packages if package in self.facts.packages), None)
        return f"package.json ({package})" if package else None

    def _command(self, name: str, tool: Tool) -> str:
        command = tool.command.format(paths=tool.paths).strip()
        if name == "eslint" and self.place.named((".eslintrc", ".eslintrc.*")) and self._has_types():
            return f"{command} --ext .js,.jsx,.ts,.tsx"
        if name == "tsc":
            config = read_json(_without_comments(self.place.read("tsconfig.json")))
            return "tsc --build" if config.get("references") and not config.get("include") else command
        return command

    def _has_types(self) -> bool:
        return any(file.endswith(_SOURCES) for file in self.place.files)

    def _spec(self, name: str, command: str, origin: str) -> CheckSpec:
        tool = self.chains.tools[name]
        return CheckSpec(
            kind=tool.check,
            command=command,
            path=self.place.path,
            tool=self.chains.parser_of(name),
            origin=self._origin(origin),
        )

    def _origin(self, origin: str) -> str:
        return origin if self.place.path == "." else f"{self.place.path}: {origin}"


def _without_comments(text: str) -> str:
    """JSON with comments and trailing commas, as tsconfig.json has them, made plain; strings are kept."""
    plain: list[str] = []
    at = 0
    while (found := _STRING_OR_COMMENT.search(text, at)) is not None:
        plain.append(text[at : found.start()])
        if found[0] in _ENDS:
            end = text.find(_ENDS[found[0]], found.end())
            at = len(text) if end < 0 else end + len(_ENDS[found[0]])
            plain.append("\n")
        else:
            plain.append(found[0])
            at = found.end()
    return _TRAILING_COMMA.sub(r"\1", "".join((*plain, text[at:])))
