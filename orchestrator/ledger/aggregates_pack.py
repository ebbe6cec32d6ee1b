"""A standing as bytes and back: for the cache, and from one process to another."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import orjson

from orchestrator.ledger.aggregates_state import Rows, Standing
from orchestrator.ledger.events_read import Fault, read_json

_ROWS = ("tasks", "chains", "requests", "models", "phases")
_PLAIN = ("count", "last_id", "duplicates", "foreign")


def pack(standing: Standing) -> tuple[dict[str, Any], bytes]:
    """A header for JSON, and the columns one behind the other."""
    header: dict[str, Any] = {name: getattr(standing, name) for name in _PLAIN}
    header["faults"] = [asdict(fault) for fault in standing.faults]
    parts: list[bytes] = []
    sizes: dict[str, list[int]] = {}
    for kind in _ROWS:
        rows: Rows = getattr(standing, kind)
        pieces = [_packed_names(rows.names), *(column.tobytes() for column in rows.columns.values())]
        sizes[kind] = [len(piece) for piece in pieces]
        parts += pieces
    header["sizes"] = sizes
    return header, b"".join(parts)


def _packed_names(names: dict[str, int]) -> bytes:
    try:
        return orjson.dumps(list(names))
    except TypeError:  # a lone surrogate
        return json.dumps(list(names)).encode("ascii")


def unpack(header: dict[str, Any], body: bytes) -> Standing:
    """What was packed; ``KeyError``, ``ValueError``, ``TypeError`` or ``IndexError`` where it is none."""
    standing = Standing(**{name: header[name] for name in _PLAIN})
    standing.faults = [Fault(**fault) for fault in header["faults"]]
    place = 0
    for kind in _ROWS:
        rows: Rows = getattr(standing, kind)
        for number, size in enumerate(header["sizes"][kind]):
            piece = body[place : place + size]
            place += size
            if number == 0:
                names = read_json(piece)
                rows.names = dict(zip(names, range(len(names)), strict=True))
            else:
                list(rows.columns.values())[number - 1].frombytes(piece)
    return standing
