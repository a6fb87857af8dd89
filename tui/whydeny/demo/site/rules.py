"""Rules as a table can hold them, and as the configuration writes them."""

from dataclasses import dataclass
from uuid import UUID, uuid5
from xml.etree import ElementTree as ET

from whydeny.demo.site.markup import entry, members, node, yes

_NAMESPACE = UUID("6f1d2c3a-5b7e-5c11-9d0f-0123456789ab")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What every rulebase matches on; several members stand in one string with blanks between them."""

    name: str
    from_: str = "any"
    to: str = "any"
    source: str = "any"
    destination: str = "any"
    user: str = "any"
    service: str = "any"
    category: str = "any"
    disabled: bool = False
    note: str = ""

    @property
    def uuid(self) -> str:
        """The rule's uuid, the same in every run."""
        return str(uuid5(_NAMESPACE, self.name))

    def criteria(self) -> list[ET.Element]:
        """The elements that all rulebases share."""
        found = [
            members("from", self.from_.split()),
            members("to", self.to.split()),
            members("source", self.source.split()),
            members("destination", self.destination.split()),
            members("source-user", self.user.split()),
            members("category", self.category.split()),
            members("service", self.service.split()),
        ]
        if self.note:
            found.append(node("description", self.note))
        if self.disabled:
            found.append(yes("disabled"))
        return found

    def to_xml(self, uuids: bool) -> ET.Element:
        """The rule's entry; rules have uuids from 9.0 on."""
        attributes = {"uuid": self.uuid} if uuids else {}
        return entry(self.name, self.criteria(), self.rest(), **attributes)

    def rest(self) -> list[ET.Element]:
        """The elements of this rulebase alone."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Security(Match):
    """A security rule. Without a word about logging it logs at session end, as in PAN-OS."""

    app: str = "any"
    service: str = "application-default"
    action: str = "allow"
    log_start: bool = False
    log_end: bool = True
    schedule: str | None = None
    kind: str | None = None
    profiles: bool = True

    def rest(self) -> list[ET.Element]:
        found = [members("application", self.app.split()), node("action", self.action)]
        if self.kind:
            found.append(node("rule-type", self.kind))
        if self.schedule:
            found.append(node("schedule", self.schedule))
        if self.log_start:
            found.append(yes("log-start"))
        if not self.log_end:
            found.append(yes("log-end", False))
        found.append(node("log-setting", "lf-demo"))
        if self.action == "allow" and self.profiles:
            found.append(node("profile-setting", members("group", ["pg-demo"])))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Decryption(Match):
    """A decryption rule; `kind` is ssl-forward-proxy, ssh-proxy or a certificate's name for inbound inspection."""

    action: str = "decrypt"
    kind: str = "ssl-forward-proxy"
    profile: str | None = None

    def rest(self) -> list[ET.Element]:
        if self.kind in ("ssl-forward-proxy", "ssh-proxy"):
            kind = node("type", node(self.kind))
        else:
            kind = node("type", node("ssl-inbound-inspection", members("certificates", [self.kind])))
        profile = [node("profile", self.profile)] if self.profile else []
        return [node("action", self.action), kind, *profile]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication(Match):
    """An authentication rule."""

    enforcement: str
    timeout: int = 60

    def rest(self) -> list[ET.Element]:
        return [node("authentication-enforcement", self.enforcement), node("timeout", str(self.timeout))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """An application-override rule."""

    name: str
    from_: str
    to: str
    destination: str
    protocol: str
    port: str
    app: str

    def to_xml(self, uuids: bool) -> ET.Element:
        """The rule's entry."""
        attributes = {"uuid": str(uuid5(_NAMESPACE, self.name))} if uuids else {}
        return entry(
            self.name,
            members("from", self.from_.split()),
            members("to", self.to.split()),
            members("source", ["any"]),
            members("destination", self.destination.split()),
            node("protocol", self.protocol),
            node("port", self.port),
            node("application", self.app),
            **attributes,
        )


def rulebase(tag: str, rules: tuple[Match, ...] | tuple[Override, ...], uuids: bool) -> ET.Element:
    """`<security><rules>…</rules></security>` and the like."""
    return node(tag, node("rules", [rule.to_xml(uuids) for rule in rules]))
