"""A snapshot over a live firewall's screen, which stands still behind it."""

from whydeny.ui.screens.explorer import ExplorerScreen
from whydeny.ui.workbench import Workbench


class BesideScreen(ExplorerScreen):
    """The snapshot. From its top, Esc leads back to the firewall, as leaving does."""

    def __init__(self, bench: Workbench, name: str, firewall: str) -> None:
        super().__init__(bench, f"{name}, Esc leads back to {firewall}")

    def action_step_out(self) -> None:
        """One step back; first of all stop what is under way."""
        if any(self.jobs.running(slot) for slot in ("snapshot", "rows", "judge")):
            super().action_step_out()
        else:
            self.explorer_app.action_leave()
