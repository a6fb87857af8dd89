"""The URL category of a rule, against the one category that a log row shows.

Sources: PAN-OS administrator's guide, URL categories. A URL can have several categories besides its risk, and
custom ones; the row shows one. So a row's category that is not in the rule says nothing about custom
categories, URL lists and the risk categories. A rule with categories applies to web traffic only
(docs.paloaltonetworks.com/pan-os/7-1/pan-os-admin/url-filtering/url-categories.html): what has neither an HTTP request
nor a TLS server name never gets a category.
"""

from dataclasses import dataclass

from whydeny.model.configuration import ExternalList
from whydeny.model.protocols import TCP, UDP
from whydeny.model.truth import Truth
from whydeny.policy.names import Names
from whydeny.policy.wording import members as listed

RISKS = frozenset({"high-risk", "medium-risk", "low-risk"})

# Predefined categories (PAN-DB). A name that is neither here nor among the objects is unknown.
_PREDEFINED = """
abortion abused-drugs adult ai-code-assistant ai-conversational-assistant ai-data-and-workflow-optimizer
ai-media-service ai-meeting-assistant ai-platform-service ai-website-generator ai-writing-assistant
alcohol-and-tobacco artificial-intelligence auctions business-and-economy command-and-control
compromised-website computer-and-internet-info content-delivery-networks copyright-infringement
cryptocurrency dating dynamic-dns educational-institutions encrypted-dns entertainment-and-arts extremism
financial-services gambling games government grayware hacking health-and-medicine home-and-garden
hunting-and-fishing insufficient-content internet-communications-and-telephony internet-portals job-search
legal malware marijuana military motor-vehicles music newly-registered-domain news not-resolved nudity
online-storage-and-backup parked peer-to-peer personal-sites-and-blogs philosophy-and-political-advocacy
phishing private-ip-addresses proxy-avoidance-and-anonymizers questionable ransomware real-estate
real-time-detection recreation-and-hobbies reference-and-research religion remote-access scanning-activity
search-engines sex-education shareware-and-freeware shopping social-networking society sports
stock-advice-and-tools streaming-media swimsuits-and-intimate-apparel training-and-tools translation travel
unknown weapons web-advertisements web-based-email web-hosting
"""
PREDEFINED = RISKS | frozenset(_PREDEFINED.split())

NOT_YET = frozenset({"", "any"})

WEB_PORTS = (80, 443)  # over UDP: QUIC, whose handshake names the server
_NO_WEB = frozenset({"dns", "ssh", "ssh-tunnel", "telnet"})  # over TCP, by name; for most a TLS handshake is possible


def without_url(protocol: int | None, port: int | None, application: str) -> bool:
    """Whether traffic is of a kind that never has a URL: by IP protocol, destination port and application (lower case,
    "" where none is identified)."""
    if protocol is None:
        return False
    if protocol == TCP:
        return application in _NO_WEB
    if protocol == UDP:
        return bool(application) and port is not None and port not in WEB_PORTS and not application.startswith("quic")
    return True


@dataclass(frozen=True, slots=True, eq=False)
class CategoryField:
    """The compiled `category` of a rule; `open` are the members that a row's category can't rule out."""

    members: tuple[str, ...]
    anything: bool = False
    literals: frozenset[str] = frozenset()
    open: tuple[str, ...] = ()

    def decide(self, category: str, without: bool = False) -> Truth:
        """Whether the rule takes a category (lower case; "" and any are not known yet, or never where it is `without`)."""
        if self.anything:
            return Truth.MATCH
        if category in NOT_YET:
            return Truth.NO_MATCH if without else Truth.UNKNOWN
        if category in self.literals:
            return Truth.MATCH
        return Truth.UNKNOWN if self.open else Truth.NO_MATCH

    def wanted(self) -> str:
        """What the rule asks, compact."""
        return listed(self.members) if self.members else "any"

    def needs(self, category: str) -> list[str]:
        """What would settle an unknown."""
        if category in NOT_YET:
            return ["the URL category of the session"]
        return [f"the URL of the session, against {name}" for name in self.open]


class CategoryBook:
    """Compiles the category fields of rules."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._fields: dict[tuple[str, ...], CategoryField] = {}

    def field(self, members: tuple[str, ...]) -> CategoryField:
        """The compiled field of a rule; equal fields are one object."""
        found = self._fields.get(members)
        if found is None:
            found = self._fields[members] = self._compile(members)
        return found

    def _compile(self, members: tuple[str, ...]) -> CategoryField:
        if not members or "any" in members:
            return CategoryField(members, anything=True)
        unsettled = [text for text in map(self._open_text, dict.fromkeys(members)) if text]
        return CategoryField(members, False, frozenset(name.lower() for name in members), tuple(unsettled))

    def _open_text(self, name: str) -> str:
        found = self._names.url_category(name)
        if isinstance(found, ExternalList):
            return f"external list {name}"
        if found is not None:
            return f"custom category {name}"
        if name.lower() in RISKS:
            return f"risk category {name}"
        return "" if name.lower() in PREDEFINED else f"{name} (no category of that name in the files)"
