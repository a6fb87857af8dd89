"""A stand-in firewall for every test here: small, on 127.0.0.1, over TLS, with a certificate of a CA of its own."""

import ssl
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import trustme

from whydeny.demo.standin import KEY, StandIn, run_stand_in
from whydeny.demo.standin_estate import Estate
from whydeny.sources.firewall.connection import Address, Connection, open_connection
from whydeny.sources.firewall.limits import Limits
from whydeny.sources.firewall.secret import Secret

CLOCK = datetime(2024, 5, 2, 10, 0, 0)
SYSTEM = {
    "hostname": "fw1",
    "serial": "007000000000001",
    "model": "PA-3220",
    "sw-version": "10.2.4-h2",
    "app-version": "8799-8509",
    "multi-vsys": "off",
    "operational-mode": "normal",
}
CONFIGURATION = """<config version="10.2.0"><shared/><devices><entry name="localhost.localdomain"><vsys><entry name="vsys1">
<zone><entry name="trust"/><entry name="untrust"/></zone><rulebase><security><rules>
<entry name="OUT" uuid="00000000-0000-4000-8000-000000000001"><from><member>trust</member></from><to><member>untrust</member></to>
<source><member>any</member></source><destination><member>any</member></destination><application><member>web-browsing</member></application>
<service><member>application-default</member></service><action>allow</action></entry>
</rules></security></rulebase></entry></vsys></entry></devices></config>"""


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="session")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


@pytest.fixture
def estate() -> Estate:
    return Estate(CLOCK, dict(SYSTEM), {"running": CONFIGURATION, "effective-running": CONFIGURATION})


@pytest.fixture
def stand_in(estate: Estate, server_tls: ssl.SSLContext) -> Iterator[StandIn]:
    with run_stand_in(estate, server_tls) as running:
        yield running


@pytest.fixture
def address(stand_in: StandIn, ca_file: Path) -> Address:
    return Address("127.0.0.1", stand_in.port, ca_file=ca_file)


@pytest.fixture
def limits() -> Limits:
    """Without pauses between tries."""
    return Limits(back_off=(0.0, 0.0))


@pytest.fixture
def connection(address: Address, limits: Limits) -> Connection:
    return open_connection(address, key=Secret(KEY), limits=limits)
