"""The stand-in with the demonstration's headquarters firewall: `whydeny demo --live`.

It is noon on the demonstration's morning. What ended until ten to twelve is in the logs; what ended after that is
still in the session table, and gets its log row when it ends there.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from ipaddress import ip_address

import polars as pl
from defusedxml.ElementTree import fromstring

from whydeny.demo import demo_folder
from whydeny.demo.standin import StandIn, run_stand_in
from whydeny.demo.standin_estate import Asked, Estate, PolicyTest
from whydeny.model.addresses import format_address, join_halves, parse_address
from whydeny.model.columns import Kind
from whydeny.model.configuration import Rulebase
from whydeny.model.site import Site
from whydeny.policy.assemble import assemble
from whydeny.policy.engine import Engine
from whydeny.policy.lookup import Flow
from whydeny.policy.packaged_applications import packaged_applications
from whydeny.sources.open import open_inputs

SERIAL = "099900000001"
CONFIGURATION, CONTENT, SYSTEM = "demo-hq-running-config.xml", "demo-applications.xml", "demo-hq-system-info.xml"
PACE = 1.5  # sessions that begin and end each second
_CLOCK = datetime(2025, 3, 11, 12)
_LOGGED_UNTIL = datetime(2025, 3, 11, 11, 50)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>\s*")


@contextmanager
def run_live_demo(pace: float = PACE) -> Iterator[StandIn]:
    """A stand-in of the demonstration's headquarters firewall, until the block is left."""
    with run_stand_in(demo_estate(pace)) as running:
        yield running


def demo_estate(pace: float = 0.0) -> Estate:
    """What the headquarters firewall of the demonstration has."""
    with demo_folder() as folder:
        site = open_inputs([folder])
        texts = {name: (folder / name).read_text("utf-8") for name in (CONFIGURATION, CONTENT, SYSTEM)}
    configuration = _DECLARATION.sub("", texts[CONFIGURATION])
    own = site.sessions.frame.filter(pl.col("serial").cast(pl.String) == SERIAL)
    logs = {kind: table.frame.filter(pl.col("serial").cast(pl.String) == SERIAL) for kind, table in site.logs.items()}
    estate = Estate(
        _CLOCK,
        {child.tag: (child.text or "").strip() for child in fromstring(texts[SYSTEM]).iterfind("result/system/*")},
        {"running": configuration, "effective-running": configuration},
        {**logs, Kind.TRAFFIC: own.filter(pl.col("time") <= _LOGGED_UNTIL)},
        content=_applications(texts[CONTENT]),
        test=_policy_test(site),
        pace=pace,
    )
    estate.show_sessions(own.filter((pl.col("time") > _LOGGED_UNTIL) & (pl.col("session_id") > 0)))
    _run_time(estate, own)
    return estate


def _applications(text: str) -> str:
    """The `<application>` element of an answer about predefined applications."""
    return text[text.index("<application>") : text.rindex("</application>") + len("</application>")]


def _run_time(estate: Estate, traffic: pl.DataFrame) -> None:
    """Lists and users that fit the traffic: members are the addresses that the rows say were on a list."""
    for side in ("source", "destination"):
        known = traffic.filter(pl.col(f"{side}_edl").is_not_null())
        for name in known[f"{side}_edl"].unique().to_list():
            here = known.filter(pl.col(f"{side}_edl").cast(pl.String) == name)
            members = {_address(row, side) for row in here.iter_rows(named=True)}
            estate.lists[name] = ("ip", tuple(sorted(members, key=ip_address)))
    users = traffic.filter(pl.col("user").is_not_null()).sort("time")
    estate.users = {_address(row, "source"): row["user"] for row in users.iter_rows(named=True)}
    estate.names = {"updates.example.net": ("198.51.100.20",)}


def _address(row: Mapping[str, int], side: str) -> str:
    return format_address(join_halves(row[f"{side}_hi"], row[f"{side}_lo"]))


def _policy_test(site: Site) -> PolicyTest:
    """The stand-in's own policy tests: its configuration, looked up."""
    system = next(system for system in site.systems if system.serial == SERIAL)
    own = [c for c in site.configurations if c.hostname == system.hostname]
    engine = Engine(assemble(own), site.applications.over(packaged_applications()), site.answers, system.release)

    def test(rulebase: str, asked: Asked) -> Sequence[Mapping[str, str]]:
        flow = Flow(
            from_zone=asked.get("from"),
            to_zone=asked.get("to"),
            source=parse_address(asked.get("source", "")),
            destination=parse_address(asked.get("destination", "")),
            protocol=int(asked["protocol"]) if "protocol" in asked else None,
            destination_port=int(asked["destination-port"]) if "destination-port" in asked else None,
            application=asked.get("application"),
            user=asked.get("source-user", ""),
            category=asked.get("category"),
        )
        rule = engine.look_up(Rulebase(rulebase), flow).rule
        return [] if rule is None else [{"name": rule.name, "index": str(rule.number), "action": rule.action}]

    return test
