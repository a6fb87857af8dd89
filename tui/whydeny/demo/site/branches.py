"""The two small firewalls: a branch that still runs 8.0, and a campus with two virtual systems."""

from whydeny.demo.site import skeleton
from whydeny.demo.site.markup import entry, node, yes
from whydeny.demo.site.network import BRANCH, CAMPUS
from whydeny.demo.site.rules import Decryption, Security, rulebase

BRANCH_SECURITY = (
    Security(name="branch-dns", from_="trust", to="untrust", destination="h-dns-public", app="dns", profiles=False),
    Security(name="branch-mail", from_="trust", to="untrust", app="smtp"),
    Security(name="branch-web", from_="trust", to="untrust", app="web-browsing ssl google-base"),
    Security(name="branch-remote", from_="untrust", to="trust", app="ms-rdp", disabled=True),
    Security(name="branch-deny-in", from_="untrust", to="trust", service="any", action="deny"),
)  # fmt: skip
BRANCH_DECRYPTION = (
    Decryption(name="decrypt-pilot", from_="trust", to="untrust", source="n-pilot", profile="dp-branch"),
)

CAMPUS_SECURITY = (
    Security(name="staff-dns", from_="staff", to="untrust", app="dns", profiles=False),
    Security(name="staff-to-labs", from_="staff", to="to-labs", service="any"),
    Security(name="staff-web", from_="staff", to="untrust", app="web-browsing ssl google-base", service="any"),
)  # fmt: skip
CAMPUS_DECRYPTION = (Decryption(name="decrypt-staff", from_="staff", to="untrust"),)
LABS_SECURITY = (
    Security(name="labs-ssh", from_="to-campus", to="labs", app="ssh"),
    Security(name="labs-web", from_="to-campus", to="labs", app="web-browsing ssl"),
    Security(name="labs-deny", from_="to-campus", to="labs", service="any", action="drop"),
)  # fmt: skip


def branch_config() -> str:
    """The branch: web for everybody by application-default, and TLS decrypted for a pilot group."""
    vsys = entry(
        "vsys1",
        skeleton.addresses({"n-pilot": "10.200.8.0/24", "h-dns-public": "198.51.100.53"}),
        node(
            "profiles",
            skeleton.decryption_profiles({"dp-branch": {"ssl-forward-proxy": "block-expired-certificate"}}),
        ),
        skeleton.zones(BRANCH, BRANCH.interfaces),
        node(
            "rulebase",
            rulebase("security", BRANCH_SECURITY, uuids=False),
            skeleton.hide_nat(BRANCH, "trust"),
            rulebase("decryption", BRANCH_DECRYPTION, uuids=False),
        ),
    )
    return skeleton.configuration(BRANCH, [vsys], [], [node("config", yes("rematch", False))])


def campus_config() -> str:
    """The campus: staff reach the labs through the second virtual system, and TLS starts with an opt-out page."""
    staff = entry(
        "vsys1",
        node("display-name", "demo-staff"),
        skeleton.zones(CAMPUS, ("staff", "untrust", "to-labs"), {"to-labs": "vsys2"}),
        node(
            "rulebase",
            rulebase("security", CAMPUS_SECURITY, uuids=True),
            skeleton.hide_nat(CAMPUS, "staff"),
            rulebase("decryption", CAMPUS_DECRYPTION, uuids=True),
        ),
        node("import", node("visible-vsys", node("member", "vsys2"))),
    )
    labs = entry(
        "vsys2",
        node("display-name", "demo-labs"),
        skeleton.zones(CAMPUS, ("labs", "to-campus"), {"to-campus": "vsys1"}),
        node("rulebase", rulebase("security", LABS_SECURITY, uuids=True)),
        node("import", node("visible-vsys", node("member", "vsys1"))),
    )
    settings = [node("config", yes("rematch")), node("ssl-decrypt", yes("notify-user"), yes("url-wait"))]
    return skeleton.configuration(CAMPUS, [staff, labs], [], settings)
