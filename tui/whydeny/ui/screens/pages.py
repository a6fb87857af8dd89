"""Pages over the explorer: the overview, what is related to a session, a whole row, a cause's manual."""

from whydeny.model.progress import Progress
from whydeny.ui.explaining import Explained
from whydeny.ui.lines import Line
from whydeny.ui.manual_lines import manual_lines
from whydeny.ui.overview import overview_lines
from whydeny.ui.related import LOG_WORDS, ToRow, related_lines, row_lines
from whydeny.ui.screens.page import PageScreen
from whydeny.ui.workbench import Workbench
from whydeny.verdict.catalogue import UNEXPLAINED, manual


class OverviewScreen(PageScreen):
    """What was opened; Enter on a line filters the table by it."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__("Overview", follows="filters the table")
        self.bench = bench

    def lines(self, progress: Progress) -> list[Line]:
        """The page."""
        progress.step("counting", 0, 0)
        return overview_lines(self.bench, self.glyphs, self.explorer_app.options.passed_over)


class RelatedScreen(PageScreen):
    """What belongs to a session; Enter on a line goes there."""

    def __init__(self, bench: Workbench, explained: Explained) -> None:
        super().__init__("Related", follows="goes there")
        self.bench = bench
        self.explained = explained

    def lines(self, progress: Progress) -> list[Line]:
        """The page."""
        progress.step("looking for what belongs to it", 0, 0)
        return related_lines(self.bench, self.explained, self.glyphs)


class RowScreen(PageScreen):
    """Every value of a row."""

    def __init__(self, bench: Workbench, target: ToRow) -> None:
        super().__init__(f"{LOG_WORDS[target.kind]} log row")
        self.bench = bench
        self.row = target

    def lines(self, _progress: Progress) -> list[Line]:
        """The page."""
        return row_lines(self.bench, self.row)


class ManualScreen(PageScreen):
    """The page about a cause."""

    def __init__(self, cause: str) -> None:
        super().__init__("Cause")
        self.cause = cause

    def lines(self, _progress: Progress) -> list[Line]:
        """The page."""
        return manual_lines(manual(self.cause) if self.cause != UNEXPLAINED else UNEXPLAINED_PAGE, self.glyphs)


UNEXPLAINED_PAGE = """# Unexplained

`unexplained`. The session was allowed and then refused, and no cause that this program knows is proved by the inputs.

## What it means

Every cause was looked at. Those listed under "Ruled out" can't be it, because a fact speaks against each; the others
lack proof. That is an answer too: it says where not to look.

## What to look at next

The list of what is missing, in its order: each item names an input that would decide between the causes that are left.
The commands show the session while it is still discarded, which names the stage that refused it.
"""
