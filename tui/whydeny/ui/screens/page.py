"""A page of text over the whole terminal: found in by words, copied as it stands, with lines that may lead somewhere."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from whydeny.model.errors import WhydenyError
from whydeny.model.progress import Progress
from whydeny.ui.actions import BY_ID, bindings, keys_of
from whydeny.ui.clipboard import Copied
from whydeny.ui.lines import Line, Span, line
from whydeny.ui.screens.base import WORDS_STAY, BaseScreen
from whydeny.ui.widgets.bar import Bar
from whydeny.ui.widgets.filter_bar import FilterInput
from whydeny.ui.widgets.lines_pane import LinesPane


class PageScreen(BaseScreen):
    """A page of text, answered with where the chosen line leads; Esc goes back.

    `follows` says what Enter on a line does, empty where lines lead nowhere.
    """

    CSS_PATH = "page.tcss"
    finds: ClassVar[str] = "words to find"
    BINDINGS: ClassVar[list[BindingType]] = bindings("page")

    def __init__(self, title: str, follows: str = "") -> None:
        super().__init__()
        self._page_title = title
        self._follows = follows
        self._slot = f"page {id(self)}"  # its own: a page that opens another one is closed after that has begun
        self._lines: Sequence[Line] = ()
        self.words = ""  # only lines with these are shown

    def compose(self) -> ComposeResult:
        """Title, what to find, text, what leads back."""
        yield Bar(glyphs=self.glyphs, id="page-title")
        with Horizontal(id="page-find"):
            yield Bar(glyphs=self.glyphs, id="page-find-label")
            yield FilterInput(placeholder=self.finds, compact=True, id="page-find-text")
        yield LinesPane(glyphs=self.glyphs, choose=bool(self._follows), id="page")
        yield Bar(glyphs=self.glyphs, id="page-keys")

    def on_mount(self) -> None:
        """The text, made off the screen's thread."""
        alarm = self.explorer_app.alarm
        left, right = self.heading()
        self.query_one("#page-title", Bar).show(left, [Span(f"{alarm} ", "bad")] if alarm else right)
        self.query_one("#page-find-label", Bar).show([Span("/ ", "key")])
        self.query_one("#page-find").display = False
        self.field.cursor_blink = False
        self.show_keys()
        self.pane.show([line(Span(f"one moment {self.glyphs.more}", "quiet"))])
        self.pane.focus()
        self.read()

    def heading(self) -> tuple[Sequence[Span], Sequence[Span]]:
        """What the page is about, at the left and at the right."""
        return [Span(f" {self._page_title}", "title")], ()

    def read(self) -> None:
        """Make the text, again where there is one; the place in it stays."""
        self.jobs.start(self._slot, self.lines, self._take, self._failed)

    def _take(self, lines: list[Line]) -> None:
        again, self._lines = bool(self._lines), lines
        self.show_lines(keep_place=again)

    def show_lines(self, keep_place: bool = False) -> None:
        """The lines with the words that are looked for."""
        self.pane.show(with_words(self._lines, self.words), keep_place)

    def show_keys(self) -> None:
        """What keys do here."""
        self.query_one("#page-keys", Bar).show(self.keys())

    def keys(self) -> list[Span]:
        """What keys do here."""
        keymap = self.explorer_app.options.keymap
        keys = [Span(" Esc", "key"), Span(" back  ")]
        if self._follows:
            keys += [Span(" Enter", "key"), Span(f" {self._follows}  ")]
        for name in ("page.find", "page.copy_page"):
            action = BY_ID[name]
            keys += [Span(f" {keys_of(action, keymap)[0]}", "key"), Span(f" {action.word}  ")]
        return [*keys, Span(" Up Down PgUp PgDn", "key"), Span(" move  ")]

    def say(self, words: str, role: str = "doubt") -> None:
        """A word at the bottom, for a while."""
        self.query_one("#page-keys", Bar).show([Span(f" {words}", role)])
        self.set_timer(WORDS_STAY, self.show_keys)

    def _failed(self, error: WhydenyError) -> None:
        self.pane.show([line(Span(str(error), "doubt"))])

    def on_unmount(self) -> None:
        """Nobody reads it any more."""
        self.jobs.cancel(self._slot)

    @property
    def pane(self) -> LinesPane:
        """Where the text is."""
        return self.query_one("#page", LinesPane)

    @property
    def field(self) -> FilterInput:
        """Where words to find are typed."""
        return self.query_one("#page-find-text", FilterInput)

    def lines(self, progress: Progress) -> list[Line]:
        """The text of the page; runs in a thread."""
        raise NotImplementedError

    def action_follow(self) -> None:
        """Go where the line leads."""
        if self.pane.target is not None:
            self.dismiss(self.pane.target)

    def action_step_back(self) -> None:
        """One step back: out of the field, then to all lines again, then to what was before."""
        if self.field.has_focus:
            self._leave_field()
        elif self.words:
            self.field.value = ""
            self.query_one("#page-find").display = False
        else:
            self.app.pop_screen()

    @on(LinesPane.Chosen)
    def _clicked(self, event: LinesPane.Chosen) -> None:
        event.stop()
        self.action_follow()

    # Finding.

    def action_find(self) -> None:
        """Type words to find."""
        self.query_one("#page-find").display = True
        self.field.focus()

    def find(self, words: str) -> None:
        """Show only what has these words."""
        self.words = words
        self.show_lines()

    @on(Input.Changed, "#page-find-text")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value.strip() != self.words:
            self.find(event.value.strip())

    @on(Input.Submitted, "#page-find-text")
    def _found(self, event: Input.Submitted) -> None:
        event.stop()
        self._leave_field()

    @on(FilterInput.Earlier)
    def _into_lines(self, event: FilterInput.Earlier) -> None:
        event.stop()
        self._leave_field()

    def _leave_field(self) -> None:
        self.query_one("#page-find").display = bool(self.words)
        self.pane.focus()

    # Copying.

    def action_copy_page(self) -> None:
        """Copy the page as it is shown, whole, below what it is about."""
        if not self._lines:
            self.say("the page is still being made", "")
            return
        title = "".join(span.text for span in self.heading()[0]).strip()
        texts = (entry.text + "".join(f"  {span.text}" for span in entry.right) for entry in self.pane.lines)
        self.explorer_app.copy_text("\n".join([title, "", *(text.rstrip() for text in texts)]), self._copied)

    def _copied(self, copied: Copied) -> None:
        self.say(f"page: {copied.words}", "good" if copied.confirmed else "doubt")


def with_words(lines: Sequence[Line], words: str) -> Sequence[Line]:
    """The lines that have all of the words, below the titles they stand under; whole sections whose title has them."""
    wanted = words.lower().split()
    if not wanted:
        return lines
    found: list[Line] = []
    title: Line | None = None
    whole = False
    for entry in lines:
        hit = all(word in entry.text.lower() for word in wanted)
        if entry.spans and entry.spans[0].role == "title":
            title, whole = entry, hit
            if hit:
                found.append(entry)
        elif entry.spans and (hit or whole):
            if title is not None and not whole:
                found.append(title)
                title = None
            found.append(entry)
    return found or [line(Span(f"no line here has “{words}”", "doubt"))]
