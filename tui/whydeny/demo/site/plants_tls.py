"""Sessions that died in a TLS handshake: by the decryption log, by a profile, by an opt-out page, or by 8.0's word."""

from datetime import timedelta

from whydeny.demo.site.book import Book, Session, Truth, refused
from whydeny.demo.site.network import BRANCH, CAMPUS, EXPIRED, EXPIRED_BANK, HQ, OLD_TLS, PINNED, SITES, Host, user_of
from whydeny.demo.site.traffic import HQ_RULES, RULES, STAFF, USERS
from whydeny.model.columns import Kind
from whydeny.model.flags import Flag

CLIENT_ALERT = "Received fatal alert CertificateUnknown from client. CA Issuer URL: http://pki.example.net/issuing.crt"
SERVER_ALERT = "General TLS protocol error. Received fatal alert HandshakeFailure from server"
EXPIRED_CERTIFICATE = "Expired server certificate"
UNSUPPORTED = "Unsupported version. Supported client version bitmask: 0x08. Supported decryption profile bitmask: 0x60"


def write_tls_plants(book: Book) -> None:
    """Everything in this module."""
    _plant_log_proved(book)
    _plant_later_undecrypted(book)
    _plant_named_by_end_reason(book)
    _plant_before_nine(book)
    _plant_opt_out(book)
    _write_decoy(book)


def _die(book: Book, host: Host, truth: Truth, end_reason: str = "policy-deny") -> Session:
    """A user's session that ended in its handshake with `host`."""
    source = book.dice.roll(USERS)
    return book.add(
        Session(
            rule=HQ_RULES["users-web"],
            app="ssl",
            port=443,
            source=source,
            destination=host.address,
            end=book.any_time(),
            elapsed=book.dice.between(0, 2),
            end_reason=end_reason,
            subtype="deny",
            truth=truth,
            user=user_of(source),
            category=host.category,
            sent=book.dice.between(520, 1400),
            received=book.dice.between(1800, 5200),
            packets_sent=book.dice.between(5, 9),
            packets_received=book.dice.between(5, 9),
            host_name=host.name,
        )
    )


def _log(book: Book, session: Session, policy: str, index: str, error: str, **cells: str) -> None:
    """The decryption log's row for a session."""
    expired = error == EXPIRED_CERTIFICATE
    row = {
        "policy_name": policy,
        "err_index": index,
        "error": error,
        "proxy_type": "Forward",
        "hs_stage_c2f": "Server_Hello",
        "hs_stage_f2s": "Client_Hello",
        "tls_version": "TLS1.2",
        "tls_keyxchg": "ECDHE",
        "tls_enc": "AES_256_GCM",
        "tls_auth": "SHA384",
        "root_status": "trusted",
        "chain_status": "Expired" if expired else "Trusted",
        "notbefore": "2023/02/20 00:00:00" if expired else "2024/09/02 00:00:00",
        "notafter": "2025/02/19 23:59:59" if expired else "2025/10/01 23:59:59",
        "cn": session.host_name,
        "issuer_cn": "Demonstration Issuing CA",
        "root_cn": "Demonstration Root CA",
        "sni": session.host_name,
        "app": "incomplete",
    }
    book.about(Kind.DECRYPTION, session, session.end, **(row | cells))


def _plant_log_proved(book: Book) -> None:
    """The end reason says policy-deny, which outranks the decryption reasons; the decryption log knows better."""
    cause, users = "decryption-failure", "decrypt-users"
    cases = (
        (PINNED, "client-alert", users, "Certificate", CLIENT_ALERT, "Forward", 15),
        (OLD_TLS, "server-alert", users, "Protocol", SERVER_ALERT, "Forward", 4),
        (EXPIRED, "profile-block", users, "Certificate", EXPIRED_CERTIFICATE, "Forward", 6),
        (EXPIRED_BANK, "no-decrypt-profile", "no-decrypt-finance", "Certificate", EXPIRED_CERTIFICATE, "No Decrypt", 3),
    )
    for host, variant, policy, index, error, proxy, count in cases:
        for _ in range(count):
            truth = refused(cause, policy, error, variant=variant, evaluated="users-web")
            session = _die(book, host, truth)
            _log(book, session, policy, index, error, proxy_type=proxy)


