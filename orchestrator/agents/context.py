"""What an agent is shown of the repository: ranked, within a token budget, the same for the same tree (P5).

The pack holds the file list, the text of hinted files, and the skeletons of what else the task seems to touch, by the
words they share. Everything else is a look-up away.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from orchestrator.agents.asking import estimate
from orchestrator.agents.brief import TreeView
from orchestrator.agents.filetext import readable
from orchestrator.agents.paths import may_hold_secrets, normalise
from orchestrator.agents.skeleton import skeleton
from orchestrator.domain.task import Task

PACK_TOKENS = 2000
"""Default budget of the architect's pack: the reference of P5 gives researchers 1,400 and the planner 1,200."""
FILES_TOKENS = 6000
"""Default budget of the executor's files: what is larger is shown in spans and looked up."""
MENTIONED_TOKENS = 1500
"""Of the executor's files: what those may take that are only named in the task or in a failure."""
MAX_MENTIONED = 4
SMALLEST = 200
"""Tokens below which a file is not worth showing."""
MAX_RANKED = 4000
"""Files looked into; beyond, only those whose path shares a word with the task."""
MAX_READ = 300_000
"""Bytes of a file that is ranked by its text."""
MARGIN = 12
"""Lines shown around a line that matters, where a file is shown in spans."""

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")
_PATH = re.compile(r"[\w@+\-./\[\]]{3,200}")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SOURCE_ENDINGS = """
py pyi ts tsx js jsx mjs cjs mts cts vue svelte go rs java kt scala rb php c h cc cpp hpp cs swift sh sql toml cfg ini
yaml yml json md rst txt html css scss
"""
_SOURCES = frozenset(_SOURCE_ENDINGS.split())
_DULL_WORDS = """
the and for not that this with from are was has have its all any new add use used uses when which where into def class
return import self none true false const let var function export type string number int str src test tests
"""
_DULL = frozenset(_DULL_WORDS.split())
"""Words that stand in every file or every task."""
_LISTED_SHARE = 5
"""The file list takes at most a fifth of the budget."""
_FULL_SHARE = 2
"""Full texts take at most half of what is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextPack:
    """What is shown, and how much of it there is."""

    text: str
    full: tuple[str, ...]
    """Files shown in full."""
    outlined: tuple[str, ...]
    """Files shown as skeletons, best first."""
    tokens: int
    """Estimate of ``text``."""


def build_context(view: TreeView, task: Task, budget: int = PACK_TOKENS) -> ContextPack:
    """The pack of a task, at most ``budget`` tokens by estimate. The same tree and task give the same text."""
    tracked = view.files()
    parts = [_listing(tracked, budget // _LISTED_SHARE)]
    left = budget - estimate(parts[0])
    full: list[str] = []
    outlined: list[str] = []
    known = frozenset(tracked)
    spoken = mentioned(" ".join((task.title, task.description, *task.acceptance)), known)
    hints = [path for path in dict.fromkeys((*(normalise(hint) for hint in task.files), *spoken)) if path in known]
    room = left // _FULL_SHARE
    for path in hints:
        text = _text(view, path)
        shown = None if text is None else _file(path, text)
        if shown is not None and estimate(shown) <= room:
            parts.append(shown)
            full.append(path)
            room -= estimate(shown)
            left -= estimate(shown)
    for path, text in _ranked(view, tracked, task, hints):
        if path in full:
            continue
        shown = _outline(path, text)
        if not shown or estimate(shown) + 1 > left:
            continue
        parts.append(shown)
        outlined.append(path)
        left -= estimate(shown) + 1
        if left < 40:  # noqa: PLR2004  # no room for another skeleton worth showing
            break
    text = "\n\n".join(parts)
    return ContextPack(text=text, full=tuple(full), outlined=tuple(outlined), tokens=estimate(text))


def file_texts(view: TreeView, paths: Sequence[str], about: str = "", budget: int = FILES_TOKENS) -> str:
    """The files' text for the executor: in full while the budget lasts, then skeleton and the spans that share rare
    words with ``about``; new files are named as such. Other tracked files that ``about`` names by their path follow, to
    be read only. ``SEARCH`` may be copied from it."""
    parts: list[str] = []
    left = budget
    for path in dict.fromkeys(paths):
        content = view.read(path)
        if content is None or may_hold_secrets(path):
            note = "not shown" if content is not None else "a link, not editable" if path in view.files() else "new"
            parts.append(f'<file path="{path}">({note})</file>')
            continue
        parts.append(_fitted(path, content, about, max(left, SMALLEST)))
        left = max(0, left - estimate(parts[-1]))
    others = [path for path in mentioned(about, frozenset(view.files())) if path not in paths][:MAX_MENTIONED]
    left = min(left, MENTIONED_TOKENS)
    for path in others:
        content = view.read(path)
        if content is None or may_hold_secrets(path) or left < SMALLEST:
            continue
        parts.append(_fitted(path, content, about, left).replace("<file ", "<file for_reading_only ", 1))
        left -= estimate(parts[-1])
    return "\n".join(parts)


def mentioned(text: str, tracked: Collection[str]) -> tuple[str, ...]:
    """Tracked paths the text names in full, in its order."""
    words = (word.rstrip(".:/").removeprefix("./") for word in _PATH.findall(text))
    return tuple(dict.fromkeys(word for word in words if word in tracked))


def _fitted(path: str, content: bytes, about: str, budget: int) -> str:
    """The file whole, or in spans where that is more than the budget."""
    text = readable(content)
    if text is None:
        return f'<file path="{path}">(binary)</file>'
    whole = _file(path, text)
    return whole if estimate(whole) <= budget else _spans(path, text, about, budget)


def _file(path: str, text: str) -> str:
    body = text if text.endswith("\n") or not text else text + "\n"
    return f'<file path="{path}">\n{body}</file>'


def _outline(path: str, text: str) -> str:
    lines = skeleton(path, text)
    return "\n".join((path, *lines)) if lines else ""


def _spans(path: str, text: str, about: str, budget: int) -> str:
    """A large file's skeleton, then whole lines around what shares a word with ``about``, while the budget lasts."""
    lines = text.split("\n")
    outline = [line[:120] for line in skeleton(path, text)]
    parts = [f'<file path="{path}" lines="{len(lines)}">', "(too long to show whole; its outline, then parts of it)"]
    left = budget - estimate("\n".join(parts))
    room = left // 3
    for line in outline:
        room -= estimate(line) + 1
        if room < 0:
            break
        parts.append(line)
        left -= estimate(line) + 1
    words = _words(about)
    found = [number for number, line in enumerate(lines) if words & _words(line[:400])]
    rare = Counter(word for line in lines for word in words & _words(line[:400]))
    found.sort(key=lambda number: (min(rare[word] for word in words & _words(lines[number][:400])), number))
    shown: set[int] = set()
    for number in found:
        span = range(max(0, number - MARGIN), min(len(lines), number + MARGIN + 1))
        cost = sum(estimate(lines[at]) + 1 for at in span if at not in shown)
        if cost > left:
            break
        shown.update(span)
        left -= cost
    last = -2
    for at in sorted(shown):
        if at != last + 1:
            parts.append(f"[from line {at + 1}]")
        parts.append(lines[at])
        last = at
    return "\n".join((*parts, "</file>"))


