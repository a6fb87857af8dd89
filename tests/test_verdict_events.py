"""Commits, content installs and list refreshes, told from a system log's descriptions; changes of the configuration log."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from site_builder import build
from whydeny.verdict.events import COMMIT, CONTENT, REFRESH, Timeline, kind_of_event
from whydeny.verdict.judge import Judge


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Commit job succeeded. Completion time=2024/05/02 10:00:02, JobId=812, User: admin", COMMIT),
        ("Commit job succeeded for user admin", COMMIT),
        ("CommitAll job succeeded. Completion time=2024/05/02 10:00:02, JobId=812, User: __panorama", COMMIT),
        ("Commit job started. JobId=812, User: admin", None),
        ("Commit job failed. Completion time=2024/05/02 10:00:02, JobId=812, User: admin", None),
        ("Commit job was not queued. Commits are in progress", None),
        ("Content update job succeeded  for user Auto update agent", CONTENT),
        ("Content update job succeeded. Content upgraded from version 8790-8001 to 8794-8011", CONTENT),
        ("Installed contents package: panupv2-all-contents-8794-8011", CONTENT),
        ("Content package upgraded from version 8790-8001 to 8794-8011 by Auto update agent", CONTENT),
        ("Downloaded content package panupv2-all-contents-8794-8011", None),
        ("Content update job started. JobId=14", None),
        ("WildFire package upgraded from version 874501-878201 to 874502-878202 by Auto update agent", None),
        ("Antivirus content update job succeeded", None),
        ("Failed to install content update: 8794-8011", None),
        ("EDL(vsys1/edl-partners ip) Refresh job success. Total valid entries : 11", REFRESH),
        ("EDL(vsys1/edl-partners ip) Refresh job success. No changes detected", None),
        ("External dynamic list edl-bad updated", REFRESH),
        ("FQDN Refresh job succeeded", REFRESH),
        ("FqdnRefresh job started processing. Dequeue time=2024/05/02 10:00:02. JobId=9", None),
        ("FQDN Refresh job started. JobId=9", None),
        ("EDL(vsys1/edl-bad ip) Downloaded file is not a text file. Using old copy for refresh", None),
        ("Auto commit job succeeded", COMMIT),
        ("EDL(vsys1/edl-bad ip) Unable to fetch external dynamic list. Using old copy for refresh", None),
        ("User 'admin' logged in via Web from 10.9.0.5 using https", None),
        ("", None),
    ],
)
def test_what_a_description_says_was_finished(text: str, kind: str | None) -> None:
    assert kind_of_event(text) == kind


def timeline(folder: Path, **logs: Any) -> Timeline:
    """The events of a situation that holds nothing but logs."""
    return Judge(build({"session": {}, **logs}, folder)).related.timeline


def at(clock: str) -> datetime:
    """A time of the day of the situations."""
    return datetime.strptime(f"2024/05/02 {clock}", "%Y/%m/%d %H:%M:%S")


def test_events_come_in_order_and_only_from_the_span(tmp_path: Path) -> None:
    rows = [
        {"at": "10:00:09", "opaque": "FQDN Refresh job succeeded"},
        {"at": "10:00:02", "opaque": "Commit job succeeded. JobId=1"},
        {"at": "09:00:00", "opaque": "Commit job succeeded. JobId=0"},
        {"at": "10:00:03", "opaque": "Commit job failed. JobId=2"},
    ]
    found = timeline(tmp_path, system=rows).events(at("10:00:00"), at("10:00:10"), None)
    assert [(event.kind, event.moment) for event in found] == [(COMMIT, at("10:00:02")), (REFRESH, at("10:00:09"))]


def test_events_of_another_firewall_are_left_out(tmp_path: Path) -> None:
    rows = [{"at": "10:00:02", "serial": "007200000000002", "opaque": "Commit job succeeded. JobId=1"}]
    times = timeline(tmp_path, system=rows)
    assert times.events(at("10:00:00"), at("10:00:10"), "007200000000001") == []
    assert len(times.events(at("10:00:00"), at("10:00:10"), None)) == 1


def test_a_content_install_names_its_version(tmp_path: Path) -> None:
    text = "Content update job succeeded. Content upgraded from version 8790-8001 to 8794-8011"
    times = timeline(tmp_path, system=[{"at": "10:00:02", "opaque": text}])
    assert times.events(at("10:00:00"), at("10:00:10"), None)[0].version == "8794-8011"


def test_a_change_is_found_by_the_rule_it_names(tmp_path: Path) -> None:
    path = " vsys  vsys1 rulebase security rules  "
    log = [
        {"at": "09:00:00", "cmd": "edit", "result": "Succeeded", "path": f"{path}Out application"},
        {"at": "09:10:00", "cmd": "edit", "result": "Failed", "path": f"{path}Out service"},
        {"at": "09:20:00", "cmd": "edit", "result": "Succeeded", "path": f"{path}Outside application"},
        {"at": "09:30:00", "cmd": "commit", "result": "Submitted"},
    ]
    times = timeline(tmp_path, configuration_log=log)
    change = times.last_change_naming(["Out"], at("08:00:00"), at("10:00:00"), None)
    assert change is not None
    assert change.moment == at("09:00:00")
    assert [c.moment for c in times.changes_naming("Outside", at("08:00:00"), at("10:00:00"), None)] == [at("09:20:00")]
    assert [commit.moment for commit in times.commits(at("08:00:00"), at("10:00:00"), None)] == [at("09:30:00")]
    assert times.last_change_naming(["Out"], at("09:01:00"), at("10:00:00"), None) is None
