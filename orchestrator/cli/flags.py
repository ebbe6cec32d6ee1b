"""Flags that several commands share. Imports nothing: ``--help`` is read from these."""

from __future__ import annotations

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable


def whole(least: int) -> Callable[[str], int]:
    """The type of a flag that counts: a whole number from ``least`` on."""

    def read(stated: str) -> int:
        try:
            count = int(stated)
        except ValueError:
            count = least - 1
        if count < least:
            from argparse import ArgumentTypeError

            raise ArgumentTypeError(f"a whole number from {least} on expected, found {stated!r}")
        return count

    return read


def cap(stated: str) -> str:
    """The type of a cap: a number above 0, or ``none``. As it was typed: the settings read it."""
    from argparse import ArgumentTypeError
    from decimal import Decimal, InvalidOperation

    try:
        if stated == "none" or 0 < Decimal(stated) < Decimal("Infinity"):
            return stated
    except InvalidOperation:
        pass
    raise ArgumentTypeError(f"a number above 0 expected, or none to lift the cap; found {stated!r}")


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
