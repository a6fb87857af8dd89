"""Write PAN-OS flavoured XML: entries with a name, lists of members, answers of the API."""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

Content = str | ET.Element | Iterable[ET.Element] | None


def node(tag: str, *content: Content, **attributes: str) -> ET.Element:
    """An element with text and children; None is passed over."""
    made = ET.Element(tag, attributes)
    for part in content:
        if part is None:
            continue
        if isinstance(part, str):
            made.text = part
        elif isinstance(part, ET.Element):
            made.append(part)
        else:
            made.extend(part)
    return made


def entry(name: str, *content: Content, **attributes: str) -> ET.Element:
    """`<entry name="…">`."""
    return node("entry", *content, name=name, **attributes)


def members(tag: str, names: Iterable[str]) -> ET.Element:
    """`<tag><member>a</member><member>b</member></tag>`."""
    return node(tag, [node("member", name) for name in names])


def yes(tag: str, value: bool = True) -> ET.Element:
    """`<tag>yes</tag>` or `<tag>no</tag>`."""
    return node(tag, "yes" if value else "no")


def document(root: ET.Element) -> str:
    """The text of a document, indented as an export is."""
    ET.indent(root)
    return '<?xml version="1.0"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
