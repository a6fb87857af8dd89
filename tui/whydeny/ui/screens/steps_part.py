"""Which pane of the explorer the keys go to, how large it is, which has the screen, and what its keys do."""

from dataclasses import replace

from textual import on

from whydeny.filters.tree import FilterError
from whydeny.ui.actions import BY_ID, FOOTERS, Action
from whydeny.ui.filtering import within
from whydeny.ui.screens.explorer_base import PANES, RULE_PANES, ExplorerBase
from whydeny.ui.widgets.filter_bar import FilterInput
from whydeny.ui.widgets.panes import RulePane
from whydeny.ui.widgets.timeline import Timeline
from whydeny.ui.workbench import Workbench


class StepsPart(ExplorerBase):
    """Panes and steps."""

    def __init__(self, workbench: Workbench, title: str) -> None:
        super().__init__(workbench, title)
        self.jumped_from: tuple[str, str] | None = None  # the zoom and the pane that a jump to a rule began in
        self._shares = {"table": 6, "why": 4, "rules": 4, **dict.fromkeys(RULE_PANES, 4)}

    # What keys do, where they go.

    def on_descendant_focus(self) -> None:
        """Other keys matter in another pane."""
        self.show_keys()

    def footer(self) -> list[Action]:
        """What matters most where the keys go comes first; while letters are typed there is nothing else."""
        place = self._place()
        front = [BY_ID[name] for name in FOOTERS.get(place, ())]
        step = BY_ID["explorer.step_in"]
        front = [replace(step, word=self._step_word()) if action is step else action for action in front]
        if place == "field":
            return front
        ids = {action.id for action in front}
        return [*front, *(action for action in super().footer() if action.id not in ids)]

    def _place(self) -> str:
        pane = self.focused
        if isinstance(pane, FilterInput):
            return "field"
        if isinstance(pane, RulePane):
            return "rule"
        if pane is self.why:
            return "why"
        return "alone" if self.zoomed else ""

    def _step_word(self) -> str:
        return "open line" if self.zoomed in ("why", "rule") else "zoom"

    # Panes and steps.

    def action_timeline(self) -> None:
        """To the timeline."""
        if not self.query_one(Timeline).has_times:
            self.say("no row in sight has a time")
            return
        self.show_filter_row()
        self.add_class("-timeline")
        self.query_one(Timeline).focus()

    @on(Timeline.Looked)
    def _looked_at_span(self, event: Timeline.Looked) -> None:
        event.stop()
        self.say(event.words, keys=" Space begins a span, Enter filters by it, Esc leaves ")

    @on(Timeline.Chosen)
    def _chosen_span(self, event: Timeline.Chosen) -> None:
        event.stop()
        self.table.focus()
        self.remove_class("-timeline")
        try:
            self.set_filter(within(self.filter.text, event.first, event.last), remember=True)
        except FilterError as error:
            self.say(str(error), "doubt")

    def action_larger(self) -> None:
        """Make the pane with the focus larger."""
        self._resize_pane(1)

    def action_smaller(self) -> None:
        """Make it smaller."""
        self._resize_pane(-1)

    def _resize_pane(self, way: int) -> None:
        """A share more or less for the pane: of the height, and for a rule's pane of the width too."""
        pane = self.focused
        if isinstance(pane, RulePane):
            self._grow(pane.id or "", way)
            self._grow("rules", way)
        elif pane is self.why or pane is self.table:
            self._grow(pane.id or "", way)

    def _grow(self, name: str, way: int) -> None:
        share = min(max(self._shares[name] + way, 1), 12)
        self._shares[name] = share
        if name in RULE_PANES:
            self.rule_pane(name).styles.width = f"{share}fr"
            return
        self.table.styles.height = f"{self._shares['table']}fr"
        self.query_one("#detail").styles.height = f"{self._shares['why'] + self._shares['rules']}fr"
        self.why.styles.height = f"{self._shares['why']}fr"
        self.query_one("#rules").styles.height = f"{self._shares['rules']}fr"

    def step_out(self) -> bool:
        """One step back; False at the top."""
        if self.jumped_from is not None:
            (zoom, name), self.jumped_from = self.jumped_from, None
            pane = self.query_one(f"#{name}")
            self.set_zoom(zoom, pane)
            pane.focus()
        elif self.zoomed in ("why", "rule"):
            self.set_zoom("detail")
        elif self.zoomed:
            self.set_zoom("")
            self.table.focus()
        elif self.focused is not self.table:
            self.remove_class("-timeline")
            self.table.focus()
        else:
            return False
        return True

    def action_zoom(self) -> None:
        """The pane with the focus alone, and back."""
        self.jumped_from = None
        pane = self.focused
        if self.zoomed in ("table", "why", "rule"):
            self.set_zoom("")
        elif pane is self.table:
            self.set_zoom("table")
        elif pane is self.why:
            self.set_zoom("why")
        elif isinstance(pane, RulePane):
            self.set_zoom("rule", pane)

    def action_next_pane(self) -> None:
        """To the next pane."""
        self._walk_panes(1)

    def action_previous_pane(self) -> None:
        """To the pane before."""
        self._walk_panes(-1)

    def _walk_panes(self, steps: int) -> None:
        """Through the panes in order; a zoom moves along with the focus."""
        names = [name for name in PANES if self.zoomed != "detail" or name != "table"]
        here = self.focused.id if self.focused is not None and self.focused.id in names else names[0]
        self.action_pane(names[(names.index(here) + steps) % len(names)])

    def action_pane(self, name: str) -> None:
        """To a pane."""
        self.jumped_from = None
        pane = self.query_one(f"#{name}")
        if self.zoomed and not (self.zoomed == "detail" and name != "table"):
            self.set_zoom("why" if name == "why" else "table" if name == "table" else "rule", pane)
        pane.focus()
