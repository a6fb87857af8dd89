"""The configuration that is in force, as far as the administrator's role lets it be read, and what could not be.

`effective-running` has everything in one rulebase, but only for a superuser. Without it the parts are fetched one by
one: running has the firewall's own rules, pushed-template and pushed-shared-policy what a Panorama sent; the latter
answers Panorama's shared policy bare, and a device group's only per virtual system. `merged` is never asked for: it
follows the candidate. Measurements published for PAN-OS 11.1 and 11.2.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from whydeny.model.configuration import Configuration
from whydeny.model.errors import InputError
from whydeny.model.progress import Progress
from whydeny.model.site import Problem
from whydeny.sources.exports.configuration import read_configuration
from whydeny.sources.firewall.commands import command, value
from whydeny.sources.firewall.connection import Connection
from whydeny.sources.firewall.failures import Failure, FirewallError
from whydeny.sources.firewall.limits import LARGE
from whydeny.sources.firewall.reading import unnamed

_GONE = frozenset({Failure.NO_RIGHTS, Failure.SAID, Failure.TIMEOUT, Failure.TOO_LARGE, Failure.NOT_XML})


@dataclass(slots=True)
class FoundConfiguration:
    """The parts that came, and a problem for each part that did not."""

    configurations: list[Configuration] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def fetch_configuration(
    connection: Connection, progress: Progress, file_of: Callable[[str], int]
) -> FoundConfiguration:
    """Everything of the configuration that can be had; `file_of` gives the number of a source by its name.

    Raises `FirewallError` where the connection itself is the problem, `Cancelled` when the progress was stopped.
    """
    fetching = _Fetching(connection, progress, file_of)
    progress.step("reading the configuration from the firewall", 0, 0)
    if fetching.part("effective-running configuration", lambda: fetching.show("effective-running")):
        return fetching.found
    fetching.gap("put together from its parts instead, where a superuser could read it as a whole")
    running = fetching.part("running configuration", lambda: fetching.show("running")) or fetching.part(
        "running configuration", lambda: connection.config("show", "/config", progress, LARGE)
    )
    if not running:
        fetching.gap("without it the rules can't be looked up; give a saved configuration beside the connection")
        return fetching.found
    fetching.part("pushed-template configuration", lambda: fetching.show("pushed-template"))
    fetching.part("pushed-shared-policy configuration", lambda: fetching.show("pushed-shared-policy"))
    for vsys in sorted(running.vsys):
        fetching.part(
            f"pushed-shared-policy configuration of {vsys}",
            lambda vsys=vsys: fetching.show("pushed-shared-policy", vsys),  # type: ignore[misc]
        )
    return fetching.found


class _Fetching:
    def __init__(self, connection: Connection, progress: Progress, file_of: Callable[[str], int]) -> None:
        self.found = FoundConfiguration()
        self._connection = connection
        self._progress = progress
        self._file_of = file_of

    def show(self, part: str, vsys: str | None = None) -> bytes:
        inner = [value("vsys", vsys)] if vsys else []
        return self._connection.op(command(f"show/config/{part}", *inner), self._progress, LARGE)

    def part(self, what: str, fetch: Callable[[], bytes]) -> Configuration | None:
        """Fetch and read one part; None, with its problem noted, where that is not possible."""
        name = self._connection.address.name
        try:
            body = fetch()
        except FirewallError as error:
            if error.failure not in _GONE:
                raise
            self.gap(f"the {what} is missing: {unnamed(str(error), name)}")
            return None
        try:
            read = read_configuration(body, what, self._file_of(what))
        except InputError as error:
            self.gap(f"the {what} can't be used: {unnamed(str(error), what)}")
            return None
        self.found.configurations.append(read)
        return read

    def gap(self, message: str) -> None:
        self.found.problems.append(Problem(self._connection.address.name, None, message))
