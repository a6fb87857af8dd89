"""Read the rulebases of one level of a configuration, in order.

What an absent element means follows the published PAN-OS configuration schemas: `service` is
application-default in a security rule, service-http in an authentication rule and any in a decryption rule;
`action` is allow in a security rule and no-decrypt in a decryption rule; `log-end` is yes in a user's rule.
The factory configuration carries no default rules, so one that is written down is an override; an absent
`log-end` in it means that it does not log.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element

from whydeny.model.configuration import ANY, UNSETTLED, Origin, Place, Rule, Rulebase, RuleLists
from whydeny.model.safe import safe_text
from whydeny.sources.exports.configuration_objects import number
from whydeny.sources.exports.xml_tools import entries, members, text_of

DEFAULT_RULES = {"intrazone-default": ("intrazone", "allow"), "interzone-default": ("interzone", "deny")}
# PAN-OS 7.1 and older: the action of a captive-portal rule, as the predefined enforcement object of 8.0.
_PORTAL_ENFORCEMENTS = {
    "web-form": "default-web-form",
    "captive-portal": "default-web-form",
    "browser-challenge": "default-browser-challenge",
    "ntlm-auth": "default-browser-challenge",
    "no-captive-portal": "default-no-captive-portal",
}
_RULEBASES = {
    "security": Rulebase.SECURITY,
    "decryption": Rulebase.DECRYPTION,
    "authentication": Rulebase.AUTHENTICATION,
    "captive-portal": Rulebase.AUTHENTICATION,
    "application-override": Rulebase.OVERRIDE,
}
_CRITERIA = {
    "from": "from_zones",
    "to": "to_zones",
    "source": "sources",
    "destination": "destinations",
    "source-user": "users",
    "source-hip": "source_hips",
    "destination-hip": "destination_hips",
    "service": "services",
    "category": "categories",
}
_SWITCHES = {
    "negate-source": "negate_source",
    "negate-destination": "negate_destination",
    "disabled": "disabled",
    "log-start": "log_start",
    "log-end": "log_end",
    "log-success": "log_success",
    "log-fail": "log_fail",
}
_TEXTS = {"schedule": "schedule", "rule-type": "rule_type", "log-setting": "log_setting", "description": "description"}


def read_rule_lists(rulebase: Element | None, origin: Origin) -> RuleLists:
    """The rules below a `rulebase`, `pre-rulebase` or `post-rulebase` element.

    `origin` is where the list stands; a rule with a `loc` attribute, which a firewall puts on what Panorama
    pushed, keeps the device group named there.
    """
    lists = RuleLists()
    for part in rulebase if rulebase is not None else ():
        kind = _RULEBASES.get(part.tag)
        if kind is not None:
            rules = _read_rules(part, kind, origin)
            lists.rules[kind] = lists.rules.get(kind, ()) + rules
        elif part.tag == "default-security-rules":
            for name, entry in entries(part, "rules"):
                if name in DEFAULT_RULES:
                    lists.defaults[name] = _read_default(name, entry, origin)
    return lists


def _read_rules(part: Element, kind: Rulebase, origin: Origin) -> tuple[Rule, ...]:
    complete = _COMPLETE[part.tag]
    rules = []
    for position, (name, entry) in enumerate(entries(part, "rules"), 1):
        fields = _read_fields(entry, kind)
        complete(entry, fields)
        rules.append(Rule(name, kind, position, _origin_of(entry, origin), **fields))
    return place_folded(rules) if origin.place is Place.LOCAL else tuple(rules)


def _read_default(name: str, entry: Element, origin: Origin) -> Rule:
    rule_type, action = DEFAULT_RULES[name]
    fields = _read_fields(entry, Rulebase.SECURITY)
    fields.setdefault("action", action)
    fields.setdefault("log_end", False)
    fields["rule_type"] = rule_type
    fields["services"] = ANY
    found = _origin_of(entry, origin)
    place = Origin(Place.DEFAULT, found.owner, found.panorama)
    return Rule(name, Rulebase.SECURITY, 1, place, is_default=True, overridden=True, **fields)


def _origin_of(entry: Element, origin: Origin) -> Origin:
    loc = entry.get("loc")
    if not loc or loc == origin.owner:
        return origin
    # Where in the order a folded-in rule stands is settled once the whole list is known.
    place = Place.PRE if origin.place is Place.LOCAL else origin.place
    return Origin(place, safe_text(loc), panorama=True)


def place_folded(rules: list[Rule]) -> tuple[Rule, ...]:
    """Tell pre from post among pushed rules that a firewall folded into one list around its own.

    What follows the last local rule is post. Without a local rule nothing tells them apart, and pre is said.
    """
    last = max((i for i, rule in enumerate(rules) if not rule.origin.panorama), default=len(rules))
    return tuple(
        replace(rule, origin=Origin(Place.POST, rule.origin.owner, panorama=True))
        if rule.origin.panorama and i > last
        else rule
        for i, rule in enumerate(rules)
    )


def _read_fields(entry: Element, kind: Rulebase) -> dict[str, Any]:
    """The fields that every rulebase spells alike, by their name in `Rule`; absent ones are left out."""
    fields: dict[str, Any] = {}
    uuid = entry.get("uuid")
    if uuid:
        fields["uuid"] = safe_text(uuid)
    for child in entry:
        tag = child.tag
        if tag in _CRITERIA:
            fields[_CRITERIA[tag]] = _criterion(child)
        elif tag == "application" and kind is not Rulebase.OVERRIDE:
            fields["applications"] = _criterion(child)
        elif tag == "action":
            fields["action"] = text_of(child) or fields.get("action", "")
        elif tag in _SWITCHES:
            fields[_SWITCHES[tag]] = text_of(child).lower() == "yes"
        elif tag in _TEXTS:
            if text := text_of(child):
                fields[_TEXTS[tag]] = text
        elif tag in UNSETTLED and (wanted := _criterion(child)) != ANY:
            fields["unsettled"] = (*fields.get("unsettled", ()), *(f"{tag}:{name}" for name in wanted))
        elif tag == "tag":
            fields["tags"] = members(child)
        elif tag == "target":
            fields["target_negate"], fields["targets"] = _targets(child)
        elif tag == "profile-setting":
            fields["profiles"] = _profiles(child)
        elif tag == "hip-profiles" and "source_hips" not in fields:
            # Before 10.0 one list; a 10.0 rule that still carries it has its own source-hip too.
            fields["source_hips"] = _criterion(child)
    if fields.get("action") == "":
        del fields["action"]
    return fields


def _criterion(element: Element) -> tuple[str, ...]:
    found = members(element)
    return ANY if not found or "any" in found else found


def _targets(target: Element) -> tuple[bool, tuple[str, ...]]:
    negate = target.find("negate")
    found = []
    for serial, entry in entries(target, "devices"):
        systems = [name for name, _ in entries(entry, "vsys")]
        found += [f"{serial}/{name}" for name in systems] or [serial]
    found += [f"tag:{tag}" for tag in members(target.find("tags"))]
    return text_of(negate).lower() == "yes", tuple(found)


def _profiles(setting: Element) -> tuple[str, ...]:
    found = [f"group:{name}" for name in members(setting.find("group"))]
    individual = setting.find("profiles")
    for kind in individual if individual is not None else ():
        found += [f"{kind.tag}:{name}" for name in members(kind)]
    return tuple(found)


def _complete_security(_: Element, fields: dict[str, Any]) -> None:
    fields.setdefault("services", ("application-default",))


def _complete_decryption(entry: Element, fields: dict[str, Any]) -> None:
    fields.setdefault("action", "no-decrypt")
    kind = entry.find("type")
    if kind is not None and len(kind):
        fields["decryption_type"] = safe_text(kind[0].tag)
    fields["profile"] = text_of(entry.find("profile")) or None


def _complete_authentication(entry: Element, fields: dict[str, Any]) -> None:
    fields.setdefault("services", ("service-http",))
    fields["enforcement"] = text_of(entry.find("authentication-enforcement")) or None
    timeout = number(text_of(entry.find("timeout")))
    if timeout is not None:
        fields["timeout"] = timeout


def _complete_portal(entry: Element, fields: dict[str, Any]) -> None:
    _complete_authentication(entry, fields)
    action = fields.setdefault("action", "no-captive-portal")
    fields["enforcement"] = _PORTAL_ENFORCEMENTS.get(action, action)


def _complete_override(entry: Element, fields: dict[str, Any]) -> None:
    fields["override_protocol"] = text_of(entry.find("protocol")) or None
    fields["override_ports"] = text_of(entry.find("port")) or None
    fields["override_application"] = text_of(entry.find("application")) or None


_COMPLETE: dict[str, Callable[[Element, dict[str, Any]], None]] = {
    "security": _complete_security,
    "decryption": _complete_decryption,
    "authentication": _complete_authentication,
    "captive-portal": _complete_portal,
    "application-override": _complete_override,
}
