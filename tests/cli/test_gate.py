"""``orchestrate gate`` as a user types it, on a real repository with uncommitted work."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from orchestrator.cli.gate import _lines
from orchestrator.domain.gate import GateReport
from orchestrator.wiring_gate import GateSite
from tests.e2e.nights import Place
from tests.e2e.small import PROJECT, place_of
from tests.system import needs

RUFF = {
    **PROJECT,
    "pyproject.toml": PROJECT["pyproject.toml"] + "[tool.ruff]\n",
    "tests/test_shop.py": "import shop\n\n\ndef test_it_is_there():\n    assert shop.__name__ == 'shop'\n",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A repository without a tasks file, its gate detected."""
    place = place_of(tmp_path_factory.mktemp("shop"), RUFF, {})
    place.tasks.unlink()
    return place


def gate(place: Place, *argv: str) -> subprocess.CompletedProcess[str]:
    command = ["python", "-m", "orchestrator", "gate", "--sandbox", "none", *argv]
    python = shutil.which("python", path=place.environment["PATH"])
    assert python is not None
    return subprocess.run(
        [python, *command[1:]],
        cwd=place.folder / "tally",
        env=place.environment,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


def status(place: Place) -> str:
    return place.git("status", "--porcelain", "--untracked-files=all", "--ignored")


def test_a_green_checkout_without_a_tasks_file(shop: Place) -> None:
    ended = gate(shop)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "3 passed, 0 failed" in ended.stdout
    assert "green" in ended.stdout.splitlines()[-1]
    assert status(shop) == ""


def test_uncommitted_work_is_judged_and_stays_as_it_is(shop: Place) -> None:
    new = shop.folder / "tally" / "src" / "shop" / "new.py"
    new.write_text("import os\n\n\ndef half(price):\n    return undefined_name / 2\n")
    before = status(shop)
    ended = gate(shop, "--json")
    assert ended.returncode == 1
    report = json.loads(ended.stdout)
    found = {failure["code"]: failure["category"] for failure in report["failures"]}
    assert found["F401"] == "trivial"
    assert found["F821"] != "trivial"
    assert status(shop) == before
    assert "import os" in new.read_text()


def test_fix_writes_what_needs_no_model_and_names_it(shop: Place) -> None:
    new = shop.folder / "tally" / "src" / "shop" / "new.py"
    new.write_text("import os\n\n\ndef half(price):\n    return price / 2\n")
    ended = gate(shop, "--fix")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "--fix writes to your checkout: src/shop/new.py" in ended.stderr
    assert "--fix wrote src/shop/new.py" in ended.stderr
    assert "half" in new.read_text()
    assert "import os" not in new.read_text() or "noqa" in new.read_text()
    assert status(shop) == "?? src/shop/new.py\n"
    new.unlink()


def test_every_planted_defect_is_stopped(shop: Place) -> None:
    ended = gate(shop, "--selftest", "--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    rows = {row["defect"]: row for row in json.loads(ended.stdout)["defects"]}
    assert {name: row["stopped"] for name, row in rows.items()} == dict.fromkeys(
        ("lint fault", "red test", "deleted test", "skipped test", "coverage drop", "broken invariant"), True
    )
    assert rows["deleted test"]["by"] == "test (missing-tests)"
    assert rows["skipped test"]["by"] == "test (skipped-tests)"
    assert rows["deleted test"]["protected"]
    assert status(shop) == ""


def test_nothing_checked_is_not_green() -> None:
    site = cast("GateSite", SimpleNamespace())
    assert "nothing is proved" in _lines(GateReport(tree="", results=(), failures=()), site)[-1]


def test_what_cannot_be_planted_is_said(tmp_path: Path) -> None:
    place = place_of(tmp_path, {"notes.txt": "x\n", "a.py": "A = 1\n"}, {})
    place.tasks.unlink()
    ended = gate(place, "--selftest")
    assert ended.returncode == 0, ended.stderr
    assert "not here" in ended.stdout
    assert "no test check here" in ended.stdout
    assert "1 of 6 stopped" in ended.stdout


API = {
    "packages/api/pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['.']\n",
    "packages/api/price.py": "def total(prices):\n    return sum(prices)\n",
    "packages/api/test_price.py": "from price import total\n\n\ndef test_sum():\n    assert total([1, 2]) == 3\n",
}
WEB = {
    "packages/web/package.json": '{"name": "web", "type": "module", "scripts": {"test": "node --test"}}\n',
    "packages/web/src/price.js": "export const total = (prices) => prices.reduce((a, b) => a + b, 0);\n",
    "packages/web/test/price.test.js": (
        "import test from 'node:test';\nimport assert from 'node:assert';\n"
        "import { total } from '../src/price.js';\n\n"
        "test('sums', () => { assert.strictEqual(total([1, 2]), 3); });\n"
    ),
}


@needs("node", "npm")
def test_two_packages_of_two_languages_each_have_their_gate(tmp_path: Path) -> None:
    place = place_of(tmp_path, {**API, **WEB}, {})
    place.tasks.unlink()
    web = place.folder / "tally" / "packages" / "web"
    (web / "src" / "price.js").write_text("export const total = (prices) => 7;\n")
    ended = gate(place, "--json")
    assert ended.returncode == 1, ended.stderr
    report = json.loads(ended.stdout)
    tests = {result["path"]: result for result in report["results"] if result["kind"] == "test"}
    assert {path: (result["tool"], result["passed"]) for path, result in tests.items()} == {
        "packages/api": ("pytest", True),
        "packages/web": ("node:test", False),
    }
    assert [(one["file"], one["test_id"]) for one in report["failures"]] == [
        ("packages/web/test/price.test.js", "sums")
    ]
