"""A site that grows on the explorer's screen: the newest rows, their verdicts, and what the top line says of the firewall."""

import time
from collections.abc import Collection, Sequence

import polars as pl

from whydeny.model.columns import Kind
from whydeny.model.errors import Cancelled, WhydenyError
from whydeny.model.site import Problem
from whydeny.report.notes import noted_rows, session_note
from whydeny.ui.actions import BY_ID, Action, bindings
from whydeny.ui.explaining import Explained
from whydeny.ui.filtering import REFUSED_NOW
from whydeny.ui.jobs import Job
from whydeny.ui.lines import Span
from whydeny.ui.link import Link
from whydeny.ui.live_bench import Grown, keep_verdicts, next_bench, with_verdicts
from whydeny.ui.related import ToRow
from whydeny.ui.screens.explorer import ExplorerScreen
from whydeny.ui.screens.explorer_base import RULE_PANES
from whydeny.ui.shown import Shown
from whydeny.ui.view import SortKey
from whydeny.ui.widgets.bar import Bar

FACTS_SETTLE = 1.0  # seconds without a new run-time fact until all sessions are judged anew
# What is under way for this screen, and is begun anew when it comes back. The configuration is read to its end.
ASIDE = ("refresh", "fetch", "cursor", "grow", "judge", "moments", "finding", "rows")
FOOTER = ("live.device", "live.pause", "live.now", "live.search", "live.sessions")


