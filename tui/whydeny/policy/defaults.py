"""application-default: the ports on which each application is allowed, by release and by clear or decrypted.

Sources: PAN-OS 9.0 new features, "Strict default ports for decrypted applications"
(https://docs.paloaltonetworks.com/pan-os/9-0/pan-os-new-features/app-id-features/app-default-strict.html): from
9.0 decrypted web-browsing, SMTP, FTP, LDAP, POP3 and IMAP belong on their TLS ports and clear ones on their
standard ports; before, the standard ports held for both. `tcp/dynamic` is any port. An application without
default ports, made or predefined, is not tied to any.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from whydeny.model.applications import SECURE_PORTS, Application
from whydeny.model.configuration import CustomApplication
from whydeny.model.protocols import ICMP, ICMP6, protocol_name, protocol_number
from whydeny.model.release import Release
from whydeny.model.truth import Truth
from whydeny.policy.applications import ApplicationField, Catalog, SeenApplication
from whydeny.policy.services import HIGHEST_PORT, PROTOCOLS, Ports, read_ports
from whydeny.policy.spans import NOTHING, Spans, merge
from whydeny.policy.wording import several

STRICT_SINCE = Release(9, 0)

_EVERY_PORT = merge([(0, HIGHEST_PORT)])


@dataclass(frozen=True, slots=True, eq=False)
class DefaultPorts:
    """The default ports of one application: spans by protocol number, IP protocols, ICMP types.

    `secure` holds for decrypted sessions from 9.0 where the application is one of the six, else it is None.
    """

    plain: Mapping[int, Spans]
    secure: Mapping[int, Spans] | None
    ip_protocols: frozenset[int] = frozenset()
    icmp_types: frozenset[int] = frozenset()
    icmp6_types: frozenset[int] = frozenset()
    readable: bool = True
    text: str = ""
    secure_text: str = ""

    @property
    def free(self) -> bool:
        """Whether the application has no default ports, and so is not tied to any."""
        return self.readable and not (self.plain or self.ip_protocols or self.icmp_types or self.icmp6_types)

    def decide(self, ports: Ports, secure: bool, icmp_type: int | None) -> Truth:
        """Whether a flow is on the standard ports, or on the TLS ports."""
        if self.free:
            return Truth.MATCH
        if ports.protocol is None:
            return Truth.UNKNOWN
        if ports.protocol in self.ip_protocols:
            return Truth.MATCH
        types = {ICMP: self.icmp_types, ICMP6: self.icmp6_types}.get(ports.protocol)
        if types and (icmp_type is None or icmp_type in types):
            return Truth.MATCH  # the type is what App-ID named it by
        spans = (self.secure if secure and self.secure is not None else self.plain).get(ports.protocol)
        miss = Truth.NO_MATCH if self.readable else Truth.UNKNOWN
        if spans is None:
            return miss
        if ports.destination is None:
            return Truth.UNKNOWN
        return Truth.MATCH if ports.destination in spans else miss


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether an application is on its default ports, with the sentence and what would settle it."""

    result: Truth
    detail: str
    settle: str = ""


@dataclass(slots=True, eq=False)
class Union:
    """The default ports of all applications of a rule, for the look-up before one is identified."""

    certain: dict[int, Spans] = field(default_factory=dict)
    maybe: dict[int, Spans] = field(default_factory=dict)
    free: bool = False
    open: bool = False  # whether an application's ports are not known
    ip_protocols: frozenset[int] = frozenset()
    icmp_types: frozenset[int] = frozenset()
    icmp6_types: frozenset[int] = frozenset()

    def decide(self, ports: Ports, icmp_type: int | None) -> Truth:
        """Whether a flow may turn out to be one of them on its default port."""
        if self.free:
            return Truth.MATCH
        if ports.protocol is None:
            return Truth.UNKNOWN
        if ports.protocol in self.ip_protocols:
            return Truth.MATCH
        types = {ICMP: self.icmp_types, ICMP6: self.icmp6_types}.get(ports.protocol, frozenset())
        if icmp_type is not None and icmp_type in types:
            return Truth.MATCH
        certain = self.certain.get(ports.protocol, NOTHING)
        maybe = self.maybe.get(ports.protocol, NOTHING)
        if ports.destination is not None and ports.destination in certain:
            return Truth.MATCH
        if self.open or (types and icmp_type is None):
            return Truth.UNKNOWN
        if ports.destination is None:
            return Truth.UNKNOWN if certain or maybe else Truth.NO_MATCH
        return Truth.UNKNOWN if ports.destination in maybe else Truth.NO_MATCH


