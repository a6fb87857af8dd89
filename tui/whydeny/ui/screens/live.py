"""The explorer on a live firewall: searching its log, reading its session table, and what was sent so far."""

from dataclasses import dataclass
from datetime import datetime

from whydeny.filters.tree import FilterError
from whydeny.model.columns import Kind
from whydeny.model.errors import WhydenyError
from whydeny.model.progress import Progress
from whydeny.model.site import Site
from whydeny.policy.assemble import assemble
from whydeny.sources.firewall.keeper import Refreshed
from whydeny.sources.firewall.logs import FIRST_VIEW
from whydeny.sources.firewall.related import both, until
from whydeny.sources.firewall.sessions import PAGE_ROWS, VERY_MANY, SessionFilter
from whydeny.sources.firewall.source import DISCARDED, MOST
from whydeny.ui.asking import log_query, session_filter
from whydeny.ui.filtering import REFUSED_NOW
from whydeny.ui.link import Link
from whydeny.ui.live_bench import Grown
from whydeny.ui.screens.live_cursor import LiveCursor
from whydeny.ui.screens.picker import Choice, PickScreen
from whydeny.ui.screens.requests import RequestsScreen

PAGE_MEGABYTES = 0.75  # of 1,024 sessions


@dataclass(frozen=True, slots=True)
class Offer:
    """A part of the session table that can be fetched: `count` sessions, None where the device does not say."""

    id: str
    word: str
    wanted: SessionFilter
    count: int | None


@dataclass(frozen=True, slots=True)
class Unread:
    """The part of a log that a query did not read yet: what was received until `moment`, without the `skip` newest."""

    moment: datetime
    skip: int = 0


