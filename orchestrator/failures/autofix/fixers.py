"""The ecosystem's own safe fixers, as command lines for the lane (``Profile.FIXER``): ruff, black, isort, eslint,
oxlint, biome, prettier.

Only the codes that were reported are mended, only in the files they were reported in, only by fixes the tool itself
calls safe. Fixes that rename or drop a variable (F841, ``no-unused-vars``) and the removal of imports are left out:
those are ours.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.domain.failure import Failure
from orchestrator.failures.autofix.python_rewrites import LITERALS, may_rewrite
from orchestrator.failures.autofix.text import SourceText
from orchestrator.failures.view import RepositoryView

FILES_PER_COMMAND = 200
"""Paths on one command line: well below any system's limit."""

_RUFF_CODES = {
    "C0303": "W291", "C0304": "W292", "C0305": "W391", "C0410": "E401", "C0411": "I001", "C0412": "I001",
    "C0413": "I001", "W1309": "F541",
    "W0404": "F811", "W1401": "W605", "C0117": "SIM208", "I002": "I001", "I003": "I001", "I004": "I001",
    "I005": "I001", "I100": "I001",
    "I101": "I001", "I201": "I001", "I202": "I001",
}  # fmt: skip
"""pylint's and flake8-isort's codes by ruff's names for the same findings (ruff 0.17 documentation)."""
_NEVER = frozenset({"F401", "F841", "F811", "ERA001", "T201", "B018"})
"""Codes whose fix takes code away."""
_LAYOUT = re.compile(r"^(?:E[123]\d\d|W[13]\d\d|E70[123]|Q00\d|COM81\d|C0321|C0325)$")
"""pycodestyle's layout codes: a formatter's work."""


_RULE_OFF = {"eslint": "--rule {}:0", "oxlint": "-A {}", "biome": "--skip={}"}
"""How a linter is told to leave a rule alone (eslint 9, oxlint 1, biome 2)."""
_RULE = re.compile(r"@?[\w-]+(?:/[\w-]+)*")
_TYPE_IMPORTS = ("consistent-type-imports", "useImportType")
"""Rules whose fix erases an import at run time, which a framework that reads decorators may need (Nest, Angular)."""
_DECORATOR = re.compile(rb"^[ \t]*@[A-Z]\w*", re.MULTILINE)

_ESLINT_OPTIONS = ("-c", "--config", "--rulesdir", "--resolve-plugins-relative-to")
_UNUSED_NOQA = "RUF100"
"""Is about all other rules: chosen alone, ruff takes every comment for one that is not needed."""
_RUFF_OPTIONS = ("--config", "--line-length", "--target-version")
_RUFF_RULES = ("--select", "--extend-select", "--ignore", "--extend-ignore", "--per-file-ignores")
_FORMATTER_OPTIONS = {
    "black": ("-l", "--line-length", "-t", "--target-version", "--config"),
    "isort": ("--profile", "--settings-path", "--settings-file", "--sp", "-l", "--line-length", "-m", "--multi-line",
              "-p", "--project", "--src"),
}  # fmt: skip
_FLAGS = frozenset(
    {"-S", "--skip-string-normalization", "-C", "--skip-magic-trailing-comma", "--preview", "--sl", "--tc"}
)
"""Options without a value that change what a formatter writes (black 26, isort 9)."""
_PRETTIER_OPTIONS = ("--config", "--ignore-path", "--plugin")


@dataclass(frozen=True, slots=True, kw_only=True)
class FixCommand:
    """One command for the lane, and the files it may change: all others are put back."""

    line: str
    files: tuple[str, ...]


