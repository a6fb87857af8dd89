"""One text of a known sort, replaced."""

import re

from whydeny.model.addresses import V4_BASE, parse_address
from whydeny.model.configuration import Configuration, Scope
from whydeny.model.site import Site
from whydeny.policy.categories import PREDEFINED as CATEGORIES
from whydeny.policy.countries import NAMES as COUNTRIES
from whydeny.policy.countries import country_of
from whydeny.policy.packaged_applications import packaged_applications
from whydeny.snapshot.aliases import Aliases
from whydeny.snapshot.prose import Prose
from whydeny.snapshot.sorts import Sort

# Names that App-ID gives without there being an application of that name.
_NO_APPLICATIONS = frozenset(
    {"any", "incomplete", "insufficient-data", "not-applicable", "unknown", "none", "untunneled", "tunneled-app"}
)
# The ids that PAN-OS keeps for custom signatures and data patterns: what is called so is the user's own.
# Source: docs.paloaltonetworks.com, "Create a Custom Threat Signature" (vulnerabilities 41000 to 45000 and 6800001 to
# 6900000, spyware 15000 to 18000 and 6900001 to 7000000); data patterns from 60000 on.
_OWN_THREATS = ((15_000, 18_000), (41_000, 45_000), (60_000, 69_999), (6_800_001, 7_000_000))
_ASKED_FOR = re.compile(
    r"(?<=:)[^\s:()]+\.[^\s:()]+"
)  # the domain in the name of a DNS signature: `generic:example.net`
_THREAT_ID = re.compile(r"(.*)(\((\d{1,10})\))", re.DOTALL)
_TAG_WORD = re.compile(r"""'[^']*'|"[^"]*"|[^\s()'"]+|[\s()]+""")
_NAMES = {
    Sort.RULE: "rule", Sort.ZONE: "zone", Sort.OBJECT: "object", Sort.PLACE: "object", Sort.TAG: "tag",
    Sort.GROUP: "group",
}  # fmt: skip


