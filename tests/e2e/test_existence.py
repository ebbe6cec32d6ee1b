"""An invented name is told of before any check runs, and the retry mends it; told once, the gate decides."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.small import DOUBLED, PROJECT, doubling, place_of, run

INVENTED = {**DOUBLED, "src/shop/doubled.py": "from shop.price import doubled_total\n\n\ndoubled = doubled_total\n"}


def test_an_invented_name_costs_no_gate(tmp_path: Path) -> None:
    file = "src/shop/doubled.py"
    mended = f"{file}\n```\n<<<<<<< SEARCH\n{INVENTED[file]}=======\n{DOUBLED[file]}>>>>>>> REPLACE\n```\n"
    answers = {**doubling(INVENTED), "double.build.executor.2.1": mended}
    place = place_of(tmp_path, PROJECT, answers)
    code, output = run(place)
    assert code == 0, output
    (found,) = [entry for entry in place.entries() if entry["type"] == "existence:found"]
    assert found["symbols"] == ["doubled_total"]
    gates = [entry for entry in place.entries() if entry["type"] == "gate:finished"]
    assert {entry["iteration"] for entry in gates if "iteration" in entry} == {2}
    assert place.moves("double") == ["warn", "accept"]
