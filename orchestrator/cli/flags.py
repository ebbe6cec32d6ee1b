"""Flags that several commands share. Imports nothing: ``--help`` is read from these."""

from __future__ import annotations

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from argparse import ArgumentParser


def state(parser: ArgumentParser) -> None:
    """``--state``."""
    parser.add_argument("--state", metavar="DIR", help="where runs are kept (default: runs/ beside the tasks file)")


def settings(parser: ArgumentParser) -> None:
    """``--set``."""
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], help="a setting, e.g. loop.lanes=2; repeatable"
    )


def as_json(parser: ArgumentParser, what: str) -> None:
    """``--json``, and what it prints."""
    parser.add_argument("--json", action="store_true", help=what)


def sandbox(parser: ArgumentParser) -> None:
    """``--sandbox``."""
    parser.add_argument("--sandbox", choices=("auto", "bwrap", "none"), help="how gate commands are confined")