def _plant_later_undecrypted(book: Book) -> None:
    """Hosts whose first attempt failed come through later: the failure is remembered and not decrypted."""
    failed = [s for s in book.sessions if s.host_name == PINNED.name][:3]
    for first in failed:
        book.add(
            Session(
                rule=first.rule,
                app="ssl",
                port=443,
                source=first.source,
                destination=first.destination,
                end=first.end + timedelta(seconds=book.dice.between(30, 90)),
                elapsed=20,
                user=first.user,
                category=first.category,
                host_name=first.host_name,
            )
        )


def _plant_named_by_end_reason(book: Book) -> None:
    """The same failures as most releases report them: by an end reason of their own."""
    cases = (
        ("decrypt-cert-validation", EXPIRED, "profile-block", "Certificate", EXPIRED_CERTIFICATE, 6),
        ("decrypt-unsupport-param", OLD_TLS, "profile-block", "Version", UNSUPPORTED, 5),
        ("decrypt-error", PINNED, "client-alert", "Certificate", CLIENT_ALERT, 6),
    )
    for end_reason, host, variant, index, error, count in cases:
        for _ in range(count):
            truth = Truth(
                "decryption-block", ("decryption-failure",), variant, ("decrypt-users", None), "users-web", error
            )
            session = _die(book, host, truth, end_reason=end_reason)
            _log(book, session, "decrypt-users", index, error)


def _plant_before_nine(book: Book) -> None:
    """7.1 and 8.0 call some TLS failures a generic policy-deny; the row still fits its rule in everything."""
    rule = RULES[BRANCH.hostname]["branch-web"]
    for number in range(5):
        host = SITES[3 + number]
        truth = refused("decryption-failure", "decrypt-pilot", "a handshake that died on 8.0", variant="generic-pre-9.0",
                        evaluated="branch-web")  # fmt: skip
        book.add(
            Session(
                rule=rule,
                app="ssl",
                port=443,
                source=book.dice.roll("10.200.8.61-90"),
                destination=host.address,
                end=book.any_time(),
                elapsed=book.dice.between(0, 1),
                truth=truth,
                firewall=BRANCH,
                category=host.category,
                sent=book.dice.between(500, 700),
                received=book.dice.between(380, 600),
                packets_sent=6,
                packets_received=5,
                host_name=host.name,
            )
        )


def _plant_opt_out(book: Book) -> None:
    """The campus asks before it decrypts: the first session of a host waits for an answer, later ones run."""
    rule = RULES[CAMPUS.hostname]["staff-web"]
    for number in range(3):
        source, end = f"10.150.20.{30 + number}", book.any_time()
        for later in range(3):
            host = SITES[number + later]
            first = later == 0
            truth = refused("decryption-failure", "decrypt-staff", "the opt-out page", variant="opt-out",
                            evaluated="staff-web")  # fmt: skip
            book.add(
                Session(
                    rule=rule,
                    app="ssl" if first else "web-browsing",
                    port=443,
                    source=source,
                    destination=host.address,
                    end=end + timedelta(seconds=25 * later),
                    elapsed=3,
                    truth=truth if first else None,
                    firewall=CAMPUS,
                    user=user_of(source),
                    category=host.category,
                    flags=Flag.DECRYPTED,
                    host_name=host.name,
                )
            )
    for _ in range(4):
        source = book.dice.roll(STAFF)
        truth = Truth("decryption-block", ("decryption-failure",), "client-alert", ("decrypt-staff", None), "staff-web")
        session = book.add(
            Session(
                rule=rule,
                app="ssl",
                port=443,
                source=source,
                destination=PINNED.address,
                end=book.any_time(),
                end_reason="decrypt-error",
                subtype="deny",
                truth=truth,
                firewall=CAMPUS,
                user=user_of(source),
                category=PINNED.category,
                host_name=PINNED.name,
            )
        )
        _log(book, session, "decrypt-staff", "Certificate", CLIENT_ALERT)


def _write_decoy(book: Book) -> None:
    """A decryption row whose session id came round again: it is about another connection, hours away."""
    victim = next(s for s in book.sessions if s.app == "webdav")
    early = victim.end < victim.end.replace(hour=10, minute=30)
    other = Session(
        rule=HQ_RULES["users-web"],
        app="ssl",
        port=443,
        source="10.10.7.201",
        source_port=61034,
        destination=PINNED.address,
        end=victim.end + timedelta(minutes=80 if early else -80),
        firewall=HQ,
        from_zone="users",
        to_zone="untrust",
        id=victim.id,
        user=user_of("10.10.7.201"),
        category=PINNED.category,
        host_name=PINNED.name,
    )
    _log(book, other, "decrypt-users", "Certificate", CLIENT_ALERT)
