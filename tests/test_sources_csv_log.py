"""Logs as the web interface exports them."""

import io
import threading
from pathlib import Path

import polars as pl
import pytest

from whydeny.model.addresses import parse_address
from whydeny.model.columns import Kind
from whydeny.model.errors import InputError
from whydeny.model.flags import Flag
from whydeny.model.release import Release
from whydeny.model.site import Site
from whydeny.sources.exports import blocks
from whydeny.sources.exports.blocks import encoding_of
from whydeny.sources.exports.collect import Rows
from whydeny.sources.exports.csv_heading import read_heading
from whydeny.sources.exports.csv_log import CsvReader
from whydeny.sources.open import open_inputs
from whydeny.verdict.judge import Judge

SINCE_4 = (
    "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,Source address,Destination address,"
    "NAT Source IP,NAT Destination IP,Rule,Source User,Destination User,Application,Virtual System,Source Zone,"
    "Destination Zone,Inbound Interface,Outbound Interface,Log Action,Time Logged,Session ID,Repeat Count,Source Port,"
    "Destination Port,NAT Source Port,NAT Destination Port,Flags,IP Protocol,Action,Bytes,Bytes Sent,Bytes Received,Packets,"
    "Start Time,Elapsed Time (sec),Category,Padding"
)
SINCE_6 = SINCE_4 + ",seqno,actionflags,Source Country,Destination Country,cpadding,pkts_sent,pkts_received"
SINCE_81 = (
    SINCE_4.replace("Padding", "tpadding")
    + ",Sequence Number,Action Flags,Source Country,Destination Country,cpadding,"
    "Packets Sent,Packets Received,Session End Reason,DG Hierarchy Level 1,DG Hierarchy Level 2,DG Hierarchy Level 3,"
    "DG Hierarchy Level 4,Virtual System Name,Device Name,Action Source"
)
SINCE_101 = (
    SINCE_81.replace("tpadding", "").replace("cpadding", "") + ",Parent Session ID,Parent Session Start Time,Tunnel,"
    "SCTP Association ID,UUID for rule,HTTP/2 Connection,dynusergroup_name,Serial Number,High Res Timestamp,"
    "Subcategory of app,Category of app,Technology of app,Risk of app,Characteristic of app,offloaded,My Column"
)
ROW_4 = (
    "1,2024/05/14 10:00:08,012801004711,TRAFFIC,deny,1,2024/05/14 10:00:05,10.1.1.10,203.0.113.9,192.0.2.1,0.0.0.0,Any-Out,"
    "example\\jane,,ssl,vsys1,trust,untrust,ethernet1/2,ethernet1/1,Fwd,2024/05/14 10:00:08,4711,1,51000,443,31000,443,"
    "0x1400000,tcp,allow,2311,1187,1124,8,2024/05/14 10:00:04,1,any,0"
)
ROW_6 = ROW_4 + ",7300000000000004711,0x0,10.0.0.0-10.255.255.255,Reserved,0,4,4"
ROW_81 = ROW_6 + ",policy-deny,0,0,0,0,,fw-edge-1,from-policy"
ROW_101 = (
    ROW_81.replace("deny,1,", "deny,2561,", 1) + ",0,,N/A,0,91f37c92-6c5c-5b43-99dc-00f656d9b5d0,0,,HOST-1,"
    '2024-05-14T10:00:05.865+02:00,encrypted-tunnel,networking,browser-based,4,"used-by-malware,pervasive-use",0,mine'
)


