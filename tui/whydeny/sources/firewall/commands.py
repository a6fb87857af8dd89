"""Operational commands as XML elements: never text put together, so that no value can become a command."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement

from whydeny.model.safe import is_safe
from whydeny.sources.firewall.failures import ForbiddenCall


def command(path: str, *parts: Element) -> Element:
    """`command("show/session/all", part)` is `<show><session><all>part</all></session></show>`."""
    root: Element | None = None
    place: Element | None = None
    for tag in path.split("/"):
        place = Element(tag) if place is None else SubElement(place, tag)
        root = place if root is None else root
    if root is None or place is None:
        raise ForbiddenCall("an empty command")
    place.extend(parts)
    return root


def value(tag: str, text: str) -> Element:
    """`<tag>text</tag>`. Raises `ForbiddenCall` for text that XML or a firewall would take for something else."""
    if not is_safe(text):
        raise ForbiddenCall(f"a {tag} with control characters")
    element = Element(tag)
    element.text = text
    return element


def holder(tag: str, parts: Iterable[Element]) -> Element:
    """`<tag>parts</tag>`."""
    element = Element(tag)
    element.extend(parts)
    return element
