"""A snapshot over a live firewall's screen, which stands still behind it."""

from whydeny.ui.screens.explorer import ExplorerScreen
from whydeny.ui.workbench import Workbench


class BesideScreen(ExplorerScreen):
    """The snapshot. From its top, Esc leads back to the firewall, as leaving does."""

    def __init__(self, bench: Workbench, name: str, firewall: str) -> None:
        super().__init__(bench, name)
        self._firewall = firewall

    def on_mount(self) -> None:
        """Say where this leads back to, behind what every explorer says at first."""
        self.call_after_refresh(self.say, f"a snapshot; Esc leads back to {self._firewall}")

    def action_step_out(self) -> None:
        """One step back; first of all stop what is under way."""
        if any(self.jobs.running(slot) for slot in ("snapshot", "rows", "judge")):
            super().action_step_out()
        else:
            self.explorer_app.action_leave()
