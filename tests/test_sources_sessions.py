"""The session table, `show system info`, and what belongs together."""

from pathlib import Path

import pytest

from whydeny.model.errors import InputError
from whydeny.model.release import Release
from whydeny.model.site import Site
from whydeny.sources.open import open_inputs

ALL_XML = """<response status="success"><result>
<entry><application>dns</application><ingress>ethernet1/3.120</ingress><egress>ethernet1/4</egress><vsys-idx>1</vsys-idx>
<xsource>192.0.2.1</xsource><source>10.1.1.10</source><srcnat>True</srcnat><sport>32855</sport>
<security-rule>trust.untrust.dns</security-rule><from>guest wlan</from><proto>17</proto><dst>198.51.100.8</dst><to>untrust</to>
<state>ACTIVE</state><xdst>198.51.100.8</xdst><nat>True</nat><type>FLOW</type>
<start-time>Tue May 14 10:44:02 2024</start-time><proxy>False</proxy><decrypt-mirror>False</decrypt-mirror><idx>17868</idx>
<total-byte-count>13508</total-byte-count><dstnat>False</dstnat><vsys>vsys1</vsys><xsport>3042</xsport><xdport>53</xdport>
<dport>53</dport><flags/></entry>
<entry><application>web-browsing</application><state>DISCARD</state><type>FLOW</type><idx>4711</idx><source>10.1.1.11</source>
<dst>203.0.113.9</dst><sport>51000</sport><dport>443</dport><proto>6</proto><from>trust</from><to>untrust</to><flags> </flags>
<xsource>10.1.1.11</xsource><xdst>203.0.113.9</xdst><xsport>51000</xsport><xdport>443</xdport><proxy>True</proxy>
<start-time>Tue May 14 10:44:05 2024</start-time><vsys>vsys1</vsys><security-rule>OUT</security-rule>
<total-byte-count>2311</total-byte-count></entry></result></response>"""

ALL_TEXT = """
--------------------------------------------------------------------------------
ID          Application    State   Type Flag  Src[Sport]/Zone/Proto (translated IP[Port])
Vsys                                          Dst[Dport]/Zone (translated IP[Port])
--------------------------------------------------------------------------------
17868        dns            ACTIVE  FLOW  NS   10.1.1.10[32855]/guest wlan/17  (192.0.2.1[3042])
vsys1                                          198.51.100.8[53]/untrust  (198.51.100.8[53])
4711         web-browsing   DISCARD FLOW *     10.1.1.11[51000]/trust/6  (10.1.1.11[51000])
vsys1                                          203.0.113.9[443]/untrust  (203.0.113.9[443])
504          ftp-data       ACTIVE  PRED  ND   2001:db8::9[0]/L3-DMZ/6  (2001:db8::9[0])
vsys1                                          2001:db8::100[16889]/L3-Inside  (10.9.9.9[16889])
"""

DETAIL_TEXT = """
Session            4711

        c2s flow:
                source:      10.1.1.11 [trust]
                dst:         203.0.113.9
                proto:       6
                sport:       51000           dport:      443
                state:       DISCARD         type:       FLOW
                src user:    example\\jane
                dst user:    unknown

        s2c flow:
                source:      203.0.113.9 [untrust]
                dst:         192.0.2.1
                proto:       6
                sport:       443             dport:      31000
                state:       DISCARD         type:       FLOW
                src user:    unknown
                dst user:    example\\jane

        start time                           : Tue May 14 10:44:05 2024
        timeout                              : 90 sec
        total byte count(c2s)                : 1187
        total byte count(s2c)                : 1124
        layer7 packet count(c2s)             : 5
        layer7 packet count(s2c)             : 4
        vsys                                 : vsys1
        application                          : web-browsing
        rule                                 : OUT
        session to be logged at end          : True
        session updated by HA peer           : False
        address/port translation             : source
        nat-rule                             : NAT-OUT(vsys1)
        layer7 processing                    : completed
        URL filtering enabled                : True
        URL category                         : news
        captive portal session               : False
        session proxied                      : True
        ingress interface                    : ethernet1/2
        egress interface                     : ethernet1/1
        session QoS rule                     : N/A (class 4)
        tracker stage firewall               : appid policy lookup deny
        tracker stage l7proc                 : ctd decoder done
        end-reason                           : policy-deny
"""

