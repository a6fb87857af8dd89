"""The keywords of every kind of object, and objects as values under edit.

Shapes follow the published PAN-OS configuration schemas, 7.0 to 10.0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whydeny.model.applications import flag_name
from whydeny.model.configuration import (
    Address,
    AddressGroup,
    ApplicationFilter,
    AuthenticationObject,
    CustomApplication,
    DecryptionProfile,
    ExternalList,
    Group,
    Region,
    Schedule,
    Scope,
    Service,
    UrlCategory,
)
from whydeny.policy.edit_grammar import (
    NOTHING,
    NOTHINGS,
    REST,
    Kind,
    Part,
    Slot,
    Switches,
    Values,
    delete_fields,
    members,
    part,
    set_fields,
    text,
)
from whydeny.policy.edit_lines import Line, one_of

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SECTIONS = ("ssl-forward-proxy", "ssl-inbound-proxy", "ssl-no-proxy", "ssh-proxy")
_LISTS = ("ip", "domain", "url", "predefined-ip", "predefined-url")
_TAGGED = {"tag": members("tags"), "description": NOTHING}


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """A kind of object: where a scope keeps it, what makes an empty one, what may be set, what it can't do without."""

    field: str
    blank: Any
    grammar: Part
    needs: tuple[str, ...] = ()  # fields; one that is empty after the last line is an error


def _ports(protocol: str) -> Part:
    gone = ("ports", "source_ports")
    also = {"protocol": protocol}
    return Part(
        {
            "port": Slot(Kind.TEXT, "ports", also, clears=gone),
            "source-port": Slot(Kind.TEXT, "source_ports", also, clears=gone),
            "override": REST,  # time-outs
        }
    )


_ADDRESS = Part(
    {kind: text("value", kind=kind) for kind in ("ip-netmask", "ip-range", "ip-wildcard", "fqdn")} | dict(_TAGGED)
)
_APPLICATION = Part(
    {
        "default": part(
            port=members("ports"),
            ident_by_ip_protocol=Slot(Kind.NUMBERS, "ip_protocols"),
            ident_by_icmp_type=part(type=Slot(Kind.NUMBERS, "icmp_types"), code=NOTHING),
            ident_by_icmp6_type=part(type=Slot(Kind.NUMBERS, "icmp6_types"), code=NOTHING),
        ),
        "category": text("category"),
        "subcategory": text("subcategory"),
        "technology": text("technology"),
        "risk": Slot(Kind.NUMBER, "risk"),
        "parent-app": text("parent"),
        **dict.fromkeys(("description", "timeout", "tcp-timeout", "udp-timeout", "tcp-half-closed-timeout"), NOTHING),
    },
    Switches("flags", flag_name),
)
_FILTER = Part(
    {
        "category": members("categories"),
        "subcategory": members("subcategories"),
        "technology": members("technologies"),
        "risk": members("risks"),
        "exclude": members("exclude"),
        "tagging": part(tag=members("tags")),
    },
    Switches("flags", flag_name),
)
_SCHEDULE = part(
    schedule_type=part(
        recurring=part(daily=members("daily"), weekly=Part({day: Slot(Kind.LIST, "weekly", key=day) for day in _DAYS})),
        non_recurring=members("dates"),
    )
)
_LIST = Part(
    {
        "type": Part(
            {
                kind: part(
                    url=text("url", kind=kind),
                    description=NOTHING,
                    recurring=REST,
                    exception_list=members("exceptions") if kind in ("ip", "predefined-ip") else NOTHINGS,
                )
                for kind in _LISTS
            }
        )
    }
)
_DECRYPTION = Part(
    {section: Part({}, Switches("blocks", only="block-", key=section)) for section in _SECTIONS}
    | {
        "ssl-protocol-settings": Part(
            {"min-version": text("min_version"), "max-version": text("max_version")},
            Switches("blocks", only="block-", key="ssl-protocol-settings"),
        )
    }
)
KINDS: Mapping[tuple[str, ...], ObjectKind] = {
    ("address",): ObjectKind("addresses", Address("", "", ""), _ADDRESS, ("value",)),
    ("address-group",): ObjectKind(
        "address_groups",
        AddressGroup(""),
        Part(
            {"static": members("members", filter=None), "dynamic": part(filter=text("filter", members=())), **_TAGGED}
        ),
        ("members", "filter"),
    ),
    ("service",): ObjectKind(
        "services",
        Service("", "", ""),
        Part({"protocol": Part({name: _ports(name) for name in ("tcp", "udp", "sctp")}), **_TAGGED}),
        ("ports",),
    ),
    ("service-group",): ObjectKind(
        "service_groups", Group("", ()), part(members=members("members"), tag=NOTHINGS), ("members",)
    ),
    ("application",): ObjectKind("applications", CustomApplication(""), _APPLICATION),
    ("application-group",): ObjectKind(
        "application_groups", Group("", ()), part(members=members("members")), ("members",)
    ),
    ("application-filter",): ObjectKind("application_filters", ApplicationFilter(""), _FILTER),
    ("region",): ObjectKind("regions", Region("", ()), part(address=members("addresses"), geo_location=REST)),
    ("schedule",): ObjectKind("schedules", Schedule(""), _SCHEDULE, ("daily", "weekly", "dates")),
    ("external-list",): ObjectKind("external_lists", ExternalList("", ""), _LIST, ("kind",)),
    ("profiles", "custom-url-category"): ObjectKind(
        "url_categories",
        UrlCategory("", "URL List", ()),
        part(list=members("members"), type=text("kind"), description=NOTHING),
    ),
    ("profiles", "decryption"): ObjectKind("decryption_profiles", DecryptionProfile(""), _DECRYPTION),
    ("authentication-object",): ObjectKind(
        "enforcements",
        AuthenticationObject(""),
        part(
            authentication_method=text("method", "web-form", "browser-challenge", "no-captive-portal"),
            authentication_profile=text("profile"),
            message=NOTHING,
        ),
    ),
}
EXCLUSION = ("ssl-decrypt", "ssl-exclude-cert")
FIRST_WORDS = tuple(dict.fromkeys(words[0] for words in (*KINDS, EXCLUSION)))


