"""Make the demonstration site's files. The same on every run: `python -m whydeny.demo.site.generate` writes them anew."""

import io
import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from whydeny.demo import ARCHIVE, TRUTH
from whydeny.demo.site import logs
from whydeny.demo.site.applications import predefined_answer
from whydeny.demo.site.book import Book, Session
from whydeny.demo.site.branches import branch_config, campus_config
from whydeny.demo.site.hq import running_config
from whydeny.demo.site.network import BRANCH, CAMPUS, FIREWALLS, HQ
from whydeny.demo.site.plants import write_lookup_plants
from whydeny.demo.site.plants_events import write_event_plants, write_noise
from whydeny.demo.site.plants_tls import write_tls_plants
from whydeny.demo.site.skeleton import system_info
from whydeny.demo.site.traffic import fill_with_browsing, write_habits
from whydeny.demo.site.trouble import write_starts, write_trouble
from whydeny.model.columns import Kind

SEED = 4711
ROWS = 3000
PLACE = Path(__file__).parents[1]
# Where the sequence numbers of each firewall's traffic log begin.
FIRST = {HQ.serial: 7_410_000_000_000_100_000, BRANCH.serial: 40_000, CAMPUS.serial: 7_410_000_000_000_900_000}

README = """\
This is the demonstration site of whydeny. Everything in it is made up: the firewalls, the people and the traffic never
existed, addresses outside are those set aside for documentation (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24,
2001:db8::/32), and names end in example.net.

demo-hq-fw1      the head office, PAN-OS 10.2, about sixty security rules
demo-branch-fw1  a branch, PAN-OS 8.0
demo-campus-fw1  a campus with two virtual systems, PAN-OS 10.1
"""


def write_book() -> Book:
    """The whole morning: plants first, then ordinary trouble and habits, filled up to `ROWS` sessions."""
    book = Book(SEED)
    write_lookup_plants(book)
    write_tls_plants(book)
    write_event_plants(book)
    write_trouble(book)
    write_habits(book)
    write_noise(book)
    write_starts(book)
    fill_with_browsing(book, ROWS)
    return book


@cache
def make_files() -> dict[str, str]:
    """Every file of the site by name, and under `TRUTH` what really happened."""
    book = write_book()
    files = {
        "README.txt": README,
        "demo-hq-running-config.xml": running_config(),
        "demo-remote-branch-running-config.xml": branch_config(),
        "demo-remote-campus-running-config.xml": campus_config(),
        "demo-applications.xml": predefined_answer(),
        TRUTH: _truth(book),
    }
    for firewall in FIREWALLS:
        # In order of their names, so that the head office comes first wherever files are read by name.
        place = ("demo-" if firewall is HQ else "demo-remote-") + firewall.hostname.split("-")[1]
        files[f"{place}-system-info.xml"] = system_info(firewall)
        sessions = [s for s in book.sessions if s.firewall is firewall]
        headings = logs.TRAFFIC_8 if firewall is BRANCH else logs.TRAFFIC_10
        files[f"{place}-traffic.csv"] = logs.traffic_csv(sessions, headings, FIRST[firewall.serial])
    for kind, log_type, headings in (
        (Kind.DECRYPTION, "DECRYPTION", logs.DECRYPTION),
        (Kind.AUTHENTICATION, "AUTH", logs.AUTHENTICATION),
        (Kind.URL, "THREAT", logs.THREAT),
        (Kind.THREAT, "THREAT", logs.THREAT),
        (Kind.USERID, "USERID", logs.USERID),
        (Kind.IPTAG, "IPTAG", logs.IPTAG),
    ):
        files[f"demo-{kind}.csv"] = logs.log_csv(book.rows[kind], kind, log_type, headings, first=50_000)
    for kind, log_type in ((Kind.SYSTEM, "SYSTEM"), (Kind.CONFIGURATION, "CONFIG")):
        files[f"demo-{kind}.xml"] = logs.log_answer(book.rows[kind], log_type, first=60_000)
    return files


def _truth(book: Book) -> str:
    entries = []
    for firewall in FIREWALLS:
        sessions = [s for s in book.sessions if s.firewall is firewall]
        numbers = logs.sequence_numbers(sessions, FIRST[firewall.serial])
        entries += [_truth_entry(session, numbers[index]) for index, session in enumerate(sessions)]
    entries.sort(key=lambda entry: (entry["serial"], entry["sequence"]))
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in entries)
    return f"[\n{lines}\n]\n"


def _truth_entry(session: Session, sequence: int) -> dict[str, Any]:
    truth = session.truth
    assert truth is not None  # every session in a book has one
    entry: dict[str, Any] = {
        "serial": session.firewall.serial,
        "sequence": sequence,
        "session_id": session.id,
        "outcome": truth.outcome,
        "evaluated": truth.evaluated,
    }
    if truth.causes:
        entry |= {
            "causes": truth.causes,
            "variant": truth.variant,
            "why": truth.why,
        }
    if truth.denied_by:
        entry["denied_by"] = truth.denied_by
    return entry


def make_archive() -> bytes:
    """The files without the truth as one zip, the same bytes wherever the compressor is the same."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, text in make_files().items():
            if name == TRUTH:
                continue
            info = zipfile.ZipInfo(name, date_time=(2025, 3, 11, 12, 4, 30))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, text.encode())
    return buffer.getvalue()


if __name__ == "__main__":
    (PLACE / ARCHIVE).write_bytes(make_archive())
    (PLACE / TRUTH).write_text(make_files()[TRUTH], "utf-8")
