"""Which firewall a row is of, which configurations are that firewall's, and which release it runs."""

from pathlib import Path
from typing import Any

import pytest

from site_builder import HOST, SERIAL, build, files_of
from whydeny.model.release import Release, parse_release
from whydeny.verdict.firewalls import Firewalls, same_line
from whydeny.verdict.judge import Judge

OTHER = "007200000000002"


def info(serial: str, hostname: str, release: str) -> str:
    """The answer of show system info."""
    facts = f"<hostname>{hostname}</hostname><serial>{serial}</serial><sw-version>{release}</sw-version>"
    return f'<response status="success"><result><system>{facts}</system></result></response>'


def firewalls(folder: Path, said: Release | None = None, **case: Any) -> Firewalls:
    """The firewalls of a situation, with the release that the user said."""
    return Firewalls(build({"session": {}} | case, folder), said)


@pytest.mark.parametrize(
    ("case", "version", "release"),
    [
        ({"files": {"info.xml": info(SERIAL, HOST, "10.2.4-h2")}}, None, "10.2.4-h2"),
        ({"saved": "9.1.8"}, None, "9.1.8"),
        ({"saved": "9.1.8", "files": {"info.xml": info(SERIAL, HOST, "10.2.4")}}, None, "10.2.4"),
        ({"configuration": False}, 2562, "10.2.0"),
        ({"saved": "10.2.4"}, 2562, "10.2.4"),
        ({"saved": "10.2.4"}, 2049, "8.1.0"),
        ({"saved": "10.2.4"}, 1, "10.2.4"),
        ({"session": {"config_ver": 2049}}, None, "8.1.0"),
        ({"configuration": False}, None, None),
        ({"configuration": False, "files": {"info.xml": info(OTHER, "fw-other", "8.0.1")}}, None, None),
    ],
    ids=["show system info", "the configuration", "show system info before the configuration", "the row",
         "the row's line, completed by the configuration", "the row of another line", "a filler in the row",
         "other rows of the firewall", "nowhere", "another firewall's"],
)  # fmt: skip
def test_the_release_of_a_row(case: dict[str, Any], version: int | None, release: str | None, tmp_path: Path) -> None:
    assert firewalls(tmp_path, **case).release(SERIAL, version) == parse_release(release)


def test_what_the_user_says_counts_more_than_any_input(tmp_path: Path) -> None:
    found = firewalls(tmp_path, Release(8, 1), saved="10.2.4")
    assert found.release(SERIAL, 2562) == Release(8, 1)


def test_a_configuration_of_another_firewall_is_left_out(tmp_path: Path) -> None:
    found = firewalls(tmp_path, hostname="fw-other", files={"info.xml": info(OTHER, "fw-other", "10.2.4")})
    assert found.configurations(SERIAL) == []
    assert len(found.configurations(OTHER)) == 1


def test_each_firewall_gets_its_own_configuration(tmp_path: Path) -> None:
    second = files_of({"session": {}, "hostname": "fw-two", "rules": ["Two from=trust to=untrust service=any"]})
    others = [{"serial": OTHER, "device_name": "fw-two", "rule": "Two"}]
    rules = ["One from=trust to=untrust service=any"]
    site = build(
        {
            "session": {"rule": "One"},
            "others": others,
            "rules": rules,
            "files": {"two.xml": second["running-config.xml"]},
        },
        tmp_path,
    )
    judge = Judge(site)
    names = [case.engine.policy.rules["security"][0].name for row in (0, 1) if (case := judge.case(row)).engine]
    assert names == ["One", "Two"]


def test_a_configuration_that_names_nobody_is_taken(tmp_path: Path) -> None:
    assert len(firewalls(tmp_path, hostname="").configurations(SERIAL)) == 1


def test_serials_come_by_the_number_of_their_rows(tmp_path: Path) -> None:
    found = firewalls(
        tmp_path, others=[{"serial": OTHER, "device_name": "fw-two"}, {"serial": OTHER, "device_name": "fw-two"}]
    )
    assert found.serials() == [OTHER, SERIAL]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("10.2.4", "10.2.0", True), ("10.2.4", "10.1.0", False), ("9.0", None, True), (None, None, True)],
)
def test_releases_of_one_line(one: str | None, other: str | None, same: bool) -> None:
    assert same_line(parse_release(one), parse_release(other)) is same


