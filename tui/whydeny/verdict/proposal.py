"""The lines that would make the narrow change a verdict proposes; none where nothing safe can be proposed.

They are text to look at, replay and paste. Nothing here, and nothing in this program, changes a firewall.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from whydeny.model.configuration import ANY, Place, Rule, Rulebase
from whydeny.model.protocols import SCTP, TCP, UDP
from whydeny.model.set_lines import bracketed, join_words
from whydeny.model.tables import Session
from whydeny.model.truth import Truth
from whydeny.policy.engine import Engine
from whydeny.policy.flows import flow_of
from whydeny.policy.names import PREDEFINED_SERVICES
from whydeny.policy.questions import named_applications
from whydeny.verdict.finding import Finding

_LONGEST_NAME = 31  # of a rule before PAN-OS 8.1
_MOST_ENDS = 16  # addresses of a group that a rule lists one by one
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


class _Nothing(Exception):
    """There is nothing safe to propose; the message says why."""


def propose(finding: Finding, engine: Engine | None, group: Sequence[Session] = ()) -> Proposal:
    """The proposal for one session, or for the `group` of which it is the specimen.

    `engine` is the policy of its virtual system. A rule of its own lists the addresses of a group while they are few;
    else those of the specimen.
    """
    cause = finding.verdict.cause
    if cause is None:
        return Proposal(why="Nothing is proposed: the outcome needs no cause, and the row names the rule that decided.")
    if engine is None:
        return Proposal(why="Nothing is proposed: no configuration of this firewall is among the inputs.")
    try:
        builder = _BUILDERS.get(cause)
        if builder is None:
            raise _Nothing(_NOT_RULES.get(cause, "no change of a rule follows from this cause"))
        return builder(_Scene(finding, engine, group))
    except _Nothing as reason:
        return Proposal(why=f"Nothing is proposed: {reason}.")


class _Scene:
    """A finding with the rules that the proposal is about."""

    def __init__(self, finding: Finding, engine: Engine, group: Sequence[Session]) -> None:
        self.finding, self.engine, self.group = finding, engine, group
        self.session: Session = finding.session
        self.application = (finding.session.application or "").lower()

    @property
    def logged(self) -> Rule:
        """The allow rule that the row names."""
        session = self.session
        rule = self.engine.rule_named(Rulebase.SECURITY, session.rule, session.rule_uuid) if session.rule else None
        if rule is None:
            raise _Nothing("the rule that the row names is not in the configuration")
        if rule.disabled or rule.action != "allow" or rule.is_default:
            raise _Nothing(f"{rule.name} is no allow rule that could be changed")
        return rule

    @property
    def refuser(self) -> Rule:
        """The security rule that the look-up ends at."""
        rule = self.finding.lookups[Rulebase.SECURITY].rule
        if rule is None or rule.action == "allow":
            raise _Nothing("the look-up ends at no rule that certainly refuses")
        return rule

    @property
    def refuser_below(self) -> Rule:
        """The refusing rule, where it stands below the one that the row names."""
        if self.refuser.number < self.logged.number:
            raise _Nothing(f"{self.refuser.name} stands above {self.logged.name}, and refuses on purpose as it seems")
        return self.refuser

    def takes(self, rule: Rule) -> bool:
        """Whether a rule would certainly take the session."""
        return self.engine.explain_rule(rule, flow_of(self.session)).result is Truth.MATCH

    def ends(self, name: str) -> tuple[str, ...]:
        """The source or destination addresses."""
        found = tuple(dict.fromkeys(_end(session, name) for session in (self.session, *self.group)))
        return found if len(found) <= _MOST_ENDS else found[:1]

    def end_text(self, name: str) -> str:
        """The same in words."""
        first, *others = self.ends(name)
        return f"{first} and {len(others)} more" if others else first

    def zones(self) -> dict[str, Sequence[str]]:
        """The zones of the session, as settings of a rule."""
        if not self.session.from_zone or not self.session.to_zone:
            raise _Nothing("the row has no zones")
        return {"from": (self.session.from_zone,), "to": (self.session.to_zone,)}

    def free_name(self, wanted: str, rulebase: Rulebase) -> str:
        """A name that no rule of the rulebase has."""
        taken = {rule.name for rule in self.engine.policy.rules.get(rulebase, ())}
        name, number = wanted[:_LONGEST_NAME].strip(), 2
        while name in taken:
            tail = f" {number}"
            name, number = wanted[: _LONGEST_NAME - len(tail)].strip() + tail, number + 1
        return name

    def service(self, level: list[str]) -> tuple[str, list[str]]:
        """A service that is just the session's port: one that is there, or a new one with the line that makes it."""
        port = self.session.destination_port
        protocol = {TCP: "tcp", UDP: "udp", SCTP: "sctp"}.get(self.session.protocol or 0)
        if port is None or protocol is None:
            raise _Nothing("the session has no port that a service could name")
        scopes = self.engine.policy.scopes
        held = {name: found for scope in reversed(scopes) for name, found in scope.services.items()}
        for name, found in (PREDEFINED_SERVICES | held).items():
            if (found.protocol, found.ports, found.source_ports) == (protocol, str(port), ""):
                return name, []
        name = f"{protocol}-{port}"
        if name in held or any(name in scope.service_groups for scope in scopes):
            raise _Nothing(f"the name {name} already stands for another service")
        return name, [_line("set", *level, "service", name, "protocol", protocol, "port", str(port))]


