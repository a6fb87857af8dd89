"""The answers of the stand-in firewall, in the shapes that PAN-OS uses, and its log jobs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from itertools import count
from threading import Lock
from xml.etree.ElementTree import Element

import polars as pl

from whydeny.demo.standin_estate import Estate
from whydeny.demo.standin_faults import said
from whydeny.demo.standin_rows import LOG_TYPES, Row, element, elements, session_time
from whydeny.filters.compile import compile_filter
from whydeny.filters.tree import FilterError
from whydeny.model.columns import Kind

PAGE = 1024  # sessions that one `show session all` answers
_FILTERS = {
    "source": "source", "destination": "dst", "source-port": "sport", "destination-port": "dport", "protocol": "proto",
    "application": "application", "from": "from", "to": "to", "rule": "security-rule", "source-user": "src-user",
}  # fmt: skip
_YES_NO = {"yes": "True", "no": "False"}
_NOTHING_PUSHED = "No shared policy pushed to device"


@dataclass(slots=True)
class _Job:
    kind: Kind
    wanted: pl.Expr | None
    skip: int
    rows: int
    newest_first: bool
    polls: int = 0


class Desk:
    """Answers calls from an estate. `slow` is how often a job is looked at before it has finished."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.slow = 1
        self.jobs: dict[str, _Job] = {}
        self._numbers = count(101)
        self._lock = Lock()
        self._page: tuple[object, list[Row]] = (None, [])
        self._commands: dict[str, Callable[[Element, str], bytes]] = {
            "show system info": self._system,
            "show clock": lambda _, __: success(session_time(estate.now())),
            "show session all": self._sessions,
            "show session id": self._session,
            "show session info": self._session_info,
            "show config": self._configuration,
            "show high-availability state": self._ha,
            "show user ip-user-mapping": self._users,
            "show object registered-ip": self._tags,
            "show user group": self._group,
            "show object dynamic-address-group": self._dynamic,
            "show dns-proxy fqdn": self._names,
            "show devices": self._firewalls,
            "show jobs all": lambda _, __: success("".join(f"<job>{elements(job)}</job>" for job in self.estate.jobs)),
            "request system external-list show": self._list,
            "test": self._test,
        }

    def operate(self, words: str, command: Element, vsys: str) -> bytes:
        """The answer to an operational command."""
        self.estate.move()
        for known, answer in self._commands.items():
            if words == known or words.startswith(f"{known} "):
                return answer(command, vsys)
        return said(17, f"{words} has unexpected here")

    def configuration(self, xpath: str) -> bytes:
        """The answer to a configuration read."""
        if xpath.startswith("/config/predefined/application"):
            result = f'<result total-count="1">{self.estate.content}</result>'
            return f'<response status="success" code="19">{result}</response>'.encode()
        return b'<response status="success" code="7"><result/></response>'

    def log(self, parameters: Mapping[str, str]) -> bytes:
        """One step of a log query."""
        self.estate.move()
        action = parameters.get("action")
        if action is None:
            return self._enqueue(parameters)
        number = parameters.get("job-id", "")
        with self._lock:
            job = self.jobs.pop(number, None) if action == "finish" else self.jobs.get(number)
        if job is None:
            return said(6, f"job {number} not found")
        return success("") if action == "finish" else self._look(number, job)

    def _enqueue(self, parameters: Mapping[str, str]) -> bytes:
        kind = LOG_TYPES[parameters["log-type"]]
        query = parameters.get("query", "")
        try:
            wanted = compile_filter(query, kind, now=self.estate.now()) if query.strip() else None
        except FilterError as error:
            return said(17, str(error))
        rows, skip = int(parameters.get("nlogs", "20")), int(parameters.get("skip", "0"))
        with self._lock:
            number = str(next(self._numbers))
            self.jobs[number] = _Job(kind, wanted, skip, rows, parameters.get("dir", "backward") == "backward")
        text = f"<msg><line>query job enqueued with jobid {number}</line></msg><job>{number}</job>"
        return f'<response status="success" code="19"><result>{text}</result></response>'.encode()

    def _look(self, number: str, job: _Job) -> bytes:
        job.polls += 1
        if job.polls <= self.slow:
            status, progress = (
                ("PEN", 0) if job.polls == 1 and self.slow > 1 else ("ACT", 100 * job.polls // (self.slow + 1))
            )
            state = f"<job><tenq>10:00:00</tenq><status>{status}</status><id>{number}</id></job>"
            return success(f'{state}<log><logs count="0" progress="{progress}"/></log>')
        rows = self.estate.log_rows(job.kind, job.wanted, job.skip, job.rows, job.newest_first)
        entries = "".join(f'<entry logid="{place}">{elements(row)}</entry>' for place, row in enumerate(rows, 1))
        state = f"<job><tenq>10:00:00</tenq><tdeq>10:00:00</tdeq><status>FIN</status><id>{number}</id></job>"
        return success(f'{state}<log><logs count="{len(rows)}" progress="100">{entries}</logs></log>')

    def _system(self, _: Element, __: str) -> bytes:
        facts = self.estate.system | {"time": session_time(self.estate.now())}
        return success(f"<system>{elements(facts)}</system>")

    def _sessions(self, command: Element, _: str) -> bytes:
        asked = command.find("session/all")
        filters = {} if asked is None else {e.tag: (e.text or "").strip() for e in asked.iterfind("filter/*")}
        start = 1 if asked is None else int(asked.findtext("start-at", "1"))
        counting = filters.pop("count", "") == "yes"
        networks = self.estate.networks
        if networks is None and any("/" in filters.get(end, "") for end in ("source", "destination")):
            return said(17, "Invalid filter value")
        with self.estate.lock:
            key = (self.estate.version, tuple(sorted(filters.items())))
            if self._page[0] != key:
                self._page = (key, [row for row in self.estate.sessions if _fits(row, filters, bool(networks))])
            found = self._page[1]
        if counting:
            return success(f"<member>Number of sessions that match filter: {len(found)}</member>")
        page = found[start - 1 : start - 1 + PAGE]
        return success("".join(f"<entry>{elements(row)}</entry>" for row in page))

    def _session(self, command: Element, _: str) -> bytes:
        number = command.findtext("session/id", "")
        row = next((row for row in self.estate.sessions if row["idx"] == number), None)
        if row is None:
            return said(17, f"session {number} not found")
        there = {"source": row.get("source", ""), "source-zone": row.get("from", ""), "dst": row.get("dst", ""),
                 "proto": row.get("proto", ""), "sport": row.get("sport", ""), "dport": row.get("dport", ""),
                 "state": row.get("state", ""), "type": row.get("type", ""), "src-user": row.get("src-user", "unknown"),
                 "dst-user": "unknown"}  # fmt: skip
        back = there | {"source": row.get("xdst", row.get("dst", "")), "source-zone": row.get("to", ""),
                        "dst": row.get("xsource", row.get("source", "")), "sport": row.get("xdport", row.get("dport", "")),
                        "dport": row.get("xsport", row.get("sport", ""))}  # fmt: skip
        refused = row["state"] == "DISCARD"
        details = {"start-time": row["start-time"], "timeout": "90 sec", "vsys": row["vsys"], "application": row["application"],
                   "rule": row.get("security-rule", ""), "session-proxied": row.get("proxy", "False"),
                   "tracker-stage-l7proc": "appid policy lookup deny" if refused else "ctd decoder done",
                   "end-reason": "policy-deny" if refused else "unknown"}  # fmt: skip
        return success(f"<slot>1</slot><c2s>{elements(there)}</c2s><s2c>{elements(back)}</s2c>{elements(details)}")

    def _session_info(self, _: Element, __: str) -> bytes:
        active = sum(row["state"] == "ACTIVE" for row in self.estate.sessions)
        return success(elements({"num-max": "262142", "num-active": str(active), "dis-tcp": "90", "dis-udp": "60"}))

    def _configuration(self, command: Element, _: str) -> bytes:
        part = command[0][0]
        inner = part.findtext("vsys")
        held = self.estate.configurations.get(f"{part.tag} {inner}" if inner else part.tag)
        if held is None and part.tag == "pushed-shared-policy":
            return success(_NOTHING_PUSHED)
        if held is None:
            return said(16, "Unauthorized request")
        return success(held)

    def _ha(self, _: Element, __: str) -> bytes:
        if not self.estate.ha_state:
            return success("<enabled>no</enabled>")
        local = f"<local-info>{element('state', self.estate.ha_state)}</local-info>"
        return success(f"<enabled>yes</enabled><group><mode>Active-Passive</mode>{local}</group>")

    def _users(self, command: Element, vsys: str) -> bytes:
        asked = command.findtext("user/ip-user-mapping/ip")
        found = [(a, u) for a, u in self.estate.users.items() if asked is None or a == asked]
        rows = (
            {"ip": a, "vsys": vsys, "type": "AD", "user": u, "idle_timeout": "2700", "timeout": "2700"}
            for a, u in found
        )
        return success("".join(f"<entry>{elements(row)}</entry>" for row in rows))

    def _group(self, command: Element, _: str) -> bytes:
        name = command.findtext("user/group/name", "")
        if name not in self.estate.groups:
            return said(17, f"User group {name} does not exist")
        users = "\n".join(f"[{place:<6}] {user}" for place, user in enumerate(self.estate.groups[name], 1))
        return success(f"<![CDATA[\nshort name:  {name}\n\nsource type: ldap\n\n{users}\n]]>")

    def _dynamic(self, _: Element, vsys: str) -> bytes:
        entries = []
        for name, addresses in self.estate.dynamic.items():
            members = "".join(f'<entry name="{_attribute(one)}"/>' for one in addresses)
            facts = elements({"vsys": vsys, "group-name": name})
            entries.append(f"<entry>{facts}<member-list>{members}</member-list></entry>")
        return success(f"<dyn-addr-grp>{''.join(entries)}</dyn-addr-grp>")

    def _tags(self, _: Element, __: str) -> bytes:
        rows = (
            f'<entry ip="{address}"><tag>{"".join(element("member", tag) for tag in tags)}</tag></entry>'
            for address, tags in self.estate.tags.items()
        )
        return success("".join(rows) + f"<count>{len(self.estate.tags)}</count>")

    def _names(self, _: Element, __: str) -> bytes:
        lines = [f"Total FQDNs: {len(self.estate.names)}", "FQDN Table : Last Request time", ""]
        for name, addresses in self.estate.names.items():
            lines += [name, *(f"        {address}" for address in addresses)]
        return success("<![CDATA[" + "\n".join(lines) + "]]>")

    def _firewalls(self, _: Element, __: str) -> bytes:
        rows = "".join(f'<entry name="{row["serial"]}">{elements(row)}</entry>' for row in self.estate.firewalls)
        return success(f"<devices>{rows}</devices>")

    def _list(self, command: Element, vsys: str) -> bytes:
        kind = command.find("system/external-list/show/type")
        asked = kind[0] if kind is not None and len(kind) else None
        name = "" if asked is None else asked.findtext("name", "")
        held = self.estate.lists.get(name)
        if asked is None or held is None or held[0] != asked.tag:
            return said(17, f"List {name} does not exist")
        first, most = int(asked.findtext("anchor", "1")), int(asked.findtext("num-records", "100"))
        page = held[1][first - 1 : first - 1 + most]
        members = "".join(element("member", member) for member in page)
        facts = {
            "vsys": vsys,
            "name": name,
            "total-valid": str(len(held[1])),
            "total-ignored": "0",
            "total-invalid": "0",
        }
        body = f"<external-list>{elements(facts)}<valid-members>{members}</valid-members></external-list>"
        text = f'<result total-count="{len(held[1])}" count="{len(page)}">{body}</result>'
        return f'<response status="success">{text}</response>'.encode()

    def _test(self, command: Element, vsys: str) -> bytes:
        asked = {element.tag: (element.text or "").strip() for element in command[0]} | {"vsys": vsys}
        rulebase = command[0].tag.removesuffix("-policy-match")
        rules = (
            f'<entry name="{_attribute(rule["name"])}">{elements({k: v for k, v in rule.items() if k != "name"})}</entry>'
            for rule in self.estate.test(rulebase, asked)
        )
        return success(f"<rules>{''.join(rules)}</rules>")


def success(result: str) -> bytes:
    """An answer."""
    return f'<response status="success"><result>{result}</result></response>'.encode()


def _attribute(text: str) -> str:
    return elements({"x": text})[3:-4].replace('"', "&quot;")


def _fits(row: Row, filters: Mapping[str, str], networks: bool) -> bool:
    for name, wanted in filters.items():
        if name == "state":
            fits = row["state"].lower() == wanted.lower()
        elif name == "type":
            fits = row.get("type", "").lower() == wanted.lower()
        elif name == "ssl-decrypt":
            fits = row.get("proxy") == _YES_NO.get(wanted)
        elif name == "min-kb":
            fits = int(row.get("total-byte-count", "0")) >= 1024 * int(wanted)
        elif name in ("source", "destination") and "/" in wanted and networks:
            fits = ip_address(row[_FILTERS[name]]) in ip_network(wanted)
        else:
            fits = row.get(_FILTERS.get(name, ""), "") == wanted
        if not fits:
            return False
    return True
