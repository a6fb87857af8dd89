"""The packaged application table: sound as data, and right where the facts are documented."""

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from whydeny.model.applications import FLAG_NAMES, Application
from whydeny.policy.packaged_applications import ORIGIN, packaged_applications

TABLE = packaged_applications()
APPLICATIONS = list(TABLE.applications.values())
PORTS = re.compile(
    r"(?:tcp|udp|sctp|icmp|icmp6)/(?:dynamic|\d{1,5}(?:-\d{1,5})?)(?:,(?:dynamic|\d{1,5}(?:-\d{1,5})?))*"
)
DATA = Path(__file__).parents[1] / "tui" / "whydeny" / "policy" / "data" / "applications.csv"


def named(name: str) -> Application:
    found = TABLE.get(name)
    assert found is not None, name
    return found


def test_it_is_partial_and_says_so() -> None:
    assert len(TABLE.applications) >= 400
    assert not TABLE.complete
    assert TABLE.origin == ORIGIN
    assert TABLE.version == ""
    assert TABLE.get("no-such-application") is None
    assert TABLE.get("incomplete") is None
    assert TABLE.get("SSL") is TABLE.get("ssl")


def test_lines_are_sorted_and_whole() -> None:
    lines = [line for line in DATA.read_text("utf-8").splitlines() if not line.startswith("#")]
    names = [line.partition(";")[0] for line in lines[1:]]
    assert all(a < b for a, b in pairwise(names))
    assert {line.count(";") for line in lines} == {lines[0].count(";")}


@pytest.mark.parametrize("application", APPLICATIONS, ids=lambda a: a.name)
def test_an_entry_is_sound(application: Application) -> None:
    for port in application.ports + application.secure_ports:
        assert PORTS.fullmatch(port), port
        for part in port.partition("/")[2].split(","):
            low, _, high = part.partition("-")
            assert part == "dynamic" or int(low) <= int(high or low) <= 65535
    assert set(application.implicitly_uses) <= set(application.uses)
    assert application.name not in application.uses
    assert all(TABLE.get(name) is not None for name in application.uses)
    assert application.risk in (1, 2, 3, 4, 5)
    assert application.deny_action in (None, "drop", "drop-reset")
    assert application.category in {
        "business-systems", "collaboration", "general-internet", "media", "networking", "unknown",
    }  # fmt: skip
    assert set(application.flags) <= {*FLAG_NAMES.values(), "used-by-malware", "prone-to-misuse"}
    assert len(set(application.flags)) == len(application.flags)
    told = application.ports or application.ip_protocols or application.icmp_types or application.icmp6_types
    assert told


@pytest.mark.parametrize(
    ("name", "secure"),
    [
        ("web-browsing", ("tcp/443",)),
        ("smtp", ("tcp/465,587",)),
        ("ftp", ("tcp/990",)),
        ("ldap", ("tcp/636",)),
        ("pop3", ("tcp/995",)),
        ("imap", ("tcp/993",)),
    ],
)
def test_six_applications_have_tls_ports(name: str, secure: tuple[str, ...]) -> None:
    assert named(name).secure_ports == secure


def test_no_other_application_has_tls_ports() -> None:
    assert sum(bool(a.secure_ports) for a in APPLICATIONS) == 6


@pytest.mark.parametrize(
    ("name", "ports"),
    [
        ("web-browsing", ("tcp/80",)),
        ("ssl", ("tcp/443",)),
        ("dns", ("tcp/53", "udp/53,5353")),
        ("ssh", ("tcp/22",)),
        ("ms-rdp", ("tcp/3389", "udp/3389")),
        ("bittorrent", ("tcp/dynamic", "udp/dynamic")),
        ("unknown-tcp", ("tcp/dynamic",)),
    ],
)
def test_default_ports(name: str, ports: tuple[str, ...]) -> None:
    assert named(name).ports == ports


@pytest.mark.parametrize(
    ("name", "protocols", "types"),
    [("icmp", (1,), ()), ("ping", (), (8,)), ("gre", (47,), ()), ("ipsec-esp", (50,), ()), ("ospf", (89,), ())],
)
def test_applications_without_ports(name: str, protocols: tuple[int, ...], types: tuple[int, ...]) -> None:
    application = named(name)
    assert application.ports == ()
    assert (application.ip_protocols, application.icmp_types) == (protocols, types)


def test_dependencies_as_the_vendor_explains_them() -> None:
    base, posting = named("facebook-base"), named("facebook-posting")
    assert base.implicitly_uses == ("ssl", "web-browsing")
    assert "facebook-base" in posting.uses
    assert "facebook-base" not in posting.implicitly_uses
    assert posting.container == base.container == "facebook"
    assert {"facebook", "youtube", "dropbox", "ms-office365"} <= TABLE.containers()


def test_it_loads_quickly_and_only_when_asked() -> None:
    """Below 20 ms on an idle machine; ten times that is allowed here, for one that is busy."""
    program = (
        "import time; import whydeny.policy.packaged_applications as p;"
        "assert not p.packaged_applications.cache_info().currsize;"
        "t = time.perf_counter(); p.packaged_applications(); print(time.perf_counter() - t)"
    )
    seconds = float(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout)
    assert seconds < 0.2