def _end(session: Session, name: str) -> str:
    text = session.source_text if name == "source" else session.destination_text
    if text is None:
        raise _Nothing(f"a row has no {name} address")
    return text


# --- lines


def _line(*words: str) -> str:
    return join_words(words)


def _level(rule: Rule) -> list[str]:
    """The words before a rulebase or an object of the level that a rule stands at."""
    origin = rule.origin
    if not origin.panorama:
        return [] if origin.owner in ("", "vsys1") else ["vsys", origin.owner]
    if not origin.owner:
        raise _Nothing("which device group pushed the rule is not among the inputs")
    return ["shared"] if origin.owner == "shared" else ["device-group", origin.owner]


def _rules(rule: Rule) -> list[str]:
    """The words before the name of a rule in the list of `rule`."""
    base = {Place.PRE: "pre-rulebase", Place.POST: "post-rulebase"}.get(rule.origin.place, "rulebase")
    return [*_level(rule), base, rule.rulebase.value, "rules"]


def _settings(settings: dict[str, Sequence[str]]) -> list[str]:
    return [word for keyword, found in settings.items() for word in (keyword, *bracketed(found))]


def _new_rule(beside: Rule, where: str, name: str, *settings: dict[str, Sequence[str]]) -> list[str]:
    """The lines that make a rule and put it before or after another."""
    words = [*_rules(beside), name]
    lines = [_line("set", *words, *_settings(some)) for some in settings if some]
    return [*lines, _line("move", *words, where, beside.name)]


def _kept(rule: Rule) -> dict[str, Sequence[str]]:
    """What a rule beside another one does: it allows, and logs as that one."""
    found: dict[str, Sequence[str]] = {"action": ("allow",), "log-end": ("yes",)}
    if rule.log_setting:
        found["log-setting"] = (rule.log_setting,)
    return found


def _profile_lines(rule: Rule, words: list[str]) -> list[str]:
    """The security profiles of a rule, for the rule beside it."""
    lines = []
    for profile in rule.profiles:
        kind, _, name = profile.partition(":")
        inside = ["group", name] if kind == "group" else ["profiles", kind, name]
        lines.append(_line("set", *words, "profile-setting", *inside))
    return lines


def _narrow_rule(
    scene: _Scene, tail: str, services: Sequence[str], sources: Sequence[str] | None = None
) -> tuple[list[str], Rule]:
    """The lines of an allow rule for the session's application and destination beside the rule that had allowed it, with
    that rule's zones, sources (unless given), users and profiles."""
    rule = scene.logged
    wanted = replace(
        rule,
        name=scene.free_name(f"{rule.name} {tail}", Rulebase.SECURITY),
        sources=tuple(sources or rule.sources),
        negate_source=rule.negate_source and not sources,
        destinations=scene.ends("destination"),
        negate_destination=False,
        applications=(scene.application,),
        services=tuple(services),
        rule_type="universal",
    )
    match: dict[str, Sequence[str]] = {
        "from": wanted.from_zones,
        "to": wanted.to_zones,
        "source": wanted.sources,
        "destination": wanted.destinations,
        "source-user": wanted.users,
        "application": wanted.applications,
        "service": wanted.services,
        "category": wanted.categories,
    }
    for keyword, found in (("source-hip", wanted.source_hips), ("destination-hip", wanted.destination_hips)):
        if found != ANY:
            match[keyword] = found
    if wanted.negate_source:
        match["negate-source"] = ("yes",)
    if wanted.schedule:
        match["schedule"] = (wanted.schedule,)
    refuser = scene.refuser
    above = refuser.number < rule.number and not refuser.is_default
    beside, where = (refuser, "before") if above else (rule, "after")
    lines = _new_rule(beside, where, wanted.name, match, _kept(rule))
    profiles = _profile_lines(rule, [*_rules(beside), wanted.name])
    return [*lines[:-1], *profiles, lines[-1]], wanted


# --- one builder a cause


def _decrypted_port(scene: _Scene) -> Proposal:
    rule = scene.logged
    if rule.services == _DEFAULT and _is_for_the_web(scene, rule):
        words = [*_rules(rule), rule.name, "service"]
        return Proposal(
            (
                _line("delete", *words, "application-default"),
                _line("set", *words, *bracketed(("service-http", "service-https"))),
            ),
            f"{rule.name} takes its applications on tcp/80, 8080 and 443 in place of their default ports.",
            rule.origin.edited_at(),
        )
    return _off_port(scene)


