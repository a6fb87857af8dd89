"""The services of one rulebase as bits: which rules take protocol and ports, application-default and compiled cells
included."""

from collections.abc import Iterable, Mapping

from whydeny.model.protocols import ICMP, ICMP6
from whydeny.model.truth import Truth
from whydeny.policy.applications import ApplicationField, SeenApplication
from whydeny.policy.cells import CellField
from whydeny.policy.criteria import ServicePart
from whydeny.policy.defaults import Defaults
from whydeny.policy.rulesets import Sets, line
from whydeny.policy.services import HIGHEST_PORT, Ports, ServiceItem
from whydeny.policy.spans import NOTHING, Span, Spans, merge

_EVERY_PORT = merge([(0, HIGHEST_PORT)])


class _UnionSets:
    """application-default before an application is identified: the ports of all applications of a rule."""

    def __init__(self, masks: Mapping[ApplicationField, int], defaults: Defaults) -> None:
        self._all = self._free = self._open = 0
        self._numbers: dict[int, int] = {}
        self._icmp: dict[int, int] = {}
        certain: dict[int, list[tuple[Spans, int]]] = {}
        maybe: dict[int, list[tuple[Spans, int]]] = {}
        self._with_ports: dict[int, int] = {}
        for field, mask in masks.items():
            union = defaults.union(field)
            self._all |= mask
            if union.free:
                self._free |= mask
                continue
            if union.open:
                self._open |= mask
            for number in union.ip_protocols:
                self._numbers[number] = self._numbers.get(number, 0) | mask
            for number, types in ((ICMP, union.icmp_types), (ICMP6, union.icmp6_types)):
                if types:
                    self._icmp[number] = self._icmp.get(number, 0) | mask
            for spans_of, found in ((union.certain, certain), (union.maybe, maybe)):
                for protocol, spans in spans_of.items():
                    found.setdefault(protocol, []).append((spans, mask))
                    self._with_ports[protocol] = self._with_ports.get(protocol, 0) | mask
        self.certain = {protocol: line(parts) for protocol, parts in certain.items()}
        self.maybe = {protocol: line(parts) for protocol, parts in maybe.items()}

    def sets(self, ports: Ports) -> Sets:
        if ports.protocol is None:
            return self._free, self._all
        certain = self._free | self._numbers.get(ports.protocol, 0)
        unsettled = self._open | self._icmp.get(ports.protocol, 0)
        if ports.destination is None:
            unsettled |= self._with_ports.get(ports.protocol, 0)
        else:
            if ports.protocol in self.certain:
                certain |= self.certain[ports.protocol].at(ports.destination)
            if ports.protocol in self.maybe:
                unsettled |= self.maybe[ports.protocol].at(ports.destination)
        return certain, unsettled


class _CellSets:
    """The ports of compiled rules, application by application."""

    def __init__(self, masks: Mapping[CellField, int], defaults: Defaults) -> None:
        self.masks = dict(masks)
        self.all = sum(masks.values())
        self._defaults = defaults
        self._anywhere = 0  # those with a cell for every port, or one that can't be read
        spans: dict[int, list[tuple[Spans, int]]] = {}
        for field, mask in masks.items():
            for cell in field.cells:
                if cell.protocol is None or not cell.readable:
                    self._anywhere |= mask
                else:
                    found = cell.ports if cell.ports is not None else _EVERY_PORT
                    spans.setdefault(cell.protocol, []).append((found, mask))
        self._lines = {protocol: line(_united(parts)) for protocol, parts in spans.items()}

    def sets(self, ports: Ports, application: SeenApplication, decrypted: bool | None) -> Sets:
        certain = unsettled = 0
        looked_at = self._looked_at(ports, application, decrypted)
        for field, mask in self.masks.items():
            if not mask & looked_at:
                continue
            truth = field.decide(application, ports, decrypted, None, self._defaults)
            if truth is Truth.MATCH:
                certain |= mask
            elif truth is Truth.UNKNOWN:
                unsettled |= mask
        return certain, unsettled

    def _looked_at(self, ports: Ports, application: SeenApplication, decrypted: bool | None) -> int:
        """The rules of which some cell may fit, or which application-default could let take it all the same."""
        if ports.protocol is None or ports.destination is None:
            return self.all
        if application.identified and decrypted is not False:
            default = self._defaults.decide(application, ports, decrypted, None)
            if default is not Truth.NO_MATCH:
                return self.all
        found = self._lines.get(ports.protocol)
        return self._anywhere | (found.at(ports.destination) if found is not None else 0)


