"""The calibration registry (R1-R7): five operations on one file that several processes may share.

Readers never fail: damage is a value (:attr:`Reading.fault`), and the fallbacks are at hand. Writers take a lock
beside the file, read it anew, and replace it whole, so that nothing another process wrote is lost. A file that cannot
be read is never written over: ``registry rebuild`` sets it aside.

Recorded answers (replay, the pilot) say nothing of what the user's models use. What they deliver is marked
(``"recorded": true``), fills only places that nothing else needs, and leaves as soon as a run asks models.
"""

from __future__ import annotations

import copy
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestrator.domain.errors import OrchestrateError
from orchestrator.ledger.durable import write_whole
from orchestrator.ledger.registry_file import (
    SCHEMA_VERSION,
    Document,
    RegistryFault,
    defaults_json,
    document,
    encode,
    parse,
    value_at,
)
from orchestrator.policy.calibration import Defaults, fallback, recalculate, window
from orchestrator.resources import config_dir

FILE_NAME = "performance-registry.json"
_SIZE_LIMIT = 50_000_000
"""Bytes; a registry of five tasks has a few thousand."""
_LOCK_WITHIN_S = 10.0
"""A write takes milliseconds; who holds the lock longer is stuck, and a run does not wait for it."""
_LOCK_POLL_S = 0.01


