"""The panes of one session: the verdict, and one pane a rulebase."""

from typing import Any

from textual import events
from textual.content import Content
from textual.message import Message

from whydeny.model.configuration import Rulebase
from whydeny.ui.actions import bindings
from whydeny.ui.glyphs import Glyphs
from whydeny.ui.lines import Line, Span, line
from whydeny.ui.rule_lines import RuleChoice, rule_lines
from whydeny.ui.verdict_lines import EVIDENCE_INDENT, verdict_lines, verdict_title
from whydeny.ui.widgets.lines_pane import LinesPane
from whydeny.verdict.finding import Finding

BRIEF = 9  # rows; a lower verdict pane keeps evidence to one line each


class VerdictPane(LinesPane):
    """Shows the verdict of a finding; a line of evidence leads to the row or rule that it came from."""

    def __init__(self, *, glyphs: Glyphs, **keywords: Any) -> None:
        super().__init__(glyphs=glyphs, choose=True, **keywords)
        self._finding: Finding | None = None
        self._built: Finding | None = None
        self._note = ""

    def show_finding(self, finding: Finding, note: str = "") -> None:
        """Show another finding, and the note on its session."""
        self._finding, self._note = finding, note
        self._build()

    def show_words(self, *lines: Line) -> None:
        """Say why there is none."""
        self._finding = None
        self.border_title = "why"
        self.show(lines)

    def _build(self, keep_place: bool = False) -> None:
        if self._finding is None or not self.size.height:
            return
        keep_place = keep_place and self._built is self._finding
        self._built = self._finding
        brief = self.size.height < BRIEF
        # Content, because a plain string would be read as markup.
        self.border_title = Content("why")
        if brief:
            title = "".join(span.text for span in verdict_title(self._finding, self.glyphs))
            self.border_title = Content.assemble("why: ", (self.glyphs.plain(title), "bold $foreground"))
        lines = verdict_lines(self._finding, self.glyphs, brief)
        if self._note:
            lines.insert(1 if brief else 2, line(Span("note ", "key"), self._note, hang=EVIDENCE_INDENT, cut=brief))
        self.show(lines, keep_place)

    def on_resize(self, event: events.Resize) -> None:
        """Another size may leave room for more."""
        super().on_resize(event)
        self._build(keep_place=True)


class RulePane(LinesPane):
    """Shows what one rulebase answers, and lets one walk up and down in it."""

    BINDINGS = bindings("rule")

    class Walked(Message):
        """Another rule is asked for: `steps` up or down, 0 for the one that matched."""

        def __init__(self, pane: "RulePane", steps: int) -> None:
            self.pane = pane
            self.steps = steps
            super().__init__()

    def __init__(self, rulebase: Rulebase, *, glyphs: Glyphs, **keywords: Any) -> None:
        super().__init__(glyphs=glyphs, choose=True, **keywords)
        self.rulebase = rulebase
        self.border_title = str(rulebase)
        self.full = False
        self._choice: RuleChoice | None = None

    @property
    def choice(self) -> RuleChoice | None:
        """What is shown."""
        return self._choice

    def show_choice(self, choice: RuleChoice) -> None:
        """Show another answer or another rule of the same rulebase."""
        self._choice = choice
        self.rebuild()

    def show_words(self, text: str = "") -> None:
        """Say why there is none."""
        self._choice = None
        self.show([line(Span(text, "quiet"))] if text else [])

    def rebuild(self) -> None:
        """Make the lines for the width there is now."""
        if self._choice is not None:
            self.show(rule_lines(self._choice, self.glyphs, self._width, self.full))

    def on_resize(self, event: events.Resize) -> None:
        """Another width may leave room for more."""
        super().on_resize(event)
        self.rebuild()

    def action_previous_rule(self) -> None:
        """The rule above."""
        self.post_message(self.Walked(self, -1))

    def action_next_rule(self) -> None:
        """The rule below."""
        self.post_message(self.Walked(self, 1))

    def action_landed_rule(self) -> None:
        """Back to the rule that matched."""
        self.post_message(self.Walked(self, 0))
