"""The head office's configuration: what its rules name, and the whole as XML."""

from xml.etree import ElementTree as ET

from whydeny.demo.site import skeleton
from whydeny.demo.site.hq_rules import AUTHENTICATION, DECRYPTION, DIRECTORY, OVERRIDES, SECURITY
from whydeny.demo.site.markup import entry, members, node, yes
from whydeny.demo.site.network import HQ, OFFICE
from whydeny.demo.site.rules import rulebase

ADDRESSES = {
    "n-users": "10.10.0.0/16",
    "n-users-v6": "2001:db8:10::/48",
    "n-engineering": "10.10.16.0/22",
    "n-finance": "10.10.32.0/22",
    "n-servers": "10.20.0.0/16",
    "n-voice-provider": "203.0.113.128/28",
    "h-dns-1": "10.20.0.53",
    "h-dns-2": "10.20.1.53",
    "h-dc-1": "10.20.0.10",
    "h-dc-2": "10.20.1.10",
    "h-file-1": "10.20.2.10",
    "h-file-2": "10.20.2.11",
    "h-print": "10.20.2.20",
    "h-erp-1": "10.20.3.10",
    "h-erp-2": "10.20.3.11",
    "h-reports": "10.20.3.20",
    "r-intranet": "10.20.4.10-10.20.4.19",
    "h-build": "10.20.4.30",
    "h-monitor": "10.20.5.10",
    "h-vault": "10.20.8.8",
    "h-mail": "10.30.0.25",
    "h-transfer": "10.30.0.22",
    "h-api": "10.30.0.90",
    "h-mail-public": "192.0.2.25",
    "h-transfer-public": "192.0.2.22",
    "h-web-public": "192.0.2.80",
    "h-lab-build": "10.80.0.10",
    "h-office-1": OFFICE[0].address,
    "h-office-2": OFFICE[1].address,
    "f-updates": "updates.example.net",
}
GROUPS = {
    "g-dns": "h-dns-1 h-dns-2",
    "g-domain-controllers": "h-dc-1 h-dc-2",
    "g-file-servers": "h-file-1 h-file-2",
    "g-erp": "h-erp-1 h-erp-2",
    "g-intranet": "r-intranet",
    "g-office": "h-office-1 h-office-2",
}
DYNAMIC_GROUPS = {"dag-quarantine": "'quarantine'"}
SERVICES = {"svc-erp": "7100-7110", "svc-build": "8000-8999", "svc-admin-web": "443,8443"}
APPLICATION_GROUPS = {
    "ag-directory": DIRECTORY,
    "ag-office": "ms-office365-base ms-teams outlook-web-online sharepoint-online",
    "ag-web": "web-browsing ssl google-base websocket",
}
CUSTOM_APPLICATIONS = {"example-erp": "tcp/7100-7104", "example-erp-batch": "tcp/7105"}
SCHEDULES = {"sched-contractors": "06:00-11:00", "sched-lunch": "12:00-13:00"}
DECRYPTION_PROFILES = {
    "dp-strict": {
        "ssl-forward-proxy": "block-expired-certificate block-untrusted-issuer block-unsupported-version "
        "block-unsupported-cipher"
    },
    "dp-no-decrypt": {"ssl-no-proxy": "block-expired-certificate block-untrusted-issuer"},
    "dp-inbound": {"ssl-inbound-proxy": "block-unsupported-version"},
    "dp-ssh": {"ssh-proxy": "block-unsupported-version"},
}


def running_config() -> str:
    """The running configuration of the head office, as committed at 10:41 that morning."""
    settings = [node("config", yes("rematch")), node("ssl-decrypt", yes("url-wait"))]
    return skeleton.configuration(HQ, [_vsys()], [_log_settings(), _exclusions()], settings)


def _vsys() -> ET.Element:
    security = rulebase("security", SECURITY, uuids=True)
    return entry(
        "vsys1",
        node("display-name", HQ.hostname),
        node("tag", entry("quarantine")),
        skeleton.addresses(ADDRESSES),
        skeleton.address_groups(GROUPS, DYNAMIC_GROUPS),
        node("region", entry("r-blocked", members("address", ["198.51.100.192/27"]))),
        skeleton.external_lists(("edl-known-bad", "edl-partners")),
        skeleton.services(SERVICES),
        skeleton.custom_applications(CUSTOM_APPLICATIONS),
        skeleton.groups("application-group", APPLICATION_GROUPS),
        _application_filter(),
        skeleton.daily_schedules(SCHEDULES),
        node("profiles", skeleton.decryption_profiles(DECRYPTION_PROFILES)),
        node("profile-group", entry("pg-demo", members("virus", ["default"]), members("spyware", ["strict"]))),
        _portal(),
        node(
            "authentication-object",
            entry("demo-second-factor", node("authentication-method", "web-form")),
            entry("demo-no-portal", node("authentication-method", "no-captive-portal")),
        ),
        skeleton.zones(HQ, HQ.interfaces),
        node(
            "rulebase",
            security,
            # Whatever crosses inside one zone needs a rule of its own here, and a miss is not logged.
            skeleton.defaults({"intrazone-default": "deny"}),
            skeleton.hide_nat(HQ, "users servers dmz guest kiosk voice vpn mgmt lab"),
            rulebase("decryption", DECRYPTION, uuids=True),
            rulebase("authentication", AUTHENTICATION, uuids=True),
            rulebase("application-override", OVERRIDES, uuids=True),
        ),
    )


def _application_filter() -> ET.Element:
    wanted = entry("af-peer-to-peer", members("subcategory", ["file-sharing"]), members("technology", ["peer-to-peer"]))
    return node("application-filter", wanted)


def _portal() -> ET.Element:
    return node(
        "captive-portal",
        yes("enable-captive-portal"),
        node("mode", node("redirect")),
        node("redirect-host", "portal.example.net"),
        node("gp-udp-port", "4501"),
        node("timer", "60"),
    )


def _log_settings() -> ET.Element:
    tagging = node(
        "tagging",
        node("target", "source-address"),
        node("action", "add-tag"),
        node("registration", node("localhost")),
        members("tags", ["quarantine"]),
    )
    matches = node(
        "match-list",
        entry("all-traffic", node("log-type", "traffic"), node("filter", "All Logs"), yes("send-to-panorama", False)),
        entry("all-decryption", node("log-type", "decryption"), node("filter", "All Logs")),
        entry(
            "tag-critical",
            node("log-type", "threat"),
            node("filter", "(severity eq critical)"),
            node("actions", entry("quarantine-source", node("type", tagging))),
        ),
    )
    return node("log-settings", node("profiles", entry("lf-demo", matches)))


def _exclusions() -> ET.Element:
    return node("ssl-decrypt", node("ssl-exclude-cert", entry("*.telemetry.example.net", yes("exclude"))))
