"""Walks the parser's events with a stack of its own, so that no nesting can exhaust Python's."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from orchestrator.strict_yaml.fault import Fault, LoadedYaml, Loc, shown
from orchestrator.strict_yaml.scalars import scalar

MAX_CHARACTERS = 1_048_576
"""A file beyond this is not one a person wrote; the pure-Python scanner needs about 2 s for it."""
MAX_DEPTH = 32
"""Nested collections; the deepest file of this program has 5."""
MAX_NODES = 100_000

_NOWHERE: Loc = (-1,)
_SURROGATE = re.compile("[\ud800-\udfff]")


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
        """True where the text was read to its end.

        libyaml reads it in a twelfth of the time; what it stumbles over is read again by the parser that names places
        and characters better.
        """
        if yaml.__with_libyaml__:
            try:
                return self._read(text, yaml.CSafeLoader)
            except (yaml.YAMLError, UnicodeEncodeError):
                self._forget()
        try:
            return self._read(text, yaml.SafeLoader)
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

    def _read(self, text: str, loader: Any) -> bool:
        try:
            for event in yaml.parse(text, Loader=loader):
                self.take(event)
        except _Stop:
            return False
        return True

    def _forget(self) -> None:
        self.root, self.nodes, self.documents = None, 0, 0
        for part in (self.values, self.keys, self.faults, self.spoiled, self.stack):
            part.clear()

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
        plain = event.implicit[0] and not event.style
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
        if value == "<<" and not event.style:
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
