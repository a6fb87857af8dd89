"""Ordinary trouble that needs no cause: logged denies, profile blocks, servers that are silent, rows of a start.

They are the decoys: each looks a little like an allowed session that was refused, and none is one.
"""

from whydeny.demo.site.book import NO_FLAGS, Book, Session, Truth
from whydeny.demo.site.network import CASINO, MALWARE, OFFICE, SITES, at, user_of
from whydeny.demo.site.traffic import GUEST, HQ_RULES, SERVERS, USERS, VOICE
from whydeny.model.columns import Kind
from whydeny.model.flags import Flag

# Rule, zones, source, destination, port and how many: refused at the first packet, before any application.
DROPPED = (
    ("block-known-bad", "users untrust", USERS, "198.51.100.230-245", 443, 14),
    ("block-regions-in", "untrust dmz", "198.51.100.194-220", "192.0.2.80", 443, 9),
    ("deny-from-outside", "untrust servers", "198.51.100.194-220", "192.0.2.10-20", 3389, 24),
    ("deny-guest-inside", "guest servers", GUEST, SERVERS, 445, 16),
    ("deny-voice-out", "voice untrust", VOICE, "203.0.113.20-30", 443, 5),
    ("deny-to-management", "users mgmt", USERS, "10.70.0.2-5", 22, 8),
)
# Rule, application, port, how many: refused when the application was known, with the application's own reset.
DENIED = (
    ("block-peer-to-peer", "bittorrent", 6881, 9),
    ("block-remote-control", "teamviewer-base", 5938, 6),
    ("block-anonymizers", "tor", 9001, 4),
)
# Rule, zones, source, destination, port, how many: a connection attempt that nobody answered. The rule is the first
# that fits without an application.
SILENT = (
    ("office-suite", "users untrust", USERS, "203.0.113.240-250", 443, 16),
    ("file-shares", "users servers", USERS, "10.20.2.10-11", 445, 9),
    ("admin-ssh", "mgmt servers", "10.70.0.20-40", SERVERS, 22, 5),
    ("server-web", "servers untrust", SERVERS, "203.0.113.240-250", 443, 5),
)


def write_trouble(book: Book) -> None:
    """Everything in this module."""
    _write_denies(book)
    _write_silence(book)
    _write_blocks(book)
    _write_cleared(book)


def write_starts(book: Book) -> None:
    """A row at the start of every session whose rule logs it there."""
    for session in [s for s in book.sessions if s.rule.log_start and s.subtype != "start"]:
        for app in _apps_on_the_way(session.app):
            book.add(
                Session(
                    rule=session.rule,
                    app=app,
                    port=session.port,
                    source=session.source,
                    source_port=session.source_port,
                    destination=session.destination,
                    end=session.start,
                    elapsed=0,
                    end_reason="n/a",
                    subtype="start",
                    truth=Truth("in-progress"),
                    id=session.id,
                    from_zone=session.from_zone,
                    to_zone=session.to_zone,
                    protocol=session.protocol,
                    user=session.user,
                    category=session.category,
                    sent=1068,
                    received=66,
                    packets_sent=3,
                    packets_received=1,
                    host_name=session.host_name,
                )
            )


def _apps_on_the_way(app: str) -> tuple[str, ...]:
    """The applications that App-ID went through; a row is written each time that policy is asked again."""
    if app == "facebook-chat":
        return ("ssl", "facebook-base")
    return ("ssl",) if app in ("facebook-base", "linkedin-base") else (app,)


def _write_denies(book: Book) -> None:
    dice = book.dice
    for name, zones, source, destination, port, count in DROPPED:
        rule = HQ_RULES[name]
        from_zone, _, to_zone = zones.partition(" ")
        for _ in range(count):
            address = dice.roll(source)
            book.add(
                Session(
                    rule=rule,
                    app="not-applicable",
                    port=port,
                    source=address,
                    destination=dice.roll(destination),
                    end=book.any_time(),
                    elapsed=0,
                    end_reason="policy-deny",
                    action=rule.action,
                    subtype="drop",
                    truth=Truth("policy-denied", denied_by=(name,), evaluated=name),
                    id=0,
                    from_zone=from_zone,
                    to_zone=to_zone,
                    user=user_of(address) if from_zone == "users" else "",
                    destination_list="edl-known-bad" if name == "block-known-bad" else "",
                    sent=66,
                    received=0,
                    packets_sent=1,
                    packets_received=0,
                )
            )
    for name, app, port, count in DENIED:
        for _ in range(count):
            address = dice.roll(USERS)
            book.add(
                Session(
                    rule=HQ_RULES[name],
                    app=app,
                    port=port,
                    source=address,
                    destination=dice.roll("198.51.100.80-99"),
                    end=book.any_time(),
                    elapsed=dice.between(0, 2),
                    end_reason="policy-deny",
                    action="reset-both",
                    action_source="from-application",
                    subtype="deny",
                    truth=Truth("policy-denied", denied_by=(name,), evaluated=name),
                    user=user_of(address),
                )
            )


def _write_silence(book: Book) -> None:
    dice = book.dice
    for name, zones, source, destination, port, count in SILENT:
        from_zone, _, to_zone = zones.partition(" ")
        for _ in range(count):
            address = dice.roll(source)
            book.add(
                Session(
                    rule=HQ_RULES[name],
                    app="incomplete",
                    port=port,
                    source=address,
                    destination=dice.roll(destination),
                    end=book.any_time(),
                    elapsed=dice.between(5, 21),
                    end_reason="aged-out",
                    truth=Truth("no-response"),
                    from_zone=from_zone,
                    to_zone=to_zone,
                    user=user_of(address) if from_zone in ("users", "mgmt") else "",
                    sent=198,
                    received=0,
                    packets_sent=3,
                    packets_received=0,
                )
            )


def _write_blocks(book: Book) -> None:
    """Profiles that stop an allowed session: URL filtering in the URL log, vulnerability protection in the threat log."""
    dice, rule = book.dice, HQ_RULES["users-web"]
    for number in range(18):
        source, host = dice.roll(USERS), (CASINO, MALWARE)[number % 2] if number < 12 else dice.pick(SITES)
        session = book.add(
            Session(
                rule=rule,
                app="web-browsing",
                port=443,
                source=source,
                destination=host.address,
                end=book.any_time(),
                end_reason="threat",
                user=user_of(source),
                category=host.category,
                flags=Flag.DECRYPTED | (Flag.URL_DENIED if number < 12 else NO_FLAGS),
                host_name=host.name,
            )
        )
        if number < 12:
            book.about(Kind.URL, session, action="block-url", misc=f"{host.name}/", severity="informational",
                       threatid="(9999)", url_category_list=f"{host.category},high-risk")  # fmt: skip
        else:
            book.about(Kind.THREAT, session, subtype="vulnerability", action="reset-both", severity="high",
                       threatid="Demonstration Buffer Overflow Vulnerability(99001)", misc="upload.cgi")  # fmt: skip


def _write_cleared(book: Book) -> None:
    """An administrator who cleared sessions by hand: the end reason is not a reason."""
    for _ in range(3):
        source = book.dice.roll(USERS)
        book.add(
            Session(
                rule=HQ_RULES["office-suite"],
                app="ms-teams",
                port=443,
                source=source,
                destination=OFFICE[0].address,
                end=at("11:31:07"),
                elapsed=book.dice.between(400, 3000),
                end_reason="unknown",
                user=user_of(source),
                category=OFFICE[0].category,
                host_name=OFFICE[0].name,
            )
        )
