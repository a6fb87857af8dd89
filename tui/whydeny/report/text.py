"""A finding as plain text for a ticket: the facts on top, the evidence numbered, no box characters."""

import textwrap
from collections.abc import Iterable

from whydeny.model.configuration import Rule, Rulebase
from whydeny.model.tables import Session
from whydeny.model.truth import Truth
from whydeny.policy.lookup import Certainty, LookUp, RuleTrace
from whydeny.verdict.catalogue import catalogue
from whydeny.verdict.finding import Basis, Evidence, Finding

WIDTH = 100


def wrapped(text: str, indent: str = "", first: str | None = None, width: int = WIDTH) -> list[str]:
    """Lines of at most `width` columns; `first` is the indent of the first one."""
    return textwrap.wrap(
        text, width, initial_indent=indent if first is None else first, subsequent_indent=indent, break_on_hyphens=False
    )


def session_line(session: Session) -> str:
    """Who talked to whom, in one line."""
    source = f"{session.source_text or '?'}:{session.source_port if session.source_port is not None else '?'}"
    port = session.destination_port if session.destination_port is not None else "?"
    destination = f"{session.destination_text or '?'}:{port}"
    return f"{source} to {destination} {session.protocol_word or '?'}"


def session_facts(session: Session) -> list[tuple[str, str]]:
    """What the row says, as label and value; what it doesn't say is left out."""
    facts: list[tuple[str, object]] = [
        ("Session", f"{session.id or 'no id'}, {session_line(session)}"),
        ("Firewall", ", ".join(str(v) for v in (session.device_name, session.serial, session.vsys) if v)),
        ("Zones", f"{session.from_zone or '?'} to {session.to_zone or '?'}"),
        ("User", session.user or ("not shown in the session table" if session.live else "none")),
        ("Application", session.application),
        ("Category", session.category),
        ("Time", _time_of(session)),
        ("Row says", _row_says(session)),
        ("Type", session.subtype),
        ("Flags", ", ".join(session.flag_words) or ("" if session.flags_known else "not logged")),
        ("State", session.state),
        ("Tracker", session.tracker_stage),
    ]
    return [(label, str(value)) for label, value in facts if value]


def _time_of(session: Session) -> str:
    moment = session.end or session.time
    if moment is None:
        return f"since {session.start}" if session.start else ""
    return f"{session.start or '?'} to {moment} ({session.elapsed or 0} s)"


def _row_says(session: Session) -> str:
    if session.live and session.action is None:
        told = (("rule", session.rule), ("end reason", session.end_reason))
        return ", ".join(f"{label} {value}" for label, value in told if value) or "no rule"
    return f"rule {session.rule}, action {session.action}, end reason {session.end_reason or 'none'}"


def rule_action(rule: Rule) -> str:
    """What a rule does, in its own word; an authentication rule asks by its enforcement."""
    if rule.rulebase is Rulebase.AUTHENTICATION:
        return rule.enforcement or "no enforcement"
    return rule.action


_BASIS = {Basis.VENDOR: " [documented]", Basis.OPINION: " [expert opinion]", Basis.DEDUCTION: " [deduced]"}


def evidence_text(item: Evidence) -> str:
    """A piece of evidence, marked where it is not read off a row or a rule: documented, opinion or deduced."""
    return item.text + _BASIS.get(item.basis, "")


def rule_line(look: LookUp) -> str:
    """Which rule a look-up ends at, in a line."""
    if look.rule is None:
        text = look.reason or ("none matches" if not look.possible else "none certainly")
    else:
        text = f"{look.rule.number} {look.rule.name} ({rule_action(look.rule)}, {look.rule.origin})"
        if look.reason:
            text += f"; {look.reason}"
    if look.certainty is not Certainty.CERTAIN:
        text += f" [{look.certainty}]"
    if look.possible:
        names = ", ".join(rule.name for rule in look.possible[:4])
        more = f" and {len(look.possible) - 4} more" if len(look.possible) > 4 else ""
        text += f"; can't be judged before it: {names}{more}"
    return text


def miss_line(trace: RuleTrace) -> str:
    """Why a rule did not match, in a line."""
    telling = (*trace.misses(), *trace.unknowns())
    if not telling:
        return f"{trace.rule.name}: every criterion matches"
    parts = [f"{c.field}: {c.detail or f'wants {c.wanted}, had {c.had}'}" for c in telling[:3]]
    word = "no match" if trace.result is Truth.NO_MATCH else "unknown"
    return f"{trace.rule.name}: {word}; " + "; ".join(parts)


def finding_text(finding: Finding) -> str:
    """The finding as `explain` prints it and as it is copied."""
    verdict = finding.verdict
    lines: list[str] = [f"{label + ':':<13}{value}" for label, value in session_facts(finding.session)]
    lines += ["", f"Outcome:     {finding.outcome}"]
    if verdict.cause:
        variant = f" ({verdict.variant})" if verdict.variant else ""
        lines.append(f"Cause:       {verdict.cause}{variant}, confidence {verdict.confidence:.2f}")
        lines.append(f"Denied by:   {verdict.denied_by or 'not known'}")
    lines += ["", *wrapped(verdict.headline)]
    if verdict.confidence_why:
        lines += ["", *wrapped(f"Confidence {verdict.confidence:.2f}, {verdict.confidence_why}")]
    lines += _numbered("Evidence for", [evidence_text(item) for item in verdict.supports])
    lines += _numbered("Evidence against", [evidence_text(item) for item in verdict.contradicts])
    lines += _numbered("Missing", verdict.missing)
    if finding.alternatives:
        lines += ["", "What else it could be:"]
        for item in finding.alternatives:
            title = catalogue()[item.cause].cause.title
            lines += wrapped(f"{item.cause} {item.confidence:.2f} ({title}); turned by: {item.flips_if}", "   ", " - ")
    lines += ["", "Rules for the final values:"]
    for rulebase in (Rulebase.SECURITY, Rulebase.DECRYPTION, Rulebase.AUTHENTICATION):
        look = finding.lookups[rulebase]
        lines += wrapped(f"{rulebase + ':':<16}{rule_line(look)}", " " * 18, "  ")
        shown = [*look.possible_traces[:2], *look.near[:3]]
        for trace in shown:
            lines += wrapped(miss_line(trace), " " * 22, " " * 20)
    if verdict.fix:
        where = f" (edited {verdict.fix_at})" if verdict.fix_at else ""
        lines += ["", *wrapped(f"What to do{where}: {verdict.fix}")]
    if verdict.commands:
        lines += [
            "",
            *wrapped(f"Commands{_target(finding.session)}:"),
            *(f"  {command}" for command in verdict.commands),
        ]
    if finding.excluded:
        lines += ["", "Ruled out:"]
        for exclusion in finding.excluded:
            lines += wrapped(f"{exclusion.cause}: {exclusion.because}", "   ", " - ")
    if verdict.references:
        lines += ["", "References:", *(f"  {r.title}: {r.address}" for r in verdict.references)]
    return "\n".join(lines) + "\n"


def _target(session: Session) -> str:
    """What has to come before tests of another virtual system than the first, which is what they ask otherwise."""
    if session.vsys in (None, "", "vsys1"):
        return ""
    return f" (tests ask vsys1 unless set system setting target-vsys {session.vsys} came before)"


def _numbered(title: str, items: Iterable[str]) -> list[str]:
    found = list(items)
    if not found:
        return []
    lines = ["", f"{title}:"]
    for number, item in enumerate(found, 1):
        lines += wrapped(item, "    ", f" {number}. ")
    return lines
