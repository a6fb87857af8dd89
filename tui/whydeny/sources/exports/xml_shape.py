"""The first elements of an XML document, as far as they tell what it is."""

from dataclasses import dataclass, field
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException

from whydeny.model.safe import safe_text
from whydeny.sources.exports.xml_stream import TooDeep, new_parser
from whydeny.sources.exports.xml_tools import DEEPEST

_ENOUGH = 3_000  # elements
_DEEP = 8  # levels that are kept apart
_CODES = {
    "1": "unknown command", "2": "internal error", "3": "internal error", "4": "internal error", "5": "internal error",
    "6": "bad XPath", "7": "object not present", "8": "object not unique", "10": "reference count not zero",
    "11": "internal error", "12": "invalid object", "13": "object not found", "14": "operation not possible",
    "15": "operation denied", "16": "unauthorized", "17": "invalid command", "18": "malformed command",
    "22": "session timed out", "400": "bad request", "403": "forbidden: the key or the role does not allow it",
}  # fmt: skip
_AGAIN = "ask again and save the answer itself"


class _Enough(Exception):
    """What was seen tells the kind."""


@dataclass(slots=True)
class Shape:
    """Paths of elements at the beginning of a document. `inner` are the tags that stand in its result (or root)."""

    root: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    paths: set[tuple[str, ...]] = field(default_factory=set)
    text: str = ""  # of the result, the message or the job
    complaint: str = ""  # the sentence about a document that can't be used
    depth: int = 0
    base: int = 1  # levels above the content
    _path: list[str] = field(default_factory=list)
    _seen: int = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self.depth += 1
        self._seen += 1
        if self.depth > DEEPEST:
            raise TooDeep
        if not self.root:
            self.root, self.attributes = tag, dict(attributes)
        elif tag == "result" and self.depth == 2:
            self.base = 2
            if "logtype" in attributes or "reportname" in attributes:
                self.attributes |= {"report": "yes"}
        elif tag == "report" and self.depth == 2:
            self.attributes |= {"report": "yes"}
        self._path.append(tag)
        if self.depth <= _DEEP:
            self.paths.add(tuple(self._path))
        if self._seen > _ENOUGH:
            raise _Enough

    def end(self, tag: str) -> None:  # noqa: ARG002
        """An element ends."""
        self._path.pop()
        self.depth -= 1

    def data(self, text: str) -> None:
        """Text, possibly in pieces."""
        if len(self.text) < 2000 and self.depth <= 5 and self._path[-1] in ("result", "line", "msg", "member"):
            self.text += text

    @property
    def inner(self) -> set[str]:
        """The tags of the elements in the result, or in the root where there is no result."""
        return {path[self.base] for path in self.paths if len(path) > self.base}

    def has(self, *tags: str) -> bool:
        """Whether the elements `tags`, each in the one before, stand in the result."""
        return any(path[self.base : self.base + len(tags)] == tags for path in self.paths)

    def children_of(self, tag: str) -> set[str]:
        """The tags in the elements `tag` of the result."""
        at = self.base
        return {path[at + 1] for path in self.paths if len(path) > at + 1 and path[at] == tag}

    def described(self) -> str:
        """What the document begins with, in words."""
        inner = ", ".join(f"<{safe_text(tag, 30)}>" for tag in sorted(self.inner)[:4])
        return f"<{safe_text(self.root, 30)}> with {inner or 'nothing in it'}"


def shape_of(head: bytes) -> Shape:
    """The shape of the document that begins with `head`; a cut end is no complaint."""
    shape = Shape()
    parser = new_parser(shape)
    try:
        data = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        parser.feed(data)
    except _Enough:
        pass
    except DefusedXmlException:
        shape.complaint = "it declares a DTD or entities, which no PAN-OS file does; it is not read"
    except TooDeep:
        shape.complaint = f"its elements nest deeper than {DEEPEST} levels, which no PAN-OS file does"
    except ParseError as error:
        if shape.root == "response" and not shape.depth:
            pass  # one answer after another in the same file
        elif not shape.paths:
            shape.complaint = f"it begins like XML and is none ({safe_text(str(error))})"
    except (ValueError, LookupError) as error:
        shape.complaint = f"its XML can't be decoded ({safe_text(str(error))})"
    shape.complaint = shape.complaint or _complaint(shape)
    return shape


def _complaint(shape: Shape) -> str:
    """The sentence about an answer that holds nothing to use."""
    if shape.attributes.get("report"):
        return "it is a report, which counts sessions and does not list them; export the log itself"
    if shape.root != "response":
        return ""
    status, code = shape.attributes.get("status", ""), shape.attributes.get("code", "")
    said = safe_text(" ".join(shape.text.split()), 200)
    if status and status != "success":
        meaning = _CODES.get(code, "")
        details = "; ".join(part for part in (f"code {code}" if code else "", meaning, said) if part)
        return f"it is an error answer of the firewall ({details or f'status {safe_text(status, 20)}'}); {_AGAIN}"
    if "job" in shape.inner and not shape.children_of("job"):
        details = f" ({said})" if said else ""
        return f"it only says that a job was queued{details}; fetch the job's result once it is finished"
    if not shape.inner and not said:
        return "it is an answer without a result: nothing matched, or the path does not exist; check the query"
    return ""