def take_kind(line: Line) -> tuple[str, ...]:
    """The keywords of an object kind, taken from the line; raises `UsageError` where there are none."""
    for words in (*KINDS, EXCLUSION):
        if tuple(line.words[line.at : line.at + len(words)]) == words:
            line.at += len(words)
            return words
    inside = [words[1] for words in (*KINDS, EXCLUSION) if len(words) > 1 and words[0] == line.peek()]
    if inside:
        line.take("a keyword")
        raise line.wrong("one of " + one_of(inside))
    raise line.wrong("rules or one of " + one_of(FIRST_WORDS))


def edit_object(scope: Scope, words: tuple[str, ...], line: Line) -> tuple[ObjectKind, str] | None:
    """Set or delete an object of a scope, or part of it; the cursor stands behind the kind.

    The scope is changed. Returns the kind and the name of what was set. Raises `UsageError`.
    """
    if words == EXCLUSION:
        _edit_exclusion(scope, line)
        return None
    kind = KINDS[words]
    name = line.value(f"the name of {_article(words[-1])}")
    held: dict[str, Any] = getattr(scope, kind.field)
    there = held.get(name)
    if line.verb == "delete":
        if there is None:
            line.at -= 1
            raise line.wrong(f"the name of {_article(words[-1])} of {scope.name or 'this level'} ({_near(name, held)})")
        if not line.left:
            del held[name]
            return None
    elif not line.left:
        raise line.wrong("a setting of " + " ".join((*words, name)))
    start = kind.blank if there is None else there
    fields = tuple(f for f in type(kind.blank).__dataclass_fields__ if f != "name")
    values = Values({f: getattr(start, f) for f in fields}, {f: getattr(kind.blank, f) for f in fields}, set())
    (set_fields if line.verb == "set" else delete_fields)(values, line, kind.grammar)
    held[name] = type(kind.blank)(name=name, **values.fields)
    return kind, name


def lacks(scope: Scope, kind: ObjectKind, name: str) -> bool:
    """Whether an object has nothing of what it can't do without."""
    found = getattr(scope, kind.field).get(name)
    return found is not None and bool(kind.needs) and not any(getattr(found, field) for field in kind.needs)


def holds(scope: Scope, words: tuple[str, ...], name: str) -> bool:
    """Whether a scope has an object of that kind and name."""
    return name in (scope.ssl_exclusions if words == EXCLUSION else getattr(scope, KINDS[words].field))


def _edit_exclusion(scope: Scope, line: Line) -> None:
    name = line.value("a host name")
    there = tuple(one for one in scope.ssl_exclusions if one != name)
    if line.verb == "delete":
        if name not in scope.ssl_exclusions:
            line.at -= 1
            raise line.wrong(f"an excluded host name ({one_of(scope.ssl_exclusions) or 'there is none'})")
        line.finish()
        scope.ssl_exclusions = there
        return
    excluded = True
    while line.left:
        if line.choice(("exclude", "description"), name) == "exclude":
            excluded = line.choice(("yes", "no"), "exclude") == "yes"
        else:
            line.value("a description")
    scope.ssl_exclusions = (*there, name) if excluded else there


def _article(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def _near(name: str, held: Mapping[str, Any]) -> str:
    """The names that are there, those that look like the one that was asked for first."""
    alike = [one for one in held if one.lower() == name.lower()]
    return one_of([*alike, *(one for one in held if one not in alike)]) or "there is none"
