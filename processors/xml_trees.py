"""Strict reading of XML of several levels into objects; see `fields.flat_xml` for one level."""

from collections.abc import Callable
from typing import Any, Final
from xml.parsers import expat

from processors.fields import XML_BYTES_MAX, Fields
from schemas.errors import Malformed

DEPTH_MAX: Final = 8


def nested_xml(octets: bytes, *, root: str, repeated: frozenset[str]) -> Fields:
    """Return the children of a document's root: text, or an object where an element has children.

    `repeated` names those elements that stand several times; each is a list, of one or more.

    Raises:
        Malformed: not UTF-8 XML, a DOCTYPE, entities, instructions, comments, attributes, text
            beside elements, any other element twice, deeper than 8, another root, above 64 KiB.
    """
    if len(octets) > XML_BYTES_MAX:
        raise Malformed(f"XML above {XML_BYTES_MAX} bytes")
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("the XML is not in UTF-8") from error
    reader = _TreeReader(root, repeated)
    try:
        reader.parser.Parse(octets, True)
    except expat.ExpatError as error:
        raise Malformed("the content is no XML") from error
    return Fields(reader.members)


class _TreeReader:
    """Collects elements level by level; whatever is not wanted is refused where it begins."""

    def __init__(self, root: str, repeated: frozenset[str]) -> None:
        self.members: dict[str, Any] = {}
        self._root = root
        self._repeated = repeated
        self._levels: list[dict[str, Any]] = [{}]
        self._names: list[str] = []
        self._text: list[str] = []
        parser = self.parser = expat.ParserCreate("UTF-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        refuse: Callable[..., None] = self._refuse
        parser.StartDoctypeDeclHandler = refuse
        parser.EntityDeclHandler = refuse
        parser.ProcessingInstructionHandler = refuse
        parser.CommentHandler = refuse

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if attributes or len(self._names) >= DEPTH_MAX or (not self._names and name != self._root):
            raise Malformed("the XML has attributes, another root or too many levels")
        if "".join(self._text).strip():
            raise Malformed("text between XML elements")
        self._text.clear()
        self._names.append(name)
        self._levels.append({})

    def _end(self, name: str) -> None:
        children, text = self._levels.pop(), "".join(self._text)
        self._text.clear()
        self._names.pop()
        if children and text.strip():
            raise Malformed("text between XML elements")
        if not self._names:
            self.members = children
            return
        self._keep(name, children or text)

    def _keep(self, name: str, value: Any) -> None:
        level = self._levels[-1]
        if name in self._repeated:
            level.setdefault(name, []).append(value)
        elif name in level:
            raise Malformed("an XML element stands twice")
        else:
            level[name] = value

    def _refuse(self, *_: object) -> None:
        raise Malformed("the XML holds a declaration, an instruction or a comment")
