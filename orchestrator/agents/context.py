"""What an agent is shown of the repository: ranked, within a token budget, the same for the same tree (P5).

The pack holds the file list, the text of hinted files, the parts of the likeliest source that matter, and the
signatures of what else the task seems to touch, by the names they share. Everything else is a look-up away.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from orchestrator.agents.asking import estimate
from orchestrator.agents.brief import TreeView
from orchestrator.agents.excerpt import excerpt
from orchestrator.agents.fence import element
from orchestrator.agents.filetext import readable
from orchestrator.agents.paths import may_hold_secrets, normalise
from orchestrator.agents.relevance import code_names, line_weights, names_of, parts_of
from orchestrator.agents.skeleton import PROSE, definitions
from orchestrator.domain.paths import is_test
from orchestrator.domain.task import Task

PACK_TOKENS = 1400
"""Default budget of the architect's pack: the reference of P5 gives researchers 1,400 and the planner 1,200."""
FILES_TOKENS = 6000
"""Default budget of the executor's files, all of them."""
WHOLE_TOKENS = 2000
"""Of one file: what is longer is shown in parts and looked up. P5 gives the implementer 2,000."""
EXCERPT_TOKENS = 1600
"""Of the parts of one long file: enough for a dozen functions."""
LIKELIEST_TOKENS = 450
"""Of the architect's parts of the likeliest source, where the task names no file: two or three functions."""
MENTIONED_TOKENS = 1500
"""Of the executor's files: what those may take that are only named in the task or in a failure."""
MAX_MENTIONED = 4
SMALLEST = 200
"""Tokens below which a file is not worth showing."""
MAX_RANKED = 4000
"""Files looked into; beyond, only those whose path shares a word with the task."""
MAX_READ = 300_000
"""Bytes of a file that is ranked by its text."""
SIGNATURE = 110
"""Characters of a signature in an outline."""
MAX_SIGNATURES = 14
"""Of one file that is outlined: those that share something with the task come first."""

