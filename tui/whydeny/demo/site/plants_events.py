"""Sessions that something around them ended: a commit, a list, a clock, a tag, a portal, a parent, a neighbour."""

from datetime import datetime, timedelta

from whydeny.demo.site.applications import CONTENT, CONTENT_BEFORE
from whydeny.demo.site.book import Book, Session, Truth, refused
from whydeny.demo.site.network import CAMPUS, HQ, MALWARE, NOTES, SITES, Firewall, at, user_of
from whydeny.demo.site.plants import DEFAULT
from whydeny.demo.site.traffic import HQ_RULES, PARTNER, RULES, SERVERS, STAFF, USERS, VOICE, behind
from whydeny.model.columns import Kind
from whydeny.model.flags import Flag

ADMIN = {"host": "10.70.0.23", "admin": "demo-admin", "client": "Web"}


def write_event_plants(book: Book) -> None:
    """Everything in this module."""
    _plant_commit(book)
    _plant_parents(book)
    _plant_schedule(book)
    _plant_list(book)
    _plant_content(book)
    _plant_quarantine(book)
    _plant_portal(book)
    _plant_other_vsys(book)
    _plant_unexplained(book)


def _configure(book: Book, time: datetime, cmd: str, path: str, before: str = "", after: str = "") -> None:
    book.note(Kind.CONFIGURATION, HQ, time, subtype="0", cmd=cmd, result="Succeeded", path=path,
              **{"before-change-preview": before, "after-change-preview": after}, **ADMIN)  # fmt: skip


def _commit(book: Book, submitted: datetime, seconds: int, job: int) -> datetime:
    """A commit in both logs; answers when it was done."""
    done = submitted + timedelta(seconds=seconds)
    book.note(Kind.CONFIGURATION, HQ, submitted, subtype="0", cmd="commit", result="Submitted", path="", **ADMIN)
    _system(book, HQ, submitted, "general", "general",
            f"Commit job started. JobId={job}, User: demo-admin")  # fmt: skip
    _system(book, HQ, done, "general", "general",
            f"Commit job succeeded. Completion time={done:%Y/%m/%d %H:%M:%S}, JobId={job}, User: demo-admin")  # fmt: skip
    return done


def _system(book: Book, firewall: Firewall, time: datetime, subtype: str, event: str, text: str) -> None:
    book.note(Kind.SYSTEM, firewall, time, subtype=subtype, eventid=event, module="general",
              severity="informational", opaque=text)  # fmt: skip


def _plant_commit(book: Book) -> None:
    """At 10:41 ssh leaves a rule, rematch is on, and every running ssh session of the lab ends in a second."""
    rule = HQ_RULES["lab-to-servers"]
    _configure(book, at("10:38:52"), "edit", " vsys  vsys1 rulebase security rules  lab-to-servers application",
               "application [ ssh web-browsing ssl ]", "application [ web-browsing ssl ]")  # fmt: skip
    _configure(book, at("10:40:03"), "set", " vsys  vsys1 rulebase security rules  block-ftp-legacy",
               "", "from servers; to dmz; destination h-transfer; application ftp; action deny")  # fmt: skip
    done = _commit(book, at("10:40:31"), 34, 812)
    for number in range(17):
        cut = number < 12
        source = f"10.80.2.{60 + number}"
        why = "ssh left lab-to-servers with the commit of 10:41"
        book.add(
            Session(
                rule=rule,
                app="ssh",
                port=22,
                source=source,
                destination=f"10.20.{2 + number % 6}.{20 + number}",
                end=done + timedelta(seconds=2 + number % 2) if cut else at("10:30:00") - timedelta(minutes=4 * number),
                elapsed=book.dice.between(3700, 9000) if cut else book.dice.between(30, 900),
                truth=refused("policy-change", DEFAULT, why, variant="commit") if cut else Truth("completed"),
            )
        )


def _plant_parents(book: Book) -> None:
    """The same commit blocks ftp, with a log; its data connections fit their rule and fall with their parent."""
    for number in range(3):
        source = book.dice.roll(SERVERS)
        parent = book.add(
            Session(
                rule=HQ_RULES["block-ftp-legacy"],
                app="ftp",
                port=21,
                source=source,
                destination="10.30.0.22",
                end=at("10:41:07"),
                elapsed=600 + 70 * number,
                end_reason="policy-deny",
                action="reset-both",
                action_source="from-application",
                subtype="deny",
                truth=Truth("policy-denied", denied_by=("block-ftp-legacy",), evaluated="block-ftp-legacy"),
            )
        )
        why = "its control connection was refused in the same second"
        book.add(
            Session(
                rule=HQ_RULES["transfer-inside"],
                app="ftp-data",
                port=book.dice.between(50000, 50999),
                source=source,
                destination="10.30.0.22",
                end=parent.end,
                elapsed=40 + 20 * number,
                truth=refused(
                    "parent-session", "block-ftp-legacy", why, evaluated="transfer-inside", also="policy-change"
                ),
                parent_id=parent.id,
            )
        )


