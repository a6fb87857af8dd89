"""Logs as a syslog server stores them."""

import json
from pathlib import Path

import pytest

from whydeny.model.columns import Kind
from whydeny.model.errors import InputError
from whydeny.model.release import Release
from whydeny.model.site import Site
from whydeny.sources.open import open_inputs

HEADER = "<14>May 14 10:00:08 fw-edge-1 "
SINCE_6 = (
    "1,2024/05/14 10:00:08,012801004711,TRAFFIC,deny,CV,2024/05/14 10:00:05,10.1.1.10,203.0.113.9,192.0.2.1,0.0.0.0,Any-Out,"
    "example\\jane,,ssl,vsys1,trust,untrust,ethernet1/2,ethernet1/1,Fwd,2024/05/14 10:00:08,4711,1,51000,443,31000,443,"
    "0x1400000,tcp,allow,2311,1187,1124,8,2024/05/14 10:00:04,1,any,0,7300000000000004711,0x0,"
    "10.0.0.0-10.255.255.255,Reserved,0,4,4"
)
SINCE_61 = SINCE_6 + ",policy-deny"
SINCE_7 = SINCE_61 + ",15,0,0,0,,fw-edge-1,from-policy"
SINCE_8 = SINCE_7 + ",,,0,,99,2024/05/14 09:59:00,N/A"
SINCE_81 = SINCE_8 + ",0,0,0,0"
SINCE_9 = SINCE_81 + ",91f37c92-6c5c-5b43-99dc-00f656d9b5d0,7"
SINCE_91 = SINCE_9 + ",0,0,,,,,,staff"
SINCE_10 = SINCE_91 + "," * 21 + "partners,,HOST-1,,dag-src,,,2024-05-14T10:00:05.865+00:00,,"
SINCE_101 = (
    SINCE_10 + ',encrypted-tunnel,networking,browser-based,4,"used-by-malware,pervasive-use",,untunneled,no,no,0'
)
SINCE_111 = SINCE_101 + ",NonProxyTraffic,"


def opened(folder: Path, text: str) -> Site:
    """The site of one file."""
    path = folder / "traffic.log"
    path.write_text(text.replace(",CV,", ",2561,"), "utf-8", newline="")
    return open_inputs([path])


@pytest.mark.parametrize(
    ("row", "release", "version"),
    [
        pytest.param(SINCE_6, None, "1", id="6.0"),
        pytest.param(SINCE_61, Release(6, 1), "1", id="6.1"),
        pytest.param(SINCE_7, Release(7, 0), "1", id="7.0 and 7.1"),
        pytest.param(SINCE_8, Release(8, 0), "2048", id="8.0"),
        pytest.param(SINCE_81, Release(8, 1), "2049", id="8.1"),
        pytest.param(SINCE_9, Release(9, 0), "2304", id="9.0"),
        pytest.param(SINCE_91, Release(9, 1), "2305", id="9.1"),
        pytest.param(SINCE_10, Release(10, 0), "2560", id="10.0"),
        pytest.param(SINCE_101, Release(10, 1), "2562", id="10.1 to 11.0"),
        pytest.param(SINCE_111, Release(11, 1), "2817", id="11.1"),
        pytest.param(
            SINCE_111 + ",1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", Release(11, 1), "2818", id="longer than any"
        ),
    ],
)
def test_a_line_of_any_release_gives_the_same_session(
    tmp_path: Path, row: str, release: Release | None, version: str
) -> None:
    site = opened(tmp_path, HEADER + row.replace("CV", version) + "\n")
    session = site.sessions.session(0)
    assert (session.id, session.serial, session.config_version) == (4711, "012801004711", int(version))
    assert (session.source_text, session.destination_text, session.source_port) == ("10.1.1.10", "203.0.113.9", 51000)
    assert (session.protocol, session.action, session.rule, session.user) == (6, "allow", "Any-Out", "example\\jane")
    assert (session.packets_sent, session.packets_received, session.destination_country) == (4, 4, "Reserved")
    columns = row.count(",") - (1 if '"' in row else 0) + 1
    assert session.end_reason == ("policy-deny" if columns > 46 else None)
    assert session.device_name == ("fw-edge-1" if columns >= 54 else None)
    assert session.parent_session_id == (99 if columns >= 61 else None)
    assert session.http2_connection == (7 if columns >= 67 else None)
    assert session.dynamic_user_group == ("staff" if columns >= 75 else None)
    assert session.source_edl == ("partners" if columns >= 105 else None)
    assert (session.host_id, session.source_dag) == (("HOST-1", "dag-src") if columns >= 105 else (None, None))
    assert session.app_characteristics == ("used-by-malware,pervasive-use" if columns >= 115 else None)
    assert (site.sources[0].what, site.sources[0].release) == ("traffic log, syslog lines", release)
    assert site.problems == []


