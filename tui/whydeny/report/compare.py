"""Two moments side by side, as text and as JSON lines."""

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from whydeny.report.data import session_data
from whydeny.report.text import session_line, wrapped
from whydeny.snapshot.compare import Comparison, Moment
from whydeny.snapshot.rule_changes import RuleChange

SCHEMA_VERSION = 1  # of docs/compare.schema.json
MOST = 50  # lines of each sort in the text
# What a changed session is told by, the most important first.
_TOLD = ("outcome", "cause", "variant", "denied_by", "action", "end_reason", "rule", "application", "state")


def is_same(found: Comparison) -> bool:
    """Whether nothing differs."""
    return not (len(found.new) or len(found.gone) or found.changed.height or found.moved.height or found.rules)


def compare_text(found: Comparison, before: Moment, after: Moment, names: tuple[str, str], most: int = MOST) -> str:
    """The comparison as plain text; `names` are those of the two moments, `most` lines of each sort are shown."""
    lines = [f"Before: {names[0]}, {len(before.site.sessions):,} sessions"]
    lines += [f"After:  {names[1]}, {len(after.site.sessions):,} sessions", ""]
    if is_same(found):
        return "\n".join([*lines, "Nothing differs."]) + "\n"
    lines.append(
        f"{_count(len(found.new), 'session')} new, {len(found.gone):,} gone, {found.changed.height:,} changed; "
        f"{_count(len(found.rules), 'rule')} changed, {_count(found.moved['after'].n_unique(), 'session')} moved to another "
        "rule"
    )
    lines += _section("Rules", [_rule_sentence(change) for change in found.rules], most)
    lines += _section("Sessions that another rule takes", _moved_sentences(found.moved), most)
    lines += _section("Sessions that ended otherwise", _changed_sentences(found.changed, after), most)
    lines += _section("New sessions", _listed(after, found.new, most), most, len(found.new))
    lines += _section("Sessions that are gone", _listed(before, found.gone, most), most, len(found.gone))
    return "\n".join(lines) + "\n"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _section(title: str, sentences: list[str], most: int, total: int | None = None) -> list[str]:
    if not sentences:
        return []
    lines = ["", f"{title}:"]
    for sentence in sentences[:most]:
        lines += wrapped(sentence, "    ", "  - ")
    left = (len(sentences) if total is None else total) - min(most, len(sentences))
    return [*lines, f"    and {left:,} more"] if left else lines


def _rule_sentence(change: RuleChange) -> str:
    where = f"{change.name} ({change.where}, {change.rulebase})"
    parts = [f"{change.how}"]
    if change.name_before is not None and change.name_before != change.name:
        parts.append(f"was {change.name_before}")
    if change.position_before != change.position_after and change.position_before and change.position_after:
        parts.append(f"position {change.position_before} to {change.position_after}")
    parts += [f"{detail.field}: {detail.before} to {detail.after}" for detail in change.details]
    return f"{where}: {'; '.join(parts)}"


def _moved_sentences(moved: pl.DataFrame) -> list[str]:
    groups = moved.group_by("rulebase", "rule_before", "rule_after", "because", maintain_order=True).len()
    found = []
    for rulebase, old, new, because, count in groups.sort("len", descending=True, maintain_order=True).iter_rows():
        why = f"because {because} changed" if because else "no rule of them changed: an object, list or group did"
        found.append(f"{count:,} of {rulebase}: {old or 'no rule'} to {new or 'no rule'}; {why}")
    return found


def _changed_sentences(changed: pl.DataFrame, after: Moment) -> list[str]:
    """Changed sessions that changed alike are one sentence, with the first of them."""
    alike: dict[str, list[int]] = {}
    for row in changed.iter_rows(named=True):
        what = "; ".join(
            f"{name.replace('_', ' ')} {old or 'none'} to {new or 'none'}" for name, old, new in _told(row)
        )
        alike.setdefault(what, []).append(row["after"])
    found = []
    for what, rows in sorted(alike.items(), key=lambda item: -len(item[1])):
        session = after.site.sessions.session(rows[0])
        first = "session" if len(rows) == 1 else "the first is session"
        found.append(f"{len(rows):,}: {what}; {first} {session.id or 'without id'}, {session_line(session)}")
    return found


