"""A changed JavaScript or TypeScript file held against the world: imports, ``this``, calls, literals."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator

from orchestrator.failures.existence.missing import Lack, Missing
from orchestrator.failures.existence.script_globals import FUTURE, GLOBALS, KEYWORDS
from orchestrator.failures.existence.script_text import ScriptText
from orchestrator.failures.existence.script_world import ScriptWorld, has_word, package_of
from orchestrator.failures.index.node import node
from orchestrator.failures.near import nearest

_IMPORT = re.compile(
    r"^(?P<word>import|export)(?P<type>[ \t]+type(?= *[\w${*]))?\s*(?P<clause>[\w$*{][^;'\"`()]{0,4000}?)\s*\b"
    r"from\s*(?P<quote>['\"])(?P<module>[^'\"\n]{1,300})['\"]|^import\s*['\"](?P<bare>[^'\"\n]{1,300})['\"]",
    re.MULTILINE,
)
_BUILT = re.compile(
    r"(?:^|/)(?:dist|build|out|lib|esm|cjs|generated|__generated__|\.\w[\w-]*|\+\w+|\$\w+|_?gen|types?)(?:/|$)"
)
_STAGED = re.compile(r"(?:^|/)(?:fixtures?|__fixtures__|testdata|templates?|__mocks__|snapshots?)/")
_THIS = re.compile(r"\bthis\.(?P<name>[A-Za-z_$][\w$]*)(?![\w$])(?!\s*(?:=(?![=>])|\+\+|--|[-+*/|&?]{1,2}=))")
_CALL = re.compile(r"(?<![\w$.#@])(?<!function )(?<!function\* )(?<!new )(?P<name>[A-Za-z_$][\w$]*)\(")
_STATIC = re.compile(
    r"(?<![\w$.])(?P<owner>Object|JSON|Math|Array|Promise|Number|String|Symbol|Date)\.(?P<name>[A-Za-z_$][\w$]*)\("
)
_OF_LITERAL = re.compile(
    r"(?<![\w$)\]}>])\s*(?P<literal>\"[^\"\n]*\"|'[^'\n]*'|\[(?:[^\[\]\n]|\[[^\[\]\n]*\])*\])\.(?P<name>[A-Za-z_$][\w$]*)\("
)
_DEPTH = 5
"""Base classes of the tree followed upwards."""
_EXTENDS = re.compile(r"\bclass\b(?:\s+[\w$]+)?(?:<[^{]*?>)?\s+extends\s+(?P<name>[\w$.]+)")
_BEFORE_VALUE = re.compile(
    r"(?:^|[(,=:;{}!&|?+<>~^%*/-]|\b(?:return|void|typeof|await|case|in|of|yield|delete|throw|default|else|do))\s*$"
)


class ScriptCheck:
    """One file's findings."""

    def __init__(self, world: ScriptWorld, path: str, lines: Collection[int] | None) -> None:
        self.world, self.path, self.lines = world, path, lines
        self.text = ScriptText(world.index.source(path))

    def run(self) -> Iterator[Missing]:
        """What is certainly nowhere."""
        if not self.text.readable or _STAGED.search(self.path) or re.search(r"\.d\.[mc]?ts$", self.path):
            return
        yield from self._imports()
        yield from self._of_this()
        yield from self._of_globals()
        yield from self._of_literals()
        yield from self._calls()

    def _asked(self, offset: int, end: int | None = None) -> bool:
        if self.lines is None:
            return True
        first, last = self.text.line(offset), self.text.line(end if end is not None else offset)
        return any(line in self.lines for line in range(first, last + 1))

    def _missing(self, lack: Lack, symbol: str, offset: int, owner: str = "", near: tuple[str, ...] = ()) -> Missing:
        return Missing(lack=lack, symbol=symbol, owner=owner, line=self.text.line(offset),
                       column=self.text.column(offset), suggestions=near)  # fmt: skip

    # -- imports ------------------------------------------------------------------------------------------------------

    def _imports(self) -> Iterator[Missing]:
        for match in _IMPORT.finditer(self.text.with_strings):
            specifier = match["module"] or match["bare"]
            if not self._asked(match.start(), match.end()) or self._excused(match.start()):
                continue
            lack = self._module(specifier)
            if lack is not None:
                pool = self._beside(specifier) if lack is Lack.MODULE else self.world.index.packages.declared
                near = nearest(posixpath.basename(specifier), pool)
                yield self._missing(
                    lack, specifier if lack is Lack.MODULE else package_of(specifier), match.start(), near=near
                )
            elif match["clause"]:
                yield from self._named(match, specifier)

    def _excused(self, offset: int) -> bool:
        """The line before tells the compiler to look away."""
        line = self.text.line(offset)
        before = self.text.raw.split("\n")[max(0, line - 2) : line]
        return any("@ts-ignore" in text or "@ts-expect-error" in text or "@ts-nocheck" in text for text in before)

    def _module(self, specifier: str) -> Lack | None:
        index = self.world.index
        if "?" in specifier or "!" in specifier or specifier.startswith(("#", "~", "$", "/", "@/", "%")):
            return None
        if specifier.startswith("."):
            base = posixpath.normpath(posixpath.join(posixpath.dirname(self.path), specifier))
            if index.resolve(specifier, self.path) or self.world.rooted or base.startswith(".."):
                return None
            if _BUILT.search(specifier) or self.world.is_declared_ambient(specifier) or self.world.there(base):
                return None
            return Lack.MODULE
        if ":" in specifier:
            return (
                Lack.MODULE
                if specifier.startswith("node:")
                and not node().is_module(specifier)
                and not specifier.startswith(("node:test", "node:sqlite", "node:sea"))
                else None
            )
        if node().is_module(specifier) or node().is_module(specifier.split("/", maxsplit=1)[0]):
            return None
        return Lack.PACKAGE if self.world.package_known(specifier, self.path) is False else None

    def _beside(self, specifier: str) -> set[str]:
        folder = posixpath.dirname(posixpath.normpath(posixpath.join(posixpath.dirname(self.path), specifier)))
        return {posixpath.basename(path).split(".")[0] for path in self.world.index.files("javascript")
                if posixpath.dirname(path) == folder}  # fmt: skip

    def _named(self, match: re.Match[str], specifier: str) -> Iterator[Missing]:
        clause = match["clause"]
        start, end = clause.find("{"), clause.rfind("}")
        if start == -1 or end < start:
            return
        offset = match.start("clause") + start + 1
        for part in clause[start + 1 : end].split(","):
            words = part.split()
            words = words[1:] if words[:1] == ["type"] and len(words) > 1 and words[1] != "as" else words
            place, offset = offset, offset + len(part) + 1
            if not words or words[0] == "default" or not re.fullmatch(r"[A-Za-z_$][\w$]*", words[0]):
                continue
            place += part.index(words[0])
            if self._asked(place) and self._exports(specifier, words[0]) is False:
                target = self.world.index.resolve(specifier, self.path)
                near = nearest(words[0], self.world.near_words([target])) if target else ()
                yield self._missing(Lack.EXPORT, words[0], place, specifier, near)

    def _exports(self, specifier: str, name: str) -> bool | None:
        if self.world.is_declared_ambient(specifier):
            return None
        target = self.world.index.resolve(specifier, self.path)
        if target is not None:
            return self.world.tree_exports_word(target, name) if target != self.path else None
        if specifier.startswith("."):
            return None
        if node().is_module(specifier):
            return False if self.world.node_module_lacks(specifier, name) else None
        return self.world.package_has_word(specifier, name)

    # -- members ------------------------------------------------------------------------------------------------------

    def _of_this(self) -> Iterator[Missing]:
        for match in _THIS.finditer(self.text.code):
            name = match["name"]
            if not self._asked(match.start()) or not self._in_class(match.start()):
                continue
            if self.world.elsewhere(name, re.compile(rf"\bthis\.{re.escape(name)}(?![\w$])(?!\s*=(?![=>]))")):
                continue
            if node().any_member(name) or self._inherited(self.path, name, 0):
                continue
            pool = set(re.findall(r"\bthis\.([A-Za-z_$][\w$]*)", self.text.code)) - {name}
            yield self._missing(Lack.ATTRIBUTE, name, match.start("name"), "this", nearest(name, pool))

    def _in_class(self, offset: int) -> bool:
        """Inside a class, and no plain function between that would have a ``this`` of its own."""
        heads = [block.head for block in self.text.around(offset)]
        classes = [number for number, head in enumerate(heads) if re.search(r"(?:^|\s)class\b", head)]
        if not classes:
            return False
        inside = heads[classes[-1] + 1 :]
        if not inside:
            return False
        return not any(re.search(r"\bfunction\b", head) or re.search(r"[=:(,\[]$", head) for head in inside)

    def _inherited(self, path: str, name: str, depth: int) -> bool:
        """Whether a base class may bring it: one whose declarations hold the word or cannot be read."""
        text = self.text if path == self.path else ScriptText(self.world.index.source(path))
        summary = self.world.index.summary(path)
        for match in _EXTENDS.finditer(text.code):
            base = match["name"].split(".")[0]
            known = summary.names.get(base)
            if known is None:
                return True
            if known.module is None:
                continue
            target = self.world.index.resolve(known.module, path)
            if target is not None:
                if depth > _DEPTH or self._inherited(target, name, depth + 1):
                    return True
            elif self.world.package_has_word(known.module, name) is not False:
                return True
        return re.search(r"\bextends\s*(?:[^\w$\s]|\w+\()", text.code) is not None

    def _of_globals(self) -> Iterator[Missing]:
        for match in _STATIC.finditer(self.text.code):
            owner, name = match["owner"], match["name"]
            if not self._asked(match.start()) or name in FUTURE or owner in self._names:
                continue
            names = node().statics.get(owner)
            if names is None or name in names or self._spelt_elsewhere(name):
                continue
            yield self._missing(Lack.ATTRIBUTE, name, match.start("name"), owner, nearest(name, names))

    def _of_literals(self) -> Iterator[Missing]:
        for match in _OF_LITERAL.finditer(self.text.code):
            name, start = match["name"], match.start("literal")
            if not self._asked(start) or not _BEFORE_VALUE.search(self.text.code[max(0, start - 40) : start]):
                continue
            owner = "Array" if match["literal"].startswith("[") else "String"
            names = node().members.get(owner, frozenset()) | node().members.get("Object", frozenset())
            if name in names or name in FUTURE or self._spelt_elsewhere(name):
                continue
            yield self._missing(Lack.ATTRIBUTE, name, match.start("name"), owner, nearest(name, names))

    def _spelt_elsewhere(self, name: str) -> bool:
        """Whether the tree defines such a member somewhere: a polyfill, an augmented interface."""
        return self.world.elsewhere(name, re.compile(rf"\.{re.escape(name)}\("))

    # -- calls --------------------------------------------------------------------------------------------------------

    @property
    def _names(self) -> Collection[str]:
        return self.world.index.summary(self.path).names

    def _calls(self) -> Iterator[Missing]:
        code = self.text.code
        for match in _CALL.finditer(code):
            name = match["name"]
            if name in KEYWORDS or name in GLOBALS or name in self._names or not self._asked(match.start()):
                continue
            if name in node().globals or not self._is_call(match) or self._bound_here(name):
                continue
            if self.world.index.library_exporters(name, "javascript") or self._auto_imports():
                continue
            if self.world.elsewhere(name, re.compile(rf"(?<![\w$.]){re.escape(name)}\(")) or self._used_elsewhere(name):
                continue
            near = nearest(name, set(self._names))
            yield self._missing(Lack.NAME, name, match.start(), near=near)

    def _is_call(self, match: re.Match[str]) -> bool:
        """Not a method's or a signature's head."""
        code, close = self.text.code, self.text.closing(match.end() - 1)
        if close == -1 or re.match(r"\s*(?:\{|:|=>)", code[close + 1 : close + 40]):
            return False
        around = self.text.around(match.start())
        head = around[-1].head if around else ""
        if re.search(r"(?:^|\s)(?:class|interface|enum|type|declare|namespace|module)\b", head) or re.search(
            r"[=:(,<|&]$", head
        ):
            return False
        before = code[max(0, match.start() - 60) : match.start()]
        return (
            _BEFORE_VALUE.search(before) is not None
            or before.endswith("\n")
            or before.rpartition("\n")[2].strip() == ""
        )

    def _bound_here(self, name: str) -> bool:
        """Whether the word stands in the file otherwise than called: bound, passed, declared, or spelt in a text."""
        called = re.compile(rf"(?<![\w$.])(?<!function )(?<!function\* ){re.escape(name)}\(")
        return has_word(called.sub(" ", self.text.raw), name)

    def _used_elsewhere(self, name: str) -> bool:
        whole = re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])".encode())
        others = (path for path in self.world.index.holding(name, "javascript") if path != self.path)
        return any(whole.search(self.world.index.source(path)) for path in others)

    def _auto_imports(self) -> bool:
        declared = self.world.index.packages.declared
        return any(name in declared for name in ("nuxt", "unplugin-auto-import", "unimport", "@nuxt/kit", "nuxt3"))
