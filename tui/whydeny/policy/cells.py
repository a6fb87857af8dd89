"""The `application/service` of a rule as the data plane has it compiled: an application with protocol and ports in one cell.

Source: `show running security-policy` of PAN-OS 7.0 and 10 as published (`dns/udp/any/53`: application, protocol, source
port, destination port; `0:` before it is its place in the list). What the rule's service was is not shown: the ports of
`ssl/tcp/any/443` may be those of a service or of application-default, which inside TLS holds other ports from PAN-OS 9.0
on; and nothing shows that `any/any/any/any` is not application-default for any application.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from whydeny.model.protocols import SCTP, TCP, UDP, protocol_number
from whydeny.model.truth import Truth, all_of, any_of
from whydeny.policy.applications import SeenApplication
from whydeny.policy.defaults import Defaults
from whydeny.policy.services import Ports, read_ports
from whydeny.policy.spans import NOTHING, Spans
from whydeny.policy.wording import members as listed
from whydeny.policy.wording import several

_PLACE = re.compile(r"^\d+:")
_WITH_PORTS = (TCP, UDP, SCTP)
SERVICE = "whether the rule's service is application-default (show config running)"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; a protocol or ports that are None are any."""

    text: str
    application: str = "any"
    protocol: int | None = None
    source_ports: Spans | None = None
    ports: Spans | None = None
    readable: bool = True

    @property
    def everything(self) -> bool:
        """Whether every application fits on every port."""
        return self.readable and self.application == "any" and self.protocol is None and self.ports is None

    def decide(self, ports: Ports) -> Truth:
        """Whether protocol and ports fit."""
        if not self.readable:
            return Truth.UNKNOWN
        if self.protocol is None:
            return Truth.MATCH
        if ports.protocol is None:
            return Truth.UNKNOWN
        if ports.protocol != self.protocol:
            return Truth.NO_MATCH
        return all_of((_fits(self.source_ports, ports.source), _fits(self.ports, ports.destination)))


def _fits(wanted: Spans | None, port: int | None) -> Truth:
    if wanted is None:
        return Truth.MATCH
    if port is None:
        return Truth.UNKNOWN
    return Truth.MATCH if port in wanted else Truth.NO_MATCH


def read_cell(text: str) -> Cell:
    """A cell as a compiled rule has it."""
    text = _PLACE.sub("", text)
    words = text.split("/")
    if len(words) != 4 or not words[0]:
        return Cell(text, readable=False)
    application, protocol, source, destination = words
    number = None if protocol == "any" else protocol_number(protocol)
    spans = [None if ports == "any" else read_ports(ports) for ports in (source, destination)]
    unread = [protocol != "any" and number is None]
    unread += [ports != "any" and found is None for ports, found in zip((source, destination), spans, strict=True)]
    with_ports = any(found is not None for found in spans)
    if any(unread) or (with_ports and number not in _WITH_PORTS):
        return Cell(text, application.lower(), readable=False)
    return Cell(text, application.lower(), number, spans[0], spans[1])


@dataclass(frozen=True, slots=True, eq=False)
class CellField:
    """The cells of a rule. `is_default`: a predefined rule, which takes every application on every port."""

    cells: tuple[Cell, ...]
    is_default: bool = False

    @property
    def anything(self) -> bool:
        """Whether every flow fits."""
        return self.is_default and any(cell.everything for cell in self.cells)

    def of(self, application: SeenApplication) -> tuple[Cell, ...]:
        """The cells for an application; all where it is not identified, or named in none."""
        own = tuple(cell for cell in self.cells if cell.application in ("any", application.key))
        return own if own and application.identified else self.cells

    def decide(
        self,
        application: SeenApplication,
        ports: Ports,
        decrypted: bool | None,
        icmp_type: int | None,
        defaults: Defaults,
    ) -> Truth:
        """Whether protocol and ports fit, whichever way the rule's service reads."""
        own = self.of(application)
        fitting = {cell.decide(ports) for cell in own}
        if len(fitting) > 1 and application.identified and not self._names(application):
            return Truth.UNKNOWN
        found = any_of(fitting)
        if found is Truth.UNKNOWN or self.is_default or not self._reads_both_ways(own, application, decrypted):
            return found
        return found if defaults.decide(application, ports, decrypted, icmp_type) is found else Truth.UNKNOWN

    def _names(self, application: SeenApplication) -> bool:
        """Whether a cell is for the application; which one is for it is not known where only its container is named."""
        return any(cell.application in ("any", application.key) for cell in self.cells)

    def _reads_both_ways(self, own: tuple[Cell, ...], application: SeenApplication, decrypted: bool | None) -> bool:
        """Whether application-default could say otherwise than the cells."""
        if not application.identified:
            return False
        named = any(cell.application != "any" and cell.ports is not None for cell in own)
        return any(cell.everything for cell in own) or (named and decrypted is not False)

    def explain(self, result: Truth, application: SeenApplication, ports: Ports) -> tuple[str, str, tuple[str, ...]]:
        """The sentence, what would settle an unknown, and the cell that fits."""
        own = self.of(application)
        if result is Truth.MATCH:
            cell = next(cell for cell in own if cell.decide(ports) is Truth.MATCH)
            return f"{ports} is in {cell.text}", "", (cell.text,)
        texts = several([cell.text for cell in own], 4)
        if result is Truth.NO_MATCH:
            return f"compiled for {texts}; this was {ports}", "", ()
        if application.identified and not self._names(application) and self.cells:
            detail = f"which of {texts} is for {application.name} is not shown; this was {ports}"
            return detail, "the applications of the rule (show config running)", ()
        if any(not cell.readable for cell in own):
            return f"whether {ports} fits {texts} can't be told", "a readable application/service of the rule", ()
        if ports.protocol is None or ports.destination is None:
            return f"whether {ports} fits {texts} can't be told", "protocol and ports of the session", ()
        if any(cell.decide(ports) is Truth.UNKNOWN for cell in own):
            return f"whether {ports} fits {texts} can't be told", "the source port of the session", ()
        return f"compiled for {texts}, which may come from application-default; this was {ports}", SERVICE, ()

    def wanted(self) -> str:
        """What the rule asks, compact."""
        return listed([cell.text for cell in self.cells])

    def cuts(self, protocol: int) -> set[int]:
        """The destination ports of a protocol at which something changes."""
        return _cuts(cell.ports for cell in self.cells if cell.protocol == protocol)

    def source_cuts(self) -> set[int]:
        """The source ports at which something changes."""
        return _cuts(cell.source_ports for cell in self.cells)


def _cuts(ports: Iterable[Spans | None]) -> set[int]:
    found = [spans or NOTHING for spans in ports]
    return {cut for spans in found for cut in (*spans.firsts, *(last + 1 for last in spans.lasts))}
