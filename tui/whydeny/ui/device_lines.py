"""Local and device answers side by side: what the configuration says, and what the firewall's own tests say."""

from collections.abc import Iterator
from dataclasses import dataclass

from whydeny.model.answers import PolicyTest
from whydeny.model.configuration import Rule, Rulebase
from whydeny.policy.lookup import LookUp
from whydeny.ui.glyphs import Glyphs
from whydeny.ui.lines import BLANK, Line, Span, fit, line
from whydeny.verdict.finding import Finding, Verdict

RULEBASES = (Rulebase.SECURITY, Rulebase.DECRYPTION, Rulebase.AUTHENTICATION)
LABEL = 16
_ACTIONS_THAT_REFUSE = frozenset({"deny", "drop", "reset-client", "reset-server", "reset-both"})


@dataclass(frozen=True, slots=True)
class SideBySide:
    """One rulebase: the look-up in the configuration (None without one), the device's answer, or why it has none.

    `said` is the rule that the device names as the configuration has it, None where it names none or another.
    """

    rulebase: Rulebase
    look: LookUp | None
    test: PolicyTest | None = None
    why_not: str = ""
    said: Rule | None = None

    @property
    def device_rule(self) -> str:
        """The first rule that the device names, empty for none."""
        return self.test.rules[0] if self.test is not None and self.test.rules else ""

    @property
    def same(self) -> bool | None:
        """Whether both end at the same rule; None where one of them has no answer, or the device names one of the
        rules that the configuration alone leaves open.

        The security test names no rule where a default rule takes the session.
        """
        if self.test is None or self.look is None:
            return None
        if self.look.possible and any(self._is(rule) for rule in (*self.look.possible, self.look.rule)):
            return None
        return self._is(self.look.rule)

    def _is(self, rule: Rule | None) -> bool:
        """Whether the device's answer is that rule (None: no rule)."""
        if not self.device_rule:
            return rule is None or rule.is_default
        return rule is not None and rule.name == self.device_rule


def device_lines(
    sides: list[SideBySide],
    before: Finding,
    after: Finding,
    answer: tuple[tuple[str, str], ...],
    width: int,
    glyphs: Glyphs,
) -> list[Line]:
    """The whole page at `width` cells. `before` and `after` are the findings without and with the device's answers;
    `answer` what `show session id` says, empty where the session is over."""
    session = before.session
    half = max(12, (width - LABEL - 6) // 2)
    lines = [
        line(
            Span(f"{session.source_text}:{session.source_port} > {session.destination_text}:{session.destination_port}",
                 "strong"),
            f"  {session.application or glyphs.dash}  {session.from_zone or glyphs.dash} to {session.to_zone or glyphs.dash}",
        ),
        BLANK,
        line(Span(" " * LABEL + fit("by the configuration", half, glyphs.more) + " ", "title"),
             Span("by the firewall's own test", "title")),
    ]  # fmt: skip
    for side in sides:
        lines += _side(side, half, glyphs)
    lines += [BLANK, *_verdicts(before.verdict, after.verdict)]
    return [*lines, BLANK, *_asked(sides), *_details(answer)]


def _side(side: SideBySide, half: int, glyphs: Glyphs) -> Iterator[Line]:
    local = Span(fit(_local_words(side.look, glyphs), half, glyphs.more) + " ", _role(_rule_of(side.look)))
    if side.test is None:
        device = Span("no answer", "doubt")
    else:
        action = side.test.actions[0] if side.test.actions else (side.said.action if side.said else "")
        words = " · ".join(word for word in (side.device_rule or "no rule", action) if word).replace("·", glyphs.dot)
        device = Span(fit(words, half, glyphs.more), "bad" if action in _ACTIONS_THAT_REFUSE else "")
    yield line(Span(f"{side.rulebase!s:<{LABEL}}", "key"), local, device)
    pad = " " * LABEL
    if side.test is None:
        yield line(pad, Span(f"{glyphs.unknown} {side.why_not}", "doubt"), hang=LABEL + 2)
        return
    if side.same:
        yield line(pad, Span(f"{glyphs.match} both end at the same rule", "good"))
    elif side.same is False:
        text = f"{glyphs.no_match} they differ: the firewall is right about itself, so this verdict trusts it less"
        yield line(pad, Span(text, "bad"), hang=LABEL + 2)
    elif side.look is not None:
        yield line(
            pad, Span(f"{glyphs.match} settles what the configuration alone leaves open", "good"), hang=LABEL + 2
        )
    else:
        yield line(pad, Span(f"{glyphs.unknown} there is nothing to compare it with", "doubt"), hang=LABEL + 2)


def _rule_of(look: LookUp | None) -> Rule | None:
    return look.rule if look is not None else None


def _role(rule: Rule | None) -> str:
    return "bad" if rule is not None and rule.action in _ACTIONS_THAT_REFUSE else ""


def _local_words(look: LookUp | None, glyphs: Glyphs) -> str:
    if look is None:
        return "no configuration"
    rule = look.rule
    ends = (
        "no rule"
        if rule is None
        else f"{'' if rule.is_default else f'{rule.number} '}{rule.name} {glyphs.dot} {rule.action}"
    )
    if look.possible:
        names = ", ".join(rule.name for rule in look.possible)
        return f"open: {names}, else {ends}"
    return ends if rule is not None or not look.reason else look.reason


def _verdicts(before: Verdict, after: Verdict) -> Iterator[Line]:
    """The verdict with the device's answers, and what it was without them."""
    title = after.title or after.headline
    yield line(Span("The verdict now", "title"))
    sure = [Span(f"  sure {after.confidence:.2f}", "strong")] if after.cause else []
    if after.cause and after.confidence != before.confidence:
        sure.append(Span(f", {before.confidence:.2f} without the firewall's answers", "quiet"))
    yield line(f"  {title}", *sure, hang=2)
    if after.title != before.title and before.title:
        yield line(Span(f"  it was: {before.title}", "quiet"), hang=2)
    known = before.confidence_why.split(" | ")
    for reason in after.confidence_why.split(" | "):
        if reason and reason not in known:
            yield line(Span("  sure ", "key"), reason, hang=7)
    for evidence in (*after.supports, *after.contradicts):
        if "own test" in evidence.text:
            yield line(Span("  + " if evidence.weight > 0 else "  - ", "key"), evidence.text, hang=4)


def _asked(sides: list[SideBySide]) -> Iterator[Line]:
    yield line(Span("What the firewall was asked", "title"))
    for side in sides:
        if side.test is not None and side.test.asked:
            words = " ".join(f"{name} {value}" for name, value in side.test.asked.items() if name != "vsys")
            vsys = side.test.asked.get("vsys")
            where = Span(f"  in {vsys}" if vsys else "", "quiet")
            yield line(Span(f"  test {side.rulebase}-policy-match ", "link"), words, where, hang=4)


def _details(answer: tuple[tuple[str, str], ...]) -> Iterator[Line]:
    if not answer:
        return
    yield BLANK
    yield line(Span("What it says of the session (show session id)", "title"))
    for label, text in answer:
        yield line(Span(f"  {label:<24} ", "quiet"), text, hang=27)
