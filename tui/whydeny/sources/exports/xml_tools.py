"""Read XML that nobody vouches for: no DTD, no entities, bounded size and depth, one sentence on failure."""

from collections.abc import Callable, Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from whydeny.model.errors import InputError
from whydeny.model.safe import safe_text
from whydeny.sources.exports.blocks import encoding_of

LARGEST = 512 * 1024 * 1024
DEEPEST = 128  # PAN-OS configurations nest about 30 deep
MOST = (
    8_000_000  # elements of one tree, which takes some hundred bytes for each; a Panorama's largest have half of that
)
_CHUNK = 1 << 20


class _TooDeep(Exception):
    """Elements nest deeper than any PAN-OS document does."""


class _TooMany(Exception):
    """More elements than any PAN-OS document has."""


class _BoundedBuilder(TreeBuilder):
    """A tree builder that refuses absurd nesting and numbers while it reads, before memory is spent on them."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._count = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        self._count += 1
        if self._depth > DEEPEST:
            raise _TooDeep
        if self._count > MOST:
            raise _TooMany
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


class _SubtreeTarget:
    """Builds only the wanted subtrees and hands each over when it is complete; what stands around them is dropped.

    Implements what an XML parser asks of its target.
    """

    def __init__(self, wanted: Callable[[str, str], bool], take: Callable[[str, Element], None]) -> None:
        self._wanted, self._take = wanted, take
        self._path: list[str] = []
        self._builder: TreeBuilder | None = None
        self._inside = 0  # depth within the subtree that is being built
        self.root: tuple[str, dict[str, str]] | None = None

    def start(self, tag: str, attrs: dict[str, str]) -> None:
        parent = self._path[-1] if self._path else ""
        self._path.append(tag)
        if len(self._path) > DEEPEST:
            raise _TooDeep
        if self.root is None:
            self.root = (tag, attrs)
        if self._builder is None and self._wanted(parent, tag):
            self._builder, self._inside = _BoundedBuilder(), 0
        if self._builder is not None:
            self._builder.start(tag, attrs)
            self._inside += 1

    def data(self, text: str) -> None:
        if self._builder is not None:
            self._builder.data(text)

    def end(self, tag: str) -> None:
        self._path.pop()
        if self._builder is not None:
            self._builder.end(tag)
            self._inside -= 1
            if not self._inside:
                found, self._builder = self._builder.close(), None
                self._take(self._path[-1] if self._path else "", found)

    def close(self) -> None:
        """Nothing is left to hand over."""


def parse_xml(data: bytes, name: str) -> Element:
    """The root element of `data`; `name` is what the user calls the file.

    Raises `InputError` with one sentence for a document that is too large, nests too deep, declares a DTD or
    entities, or is not well-formed.
    """
    root: Element = _feed(data, name, _BoundedBuilder())
    return root


def stream_xml(
    data: bytes, name: str, wanted: Callable[[str, str], bool], take: Callable[[str, Element], None]
) -> tuple[str, dict[str, str]]:
    """Hand over the subtrees of a large document one by one, without ever holding the whole tree.

    `wanted(parent tag, tag)` chooses them and `take(parent tag, element)` gets them. Returns the root's tag and
    attributes; raises `InputError` as `parse_xml` does.
    """
    target = _SubtreeTarget(wanted, take)
    _feed(data, name, target)
    return target.root or ("", {})


def _feed(data: bytes, name: str, target: object) -> Any:
    if len(data) > LARGEST:
        raise InputError(f"{name}: {len(data):,} bytes of XML; at most {LARGEST:,} are read from one document")
    data = (
        data.removeprefix(b"\xef\xbb\xbf").lstrip().rstrip(b"\0\x1a \t\r\n")
    )  # zeros are a copy's, not the document's
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    try:
        for start in range(0, len(data), _CHUNK):
            parser.feed(data[start : start + _CHUNK])
        return parser.close()
    except DefusedXmlException:
        raise InputError(f"{name}: declares a DTD or entities, which no PAN-OS file does; it is not read") from None
    except _TooDeep:
        raise InputError(f"{name}: elements nest deeper than {DEEPEST} levels, which no PAN-OS file does") from None
    except _TooMany:
        raise InputError(f"{name}: has more than {MOST:,} elements, which no PAN-OS file has") from None
    except ParseError as error:
        raise broken_xml(error, name, data=data) from None
    except (ValueError, LookupError) as error:  # an encoding declaration that Python doesn't know or that is wrong
        raise InputError(f"{name}: the XML can't be decoded ({safe_text(str(error))})") from None


def broken_xml(error: ParseError, name: str, lines_before: int = 0, data: bytes = b"") -> InputError:
    """The sentence about XML that is not well-formed; `lines_before` stand in the file before `data`."""
    line, column = error.position
    reason = safe_text(str(error).partition(":")[0])
    hint = ""
    if reason in ("no element found", "unclosed token", "unclosed CDATA section", "partial character"):
        reason, hint = "its end", ": it is cut off, or only half was copied"
    elif reason == "not well-formed (invalid token)" and encoding_of(data)[0] == "cp1252":
        hint = ": it is not UTF-8, which it says or is taken to be; save it as UTF-8"
    elif reason == "junk after document element":
        reason, hint = "more text", " after its end; keep only the XML"
    return InputError(
        f"{name}, line {line + lines_before}: expected well-formed XML, found {reason} at column {column + 1}{hint}"
    )


def text_of(element: Element | None, longest: int = 4096) -> str:
    """The stripped, safe text of an element; empty for None and for an element without text."""
    if element is None or element.text is None:
        return ""
    return safe_text(element.text.strip(), longest)


def child_text(element: Element | None, path: str) -> str | None:
    """The safe text at a path below an element, None where there is no such element or no text."""
    if element is None:
        return None
    return text_of(element.find(path)) or None


def is_yes(element: Element | None, path: str, default: bool = False) -> bool:
    """Whether the element at a path says yes; `default` where there is none."""
    found = child_text(element, path)
    return default if found is None else found.lower() == "yes"


def members(element: Element | None) -> tuple[str, ...]:
    """The `<member>` texts below an element, as written; a bare text counts as one member."""
    if element is None:
        return ()
    found = tuple(text for m in element if m.tag == "member" and (text := text_of(m)))
    if not found and not len(element) and (text := text_of(element)):
        return (text,)
    return found


def entries(element: Element | None, path: str = "") -> Iterator[tuple[str, Element]]:
    """The named `<entry>` children of an element (at a path below it), with their safe names."""
    if element is not None and path:
        element = element.find(path)
    if element is not None:
        for entry in element:
            if entry.tag == "entry" and (name := entry.get("name")):
                yield safe_text(name), entry
