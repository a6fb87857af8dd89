"""Builds the inputs of a situation from a short description, as the firewall's own exports, and opens them.

A description is a table as `tests/causes/*.toml` holds it:

* `release`: the PAN-OS release; left out, nothing among the inputs tells it. `saved = "9.1"` gives the configuration
  its own version, `content = "8790-8001"` adds the answer of show system info.
* `session`: the row of the traffic log by the database's own keys (`app`, `dport`, `rule`, …) over `ROW`; `flags` are
  words (`decrypted`), `end` is the time of day at which it ended. `others`: further rows, over the session's values.
  `live = "all"` or `"id"` makes a session-table answer of it instead (`state`, `tracker`).
* `rules`, `decryption`, `authentication`, `override`: one line a rule, `NAME key=value key=a,b`; `default_rules` likewise.
* `objects`, `portal`, `settings`, `zones`: what the configuration holds beside rules. `configuration = false`: none.
* `system`, `configuration_log`, `decryption_log`, `authentication_log`, `url_log`, `threat_log`, `userid_log`,
  `iptag_log`: rows by the database's keys; `at` is the time of day. An empty list is an export without rows.
* `format`: how the traffic log is written: `xml` (the default), `csv` or `syslog`.
* `pushed`, `files`: a pushed-shared-policy answer's rules, and further files as they are.
"""

import csv
import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5
from xml.sax.saxutils import escape, quoteattr

from whydeny.model.flags import XML_ELEMENTS, Flag
from whydeny.model.release import Release, parse_release
from whydeny.model.site import Site
from whydeny.sources.exports.layouts import ORDERS, TRAFFIC_RELEASES
from whydeny.sources.open import open_inputs

Table = dict[str, Any]
DAY = "2024/05/02"  # a Thursday
SERIAL, HOST = "007200000000001", "fw-example"
NAMES = UUID("0b6a3f3e-52a1-5d0c-8b64-3f1d6f0a7c11")

ROW: Table = {
    "end": "10:00:04", "elapsed": 1, "src": "10.1.1.10", "dst": "203.0.113.9", "sport": 51000, "dport": 443,
    "proto": "tcp", "from": "trust", "to": "untrust", "app": "web-browsing", "category": "any", "rule": "Out",
    "action": "allow", "action_source": "from-policy", "session_end_reason": "policy-deny", "subtype": "deny",
    "sessionid": 4711, "vsys": "vsys1", "bytes": 2311, "bytes_sent": 1200, "bytes_received": 1111, "packets": 14,
    "pkts_sent": 8, "pkts_received": 6, "flags": "",
}  # fmt: skip

# Where a rule's key goes in the configuration; the rest are elements with one text.
_LISTS = {
    "from": "from", "to": "to", "source": "source", "destination": "destination", "user": "source-user",
    "hip": "source-hip", "destination-hip": "destination-hip", "hip-profiles": "hip-profiles", "app": "application",
    "service": "service", "category": "category",
}  # fmt: skip
_SWITCHES = ("log-start", "log-end", "disabled", "negate-source", "negate-destination", "log-fail", "log-success")
_TEXTS = {
    "action": "action", "schedule": "schedule", "rule-type": "rule-type", "profile": "profile",
    "enforcement": "authentication-enforcement", "timeout": "timeout", "protocol": "protocol", "port": "port",
    "log-setting": "log-setting",
}  # fmt: skip
_KINDS = {"decryption_log": "DECRYPTION", "authentication_log": "AUTH", "url_log": "THREAT", "threat_log": "THREAT",
          "system": "SYSTEM", "configuration_log": "CONFIG", "userid_log": "USERID", "iptag_log": "IPTAG"}  # fmt: skip
_OF_SESSIONS = ("decryption_log", "url_log", "threat_log")
_SUBTYPES = {"url_log": "url", "threat_log": "vulnerability", "decryption_log": "0", "system": "general",
             "userid_log": "login", "iptag_log": "0", "authentication_log": "portal"}  # fmt: skip


