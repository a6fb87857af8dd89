"""Sessions that a later look-up refused: the application, its port, the category or the user no longer fitted."""

from datetime import timedelta

from whydeny.demo.site.book import NO_FLAGS, Book, Session, refused
from whydeny.demo.site.network import (
    ADVERTS,
    BRANCH,
    CASINO,
    GAMES,
    HQ,
    NOTES,
    SITES,
    SOCIAL,
    UNRESOLVED,
    at,
    user_of,
)
from whydeny.demo.site.traffic import GUEST, HQ_RULES, KIOSK, LAB, MGMT, RULES, SERVERS, USERS, VPN
from whydeny.model.columns import Kind
from whydeny.model.flags import Flag

DEFAULT = "interzone-default"


def write_lookup_plants(book: Book) -> None:
    """Everything in this module."""
    _plant_quic(book)
    _plant_shifts(book)
    _plant_new_content(book)
    _plant_ports(book)
    _plant_dependencies(book)
    _plant_categories(book)
    _plant_http2(book)
    _plant_tunnels(book)
    _plant_overrides(book)
    _plant_lost_user(book)


def _plant_quic(book: Book) -> None:
    """QUIC meets a deny without a log, and the browser comes again over TCP within a second."""
    dice = book.dice
    for number in range(34):
        guest = number % 3 == 2
        source, host, end = dice.roll(GUEST if guest else USERS), dice.pick(SITES), book.any_time()
        user = "" if guest else user_of(source)
        zone = "guest" if guest else "users"
        book.add(
            Session(
                # The first rule that would take UDP 443 before the application is known.
                rule=HQ_RULES["guest-web" if guest else "social-reading"],
                app="quic",
                port=443,
                protocol="udp",
                source=source,
                destination=host.address,
                end=end,
                elapsed=0,
                truth=refused("quic-fallback", "block-quic", "block-quic does not log", also="app-shift"),
                from_zone=zone,
                user=user,
                sent=dice.between(1, 3) * 1392,
                received=0,
                packets_sent=1,
                packets_received=0,
            )
        )
        book.add(
            Session(
                rule=HQ_RULES["guest-web" if guest else "users-web"],
                app="ssl" if guest else "web-browsing",
                port=443,
                source=source,
                destination=host.address,
                end=end + timedelta(seconds=dice.between(2, 60)),
                elapsed=1,
                from_zone=zone,
                user=user,
                category=host.category,
                flags=NO_FLAGS if guest else Flag.DECRYPTED,
                host_name=host.name,
            )
        )


def _plant_shifts(book: Book) -> None:
    """App-ID settles on an application that nothing allows."""
    dice = book.dice
    why = "the application that App-ID settled on is in no allow rule"
    for number in range(9):
        # The first falls three seconds after a commit that has nothing to do with it.
        end = at("09:24:42") if number == 0 else book.any_time()
        truth = refused("app-shift", DEFAULT, why, variant="default-rule")
        book.add(
            Session(rule=HQ_RULES["kiosk-social"], app="facebook-chat", port=443, source=dice.roll("10.45.0.50-58"),
                    destination=SOCIAL[0].address, end=end, truth=truth,
                    category=SOCIAL[0].category, host_name=SOCIAL[0].name)
        )  # fmt: skip
    cases = (
        ("guest-web", "ssh", 443, GUEST, "198.51.100.90-99", "guest untrust", DEFAULT, 6),
        ("guest-web", "open-vpn", 443, GUEST, "198.51.100.90-99", "guest untrust", DEFAULT, 4),
        ("intranet-web", "webdav", 80, USERS, "10.20.4.10-19", "users servers", DEFAULT, 5),
        ("servers-inside", "ms-rdp", 3389, SERVERS, "10.20.3.10-29", "servers servers", "intrazone-default", 6),
        ("lab-to-servers", "unknown-tcp", 9100, LAB, "10.20.6.10-19", "lab servers", DEFAULT, 4),
        ("build-high-ports", "unknown-tcp", 8500, USERS, "10.20.4.30", "users servers", "drop-unknown-apps", 8),
    )
    for rule, app, port, source, destination, zones, denier, count in cases:
        from_zone, _, to_zone = zones.partition(" ")
        variant = "default-rule" if denier.endswith("-default") else "silent-rule"
        for _ in range(count):
            address = dice.roll(source)
            book.add(
                Session(
                    rule=HQ_RULES[rule],
                    app=app,
                    port=port,
                    source=address,
                    destination=dice.roll(destination),
                    end=book.any_time(),
                    elapsed=dice.between(0, 3),
                    truth=refused("app-shift", denier, why, variant=variant),
                    from_zone=from_zone,
                    to_zone=to_zone,
                    user=user_of(address) if from_zone == "users" else "",
                )
            )