def _told(row: dict[str, Any]) -> Iterator[tuple[str, str | None, str | None]]:
    for name in _TOLD:
        if f"{name}_before" in row and row[f"{name}_before"] != row[f"{name}_after"]:
            yield name, row[f"{name}_before"], row[f"{name}_after"]


def _listed(moment: Moment, rows: pl.Series, most: int) -> list[str]:
    found = []
    for row in rows[:most].to_list():
        session = moment.site.sessions.session(row)
        outcome = "" if moment.judged is None else f", {moment.judged['outcome'][row]}"
        words = (
            f"session {session.id or 'without id'}, {session_line(session)}, {session.application or 'no application'}"
        )
        found.append(f"{words}, rule {session.rule or 'none'}{outcome}")
    return found


def compare_json(found: Comparison, before: Moment, after: Moment, names: tuple[str, str]) -> Iterator[str]:
    """The comparison as JSON lines: one about the whole, then one each for `rule`, `moved`, `changed`, `new`, `gone`."""
    yield _line(
        before={"name": names[0], "sessions": len(before.site.sessions)},
        after={"name": names[1], "sessions": len(after.site.sessions)},
        same=is_same(found),
        new=len(found.new),
        gone=len(found.gone),
        changed=found.changed.height,
        moved=found.moved.height,
        rules=len(found.rules),
    )
    for change in found.rules:
        yield _line(
            what="rule",
            where=change.where,
            rulebase=change.rulebase.value,
            rule=change.name,
            how=change.how.value,
            rule_before=change.name_before,
            position_before=change.position_before,
            position_after=change.position_after,
            details=[{"field": d.field, "before": d.before, "after": d.after} for d in change.details],
        )
    for row in found.moved.iter_rows(named=True):
        session = session_data(after.site.sessions.session(row["after"]))
        rest = {name: row[name] for name in ("rulebase", "rule_before", "rule_after", "because")}
        yield _line(what="moved", session=session, **rest)
    for row in found.changed.iter_rows(named=True):
        session = session_data(after.site.sessions.session(row["after"]))
        differ = {name: {"before": old, "after": new} for name, old, new in _told(row)}
        yield _line(what="changed", session=session, differences=differ)
    for what, moment, rows in (("new", after, found.new), ("gone", before, found.gone)):
        for row_number in rows.to_list():
            yield _line(
                what=what,
                session=session_data(moment.site.sessions.session(row_number)),
                outcome=None if moment.judged is None else moment.judged["outcome"][row_number],
            )


def _line(**values: Any) -> str:
    return json.dumps({"schema": SCHEMA_VERSION} | values, ensure_ascii=False)


def changed_verdict_sentences(changed: pl.DataFrame, saved_by: str, now: str) -> tuple[str, ...]:
    """What to say of a snapshot that this version judges otherwise: `changed` as `changed_verdicts` gives it, the
    version that saved it and this one. Empty where nothing differs."""
    if not changed.height:
        return ()
    count = f"{changed.height:,} verdict{'' if changed.height == 1 else 's'}"
    said = [f"{count} of the snapshot, saved by whydeny {saved_by}, would be another in this one ({now}):"]
    groups = changed.group_by(
        "outcome_before", "cause_before", "outcome_after", "cause_after", maintain_order=True
    ).len()
    for old, old_cause, new, new_cause, times in groups.sort("len", descending=True, maintain_order=True).iter_rows():
        one, other = old_cause or old or "none", new_cause or new or "none"
        said.append(f"{times:,}: {one} {'by another variant or rule' if one == other else f'to {other}'}")
    return tuple(said[:20])