def _is_for_the_web(scene: _Scene, rule: Rule) -> bool:
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


def _off_port(scene: _Scene) -> Proposal:
    rule = scene.logged
    service, made = scene.service(_level(rule))
    lines, _ = _narrow_rule(scene, service, (service,))
    return Proposal(
        (*made, *lines),
        f"A rule beside {rule.name} takes {scene.application} to {scene.end_text('destination')} on this port alone.",
        rule.origin.edited_at(),
    )


def _more_applications(scene: _Scene) -> Proposal:
    rule, application = scene.logged, scene.application
    refuser = scene.refuser_below
    if application.startswith("unknown-") or not application:
        raise _Nothing(f"{application or 'no application'} as a whole lets any unknown protocol through")
    if _names(scene, refuser):
        raise _Nothing(f"{refuser.name} refuses {application} by its name")
    if not scene.takes(replace(rule, applications=(*rule.applications, application))):
        raise _Nothing(f"with {application} added {rule.name} would still not certainly take the session")
    known = scene.engine.applications.get(application)
    there = named_applications(scene.engine.policy, rule, scene.engine.applications)
    allowed = {*there, *(known.implicitly_uses if known else ())}
    needed = [name for name in (known.uses if known else ()) if name not in allowed]
    more = f" It depends on {', '.join(needed[:4])}, which a rule has to allow as well." if needed else ""
    return Proposal(
        (_line("set", *_rules(rule), rule.name, "application", application),),
        f"{rule.name} takes {application} too.{more}",
        rule.origin.edited_at(),
    )


def _names(scene: _Scene, rule: Rule) -> bool:
    named = named_applications(scene.engine.policy, rule, scene.engine.applications)
    return scene.application in {name.lower() for name in named}


def _dependency(scene: _Scene) -> Proposal:
    rule = scene.logged
    lines, wanted = _narrow_rule(scene, scene.application, _DEFAULT)
    if not scene.takes(wanted):
        raise _Nothing(f"{scene.application} is not on its default ports either")
    return Proposal(
        tuple(lines),
        f"A rule below {rule.name} takes plain {scene.application} to {scene.end_text('destination')} alone, and logs it.",
        rule.origin.edited_at(),
    )


def _tunnel(scene: _Scene) -> Proposal:
    rule = scene.logged
    lines, _ = _narrow_rule(scene, scene.application, rule.services, scene.ends("source"))
    return Proposal(
        tuple(lines),
        f"A rule beside {rule.name} lets {scene.end_text('source')} alone tunnel to {scene.end_text('destination')}, and logs it.",
        rule.origin.edited_at(),
    )


def _category(scene: _Scene) -> Proposal:
    rule, category = scene.logged, (scene.session.category or "").lower()
    missed = {c.field for c in scene.engine.explain_rule(rule, flow_of(scene.session)).misses()}
    if "application" in missed:
        return _more_applications(scene)
    if category in _UNRESOLVED:
        raise _Nothing("the category could not be looked up, and allowing unrated sites lets all of them through")
    refuser = scene.refuser_below
    if category in refuser.categories:
        raise _Nothing(f"{refuser.name} refuses the category {category} by its name")
    if not scene.takes(replace(rule, categories=(*rule.categories, category))):
        raise _Nothing(f"with {category} added {rule.name} would still not certainly take the session")
    return Proposal(
        (_line("set", *_rules(rule), rule.name, "category", category),),
        f"{rule.name} takes the category {category} too.",
        rule.origin.edited_at(),
    )


def _exemption(scene: _Scene) -> Proposal:
    rule = scene.finding.lookups[Rulebase.AUTHENTICATION].rule
    if rule is None or rule.name != scene.finding.verdict.denied_by:
        raise _Nothing("which authentication rule asks is not certain")
    name = scene.free_name(f"no portal {scene.ends('destination')[0]}", Rulebase.AUTHENTICATION)
    lines = _new_rule(
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


def _no_decryption(scene: _Scene) -> Proposal:
    verdict = scene.finding.verdict
    rule = scene.finding.lookups[Rulebase.DECRYPTION].rule
    if verdict.variant not in _PINNED:
        raise _Nothing("what failed in the handshake is to be mended first; an exemption would hide it")
    if rule is None or rule.name != verdict.denied_by or rule.decryption_type == "ssh-proxy":
        raise _Nothing("which decryption rule takes the session is not certain")
    name = scene.free_name(f"no decrypt {scene.ends('destination')[0]}", Rulebase.DECRYPTION)
    lines = _new_rule(
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
    kind = [_line("set", *_rules(rule), name, "type", rule.decryption_type or "ssl-forward-proxy")]
    return Proposal(
        (*lines[:-1], *kind, lines[-1]),
        f"A rule above {rule.name} leaves sessions from {scene.end_text('source')} to {scene.end_text('destination')} undecrypted.",
        rule.origin.edited_at(),
    )


_BUILDERS: dict[str, Callable[[_Scene], Proposal]] = {
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
