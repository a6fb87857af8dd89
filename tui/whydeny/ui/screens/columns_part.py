"""The columns of the explorer's table: which, in what order, how wide, and what the rows are sorted by."""

from textual import on

from whydeny.ui.columns import ScreenColumn
from whydeny.ui.screens.picker import Choice, PickScreen
from whydeny.ui.screens.rows_part import RowsPart
from whydeny.ui.view import SortKey
from whydeny.ui.widgets.placing import NARROWEST
from whydeny.ui.widgets.table import RowTable

WIDEST = 60
USUAL = "usual columns"  # the name of a choice, which no column has


class ColumnsPart(RowsPart):
    """Choosing, moving and sizing columns; sorting."""

    @property
    def _widths(self) -> dict[str, int]:
        return self.memory.widths.setdefault(self.remembered_as, {})

    def chosen_columns(self) -> list[ScreenColumn]:
        """The columns that the user chose, none where nothing was chosen."""
        named = {column.name: column for column in self.all_columns}
        chosen = self.memory.columns.get(self.remembered_as, [])
        return [named[name] for name in chosen if name in named]

    def place_columns(self) -> None:
        self.table.set_columns(self.columns, self._widths)

    def _sort_by(self, column: ScreenColumn, also: bool) -> None:
        there = next((key for key in self.sort_keys if key.column == column.name), None)
        key = SortKey(column.name, column.order, not there.descending if there else False)
        if also:
            self.sort_keys = (*(k for k in self.sort_keys if k.column != column.name), key)
        else:
            self.sort_keys = (key,)
        self.remake(f"sorting by {column.title}")

    def action_sort(self) -> None:
        """Sort by the column of the cursor."""
        if self.table.column is not None:
            self._sort_by(self.table.column, also=False)

    def action_sort_also(self) -> None:
        """Sort by this column inside the order there is."""
        if self.table.column is not None:
            self._sort_by(self.table.column, also=True)

    @on(RowTable.HeadingClicked)
    def _heading_clicked(self, event: RowTable.HeadingClicked) -> None:
        event.stop()
        self._sort_by(event.column, also=event.also)

    def action_narrower(self) -> None:
        """Make this column narrower."""
        self._change_width(-2)

    def action_wider(self) -> None:
        """Make this column wider."""
        self._change_width(2)

    def action_fit_column(self) -> None:
        """Make this column as wide as what it shows."""
        column = self.table.column
        if column is not None:
            self._widths[column.name] = min(max(self.table.widest_in_sight(), NARROWEST), WIDEST)
            self.place_columns()

    def _change_width(self, cells: int) -> None:
        column = self.table.column
        if column is None:
            return
        now = next((p.width for p in self.table.placed if p.column is column), column.wide)
        self._widths[column.name] = min(max(now + cells, NARROWEST), WIDEST)
        self.place_columns()

    def _move_column(self, steps: int) -> None:
        column = self.table.column
        names = [c.name for c in self.columns]
        if column is None or column.name not in names:
            return
        at = names.index(column.name)
        to = min(max(at + steps, 0), len(names) - 1)
        names.insert(to, names.pop(at))
        self.memory.columns[self.remembered_as] = names
        self.place_columns()

    def action_column_before(self) -> None:
        """Move this column to the left."""
        self._move_column(-1)

    def action_column_after(self) -> None:
        """Move this column to the right."""
        self._move_column(1)

    def action_hide_column(self) -> None:
        """Hide this column."""
        column = self.table.column
        if column is not None and len(self.columns) > 1:
            self.memory.columns[self.remembered_as] = [c.name for c in self.columns if c.name != column.name]
            self.place_columns()

    def action_columns(self) -> None:
        """Choose columns."""

        def choices() -> list[Choice]:
            shown = {c.name for c in self.columns}
            listed = [
                Choice(c.name, f"{self.glyphs.match if c.name in shown else ' '} {c.title}", c.what)
                for c in self.all_columns
            ]
            chosen = self.remembered_as in self.memory.columns or self._widths
            return (
                [*listed, Choice(USUAL, "  usual columns", "as they were before any was chosen")] if chosen else listed
            )

        def toggle(name: str) -> list[Choice]:
            if name == USUAL:
                self.memory.columns.pop(self.remembered_as, None)
                self._widths.clear()
                self.place_columns()
                return choices()
            names = [c.name for c in self.columns]
            if name in names and len(names) > 1:
                names.remove(name)
            elif name not in names:
                names.append(name)
            self.memory.columns[self.remembered_as] = names
            self.place_columns()
            if name in names:
                self.table.go_to_column(name)
            return choices()

        self.app.push_screen(PickScreen("Columns", choices(), toggles=toggle))
