"""Reading the architect's record and checking it without another model call (contract, L4).

What is only dress (heading levels, order, ``Status``, ``Date``, a surrounding fence) is put right; what is missing is
told, all of it at once, as the text of the one re-ask.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from orchestrator.agents import markdown
from orchestrator.agents.compliance import compliance
from orchestrator.agents.headings import looks_like_path
from orchestrator.agents.paths import normalise, path_fault
from orchestrator.domain.adr import Adr, FileAction, PlannedFile
from orchestrator.domain.task import Invariant

SECTIONS = ("context", "options", "decision", "rationale", "files", "consequences", "invariant compliance")
HEADINGS = {
    **{name: f"## {name.capitalize()}" for name in SECTIONS},
    "invariant compliance": "### Invariant Compliance",
}
STATUS = "accepted"
MAX_CHARACTERS = 40_000
"""A longer record is refused: it is no record, and the executor's context is small (P5)."""
MAX_TITLE = 120
MAX_FILES = 100

_ALIASES = {
    "options considered": "options",
    "considered options": "options",
    "alternatives": "options",
    "files to change": "files",
    "file list": "files",
    "invariants": "invariant compliance",
    "compliance": "invariant compliance",
}
_FIELD = re.compile(r"\s*(?:[-*] )?\**(status|date)\**\s*:.*", re.IGNORECASE)
_TITLE_MARK = re.compile(
    r"(?:adr|architecture decision record|design record)[\s\d#-]*[:\u2013\u2014-]\s*", re.IGNORECASE
)
_ACTION = re.compile(
    r"\b(create|modify|delete|add|new|change|edit|update|remove|created|modified|deleted)\b", re.IGNORECASE
)
_ACTIONS = {
    "create": FileAction.CREATE, "created": FileAction.CREATE, "add": FileAction.CREATE, "new": FileAction.CREATE,
    "delete": FileAction.DELETE, "deleted": FileAction.DELETE, "remove": FileAction.DELETE,
}  # fmt: skip
_TOKEN = re.compile(r"`[^`]+`|\*\*[^*]+\*\*|[^\s,]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeFacts:
    """What the record's file list is held against; the defaults check nothing."""

    files: Collection[str] | None = None
    """Tracked paths of the tree the task starts from."""
    guard: Callable[[str], str | None] = lambda _path: None
    """Why a path may not be touched (decision 19)."""


def check(
    text: str,
    invariants: Sequence[Invariant],
    *,
    date: str,
    title: str = "",
    tree: TreeFacts | None = None,
) -> Adr | tuple[str, ...]:
    """The record, its dress put right; or every fault, each a sentence that can be told to the architect.

    ``date`` is ISO; ``title`` stands where the record has none. Never raises on any text.
    """
    if len(text) > MAX_CHARACTERS:
        return (f"the record is {len(text)} characters long; at most {MAX_CHARACTERS} are read. Keep it short.",)
    text = markdown.unwrap(markdown.clean(text))
    heading, bodies = _bodies(text)
    if not invariants:
        bodies.setdefault("invariant compliance", "No invariants are set for this project.")
    faults = [
        f"the section `{HEADINGS[name]}` is {'empty' if name in bodies else 'missing'}"
        for name in SECTIONS
        if not bodies.get(name) and name != "invariant compliance"
    ]
    files, file_faults = _files(bodies.get("files", ""), tree or TreeFacts())
    faults += file_faults
    kept, unanswered = compliance(bodies, invariants)
    faults += [
        f"`{HEADINGS['invariant compliance']}` does not answer `{invariant.id}` ({invariant.text}): "
        f"add the item `- {invariant.id}: how this decision keeps it`"
        for invariant in unanswered
    ]
    if faults:
        return tuple(faults)
    name = _title(heading) or _title(title) or "Untitled"
    if invariants and not bodies.get("invariant compliance"):
        bodies["invariant compliance"] = "\n".join(f"- {key}: {how}" for key, how in kept.items())
    return Adr(
        title=name,
        status=STATUS,
        date=date,
        text=_written(name, date, bodies),
        decision=bodies["decision"],
        files=files,
        compliance=kept,
    )


def reask(faults: Sequence[str]) -> str:
    """The text of the one re-ask."""
    told = "\n".join(f"- {fault}" for fault in faults)
    return f"The record cannot be used as it is:\n{told}\nWrite the whole record again with this put right."


def _bodies(text: str) -> tuple[str, dict[str, str]]:
    """The title, and the text of each known section; unknown headings stay part of the section before them."""
    known = frozenset((*SECTIONS, *_ALIASES))
    title, current = "", ""
    bodies: dict[str, list[str]] = {}
    for section in markdown.sections(text, known):
        name = markdown.plain(section.title)
        name = _ALIASES.get(name, name)
        if name in SECTIONS:
            current = name
            bodies.setdefault(name, []).append(section.body)
        elif section.level == 1 and not title and not current:
            title = section.title
        elif current:
            bodies[current].append(f"#### {section.title}\n\n{section.body}")
    joined = {name: "\n\n".join(part for part in parts if part.strip()).strip() for name, parts in bodies.items()}
    return title, joined


def _title(text: str) -> str:
    """One line, without marks and the words that only say that it is a record; names keep their underscores."""
    line = " ".join(re.sub(r"[*`#<>|]", "", markdown.clean(text)).split())
    if len(line.split()) > 1 and line.startswith("_") and line.endswith("_"):
        line = line.strip("_")  # the whole title was emphasised
    return _TITLE_MARK.sub("", line, count=1)[:MAX_TITLE].strip(" :.-")


def _written(title: str, date: str, bodies: Mapping[str, str]) -> str:
    """The record in the contract's form."""
    parts = [f"# {title}", f"Status: {STATUS}\nDate: {date}"]
    for name in SECTIONS:
        lines = bodies[name].split("\n")
        while lines and (_FIELD.fullmatch(lines[0]) or not lines[0].strip()):
            lines.pop(0)
        parts.append(HEADINGS[name] + "\n\n" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _files(body: str, tree: TreeFacts) -> tuple[tuple[PlannedFile, ...], list[str]]:
    """The file list and its faults."""
    planned: dict[str, PlannedFile] = {}
    faults: list[str] = []
    for item in markdown.items(body.split("\n"))[:MAX_FILES]:
        read = _file(item)
        if read is None:
            if not re.match(r"\W*(?:file|path|none|no )\b", item, re.IGNORECASE):
                faults.append(f"`## Files` has an item without a path: {item[:80]!r}; write `- path (modify): why`")
            continue
        file, fault = _held(read, tree)
        if fault:
            faults.append(fault)
        else:
            planned.setdefault(file.path, file)
    if body and not planned and not faults:
        faults.append("`## Files` names no file; write one item a file: `- path (create|modify|delete): why`")
    return tuple(planned.values()), faults


def _file(item: str) -> PlannedFile | None:
    """One item: ``path (action): why`` and the forms models write instead."""
    for token in _TOKEN.finditer(item):
        word = token[0].strip("`*:,;()\"'")
        if looks_like_path(word):
            path, rest = word, item[: token.start()] + " " + item[token.end() :]
            break
    else:
        return None
    action = _ACTION.search(rest)
    kind = _ACTIONS.get(action[1].lower(), FileAction.MODIFY) if action else FileAction.MODIFY
    word = re.escape(action[1]) if action else "modify"
    why = re.sub(rf"^[\s(:\u2013\u2014-]*{word}\b[\s):,]*", "", rest, flags=re.IGNORECASE)
    return PlannedFile(path=normalise(path), action=kind, why=why.strip(" \t:-\u2013\u2014()"))


def _held(file: PlannedFile, tree: TreeFacts) -> tuple[PlannedFile, str]:
    """The item held against the tree; the second is its fault, or empty."""
    if why := path_fault(file.path):
        return file, f"`## Files` names {file.path[:120]!r}: {why}"
    if why := tree.guard(file.path):
        return file, f"`## Files` names `{file.path}`, which may not be changed: {why}"
    if tree.files is None:
        return file, ""
    if file.path in tree.files:
        action = FileAction.MODIFY if file.action is FileAction.CREATE else file.action
        return PlannedFile(path=file.path, action=action, why=file.why), ""
    if file.action is FileAction.CREATE:
        return file, ""
    near = get_close_matches(file.path, list(tree.files)[:5000], n=3, cutoff=0.6)
    hint = f" (there is {', '.join(f'`{path}`' for path in near)})" if near else ""
    return file, f"`## Files` would {file.action} `{file.path}`, but there is no such file{hint}"