class RegistryError(OrchestrateError):
    """The registry cannot be written: what, and the mend. No run fails by it (R5)."""

    slug = "registry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What reading brought."""

    document: Document | None
    fault: str = ""
    """Why there is none, in words; empty where there is one."""

    def defaults(self, *, by_hand: bool = False) -> Defaults:
        """The calibrated defaults, or the fallbacks (R5); ``by_hand``: for a single task (``--only``)."""
        return self.document.defaults if self.document else fallback(by_hand=by_hand)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The defaults before and after a write (R8)."""

    before: Defaults
    after: Defaults


Edit = Callable[[Document], dict[str, Any]]


class Registry:
    """One registry file; ``size``: its window (R3); ``live``: models are asked, so nothing recorded may stay in it."""

    def __init__(self, path: Path, *, size: int, now: Callable[[], datetime], live: bool = False) -> None:
        self.path = path
        self._size = size
        self._now = now
        self._live = live

    def exists(self) -> bool:
        """Whether the file is there."""
        return self.path.is_file()

    def read(self) -> Reading:
        """The whole of it; never raises."""
        try:
            with self.path.open("rb") as file:
                content = file.read(_SIZE_LIMIT + 1)
            if len(content) > _SIZE_LIMIT:
                return Reading(document=None, fault=f"{self.path}: larger than {_SIZE_LIMIT:,} bytes")
            return Reading(document=parse(content))
        except FileNotFoundError:
            return Reading(document=None, fault=f"{self.path}: there is none")
        except OSError as error:
            return Reading(document=None, fault=f"{self.path}: {error.strerror}")
        except RegistryFault as error:
            return Reading(document=None, fault=f"{self.path}: {error}")

    def get(self, path: str, default: Any) -> Any:
        """One value by dotted path, or ``default``; never raises (R7)."""
        found = self.read().document
        if found is None:
            return default
        try:
            return value_at(found.raw, path)
        except LookupError:
            return default

    def begin(self) -> bool:
        """Put the shipped seed where there is no file yet; whether it was put. ``RegistryError``: cannot be.

        Before models are asked, what recorded answers taught is let go.
        """
        if self.path.exists():
            if self._live:
                self._forget_recorded()
            return False
        with self._held():
            if self.path.exists():
                return False
            self._write(copy.deepcopy(dict(seed().raw)))
        return True

    def _forget_recorded(self) -> None:
        found = self.read().document
        if found is None or not any(map(_is_recorded, found.raw["features"])):
            return
        with self._held():
            found = self.read().document
            if found is None:
                return
            kept = [each for each in found.raw["features"] if not _is_recorded(each)]
            first = seed()
            if kept == first.raw["features"]:
                self._write({**found.raw, "features": kept, "calibrated_defaults": first.raw["calibrated_defaults"]})
            else:
                self._write(dict(self._recalculated(document({**found.raw, "features": kept})).raw))

    def append(self, feature: Mapping[str, Any]) -> Change:
        """Take a delivered task in and recalculate; one of the same id is replaced, not repeated."""

        def edit(found: Document) -> dict[str, Any]:
            known = [each for each in found.raw["features"] if each["feature_id"] != feature["feature_id"]]
            return {**found.raw, "features": kept_features([*known, dict(feature)], self._size)}

        return self._change(edit)

    def recalculate(self) -> Change:
        """Work the defaults out again from the features there are (R6)."""
        return self._change(lambda found: {**found.raw, "features": kept_features(found.raw["features"], self._size)})

    def replace(self, found: Document) -> Change:
        """Take another file's content as it is (import); what was there is kept beside as ``.before-import``."""
        with self._held():
            before = self.read().defaults()
            self._set_aside("before-import")
            self._write(dict(found.raw))
        return Change(before=before, after=found.defaults)

    def rebuild(self, features: Sequence[Mapping[str, Any]]) -> Change:
        """Begin anew from the shipped seed and those delivered tasks, oldest first; a damaged file is set aside."""
        with self._held():
            reading = self.read()
            if reading.document is None:
                self._set_aside("damaged")
            start = seed()
            known = [*start.raw["features"], *map(dict, features)]
            raw = {**start.raw, "features": kept_features(known, self._size)}
            after = self._recalculated(document(raw)) if features else start
            self._write(dict(after.raw))
        return Change(before=reading.defaults(), after=after.defaults)

    def _change(self, edit: Edit) -> Change:
        if not self.path.exists():
            self.begin()
        with self._held():
            reading = self.read()
            if reading.document is None:
                raise RegistryError(
                    f"{reading.fault}; it is left as it is",
                    hint="`orchestrate registry rebuild` sets it aside and begins anew from the runs' journals",
                )
            after = self._recalculated(document(edit(reading.document)))
            self._write(dict(after.raw))
        return Change(before=reading.document.defaults, after=after.defaults)

    def _recalculated(self, found: Document) -> Document:
        defaults = recalculate(window(found.features, self._size), found.defaults)
        carried = {**found.raw["calibrated_defaults"], **defaults_json(defaults)}
        return document({**found.raw, "calibrated_defaults": carried})

    def _write(self, raw: dict[str, Any]) -> None:
        """Whole or not at all; a link stays a link."""
        raw["updated_at"] = self._now().isoformat(timespec="seconds")
        ordered = {"version": SCHEMA_VERSION, "updated_at": raw["updated_at"], **raw}
        try:
            write_whole(self.path.resolve(), encode(ordered))
        except OSError as error:
            raise self._cannot(error) from None

    def _set_aside(self, why: str) -> None:
        if not self.path.exists():
            return
        try:
            content = self.path.read_bytes()
            write_whole(self.path.with_name(f"{self.path.name}.{why}-{self._now():%Y%m%d-%H%M%S}"), content)
        except OSError as error:
            raise self._cannot(error) from None

    @contextmanager
    def _held(self) -> Iterator[None]:
        """The lock beside the file: of processes and of threads, since each opens it anew."""
        target = self.path.resolve()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            lock = target.with_name(f".{target.name}.lock")
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise self._cannot(error) from None
        try:
            self._take(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _take(self, descriptor: int) -> None:
        until = time.monotonic() + _LOCK_WITHIN_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise RegistryError(
                        f"{self.path}: another process has held it for {_LOCK_WITHIN_S:g} s",
                        hint="end that process; the journals hold what was not written: `orchestrate registry rebuild`",
                    ) from None
                time.sleep(_LOCK_POLL_S)
            except OSError as error:
                raise self._cannot(error) from None
            else:
                return

    def _cannot(self, error: OSError) -> RegistryError:
        return RegistryError(
            f"{self.path}: cannot be written: {error.strerror}",
            hint="make its folder writable, or set registry.path to a file that is",
        )


def kept_features(features: Sequence[dict[str, Any]], size: int) -> list[dict[str, Any]]:
    """The newest ``size``, oldest first. Recorded ones take only what places are left, and none once models taught."""
    shipped = {each["feature_id"] for each in seed().raw["features"]}
    asked = [each for each in features if not _is_recorded(each)][-size:]
    recorded = [each for each in features if _is_recorded(each)]
    if any(each["feature_id"] not in shipped for each in asked):
        return asked
    return [*asked, *recorded[max(0, len(recorded) - (size - len(asked))) :]]


def _is_recorded(feature: Mapping[str, Any]) -> bool:
    return feature.get("recorded") is True


def registry_path(state: Path, setting: str | None) -> Path:
    """Where the registry of a state folder lies: there, or where ``registry.path`` says (R7)."""
    return state / Path(setting).expanduser() if setting else state / FILE_NAME


def seed() -> Document:
    """The shipped registry (R7)."""
    return parse((config_dir() / "registry_seed.json").read_bytes())