class Defaults:
    """Default ports of every known application, for one release (None: not known)."""

    def __init__(self, catalog: Catalog, release: Release | None) -> None:
        self._catalog = catalog
        self._found: dict[str, DefaultPorts | None] = {}
        self._unions: dict[ApplicationField, Union] = {}
        self.strict: bool | None = None if release is None else release >= STRICT_SINCE

    def of(self, name: str) -> DefaultPorts | None:
        """The default ports of an application, None if no table has it."""
        key = name.lower()
        if key not in self._found:
            entry = self._catalog.entry(key)
            self._found[key] = None if entry is None else _defaults(key, entry)
        return self._found[key]

    def decide(
        self, application: SeenApplication, ports: Ports, decrypted: bool | None, icmp_type: int | None
    ) -> Truth:
        """Whether an identified application is on its default ports."""
        found = self.of(application.key)
        if found is None:
            return Truth.UNKNOWN
        results = {found.decide(ports, secure, icmp_type) for secure in self._readings(found, decrypted)}
        return results.pop() if len(results) == 1 else Truth.UNKNOWN

    def _readings(self, found: DefaultPorts, decrypted: bool | None) -> tuple[bool, ...]:
        """Whether the TLS ports hold; both where release or decryption is not known and it makes a difference."""
        if found.secure is None or self.strict is False or decrypted is False:
            return (False,)
        return (True,) if self.strict and decrypted else (False, True)

    def judge(
        self, application: SeenApplication, ports: Ports, decrypted: bool | None, icmp_type: int | None
    ) -> Judged:
        """The same, with the sentence."""
        name = application.name
        found = self.of(application.key)
        if found is None:
            return Judged(
                Truth.UNKNOWN,
                f"{name} is not in the application table, so its default ports are not known",
                f"the default ports of application {name} (application content)",
            )
        if found.free:
            return Judged(Truth.MATCH, f"{name} has no default ports, so application-default does not tie it to any")
        result = self.decide(application, ports, decrypted, icmp_type)
        if result is not Truth.UNKNOWN or len(self._readings(found, decrypted)) == 1:
            return Judged(result, self._sentence(name, found, ports, decrypted, result), _need(name, ports, result))
        if ports.protocol is None or ports.destination is None:
            return Judged(result, self._sentence(name, found, ports, decrypted, result), _need(name, ports, result))
        if self.strict is None:
            detail = (
                f"application-default of {name} is {found.text} before PAN-OS 9.0 and {found.secure_text} inside TLS "
                f"from 9.0; this was {ports}, {'decrypted' if decrypted else 'perhaps decrypted'}"
            )
            settle = "the PAN-OS release" if decrypted else "the PAN-OS release and whether the session was decrypted"
            return Judged(result, detail, settle)
        detail = (
            f"application-default of {name} is {found.text} in clear and {found.secure_text} inside TLS; "
            f"this was {ports}, and whether it was decrypted is not known"
        )
        return Judged(result, detail, "whether the session was decrypted (the row's flags)")

    def _sentence(self, name: str, found: DefaultPorts, ports: Ports, decrypted: bool | None, result: Truth) -> str:
        text, had = found.text, str(ports)
        if found.secure is not None:
            if decrypted:
                had += ", decrypted"
            elif decrypted is False:
                had += ", in clear"
            if decrypted and self.strict:
                text = f"{found.secure_text} inside TLS"
            elif decrypted and self.strict is False:
                text += " before PAN-OS 9.0, decrypted or not"
        if result is Truth.MATCH:
            return f"application-default of {name} is {text}, and this was {had}"
        return f"application-default of {name} is {text}; this was {had}"

    def union(self, wanted: ApplicationField) -> Union:
        """The default ports of all applications that a rule names."""
        found = self._unions.get(wanted)
        if found is None:
            found = self._unions[wanted] = self._unite(wanted)
        return found

    def _unite(self, wanted: ApplicationField) -> Union:
        if wanted.anything:
            return Union(free=True)
        union = Union(open=wanted.too_deep)
        parts = [self.of(name) for name in wanted.literals or () if not self._stands_for_children(name)]
        if wanted.containers or wanted.filters:
            union.open = union.open or not self._catalog.table.complete
            for entry in self._catalog.entries():
                seen = self._catalog.seen(entry.name)
                truth = wanted.decide_others(seen)
                if truth is Truth.MATCH:
                    parts.append(self.of(entry.name))
                elif truth is Truth.UNKNOWN:
                    union.open = True
        certain: dict[int, list[tuple[int, int]]] = {}
        maybe: dict[int, list[tuple[int, int]]] = {}
        for part in parts:
            if part is None or not part.readable:
                union.open = True
            if part is None:
                continue
            union.free = union.free or part.free
            union.ip_protocols |= part.ip_protocols
            union.icmp_types |= part.icmp_types
            union.icmp6_types |= part.icmp6_types
            for protocol, spans in part.plain.items():
                certain.setdefault(protocol, []).extend(spans.pairs())
            for protocol, spans in (part.secure or {}).items():
                if self.strict is not False:
                    (certain if self.strict else maybe).setdefault(protocol, []).extend(spans.pairs())
        union.certain = {protocol: merge(spans) for protocol, spans in certain.items()}
        union.maybe = {protocol: merge(spans) for protocol, spans in maybe.items()}
        return union

    def _stands_for_children(self, name: str) -> bool:
        return name in self._catalog.containers and self._catalog.entry(name) is None


