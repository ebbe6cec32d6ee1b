"""The campaign's table: made from verdicts, kept in ``docs/chaos.md``, read back so that a part can be run anew."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.campaign import COLUMNS, Verdict

PAGE = Path(__file__).parents[2] / "docs" / "chaos.md"
_HEAD = """# Chaos

What `scripts/chaos` last said; it writes this page, and the tests fail where the README says otherwise. Each scenario
is a whole night on a real repository with recorded answers: its processes die (or a call into the system fails) where
the row says, the last one goes on in peace, and everything is compared with an undisturbed night: each task's outcome,
tree, commit message and parents, the calls bought and what each was charged, every byte of the user's checkout, and
what is left running or lying about. What a provider was asked is counted on the provider's side.

- *named points*: kill -9 at every crash point (`grep -rn crash_point orchestrator`), three states of the checkout
  (clean; staged, changed, untracked and stashed work; in the middle of a merge).
- *power cut*: the same deaths, and every byte and name that was not synced is lost.
- *random times*: one to three tasks and lanes, one to five deaths deep.
- *a failing system call*: the Nth write, short write, fsync, rename or creation of a file among the records.
- *the journal cut, flipped*: gone on with where it is a torn tail; refused, with the place, where it is damage.

"""


@dataclass(slots=True)
class Row:
    """One family's figures."""

    scenarios: int = 0
    deaths: int = 0
    faults: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COLUMNS, 0))

    def add(self, verdict: Verdict) -> None:
        """Count one more."""
        self.scenarios += 1
        self.deaths += verdict.deaths
        for column in {column for column, _ in verdict.faults}:
            self.faults[column] += 1

    def __add__(self, other: Row) -> Row:
        faults = {column: self.faults[column] + other.faults[column] for column in COLUMNS}
        return Row(self.scenarios + other.scenarios, self.deaths + other.deaths, faults)

    @property
    def clean(self) -> bool:
        """Nothing but deaths."""
        return not any(self.faults.values())

    def __str__(self) -> str:
        """One line of totals."""
        faults = ", ".join(f"{count} {column}" for column, count in self.faults.items())
        return f"{self.scenarios:,} scenarios, {self.deaths:,} deaths, {faults}"


def rows_of(verdicts: Iterable[Verdict]) -> dict[str, Row]:
    """By family, in the order they come."""
    rows: dict[str, Row] = {}
    for verdict in verdicts:
        rows.setdefault(verdict.scenario.family, Row()).add(verdict)
    return rows


def total(rows: Mapping[str, Row]) -> Row:
    """All of them."""
    return sum(rows.values(), Row())


def read(page: str) -> tuple[dict[str, Row], dict[str, str]]:
    """Rows and planted bugs of a page."""
    rows: dict[str, Row] = {}
    plants: dict[str, str] = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        numbers = [int(cell.replace(",", "")) for cell in cells[1:] if re.fullmatch(r"[\d,]+", cell)]
        if len(numbers) == len(COLUMNS) + 2 and cells[0] != "**all**":
            rows[cells[0]] = Row(numbers[0], numbers[1], dict(zip(COLUMNS, numbers[2:], strict=True)))
        elif len(cells) == 2 and line.startswith("|") and cells[0] not in {"planted bug", "---"}:
            plants[cells[0]] = cells[1]
    return rows, plants


def write(rows: Mapping[str, Row], plants: Mapping[str, str]) -> str:
    """The page."""
    lines = [_HEAD + "| what | scenarios | deaths | " + " | ".join(COLUMNS) + " |"]
    lines.append("|---|" + "---:|" * (len(COLUMNS) + 2))
    for name, row in (*rows.items(), ("**all**", total(rows))):
        figures = " | ".join(f"{number:,}" for number in (row.scenarios, row.deaths, *row.faults.values()))
        lines.append(f"| {name} | {figures} |")
    lines += ["", "## Bugs planted to see whether they are found", "", "| planted bug | found by |", "|---|---|"]
    lines += [f"| {name} | {by} |" for name, by in plants.items()]
    return "\n".join(lines) + "\n"
