"""What every screen of the explorer has: the application's jobs and glyphs, and a way back."""

from typing import TYPE_CHECKING, Any, cast

from textual.reactive import reactive
from textual.screen import ModalScreen, Screen
from textual.widget import Widget

from whydeny.ui.glyphs import Glyphs
from whydeny.ui.jobs import Jobs

if TYPE_CHECKING:
    from whydeny.ui.app import ExplorerApp


WORDS_STAY = 4.0  # seconds that a word at the bottom stays


class BaseScreen(Screen[Any]):
    """A screen of the explorer."""

    # Textual draws the whole screen anew for every change of focus, 8 KB at 80x24; the widgets that gain and lose it
    # draw themselves anyway.
    focused: reactive[Widget | None] = reactive(None, repaint=False)

    @property
    def explorer_app(self) -> "ExplorerApp":
        """The application, by its own type."""
        return cast("ExplorerApp", self.app)

    @property
    def glyphs(self) -> Glyphs:
        """The signs of this terminal."""
        return self.explorer_app.glyphs

    @property
    def jobs(self) -> Jobs:
        """Work off the screen's thread."""
        return self.explorer_app.jobs

    def step_out(self) -> bool:
        """One step back inside the screen; False where it is at its top."""
        return False


class BaseModal(ModalScreen[Any]):
    """A screen over another one, which stays in sight."""

    @property
    def glyphs(self) -> Glyphs:
        """The signs of this terminal."""
        return cast("ExplorerApp", self.app).glyphs
