"""How an error leaves: what, where, the mend on stderr, and an exit code that says why."""

from __future__ import annotations

import difflib
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable
from pathlib import Path

from orchestrator.domain.errors import ExitCode, OrchestrateError, UsageError, machine_trouble
from orchestrator.reports.inert import encodable, plain


def say(text: str) -> None:
    """Talk, on stderr, made inert; a stderr that cannot be written to is no reason to fail."""
    try:
        print(encodable(plain(hidden(text)), sys.stderr.encoding), file=sys.stderr, flush=True)
    except (OSError, ValueError):
        return


def tell(error: Exception) -> int:
    """Say what went wrong and return the exit code. An error that is not the program's own goes to a log."""
    if isinstance(error, OSError):
        error = machine_trouble(error) or error
    if isinstance(error, OrchestrateError):
        for fault in error.faults if isinstance(error, UsageError) else ():
            say(fault)
        say(f"error[{error.slug}]: {error.message}")
        if error.hint:
            say(f"hint: {error.hint}")
        return int(error.exit_code)
    log = _write_log(error)
    what = "".join(traceback.format_exception_only(error)).strip()
    say(f"error[internal]: {what}")
    say(
        f"hint: this is a fault of orchestrate; please report it with {log}" if log else "hint: no log could be written"
    )
    return int(ExitCode.INTERNAL)


def no_such_command(name: str, known: Iterable[str], overview: str) -> int:
    """Wrong use: no command, or one that does not exist."""
    if not name:
        say(overview)
        return int(ExitCode.USAGE)
    close = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean `orchestrate {close[0]}`?" if close else "`orchestrate --help` lists the commands"
    say(f"error[usage]: there is no command {plain(name, limit=60)!r}")
    say(f"hint: {hint}")
    return int(ExitCode.USAGE)


def wrong_use(command: str, message: str, flags: Iterable[str]) -> int:
    """Wrong use of a command, in argparse's words; a flag that nearly exists is named."""
    stated = message.removeprefix("unrecognized arguments: ").split("=")[0].split()
    close = difflib.get_close_matches(stated[0], list(flags), n=1, cutoff=0.75) if stated[:1] else []
    hint = f"did you mean {close[0]}?" if close else f"`{command} --help` tells its flags"
    say(f"error[usage]: {command}: {message}")
    say(f"hint: {hint}")
    return int(ExitCode.USAGE)


def hidden(text: str) -> str:
    """The text without secrets, those that came into the environment just now among them (I7)."""
    from orchestrator import redaction

    redaction.arm()
    return redaction.hidden(text)


def _write_log(error: Exception) -> Path | None:
    """The traceback, without local variables, in the tool's own cache folder; ``None`` where nothing can be written."""
    text = hidden("".join(traceback.format_exception(error)))
    base = os.environ.get("XDG_CACHE_HOME") or str(Path(os.environ.get("HOME", tempfile.gettempdir())) / ".cache")
    name = f"error-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    for folder in (Path(base) / "orchestrator" / "logs", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue
        return folder / name
    return None