def uuid_of(rule: str) -> str:
    """The uuid that the builder gives a rule of that name."""
    return str(uuid5(NAMES, rule))


def build(case: Table, folder: Path) -> Site:
    """The site of a situation: its inputs written into `folder` and opened."""
    for name, text in files_of(case).items():
        (folder / name).write_text(text, "utf-8")
    return open_inputs([folder])


def release_of(case: Table) -> Release | None:
    """The release of a situation, as --pan-os would give it."""
    return parse_release(case.get("release"))


def files_of(case: Table) -> dict[str, str]:
    """Every input of a situation, by file name."""
    found = {}
    rows = [case.get("session", {}), *(case.get("session", {}) | other for other in case.get("others", []))]
    if live := case.get("live"):
        found["sessions.xml"] = session_answer(rows[0], live, case)
        rows = rows[1:]
    if rows:
        form = case.get("format", "xml")
        writer = {"xml": traffic_xml, "csv": traffic_csv, "syslog": traffic_syslog}[form]
        found[f"traffic.{'log' if form == 'syslog' else form}"] = writer([full_row(row, case) for row in rows], case)
    for name, log_type in _KINDS.items():
        if name in case:
            entries = [_log_row(name, log_type, row, rows[0] if rows else {}) for row in case[name]]
            found[f"{name}.xml"] = _log_answer(entries)
    if case.get("configuration", True):
        found["running-config.xml"] = configuration(case)
    if "content" in case or case.get("system_info"):
        found["system-info.xml"] = _system_info(case)
    if "pushed" in case:
        rules = element("pre-rulebase", rulebases(case["pushed"], case))
        pushed = element("policy", element("panorama", rules))
        found["pushed-shared-policy.xml"] = f'<response status="success"><result>{pushed}</result></response>'
    return found | case.get("files", {})


# --- the configuration


def element(tag: str, content: str = "", name: str | None = None, **attributes: str) -> str:
    """An element whose content is already markup."""
    named = {"name": name, **attributes} if name is not None else attributes
    text = "".join(f" {key}={quoteattr(value)}" for key, value in named.items())
    return f"<{tag}{text}>{content}</{tag}>" if content else f"<{tag}{text}/>"


def listed(tag: str, names: list[str]) -> str:
    """`<tag><member>a</member></tag>`."""
    return element(tag, "".join(element("member", escape(name)) for name in names))


def rule(line: str, case: Table) -> str:
    """A rule's entry, from its line."""
    name, *words = line.split()
    pairs = dict(word.split("=", 1) for word in words)
    uuid = pairs.pop("uuid", "" if (release_of(case) or Release(10, 0)) < Release(9, 0) else uuid_of(name))
    parts = []
    for key, value in pairs.items():
        if key == "service" and "port" in pairs:
            continue
        if key in _LISTS and not (key == "app" and "port" in pairs):
            parts.append(listed(_LISTS[key], value.split(",")))
        elif key in _SWITCHES:
            parts.append(element(key, value))
        elif key == "kind":
            parts.append(element("type", element(value)))
        elif key == "target":
            negate = "yes" if value.startswith("!") else "no"
            devices = "".join(element("entry", name=serial) for serial in value.lstrip("!").split(","))
            parts.append(element("target", element("negate", negate) + element("devices", devices)))
        else:
            parts.append(element(_TEXTS.get(key, "application"), escape(value)))
    return element("entry", "".join(parts), name, **({"uuid": uuid} if uuid else {}))


def rulebases(case: Table, whole: Table) -> str:
    """The rulebases of a level."""
    found = []
    old = (release_of(whole) or Release(10, 0)) < Release(8, 0)
    for key, tag in (
        ("rules", "security"),
        ("decryption", "decryption"),
        ("authentication", "captive-portal" if old else "authentication"),
        ("override", "application-override"),
    ):
        if key in case:
            found.append(element(tag, element("rules", "".join(rule(line, whole) for line in case[key]))))
    if "default_rules" in case:
        rules = "".join(rule(line + " uuid=", whole) for line in case["default_rules"])
        found.append(element("default-security-rules", element("rules", rules)))
    return "".join(found)


