"""When the sessions in sight happened: one cell a span of time, the refused part in its own colour."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from whydeny.ui.glyphs import Glyphs
from whydeny.ui.view import View

BINS = 600


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


class Timeline(Widget):
    """A sparkline over the width with the first and last time at its ends and moments marked on it."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"timeline--bar", "timeline--refused", "timeline--moment", "timeline--time"}
    DEFAULT_CSS = """
    Timeline {
        height: 1;
        &> .timeline--bar { color: $quiet; }
        &> .timeline--refused { color: $bad; }
        &> .timeline--moment { color: $doubt; text-style: bold; }
        &> .timeline--time { color: $quiet; }
    }
    """

    def __init__(self, *, glyphs: Glyphs, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.glyphs = glyphs
        self._times: Times | None = None
        self._moments: tuple[Moment, ...] = ()

    def show(self, times: Times | None) -> None:
        """Show other times."""
        self._times = times
        self.refresh()

    def mark(self, moments: tuple[Moment, ...]) -> None:
        """Mark other moments."""
        self._moments = moments
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line."""
        width = self.size.width
        times = self._times
        if times is None or y != 0 or width < 40:
            return Strip.blank(width, self.rich_style)
        form = "%H:%M:%S" if times.first.date() == times.last.date() else "%d %b %H:%M"
        left, right = f" {times.first:{form}} ", f" {times.last:{form}} "
        cells = width - len(left) - len(right)
        edges = np.arange(cells + 1) * BINS // cells
        all_ = np.add.reduceat(np.append(times.all, 0), edges[:-1]) * (np.diff(edges) > 0)
        refused = np.add.reduceat(np.append(times.refused, 0), edges[:-1]) * (np.diff(edges) > 0)
        if cells > BINS:  # more cells than bins: a bin fills all its cells
            all_, refused = times.all[edges[:-1]], times.refused[edges[:-1]]
        most = max(int(all_.max()), 1)
        style = {
            name: self.rich_style + self.get_component_rich_style(f"timeline--{name}", partial=True)
            for name in ("bar", "refused", "moment", "time")
        }
        moments = self._cells_of_moments(times, cells)
        segments = [Segment(left, style["time"])]
        for cell in range(cells):
            count = int(all_[cell])
            if cell in moments:
                segments.append(Segment(self.glyphs.event, style["moment"]))
                continue
            level = 0 if not count else max(1, -(-count * len(self.glyphs.spark) // most)) - 1
            letter = self.glyphs.spark[level] if count else " "
            segments.append(Segment(letter, style["refused" if refused[cell] else "bar"]))
        segments.append(Segment(right, style["time"]))
        return Strip(segments).simplify().adjust_cell_length(width, self.rich_style)

    def _cells_of_moments(self, times: Times, cells: int) -> set[int]:
        span = max((times.last - times.first).total_seconds(), 1e-6)
        return {
            min(cells - 1, int((m.at - times.first).total_seconds() / span * cells))
            for m in self._moments
            if times.first <= m.at <= times.last
        }
