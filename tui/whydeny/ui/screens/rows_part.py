"""The rows of the explorer: what passes the filter, in which order, what is marked."""

from functools import partial

from textual import on
from textual.timer import Timer

from whydeny.filters.complete import complete
from whydeny.filters.native import narrowed, terms, without
from whydeny.filters.plain import is_language
from whydeny.filters.tree import FilterError
from whydeny.model.columns import Kind
from whydeny.ui.columns import value_of
from whydeny.ui.filtering import Filter, only, split_words, understand, unseen_values
from whydeny.ui.lines import Span
from whydeny.ui.screens.picker import Choice, PickScreen
from whydeny.ui.screens.table_screen import OFF_THREAD, TableScreen
from whydeny.ui.shown import Shown, Wanted, make_shown
from whydeny.ui.widgets.filter_bar import FilterBar, FilterInput
from whydeny.ui.widgets.timeline import Timeline

MISTAKE_WAITS = 0.7  # seconds without a key until a mistake is pointed at


class RowsPart(TableScreen):
    """Filter, marks and the rows that are shown."""

    def __init__(self) -> None:
        super().__init__()
        self._off: list[str] = []  # terms of the filter that were turned off
        self._history_at = 0
        self._mistake: Timer | None = None

    def use_filter(self, text: str, at_once: bool = True) -> None:
        """Filter by `text`; where it can't be used, point at the mistake and leave the rows as they are.

        A mistake in what is still being typed waits, so that it doesn't jump up at every unfinished word.
        """
        if self._mistake is not None:
            self._mistake.stop()
        try:
            found = understand(text, self.columns, self.frame, self.kind)
        except FilterError as error:
            words, place = str(error).partition(": ")[2] or str(error), error.position if error.text else None
            if at_once or self.filter_bar.has_mistake:
                self.filter_bar.mistake(words, place)
            else:
                self._mistake = self.set_timer(MISTAKE_WAITS, lambda: self.filter_bar.mistake(words, place))
            return
        self.filter_bar.mistake("")
        self.filter = found
        self.remake("filtering")

    @property
    def why_no_rows(self) -> tuple[str, ...]:
        """What to say where the table has no rows at all."""
        return ()

    def remake(self, what: str) -> None:
        """Make the rows anew from what is wanted of them."""
        wanted = Wanted(
            self.frame,
            self.sort_keys,
            self.filter.condition,
            frozenset(self.table.marks) if self.only_marked else None,
        )
        before = self.table.view
        self.compute("rows", lambda progress: make_shown(before, wanted, progress), self._show_rows, what)

    def _show_rows(self, shown: Shown) -> None:
        table = self.table
        table.empty = self._why_empty(len(shown.view))
        table.show(shown.view)
        for timeline in self.query(Timeline):
            timeline.show(shown.times)
        self.show_count()

    def _why_empty(self, rows: int) -> tuple[str, ...]:
        if rows:
            return ()
        if not len(self.frame):
            return self.why_no_rows
        if self.only_marked:
            return ("No row is marked. m marks one; M shows all rows again.",)
        unseen = unseen_values(self.filter.text, self.frame, self.kind)
        if not is_language(self.filter.text) or split_words(self.filter.text)[1]:
            unseen = (*unseen, "Words are looked for in the columns that are shown; c shows more of them.")
        what = "session" if self.kind is Kind.TRAFFIC else "row"
        return (f"No {what} passes this filter.", *unseen, f"/ changes it, f lays it aside, a shows all {what}s.")

    def show_count(self) -> None:
        """How many rows pass, and which of them the cursor is on."""
        rows, total = len(self.table.view), len(self.frame)
        row = f"{self.table.cursor + 1:,}/" if rows else ""
        marked = f"{self.glyphs.mark}{len(self.table.marks)} " if self.table.marks else ""
        aside = "filter off " if self.aside else ""
        spans = (Span(aside, "doubt"), Span(marked, "link"), Span(f"{row}{rows:,} of {total:,}"))
        self.filter_bar.count(*(span for span in spans if span.text))

    @on(FilterBar.Typed)
    def _filter_typed(self, event: FilterBar.Typed) -> None:
        event.stop()
        self.aside = ""
        if event.text != self.filter.text or self.filter_bar.has_mistake:
            self.use_filter(event.text, event.final)
        if not event.final:
            self._complete(event.text, event.cursor)
        elif self.filter_bar.has_mistake:
            self.filter_bar.to_mistake()
        else:
            self.filter_bar.close()
            self._remember(event.text)

    def _complete(self, text: str, cursor: int) -> None:
        """Offer what fits at the cursor, where the text is of the language."""
        self.jobs.cancel("complete")
        if not is_language(text):
            self.filter_bar.offer(None)
            return
        frame, kind = self.frame, self.kind
        if len(frame) <= OFF_THREAD:
            self.filter_bar.offer(complete(text, cursor, kind, frame))
        else:
            work = partial(complete, text, cursor, kind, frame)
            self.jobs.start("complete", lambda _: work(), self.filter_bar.offer, self.failed)

    @on(FilterBar.Left)
    def _filter_left(self) -> None:
        self.table.focus()

    @on(FilterInput.Earlier)
    def _filter_history(self, event: FilterInput.Earlier) -> None:
        event.stop()
        history = [] if self.hides_names else self.memory.history
        if history:
            self._history_at = min(max(self._history_at + event.steps, 0), len(history))
            self.set_filter(history[self._history_at] if self._history_at < len(history) else "")

    def _remember(self, text: str) -> None:
        """For Up in the filter; not while names are masked, which would be offered when they no longer are."""
        if not self.hides_names:
            self.memory.typed(text)
        self._history_at = len(self.memory.history)

    @property
    def hides_names(self) -> bool:
        """Whether names and addresses are masked, so that nothing that was typed before may show."""
        return False

    def forget_filters(self) -> None:
        """Forget what may be gone back to: terms that were turned off."""
        self._off.clear()

    def set_filter(self, text: str, remember: bool = False) -> None:
        """Put a filter into the bar and use it."""
        self.aside = ""
        self.filter_bar.put(text)
        self.use_filter(text)
        if remember:
            self._remember(text)

    def action_filter(self) -> None:
        """Type a filter."""
        self.show_filter_row()
        self._history_at = len(self.memory.history)
        self.filter_bar.open()

    def action_terms(self) -> None:
        """Turn the terms of the filter on and off."""

        def choices() -> list[Choice]:
            return [Choice(part, f"{self.glyphs.match if on else ' '} {part}") for part, on in self._terms().items()]

        def toggle(part: str) -> list[Choice]:
            language, words = split_words(self.filter.text)
            if self._terms()[part]:
                self._off.append(part)
                language = without(language, part)
            else:
                self._off.remove(part)
                language = narrowed(language, part)
            self.set_filter(f"{language} {words}".strip())
            return choices()

        if self._terms():
            self.app.push_screen(PickScreen("Terms of the filter", choices(), toggles=toggle))
        else:
            self.say("the filter has no terms; / types one, = takes the value under the cursor")

    def _terms(self) -> dict[str, bool]:
        """The filter's terms and those that were turned off, and whether they are on."""
        language, _ = split_words(self.filter.text)
        on = terms(language) if is_language(language) else ()
        return dict.fromkeys(on, True) | {part: False for part in self._off if part not in on}

    def action_filters(self) -> None:
        """Take up a kept filter, or keep this one."""
        if self.hides_names:
            self.say("kept filters may name what is masked; X shows the real names again")
            return
        kept = self.memory.filters
        choices = [Choice(f"use {name}", name, text) for name, text in kept.items()]
        choices += [Choice(f"drop {name}", f"forget {name}", text) for name, text in kept.items()]

        def decide(answer: str | None) -> None:
            what, _, name = (answer or "").partition(" ")
            if what == "use":
                self.set_filter(kept[name], remember=True)
            elif what == "drop":
                del kept[name]
            elif what == "new" and self.filter.text:
                kept[name] = self.filter.text
                self.say(f"kept as {name}", "good")

        now = self.filter.text
        hint = "keep the filter under this name" if now else ""
        empty = (
            f"Type a name to keep this filter: {now}"
            if now
            else "None is kept yet. / types a filter; b then keeps it under a name."
        )
        self.app.push_screen(PickScreen("Kept filters", choices, makes=hint, empty=empty), decide)

    def action_filter_off(self) -> None:
        """Lay the filter aside, and take it up again."""
        if self.aside:
            self.set_filter(self.aside)
        elif self.filter.text:
            self.aside = self.filter.text
            self.filter = Filter("", None)
            self.remake("filtering")
        else:
            self.say("there is no filter; / types one")

    def action_all(self) -> None:
        """All sessions."""
        self.only_marked = False
        self.set_filter("")

    def action_only_value(self) -> None:
        """Only rows with the value under the cursor."""
        self._filter_by_value(False)

    def action_without_value(self) -> None:
        """No rows with the value under the cursor."""
        self._filter_by_value(True)

    def _filter_by_value(self, without: bool) -> None:
        column = self.table.column
        if column is None or self.table.row is None:
            return
        try:
            name, value = value_of(self.frame, self.table.row, column)
            self.set_filter(only(self.filter.text, name, value, without, self.kind), remember=True)
        except FilterError as error:
            self.say(str(error), "doubt")

    # Marks.

    def action_mark(self) -> None:
        """Mark the row, or take its mark away."""
        row = self.table.row
        if row is None:
            return
        self.table.marks ^= {row}
        self.table.refresh_row()
        self.show_count()

    def action_only_marked(self) -> None:
        """Only marked rows, and back."""
        self.only_marked = not self.only_marked
        self.remake("filtering")

    def action_next_mark(self) -> None:
        """To the next marked row."""
        self._to_mark(1)

    def action_previous_mark(self) -> None:
        """To the marked row before."""
        self._to_mark(-1)

    def _to_mark(self, way: int) -> None:
        if not self.table.go_to_mark(way):
            self.say("no other row is marked; m marks one")
