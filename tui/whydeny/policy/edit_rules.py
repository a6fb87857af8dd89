"""The keywords of a rule, by rulebase, and rules as values under edit.

Keywords and what an absent one means follow the published PAN-OS configuration schemas, 7.0 to 10.0.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from whydeny.model.configuration import ANY, UNSETTLED, Origin, Place, Rule, Rulebase
from whydeny.policy.edit_grammar import (
    NOTHING,
    NOTHINGS,
    Kind,
    Own,
    Part,
    Slot,
    Values,
    delete_fields,
    members,
    part,
    set_fields,
    switch,
    text,
)
from whydeny.policy.edit_lines import Line, one_of

RULEBASES = {
    "security": Rulebase.SECURITY,
    "decryption": Rulebase.DECRYPTION,
    "authentication": Rulebase.AUTHENTICATION,
    "application-override": Rulebase.OVERRIDE,
}
DEFAULT_RULES = {"intrazone-default": ("intrazone", "allow"), "interzone-default": ("interzone", "deny")}
ACTIONS = ("allow", "deny", "drop", "reset-client", "reset-server", "reset-both")
LONGEST_NAME = 63
# What every rule has, and a security rule besides: field and keyword.
NEEDED = {"from_zones": "from", "to_zones": "to", "sources": "source", "destinations": "destination"}
NEEDED_OF_SECURITY = NEEDED | {"applications": "application", "services": "service", "action": "action"}
_DECRYPTION_ACTIONS = ("decrypt", "no-decrypt", "decrypt-and-forward")
_SERVICES_ALONE = ("any", "application-default")
# What an absent element means where it isn't any.
_BLANK: dict[Rulebase, dict[str, Any]] = {
    Rulebase.SECURITY: {"services": ("application-default",)},
    Rulebase.DECRYPTION: {"action": "no-decrypt"},
    Rulebase.AUTHENTICATION: {"services": ("service-http",)},
    Rulebase.OVERRIDE: {},
}


def _set_target(values: Values, line: Line) -> None:
    what = line.choice(("negate", "devices", "tags"), "target")
    if what == "negate":
        values.put("target_negate", line.choice(("yes", "no"), "negate") == "yes")
        return
    if what == "tags":
        found = tuple(f"tag:{tag}" for tag in line.members("a tag"))
    else:
        found = line.members("the serial number of a firewall")
        if len(found) == 1 and line.peek() == "vsys":
            line.take("vsys")
            found = tuple(f"{found[0]}/{system}" for system in line.members("a virtual system"))
    # A firewall that is named for some of its virtual systems is no longer meant as a whole.
    whole = {target.partition("/")[0] for target in found if "/" in target}
    there = tuple(target for target in values.fields["targets"] if target not in whole)
    values.put("targets", tuple(dict.fromkeys((*there, *found))))


def _delete_target(values: Values, line: Line) -> None:
    if not line.left:
        values.reset("targets")
        values.reset("target_negate")
        return
    what = line.choice(("negate", "devices", "tags"), "target")
    if what == "negate":
        values.reset("target_negate")
    else:
        there = values.fields["targets"]
        named = line.members("a name") if line.left else ()
        if what == "tags":
            gone = {f"tag:{name}" for name in named} or {target for target in there if target.startswith("tag:")}
        else:
            devices = {target for target in there if not target.startswith("tag:")}
            gone = {target for target in devices if not named or target.partition("/")[0] in named}
        if not gone & set(there):
            raise line.wrong(f"a target of the rule ({one_of(there) or 'it has none'})", "another")
        values.put("targets", tuple(target for target in there if target not in gone))
    line.finish()


def _set_profiles(values: Values, line: Line) -> None:
    if line.choice(("group", "profiles"), "profile-setting") == "group":
        kind, found = "group", line.members("a profile group")
        kept: tuple[str, ...] = ()
    else:
        kind, found = line.value("a kind of profile"), line.members("a profile")
        there = values.fields["profiles"]
        kept = tuple(one for one in there if not one.startswith(("group:", f"{kind}:")))
    values.put("profiles", (*kept, *(f"{kind}:{name}" for name in found)))


def _delete_profiles(values: Values, line: Line) -> None:
    kind = line.peek(1) if line.peek() == "profiles" else line.peek()
    line.at = len(line.words)
    kept = tuple(one for one in values.fields["profiles"] if kind and not one.startswith(f"{kind}:"))
    values.put("profiles", kept)


def _unsettled(keyword: str) -> Own:
    """A criterion whose members a rule keeps among those that nothing settles."""

    def parted(values: Values) -> tuple[list[str], list[str]]:
        there = values.fields["unsettled"]
        return [t for t in there if not t.startswith(f"{keyword}:")], [t for t in there if t.startswith(f"{keyword}:")]

    def put(values: Values, line: Line) -> None:
        others, there = parted(values)
        found = [f"{keyword}:{name}" for name in line.members(f"a member of {keyword}") if name != "any"]
        values.put("unsettled", tuple(dict.fromkeys((*others, *(there if found else ()), *found))))

    def take(values: Values, line: Line) -> None:
        others, there = parted(values)
        gone = {f"{keyword}:{name}" for name in line.members("a name")} if line.left else set(there)
        if not gone & set(there):
            raise line.wrong(f"a member of {keyword} of the rule ({one_of(there) or 'it has none'})", "another")
        values.put("unsettled", (*others, *(text for text in there if text not in gone)))

    return Own(put, take)


def _set_type(values: Values, line: Line) -> None:
    kind = line.choice(("ssl-forward-proxy", "ssl-inbound-inspection", "ssh-proxy"), "type")
    if kind == "ssl-inbound-inspection":
        if line.peek() == "certificates":
            line.take("certificates")
        line.members("a certificate")
    values.put("decryption_type", kind)


def _delete_type(values: Values, line: Line) -> None:
    line.at = len(line.words)
    values.reset("decryption_type")


_COMMON: dict[str, Part | Slot | Own] = {
    "from": members("from_zones", "any"),
    "to": members("to_zones", "any"),
    "source": members("sources", "any"),
    "destination": members("destinations", "any"),
    "negate-source": switch("negate_source"),
    "negate-destination": switch("negate_destination"),
    "disabled": switch("disabled"),
    "description": text("description"),
    "tag": members("tags"),
    "target": Own(_set_target, _delete_target),
    "group-tag": NOTHING,
    "uuid": text("uuid"),
}
_HOSTS: dict[str, Part | Slot | Own] = {
    "source-user": members("users", "any"),
    "source-hip": members("source_hips", "any"),
    "destination-hip": members("destination_hips", "any"),
    "hip-profiles": members("source_hips", "any"),  # before 10.0 the one list
    "category": members("categories", "any"),
    "log-setting": text("log_setting"),
}
_LOGS: dict[str, Part | Slot | Own] = {
    "log-start": switch("log_start"),
    "log-end": switch("log_end"),
    "log-setting": text("log_setting"),
    "profile-setting": Own(_set_profiles, _delete_profiles),
    "icmp-unreachable": NOTHING,
}
_KEYWORDS: dict[Rulebase, Part] = {
    Rulebase.SECURITY: Part(
        {
            **_COMMON,
            **_HOSTS,
            **_LOGS,
            **{keyword: _unsettled(keyword) for keyword in UNSETTLED},
            "application": members("applications", "any"),
            "service": members("services", *_SERVICES_ALONE),
            "schedule": text("schedule"),
            "rule-type": text("rule_type", "universal", "intrazone", "interzone"),
            "action": text("action", *ACTIONS),
            "option": part(disable_server_response_inspection=NOTHING),
        }
    ),
    Rulebase.DECRYPTION: Part(
        {
            **_COMMON,
            **_HOSTS,
            "service": members("services", *_SERVICES_ALONE),
            "action": text("action", *_DECRYPTION_ACTIONS),
            "type": Own(_set_type, _delete_type),
            "profile": text("profile"),
            "log-success": switch("log_success"),
            "log-fail": switch("log_fail"),
        }
    ),
    Rulebase.AUTHENTICATION: Part(
        {
            **_COMMON,
            **_HOSTS,
            "service": members("services", *_SERVICES_ALONE),
            "authentication-enforcement": text("enforcement"),
            "timeout": Slot(Kind.NUMBER, "timeout"),
            "log-authentication-timeout": NOTHING,
        }
    ),
    Rulebase.OVERRIDE: Part(
        {
            **_COMMON,
            "application": text("override_application"),
            "protocol": text("override_protocol", "tcp", "udp"),
            "port": text("override_ports"),
        }
    ),
}
_DEFAULT_KEYWORDS = Part({**_LOGS, "action": text("action", *ACTIONS), "tag": NOTHINGS, "group-tag": NOTHING})
_FIELDS = tuple(name for name in Rule.__dataclass_fields__ if name not in ("name", "rulebase", "position", "origin"))


def blank_rule(name: str, rulebase: Rulebase, origin: Origin) -> Rule:
    """A rule of which nothing is written down."""
    return Rule(name, rulebase, 1, origin, **_BLANK[rulebase])


def blank_default(name: str, origin: Origin) -> Rule:
    """A default rule as it is while nothing overrides it."""
    rule_type, action = DEFAULT_RULES[name]
    place = Origin(Place.DEFAULT, origin.owner, origin.panorama)
    return Rule(
        name,
        Rulebase.SECURITY,
        1,
        place,
        rule_type=rule_type,
        action=action,
        services=ANY,
        log_end=False,
        is_default=True,
        overridden=True,
    )


def edit_rule(rule: Rule, line: Line, absent: set[str], path: tuple[str, ...]) -> tuple[Rule, list[tuple[str, ...]]]:
    """The rule after a set or delete line, whose cursor stands behind the rule's name, and the lines to paste before it.

    `absent` are the fields that no line has set since the rule was made; it is brought up to date. Raises `UsageError`.
    """
    if rule.is_default:
        blank, grammar = blank_default(rule.name, rule.origin), _DEFAULT_KEYWORDS
    else:
        blank, grammar = blank_rule(rule.name, rule.rulebase, rule.origin), _KEYWORDS[rule.rulebase]
    values = Values(
        {name: getattr(rule, name) for name in _FIELDS},
        {name: getattr(blank, name) for name in _FIELDS},
        absent,
        path,
    )
    (set_fields if line.verb == "set" else delete_fields)(values, line, grammar)
    return replace(rule, **values.fields), values.before


def all_fields() -> set[str]:
    """Every field of a rule: those of a new one are all absent."""
    return set(_FIELDS)


def renumbered(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Rules with their positions from 1."""
    return tuple(
        rule if rule.position == position else replace(rule, position=position)
        for position, rule in enumerate(rules, 1)
    )
