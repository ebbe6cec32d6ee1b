"""The schema editors use: it describes every key and agrees with what the loader takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchestrator.intake.documents import TaskEntry, TasksDocument
from orchestrator.intake.schema import schema
from orchestrator.settings import Settings


def described(node: Any) -> list[str]:
    """Keys without a description."""
    lacking = []
    for name, value in node.get("properties", {}).items():
        if "description" not in value:
            lacking.append(name)
    return lacking


def test_every_key_of_tasks_yaml_is_described() -> None:
    made = schema("tasks")
    assert set(made["properties"]) == set(TasksDocument.model_fields)
    assert described(made) == []
    assert set(made["$defs"]["TaskEntry"]["properties"]) == set(TaskEntry.model_fields)
    for name in ("TaskEntry", "InvariantEntry", "GateEntry"):
        assert described(made["$defs"][name]) == []
    assert made["$defs"]["TaskEntry"]["required"] == ["id", "title"]
    assert made["$defs"]["TaskEntry"]["properties"]["id"]["pattern"].startswith("^[a-z0-9]")


def test_orchestrate_yaml_takes_the_settings_too_and_asks_for_none() -> None:
    made = schema("orchestrate")
    assert set(Settings.model_fields) <= set(made["properties"])
    assert "tasks" not in made["properties"]
    assert "required" not in made
    assert "required" not in made["$defs"]["Loop"]
    assert {"lint", "check_timeout_s", "protected"} <= set(made["$defs"]["GateSection"]["properties"])


@pytest.mark.parametrize("file", ["tasks", "orchestrate"])
def test_every_reference_is_there(file: Any) -> None:
    made = schema(file)
    text = json.dumps(made)
    for name in made["$defs"]:
        assert f"#/$defs/{name}" in text
    assert text.count('"$ref"') == sum(text.count(f'"$ref": "#/$defs/{name}"') for name in made["$defs"])


def test_every_setting_is_described() -> None:
    made = schema("orchestrate")
    assert described(made) == []
    assert {name: lacking for name, one in made["$defs"].items() if (lacking := described(one))} == {}
