"""Strict reading of XML of several levels into objects; see `flat_xml` for one level."""

from collections.abc import Callable
from typing import Any, Final
from xml.parsers import expat

from processors.fields import Fields
from processors.flat_xml import XML_BYTES_MAX
from schemas.errors import Malformed

DEPTH_MAX: Final = 8
TYPED_DEPTH_MAX: Final = 16
TYPED_BYTES_MAX: Final = 384 * 1024  # What the longest body holds in Base64.


def nested_xml(octets: bytes, *, root: str, repeated: frozenset[str]) -> Fields:
    """Return the children of a document's root: text, or an object where an element has children.

    `repeated` names those elements that stand several times; each is a list, of one or more.

    Raises:
        Malformed: not UTF-8 XML, a DOCTYPE, entities, instructions, comments, attributes, text
            beside elements, any other element twice, deeper than 8, another root, above 64 KiB.
    """
    return _read(_TreeReader(root, repeated), octets, XML_BYTES_MAX)


def typed_xml(octets: bytes, *, root: str) -> Fields:
    """Return the children of a document's root as Rails writes them: `type="array"` marks a list.

    The items of a list may have any names. Another element that stands several times becomes a
    list as well, which whoever wants one text refuses. What other attributes say is not read.

    Raises:
        Malformed: not UTF-8 XML, a DOCTYPE, entities, instructions, comments, text beside
            elements, deeper than 16, another root, above 384 KiB.
    """
    return _read(_TypedReader(root, frozenset()), octets, TYPED_BYTES_MAX)


def _read(reader: "_TreeReader", octets: bytes, bytes_max: int) -> Fields:
    if len(octets) > bytes_max:
        raise Malformed(f"XML above {bytes_max} bytes")
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("the XML is not in UTF-8") from error
    try:
        reader.parser.Parse(octets, True)
    except expat.ExpatError as error:
        raise Malformed("the content is no XML") from error
    return Fields(reader.members)


class _TreeReader:
    """Collects elements level by level; whatever is not wanted is refused where it begins."""

    depth_max = DEPTH_MAX

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
        if (
            attributes
            or len(self._names) >= self.depth_max
            or (not self._names and name != self._root)
        ):
            raise Malformed("the XML has attributes, another root or too many levels")
        if self._text:
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


class _TypedReader(_TreeReader):
    """Reads lists where the document says so, and where an element stands again."""

    depth_max = TYPED_DEPTH_MAX

    def __init__(self, root: str, repeated: frozenset[str]) -> None:
        super().__init__(root, repeated)
        self._lists: list[list[Any] | None] = []

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        super()._start(name, {})
        self._lists.append([] if attributes.get("type") == "array" else None)

    def _keep(self, name: str, value: Any) -> None:
        own = self._lists.pop()
        if own is not None:
            if isinstance(value, str) and value.strip():
                raise Malformed("text in an XML list")
            value = own
        items = self._lists[-1]
        level = self._levels[-1]
        if items is not None:
            items.append(value)
        elif name not in level:
            level[name] = value
        else:
            self._again(level, name, value)

    def _again(self, level: dict[str, Any], name: str, value: Any) -> None:
        first = level[name]
        if isinstance(first, _Several):
            first.append(value)
        else:
            level[name] = _Several((first, value))


class _Several(list[Any]):
    """The values of an element that stands several times without being marked as a list."""