class LiveScreen(LiveCursor):
    """Table, verdict and rules of a live firewall."""

    def __init__(self, link: Link, grown: Grown, where: str | None = None) -> None:
        super().__init__(link, grown, where)
        self._search_first = where is not None and where.strip() not in ("", REFUSED_NOW)
        self._unread: dict[str, Unread] = {}  # by query

    def begin(self) -> None:
        """Begin to watch; a filter from the command line is sent along at once."""
        super().begin()
        if not self.opening:
            self.grow()
        if not len(self.bench.frame):
            self.say(self.why_no_rows[0])
        if self._search_first:
            self.action_search()

    # What the application tells while the configuration is still on its way.

    def opened(self) -> None:
        """The configuration came, perhaps before this screen was built."""
        self.opening = False
        if self.ready:
            self.grow()

    def not_opened(self, error: WhydenyError) -> None:
        """The first view is there, and the rest could not be had."""
        self.opening = False
        if self.ready:
            self.grow()
            self.unreached(error)

    def action_configuration(self) -> None:
        """Read the configuration and run-time facts anew."""
        if self.stands_still():
            return
        if self.jobs.running("open"):
            self.say("the configuration is being read already")
        else:
            self.read_configuration()

    def read_configuration(self) -> None:
        """Read the configuration anew, and let run-time facts be asked again."""
        source = self.link.source

        def work(progress: Progress) -> Site:
            site = source.reload_configuration(progress)
            if site.configurations:
                source.resolve(assemble(site.configurations), None, progress, rules=(), again=True)
            return source.site

        def done(site: Site) -> None:
            self._asked.clear()
            self.grow()
            self.told(f"the configuration was read anew at {self.now()}" if site.configurations else "no configuration")

        self.jobs.start("open", work, done, self.unreached, self.show_progress)

    # The traffic log.

    def action_search(self) -> None:
        """Send the filter to the firewall's traffic log; again: older rows."""
        if self.stands_still():
            return
        text = self.filter.text or self.aside
        try:
            query = log_query(text)
        except FilterError as error:
            self.say(str(error), "doubt")
            return
        if query is None and text.strip():
            self.say(
                "nothing of this filter can be asked of the traffic log; it takes ( addr.src in 10.1.1.1 ) and such"
            )
            return
        query = query or ""
        source, unread = self.link.source, self._unread.get(query)
        asked, skip = both(query, until(unread.moment) if unread else ""), unread.skip if unread else 0
        if query:  # an empty one would bring the whole log, look by look
            source.followed[Kind.TRAFFIC] = f"({FIRST_VIEW}) or ({query})"
        self.say(f"searching the traffic log: {asked or 'the newest rows'}")
        self.jobs.start(
            "fetch",
            lambda progress: source.search(Kind.TRAFFIC, asked, progress, MOST, skip=skip),
            lambda found: self._searched(query, unread, found),
            self.unreached,
            self.show_progress,
        )

    def _searched(self, query: str, before: Unread | None, found: Refreshed) -> None:
        self.reached()
        self.grow()
        self._unread.pop(query, None)
        if found.left and found.oldest is not None:
            # A second may have more rows than a search brings: those of it that were read are skipped the next time.
            same = before is not None and before.moment == found.oldest
            skip = found.came + (before.skip if before is not None and same else 0)
            self._unread[query] = Unread(found.oldest, skip if same else 0)
        end = "F again reads older ones" if found.left else "that is all that the log has"
        self.told(f"{len(found.new):,} new row{'' if len(found.new) == 1 else 's'}; {end}")

    # The session table.

    def action_sessions(self) -> None:
        """Count the session table, then fetch all or part of it."""
        if self.stands_still():
            return
        try:
            filtered = session_filter(self.filter.text or self.aside)
        except FilterError:
            filtered = SessionFilter()
        source = self.link.source

        def count(progress: Progress) -> list[Offer]:
            progress.step("counting the session table", 0, 0)
            offers = [Offer("all", "all sessions", SessionFilter(), source.count(SessionFilter(), progress))]
            if filtered not in (SessionFilter(), DISCARDED):
                taken, count = source.find_filter(filtered, progress)
                words = taken.words() or "all sessions"
                if taken != filtered:
                    words += "; networks are filtered here"
                offers.insert(0, Offer("filter", words, taken, count))
            return [*offers, Offer("discard", "discarded ones", DISCARDED, source.count(DISCARDED, progress))]

        self.say("counting the session table")
        self.jobs.start("fetch", count, self._offer, self.unreached, self.show_progress)

    def _offer(self, offers: list[Offer]) -> None:
        self.reached()
        self.show_head()
        by_id = {offer.id: offer for offer in offers}
        choices = [Choice(offer.id, offer.word, _cost(offer.count)) for offer in offers]
        choices += [
            Choice(f"{offer.id} first", f"{VERY_MANY:,} of them", f"of {offer.word}; the rest stays there")
            for offer in offers
            if (offer.count or 0) > VERY_MANY
        ]

        def decide(choice: str | None) -> None:
            if choice is not None:
                name, _, first = choice.partition(" ")
                self._fetch(by_id[name], VERY_MANY if first else None)

        self.app.push_screen(PickScreen("Session table", choices), decide)

    def _fetch(self, offer: Offer, most: int | None) -> None:
        source = self.link.source
        watch = offer.count is None or offer.count <= VERY_MANY
        if offer.id == "all":
            self.set_filter("")
        self.hold()
        self.jobs.start(
            "fetch",
            lambda progress: source.load_sessions(offer.wanted, progress, most, watch),
            lambda found: self._fetched(found, watch and most is None),
            self.unreached,
            self.show_progress,
        )

    def _fetched(self, found: Refreshed, watched: bool) -> None:
        self.reached()
        self.grow(found.changed)
        left = f", {found.left:,} left there" if found.left else ""
        kept = "" if watched else "; too many to watch, so only discarded ones are looked at again"
        self.told(f"{len(found.here):,} sessions came, {len(found.new):,} of them new{left}{kept}")

    # Steps and pages.

    def action_denied(self) -> None:
        """What was refused: of the log, and what the session table still holds as discarded."""
        self.set_filter(REFUSED_NOW)

    def action_step_out(self) -> None:
        """Stop what is being fetched; else one step back."""
        if self.jobs.cancel("fetch"):
            self.told("stopped; what is on the screen stays")
        else:
            super().action_step_out()

    def action_requests(self) -> None:
        """What was sent so far."""
        if not self.stands_still():
            self.app.push_screen(RequestsScreen(self.link))


def _cost(count: int | None) -> str:
    """What fetching so many sessions takes."""
    if count is None:
        return "how many is not known"
    pages = -(-count // PAGE_ROWS)
    cost = f"{count:,} session{'' if count == 1 else 's'}, {pages + 1} call{'' if pages == 0 else 's'}"
    if count > VERY_MANY:
        return f"a very large table: {cost}, about {pages * PAGE_MEGABYTES:.0f} MB"
    return cost