def _objects(objects: Table) -> str:
    """The objects of a level, each kind by the configuration's own name of it."""
    parts = []
    for kind, found in objects.items():
        entries = "".join(_OBJECTS[kind](name, value) for name, value in found.items())
        tag = {"url-category": "custom-url-category", "profile": "decryption", "tagging": "profiles"}.get(kind, kind)
        part = element(tag, entries)
        if kind in ("url-category", "profile"):
            part = element("profiles", part)
        parts.append(element("log-settings", part) if kind == "tagging" else part)
    return "".join(parts)


def _address(name: str, value: str) -> str:
    kind, _, rest = value.partition(" ")
    kind, text = (kind, rest) if rest else ("ip-range" if "-" in value else "ip-netmask", value)
    return element("entry", element(kind, text), name)


def _address_group(name: str, value: str) -> str:
    dynamic, _, wanted = value.partition("dynamic ")
    content = listed("static", value.split()) if dynamic else element("dynamic", element("filter", escape(wanted)))
    return element("entry", content, name)


def _schedule(name: str, value: str) -> str:
    kind, *spans = value.split()
    if kind == "once":
        return element("entry", element("schedule-type", listed("non-recurring", spans)), name)
    inner = listed("daily", spans) if kind == "daily" else element("weekly", listed(kind, spans))
    return element("entry", element("schedule-type", element("recurring", inner)), name)


def _service(name: str, value: str) -> str:
    protocol, _, ports = value.partition("/")
    return element("entry", element("protocol", element(protocol, element("port", ports))), name)


def _tagging(name: str, value: str) -> str:
    log, tag, *condition = value.split()
    settings = element("tagging", element("action", "add-tag") + listed("tags", [tag]))
    action = element("actions", element("entry", element("type", settings), "tag-it"))
    match = element("entry", element("log-type", log) + element("filter", " ".join(condition)) + action, "match")
    return element("entry", element("match-list", match), name)


def _profile(name: str, value: str) -> str:
    sections = (part.split(":") for part in value.split())
    return element(
        "entry",
        "".join(
            element(section, "".join(element(b, "yes") for b in blocks.split(",") if b)) for section, blocks in sections
        ),
        name,
    )


_OBJECTS = {
    "address": _address,
    "address-group": _address_group,
    "schedule": _schedule,
    "service": _service,
    "tagging": _tagging,
    "profile": _profile,
    "application": lambda name, ports: element("entry", element("default", listed("port", ports.split())), name),
    "dynamic-user-group": lambda name, tags: element("entry", element("filter", escape(tags)), name),
    "application-group": lambda name, value: element("entry", listed("members", value.split()), name),
    "service-group": lambda name, value: element("entry", listed("members", value.split()), name),
    "external-list": lambda name, kind: element(
        "entry", element("type", element(kind, element("url", "https://lists.example.net/"))), name
    ),
    "url-category": lambda name, value: element("entry", listed("list", value.split()), name),
    "authentication-object": lambda name, method: element("entry", element("authentication-method", method), name),
    "region": lambda name, value: element("entry", listed("address", value.split()), name),
}


