"""Read large XML as a stream: no tree, no DTD, bounded depth, several documents one after another."""

from collections.abc import Callable
from typing import Any, Protocol
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from whydeny.model.errors import InputError
from whydeny.model.safe import safe_text
from whydeny.sources.exports.blocks import ByteStream
from whydeny.sources.exports.xml_tools import DEEPEST, broken_xml

_PIECE = 1 << 18
_END = b"</response>"


class Target(Protocol):
    """What is told of the elements of one document; `depth` is 0 before its root and after it."""

    depth: int

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """An element ends."""

    def data(self, text: str) -> None:
        """Text, possibly in pieces; CDATA too."""


class TooDeep(Exception):
    """Elements nest deeper than any PAN-OS document does."""


class _NoTree:
    """In place of the parser's own tree builder, which costs half the time."""


def new_parser(target: Target) -> Any:
    """A parser without DTDs that tells `target` directly."""
    parser = DefusedXMLParser(target=_NoTree(), forbid_dtd=True)
    expat = parser.parser
    expat.DefaultHandlerExpand = None
    expat.ordered_attributes = False
    expat.StartElementHandler = target.start
    expat.EndElementHandler = target.end
    expat.CharacterDataHandler = target.data
    return parser


def stream_documents(
    stream: ByteStream, name: str, new_target: Callable[[], Target], advance: Callable[[int], None]
) -> None:
    """Read every document in `stream`, each into a target of its own (several answers may stand in one file).

    Raises `InputError` with one sentence on a DTD, entities, absurd nesting or what is not well-formed; what was
    read before stays with the target. `advance` is told how many bytes have been read.
    """
    parser = None
    target = None
    read = lines = 0  # lines before the document that is being read
    try:
        while piece := stream.read(_PIECE):
            if not read:
                piece = piece.removeprefix(b"\xef\xbb\xbf")
            read += len(piece)
            while piece:
                if parser is None or target is None:
                    text = piece.lstrip()
                    lines += piece.count(b"\n", 0, len(piece) - len(text))
                    if not text:
                        break
                    piece, target = text, new_target()
                    parser = new_parser(target)
                end = piece.find(_END)
                cut = end + len(_END) if end >= 0 else len(piece)
                parser.feed(piece[:cut])
                piece = piece[cut:]
                if end >= 0 and target.depth == 0:
                    lines += parser.parser.CurrentLineNumber - 1
                    parser.close()
                    parser = None
            advance(read)
        if parser is not None:
            parser.close()
    except DefusedXmlException:
        raise InputError(f"{name}: declares a DTD or entities, which no PAN-OS file does; it is not read") from None
    except TooDeep:
        raise InputError(f"{name}: elements nest deeper than {DEEPEST} levels, which no PAN-OS file does") from None
    except ParseError as error:
        raise broken_xml(error, name, lines) from None
    except (ValueError, LookupError) as error:  # an encoding declaration that Python doesn't know or that is wrong
        raise InputError(f"{name}: the XML can't be decoded ({safe_text(str(error))})") from None
