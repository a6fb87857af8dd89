"""The packaged part of the predefined application content, for when the firewall's own is not at hand."""

import csv
from functools import cache
from importlib.resources import files

from whydeny.model.applications import Application, ApplicationTable

ORIGIN = "packaged table (partial)"


@cache
def packaged_applications() -> ApplicationTable:
    """The applications of `data/applications.csv` (read once): never complete, of no content version.

    `uses` holds the implicit applications too, as `use-applications` of predefined content does.
    """
    text = (files("whydeny.policy") / "data" / "applications.csv").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    found = (_application(row) for row in csv.DictReader(lines, delimiter=";", strict=True))
    return ApplicationTable({a.name: a for a in found}, version="", origin=ORIGIN, complete=False)


def _application(row: dict[str, str]) -> Application:
    implicit = tuple(row["implicitly_uses"].split())
    numbers = [number.partition("/") for number in row["numbers"].split()]
    return Application(
        name=row["name"],
        ports=tuple(row["ports"].split()),
        secure_ports=tuple(row["secure_ports"].split()),
        ip_protocols=tuple(int(n) for kind, _, n in numbers if kind == "ip"),
        icmp_types=tuple(int(n) for kind, _, n in numbers if kind == "icmp"),
        icmp6_types=tuple(int(n) for kind, _, n in numbers if kind == "icmp6"),
        uses=(*row["depends_on"].split(), *implicit),
        implicitly_uses=implicit,
        container=row["container"] or None,
        deny_action=row["deny_action"] or None,
        category=row["category"],
        subcategory=row["subcategory"],
        technology=row["technology"],
        risk=int(row["risk"]) if row["risk"] else None,
        flags=tuple(row["flags"].split()),
    )