def fix_commands(
    failures: Iterable[Failure], view: RepositoryView, command: str = "", *, kept: Iterable[Failure] = ()
) -> tuple[tuple[FixCommand, ...], tuple[Failure, ...]]:
    """Commands that mend those failures, and the failures no fixer of this repository mends.

    ``command``: the failing check's own, so that its configuration flags are kept. ``kept``: other failures, whose
    rules no fixer may touch in their files.
    """
    tools = Toolbox(view, command)
    ruff: dict[str, set[str]] = {}
    plain: dict[str, set[str]] = {}
    left: list[Failure] = []
    for failure in failures:
        if not failure.file:
            left.append(failure)
            continue
        code = failure.code or ""
        fixer = tools.fixer(failure)
        if fixer is None:
            left.append(failure)
        elif fixer == "ruff check":
            ruff.setdefault(failure.file, set()).add(_ruff_code(failure.tool, code))
        else:
            plain.setdefault(fixer, set()).add(failure.file)
    commands = [*_ruff(ruff, tools)]
    off = _rules_by_file([*kept, *left])
    for name, paths in sorted(plain.items()):
        together: dict[frozenset[str], list[str]] = {}
        for path in sorted(paths):
            together.setdefault(off.get((name.split(maxsplit=1)[0], path), frozenset()), []).append(path)
        for rules, chosen in together.items():
            line = tools.line(name) + "".join(_without(name, rule) for rule in sorted(rules))
            commands.extend(FixCommand(line=f"{line} {_quoted(part)}", files=part) for part in _parts(chosen))
    return tuple(commands), tuple(left)


