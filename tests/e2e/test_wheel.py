"""The wheel works elsewhere: installed into an empty folder's environment, it runs the pilot it carries."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.e2e.nights import Place

TOP = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(TOP)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return next(out.glob("*.whl"))


def test_it_carries_config_prompts_and_the_pilot(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("config", "prompts"):
        for path in (TOP / folder).rglob("*.*"):
            assert f"orchestrator/_data/{path.relative_to(TOP).as_posix()}" in names
    assert "orchestrator/_data/examples/pilot/tasks.yaml" in names
    assert "orchestrator/_data/examples/pilot/project/src/tally/entries.py" in names
    assert any(name.startswith("orchestrator/_data/examples/pilot/calls/") for name in names)
    assert not any("runs/" in name or "__pycache__" in name for name in names)


@pytest.mark.slow
def test_it_runs_the_pilot_elsewhere(wheel: Path, tmp_path: Path) -> None:
    """A fresh environment that sees this one's dependencies but not this checkout's package."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, timeout=300)
    site = next(venv.glob("lib/python3*/site-packages"))
    ours = next(Path(path) for path in sys.path if path.endswith("site-packages"))
    subprocess.run(
        [str(venv / "bin/python"), "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(wheel)],
        check=True,
        timeout=300,
    )
    (site / "dependencies.pth").write_text(f"{ours}\n")
    place = Place(tmp_path, tmp_path / "pilot" / "tasks.yaml", {"PYTHONPATH": ""})
    code = "import sys, orchestrator.cli as cli; print(cli.__file__); sys.exit(cli.main(['pilot', '--dir', 'pilot']))"
    ran = subprocess.run(
        [str(venv / "bin/python"), "-c", code],
        check=False,
        cwd=tmp_path,
        env=place.environment,
        capture_output=True,
        text=True,
        timeout=500,
        stdin=subprocess.DEVNULL,
    )
    assert ran.returncode == 0, ran.stderr + ran.stdout
    assert str(venv) in ran.stdout.splitlines()[0]
    assert "ended as designed" in ran.stdout
