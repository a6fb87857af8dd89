"""What the explorer works on: the site, its judge, and the session table with the judge's columns beside it."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from whydeny import __version__
from whydeny.model.columns import Kind
from whydeny.model.progress import Progress
from whydeny.model.release import Release
from whydeny.model.site import Site, SystemInfo
from whydeny.model.tables import LogTable
from whydeny.report.compare import changed_verdict_sentences
from whydeny.snapshot.compare import changed_verdicts
from whydeny.snapshot.manifest import Snapshot
from whydeny.ui.explaining import Explainer
from whydeny.ui.filtering import DENIED, REFUSED_NOW, REFUSED_OVER
from whydeny.ui.widgets.timeline import Moment
from whydeny.verdict.events import Event
from whydeny.verdict.finding import Outcome
from whydeny.verdict.judge import JUDGED, Judge
from whydeny.verdict.outcome import discarded_expression

MOST_MOMENTS = 200


@dataclass(slots=True)
class Workbench:
    """A site ready to be looked at.

    `frame` has every session in table order, those of a session table with their start for the time; `span` is from
    the first to the last time in it; `firewalls` is how many the sessions are of, by serial number; `moments` are the
    commits, content installs and list refreshes in that span, once they were looked for.
    """

    site: Site
    judge: Judge
    explainer: Explainer
    frame: pl.DataFrame
    span: tuple[datetime | None, datetime | None]
    firewalls: int = 0
    moments: tuple[Moment, ...] = ()
    judged: bool = False
    masked: bool = False  # whether names and addresses are made up
    snapshot: Snapshot | None = None  # where a snapshot was opened
    changed: tuple[str, ...] = ()  # what is to be said where its verdicts are no longer the same

    @classmethod
    def prepare(
        cls, site: Site, release: Release | None = None, serial: str | None = None, device_group: str | None = None
    ) -> "Workbench":
        """Compile the policies and tell the outcome of every session; verdicts come later."""
        judge = Judge(site, release, serial, device_group)
        return cls.of(site, judge)

    @classmethod
    def of(cls, site: Site, judge: Judge) -> "Workbench":
        """The same from a judge that is there already."""
        frame = site.sessions.frame.with_columns(
            pl.coalesce("time", "start").alias("time"),  # of a session in the session table no row was written yet
            judge.outcomes().alias("outcome"),
            *(pl.lit(None, kind).alias(name) for name, kind in JUDGED.items() if name != "outcome"),
        )
        times = frame.select(pl.col("time").min().alias("first"), pl.col("time").max().alias("last"))
        return cls(site, judge, Explainer(judge), frame, times.row(0), len(judge.firewalls.serials()))

    def judge_all(self, progress: Progress) -> pl.DataFrame:
        """The session table with a verdict for every session."""
        judged = self.judge.judge_all(progress)
        if self.snapshot is not None and self.snapshot.judged is not None:
            differ = changed_verdicts(self.snapshot.judged, judged)
            saved_by = self.snapshot.manifest.version or "?"
            self.changed = changed_verdict_sentences(differ, saved_by, __version__)
        return self.frame.with_columns(judged.select(list(JUDGED)))

    @property
    def system(self) -> SystemInfo | None:
        """The firewall, where the inputs say which."""
        return self.site.systems[0] if self.site.systems else None

    @property
    def several_firewalls(self) -> bool:
        """Whether a session has to say whose it is."""
        return self.firewalls > 1

    def firewall_of(self, row: int | None) -> SystemInfo | None:
        """The firewall of a session, as far as anything tells; without a session, that of the inputs."""
        serial = self.frame["serial"][row] if row is not None else None
        if row is None or serial is None:
            return self.system if self.firewalls < 2 else None
        return self.judge.firewalls.system(serial) or SystemInfo(hostname=self.frame["device_name"][row], serial=serial)

    def name_of(self, serial: str | None) -> str:
        """What to call a firewall: its host name where anything tells it, else its serial number."""
        return self.judge.firewalls.host_of(serial) or serial or ""

    @property
    def live(self) -> bool:
        """Whether the sessions are those of a session table rather than of a log."""
        return bool(len(self.frame)) and self.frame["state"].null_count() == 0

    @property
    def discarded(self) -> int:
        """How many sessions the session table holds as discarded, or shows as refused and over."""
        return int(self.frame.select(discarded_expression().sum()).item())

    @property
    def refused(self) -> str:
        """The filter for what `whydeny explain` explains: allowed, then denied, and what the session table shows as
        discarded."""
        discarded = self.frame.filter(discarded_expression())["state"].cast(pl.String)
        if discarded.is_empty():
            return DENIED
        return REFUSED_NOW if (discarded.str.to_uppercase() == "DISCARD").all() else REFUSED_OVER

    def count(self, outcome: Outcome) -> int:
        """How many sessions ended so."""
        return int((self.frame["outcome"] == outcome.value).sum())

    def find_moments(self, progress: Progress) -> tuple[Moment, ...]:
        """What the firewall's own logs say may have changed policy, in order of time."""
        first, last = self.span
        if first is None or last is None:
            return ()
        progress.step("looking for commits", 0, 0)
        timeline = self.judge.related.timeline
        events = [*timeline.events(first, last, None), *timeline.commits(first, last, None)]
        found = [Moment(event.moment, self._told(event)) for event in events]
        return tuple(sorted(found, key=lambda moment: moment.at)[:MOST_MOMENTS])

    def _told(self, event: Event) -> str:
        """What happened, and to which of several firewalls."""
        owner = self.name_of(event.serial) if self.several_firewalls else ""
        return f"{owner}: {event.text}" if owner else event.text

    def rows_with(self, rule: str | None, cause: str, row: int) -> list[int]:
        """Other rows of a rule and a cause, those first that are nearest to row `row` in time."""
        held = (pl.col("cause").cast(pl.String) == cause) & pl.col("rule").cast(pl.String).eq_missing(pl.lit(rule))
        rows = (
            self.frame.lazy()
            .with_row_index("_row")
            .filter(held.fill_null(False) & (pl.col("_row") != row))
            .sort((pl.col("time") - pl.lit(self.frame["time"][row])).abs(), nulls_last=True)
            .select("_row")
            .collect()
        )
        return rows["_row"].to_list()

    @property
    def sessions(self) -> LogTable:
        """The sessions as rows of a log, with every column."""
        return LogTable(Kind.TRAFFIC, self.site.sessions.frame)

    def take(self, frame: pl.DataFrame) -> None:
        """Use the table with the verdicts from now on."""
        self.frame, self.judged = frame, True