DETAIL_XML = """<response status="success"><result>
<c2s><source>10.1.1.11</source><source-zone>trust</source-zone><dst>203.0.113.9</dst><proto>6</proto><sport>51000</sport>
<dport>443</dport><state>DISCARD</state><type>FLOW</type><src-user>example\\jane</src-user><dst-user>unknown</dst-user></c2s>
<s2c><source>203.0.113.9</source><source-zone>untrust</source-zone><dst>192.0.2.1</dst><proto>6</proto><sport>443</sport>
<dport>31000</dport><state>DISCARD</state><type>FLOW</type></s2c><idx>4711</idx>
<start-time>Tue May 14 10:44:05 2024</start-time><vsys>vsys1</vsys><application>web-browsing</application><rule>OUT</rule>
<session-proxied>True</session-proxied><captive-portal-session>False</captive-portal-session><url-category>news</url-category>
<session-tracker-stage-firewall>appid policy lookup deny</session-tracker-stage-firewall>
<tracker-stage-l7proc>ctd decoder done</tracker-stage-l7proc><end-reason>policy-deny</end-reason></result></response>"""

SYSTEM = """<response status="success"><result><system><hostname>HOST</hostname><serial>SERIAL</serial><model>PA-3220</model>
<sw-version>10.2.4-h2</sw-version><app-version>8846-8711</app-version><multi-vsys>on</multi-vsys>
<time>Tue May 14 10:42:07 2024
</time></system></result></response>"""

TRAFFIC = """<response status="success"><result><log><logs count="1"><entry><type>TRAFFIC</type><subtype>deny</subtype>
<serial>012801004711</serial><src>10.1.1.11</src><dst>203.0.113.9</dst><sport>51000</sport><dport>443</dport><proto>tcp</proto>
<sessionid>4711</sessionid><vsys>vsys1</vsys><start>START</start><elapsed>3</elapsed><action>allow</action>
<session_end_reason>policy-deny</session_end_reason></entry></logs></log></result></response>"""


