"""A finding as lines: what happened, how sure, the evidence numbered, what is missing, what else it could be, what to do."""

from collections.abc import Iterator, Sequence

from whydeny.ui.columns import DOUBTFUL
from whydeny.ui.glyphs import Glyphs
from whydeny.ui.lines import BLANK, Line, Span, line
from whydeny.verdict.finding import Evidence, Finding, Outcome

OUTCOME_WORDS = {
    Outcome.ALLOWED_THEN_DENIED: "Allowed, then denied",
    Outcome.POLICY_DENIED: "Denied by policy",
    Outcome.PROFILE_BLOCK: "Blocked by a security profile",
    Outcome.DECRYPTION_BLOCK: "Blocked by decryption",
    Outcome.NO_RESPONSE: "No response",
    Outcome.RESET_BY_CLIENT: "Reset by the client",
    Outcome.RESET_BY_SERVER: "Reset by the server",
    Outcome.COMPLETED: "Completed",
    Outcome.IN_PROGRESS: "In progress",
    Outcome.UNKNOWN: "Unknown",
}
REFUSED = frozenset(
    {Outcome.ALLOWED_THEN_DENIED, Outcome.POLICY_DENIED, Outcome.PROFILE_BLOCK, Outcome.DECRYPTION_BLOCK}
)
EVIDENCE_INDENT = 5


def sure_spans(confidence: float, glyphs: Glyphs) -> tuple[Span, ...]:
    """The confidence as number and bar, in amber where there is doubt."""
    role = "doubt" if confidence < DOUBTFUL else ""
    return (Span("sure ", "quiet"), Span(f"{confidence:.2f} ", role or "strong"), Span(glyphs.bar(confidence), role))


def verdict_title(finding: Finding, glyphs: Glyphs) -> tuple[Span, ...]:
    """What happened in a few words."""
    verdict = finding.verdict
    role = "bad" if finding.outcome in REFUSED else "title"
    title = Span(verdict.title or OUTCOME_WORDS[finding.outcome], role)
    return (title, Span(f" {glyphs.dot} {verdict.variant}", "quiet")) if verdict.variant else (title,)


def verdict_lines(finding: Finding, glyphs: Glyphs, brief: bool = False) -> list[Line]:
    """The whole verdict, the most important first. `brief` keeps evidence to one line each and leaves the title to
    the pane's frame."""
    verdict = finding.verdict
    sure = sure_spans(verdict.confidence, glyphs) if verdict.cause else ()
    if brief:
        lines = [line(verdict.headline, right=sure)]
    else:
        lines = [line(*verdict_title(finding, glyphs), right=sure), line(verdict.headline)]
        if verdict.supports or verdict.contradicts or verdict.missing:
            lines.append(BLANK)
    lines += _evidence(verdict.supports, verdict.contradicts, glyphs, brief)
    lines += [
        line(Span(f"   {glyphs.unknown} ", "doubt"), Span("missing ", "quiet"), text, hang=EVIDENCE_INDENT, cut=brief)
        for text in verdict.missing
    ]
    rest = [*_what_else(finding, brief), *_what_to_do(finding, brief)]
    if rest and not brief:
        lines.append(BLANK)
    return [*lines, *rest, *_why_sure(finding), *_commands(finding), *_excluded(finding), *_references(finding)]


def _evidence(supports: Sequence[Evidence], contradicts: Sequence[Evidence], glyphs: Glyphs, cut: bool) -> list[Line]:
    lines = []
    signed = [(e, "+", "good") for e in supports] + [(e, glyphs.against, "bad") for e in contradicts]
    for number, (evidence, sign, role) in enumerate(signed, 1):
        basis = f" ({evidence.basis})" if evidence.basis in ("opinion", "deduction") else ""
        lines.append(
            line(
                Span(f"{number:>2} ", "quiet"),
                Span(f"{sign} ", role),
                evidence.text,
                Span(basis, "quiet"),
                hang=EVIDENCE_INDENT,
                target=evidence.trail,
                cut=cut,
            )
        )
    return lines


def _what_else(finding: Finding, cut: bool) -> Iterator[Line]:
    for alternative in finding.alternatives[:3]:
        yield line(
            Span("or   ", "key"),
            Span(f"{alternative.cause} {alternative.confidence:.2f}", "strong"),
            f": {alternative.flips_if}",
            hang=EVIDENCE_INDENT,
            cut=cut,
        )


def _what_to_do(finding: Finding, cut: bool) -> Iterator[Line]:
    verdict = finding.verdict
    if verdict.fix:
        place = f" ({verdict.fix_at})" if verdict.fix_at else ""
        yield line(Span("do   ", "key"), verdict.fix, Span(place, "quiet"), hang=EVIDENCE_INDENT, cut=cut)


def _why_sure(finding: Finding) -> Iterator[Line]:
    for number, part in enumerate(filter(None, finding.verdict.confidence_why.split(" | "))):
        yield line(Span("     " if number else "sure ", "key"), part, hang=EVIDENCE_INDENT)


def _commands(finding: Finding) -> Iterator[Line]:
    for command in finding.verdict.commands:
        yield line(Span("run  ", "key"), Span(command, "link"), hang=EVIDENCE_INDENT + 2)


def _excluded(finding: Finding) -> Iterator[Line]:
    if finding.excluded:
        yield BLANK
        yield line(Span("Ruled out", "title"))
    for exclusion in finding.excluded:
        yield line(Span(f"  {exclusion.cause}", "quiet"), f": {exclusion.because}", hang=4)


def _references(finding: Finding) -> Iterator[Line]:
    if finding.verdict.references:
        yield BLANK
        yield line(Span("References", "title"))
    for reference in finding.verdict.references:
        yield line(f"  {reference.title} ", Span(reference.address, "link"), hang=4)
