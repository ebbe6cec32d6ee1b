"""Templates are compiled once: what is kept is used for the text it was made of, and for no other."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from orchestrator.reports.compiled import Beside


def said(folder: Path, text: str) -> str:
    """What a template of that text says, in an environment of its own."""
    environment = Environment(loader=DictLoader({"page.md.j2": text}), bytecode_cache=Beside(folder), autoescape=False)
    return environment.get_template("page.md.j2").render(who="you")


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(autouse=True)
def writes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)


def test_it_is_kept_beside_its_folder_and_used_again(tmp_path: Path) -> None:
    assert said(tmp_path, "Hello {{ who }}") == "Hello you"
    [file] = kept(tmp_path)
    assert file.parent == tmp_path / "__pycache__"
    inode = file.stat().st_ino
    assert said(tmp_path, "Hello {{ who }}") == "Hello you"
    assert file.stat().st_ino == inode, "not written a second time"


def test_another_text_is_compiled_anew(tmp_path: Path) -> None:
    said(tmp_path, "Hello {{ who }}")
    assert said(tmp_path, "Bye {{ who }}") == "Bye you"
    assert said(tmp_path, "Bye {{ who }}") == "Bye you"


def test_what_is_damaged_is_compiled_anew(tmp_path: Path) -> None:
    said(tmp_path, "Hello {{ who }}")
    [file] = kept(tmp_path)
    for content in (b"", b"j2", file.read_bytes()[:-5]):
        file.write_bytes(content)
        assert said(tmp_path, "Hello {{ who }}") == "Hello you"


def test_a_folder_that_cannot_be_written_to_costs_nothing_but_the_time(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").write_text("in the way")
    assert said(tmp_path, "Hello {{ who }}") == "Hello you"


def test_python_told_to_write_none_keeps_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    said(tmp_path, "Hello {{ who }}")
    assert kept(tmp_path) == []
