"""The other virtual system on the path refused the session.

What it means
-------------
Between two virtual systems a session is looked up in both: each has its own zones, rules and log. The first allows and
logs; the second refuses, and the first one's half ends with it.

How it is recognised
--------------------
Another virtual system of the same firewall has a refusal for the same addresses and ports at the same moment, and this
one's look-up still allows. Without that row, a destination or source zone of type external says that another virtual
system is on the path; where its configuration is among the inputs, the session as it was passed on (translated) is looked
up in its rules, towards every zone that it may leave by.

What to look at next
--------------------
The traffic log of all virtual systems; the rules of the other one; `test security-policy-match` there.

What else looks like this
-------------------------
A second firewall behind this one refuses with a reset: then the end reason is a reset.
"""

from dataclasses import replace
from datetime import timedelta

from whydeny.model.configuration import Rulebase
from whydeny.model.tables import Session
from whydeny.policy.flows import flow_of
from whydeny.verdict.case import Case
from whydeny.verdict.cause import Answer, CantTell, Cause, Gathering, Held, RuledOut
from whydeny.verdict.finding import Basis, Evidence, Outcome
from whydeny.verdict.grounds import row_trail
from whydeny.verdict.references import INTERFACE_HELP, TRAFFIC_FIELDS

CAUSE = Cause(
    title="Refused in the next virtual system",
    needs=("traffic log of all virtual systems", "running configuration of all virtual systems"),
    references=(TRAFFIC_FIELDS, INTERFACE_HELP),
)


def check(case: Case) -> Answer:
    """Whether another virtual system refused the same flow."""
    session = case.session
    if case.outcome is Outcome.DECRYPTION_BLOCK:
        return RuledOut(f"the end reason is {session.end_reason}, which names decryption")
    others = [case.related.session(row) for row in _same_flow(case)]
    refused = [
        other
        for other in others
        if other.serial == session.serial
        and other.vsys != session.vsys
        and case.related.outcome(other.row) == Outcome.POLICY_DENIED
    ]
    external = _external_zone(case)
    silent = [
        other
        for other in others
        if other.serial == session.serial
        and other.vsys != session.vsys
        and case.related.outcome(other.row) == Outcome.ALLOWED_THEN_DENIED
    ]
    if not refused and silent and external is not None and case.still_allowed:
        return _refused_silently(case, silent[-1], external[0])
    if not refused:
        if external is None:
            return RuledOut("no other virtual system has a row of this flow, and neither zone leads to one")
        beyond = _by_its_rules(case, external[1])
        if beyond is not None:
            return beyond
        because = f"the zone {external[0]} leads to {', '.join(external[1])}, whose log has no row of this flow here"
        base = 0.35 if case.still_allowed else 0.12
        return CantTell(because, f"the traffic log of {', '.join(external[1])} for the same addresses and ports", base)
    other = refused[-1]
    gathered = Gathering()
    text = f"{other.vsys} refused the same addresses and ports by {other.rule} ({other.action})"
    gathered.add(Evidence(text, 0.9, trail=row_trail("traffic", other.row)))
    if other.end and session.end and abs(other.end - session.end) <= timedelta(seconds=3):
        gathered.add(Evidence("both rows ended in the same moment", 0.5))
    if external is not None:
        gathered.add(Evidence(f"the zone {external[0]} leads to {', '.join(external[1])}", 0.3, Basis.RULE))
    if case.still_allowed:
        gathered.add(Evidence("its own look-up still ends at an allow rule", 0.4, Basis.RULE))
    elif case.refuser is not None:
        gathered.add(Evidence(f"its own look-up ends at {case.refuser.name} as well", -0.6, Basis.RULE))
    return Held(
        base=0.6,
        headline=f"Last allowed by {case.named_rule} in {session.vsys}, then refused in {other.vsys}: its rule {other.rule} "
        f"({other.action}) took the same flow in the same moment.",
        evidence=gathered.all(),
        denied_by=other.rule,
        fix=f"If the flow is wanted, allow it in {other.vsys} too, with that virtual system's own zones and as narrowly as "
        f"in {session.vsys}.",
        fix_at=f"on the firewall, {other.vsys}",
        flips_if="a refusal of the same addresses and ports in another virtual system's log",
    )


