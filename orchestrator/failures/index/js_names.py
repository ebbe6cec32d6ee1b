"""A JavaScript or TypeScript file's names, by a linear scan of its lines: imports, exports, top-level declarations.

No parser is needed for what modules give each other: imports and exports are statements of their own. Comments are cut
first. Limits, on purpose: only declarations at the left margin are top level; computed exports mark the file dynamic.
"""

from __future__ import annotations

import re

from orchestrator.failures.index.js_effects import acts
from orchestrator.failures.index.names import Definition, Form, Summary

SIZE_CAP = 2_000_000
SUFFIXES = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".vue", ".svelte")

_COMMENT = re.compile(r"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|(?m:^[ \t]*//[^\n]*$)")
_DECLARATION = re.compile(
    r"^(?P<export>export +)?(?P<default>default +)?(?:declare +)?(?:abstract +)?(?:async +)?"
    r"(?P<word>function\*?|class|interface|type|enum|const +enum|const|let|var|namespace"
    r"|module) *(?P<name>[A-Za-z_$][\w$]*|\{[^}]{0,2000}\}|\[[^\]]{0,2000}\])",
    re.MULTILINE,
)
_FROM = re.compile(
    r"^[ \t]*(?P<word>import|export)(?P<type> +type(?= *[\w${*]))?\s*(?P<clause>[\w$*{][^;'\"`()]{0,4000}?)\s*\b"
    r"from\s*['\"](?P<module>[^'\"\n]{1,400})['\"]",
    re.MULTILINE,
)
_BARE = re.compile(r"^[ \t]*import\s*['\"]([^'\"\n]{1,400})['\"]", re.MULTILINE)
_EXPORT_LIST = re.compile(r"^export\s*(?P<type>type\s*)?\{([^}]{0,4000})\}(?!\s*from)", re.MULTILINE)
_EXPORT_DEFAULT = re.compile(r"^export +default +(?!function|class|async|abstract)([A-Za-z_$][\w$]*)?", re.MULTILINE)
_REQUIRE = re.compile(
    r"^(?:const|let|var) +(?P<clause>[\w$]+|\{[^}]{0,2000}\}) *= *require\(['\"](?P<module>[^'\"\n]{1,400})['\"]\)",
    re.MULTILINE,
)
_COMMONJS = re.compile(r"^(?:module\.)?exports\.([A-Za-z_$][\w$]*) *=", re.MULTILINE)
_COMMONJS_OBJECT = re.compile(r"^module\.exports *= *\{([^}]{0,8000})\}", re.MULTILINE)
_COMMONJS_WHOLE = re.compile(
    r"^module\.exports *= *"
    r"(?:(?:class|(?:async +)?function\*?) +([A-Za-z_$][\w$]*)|([A-Za-z_$][\w$]*)(?= *;?[ \t\r]*$))?",
    re.MULTILINE,
)
WHOLE = "module.exports"
"""The key under which a CommonJS file keeps what it gives as a whole; its own name there is ``original``."""
_DYNAMIC_IMPORT = re.compile(r"\bimport\(\s*['\"]([^'\"\n]{1,400})['\"]|\brequire\(\s*['\"]([^'\"\n]{1,400})['\"]\s*\)")
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")
_TYPES = frozenset({"interface", "type"})


def summarise(path: str, data: bytes) -> Summary:
    """The names of the file."""
    if len(data) > SIZE_CAP:
        return Summary(broken=True)
    text = without_comments(data)
    summary = _named(path, text)
    lines = _Lines(text)
    for match in _BARE.finditer(text):
        summary.imports.append((match[1], lines.of(match.start())))
    summary.imports.extend((match[1] or match[2], lines.of(match.start())) for match in _DYNAMIC_IMPORT.finditer(text))
    summary.effects = acts(text)
    return summary


def without_comments(data: bytes) -> str:
    """The text, its comments cut, its lines where they were."""
    return _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), data.decode("utf-8", "replace"))


def names(path: str, text: str) -> dict[str, Definition]:
    """Only the module-level names of a text without comments."""
    return _named(path, text).names


def _named(path: str, text: str) -> Summary:
    summary = Summary()
    lines = _Lines(text)
    _declarations(path, text, lines, summary)
    for match in _FROM.finditer(text):
        _clause(path, match, lines.of(match.start()), summary)
    _lists(path, text, lines, summary)
    _commonjs(path, text, lines, summary)
    return summary


