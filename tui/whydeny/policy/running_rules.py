"""The policy that a firewall has compiled, for where its configuration is not among the inputs.

Source: `show running security-policy` as published for PAN-OS 7.0 and 10. A compiled rule shows zones, addresses, regions,
users, devices, categories, cells of application and ports, and the action; disabled rules are not compiled. Not shown are
logging, profiles, schedules, HIP profiles, uuids, the names of objects, and whether a service is application-default: what
depends on them stays open. The two default rules are always there, as the last ones; a list without them is cut off.
"""

from collections.abc import Mapping, Sequence

from whydeny.model.answers import DESTINATION_ADDRESSES, SOURCE_ADDRESSES, DeviceAnswers, RunningRule
from whydeny.model.configuration import ANY, Origin, Place, Policy, Rule, Rulebase
from whydeny.model.errors import UsageError
from whydeny.policy.cells import read_cell

_CELLS = "application/service"
_DEFAULTS = ("intrazone-default", "interzone-default")
_DEVICES = {"source-device": "source_hips", "destination-device": "destination_hips"}
_READ = {
    "from", "to", "source", "destination", "source-region", "destination-region", "user", "category", _CELLS,
    "action", "type", "vsys", SOURCE_ADDRESSES, DESTINATION_ADDRESSES, *_DEVICES,
}  # fmt: skip
# What a rule lets through besides, until the application is known (implicit), and what changes no match.
_PASSED_OVER = {f"{_CELLS}(implicit)", "icmp-unreachable", "terminal", "id", "index", "uuid"}
_NOTHING = ({"any"}, {"none"}, {"no"}, set[str]())
_NO_ADDRESS = "0.0.0.0"
_ASK = "show config running holds them"


def policy_of_running(answers: DeviceAnswers, vsys: str, serial: str | None) -> Policy | None:
    """The security rules of a virtual system as they are compiled; None where no compiled rules are among the answers.

    Raises `UsageError` where they are not all there, or not in an order that can be told.
    """
    found = [rule for rule in answers.running.get(Rulebase.SECURITY, ()) if rule.fields.get("vsys", (vsys,)) == (vsys,)]
    if not any(rule.fields.get("action") for rule in found):
        return None
    rules = _ordered(found, vsys)
    notes = [
        f"The compiled {rulebase} rules among the inputs are not looked into: what they decrypt or ask for is not shown in "
        "full."
        for rulebase in (Rulebase.DECRYPTION, Rulebase.AUTHENTICATION)
        if answers.running.get(rulebase)
    ]
    return Policy(
        vsys=vsys,
        serial=serial,
        release=None,
        rules={Rulebase.SECURITY: tuple(_rule(rule, number) for number, rule in enumerate(rules, 1))},
        scopes=(),
        missing=(
            "The security rules are those that the firewall had compiled when it was asked; logging, schedules, HIP profiles, "
            f"the names of objects, application-default and the other rulebases are not shown: {_ASK}.",
        ),
        notes=tuple(notes),
        compiled=True,
    )


def _ordered(rules: Sequence[RunningRule], vsys: str) -> list[RunningRule]:
    """The rules in the order of evaluation."""
    cannot = f"the compiled rules of {vsys} among the inputs can't be used"
    indexed = [rule.index for rule in rules if rule.index is not None]
    if len(set(indexed)) != len(indexed):
        raise UsageError(f"{cannot}: two rules have the same index, as in answers of two times; give one answer")
    own = [rule for rule in rules if rule.name not in _DEFAULTS]
    if indexed and any(rule.index is None for rule in own):
        raise UsageError(f"{cannot}: their order can't be told, as in answers of two times; give one answer")
    if len(indexed) == len(rules):
        rules = sorted(rules, key=lambda rule: rule.index or 0)
    elif indexed:
        rules = [*sorted(own, key=lambda rule: rule.index or 0), *rules[-2:]]
    if tuple(rule.name for rule in rules[-2:]) != _DEFAULTS:
        raise UsageError(f"{cannot}: they do not end with {' and '.join(_DEFAULTS)}, so that some are missing")
    lacking = next((rule.name for rule in rules if not rule.fields.get("action")), None)
    if lacking is not None:
        raise UsageError(f"{cannot}: rule {lacking} has no action there, as in answers of two times; give one answer")
    return list(rules)


def _rule(running: RunningRule, number: int) -> Rule:
    fields = running.fields
    is_default = running.name in _DEFAULTS
    unread = [name for name in ("from", "to") if not fields.get(name)]
    unread += _unread_of(fields, is_default)
    sources, negated_sources = _addresses(fields, "source", unread)
    destinations, negated_destinations = _addresses(fields, "destination", unread)
    cells = fields.get(_CELLS, ())
    named = tuple(dict.fromkeys(read_cell(text).application for text in cells))
    devices = {name: _members(fields, field) for field, name in _DEVICES.items()}
    kind = fields.get("type", (running.name.removesuffix("-default") if is_default else "universal",))
    return Rule(
        running.name,
        Rulebase.SECURITY,
        running.index or number,
        Origin(Place.COMPILED),
        number=number,
        from_zones=_members(fields, "from"),
        to_zones=_members(fields, "to"),
        sources=sources,
        destinations=destinations,
        negate_source=negated_sources,
        negate_destination=negated_destinations,
        users=_members(fields, "user"),
        applications=ANY if "any" in named or not named else named,
        services=tuple(read_cell(text).text for text in cells) or ANY,
        categories=_members(fields, "category"),
        rule_type=" ".join(kind),
        action=" ".join(fields["action"]),
        log_end=None,
        is_default=is_default,
        cells=cells,
        unread=tuple(dict.fromkeys(unread)),
        source_hips=devices["source_hips"],
        destination_hips=devices["destination_hips"],
    )


def _members(fields: Mapping[str, tuple[str, ...]], name: str) -> tuple[str, ...]:
    return fields.get(name) or ANY


def _unread_of(fields: Mapping[str, tuple[str, ...]], is_default: bool) -> list[str]:
    """Criteria that a rule must show and doesn't, and those that it shows and nobody has described."""
    needed = ("category", _CELLS) if is_default else ("user", "category", _CELLS)
    found = [name for name in needed if not fields.get(name)]
    kind = fields.get("type", ("universal",))
    found += ["type"] if kind not in (("universal",), ("intrazone",), ("interzone",)) else []
    found += [
        name
        for name, values in fields.items()
        if name not in _READ and name not in _PASSED_OVER and set(values) not in _NOTHING
    ]
    return found


def _addresses(fields: Mapping[str, tuple[str, ...]], side: str, unread: list[str]) -> tuple[tuple[str, ...], bool]:
    """The addresses of a side, and whether they are negated; open (any, and `unread`) where a region is among them."""
    key = SOURCE_ADDRESSES if side == "source" else DESTINATION_ADDRESSES
    written = fields.get(side, ())
    shown = fields.get(key) or written
    negated = "(negate)" in (*written, *shown)
    found = tuple(text for text in shown if text != "(negate)")
    regions = set(fields.get(f"{side}-region", ()))
    if not found or _NO_ADDRESS in found or regions != {"none"}:
        unread.append(side)
        return ANY, False
    return found, negated
