"""Commits while a firewall is watched: from then on the configuration at hand is not the one in force.

`show jobs all` lists jobs with the newest first: `Commit` on the firewall itself, `CommitAll` pushed by a Panorama; one
that took effect has status FIN and result OK (PAN-OS XML API guide, "Commit Configuration", and the command's answer).
"""

import time
from dataclasses import dataclass

from whydeny.model.errors import InputError
from whydeny.model.progress import Progress
from whydeny.model.safe import safe_text
from whydeny.sources.exports.xml_tools import parse_xml
from whydeny.sources.firewall.commands import command
from whydeny.sources.firewall.connection import Connection
from whydeny.sources.firewall.failures import Failure, FirewallError
from whydeny.sources.firewall.reading import unnamed

EVERY = 60.0  # seconds between two looks
_COMMITS = frozenset({"commit", "commitall"})


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that took effect; `at` is when, in the firewall's own words."""

    job: str
    at: str


class Commits:
    """Notices commits. `fresh` is the last one since the configuration was read."""

    def __init__(self, connection: Connection) -> None:
        self.fresh: Commit | None = None
        self._connection = connection
        self._known: Commit | None = None
        self._next: float | None = None  # never, as long as it was not looked at successfully

    def note(self, progress: Progress) -> None:
        """The configuration is read next: commits until now are in it. Raises `FirewallError`."""
        self._next = None
        self._known, self.fresh = self._last(progress), None
        self._next = time.monotonic() + EVERY

    def look(self, progress: Progress) -> None:
        """See whether there was one, if it is time. Raises `FirewallError`."""
        if self._next is None or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY
        last = self._last(progress)
        if last is not None and last != self._known:
            self.fresh = last

    def _last(self, progress: Progress) -> Commit | None:
        name = self._connection.address.name
        try:
            root = parse_xml(self._connection.op(command("show/jobs/all"), progress), name)
        except InputError as error:
            raise FirewallError(Failure.NOT_XML, f"{name}: {unnamed(str(error), name)}") from None
        for job in root.iterfind("result/job"):
            told = {child.tag: (child.text or "").strip() for child in job}
            if told.get("type", "").lower() in _COMMITS and (told.get("status"), told.get("result")) == ("FIN", "OK"):
                return Commit(safe_text(told.get("id", ""), 40), safe_text(told.get("tfin", ""), 40))
        return None
