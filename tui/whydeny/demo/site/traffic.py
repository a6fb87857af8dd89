"""The ordinary morning: what the rules let through, in realistic proportion.

Every row is one that its configuration explains: the rule it names really takes it.
"""

from dataclasses import dataclass

from whydeny.demo.site.book import NO_FLAGS, Book, Session, Truth, outcome_of
from whydeny.demo.site.branches import BRANCH_SECURITY, CAMPUS_SECURITY, LABS_SECURITY
from whydeny.demo.site.hq_rules import SECURITY
from whydeny.demo.site.network import (
    BANKS,
    BRANCH,
    CAMPUS,
    CODE,
    HQ,
    MEETINGS,
    NOTES,
    OFFICE,
    SHOPS,
    SITES,
    SOCIAL,
    UPDATES,
    Firewall,
    Host,
    at,
    user_of,
)
from whydeny.demo.site.rules import Security
from whydeny.model.flags import Flag

RULES = {
    firewall.hostname: {rule.name: rule for rule in rules}
    for firewall, rules in ((HQ, SECURITY), (BRANCH, BRANCH_SECURITY), (CAMPUS, CAMPUS_SECURITY + LABS_SECURITY))
}
HQ_RULES = RULES[HQ.hostname]

DECRYPTED = Flag.DECRYPTED
USERS, USERS_V6 = "10.10.0-15.10-250", "2001:db8:10:1-9::10-99"
FINANCE, ENGINEERING = "10.10.32-35.10-250", "10.10.16-19.10-250"
SERVERS, VPN, GUEST, KIOSK = "10.20.2-9.10-60", "10.60.0-3.10-250", "10.40.0-7.10-250", "10.45.0.10-40"
VOICE, MGMT, LAB, PARTNER = "10.50.0-3.10-250", "10.70.0.20-40", "10.80.1-3.20-200", "10.90.0.10-30"
OUTSIDE, PARTNERS_OUTSIDE = "198.51.100.100-180", "198.51.100.184-188"
TRUST, STAFF = "10.200.0-7.10-250", "10.150.0-9.10-250"

