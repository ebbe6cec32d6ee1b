"""Writes docs/configuration.md from the settings themselves: meaning, type and bounds, shipped value.

usage: scripts/config-reference [--check]

--check writes nothing and ends with 1 where the file is not what would be written.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from orchestrator.intake.schema import schema
from orchestrator.settings.load import load_settings
from scripts.page import write_or_check

LONGEST_VALUE = 60
HEAD = """# Configuration

Made by `scripts/config-reference` from the settings' own docstrings; do not edit. `orchestrate config show` prints
every effective value and where it came from; `orchestrate schema orchestrate` is the same for editors.

## Where a value comes from

Weakest first; the later wins, mappings are merged key by key, lists are replaced whole:

1. what ships with the program: `config/*.yaml`, each number with its source beside it;
2. your own file, `~/.config/orchestrator/config.yaml`;
3. `orchestrate.yaml` beside the tasks file;
4. the tasks file (`gate:` only);
5. the environment: `ORCHESTRATE_` and the path, parts joined by two underscores: `ORCHESTRATE_LOOP__LANES=2`;
6. the command line: `--set loop.lanes=2` (a part that holds dots stands in double quotes).

```yaml
# orchestrate.yaml
loop:
  lanes: 2
gate:
  coverage_minimum: 70
budgets:
  mode: observe        # record what would have been stopped, stop nothing
secrets:
  patterns:
    corp: {find: corp-, pattern: "corp-[0-9a-f]{32}"}
```

A file that may come with a repository (3, 4) may not name programs, addresses or keys, nor turn the sandbox off.
Unknown and duplicate keys, wrong types and values out of bounds are refused before anything starts, all at once, each
with its line. Budgets are read again between tasks; everything else counts from the start of a session.

## Overrides on a task

`budget: {build: 12000}` in the tasks file gives a phase of that task an absolute limit in tokens: it is not multiplied
by complexity, importance or weight. `complexity` and `importance` of a task choose the factors of all others.

## Environment variables that are not settings

| variable | means |
|---|---|
| `ANTHROPIC_API_KEY`, `GEMINI_API_KEY` or `GOOGLE_API_KEY` | the providers' keys (`models.providers.*.key_env`) |
| `ANTHROPIC_BASE_URL`, `GOOGLE_GEMINI_BASE_URL` | other addresses of the providers |
| `OTEL_EXPORTER_OTLP_ENDPOINT`, and the SDK's others | OpenTelemetry (`pip install 'orchestrate[otel]'`); off without |
| `OTEL_SDK_DISABLED=true` | off whatever else is set |
| `XDG_CACHE_HOME` | where lanes, environments and indexes lie (`~/.cache`) |
| `NO_COLOR` | no colours |
"""


def render() -> str:
    """The whole page."""
    document = schema("orchestrate")
    shipped = load_settings(environment={})
    values = shipped.settings.model_dump(mode="json")
    definitions = document["$defs"]
    parts = [HEAD]
    sections = {name: node for name, node in document["properties"].items() if name in values}
    sections["gate"] = {"$ref": "#/$defs/GateLimits"}
    definitions.setdefault("GateLimits", {"properties": _limits(document, values["gate"])})
    for name in sorted(sections, key=list(values).index):
        rows = list(_rows(name, sections[name], values[name], definitions))
        about = sections[name].get("description") or "Limits of the gate's commands."
        parts.append(
            f"## {name}\n\n{about}\n\n| setting | type | shipped | meaning |\n|---|---|---|---|\n{''.join(rows)}"
        )
    return "\n".join(parts)


def _limits(document: Mapping[str, Any], shipped: Mapping[str, Any]) -> dict[str, Any]:
    """The gate's limits stand among its commands in the schema."""
    gate = document["$defs"]["GateSection"]["properties"]
    return {name: gate[name] for name in shipped if name in gate}


def _rows(path: str, node: Mapping[str, Any], value: Any, definitions: Mapping[str, Any]) -> Iterator[str]:
    """A row for a plain value; for a group, those of its members."""
    target = _target(node, definitions)
    if "properties" in target:
        for name, member in target["properties"].items():
            inner = value.get(name) if isinstance(value, Mapping) else None
            yield from _rows(f"{path}.{name}", member, inner, definitions)
        return
    members = _target(target.get("additionalProperties") or {}, definitions)
    if "properties" in members:
        yield _row(path, node, target, value, "by name")
        yield from _rows(f"{path}.NAME", members, None, definitions)
        return
    yield _row(path, node, target, value, _type(node, definitions))
    items = _target(target.get("items") or {}, definitions)
    for name, member in items.get("properties", {}).items():
        yield from _rows(f"{path}[].{name}", member, None, definitions)


def _row(path: str, node: Mapping[str, Any], target: Mapping[str, Any], value: Any, kind: str) -> str:
    meaning = str(node.get("description") or target.get("description") or "").replace("|", "\\|")
    default = node.get("default") if value is None else value
    return f"| `{path}` | {kind} | {_shown(default)} | {meaning} |\n"


def _target(node: Any, definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a node is, references followed."""
    if not isinstance(node, Mapping):
        return {}
    name = str(node.get("$ref", "")).rpartition("/")[2]
    return definitions.get(name, node) if name else node


def _type(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    found = _target(node, definitions)
    if "anyOf" in found:
        kinds = dict.fromkeys(_type(each, definitions) for each in found["anyOf"])
        return " or ".join(kinds)
    if "enum" in found:
        return ", ".join(f"`{word}`" for word in found["enum"])
    if "const" in found:
        return f"`{found['const']}`"
    if found.get("type") == "array":
        items = found.get("items") or found.get("prefixItems", [{}])[0]
        return f"list of {_type(items, definitions)}"
    if found.get("type") == "object":
        inner = found.get("additionalProperties")
        return f"mapping to {_type(inner, definitions)}" if isinstance(inner, Mapping) else "mapping"
    return f"{found.get('type', 'value')}{_bounds(found)}"


def _bounds(found: Mapping[str, Any]) -> str:
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    bounds = [f"{word} {found[key]:,}" for key, word in words.items() if key in found]
    return f" {' '.join(bounds)}" if bounds else ""


def _shown(value: Any) -> str:
    """The value as it is written in a file; long ones are in `config/`."""
    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False).replace("|", "\\|")
    return f"`{text}`" if len(text) <= LONGEST_VALUE else "see `config/`"


if __name__ == "__main__":
    raise SystemExit(write_or_check("configuration.md", render(), by="config-reference"))
