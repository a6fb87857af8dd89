"""What was sent to the firewall: the journal of this connection, without secrets."""

from collections import Counter

from whydeny.model.progress import Progress
from whydeny.ui.lines import BLANK, Line, Span, line
from whydeny.ui.link import Link
from whydeny.ui.screens.page import PageScreen

MOST = 500  # requests that are listed


class RequestsScreen(PageScreen):
    """Every request, the newest first."""

    def __init__(self, link: Link) -> None:
        super().__init__("Requests")
        self._link = link

    def lines(self, _progress: Progress) -> list[Line]:
        """The page."""
        journal, limits = self._link.source.connection.journal, self._link.limits
        entries = journal.entries()
        kinds = Counter(entry.what.split(" ", 1)[0].removeprefix("type=") for entry in entries)
        size = sum(entry.size for entry in entries)
        lines = [
            line(Span(f"{journal.total():,} requests", "strong"), f", {size / 1e6:,.1f} MB of answers"),
            line(f"  {limits.last_minute()} in the last minute, at most {limits.per_minute} a minute and ",
                 f"{limits.together} at once"),
            line(Span("  " + ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common()), "quiet")),
            line(Span("  whydeny only reads; the key is sent in the body of each request and never shown", "quiet")),
            BLANK,
        ]  # fmt: skip
        for entry in reversed(entries[-MOST:]):
            role = "" if entry.outcome == "ok" else "doubt"
            lines.append(
                line(
                    Span(f"{entry.at:%H:%M:%S} ", "quiet"),
                    Span(f"{entry.outcome:<10} ", role or "good"),
                    f"{entry.what}",
                    Span(f"  {entry.size:,} bytes, {entry.seconds:.2f} s", "quiet"),
                    hang=20,
                )
            )
        if len(entries) > MOST:
            lines.append(line(Span(f"and {len(entries) - MOST:,} before", "quiet")))
        return lines
