"""How long reading takes, against a bare parse of the same bytes in the same run, and what it costs in memory.

    python benchmarks/reading.py [--rows 1000000] [--lines 100000] [--folder DIR] [--only csv,xml,syslog]

Writes the files it reads (694 MB of CSV at a million rows) into DIR, a temporary folder by default. Every
measurement runs in a process of its own, so that the peaks are its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

LIMITS = {"csv": 3.0, "xml": 4.0, "syslog": 4.0}
PEAK, KEPT = 1_500, 700  # MB, of the CSV

# The headings of an 11.x export: two padding cells have none.
_HEADING = (
    "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,Source address,"
    "Destination address,NAT Source IP,NAT Destination IP,Rule,Source User,Destination User,Application,"
    "Virtual System,Source Zone,Destination Zone,Inbound Interface,Outbound Interface,Log Action,Time Logged,"
    "Session ID,Repeat Count,Source Port,Destination Port,NAT Source Port,NAT Destination Port,Flags,IP Protocol,"
    "Action,Bytes,Bytes Sent,Bytes Received,Packets,Start Time,Elapsed Time (sec),Category,,Sequence Number,"
    "Action Flags,Source Country,Destination Country,,Packets Sent,Packets Received,Session End Reason,"
    "DG Hierarchy Level 1,DG Hierarchy Level 2,DG Hierarchy Level 3,DG Hierarchy Level 4,Virtual System Name,"
    "Device Name,Action Source,Source VM UUID,Destination VM UUID,Tunnel ID/IMSI,Monitor Tag/IMEI,Parent Session ID,"
    "Parent Session Start Time,Tunnel,SCTP Association ID,SCTP Chunks,SCTP Chunks Sent,SCTP Chunks Received,"
    "UUID for rule,HTTP/2 Connection,link_change_count,policy_id,link_switches,sdwan_cluster,sdwan_device_type,"
    "sdwan_cluster_type,sdwan_site,dynusergroup_name,XFF address,Source Device Category,Source Device Profile,"
    "Source Device Model,Source Device Vendor,Source Device OS Family,Source Device OS Version,Source Hostname,"
    "Source Mac Address,Destination Device Category,Destination Device Profile,Destination Device Model,"
    "Destination Device Vendor,Destination Device OS Family,Destination Device OS Version,Destination Hostname,"
    "Destination Mac Address,Container ID,POD Namespace,POD Name,Source External Dynamic List,"
    "Destination External Dynamic List,Host ID,Serial Number,Source Dynamic Address Group,"
    "Destination Dynamic Address Group,session_owner,High Res Timestamp,nssai_sst,nssai_sd,Subcategory of app,"
    "Category of app,Technology of app,Risk of app,Characteristic of app,Container of app,Tunneled app,SaaS of app,"
    "Sanctioned State of app,offloaded"
)
HEADINGS = _HEADING.split(",")
_APPLICATIONS = [
    ("ssl", "encrypted-tunnel", "networking", "browser-based", 4, "used-by-malware,able-to-transfer-file,pervasive-use"),
    ("web-browsing", "internet-utility", "general-internet", "browser-based", 4, "able-to-transfer-file,prone-to-misuse"),
    ("dns-base", "infrastructure", "networking", "network-protocol", 3, "used-by-malware,has-known-vulnerability,pervasive-use"),
    ("quic", "infrastructure", "networking", "network-protocol", 1, "tunnel-other-application,pervasive-use"),
    ("ms-office365-base", "office-programs", "business-systems", "browser-based", 1, "able-to-transfer-file,pervasive-use"),
    ("smtp-base", "email", "collaboration", "client-server", 5, "able-to-transfer-file,has-known-vulnerability"),
]  # fmt: skip


def write_csv(path: Path, rows: int) -> None:
    """A synthetic traffic log of `rows` rows as the web interface exports it."""
    import numpy as np
    import polars as pl

    random = np.random.default_rng(4711)

    def pick(words: list[str], size: int) -> pl.Series:
        return pl.Series(words).gather(random.integers(0, len(words), size))

    def addresses(count: int, prefix: str) -> list[str]:
        return [f"{prefix}{n >> 8 & 255}.{n & 255}" for n in random.integers(0, 65_536, count).tolist()]

    sources = addresses(8_000, "10.1.") + addresses(2_000, "10.20.")
    destinations = (
        addresses(30_000, "198.51.") + addresses(30_000, "203.0.") + [f"2001:db8::{n:x}" for n in range(2_000)]
    )
    rules = [f"Outbound-{n:03d}" for n in range(300)]
    uuids = [f"{n:08x}-51ab-5a51-953b-1c7045a10e55" for n in random.integers(0, 2**32, 300).tolist()]
    users = [f"example\\user{n:05d}" for n in range(4_000)]
    with path.open("wb") as out:
        out.write(b"\xef\xbb\xbf" + ",".join(HEADINGS).encode() + b"\n")
        for first in range(0, rows, 100_000):
            size = min(100_000, rows - first)
            seconds = np.sort(random.integers(0, 100, size)) + 1_715_680_000 + first // 1_000
            stamp = pl.from_epoch(pl.Series(seconds), time_unit="s")
            text = stamp.dt.strftime("%Y/%m/%d %H:%M:%S")
            milliseconds = pl.Series(random.integers(0, 1_000, size)).cast(pl.String).str.zfill(3)
            which = random.integers(0, len(_APPLICATIONS), size)
            rule = random.integers(0, len(rules), size)
            sent, received = random.integers(100, 200_000, size), random.integers(0, 4_000_000, size)
            packets_sent, packets_received = sent // 400 + 1, received // 900
            port = random.integers(1_024, 65_535, size)

            attribute = [pl.Series([str(a[place]) for a in _APPLICATIONS]).gather(which) for place in range(6)]
            values: dict[str, object] = {
                "Domain": "1", "Receive Time": text, "Serial #": "012801004711", "Type": "TRAFFIC",
                "Threat/Content Type": pick(["end", "end", "end", "start", "deny", "drop"], size), "Config Version": "2817",
                "Generate Time": text, "Source address": pick(sources, size), "Destination address": pick(destinations, size),
                "NAT Source IP": "192.0.2.1", "NAT Destination IP": pick(destinations, size),
                "Rule": pl.Series(rules).gather(rule), "Source User": pick([*users, ""], size), "Application": attribute[0],
                "Virtual System": "vsys1", "Source Zone": pick(["trust", "guest", "servers"], size),
                "Destination Zone": pick(["untrust", "dmz", "servers"], size), "Inbound Interface": "ethernet1/2",
                "Outbound Interface": pick(["ethernet1/1", "ethernet1/4"], size), "Log Action": "Fwd-Syslog",
                "Time Logged": text, "Session ID": pl.Series(random.integers(1, 4_194_304, size)), "Repeat Count": "1",
                "Source Port": pl.Series(port), "Destination Port": pick(["443", "80", "53", "8443", "25"], size),
                "NAT Source Port": pl.Series(port[::-1].copy()), "NAT Destination Port": "443",
                "Flags": pick(["0x400000", "0x1400000", "0x500000", "0x402000", "0x0"], size),
                "IP Protocol": pick(["tcp", "tcp", "udp"], size),
                "Action": pick(["allow", "allow", "allow", "deny", "reset-both"], size), "Bytes": pl.Series(sent + received),
                "Bytes Sent": pl.Series(sent), "Bytes Received": pl.Series(received),
                "Packets": pl.Series(packets_sent + packets_received), "Start Time": text,
                "Elapsed Time (sec)": pl.Series(random.integers(0, 900, size)),
                "Category": pick(["business-and-economy", "computer-and-internet-info", "any", "news", "shopping"], size),
                "Sequence Number": pl.Series(np.arange(size) + 7_300_000_000_000_000_000 + first),
                "Action Flags": "0x8000000000000000", "Source Country": "10.0.0.0-10.255.255.255",
                "Destination Country": pick(["United States", "Germany", "Reserved", "Netherlands"], size),
                "Packets Sent": pl.Series(packets_sent), "Packets Received": pl.Series(packets_received),
                "Session End Reason": pick(["tcp-fin", "aged-out", "tcp-rst-from-client", "policy-deny", "threat"], size),
                "DG Hierarchy Level 1": "15", "DG Hierarchy Level 2": "0", "DG Hierarchy Level 3": "0",
                "DG Hierarchy Level 4": "0", "Device Name": "fw-edge-1", "Action Source": "from-policy",
                "Tunnel ID/IMSI": "0", "Parent Session ID": "0", "Tunnel": "N/A", "SCTP Association ID": "0",
                "SCTP Chunks": "0", "SCTP Chunks Sent": "0", "SCTP Chunks Received": "0",
                "UUID for rule": pl.Series(uuids).gather(rule), "HTTP/2 Connection": "0", "link_change_count": "0",
                "policy_id": "0", "Source Hostname": "pc-0001.example.net",
                "High Res Timestamp": stamp.dt.strftime("%Y-%m-%dT%H:%M:%S.") + milliseconds + "+00:00",
                "Subcategory of app": attribute[1], "Category of app": attribute[2], "Technology of app": attribute[3],
                "Risk of app": attribute[4], "Characteristic of app": attribute[5], "Tunneled app": "untunneled",
                "SaaS of app": "no", "Sanctioned State of app": "no", "offloaded": "0",
            }  # fmt: skip
            columns = []
            for place, heading in enumerate(HEADINGS):
                value = values.get(heading, "")
                column = (
                    value.cast(pl.String) if isinstance(value, pl.Series) else pl.repeat(str(value), size, eager=True)
                )
                columns.append(column.alias(str(place)))
            # PAN-OS writes nothing into an empty cell, polars a pair of quotes for an empty text and nothing for null
            cells = pl.DataFrame(columns).with_columns(pl.all().replace("", None))
            out.write(cells.write_csv(include_header=False).encode())


def write_xml(path: Path, rows: int) -> None:
    """A synthetic traffic log of `rows` entries as the XML API answers it."""
    with path.open("w", encoding="utf-8") as out:
        out.write(
            f'<response status="success"><result><job><status>FIN</status></job><log><logs count="{rows}" progress="100">'
        )
        for n in range(rows):
            flags = "".join(f"<{name}>{'yes' if n % 3 == 0 else 'no'}</{name}>" for name in _FLAG_ELEMENTS)
            out.write(
                f'<entry logid="{n}"><domain>1</domain><receive_time>2024/05/14 10:{n // 60 % 60:02d}:{n % 60:02d}</receive_time>'
                f"<serial>012801004711</serial><seqno>{7_300_000_000_000_000_000 + n}</seqno><actionflags>0x0</actionflags>"
                "<is-logging-service>no</is-logging-service><type>TRAFFIC</type><subtype>deny</subtype>"
                f"<config_ver>2562</config_ver><time_generated>2024/05/14 10:{n // 60 % 60:02d}:{n % 60:02d}</time_generated>"
                f"<high_res_timestamp>2024-05-14T10:00:05.{n % 1000:03d}+00:00</high_res_timestamp>"
                f"<src>10.1.{n >> 8 & 255}.{n & 255}</src><dst>203.0.113.{n % 251}</dst><natsrc>192.0.2.1</natsrc>"
                f"<rule>Outbound-{n % 300:03d}</rule><rule_uuid>91f37c92-6c5c-5b43-99dc-{n % 300:012x}</rule_uuid>"
                '<srcloc code="10.0.0.0-10.255.255.255" cc="">10.0.0.0-10.255.255.255</srcloc><dstloc code="US" cc="US">United'
                f" States</dstloc><srcuser><![CDATA[example\\user{n % 999}]]></srcuser><app>ssl</app><vsys>vsys1</vsys>"
                "<from>trust</from><to>untrust</to><inbound_if>ethernet1/2</inbound_if><outbound_if>ethernet1/1</outbound_if>"
                "<logset>Fwd-Syslog</logset><time_received>2024/05/14 10:00:08</time_received>"
                f"<sessionid>{n + 1}</sessionid><repeatcnt>1</repeatcnt><sport>{1024 + n % 60_000}</sport><dport>443</dport>"
                f"<natsport>{1024 + n % 50_000}</natsport><natdport>443</natdport><flags>0x400000</flags>{flags}"
                "<proto>tcp</proto><action>allow</action><tunnel>N/A</tunnel><tpadding>0</tpadding><cpadding>0</cpadding>"
                "<s_decrypted>0</s_decrypted><s_encrypted>0</s_encrypted><vpadding>0</vpadding>"
                "<category_of_app>networking</category_of_app><subcategory_of_app>encrypted-tunnel</subcategory_of_app>"
                "<technology_of_app>browser-based</technology_of_app><tunneled_app>untunneled</tunneled_app>"
                "<risk_of_app>4</risk_of_app><is_saas_of_app>0</is_saas_of_app>"
                "<sanctioned_state_of_app>0</sanctioned_state_of_app><bpadding>0</bpadding>"
                "<dg_hier_level_1>0</dg_hier_level_1><dg_hier_level_2>0</dg_hier_level_2><device_name>fw-edge-1</device_name>"
                "<vsys_id>1</vsys_id><tunnelid_imsi>0</tunnelid_imsi><parent_session_id>0</parent_session_id>"
                f"<bytes>{2_311 + n}</bytes><bytes_sent>1187</bytes_sent><bytes_received>{1_124 + n}</bytes_received>"
                "<packets>8</packets><start>2024/05/14 10:00:04</start><elapsed>1</elapsed><category>any</category>"
                "<traffic_flags>0</traffic_flags><pkts_sent>4</pkts_sent><pkts_received>4</pkts_received>"
                "<session_end_reason>policy-deny</session_end_reason><action_source>from-policy</action_source>"
                "<assoc_id>0</assoc_id><chunks>0</chunks><chunks_sent>0</chunks_sent><chunks_received>0</chunks_received>"
                "<http2_connection>0</http2_connection><link_change_count>0</link_change_count><offloaded>0</offloaded></entry>\n"
            )
        out.write("</logs></log></result></response>")


def write_syslog(path: Path, rows: int) -> None:
    """A synthetic traffic log of `rows` lines as 10.1 sends them."""
    with path.open("w", encoding="utf-8") as out:
        for n in range(rows):
            clock = f"10:{n // 60 % 60:02d}:{n % 60:02d}"
            out.write(
                f"<14>May 14 {clock} fw-edge-1 1,2024/05/14 {clock},012801004711,TRAFFIC,deny,2561,2024/05/14 {clock},"
                f"10.1.{n >> 8 & 255}.{n & 255},203.0.113.{n % 251},192.0.2.1,0.0.0.0,Outbound-{n % 300:03d},"
                f"example\\user{n % 999},,ssl,vsys1,trust,untrust,ethernet1/2,ethernet1/1,Fwd-Syslog,2024/05/14 {clock},"
                f"{n + 1},1,{1024 + n % 60_000},443,{1024 + n % 50_000},443,0x1400000,tcp,allow,{2_311 + n},1187,{1_124 + n},"
                f"8,2024/05/14 {clock},1,any,,{7_300_000_000_000_000_000 + n},0x0,10.0.0.0-10.255.255.255,United States,,4,4,"
                "policy-deny,0,0,0,0,,fw-edge-1,from-policy,,,0,,0,,N/A,0,0,0,0,"
                f"91f37c92-6c5c-5b43-99dc-{n % 300:012x},0,0,0,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,"
                f"2024-05-14T{clock}.{n % 1000:03d}+00:00,,,encrypted-tunnel,networking,browser-based,4,"
                '"used-by-malware,able-to-transfer-file,pervasive-use",,untunneled,no,no,0\n'
            )


_FLAG_ELEMENTS = (
    "flag-pcap", "flag-flagged", "flag-proxy", "flag-url-denied", "flag-nat", "captive-portal", "non-std-dport", "transaction",
    "pbf-c2s", "pbf-s2c", "temporary-match", "sym-return", "decrypt-mirror", "credential-detected", "flag-mptcp-set",
    "flag-tunnel-inspected", "flag-recon-excluded", "flag-wf-channel",
)  # fmt: skip


def bare_csv(path: Path) -> int:
    """What polars alone needs to read the columns that are used."""
    import polars as pl

    from whydeny.model.columns import Kind
    from whydeny.sources.exports.layouts import assign

    used = [*sorted(assign(Kind.TRAFFIC, HEADINGS)), HEADINGS.index("Type")]
    return pl.read_csv(path, columns=sorted(used)).height


def bare_xml(path: Path) -> int:
    """What defusedxml alone needs to see every element."""
    from defusedxml.ElementTree import iterparse

    rows = 0
    with path.open("rb") as stream:
        for _, element in iterparse(stream, forbid_dtd=True):
            if element.tag == "entry":
                rows += 1
                element.clear()
    return rows


def bare_syslog(path: Path) -> int:
    """What Python's csv alone needs to split every line."""
    import csv

    with path.open(encoding="utf-8", newline="") as stream:
        return sum(1 for _ in csv.reader(stream))