def opened(folder: Path, data: bytes | str, name: str = "traffic.csv") -> Site:
    """The site of one file."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return open_inputs([path])


def with_session(row: str, number: int) -> str:
    """The row of another session."""
    return row.replace(",4711,1,51000,", f",{number},1,51000,")


@pytest.mark.parametrize(
    ("heading", "row", "release"),
    [
        pytest.param(SINCE_4, ROW_4, None, id="4.0"),
        pytest.param(SINCE_6, ROW_6, None, id="6.0"),
        pytest.param(SINCE_81, ROW_81, Release(7, 0), id="7.0 to 8.1"),
        pytest.param(SINCE_101, ROW_101, Release(10, 1), id="10.1 to 11.x"),
    ],
)
def test_an_export_of_any_release_gives_the_same_session(
    tmp_path: Path, heading: str, row: str, release: Release | None
) -> None:
    site = opened(tmp_path, f"\ufeff{heading}\n{row}\n")
    session = site.sessions.session(0)
    assert (session.id, session.serial, session.line, session.vsys) == (4711, "012801004711", 2, "vsys1")
    assert (session.source_text, session.source_port) == ("10.1.1.10", 51000)
    assert (session.destination_text, session.destination_port, session.protocol) == ("203.0.113.9", 443, 6)
    assert (session.nat_source, session.nat_destination) == (parse_address("192.0.2.1"), None)
    assert (session.from_zone, session.to_zone, session.application) == ("trust", "untrust", "ssl")
    assert (session.user, session.destination_user) == ("example\\jane", None)
    assert (session.rule, session.action, session.subtype) == ("Any-Out", "allow", "deny")
    assert session.flags == Flag.DECRYPTED | Flag.NAT
    assert (str(session.time), str(session.start)) == ("2024-05-14 10:00:05", "2024-05-14 10:00:04")
    assert (session.elapsed, session.bytes, session.bytes_sent, session.packets) == (1, 2311, 1187, 8)
    assert session.end_reason == ("policy-deny" if row.count(",") > 50 else None)
    assert site.sources[0].what == "traffic log, CSV export"
    assert (site.sources[0].rows, site.sources[0].release) == (1, release)
    assert site.problems == []


def test_columns_that_nobody_documents_are_kept_and_known_padding_is_not(tmp_path: Path) -> None:
    frame = opened(tmp_path, f"{SINCE_101}\n{ROW_101}\n").sessions.frame
    assert [name for name in frame.columns if name.startswith("x:")] == ["x:My Column"]
    assert frame["x:My Column"].to_list() == ["mine"]
    assert frame["high_res_time"].to_list() == ["2024-05-14T10:00:05.865+02:00"]
    assert frame["app_characteristics"].to_list() == ["used-by-malware,pervasive-use"]
    assert frame["rule_uuid"].to_list() == ["91f37c92-6c5c-5b43-99dc-00f656d9b5d0"]


def test_columns_are_found_by_name_in_any_order_and_in_either_spelling(tmp_path: Path) -> None:
    site = opened(
        tmp_path,
        "app,session_end_reason,dst,src,proto,type,subtype,receive_time,sessionid,action,dport,serial\n"
        "ssl,policy-deny,203.0.113.9,2001:db8::1,17,TRAFFIC,end,2024/05/14 10:00:08,7,allow,443,012801004711\n",
    )
    session = site.sessions.session(0)
    assert (session.application, session.end_reason, session.protocol, session.destination_port) == (
        "ssl",
        "policy-deny",
        17,
        443,
    )
    assert session.source_text == "2001:db8::1"
    assert str(session.time) == "2024-05-14 10:00:08"  # of the receive time, where no generate time is there


def test_the_firewall_is_serial_with_the_sign_and_serial_number_beside_it_a_host(tmp_path: Path) -> None:
    site = opened(tmp_path, f"{SINCE_101}\n{ROW_101}\n")
    assert site.sessions.session(0).serial == "012801004711"


@pytest.mark.parametrize(
    ("heading", "serial"),
    [("Serial Number", "012801004711"), ("Device SN", "012801004711"), ("Host ID,Serial Number", None)],
    ids=["as in the field descriptions", "as Panorama says", "of a host"],
)
def test_serial_numbers_without_the_usual_heading(tmp_path: Path, heading: str, serial: str | None) -> None:
    cells = "HOST-1,012801004711" if "," in heading else "012801004711"
    lines = [SINCE_81.replace("Serial #", heading), ROW_81.replace("012801004711", cells, 1)]
    assert opened(tmp_path, "\n".join(lines) + "\n").sessions.session(0).serial == serial


@pytest.mark.parametrize(
    ("cell", "reads"),
    [("2024/05/14 10:00:08", "2024-05-14 10:00:08"), ("05/14/2024 10:00", "2024-05-14 10:00:00"),
     ("14/05/2024 10:00:08", "2024-05-14 10:00:08"), ("5/14/2024 1:00:08 PM", "2024-05-14 13:00:08"),
     ("2024-05-14T10:00:08.500+02:00", "2024-05-14 10:00:08.500000"), ("2024-05-14T08:00:08Z", "2024-05-14 08:00:08"),
     ("2024/05/14 10:00", "2024-05-14 10:00:00"), ("1969/12/31 16:00:00", "None"), ("1969-12-31T16:00:00.000-08:00", "None"),
     ("", "None")],
    ids=["as exported", "month first", "day first", "with PM", "ISO with an offset", "ISO with Z", "without seconds", "unset",
         "unset, ISO", "empty"],
)  # fmt: skip
def test_times_of_every_shape(tmp_path: Path, cell: str, reads: str) -> None:
    site = opened(tmp_path, f"{SINCE_81}\n{ROW_81.replace('2024/05/14 10:00:04', cell)}\n")
    assert str(site.sessions.session(0).start) == reads
    assert site.problems == []


@pytest.mark.parametrize(
    ("cells", "column"),
    [("9999/12/31 23:59:59,1", "time"), ("2024/05/14 10:00:04,100000000000000", "elapsed"),
     (f"2024/05/14 10:00:04,{(1 << 64) - 1}", "elapsed")],
    ids=["the end of the calendar", "three million years", "the largest number"],
)  # fmt: skip
def test_a_time_that_can_not_be_is_left_empty_and_said(tmp_path: Path, cells: str, column: str) -> None:
    odd = ROW_81.replace("2024/05/14 10:00:04,1", cells)
    site = opened(tmp_path, f"{SINCE_81}\n{odd}\n{ROW_81}\n")
    session = site.sessions.session(0)
    assert (session.start if column == "time" else session.elapsed) is None
    assert str(session.end) == "2024-05-14 10:00:05"  # the time of the row
    assert [problem.message for problem in site.problems] == [
        f"1 value of {column} in the traffic log can't be read and were left empty"
    ]
    assert len(Judge(site).judge_all()) == 2


def test_a_day_beyond_twelve_tells_the_order_of_the_others(tmp_path: Path) -> None:
    rows = [ROW_81.replace("2024/05/14 10:00:04", day + "/2024 10:00") for day in ("05/06", "13/06")]
    site = opened(tmp_path, "\n".join([SINCE_81, *rows]) + "\n")
    assert [str(s) for s in site.sessions.frame["start"]] == ["2024-06-05 10:00:00", "2024-06-13 10:00:00"]


def with_times(row: str, received: str, start: str) -> str:
    """The row with other receive, generate and start times."""
    times = (("10:00:08", received), ("10:00:05", received), ("10:00:04", start))
    for old, new in times:
        row = row.replace(f"2024/05/14 {old}", new)
    return row


def test_a_day_beyond_twelve_in_one_column_tells_the_order_in_the_others(tmp_path: Path) -> None:
    site = opened(tmp_path, f"{SINCE_81}\n{with_times(ROW_81, '13/06/2020 00:01', '12/06/2020 23:59')}\n")
    session = site.sessions.session(0)
    assert (str(session.time), str(session.start)) == ("2020-06-13 00:01:00", "2020-06-12 23:59:00")
    assert site.problems == []


def test_a_day_beyond_twelve_deep_in_the_file_tells_the_order_of_all_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "FIRST", 600)
    monkeypatch.setattr(CsvReader, "block_size", 600)
    days = ["05/06/2020", "06/05/2020", "12/06/2020", "13/06/2020", "05/06/2020"]
    rows = [with_times(ROW_81, f"{day} 10:00", f"{day} 09:59") for day in days]
    frame = opened(tmp_path, "\n".join([SINCE_81, *rows]) + "\n").sessions.frame
    assert [f"{time:%m-%d}" for time in frame["time"]] == ["06-05", "05-06", "06-12", "06-13", "06-05"]
    assert [f"{time:%m-%d}" for time in frame["start"]] == ["06-05", "05-06", "06-12", "06-13", "06-05"]


@pytest.mark.parametrize(
    ("days", "read", "why"),
    [(["05/06/2020"], ["2020-05-06"], "none tells whether day or month is first; 5/6/2020 was read as 2020-05-06"),
     (["13/06/2020", "06/14/2020", "05/06/2020"], ["2020-06-13", "2020-06-14", "2020-06-05"],
      "some have the day first and some the month; 5/6/2020 was read as 2020-06-05")],
    ids=["nothing tells", "they contradict each other"],
)  # fmt: skip
def test_dates_whose_order_is_a_guess_are_said_to_be(
    tmp_path: Path, days: list[str], read: list[str], why: str
) -> None:
    rows = [with_times(ROW_81, f"{day} 10:00", f"{day} 10:00") for day in days]
    site = opened(tmp_path, "\n".join([SINCE_81, *rows]) + "\n")
    assert [f"{time:%Y-%m-%d}" for time in site.sessions.frame["time"]] == read
    assert [p.message for p in site.problems] == [
        f"a spreadsheet has rewritten its dates and {why}; export the log anew if that is wrong"
    ]


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("12801004711", "012801004711"),
        ("7200001165", "007200001165"),
        ("7000000000001", "007000000000001"),
        ("unknown", "unknown"),
    ],
    ids=["zero dropped", "two zeros dropped", "of a virtual firewall", "no number"],
)
def test_leading_zeros_that_a_spreadsheet_drops_come_back(tmp_path: Path, written: str, means: str) -> None:
    site = opened(tmp_path, f"{SINCE_81}\n{ROW_81.replace('012801004711', written)}\n")
    assert site.sessions.session(0).serial == means


def test_a_serial_that_a_spreadsheet_has_rounded_is_nobodys(tmp_path: Path) -> None:
    site = opened(tmp_path, f"{SINCE_81}\n{ROW_81.replace('012801004711', '7.051E+12')}\n{ROW_81}\n")
    assert site.sessions.frame["serial"].to_list() == [None, "012801004711"]
    assert [p.message for p in site.problems] == [
        "1 value of serial in the traffic log can't be read and were left empty"
    ]


@pytest.mark.parametrize(
    ("written", "column", "means"),
    [("drop ICMP", "action", "drop-icmp"), ("Reset_Both", "action", "reset-both"), (" ", "action", None)],
    ids=["blank inside", "capital and underscore", "blank"],
)
def test_words_have_one_spelling(tmp_path: Path, written: str, column: str, means: str | None) -> None:
    site = opened(tmp_path, f"{SINCE_81}\n{ROW_81.replace(',allow,', f',{written},')}\n")
    assert site.sessions.frame[column].to_list() == [means]


@pytest.mark.parametrize("separator", [";", "\t"], ids=["semicolon", "tab"])
def test_a_spreadsheet_may_have_changed_the_separator(tmp_path: Path, separator: str) -> None:
    site = opened(tmp_path, f"{SINCE_81}\n{ROW_81}\n".replace(",", separator))
    assert site.sessions.session(0).id == 4711


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    row = ROW_81.replace("example\\jane", "example\\jörg")
    site = opened(tmp_path, f"{SINCE_81}\r\n{row}\r\n".encode(encoding))
    assert site.sessions.session(0).user == "example\\jörg"
    assert site.problems == []


def test_bytes_that_are_no_utf8_deep_in_the_file_are_said(tmp_path: Path) -> None:
    good = "\n".join([SINCE_81] + [with_session(ROW_81, n) for n in range(2000)])
    site = opened(tmp_path, good.encode() + b"\n" + ROW_81.replace("jane", "j\xfcrgen").encode("cp1252") + b"\n")
    assert len(site.sessions) == 2001
    assert site.sessions.session(2000).user == "example\\j\ufffdrgen"
    assert [str(p) for p in site.problems] == [
        f"{tmp_path / 'traffic.csv'}: some characters are not UTF-8; they are shown as \ufffd"
    ]


def test_malformed_rows_are_counted_and_the_first_ten_listed_with_their_lines(tmp_path: Path) -> None:
    lines = [SINCE_81]
    for number in range(30):
        lines.append(with_session(ROW_81, number))
        lines.append(ROW_81.rsplit(",", 20)[0] if number % 2 else ROW_81 + ",more,cells")
    site = opened(tmp_path, "\n".join(lines) + "\n")
    assert [site.sessions.session(n).id for n in range(len(site.sessions))] == list(range(30))
    assert site.sources[0].skipped == 30
    assert [p.line for p in site.problems] == [*range(3, 23, 2), None]
    assert site.problems[0].message == "expected 54 columns as in the heading, found 56"
    assert site.problems[1].message == "expected 54 columns as in the heading, found 34"
    assert site.problems[-1].message == "20 more malformed rows were left out"


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [(ROW_81.replace("TRAFFIC", "TRAFF"), "expected a log type such as TRAFFIC in column Type, found TRAFF"),
     (ROW_81[:200], "expected 54 columns as in the heading, found 22; the file seems to be cut off here"),
     ("garbage", "expected 54 columns as in the heading, found 1; the file seems to be cut off here")],
    ids=["no log type", "cut off", "garbage"],
)  # fmt: skip
def test_a_bad_last_row_is_named_and_the_others_kept(tmp_path: Path, spoilt: str, message: str) -> None:
    site = opened(tmp_path, f"{SINCE_81}\n{ROW_81}\n{spoilt}")
    assert len(site.sessions) == 1
    assert [(p.line, p.message) for p in site.problems] == [(3, message)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{SINCE_81}\n\n{ROW_81}\n\n", id="blank lines"),
        pytest.param(f"\n\n{SINCE_81}\n{ROW_81}\n", id="blank lines before the heading"),
        pytest.param(f"{SINCE_81}\r\n{ROW_81},\r\n", id="a comma at the end"),
        pytest.param(f"{SINCE_81}\n{ROW_81}\n{SINCE_81}\n", id="the heading once more"),
        pytest.param(f"{SINCE_81}\n{ROW_81}", id="no line break at the end"),
        pytest.param(f"{SINCE_81}\r{ROW_81}\r", id="line breaks of a Mac"),
        pytest.param(f"{SINCE_81}\n{ROW_81}\n{SINCE_81.count(',') * ','}\n", id="a row of empty cells"),
        pytest.param(f"sep=,\n{SINCE_81}\n{ROW_81}\n", id="the separator before the heading"),
        pytest.param(f"Traffic of May\n\n{SINCE_81}\n{ROW_81}\n", id="a title before the heading"),
    ],
)
def test_what_is_no_row_is_no_problem(tmp_path: Path, text: str) -> None:
    site = opened(tmp_path, text)
    assert (len(site.sessions), site.problems) == (1, [])


def test_cells_that_run_over_lines_and_stray_quotes_spoil_only_their_row(tmp_path: Path) -> None:
    over_lines = with_session(ROW_81, 1).replace(",Any-Out,", ',"Any\nOut",')
    stray = with_session(ROW_81, 2).replace(",Any-Out,", ',"Any-Out,')
    site = opened(
        tmp_path, "\n".join([SINCE_81, over_lines, stray, *(with_session(ROW_81, n) for n in range(3, 90))]) + "\n"
    )
    assert site.sessions.session(0).rule == "Any Out"
    assert site.sessions.session(1).id == 3
    assert site.sessions.session(1).line == 5
    assert (len(site.sessions), site.sources[0].skipped, site.problems[0].line) == (88, 1, 4)


@pytest.mark.parametrize("second", [',"Any-Out,', ',Any-Out",'], ids=["another that opens", "one that closes"])
def test_two_stray_quotes_do_not_swallow_the_rows_between_them(tmp_path: Path, second: str) -> None:
    rows = [with_session(ROW_81, n) for n in range(20)]
    rows[5] = rows[5].replace(",Any-Out,", ',"Any-Out,')
    rows[12] = rows[12].replace(",Any-Out,", second)
    rows[13] = rows[13].replace(",Any-Out,", second)
    site = opened(tmp_path, "\n".join([SINCE_81, *rows]) + "\n")
    kept = site.sessions.frame["session_id"].to_list()
    assert set(range(20)) - set(kept) <= {5, 12, 13}
    assert (site.sources[0].skipped, site.problems[0].line) == (20 - len(kept), 7)


def test_numbers_that_are_none_are_counted_and_left_empty(tmp_path: Path) -> None:
    rows = [ROW_81, ROW_81.replace(",4711,1,51000,", ",47x11,1,51000,"), ROW_81.replace("10.1.1.10", "10.1.1.300")]
    site = opened(tmp_path, "\n".join([SINCE_81, *rows]) + "\n")
    assert site.sessions.frame["session_id"].to_list() == [4711, None, 4711]
    assert site.sessions.session(2).source is None
    assert sorted(p.message for p in site.problems) == [
        "1 value of address in the traffic log can't be read and were left empty",
        "1 value of session_id in the traffic log can't be read and were left empty",
    ]


def test_a_url_with_commas_and_no_quotes_is_put_together_again(tmp_path: Path) -> None:
    heading = (
        SINCE_4.split(",Bytes,")[0] + ",URL/Filename,Threat/Content Name,Category,Severity,Direction,Sequence Number"
    )
    row = ROW_4.split(",2311,")[0].replace("TRAFFIC,deny", "THREAT,url")
    tail = "(9999),news,informational,client-to-server,7"
    site = opened(
        tmp_path, f'{heading}\n{row},example.net/a?b=1,2,3,{tail}\n{row},"example.net/c,d",{tail}\n', "url.csv"
    )
    log = site.logs[Kind.URL]
    assert sorted(str(log.row(n)["url"]) for n in (0, 1)) == ["example.net/a?b=1,2,3", "example.net/c,d"]
    assert [log.row(n)["severity"] for n in (0, 1)] == ["informational"] * 2
    assert site.problems == []


def without_type(line: str) -> str:
    """A line without the column Type."""
    return ",".join(cell for place, cell in enumerate(line.split(",")) if place != 3)


def test_without_the_column_type_a_heading_between_rows_is_no_row(tmp_path: Path) -> None:
    site = opened(tmp_path, "\n".join(map(without_type, [SINCE_81, ROW_81, SINCE_81, ROW_81])) + "\n")
    assert site.sessions.frame["line"].to_list() == [2, 4]
    assert site.problems == []


def test_without_the_column_type_url_rows_are_told_by_their_subtype(tmp_path: Path) -> None:
    heading = SINCE_4.split(",Bytes,")[0] + ",URL/Filename,Threat/Content Name,Category,Severity"
    row = ROW_4.split(",2311,")[0].replace("TRAFFIC,deny", "THREAT,url") + ",example.net/,(9999),news,informational"
    rows = [row, row.replace("THREAT,url", "THREAT,spyware")]
    site = opened(tmp_path, "\n".join(map(without_type, [heading, *rows])) + "\n")
    assert {kind: len(table) for kind, table in site.logs.items()} == {Kind.URL: 1, Kind.THREAT: 1}


def test_exports_put_one_behind_another_are_read_each_by_its_heading(tmp_path: Path) -> None:
    threat = SINCE_4.split(",Bytes,")[0] + ",URL/Filename,Threat/Content Name,Category,Severity"
    url = ROW_4.split(",2311,")[0].replace("TRAFFIC,deny", "THREAT,url") + ",example.net/,(9999),news,informational"

    def turned(line: str) -> str:
        cells = line.split(",")
        return ",".join([*cells[:7], cells[8], cells[7], *cells[9:]])

    lines = [SINCE_81, ROW_81, threat, url, turned(SINCE_81), turned(ROW_81), SINCE_101, ROW_101]
    site = opened(tmp_path, "\n".join(lines) + "\n")
    sessions = [site.sessions.session(n) for n in range(3)]
    assert [(s.line, s.source_text, s.end_reason) for s in sessions] == [
        (line, "10.1.1.10", "policy-deny") for line in (2, 6, 8)
    ]
    assert site.logs[Kind.URL].row(0)["url"] == "example.net/"
    assert (site.sources[0].skipped, site.problems) == (0, [])


def test_the_answer_of_the_command_line_is_read_as_csv_and_by_its_heading(tmp_path: Path) -> None:
    prompt = "admin@fw-edge-1(active)> "
    short = "app,session_end_reason,dst,src,proto,type,subtype,receive_time,sessionid,action,dport,serial"
    row = "ssl,policy-deny,203.0.113.9,10.1.1.10,6,TRAFFIC,end,2024/05/14 10:00:08,7,allow,443,012801004711"
    text = f"{prompt}show log traffic csv-output equal yes\n\n{short}\n{row}\nspoilt\n{prompt}show system info\n\nhostname: x\n"
    site = opened(tmp_path, text + "sw-version: 10.1.3\nserial: 012801004711\n", "session.txt")
    session = site.sessions.session(0)
    assert (session.id, session.source_text, session.line) == (7, "10.1.1.10", 4)
    assert [p.line for p in site.problems] == [5]
    assert site.systems[0].release == Release(10, 1, 3)


def test_a_file_with_several_types_gives_several_tables(tmp_path: Path) -> None:
    heading = SINCE_81 + ",URL/Filename,Severity"
    rows = [
        f"{ROW_81},,", f"{ROW_81.replace('TRAFFIC,deny', 'THREAT,url')},example.net/,informational",
        f"{ROW_81.replace('TRAFFIC,deny', 'THREAT,spyware')},,critical", f"{ROW_81.replace('TRAFFIC', 'GLOBALPROTECT')},,",
        f"{with_session(ROW_81, 5)},,",
    ]  # fmt: skip
    site = opened(tmp_path, "\n".join([heading, *rows]) + "\n")
    assert site.sessions.frame["session_id"].to_list() == [4711, 5]
    assert site.sessions.frame["line"].to_list() == [2, 6]
    assert site.logs[Kind.URL].row(0)["url"] == "example.net/"
    assert site.logs[Kind.THREAT].row(0)["severity"] == "critical"
    assert [p.message.split(" (")[0] for p in site.problems] == ["1 rows of log type GLOBALPROTECT were passed over"]


@pytest.mark.parametrize(
    ("heading", "row", "kind", "expected"),
    [
        pytest.param(
            "Receive Time,Serial #,Type,Threat/Content Type,Generate Time,Virtual System,Source IP,User,Object,"
            "Authentication Policy,Repeat Count,Server Profile,Description,Event Type,Factor Number,Session ID",
            "2024/05/14 10:00:00,012801004711,AUTH,mfa,2024/05/14 10:00:00,vsys1,10.1.1.10,example\\jane,ask,Portal,1,radius,"
            "sent,timeout,2,99",
            Kind.AUTHENTICATION,
            {"address": "10.1.1.10", "authentication_rule": "Portal", "event": "timeout", "factor": 2, "session_id": 99},
            id="authentication",
        ),
        pytest.param(
            "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,Virtual System,Event ID,Object,"
            "Module,Severity,Description",
            "1,2024/05/14 10:00:00,012801004711,SYSTEM,general,2561,2024/05/14 10:00:00,,commit,,general,informational,"
            "Commit job succeeded",
            Kind.SYSTEM,
            {"event": "commit", "severity": "informational", "description": "Commit job succeeded"},
            id="system",
        ),
        pytest.param(
            "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,Host,Virtual System,Command,"
            "Admin,Client,Result,Configuration Path,Before Change Detail,After Change Detail",
            '1,2024/05/14 10:00:00,012801004711,CONFIG,0,2561,2024/05/14 10:00:00,10.9.0.20,,set,jdoe,Web,Succeeded,vsys vsys1,'
            '"application [ any ];\nfrom any","application [ ssl, dns ]"',
            Kind.CONFIGURATION,
            {"command": "set", "admin": "jdoe", "before": "application [ any ]; from any", "after": "application [ ssl, dns ]"},
            id="configuration",
        ),
        pytest.param(
            "Domain,Receive Time,Serial #,Type,Threat/Content Type,Generate Time,Virtual System,Source IP,Source User,"
            "Data Source Name,Event ID,Repeat Count,Time Out Threshold,Source Port,Destination Port,Data Source,Data Source Type",
            "1,2024/05/14 10:00:00,012801004711,USERID,logout,2024/05/14 10:00:00,vsys1,10.1.1.10,example\\jane,dc1,0,1,2700,0,0,"
            "active-directory,unknown",
            Kind.USERID,
            {"subtype": "logout", "address": "10.1.1.10", "user": "example\\jane", "timeout": 2700},
            id="User-ID",
        ),
        pytest.param(
            "Domain,Receive Time,Serial #,Type,Threat/Content Type,Generate Time,Virtual System,Source IP,Tag Name,Event ID,"
            "Repeat Count,Timeout,Data Source Name,Data Source Type,Data Source Subtype",
            "1,2024/05/14 10:00:00,012801004711,IPTAG,,2024/05/14 10:00:00,vsys1,10.1.1.44,quarantine,register,1,0,api,xml-api,x",
            Kind.IPTAG,
            {"address": "10.1.1.44", "tag": "quarantine", "event": "register"},
            id="IP-tag",
        ),
        pytest.param(
            "Receive Time,Serial #,Type,Threat/Content Type,Generate Time,Source address,Destination address,Session ID,Rule,"
            "Action,TLS Version,Policy Name,Error Index,Proxy Type,Error",
            "2024/05/14 10:00:00,012801004711,DECRYPTION,0,2024/05/14 10:00:00,10.1.1.10,203.0.113.9,9,Any-Out,allow,TLS1.2,"
            "Decrypt,Certificate,Forward,CertificateUnknown",
            Kind.DECRYPTION,
            {"error_index": "Certificate", "decryption_rule": "Decrypt", "session_id": 9, "source": "10.1.1.10"},
            id="decryption",
        ),
    ],
)  # fmt: skip
def test_every_other_log(tmp_path: Path, heading: str, row: str, kind: Kind, expected: dict[str, object]) -> None:
    site = opened(tmp_path, f"{heading}\n{row}\n", "log.csv")
    found = site.logs[kind].row(0)
    assert {name: found.get(name) for name in expected} == expected
    assert site.problems == []


def test_hostile_text_is_made_safe(tmp_path: Path) -> None:
    row = ROW_81.replace("Any-Out", "Any\x1b[31m\u202eOut").replace("ssl", "s\x07l")
    session = opened(tmp_path, f"{SINCE_81}\n{row}\n").sessions.session(0)
    assert (session.rule, session.application) == ("Any\ufffd[31m\ufffdOut", "s\ufffdl")


def test_small_blocks_give_the_same_table(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [with_session(ROW_101, n).replace("10.1.1.10", f"10.1.{n % 7}.{n % 200}") for n in range(300)]
    rows[50] = rows[50].rsplit(",", 9)[0]
    rows[120] = rows[120].replace(",Any-Out,", ',"Any\nOut",')
    rows[200] = rows[200].replace(",Any-Out,", ',"stray,')
    data = "\n".join([SINCE_101, *rows]).encode()

    def read() -> Rows:
        heading = read_heading(data.decode().split("\n", 1)[0])
        assert heading is not None
        found = Rows(0, "x.csv")
        CsvReader(heading, found).read(io.BytesIO(data), encoding_of(data[:100])[1], lambda _: None)
        found.finish()
        return found

    whole = read()
    monkeypatch.setattr(blocks, "FIRST", 1500)
    monkeypatch.setattr(CsvReader, "block_size", 2500)
    pieces = read()
    assert len(pieces.tables[Kind.TRAFFIC]) > 10
    assert pl.concat(pieces.tables[Kind.TRAFFIC]).equals(pl.concat(whole.tables[Kind.TRAFFIC]))
    assert (pieces.count, pieces.skipped) == (whole.count, whole.skipped) == (298, 2)
    assert [str(p) for p in pieces.problems] == [str(p) for p in whole.problems]


def test_what_can_not_be_read_is_counted_in_whichever_block_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [with_session(ROW_101, n) for n in range(40)]
    for number, spoilt in ((3, " 443"), (20, "x"), (39, "y")):
        rows[number] = rows[number].replace(",443,31000,", f",{spoilt},31000,")
    rows[30] = rows[30].replace(",encrypted-tunnel,networking,browser-based,4,", ",encrypted-tunnel,networking,,z,")
    rows[10] = rows[10].replace("TRAFFIC", "NOTHING")
    rows[9] = "spoilt"
    rows = [r if n == 30 else r.replace(",browser-based,4,", ",browser-based,,") for n, r in enumerate(rows)]
    data = "\n".join([SINCE_101, *rows]).encode() + b"\n"
    monkeypatch.setattr(blocks, "FIRST", 500)
    for size in (500, 2_000, 1 << 24):
        monkeypatch.setattr(CsvReader, "block_size", size)
        monkeypatch.setattr(blocks, "FIRST", size)
        heading = read_heading(SINCE_101)
        assert heading is not None
        found = Rows(0, "x.csv")
        CsvReader(heading, found).read(io.BytesIO(data), 0, lambda _: None)
        found.finish()
        assert pl.concat(found.tables[Kind.TRAFFIC])["destination_port"].null_count() == 2
        assert [p.line for p in found.problems] == [11, 12, None, None]
        assert [p.message.split(" in ")[0] for p in found.problems[2:]] == [
            "1 value of app_risk", "2 values of destination_port"
        ]  # fmt: skip


@pytest.mark.parametrize("cut_off", [False, True], ids=["whole", "in a stream that breaks"])
def test_what_goes_wrong_while_rows_are_typed_is_raised(cut_off: bool) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if not (data := super().read(size)) and size and cut_off:
                raise InputError("the archive is cut off here")
            return data

    def told(kind: Kind, table: pl.DataFrame) -> None:
        raise RuntimeError(f"no room for {table.height} rows of {kind}")

    heading = read_heading(SINCE_81)
    assert heading is not None
    data = "\n".join([SINCE_81, *(with_session(ROW_81, n) for n in range(9))]).encode() + b"\n"
    with pytest.raises(RuntimeError, match="no room for"):
        CsvReader(heading, Rows(0, "x.csv", told)).read(Broken(data), 0, lambda _: None)
    assert not [t for t in threading.enumerate() if t.name.startswith(("behind", "read-ahead"))]