def _plant_schedule(book: Book) -> None:
    """The contractors' window closes at eleven."""
    for number in range(4):
        book.add(
            Session(
                rule=HQ_RULES["contractor-window"],
                app="ssh",
                port=22,
                source=book.dice.roll(PARTNER),
                destination="10.20.4.30",
                end=at("11:00:01") + timedelta(seconds=number % 2),
                elapsed=book.dice.between(1500, 6800),
                truth=refused("policy-change", DEFAULT, "sched-contractors ended at 11:00", variant="schedule"),
            )
        )


def _plant_list(book: Book) -> None:
    """A refresh of the partners' list leaves three of them out."""
    for clock, total in (("09:12:02", 14), ("10:12:02", 11), ("11:12:02", 11)):
        _system(book, HQ, at(clock), "general", "general",
                f"EDL(vsys1/edl-partners ip) Refresh job success. Total valid entries : {total}")  # fmt: skip
        _system(book, HQ, at(clock) - timedelta(minutes=7), "general", "general",
                "EDL(vsys1/edl-known-bad ip) Refresh job success. No changes detected")  # fmt: skip
    why = "no longer a member of edl-partners after the refresh of 10:12"
    for number in range(3):
        book.add(
            Session(
                rule=HQ_RULES["partner-sftp"],
                app="ssh",
                port=22,
                source=f"198.51.100.{189 + number}",
                destination="192.0.2.22",
                end=at("10:12:04"),
                elapsed=900 + 400 * number,
                truth=Truth("allowed-then-denied", ("policy-change",), "list-refresh", (DEFAULT, None), None, why),
                nat_destination="10.30.0.22",
                source_list="edl-partners",
            )
        )


def _plant_content(book: Book) -> None:
    """A content install at 10:05 renames part of an application under its running sessions."""
    _system(book, HQ, at("10:04:48"), "general", "general",
            f"Installed contents package: panupv2-all-contents-{CONTENT}.tgz")  # fmt: skip
    _system(book, HQ, at("10:05:31"), "general", "general",
            f"Content update job succeeded. Content upgraded from version {CONTENT_BEFORE} to {CONTENT}")  # fmt: skip
    for number in range(4):
        source = book.dice.roll(USERS)
        truth = refused("policy-change", DEFAULT, f"content {CONTENT} under a running session", variant="content",
                        also="app-shift")  # fmt: skip
        book.add(
            Session(
                rule=HQ_RULES["notes-clients"],
                app="example-notes-sharing",
                port=443,
                source=source,
                destination=NOTES.address,
                end=at("10:05:33") + timedelta(seconds=number % 2),
                elapsed=book.dice.between(1500, 3500),
                truth=truth,
                user=user_of(source),
                category=NOTES.category,
                flags=Flag.DECRYPTED,
                host_name=NOTES.name,
            )
        )


def _plant_quarantine(book: Book) -> None:
    """A critical threat tags its source, and a deny without a log takes the sessions of the tagged host."""
    for number, source in enumerate(("10.10.9.44", "10.10.12.118")):
        tagged = at("10:27:11") + timedelta(minutes=47 * number)
        beacon = book.add(
            Session(
                rule=HQ_RULES["users-web"],
                app="web-browsing",
                port=80,
                source=source,
                destination=MALWARE.address,
                end=tagged - timedelta(seconds=1),
                elapsed=2,
                user=user_of(source),
                category=MALWARE.category,
                host_name=MALWARE.name,
            )
        )
        book.about(Kind.THREAT, beacon, tagged - timedelta(seconds=2), subtype="spyware", action="alert",
                   severity="critical", threatid="Demonstration Beacon Command and Control Traffic(99101)",
                   misc=f"{MALWARE.name}/")  # fmt: skip
        book.note(Kind.IPTAG, HQ, tagged, subtype="0", ip=source, tag_name="quarantine", event_id="register",
                  timeout="0", datasourcename="lf-demo", datasource_type="auto-tag",
                  datasource_subtype="log-forwarding")  # fmt: skip
        for later in range(2 - number):
            truth = refused("quarantine-or-tag", "quarantine-hosts", "the tag quarantine", evaluated=None)
            book.add(
                Session(
                    rule=HQ_RULES["users-web"],
                    app="web-browsing",
                    port=443,
                    source=source,
                    destination=SITES[later].address,
                    end=tagged + timedelta(seconds=4 + 3 * later),
                    elapsed=200 + 90 * later,
                    truth=truth,
                    user=user_of(source),
                    category=SITES[later].category,
                    flags=Flag.DECRYPTED,
                    host_name=SITES[later].name,
                )
            )