@pytest.mark.parametrize(
    "header",
    ["", HEADER, "May  4 10:00:08 fw-edge-1 ", "<14>1 2024-05-14T10:00:08.123Z fw-edge-1 - - - - ",
     "<14>May 14 10:00:08 2024 fw-edge-1.example.net ", "2024-05-14T10:00:08+02:00 10.9.0.2 <14>May 14 10:00:08 fw ",
     "2024-05-14 10:00:08,123 collector info, from 10.9.0.2: ",
     '<14>1 2024-05-14T10:00:08.123Z fw-edge-1 - - - [meta sequenceId="1" from="a, b"] ', "953 <14>May 14 10:00:08 fw-edge-1 "],
    ids=["none", "RFC 3164", "without priority", "RFC 5424", "with year", "two headers", "a collector's with commas",
         "with structured data", "with the message's length"],
)  # fmt: skip
def test_headers(tmp_path: Path, header: str) -> None:
    site = opened(tmp_path, f"{header}{SINCE_101}\n")
    assert (site.sessions.session(0).id, site.sessions.session(0).rule, site.problems) == (4711, "Any-Out", [])


@pytest.mark.parametrize(
    "ending", ["\n", "\r\n", ",\r\n", "\n\n", ""], ids=["plain", "CR", "comma and CR", "blank line", "none"]
)
def test_line_ends(tmp_path: Path, ending: str) -> None:
    site = opened(tmp_path, HEADER + SINCE_9 + ending)
    assert (len(site.sessions), site.sessions.session(0).http2_connection, site.problems) == (1, 7, [])


def numbered(row: str, number: int) -> str:
    """The line of another session."""
    return HEADER + row.replace(",4711,1,51000,", f",{number},1,51000,").replace(",CV,", ",2561,")


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(
            "\n".join(json.dumps({"host": "relay", "message": numbered(SINCE_101, n)}) for n in (1, 2)), id="JSON lines"
        ),
        pytest.param(
            "\n".join(
                json.dumps({"message": numbered(SINCE_101, n), "event": {"original": numbered(SINCE_101, n)}})
                for n in (1, 2)
            ),
            id="JSON with the line twice",
        ),
        pytest.param(json.dumps([numbered(SINCE_101, n) for n in (1, 2)]), id="JSON array"),
        pytest.param(
            "\n".join('"' + numbered(SINCE_101, n).replace('"', '""') + '",relay' for n in (1, 2)), id="cell of a CSV"
        ),
        pytest.param("".join(numbered(SINCE_101, n) for n in (1, 2)), id="without a line break between"),
        pytest.param(
            "".join(f"{len(numbered(SINCE_101, n))} {numbered(SINCE_101, n)}" for n in (1, 2)),
            id="parted by lengths alone",
        ),
        pytest.param("\r".join(numbered(SINCE_101, n) for n in (1, 2)), id="line breaks of a Mac"),
    ],
)
def test_lines_as_collectors_wrap_them(tmp_path: Path, written: str) -> None:
    site = opened(tmp_path, written)
    sessions = [site.sessions.session(n) for n in range(len(site.sessions))]
    assert [(s.id, s.rule, s.user, s.app_characteristics) for s in sessions] == [
        (n, "Any-Out", "example\\jane", "used-by-malware,pervasive-use") for n in (1, 2)
    ]
    assert (site.problems, site.sources[0].release) == ([], Release(10, 1))


def test_a_line_with_every_field_in_quotes(tmp_path: Path) -> None:
    row = HEADER + ",".join(f'"{field}"' for field in SINCE_7.split(","))
    assert opened(tmp_path, row.replace('"CV"', '"1"')).sessions.session(0).end_reason == "policy-deny"


