"""What a rule asked when a session ended, where the configuration log has a later change of just that criterion."""

import re
from dataclasses import dataclass
from datetime import timedelta

from whydeny.model.columns import Kind
from whydeny.model.truth import Truth
from whydeny.verdict.case import Case
from whydeny.verdict.events import Change

_TICK = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Before:
    """A change after the session, the criterion that it changed, and whether the rule took the session by it until then."""

    change: Change
    field: str
    took: Truth


def asked_before(case: Case) -> Before | None:
    """The first committed change after the session of a criterion by which the row's rule fails now.

    The configuration log gives the criterion's members before the change; groups among them leave it open.
    """
    session, rule = case.session, case.logged
    span = case.related.log(Kind.CONFIGURATION).span(session.serial)
    if rule is None or session.end is None or span is None or not case.shift.fields:
        return None
    timeline, first, last = case.related.timeline, session.end + _TICK, span[1] + _TICK
    edits = timeline.edits_of(rule.name, first, last, session.serial)
    if not edits or not timeline.committed(first, last, session.serial):
        return None
    for change in edits:
        path, _, edit = change.text.partition(": ")
        before, became, _ = edit.partition(" became ")
        for field in sorted(case.shift.fields):
            members = _members(before, field)
            if became and (members or path.split()[-1:] == [field]):
                return Before(change, field, _took(case, field, members))
    return None


def _members(text: str, field: str) -> list[str]:
    """The members of a criterion as the configuration log writes them: `application [ ssl web-browsing ]`."""
    found = re.search(rf"(?<![\w-]){re.escape(field)}\s+(?:\[\s*([^\]]*)\]|([^\s;{{}}\[]+))", text)
    return re.split(r"[\s,]+", (found[1] or found[2] or "").strip()) if found else []


def _took(case: Case, field: str, members: list[str]) -> Truth:
    session = case.session
    had = {"application": session.application, "category": session.category, "source-user": session.user,
           "source": session.source_text, "destination": session.destination_text}.get(field)  # fmt: skip
    wanted = {member.strip('"').lower() for member in members}
    if "any" in wanted or (had and had.lower() in wanted):
        return Truth.MATCH
    plain = field == "application" and wanted and all(case.application_of(name) is not None for name in wanted)
    return Truth.NO_MATCH if plain else Truth.UNKNOWN