def _rules_by_file(kept: Iterable[Failure]) -> dict[tuple[str, str], frozenset[str]]:
    """(tool, file) -> rules that stay out of the tool's own fixing."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    for failure in kept:
        if failure.tool in _RULE_OFF and failure.file and _RULE.fullmatch(failure.code or ""):
            key = (failure.tool, failure.file)
            found[key] = found.get(key, frozenset()) | {failure.code or ""}
    return found


def _without(fixer: str, rule: str) -> str:
    tool = fixer.split(maxsplit=1)[0]
    if tool not in _RULE_OFF or (tool == "biome" and not rule.startswith("lint/")):
        return ""
    plain = rule.removeprefix("lint/") if tool == "biome" else rule.replace("@typescript-eslint/", "typescript/")
    return f" {_RULE_OFF[tool].format(shlex.quote(rule if tool == 'eslint' else plain))}"


def _ruff_code(tool: str, code: str) -> str:
    """ruff's own codes stand for themselves: its I002 (a required import) is another finding than flake8-isort's."""
    return code if tool == "ruff" else _RUFF_CODES.get(code, code)


def orders_imports(failure: Failure) -> bool:
    """Whether the finding is about the order of imports."""
    return failure.tool == "isort" or _ruff_code(failure.tool, failure.code or "") == "I001"


def _ruff(files: dict[str, set[str]], tools: Toolbox) -> Iterable[FixCommand]:
    by_codes: dict[tuple[str, ...], list[str]] = {}
    for file, reported in sorted(files.items()):
        alone = (reported - LITERALS - {_UNUSED_NOQA}, reported & LITERALS, reported & {_UNUSED_NOQA})
        for together in filter(None, alone):
            by_codes.setdefault(tuple(sorted(together)), []).append(file)
    for codes, paths in by_codes.items():
        preview = " --preview" if any(_LAYOUT.match(code) for code in codes) else ""
        own = codes == (_UNUSED_NOQA,)
        options = tools.kept("ruff", (*_RUFF_OPTIONS, *(_RUFF_RULES if own else ())))
        chosen = f"{'--fixable' if own else '--select'} {','.join(codes)}"
        for part in _parts(paths):
            safety = "--unsafe-fixes" if LITERALS.issuperset(codes) else "--no-unsafe-fixes"
            yield FixCommand(
                line=f"{tools.program('ruff')} check{options} --fix-only {safety} --exit-zero{preview}"
                f" {chosen} {_quoted(part)}",
                files=part,
            )


def _parts(files: list[str]) -> Iterable[tuple[str, ...]]:
    for start in range(0, len(files), FILES_PER_COMMAND):
        yield tuple(files[start : start + FILES_PER_COMMAND])


def _quoted(files: Iterable[str]) -> str:
    return "-- " + " ".join(shlex.quote(file) for file in files)


class Toolbox:
    """Which fixers the repository uses, told by its files and the failing command."""

    def __init__(self, view: RepositoryView, command: str = "") -> None:
        self.view = view
        self.command = command
        self._texts = {
            name: (view.read(name) or b"").decode("utf-8", "replace")
            for name in ("pyproject.toml", "setup.cfg", "tox.ini", "package.json", ".pre-commit-config.yaml")
        }
        self._names = {path for path in view.paths if path.count("/") <= 1}

    def fixer(self, failure: Failure) -> str | None:
        """The fixer for a failure: ``ruff check``, a formatter, or ``None``."""
        code, tool = failure.code or "", failure.tool
        if code.endswith(_TYPE_IMPORTS) and _DECORATOR.search(self.view.read(failure.file or "") or b""):
            return None
        if tool in {"ruff-format", "black", "isort", "prettier", "biome"}:
            return {"ruff-format": "ruff format", "biome": "biome check"}.get(tool, tool)
        if tool in {"ruff", "flake8", "pylint"}:
            return self._python(failure)
        if tool in {"eslint", "oxlint"}:
            return (
                "prettier"
                if code == "prettier/prettier" and self.uses("prettier") and not self.uses("eslint")
                else tool
            )
        return None

    def _may_rewrite(self, code: str, failure: Failure) -> bool:
        path = failure.file or ""
        data = self.view.read(path)
        return data is not None and may_rewrite(code, failure.line, SourceText.of(path, data))

    def _python(self, failure: Failure) -> str | None:
        tool, code = failure.tool, failure.code or ""
        mapped = _ruff_code(tool, code)
        if mapped in _NEVER or (mapped in LITERALS and not self._may_rewrite(mapped, failure)):
            return None
        if _LAYOUT.match(code) and not code.startswith("W") and tool != "ruff":
            return self.formatter()
        if tool == "ruff" or self.uses("ruff"):
            return "ruff check"
        if mapped in {"I001", "E401"} and self.uses("isort"):
            return "isort"
        return self.formatter() if _LAYOUT.match(code) or code.startswith(("W2", "W3", "E1", "E2", "E3")) else None

    def formatter(self) -> str | None:
        """The repository's Python formatter."""
        if "[tool.black]" in self._texts["pyproject.toml"] or self.uses("black"):
            return "black"
        return "ruff format" if self.uses("ruff") else None

    def uses(self, tool: str) -> bool:
        """Whether the repository's own files, or the failing command, name the tool."""
        if re.search(rf"(?<![\w-]){re.escape(tool)}(?![\w-])", self.command):
            return True
        marks = {
            "ruff": ("ruff.toml", ".ruff.toml"), "prettier": (".prettierrc",), "eslint": ("eslint.config",),
            "biome": ("biome.json",),
            "isort": (".isort.cfg",), "black": (),
        }.get(tool, ())  # fmt: skip
        if any(name.rsplit("/", 1)[-1].startswith(mark) for name in self._names for mark in marks):
            return True
        return any(re.search(rf"(?<![\w-]){re.escape(tool)}(?![\w])", text) for text in self._texts.values())

    def program(self, name: str) -> str:
        """How the tool is started: the project's own npm binary where it is there, else by name."""
        local = self.view.root / "node_modules" / ".bin" / name
        return f"node_modules/.bin/{name}" if local.exists() else name

    def line(self, fixer: str) -> str:
        """The fixer's command without files."""
        if fixer == "ruff format":
            return f"{self.program('ruff')} format{self.kept('ruff', _RUFF_OPTIONS)}"
        if fixer == "biome check":
            return f"{self.program('biome')} check --write"
        if fixer == "eslint":
            return f"{self.program('eslint')}{self.kept('eslint', _ESLINT_OPTIONS)} --fix"
        if fixer == "oxlint":
            return f"{self.program('oxlint')}{self.kept('oxlint', ('-c', '--config'))} --fix"
        if fixer == "prettier":
            return f"{self.program('prettier')}{self.kept('prettier', _PRETTIER_OPTIONS)} --log-level warn --write"
        if fixer in {"black", "isort"}:
            return f"{self.program(fixer)}{self.kept(fixer, _FORMATTER_OPTIONS[fixer])} -q"
        return self.program(fixer)

    def kept(self, tool: str, options: tuple[str, ...]) -> str:
        """The failing command's own configuration options for that tool."""
        try:
            words = shlex.split(self.command)
        except ValueError:
            return ""
        if tool not in [word.rsplit("/", 1)[-1] for word in words]:
            return ""
        kept: list[str] = []
        for index, word in enumerate(words):
            if word in options and index + 1 < len(words):
                kept += [word, words[index + 1]]
            elif (word.partition("=")[0] in options and "=" in word) or (word in _FLAGS and tool in {"black", "isort"}):
                kept.append(word)
        return "".join(f" {shlex.quote(word)}" for word in kept)