def whole(path: Path) -> int:
    """What this program needs, from nothing to a table of typed rows."""
    from whydeny.sources.open import open_inputs

    global kept
    kept = open_inputs([path])
    return len(kept.sessions)


kept: object = None
WRITERS: dict[str, Callable[[Path, int], None]] = {"csv": write_csv, "xml": write_xml, "syslog": write_syslog}
READERS: dict[str, Callable[[Path], int]] = {
    "bare-csv": bare_csv, "bare-xml": bare_xml, "bare-syslog": bare_syslog, "whole": whole,
}  # fmt: skip


def measure(what: str, path: Path) -> dict[str, float]:
    """Seconds, rows, peak and kept memory (MB) of one reader, in a process of its own."""
    command = [sys.executable, __file__, "--measure", what, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measured(what: str, path: Path) -> dict[str, float]:
    """The measurement itself. Imports are made before the clock starts."""
    import polars  # noqa: F401
    from defusedxml import ElementTree  # noqa: F401

    import whydeny.sources.open  # noqa: F401

    begun = time.perf_counter()
    rows = READERS[what](path)
    seconds = time.perf_counter() - begun
    time.sleep(2)  # the allocator gives pages back a little later
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {
        "seconds": seconds,
        "rows": rows,
        "peak": int(status["VmHWM"].split()[0]) / 1024,
        "kept": int(status["VmRSS"].split()[0]) / 1024,
    }


def main() -> int:
    """Write, measure, print; 1 if a limit is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the CSV")
    parser.add_argument("--lines", type=int, default=100_000, help="of XML and syslog")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", default="csv,xml,syslog")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measured(args.measure[0], Path(args.measure[1]))))
        return 0
    missed = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder or Path(scratch)
        for form in args.only.split(","):
            rows = args.rows if form == "csv" else args.lines
            path = folder / f"traffic-{rows}.{form}"
            if not path.exists():
                WRITERS[form](path, rows)
            bare, ours = measure(f"bare-{form}", path), measure("whole", path)
            ratio = ours["seconds"] / bare["seconds"]
            print(
                f"{form}: {rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB: bare {bare['seconds']:.2f} s, "
                f"whole {ours['seconds']:.2f} s, ratio {ratio:.2f} (limit {LIMITS[form]:.0f}); "
                f"peak {ours['peak']:,.0f} MB, once read {ours['kept']:,.0f} MB (bare peak {bare['peak']:,.0f} MB)"
            )
            missed += ratio > LIMITS[form] or ours["rows"] != rows
            missed += form == "csv" and (ours["peak"] > PEAK or ours["kept"] > KEPT)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