def _listing(tracked: Sequence[str], budget: int) -> str:
    """Every path where there is room, else folders with their number of files."""
    plain = "Tracked files:\n" + "\n".join(tracked)
    if estimate(plain) <= budget:
        return plain
    for depth in (3, 2, 1):
        folders = Counter("/".join(path.split("/")[:-1][:depth]) or "." for path in tracked)
        lines = [f"{folder}/ ({count})" for folder, count in sorted(folders.items())]
        text = f"Tracked files: {len(tracked)}, by folder:\n" + "\n".join(lines)
        if estimate(text) <= budget:
            return text
    return f"Tracked files: {len(tracked)}"


def _ranked(view: TreeView, tracked: Sequence[str], task: Task, hints: Sequence[str]) -> list[tuple[str, str]]:
    """Files that share something with the task, best first; ties by path."""
    asked = _words(" ".join((task.title, task.description, *task.acceptance, *hints)))
    names = set(_WORD.findall(" ".join((task.title, task.description, *task.acceptance))))
    stems = {_stem(hint) for hint in hints}
    texts = {path: text for path in _candidates(tracked, asked, hints) if (text := _text(view, path)) is not None}
    words = {path: _words(text) for path, text in texts.items()}
    spread = Counter(word for found in words.values() for word in found & asked)
    common = max(3, len(texts) // 4)
    scored = []
    for path, text in texts.items():
        shared = sum(1 + common // (1 + spread[word]) for word in words[path] & asked if spread[word] <= common)
        defined = sum(1 for line in skeleton(path, text) if names & set(_WORD.findall(line))) if shared else 0
        score = shared + 10 * len(_words(path) & asked) + 20 * min(defined, 5)
        score += 1000 * (path in hints) + 40 * (path not in hints and _stem(path) in stems)
        score += 25 * any(stem in words[path] for stem in stems if stem)
        if score:
            scored.append((-score, path))
    return [(path, texts[path]) for _, path in sorted(scored)]


def _candidates(tracked: Sequence[str], asked: set[str], hints: Sequence[str]) -> Iterable[str]:
    sources = [path for path in tracked if path.rsplit(".", 1)[-1].lower() in _SOURCES and not may_hold_secrets(path)]
    if len(sources) <= MAX_RANKED:
        return sources
    return [path for path in sources if path in hints or _words(path) & asked][:MAX_RANKED]


def _text(view: TreeView, path: str) -> str | None:
    content = view.read(path)
    if content is None or len(content) > MAX_READ or may_hold_secrets(path):
        return None
    return readable(content)


def _words(text: str) -> set[str]:
    """Parts of identifiers, lower case: ``parseDate`` and ``parse_date`` are parse and date."""
    return {part.lower() for part in _PART.findall(text) if len(part) > 2} - _DULL  # noqa: PLR2004  # "is", "to"


def _stem(path: str) -> str:
    """The name a file and its tests share."""
    name = path.rsplit("/", 1)[-1].split(".", maxsplit=1)[0].lower()
    return name.removeprefix("test_").removesuffix("_test").removesuffix("_spec")
