"""Predefined application content: whole files, answers about single names, and what is neither."""

from pathlib import Path

import pytest

from whydeny.model.applications import Application, flag_name
from whydeny.model.errors import InputError
from whydeny.sources.exports import application_content
from whydeny.sources.exports.application_content import read_applications

CONTENT = b"""<?xml version="1.0"?>
<predefined><application-version>8700-7700</application-version>
<application-container><entry id="1" name="social"><functions><member>social-base</member><member>social-chat</member>
</functions></entry></application-container>
<application>
<entry id="2" name="social-base" minver="3.0.0"><category>collaboration</category><subcategory>social-networking</subcategory>
<technology>browser-based</technology><risk>4</risk><evasive-behavior>no</evasive-behavior>
<consume-big-bandwidth>yes</consume-big-bandwidth><pervasive-use>yes</pervasive-use><virus-ident>yes</virus-ident>
<default><port><member>tcp/80,443</member><member>udp/443</member></port></default>
<use-applications><member>ssl</member><member>web-browsing</member></use-applications>
<implicit-use-applications><member>ssl</member></implicit-use-applications>
<application-container>social</application-container><deny-action>drop-reset</deny-action>
<tag><member>Web App</member></tag></entry>
<entry name="social-chat"><default><port><member>tcp/dynamic</member></port></default></entry>
<entry name="web-browsing"><default><port><member>tcp/80</member></port></default></entry>
<entry name="echo"><default><ident-by-icmp-type maxver="6.9.9">0</ident-by-icmp-type><ident-by-icmp-type>8</ident-by-icmp-type>
<ident-by-icmp6-type><type>128</type></ident-by-icmp6-type></default><risk maxver="6.0.0">5</risk><risk>2</risk></entry>
<entry name="tunnel"><default><ident-by-ip-protocol>47</ident-by-ip-protocol></default></entry>
<entry name="spare"><default><ident-by-ip-protocol>253-254</ident-by-ip-protocol></default></entry>
<entry name="silent"><category>networking</category></entry>
</application>
<region><entry name="10.0.0.0-10.255.255.255"/></region></predefined>"""


def test_reads_a_content_file() -> None:
    table = read_applications(CONTENT, "content.xml")
    assert table.version == "8700-7700"
    assert table.origin == "application content 8700-7700"
    assert table.complete is False
    assert table.get("social-base") == Application(
        "social-base", ("tcp/80,443", "udp/443"), uses=("ssl", "web-browsing"), implicitly_uses=("ssl",),
        container="social", deny_action="drop-reset", category="collaboration", subcategory="social-networking",
        technology="browser-based", risk=4, flags=("excessive-bandwidth-use", "pervasive"), tags=("Web App",),
    )  # fmt: skip
    assert table.get("10.0.0.0-10.255.255.255") is None


@pytest.mark.parametrize(
    ("name", "field", "expected"),
    [
        pytest.param("social-chat", "container", "social", id="a container that only lists its functions"),
        pytest.param("web-browsing", "secure_ports", ("tcp/443",), id="a port inside TLS"),
        pytest.param("echo", "icmp_types", (8,), id="the newer of two elements"),
        pytest.param("echo", "icmp6_types", (128,), id="ICMPv6 type"),
        pytest.param("echo", "risk", 2, id="the newer of two risks"),
        pytest.param("tunnel", "ip_protocols", (47,), id="IP protocol"),
        pytest.param("spare", "ip_protocols", (253, 254), id="a range of IP protocols"),
        pytest.param("silent", "ports", (), id="no port at all"),
    ],
)
def test_reads_one_field(name: str, field: str, expected: object) -> None:
    application = read_applications(CONTENT, "x").get(name)
    assert getattr(application, field) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("<response><result><application>{}</application></result></response>", id="all applications"),
        pytest.param("<response><result total-count='1' count='1'>{}</result></response>", id="one application"),
        pytest.param("<result>{}</result>", id="a bare result"),
        pytest.param("{}", id="a bare entry"),
    ],
)
def test_reads_answers(text: str) -> None:
    entry = "<entry name='ssl'><default><port><member>tcp/443</member></port></default></entry>"
    table = read_applications(text.format(entry).encode(), "answer.xml")
    assert list(table.applications) == ["ssl"]
    assert table.origin == "1 predefined applications of answer.xml"
    assert (table.complete, table.version) == (False, "")


def test_a_long_list_is_the_whole_content(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application_content, "WHOLE_CONTENT", 7)
    assert read_applications(CONTENT, "x").complete is True


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(b"<config><shared/></config>", "found <config> without any", id="a configuration"),
        pytest.param(b"<response status='error'/>", "found <response> with an error without any", id="an error"),
        pytest.param(b"<result><entry name='a'><ip-netmask/></entry></result>", "without any", id="other entries"),
        pytest.param(b"<predefined>", "line 1: expected well-formed XML", id="half copied"),
    ],
)
def test_refuses_what_is_no_content(data: bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=f"^c.xml.*{sentence}"):
        read_applications(data, "c.xml")


def test_attributes_go_by_the_names_of_filters() -> None:
    assert [flag_name(n) for n in ("evasive-behavior", "is-saas")] == ["evasive", "is-saas"]


def test_reads_the_content_of_2015_whole(shared: Path) -> None:
    data = (shared / "samples" / "applications" / "predefined_2015-07.xml").read_bytes()
    table = read_applications(data, "predefined.xml")
    assert (len(table.applications), table.version, table.complete) == (2055, "517-2824", True)
    assert len(table.containers()) == 147
    base = table.get("facebook-base")
    assert base is not None
    assert (base.ports, base.implicitly_uses, base.container) == (("tcp/80,443",), ("ssl", "web-browsing"), "facebook")
