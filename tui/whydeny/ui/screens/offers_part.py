"""What the explorer offers about a row: copying it, and the pages around it."""

from whydeny.filters.native import session_filter
from whydeny.model.columns import Kind
from whydeny.model.progress import Progress
from whydeny.ui import copying
from whydeny.ui.clipboard import Copied
from whydeny.ui.overview import FilterBy
from whydeny.ui.related import LOG_WORDS, ToLog, ToRow, joined_rows
from whydeny.ui.screens.detail_part import DetailPart
from whydeny.ui.screens.log_screen import LogScreen
from whydeny.ui.screens.pages import ManualScreen, OverviewScreen, RelatedScreen, RowScreen
from whydeny.ui.screens.picker import Choice, PickScreen
from whydeny.ui.workbench import Workbench
from whydeny.verdict.finding import Trail


class OffersPart(DetailPart):
    """Copying and pages."""

    def __init__(self, workbench: Workbench, title: str) -> None:
        super().__init__(workbench, title)
        self._came_from: list[tuple[int, str]] = []  # sessions that were left for another, with the filter then

    def forget_filters(self) -> None:
        """And sessions that were left, whose filters may name what is masked now."""
        super().forget_filters()
        self._came_from.clear()

    def action_copy(self) -> None:
        """Copy the finding."""
        self._copy("finding")

    def action_copy_menu(self) -> None:
        """Choose what to copy."""
        choices = [Choice(kind.id, kind.word, kind.hint) for kind in copying.KINDS]

        def copy(kind: str | None) -> None:
            if kind:
                self._copy(kind)

        self.app.push_screen(PickScreen("Copy", choices), copy)

    def _copy(self, kind: str) -> None:
        row = self.table.row
        if row is None:
            self.say("no session under the cursor")
            return
        explained = self.explained
        if explained is None or explained.row != row:
            self.say("this session is still being judged")
            return
        session = explained.finding.session
        if kind == "cell":
            text = self.table.cell()
        elif kind == "row":
            text = copying.row_text(self.table.row_texts())
        elif kind == "filter":
            text = session_filter(session)
        elif kind == "query":
            text = copying.session_query(session)
        else:
            text = copying.finding_as(kind, explained.finding)
        if not text:
            self.say("there is nothing of it to copy")
            return
        where = {"way": "file"} if kind == "file" else {}
        self.explorer_app.copy_text(text, lambda copied: self._copied(kind, copied), **where)

    def _copied(self, kind: str, copied: Copied) -> None:
        word = "finding" if kind == "file" else next(k.word for k in copying.KINDS if k.id == kind)
        hint = "" if copied.confirmed else "; if nothing arrives, Y writes a file"
        self.say(f"{word}: {copied.words}{hint}", "good" if copied.confirmed else "doubt")

    # Pages.

    def action_overview(self) -> None:
        """What was opened, counted."""
        self.app.push_screen(OverviewScreen(self.bench), self.go_to)

    def action_related(self) -> None:
        """What belongs to this session."""
        explained = self.explained
        if explained is None or explained.row != self.table.row:
            self.say("there is no verdict yet for a session under the cursor")
            return
        self.app.push_screen(RelatedScreen(self.bench, explained), self.go_to)

    def action_logs(self) -> None:
        """The rows of another log."""
        present = [kind for kind in Kind if kind in self.bench.site.logs]
        if not present:
            self.say("no other log is among the inputs")
            return
        session = self.explained.finding.session if self.explained is not None else None

        def found(rows: dict[Kind, list[int]]) -> None:
            choices = [
                Choice(kind, LOG_WORDS[kind], f"{len(rows.get(kind, ())):,} for this session, "
                                              f"{len(self.bench.site.logs[kind]):,} in all")
                for kind in present
            ]  # fmt: skip

            def show(kind: str | None) -> None:
                if kind:
                    of_session = rows.get(Kind(kind), []) if session is not None else None
                    self.app.push_screen(LogScreen(self.bench, Kind(kind), of_session))

            self.app.push_screen(PickScreen("Other logs", choices), show)

        def gather(_progress: Progress) -> dict[Kind, list[int]]:
            return joined_rows(self.bench.judge.related, session) if session is not None else {}

        self.jobs.start("logs", gather, found, self.failed)

    def action_row(self) -> None:
        """Every value of this row."""
        if self.table.row is not None:
            self.app.push_screen(RowScreen(self.bench, ToRow(Kind.TRAFFIC, self.table.row)))

    def action_manual(self) -> None:
        """The page about this cause."""
        cause = self.explained.finding.verdict.cause if self.explained else None
        if cause is None:
            self.say("this outcome needs no cause; ? shows every key")
        else:
            self.app.push_screen(ManualScreen(cause))

    @property
    def explains_cause(self) -> bool:
        """Whether help is asked for on a verdict that has a cause."""
        return self.focused is self.why and self.explained is not None and bool(self.explained.finding.verdict.cause)

    def follow(self, target: object) -> None:
        """Go where a line of a pane leads; a row of evidence is looked at whole."""
        if isinstance(target, Trail) and target.kind == "row" and target.row is not None:
            self.app.push_screen(RowScreen(self.bench, ToRow(Kind(target.log), target.row)))
        else:
            super().follow(target)

    def go_to(self, target: object) -> None:
        """Where a line of a page leads: a filter, a session, a row of another log."""
        if isinstance(target, FilterBy):
            self._leave_behind()
            self.set_zoom("")
            self.table.focus()
            self.set_filter(target.text, remember=True)
            self.say("Backspace goes back to the session and the filter before")
        elif isinstance(target, ToLog):
            self.app.push_screen(LogScreen(self.bench, target.kind, target.rows))
        elif isinstance(target, ToRow) and target.kind is not Kind.TRAFFIC:
            self.app.push_screen(RowScreen(self.bench, target))
        elif isinstance(target, ToRow):
            self._leave_behind()
            self._jump(target.row)

    def _leave_behind(self) -> None:
        if self.table.row is not None:
            self._came_from.append((self.table.row, self.filter.text))

    def action_back_to(self) -> None:
        """Back to the session that was left for a related one, and to its filter."""
        if not self._came_from:
            self.say("there is no session to go back to")
            return
        row, text = self._came_from.pop()
        self.table.wait_for(row)
        if text != self.filter.text or not self.table.go_to(row):
            self.only_marked = False
            self.set_filter(text)

    def _jump(self, row: int) -> None:
        """Put the cursor on a session; where the filter hides it, without the filter."""
        if not self.table.go_to(row):
            self.table.wait_for(row)
            self.only_marked = False
            self.set_filter("")
