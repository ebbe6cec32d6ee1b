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
    try:
        code = _dispatch(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
    except BrokenPipeError:
        from orchestrator.cli.outlet import abandon

        abandon(sys.stdout)
        return _BROKEN_PIPE
    except KeyboardInterrupt as stop:
        print("interrupted", file=sys.stderr)
        return int(getattr(stop, "exit_code", _INTERRUPTED))
    except SystemExit as stop:  # argparse: --help, and wrong use
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except Exception as error:  # noqa: BLE001 - the one broad except: nothing leaves as a traceback
        from orchestrator.cli.door import tell

        return tell(error)
    return code


def _dispatch(argv: list[str]) -> int:
    """Help and version from the table; else the command's own parser and module."""
    from orchestrator.cli import commands

    name = argv[0] if argv else ""
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