_PATH = re.compile(r"[\w@+\-./\[\]]{3,200}")
_SOURCE_ENDINGS = """
py pyi ts tsx js jsx mjs cjs mts cts vue svelte go rs java kt scala rb php c h cc cpp hpp cs swift sh sql toml cfg ini
yaml yml json md rst txt html css scss
"""
_SOURCES = frozenset(_SOURCE_ENDINGS.split())
_LISTED_SHARE = 5
"""The file list takes at most a fifth of the budget."""
_FULL_SHARE = 2
"""Full texts take at most half of what is left."""
_TEST_WEIGHT, _PROSE_WEIGHT = 0.4, 0.2
"""A test, and a text that defines nothing, are the place to change less often than a source is."""
_LEAST_SHARE = 0.3
"""A file that scores less than this share of the best one is left to look-ups."""
_SPELT_OUT = 30.0
"""What a name of code counts that the task spells out, shared among the files that have it."""


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
    told = _told(task)
    hints = [path for path in dict.fromkeys((*map(normalise, task.files), *mentioned(told, known))) if path in known]
    room = left // _FULL_SHARE
    for path in hints:
        text = _text(view, path)
        shown = None if text is None else _file(path, text)
        if shown is not None and estimate(shown) <= room:
            parts.append(shown)
            full.append(path)
            room -= estimate(shown)
            left -= estimate(shown)
    in_parts = False
    for path, text in _ranked(view, tracked, task, hints):
        if path in full:
            continue
        shown = ""
        if not in_parts and not full and not is_test(path):
            shown = excerpt(path, text, told, min(left // _FULL_SHARE, LIKELIEST_TOKENS))
            in_parts = True
        if not shown or estimate(shown) + 1 > left:
            shown = _outline(path, text, told)
        if not shown or estimate(shown) + 1 > left:
            continue
        parts.append(shown)
        outlined.append(path)
        left -= estimate(shown) + 1
        if left < 40:  # noqa: PLR2004  # no room for another skeleton worth showing
            break
    text = "\n\n".join(parts)
    return ContextPack(text=text, full=tuple(full), outlined=tuple(outlined), tokens=estimate(text))


def _told(task: Task) -> str:
    return " ".join((task.title, task.description, *task.acceptance))


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
            parts.append(element("file", f"({note})", f' path="{path}"'))
            continue
        parts.append(_fitted(path, content, about, max(left, SMALLEST)))
        left = max(0, left - estimate(parts[-1]))
    others = [path for path in mentioned(about, frozenset(view.files())) if path not in paths][:MAX_MENTIONED]
    left = min(left, MENTIONED_TOKENS)
    for path in others:
        content = view.read(path)
        if content is None or may_hold_secrets(path) or left < SMALLEST:
            continue
        parts.append(_fitted(path, content, about, left, " for_reading_only"))
        left -= estimate(parts[-1])
    return "\n".join(parts)


def mentioned(text: str, tracked: Collection[str]) -> tuple[str, ...]:
    """Tracked paths the text names in full, in its order."""
    words = (word.rstrip(".:/").removeprefix("./") for word in _PATH.findall(text))
    return tuple(dict.fromkeys(word for word in words if word in tracked))


def _fitted(path: str, content: bytes, about: str, budget: int, attributes: str = "") -> str:
    """The file whole where it is short, else the parts that matter."""
    text = readable(content)
    if text is None:
        return element("file", "(binary)", f'{attributes} path="{path}"')
    whole = _file(path, text, attributes)
    if estimate(whole) <= min(budget, WHOLE_TOKENS):
        return whole
    return excerpt(path, text, about, min(budget, EXCERPT_TOKENS), attributes)


def _file(path: str, text: str, attributes: str = "") -> str:
    body = text if text.endswith("\n") or not text else text + "\n"
    return element("file", f"\n{body}", f'{attributes} path="{path}"')


def _outline(path: str, text: str, told: str) -> str:
    """Signatures that share something with the task, with the classes they are in; all of them in a small file."""
    found = definitions(path, text)
    weights = line_weights(text.split("\n"), told)
    wanted = [at for at, one in enumerate(found) if any(number in weights for number in range(one.first, one.last + 1))]
    if len(found) <= MAX_SIGNATURES or not wanted:
        wanted = list(range(min(len(found), MAX_SIGNATURES)))
    wanted = wanted[:MAX_SIGNATURES]
    lines = [f"{found[at].line}: {found[at].signature[:SIGNATURE]}" for at in wanted]
    if len(found) > len(wanted):
        lines.append(f"(and {len(found) - len(wanted)} more)")
    return "\n".join((path, *lines)) if found else ""


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
    told = _told(task)
    asked = parts_of(" ".join((told, *hints)))
    names, spelt = names_of(told), code_names(told)
    stems = {_stem(hint) for hint in hints}
    texts = {path: text for path in _candidates(tracked, asked, hints) if (text := _text(view, path)) is not None}
    parts = {path: parts_of(text) for path, text in texts.items()}
    spread = Counter(word for found in parts.values() for word in found & asked)
    holding = {name: frozenset(path for path, text in texts.items() if name in text) for name in spelt}
    common = max(3, len(texts) // 4)
    scored = []
    for path, text in texts.items():
        shared = sum(1 + common // (1 + spread[word]) for word in parts[path] & asked if spread[word] <= common)
        defined = sum(1 for one in definitions(path, text) if names & names_of(one.signature)) if shared else 0
        score = shared + 10.0 * len(parts_of(path) & asked) + 20 * min(defined, 5)
        score += sum(_SPELT_OUT / len(paths) for paths in holding.values() if path in paths)
        score *= _TEST_WEIGHT if is_test(path) else _PROSE_WEIGHT if _ending(path) in PROSE else 1
        score += 1000 * (path in hints) + 40 * (path not in hints and _stem(path) in stems)
        score += 25 * any(stem in parts[path] for stem in stems if stem)
        if score:
            scored.append((-score, path))
    best = max((-score for score, path in scored if path not in hints), default=0.0)
    return [(path, texts[path]) for score, path in sorted(scored) if -score >= best * _LEAST_SHARE]


def _candidates(tracked: Sequence[str], asked: AbstractSet[str], hints: Sequence[str]) -> Iterable[str]:
    sources = [path for path in tracked if _ending(path) in _SOURCES and not may_hold_secrets(path)]
    if len(sources) <= MAX_RANKED:
        return sources
    return [path for path in sources if path in hints or parts_of(path) & asked][:MAX_RANKED]


def _text(view: TreeView, path: str) -> str | None:
    content = view.read(path)
    if content is None or len(content) > MAX_READ or may_hold_secrets(path):
        return None
    return readable(content)


def _ending(path: str) -> str:
    return path.rsplit(".", 1)[-1].lower()


def _stem(path: str) -> str:
    """The name a file and its tests share."""
    name = path.rsplit("/", 1)[-1].split(".", maxsplit=1)[0].lower()
    return name.removeprefix("test_").removesuffix("_test").removesuffix("_spec")
