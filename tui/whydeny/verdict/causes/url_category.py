"""The URL category that became known is not in the security rule.

What it means
-------------
A URL category is a match criterion of the security rule, and at the handshake it is still a wildcard. When the request,
the SNI or the certificate names the host, the category becomes known and the rulebase is asked again; the rule no
longer matches and the session falls through to a deny that writes no log. This is not URL filtering: a profile's block
ends with the reason threat.

How it is recognised
--------------------
The rule in the row lists categories, the row's category is not among them, everything else matches, and the look-up
ends at a silent deny (or a silent rule above names the category). Where the rule lists custom categories or URL lists,
the URL log settles it: its category list, or the URL itself. `unresolved`: the category could not be looked up
(not-resolved, unknown). DNS, SSH, ICMP and the like have no URL, and a rule with categories does not take them.

What to look at next
--------------------
`test url HOST`; the URL log of the session; for unresolved ones `show url-cloud status`; whether sessions to the same
host pass and fail in turns (first a cache miss, then a hit).

What else looks like this
-------------------------
A URL-filtering block (end reason threat, flag URL denied). One HTTP/2 stream of many (http2-stream). A traffic row
holds one category although a URL can have several: a miss on a custom category or URL list is never certain.
"""

from whydeny.model.configuration import Rule
from whydeny.model.flags import Flag
from whydeny.model.truth import Truth
from whydeny.verdict.case import Case
from whydeny.verdict.cause import Answer, CantTell, Cause, Gathering, Held, RuledOut
from whydeny.verdict.commands import quoted
from whydeny.verdict.finding import Basis, Evidence
from whydeny.verdict.grounds import (
    document_trail,
    let_log,
    lookup_evidence,
    lookup_rules_out,
    lost_to_unknown,
    present_name,
    refusing,
    row_trail,
    rule_trail,
)
from whydeny.verdict.references import THREAT_REASON, URL_LOOKUP
from whydeny.verdict.urls import listed_by

NOT_YET = frozenset({"", "any"})
UNRESOLVED = frozenset({"not-resolved", "unknown"})

CAUSE = Cause(
    title="URL category not in the security rule",
    needs=("running configuration", "URL log"),
    references=(URL_LOOKUP, THREAT_REASON),
)


def check(case: Case) -> Answer:
    """Whether the category moved the session to a refusal."""
    stopped = lookup_rules_out(case)
    if stopped is not None:
        return stopped
    refuser, rule = case.refuser, case.logged
    category = (case.session.category or "").lower()
    if rule is None:
        return CantTell(
            f"the rule {case.named_rule} is not in the configuration, so that its categories aren't known",
            "the configuration that was in force at the time of the session",
            0.15,
        )
    if "category" in case.logged_unknowns():
        return _open(case, rule, category)
    lost = lost_to_unknown(case, frozenset({"category"}))
    if lost is not None:
        return lost
    above = _open_above(case) if refuser is None else None
    if above is not None:
        return above
    if refuser is None or "category" not in case.shift.fields:
        if rule.categories == ("any",):
            return RuledOut(f"{rule.name} takes any category, and no rule above that refuses asks for one")
        return RuledOut(f"the category {category or 'any'} is one that {rule.name} takes")
    gathered = Gathering()
    lookup_evidence(case, gathered, refuser)
    detail = case.criterion_detail(case.logged_trace, "category")
    if any(c.field == "category" for c in (case.logged_trace.misses() if case.logged_trace else ())):
        gathered.add(Evidence(f"{rule.name} fails on the category: {detail}", 0.4, Basis.RULE, rule_trail(rule)))
    else:
        text = f"{refuser.name} above names the category {category}, known only after the handshake"
        gathered.add(Evidence(text, 0.4, Basis.RULE, rule_trail(refuser)))
    for name in sorted(case.shift.fields - {"category", "service"}):
        gathered.add(Evidence(f"{rule.name} also misses by {name}", -0.6, Basis.RULE))
    return _held(case, rule, refuser, category, gathered, 0.84 if category not in NOT_YET else 0.7)


def _open_above(case: Case) -> Answer | None:
    """A silent rule above refuses by custom categories or lists that may hold the URL, and by nothing else that is open."""
    answer: Answer | None = None
    for trace in case.may_refuse:
        rule = trace.rule
        if rule.log_end or {c.field for c in trace.unknowns()} != {"category"}:
            continue
        lists = listed_by(case, rule.categories)
        if lists.result is Truth.MATCH:
            gathered = Gathering()
            lookup_evidence(case, gathered, rule)
            gathered.add(Evidence(f"{rule.name} above takes the URL: {lists.detail}", 1.0, Basis.ROW, lists.trail))
            return _held(case, rule, rule, lists.names, gathered, 0.8)
        if lists.result is Truth.UNKNOWN and answer is None:
            because = f"whether the URL is in a category that {rule.name} above refuses can't be told"
            settle = f"the URL log of the session, or the members of the lists that {rule.name} names"
            answer = CantTell(because, settle, 0.2)
    return answer


