"""The one door for YAML: the YAML 1.2 core scalars under strict rules, with a position for every key and value.

Refused, all at once and each with line and column: duplicate keys, anchors and aliases, merge keys, tags, keys that
are not text, several documents, infinite and not-a-number floats, and files beyond the limits below. ``no``, ``on``,
``12:30`` and ``2026-11-21`` are text; ``012`` is twelve. The reader walks the parser's events with a stack of its own,
so that no nesting can exhaust Python's.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from orchestrator.domain.errors import UsageError

MAX_CHARACTERS = 1_048_576
"""A file beyond this is not one a person wrote; the pure-Python scanner needs about 2 s for it."""
MAX_DEPTH = 32
"""Nested collections; the deepest file of this program has 5."""
MAX_NODES = 100_000
MAX_DIGITS = 18
"""Characters of an integer: what every reader of JSON holds without loss."""

Key = str | int
Loc = tuple[Key, ...]
"""Where a value stands: ``("tasks", 0, "id")``."""

_NOWHERE: Loc = (-1,)
_SHOWN_FAULTS = 50

_NULL = re.compile(r"|~|null|Null|NULL")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong with a file. ``str()`` is ``FILE:LINE:COLUMN: what; mend``."""

    source: str
    line: int
    """1-based; 0 with ``column`` 0 where no place can be named."""
    column: int
    """1-based, in characters."""
    what: str
    mend: str = ""

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}:{self.column}" if self.line else self.source
        return f"{place}: {self.what}; {self.mend}" if self.mend else f"{place}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedYaml:
    """What a file says, and where it says it."""

    source: str
    data: Any
    """Plain dict, list, str, int, float, bool, None. Of a duplicate key, the first value."""
    values: Mapping[Loc, tuple[int, int]]
    keys: Mapping[Loc, tuple[int, int]]
    faults: tuple[Fault, ...] = ()
    spoiled: frozenset[Loc] = frozenset()
    """Places whose value is not what was written, because of a fault already told."""
    complete: bool = True
    """False: the text could not be read to its end, ``data`` is ``None``."""

    def position(self, loc: Loc) -> tuple[int, int]:
        """Line and column (1-based) of the value there, or of the nearest value around it."""
        while loc and loc not in self.values:
            loc = loc[:-1]
        return self.values.get(loc, (1, 1))

    def key_position(self, loc: Loc) -> tuple[int, int]:
        """Line and column (1-based) of the key there; of the value where the place is an item of a list."""
        return self.keys.get(loc) or self.position(loc)

    def fault(self, loc: Loc, what: str, mend: str = "", *, at_key: bool = False) -> Fault:
        """A fault of the reader's own at that place."""
        line, column = self.key_position(loc) if at_key else self.position(loc)
        return Fault(self.source, line, column, what, mend)


def load(text: str, *, source: str) -> LoadedYaml:
    """Read one document. ``UsageError`` with every fault where there is any; an empty document is ``None``."""
    loaded = read(text, source=source)
    if loaded.faults:
        raise refuse(loaded.faults, source=source)
    return loaded


def refuse(faults: tuple[Fault, ...], *, source: str) -> UsageError:
    """The error that tells all these faults, in the order of their places."""
    found = sorted(set(faults))
    told = tuple(str(fault) for fault in found[:_SHOWN_FAULTS])
    if len(found) > _SHOWN_FAULTS:
        told = (*told, f"{source}: and {len(found) - _SHOWN_FAULTS} more")
    count = "1 fault" if len(found) == 1 else f"{len(found)} faults"
    return UsageError(f"{source}: {count}", hint=f"mend {source} as said above", slug="bad-file", faults=told)


def read(text: str, *, source: str) -> LoadedYaml:
    """Read one document and keep its faults beside it, for callers that have more to check before they speak."""
    if len(text) > MAX_CHARACTERS:
        what = f"the file has {len(text):,} characters, more than {MAX_CHARACTERS:,}"
        fault = Fault(source, 1, 1, what, "split it into smaller files")
        return LoadedYaml(source=source, data=None, values={}, keys={}, faults=(fault,), complete=False)
    reader = _Reader(source)
    complete = reader.run(text)
    return LoadedYaml(
        source=source,
        data=reader.root if complete else None,
        values=reader.values,
        keys=reader.keys,
        faults=tuple(sorted(reader.faults)),
        spoiled=frozenset(reader.spoiled),
        complete=complete,
    )


