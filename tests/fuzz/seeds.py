"""What each reader is usually given, and the words it looks for: where new inputs begin."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from orchestrator import strict_yaml
from orchestrator.ledger.journal import encode
from tests.agents.material import RECORD
from tests.fuzz.targets import TARGETS
from tests.intake.test_load import CONTRACT
from tests.intake.test_properties import FULL
from tests.reports.hostile import NASTY

_CAPTURES = Path(__file__).parents[1] / "failures" / "captures"
_BLOCK = "<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n"
_ANSWERS = (
    f"src/a.py\n```python\n{_BLOCK}```\n",
    f"**`src/crlf.py`**\n~~~\n{_BLOCK}{_BLOCK}~~~\nDELETE empty\nRENAME bom.txt -> b/bom.txt\n",
    "src/new.py\n```\n<<<<<<< SEARCH\n=======\nx = 1\n>>>>>>> REPLACE\n```\nNEED src/b.py: why\nCONFLICT: no\n",
    f"wide.txt\n<<<<<<<<< SEARCH\nTitle\n=======\n{_BLOCK}=========\nx\n>>>>>>>>> REPLACE\n",
    f"DELETE src/a.py\nsrc/a.py\n{_BLOCK.replace('old', '')}../x\n{_BLOCK}",
)
_WORDS = Path(__file__).with_name("words.txt")
"""Pieces by target, one a line, with Python's escapes."""


FOUND = {
    # A half of a character in a name that is looked up in files (bytes that are no UTF-8 stand for one here).
    "failures": [b"E   NameError: name 'caf\xe9' is not defined\n", b"NameError: name 'caf\xe9s' is not defined\n"],
    # The replacement character, once made inert, was taken for one that hides.
    "shown": [b"\xef\xbf\xbd", b"\xed\xa0\x80"],
}
"""What a target once failed at; never again."""


@cache
def words(target: str) -> tuple[bytes, ...]:
    """Pieces worth putting in."""
    _, _, after = _WORDS.read_text(encoding="ascii").partition(f"[{target}]\n")
    found = itertools.takewhile(lambda line: line[1:-1] not in TARGETS, after.splitlines())
    return tuple(word.encode("ascii").decode("unicode_escape").encode("utf-8", "surrogatepass") for word in found)


@cache
def seeds(target: str) -> tuple[bytes, ...]:
    """Whole inputs, at least two."""
    made: dict[str, Sequence[bytes]] = {
        "edits": [text.encode() for text in _ANSWERS],
        "failures": _outputs(),
        "adr": [RECORD.encode(), RECORD.replace("## ", "### ").encode(), f"```markdown\n{RECORD}```".encode()],
        "yaml": [CONTRACT.encode(), strict_yaml.dump(FULL).encode(), b"? {a: [b, |\n c]}\n"],
        "tasks": [CONTRACT.encode(), strict_yaml.dump(FULL).encode(), b"tasks: [{id: a, title: t}]\n"],
        "journal": [_journal(3), _journal(12), _journal(5)[:-20]],
        "shown": [NASTY.encode("utf-8", "surrogatepass"), b"a\x1b[31mb\x07 plain `code` | cell\n"],
    }
    return (*FOUND.get(target, ()), *made[target])


def _outputs() -> list[bytes]:
    outputs = []
    for path in sorted(_CAPTURES.glob("*.json")):
        kept = json.loads(path.read_text(encoding="utf-8"))
        outputs.append(f"{kept['stdout']}\n{kept['stderr']}".encode("utf-8", "replace")[:4000])
    return outputs


def _journal(count: int) -> bytes:
    lines: list[bytes] = []
    at = datetime(2026, 11, 21, 2, 36, tzinfo=UTC).isoformat(timespec="milliseconds")
    for number in range(count):
        prev = lines[-1][-11:-3].decode() if lines else "00000000"
        lines.append(encode(number, prev, at, "note", {"text": f"línea {number}", "number": number}))
    return b"".join(lines)
