"""The allow-list, attacked: what pan-os-python can send and a reader must not, and ways to dress it up."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from panos.objects import AddressObject
from panos.policies import Rulebase, SecurityRule

from whydeny.demo.standin import KEY, StandIn
from whydeny.sources.firewall.allowed import require_allowed
from whydeny.sources.firewall.connection import Address, Connection, GuardedFirewall
from whydeny.sources.firewall.failures import Failure, ForbiddenCall
from whydeny.sources.firewall.journal import Journal
from whydeny.sources.firewall.secret import Secret

PATH = "/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']"
ENTRY = "<entry name='x'><action>allow</action></entry>"


@pytest.fixture
def device(address: Address) -> Any:
    made = GuardedFirewall(address, Journal(), api_key=Secret(KEY))
    made._version_info = (10, 2, 4)  # what pan-os-python would ask for first
    return made


@pytest.mark.parametrize(
    "call",
    [
        lambda d: d.xapi.set(xpath=PATH, element=ENTRY),
        lambda d: d.xapi.edit(xpath=PATH, element=ENTRY),
        lambda d: d.xapi.delete(xpath=PATH),
        lambda d: d.xapi.move(xpath=PATH, where="top"),
        lambda d: d.xapi.rename(xpath=PATH, newname="y"),
        lambda d: d.xapi.clone(xpath=PATH, xpath_from=PATH, newname="y"),
        lambda d: d.xapi.override(xpath=PATH, element=ENTRY),
        lambda d: d.xapi.commit(cmd="<commit/>"),
        lambda d: d.xapi.user_id(cmd="<uid-message/>"),
        lambda d: d.xapi.export(category="configuration"),
        lambda d: d.xapi.report(reporttype="dynamic", reportname="top-applications-summary"),
        lambda d: d.xapi.ad_hoc(qs="type=import&category=configuration", modify_qs=True),
        lambda d: d.xapi.op(cmd="<show><system><info/></system></show>", extra_qs={"type": "commit"}),
        lambda d: d.xapi.op(cmd="<show><system><info/></system></show>", extra_qs={"action": "set"}),
        lambda d: d.xapi.get(xpath=PATH, extra_qs={"action": "delete"}),
        lambda d: d.xapi.get(xpath=PATH, extra_qs={"element": ENTRY}),
        lambda d: d.op("request restart system"),
        lambda d: d.op("clear session all"),
        lambda d: d.commit(),
        lambda d: d.software.download("11.1.0"),
        lambda d: d.content.download_install(),
        lambda d: d.userid.login("example\\user", "10.1.1.1"),
        lambda d: d.set_hostname("y"),
        lambda d: d.add(AddressObject("x", "10.1.1.1")).create(),
        lambda d: d.add(Rulebase()).add(SecurityRule("x", action="allow")).apply(),
    ],
)
def test_what_pan_os_python_can_do_never_leaves(device: Any, stand_in: StandIn, call: Callable[[Any], object]) -> None:
    with pytest.raises(ForbiddenCall) as caught:
        call(device)
    assert caught.value.failure is Failure.FORBIDDEN
    assert KEY not in str(caught.value)
    assert stand_in.seen == []


COMMANDS = {
    "clear": "<clear><session><id>5</id></session></clear>",
    "request": "<request><restart><system/></restart></request>",
    "set": "<set><system><setting><target-vsys>vsys2</target-vsys></setting></system></set>",
    "debug": "<debug><user-id><reset><captive-portal/></reset></user-id></debug>",
    "delete": "<delete><config><saved>x</saved></config></delete>",
    "load": "<load><config><from>x</from></config></load>",
    "save": "<save><config><to>x</to></config></save>",
    "revert": "<revert><config/></revert>",
    "validate": "<validate><full/></validate>",
    "scp": "<scp><export/></scp>",
    "tftp": "<tftp><export/></tftp>",
    "refresh a list": "<request><system><external-list><refresh><name>x</name></refresh></external-list></system></request>",
    "refresh FQDNs": "<request><system><fqdn><refresh/></fqdn></system></request>",
    "a test that does something": "<test><vpn><ike-sa><gateway>x</gateway></ike-sa></vpn></test>",
    "a test that logs in": "<test><authentication><username>x</username></authentication></test>",
    "two commands in a root": "<show><system><info/></system><clear/></show>",
    "two roots": "<show><system><info/></system></show><clear><session/></clear>",
    "two requests": "<request><system><external-list><show/></external-list><restart/></system></request>",
    "two below external-list": "<request><system><external-list><show/><refresh/></external-list></system></request>",
    "upper case": "<SHOW><system/></SHOW>",
    "a namespace": '<show xmlns="clear"><system/></show>',
    "an attribute": '<show><system x="y"/></show>',
    "a DTD": '<!DOCTYPE show [<!ENTITY e "clear">]><show><system>&e;</system></show>',
    "not XML": "show system info",
    "nothing": "",
    "an empty show": "<show/>",
    "text in the root": "<show>clear<system/></show>",
    "far too long": f"<show><system>{'x' * 20_000}</system></show>",
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_commands_that_never_leave(connection: Connection, stand_in: StandIn, command: str) -> None:
    with pytest.raises(ForbiddenCall):
        connection.op(command)
    assert stand_in.seen == []


REQUESTS: dict[str, Mapping[str, object]] = {
    "no type": {},
    "a type that is no text": {"type": ["op"]},
    "commit": {"type": "commit", "cmd": "<commit/>"},
    "import": {"type": "import"},
    "an element with a command": {"type": "op", "cmd": "<show><a/></show>", "element": "x"},
    "set in a configuration": {"type": "config", "action": "set", "xpath": PATH},
    "no action": {"type": "config", "xpath": PATH},
    "multi-config": {"type": "config", "action": "multi-config", "xpath": PATH},
    "complete": {"type": "config", "action": "complete", "xpath": PATH},
    "a path outside": {"type": "config", "action": "get", "xpath": "/other"},
    "a union of paths": {"type": "config", "action": "get", "xpath": f"{PATH} | /config/mgt-config"},
    "a function in a path": {"type": "config", "action": "get", "xpath": "/config/devices[count(//x)>0]"},
    "a newline in a path": {"type": "config", "action": "get", "xpath": "/config/shared\n"},
    "another vsys form": {"type": "op", "cmd": "<show><a/></show>", "vsys": "vsys1&type=commit"},
    "another target form": {"type": "op", "cmd": "<show><a/></show>", "target": "1 or 2"},
    "an unknown log": {"type": "log", "log-type": "everything"},
    "too many rows": {"type": "log", "log-type": "traffic", "nlogs": "5001"},
    "negative rows": {"type": "log", "log-type": "traffic", "nlogs": "-1"},
    "another direction": {"type": "log", "log-type": "traffic", "dir": "sideways"},
    "another log action": {"type": "log", "action": "delete", "job-id": "5"},
    "a job that is none": {"type": "log", "action": "finish", "job-id": "all"},
    "a command with keygen": {"type": "keygen", "user": "x", "password": Secret("y"), "cmd": "<clear/>"},
    "a secret where none belongs": {"type": "op", "cmd": Secret("<show><a/></show>")},
}


@pytest.mark.parametrize("parameters", REQUESTS.values(), ids=REQUESTS.keys())
def test_requests_that_never_leave(parameters: Mapping[str, object]) -> None:
    with pytest.raises(ForbiddenCall):
        require_allowed(parameters)


ALLOWED: dict[str, Mapping[str, object]] = {
    "keygen": {"type": "keygen", "user": "x", "password": Secret("y")},
    "show": {"type": "op", "cmd": "<show><session><all><filter><source>10.1.1.1</source></filter></all></session></show>"},
    "a policy test": {"type": "op", "cmd": "<test><security-policy-match><from>a</from></security-policy-match></test>"},
    "members of a list": {
        "type": "op",
        "cmd": "<request><system><external-list><show><type><ip/></type></show></external-list></system></request>",
        "vsys": "vsys12",
        "target": "007000000000001",
    },
    "configuration": {"type": "config", "action": "show", "xpath": PATH},
    "one application": {
        "type": "config", "action": "get", "xpath": "/config/predefined/application/entry[@name='ms-ds-smb']", "key": Secret("k"),
    },
    "a log": {"type": "log", "log-type": "traffic", "query": "( app eq ssl )", "nlogs": "5000", "skip": "5000", "dir": "forward"},
    "a job": {"type": "log", "action": "get", "job-id": "17"},
    "the end of a job": {"type": "log", "action": "finish", "job-id": "17"},
}  # fmt: skip


@pytest.mark.parametrize("parameters", ALLOWED.values(), ids=ALLOWED.keys())
def test_reads_pass(parameters: Mapping[str, object]) -> None:
    require_allowed(parameters)