def test_the_columns_of_a_log_tell_the_least_release(tmp_path: Path) -> None:
    found = firewalls(tmp_path, format="csv", session={"config_ver": 1}, configuration=False)
    assert found.floor(0) == Release(11, 1)
    assert found.strict_floor(SERIAL) == Release(11, 1)


def test_the_columns_of_an_old_log_settle_nothing(tmp_path: Path) -> None:
    found = firewalls(tmp_path, format="csv", release="8.1.0", session={"config_ver": 1}, configuration=False)
    assert found.floor(0) == Release(8, 1)
    assert found.strict_floor(SERIAL) is None


def two_logs(folder: Path, **case: Any) -> Judge:
    """Sessions of two firewalls, the second called fw-two."""
    others = [{"serial": OTHER, "device_name": "fw-two"}]
    return Judge(build({"session": {"rule": "Out"}, "others": others} | case, folder))


def out(applications: str) -> str:
    """A rule that lets these applications out."""
    return f"Out from=trust to=untrust app={applications} service=any"


def named_config(hostname: str, applications: str) -> str:
    """The configuration of a firewall with that one rule."""
    case = {"session": {}, "hostname": hostname, "rules": [out(applications)]}
    return files_of(case)["running-config.xml"]


def test_a_configuration_that_could_be_of_either_firewall_proves_little(tmp_path: Path) -> None:
    judge = two_logs(tmp_path, hostname="fw-elsewhere", rules=[out("ssl")])
    for row in (0, 1):
        verdict = judge.finding(row).verdict
        assert verdict.confidence <= 0.6
        assert "nothing tells which of the firewalls" in verdict.confidence_why


def test_the_only_firewall_without_a_configuration_has_the_one_that_is_left(tmp_path: Path) -> None:
    files = {"two.xml": named_config("fw-two", "ssl")}
    judge = two_logs(tmp_path, hostname="fw-elsewhere", rules=[out("ssl")], files=files)
    assert judge.firewalls.unplaced(SERIAL) == []
    assert judge.firewalls.unplaced(OTHER) == []


def test_the_running_configuration_is_taken_before_the_snapshots_beside_it(tmp_path: Path) -> None:
    files = {"weekly.xml": named_config(HOST, "dns"), "a-monday.xml": named_config(HOST, "dns")}
    engine = Judge(build({"session": {}, "rules": [out("ssl")], "files": files}, tmp_path)).engine_for(SERIAL, "vsys1")
    assert engine is not None
    assert engine.policy.rules["security"][0].applications == ("ssl",)
    assert engine.policy.rivals == ()


def test_of_two_configurations_that_differ_neither_proves_much(tmp_path: Path) -> None:
    files = {"monday.xml": named_config(HOST, "ssl"), "tuesday.xml": named_config(HOST, "dns")}
    verdict = Judge(build({"session": {}, "configuration": False, "files": files}, tmp_path)).finding(0).verdict
    assert verdict.confidence <= 0.6
    assert "monday.xml holds another configuration of this firewall" in verdict.confidence_why


def test_the_same_configuration_twice_is_no_doubt(tmp_path: Path) -> None:
    files = {"monday.xml": named_config(HOST, "ssl"), "tuesday.xml": named_config(HOST, "ssl")}
    judge = Judge(build({"session": {}, "configuration": False, "files": files}, tmp_path))
    engine = judge.engine_for(SERIAL, "vsys1")
    assert engine is not None
    assert engine.policy.rivals == ()


def test_a_log_of_one_firewall_says_nothing_by_its_silence_about_another(tmp_path: Path) -> None:
    log = [
        {"sessionid": n, "at": at, "err_index": "None", "serial": OTHER} for n, at in ((1, "09:50:00"), (2, "10:10:00"))
    ]
    case = {
        "release": "10.2.4",
        "session": {"app": "ssl", "rule": "Out"},
        "rules": [out("ssl")],
        "decryption": ["All from=trust to=untrust action=decrypt kind=ssl-forward-proxy"],
        "decryption_log": log,
    }
    finding = Judge(build(case, tmp_path), Release(10, 2, 4)).finding(0)
    against = [item.text for item in finding.verdict.contradicts]
    assert not any("no row of this session" in text for text in against)
