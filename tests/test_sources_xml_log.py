"""Logs as the XML API answers them."""

from pathlib import Path

import pytest

from whydeny.model.columns import Kind
from whydeny.model.errors import InputError
from whydeny.model.flags import Flag
from whydeny.model.site import Site
from whydeny.sources.open import open_inputs

ENTRY = """<entry logid="7369000000000038584">
 <domain>1</domain><receive_time>2024/05/14 10:00:08</receive_time><serial>012801004711</serial>
 <seqno>7300000000000005512</seqno><actionflags>0x0</actionflags><is-logging-service>no</is-logging-service>
 <type>TRAFFIC</type><subtype>deny</subtype><config_ver>2562</config_ver>
 <time_generated>2024/05/14 10:00:05</time_generated><high_res_timestamp>2024-05-14T10:00:05.865+00:00</high_res_timestamp>
 <src>10.1.1.10</src><dst>203.0.113.77</dst><natsrc>192.0.2.1</natsrc><rule><![CDATA[Social & <Read>]]></rule>
 <srcloc code="10.0.0.0-10.255.255.255" cc="10.0.0.0-10.255.255.255">10.0.0.0-10.255.255.255</srcloc>
 <dstloc code="Reserved" cc="Reserved">Reserved</dstloc><srcuser>example\\jane</srcuser><app>ssl</app><vsys>vsys1</vsys>
 <from>trust</from><to>untrust</to><inbound_if>ethernet1/2</inbound_if><sessionid>5512</sessionid><sport>61096</sport>
 <dport>443</dport><natsport>21096</natsport><natdport>443</natdport><flags>FLAGS</flags>ELEMENTS
 <proto>tcp</proto><action>allow</action><tunnel>N/A</tunnel><tpadding>0</tpadding><bytes>2311</bytes>
 <bytes_sent>1187</bytes_sent><bytes_received>1124</bytes_received><packets>8</packets><start>2024/05/14 10:00:04</start>
 <elapsed>1</elapsed><category>any</category><session_end_reason>policy-deny</session_end_reason>
 <action_source>from-policy</action_source><novelty>kept</novelty></entry>"""


def entry(flags: str = "0x402000", elements: str = "", **changes: str) -> str:
    """An entry with other flags, or other values of elements."""
    text = ENTRY.replace("FLAGS", flags).replace("ELEMENTS", elements)
    for tag, value in changes.items():
        begin, end = text.index(f"<{tag}>"), text.index(f"</{tag}>")
        text = text[:begin] + f"<{tag}>{value}" + text[end:]
    return text


def page(*entries: str, status: str = "FIN", count: int | None = None) -> str:
    """An answer."""
    said = len(entries) if count is None else count
    return (
        f'<response status="success"><result><job><tenq>10:41:12</tenq><status>{status}</status><id>2044</id></job><log>'
        f'<logs count="{said}" progress="100">{"".join(entries)}</logs></log></result></response>'
    )


def opened(folder: Path, *texts: str) -> Site:
    """The site of one file for each text."""
    for number, text in enumerate(texts):
        (folder / f"page{number}.xml").write_text(text, "utf-8")
    return open_inputs(sorted(folder.glob("page*.xml")))


def test_an_entry_gives_a_session(tmp_path: Path) -> None:
    site = opened(tmp_path, page(entry()))
    session = site.sessions.session(0)
    assert (session.id, session.serial, session.line, session.config_version) == (5512, "012801004711", 1, 2562)
    assert (session.source_text, session.destination_text, session.protocol) == ("10.1.1.10", "203.0.113.77", 6)
    assert session.nat_destination is None
    assert (session.rule, session.user, session.source_country) == (
        "Social & <Read>",
        "example\\jane",
        "10.0.0.0-10.255.255.255",
    )
    assert (session.action, session.end_reason, session.subtype) == ("allow", "policy-deny", "deny")
    assert session.flags == Flag.NAT | Flag.TEMPORARY_MATCH
    assert str(session.end) == "2024-05-14 10:00:05"
    frame = site.sessions.frame
    assert [name for name in frame.columns if name.startswith("x:")] == ["x:novelty"]
    assert (site.sources[0].what, site.problems) == ("traffic log, XML API answer", [])


@pytest.mark.parametrize(
    ("flags", "elements", "expected"),
    [
        ("0x1400000", "", Flag.DECRYPTED | Flag.NAT),
        ("20971520", "", Flag.DECRYPTED | Flag.NAT),
        ("0", "<flag-proxy>yes</flag-proxy><flag-nat>no</flag-nat>", Flag.DECRYPTED),
        (
            "0x1400000",
            "<flag-proxy>no</flag-proxy><temporary-match>yes</temporary-match>",
            Flag.NAT | Flag.TEMPORARY_MATCH,
        ),
        ("", "<captive-portal>yes</captive-portal><flag-nat>no</flag-nat>", Flag.CAPTIVE_PORTAL),
        ("", "", None),
    ],
    ids=[
        "hexadecimal",
        "decimal",
        "elements where the number is 0",
        "elements over the number",
        "elements alone",
        "none",
    ],
)
def test_flags_come_from_the_number_and_the_elements(
    tmp_path: Path, flags: str, elements: str, expected: Flag | None
) -> None:
    session = opened(tmp_path, page(entry(flags, elements))).sessions.session(0)
    assert (session.flags if session.flags_known else None) == expected


