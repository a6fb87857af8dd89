"""The scene of a proposal, a finding with the rules it is about, and the lines of rules beside them."""

from collections.abc import Sequence
from dataclasses import replace

from whydeny.model.configuration import ANY, Place, Rule, Rulebase
from whydeny.model.protocols import SCTP, TCP, UDP
from whydeny.model.set_lines import bracketed, join_words
from whydeny.model.tables import Session
from whydeny.model.truth import Truth
from whydeny.policy.compiled import unsettled_criteria
from whydeny.policy.engine import Engine
from whydeny.policy.flows import flow_of
from whydeny.policy.names import PREDEFINED_SERVICES
from whydeny.verdict.finding import Finding

_LONGEST_NAME = 31  # of a rule before PAN-OS 8.1
_MOST_ENDS = 16  # addresses of a group that a rule lists one by one


class NothingSafe(Exception):
    """There is nothing safe to propose; the message says why."""


class Scene:
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
            raise NothingSafe("the rule that the row names is not in the configuration")
        if rule.disabled or rule.action != "allow" or rule.is_default:
            raise NothingSafe(f"{rule.name} is no allow rule that could be changed")
        return rule

    @property
    def refuser(self) -> Rule:
        """The security rule that the look-up ends at."""
        rule = self.finding.lookups[Rulebase.SECURITY].rule
        if rule is None or rule.action == "allow":
            raise NothingSafe("the look-up ends at no rule that certainly refuses")
        return rule

    @property
    def refuser_below(self) -> Rule:
        """The refusing rule, where it stands below the one that the row names."""
        if self.refuser.number < self.logged.number:
            raise NothingSafe(
                f"{self.refuser.name} stands above {self.logged.name}, and refuses on purpose as it seems"
            )
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
            raise NothingSafe("the row has no zones")
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
            raise NothingSafe("the session has no port that a service could name")
        scopes = self.engine.policy.scopes
        held = {name: found for scope in reversed(scopes) for name, found in scope.services.items()}
        for name, found in (PREDEFINED_SERVICES | held).items():
            if (found.protocol, found.ports, found.source_ports) == (protocol, str(port), ""):
                return name, []
        name = f"{protocol}-{port}"
        if name in held or any(name in scope.service_groups for scope in scopes):
            raise NothingSafe(f"the name {name} already stands for another service")
        return name, [line("set", *level, "service", name, "protocol", protocol, "port", str(port))]


def _end(session: Session, name: str) -> str:
    text = session.source_text if name == "source" else session.destination_text
    if text is None:
        raise NothingSafe(f"a row has no {name} address")
    return text


def line(*words: str) -> str:
    return join_words(words)


def level(rule: Rule) -> list[str]:
    """The words before a rulebase or an object of the level that a rule stands at."""
    origin = rule.origin
    if not origin.panorama:
        return [] if origin.owner in ("", "vsys1") else ["vsys", origin.owner]
    if not origin.owner:
        raise NothingSafe("which device group pushed the rule is not among the inputs")
    return ["shared"] if origin.owner == "shared" else ["device-group", origin.owner]


def rules_of(rule: Rule) -> list[str]:
    """The words before the name of a rule in the list of `rule`."""
    base = {Place.PRE: "pre-rulebase", Place.POST: "post-rulebase"}.get(rule.origin.place, "rulebase")
    return [*level(rule), base, rule.rulebase.value, "rules"]


def _settings(settings: dict[str, Sequence[str]]) -> list[str]:
    return [word for keyword, found in settings.items() for word in (keyword, *bracketed(found))]


def new_rule(beside: Rule, where: str, name: str, *settings: dict[str, Sequence[str]]) -> list[str]:
    """The lines that make a rule and put it before or after another."""
    words = [*rules_of(beside), name]
    lines = [line("set", *words, *_settings(some)) for some in settings if some]
    return [*lines, line("move", *words, where, beside.name)]


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
        lines.append(line("set", *words, "profile-setting", *inside))
    return lines


def narrow_rule(
    scene: Scene, tail: str, services: Sequence[str], sources: Sequence[str] | None = None
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
    match |= unsettled_criteria(wanted)
    if wanted.negate_source:
        match["negate-source"] = ("yes",)
    if wanted.schedule:
        match["schedule"] = (wanted.schedule,)
    refuser = scene.refuser
    above = refuser.number < rule.number and not refuser.is_default
    beside, where = (refuser, "before") if above else (rule, "after")
    lines = new_rule(beside, where, wanted.name, match, _kept(rule))
    profiles = _profile_lines(rule, [*rules_of(beside), wanted.name])
    return [*lines[:-1], *profiles, lines[-1]], wanted
