"""What the logs hold around a session: its own rows in other logs, sessions like it, events near its end."""

from datetime import timedelta
from functools import cached_property
from typing import Any

from whydeny.model.columns import Kind
from whydeny.model.tables import Session
from whydeny.verdict.events import Event
from whydeny.verdict.likeness import Like
from whydeny.verdict.related import Related

USER_COLUMN = "the traffic log with its column Source User"
HOUR, MINUTE, TICK = timedelta(hours=1), timedelta(minutes=1), timedelta(milliseconds=1)


class Surroundings:
    """The rows around one session, found when first asked."""

    def __init__(self, session: Session, related: Related) -> None:
        self.session = session
        self.related = related

    def log_rows(self, kind: Kind) -> list[dict[str, Any]]:
        """The rows of another log that belong to this session; each has its table index under `row`."""
        log = self.related.log(kind)
        return [log.table.row(row) | {"row": row} for row in log.of_session(self.session)]

    @cached_property
    def decryption_rows(self) -> list[dict[str, Any]]:
        """The decryption-log rows of this session."""
        return self.log_rows(Kind.DECRYPTION)

    @cached_property
    def url_rows(self) -> list[dict[str, Any]]:
        """The URL-log rows of this session."""
        return self.log_rows(Kind.URL)

    @cached_property
    def threat_rows(self) -> list[dict[str, Any]]:
        """The threat-log rows of this session."""
        return self.log_rows(Kind.THREAT)

    def lacking(self, column: str) -> str | None:
        """The source of the session, where it lacks a column: that the row has nothing there then proves nothing."""
        site, file = self.related.site, self.session.file
        if self.session.live or not 0 <= file < len(site.sources) or column not in site.sources[file].lacking:
            return None
        return site.sources[file].name

    def address_rows(self, kind: Kind, before: timedelta, after: timedelta) -> list[dict[str, Any]]:
        """Rows of an authentication, User-ID or IP-tag log about the source address, from `before` its start."""
        session = self.session
        if session.source is None or session.end is None:
            return []
        log = self.related.log(kind)
        first, last = (session.start or session.end) - before, session.end + after
        rows = [log.table.row(row) | {"row": row} for row in log.about_address(session.source, first, last)]
        return [row for row in rows if not (row.get("serial") and session.serial) or row["serial"] == session.serial]

    def like(self, way: Like, before: timedelta, after: timedelta) -> list[int]:
        """Rows that are like this one in a way, from `before` its start to `after` its end, in order of time.

        Ways that go by the start of the other session count from `before` this one's start as well.
        """
        session = self.session
        begin, end = session.start or session.end, session.end or session.start  # a live session has no end
        if begin is None or end is None:
            return []
        return self.related.like(way).rows(session.row, begin - before, end + after)

    def last_before(self, way: Like) -> Session | None:
        """The last session like this one that ended before it did, within an hour before its start."""
        rows = self.like(way, HOUR, -TICK)
        return self.related.session(rows[-1]) if rows else None

    @cached_property
    def passed_with_other_category(self) -> Session | None:
        """The last session of the same source under the same rule that passed with another URL category, from an hour
        before its start to a minute after its end."""
        category = self.session.category
        for row in reversed(self.like(Like.RULE_PASSED, HOUR, MINUTE)):
            if self.related.frame["category"][row] != category:
                return self.related.session(row)
        return None

    def passed_later(self, way: Like, within: timedelta) -> Session | None:
        """The next session like this one that began after its end."""
        session = self.session
        if session.end is None:
            return None
        rows = self.related.like(way).rows(session.row, session.end, session.end + within)
        return self.related.session(rows[0]) if rows else None

    @property
    def cluster(self) -> int:
        """How many other conversations of the firewall were refused within two seconds of this one's end, where that is
        more than usual; 0 where it is not."""
        return int(self.related.cluster_sizes[self.session.row] or 0)

    @cached_property
    def events(self) -> list[Event]:
        """Commits, content installs and list refreshes from 10 s before the session's end to 2 s after it."""
        if self.session.end is None:
            return []
        end = self.session.end
        timeline = self.related.timeline
        return timeline.events(end - timedelta(seconds=10), end + timedelta(seconds=2), self.session.serial)

    @cached_property
    def same_before(self) -> Session | None:
        """An earlier session with the same values wherever a rule could look, but let through to its end.

        Had the configuration been the same then, it would have been refused like this one.
        """
        return self.last_before(Like.SAME_VALUES_PASSED)