class LiveBase(ExplorerScreen):
    """What the parts of a live firewall's screen share.

    `grown` is the site as it is shown. Rows keep their numbers; only where a session ended long ago, another one may
    take its row. `fetched` are the rows whose related rows came, `unjudged` those whose verdict is to be made.
    `opening` says that the configuration has not come yet, `trouble` why nothing comes at all.
    """

    SCOPES = ("explorer", "live", "app")
    BINDINGS = bindings("live")

    def __init__(self, link: Link, grown: Grown, where: str | None = None) -> None:
        super().__init__(grown.bench, link.target.name, REFUSED_NOW if where is None else where)
        self.link = link
        self.grown = grown
        self.sort_keys = (SortKey("time", ("time",), descending=True),)
        self.fetched: set[int] = set()
        self.unjudged: set[int] = set()
        self._in_work: set[int] = set()  # those of them that are being judged
        self.opening = True
        self.ready = False  # built
        self.paused = False
        self.pace = 10
        self.trouble = ""
        self._grow_again = False
        self._told: Sequence[Problem] = ()
        self._let_go: set[int] = set()  # rows that another session took while a page was open
        self.away = False  # a snapshot is looked at

    @property
    def still(self) -> bool:
        """Whether nothing is asked and nothing grows: names are masked, or a snapshot is looked at."""
        return self.bench.masked or self.away

    # Growing.

    def hold(self) -> None:
        """Keep the rows that the user may come back to: no other session takes them."""
        rows = {*self.table.marks, *noted_rows(self.notes), *(row for row, _ in self._came_from)}
        if self.table.row is not None:
            rows.add(self.table.row)
        self.link.source.hold(frozenset(rows))

    def forget(self, rows: Collection[int]) -> None:
        """Other sessions have these rows now: nothing that is known of them is true any more."""
        self.fetched.difference_update(rows)
        self.table.marks.difference_update(rows)
        self.unjudged.update(rows)
        self._in_work.difference_update(rows)
        self._let_go.update(rows)
        for row in rows:
            self.notes.pop(session_note(row), None)

    def on_screen_suspend(self) -> None:
        """A page is opened: its lines lead to the sessions that are there now."""
        self._let_go.clear()

    def go_to(self, target: object) -> None:
        """Where a line of a page leads, unless its session was let go meanwhile."""
        if isinstance(target, ToRow) and target.kind is Kind.TRAFFIC and target.row in self._let_go:
            self.say("that session ended, and so many ended since that it is not kept any more", "doubt")
        else:
            super().go_to(target)

    def grow(self, changed: Collection[int] = ()) -> None:
        """Something came: show the site as it is now. `changed` are rows whose verdict may be another one now."""
        self.unjudged.update(changed)
        if self.jobs.running("grow") or self.still:
            self._grow_again = True
            return
        before, site = self.grown, self.link.source.site
        self.jobs.start("grow", lambda _progress: next_bench(before, site), self._take, self.failed)

    def _take(self, grown: Grown) -> None:
        if self.still:
            self._grow_again = True
            return
        height, before = len(self.bench.frame), self.bench.site
        keep_verdicts(grown, self.bench.frame)
        self.forget(grown.taken)
        self.grown, self.bench, self._real = grown, grown.bench, grown.bench
        self.unjudged.update(range(height, len(self.bench.frame)))
        self.count_refused()
        self.table.gone = self.link.source.gone
        if not grown.same_grounds:
            self.jobs.cancel("judge")
            self.unjudged = set(range(len(self.bench.frame)))
            new_facts = self.bench.site.answers is not before.answers
            self.set_timer(FACTS_SETTLE if new_facts else 0.01, self.judge_rest)
        else:
            self.judge_rest()
        if self.bench.site.logs is not before.logs:
            self.jobs.start("moments", self.bench.find_moments, self._found_moments, self.failed)
        self.remake("showing what came")
        self._explain_again()
        self._say_problems()
        self.show_head()
        if self._grow_again:
            self._grow_again = False
            self.grow()

    def _say_problems(self) -> None:
        """Say what could not be had since the last time; the overview lists all of it."""
        problems = self.bench.site.problems
        new = [problem for problem in problems if problem not in self._told]
        self._told = tuple(problems)
        if new:
            more = f" (and {len(new) - 1} more; o lists them)" if len(new) > 1 else ""
            self.say(f"{new[0]}{more}", "doubt")

    def _show_rows(self, shown: Shown) -> None:
        """The row under the cursor keeps its line; at the top of the table new rows come in sight above it."""
        table = self.table
        held = table.cursor - table.scroll_offset.y if table.scroll_offset.y else None
        super()._show_rows(shown)
        if held is not None:
            table.scroll_to(0, max(0, table.cursor - held), animate=False, force=True)

    # Verdicts.

    def look_into_all(self) -> None:
        """Judge what there is; the first time, begin to watch."""
        if self.bench.masked:
            self.unjudged |= self._in_work
            self._in_work.clear()
            super().look_into_all()
            return
        if not self.ready:
            self.ready = True
            self.unjudged = set(range(len(self.bench.frame)))
            self._say_problems()
            self.begin()
        self.judge_rest()

    def begin(self) -> None:
        """The screen is built."""

    def judge_rest(self) -> None:
        """Judge the rows that need it, in one go; those that come meanwhile are next."""
        if not self.unjudged or self.still or self.jobs.running("judge"):
            return
        rows, judge = sorted(self.unjudged), self.grown.judge
        self.unjudged, self._in_work = set(), self.unjudged
        self.jobs.start(
            "judge",
            lambda progress: judge.judge_all(progress, rows),
            lambda judged: self._judged_rows(rows, judged),
            self._not_judged,
            self._judging,
        )

    def _judged_rows(self, rows: Sequence[int], judged: pl.DataFrame) -> None:
        still = [place for place, row in enumerate(rows) if row in self._in_work]
        self._in_work.clear()
        self.bench.take(with_verdicts(self.bench.frame, [rows[place] for place in still], judged[still]))
        self.remake("showing verdicts")
        self.show_head()
        self.judge_rest()

    # Standing still.

    def stand_aside(self) -> None:
        """A snapshot is looked at: nothing is asked of the firewall and nothing judged until `come_back`."""
        self.away = True
        for slot in ASIDE:
            self.jobs.cancel(slot)
        self.unjudged |= self._in_work
        self._in_work.clear()

    def on_screen_resume(self) -> None:
        """Go on where a snapshot was looked at."""
        if not self.away or self.app.screen is not self:  # the list of snapshots was closed just before
            return
        self.away = False
        if self.bench.masked:
            self.look_into_all()
            return
        self.remake("showing what came")
        self._explain_again()
        self.grow()
        self.judge_rest()
        self.told(f"back at {self.link.target.name}")

    def action_mask(self) -> None:
        """Hide addresses, users and names, and let the firewall be meanwhile; again: show them, and what came."""
        masked = self.bench.masked
        self._real, self._masked = self.grown.bench, None
        for slot in ("refresh", "fetch", "cursor"):
            self.jobs.cancel(slot)
        super().action_mask()
        if masked:
            self.grow()

    def stands_still(self) -> bool:
        """Whether the firewall is not to be asked, because what came would show what is masked. Says so."""
        if self.bench.masked:
            self.say("masked: the firewall is not asked meanwhile; X shows the real names again")
        return self.bench.masked

    # The row under the cursor.

    def _explain_again(self) -> None:
        """The verdict of the row under the cursor by what is known now; what is shown stands until then."""
        row, explainer = self.table.row, self.bench.explainer
        if row is not None:
            self.jobs.start(
                "finding", lambda _progress: explainer.explain(row), self._show_explained, self._not_explained
            )

    def _show_explained(self, explained: Explained) -> None:
        before = self.explained
        same = before is not None and (before.row, before.finding) == (explained.row, explained.finding)
        if same and before is not None and before.choices == explained.choices:
            self.explained = explained  # the panes stay as they were scrolled and walked
            return
        super()._show_explained(explained)
        if self.opening and explained.engine is None and explained.row == self.table.row:
            for name in RULE_PANES:
                self.rule_pane(name).show_words("the configuration is still being read from the firewall")

    # The top line, and the words of an empty table.

    @property
    def why_no_rows(self) -> tuple[str, ...]:
        """Nothing was refused; that is an answer."""
        return (
            "No session was allowed and then denied in the last hour, and none is discarded now.",
            "New ones appear by themselves; L reads the session table, F searches the traffic log by the filter.",
        )

    def footer(self) -> list[Action]:
        """What the live firewall adds comes right behind copy and filter."""
        usual = super().footer()
        return [*usual[:2], *(BY_ID[name] for name in FOOTER), *usual[2:]]

    def show_head(self, judging: Job | None = None) -> None:
        """Who answers, and whether it can be trusted; at the right what goes on, and what there is."""
        dot = f" {self.glyphs.dot} "
        wide, full = self.size.width >= 100, self.size.width >= 140
        system, ha_state = self.bench.system, self.link.source.ha_state
        left = [Span(f" {self.link.alarm}", "bad")] if self.link.alarm else []
        left += [Span(" whydeny ", "title")] if wide else [Span(" ")]
        name = "a firewall" if self.bench.masked else self.link.target.name
        left.append(Span((system.hostname if system else None) or name))
        if ha_state:
            left += [Span(dot), Span(ha_state, "good" if ha_state.startswith("active") else "doubt")]
        if system is not None:
            release = f"{'PAN-OS ' if wide else ''}{system.release}" if system.release else None
            left += [Span(f"{dot}{word}") for word in (system.model if wide else None, release) if word]
        if full and not self.bench.masked:
            left.append(Span(f"   {name}", "quiet"))
        counts = [Span(f"{self.denied:,} allowed, then denied " if full else f"{self.denied:,} denied ",
                       "bad" if self.denied else "quiet")]  # fmt: skip
        if full:
            counts.insert(0, Span(f"{len(self.bench.frame):,} sessions{dot}", "quiet"))
        commands = Span(f"{self.link.per_minute}/min{dot}", "quiet")
        self.query_one("#head", Bar).show(left, [*self._state(judging), Span(dot), commands, *counts])

    def _state(self, judging: Job | None) -> list[Span]:
        """What goes on, the most important first."""
        if self.trouble:
            return [Span(self.trouble, "bad")]
        for slot in ("fetch", "open", "judge", "cursor"):
            job = judging if slot == "judge" else self.jobs.running(slot)
            if job is not None and (job.what or slot == "open"):
                words = "judging" if slot == "judge" else job.what or "opening"
                share = f" {self.glyphs.bar(job.done / job.total, 5)}" if job.total > 1 else f" {self.glyphs.more}"
                return [Span(words + share, "link"), Span(", Esc stops" if slot in ("fetch", "judge") else "", "quiet")]
        if self.bench.masked:
            return [Span("masked", "doubt")]
        if self.paused:
            return [Span("paused", "doubt")]
        if self.link.source.committed is not None:
            return [Span("committed since, C reads it", "doubt")]
        return [Span(f"every {self.pace} s", "good")]

    def show_progress(self, _job: Job) -> None:
        """How far the work is that the top line speaks of."""
        if self.ready:
            self.show_head()

    def failed(self, error: WhydenyError) -> None:
        """Say what went wrong; everything else goes on."""
        if not isinstance(error, Cancelled):
            self.say(str(error), "doubt")
        self.show_head()

    def told(self, words: str, role: str = "") -> None:
        """Say a word, and bring the top line up to date."""
        self.say(words, role)
        self.show_head()

    def now(self) -> str:
        """The time of day here, for words about the connection."""
        return time.strftime("%H:%M:%S")
