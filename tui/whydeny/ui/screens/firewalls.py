"""The firewalls behind a Panorama, to choose one."""

from collections.abc import Sequence

from whydeny.sources.firewall.system import Managed
from whydeny.ui.screens.picker import Choice, PickScreen


class FirewallsScreen(PickScreen):
    """Answers with the serial number of the chosen firewall."""

    def __init__(self, managed: Sequence[Managed]) -> None:
        super().__init__("Firewalls of this Panorama", [_choice(one) for one in managed])


def _choice(one: Managed) -> Choice:
    known = (one.model, one.release, one.serial, "" if one.connected else "not connected to Panorama now")
    return Choice(one.serial, one.hostname or one.serial, "  ".join(word for word in known if word))
