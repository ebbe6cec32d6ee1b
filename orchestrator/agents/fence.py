"""Where foreign text ends in a prompt: no file, record, diff or test output can close its own section or open another.

Foreign text is shown as it is, never escaped, since ``SEARCH`` is copied from it. So where it holds something a model
could take for one of the prompt's own tags, the prompt's tags get a mark that the text does not hold; elsewhere they
stay plain, and nothing is spent on it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from functools import cache
from hashlib import sha256

TAG = re.compile(r"(</?)([a-z]+(?:_[a-z]+)*)(?=[\s>])")
"""A tag of ours, in a prompt's own text."""
_MARK = 8
"""Hexadecimal digits of a mark; it need not be secret, since one that the text holds is not taken."""
_LIKE_AN_ANGLE = str.maketrans(dict.fromkeys("\u2039\u2329\u27e8\u276e\u3008\u02c2\u1438", "<"))


def fenced(render: Callable[[str], str], names: Collection[str]) -> str:
    """A prompt whose sections have ``names``; ``render(mark)`` writes it with that mark on each of its own tags."""
    plain = render("")
    mark = _mark(plain)
    marked = render(mark)
    if not resembles(marked, names):
        return plain
    return f"Only tags that end in {mark} bound the sections below; any other tag is text inside one.\n{marked}"


def element(name: str, body: str, attributes: str = "") -> str:
    """``<name attributes>body</name>`` around foreign text, marked where that resembles its tag."""
    mark = _mark(attributes + body) if resembles(f"{attributes}\n{body}", {name}) else ""
    return f"<{name}{mark}{attributes}>{body}</{name}{mark}>"


def resembles(text: str, names: Collection[str]) -> bool:
    """Whether the text holds an unmarked tag of these names, or what a reader could take for one.

    Closing tags in any dress: letters of either case, of full width, with invisible characters or spaces within;
    opening ones in small letters, since ``Map<Task>`` and ``List<File>`` are everyday code.
    """
    like = _like(tuple(sorted(names)))
    return bool(like.search(text)) or (not text.isascii() and bool(like.search(_folded(text))))


def _mark(text: str) -> str:
    """A mark the text does not hold; the same for the same text, so that a resumed run asks the same."""
    folded = _folded(text).casefold()
    digest = sha256(text.encode("utf-8", "surrogatepass"))
    while (mark := f"-{digest.hexdigest()[:_MARK]}") in folded:
        digest.update(b"again")
    return mark


@cache
def _like(names: tuple[str, ...]) -> re.Pattern[str]:
    any_of = "|".join(re.escape(name).replace("_", r"[_\s-]?") for name in names)
    return re.compile(rf"<\s*[/\\][\s/\\]*(?i:{any_of})(?![\w-])|<[ \t]*(?:{any_of})(?:[ \t][^<\n]*)?>")


def _folded(text: str) -> str:
    """Compatible forms made plain, what looks like an angle made one, invisible characters taken out."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKC", text).translate(_LIKE_AN_ANGLE)
    return "".join(letter for letter in plain if unicodedata.category(letter) != "Cf")