def opened(folder: Path, files: dict[str, str]) -> Site:
    """The site of files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return open_inputs([folder])


@pytest.mark.parametrize(("text", "what"),
                         [(ALL_XML, "session table, XML answer"), (ALL_TEXT, "session table, command-line text")],
                         ids=["XML", "text"])  # fmt: skip
def test_show_session_all(tmp_path: Path, text: str, what: str) -> None:
    site = opened(tmp_path, {"a": text})
    first, second = site.sessions.session(0), site.sessions.session(1)
    assert site.sources[0].what == what
    assert (first.id, first.state, first.session_type, first.application, first.vsys) == (
        17868,
        "ACTIVE",
        "FLOW",
        "dns",
        "vsys1",
    )
    assert (first.source_text, first.source_port, first.from_zone, first.protocol) == (
        "10.1.1.10",
        32855,
        "guest wlan",
        17,
    )
    assert (first.destination_text, first.destination_port, first.to_zone) == ("198.51.100.8", 53, "untrust")
    assert first.nat_source is not None
    assert (first.nat_source_port, first.nat_destination, first.nat_destination_port) == (3042, None, None)
    assert (first.decrypted, second.decrypted) == (False, True)
    assert (second.state, second.live, second.nat_source, second.flags_known) == ("DISCARD", True, None, False)
    assert site.problems == []
    if text is ALL_XML:
        assert (first.rule, first.bytes, str(first.start)) == ("trust.untrust.dns", 13508, "2024-05-14 10:44:02")
        assert (first.inbound_interface, first.outbound_interface) == ("ethernet1/3.120", "ethernet1/4")


def test_predicted_and_ipv6_sessions_of_the_command_line(tmp_path: Path) -> None:
    session = opened(tmp_path, {"a": ALL_TEXT}).sessions.session(2)
    assert (session.session_type, session.source_text, session.from_zone) == ("PRED", "2001:db8::9", "L3-DMZ")
    assert session.nat_destination is not None
    assert session.nat_source is None


def test_a_session_of_one_line_only_is_said(tmp_path: Path) -> None:
    lines = ALL_TEXT.splitlines()
    del lines[6]
    site = opened(tmp_path, {"a": "\n".join(lines)})
    assert [site.sessions.session(n).id for n in range(2)] == [4711, 504]
    assert (site.problems[0].line, site.sources[0].skipped) == (7, 1)


@pytest.mark.parametrize("text", [DETAIL_TEXT, DETAIL_XML], ids=["text", "XML"])
def test_show_session_id(tmp_path: Path, text: str) -> None:
    session = opened(tmp_path, {"a": text}).sessions.session(0)
    assert (session.id, session.state, session.session_type, session.vsys) == (4711, "DISCARD", "FLOW", "vsys1")
    assert (session.source_text, session.from_zone, session.source_port) == ("10.1.1.11", "trust", 51000)
    assert (session.destination_text, session.to_zone, session.destination_port) == ("203.0.113.9", "untrust", 443)
    assert (session.nat_source_port, session.nat_destination, session.protocol) == (31000, None, 6)
    assert session.nat_source is not None
    assert (session.user, session.destination_user, session.category) == ("example\\jane", None, "news")
    assert (session.rule, session.application, session.end_reason) == ("OUT", "web-browsing", "policy-deny")
    assert session.tracker_stage == "appid policy lookup deny; ctd decoder done"
    assert (session.portal_session, session.proxied, session.decrypted) == ("no", "yes", True)
    assert str(session.start) == "2024-05-14 10:44:05"


def test_a_living_session_has_no_end_reason_yet(tmp_path: Path) -> None:
    text = DETAIL_TEXT.replace("policy-deny\n", "unknown\n").replace("DISCARD", "ACTIVE")
    assert opened(tmp_path, {"a": text}).sessions.session(0).end_reason is None


def test_one_session_in_both_tables_is_one_row(tmp_path: Path) -> None:
    site = opened(tmp_path, {"all.txt": ALL_TEXT, "one.txt": DETAIL_TEXT})
    assert sorted(site.sessions.session(n).id or 0 for n in range(len(site.sessions))) == [504, 4711, 17868]


@pytest.mark.parametrize(("start", "joined"), [("2024/05/14 10:44:04", True), ("2024/05/14 09:00:00", False)],
                         ids=["the same session", "the id used before"])  # fmt: skip
def test_details_go_to_the_log_row_of_the_session(tmp_path: Path, start: str, joined: bool) -> None:
    site = opened(tmp_path, {"log.xml": TRAFFIC.replace("START", start), "one.txt": DETAIL_TEXT})
    row = next(s for s in map(site.sessions.session, range(len(site.sessions))) if s.state is None)
    assert len(site.sessions) == 2
    assert row.tracker_stage == ("appid policy lookup deny; ctd decoder done" if joined else None)
    assert row.proxied == ("yes" if joined else None)
    assert not row.live


def test_a_page_of_commands(tmp_path: Path) -> None:
    system = "hostname: fw-edge-1\nserial: 012801004711\nmodel: PA-3220\nsw-version: 10.2.4-h2\nmulti-vsys: off\n"
    text = (
        f"admin@fw-edge-1(active)> show system info\n\n{system}\nadmin@fw-edge-1(active)> show session all\n{ALL_TEXT}\n"
        f"admin@fw-edge-1(active)> show session id 4711\n{DETAIL_TEXT}\nadmin@fw-edge-1(active)> show clock\n\nTue May 14\n"
        "admin@fw-edge-1(active)> "
    )
    site = opened(tmp_path, {"page.txt": text})
    assert site.systems[0].release == Release(10, 2, 4, "h2")
    assert site.sources[0].what == "show system info, session table, command-line text"
    assert len(site.sessions) == 3
    assert {site.sessions.session(n).serial for n in range(3)} == {"012801004711"}
    assert {site.sessions.session(n).device_name for n in range(3)} == {"fw-edge-1"}
    assert [p.message for p in site.problems] == ["1 of 4 answers in it are of no use here: show clock"]


def test_the_name_of_a_firewall_goes_with_its_serial_number(tmp_path: Path) -> None:
    def names(folder: str, files: dict[str, str]) -> list[str | None]:
        site = opened(tmp_path / folder, files)
        return site.sessions.frame.filter(site.sessions.frame["state"].is_not_null())["device_name"].to_list()

    system = SYSTEM.replace("HOST", "fw-edge-1").replace("SERIAL", "012801004711")
    nameless = SYSTEM.replace("<hostname>HOST</hostname>", "").replace("SERIAL", "012801004711")
    heading = "Receive Time,Serial #,Type,Threat/Content Type,Session ID,Application,Device Name\n"
    rows = "2024/05/14 10:0{0}:08,012801004711,TRAFFIC,end,{0},ssl,{1}\n"
    log, other = heading + rows.format(1, "edge"), heading + rows.format(2, "edge-old")
    assert names("system", {"all.xml": ALL_XML, "sys.xml": system, "log.csv": log}) == ["fw-edge-1"] * 2
    assert names("log", {"all.xml": ALL_XML, "sys.xml": nameless, "log.csv": log}) == ["edge"] * 2
    assert names("two", {"all.xml": ALL_XML, "sys.xml": nameless, "log.csv": log, "old.csv": other}) == [None] * 2
    assert names("none", {"all.xml": ALL_XML, "sys.xml": nameless}) == [None] * 2


def test_two_firewalls_side_by_side_are_not_mixed(tmp_path: Path) -> None:
    def system(number: int) -> str:
        return SYSTEM.replace("HOST", f"fw-{number}").replace("SERIAL", f"01280100000{number}")

    site = opened(
        tmp_path, {"a/all.txt": ALL_TEXT, "a/sys.xml": system(1), "b/all.xml": ALL_XML, "b/sys.xml": system(2)}
    )
    assert site.sessions.frame["serial"].to_list() == ["012801000001"] * 3 + ["012801000002"] * 2
    assert [s.serial for s in site.systems] == ["012801000001", "012801000002"]
    both = tmp_path / "both"
    for name, text in {"all.txt": ALL_TEXT, "1.xml": system(1), "2.xml": system(2)}.items():
        both.mkdir(exist_ok=True)
        (both / name).write_text(text)
    assert open_inputs([both]).sessions.frame["serial"].to_list() == [None] * 3


@pytest.mark.parametrize(
    "text",
    [SYSTEM.replace("HOST", "fw-edge-1").replace("SERIAL", "012801004711"),
     "hostname: fw-edge-1\nserial: 012801004711\nmodel: PA-3220\ntime: Tue May 14 10:42:07 2024\nsw-version: 10.2.4-h2\n"
     "app-version: 8846-8711\nmulti-vsys: on\n"],
    ids=["XML", "text"],
)  # fmt: skip
def test_show_system_info(tmp_path: Path, text: str) -> None:
    system = opened(tmp_path, {"a": text}).systems[0]
    assert (system.hostname, system.serial, system.model) == ("fw-edge-1", "012801004711", "PA-3220")
    assert (system.release, system.content_version, system.multi_vsys) == (Release(10, 2, 4, "h2"), "8846-8711", True)
    assert str(system.time) == "2024-05-14 10:42:07"


def ids(site: Site) -> list[int | None]:
    """The ids of all sessions, in the order of the table."""
    return [site.sessions.session(number).id for number in range(len(site.sessions))]


def test_lines_of_a_session_table_without_its_heading(tmp_path: Path) -> None:
    assert ids(opened(tmp_path, {"a": "\n".join(ALL_TEXT.splitlines()[5:9])})) == [17868, 4711]


def test_what_a_terminal_shows_between_sessions_hides_none(tmp_path: Path) -> None:
    lines = ALL_TEXT.splitlines()
    lines[7] = "\x1b[7mlines 1-8 \x1b[27m\x1b[K\r\x1b[K" + lines[7]
    lines[9] = "lines 9-11/11 (END)" + " " * 5 + "\r" + lines[9]
    site = opened(tmp_path, {"a": "\r\n".join(lines)})
    assert (ids(site), site.problems) == ([17868, 4711, 504], [])


@pytest.mark.parametrize(
    ("places", "line", "found"),
    [((0, 1, 2, 3, 4, 5), 6, "found the end"), ((4, 5, 7, 8), 3, "found another session"),
     ((6, 8), 1, "found only the second")],
    ids=["cut off", "second line lost", "second lines only"],
)  # fmt: skip
def test_half_sessions_are_said(tmp_path: Path, places: tuple[int, ...], line: int, found: str) -> None:
    lines = ALL_TEXT.splitlines()
    site = opened(tmp_path, {"a": "\n".join(lines[place] for place in places), "one.txt": DETAIL_TEXT})
    assert (site.problems[0].line, found in site.problems[0].message) == (line, True)


def test_a_session_of_another_shape_is_said(tmp_path: Path) -> None:
    site = opened(tmp_path, {"a": ALL_TEXT + "4713         ipsec-esp      ACTIVE  TUNN       somewhere\n"})
    assert [(p.line, "found another shape" in p.message) for p in site.problems] == [(12, True)]


def test_details_whose_blanks_were_lost(tmp_path: Path) -> None:
    flat = "\n".join(" ".join(line.split()) for line in DETAIL_TEXT.splitlines())
    session = opened(tmp_path, {"a": flat}).sessions.session(0)
    assert (session.source_port, session.destination_port, session.nat_source_port) == (51000, 443, 31000)
    assert (session.state, session.session_type, session.user) == ("DISCARD", "FLOW", "example\\jane")


def test_the_class_of_service_is_no_rule(tmp_path: Path) -> None:
    text = DETAIL_TEXT.replace("        rule                                 : OUT\n", "")
    assert opened(tmp_path, {"a": text}).sessions.session(0).rule is None


@pytest.mark.parametrize(("told", "category"), [("news,low-risk", "news"), ("high-risk, own-list", "own-list"),
                                                ("low-risk", "low-risk"), ("any", "any")])  # fmt: skip
def test_the_category_of_the_details_is_the_one_that_a_log_row_has(tmp_path: Path, told: str, category: str) -> None:
    text = DETAIL_TEXT.replace(": news", f": {told}")
    assert opened(tmp_path, {"a": text}).sessions.session(0).category == category


def test_an_end_that_is_not_known_yet(tmp_path: Path) -> None:
    predicted = ALL_TEXT.replace("2001:db8::9[0]/L3", "0.0.0.0[0]/L3").replace("(2001:db8::9[0])", "(0.0.0.0[0])")
    session = opened(tmp_path, {"a": predicted.replace("/L3-Inside ", "/N/A ")}).sessions.session(2)
    assert (session.source, session.source_port, session.destination_port) == (None, None, 16889)
    assert (session.from_zone, session.to_zone) == ("L3-DMZ", None)


def test_an_entry_without_some_of_its_elements(tmp_path: Path) -> None:
    text = ALL_XML.replace("<proxy>True</proxy>", "").replace("<flags> </flags>", "<flags>*NS</flags>")
    text = (
        text.replace("<proxy>False</proxy>", "").replace("<vsys>vsys1</vsys>", "").replace("<state>ACTIVE</state>", "")
    )
    first, second = (opened(tmp_path, {"a": text}).sessions.session(number) for number in range(2))
    assert (first.decrypted, first.vsys, second.decrypted, second.vsys) == (None, "vsys1", True, None)
    assert (first.live, first.state) == (True, "UNKNOWN")


def test_details_with_other_labels(tmp_path: Path) -> None:
    text = DETAIL_XML.replace("src-user>", "src_user>").replace("session-tracker-stage-firewall>", "tracker>")
    text = text.replace("captive-portal-session>", "captive-portal>")
    session = opened(tmp_path, {"a": text}).sessions.session(0)
    assert (session.user, session.portal_session) == ("example\\jane", "no")
    assert session.tracker_stage == "appid policy lookup deny; ctd decoder done"


def test_details_of_a_living_session_join_its_row(tmp_path: Path) -> None:
    text = "\n".join(line for line in DETAIL_TEXT.splitlines() if "tracker" not in line).replace("DISCARD", "ACTIVE")
    site = opened(tmp_path, {"all.txt": ALL_TEXT.replace("DISCARD", "ACTIVE "), "one.txt": text})
    assert sorted(ids(site)) == [504, 4711, 17868]
    row = next(s for s in map(site.sessions.session, range(3)) if s.id == 4711)
    assert (row.rule, row.proxied, row.portal_session) == ("OUT", "yes", "no")


def test_pages_that_overlap_and_both_forms_are_one_table(tmp_path: Path) -> None:
    entries = ALL_XML.partition("<result>")[2].partition("</result>")[0].replace("4711", "4712")
    again = ALL_XML.replace("</result>", f"{entries}</result>")
    site = opened(tmp_path, {"all.txt": ALL_TEXT, "page-1.xml": ALL_XML, "page-2.xml": again})
    assert sorted(ids(site)) == [504, 4711, 4712, 17868]
    dns = next(s for s in map(site.sessions.session, range(4)) if s.id == 17868)
    assert (dns.rule, dns.bytes, str(dns.start)) == ("trust.untrust.dns", 13508, "2024-05-14 10:44:02")


def test_of_a_session_seen_twice_the_later_row_stays(tmp_path: Path) -> None:
    """The details were asked for while it lived, and the list when it was being discarded."""
    living = DETAIL_TEXT.replace("DISCARD", "ACTIVE").replace("policy-deny\n", "unknown\n")
    site = opened(tmp_path, {"one.txt": living, "z/all.txt": ALL_TEXT})
    row = next(s for s in map(site.sessions.session, range(len(site.sessions))) if s.id == 4711)
    assert (len(site.sessions), row.state, row.rule, row.category) == (3, "DISCARD", "OUT", "news")


@pytest.mark.parametrize(
    ("start", "host", "rows"),
    [("Tue May 14 10:44:05 2024", "", 1), ("Tue May 14 12:44:05 2024", "", 2), ("Tue May 14 10:44:05 2024", "fw-b", 2)],
    ids=["the same", "the id used again", "another firewall"],
)
def test_an_id_alone_makes_no_session(tmp_path: Path, start: str, host: str, rows: int) -> None:
    prompt = "admin@{}> show session id 4711\n"
    other = DETAIL_TEXT.replace("Tue May 14 10:44:05 2024", start)
    texts = {"a.txt": DETAIL_TEXT, "b.txt": other}
    if host:
        texts = {"a.txt": prompt.format("fw-a") + DETAIL_TEXT, "b.txt": prompt.format(host) + other}
    assert len(opened(tmp_path, texts).sessions) == rows


def test_details_of_no_known_firewall_go_to_no_one_of_two(tmp_path: Path) -> None:
    log = TRAFFIC.replace("START", "2024/05/14 10:44:04")
    site = opened(
        tmp_path, {"a.xml": log, "b.xml": log.replace("012801004711", "012801004712"), "one.txt": DETAIL_TEXT}
    )
    assert [s.tracker_stage for s in map(site.sessions.session, range(3)) if not s.live] == [None, None]


def test_rows_below_another_prompt_are_not_of_the_firewall_that_is_known(tmp_path: Path) -> None:
    system = "hostname: fw-1\nserial: 012801000001\nmodel: PA-3220\nsw-version: 10.2.4-h2\n"
    other = DETAIL_TEXT.replace("4711", "4712")
    text = (
        f"admin@fw-1> show system info\n\n{system}\nadmin@fw-2> show session all\n{ALL_TEXT}\n"
        f"admin@FW-1-vsys2> show session id 4712\n{other}"
    )
    site = opened(tmp_path, {"page.txt": text})
    assert site.sessions.frame["serial"].to_list() == [None] * 3 + ["012801000001"]


def test_two_firewalls_in_one_page_are_told_apart_by_their_prompts(tmp_path: Path) -> None:
    page = "".join(
        f"admin@fw-{n}> show system info\n\nhostname: fw-{n}\nserial: 01280100000{n}\nsw-version: 10.2.4\n\n"
        f"admin@fw-{n}> show session all\n{ALL_TEXT}\n"
        for n in (1, 2)
    )
    site = opened(tmp_path, {"page.txt": page})
    assert site.sessions.frame["serial"].to_list() == ["012801000001"] * 3 + ["012801000002"] * 3


def test_the_log_tells_the_serial_of_a_prompt(tmp_path: Path) -> None:
    log = TRAFFIC.replace("START", "2024/05/14 10:44:04").replace(
        "<vsys>", "<device_name>fw-edge-1</device_name><vsys>"
    )
    site = opened(tmp_path, {"log.xml": log, "page.txt": f"admin@fw-edge-1> show session all\n{ALL_TEXT}"})
    assert set(site.sessions.frame["serial"].to_list()) == {"012801004711"}


def test_an_empty_prompt_ends_an_answer(tmp_path: Path) -> None:
    text = f"admin@fw-1(active)> show session all\n\n{ALL_XML}\nadmin@fw-1(active)> set cli pager off\nadmin@fw-1(active)> \n"
    site = opened(tmp_path, {"page.txt": text})
    assert (ids(site), site.problems) == ([17868, 4711], [])


@pytest.mark.parametrize(
    ("text", "said"),
    [("Number of sessions that match filter: 23\n", "lists none"),
     ("<response status='success'><result><member>Number of sessions that match filter: 23</member></result></response>",
      "lists none"),
     ("Session             4711\n\nBad Key: c2s: 'c2s'\nBad Key: s2c: 's2c'\n", "not in the table any more"),
     ("session 4711 does not exist\n", "not in the table any more"), ("No Active Sessions\n", "empty session table")],
    ids=["a count", "a count, XML", "a session that is gone", "no such session", "no session"],
)  # fmt: skip
def test_an_answer_without_a_session_is_told_for_what_it_is(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        opened(tmp_path, {"a": text})


def test_xml_below_a_prompt_is_of_its_firewall(tmp_path: Path) -> None:
    site = opened(tmp_path, {"page.txt": f"admin@fw-b> show session all\n\n{ALL_XML}\nadmin@fw-b> \n"})
    assert {site.sessions.session(number).device_name for number in range(2)} == {"fw-b"}


def test_a_session_listed_again_and_again_is_one(tmp_path: Path) -> None:
    minutes = "".join(f"admin@fw-1> show session all\n{ALL_TEXT}\n" for _ in range(300))
    assert ids(opened(tmp_path, {"page.txt": minutes})) == [17868, 4711, 504]


def test_a_log_row_that_two_details_may_be_of_gets_neither(tmp_path: Path) -> None:
    later = DETAIL_TEXT.replace("10:44:05", "10:46:35").replace("appid policy lookup deny", "TCP FIN")
    log = TRAFFIC.replace("START", "2024/05/14 10:45:20")
    site = opened(tmp_path, {"log.xml": log, "one.txt": DETAIL_TEXT, "two.txt": later})
    assert [s.tracker_stage for s in map(site.sessions.session, range(len(site.sessions))) if not s.live] == [None]


@pytest.mark.parametrize("end", ["        s2c flow:", "        start time "], ids=["between the flows", "behind them"])
def test_details_that_were_cut_off_are_said(tmp_path: Path, end: str) -> None:
    site = opened(tmp_path, {"a": DETAIL_TEXT.partition(end)[0]})
    assert [(p.line, "found a part" in p.message) for p in site.problems] == [(2, True)]
    assert ids(site) == [4711]
