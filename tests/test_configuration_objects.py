"""The objects that rules name, in every shape that releases wrote them."""

from collections.abc import Mapping
from typing import Any

import pytest

from whydeny.model.configuration import (
    Address,
    AddressGroup,
    ApplicationFilter,
    AuthenticationObject,
    CustomApplication,
    DecryptionProfile,
    ExternalList,
    Group,
    LogForwarding,
    Region,
    Schedule,
    Scope,
    Service,
    UrlCategory,
)
from whydeny.sources.exports.configuration_objects import read_scope
from whydeny.sources.exports.xml_tools import parse_xml


def read(body: str) -> Scope:
    return read_scope(parse_xml(f"<shared>{body}</shared>".encode(), "x"), "shared")


@pytest.mark.parametrize(
    ("field", "body", "expected"),
    [
        pytest.param(
            "addresses",
            "<address><entry name='a'><ip-netmask>10.1.0.1/32</ip-netmask><tag><member>t</member></tag></entry>"
            "<entry name='b'><ip-range>10.1.0.1-10.1.0.9</ip-range></entry>"
            "<entry name='c'><ip-wildcard>10.20.1.0/0.0.248.255</ip-wildcard></entry>"
            "<entry name='d'><description>x</description><fqdn>www.example.net</fqdn></entry>"
            "<entry name='e'><description>nothing</description></entry></address>",
            {
                "a": Address("a", "ip-netmask", "10.1.0.1/32", ("t",)),
                "b": Address("b", "ip-range", "10.1.0.1-10.1.0.9"),
                "c": Address("c", "ip-wildcard", "10.20.1.0/0.0.248.255"),
                "d": Address("d", "fqdn", "www.example.net"),
            },
            id="addresses",
        ),
        pytest.param(
            "address_groups",
            "<address-group><entry name='s'><static><member>a</member><member>b</member></static></entry>"
            "<entry name='d'><dynamic><filter>'x' and 'y'</filter></dynamic><tag><member>t</member></tag></entry>"
            "<entry name='old'><member>a</member></entry><entry name='empty'><static/></entry></address-group>",
            {
                "s": AddressGroup("s", ("a", "b")),
                "d": AddressGroup("d", (), "'x' and 'y'", ("t",)),
                "old": AddressGroup("old", ("a",)),
                "empty": AddressGroup("empty"),
            },
            id="address groups",
        ),
        pytest.param(
            "services",
            "<service><entry name='t'><protocol><tcp><port>80,8080-8090</port><source-port>1024-65535</source-port>"
            "<override><no/></override></tcp></protocol></entry>"
            "<entry name='u'><protocol><udp><port>53</port></udp></protocol><tag><member>x</member></tag></entry>"
            "<entry name='s'><protocol><sctp><port>36412</port></sctp></protocol></entry><entry name='n'/></service>",
            {
                "t": Service("t", "tcp", "80,8080-8090", "1024-65535"),
                "u": Service("u", "udp", "53", tags=("x",)),
                "s": Service("s", "sctp", "36412"),
            },
            id="services",
        ),
        pytest.param(
            "service_groups",
            "<service-group><entry name='g'><members><member>t</member></members></entry>"
            "<entry name='old'><member>t</member><member>u</member></entry></service-group>",
            {"g": Group("g", ("t",)), "old": Group("old", ("t", "u"))},
            id="service groups in both shapes",
        ),
        pytest.param(
            "application_groups",
            "<application-group><entry name='g'><members><member>ssl</member></members></entry>"
            "<entry name='old'><member>ssl</member></entry></application-group>",
            {"g": Group("g", ("ssl",)), "old": Group("old", ("ssl",))},
            id="application groups in both shapes",
        ),
        pytest.param(
            "applications",
            "<application><entry name='erp'><default><port><member>tcp/9100</member><member>udp/dynamic</member></port>"
            "</default><parent-app>ssl</parent-app><category>business-systems</category><subcategory>erp</subcategory>"
            "<technology>client-server</technology><risk>2</risk><evasive-behavior>yes</evasive-behavior>"
            "<used-by-malware>no</used-by-malware></entry>"
            "<entry name='proto'><default><ident-by-ip-protocol>112</ident-by-ip-protocol></default></entry>"
            "<entry name='icmp'><default><ident-by-icmp-type><type>8</type><code>0</code></ident-by-icmp-type></default>"
            "</entry><entry name='icmp6'><default><ident-by-icmp6-type><type>128</type></ident-by-icmp6-type></default></entry>"
            "<entry name='bare'/></application>",
            {
                "erp": CustomApplication(
                    "erp", ("tcp/9100", "udp/dynamic"), parent="ssl", category="business-systems", subcategory="erp",
                    technology="client-server", risk=2, flags=("evasive",),
                ),
                "proto": CustomApplication("proto", ip_protocols=(112,)),
                "icmp": CustomApplication("icmp", icmp_types=(8,)),
                "icmp6": CustomApplication("icmp6", icmp6_types=(128,)),
                "bare": CustomApplication("bare"),
            },
            id="custom applications",
        ),
        pytest.param(
            "application_filters",
            "<application-filter><entry name='f'><category><member>media</member></category><risk><member>4</member>"
            "<member>5</member></risk><evasive>yes</evasive><pervasive>no</pervasive><tagging><tag><member>t</member>"
            "</tag></tagging><exclude><member>ssl</member></exclude></entry>"
            "<entry name='u'><saas-risk><member>x</member></saas-risk><new-appid>yes</new-appid><tagging>"
            "<no-tag>yes</no-tag></tagging></entry></application-filter>",
            {
                "f": ApplicationFilter(
                    "f", categories=("media",), risks=("4", "5"), flags=("evasive",), tags=("t",), exclude=("ssl",)
                ),
                "u": ApplicationFilter("u", other=("saas-risk", "new-appid", "tagging")),
            },
            id="application filters",
        ),
        pytest.param(
            "regions",
            "<region><entry name='HQ'><geo-location><latitude>1</latitude></geo-location><address>"
            "<member>192.0.2.0/24</member></address></entry></region>",
            {"HQ": Region("HQ", ("192.0.2.0/24",))},
            id="regions",
        ),
        pytest.param(
            "schedules",
            "<schedule><entry name='d'><schedule-type><recurring><daily><member>08:00-17:00</member></daily></recurring>"
            "</schedule-type></entry>"
            "<entry name='w'><schedule-type><recurring><weekly><monday><member>08:00-12:00</member></monday><friday>"
            "<member>09:00-10:00</member></friday></weekly></recurring></schedule-type></entry>"
            "<entry name='n'><schedule-type><non-recurring><member>2026/01/05@08:00-2026/01/06@17:00</member>"
            "</non-recurring></schedule-type></entry>"
            "<entry name='old'><recurring><daily><member>01:00-02:00</member></daily></recurring></entry></schedule>",
            {
                "d": Schedule("d", ("08:00-17:00",)),
                "w": Schedule("w", (), {"monday": ("08:00-12:00",), "friday": ("09:00-10:00",)}),
                "n": Schedule("n", dates=("2026/01/05@08:00-2026/01/06@17:00",)),
                "old": Schedule("old", ("01:00-02:00",)),
            },
            id="schedules",
        ),
        pytest.param(
            "external_lists",
            "<external-list><entry name='i'><type><ip><url>http://lists.example.net/i</url>"
            "<exception-list><member>192.0.2.7</member></exception-list></ip></type></entry>"
            "<entry name='p'><type><predefined-ip><url>panw-known-ip-list</url></predefined-ip></type></entry>"
            "<entry name='u'><type><url><url>http://lists.example.net/u</url></url></type></entry>"
            "<entry name='old'><type>domain</type><url>http://lists.example.net/d</url></entry></external-list>",
            {
                "i": ExternalList("i", "ip", "http://lists.example.net/i", ("192.0.2.7",)),
                "p": ExternalList("p", "predefined-ip", "panw-known-ip-list"),
                "u": ExternalList("u", "url", "http://lists.example.net/u"),
                "old": ExternalList("old", "domain", "http://lists.example.net/d"),
            },
            id="external lists",
        ),
        pytest.param(
            "url_categories",
            "<profiles><custom-url-category><entry name='c'><list><member>*.example.net</member></list></entry>"
            "<entry name='m'><list><member>news</member></list><type>Category Match</type></entry>"
            "</custom-url-category></profiles>",
            {"c": UrlCategory("c", "URL List", ("*.example.net",)), "m": UrlCategory("m", "Category Match", ("news",))},
            id="custom URL categories",
        ),
        pytest.param(
            "enforcements",
            "<authentication-object><entry name='ask'><authentication-method>web-form</authentication-method>"
            "<authentication-profile>ldap</authentication-profile></entry><entry name='none'/></authentication-object>",
            {"ask": AuthenticationObject("ask", "web-form", "ldap"), "none": AuthenticationObject("none")},
            id="enforcement objects, and their default method",
        ),
        pytest.param(
            "decryption_profiles",
            "<profiles><decryption><entry name='strict'><ssl-forward-proxy><block-expired-certificate>yes"
            "</block-expired-certificate><block-untrusted-issuer>no</block-untrusted-issuer><strip-alpn>yes</strip-alpn>"
            "</ssl-forward-proxy><ssl-no-proxy><block-untrusted-issuer>yes</block-untrusted-issuer></ssl-no-proxy>"
            "<ssl-protocol-settings><min-version>tls1-2</min-version></ssl-protocol-settings></entry></decryption>"
            "</profiles>",
            {
                "strict": DecryptionProfile(
                    "strict",
                    {"ssl-forward-proxy": ("block-expired-certificate",), "ssl-no-proxy": ("block-untrusted-issuer",)},
                    "tls1-2",
                )
            },
            id="decryption profiles",
        ),
        pytest.param(
            "log_forwarding",
            "<log-settings><profiles><entry name='fwd'><match-list><entry name='m'><log-type>threat</log-type>"
            "<filter>(severity eq critical)</filter><actions><entry name='a'><type><tagging>"
            "<target>source-address</target><action>add-tag</action><tags><member>infected</member></tags></tagging>"
            "</type></entry><entry name='b'><type><tagging><action>remove-tag</action><tags><member>ok</member></tags>"
            "</tagging></type></entry></actions></entry></match-list></entry><entry name='plain'/></profiles>"
            "</log-settings>",
            {
                "fwd": LogForwarding(
                    "fwd",
                    (
                        ("threat", "(severity eq critical)", "infected", "add"),
                        ("threat", "(severity eq critical)", "ok", "remove"),
                    ),
                ),
                "plain": LogForwarding("plain"),
            },
            id="tagging by log forwarding",
        ),
        pytest.param(
            "ssl_exclusions",
            "<ssl-decrypt><ssl-exclude-cert><entry name='*.example.net'/><entry name='off'><exclude>no</exclude></entry>"
            "</ssl-exclude-cert></ssl-decrypt>",
            ("*.example.net",),
            id="decryption exclusions",
        ),
    ],
)  # fmt: skip
def test_reads_objects(field: str, body: str, expected: Mapping[str, Any] | tuple[str, ...]) -> None:
    assert getattr(read(body), field) == expected


def test_an_absent_level_holds_nothing() -> None:
    assert read_scope(None, "vsys1") == Scope("vsys1")


def test_other_children_are_passed_over() -> None:
    assert read("<certificate><entry name='c'/></certificate><address/>") == Scope("shared")