def configuration(case: Table) -> str:
    """The running configuration of a situation."""
    release = case.get("saved", case.get("release"))
    version = {"version": ".".join(release.split(".")[:2]) + ".0", "detail-version": release} if release else {}
    settings = case.get("settings", {})
    setting = "".join(
        element(part, element(key, "yes" if value is True else "no" if value is False else str(value)))
        for path, value in settings.items()
        for part, _, key in [path.partition("/")]
    )
    system = element("hostname", case.get("hostname", HOST))
    if case.get("panorama"):
        system += element("panorama", element("local-panorama", element("panorama-server", "192.0.2.5")))
    systems = []
    for name, level in {"vsys1": case, **case.get("systems", {})}.items():
        portal = element("captive-portal", _portal(level["portal"])) if "portal" in level else ""
        zones = "".join(
            element("entry", element("network", listed("external", [behind]) if behind else listed("layer3", [])), zone)
            for zone, behind in level.get("zones", {"trust": "", "untrust": "", "dmz": "", "servers": ""}).items()
        )
        parts = element("zone", zones) + _objects(level.get("objects", {})) + portal
        systems.append(element("entry", parts + element("rulebase", rulebases(level, case)), name))
    device = element("deviceconfig", element("system", system) + element("setting", setting))
    devices = element("devices", element("entry", device + element("vsys", "".join(systems)), "localhost.localdomain"))
    return '<?xml version="1.0"?>\n' + element("config", element("shared") + devices, **version)


def _portal(portal: Table) -> str:
    found = element("enable-captive-portal", "yes" if portal.get("enabled", True) else "no")
    if host := portal.get("redirect"):
        found += element("mode", element("redirect")) + element("redirect-host", host)
    return found


def _system_info(case: Table) -> str:
    facts = {"hostname": case.get("hostname", HOST), "serial": SERIAL, "model": "PA-3220", "sw-version": case["release"],
             "app-version": case.get("content", "8790-8001"), "multi-vsys": "on" if "systems" in case else "off"}  # fmt: skip
    system = element("system", "".join(element(key, value) for key, value in facts.items()))
    return f'<response status="success"><result>{system}</result></response>'


# --- rows


def moment(clock: str) -> datetime:
    """A time of day on the day of every situation; with a date before it, that moment."""
    return datetime.strptime(clock if "/" in clock else f"{DAY} {clock}", "%Y/%m/%d %H:%M:%S")


def _stamp(when: datetime) -> str:
    return f"{when:%Y/%m/%d %H:%M:%S}"


def full_row(row: Table, case: Table) -> dict[str, str]:
    """A traffic row with every cell that a situation leaves to the builder."""
    cells: Table = ROW | {"serial": SERIAL, "type": "TRAFFIC", "domain": 1, "device_name": HOST} | row
    end = moment(cells.pop("end"))
    start = end - timedelta(seconds=cells["elapsed"])
    cells |= {"receive_time": _stamp(end + timedelta(seconds=3)), "time_generated": _stamp(end), "start": _stamp(start)}
    release = release_of(case)
    if release is not None:
        cells.setdefault("config_ver", release.major * 256 + release.minor)
    if (release or Release(10, 0)) >= Release(9, 0):
        cells.setdefault("rule_uuid", uuid_of(cells["rule"]))
    flags = Flag(0)
    for word in str(cells.pop("flags")).split():
        flags |= Flag[word.replace("-", "_").upper()]
    cells["flags"] = f"0x{flags:x}"
    if case.get("flags_unknown"):
        del cells["flags"]
    return {key: str(value) for key, value in cells.items() if value != ""}


def _log_row(name: str, log_type: str, row: Table, session: Table) -> dict[str, str]:
    about: Table = ROW | session if name in _OF_SESSIONS else {}
    kept = ("src", "dst", "sport", "dport", "proto", "from", "to", "app", "rule", "sessionid", "category", "vsys")
    cells: Table = {key: about[key] for key in kept if key in about}
    cells |= {"serial": SERIAL, "type": log_type, "subtype": _SUBTYPES.get(name, "0"), "device_name": HOST} | row
    when = moment(cells.pop("at", ROW["end"] if not session else session.get("end", ROW["end"])))
    cells |= {"receive_time": _stamp(when + timedelta(seconds=3)), "time_generated": _stamp(when)}
    return {key: str(value) for key, value in cells.items() if value != ""}


def _log_answer(entries: list[dict[str, str]]) -> str:
    """The finished answer of a log query."""
    found = "".join(
        element("entry", "".join(element(key, escape(value)) for key, value in cells.items()), logid=str(7_300_000 + n))
        for n, cells in enumerate(entries)
    )
    logs = element("logs", found, count=str(len(entries)), progress="100")
    job = element("job", element("status", "FIN") + element("id", "12"))
    return f'<response status="success"><result>{job}{element("log", logs)}</result></response>'