def _open(case: Case, rule: Rule, category: str) -> Answer:
    """The rule asks for lists that may hold the URL beside the one category that the row shows."""
    refuser = case.refuser
    detail = case.criterion_detail(case.logged_trace, "category")
    because = f"whether {category or 'the URL'} is among the categories of {rule.name} can't be told: {detail}"
    settle = f"the URL log of the session, or the members of the lists that {rule.name} names"
    missed = case.logged_trace.misses() if case.logged_trace else ()
    if refuser is None or missed or category in ("", "any"):
        return CantTell(because, settle, 0.15)
    lists = listed_by(case, rule.categories)
    if lists.result is Truth.MATCH:
        return RuledOut(f"{rule.name} takes the URL: {lists.detail}")
    gathered = Gathering()
    lookup_evidence(case, gathered, refuser)
    if lists.result is Truth.NO_MATCH:
        gathered.add(Evidence(f"{rule.name} fails on the category: {lists.detail}", 0.6, Basis.ROW, lists.trail))
        return _held(case, rule, refuser, category, gathered, 0.84)
    text = f"{detail}; nothing else of {rule.name} can have stopped matching"
    gathered.add(Evidence(text, 0.1, Basis.RULE, rule_trail(rule)))
    return _held(case, rule, refuser, category, gathered, 0.55, (settle,))


def _held(
    case: Case,
    rule: Rule,
    refuser: Rule,
    category: str,
    gathered: Gathering,
    base: float,
    missing: tuple[str, ...] = (),
) -> Held:
    _url_evidence(case, gathered)
    whether = "perhaps does not list" if missing else "does not list"
    trace = case.logged_trace
    named = trace is not None and any(c.field == "category" for c in (*trace.misses(), *trace.unknowns()))
    what = f"which the rule {whether}" if named else f"which {refuser.name} above names"
    if category in NOT_YET:
        what = f"and {rule.name} takes web traffic only"
    return Held(
        base=base,
        headline=f"Last allowed by {case.named_rule}, then refused: {_turned_out(case, category)}, {what}, and the session "
        f"ended at {refusing(refuser)}.",
        evidence=gathered.all(),
        variant="unresolved" if category in UNRESOLVED and not missing else None,
        denied_by=refuser.name,
        fix=_fix(case, category, None if named else refuser),
        fix_at=(rule if named else refuser).origin.edited_at(),
        commands=_commands(case, category),
        missing=missing,
        flips_if="a category in the row that the rule does not list",
    )


def _turned_out(case: Case, category: str) -> str:
    if category in UNRESOLVED:
        return f"the URL category could not be found out ({category})"
    if category in NOT_YET:
        return f"{case.application or 'the traffic'} has no URL and so no category"
    return f"the URL category turned out to be {category}"


def _url_evidence(case: Case, gathered: Gathering) -> None:
    if case.flag(Flag.URL_DENIED):
        text = "the flag URL denied is set: a URL-filtering profile refused it, whose own end reason is threat"
        gathered.add(Evidence(text, -0.9, Basis.VENDOR, document_trail(THREAT_REASON)))
    for row in case.url_rows[:1]:
        action = str(row.get("action") or "")
        weight = -0.8 if action.startswith("block") else 0.3
        text = f"the URL log has the session: {row.get('url') or 'URL not logged'}, {row.get('category')}, {action}"
        gathered.add(Evidence(text, weight, trail=row_trail("url", row["row"])))
    other = case.passed_with_other_category
    if other is not None:
        text = f"session {other.id} of the same source passed the same rule with category {other.category}"
        gathered.add(Evidence(text, 0.4, trail=row_trail("traffic", other.row)))


def _commands(case: Case, category: str) -> tuple[str, ...]:
    url = next((str(row["url"]) for row in case.url_rows if row.get("url")), None)
    found = [f"test url {quoted(url)}"] if url else []
    if category in UNRESOLVED:
        found.append("show url-cloud status")
    return tuple(found)


def _fix(case: Case, category: str, above: Rule | None) -> str:
    if above is not None and category not in UNRESOLVED:
        return (
            f"{above.name} refuses {category} on purpose, as it seems. For a site that is wanted all the same, a rule with a "
            f"custom URL category of that one site above {above.name}; blocking by a URL-filtering profile would show users a "
            f"page.{let_log(above, 'so that its refusals show')}"
        )
    if category in UNRESOLVED:
        return (
            "Mend the category look-up first (show url-cloud status, the management plane's way to the cloud). Adding "
            f"{category} to the rule lets every unrated site through; a rule below that logs shows what is lost."
        )
    if category in NOT_YET:
        return (
            f"If {case.application or 'the traffic'} is wanted, a rule of its own without URL categories: {present_name(case)} "
            "takes web traffic only. Not any category there, which would open it to every site."
        )
    return (
        f"If {category} is wanted for these users, add the category to {present_name(case)} or the one site to a custom URL "
        "category in the rule. As a way of blocking, a URL-filtering profile is better: it shows a page and logs. Any "
        "category would open the rule to every site."
    )
