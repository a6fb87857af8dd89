"""The texts of a table's cells, made a page at a time and kept for a while."""

from collections.abc import Sequence

from whydeny.ui.columns import ScreenColumn
from whydeny.ui.view import View

KEPT = 4096  # rows of text that are kept


class RowTexts:
    """What the columns say of the rows of a view."""

    def __init__(self, view: View, columns: Sequence[ScreenColumn]) -> None:
        self._view = view
        self._columns = tuple(columns)
        self._texts: dict[int, list[str]] = {}

    def of(self, position: int, rows: int) -> list[str]:
        """A text for each column of the row at `position`; others are made along with it, as many as are in sight
        (`rows`): below it, or above it where the one below is known."""
        texts = self._texts.get(position)
        return self._made(position, rows) if texts is None else texts

    def _made(self, position: int, rows: int) -> list[str]:
        first = max(0, position - rows + 1) if position + 1 in self._texts else position
        if len(self._texts) > KEPT:
            self._texts.clear()
        stored = list(dict.fromkeys(name for column in self._columns for name in column.stored))
        page = self._view.page(first, rows, stored)
        have = set(page.columns)
        cells = [c.texts(page) if have.issuperset(c.stored) else [""] * page.height for c in self._columns]
        for number, row in enumerate(zip(*cells, strict=True) if cells else ()):
            self._texts[first + number] = list(row)
        return self._texts.get(position, [""] * len(self._columns))