TCP_ENDS = (
    ("tcp-fin",) * 76 + ("tcp-rst-from-client",) * 9 + ("tcp-rst-from-server",) * 6 + ("aged-out",) * 6
    + ("tcp-reuse", "decoder", "resources-unavailable")
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """`count` sessions alike: who, where to, what, and through which rule. Addresses are patterns for `Dice.roll`."""

    count: int
    rule: str
    source: str
    to: str | tuple[Host, ...]
    apps: str
    port: int | tuple[int, int]
    protocol: str = "tcp"
    known: bool = False  # whether the user behind the source is known
    flags: Flag = NO_FLAGS
    lasts: tuple[int, int] = (1, 150)  # seconds, mostly near the first
    zones: str = ""  # `from to`, where the rule has several
    firewall: Firewall = HQ
    vsys: str = "vsys1"
    nat_destination: str = ""
    source_list: str = ""
    before: str = ""  # ends before this time of day
    settled: bool = True  # whether the configuration alone can say that the rule takes it


def _udp(count: int, rule: str, source: str, to: str | tuple[Host, ...], apps: str, port: int, **more: str) -> Habit:
    return Habit(count=count, rule=rule, source=source, to=to, apps=apps, port=port, protocol="udp", lasts=(1, 40),
                 zones=more.get("zones", ""))  # fmt: skip


HABITS = (
    _udp(90, "dns-internal", USERS, "10.20.0-1.53", "dns", 53),
    _udp(25, "dns-internal", VPN, "10.20.0-1.53", "dns", 53, zones="vpn servers"),
    _udp(20, "dns-internal", GUEST, "10.20.0-1.53", "dns", 53, zones="guest servers"),
    _udp(12, "dns-internal", LAB, "10.20.0-1.53", "dns", 53, zones="lab servers"),
    _udp(8, "dns-internal", KIOSK, "10.20.0-1.53", "dns", 53, zones="kiosk servers"),
    _udp(8, "dns-internal", VOICE, "10.20.0-1.53", "dns", 53, zones="voice servers"),
    _udp(60, "dns-out", "10.20.0-1.53", "198.51.100.53", "dns", 53),
    _udp(24, "ntp-out", SERVERS, "203.0.113.123", "ntp", 123),
    Habit(count=22, rule="ping-internal", source=USERS, to="10.20.4.10-19", apps="ping", port=0, protocol="icmp"),
    Habit(count=10, rule="ping-out", source=MGMT, to=SITES, apps="ping", port=0, protocol="icmp", zones="mgmt untrust"),
    Habit(count=36, rule="active-directory", source=USERS, to="10.20.0-1.10", apps="kerberos", port=88, lasts=(1, 4)),
    Habit(count=30, rule="active-directory", source=USERS, to="10.20.0-1.10", apps="ldap", port=389, lasts=(1, 60)),
    Habit(count=16, rule="active-directory", source=VPN, to="10.20.0-1.10", apps="msrpc-base", port=135,
          zones="vpn servers"),
    Habit(count=12, rule="active-directory", source=KIOSK, to="10.20.0-1.10", apps="ms-ds-smb-base", port=445,
          zones="kiosk servers"),
    Habit(count=44, rule="file-shares", source=USERS, to="10.20.2.10-11", apps="ms-ds-smbv3 ms-ds-smbv2", port=445,
          known=True, lasts=(20, 3000)),
    Habit(count=12, rule="printing", source=USERS, to="10.20.2.20", apps="ipp", port=631, lasts=(2, 40)),
    Habit(count=24, rule="erp-clients", source=USERS, to="10.20.3.10", apps="example-erp", port=(7100, 7104),
          known=True, lasts=(60, 3000)),
    Habit(count=9, rule="database-reports", source=FINANCE, to="10.20.3.20", apps="mssql-db", port=1433, known=True),
    Habit(count=36, rule="intranet-web", source=USERS, to="10.20.4.10-19", apps="ssl", port=443, known=True),
    Habit(count=26, rule="intranet-web", source=USERS, to="10.20.4.10-19", apps="web-browsing", port=80, known=True),
    Habit(count=14, rule="intranet-web", source=VPN, to="10.20.4.10-19", apps="ssl", port=443, zones="vpn servers"),
    # Off the application's port and let through, since the rule names the ports itself.
    Habit(count=16, rule="build-high-ports", source=USERS, to="10.20.4.30", apps="web-browsing websocket",
          port=(8080, 8090)),
    Habit(count=22, rule="servers-inside", source=SERVERS, to="10.20.3.20-29", apps="mysql", port=3306,
          lasts=(5, 3000)),
    Habit(count=30, rule="servers-inside", source=SERVERS, to="10.20.4.10-19", apps="ssl", port=443),
    _udp(16, "voice-inside", VOICE, "10.50.0.1-9", "sip", 5060),
    Habit(count=20, rule="voice-inside", source=VOICE, to="10.50.0-3.10-250", apps="rtp-base", port=(16384, 32766),
          protocol="udp", lasts=(10, 900)),
    _udp(12, "voice-provider", VOICE, "203.0.113.129-140", "sip", 5060),
    Habit(count=12, rule="voice-provider", source=VOICE, to="203.0.113.129-140", apps="rtp-base",
          port=(16384, 32766), protocol="udp", lasts=(10, 900)),
    Habit(count=14, rule="transfer-inside", source=SERVERS, to="10.30.0.22", apps="ssh", port=22, lasts=(2, 900)),
    _udp(14, "monitoring", "10.20.5.10", "10.30.0.23-25", "snmp-base", 161),
    _udp(16, "syslog-in", "10.30.0.22-25", "10.20.5.10", "syslog", 514),
    Habit(count=10, rule="mail-out", source="10.30.0.25", to=OFFICE, apps="smtp", port=25),
    Habit(count=12, rule="mail-in", source=OUTSIDE, to="192.0.2.25", apps="smtp", port=25,
          nat_destination="10.30.0.25"),
    Habit(count=34, rule="web-in", source=OUTSIDE, to="192.0.2.80", apps="web-browsing", port=443, flags=DECRYPTED,
          nat_destination="10.30.0.80"),
    Habit(count=10, rule="web-in", source=OUTSIDE, to="192.0.2.80", apps="web-browsing", port=80,
          nat_destination="10.30.0.80"),
    Habit(count=8, rule="partner-sftp", source=PARTNERS_OUTSIDE, to="192.0.2.22", apps="ssh", port=22,
          lasts=(5, 900), nat_destination="10.30.0.22", source_list="edl-partners"),
    Habit(count=8, rule="contractor-window", source=PARTNER, to="10.20.4.30", apps="ssh", port=22,
          lasts=(20, 1500), before="10:59:00"),
    Habit(count=12, rule="partner-api", source=PARTNER, to="10.30.0.90", apps="ssl", port=443),
    Habit(count=14, rule="admin-ssh", source=MGMT, to=SERVERS, apps="ssh", port=22, zones="mgmt servers", known=True,
          lasts=(30, 3000)),
    Habit(count=9, rule="admin-ssh", source=MGMT, to="10.30.0.22-25", apps="ssh", port=22, zones="mgmt dmz",
          known=True, flags=DECRYPTED, lasts=(30, 1500)),
    Habit(count=8, rule="admin-rdp", source=MGMT, to=SERVERS, apps="ms-rdp", port=3389, known=True, lasts=(60, 3000)),
    _udp(12, "admin-snmp", MGMT, SERVERS, "snmp-base", 161),
    Habit(count=10, rule="admin-web", source=MGMT, to=SERVERS, apps="ssl", port=8443, known=True),
    Habit(count=14, rule="lab-to-servers", source=LAB, to=SERVERS, apps="web-browsing", port=8080),
    Habit(count=12, rule="lab-to-servers", source=LAB, to=SERVERS, apps="ssl", port=443),
    Habit(count=20, rule="lab-web", source=LAB, to=SITES, apps="ssl", port=443, known=True,
          flags=Flag.CAPTIVE_PORTAL),
    Habit(count=8, rule="lab-web", source=LAB, to=(CODE,), apps="github-base", port=443, known=True,
          flags=Flag.CAPTIVE_PORTAL),
    # Nobody is known behind the build host, and nobody is asked: an authentication rule above exempts it.
    Habit(count=10, rule="lab-web", source="10.80.0.10", to=(UPDATES, CODE), apps="ssl", port=443),
    Habit(count=14, rule="kiosk-social", source=KIOSK, to=SOCIAL[:1], apps="facebook-base", port=443),
    Habit(count=9, rule="kiosk-social", source=KIOSK, to=SOCIAL[1:], apps="linkedin-base", port=443),
    Habit(count=34, rule="guest-web", source=GUEST, to=SITES + SHOPS, apps="ssl", port=443),
    Habit(count=14, rule="guest-web", source=GUEST, to=SITES, apps="web-browsing", port=80),
    Habit(count=14, rule="guest-web", source=GUEST, to=SITES, apps="google-base youtube-base", port=443),
    Habit(count=8, rule="finance-portals", source=FINANCE, to=BANKS, apps="ssl", port=443, known=True, settled=False),
    Habit(count=70, rule="office-suite", source=USERS, to=OFFICE, port=443, known=True,
          apps="ms-office365-base outlook-web-online sharepoint-online ms-teams", lasts=(2, 900)),
    Habit(count=22, rule="office-suite", source=VPN, to=OFFICE, port=443, known=True, zones="vpn untrust",
          apps="ms-office365-base outlook-web-online", lasts=(2, 900)),
    Habit(count=22, rule="notes-clients", source=USERS, to=(NOTES,), apps="example-notes-base", port=443, known=True,
          flags=DECRYPTED, lasts=(5, 900)),
    Habit(count=20, rule="social-reading", source=USERS, to=SOCIAL, apps="facebook-base linkedin-base", port=443,
          known=True, flags=DECRYPTED),
    Habit(count=14, rule="meetings", source=USERS, to=(MEETINGS,), apps="zoom-base", port=(8801, 8810), protocol="udp",
          known=True, lasts=(60, 3000)),
    Habit(count=12, rule="meetings", source=VPN, to=(MEETINGS,), apps="slack-base", port=443, known=True,
          zones="vpn untrust", flags=DECRYPTED, lasts=(30, 3000)),
    Habit(count=16, rule="code-hosting", source=ENGINEERING, to=(CODE,), apps="github-base", port=443, known=True,
          flags=DECRYPTED),
    Habit(count=9, rule="code-hosting", source=ENGINEERING, to=(CODE,), apps="ssh", port=22, known=True),
    Habit(count=12, rule="server-updates", source=SERVERS, to=(UPDATES,), apps="ms-update", port=443, settled=False),
    Habit(count=20, rule="server-web", source=SERVERS, to=SITES[:6], apps="ssl", port=443),
    Habit(count=36, rule="vpn-business-web", source=VPN, to=SITES + SHOPS, apps="web-browsing", port=443, known=True,
          flags=DECRYPTED),
    Habit(count=10, rule="vpn-business-web", source=VPN, to=SITES, apps="web-browsing", port=80, known=True),
    Habit(count=30, rule="branch-dns", source=TRUST, to="198.51.100.53", apps="dns", port=53, protocol="udp",
          firewall=BRANCH),
    Habit(count=44, rule="branch-web", source=TRUST, to=SITES, apps="ssl", port=443, firewall=BRANCH),
    Habit(count=18, rule="branch-web", source=TRUST, to=SITES, apps="web-browsing", port=80, firewall=BRANCH),
    Habit(count=6, rule="branch-mail", source=TRUST, to=OFFICE, apps="smtp", port=587, firewall=BRANCH),
    Habit(count=24, rule="staff-dns", source=STAFF, to="198.51.100.53", apps="dns", port=53, protocol="udp",
          firewall=CAMPUS),
    Habit(count=52, rule="staff-web", source=STAFF, to=SITES + SHOPS, apps="web-browsing google-base", port=443,
          flags=DECRYPTED, known=True, firewall=CAMPUS),
)  # fmt: skip

WEB_HABITS = (
    Habit(count=58, rule="users-web", source=USERS, to=SITES + SHOPS, apps="web-browsing", port=443, known=True,
          flags=DECRYPTED),
    Habit(count=14, rule="users-web", source=USERS, to=SITES, apps="google-base websocket", port=443, known=True,
          flags=DECRYPTED),
    Habit(count=12, rule="users-web", source=USERS, to=SITES + SHOPS, apps="web-browsing", port=80, known=True),
    Habit(count=8, rule="users-web", source=USERS, to=BANKS, apps="ssl", port=443, known=True),
    Habit(count=8, rule="users-web", source=USERS_V6, to="2001:db8:f:1::10-40", apps="web-browsing", port=443,
          known=True, flags=DECRYPTED),
)  # fmt: skip


def write_habits(book: Book) -> None:
    """Every habit of the morning but the users' browsing."""
    for habit in HABITS:
        for _ in range(habit.count):
            _write(book, habit)
    _write_labs(book)


def fill_with_browsing(book: Book, rows: int) -> None:
    """The users' browsing, as many sessions as make the book hold `rows`."""
    mix = [habit for habit in WEB_HABITS for _ in range(habit.count)]
    while len(book.sessions) < rows:
        _write(book, book.dice.pick(mix))


def _write(book: Book, habit: Habit) -> Session:
    dice = book.dice
    host = None if isinstance(habit.to, str) else dice.pick(habit.to)
    source = dice.roll(habit.source)
    while source == "10.10.3.77":  # kept for a plant that counts this host's sessions
        source = dice.roll(habit.source)
    end = book.any_time()
    while habit.before and end >= at(habit.before):
        end = book.any_time()
    from_zone, _, to_zone = habit.zones.partition(" ")
    end_reason = dice.pick(TCP_ENDS) if habit.protocol == "tcp" else "aged-out"
    return book.add(
        Session(
            rule=RULES[habit.firewall.hostname][habit.rule],
            app=dice.pick(habit.apps.split()),
            port=habit.port if isinstance(habit.port, int) else dice.between(*habit.port),
            source=source,
            destination=host.address if host else dice.roll(str(habit.to)),
            end=end,
            elapsed=dice.size(*habit.lasts),
            end_reason=end_reason,
            truth=None if habit.settled else Truth(outcome_of(end_reason)),
            firewall=habit.firewall,
            vsys=habit.vsys,
            from_zone=from_zone,
            to_zone=to_zone,
            protocol=habit.protocol,
            user=user_of(source) if habit.known else "",
            category=_category(habit, host),
            flags=habit.flags,
            source_list=habit.source_list,
            nat_destination=habit.nat_destination,
            host_name=host.name if host else "",
        )
    )


def _category(habit: Habit, host: Host | None) -> str:
    """The URL category in the row: only web sessions have one."""
    if habit.protocol != "tcp" or not {80, 443, 8080, 8443} & {habit.port}:
        return "any"
    if host is not None:
        return host.category
    return "computer-and-internet-info" if ":" in str(habit.to) else "private-ip-addresses"


def _write_labs(book: Book) -> None:
    """Staff who work in the labs: a session in each virtual system for every connection."""
    rules = RULES[CAMPUS.hostname]
    for number in range(14):
        source, end = book.dice.roll(STAFF), book.any_time()
        app, port = (("ssh", 22), ("ssl", 443))[number % 2]
        first = Session(
            rule=rules["staff-to-labs"],
            app=app,
            port=port,
            source=source,
            destination=book.dice.roll("10.160.0.10-60"),
            end=end,
            elapsed=book.dice.size(5, 1200),
            firewall=CAMPUS,
            user=user_of(source),
        )
        book.add(first)
        book.add(behind(first, rules["labs-ssh" if app == "ssh" else "labs-web"]))


def behind(first: Session, rule: Security) -> Session:
    """The second virtual system's session of the same connection."""
    return Session(
        rule=rule,
        app=first.app,
        port=first.port,
        source=first.source,
        source_port=first.source_port,
        destination=first.destination,
        end=first.end,
        elapsed=first.elapsed,
        firewall=CAMPUS,
        vsys="vsys2",
        sent=first.sent,
        received=first.received,
        packets_sent=first.packets_sent,
        packets_received=first.packets_received,
    )
