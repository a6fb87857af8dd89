"""The rows of another log: those of one session, or all of them, filtered and sorted like the sessions."""

from collections.abc import Sequence
from typing import ClassVar

import polars as pl
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from whydeny.model.columns import Kind
from whydeny.ui.actions import BY_ID, Action, bindings, keys_of
from whydeny.ui.clipboard import Copied
from whydeny.ui.columns import ScreenColumn, log_columns
from whydeny.ui.copying import row_text
from whydeny.ui.lines import Span
from whydeny.ui.related import LOG_WORDS, ToRow
from whydeny.ui.screens.columns_part import ColumnsPart
from whydeny.ui.screens.pages import RowScreen
from whydeny.ui.view import whole
from whydeny.ui.widgets.bar import Bar
from whydeny.ui.widgets.filter_bar import FilterBar
from whydeny.ui.widgets.table import RowTable
from whydeny.ui.workbench import Workbench

# What of the explorer's actions makes sense for any table.
KEPT = (
    "filter", "filter_off", "terms", "filters", "all", "only_value", "without_value", "sort", "sort_also", "columns",
    "narrower", "wider", "fit_column", "column_before", "column_after", "hide_column", "mark", "next_mark", "previous_mark",
    "only_marked", "copy",
)  # fmt: skip
# The columns that say most, by kind; the others can be chosen.
USUAL: dict[Kind, tuple[str, ...]] = {
    Kind.DECRYPTION: ("time", "source", "destination", "destination_port", "decryption_rule", "error", "server_name",
                      "tls_version"),
    Kind.AUTHENTICATION: ("time", "address", "user", "event", "authentication_rule", "description"),
    Kind.URL: ("time", "source", "destination", "action", "category", "url"),
    Kind.THREAT: ("time", "source", "destination", "subtype", "action", "threat_name", "url"),
    Kind.SYSTEM: ("time", "severity", "event", "description"),
    Kind.CONFIGURATION: ("time", "admin", "command", "result", "path"),
    Kind.USERID: ("time", "address", "user", "event", "subtype", "data_source_name"),
    Kind.IPTAG: ("time", "address", "event", "tag", "data_source_name"),
}  # fmt: skip


class LogScreen(ColumnsPart):
    """One log. With `rows`, those of a session, only they are shown until `a` shows all; None: no session is meant."""

    CSS_PATH = "log_screen.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(b for b in bindings("explorer") if getattr(b, "action", "") in KEPT),
        *bindings("log"),
    ]

    def __init__(self, bench: Workbench, kind: Kind, rows: Sequence[int] | None = None) -> None:
        super().__init__()
        self.bench = bench
        self.kind = kind
        self.session_rows = frozenset(rows or ())
        self._about = "all rows" if rows is None else "no row belongs to this session; these are all"

    @property
    def frame(self) -> pl.DataFrame:
        """The log's rows."""
        return self.bench.site.logs[self.kind].frame

    def offers(self, action: Action) -> bool:
        """What makes sense for any table, and the program's own."""
        return action.scope == "app" or (action.scope == "explorer" and action.method in KEPT)

    @property
    def hides_names(self) -> bool:
        """Whether names and addresses are masked."""
        return self.bench.masked

    @property
    def all_columns(self) -> tuple[ScreenColumn, ...]:
        """Every column of the log."""
        return log_columns(self.kind)

    @property
    def columns(self) -> tuple[ScreenColumn, ...]:
        """The columns that are chosen, or say most."""
        named = {column.name: column for column in self.all_columns}
        time, *others = USUAL[self.kind]
        usual = (time, *(("device_name",) if self.bench.several_firewalls else ()), *others)
        return tuple(self.chosen_columns()) or tuple(named[name] for name in usual)

    def compose(self) -> ComposeResult:
        """Title, filter, table, keys."""
        yield Bar(glyphs=self.glyphs, id="head")
        yield FilterBar(glyphs=self.glyphs, hint="words, or a log filter; ( and Tab offer fields", id="filter")
        yield RowTable(whole(self.frame.clear()), self.columns, glyphs=self.glyphs, id="table")
        yield Bar(glyphs=self.glyphs, id="foot")

    def on_mount(self) -> None:
        """The rows of the session, as marked rows."""
        self.table.marks = set(self.session_rows)
        self.only_marked = bool(self.session_rows)
        self.table.focus()
        self.use_filter("")
        self.show_keys()

    def _show_head(self) -> None:
        words = self._about
        if self.session_rows:
            words = (
                "rows of this session; a shows all" if self.only_marked else "all rows, those of this session marked"
            )
        alarm = self.explorer_app.alarm
        self.query_one("#head", Bar).show(
            [Span(f" {LOG_WORDS[self.kind]} log", "title"), Span(f"   {words}", "quiet")],
            [Span(f"{alarm} ", "bad")] if alarm else (),
        )

    def show_count(self) -> None:
        """And whether the rows are those of the session or all."""
        super().show_count()
        self._show_head()

    def on_resize(self) -> None:
        """Columns and the words at the bottom follow the width."""
        self.place_columns()
        self.show_keys()

    def show_keys(self) -> None:
        """The keys of this screen."""
        if self._word is not None:
            return
        spans = [Span(" Esc", "key"), Span(" back "), Span(" Enter", "key"), Span(" row ")]
        for name in ("filter", "all", "copy", "sort", "columns", "mark"):
            action = BY_ID[f"explorer.{name}"]
            key = keys_of(action, self.explorer_app.options.keymap)[0]
            spans += [Span(f" {key}", "key"), Span(f" {action.word} ")]
        self.query_one("#foot", Bar).show(spans)

    @on(RowTable.Moved)
    def _moved(self, event: RowTable.Moved) -> None:
        event.stop()
        self.show_count()

    @on(RowTable.Opened)
    def _opened(self, event: RowTable.Opened) -> None:
        event.stop()
        self.action_row()

    def action_row(self) -> None:
        """Every value of the row."""
        if self.table.row is not None:
            self.app.push_screen(RowScreen(self.bench, ToRow(self.kind, self.table.row)))

    def action_step_back(self) -> None:
        """Back to the sessions."""
        self.app.pop_screen()

    def action_copy(self) -> None:
        """Copy the row under the cursor."""
        text = row_text(self.table.row_texts())
        if text:
            self.explorer_app.copy_text(text, self._copied)
        else:
            self.say("no row under the cursor")

    def _copied(self, copied: Copied) -> None:
        self.say(f"row: {copied.words}", "good" if copied.confirmed else "doubt")
