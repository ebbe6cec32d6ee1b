"""``registry get`` for scripts, which never fails (R7); a file given to others and taken from them; R10 over time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.cli import main
from orchestrator.ledger.registry import FILE_NAME, seed
from orchestrator.ledger.registry_file import encode
from tests.cli.run_folder import recorded
from tests.ledger.test_registry import BROKEN

USABLE = "calibrated_defaults.usable_budget"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


def got(state: Path, capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    capsys.readouterr()
    assert main(["registry", "get", *argv, "--state", str(state)]) == 0
    return capsys.readouterr().out


def test_get_gives_the_value_the_fallback_or_the_built_in_one(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert got(state, capsys, USABLE, "--fallback", "7") == "7\n"
    assert got(state, capsys, USABLE) == "120000\n"
    assert got(state, capsys, "calibrated_defaults.per_stage_estimates.plan") == "5000\n"
    assert got(state, capsys, "no.such.thing") == "\n"
    (state / FILE_NAME).write_bytes(encode(seed().raw))
    assert got(state, capsys, USABLE, "--fallback", "7") == "60000\n"
    assert got(state, capsys, "features.1.feature_name", "--fallback", "7") == "universal-session-budget-tracking\n"


def test_get_never_fails(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for content in BROKEN.values():
        (state / FILE_NAME).write_bytes(content)
        assert got(state, capsys, USABLE, "--fallback", "7") == "7\n"
    (state / FILE_NAME).unlink()
    (state / FILE_NAME).mkdir()
    assert got(state, capsys, USABLE, "--fallback", "7") == "7\n"
    assert got(state / FILE_NAME / "none", capsys, USABLE, "--fallback", "7") == "7\n"
    for path in ("", ".", "..", "\x00", "a" * 5000, "calibrated_defaults.", "ünïcode", "features.-1.x"):
        assert got(state, capsys, path, "--fallback", "7") == "7\n"
    for broken in (
        "budgets: {tokens: {bild: 1}}\n",
        "{",
        "registry: {path: [1]}\n",
        "\x00",
        "registry: {window: -1}\n",
    ):
        Path("orchestrate.yaml").write_text(broken)
        assert got(state, capsys, USABLE, "--fallback", "7") == "7\n", broken
    Path("orchestrate.yaml").unlink()
    Path("orchestrate.yaml").mkdir()
    assert got(state, capsys, USABLE, "--fallback", "7") == "7\n"


def test_a_file_is_given_to_others_and_taken_from_them(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    theirs = {**seed().raw, "calibrated_defaults": {**seed().raw["calibrated_defaults"], "usable_budget": 77_000}}
    (state / FILE_NAME).write_bytes(encode(theirs))
    assert main(["registry", "export", "team.json", "--state", str(state)]) == 0
    assert json.loads(Path("team.json").read_text()) == theirs
    (state / FILE_NAME).write_bytes(encode(seed().raw))
    assert main(["registry", "import", "team.json", "--state", str(state)]) == 0
    assert got(state, capsys, USABLE) == "77000\n"
    assert len(list(state.glob(f"{FILE_NAME}.before-import-*"))) == 1
    Path("torn.json").write_bytes(BROKEN["torn"])
    assert main(["registry", "import", "torn.json", "--state", str(state)]) == 2
    assert got(state, capsys, USABLE) == "77000\n", "nothing was changed"
    Path("orchestrate.yaml").write_text("registry: {path: ../shared.json}\n")
    assert main(["registry", "import", "team.json", "--state", str(state)]) == 0
    assert (state.parent / "shared.json").exists(), "a path setting counts from the state folder"


def test_actual_against_estimated_over_time(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R10: began at about 2.5; the target is 1.0."""
    entry = {"type": "run:calibrated", "task": "t", "tokens": 300, "estimated": 100}
    recorded(state, [{**entry, "actual": 250, "at": "2026-11-20T01:00:00+00:00"}], "20261120-0100-a")
    later = [{**entry, "actual": actual, "at": "2026-11-21T01:00:00+00:00"} for actual in (140, 160)]
    recorded(state, later, "20261121-0100-b")
    assert main(["registry", "show", "--state", str(state)]) == 0
    days = capsys.readouterr().out.partition("estimates over time\n")[2].splitlines()
    assert [line.split()[0] for line in days] == ["2026-11-20", "2026-11-21"]
    assert "1 delivered; actual/estimated by stage 2.50 (target 1.0)" in days[0]
    assert "2 delivered; actual/estimated by stage 1.50 (target 1.0)" in days[1]
