"""Packages loaded name by name: what they re-export is there and the module's own, and nothing else is loaded."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.adapters.reexports import reexported, sparingly

FILES = {
    "__init__": "from .fast import One as One\nfrom .slow import (\n    Two,\n    Three as Drei,\n)\n"
    "from . import inner\nMADE = Two + 1\n",
    "fast": "One = 1\n",
    "slow": "Two = 2\nThree = 3\n",
    "unnamed": "here = True\n",
    "inner/__init__": "from .leaf import Leaf\nfrom ..fast import One\n",
    "inner/leaf": "Leaf = object()\n",
    "own/__init__": "from .part import Part\nSELF = 'run'\n",
    "own/part": "Part = 'part'\n",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package that re-exports, of which ``own`` is not to be treated so; forgotten afterwards."""
    name = f"made_{tmp_path.name.replace('-', '_')}"
    for file, text in FILES.items():
        (tmp_path / name / f"{file}.py").parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name / f"{file}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    finders = list(sys.meta_path)
    sparingly(name, "inner")
    sparingly(name, "inner")
    assert len(sys.meta_path) == len(finders) + 1
    yield name
    sys.meta_path[:] = finders
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        del sys.modules[module]


def loaded(package: str) -> set[str]:
    return {name.removeprefix(package) for name in sys.modules if name.startswith(package)}


def test_what_a_package_re_exports_is_read_from_its_text() -> None:
    assert reexported(FILES["__init__"], "p") == {
        "One": ("p.fast", "One"),
        "Two": ("p.slow", "Two"),
        "Drei": ("p.slow", "Three"),
        "inner": ("p.inner", ""),
    }
    assert reexported("import os\nfrom os import path\nif path:\n    from .fast import One\n", "p") == {}


def test_only_the_module_of_a_name_is_loaded(package: str) -> None:
    made = importlib.import_module(package)
    assert loaded(package) == {""}
    assert made.One == 1
    assert loaded(package) == {"", ".fast"}
    assert made.Drei == 3
    assert made.inner.Leaf is importlib.import_module(f"{package}.inner.leaf").Leaf
    assert loaded(package) == {"", ".fast", ".slow", ".inner", ".inner.leaf"}


def test_a_module_that_the_package_does_not_name_is_there_as_ever(package: str) -> None:
    assert importlib.import_module(package).unnamed.here
    own = importlib.import_module(f"{package}.own")
    assert own.SELF == "run"
    assert f"{package}.own.part" in sys.modules


def test_what_the_text_makes_itself_is_made_when_it_is_asked_for(package: str) -> None:
    """The whole text runs then, so nothing of it is ever missing; a name that is nowhere is an error as ever."""
    made = importlib.import_module(package)
    assert made.MADE == 3
    assert made.One == 1
    assert f"{package}.inner.leaf" in sys.modules or made.inner.Leaf
    with pytest.raises(AttributeError, match="nowhere"):
        _ = made.nowhere
    with pytest.raises(AttributeError):
        _ = importlib.import_module(f"{package}.inner").nowhere


CALL = """\
import sys
from orchestrator.adapters.models.sdks import anthropic_sparingly
anthropic_sparingly()
import anthropic
client = anthropic.Anthropic(api_key="none", base_url="http://127.0.0.1:9", max_retries=0)
try:
    client.messages.create(model="m", max_tokens=1, messages=[{"role": "user", "content": "hi"}], stream=True)
except anthropic.APIConnectionError as refused:
    assert isinstance(refused, anthropic.APIError)
print(sum(name.startswith("anthropic") for name in sys.modules))
assert anthropic.types.beta.BetaMessage.__module__ == "anthropic.types.beta.beta_message"
assert anthropic.__version__
"""


def test_the_real_sdk_loads_a_third_of_itself_for_a_call() -> None:
    """Whole it is about 3,000 modules; the bar leaves room for a version that names more."""
    ended = subprocess.run([sys.executable, "-c", CALL], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert 100 < int(ended.stdout) < 1500