def _united(parts: Iterable[tuple[Spans, int]]) -> list[tuple[Spans, int]]:
    """The spans of each mask put together: a line counts every mask once."""
    found: dict[int, list[Span]] = {}
    for spans, mask in parts:
        found.setdefault(mask, []).extend(spans.pairs())
    return [(merge(spans), mask) for mask, spans in found.items()]


class ServiceSets:
    """`service`, application-default included. ICMP types are not in a table, so they are never known here."""

    def __init__(
        self,
        masks: Mapping[ServicePart, int],
        everything: int,
        defaults: Defaults,
        cells: Mapping[CellField, int] | None = None,
    ) -> None:
        self._defaults = defaults
        self._cells = _CellSets(cells or {}, defaults)
        self._free = everything
        self._open = self._with_items = self._by_default = 0
        self._from_ports: dict[tuple[int | None, Spans | None, Spans | None], tuple[ServiceItem, int]] = {}
        self._with_protocol: dict[int, int] = {}
        lines: dict[int, list[tuple[Spans, int]]] = {}
        unions: dict[ApplicationField, int] = {}
        for part, mask in masks.items():
            field = part.field
            if field.anything:
                continue
            self._free &= ~mask
            if field.by_default:
                self._by_default |= mask
                unions[part.applications] = unions.get(part.applications, 0) | mask
            spans: dict[int, list[Span]] = {}
            for item in field.items:
                self._with_items |= mask
                if item.ports is None or item.protocol is None:
                    self._open |= mask
                elif item.source_ports is not None:
                    key = (item.protocol, item.ports, item.source_ports)
                    before = self._from_ports.get(key, (item, 0))[1]
                    self._from_ports[key] = (item, before | mask)
                else:
                    spans.setdefault(item.protocol, []).extend(item.ports.pairs())
            for protocol, found in spans.items():
                lines.setdefault(protocol, []).append((merge(found), mask))
                self._with_protocol[protocol] = self._with_protocol.get(protocol, 0) | mask
        self._free &= ~self._cells.all
        self.lines = {protocol: line(parts) for protocol, parts in lines.items()}
        self.unions = _UnionSets(unions, defaults)

    def cuts(self, protocol: int) -> set[int]:
        """The destination ports of a protocol at which something changes, whatever the application."""
        found: set[int] = set()
        for lines in (self.lines, self.unions.certain, self.unions.maybe):
            if protocol in lines:
                found.update(lines[protocol].cuts)
        for item, _ in self._from_ports.values():
            if item.protocol == protocol:
                found.update(_cuts(item.ports))
        for field in self._cells.masks:
            found |= field.cuts(protocol)
        return found

    def source_cuts(self) -> set[int]:
        """The source ports at which something changes."""
        found = {cut for item, _ in self._from_ports.values() for cut in _cuts(item.source_ports)}
        for field in self._cells.masks:
            found |= field.source_cuts()
        return found

    def sets(self, ports: Ports, application: SeenApplication, decrypted: bool | None) -> Sets:
        """The rules whose service takes protocol and ports."""
        certain, unsettled = self._free, self._open
        if ports.protocol is None:
            unsettled |= self._with_items
        elif ports.destination is None:
            unsettled |= self._with_protocol.get(ports.protocol, 0)
        elif ports.protocol in self.lines:
            certain |= self.lines[ports.protocol].at(ports.destination)
        for item, mask in self._from_ports.values():
            truth = item.decide(ports)
            if truth is Truth.MATCH:
                certain |= mask
            elif truth is Truth.UNKNOWN:
                unsettled |= mask
        if self._cells.all:
            compiled = self._cells.sets(ports, application, decrypted)
            certain, unsettled = certain | compiled[0], unsettled | compiled[1]
        if self._by_default:
            if not application.identified:
                union = self.unions.sets(ports)
                certain, unsettled = certain | union[0], unsettled | union[1]
            else:
                truth = self._defaults.decide(application, ports, decrypted, None)
                if truth is Truth.MATCH:
                    certain |= self._by_default
                elif truth is Truth.UNKNOWN:
                    unsettled |= self._by_default
        return certain, unsettled


def _cuts(spans: Spans | None) -> set[int]:
    spans = spans or NOTHING
    return set(spans.firsts) | {last + 1 for last in spans.lasts}
