"""What the firewall itself answered to `test …-policy-match`, beside the look-up in the files.

An answer seldom says what it was asked. It counts for a session if every value that it says it was asked with is the
session's; without any it counts where all refused sessions of the inputs are one flow, which is then what was asked.
Where both differ the firewall is right: it knows the lists, groups and names that no configuration holds.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from whydeny.model.addresses import parse_address
from whydeny.model.answers import PolicyTest
from whydeny.model.configuration import Rulebase
from whydeny.model.protocols import SCTP, TCP, UDP, protocol_number
from whydeny.model.tables import Session
from whydeny.policy.engine import Engine
from whydeny.policy.flows import user_of
from whydeny.policy.lookup import Certainty, Flow, LookUp

_VALUES: dict[str, Callable[[Session], object]] = {
    "from": lambda session: session.from_zone,
    "to": lambda session: session.to_zone,
    "source": lambda session: session.source,
    "destination": lambda session: session.destination,
    "destination-port": lambda session: session.destination_port,
    "protocol": lambda session: session.protocol,
    "application": lambda session: (session.application or "").lower(),
    "category": lambda session: (session.category or "").lower(),
    "source-user": lambda session: _user(session.user),
}
_ENDS = frozenset({"from", "to", "source", "destination"})
# Without one of these a test is about more flows than one.
_NEEDED = {
    Rulebase.SECURITY: _ENDS | {"protocol"},
    Rulebase.DECRYPTION: _ENDS,
    Rulebase.AUTHENTICATION: _ENDS,
}


@dataclass(frozen=True, slots=True)
class Tested:
    """One rulebase, tested on the firewall: the look-up as it stands now, and a sentence on how the files compare.

    `strange` says that the firewall named a rule that the files don't have.
    """

    look: LookUp
    text: str
    differs: bool
    strange: bool = False


def _user(text: str | None) -> str:
    return (user_of(text, live=True) or "").lower()


def asked_value(name: str, text: str) -> object:
    """A value of a test command in the form in which a session has it."""
    if name in ("source", "destination"):
        return parse_address(text)
    if name == "protocol":
        return protocol_number(text)
    if name == "destination-port":
        return int(text) if text.isdigit() else None
    if name == "source-user":
        return _user(text)
    return text if name in ("from", "to") else text.lower()


def is_about(test: PolicyTest, session: Session, one_flow: bool) -> bool:
    """Whether an answer was asked with the final values of a session, all of those that tell flows apart."""
    if not test.asked:
        return one_flow
    vsys = test.asked.get("vsys")
    if vsys and session.vsys and vsys != session.vsys:
        return False
    if not _NEEDED.get(test.rulebase, frozenset()) <= test.asked.keys():
        return False
    if test.rulebase is Rulebase.SECURITY:
        with_ports = session.protocol in (TCP, UDP, SCTP)
        given = {"application": session.application, "destination-port": with_ports, "source-user": _user(session.user)}
        if any(value and name not in test.asked for name, value in given.items()):
            return False
    known = [name for name in _VALUES if name in test.asked]
    return all(asked_value(name, test.asked[name]) == _VALUES[name](session) for name in known)


def tested(
    engine: Engine, session: Session, flow: Flow, rulebase: Rulebase, look: LookUp, one_flow: bool
) -> Tested | None:
    """The firewall's own answer for a session in one rulebase; None where nobody asked."""
    found = [t for t in engine.answers.tests if t.rulebase is rulebase and is_about(t, session, one_flow)]
    if len({test.rules[:1] for test in found}) != 1:  # nobody asked, or the answers contradict each other
        return None
    names = found[-1].rules
    if not names and rulebase is Rulebase.SECURITY:
        inside = session.from_zone == session.to_zone
        names = ("intrazone-default" if inside else "interzone-default",)
    rule = engine.rule_named(rulebase, names[0]) if names else None
    if names and rule is None:
        return _strange(found[-1], look)
    said = rule.name if rule is not None else "no rule"
    local = look.rule.name if look.rule is not None else "no rule"
    same = (rule.number if rule is not None else None) == (look.rule.number if look.rule is not None else None)
    settled = replace(
        look,
        rule=rule,
        certainty=Certainty.CERTAIN,
        possible=(),
        possible_traces=(),
        trace=engine.explain_rule(rule, flow) if rule is not None else None,
        settle=(),
        reason="as the firewall itself answered",
    )
    if same:
        return Tested(settled, f"the firewall's own test {rulebase}-policy-match ends at {said} too", False)
    maybe = rule is not None and any(rule.number == other.number for other in look.possible)
    if maybe:
        text = f"the firewall's own test {rulebase}-policy-match ends at {said}, which the files alone leave open"
        return Tested(settled, text, False)
    text = f"the firewall's own test {rulebase}-policy-match ends at {said}, the look-up in the files at {local}"
    return Tested(
        replace(settled, reason=f"as the firewall itself answered; by the files alone it is {local}"), text, True
    )


def _strange(test: PolicyTest, look: LookUp) -> Tested:
    """The firewall named a rule that the files don't have: where the session ends can't be told from them."""
    action = f" ({test.actions[0]})" if test.actions else ""
    local = look.rule.name if look.rule is not None else "no rule"
    reason = f"the firewall itself answered {test.rules[0]}{action}, which is not in this configuration"
    text = (
        f"the firewall's own test {test.rulebase}-policy-match ends at {test.rules[0]}{action}, which is not in this "
        f"configuration; the look-up in the files ends at {local}"
    )
    unknown = replace(
        look,
        rule=None,
        certainty=Certainty.UNKNOWN,
        possible=(),
        possible_traces=(),
        trace=None,
        settle=(f"the {test.rulebase} rules as the firewall has them",),
        reason=reason,
    )
    return Tested(unknown, text, differs=True, strange=True)
