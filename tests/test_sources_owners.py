"""Whose a configuration is that does not say it: what was pushed stands in no other firewall's policy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from whydeny.model.configuration import Rulebase
from whydeny.sources.open import open_inputs
from whydeny.verdict.judge import Judge

SERIALS = {"fw-1": "001", "fw-10": "010"}


def answer(inside: str) -> str:
    return f'<response status="success"><result>{inside}</result></response>'


def rules(name: str) -> str:
    return f'<security><rules><entry name="{name}"><action>deny</action></entry></rules></security>'


def info(host: str, model: str = "PA-440", serial: str = "") -> str:
    return f"hostname: {host}\nmodel: {model}\nserial: {serial or SERIALS[host]}\nsw-version: 11.1.4\n"


def running(host: str) -> str:
    return answer(
        f'<config version="11.1.0"><devices><entry name="localhost.localdomain"><deviceconfig><system><hostname>{host}'
        "</hostname><panorama-server>192.0.2.5</panorama-server></system></deviceconfig><vsys><entry name="
        f'"vsys1"><rulebase>{rules(f"own of {host}")}</rulebase></entry></vsys></entry></devices></config>'
    )


def pushed(host: str) -> str:
    return answer(f"<policy><panorama><pre-rulebase>{rules(f'to {host}')}</pre-rulebase></panorama></policy>")


def transcript(host: str, prompt: str = "") -> str:
    answers = {"show config running": running(host), "show config pushed-shared-policy": pushed(host)}
    return "".join(f"admin@{prompt or host}> {command}\n{text}\n\n" for command, text in answers.items())


def in_folders(host: str) -> Iterator[tuple[str, str]]:
    yield f"{host}/running.xml", running(host)
    yield f"{host}/pushed.xml", pushed(host)


def in_names(host: str) -> Iterator[tuple[str, str]]:
    yield f"{host}-running.xml", running(host)
    yield f"pushed_{host}.xml", pushed(host)


def opened(folder: Path, files: dict[str, str]) -> Judge:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    return Judge(open_inputs([folder]))


def security(judge: Judge, serial: str) -> list[str]:
    engine = judge.engine_for(serial, "vsys1")
    assert engine is not None
    return [rule.name for rule in engine.policy.rules[Rulebase.SECURITY] if not rule.is_default]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({n: t for host in SERIALS for n, t in in_folders(host)}, id="a folder each"),
        pytest.param({n: t for host in SERIALS for n, t in in_names(host)}, id="called after the firewalls"),
        pytest.param({f"{host}.log": transcript(host) for host in SERIALS}, id="a terminal each"),
        pytest.param({"all.log": "".join(transcript(host) for host in SERIALS)}, id="one terminal after the other"),
        pytest.param(
            {"all.log": "".join(transcript(host, f"{host}-vsys2") for host in SERIALS)}, id="a prompt with its system"
        ),
        pytest.param({f"{host}/all.xml": running(host) + pushed(host) for host in SERIALS}, id="a file each"),
    ],
)
def test_pushed_policy_is_that_of_the_firewall_beside_it(tmp_path: Path, files: dict[str, str]) -> None:
    judge = opened(tmp_path, {f"{host}.txt": info(host) for host in SERIALS} | files)
    assert {host: security(judge, serial) for host, serial in SERIALS.items()} == {
        host: [f"to {host}", f"own of {host}"] for host in SERIALS
    }
    assert judge.site.problems == []


def test_pushed_policy_that_may_be_anyones_is_left_out_and_said(tmp_path: Path) -> None:
    files = {f"{host}.xml": running(host) for host in SERIALS} | {f"{host}.txt": info(host) for host in SERIALS}
    judge = opened(tmp_path, files | {"pushed.xml": pushed("fw-1")})
    assert security(judge, "001") == ["own of fw-1"]
    engine = judge.engine_for("001", "vsys1")
    assert engine is not None
    assert engine.policy.pushed_missing
    assert [problem.message for problem in judge.site.problems] == [
        "nothing tells to which of the firewalls fw-1, fw-10 this was pushed, so that it is not used; put the files of each "
        "firewall into a folder of its own"
    ]


def test_the_information_of_panorama_is_no_firewalls(tmp_path: Path) -> None:
    files = {"running.xml": running("fw-1"), "pushed.xml": pushed("fw-1"), "fw.txt": info("fw-1")}
    judge = opened(tmp_path, files | {"panorama.txt": info("pano", "M-200", "009")})
    assert security(judge, "001") == ["to fw-1", "own of fw-1"]


def test_a_firewall_without_a_host_name_is_known_by_its_serial_number(tmp_path: Path) -> None:
    nameless = "model: PA-440\nserial: {}\nsw-version: 11.1.4\n"
    files = {"a/info.txt": nameless.format("001"), "b/info.txt": nameless.format("010"), "a/pushed.xml": pushed("fw-1")}
    judge = opened(tmp_path, files)
    assert security(judge, "001") == ["to fw-1"]
    assert judge.engine_for("010", "vsys1") is None
