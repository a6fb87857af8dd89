"""A flow prepared once, so that ten thousand rules can look at it."""

from dataclasses import dataclass
from datetime import datetime

from whydeny.policy.addresses import Endpoint
from whydeny.policy.applications import Catalog, Hints, SeenApplication
from whydeny.policy.countries import country_of
from whydeny.policy.defaults import Defaults
from whydeny.policy.lookup import Flow
from whydeny.policy.services import Ports
from whydeny.policy.users import SeenUser, seen_user


@dataclass(slots=True, eq=False)
class Subject:
    """What the criteria of a rule are held against. Zones are None where they are not known."""

    from_zone: str | None
    to_zone: str | None
    source: Endpoint
    destination: Endpoint
    ports: Ports
    user: SeenUser
    application: SeenApplication
    category: str
    decrypted: bool | None
    icmp_type: int | None
    at: datetime | None
    defaults: Defaults


def endpoint(address: int | None, country: str | None, external_list: str | None, group: str | None) -> Endpoint:
    """One side of a flow, from what its row says."""
    return Endpoint(address, country_of(address, country), external_list or None, group or None)


def prepare(flow: Flow, catalog: Catalog, defaults: Defaults) -> Subject:
    """The subject of a flow."""
    hints = Hints(
        flow.app_category,
        flow.app_subcategory,
        flow.app_technology,
        flow.app_risk,
        flow.app_characteristics,
        flow.app_container,
    )
    return Subject(
        flow.from_zone,
        flow.to_zone,
        endpoint(flow.source, flow.source_country, flow.source_edl, flow.source_dag),
        endpoint(flow.destination, flow.destination_country, flow.destination_edl, flow.destination_dag),
        Ports(flow.protocol, flow.source_port, flow.destination_port),
        seen_user(flow.user, flow.dynamic_user_group),
        catalog.seen(flow.application, hints),
        (flow.category or "").strip().lower(),
        flow.decrypted,
        flow.icmp_type,
        flow.at,
        defaults,
    )