class Texts:
    """What stands for the texts of one site.

    Made from the site, because some things must be known before the first text: which names are predefined,
    which are objects, and the bits that wildcards look at. Free text comes last, after `names_are_known`.
    """

    def __init__(self, aliases: Aliases, site: Site) -> None:
        self.aliases = aliases
        self._prose: Prose | None = None
        tables = (site.applications, packaged_applications())
        known = [application for table in tables for application in table.applications.values()]
        containers = {application.container.lower() for application in known if application.container}
        self._applications = {application.name.lower() for application in known} | containers | _NO_APPLICATIONS
        self._application_tags = {tag for application in known for tag in application.tags}
        self._objects: set[str] = set()
        for configuration in site.configurations:
            for scope in _scopes(configuration):
                self._know(scope)

    def _know(self, scope: Scope) -> None:
        for kind in (scope.addresses, scope.address_groups, scope.regions, scope.external_lists):
            self._objects.update(kind)
        for address in scope.addresses.values():
            base, _, mask = address.value.partition("/")
            value, ignored = parse_address(base.strip()), parse_address(mask.strip())
            if address.kind == "ip-wildcard" and value is not None and ignored is not None:
                self.aliases.addresses.keep_wildcard(value - V4_BASE, ignored - V4_BASE)

    def names_are_known(self) -> None:
        """From here on free text can be replaced: every name that may stand in it has its alias."""
        self._prose = Prose(self.aliases, self._applications)

    def text(self, text: str, sort: Sort) -> str:
        """What stands for one text of a sort."""
        aliases = self.aliases
        match sort:
            case Sort.KEEP:
                return text
            case Sort.DROP:
                return ""
            case Sort.PLACE if text in COUNTRIES:
                return text
            case Sort.RULE | Sort.ZONE | Sort.OBJECT | Sort.PLACE | Sort.TAG | Sort.GROUP:
                return aliases.name(text, _NAMES[sort])
            case Sort.APPLICATION:
                return text if text.lower() in self._applications else aliases.name(text, "application")
            case Sort.APPLICATION_TAG:
                return text if text in self._application_tags else aliases.name(text, "tag")
            case Sort.CATEGORY:
                return text if text.lower() in CATEGORIES else aliases.name(text, "category")
            case Sort.CATEGORIES:
                return ",".join(self.text(part.strip(), Sort.CATEGORY) for part in text.split(","))
            case Sort.COUNTRY:
                return text if country_of(None, text) is not None else aliases.name(text, "object")
            case Sort.USER:
                return aliases.user(text)
            case Sort.HOST:
                return aliases.host(text)
            case Sort.CERTIFICATE:
                return aliases.host(text) if "." in text and " " not in text else aliases.name(text, "certificate")
            case Sort.URL:
                return aliases.url(text)
            case Sort.SERIAL:
                return aliases.serial(text)
            case Sort.UUID:
                return aliases.uuid(text) if text.strip() else text
            case Sort.NUMBER:
                return text if text in ("", "0") else aliases.name(text, "number")
            case Sort.TARGET:
                return self._target(text)
            case Sort.PROFILE:
                kind, colon, name = text.rpartition(":")
                return f"{kind}{colon}{self.text(name, Sort.OBJECT)}"
            case Sort.EXPRESSION:
                return self._expression(text)
            case Sort.THREAT:
                return self._threat(text)
            case Sort.PROSE | Sort.LINES:
                if self._prose is None:
                    raise ValueError("free text is replaced when all names are known")
                return self._prose.redact(text, sort is Sort.LINES)
            case Sort.MEMBERS | Sort.SPECIAL:
                raise TypeError(f"{sort} is no sort of a single text")

    def _threat(self, text: str) -> str:
        """A signature of the vendor's as everybody has it, without the domain that it names; the user's own by an alias,
        with its id."""
        shape = _THREAT_ID.fullmatch(text)
        if shape is None:
            return self.aliases.name(text, "threat")
        if any(first <= int(shape[3]) <= last for first, last in _OWN_THREATS):
            return self.aliases.name(shape[1], "threat") + shape[2]
        return _ASKED_FOR.sub(lambda found: self.aliases.host(found[0]), shape[1]) + shape[2]

    def _target(self, text: str) -> str:
        if text.startswith("tag:"):
            return f"tag:{self.text(text[4:], Sort.TAG)}"
        serial, slash, vsys = text.partition("/")
        return f"{self.aliases.serial(serial)}{slash}{self.text(vsys, Sort.GROUP)}"

    def _expression(self, text: str) -> str:
        parts = []
        for word in _TAG_WORD.findall(text):
            bare = word.strip("'\"")
            keep = word.lower() in ("and", "or", "not") or not bare.strip(" ()\t\n")
            parts.append(word if keep else f"'{self.text(bare, Sort.TAG)}'")
        return "".join(parts)

    def members(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """Address members: names by aliases, addresses and networks permuted, ranges as networks."""
        found: list[str] = []
        for text in texts:
            literal = None if text in self._objects else self.aliases.networks(_literal(text))
            found.extend(literal if literal is not None else (self.text(text, Sort.PLACE),))
        return tuple(found)

    def listed(self, members: tuple[str, ...]) -> tuple[str, ...]:
        """Members of an external list: addresses with or without a comment behind, domains and URLs."""
        found: list[str] = []
        for text in members:
            literal = self.aliases.networks(_literal(text))
            found.extend(literal if literal is not None else (self.aliases.url(text),))
        return tuple(found)


def _scopes(configuration: Configuration) -> list[Scope]:
    """Every scope of a configuration and of its templates."""
    found = [configuration.shared]
    for system in configuration.vsys.values():
        found += (system.scope, system.pushed)
    found += (group.scope for group in configuration.device_groups.values())
    for template in configuration.templates.values():
        found += _scopes(template)
    return found


def _literal(text: str) -> str:
    """The address in `192.0.2.1 seen in March`; a range as it is."""
    words = text.split(maxsplit=1)
    return words[0] if words and "-" not in text else text
