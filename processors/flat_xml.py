"""Strict reading of XML of one level; `xml_trees` reads several."""

import re
from itertools import chain
from typing import Final
from xml.parsers import expat

from processors.fields import Fields
from schemas.errors import Malformed

XML_BYTES_MAX: Final = 64 * 1024

# An element as most senders write them: a text, in CDATA or without anything to unescape. Control
# characters, the two that are no characters, and brackets that could end a CDATA are left out.
_ELEMENT: Final = re.compile(
    r"<([A-Za-z_][A-Za-z0-9_.-]*)>(<!\[CDATA\[)?"
    r"([^<&\]\x00-\x08\x0b-\x1f\ufffe\uffff]*)(\]\]>)?</\1>([ \t\n]*)"
)
_BRACKETS: Final = len("<></>")


def flat_xml(octets: bytes, *, root: str) -> Fields:
    """Return the children of a flat XML document: one level, no attributes, no DOCTYPE.

    Raises:
        Malformed: not UTF-8 XML, a DOCTYPE, entities, nesting, attributes, a repeated element,
        another
            root, above 64 KiB.
    """
    if len(octets) > XML_BYTES_MAX:
        raise Malformed(f"XML above {XML_BYTES_MAX} bytes")
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("the XML is not in UTF-8") from error
    members = _read_at_once(text, root)
    if members is not None:
        return Fields(members)
    reader = _FlatReader(root)
    try:
        reader.parser.Parse(octets, True)
    except expat.ExpatError as error:
        raise Malformed("the content is no XML") from error
    return Fields(reader.members)


def _read_at_once(text: str, root: str) -> dict[str, str] | None:
    """Return the members of a document of plain elements, None where the parser has to decide."""
    before, opened, inside = text.partition(f"<{root}>")
    inside, closed, behind = inside.rpartition(f"</{root}>")
    if before or not opened or not closed or behind.strip(" \t\n"):
        return None
    inside = inside.lstrip(" \t\n")
    found = _ELEMENT.findall(inside)
    if not found:
        return None
    names, starts, values, ends, _ = columns = tuple(zip(*found, strict=True))
    # Nothing stands between the elements if they are together as long as the whole.
    length = sum(map(len, chain(names, *columns))) + len(found) * _BRACKETS
    whole = length == len(inside) and [*map(bool, starts)] == [*map(bool, ends)]
    members = dict(zip(names, values, strict=True))
    return members if whole and len(members) == len(found) else None


class _FlatReader:
    """Collects one level of elements; whatever else appears is refused where it begins."""

    def __init__(self, root: str) -> None:
        self.members: dict[str, str] = {}
        self._root = root
        self._open: list[str] = []
        self._text: list[str] = []
        parser = self.parser = expat.ParserCreate("UTF-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.ProcessingInstructionHandler = self._refuse
        parser.CommentHandler = self._refuse

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._open.append(name)
        if attributes or len(self._open) > 2 or self._open[0] != self._root:
            raise Malformed("the XML is not one flat level without attributes")
        if len(self._open) == 2 and name in self.members:
            raise Malformed("an XML element stands twice")
        if len(self._open) == 2 and "".join(self._text).strip():
            raise Malformed("text between XML elements")
        self._text.clear()

    def _end(self, name: str) -> None:
        if len(self._open) == 2:
            self.members[name] = "".join(self._text)
        elif "".join(self._text).strip():
            raise Malformed("text between XML elements")
        self._text.clear()
        self._open.pop()

    def _refuse(self, *_: object) -> None:
        raise Malformed("the XML holds a declaration, an instruction or a comment")
