"""What a row proves of a decryption that the decryption rules of the configuration at hand can't have made.

The decryption rule is looked up in the handshake, by the category of the server's name, by the user known then, and by
what lists, groups and host names held then. The row may show others. So all of these are left open here, and only what
no handshake can have changed (zones, fixed addresses, ports) counts against a rule.
"""

from dataclasses import replace
from typing import cast

import numpy as np
import numpy.typing as npt
import polars as pl

from whydeny.model.configuration import ANY, Rule, Rulebase
from whydeny.model.flags import Flag
from whydeny.policy.bulk import match_all
from whydeny.policy.engine import Engine
from whydeny.policy.questions import moving_members
from whydeny.policy.watch import Watch
from whydeny.verdict.case import Case

# Rows that are decrypted without a rule of their own: a page of the web proxy or of URL filtering, what is in a tunnel.
_OTHERWISE = Flag.PROXY_TRANSACTION | Flag.URL_DENIED | Flag.TUNNEL_INSPECTED
_OWN_PORTAL = "panos-"  # the firewall itself is the server
_SSH = "ssh"  # other types of rules are for it


def decrypted_by_no_rule(case: Case) -> bool:
    """Whether the row is flagged decrypted and no decryption rule of the configuration can have decrypted it."""
    session, engine = case.session, case.engine
    if engine is None or not case.flag(Flag.DECRYPTED) or session.flags & _OTHERWISE or session.parent_session_id:
        return False
    if case.application.startswith((_OWN_PORTAL, _SSH)) or Rulebase.DECRYPTION in case.tested or not _whole(engine):
        return False
    look = _loosened(engine).look_up(Rulebase.DECRYPTION, case.flow, near=0)
    return not any(_decrypts(rule) for rule in (look.rule, *look.possible) if rule is not None)


def decrypted_by_a_rule(engine: Engine, frame: pl.DataFrame) -> npt.NDArray[np.bool_]:
    """Whether a decryption rule of the configuration can have decrypted each row of a session table."""
    if not _whole(engine):
        return np.ones(frame.height, dtype=np.bool_)
    loosened = _loosened(engine)
    rules = loosened.policy.rules[Rulebase.DECRYPTION]
    watch = Watch(frozenset(place for place, rule in enumerate(rules) if _decrypts(rule)))
    found = match_all(loosened, frame, (Rulebase.DECRYPTION,), watched={Rulebase.DECRYPTION: watch})
    touched: npt.NDArray[np.bool_] = found[f"{Rulebase.DECRYPTION}_touched"].to_numpy()
    return touched


def _whole(engine: Engine) -> bool:
    """Whether every decryption rule of the firewall is among the inputs."""
    policy = engine.policy
    return Rulebase.DECRYPTION in policy.rules and not policy.pushed_missing and not policy.missing


def _decrypts(rule: Rule) -> bool:
    return rule.action.startswith("decrypt")


def _loosened(engine: Engine) -> Engine:
    """The decryption rules alone, with all that may have been otherwise in the handshake left open."""
    found = engine.memo.get(("loosened",))
    if found is None:
        rules = [_loose(engine, rule) for rule in engine.policy.rules[Rulebase.DECRYPTION]]
        kept = tuple(rule for rule in rules if rule is not None)
        policy = replace(engine.policy, rules={Rulebase.DECRYPTION: kept})
        found = Engine(policy, engine.applications, engine.answers, engine.release)
        engine.memo["loosened",] = found
    return cast("Engine", found)


def _loose(engine: Engine, rule: Rule) -> Rule | None:
    """A decryption rule without its moving criteria; None for one that does not decrypt and has some, as it may then
    have missed."""
    moving_source, moving_destination = (
        bool(moving_members(engine.policy, members)) for members in (rule.sources, rule.destinations)
    )
    loose = replace(
        rule,
        users=ANY,
        source_hips=ANY,
        destination_hips=ANY,
        categories=ANY,
        sources=ANY if moving_source else rule.sources,
        destinations=ANY if moving_destination else rule.destinations,
        negate_source=rule.negate_source and not moving_source,
        negate_destination=rule.negate_destination and not moving_destination,
    )
    return loose if _decrypts(rule) or (loose == rule and rule.decryption_type != "ssh-proxy") else None
