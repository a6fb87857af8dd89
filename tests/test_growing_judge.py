"""Judging a site that grows: chosen rows alone, policies kept, and no proof from logs that cover other sessions."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from ui_stage import CASE, built, small_site
from whydeny.model.answers import PolicyTest
from whydeny.model.configuration import Rulebase
from whydeny.model.site import Site
from whydeny.model.tables import SessionTable
from whydeny.snapshot.load import load_snapshot
from whydeny.snapshot.redact import Redaction
from whydeny.snapshot.save import save_snapshot
from whydeny.verdict.growing import GrowingJudge
from whydeny.verdict.judge import JUDGED, Judge


def test_chosen_rows_are_judged_as_among_all() -> None:
    site = small_site()
    everything = Judge(site).judge_all()
    rows = [1, 3, 5, 12]
    some = Judge(site).judge_all(only=[12, 5, 3, 1])
    assert some.columns == list(JUDGED)
    assert some.cast({pl.Categorical: pl.String}).equals(everything[rows].cast({pl.Categorical: pl.String}))


def test_no_rows_are_judged_as_none() -> None:
    assert Judge(small_site()).judge_all(only=[]).height == 0


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda site: site, True),
        (lambda site: replace(site, sessions=replace(site.sessions)), True),
        (lambda site: replace(site, answers=replace(site.answers, tests=(PolicyTest(Rulebase.SECURITY, ("Out",)),))), True),
        (lambda site: replace(site, answers=replace(site.answers, list_members={"edl-partners": ()})), False),
        (lambda site: replace(site, configurations=[]), False),
        (lambda site: replace(site, systems=[]), False),
    ],
    ids=["nothing", "sessions", "a policy test", "members of a list", "the configuration", "the release"],
)  # fmt: skip
def test_policies_are_kept_until_what_they_rest_on_changes(change: object, same: bool) -> None:
    judge = GrowingJudge(small_site())
    engine = judge.engine_for(None, None)
    later = judge.grown(change(small_site()))  # type: ignore[operator]
    assert later.same_policies(judge) is same
    kept = later.engine_for(None, None)
    assert (kept is not None and kept.compiled is engine.compiled) is same
    assert kept is None or kept.answers == later.site.answers


@pytest.mark.parametrize(("user", "same"), [("ex\\nw", True), ("ex\\staff", False)], ids=["of no rule", "of a rule"])
def test_a_user_seen_for_the_first_time_settles_what_a_rule_means(user: str, same: bool) -> None:
    """A name in a rule may be a group's until a row shows that it is a user's."""
    site = small_site()
    judge = GrowingJudge(site)
    judge.engine_for(None, None)
    seen = pl.lit(user, pl.String()).cast(site.sessions.frame.schema["user"]).alias("user")
    later = replace(site, sessions=SessionTable(site.sessions.frame.with_columns(seen)))
    assert judge.grown(later).same_policies(judge) is same


def with_a_decryption_row() -> Site:
    """Two refused sessions of ssl; the decryption log has a row of the first, within a minute of the other."""
    failed = {"at": "09:00:00", "sessionid": 101, "error": "Received fatal alert CertificateUnknown from client"}
    case = CASE | {"session": {"app": "ssl", "sessionid": 101, "flags": "decrypted", "end": "09:00:00", "elapsed": 1}}
    case["decryption"] = ["Decrypt from=trust to=untrust action=decrypt kind=ssl-forward-proxy"]
    others = [
        {"app": "ssl", "sessionid": 102, "src": "10.1.1.77", "flags": "decrypted", "end": "09:00:20", "elapsed": 1}
    ]
    return built(case | {"others": others, "decryption_log": [failed]})


def test_a_log_that_was_fetched_for_one_session_is_silent_about_the_others() -> None:
    site = with_a_decryption_row()
    whole, without = Judge(site), Judge(replace(site, logs={}))
    assert whole.finding(1) != without.finding(1)
    growing = GrowingJudge(replace(site, fetched=frozenset({0})))
    assert growing.finding(0) == whole.finding(0)
    assert growing.finding(1) == without.finding(1)
    assert growing.grown(replace(site, fetched=frozenset({0, 1}))).finding(1) == whole.finding(1)


def test_a_commit_that_is_known_counts_for_sessions_whose_logs_were_not_fetched() -> None:
    commit = {"at": "09:30:00", "cmd": "commit", "admin": "admin", "result": "Submitted"}
    case = CASE | {"session": CASE["others"][0], "others": CASE["others"][1:], "configuration_log": [commit]}
    site = replace(built(case), fetched=frozenset())
    quiet = replace(site, logs={})
    judge = GrowingJudge(site)
    row = int(judge.rows_needing_cause()[0])
    assert judge.finding(row).verdict.confidence <= 0.6 < Judge(quiet).finding(row).verdict.confidence
    before = GrowingJudge(quiet)
    later = before.grown(site)
    assert later.same_policies(before)
    assert not later.same_grounds(before)


def test_a_snapshot_keeps_which_sessions_logs_were_fetched_for(tmp_path: Path) -> None:
    site = replace(with_a_decryption_row(), fetched=frozenset({0}))
    judged = Judge(site).judge_all()
    path = tmp_path / "live.whydeny"
    for redaction in (None, Redaction()):
        save_snapshot(path, site, judged, redact=redaction)
        opened = load_snapshot(path).site
        assert opened.fetched == {0}
        assert Judge(opened).judge_all()["confidence"].to_list() == judged["confidence"].to_list()