def test_pages_in_one_file_and_in_several(tmp_path: Path) -> None:
    two = (
        f'<?xml version="1.0"?>\n{page(entry(sessionid="1"))}\n\n<?xml version="1.0"?>\n{page(entry(sessionid="2"))}\n'
    )
    site = opened(tmp_path, two, page(entry(sessionid="3"), entry(sessionid="4")))
    assert site.sessions.frame["session_id"].to_list() == [1, 2, 3, 4]
    assert site.sessions.frame["file"].to_list() == [0, 0, 1, 1]
    assert site.sessions.frame["line"].to_list() == [1, 2, 1, 2]
    assert site.problems == []


def test_an_answer_without_entries_is_an_empty_log(tmp_path: Path) -> None:
    site = opened(tmp_path, page())
    assert (len(site.sessions), site.sources[0].what, site.problems) == (0, "empty log, XML API answer", [])


def test_a_count_beyond_the_entries_is_said(tmp_path: Path) -> None:
    site = opened(tmp_path, page(entry(), count=20))
    assert [p.message for p in site.problems] == ["the answer announces 20 entries and holds 1"]


@pytest.mark.parametrize("status", ["PEN", "ACT"])
def test_a_query_that_still_runs_is_a_problem(tmp_path: Path, status: str) -> None:
    with pytest.raises(InputError, match=f"still running \\(job 2044\\) when this was saved, status {status}"):
        opened(tmp_path, page(status=status))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('<response status="error"><msg><line>job 4 not found</line></msg></response>', "error answer of the firewall (job 4"),
        ('<response status="error" code="403"><result><msg>Invalid Credential</msg></result></response>', "(code 403; forbidden"),
        ('<response status="fail"></response>', "error answer of the firewall (status fail)"),
        ('<response status="success" code="19"><result><msg><line>query job enqueued with jobid 2014</line></msg>'
         "<job>2014</job></result></response>", "only says that a job was queued (query job enqueued with jobid 2014)"),
        ('<response status="success" code="7"><result/></response>', "an answer without a result"),
    ],
    ids=["job not found", "not authorised", "failed", "job queued", "nothing there"],
)  # fmt: skip
def test_an_answer_with_nothing_to_use_is_a_problem_beside_good_ones(tmp_path: Path, text: str, message: str) -> None:
    site = opened(tmp_path, page(entry()), text)
    assert (len(site.sessions), len(site.sources), len(site.problems)) == (1, 1, 1)
    assert message in site.problems[0].message
    with pytest.raises(InputError, match=r"page1\.xml: "):
        open_inputs([tmp_path / "page1.xml"])


def test_entries_without_a_type_and_of_other_logs_are_counted(tmp_path: Path) -> None:
    site = opened(
        tmp_path,
        page(entry(), "<entry logid='1'> </entry>", entry(type="BOGUS"), entry(type="TUNNEL"), entry(type="TUNNEL")),
    )
    assert (len(site.sessions), site.sources[0].skipped) == (1, 2)
    assert [(p.line, p.message.split(" (")[0]) for p in site.problems] == [
        (2, "expected an entry of a log type such as TRAFFIC, found no type"),
        (3, "expected an entry of a log type such as TRAFFIC, found type BOGUS"),
        (None, "2 rows of log type TUNNEL were passed over"),
    ]


def test_threats_urls_and_the_rest_go_to_their_tables(tmp_path: Path) -> None:
    url = entry(type="THREAT", subtype="url").replace(
        "<bytes>", "<misc>example.net/a</misc><severity>informational</severity><bytes>"
    )
    system = (
        "<entry><receive_time>2024/05/14 10:00:05</receive_time><serial>012801004711</serial><type>SYSTEM</type>"
        "<subtype>general</subtype><time_generated>2024/05/14 10:00:05</time_generated><eventid>general</eventid>"
        "<severity>informational</severity><opaque>Commit job\nsucceeded</opaque></entry>"
    )
    site = opened(tmp_path, page(entry(), url, entry(type="THREAT", subtype="spyware"), system))
    assert site.logs[Kind.URL].row(0)["url"] == "example.net/a"
    assert site.logs[Kind.THREAT].row(0)["subtype"] == "spyware"
    assert site.logs[Kind.SYSTEM].row(0)["description"] == "Commit job succeeded"
    assert site.sources[0].what == "system log, threat log, traffic log, URL log, XML API answer"


def test_a_file_that_is_cut_off_keeps_its_whole_entries(tmp_path: Path) -> None:
    text = page(entry(sessionid="1"), entry(sessionid="2"), entry(sessionid="3"))
    site = opened(tmp_path, text[: text.index("<sessionid>3")])
    assert site.sessions.frame["session_id"].to_list() == [1, 2]
    assert "cut off" in site.problems[0].message
    assert "the entries before it were read" in site.problems[0].message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('<!DOCTYPE x [<!ENTITY a "b">]>' + page(entry()), "declares a DTD or entities"),
        (page("<a>" * 500 + "</a>" * 500), "nest deeper than 128 levels"),
        (
            page(entry().replace("<proto>", "<proto><a>" + "<b>" * 300 + "</b>" * 300 + "</a>")),
            "nest deeper than 128 levels",
        ),
        (page(entry()).replace("</dst>", "</dts>"), "expected well-formed XML"),
        (page(entry()).replace("203.0.113.77", "&undefined;"), "expected well-formed XML"),
    ],
    ids=["entities", "nesting", "nesting inside an entry", "mismatched tag", "undefined entity"],
)
def test_hostile_and_broken_xml_is_refused_with_a_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        opened(tmp_path, text)