def scalar(text: str) -> str | int | float | bool | None:
    """What a plain scalar means in the YAML 1.2 core schema. ``ValueError``: a number no file may hold."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return text[0] in "tT"
    if _INT.fullmatch(text) or _BASED.fullmatch(text):
        if len(text) > MAX_DIGITS:
            raise ValueError(f"the number {shown(text)} is longer than {MAX_DIGITS} characters")
        return int(text, 0) if _BASED.fullmatch(text) else int(text)
    if _NO_NUMBER.fullmatch(text):
        raise ValueError(f"{text} is no number to reckon with")
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise ValueError(f"the number {shown(text)} is too large")
        return number
    return text


def shown(text: str, limit: int = 60) -> str:
    """Text of a file as it may stand in a message: quoted, on one line, control characters escaped, cut."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    quoted = json.dumps(cut, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in quoted)


def _code(character: int | str) -> int:
    """PyYAML names the character it refuses as a number, but for bytes as text."""
    return character if isinstance(character, int) else ord(character)


class _Stop(Exception):  # noqa: N818 - ends the walk, is no error of its own
    """The walk cannot go on; its fault is told already."""


@dataclass(slots=True)
class _Frame:
    """A collection that is being filled."""

    into: dict[str, Any] | list[Any]
    loc: Loc
    as_key: bool = False
    """It stands where a key should: told as a fault, read over."""
    key: str | None = None
    """The key whose value comes next; ``None`` while a key is expected, or its pair is read over."""
    wants_value: bool = False


