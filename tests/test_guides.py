"""The guides say what the program says: every error's slug has its section, the configuration page is not stale."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from orchestrator.adapters.sandbox_probe import ProbeStatus
from orchestrator.cli import commands
from orchestrator.domain.errors import ModelFault

TOP = Path(__file__).parents[1]
DOCS = TOP / "docs"
COMPUTED = {
    "provider-": {f"provider-{fault.value.replace('_', '-')}" for fault in ModelFault},
    "sandbox-": {f"sandbox-{status}" for status in ProbeStatus if status is not ProbeStatus.WORKS},
}
"""Slugs that are put together: how their text begins, and what comes of it."""


def slugs() -> set[str]:
    """Every slug an error can have, read from the program's text."""
    found: set[str] = set()
    for path in (TOP / "orchestrator").rglob("*.py"):
        for value in _given(ast.parse(path.read_text(encoding="utf-8"))):
            match value:
                case ast.Constant(value=str(text)) if text:
                    found.add(text)
                case ast.JoinedStr(values=[ast.Constant(value=str(begin)), *_]):
                    found |= COMPUTED[begin]  # a new family has to be listed above
                case _:
                    continue
    return found


def _given(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "slug")
        elif isinstance(node, ast.Dict):  # the words of an error that several places raise
            pairs = zip(node.keys, node.values, strict=True)
            yield from (value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "slug")
        elif isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "slug":
                    yield line.value


def sections() -> list[str]:
    return re.findall(r"^### `([^`]+)`$", (DOCS / "troubleshooting.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_every_slug_has_its_section_and_every_section_its_slug() -> None:
    told = sections()
    assert len(told) == len(set(told))
    assert slugs() - set(told) == set(), "docs/troubleshooting.md lacks these"
    assert set(told) - slugs() == set(), "no error has these slugs any more"


def test_every_section_says_something() -> None:
    text = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    for slug, body in re.findall(r"^### `([^`]+)`\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL):
        assert len(body.strip()) > 20, slug


def test_the_configuration_page_is_what_the_settings_say() -> None:
    script = TOP / "scripts" / "config_reference.py"
    ended = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in (TOP / "README.md", *DOCS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        named = set(re.findall(r"`(docs/[a-z-]+\.md)`", text)) | set(
            re.findall(r"\]\((?!http)([^)#]+\.(?:md|svg|png))", text)
        )
        for name in named:
            assert (TOP / name).exists() or (page.parent / name).exists(), f"{page.name}: {name}"


def test_the_commands_the_guides_show_are_ones_there_are() -> None:
    seen = 0
    for page in (TOP / "README.md", TOP / "SECURITY.md", *DOCS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        for line in re.findall(r"^(?: {4}|\$ )?(orchestrate [a-z].+)$", text, re.MULTILINE):
            words = shlex.split(re.split(r"\s#|\s\||\s&&|;|\s>|\s<", line)[0])[1:]
            assert commands.parse(words[0], words[1:]), f"{page.name}: {line}"
            seen += 1
    assert seen > 30
