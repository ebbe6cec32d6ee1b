"""Whatever a file or a layer holds, the answer is a batch or a list of placed faults; never another error."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import strict_yaml
from orchestrator.domain.errors import UsageError
from orchestrator.intake import load_batch
from orchestrator.settings import Settings
from orchestrator.settings.layers import dotted
from orchestrator.settings.load import effective, load_settings

FULL: dict[str, Any] = {
    "version": 1,
    "repo": ".",
    "base": "main",
    "request": "CR-1",
    "invariants": [{"id": "sql", "text": "t", "keywords": ["k"], "check": "true"}],
    "setup": ["pip install -e ."],
    "gate": {"lint": "a", "coverage": {"minimum": 80}, "web": {"test": "jest"}, "memory_mb": 512, "allow": ["network"]},
    "tasks": [
        {"id": "a", "title": "t"},
        {
            "id": "b",
            "title": "t",
            "description": "d",
            "acceptance": ["x"],
            "files": ["src/a.py"],
            "depends_on": ["a"],
            "complexity": "simple",
            "importance": "high",
            "importance_reason": "r",
            "budget": {"build": 1},
            "protect": ["docs/**"],
            "allow": ["tests/**"],
            "scope": "open",
            "allow_dependencies": True,
            "request": "CR-2",
        },
    ],
}
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["", "none", "..", "a", "b", "x/../y", "critical", "\x00", "\x1b[2J", "a" * 3000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=4,
)


def places(data: Any, loc: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield loc
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from places(value, (*loc, key))


def replaced(data: Any, loc: tuple[Any, ...], value: Any) -> Any:
    """A copy with another value there."""
    if not loc:
        return value
    if isinstance(data, dict):
        return {key: replaced(inner, loc[1:], value) if key == loc[0] else inner for key, inner in data.items()}
    return [replaced(inner, loc[1:], value) if key == loc[0] else inner for key, inner in enumerate(data)]


PLACES = list(places(FULL))


def test_the_unchanged_file_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "tasks.yaml"
    path.write_text(strict_yaml.dump(FULL))
    assert len(load_batch(path).tasks) == 2


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), ANY), min_size=1, max_size=3))
def test_any_value_anywhere_is_taken_or_refused_in_its_place(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    data: Any = FULL
    for loc, value in changes:
        if loc in set(places(data)):
            data = replaced(data, loc, value)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tasks.yaml")
        path.write_text(strict_yaml.dump(data), encoding="utf-8")
        try:
            batch = load_batch(path)
        except UsageError as error:
            refused = error
        else:
            refused = None
    if refused is not None:
        assert refused.faults
        assert all(re.match(rf"{re.escape(str(path))}:\d+:\d+: .", fault) for fault in refused.faults)
        assert all(fault.isprintable() for fault in refused.faults)
        return
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", task.id) for task in batch.tasks)
    assert all(task.title.isprintable() or task.title for task in batch.tasks)
    assert not any(".." in path.split("/") for task in batch.tasks for path in (*task.files, *task.protect))


SETTINGS = [dotted(loc) for loc in effective(load_settings(environment={}).settings)]


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(SETTINGS), st.text(max_size=10) | ANY.map(str)), min_size=1, max_size=3))
def test_any_setting_may_be_set_to_anything_and_is_taken_or_refused(changes: list[tuple[str, str]]) -> None:
    try:
        loaded = load_settings(environment={}, sets=[f"{key}={value}" for key, value in changes])
    except UsageError as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        assert refused.faults
        assert all(fault.startswith("command line --set ") and fault.isprintable() for fault in refused.faults)
        return
    assert isinstance(loaded.settings, Settings)
    for key, _ in changes:
        assert loaded.provenance[key].startswith("command line") or key not in SETTINGS


@pytest.mark.parametrize("name", ["tasks.yaml", "a b.yaml", "-x.yaml"])
def test_the_file_may_have_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("tasks: [{id: a, title: t}]")
    assert load_batch(tmp_path / name).tasks[0].id == "a"