class _Lines:
    """Line numbers of growing offsets, counted once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.offset = 0
        self.line = 1

    def of(self, offset: int) -> int:
        if offset < self.offset:
            self.offset, self.line = 0, 1
        self.line += self.text.count("\n", self.offset, offset)
        self.offset = offset
        return self.line


def _declarations(path: str, text: str, lines: _Lines, summary: Summary) -> None:
    for match in _DECLARATION.finditer(text):
        word, exported, default = match["word"], bool(match["export"]), bool(match["default"])
        form = (
            Form.TYPE
            if word in _TYPES
            else Form.CLASS
            if word == "class"
            else Form.FUNCTION
            if word.startswith("function")
            else Form.VARIABLE
        )
        names = _bound(match["name"]) if match["name"][0] in "{[" else [match["name"]]
        for name in names:
            _put(
                summary,
                Definition(
                    name=name, file=path, line=lines.of(match.start()), form=form, exported=exported, default=default
                ),
            )
        if default:
            _put(
                summary,
                Definition(
                    name="default",
                    file=path,
                    line=lines.of(match.start()),
                    form=form,
                    original=names[0] if names else None,
                    default=True,
                ),
            )


def _put(summary: Summary, definition: Definition) -> None:
    known = summary.names.get(definition.name)
    if (
        known is None
        or (definition.exported and not known.exported)
        or (definition.form is not Form.TYPE and known.form is Form.TYPE)
    ):
        summary.names[definition.name] = definition


def _bound(pattern: str) -> list[str]:
    """Names a destructuring pattern binds: of ``{ a, b: c = 1, ...d }`` a, c, d."""
    return [target for target, _ in _taken(pattern)]


def _taken(pattern: str) -> list[tuple[str, str]]:
    """The same with the key each is taken from: a of a, c of b, d of d."""
    found: list[tuple[str, str]] = []
    for part in pattern.strip("{}[] \n").split(","):
        key, _, value = part.split("=")[0].rpartition(":")
        target = value.strip().lstrip(". ")
        if _IDENTIFIER.fullmatch(target):
            found.append((target, key.strip() or target))
    return found


def _clause(path: str, match: re.Match[str], line: int, summary: Summary) -> None:
    """``import a, { b as c, type D }, * as e from 'm'`` and the same of ``export``."""
    exporting, module, type_only = match["word"] == "export", match["module"], bool(match["type"])
    summary.imports.append((module, line))
    clause = match["clause"]
    start, end = clause.find("{"), clause.rfind("}")
    inside = clause[start + 1 : end] if start != -1 and end > start else ""
    outside = clause[:start] + clause[end + 1 :] if start != -1 else clause
    form = Form.REEXPORT if exporting else Form.IMPORT

    def put(name: str, original: str, *, typed: bool = type_only) -> None:
        found = Definition(
            name=name,
            file=path,
            line=line,
            form=form,
            exported=exporting,
            module=module,
            original=original,
            type_only=typed,
        )
        _put(summary, found)

    for part in inside.split(","):
        words = part.split()
        typed = type_only or (len(words) > 1 and words[0] == "type" and words[1] != "as")
        words = words[1:] if words[:1] == ["type"] and len(words) > 1 and words[1] != "as" else words
        if words and _IDENTIFIER.fullmatch(words[-1]):
            put(words[-1], words[0], typed=typed)
    for part in outside.split(","):
        words = part.split()
        if words == ["*"]:
            summary.stars.append(module)
        elif words[:2] == ["*", "as"] and len(words) == len(("*", "as", "name")):
            put(words[2], "*")
        elif len(words) == 1 and _IDENTIFIER.fullmatch(words[0]):
            put(words[0], "default")


def _lists(path: str, text: str, lines: _Lines, summary: Summary) -> None:
    for match in _EXPORT_LIST.finditer(text):
        for part in match[2].split(","):
            words = [word for word in part.split() if word != "type" or part.split() == ["type"]]
            if words and _IDENTIFIER.fullmatch(words[-1]):
                known = summary.names.get(words[0])
                summary.names[words[-1]] = Definition(
                    name=words[-1], file=path, line=known.line if known else lines.of(match.start()),
                    form=known.form if known else Form.VARIABLE,
                    module=known.module if known else None, original=words[0], type_only=bool(match["type"]),
                )  # fmt: skip
    for match in _EXPORT_DEFAULT.finditer(text):
        _put(
            summary,
            Definition(
                name="default",
                file=path,
                line=lines.of(match.start()),
                form=Form.VARIABLE,
                original=match[1],
                default=True,
            ),
        )


def _commonjs(path: str, text: str, lines: _Lines, summary: Summary) -> None:
    if "require(" in text:
        for match in _REQUIRE.finditer(text):
            clause = match["clause"]
            for name, original in _taken(clause) if clause.startswith("{") else [(clause, "*")]:
                _put(
                    summary,
                    Definition(
                        name=name,
                        file=path,
                        line=lines.of(match.start()),
                        form=Form.IMPORT,
                        exported=False,
                        module=match["module"],
                        original=original,
                    ),
                )
    if "exports" not in text:
        return
    for match in _COMMONJS.finditer(text):
        _put(summary, Definition(name=match[1], file=path, line=lines.of(match.start()), form=Form.VARIABLE))
    found = _COMMONJS_OBJECT.search(text)
    if found:
        for part in found[1].split(","):
            name = part.split(":")[0].strip()
            if _IDENTIFIER.fullmatch(name):
                _put(summary, Definition(name=name, file=path, line=lines.of(found.start()), form=Form.VARIABLE))
    elif whole := _COMMONJS_WHOLE.search(text):
        summary.dynamic = True
        own = whole[1] or whole[2]
        if own:
            _put(
                summary,
                Definition(
                    name=WHOLE, file=path, line=lines.of(whole.start()), form=Form.VARIABLE, exported=False,
                    original=own,
                ),
            )  # fmt: skip
