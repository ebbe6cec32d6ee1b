"""New files that would be taken for another."""

from __future__ import annotations

import pytest

from orchestrator.gate.shadows import shadowed_module, stubbed_source


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("pytest.py", "pytest"),
        ("src/pytest/__init__.py", "pytest"),
        ("src/json.py", "json"),
        ("unittest/__init__.py", "unittest"),
        ("src/shop/json.py", None),
        ("src/typing/notes.txt", None),
        ("platform/api.py", None),
        ("src/price.py", None),
        ("src/logging.py", None),
        ("api/src/coverage.py", "coverage"),
        ("api/pytest.py", "pytest"),
        ("web/pytest.py", None),
        ("pytest_mock.py", "pytest_mock"),
        ("src/difflib.py", "difflib"),
        ("_hypothesis_pytestplugin.py", "_hypothesis_pytestplugin"),
    ],
)
def test_modules_in_place_of_a_tool_s(path: str, module: str | None) -> None:
    assert shadowed_module(path, ("src/logging.py",), (".", "api")) == module


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("src/price.pyi", "src/price.py"),
        ("src/other.pyi", None),
        ("shipped/b.pyi", None),
        ("shipped/a.pyi", None),
        ("src/price.py", None),
    ],
)
def test_a_stub_beside_a_source(path: str, source: str | None) -> None:
    base = ("src/price.py", "shipped/a.py", "shipped/a.pyi", "shipped/b.py")
    assert stubbed_source(path, base) == source
