"""Takes secrets out of text, and can put them back where it must (B9, I7). Pure.

What is taken out: the values it is given (keys of the environment), also where they are URL-quoted, escaped, base64,
hexadecimal, or broken over lines; what a well-known key looks like; what a user's patterns name. In its place stands
``[hidden:NAME#DIGEST]``: the same text for the same secret, so that a prompt built again is the same prompt. The digest
has 24 bits: enough to tell two secrets apart, too little to check a guess against.

Deliberate limits: a secret split by program text (a concatenation), or encoded twice, is not seen.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote

from orchestrator.domain.pattern import Budget, Pattern

SHORTEST = 8
"""Characters of the shortest value that is taken out: shorter ones are words of any text."""
_SHORTEST_BROKEN = 16
"""Of the shortest that is looked for with blanks, quotes and line ends in it."""
_SHORTEST_ENCODED = 12
"""Of the shortest that is looked for in base64 and hexadecimal."""
_WINDOW = 4096
"""Characters from a pattern's ``find`` on that its match may span."""
_STEPS = 500_000
"""What the user's patterns may take on one text, in steps of the matching (0.8 us each); what takes more is hidden to
the end of its line: too much rather than too little."""
StandIn = Callable[[str, str], str]
"""What is written instead of a secret of that name."""
MARK = "[hidden:"
"""How every placeholder begins."""
_STANDING = re.compile(r"\[hidden:[A-Za-z0-9_.-]{1,100}#[0-9a-f]{6}\]")
_DROPPED = {ord(letter): None for letter in " \t\r\n\\\"'+,|>"}
_NO_EXAMPLE = r"(?![^\s\"']{0,60}(?:EXAMPLE|example|xxxx|XXXX|\.\.\.))"


@dataclass(frozen=True, slots=True)
class Known:
    """What a well-known secret looks like. Each expression is linear: a literal beginning, bounded runs, and no two
    attempts that read the same run."""

    name: str
    finds: tuple[str, ...]
    """Plain texts of which one stands in every one: texts without them are not searched."""
    look: str
    """Group 1 is taken out; without groups, all."""


