"""Which hunks of a change to look at first, and why: by what lines say and files are called. Pure.

It judges nothing and reads no meaning: a word in a line is a reason to look, not a fault. What the gate forbids
(protected files, suppressions that nobody allowed) never gets here; what a task allowed does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.domain.paths import is_test
from orchestrator.reports.hunks import Hunk

_CONFIG_PATH = re.compile(
    r"(^|/)(\.github/|\.gitlab-ci|\.circleci/|Dockerfile|Makefile|Jenkinsfile|\.env|\.npmrc|\.gitmodules|\.gitattributes"
    r"|(requirements[^/]*|constraints)\.txt$|go\.(mod|sum)$)|\.(toml|ini|cfg|ya?ml|lock)$|(^|/)[^/]*(package|tsconfig|"
    r"eslint|vite|jest|babel|webpack|biome|setup|composer)[^/]*\.(json|js|cjs|mjs|ts|py)$|(^|/)migrations?/"
)
_TEST = re.compile(r"^\s*(?:async )?(?:def test|class Test|(?:it|test|describe)(?:\.\w+)?\s*\(|func Test|#\[test\])")
_ASSERTION = re.compile(r"\bassert|\bexpect\(|\.should\b|\bpytest\.raises\b|\bself\.fail\b")
_SKIP = re.compile(r"pytest\.mark\.(?:skip|xfail)|\.(?:skip|only)\(|@unittest\.skip|\bx(?:it|describe)\(|t\.Skip\(")
_SUPPRESSION = re.compile(
    r"\bnoqa\b|\btype: ?ignore|pyright: ?ignore|pylint: ?disable|\bnosec\b|pragma: ?no cover|eslint-disable"
    r"|@ts-(?:ignore|expect-error|nocheck)|biome-ignore|istanbul ignore|[cv]8 ignore|nolint|#\[allow\(",
    re.IGNORECASE,
)
_SECURITY = re.compile(
    r"(?i)\b(?:passwords?|passwd|secrets?|tokens?|api_?keys?|credentials?|auth(?:enticate|orize|orization)?|permissions?|"
    r"csrf|cors|sanitiz\w*|escape|crypt\w*|hash(?:lib)?|hmac|md5|sha1|verify|ssl|tls|certs?|cookies?|sessions?|jwt|"
    r"sudo|chmod|chown|eval|exec|subprocess|popen|shell|pickle|deserializ\w*|innerhtml|dangerouslysetinnerhtml|"
    r"execute|raw_?sql|select .{0,60} from|insert into|delete from|drop table)\b"
)
_ERRORS = re.compile(
    r"^\s*(?:}?\s*(?:except|catch|finally|rescue)\b|raise\b|throw\b|panic!?\(|return err\b)|\.catch\(|\bunwrap\(\)"
)
_LONGEST, _MOST = 500, 1_000
"""Characters of a line, and lines of a hunk, that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A hunk with the reasons to look at it first; none: it is as it is."""

    hunk: Hunk
    weight: int
    why: tuple[str, ...]


def risky_first(hunks: Sequence[Hunk], flagged: Sequence[str] = ()) -> tuple[Looked, ...]:
    """Every hunk, the gravest first, else in the diff's order. ``flagged``: ``path:line: what`` of the gate's flags."""
    places = {":".join(one.split(": ", 1)[-1].split(":")[:1]) for one in flagged}
    looked = [_looked(hunk, hunk.path in places) for hunk in hunks]
    return tuple(sorted(looked, key=lambda one: -one.weight))


def _looked(hunk: Hunk, flagged: bool) -> Looked:  # noqa: FBT001 - one call, beside it
    found = dict(_reasons(hunk, flagged))
    why = tuple(sorted(found, key=lambda words: -found[words]))
    return Looked(hunk=hunk, weight=sum(found.values()), why=why)


def _reasons(hunk: Hunk, flagged: bool) -> Iterator[tuple[str, int]]:  # noqa: FBT001 - as above
    test = is_test(hunk.path)
    begin = hunk.head(_MOST)
    added, removed = _cut(begin.added), _cut(begin.removed)
    if flagged:
        yield "flagged by the gate for the review", 6
    if hunk.state == "deleted":
        yield ("deletes a test file", 8) if test else ("deletes the file", 2)
    if hunk.machine_written:
        return
    if _more(_SUPPRESSION, added, removed):
        yield "silences a check", 5
    if _CONFIG_PATH.search(hunk.path):
        yield "configuration", 4
    yield from _of_test(added, removed) if test else _of_code((*added, *removed))


def _of_test(added: Sequence[str], removed: Sequence[str]) -> Iterator[tuple[str, int]]:
    if _more(_TEST, removed, added):
        yield "removes a test", 7
    if _more(_ASSERTION, removed, added):
        yield "removes an assertion", 6
    if _more(_SKIP, added, removed):
        yield "skips a test", 6


def _of_code(changed: Sequence[str]) -> Iterator[tuple[str, int]]:
    if any(map(_SECURITY.search, changed)):
        yield "security words", 3
    if any(map(_ERRORS.search, changed)):
        yield "error handling", 2


def _cut(lines: Sequence[str]) -> list[str]:
    return [line[:_LONGEST] for line in lines]


def _more(pattern: re.Pattern[str], here: Sequence[str], there: Sequence[str]) -> bool:
    """Whether more lines here hold it than there: what only moved is none."""
    return sum(bool(pattern.search(line)) for line in here) > sum(bool(pattern.search(line)) for line in there)
