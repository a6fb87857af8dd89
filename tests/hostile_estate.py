"""A firewall that means harm, for tests: hostile text in everything that a stand-in has."""

from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import polars as pl

from whydeny.demo.standin_estate import Estate
from whydeny.model.columns import Kind
from whydeny.model.tables import empty_frame

# What XML can carry: C1 controls (CSI, OSC), DEL, bidi overrides, zero width, line breaks, 10 kB, mark-up, PAN-OS syntax.
HOSTILE = {
    "CSI as C1": "\x9b2J\x9b31mred",
    "OSC 52 as C1": "\x9d52;c;aGk=\x9c",
    "bidi": "abc\u202edef\u2066ghi",
    "zero width": "pay\u200bpal\ufeff",
    "line breaks": "one\ntwo\u2028three\ttab",
    "ten kilobytes": "A" * 10_240,
    "mark-up": "[bold]x[/] <b>&amp; ]]> &#27;",
    "quotes": "a' or \"1\"='1') or (\\",
    "DEL": "a\x7fb",
}
CONFIGURATION = """<config version="10.2.0"><shared/><devices><entry name="localhost.localdomain"><vsys>
<entry name="vsys1"><address><entry name={quoted}><fqdn>{text}</fqdn></entry></address>
<external-list><entry name="edl"><type><ip><url>{text}</url></ip></type></entry></external-list>
<rulebase><security><rules><entry name={quoted}><from><member>{text}</member></from><to><member>untrust</member></to>
<source><member>{text}</member><member>edl</member></source><destination><member>any</member></destination>
<application><member>{text}</member></application><service><member>{text}</member></service><action>allow</action>
<description>{text}</description></entry></rules></security></rulebase></entry></vsys></entry></devices></config>"""


def bare_estate() -> Estate:
    """A firewall with nothing but its own facts."""
    system = {"hostname": "fw1", "serial": "007000000000001", "model": "PA-3220", "sw-version": "10.2.4-h2",
              "app-version": "8799-8509", "multi-vsys": "off", "operational-mode": "normal"}  # fmt: skip
    return Estate(datetime(2024, 5, 2, 10), system)


def arm(estate: Estate, hostile: str) -> Estate:
    """Make every text that a stand-in has hostile: its own facts, configuration, sessions, all logs, run-time facts."""
    estate.system |= dict.fromkeys(("hostname", "model", "app-version", "family"), hostile)
    estate.ha_state = hostile
    estate.configurations = {"effective-running": CONFIGURATION.format(quoted=quoteattr(hostile), text=escape(hostile))}
    estate.logs = {kind: rows(kind, hostile, estate) for kind in Kind}
    estate.show_sessions(estate.logs[Kind.TRAFFIC])
    estate.lists = {"edl": ("ip", (hostile,))}
    estate.tags = {"10.1.1.1": (hostile,)}
    estate.users = {"10.1.1.1": hostile}
    estate.names = {hostile: (hostile,)}
    estate.test = lambda *_: [{"name": hostile, "action": hostile}]
    estate.firewalls = ({"serial": "0123", "hostname": hostile, "model": hostile, "connected": "yes"},)
    return estate


def rows(kind: Kind, hostile: str, estate: Estate) -> pl.DataFrame:
    """One row of a log, of a session between two hosts just now, with hostile text in every column that takes text."""
    schema = empty_frame(kind).schema
    row: dict[str, Any] = {
        name: hostile for name, of in schema.items() if of == pl.String or isinstance(of, pl.Categorical)
    }
    row |= {"end_reason": "policy-deny", "action": "allow", "state": "DISCARD"}
    if kind is Kind.TRAFFIC:
        row["serial"] = estate.system["serial"]
    row |= dict.fromkeys(("time", "receive_time", "start"), estate.clock)
    row |= {"session_id": 5, "protocol": 6, "sequence": 1, "source_port": 51_000, "destination_port": 443, "elapsed": 1}
    row |= {"source_hi": 0, "source_lo": 0xFFFF_0A01_010A, "destination_hi": 0, "destination_lo": 0xFFFF_CB00_7109}
    return pl.DataFrame([{name: row.get(name) for name in schema}], schema=schema)