def traffic_xml(rows: list[dict[str, str]], case: Table) -> str:
    """A traffic log as the API answers it, the flags as elements too."""
    entries = []
    for row in rows:
        flags = Flag(int(row.get("flags", "0"), 16))
        words = {} if case.get("flags_unknown") else {k: "yes" if f in flags else "no" for k, f in XML_ELEMENTS.items()}
        entries.append(row | words)
    return _log_answer(entries)


def _keys_of(case: Table) -> list[str]:
    """The keys of a traffic line of the release."""
    release = release_of(case) or Release(11, 1)
    count = next((least for least, since in TRAFFIC_RELEASES if release >= since), 47)
    return next(iter(ORDERS.values()))[:count]


def traffic_csv(rows: list[dict[str, str]], case: Table) -> str:
    """A traffic log as the web interface exports it, headings by the database's keys."""
    keys = [key for key in _keys_of(case) if key != "-"]
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["Domain", *keys])
    writer.writerows([["1", *(row.get(key, "") for key in keys)] for row in rows])
    return out.getvalue()


def traffic_syslog(rows: list[dict[str, str]], case: Table) -> str:
    """A traffic log as syslog lines with an RFC 3164 header."""
    lines = []
    for row in rows:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["1" if key == "-" else row.get(key, "") for key in _keys_of(case)])
        lines.append(f"<14>May  2 10:00:07 {HOST} {out.getvalue()}")
    return "".join(lines)


def session_answer(row: Table, form: str, case: Table) -> str:
    """A session of the session table: `all` is an entry of show session all, `id` the answer of show session id."""
    cells = ROW | {"state": "DISCARD", "tracker": "", "proxied": "", "ended": "unknown", "type": "FLOW"} | row
    started = (moment(cells["end"]) - timedelta(seconds=cells["elapsed"])).strftime("%a %b %d %H:%M:%S %Y")
    protocol = {"tcp": "6", "udp": "17"}[cells["proto"]]
    if form == "all":
        values = {
            "idx": cells["sessionid"], "vsys": cells["vsys"], "application": cells["app"], "state": cells["state"],
            "type": cells["type"], "source": cells["src"], "sport": cells["sport"], "dst": cells["dst"], "dport": cells["dport"],
            "proto": protocol, "from": cells["from"], "to": cells["to"], "security-rule": cells["rule"],
            "start-time": started, "total-byte-count": cells["bytes"], "ingress": "ethernet1/2", "egress": "ethernet1/1",
            "proxy": cells["proxied"],
        }  # fmt: skip
        content = element("entry", "".join(element(k, escape(str(v))) for k, v in values.items() if v != ""))
    else:
        there = {"source": cells["src"], "source-zone": cells["from"], "dst": cells["dst"], "proto": protocol,
                 "sport": cells["sport"], "dport": cells["dport"], "state": cells["state"], "type": "FLOW",
                 "src-user": cells.get("srcuser") or "unknown", "dst-user": "unknown"}  # fmt: skip
        back = there | {"source": cells["dst"], "source-zone": cells["to"], "dst": cells["src"],
                        "sport": cells["dport"], "dport": cells["sport"]}  # fmt: skip
        values = {"idx": cells["sessionid"], "start-time": started, "vsys": cells["vsys"], "application": cells["app"],
                  "rule": cells["rule"], "tracker-stage-firewall": cells["tracker"], "end-reason": cells["ended"],
                  "url-category": cells["category"], "proxied": cells["proxied"]}  # fmt: skip
        content = "".join(
            element(tag, "".join(element(k, str(v)) for k, v in flow.items()))
            for tag, flow in (("c2s", there), ("s2c", back))
        ) + "".join(element(k, escape(str(v))) for k, v in values.items() if v != "")
    return f'<response status="success"><result>{content}</result></response>'
