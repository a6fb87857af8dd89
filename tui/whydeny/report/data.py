"""A finding as the JSON object of the command-line contract."""

from datetime import datetime
from typing import Any

from whydeny.model.tables import Session
from whydeny.policy.flows import user_of
from whydeny.policy.lookup import LookUp, RuleTrace
from whydeny.report.text import evidence_text
from whydeny.verdict.finding import Finding

SCHEMA_VERSION = 1  # of docs/finding.schema.json; another one when a name or a meaning changes


def time_text(moment: datetime | None) -> str | None:
    """A moment as the JSON lines have it: local to the device, to the second."""
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S}"


def session_data(session: Session) -> dict[str, Any]:
    """The `session` object: what the row says."""
    return {
        "id": session.id,
        "serial": session.serial,
        "vsys": session.vsys,
        "start": time_text(session.start),
        "end": time_text(session.end),
        "source": session.source_text,
        "source_port": session.source_port,
        "destination": session.destination_text,
        "destination_port": session.destination_port,
        "protocol": session.protocol_word,
        "from_zone": session.from_zone,
        "to_zone": session.to_zone,
        "user": user_of(session.user, live=True) or None,
        "application": session.application,
        "category": session.category,
        "rule": session.rule,
        "action": session.action,
        "end_reason": session.end_reason,
        "subtype": session.subtype,
        "flags": list(session.flag_words),
        "state": session.state,
    }


def trace_data(traces: tuple[RuleTrace, ...]) -> list[dict[str, Any]]:
    """The `trace` list: each rule that was looked at closely, with the criterion that settled it."""
    found = []
    for trace in traces:
        telling = (*trace.misses(), *trace.unknowns()) or trace.criteria[:0]
        entry: dict[str, Any] = {"rule": trace.rule.name, "result": trace.result.value}
        if telling:
            entry |= {"criterion": telling[0].field, "detail": telling[0].detail or telling[0].wanted}
            if telling[0].settle:
                entry["settle"] = telling[0].settle
        else:
            entry |= {"criterion": None, "detail": "every criterion matches"}
        found.append(entry)
    return found


def look_up_traces(look: LookUp) -> tuple[RuleTrace, ...]:
    """The rules worth showing: those that can't be judged, the one that matches, the nearest misses."""
    own = (look.trace,) if look.trace is not None else ()
    return (*look.possible_traces, *own, *look.near)


def finding_json(finding: Finding) -> dict[str, Any]:
    """One line of `explain --format json`; `docs/finding.schema.json` has its shape."""
    verdict = finding.verdict
    rules: dict[str, Any] = {}
    for rulebase, look in finding.lookups.items():
        rules[rulebase.value] = {
            "evaluated": look.rule.name if look.rule else None,
            "certainty": look.certainty.value,
            "possible": [rule.name for rule in look.possible],
            "trace": trace_data(look_up_traces(look)),
        }
        if look.reason:
            rules[rulebase.value]["reason"] = look.reason
    rules["security"]["logged"] = finding.logged_rule
    return {
        "schema": SCHEMA_VERSION,
        "session": session_data(finding.session),
        "outcome": finding.outcome.value,
        "verdict": {
            "cause": verdict.cause,
            "variant": verdict.variant,
            "confidence": verdict.confidence,
            "confidence_why": verdict.confidence_why,
            "denied_by": verdict.denied_by,
            "headline": verdict.headline,
            "supports": [evidence_text(item) for item in verdict.supports],
            "contradicts": [evidence_text(item) for item in verdict.contradicts],
            "missing": list(verdict.missing),
            "fix": verdict.fix,
            "fix_at": verdict.fix_at,
            "commands": list(verdict.commands),
            "references": [f"{reference.title} <{reference.address}>" for reference in verdict.references],
        },
        "alternatives": [
            {"cause": item.cause, "confidence": item.confidence, "flips_if": item.flips_if}
            for item in finding.alternatives
        ],
        "excluded": [{"cause": item.cause, "because": item.because} for item in finding.excluded],
        "rules": rules,
    }
