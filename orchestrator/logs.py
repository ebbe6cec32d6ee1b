"""The run's own log: JSON lines, without local variables and without secrets."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog
from structlog import stdlib
from structlog.processors import ExceptionRenderer, JSONRenderer, TimeStamper
from structlog.tracebacks import ExceptionDictTransformer

from orchestrator.redaction import arm, hidden_value


def get_logger(name: str) -> Any:
    """A structlog logger over the standard library's of that name: silent until :func:`open_log`, never on stdout."""
    processors: list[Any] = [stdlib.filter_by_level, *_SHARED, stdlib.ProcessorFormatter.wrap_for_formatter]
    return structlog.wrap_logger(logging.getLogger(name), processors=processors, wrapper_class=stdlib.BoundLogger)


def open_log(path: Path) -> logging.Handler:
    """Send the program's log to that file, structlog's and the standard library's; close with :func:`close_log`."""
    arm()
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
    """A structlog processor: see :mod:`orchestrator.redaction`."""
    return dict(hidden_value(event))


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    stdlib.add_logger_name,
    stdlib.add_log_level,
    TimeStamper(fmt="iso", utc=True),
    ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
    hide_secrets,
]
logging.getLogger("orchestrator").addHandler(logging.NullHandler())
