"""The templates of this room: markdown and HTML, both safe by default.

Every ``{{ value }}`` is made inert on its way out: in ``*.md.j2`` by markdown escaping, in ``*.html.j2`` by control
characters made visible and then HTML escaping. What is meant as markup says so (:class:`Safe`, ``Markup``).
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.domain.words import count
from orchestrator.reports import figures, inert

if TYPE_CHECKING:
    from jinja2 import Environment


_FIGURES = {
    "tokens": figures.tokens,
    "money": figures.money,
    "duration": figures.duration,
    "count": count,
    "when": lambda at: inert.md_text(figures.when(at)),
}


class Safe(str):
    """Markdown made by this room; written as it stands."""

    __slots__ = ()


def render(name: str, **values: Any) -> str:
    """The named template with these values; ends with one newline. A missing value is an error."""
    environment = _html() if name.endswith(".html.j2") else _markdown()
    return environment.get_template(name).render(values).strip() + "\n"


@functools.cache
def _markdown() -> Environment:
    environment = _environment(autoescape=False, finalize=_md_out)
    environment.filters.update(
        code=_safe(inert.md_code),
        cell=_safe(inert.md_cell_code),
        fence=_safe(inert.md_fence),
        **{name: _safe(filter_) for name, filter_ in _FIGURES.items()},
    )
    return environment


@functools.cache
def _html() -> Environment:
    environment = _environment(autoescape=True, finalize=_html_out)
    environment.filters.update(_FIGURES, cut=lambda text, limit: inert.plain(text, limit=limit), spans=inert.html_spans)
    return environment


def _environment(*, autoescape: bool, finalize: Any) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - 60 ms that `status` need not pay

    from orchestrator.reports.compiled import Beside  # noqa: PLC0415 - as above

    return Environment(
        loader=PackageLoader("orchestrator.reports", "templates"),
        bytecode_cache=Beside(Path(__file__).with_name("templates")),
        autoescape=autoescape,  # noqa: S701 - markdown is escaped by its own finalize, HTML by jinja2
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _safe(escape: Any) -> Any:
    return lambda *args, **options: Safe(escape(*args, **options))


def _md_out(value: Any) -> Any:
    if isinstance(value, Safe | int | float):
        return value
    return Safe(inert.md_text(str(value)))


def _html_out(value: Any) -> Any:
    if hasattr(value, "__html__"):
        return value
    return inert.plain(value) if isinstance(value, str) else value
