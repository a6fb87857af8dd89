"""A judge for a site that grows: a firewall that is watched."""

from collections.abc import Iterator
from copy import copy
from dataclasses import replace

from whydeny.model.answers import DeviceAnswers
from whydeny.model.columns import Kind
from whydeny.model.configuration import Rule
from whydeny.model.site import Site
from whydeny.policy.engine import Engine
from whydeny.verdict.judge import Judge


class GrowingJudge(Judge):
    """Judges what is there of a site so far; `grown` is the judge of the same site later on."""

    def grown(self, site: Site) -> "GrowingJudge":
        """The judge of the site as it is now, with the policies that are compiled already where they still hold."""
        later = GrowingJudge(site, self.firewalls.override, self.serial, self.device_group)
        if later.same_policies(self):
            later.problems = self.problems
            later._engines = {key: _with_answers(engine, site.answers) for key, engine in self._engines.items()}
        return later

    def same_policies(self, before: Judge) -> bool:
        """Whether rules take the sessions as they did for `before`: policy tests apart, nothing changed in what
        look-ups rest on."""
        new, old = self.site, before.site
        return (
            new.configurations is old.configurations
            and new.applications is old.applications
            and new.systems is old.systems
            and replace(new.answers, tests=()) == replace(old.answers, tests=())
            and not self._users_seen_first(before)
        )

    def same_grounds(self, before: Judge) -> bool:
        """Whether verdicts of rows that did not change still hold: nothing more is known of earlier rules either."""
        return self.same_policies(before) and _changes(self.site) == _changes(before.site)

    def _users_seen_first(self, before: Judge) -> bool:
        """Whether a name of a rule is known now to be a user's and no group's, because a row came that says so."""
        fresh = self._users_seen - before._users_seen
        rules = (rule for engine in before._engines.values() if engine is not None for rule in _rules(engine))
        return bool(fresh) and any(user.lower() in fresh for rule in rules for user in rule.users)


def _changes(site: Site) -> int:
    """How many changes and commits are known."""
    return len(site.logs[Kind.CONFIGURATION]) if Kind.CONFIGURATION in site.logs else 0


def _rules(engine: Engine) -> Iterator[Rule]:
    for rules in engine.policy.rules.values():
        yield from rules


def _with_answers(engine: Engine | None, answers: DeviceAnswers) -> Engine | None:
    """A compiled policy with other policy tests beside it; no rule is compiled from those."""
    if engine is None or engine.answers == answers:
        return engine
    told = copy(engine)
    told.answers = answers
    return told
