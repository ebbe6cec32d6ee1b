"""The run's own log: JSON lines, without local variables and without secrets."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog
from structlog import stdlib
from structlog.processors import ExceptionRenderer, JSONRenderer, TimeStamper
from structlog.tracebacks import ExceptionDictTransformer

_SECRET_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL|AUTHORIZATION", re.IGNORECASE)
_BEARER = re.compile(r"(?i)(bearer\s+|x-goog-api-key:?\s*|sk-|AIza)[A-Za-z0-9._\-]{6,200}")
_SHORTEST_SECRET = 8
HIDDEN = "[hidden]"


def get_logger(name: str) -> Any:
    """A structlog logger over the standard library's of that name: silent until :func:`open_log`, never on stdout."""
    processors: list[Any] = [stdlib.filter_by_level, *_SHARED, stdlib.ProcessorFormatter.wrap_for_formatter]
    return structlog.wrap_logger(logging.getLogger(name), processors=processors, wrapper_class=stdlib.BoundLogger)


def open_log(path: Path) -> logging.Handler:
    """Send the program's log to that file, structlog's and the standard library's; close with :func:`close_log`."""
    handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(
        stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[stdlib.ProcessorFormatter.remove_processors_meta, JSONRenderer(default=repr)],
        )
    )
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for noisy in ("httpx2", "httpcore2", "google_genai", "anthropic", "git", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return handler


def close_log(handler: logging.Handler) -> None:
    """Let go of the file."""
    logging.getLogger().removeHandler(handler)
    handler.close()


def hide_secrets(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: values of fields named like secrets, and of such environment variables, are hidden."""
    for name, value in list(event.items()):
        if _SECRET_NAMES.search(name) and isinstance(value, str):
            event[name] = HIDDEN
        elif isinstance(value, str):
            event[name] = hidden(value)
        elif isinstance(value, (list, dict, tuple)):
            event[name] = _hidden_within(value)
    return event


def hidden(text: str) -> str:
    """The text without the values of secret environment variables and without bearer tokens."""
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST_SECRET and _SECRET_NAMES.search(name):
            text = text.replace(value, HIDDEN)
    return _BEARER.sub(HIDDEN, text)


def _hidden_within(value: Any) -> Any:
    if isinstance(value, str):
        return hidden(value)
    if isinstance(value, dict):
        return {
            key: HIDDEN if _SECRET_NAMES.search(str(key)) and isinstance(item, str) else _hidden_within(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_hidden_within(item) for item in value]
    return value


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    stdlib.add_logger_name,
    stdlib.add_log_level,
    TimeStamper(fmt="iso", utc=True),
    ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
    hide_secrets,
]
logging.getLogger("orchestrator").addHandler(logging.NullHandler())
