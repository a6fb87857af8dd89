"""A rulebase's answer as lines: the rule, every criterion with what it wants and what was there, doubt, near misses."""

from collections.abc import Iterator
from dataclasses import dataclass

from whydeny.model.configuration import Rule, Rulebase
from whydeny.model.truth import Truth
from whydeny.policy.lookup import Certainty, Criterion, LookUp, RuleTrace
from whydeny.ui.glyphs import Glyphs
from whydeny.ui.lines import BLANK, Line, Span, line
from whydeny.verdict.case import NO_CONFIGURATION

NARROW = 34  # below it criteria that match share a line
FIELD = 13
WHERE_IT_IS = "Device > Setup > Operations > Export named configuration snapshot (running-config.xml)"
ROLES = {Truth.MATCH: "good", Truth.NO_MATCH: "bad", Truth.UNKNOWN: "doubt"}
WORDS = {Truth.MATCH: "match", Truth.NO_MATCH: "no match", Truth.UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class ToMembers:
    """Where a line leads: what the criteria of a rule list, beginning at one of them (empty: at the first)."""

    trace: RuleTrace
    field: str = ""


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """What a rule pane shows: the rulebase's answer, and a rule that was walked to instead of the one it landed on.

    `logged` is the trace of the rule that the log row names where that is another one than the look-up's; `total`
    the number of rules in the rulebase.
    """

    answer: LookUp
    walked: RuleTrace | None = None
    logged: RuleTrace | None = None
    logged_name: str | None = None
    total: int = 0

    @property
    def trace(self) -> RuleTrace | None:
        """The rule that is looked at."""
        return self.walked or self.answer.trace


def rule_lines(choice: RuleChoice, glyphs: Glyphs, width: int, full: bool = False) -> list[Line]:
    """What the pane of one rulebase says at `width` cells; `full` says all of it."""
    return list(_lines(choice, glyphs, width < NARROW and not full, full))


def _lines(choice: RuleChoice, glyphs: Glyphs, narrow: bool, full: bool) -> Iterator[Line]:
    answer = choice.answer
    if choice.walked is not None:
        yield line(
            Span(f"rule {choice.walked.rule.number} of {choice.total}", "key"),
            Span(f" {glyphs.dot} {_landed(answer)}; 0 goes back", "quiet"),
        )
        yield from _rule(choice.walked, glyphs, narrow, full)
        return
    differs = choice.logged_name is not None
    if differs:
        yield from _logged(choice, glyphs, narrow, full)
    if answer.rule is None:
        yield from _nothing(answer, differs)
    elif answer.trace is not None:
        yield from _rule(answer.trace, glyphs, narrow, full, "now " if differs else "")
    else:
        yield _heading(answer.rule, glyphs, None, "now " if differs else "")
    yield from _doubt(answer, glyphs)
    yield from _near(answer, glyphs, narrow, full)


def _landed(answer: LookUp) -> str:
    return f"the look-up ends at {answer.rule.number} {answer.rule.name}" if answer.rule else "no rule matches"


def _heading(rule: Rule, glyphs: Glyphs, result: Truth | None, before: str = "") -> Line:
    sign = [Span(f"{glyphs.sign(result)} ", ROLES[result])] if result is not None else []
    return line(
        Span(before, "quiet"),
        *sign,
        Span(f"{rule.number or rule.position} " if not rule.is_default else "", "quiet"),
        Span(rule.name, "strong"),
        Span(f" {glyphs.dot} ", "quiet"),
        Span(action_words(rule), _action_role(rule)),
        Span(f" {glyphs.dot} {rule.origin}", "quiet"),
        Span(f" {glyphs.dot} disabled" if rule.disabled else "", "doubt"),
        Span(f" {glyphs.dot} writes no log" if _silent(rule) else "", "doubt"),
        hang=2,
    )


def _action_role(rule: Rule) -> str:
    """Red and green are for what refuses and lets through; decrypting and asking is neither."""
    if rule.rulebase is not Rulebase.SECURITY:
        return "strong"
    return "good" if rule.action == "allow" else "bad"


def _silent(rule: Rule) -> bool:
    return rule.rulebase is Rulebase.SECURITY and rule.log_end is False and not rule.log_start


def action_words(rule: Rule) -> str:
    """What a rule does, in its own rulebase's words."""
    if rule.rulebase is Rulebase.AUTHENTICATION:
        return rule.enforcement or rule.action
    if rule.rulebase is Rulebase.DECRYPTION:
        return " ".join(filter(None, (rule.action, rule.decryption_type, rule.profile and f"profile {rule.profile}")))
    return rule.action


def _rule(trace: RuleTrace, glyphs: Glyphs, narrow: bool, full: bool, before: str = "") -> Iterator[Line]:
    yield _heading(trace.rule, glyphs, trace.result, before)
    yield from criteria_lines(trace, glyphs, narrow, full)
    rule = trace.rule
    about = [("tags", ", ".join(rule.tags)), ("about", rule.description)]
    if full:
        about += [("edited", rule.origin.edited_at()), ("uuid", rule.uuid or "")]
    indent = 2 if narrow else FIELD + 3
    for name, text in about:
        if text:
            yield line(Span(f"  {name} " if narrow else f"  {name}".ljust(indent), "quiet"), text, hang=indent)


def criteria_lines(trace: RuleTrace, glyphs: Glyphs, narrow: bool, full: bool = False) -> Iterator[Line]:
    """Every criterion; where it is narrow, those that match share a line."""
    if not narrow:
        for criterion in trace.criteria:
            yield from _criterion(criterion, glyphs, full, ToMembers(trace, criterion.field) if full else None)
        return
    for criterion in (*trace.misses(), *trace.unknowns()):
        why = criterion.detail or criterion.settle or f"{criterion.wanted}, had {criterion.had}"
        yield line(
            Span(f"{glyphs.sign(criterion.result)} ", ROLES[criterion.result]), f"{criterion.field}: {why}", hang=2
        )
    matched = [c.field for c in trace.criteria if c.result is Truth.MATCH]
    if matched:
        yield line(Span(f"{glyphs.match} ", "good"), " ".join(matched), hang=2)


def _criterion(criterion: Criterion, glyphs: Glyphs, full: bool, target: object = None) -> Iterator[Line]:
    role = ROLES[criterion.result]
    value = criterion.wanted
    if len(criterion.matched) > 1:
        value = f"{value} ({' > '.join(criterion.matched)})"
    if criterion.result is Truth.MATCH and not full:
        yield line(
            Span(f"{glyphs.sign(criterion.result)} ", role), Span(criterion.field.ljust(FIELD), "quiet"), " ", value,
            hang=FIELD + 3,
        )  # fmt: skip
        return
    word = "" if criterion.result is Truth.MATCH else f"{WORDS[criterion.result]}: "
    why = criterion.detail or (f"wants {criterion.wanted}, had {criterion.had}" if word else "")
    if criterion.result is Truth.UNKNOWN and criterion.settle:
        why = f"{why + '; ' if criterion.detail else ''}needs {criterion.settle}"
    yield line(
        Span(f"{glyphs.sign(criterion.result)} ", role),
        Span(criterion.field.ljust(FIELD), "quiet"),
        " ",
        *([Span(word, role), why] if word else [value]),
        hang=FIELD + 3 if full else 4,
        target=target,
    )
    if full:
        pairs = [("wants", value), ("had", criterion.had)] if word else [("had", criterion.had)]
        for name, text in pairs:
            if text:
                yield line(Span(" " * (FIELD + 3) + f"{name} ", "quiet"), text, hang=FIELD + 3)
        if not word and criterion.detail:
            yield line(" " * (FIELD + 3), Span(criterion.detail, "quiet"), hang=FIELD + 3)


def _logged(choice: RuleChoice, glyphs: Glyphs, narrow: bool, full: bool) -> Iterator[Line]:
    """The rule that the row names, where the look-up ends at another one: the difference first."""
    if choice.logged is None:
        yield line(
            Span("logged ", "quiet"), Span(choice.logged_name or "", "strong"), Span(" is not in this policy", "doubt")
        )
        return
    trace = choice.logged
    yield _heading(trace.rule, glyphs, trace.result, "logged ")
    for criterion in (*trace.misses(), *trace.unknowns()):
        if narrow:
            why = criterion.detail or f"{criterion.wanted}, had {criterion.had}"
            yield line(
                Span(f"{glyphs.sign(criterion.result)} ", ROLES[criterion.result]), f"{criterion.field}: {why}", hang=2
            )
        else:
            yield from _criterion(criterion, glyphs, False, ToMembers(trace, criterion.field) if full else None)
    yield BLANK


def _nothing(answer: LookUp, differs: bool) -> Iterator[Line]:
    before = Span("now " if differs else "", "quiet")
    if answer.reason:
        yield line(before, Span(answer.reason, "quiet"))
        if answer.reason == NO_CONFIGURATION:
            yield line(Span(WHERE_IT_IS, "quiet"))
    elif answer.possible:
        yield line(before, Span("no rule matches for certain", "doubt"))
    else:
        yield line(before, Span("no rule matches", "strong"))


def _doubt(answer: LookUp, glyphs: Glyphs) -> Iterator[Line]:
    """Rules above that can't be judged, and what would settle them."""
    if not answer.possible:
        return
    count = len(answer.possible)
    kind = "conditional" if answer.certainty is Certainty.CONDITIONAL else "open"
    yield line(
        Span(f"{glyphs.unknown} {kind}: {count} earlier rule{'s' if count > 1 else ''} can't be judged", "doubt"),
        hang=2,
    )
    traces = {trace.rule.number: trace for trace in answer.possible_traces}
    for rule in answer.possible:
        trace = traces.get(rule.number)
        needs = "; ".join(dict.fromkeys(c.settle or c.detail or c.field for c in trace.unknowns())) if trace else ""
        yield line(
            Span(f"  {rule.number} ", "quiet"),
            Span(rule.name, "strong"),
            Span(f" {action_words(rule)}", "quiet"),
            f": {needs}" if needs else "",
            hang=4,
            target=rule,
        )


def _near(answer: LookUp, glyphs: Glyphs, narrow: bool, full: bool) -> Iterator[Line]:
    landed = answer.rule.number if answer.rule else None
    near = [trace for trace in answer.near if trace.rule.number != landed]
    if not near:
        return
    shown = near if full else near[: 1 if narrow or answer.rule is not None else 3]
    yield BLANK
    yield line(Span("nearest misses" if len(shown) > 1 else "nearest miss", "title"))
    for trace in shown:
        yield line(
            Span(f"{trace.rule.number} ", "quiet"),
            Span(trace.rule.name, "strong"),
            Span(f" {glyphs.dot} {action_words(trace.rule)}", "quiet"),
            hang=2,
            target=trace.rule,
        )
        for criterion in (*trace.misses(), *trace.unknowns()):
            why = criterion.detail or f"wants {criterion.wanted}, had {criterion.had}"
            yield line(
                Span(f"  {glyphs.sign(criterion.result)} ", ROLES[criterion.result]),
                f"{criterion.field}: {why}",
                hang=4,
            )
