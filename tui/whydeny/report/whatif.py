"""What a replay found, as text and as JSON lines, with the lines to paste."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from whydeny.model.configuration import ANY, UNSETTLED, Rule, Rulebase
from whydeny.model.site import Site
from whydeny.policy.compiled import unsettled_criteria
from whydeny.policy.differences import How, RuleChange
from whydeny.report.data import session_data
from whydeny.report.text import WIDTH, wrapped
from whydeny.verdict.replayed import Effect, Move, Replay

SCHEMA_VERSION = 1  # of docs/whatif.schema.json
UNTOUCHED = "Nothing was changed on any firewall: this is a replay of rows, in memory."
_MOST_MOVES = 12
_WORDS = {
    "from_zones": "from", "to_zones": "to", "sources": "source", "destinations": "destination", "users": "source-user",
    "source_hips": "source-hip", "destination_hips": "destination-hip", "applications": "application",
    "services": "service", "categories": "category", "enforcement": "authentication-enforcement",
    "targets": "target", "decryption_type": "type", "profiles": "profile-setting", "override_protocol": "protocol",
    "override_ports": "port", "override_application": "application",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What was replayed: the lines (as they are pasted), where they are typed, or the name of a candidate."""

    lines: tuple[str, ...] = ()
    at: str = ""
    candidate: str = ""


def whatif_text(replay: Replay, asked: Asked) -> str:
    """The replay as plain text."""
    return "\n".join(whatif_lines(replay, asked)) + "\n"


def whatif_lines(replay: Replay, asked: Asked) -> list[str]:
    """The same by lines."""
    lines = [*wrapped(UNTOUCHED), ""]
    if asked.lines:
        where = f" {asked.at}" if asked.at else ""
        lines += [f"The change, for pasting in configuration mode{where}:", "", *asked.lines, ""]
    else:
        lines += [*wrapped(f"The change: the configuration {asked.candidate} in the place of the present one."), ""]
    return [*lines, *result_lines(replay)]


def result_lines(replay: Replay, width: int = WIDTH) -> list[str]:
    """What came of the change, without the change itself."""
    changes = [change_text(change) for change in replay.changes]
    lines = [*_listed("Rules that differ", changes, "none: no look-up can come out otherwise", width)]
    lines += [*_section("Look again, before this is pasted", _items(replay.cautions, width)), ""]
    text = f"{replay.sessions:,} sessions: {replay.refused:,} were refused, {replay.passed:,} passed."
    if replay.unjudged:
        text += f" Of {replay.unjudged:,} no policy is known; they count as unchanged."
    lines += [*wrapped(text, width=width), ""]
    for effect, title in (
        (Effect.PASSES, "would pass"),
        (Effect.RELEASED, "may pass, no longer asked or decrypted"),
        (Effect.LOST, "would be lost"),
        (Effect.UNKNOWN, "can't be told"),
        (Effect.UNCHANGED, "unchanged"),
    ):
        if effect is Effect.RELEASED and not replay.counts[effect]:
            continue
        lines.append(f"{replay.counts[effect]:>9,}  {title}{_conditional(replay.conditional[effect])}")
        if effect is not Effect.UNCHANGED:
            lines += _moves(replay.of(effect), width)
    for rulebase in (Rulebase.SECURITY, Rulebase.DECRYPTION, Rulebase.AUTHENTICATION):
        moves = replay.of(Effect.UNCHANGED, rulebase)
        lines += _section(f"The same outcome, by another {rulebase} rule", _moves(moves, width))
    lines += _section("Shadowed, for these sessions", _items(shadow_texts(replay), width))
    unused = [f"{idle.rule} takes none of these sessions" for idle in replay.unused]
    lines += _section("Unused, of the rules that differ", _items(unused, width))
    lines += _section("What would settle what can't be told", _doubts(replay, width))
    lines += _section("What no replay can know", _items(replay.limits, width))
    return lines


def _conditional(count: int) -> str:
    return f" ({count:,} of them conditionally)" if count else ""


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", f"{title}:", *lines] if lines else []


def _listed(title: str, items: Sequence[str], empty: str, width: int) -> list[str]:
    return [f"{title}:", *_items(items, width)] if items else wrapped(f"{title}: {empty}.", width=width)


def _items(items: Sequence[str], width: int) -> list[str]:
    return [line for item in items for line in wrapped(item, "    ", "  - ", width)]


def _moves(moves: Sequence[Move], width: int) -> list[str]:
    found = []
    for move in moves[:_MOST_MOVES]:
        found += wrapped(move_text(move), " " * 17, f"{move.sessions:>15,}  ", width)
    if len(moves) > _MOST_MOVES:
        rest = sum(move.sessions for move in moves[_MOST_MOVES:])
        found.append(f"{rest:>15,}  by {len(moves) - _MOST_MOVES} other pairs of rules")
    return found


