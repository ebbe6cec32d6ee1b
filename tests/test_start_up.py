"""What commands load, and that ``scripts/bench`` measures what it says. What help loads: tests/cli/test_frame.py."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.system import needs

TOP = Path(__file__).parents[1]
SDKS = ("anthropic", "google.genai", "openai")
HEAVY = (*SDKS, "httpx2", "pydantic", "git", "rich", "yaml", "jinja2", "structlog", "psutil", "genai_prices")
SHOWN = f"print(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The bench's own trivial project, its backlog and its answers."""
    spec = importlib.util.spec_from_file_location("bench", TOP / "scripts" / "bench.py")
    assert spec is not None
    assert spec.loader is not None
    bench = sys.modules["bench"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    return bench.Place(tmp_path_factory.mktemp("start-up"))


def loaded(place: Any, *argv: str) -> set[str]:
    """The heavy modules that a command leaves loaded; it must succeed."""
    code = f"import sys\nfrom orchestrator.cli import main\nassert main({list(argv)!r}) == 0\n{SHOWN}\n"
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {
        **place.environment,
        "PATH": tools,
        "PYTHONPATH": str(TOP),
        "XDG_CACHE_HOME": f"{place.folder}/cache",
    }
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=place.folder, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return set(ended.stderr.splitlines()[-1].split())


@needs("git")
def test_commands_load_what_they_use(place: Any) -> None:
    """``status`` nothing heavy; what asks no model no SDK and no git; recorded answers no SDK either."""
    assert not loaded(place, "run", "tasks.yaml", "--models", "replay:calls") & set(SDKS)
    assert loaded(place, "status") == set()
    for argv in (["report"], ["plan", "tasks.yaml"], ["config", "show"], ["schema"]):
        assert not loaded(place, *argv) & {*SDKS, "git", "rich", "structlog", "psutil"}, argv


@pytest.mark.slow
@needs("git", "bwrap")
@pytest.mark.parametrize(
    ("what", "titles", "sides"),
    [
        ("start", ["start-up"], ["python -c pass", "orchestrate --help", "orchestrate status"]),
        (
            "task",
            ["one task, first time: clone, the base's gate", "one task, lane warm"],
            ["git and gate by hand", "orchestrate run", "outside its gate's commands"],
        ),
    ],
)
def test_the_bench_prints_ratios_of_one_run(what: str, titles: list[str], sides: list[str]) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    argv = [sys.executable, str(TOP / "scripts" / "bench.py"), what, "--rounds", "1"]
    ended = subprocess.run(argv, cwd=TOP, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    for title in titles:
        assert re.search(rf"^{re.escape(title)} +min +median +x min +x median$", ended.stdout, re.MULTILINE)
    for side in sides:
        rows = re.findall(rf"^ +{re.escape(side)} +(\d+) ms +(\d+) ms +([\d.]+) +([\d.]+)$", ended.stdout, re.MULTILINE)
        assert len(rows) == len(titles)
        for least, middle, ratio, _ in rows:
            assert 0 < int(least) <= int(middle)
            assert (ratio == "1.00") or side != sides[0]
