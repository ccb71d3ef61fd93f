"""SOAP, as far as one call with one text needs it: its argument, and the answer to it."""

from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape

from processors.flat_xml import XML_BYTES_MAX
from schemas.callback import Callback
from schemas.errors import Malformed

# Media types of a call: of version 1.1 any XML, of version 1.2 one of its own.
VERSIONS: Final = {"text/xml": "1.1", "application/xml": "1.1", "application/soap+xml": "1.2"}
MEDIA_TYPES: Final = {"1.1": "text/xml", "1.2": "application/soap+xml"}
NAMESPACES: Final = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
# Version 1.2 names the element that is the result.
RESULT: Final = '<r:result xmlns:r="http://www.w3.org/2003/05/soap-rpc">return</r:result>'


def soap_version(callback: Callback) -> str | None:
    """Return `1.1` or `1.2` by the content type; None: no SOAP.

    Raises:
        Malformed: the header stands twice.
    """
    if not callback.has_header("content-type"):
        return None
    announced = callback.header_text("content-type", absent=Malformed)
    return VERSIONS.get(announced.partition(";")[0].strip().lower())


def called_text(octets: bytes, *, operation: str, argument: str) -> str:
    """Return the text of a call's one argument, its escapes undone.

    Namespaces and attributes are not looked at: elements are known by their own names.

    Raises:
        Malformed: not UTF-8 XML, a DOCTYPE, entities, instructions, comments, any element beside
            Envelope, Header, Body, the operation and its argument, above 64 KiB.
    """
    if len(octets) > XML_BYTES_MAX:
        raise Malformed(f"XML above {XML_BYTES_MAX} bytes")
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("the XML is not in UTF-8") from error
    reader = _CallReader(("Envelope", "Body", operation, argument))
    try:
        reader.parser.Parse(octets, True)
    except expat.ExpatError as error:
        raise Malformed("the content is no XML") from error
    if reader.argument is None:
        raise Malformed("the call has no argument")
    return reader.argument


class _CallReader:
    """Follows one path of elements to its end; what a header holds is passed over."""

    def __init__(self, path: tuple[str, ...]) -> None:
        self.argument: str | None = None
        self._path = path
        self._open: list[str] = []
        self._text: list[str] = []
        parser = self.parser = expat.ParserCreate("UTF-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.ProcessingInstructionHandler = self._refuse
        parser.CommentHandler = self._refuse

    def _in_header(self) -> bool:
        return self._open[1:2] == ["Header"]

    def _start(self, name: str, _: dict[str, str]) -> None:
        self._open.append(name.rpartition(":")[2])
        if self._in_header():
            return
        here = tuple(self._open)
        if here != self._path[: len(here)] or self.argument is not None:
            raise Malformed("the XML is not one call with one argument")

    def _end(self, _: str) -> None:
        if tuple(self._open) == self._path:
            self.argument = "".join(self._text)
        self._open.pop()

    def _characters(self, text: str) -> None:
        if tuple(self._open) == self._path:
            self._text.append(text)
        elif text.strip() and not self._in_header():
            raise Malformed("text between XML elements")

    def _refuse(self, *_: object) -> None:
        raise Malformed("the XML holds a declaration, an instruction or a comment")


def answer_to_call(text: str, *, version: str, operation: str, namespace: str) -> bytes:
    """Return the envelope that answers a call with one text."""
    result = RESULT if version == "1.2" else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<soap:Envelope xmlns:soap="{NAMESPACES[version]}" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soap:Body>'
        f'<n:{operation}Response xmlns:n="{namespace}">{result}'
        f'<return xsi:type="xsd:string">{escape(text)}</return>'
        f"</n:{operation}Response></soap:Body></soap:Envelope>"
    ).encode()
