"""The lines that would make the narrow change a verdict proposes; none where nothing safe can be proposed.

They are text to look at, replay and paste. Nothing here, and nothing in this program, changes a firewall.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from whydeny.model.configuration import ANY, Rule, Rulebase
from whydeny.model.protocols import TCP, UDP
from whydeny.model.set_lines import bracketed
from whydeny.model.tables import Session
from whydeny.policy.engine import Engine
from whydeny.policy.flows import flow_of
from whydeny.policy.questions import named_applications
from whydeny.verdict.finding import Finding
from whydeny.verdict.proposal_scene import NothingSafe, Scene, level, line, narrow_rule, new_rule, rules_of

_WEB_PORTS = {TCP: frozenset({80, 443, 8080}), UDP: frozenset({443})}  # of QUIC a browser falls back to TCP
_DEFAULT = ("application-default",)
_UNRESOLVED = frozenset({"", "any", "not-resolved", "unknown"})
_PINNED = frozenset({"client-alert", "generic-pre-9.0"})
_NOT_RULES = {
    "user-or-host-criteria": "the mapping or the host is to be mended, and not the rule",
    "policy-change": "the change is to be looked at first",
    "parent-session": "what refused the parent session is what to mend",
    "quic-fallback": "browsers go on over TCP, so that there is nothing to mend",
    "other-vsys": "the other virtual system's rules refused it",
    "quarantine-or-tag": "the refusal is meant until the event that set the tag is understood",
    "unexplained": "nothing explains the refusal yet",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """Lines to replay and paste, in order; `why` says what they do, or why there are none; `at` where they are typed."""

    lines: tuple[str, ...] = ()
    why: str = ""
    at: str = ""


def propose(finding: Finding, engine: Engine | None, group: Sequence[Session] = ()) -> Proposal:
    """The proposal for one session, or for the `group` of which it is the specimen.

    `engine` is the policy of its virtual system. A rule of its own lists the addresses of a group while they are few;
    else those of the specimen.
    """
    cause = finding.verdict.cause
    if cause is None:
        return Proposal(why="Nothing is proposed: the outcome needs no cause, and the row names the rule that decided.")
    if engine is None or engine.policy.compiled:
        return Proposal(why="Nothing is proposed: no configuration of this firewall is among the inputs.")
    try:
        builder = _BUILDERS.get(cause)
        if builder is None:
            raise NothingSafe(_NOT_RULES.get(cause, "no change of a rule follows from this cause"))
        return builder(Scene(finding, engine, group))
    except NothingSafe as reason:
        return Proposal(why=f"Nothing is proposed: {reason}.")


# --- one builder a cause


def _decrypted_port(scene: Scene) -> Proposal:
    rule = scene.logged
    if rule.services == _DEFAULT and _is_for_the_web(scene, rule):
        words = [*rules_of(rule), rule.name, "service"]
        return Proposal(
            (
                line("delete", *words, "application-default"),
                line("set", *words, *bracketed(("service-http", "service-https"))),
            ),
            f"{rule.name} takes its applications on tcp/80, 8080 and 443 in place of their default ports.",
            rule.origin.edited_at(),
        )
    return _off_port(scene)


def _is_for_the_web(scene: Scene, rule: Rule) -> bool:
    """Whether the services of the web are enough for every application of a rule and for the session."""
    if "any" in rule.applications or scene.session.destination_port not in _WEB_PORTS[TCP]:
        return False
    for name in named_applications(scene.engine.policy, rule, scene.engine.applications):
        ports = scene.engine.defaults.of(name)
        if ports is None or not ports.readable or ports.free or TCP not in ports.plain:
            return False
        spans = [(protocol, *span) for protocol, found in ports.plain.items() for span in found.pairs()]
        if not all(first == last and first in _WEB_PORTS.get(protocol, ()) for protocol, first, last in spans):
            return False
    return True


def _off_port(scene: Scene) -> Proposal:
    rule = scene.logged
    service, made = scene.service(level(rule))
    lines, _ = narrow_rule(scene, service, (service,))
    return Proposal(
        (*made, *lines),
        f"A rule beside {rule.name} takes {scene.application} to {scene.end_text('destination')} on this port alone.",
        rule.origin.edited_at(),
    )


def _more_applications(scene: Scene) -> Proposal:
    rule, application = scene.logged, scene.application
    refuser = scene.refuser_below
    if application.startswith("unknown-") or not application:
        raise NothingSafe(f"{application or 'no application'} as a whole lets any unknown protocol through")
    if _names(scene, refuser):
        raise NothingSafe(f"{refuser.name} refuses {application} by its name")
    if not scene.takes(replace(rule, applications=(*rule.applications, application))):
        raise NothingSafe(f"with {application} added {rule.name} would still not certainly take the session")
    known = scene.engine.applications.get(application)
    there = named_applications(scene.engine.policy, rule, scene.engine.applications)
    allowed = {*there, *(known.implicitly_uses if known else ())}
    needed = [name for name in (known.uses if known else ()) if name not in allowed]
    more = f" It depends on {', '.join(needed[:4])}, which a rule has to allow as well." if needed else ""
    return Proposal(
        (line("set", *rules_of(rule), rule.name, "application", application),),
        f"{rule.name} takes {application} too.{more}",
        rule.origin.edited_at(),
    )


def _names(scene: Scene, rule: Rule) -> bool:
    named = named_applications(scene.engine.policy, rule, scene.engine.applications)
    return scene.application in {name.lower() for name in named}


def _dependency(scene: Scene) -> Proposal:
    rule = scene.logged
    lines, wanted = narrow_rule(scene, scene.application, _DEFAULT)
    if not scene.takes(wanted):
        raise NothingSafe(f"{scene.application} is not on its default ports either")
    return Proposal(
        tuple(lines),
        f"A rule below {rule.name} takes plain {scene.application} to {scene.end_text('destination')} alone, and logs it.",
        rule.origin.edited_at(),
    )


def _tunnel(scene: Scene) -> Proposal:
    rule = scene.logged
    lines, _ = narrow_rule(scene, scene.application, rule.services, scene.ends("source"))
    return Proposal(
        tuple(lines),
        f"A rule beside {rule.name} lets {scene.end_text('source')} tunnel to {scene.end_text('destination')}, and logs it.",
        rule.origin.edited_at(),
    )


def _category(scene: Scene) -> Proposal:
    rule, category = scene.logged, (scene.session.category or "").lower()
    missed = {c.field for c in scene.engine.explain_rule(rule, flow_of(scene.session)).misses()}
    if "application" in missed:
        return _more_applications(scene)
    if category in _UNRESOLVED:
        raise NothingSafe("the category could not be looked up, and allowing unrated sites lets all of them through")
    refuser = scene.refuser_below
    if category in refuser.categories:
        raise NothingSafe(f"{refuser.name} refuses the category {category} by its name")
    if not scene.takes(replace(rule, categories=(*rule.categories, category))):
        raise NothingSafe(f"with {category} added {rule.name} would still not certainly take the session")
    return Proposal(
        (line("set", *rules_of(rule), rule.name, "category", category),),
        f"{rule.name} takes the category {category} too.",
        rule.origin.edited_at(),
    )


def _exemption(scene: Scene) -> Proposal:
    rule = scene.finding.lookups[Rulebase.AUTHENTICATION].rule
    if rule is None or rule.name != scene.finding.verdict.denied_by:
        raise NothingSafe("which authentication rule asks is not certain")
    name = scene.free_name(f"no portal {scene.ends('destination')[0]}", Rulebase.AUTHENTICATION)
    lines = new_rule(
        rule,
        "before",
        name,
        {
            **scene.zones(),
            "source": scene.ends("source"),
            "destination": scene.ends("destination"),
            "source-user": rule.users,
            "service": rule.services,
            "category": ANY,
            "authentication-enforcement": ("default-no-captive-portal",),
        },
    )
    return Proposal(
        tuple(lines),
        f"A rule above {rule.name} asks nothing of {scene.end_text('source')} on its way to {scene.end_text('destination')}.",
        rule.origin.edited_at(),
    )


def _no_decryption(scene: Scene) -> Proposal:
    verdict = scene.finding.verdict
    rule = scene.finding.lookups[Rulebase.DECRYPTION].rule
    if verdict.variant not in _PINNED:
        raise NothingSafe("what failed in the handshake is to be mended first; an exemption would hide it")
    if rule is None or rule.name != verdict.denied_by or rule.decryption_type == "ssh-proxy":
        raise NothingSafe("which decryption rule takes the session is not certain")
    name = scene.free_name(f"no decrypt {scene.ends('destination')[0]}", Rulebase.DECRYPTION)
    lines = new_rule(
        rule,
        "before",
        name,
        {
            **scene.zones(),
            "source": scene.ends("source"),
            "destination": scene.ends("destination"),
            "source-user": ANY,
            "service": rule.services,
            "category": ANY,
            "action": ("no-decrypt",),
        },
    )
    kind = [line("set", *rules_of(rule), name, "type", rule.decryption_type or "ssl-forward-proxy")]
    return Proposal(
        (*lines[:-1], *kind, lines[-1]),
        f"A rule above {rule.name} leaves {scene.end_text('source')} to {scene.end_text('destination')} undecrypted.",
        rule.origin.edited_at(),
    )


_BUILDERS: dict[str, Callable[[Scene], Proposal]] = {
    "app-default-decrypted-port": _decrypted_port,
    "app-default-port": _off_port,
    "app-shift": _more_applications,
    "app-override": _more_applications,
    "app-dependency": _dependency,
    "ssh-tunnel": _tunnel,
    "url-category": _category,
    "http2-stream": _category,
    "authentication-challenge": _exemption,
    "decryption-failure": _no_decryption,
}