def _need(name: str, ports: Ports, result: Truth) -> str:
    if result is not Truth.UNKNOWN:
        return ""
    if ports.protocol is None:
        return "the protocol"
    return "the destination port" if ports.destination is None else f"readable default ports of {name}"


def _defaults(key: str, entry: Application | CustomApplication) -> DefaultPorts:
    plain, whole, readable = _read(entry.ports)
    secure_written = entry.secure_ports if isinstance(entry, Application) else ()
    if not secure_written and isinstance(entry, Application):
        secure_written = SECURE_PORTS.get(key, ())
    secure = _read(secure_written)[0] if secure_written else None
    words = [*entry.ports]
    words += [f"IP protocol {protocol_name(number)}" for number in entry.ip_protocols]
    words += [f"ICMP type {number}" for number in entry.icmp_types]
    words += [f"ICMPv6 type {number}" for number in entry.icmp6_types]
    return DefaultPorts(
        plain,
        secure,
        frozenset(entry.ip_protocols) | whole,
        frozenset(entry.icmp_types),
        frozenset(entry.icmp6_types),
        readable,
        several(words, 4),
        several(secure_written, 4),
    )


def _read(written: tuple[str, ...]) -> tuple[dict[int, Spans], frozenset[int], bool]:
    """`tcp/80,443`, `tcp/80,dynamic`, `icmp/dynamic`, … as spans by protocol number, the protocols that are meant as
    a whole (those without ports), and whether all of it could be read."""
    found: dict[int, list[tuple[int, int]]] = {}
    whole: set[int] = set()
    readable = True
    for text in written:
        word, _, rest = text.partition("/")
        word, parts = word.strip().lower(), {part.strip().lower() for part in rest.split(",")}
        anywhere = bool(parts & {"dynamic", "any"})
        protocol = PROTOCOLS.get(word)
        spans = _EVERY_PORT if anywhere else read_ports(rest)
        number = protocol_number(word) if anywhere and protocol is None else None
        if number is not None:
            whole.add(number)
        elif protocol is None or spans is None:
            readable = False
        else:
            found.setdefault(protocol, []).extend(spans.pairs())
    return {protocol: merge(spans) for protocol, spans in found.items()}, frozenset(whole), readable