WELL_KNOWN = (
    Known("anthropic-key", ("sk-ant-",), rf"(?<![A-Za-z0-9]){_NO_EXAMPLE}sk-ant-[A-Za-z0-9_-]{{12,300}}"),
    Known("openai-key", ("sk-proj-", "sk-svcacct-", "sk-or-v1-"), r"sk-(?:proj|svcacct|or-v1)-[A-Za-z0-9_-]{20,300}"),
    Known("openai-key", ("sk-",), r"(?<![A-Za-z0-9-])sk-[A-Za-z0-9]{32,300}"),
    Known("google-key", ("AIza",), r"(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    Known("aws-key", ("AKIA", "ASIA"), rf"(?<![A-Za-z0-9]){_NO_EXAMPLE}A[KS]IA[A-Z0-9]{{16}}(?![A-Za-z0-9])"),
    Known("github-token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{36,255}"),
    Known("github-token", ("github_pat_",), r"github_pat_[A-Za-z0-9_]{22,255}"),
    Known("gitlab-token", ("glpat-",), r"glpat-[A-Za-z0-9_-]{20,100}"),
    Known("slack-token", ("xox",), r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,250}"),
    Known("stripe-key", ("k_live_",), r"(?<![A-Za-z0-9])[rs]k_live_[A-Za-z0-9]{16,250}"),
    Known("npm-token", ("npm_",), r"(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
    Known("pypi-token", ("pypi-",), r"(?<![A-Za-z0-9])pypi-[A-Za-z0-9_-]{50,300}"),
    Known(
        "jwt",
        ("eyJ",),
        r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,4000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,4000}",
    ),
    Known(
        "private-key",
        ("PRIVATE KEY-----",),
        r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----((?:[A-Za-z0-9+/=\s\\:,.\"']|-(?!----)){40,20000})-----END",
    ),
    Known("bearer", ("earer ",), rf"[Bb]earer {_NO_EXAMPLE}([A-Za-z0-9._~+/-]{{20,4000}}=*)"),
    Known("url-token", ("://",), rf"://{_NO_EXAMPLE}([A-Za-z0-9_.-]{{20,300}})@"),
    Known(
        "url-password",
        ("://",),
        r"://[^\s/:@\"'<>{}$]{1,100}:"
        r"((?!(?:pass(?:word|wd)?|secret|test|user|postgres|root|admin|guest|changeme|example|x+|\*+|\.+)@)"
        r"[^\s/@\"'<>{}$%\[\]]{3,200})@",
    ),
)
"""Forms that are public knowledge. Passwords that everybody writes into examples are none."""


@dataclass(frozen=True, slots=True)
class Own:
    """A pattern of the user's."""

    name: str
    find: str
    """Plain text; a match begins where it stands."""
    pattern: Pattern
    """Its group 1 is taken out; without groups, all."""


@dataclass(slots=True)
class Redactor:
    """Knows some secrets. Threads may share it."""

    values: Mapping[str, str] = field(default_factory=dict)
    """Secret values by name."""
    own: tuple[Own, ...] = ()
    met: dict[str, str] = field(default_factory=dict)
    """Placeholder -> the text it stands for, where that may be put back; of this process alone, never written."""
    _needles: tuple[tuple[str, str], ...] = ()
    _broken: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        needles: dict[str, str] = {}
        for name, value in sorted(self.values.items()):
            if len(value) >= SHORTEST:
                for form in _forms(value):
                    needles.setdefault(form, name)
        longest_first = sorted(needles, key=lambda form: (-len(form), form))
        self._needles = tuple((form, needles[form]) for form in longest_first)
        squeezed = ((_squeezed(form), name) for form, name in self._needles)
        self._broken = tuple((form, name) for form, name in squeezed if len(form) >= _SHORTEST_BROKEN)

    def hide(self, text: str, *, meet: bool = False) -> str:
        """The text without secrets. ``meet``: :meth:`reveal` may put back what was taken out of it."""
        if len(text) < SHORTEST:
            return text

        def stand_in(name: str, secret: str) -> str:
            placeholder = f"{MARK}{name}#{_digest(secret)}]"
            if meet:
                self.met[placeholder] = secret
            return placeholder

        for needle, name in self._needles:
            if needle in text:
                text = text.replace(needle, stand_in(name, needle))
        text = self._without_broken(text, stand_in)
        for known in WELL_KNOWN:
            if any(find in text for find in known.finds):
                look = re.compile(known.look)  # compiled where it is needed: start-up time
                text = look.sub(partial(_group, known.name, stand_in), text)
        return self._without_own(text, stand_in) if self.own else text

    def reveal(self, text: str) -> tuple[str, tuple[str, ...]]:
        """The text with what :meth:`hide` met put back, and the placeholders that stand for nothing known."""
        unknown = []

        def put_back(match: re.Match[str]) -> str:
            secret = self.met.get(match[0])
            if secret is None:
                unknown.append(match[0])
                return match[0]
            return secret

        return _STANDING.sub(put_back, text), tuple(dict.fromkeys(unknown))

    def _without_broken(self, text: str, stand_in: StandIn) -> str:
        if not self._broken:
            return text
        squeezed = _squeezed(text)
        found = [(form, name) for form, name in self._broken if form in squeezed]
        if not found:
            return text
        for form, name in found:
            look = re.compile(_BETWEEN.join(re.escape(letter) for letter in form))
            text = look.sub(partial(_whole, name, stand_in), text)
        return text

    def _without_own(self, text: str, stand_in: StandIn) -> str:
        budget = Budget(_STEPS)
        for own in self.own:
            done, at = [], 0
            while (start := text.find(own.find, at)) >= 0:
                secret, skip = _own_match(own, text, start, budget)
                if not secret:
                    done.append(text[at : start + 1])
                    at = start + 1
                    continue
                done += [text[at : start + skip], stand_in(own.name, secret)]
                at = start + skip + len(secret)
            text = "".join((*done, text[at:])) if done else text
        return text


_BETWEEN = r"(?:[\s\"'+,|>]|\\[nrt]?){0,80}+"
"""What may stand between two characters of a broken value: the blanks, quotes and escapes of an indented line."""


def _own_match(own: Own, text: str, start: int, budget: Budget) -> tuple[str, int]:
    """What a user's pattern takes out there and how far behind ``start`` it begins; empty: nothing.

    Where the budget is used up, the rest of the line.
    """
    window = text[start : start + _WINDOW]
    groups = own.pattern.match(window, budget)
    if groups is None:
        return (window.partition("\n")[0], 0) if budget.steps <= 0 else ("", 0)
    whole, secret = groups[0] or "", groups[1] if own.pattern.groups else groups[0]
    if not secret or _STANDING.search(whole):
        return "", 0
    return secret, whole.find(secret)


def _whole(name: str, stand_in: StandIn, match: re.Match[str]) -> str:
    return stand_in(name, match[0])


def _group(name: str, stand_in: StandIn, match: re.Match[str]) -> str:
    secret = match[match.lastindex or 0]
    if _STANDING.search(secret):
        return match[0]
    start = match.start(match.lastindex or 0) - match.start()
    return match[0][:start] + stand_in(name, secret) + match[0][start + len(secret) :]


def _squeezed(text: str) -> str:
    for escape in ("\\n", "\\r", "\\t"):
        if escape in text:
            text = text.replace(escape, "")
    return text.translate(_DROPPED)


def _digest(secret: str) -> str:
    return hashlib.blake2b(secret.encode("utf-8", "surrogatepass"), digest_size=3).hexdigest()


def _forms(value: str) -> Iterable[str]:
    """The value as it stands in text, and as it stands there quoted, escaped or encoded."""
    yield value
    yield from {
        quote(value, safe=""),
        quote(value),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
    }
    if len(value) < _SHORTEST_ENCODED:
        return
    content = value.encode("utf-8", "surrogatepass")
    yield content.hex()
    yield content.hex().upper()
    for before in range(3):
        # what stands before and behind a value in a base64 text changes its outer characters only
        coded = base64.b64encode(b"\0" * before + content).decode()
        inner = coded[(0, 2, 3)[before] : len(coded) - len(coded) % 4].rstrip("=")
        whole = (before + len(content)) % 3 == 0
        inner = inner if whole else inner[:-1]
        yield inner
        yield inner.translate(str.maketrans("+/", "-_"))


def hide_within(value: Any, hide: Callable[[str], str]) -> Any:
    """A JSON value with every text in it hidden; keys stay."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, Mapping):
        return {key: hide_within(item, hide) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [hide_within(item, hide) for item in value]
    return value
