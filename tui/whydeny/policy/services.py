"""The service of a rule: protocols, destination ports and source ports; application-default is kept apart.

Sources: PAN-OS service objects are tcp, udp or sctp; `service-http` is tcp 80 and 8080, `service-https` is
tcp 443, unless an administrator made objects of these names.
"""

from dataclasses import dataclass

from whydeny.model.configuration import Group, Rule, Service
from whydeny.model.protocols import SCTP, TCP, UDP, protocol_name
from whydeny.model.truth import Truth
from whydeny.policy.names import DEEPEST, Names, Path, open_groups
from whydeny.policy.spans import Spans, merge
from whydeny.policy.wording import members as listed
from whydeny.policy.wording import several

PROTOCOLS = {"tcp": TCP, "udp": UDP, "sctp": SCTP}
DEFAULT = "application-default"
HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Ports:
    """What a flow brings to a service: IP protocol number and ports; None is not known."""

    protocol: int | None = None
    source: int | None = None
    destination: int | None = None

    def __str__(self) -> str:
        name = protocol_name(self.protocol) or "protocol not known"
        if self.protocol is not None and self.protocol not in PROTOCOLS.values():
            return name
        return f"{name}/{'port not known' if self.destination is None else self.destination}"


@dataclass(frozen=True, slots=True)
class ServiceItem:
    """One service object under a rule: its ports, or (with `settle`) that they can't be had."""

    path: Path
    protocol: int | None = None
    ports: Spans | None = None
    source_ports: Spans | None = None
    settle: str = ""
    text: str = ""

    def decide(self, ports: Ports) -> Truth:
        """Whether a flow uses this service."""
        found = self.decide_destination(ports)
        if found is Truth.NO_MATCH or self.ports is None or self.source_ports is None or ports.protocol is None:
            return found
        source = _port_truth(ports.source, self.source_ports)
        return source if found is Truth.MATCH or source is Truth.NO_MATCH else found

    def decide_destination(self, ports: Ports) -> Truth:
        """Whether protocol and destination port fit, whatever the source port."""
        if self.ports is None or ports.protocol is None:
            return Truth.UNKNOWN
        return _port_truth(ports.destination, self.ports) if ports.protocol == self.protocol else Truth.NO_MATCH


def _port_truth(port: int | None, ports: Spans) -> Truth:
    if port is None:
        return Truth.UNKNOWN
    return Truth.MATCH if port in ports else Truth.NO_MATCH


@dataclass(frozen=True, slots=True, eq=False)
class ServiceField:
    """The compiled `service` of a rule. `by_default` says that application-default is among the members."""

    members: tuple[str, ...]
    anything: bool = False
    by_default: bool = False
    items: tuple[ServiceItem, ...] = ()

    def decide(self, ports: Ports) -> Truth:
        """Whether one of the service objects fits; application-default is judged elsewhere."""
        if self.anything:
            return Truth.MATCH
        found = Truth.NO_MATCH
        for item in self.items:
            one = item.decide(ports)
            if one is Truth.MATCH:
                return one
            if one is Truth.UNKNOWN:
                found = one
        return found

    def wanted(self) -> str:
        """What the rule asks, compact."""
        return listed(self.members) if self.members else "any"

    def deciding_item(self, ports: Ports) -> ServiceItem | None:
        """The first service that fits."""
        return next((item for item in self.items if item.decide(ports) is Truth.MATCH), None)

    def miss_text(self, ports: Ports) -> str:
        """Why none of the service objects fits."""
        if ports.protocol not in PROTOCOLS.values():
            return f"services are tcp, udp or sctp, and this was {ports}"
        texts = [f"{item.path[-1]} is {item.text}" for item in self.items]
        for item in self.items:
            if item.source_ports is not None and item.decide_destination(ports) is Truth.MATCH:
                return f"{item.path[-1]} is {item.text}, and this came from port {ports.source}"
        return f"{several(texts)}; this was {ports}"

    def needs(self, ports: Ports) -> list[str]:
        """What would settle the unknown services, without repeats."""
        found = []
        for item in self.items:
            if item.decide(ports) is Truth.UNKNOWN:
                if item.settle:
                    found.append(item.settle)
                elif ports.protocol is None:
                    found.append("the protocol")
                else:
                    found.append("the destination port" if ports.destination is None else "the source port")
        return list(dict.fromkeys(found))


def read_ports(text: str) -> Spans | None:
    """`80,8080-8090` as spans; None if any part can't be read."""
    spans = []
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        last = last if dash else first
        if not (first.isascii() and first.isdigit() and last.isascii() and last.isdigit()):
            return None
        low, high = int(first[:9]), int(last[:9])
        if low > high or high > HIGHEST_PORT:
            return None
        spans.append((low, high))
    return merge(spans)


class ServiceBook:
    """Compiles the service fields of rules over the scopes of one policy."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._fields: dict[tuple[str, ...], ServiceField] = {}

    def field(self, members: tuple[str, ...]) -> ServiceField:
        """The compiled field of a rule; equal fields are one object."""
        found = self._fields.get(members)
        if found is None:
            found = self._fields[members] = self._compile(members)
        return found

    def override_field(self, rule: Rule) -> ServiceField:
        """The protocol and ports of an application-override rule."""
        protocol, ports = rule.override_protocol or "", rule.override_ports or ""
        key = (f"{protocol}/{ports}",)
        if not protocol or not ports:
            return ServiceField(("",), items=(ServiceItem(("",), settle="the protocol and ports of the rule"),))
        return ServiceField(key, items=(_item(key, Service(key[0], protocol, ports)),))

    def _compile(self, members: tuple[str, ...]) -> ServiceField:
        if not members or "any" in members:
            return ServiceField(members, anything=True)
        named = [member for member in dict.fromkeys(members) if member != DEFAULT]
        items = [item for member in named for item in self._items(member)]
        return ServiceField(members, by_default=DEFAULT in members, items=tuple(items))

    def _members_of(self, name: str) -> tuple[str, ...]:
        found = self._names.service(name)
        return found.members if isinstance(found, Group) else ()

    def _items(self, member: str) -> list[ServiceItem]:
        paths, complete = open_groups(member, self._members_of)
        items = []
        for path in paths:
            found = self._names.service(path[-1])
            if isinstance(found, Service):
                items.append(_item(path, found))
            elif found is None:
                need = f"what service {path[-1]} is (no object of that name in the files)"
                items.append(ServiceItem(path, settle=need, text="not in the files"))
        if not complete:
            items.append(ServiceItem((member,), settle=f"a group nested less than {DEEPEST} deep", text="nested"))
        return items


def _item(path: Path, service: Service) -> ServiceItem:
    protocol = PROTOCOLS.get(service.protocol.lower())
    ports = read_ports(service.ports)
    source_ports = read_ports(service.source_ports) if service.source_ports else None
    text = f"{service.protocol}/{service.ports}"
    if protocol is None or ports is None or (service.source_ports and source_ports is None):
        return ServiceItem(path, settle=f"readable ports of service {service.name} ({text!r})", text=text)
    if service.source_ports:
        text += f" from port {service.source_ports}"
    return ServiceItem(path, protocol, ports, source_ports, text=text)
