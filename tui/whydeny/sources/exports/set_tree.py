"""The elements that set lines grow, found by parent, tag and name, and how other lines of configure mode change them."""

from copy import deepcopy
from xml.etree.ElementTree import Element, SubElement


class SetTree:
    """Elements below a `<config>`; of one parent each has its own tag, or tag and name."""

    def __init__(self) -> None:
        self.config = Element("config")
        self._known: dict[tuple[Element, str, str], Element] = {}

    def child(self, above: Element, tag: str, name: str = "") -> Element:
        """An element below another, made where it is not there."""
        key = (above, tag, name)
        if key not in self._known:
            self._known[key] = SubElement(above, tag, {"name": name} if name else {})
        return self._known[key]

    def there(self, above: Element | None, tag: str, name: str = "") -> Element | None:
        """An element below another; None where it is not there."""
        return None if above is None else self._known.get((above, tag, name))

    def remove(self, above: Element, element: Element) -> None:
        """Take an element off, with all below it."""
        above.remove(element)
        del self._known[above, element.tag, element.get("name", "")]

    def move(self, above: Element, entry: Element, where: str, other: str = "") -> bool:
        """Put an entry at the `top` or `bottom` of its list, or `before` or `after` another one; false without it."""
        beside = self.there(above, "entry", other) if where in ("before", "after") else None
        if beside is entry or (beside is None) != (where in ("top", "bottom")):
            return False
        above.remove(entry)
        index = {"top": 0, "bottom": len(above)}.get(where)
        above.insert(list(above).index(beside) + (where == "after") if beside is not None else index or 0, entry)
        return True

    def rename(self, above: Element, entry: Element, name: str) -> bool:
        """Give an entry a name that no other has."""
        if self.there(above, "entry", name) is not None:
            return False
        del self._known[above, "entry", entry.get("name", "")]
        entry.set("name", name)
        self._known[above, "entry", name] = entry
        return True

    def copy(self, above: Element, entry: Element, name: str) -> bool:
        """Put a copy of an entry at the end, under a name that no other has."""
        if self.there(above, "entry", name) is not None:
            return False
        twin = deepcopy(entry)
        twin.attrib = {"name": name}
        above.append(twin)
        self._learn(above, twin)
        return True

    def _learn(self, above: Element, element: Element) -> None:
        self._known[above, element.tag, element.get("name", "")] = element
        for child in element:
            if child.tag != "member":
                self._learn(element, child)
