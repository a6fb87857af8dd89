"""What a live firewall is asked about the session under the cursor, by itself when the cursor rests, and by a key."""

from collections.abc import Callable, Collection

from textual import on
from textual.timer import Timer

from whydeny.model.configuration import Rule
from whydeny.model.errors import WhydenyError
from whydeny.model.progress import Progress
from whydeny.model.tables import Session
from whydeny.sources.firewall.source import FirewallSource
from whydeny.ui.link import Link
from whydeny.ui.live_bench import Grown
from whydeny.ui.screens.device import DeviceScreen
from whydeny.ui.screens.live_watch import LiveWatch
from whydeny.ui.verdict_lines import REFUSED
from whydeny.ui.widgets.table import RowTable
from whydeny.verdict.growing import GrowingJudge
from whydeny.verdict.outcome import discarded_expression

LIVE_REST = 0.7  # seconds after which a cursor is at rest, and the firewall is asked about the session
ROOM = 60  # commands a minute that are left for what the user does; asking about a session takes some forty
WAIT = 5.0  # seconds until it is looked again whether there is room


class LiveCursor(LiveWatch):
    """Details, run-time facts and related rows of the session under the cursor."""

    def __init__(self, link: Link, grown: Grown, where: str | None = None) -> None:
        super().__init__(link, grown, where)
        self._asked: set[int] = set()  # rows whose details and facts came
        self._resting: Timer | None = None

    def forget(self, rows: Collection[int]) -> None:
        """Other sessions have these rows now; they were not asked about."""
        super().forget(rows)
        self._asked.difference_update(rows)

    @on(RowTable.Moved)
    def _cursor_moved(self, event: RowTable.Moved) -> None:
        self.hold()
        self.jobs.cancel("cursor")
        row = event.row
        self._rest_in(LIVE_REST, row)

    def _rest_in(self, seconds: float, row: int | None) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(seconds, lambda: self._rested(row))

    def _rested(self, row: int | None) -> None:
        if row is None or row != self.table.row or row in self.fetched or not self._wants_cause(row):
            return
        busy = self.paused or self.trouble or self.opening or self.still
        if busy or self.link.per_minute + ROOM > self.link.limits.per_minute:
            self._rest_in(WAIT, row)
        else:
            self.ask_about(row)

    def _wants_cause(self, row: int) -> bool:
        """Whether the session was refused, or is being discarded: for others nothing is asked unbidden."""
        frame = self.bench.frame
        return frame["outcome"][row] in REFUSED or bool(frame[row].select(discarded_expression()).item())

    def ask_about(self, row: int, then: Callable[[], None] | None = None) -> None:
        """What vanishes soonest first: the session's own details, the run-time facts that its rules need; then the
        rows of the other logs. `then` is done when all of it has come."""
        if row in self._asked:
            self._ask_logs(row, then)
            return
        source, judge = self.link.source, self.grown.judge
        session = judge.site.sessions.session(row)

        def work(progress: Progress) -> None:
            if session.live and row not in source.gone:
                source.details(session, progress)
            resolve(source, judge, session, progress)

        def done(_: None) -> None:
            self._asked.add(row)
            self.grow({row})
            self._ask_logs(row, then)

        self.jobs.start("cursor", work, done, self.not_asked, self.show_progress)

    def _ask_logs(self, row: int, then: Callable[[], None] | None) -> None:
        source, session = self.link.source, self.grown.judge.site.sessions.session(row)

        def done(_: object) -> None:
            self.fetched.add(row)
            self.grow({row})
            if then is not None:
                then()

        self.jobs.start(
            "cursor", lambda progress: source.fetch_related(session, progress), done, self.not_asked, self.show_progress
        )

    def not_asked(self, error: WhydenyError) -> None:
        """Say why a question was not answered."""
        self.unreached(error)

    def action_related(self) -> None:
        """What belongs to this session; its rows are fetched first where they were not yet."""
        row = self.table.row
        if row is None or row in self.fetched or self.trouble or self.bench.masked:
            super().action_related()
            return
        self.say("reading the rows that belong to this session; then they are shown")
        self.ask_about(row, then=lambda: self._show_related(row))

    def _show_related(self, row: int) -> None:
        if row == self.table.row:
            super().action_related()

    def action_device(self) -> None:
        """Ask the firewall's own policy tests."""
        row = self.table.row
        if self.stands_still():
            return
        if row is None:
            self.say("no session under the cursor")
        else:
            self.app.push_screen(DeviceScreen(self.link, self.grown.judge, row, lambda: self.grow({row})))


def resolve(source: FirewallSource, judge: GrowingJudge, session: Session, progress: Progress) -> None:
    """Fetch the run-time facts that the look-ups of a session hang on; nothing where its rules can all be judged."""
    case = judge.case(session.row)
    if case.engine is None:
        return
    looks = (case.security, case.decryption, case.authentication)
    rules: tuple[Rule, ...] = tuple(rule for look in looks for rule in look.possible)
    if not rules:
        return
    by_user = any(c.field == "source-user" for look in looks for t in look.possible_traces for c in t.unknowns())
    source.resolve(case.engine.policy, session if by_user else None, progress, rules)
