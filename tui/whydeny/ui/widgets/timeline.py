"""When the sessions in sight happened: one cell a span of time, the refused part in its own colour."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl
from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from whydeny.ui.actions import bindings
from whydeny.ui.glyphs import Glyphs
from whydeny.ui.view import View

BINS = 600
LEAST = 40  # cells; with fewer there is no room for a timeline


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened at a time and may have changed policy: a commit, a content install."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class Times:
    """How many rows of a view fall into each of BINS equal spans from `first` to `last`, and how many of them were
    refused."""

    first: datetime
    last: datetime
    all: npt.NDArray[np.int64]
    refused: npt.NDArray[np.int64]

    def at(self, cell: int, cells: int) -> datetime:
        """The start of one of `cells` cells."""
        return self.first + (self.last - self.first) * cell / cells


def times_of(view: View, refused: frozenset[str]) -> Times | None:
    """The times of the rows that are shown; None where no row has one."""
    if not len(view):
        return None
    frame = view.frame.select(
        pl.col("time").dt.epoch("us").alias("at"),
        pl.col("outcome").cast(pl.String).is_in(sorted(refused)).fill_null(False).alias("refused"),
    )[view.order]
    frame = frame.filter(pl.col("at").is_not_null())
    if not frame.height:
        return None
    at = frame["at"].to_numpy()
    first, last = int(at.min()), int(at.max())
    span = max(last - first, 1)
    bins = np.minimum((at - first) * BINS // span, BINS - 1).astype(np.int64)
    epoch = datetime(1970, 1, 1)
    return Times(
        epoch + timedelta(microseconds=first),
        epoch + timedelta(microseconds=last),
        np.bincount(bins, minlength=BINS),
        np.bincount(bins[frame["refused"].to_numpy()], minlength=BINS),
    )


class Timeline(Widget, can_focus=True):
    """A sparkline over the width with the first and last time at its ends and moments marked on it.

    With the focus it has a cursor: a span between two cells, or two points of the mouse, is told as `Chosen`.
    """

    ALLOW_SELECT = False
    BINDINGS = bindings("timeline")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "timeline--bar", "timeline--refused", "timeline--moment", "timeline--time", "timeline--span",
    }  # fmt: skip
    DEFAULT_CSS = """
    Timeline {
        height: 1;
        &> .timeline--bar { color: $quiet; }
        &> .timeline--refused { color: $bad; }
        &> .timeline--moment { color: $doubt; text-style: bold; }
        &> .timeline--time { color: $quiet; }
        &> .timeline--span { text-style: reverse; }
    }
    """

    class Chosen(Message):
        """A span of time was chosen."""

        def __init__(self, first: datetime, last: datetime) -> None:
            self.first = first
            self.last = last
            super().__init__()

    class Looked(Message):
        """The cursor came to a span of time with so many rows."""

        def __init__(self, words: str) -> None:
            self.words = words
            super().__init__()

    def __init__(self, *, glyphs: Glyphs, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.glyphs = glyphs
        self._times: Times | None = None
        self._moments: tuple[Moment, ...] = ()
        self._cursor = 0
        self._begin: int | None = None
        self._pressed = False

    def show(self, times: Times | None) -> None:
        """Show other times."""
        self._times = times
        self._begin = None
        self.refresh()

    def mark(self, moments: tuple[Moment, ...]) -> None:
        """Mark other moments."""
        self._moments = moments
        self.refresh()

    @property
    def has_times(self) -> bool:
        """Whether there is a span to choose from."""
        return self._times is not None

    @property
    def _ends(self) -> tuple[str, str]:
        if self._times is None:
            return "", ""
        first, last = self._times.first, self._times.last
        form = "%H:%M:%S" if first.date() == last.date() else "%d %b %H:%M"
        return f" {first:{form}} ", f" {last:{form}} "

    @property
    def cells(self) -> int:
        """How many cells the sparkline has."""
        return max(1, self.size.width - sum(map(len, self._ends)))

    def _counts(self, which: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The counts of the cells from those of the bins."""
        edges = np.arange(self.cells + 1) * BINS // self.cells
        if self.cells > BINS:  # more cells than bins: a bin fills all its cells
            return which[edges[:-1]]
        counted: npt.NDArray[np.int64] = np.add.reduceat(which, edges[:-1])
        return counted

    def render_line(self, y: int) -> Strip:
        """The line."""
        width = self.size.width
        times = self._times
        if times is None or y != 0 or width < LEAST:
            return Strip.blank(width, self.rich_style)
        left, right = self._ends
        counts, refused = self._counts(times.all), self._counts(times.refused)
        most = max(int(counts.max()), 1)
        style = {
            name: self.rich_style + self.get_component_rich_style(f"timeline--{name}", partial=True)
            for name in ("bar", "refused", "moment", "time", "span")
        }
        moments = self._cells_of_moments(times)
        first, last = self.span
        segments = [Segment(left, style["time"])]
        for cell in range(self.cells):
            count = int(counts[cell])
            level = max(1, -(-count * len(self.glyphs.spark) // most)) - 1
            letter = self.glyphs.spark[level] if count else " "
            role = style["refused" if refused[cell] else "bar"]
            if cell in moments:
                letter, role = self.glyphs.event, style["moment"]
            if self.has_focus and first <= cell <= last:
                role = role + style["span"]
            segments.append(Segment(letter, role))
        segments.append(Segment(right, style["time"]))
        return Strip(segments).simplify().adjust_cell_length(width, self.rich_style)

    def _cells_of_moments(self, times: Times) -> set[int]:
        span = max((times.last - times.first).total_seconds(), 1e-6)
        return {
            min(self.cells - 1, int((m.at - times.first).total_seconds() / span * self.cells))
            for m in self._moments
            if times.first <= m.at <= times.last
        }

    # Choosing a span.

    @property
    def span(self) -> tuple[int, int]:
        """The first and last chosen cell."""
        begin = self._cursor if self._begin is None else self._begin
        return min(begin, self._cursor), max(begin, self._cursor)

    def _times_of_span(self) -> tuple[datetime, datetime] | None:
        if self._times is None:
            return None
        first, last = self.span
        return self._times.at(first, self.cells), self._times.at(last + 1, self.cells)

    def _look(self) -> None:
        times = self._times_of_span()
        if times is None or self._times is None:
            return
        first, last = self.span
        count = int(self._counts(self._times.all)[first : last + 1].sum())
        said = [m.what for m in self._moments if times[0] <= m.at < times[1]]
        words = f"{times[0]:%H:%M:%S} to {times[1]:%H:%M:%S}: {count:,}"
        self.post_message(self.Looked("; ".join([words, *said[:2]])))
        self.refresh()

    def choose(self) -> None:
        """Tell the chosen span."""
        times = self._times_of_span()
        if times is not None:
            self._begin = None
            self.post_message(self.Chosen(*times))

    def action_earlier(self) -> None:
        """One cell earlier."""
        self._cursor = max(0, self._cursor - 1)
        self._look()

    def action_later(self) -> None:
        """One cell later."""
        self._cursor = min(self.cells - 1, self._cursor + 1)
        self._look()

    def action_begin(self) -> None:
        """Begin a span at the cursor, or forget the one that was begun."""
        self._begin = self._cursor if self._begin is None else None
        self._look()

    def on_focus(self) -> None:
        """The cursor shows with the focus only."""
        self._look()

    def on_blur(self) -> None:
        """And goes with it."""
        self._begin = None
        self.refresh()

    def _cell_at(self, x: int) -> int:
        return min(max(x - len(self._ends[0]), 0), self.cells - 1)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A span begins under the pointer."""
        self._cursor = self._begin = self._cell_at(event.x)
        self._pressed = True
        self.capture_mouse()
        self._look()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """It goes as far as the pointer."""
        if self._pressed:
            self._cursor = self._cell_at(event.x)
            self._look()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """And is chosen where the button is let go, if it is more than a cell."""
        if not self._pressed:
            return
        self._pressed = False
        self.release_mouse()
        self._cursor = self._cell_at(event.x)
        if self._begin != self._cursor:
            self.choose()
