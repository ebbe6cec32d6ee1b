"""An invented name is told of before any check runs, and the retry mends it; told once, the gate decides."""

from __future__ import annotations

import json
from pathlib import Path

from orchestrator.reports.fold import fold
from tests.e2e.small import DOUBLED, PROJECT, doubling, place_of, run

TWO_CHECKS = "gate: {lint: python -m compileall -q src, test: python -m pytest -q}\n"
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
    assert "an invented name stopped before a test ran" in output
    assert "double: invented names stopped before a test ran: `doubled_total`" in (
        place.run_folder() / "report.md"
    ).read_text().replace("\\", "")


def test_a_check_is_journaled_as_it_begins_and_as_it_ends(tmp_path: Path) -> None:
    """The test itself reads the journal: what stands there while it runs is what the live view shows."""
    seen, shared = tmp_path / "seen", tmp_path / "runs"
    looks = (
        f"import shutil\nfrom pathlib import Path\n\n\ndef test_looks():\n"
        f"    for journal in Path({str(shared)!r}).glob('*/journal.jsonl'):\n"
        f"        shutil.copyfile(journal, {str(seen)!r})\n"
    )
    place = place_of(tmp_path, {**PROJECT, "tests/test_looks.py": looks}, doubling(), gate=TWO_CHECKS)
    code, output = run(place)
    assert code == 0, output
    entries = [json.loads(line) for line in seen.read_text().splitlines()]
    gate = entries[max(number for number, entry in enumerate(entries) if entry["type"] == "gate:started") :]
    told = [(entry["type"], entry.get("check")) for entry in gate]
    assert told == [
        ("gate:started", None),
        ("check:started", "lint"),
        ("check:finished", "lint"),
        ("check:started", "test"),
    ]
    assert fold(entries).doing == "gate: test: python -m pytest -q"