@dataclass(slots=True)
class _Reader:
    """Walks the events of one text."""

    source: str
    root: Any = None
    values: dict[Loc, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Loc, tuple[int, int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    spoiled: set[Loc] = field(default_factory=set)
    stack: list[_Frame] = field(default_factory=list)
    nodes: int = 0
    documents: int = 0

    def run(self, text: str) -> bool:
        """True where the text was read to its end."""
        try:
            for event in yaml.parse(text, Loader=yaml.SafeLoader):
                self.take(event)
        except _Stop:
            return False
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            column = error.position - text.rfind("\n", 0, error.position)
            what = f"the character U+{_code(error.character):04X} may not stand in a YAML file"
            self.faults.append(Fault(self.source, line, column, what, 'remove it, or write it as "\\x.." in quotes'))
            return False
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            what = " ".join(part for part in (error.context, error.problem) if part)
            self.faults.append(Fault(self.source, *place, f"not YAML: {what}", "mend the syntax at this place"))
            return False
        return True

    def say(self, event: Any, what: str, mend: str) -> None:
        """Keep a fault at that event's start."""
        mark = event.start_mark
        self.faults.append(Fault(self.source, mark.line + 1, mark.column + 1, what, mend))

    def take(self, event: Any) -> None:
        """One event of the parser."""
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.say(event, "a second document", "keep one document a file")
                raise _Stop
        elif isinstance(event, yaml.CollectionEndEvent):
            self.close()
        elif isinstance(event, yaml.NodeEvent):
            self.node(event)

    def node(self, event: Any) -> None:
        """A scalar, an alias, or the start of a collection."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.say(event, f"more than {MAX_NODES:,} values", "split the file")
            raise _Stop
        if isinstance(event, yaml.AliasEvent):
            self.say(event, f"an alias, *{event.anchor}", "write the value out; aliases are not read")
            self.place(event, None, spoilt=True)
            return
        if event.anchor is not None:
            self.say(event, f"an anchor, &{event.anchor}", "remove it; anchors and aliases are not read")
        if event.tag is not None:
            self.say(event, f"a tag, {shown(event.tag)}", "remove it; quote the value where text is meant")
        if isinstance(event, yaml.ScalarEvent):
            self.scalar(event)
            return
        if len(self.stack) >= MAX_DEPTH:
            self.say(event, f"nested more than {MAX_DEPTH} deep", "flatten it")
            raise _Stop
        self.open(event)

    def open(self, event: Any) -> None:
        """The start of a mapping or a sequence."""
        into: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        if self.wants_key():
            self.say(event, "a key that is a collection", "use text as the key")
            self.stack.append(_Frame(into, _NOWHERE, as_key=True))
            return
        self.stack.append(_Frame(into, self.place(event, into)))

    def close(self) -> None:
        """The end of a mapping or a sequence."""
        frame = self.stack.pop()
        if frame.as_key:
            self.stack[-1].wants_value = True

    def wants_key(self) -> bool:
        """Whether the next node is a key."""
        return bool(self.stack) and isinstance(self.stack[-1].into, dict) and not self.stack[-1].wants_value

    def scalar(self, event: Any) -> None:
        """A scalar, as a key or as a value."""
        plain = event.implicit[0] and event.style is None
        try:
            value = scalar(event.value) if plain else event.value
        except ValueError as error:
            self.say(event, str(error), "write a smaller number, or quote it where text is meant")
            value = None
            self.place_or_key(event, value, spoilt=True)
            return
        if isinstance(value, str) and _SURROGATE.search(value):
            self.say(event, "half a surrogate pair", "write the character itself")
            value = _SURROGATE.sub("\ufffd", value)
        self.place_or_key(event, value)

    def place_or_key(self, event: Any, value: Any, *, spoilt: bool = False) -> None:
        """Keep a scalar where it belongs."""
        if not self.wants_key():
            self.place(event, value, spoilt=spoilt)
            return
        frame = self.stack[-1]
        frame.wants_value, frame.key = True, None
        if spoilt:
            return
        if value == "<<" and event.style is None:
            self.say(event, "a merge key, <<", "write the keys out; merging is not done")
        elif not isinstance(value, str):
            self.say(event, f"the key {shown(event.value)} is not text", f'quote it: "{event.value}"')
        elif isinstance(frame.into, dict) and value in frame.into:
            line, _ = self.keys[(*frame.loc, value)]
            self.say(
                event, f"the key {shown(value)} stands here a second time", f"the first is on line {line}: keep one"
            )
        elif not frame.as_key:
            frame.key = value
            self.keys[(*frame.loc, value)] = (event.start_mark.line + 1, event.start_mark.column + 1)

    def place(self, event: Any, value: Any, *, spoilt: bool = False) -> Loc:
        """Put a value into the collection that is open; where it stands. read-over values stand nowhere."""
        loc: Loc = ()
        if not self.stack:
            self.root = value
        else:
            frame = self.stack[-1]
            if isinstance(frame.into, list):
                frame.into.append(value)
                loc = (*frame.loc, len(frame.into) - 1)
            else:
                frame.wants_value = False
                if frame.key is None:
                    return _NOWHERE
                frame.into[frame.key] = value
                loc = (*frame.loc, frame.key)
            if frame.loc[:1] == _NOWHERE:
                return _NOWHERE
        self.values[loc] = (event.start_mark.line + 1, event.start_mark.column + 1)
        if spoilt:
            self.spoiled.add(loc)
        return loc


class _Dumper(yaml.SafeDumper):
    """Writes what :func:`load` reads back unchanged: no aliases, text quoted where either YAML would misread it."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(f"(?:{_INT.pattern}|{_BASED.pattern})$"), list("-+0123456789")
)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(f"(?:{_FLOAT.pattern})$"), list("-+.0123456789"))


def dump(data: Any) -> str:
    """Plain data as YAML that :func:`load` reads back equal; keys keep their order. Surrogates become U+FFFD."""
    return yaml.dump(_clean(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def _clean(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {str(_clean(key)): _clean(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_clean(item) for item in data]
    if isinstance(data, str):
        return _SURROGATE.sub("\ufffd", str(data))
    return data
