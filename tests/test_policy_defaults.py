"""Default ports of predefined content that mix numbers and `dynamic`, or name a protocol without ports."""

import pytest

from whydeny.model.applications import Application, ApplicationTable
from whydeny.model.protocols import ICMP, TCP, UDP
from whydeny.model.release import Release
from whydeny.model.truth import Truth
from whydeny.policy.applications import Catalog
from whydeny.policy.defaults import Defaults
from whydeny.policy.names import Names
from whydeny.policy.services import Ports

TABLE = ApplicationTable(
    {
        "player": Application("player", ports=("tcp/80,443,dynamic",)),
        "trace": Application("trace", ports=("icmp/dynamic", "udp/33434-33534")),
    }
)


@pytest.mark.parametrize(
    ("application", "protocol", "port", "expected"),
    [
        pytest.param("player", TCP, 50_000, Truth.MATCH, id="dynamic beside numbers is any port"),
        pytest.param("player", UDP, 443, Truth.NO_MATCH, id="of its own protocol only"),
        pytest.param("trace", ICMP, None, Truth.MATCH, id="a protocol without ports as a whole"),
        pytest.param("trace", UDP, 33_500, Truth.MATCH, id="and the ranges beside it"),
        pytest.param("trace", UDP, 53, Truth.NO_MATCH, id="but no other port"),
    ],
)
def test_mixed_default_ports(application: str, protocol: int, port: int | None, expected: Truth) -> None:
    catalog = Catalog(Names(()), TABLE)
    defaults = Defaults(catalog, Release(10, 2))
    decided = defaults.decide(catalog.seen(application), Ports(protocol, None, port), False, None)
    assert decided is expected
