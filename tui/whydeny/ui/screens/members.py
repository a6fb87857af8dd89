"""What the criteria of a rule list, opened down to the address, for one session."""

from collections.abc import Sequence
from dataclasses import replace

from whydeny.model.addresses import format_address
from whydeny.model.progress import Progress
from whydeny.policy.engine import Engine
from whydeny.policy.lookup import Flow
from whydeny.policy.member import Listed
from whydeny.policy.membership import Membership
from whydeny.ui.lines import Line, Span
from whydeny.ui.member_lines import FIRST, MORE, Opened, ShowMore, Toggle, Unfolded, member_lines
from whydeny.ui.rule_lines import ToMembers, action_words
from whydeny.ui.screens.page import PageScreen

_MEMO = ("membership",)


class MembersScreen(PageScreen):
    """The members of one rule; Enter opens and closes groups, `/` finds among all of them."""

    finds = "a name, a value, or an address that is inside"

    def __init__(self, engine: Engine, flow: Flow, target: ToMembers) -> None:
        rule = target.trace.rule
        number = "" if rule.is_default else f"{rule.number or rule.position} "
        super().__init__(f"Members of {rule.rulebase} rule {number}{rule.name}", follows="opens, closes")
        self._engine = engine
        self._flow = flow
        self._trace = target.trace
        self._start = target.field
        self._unfolded = Unfolded()
        self._lists: Sequence[Listed] = ()
        self._opened: Opened = {}

    def heading(self) -> tuple[list[Span], list[Span]]:
        """The rule and the session; what the signs mean."""
        rule, glyphs, flow = self._trace.rule, self.glyphs, self._flow
        ends = [format_address(end) if end is not None else "?" for end in (flow.source, flow.destination)]
        about = f" {glyphs.dot} {action_words(rule)} {glyphs.dot} for {ends[0]} to {ends[1]}"
        left = [Span(f" {self._page_title}", "title"), Span(about, "quiet")]
        return left, [Span(f"{glyphs.match} ", "good"), Span("holds this session  ", "quiet"),
                      Span(f"{glyphs.unknown} ", "doubt"), Span("not known ", "quiet")]  # fmt: skip

    def lines(self, progress: Progress) -> list[Line]:
        """The tree as far as it is opened, or what was found in it."""
        progress.step("looking into members", 0, 0)
        engine = self._engine
        membership = engine.memo.get(_MEMO)
        if not isinstance(membership, Membership):
            membership = engine.memo[_MEMO] = Membership(engine)
        self._lists = self._lists or membership.of(self._trace.rule, self._flow)
        return member_lines(self._trace, self._lists, self._unfolded, self._opened, self.glyphs, progress)

    def show_lines(self, keep_place: bool = False) -> None:
        """What was found is in the lines already."""
        self.pane.show(self._lines, keep_place and not self.words)
        if self._start:
            at = [n for n, entry in enumerate(self._lines) if _begins(entry, self._start)]
            self.pane.call_after_refresh(self.pane.to_line, at[0] if at else 0)
            self._start = ""

    def find(self, words: str) -> None:
        """Only members with these words, or that hold this address, and the groups around them."""
        self.words = words
        self._unfolded = replace(self._unfolded, words=words)
        self.read()

    def action_follow(self) -> None:
        """Open or close what the cursor is on; show more."""
        target, now = self.pane.target, self._unfolded
        if isinstance(target, Toggle):
            self._unfolded = replace(now, opened={**now.opened, target.path: target.opened})
        elif isinstance(target, ShowMore):
            shown = now.shown.get(target.path, FIRST) + MORE
            self._unfolded = replace(now, shown={**now.shown, target.path: shown})
        else:
            return
        self.read()


def _begins(entry: Line, field: str) -> bool:
    return len(entry.spans) > 1 and entry.spans[1].role == "title" and entry.spans[1].text.strip() == field
