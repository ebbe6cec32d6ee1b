"""``orchestrate``: picks the command, runs it, and is the one door through which every error leaves.

Imports next to nothing: ``--help`` reads a table, a command's flags need argparse, the rest is the command's own.
"""

from __future__ import annotations

import sys

_INTERRUPTED = 130
_BROKEN_PIPE = 141
"""What a shell reports of a program whose reader went away (128 + SIGPIPE)."""


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code (contract); nothing is raised, ``SystemExit`` among it."""
    _open_streams()
    try:
        code = _dispatch(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
    except BrokenPipeError:
        from orchestrator.cli.outlet import abandon

        abandon(sys.stdout)
        return _BROKEN_PIPE
    except KeyboardInterrupt as stop:
        from orchestrator.cli.door import say

        say("interrupted")
        return int(getattr(stop, "exit_code", _INTERRUPTED))
    except SystemExit as stop:  # argparse: --help, and wrong use
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except Exception as error:  # noqa: BLE001 - the one broad except: nothing leaves as a traceback
        from orchestrator.cli.door import tell

        return tell(error)
    return code


def _open_streams() -> None:
    """Descriptors 0, 1 and 2 are open, if only to nowhere.

    A file opened later would take a closed one's number, and what is printed would go into the journal.
    """
    import os

    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for good
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for good


def _dispatch(argv: list[str]) -> int:
    """Help and version from the table; else the command's own parser and module."""
    from orchestrator.cli import commands

    name = argv[0] if argv else ""
    if name == "help" and argv[1:2] and argv[1] in commands.COMMANDS:
        return commands.run(argv[1], ["--help"])
    if name in ("-h", "--help", "help"):
        print(commands.overview())
        return 0
    if name == "--version":
        from orchestrator import __version__

        print(f"orchestrate {__version__}")
        return 0
    if name not in commands.COMMANDS:
        from orchestrator.cli.door import no_such_command

        return no_such_command(name, commands.COMMANDS, commands.overview())
    return commands.run(name, argv[1:])
