"""The short form of the campaign: a death at every named point, a sample of all else; and the README's figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import page
from tests.chaos.campaign import (
    Theatre,
    chained_points,
    damaged_journals,
    failing_calls,
    power_cuts,
    random_deaths,
    single_points,
)
from tests.chaos.night import Variant

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    with Theatre(tmp_path_factory.mktemp("chaos")) as theatre:
        yield theatre


def faults(verdicts: list[object]) -> list[object]:
    return [(verdict.scenario.name, verdict.faults) for verdict in verdicts if verdict.faults]  # type: ignore[attr-defined]


@pytest.mark.slow
def test_every_named_point_is_survived(theatre: Theatre) -> None:
    chained = list(theatre.play(chained_points(theatre, 6)))
    points = set(theatre.peace(Variant()).points)
    died_at = {point for verdict in chained for point in verdict.died_at}
    single = list(theatre.play(single_points(sorted(points - died_at))))
    died_at |= {point for verdict in single for point in verdict.died_at}
    assert faults([*chained, *single]) == []
    assert died_at == points
    assert len(points) > 120


@pytest.mark.slow
def test_a_sample_of_the_campaign(theatre: Theatre) -> None:
    """Power cuts, failing calls, damaged journals, random times with several lanes."""
    wanted = [
        *list(power_cuts(theatre))[::48],
        *list(failing_calls(20))[::40],
        *damaged_journals(2),
        *random_deaths((12,)),
    ]
    verdicts = list(theatre.play(wanted))
    assert faults(verdicts) == []
    assert sum(verdict.deaths for verdict in verdicts) > len(wanted) // 2


@pytest.mark.slow
def test_a_planted_bug_is_found(tmp_path: Path) -> None:
    """The positive control: an answer on disk whose line is missing, bought again."""
    with Theatre(tmp_path, plant="an answer on disk without its line is bought again") as theatre:
        verdicts = list(theatre.play(single_points(["file.after:answer"])))
    assert [column for column, _ in verdicts[0].faults][:1] == ["repeated calls"]


def test_the_readme_says_what_the_page_says() -> None:
    rows, plants = page.read(page.PAGE.read_text(encoding="utf-8"))
    total = page.total(rows)
    assert total.clean
    assert plants
    assert not [name for name, by in plants.items() if "not found" in by]
    told = re.sub(r"\s+", " ", README.read_text(encoding="utf-8"))
    assert f"{total.scenarios:,} scenarios, {total.deaths:,} process deaths" in told
    assert f"{len(plants)} planted durability bugs" in told


def test_a_page_reads_back_as_it_was_written() -> None:
    rows = {"random times": page.Row(12, 15, dict.fromkeys(page.COLUMNS, 0))}
    assert page.read(page.write(rows, {"no sync": "power cut"})) == (rows, {"no sync": "power cut"})