def move_text(move: Move) -> str:
    """From which rule to which."""
    other = "" if move.rulebase is Rulebase.SECURITY else f" ({move.rulebase})"
    way = f"{move.before or 'no rule'} -> {move.after or 'no rule'}"
    if move.before == move.after:
        way = f"{move.before}, as it is changed" if move.before else "no rule"
    return f"{way}{other}{_conditional(move.conditional)}"


def shadow_texts(replay: Replay) -> list[str]:
    """The rules that others stand before now, in sentences."""
    return [
        f"{idle.rule} took {idle.before:,} and takes none now: {', '.join(idle.by) or 'no rule'} stands before it"
        for idle in replay.shadowed
    ]


def _doubts(replay: Replay, width: int) -> list[str]:
    lines = []
    for doubt in replay.doubts:
        lines += wrapped(f"{doubt.sessions:,}: {doubt.why}", "    ", "  - ", width)
        for settle in doubt.settle:
            lines += wrapped(f"settled by {settle}", "      ", width=width)
    if replay.disputed:
        text = (
            f"{replay.disputed:,} passed although this configuration would have refused them: it is not the one of their "
            "time, or App-ID let them through for what they might become. Settled by the configuration of the time."
        )
        lines += wrapped(text, "    ", "  - ", width)
    return lines


def change_text(change: RuleChange) -> str:
    """What became of a rule, in a line."""
    rule = change.rule
    text = f"{change.how} {rule.rulebase} rule {rule.name} ({rule.origin})"
    if change.how is How.OBJECTS:
        return f"{rule.rulebase} rule {rule.name} ({rule.origin}): what it names differs: {', '.join(change.names)}"
    if change.how is How.MOVED and change.before is not None:
        return f"{text}: from place {change.before.number} to {rule.number}"
    if change.before is not None and any(_fields(change)):
        parts = [f"{_word(name)} {_value(change.before, name)} -> {_value(rule, name)}" for name in _fields(change)]
        text += ": " + "; ".join(parts)
    if not change.matters:
        text += " (no look-up asks for that)"
    return text


def _fields(change: RuleChange) -> Iterator[str]:
    """What differs; of the criteria that no log shows, those that do, by their keywords."""
    for field in change.fields:
        if field == "unsettled" and change.before is not None:
            yield from (name for name in UNSETTLED if _value(change.before, name) != _value(change.rule, name))
        else:
            yield field


def _word(field: str) -> str:
    return _WORDS.get(field, field.replace("_", "-"))


def _value(rule: Rule, field: str) -> str:
    value = unsettled_criteria(rule).get(field, ANY) if field in UNSETTLED else getattr(rule, field)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return str(value) if value not in (None, "") else "none"


# --- JSON


def whatif_json(replay: Replay, asked: Asked, site: Site) -> Iterator[str]:
    """The replay as JSON lines: one about the whole, then one for each session that does not stay as it was."""
    yield json.dumps(_summary(replay, asked), ensure_ascii=False)
    for row in (replay.rows["effect"] != Effect.UNCHANGED.value).arg_true().to_list():
        effect, conditional, before, after = replay.rows.row(row)
        entry = {
            "schema": SCHEMA_VERSION,
            "row": row,
            "effect": effect,
            "conditional": conditional,
            "before": before,
            "after": after,
            "session": session_data(site.sessions.session(row)),
        }
        yield json.dumps(entry, ensure_ascii=False)


def _summary(replay: Replay, asked: Asked) -> dict[str, Any]:
    return {
        "schema": SCHEMA_VERSION,
        "note": UNTOUCHED,
        "lines": list(asked.lines),
        "at": asked.at or None,
        "candidate": asked.candidate or None,
        "sessions": replay.sessions,
        "refused": replay.refused,
        "passed": replay.passed,
        "effects": {effect.value: count for effect, count in replay.counts.items()},
        "conditional": {effect.value: count for effect, count in replay.conditional.items()},
        "disputed": replay.disputed,
        "unjudged": replay.unjudged,
        "moves": [
            {
                "effect": move.effect.value,
                "rulebase": move.rulebase.value,
                "before": move.before,
                "after": move.after,
                "sessions": move.sessions,
                "conditional": move.conditional,
                "specimen": move.specimen,
            }
            for move in replay.moves
        ],
        "rules": [_change_data(change) for change in replay.changes],
        "shadowed": [{"rule": idle.rule, "sessions": idle.before, "by": list(idle.by)} for idle in replay.shadowed],
        "unused": [idle.rule for idle in replay.unused],
        "doubts": [
            {"why": doubt.why, "settle": list(doubt.settle), "sessions": doubt.sessions} for doubt in replay.doubts
        ],
        "cautions": list(replay.cautions),
        "limits": list(replay.limits),
    }


def _change_data(change: RuleChange) -> dict[str, Any]:
    return {
        "how": change.how.value,
        "rulebase": change.rule.rulebase.value,
        "rule": change.rule.name,
        "at": change.rule.origin.edited_at(),
        "fields": [_word(field) for field in _fields(change)],
        "objects": list(change.names),
        "matters": change.matters,
    }
