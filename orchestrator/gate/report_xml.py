"""XML of a report, read safely: no entities, no internal DTD, bounded depth."""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

_MAX_DEPTH = 100


class UnsafeXmlError(ValueError):
    """The document declares entities or nests too deep; it is not read."""


def read_xml(text: str) -> Element | None:
    """The root element; ``None`` where the text is not well-formed XML, or not safe to read.

    A DOCTYPE that only names an external DTD (Cobertura's has one) is passed over; nothing is ever fetched.
    """
    try:
        return _read(text)
    except (expat.ExpatError, UnsafeXmlError, AssertionError, ValueError):
        return None


def _read(text: str) -> Element:
    builder = TreeBuilder()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise UnsafeXmlError("nested too deep")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def doctype(_name: str, _system: str | None, _public: str | None, internal: int) -> None:
        if internal:
            raise UnsafeXmlError("an internal DTD")

    parser = expat.ParserCreate(encoding="utf-8")
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = doctype
    parser.Parse(text.encode("utf-8", "surrogatepass"), True)  # noqa: FBT003 - expat takes it by position only
    return builder.close()
