"""The rows of a session table as classes that the rules of some rulebases can't tell apart, with their values."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import numpy as np
import polars as pl

from whydeny.model.addresses import join_halves
from whydeny.model.flags import Flag
from whydeny.model.protocols import SCTP, TCP, UDP
from whydeny.model.tables import Session
from whydeny.policy.address_sets import AddressSets
from whydeny.policy.addresses import Endpoint
from whydeny.policy.applications import Catalog, Hints, SeenApplication
from whydeny.policy.categories import WEB_PORTS, without_url
from whydeny.policy.classes import Classes, combine, of_addresses, of_column, of_ports, of_times, one_class
from whydeny.policy.classes import number as number_of
from whydeny.policy.countries import NOWHERE
from whydeny.policy.defaults import Defaults
from whydeny.policy.flows import user_of
from whydeny.policy.rulebits import RuleBits
from whydeny.policy.services import Ports
from whydeny.policy.spans import Spans
from whydeny.policy.subject import endpoint
from whydeny.policy.users import SeenUser, seen_user

T = TypeVar("T")

_HINTS = ("app_category", "app_subcategory", "app_technology", "app_risk", "app_characteristics", "app_container")
_WITH_PORTS = (TCP, UDP, SCTP)
_WEB_EDGES = {0} | {edge for port in WEB_PORTS for edge in (port, port + 1)}


@dataclass(frozen=True, slots=True)
class Family(Generic[T]):
    """The classes of rows for one criterion, and what a rule is asked with for each of them."""

    classes: Classes
    values: list[T]


class Rows:
    """One slice of the session table."""

    def __init__(self, catalog: Catalog, defaults: Defaults, bits: Sequence[RuleBits], frame: pl.DataFrame) -> None:
        self._frame = frame
        self._bits = bits
        self._catalog = catalog
        self._defaults = defaults
        self.zones: Family[tuple[str | None, str | None]] = self._family(
            [of_column(frame["from_zone"]), of_column(frame["to_zone"])], ("from_zone", "to_zone"), lambda *pair: pair
        )
        self.users: Family[SeenUser] = self._family(
            [of_column(frame["user"]), of_column(frame["dynamic_user_group"]), of_column(frame["state"].is_null())],
            ("user", "dynamic_user_group", "state"),
            lambda user, group, state: seen_user(user_of(user, state is not None), group),
        )
        named = of_column(frame["application"])
        self.categories = self._categories(named)
        looks_closer = any(rules.applications.looks_closer for rules in bits)
        hints = [of_column(frame[name]) for name in _HINTS] if looks_closer else []
        self.applications: Family[SeenApplication] = self._family(
            [named, *hints], ("application", *_HINTS), lambda name, *found: catalog.seen(name, Hints(*found))
        )
        self.services = self._services(named)
        self.times = self._times()
        self.source = self._side("source", [rules.source for rules in bits])
        self.destination = self._side("destination", [rules.destination for rules in bits])

    def logged_rules(self) -> Family[str | None]:
        """The rule that each row names."""
        return self._family([of_column(self._frame["rule"])], ("rule",), lambda name: name)

    def _family(self, parts: Sequence[Classes], columns: Iterable[str], make: Callable[..., T]) -> Family[T]:
        classes = combine(parts)
        return Family(classes, [make(*values) for values in self._values(classes, columns)])

    def _values(self, classes: Classes, columns: Iterable[str]) -> list[tuple[Any, ...]]:
        """The values of the row that stands for each class."""
        return self._frame.select(pl.col(list(columns)).gather(classes.first)).rows()

    def _categories(self, named: Classes) -> Family[tuple[str, bool]]:
        """Categories in lower case, and whether the traffic is of a kind that never has one."""
        family: Family[tuple[str, bool]] = self._family(
            [of_column(self._frame["category"]), self._without_url(named)],
            ("category", "application", "protocol", "destination_port"),
            lambda category, name, protocol, port: (
                (category or "").strip().lower(),
                without_url(protocol, port, self._catalog.seen(name).key),
            ),
        )
        return family

    def _without_url(self, named: Classes) -> Classes:
        """Rows by whether they never have a URL."""
        protocol, port = self._frame["protocol"], self._frame["destination_port"]
        ports = of_ports(protocol, port, {UDP: _WEB_EDGES})
        kinds = combine([named, of_column(protocol), ports])
        values = self._values(kinds, ("protocol", "destination_port", "application"))
        without = [without_url(number, place, self._catalog.seen(name).key) for number, place, name in values]
        return number_of(np.array(without, dtype=np.int64)[kinds.ids] if without else np.zeros(0, dtype=np.int64))

    def _services(self, named: Classes) -> Family[tuple[Ports, SeenApplication, bool | None]]:
        protocol = self._frame["protocol"]
        cuts = {number: {0} for number in _WITH_PORTS}
        for rules in self._bits:
            for number, found in cuts.items():
                found |= rules.services.cuts(number)
        for (name,) in self._values(named, ("application",)):
            default = self._defaults.of(name or "")
            for ports in (default.plain, default.secure or {}) if default is not None else ():
                for number, spans in ports.items():
                    cuts[number] |= _edges(spans)
        source_cuts = {cut for rules in self._bits for cut in rules.services.source_cuts()}
        decrypted = self._frame.select(pl.col("flags") & int(Flag.DECRYPTED)).to_series()
        parts = [
            named,
            of_column(protocol),
            of_ports(protocol, self._frame["destination_port"], cuts),
            of_column(decrypted),
            of_column(self._frame["proxied"]),
        ]
        if source_cuts:
            parts.append(of_ports(protocol, self._frame["source_port"], dict.fromkeys(_WITH_PORTS, source_cuts)))
        columns = ("application", "protocol", "source_port", "destination_port", "flags", "proxied")
        return self._family(parts, columns, self._service)

    def _service(
        self,
        name: str | None,
        protocol: int | None,
        source: int | None,
        destination: int | None,
        flags: int | None,
        proxied: str | None,
    ) -> tuple[Ports, SeenApplication, bool | None]:
        session = Session(0, flags=Flag(flags or 0), flags_known=flags is not None, proxied=proxied)
        return Ports(protocol, source, destination), self._catalog.seen(name), session.decrypted

    def _times(self) -> Family[datetime | None]:
        fields = [field for rules in self._bits for field in rules.schedules.masks]
        if not fields:
            return Family(one_class(self._frame.height), [None] * min(self._frame.height, 1))
        lasting = pl.duration(seconds=pl.col("elapsed").cast(pl.Int64))
        end = self._frame.select(pl.coalesce(pl.col("start") + lasting, pl.col("time"))).to_series()
        weekly = {edge for field in fields for edge in _edges(field.weekly) | _edges(field.perhaps)}
        once = {edge for field in fields for edge in _edges(field.once)}
        classes = of_times(end, weekly, once)
        return Family(classes, end.gather(classes.first).to_list())

    def _side(self, name: str, sets: Sequence[AddressSets]) -> Family[Endpoint]:
        cuts = {cut for found in sets for cut in found.cuts()}
        if any(found.countries for found in sets):
            cuts |= _edges(NOWHERE)
        wildcards = {wildcard for found in sets for wildcard in found.wildcards}
        high, low = f"{name}_hi", f"{name}_lo"
        parts = [of_addresses(self._frame[high], self._frame[low], cuts, wildcards)]
        if any(found.countries for found in sets):
            parts.append(of_column(self._frame[f"{name}_country"]))
        if any(found.external_lists for found in sets):
            parts.append(of_column(self._frame[f"{name}_edl"]))
        if any(found.groups for found in sets):
            parts.append(of_column(self._frame[f"{name}_dag"]))
        return self._family(parts, (high, low, f"{name}_country", f"{name}_edl", f"{name}_dag"), _endpoint)


def _endpoint(high: int | None, low: int | None, country: str | None, edl: str | None, dag: str | None) -> Endpoint:
    return endpoint(None if low is None else join_halves(high or 0, low), country, edl, dag)


def _edges(spans: Spans) -> set[int]:
    return set(spans.firsts) | {last + 1 for last in spans.lasts}
