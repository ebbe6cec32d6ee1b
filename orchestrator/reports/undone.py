"""What a delivered branch did not do: its record's consequences, remarks left, acceptance that no test names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from orchestrator.domain.gate import GateReport
from orchestrator.domain.paths import is_test
from orchestrator.reports.hunks import Hunk
from orchestrator.reports.inputs import Finding, ReviewRound

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Za-z][a-z]+|\d+")
_COMMON = frozenset(
    """
    that this with from when then than have must should shall will does into only each every same they them their
    there which while where what been being also more most some such other over under after before without within
    value values return returns returned line lines test tests file files code keep keeps kept the and for are
    was not its any all can has but one's who how out
    """.split()  # noqa: SIM905 - a table of words reads better
)
"""Words that say nothing of what is asked."""
_LEAST_WORD, _STEM = 3, 5
_SHARE = 0.5
"""A test names an item that shares this much of its telling words; the product's own figure, told as a hint only."""
_LONGEST = 400_000
_FILE = re.compile(r"::| > ")
_ID = re.compile(r"(?:.*::|.* > )?([^\[\n]*)")


def findings_left(reviews: Sequence[ReviewRound]) -> tuple[Finding, ...]:
    """What the last round of each reviewer remarked, where it did not send the change back."""
    last = {round_.role: round_ for round_ in reviews}
    return tuple(finding for round_ in last.values() if round_.verdict != "send_back" for finding in round_.findings)


def test_ids(gate: GateReport | None) -> frozenset[str]:
    """Ids of the tests that ran, skipped ones left out."""
    if gate is None:
        return frozenset()
    return frozenset(name for one in gate.results if one.tests for name in one.tests.ids - one.tests.skipped_ids)


def new_tests(ids: Iterable[str], hunks: Sequence[Hunk]) -> tuple[str, ...]:
    """Of these ids, those that the change brought: of a new test file, or named in a line that it adds."""
    fresh = {hunk.path for hunk in hunks if hunk.state == "new"}
    added: dict[str, str] = {}
    for hunk in hunks:
        if is_test(hunk.path):
            added[hunk.path] = (added.get(hunk.path, "") + "\n".join(hunk.added) + "\n")[:_LONGEST]
    return tuple(name for name in sorted(ids) if _is_new(name, fresh, added))


def unnamed(acceptance: Sequence[str], ids: Iterable[str], hunks: Sequence[Hunk]) -> tuple[str, ...]:
    """Acceptance items that neither the name of a test nor a line the change adds to one shares the words of."""
    told = [_stems(name) for name in ids]
    told += [_stems("\n".join(hunk.added)[:_LONGEST]) for hunk in hunks if is_test(hunk.path)]
    left = []
    for item in acceptance:
        asked = _stems(item)
        if asked and not any(len(asked & words) >= _SHARE * len(asked) for words in told):
            left.append(item)
    return tuple(left)


def _is_new(name: str, fresh: set[str], added: dict[str, str]) -> bool:
    path = _FILE.split(name, maxsplit=1)[0]
    if path in fresh:
        return True
    found = _ID.match(name)
    title = found[1].strip() if found else ""
    text = added.get(path, "") if path in added or path != name else "\n".join(added.values())
    return bool(title) and re.search(rf"(?<!\w){re.escape(title)}(?!\w)", text) is not None


def _stems(text: str) -> frozenset[str]:
    words = (word.lower() for word in _WORD.findall(text[:_LONGEST]))
    return frozenset(word[:_STEM] for word in words if len(word) >= _LEAST_WORD and word not in _COMMON)