def _plant_new_content(book: Book) -> None:
    """After the content of 10:05 the application has a new name for part of its traffic."""
    for number in range(20):
        renamed = number % 2 == 1
        source = f"10.10.14.{20 + number // 2}"
        book.add(
            Session(
                rule=HQ_RULES["notes-clients"],
                app="example-notes-sharing" if renamed else "example-notes-base",
                port=443,
                source=source,
                destination=NOTES.address,
                end=at("10:06:10" if renamed else "09:02:00") + timedelta(seconds=book.dice.between(0, 3600)),
                elapsed=book.dice.between(0, 4),
                truth=refused("app-shift", DEFAULT, "new in content 8951-9316", variant="new-content")
                if renamed
                else None,
                user=user_of(source),
                category=NOTES.category,
                flags=Flag.DECRYPTED,
                host_name=NOTES.name,
            )
        )


def _plant_ports(book: Book) -> None:
    """The application is allowed, and not on this port: plain HTTP on 443, and before 9.0 also the decrypted kind."""
    dice = book.dice
    cases = (
        (HQ, "intranet-web", USERS, "10.20.4.10-19", "users servers", "private-ip-addresses", 6),
        (HQ, "guest-web", GUEST, SITES[0].address, "guest untrust", SITES[0].category, 4),
        (HQ, "server-web", SERVERS, SITES[1].address, "servers untrust", SITES[1].category, 2),
        (BRANCH, "branch-web", "10.200.1.10-99", SITES[3].address, "trust untrust", SITES[3].category, 3),
    )
    for firewall, rule, source, destination, zones, category, count in cases:
        from_zone, _, to_zone = zones.partition(" ")
        for _ in range(count):
            address = dice.roll(source)
            book.add(
                Session(
                    rule=RULES[firewall.hostname][rule],
                    app="web-browsing",
                    port=443,
                    source=address,
                    destination=dice.roll(destination),
                    end=book.any_time(),
                    elapsed=dice.between(0, 2),
                    truth=refused("app-default-port", DEFAULT, "HTTP in clear on the port of TLS"),
                    firewall=firewall,
                    from_zone=from_zone,
                    to_zone=to_zone,
                    user=user_of(address) if from_zone == "users" else "",
                    category=category,
                )
            )
    for _ in range(16):
        host = dice.pick(SITES)
        book.add(
            Session(
                rule=RULES[BRANCH.hostname]["branch-web"],
                app="web-browsing",
                port=443,
                source=dice.roll("10.200.8.10-60"),
                destination=host.address,
                end=book.any_time(),
                elapsed=dice.between(0, 2),
                truth=refused("app-default-decrypted-port", DEFAULT, "8.0 knows web-browsing on tcp/80 alone"),
                firewall=BRANCH,
                category=host.category,
                flags=Flag.DECRYPTED,
                host_name=host.name,
            )
        )


def _plant_dependencies(book: Book) -> None:
    """An enabler was let through to recognise the real application, and stayed what it was."""
    for number in range(10):
        app, port = ("web-browsing", 80) if number >= 7 else ("ssl", 443)
        host = SITES[number % 3]
        book.add(
            Session(
                rule=HQ_RULES["kiosk-social"],
                app=app,
                port=port,
                source=book.dice.roll(KIOSK),
                destination=host.address,
                end=book.any_time(),
                elapsed=book.dice.between(0, 5),
                truth=refused("app-dependency", DEFAULT, f"{app} alone is in no rule of the kiosks"),
                category=host.category,
                flags=Flag.TEMPORARY_MATCH,
                host_name=host.name,
            )
        )


