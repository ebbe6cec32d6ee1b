"""``scripts/chaos``: kill whole nights, and say what came of them."""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.chaos import page
from tests.chaos.campaign import (
    Scenario,
    Theatre,
    Verdict,
    chained_points,
    damaged_journals,
    failing_calls,
    named_points,
    power_cuts,
    random_deaths,
)
from tests.chaos.night import STATES
from tests.chaos.plants import PLANTS, SUSPECTS

_MODES = ("run", "resume", "resume of the resume")
_FAILURES = 25
"""How far into the night each kind of system call is made to fail."""
_DAMAGES = 100


def main() -> int:
    """0 only where every column but the deaths is zero, and every planted bug was found."""
    args = _arguments()
    with tempfile.TemporaryDirectory(prefix="chaos-", dir=args.folder) as folder:
        if args.plants is not None:
            return _plants(Path(folder), args)
        with Theatre(Path(folder), args.workers) as theatre:
            rows = page.rows_of(_told(theatre.play(_wanted(theatre, args))))
    for name, row in rows.items():
        print(f"{name}: {row}")
    total = page.total(rows)
    if args.write:
        kept, plants = page.read(page.PAGE.read_text()) if page.PAGE.exists() else ({}, {})
        if args.first_seed > 1:  # further seeds of the campaign that is on the page
            rows = {name: kept.get(name, page.Row()) + row for name, row in rows.items()}
        page.PAGE.write_text(page.write({**kept, **rows}, plants))
    print(total)
    return 0 if total.clean else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=0, metavar="N", help="N nights killed at random times")
    parser.add_argument("--first-seed", type=int, default=1, metavar="K", help="the first seed (default 1)")
    parser.add_argument("--points", choices=(*_MODES, "all", "short"), help="death at every named point")
    parser.add_argument("--power", action="store_true", help="a power cut at every named point")
    parser.add_argument(
        "--failures", type=int, default=0, metavar="N", help="each kind of system call fails, up to the Nth"
    )
    parser.add_argument("--damage", type=int, default=0, metavar="N", help="N journals cut or flipped")
    parser.add_argument("--all", action="store_true", help="the whole campaign, with 1,000 seeds unless said otherwise")
    parser.add_argument("--plants", nargs="*", metavar="BUG", help="plant these bugs (default: all): are they found?")
    parser.add_argument(
        "--write", action="store_true", help="write the figures into docs/chaos.md (from a later first seed: add them)"
    )
    parser.add_argument("--workers", type=int, default=2, help="nights side by side (default 2)")
    parser.add_argument("--folder", help="where nights are run (default: the system's temporary folder)")
    return parser.parse_args()


def _wanted(theatre: Theatre, args: argparse.Namespace) -> Iterator[Scenario]:
    if args.points == "short":
        yield from chained_points(theatre, 10)
    elif args.points or args.all:
        modes = (args.points,) if args.points in _MODES else _MODES
        for mode in modes:
            yield from named_points(theatre, states=STATES, modes=(mode,))
    if args.power or args.all:
        yield from power_cuts(theatre)
    if args.failures or args.all:
        yield from failing_calls(args.failures or _FAILURES)
    if args.damage or args.all:
        yield from damaged_journals(args.damage or _DAMAGES)
    seeds = args.seeds or (1000 if args.all else 0)
    yield from random_deaths(range(args.first_seed, args.first_seed + seeds))


def _told(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """A word every hundred."""
    began = time.monotonic()
    for number, verdict in enumerate(verdicts, 1):
        if number % 100 == 0:
            print(f"{number} scenarios, {time.monotonic() - began:.0f} s", file=sys.stderr)
        yield verdict


def _plants(folder: Path, args: argparse.Namespace) -> int:
    """Each bug under the scenarios it could show in, until the first fault."""
    found: dict[str, str] = {}
    for number, plant in enumerate(args.plants or PLANTS):
        with Theatre(folder / str(number), args.workers, plant=plant) as theatre:
            hit = next((verdict for verdict in theatre.play(_likely(theatre, SUSPECTS[plant])) if verdict.faults), None)
        found[plant] = f"{hit.scenario.family}, {hit.scenario.name}: {hit.faults[0][0]}" if hit else "**not found**"
        print(f"{plant}: {found[plant]}", flush=True)
    if args.write:
        rows, before = page.read(page.PAGE.read_text()) if page.PAGE.exists() else ({}, {})
        page.PAGE.write_text(page.write(rows, {**before, **found}))
    missed = sum(by == "**not found**" for by in found.values())
    print(f"{len(found)} bugs planted, {len(found) - missed} found")
    return 1 if missed else 0


def _likely(theatre: Theatre, suspect: str) -> Iterator[Scenario]:
    """Where the bug is suspected first, then the rest of a small campaign."""
    deaths = named_points(theatre, states=("dirty",), modes=("run",))
    wanted = list(itertools.chain(power_cuts(theatre), deaths, damaged_journals(8), failing_calls(4)))
    return iter(sorted(wanted, key=lambda one: suspect not in f"{one.family} {one.name}"))


if __name__ == "__main__":
    sys.exit(main())
