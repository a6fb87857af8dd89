"""Watching a live firewall: looking at a chosen pace, pausing, and getting over a connection that is cut."""

from time import monotonic

from whydeny.model.errors import Cancelled, WhydenyError
from whydeny.sources.firewall.commits import Commit
from whydeny.sources.firewall.failures import FATAL, Failure, FirewallError
from whydeny.sources.firewall.keeper import Refreshed
from whydeny.ui.link import LOG_IN, Link
from whydeny.ui.live_bench import Grown
from whydeny.ui.screens.live_base import LiveBase
from whydeny.ui.screens.login import LoginScreen
from whydeny.ui.screens.picker import Choice, PickScreen

TICK = 1.0  # seconds
PATIENT = 3  # a look that took long is followed by a pause this many times as long
LONGEST_PAUSE = 60.0  # seconds between two tries while there is no connection
PACES = (2, 5, 10, 30, 60, 300)
# Failures that say that nothing comes from this firewall now, whatever is asked.
AWAY = FATAL | {Failure.CUT, Failure.TIMEOUT, Failure.BUSY, Failure.NOT_XML}


class LiveWatch(LiveBase):
    """The pace of looks, and what is said while none succeeds."""

    def __init__(self, link: Link, grown: Grown, where: str | None = None) -> None:
        super().__init__(link, grown, where)
        self._next = 0.0
        self._began = 0.0
        self._misses = 0
        self._refused = False  # the key is not accepted any more
        self._commit: Commit | None = None  # that was said

    def begin(self) -> None:
        """Begin to watch."""
        super().begin()
        self.pace = self.explorer_app.options.settings.pace
        self._next = monotonic() + self.pace
        self.set_interval(TICK, self._tick)

    def _tick(self) -> None:
        if not (self.paused or self._refused or self.still) and monotonic() >= self._next:
            self.look()
        self.show_head()

    def look(self) -> None:
        """See what changed; one look at a time."""
        if self.jobs.running("refresh"):
            return
        self._began = monotonic()
        self.hold()
        self.jobs.start("refresh", self.link.source.refresh, self._looked, self._not_looked)

    def _looked(self, found: Refreshed) -> None:
        self._next = monotonic() + max(self.pace, PATIENT * (monotonic() - self._began))
        self.reached()
        news = dict.fromkeys(found.changed, "~") | dict.fromkeys(found.new, "+")
        moved = (news, found.gone) != (self.table.news, self.table.gone)
        self.table.news, self.table.gone = news, found.gone
        if found.new or found.changed or found.site.problems != self.bench.site.problems:
            self.grow(found.changed)
        elif moved:
            self.table.refresh()
        self._say_commit()
        self.show_head()

    def _say_commit(self) -> None:
        """The rules may be others now than those that the verdicts go by: said, and verdicts are made anew with it."""
        commit = self.link.source.committed
        if commit is not None and commit != self._commit:
            at = f" at {commit.at}" if commit.at else ""
            self.say(
                f"a commit was finished{at}; verdicts go by the configuration before it until C reads it anew", "doubt"
            )
            self.grow()  # what was changed came with it, and verdicts rest on that
        self._commit = commit

    def _not_looked(self, error: WhydenyError) -> None:
        self._misses += 1
        self._next = monotonic() + min(LONGEST_PAUSE, self.pace * 2 ** min(self._misses, 6))
        self.unreached(error)

    def reached(self) -> None:
        """The firewall answered."""
        self._misses = 0
        if self.trouble:
            self.trouble = ""
            self.told("the firewall answers again", "good")
            if not self.bench.site.configurations and not self.jobs.running("open"):
                self.read_configuration()

    def unreached(self, error: WhydenyError) -> None:
        """Say why nothing came; what is there stays, and the next look is on its way."""
        if isinstance(error, Cancelled):
            return
        failure = error.failure if isinstance(error, FirewallError) else None
        if failure in LOG_IN:
            self._refused = True
            self.trouble = self.trouble or f"not logged in since {self.now()}"
            self.told(f"{error}; R logs in again", "bad")
        elif failure in AWAY:
            self.trouble = self.trouble or f"no connection since {self.now()}"
            self.told(f"{error}; trying again", "bad")
        else:
            self.failed(error)

    def read_configuration(self) -> None:
        """Read the configuration anew; its place in the top line says how far it is."""
        raise NotImplementedError

    # Keys.

    def action_pause(self) -> None:
        """Stop watching, and go on."""
        self.paused = not self.paused
        self._next = 0.0
        self.told("paused; nothing is asked by itself until p goes on" if self.paused else f"every {self.pace} s again")

    def action_now(self) -> None:
        """See what changed now."""
        if self.stands_still():
            return
        if self._refused:
            self.app.push_screen(LoginScreen(self.link, again=True), self._logged_in)
            return
        self.told("looking at the firewall")
        self.look()

    def _logged_in(self, done: bool | None) -> None:
        if done:
            self._refused = False
            self.look()

    def action_pace(self) -> None:
        """Choose how often to look."""
        paces = sorted({*PACES, self.pace})
        choices = [Choice(str(n), f"every {n} s", "in use" if n == self.pace else "") for n in paces]

        def decide(pace: str | None) -> None:
            if pace is not None:
                self.pace, self._next = int(pace), 0.0
                self.told(f"every {self.pace} s; `pace` in the settings file keeps it")

        self.app.push_screen(PickScreen("Look at the firewall", choices, start=str(self.pace)), decide)
