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
ends at a silent deny (or a silent rule above names the category). `unresolved`: the category could not be looked up
(not-resolved, unknown).

What to look at next
--------------------
`test url HOST`; the URL log of the session; for unresolved ones `show url-cloud status`; whether sessions to the same
host pass and fail in turns (first a cache miss, then a hit).

What else looks like this
-------------------------
A URL-filtering block (end reason threat, flag URL denied). One HTTP/2 stream of many (http2-stream). A traffic row
holds one category although a URL can have several: a miss on a custom category or URL list is never certain.
"""

from whydeny.model.flags import Flag
from whydeny.policy.questions import list_categories
from whydeny.verdict.case import Case
from whydeny.verdict.cause import Answer, CantTell, Cause, Gathering, Held, RuledOut
from whydeny.verdict.finding import Basis, Evidence, Outcome
from whydeny.verdict.grounds import lookup_evidence, lookup_rules_out, refusing, row_trail, rule_trail
from whydeny.verdict.references import THREAT_REASON, URL_LOOKUP

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
        return _open_category(case, category)
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
    _url_evidence(case, gathered)
    custom = list_categories(case.policy, rule.categories) if case.policy else ()
    if custom:
        text = f"{', '.join(custom[:3])} may hold the URL as well; a traffic row shows one category only"
        gathered.add(Evidence(text, -0.8, Basis.VENDOR))
    return Held(
        base=0.84,
        headline=f"Last allowed by {rule.name}, then refused: the URL category turned out to be {category}, which the "
        f"rule does not list, and the session ended at {refusing(refuser)}.",
        evidence=gathered.all(),
        variant="unresolved" if category in UNRESOLVED else None,
        denied_by=refuser.name,
        fix=_fix(case, category),
        fix_at=rule.origin.edited_at(),
        flips_if="a category in the row that the rule does not list",
    )


def _open_category(case: Case, category: str) -> Answer:
    rule = case.logged
    detail = case.criterion_detail(case.logged_trace, "category")
    name = rule.name if rule else case.named_rule
    base = 0.45 if case.refuser is not None and case.shift.fields == frozenset() else 0.15
    because = f"whether {category or 'the URL'} is among the categories of {name} can't be told: {detail}"
    return CantTell(because, f"the URL log of the session, or the members of the lists that {name} names", base)


def _url_evidence(case: Case, gathered: Gathering) -> None:
    if case.flag(Flag.URL_DENIED):
        text = "the flag URL denied is set: a URL-filtering profile blocked it (its end reason would be threat)"
        gathered.add(Evidence(text, -0.9, Basis.VENDOR))
    for row in case.url_rows[:1]:
        action = str(row.get("action") or "")
        weight = -0.8 if action.startswith("block") else 0.3
        text = f"the URL log has the session: {row.get('url') or 'URL not logged'}, {row.get('category')}, {action}"
        gathered.add(Evidence(text, weight, trail=row_trail("url", row["row"])))
    passed = [
        other
        for other in case.neighbours
        if other.rule == case.session.rule
        and other.category != case.session.category
        and case.related.outcome(other.row) == Outcome.COMPLETED
    ]
    if passed:
        other = passed[-1]
        text = f"session {other.id} of the same source passed the same rule with category {other.category}"
        gathered.add(Evidence(text, 0.4, trail=row_trail("traffic", other.row)))


def _fix(case: Case, category: str) -> str:
    if category in UNRESOLVED:
        return (
            "Mend the category look-up first (show url-cloud status, the management plane's way to the cloud). Adding "
            f"{category} to the rule lets every unrated site through; a rule below that logs shows what is lost."
        )
    return (
        f"If {category} is wanted for these users, add the category to {case.named_rule} or the one site to a custom URL "
        "category in the rule. As a way of blocking, a URL-filtering profile is better: it shows a page and logs. Any "
        "category would open the rule to every site."
    )