def _plant_portal(book: Book) -> None:
    """TLS of a client that nobody knows can't be sent to the portal; the client answers the notice with ICMP."""
    for number in range(9):
        source, host = f"10.80.3.{210 + number}", book.dice.pick(SITES)
        # The first is the first refusal of the morning.
        end = book.any_time() if number else at("09:00:05")
        challenged = book.add(
            Session(
                rule=HQ_RULES["lab-web"],
                app="ssl",
                port=443,
                source=source,
                destination=host.address,
                end=end,
                truth=refused(
                    "authentication-challenge", "portal-lab", "rule portal-lab, web form", evaluated="lab-web"
                ),
                category=host.category,
                host_name=host.name,
            )
        )
        for second in range(3 - number % 3):
            book.add(
                Session(
                    rule=HQ_RULES["lab-icmp"],
                    app="icmp",
                    port=0,
                    protocol="icmp",
                    source=source,
                    destination=host.address,
                    end=challenged.end + timedelta(seconds=1 + second),
                    elapsed=0,
                    end_reason="aged-out",
                    sent=126,
                    received=0,
                    packets_sent=1,
                    packets_received=0,
                )
            )


def _plant_other_vsys(book: Book) -> None:
    """The first virtual system lets it out, the second drops it on arrival, with a row of its own."""
    rules = RULES[CAMPUS.hostname]
    for _ in range(4):
        source = book.dice.roll(STAFF)
        truth = refused("other-vsys", "labs-deny", "labs-deny of vsys2 in the same second", evaluated="staff-to-labs")
        first = book.add(
            Session(
                rule=rules["staff-to-labs"],
                app="ms-rdp",
                port=3389,
                source=source,
                destination=book.dice.roll("10.160.0.10-60"),
                end=book.any_time(),
                elapsed=0,
                truth=truth,
                firewall=CAMPUS,
                user=user_of(source),
            )
        )
        second = behind(first, rules["labs-deny"])
        second.app, second.end_reason, second.action, second.subtype = "not-applicable", "policy-deny", "drop", "drop"
        second.id = 0
        second.truth = Truth("policy-denied", denied_by=("labs-deny",), evaluated="labs-deny")
        book.add(second)


def _plant_unexplained(book: Book) -> None:
    """Everything fits, nothing happened, and no log says more."""
    for clock in ("09:37:20", "11:44:52"):
        book.add(
            Session(
                rule=HQ_RULES["voice-provider"],
                app="sip",
                port=5060,
                protocol="udp",
                source=book.dice.roll(VOICE),
                destination="203.0.113.131",
                end=at(clock),
                elapsed=31,
                truth=refused("unexplained", None, "nothing in any file", evaluated="voice-provider"),
            )
        )


def write_noise(book: Book) -> None:
    """What else the logs of a morning hold; after the habits, whose users it authenticates."""
    _configure(book, at("09:23:11"), "edit", " vsys  vsys1 rulebase security rules  printing description",
               "description", "description second floor only")  # fmt: skip
    _commit(book, at("09:24:10"), 29, 811)
    for clock in ("09:02:40", "10:36:02", "11:15:33"):
        _system(book, HQ, at(clock), "auth", "auth-success",
                "User 'demo-admin' authenticated. From: 10.70.0.23.")  # fmt: skip
    _system(book, CAMPUS, at("09:30:12"), "general", "general",
            "Commit job succeeded. Completion time=2025/03/11 09:30:12, JobId=77, User: demo-campus")  # fmt: skip
    for number in range(24):
        source = book.dice.roll(USERS)
        book.note(Kind.USERID, HQ, book.any_time(), subtype="login", ip=source, user=user_of(source),
                  datasourcename="demo-dc-1", datasource="active-directory", datasourcetype="unknown",
                  timeout="2700")  # fmt: skip
        if number % 8 == 0:
            book.note(Kind.IPTAG, HQ, book.any_time(), subtype="0", ip=f"10.20.2.{20 + number}", tag_name="printer",
                      event_id="register", timeout="0", datasourcename="demo-inventory", datasource_type="xml-api",
                      datasource_subtype="unknown")  # fmt: skip
    for session in [s for s in book.sessions if Flag.CAPTIVE_PORTAL in s.flags]:
        _authenticate(book, session, "portal-lab", "default-web-form")
    for _ in range(6):
        source, end = book.dice.roll("10.70.0.20-40"), book.any_time()
        session = book.add(
            Session(rule=HQ_RULES["admin-vault"], app="ssl", port=443, source=source, destination="10.20.8.8", end=end,
                    elapsed=book.dice.between(20, 200), user=user_of(source), category="private-ip-addresses")
        )  # fmt: skip
        _authenticate(book, session, "second-factor-vault", "demo-second-factor")


def _authenticate(book: Book, session: Session, rule: str, enforcement: str) -> None:
    """The authentication log's row of a user who answered, a while before."""
    early = session.start - timedelta(seconds=book.dice.between(20, 1500))
    book.note(Kind.AUTHENTICATION, HQ, early, subtype="auth", ip=session.source, user=session.user,
              normalize_user=session.user, object=enforcement, authpolicy=rule, authid=str(session.id), vendor="0",
              serverprofile="demo-radius", desc="demonstration", clienttype="Captive Portal", event="auth-success",
              factorno="1", authproto="PAP")  # fmt: skip
