"""``orchestrate registry``: the calibration registry shown, read, recalculated, rebuilt, shared."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.cli.options import sets_of
from orchestrator.cli.runs import DEFAULT_STATE
from orchestrator.domain.errors import ExitCode, OrchestrateError, UsageError
from orchestrator.intake import load_project_settings
from orchestrator.ledger.registry import Change, Reading, Registry, RegistryError, registry_path
from orchestrator.ledger.registry_file import Document, RegistryFault, defaults_json, encode, parse
from orchestrator.policy.calibration import fallback
from orchestrator.reports.inert import encodable, one_line
from orchestrator.settings import Registry as RegistrySettings

_HEAD = "schema 1.0"


def run(args: argparse.Namespace) -> int:
    """Do the action; ``get`` never fails."""
    state = Path(args.state) if args.state is not None else DEFAULT_STATE
    if args.action == "get" and args.operand is not None:
        return _get(args, state)
    settings = load_project_settings(Path(), environment=os.environ, sets=sets_of(args)).settings.registry
    registry = _registry(state, settings)
    if args.action == "show":
        return _show(registry, state, as_json=args.json)
    if args.action == "get":
        _operand(args, "PATH", "calibrated_defaults.usable_budget")
    if args.action == "export":
        return _export(registry, Path(_operand(args, "FILE")))
    if args.action == "import":
        change = registry.replace(_read_other(Path(_operand(args, "FILE"))))
    elif args.action == "rebuild":
        change = _rebuild(registry, state)
    else:
        change = registry.recalculate()
    _tell(registry, change, as_json=args.json)
    return ExitCode.OK


def _registry(state: Path, settings: RegistrySettings) -> Registry:
    return Registry(registry_path(state, settings.path), size=settings.window, now=lambda: datetime.now(UTC))


def _get(args: argparse.Namespace, state: Path) -> int:
    """R7: prints the value, else ``--fallback``, else the built-in one; whatever is wrong elsewhere, exit code 0."""
    found: Any = None
    try:
        settings = load_project_settings(Path(), environment=os.environ, sets=sets_of(args)).settings.registry
    except OrchestrateError:
        settings = RegistrySettings()
    try:
        found = _registry(state, settings).get(args.operand or "", None)
    except Exception:  # noqa: BLE001 - scripts rely on it: never fails (R7)
        found = None
    if found is None and args.fallback is not None:
        print(args.fallback)
        return ExitCode.OK
    if found is None:
        found = _built_in(args.operand or "")
    print(found if isinstance(found, str) else json.dumps(found, ensure_ascii=True))
    return ExitCode.OK


def _built_in(path: str) -> Any:
    """R5's fallbacks under the names of the file; an empty text for anything else."""
    found: Any = {"calibrated_defaults": defaults_json(fallback())}
    for part in path.split("."):
        found = found.get(part, "") if isinstance(found, dict) else ""
    return found


def _show(registry: Registry, state: Path, *, as_json: bool) -> int:
    from orchestrator.ledger.registry_history import calibrations
    from orchestrator.ledger.registry_start import learnt
    from orchestrator.ledger.registry_track import by_day, words

    reading = registry.read()
    if as_json:
        raw = reading.document.raw if reading.document else {"calibrated_defaults": defaults_json(reading.defaults())}
        print(json.dumps({**raw, "path": str(registry.path), "fault": reading.fault}, indent=2, ensure_ascii=True))
        return ExitCode.OK
    lines = _text(registry, reading)
    intervals = learnt(state)
    if intervals:
        lines.extend(("", "learnt from delivered tasks    low (p10)     half under        likely    high (p90)"))
        for group, one in intervals.items():
            levels = "".join(f"{level:>14,}" for level in (one.p10, one.p50, one.likely, one.p90))
            lines.append(f"  {f'{group} task, tokens':<26}{levels}   of {one.learnt_from}")
    days = by_day(calibrations(state))
    if days:
        lines.extend(("", "estimates over time"))
        lines.extend(f"  {day}  {words(found)}" for day, found in days)
    sys.stdout.write(encodable("\n".join(lines) + "\n", sys.stdout.encoding))
    return ExitCode.OK


def _text(registry: Registry, reading: Reading) -> list[str]:
    """The file for people; the fallbacks where there is none to read."""
    defaults = reading.defaults()
    lines = [f"{registry.path}: {_HEAD}" if reading.document else f"{reading.fault}; the fallbacks are used"]
    lines.append(f"usable budget {defaults.usable_budget:,} tokens, safety multiplier {defaults.safety_multiplier:g}")
    lines.append("stages  " + "  ".join(f"{phase} {tokens:,}" for phase, tokens in defaults.stages.items()))
    if reading.document:
        lines.extend(_features(reading.document))
    return lines


def _features(found: Document) -> list[str]:
    from orchestrator.policy.calibration import ratio

    lines = ["", "delivered tasks it was learnt from, oldest first"]
    for raw, feature in zip(found.raw["features"], found.features, strict=True):
        made = ratio(feature)
        told = "no estimate then" if made is None else f"actual/estimated {made:.2f}"
        day = str(raw.get("completed_at") or "no date")[:10]
        recorded = ", recorded answers" if raw.get("recorded") is True else ""
        lines.append(
            f"  {day:<10}  {one_line(feature.feature_id, limit=60)}  {feature.total:,} tokens, {told}{recorded}"
        )
    return lines


def _read_other(path: Path) -> Document:
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint="name a file that `registry export` wrote") from None
    except RegistryFault as error:
        raise UsageError(f"{path}: {error}", hint="name a file that `registry export` wrote") from None


def _export(registry: Registry, target: Path) -> int:
    from orchestrator.ledger.durable import write_whole

    found = registry.read()
    if found.document is None:
        raise RegistryError(f"nothing to export: {found.fault}", hint="`orchestrate registry rebuild` makes one")
    try:
        write_whole(target, encode(found.document.raw))
    except OSError as error:
        raise UsageError(f"{target}: {error.strerror}", hint="name a file in a folder that is writable") from None
    print(target)
    return ExitCode.OK


def _rebuild(registry: Registry, state: Path) -> Change:
    """Anew from the journals; with a shared file elsewhere, only this state folder's runs are known."""
    from orchestrator.ledger.registry_history import delivered
    from orchestrator.policy.calibration import qualifies

    features = [
        each.feature
        for each in delivered(state)
        if qualifies(stage["post"] for stage in each.feature["stage_actuals"].values())
    ]
    return registry.rebuild(features)


def _tell(registry: Registry, change: Change, *, as_json: bool) -> None:
    before, after = change.before.figures(), change.after.figures()
    if as_json:
        print(json.dumps({"path": str(registry.path), "before": before, "after": after}, indent=2))
        return
    print(registry.path)
    for name, value in after.items():
        was = f" (was {before[name]:,})" if before[name] != value else ""
        print(f"  {name:<14} {value:>9,}{was}")


def _operand(args: argparse.Namespace, what: str, example: str = "registry.json") -> str:
    if not args.operand:
        raise UsageError(f"registry {args.action}: which {what}?", hint=f"orchestrate registry {args.action} {example}")
    return str(args.operand)