def _refused_silently(case: Case, other: Session, zone: str) -> Held:
    """The other virtual system's row is as silent as this one: allowed first, then refused by what writes no log."""
    gathered = Gathering()
    text = f"{other.vsys} has the same addresses and ports, allowed first by {other.rule} and then refused as well"
    gathered.add(Evidence(text, 0.5, trail=row_trail("traffic", other.row)))
    gathered.add(Evidence("its own look-up still ends at an allow rule", 0.4, Basis.RULE))
    gathered.add(Evidence(f"the zone {zone} leads to another virtual system", 0.3, Basis.RULE))
    return Held(
        base=0.5,
        headline=f"Last allowed by {case.named_rule} in {case.session.vsys}, then ended with its other half in {other.vsys}, "
        "which was refused there: see that row.",
        evidence=gathered.all(),
        fix=f"Look at the row of {other.vsys}, session {other.id}: what refused it is what to mend.",
        fix_at=f"on the firewall, {other.vsys}",
        commands=(f"show session id {other.id}",) if other.id else (),
        flips_if="a refusal of the same addresses and ports in another virtual system's log",
    )


def _by_its_rules(case: Case, systems: tuple[str, ...]) -> Held | RuledOut | None:
    """What the rules of the one virtual system that the session was passed on to say, its log not being there; None where
    they leave it open."""
    zone = case.policy.zones.get(case.session.to_zone or "") if case.policy else None
    engine = case.engine_of(systems[0]) if zone is not None and zone.external == systems and len(systems) == 1 else None
    if engine is None or engine.policy.missing or not case.still_allowed:
        return None
    entries = [z.name for z in engine.policy.zones.values() if case.session.vsys in z.external]
    exits = [z.name for z in engine.policy.zones.values() if not z.external]
    if len(entries) != 1 or not exits:
        return None
    flow = replace(
        flow_of(_passed_on(case.session)), from_zone=entries[0], user=None, source_dag=None, destination_dag=None
    )
    looks = [engine.look_up(Rulebase.SECURITY, replace(flow, to_zone=name), near=0) for name in exits]
    if any(look.rule is None or not look.action_certain for look in looks):
        return None
    rules = {look.rule.name: look.rule for look in looks if look.rule is not None}
    other, names = systems[0], " or ".join(rules)
    if all(rule.action == "allow" for rule in rules.values()):
        return RuledOut(f"the rules of {other} allow the session as it was passed on, by {names}")
    logged = case.related.several_systems and any(rule.log_end for rule in rules.values())
    if logged or any(rule.action == "allow" for rule in rules.values()):
        return None
    gathered = Gathering()
    where = "whichever zone it leaves by" if len(exits) > 1 else f"towards {exits[0]}"
    gathered.add(
        Evidence(f"the rules of {other} refuse the session as it was passed on, {where}: {names}", 0.6, Basis.RULE)
    )
    gathered.add(Evidence("its own look-up still ends at an allow rule", 0.4, Basis.RULE))
    return Held(
        base=0.4,
        headline=f"Last allowed by {case.named_rule} in {case.session.vsys}, then refused in {other}: its rules refuse such a "
        f"flow by {names}.",
        evidence=gathered.all(),
        denied_by=names if len(rules) == 1 else None,
        fix=f"If the flow is wanted, allow it in {other} too, with that virtual system's own zones and as narrowly as "
        f"in {case.session.vsys}.",
        fix_at=f"on the firewall, {other}",
        missing=(f"the traffic log of {other} for the same addresses and ports",),
        flips_if=f"a row of {other} that allows the same addresses and ports to the end",
    )


def _same_flow(case: Case) -> list[int]:
    """Rows of the same flow, as this virtual system had it and as it passed it on: translated."""
    session = case.session
    if not case.related.several_systems:
        return []
    rows = case.related.same_tuple(session)
    if session.nat_source is None and session.nat_destination is None:
        return rows
    return [*rows, *case.related.same_tuple(_passed_on(session))]


def _passed_on(session: Session) -> Session:
    """A session as the next virtual system has it: translated."""
    return replace(
        session,
        source=session.nat_source or session.source,
        source_port=session.nat_source_port or session.source_port,
        destination=session.nat_destination or session.destination,
        destination_port=session.nat_destination_port or session.destination_port,
    )


def _external_zone(case: Case) -> tuple[str, tuple[str, ...]] | None:
    zones = case.policy.zones if case.policy else {}
    for name in (case.session.to_zone, case.session.from_zone):
        zone = zones.get(name or "")
        if zone is not None and zone.external:
            return zone.name, zone.external
    return None