def _plant_categories(book: Book) -> None:
    """The category that became known is not in the rule, or never became known."""
    dice = book.dice
    for number in range(14):
        host = (CASINO, GAMES, UNRESOLVED)[number % 3 if number < 12 else 0]
        decrypted = number % 2 == 0
        source = dice.roll(VPN)
        book.add(
            Session(
                rule=HQ_RULES["vpn-business-web"],
                app="web-browsing",
                port=443 if decrypted else 80,
                source=source,
                destination=host.address,
                end=book.any_time(),
                elapsed=dice.between(0, 3),
                truth=refused(
                    "url-category",
                    DEFAULT,
                    f"{host.category} is not among the rule's categories",
                    variant="unresolved" if host is UNRESOLVED else None,
                ),
                user=user_of(source),
                category=host.category,
                flags=Flag.DECRYPTED if decrypted else NO_FLAGS,
                host_name=host.name,
            )
        )


def _plant_http2(book: Book) -> None:
    """One stream of an HTTP/2 connection is refused while its siblings go on: half a page loads."""
    dice = book.dice
    for connection in (70011, 70233):
        source, end = dice.roll(VPN), book.any_time()
        for number in range(7):
            host = ADVERTS if number in (2, 5) else SITES[number]
            failed = host is ADVERTS
            book.add(
                Session(
                    rule=HQ_RULES["vpn-business-web"],
                    app="web-browsing",
                    port=443,
                    source=source,
                    source_port=50000 + connection % 1000,
                    destination=SITES[0].address,
                    end=end + timedelta(seconds=number % 3 if failed else 4 + number),
                    elapsed=number % 3 if failed else 4 + number,
                    truth=refused("http2-stream", DEFAULT, "this stream's category alone", also="url-category")
                    if failed
                    else None,
                    user=user_of(source),
                    category=host.category,
                    flags=Flag.DECRYPTED,
                    http2=connection,
                    host_name=host.name,
                )
            )


def _plant_tunnels(book: Book) -> None:
    """The SSH proxy sees a port forward inside ssh."""
    for _ in range(3):
        source = book.dice.roll(MGMT)
        book.add(
            Session(
                rule=HQ_RULES["admin-ssh"],
                app="ssh-tunnel",
                port=22,
                source=source,
                destination="10.30.0.22",
                end=book.any_time(),
                elapsed=book.dice.between(8, 29),
                truth=refused("ssh-tunnel", DEFAULT, "admin-ssh allows ssh, not ssh-tunnel", also="app-shift"),
                to_zone="dmz",
                user=user_of(source),
                flags=Flag.DECRYPTED,
            )
        )


def _plant_overrides(book: Book) -> None:
    """An override names the batch traffic of the second ERP host, and the rule was never told."""
    for _ in range(4):
        source = book.dice.roll(USERS)
        book.add(
            Session(
                rule=HQ_RULES["erp-clients"],
                app="example-erp-batch",
                port=7105,
                source=source,
                destination="10.20.3.11",
                end=book.any_time(),
                elapsed=book.dice.between(0, 2),
                truth=refused("app-override", DEFAULT, "override erp-batch", also="app-shift"),
                user=user_of(source),
            )
        )


def _plant_lost_user(book: Book) -> None:
    """The mapping of a host goes away while its sessions run; the rule takes known users only."""
    source = "10.10.3.77"
    user, gone = user_of(source), at("10:20:14")
    log = {"ip": source, "user": user, "datasourcename": "demo-dc-1", "datasource": "active-directory",
           "datasourcetype": "unknown", "timeout": "2700"}  # fmt: skip
    book.note(Kind.USERID, HQ, gone - timedelta(minutes=45), subtype="login", **log)
    book.note(Kind.USERID, HQ, gone, subtype="logout", **log)
    for number in range(9):
        lost = number >= 4
        host = SITES[number]
        book.add(
            Session(
                rule=HQ_RULES["users-web"],
                app="web-browsing",
                port=443,
                source=source,
                destination=host.address,
                end=gone + timedelta(seconds=number - 1) if lost else gone - timedelta(minutes=3 + 4 * number),
                elapsed=book.dice.between(12, 29),
                truth=refused("user-or-host-criteria", DEFAULT, "users-web wants a known user") if lost else None,
                user="" if lost else user,
                category=host.category,
                flags=Flag.DECRYPTED,
                host_name=host.name,
            )
        )
