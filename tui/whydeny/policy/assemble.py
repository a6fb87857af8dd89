"""Put configurations together to the policy that one virtual system of one firewall enforces."""

from collections.abc import Sequence

from whydeny.model.configuration import Configuration, Policy


def assemble(
    configurations: Sequence[Configuration],
    vsys: str = "vsys1",
    serial: str | None = None,
    device_group: str | None = None,
) -> Policy:
    """The policy of `vsys` on firewall `serial`, from all configurations that belong to it.

    Order: Panorama shared pre, ancestor device groups' pre (top down), device group pre, local, device group
    post, ancestors' post (bottom up), shared post, defaults (the most local override wins).
    Raises `UsageError` when a Panorama configuration is given and neither serial nor group chooses.
    """
    raise NotImplementedError