def test_rows_that_run_into_one_another_are_not_guessed_at(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 1: expected one PAN-OS log line, found several"):
        opened(tmp_path, (SINCE_101 + "May 14 10:00:08 fw ") * 2)


def test_fields_in_an_order_of_ones_own_are_refused(tmp_path: Path) -> None:
    custom = SINCE_7.replace(",10.1.1.10,203.0.113.9,192.0.2.1,0.0.0.0,", ",10.1.1.10,203.0.113.9,")
    site = opened(tmp_path, f"{HEADER}{SINCE_7}\n{HEADER}{custom}\n")
    assert [(s.line, s.message.split(";")[0]) for s in site.problems] == [
        (2, "expected flags and a protocol in fields 29 and 30 of a traffic log, found allow and 2311")
    ]
    assert (len(site.sessions), site.sources[0].skipped, site.sources[0].release) == (1, 1, Release(7, 0))


@pytest.mark.parametrize(
    ("line", "reason"),
    [(SINCE_101[: SINCE_101.index("policy-deny") + 9], None), (SINCE_6[:-2], None),
     (SINCE_7[: SINCE_7.index("fw-edge-1") + 4], "policy-deny"), (SINCE_101[: SINCE_101.index("pervasive")], "policy-deny")],
    ids=["in the end reason", "before it", "behind it", "in quotes"],
)  # fmt: skip
def test_lines_that_a_relay_cut_off_are_said_to_be(tmp_path: Path, line: str, reason: str | None) -> None:
    site = opened(tmp_path, f"{HEADER}{line}\n{HEADER}{SINCE_101}\n")
    assert site.sessions.frame["end_reason"].to_list() == [reason, "policy-deny"]
    assert [p.message for p in site.problems] == [
        "1 traffic line ends early, as where a relay cuts long messages off; what is missing is unknown"
    ]


def test_several_types_and_releases_in_one_file_keep_their_order(tmp_path: Path) -> None:
    rows = [SINCE_101, SINCE_7, SINCE_101]
    lines = [HEADER + row.replace(",4711,1,51000,", f",{number},1,51000,") for number, row in enumerate(rows)]
    system = (
        "1,2024/05/14 10:00:05,012801004711,SYSTEM,general,2561,2024/05/14 10:00:05,,general,,0,0,general,informational,"
        '"Commit job succeeded. Completion time=2024/05/14 10:00:05, JobId=812",55000,0x0,0,0,0,0,,fw-edge-1'
    )
    site = opened(
        tmp_path, "\n".join([lines[0], HEADER + system, *lines[1:], HEADER + SINCE_7.replace("TRAFFIC", "HIPMATCH")])
    )
    assert site.sessions.frame["session_id"].to_list() == [0, 1, 2]
    assert site.sessions.frame["line"].to_list() == [1, 3, 4]
    assert site.sources[0].release == Release(7, 0)
    assert (
        site.logs[Kind.SYSTEM].row(0)["description"]
        == "Commit job succeeded. Completion time=2024/05/14 10:00:05, JobId=812"
    )
    assert [p.message.split(" (")[0] for p in site.problems] == ["1 rows of log type HIPMATCH were passed over"]


@pytest.mark.parametrize(
    ("row", "kind", "expected"),
    [
        pytest.param(
            "1,2024/05/14 10:00:07,012801004711,DECRYPTION,0,2562,2024/05/14 10:00:05,10.1.1.10,203.0.113.9,192.0.2.1,0.0.0.0,"
            "Any-Out,,,incomplete,vsys1,trust,untrust,ethernet1/2,ethernet1/1,,2024/05/14 10:00:07,70411,1,62359,443,22359,443,"
            "0x1400000,tcp,allow,N/A,,,,,5d7259a7-f829-5d33-b3f7-6ef7f10b4f21,Server_Hello,Client_Hello,TLS1.2,ECDHE,AES_256_GCM,"
            "SHA384,Decrypt-Outbound,,Certificate,trusted,Trusted,Forward,,,,,V3,2048,,,,,:::::RSA,api.example.net,Example CA,"
            "Example Root,api.example.net,Received fatal alert CertificateUnknown from client",
            Kind.DECRYPTION,
            {"decryption_rule": "Decrypt-Outbound", "error_index": "Certificate", "server_name": "api.example.net",
             "error": "Received fatal alert CertificateUnknown from client", "session_id": 70411, "client_stage": "Server_Hello"},
            id="decryption",
        ),
        pytest.param(
            "1,2024/05/14 10:00:00,012801004711,AUTH,mfa,2561,2024/05/14 10:00:00,vsys1,10.1.1.10,example\\jane,jane,ask,Portal,"
            "1,7,okta,Fwd,radius,sent,GlobalProtect,timeout,2,12,0x0,0,0,0,0,,fw-edge-1,1,PAP,5d7259a7-f829-5d33-b3f7-6ef7f10b4f21",
            Kind.AUTHENTICATION,
            {"address": "10.1.1.10", "user": "example\\jane", "authentication_rule": "Portal", "event": "timeout", "factor": 2,
             "rule_uuid": "5d7259a7-f829-5d33-b3f7-6ef7f10b4f21"},
            id="authentication",
        ),
        pytest.param(
            "1,2012/04/08 03:11:02,001606001116,CONFIG,0,0,2012/04/08 03:11:02,192.0.2.2,,edit,admin,Web,Succeeded,"
            " vsys  vsys1 profile-group  Full,12,0x0",
            Kind.CONFIGURATION,
            {"host": "192.0.2.2", "command": "edit", "path": " vsys  vsys1 profile-group  Full", "sequence": 12},
            id="configuration, default format",
        ),
        pytest.param(
            '1,2024/05/14 09:57:12,012801004711,CONFIG,0,2561,2024/05/14 09:57:12,10.9.0.20,,set,jdoe,Web,Succeeded,vsys vsys1,'
            '"application [ any, x ]",application [ ssl ],91000,0x0,0,0,0,0,,fw-edge-1',
            Kind.CONFIGURATION,
            {"before": "application [ any, x ]", "after": "application [ ssl ]", "sequence": 91000, "device_name": "fw-edge-1"},
            id="configuration with before and after",
        ),
        pytest.param(
            "1,2013/03/28 12:53:05,001701000225,USERID,login,12,2013/03/28 12:53:05,vsys1,10.1.1.92,example\\administrator,dc,0,"
            "1,2700,0,0,active-directory,unknown,2,0x0",
            Kind.USERID,
            {"address": "10.1.1.92", "user": "example\\administrator", "subtype": "login", "timeout": 2700,
             "data_source": "active-directory"},
            id="User-ID",
        ),
        pytest.param(
            "1,2024/05/14 10:00:00,012801004711,IPTAG,,2561,2024/05/14 10:00:00,vsys1,10.1.1.44,quarantine,register,1,0,api,"
            "xml-api,unknown,12,0x0,0,0,0,0,,fw-edge-1,1,2024-05-14T10:00:00.000+00:00",
            Kind.IPTAG,
            {"address": "10.1.1.44", "tag": "quarantine", "event": "register", "sequence": 12},
            id="IP-tag",
        ),
    ],
)  # fmt: skip
def test_every_other_log(tmp_path: Path, row: str, kind: Kind, expected: dict[str, object]) -> None:
    site = opened(tmp_path, f"{HEADER}{row}\n")
    found = site.logs[kind].row(0)
    assert {name: found.get(name) for name in expected} == expected
    assert site.problems == []


THREAT = (
    SINCE_7.split(",2311,")[0].replace("TRAFFIC,deny", "THREAT,url")
    + ",URL,(9999),news,informational,client-to-server,7300000000000023131,0x0,10.0.0.0-10.255.255.255,Reserved,0,text/html"
)


@pytest.mark.parametrize(
    ("written", "means"),
    [("example.net/a", "example.net/a"), ('"example.net/a?b=1,2"', "example.net/a?b=1,2"),
     ('"example.net/""quoted"",x"', 'example.net/"quoted",x'), ("example.net/a?b=1,2,3", "example.net/a?b=1,2,3"),
     ('"example.net/broken\nover,lines"', "example.net/brokenover,lines"),
     ("example.net/broken\nover", "example.net/brokenover")],
    ids=["plain", "quoted", "doubled quotes", "commas without quotes", "broken across lines, quoted", "broken across lines"],
)  # fmt: skip
def test_urls(tmp_path: Path, written: str, means: str) -> None:
    site = opened(tmp_path, HEADER + THREAT.replace(",URL,", f",{written},") + "\n" + HEADER + THREAT + "\n")
    log = site.logs[Kind.URL]
    assert sorted(str(log.row(n)["url"]) for n in range(len(log))) == sorted(["URL", means])
    assert {log.row(n)["severity"] for n in (0, 1)} == {"informational"}
    assert site.problems == []


def test_bad_lines_are_counted_and_listed(tmp_path: Path) -> None:
    lines = [
        HEADER + SINCE_7,
        "May 14 10:00:09 fw-edge-1 -- MARK --",
        HEADER + SINCE_7.split(",udp")[0][:120],
        HEADER + SINCE_7,
    ]
    site = opened(tmp_path, "\n".join(lines) + "\n")
    assert (len(site.sessions), site.sources[0].skipped) == (2, 2)
    assert [(p.line, p.message) for p in site.problems] == [
        (2, "expected a PAN-OS log line, found May 14 10:00:09 fw-edge-1 -- MARK --"),
        (3, "expected at least 38 fields of a traffic log, found 13"),
    ]
