"""A replay says what a changed policy does to each session: on the demonstration as its truth predicts, and case by case."""

from pathlib import Path
from threading import Event

import polars as pl
import pytest

from site_builder import HOST, SERIAL, Table, build
from whydeny.demo import SessionTruth, demo_truth
from whydeny.model.configuration import Rulebase
from whydeny.model.errors import Cancelled, UsageError
from whydeny.model.progress import Progress
from whydeny.model.site import Site
from whydeny.report.whatif import Asked, whatif_text
from whydeny.sources.exports.set_format import read_set_format
from whydeny.verdict.candidate import edit_site, replace_configuration
from whydeny.verdict.judge import Judge
from whydeny.verdict.proposal import propose
from whydeny.verdict.replayed import Effect, Replay
from whydeny.verdict.triage import Group, members, triage
from whydeny.verdict.whatif import replay

HQ, BRANCH, CAMPUS = "099900000001", "099900000002", "099900000003"


# --- the demonstration


@pytest.fixture(scope="module")
def judge(demonstration_site: Site) -> Judge:
    """The demonstration, judged as it is."""
    return Judge(demonstration_site)


@pytest.fixture(scope="module")
def groups(demonstration_site: Site, judge: Judge) -> list[tuple[Group, list[int]]]:
    """The demonstration's findings with their rows."""
    judged = judge.judge_all()
    frame = demonstration_site.sessions.frame
    return [(group, members(frame, judged, group).to_list()) for group in triage(frame, judged)]


@pytest.fixture(scope="module")
def known(demonstration_site: Site) -> pl.DataFrame:
    """What each row says, and the truth of it, in table order."""
    truth = {(entry.serial, entry.sequence): entry for entry in demo_truth()}
    frame = demonstration_site.sessions.frame
    words = ("serial", "vsys", "rule", "application", "category", "action")
    rows = frame.select(*(pl.col(name).cast(pl.String) for name in words), "sequence", "destination_port", "source_lo",
                        "destination_lo")  # fmt: skip
    told: list[SessionTruth] = [
        truth[serial, sequence] for serial, sequence in rows.select("serial", "sequence").rows()
    ]
    return rows.with_columns(
        pl.Series("cause", [entry.causes[0] if entry.causes else "" for entry in told]),
        pl.Series("variant", [entry.variant for entry in told], dtype=pl.String),
        pl.Series("evaluated", [entry.evaluated for entry in told], dtype=pl.String),
    ).with_row_index("row")


def rows_of(found: Replay, effect: Effect) -> list[int]:
    """The rows with an effect."""
    return (found.rows["effect"] == effect.value).arg_true().to_list()


def replay_lines(judge: Judge, lines: tuple[str, ...], serial: str | None, vsys: str | None = None) -> Replay:
    """A replay of lines on one firewall."""
    changed = edit_site(judge.site, judge.firewalls, lines, vsys, serial)
    return replay(judge.site, judge, Judge(changed.site), notes=changed.notes)


def is_cause(*causes: str) -> pl.Expr:
    """Rows of these causes."""
    return pl.col("cause").is_in(causes)


REFUSED_ON_443 = is_cause("app-default-port", "app-default-decrypted-port") & (pl.col("destination_port") == 443)
# Which group's proposal is replayed, and the planted rows that it has to let pass.
PREDICTIONS = {
    "services of the web for application-default before 9.0": (
        ("app-default-decrypted-port", "branch-web", "web-browsing"),
        Effect.PASSES,
        (pl.col("serial") == BRANCH) & REFUSED_ON_443,
    ),
    "a rule for plain HTTP on 443 to the servers of the group": (
        ("app-default-port", "intranet-web", "web-browsing"),
        Effect.PASSES,
        is_cause("app-default-port") & (pl.col("rule") == "intranet-web"),
    ),
    "one more application in the kiosks' rule": (
        ("app-shift", "kiosk-social", "facebook-chat"),
        Effect.PASSES,
        is_cause("app-shift") & (pl.col("application") == "facebook-chat"),
    ),
    "the new name that a content update gave": (
        ("app-shift", "notes-clients", "example-notes-sharing"),
        Effect.PASSES,
        is_cause("app-shift", "policy-change") & (pl.col("application") == "example-notes-sharing"),
    ),
    "a remote desktop between servers, refused by the overridden intrazone-default": (
        ("app-shift", "servers-inside", "ms-rdp"),
        Effect.PASSES,
        is_cause("app-shift") & (pl.col("rule") == "servers-inside"),
    ),
    "the application of an override in the rule": (
        ("app-override", "erp-clients", "example-erp-batch"),
        Effect.PASSES,
        is_cause("app-override"),
    ),
    "one more category": (
        ("url-category", "vpn-business-web", "web-browsing"),
        Effect.PASSES,
        is_cause("url-category") & (pl.col("category") == "gambling"),
    ),
    "the category of the refused streams": (
        ("http2-stream", "vpn-business-web", "web-browsing"),
        Effect.PASSES,
        is_cause("http2-stream"),
    ),
    "no portal for the clients that can't answer": (
        ("authentication-challenge", "lab-web", "ssl"),
        Effect.RELEASED,
        is_cause("authentication-challenge") & (pl.col("rule") == "lab-web"),
    ),
    "no decryption for the pinned application of the branch": (
        ("decryption-failure", "branch-web", "ssl"),
        Effect.RELEASED,
        is_cause("decryption-failure") & (pl.col("serial") == BRANCH) & (pl.col("variant") == "generic-pre-9.0"),
    ),
}


@pytest.mark.parametrize("case", PREDICTIONS.values(), ids=PREDICTIONS)
def test_a_proposal_lets_pass_what_the_truth_predicts(
    case: tuple[tuple[str, str, str], Effect, pl.Expr],
    groups: list[tuple[Group, list[int]]],
    known: pl.DataFrame,
    judge: Judge,
) -> None:
    (cause, rule, application), effect, predicted = case
    group, rows = next(
        (group, rows)
        for group, rows in groups
        if (group.cause, group.rule, group.application) == (cause, rule, application)
    )
    sessions = [judge.site.sessions.session(row) for row in rows]
    proposal = propose(judge.finding(group.specimen), judge.engine_for(group.serial, group.vsys), sessions)
    assert proposal.lines
    found = replay_lines(judge, proposal.lines, group.serial, group.vsys)
    wanted = known.filter(predicted)["row"].to_list()
    assert wanted
    assert rows_of(found, effect) == wanted
    assert found.counts[Effect.LOST] == found.counts[Effect.UNKNOWN] == 0
    assert found.counts[Effect.UNCHANGED] == len(known) - len(wanted)


def test_what_is_proposed_reads_as_it_is_pasted(groups: list[tuple[Group, list[int]]], judge: Judge) -> None:
    for group, _ in groups:
        proposal = propose(judge.finding(group.specimen), judge.engine_for(group.serial, group.vsys))
        assert proposal.why.endswith(".")
        if proposal.lines:
            changed = edit_site(judge.site, judge.firewalls, proposal.lines, group.vsys, group.serial)
            assert changed.lines == proposal.lines
            assert proposal.at.startswith("on the firewall")


def test_a_rule_taken_away_loses_what_the_truth_says_it_took(judge: Judge, known: pl.DataFrame) -> None:
    found = replay_lines(judge, ("delete rulebase security rules guest-web",), HQ)
    took = (pl.col("serial") == HQ) & (pl.col("evaluated") == "guest-web") & (pl.col("action") == "allow")
    assert rows_of(found, Effect.LOST) == known.filter(took & (pl.col("cause") == ""))["row"].to_list()
    assert found.counts[Effect.PASSES] == 0
    assert [(move.before, move.after) for move in found.of(Effect.LOST)] == [("guest-web", "interzone-default")]


def test_a_change_that_no_look_up_asks_for_changes_nothing(judge: Judge) -> None:
    found = replay_lines(
        judge, ("set rulebase default-security-rules rules interzone-default log-end yes",), CAMPUS, "vsys2"
    )
    assert found.counts[Effect.UNCHANGED] == len(judge.site.sessions)
    assert [(change.rule.name, change.matters) for change in found.changes] == [("interzone-default", False)]
    assert found.moves == ()


def test_only_the_rows_that_are_asked_for_are_counted(judge: Judge, known: pl.DataFrame) -> None:
    lines = ("set rulebase security rules branch-web service [ service-http service-https ]",)
    changed = edit_site(judge.site, judge.firewalls, lines, None, BRANCH)
    rows = known.filter(pl.col("cause") == "app-default-port")["row"]
    found = replay(judge.site, judge, Judge(changed.site), rows=rows)
    assert found.sessions == len(rows)
    assert found.counts[Effect.PASSES] == known.filter(REFUSED_ON_443 & (pl.col("serial") == BRANCH) & (
        pl.col("cause") == "app-default-port")).height  # fmt: skip
    assert sum(found.counts.values()) == len(rows)


# --- case by case

CASE: Table = {
    "release": "10.2.4",
    "rules": [
        "Block from=trust to=untrust app=bittorrent service=any action=deny",
        "Out from=trust to=untrust app=ssl,web-browsing service=application-default action=allow",
        "Late from=trust to=untrust source=10.1.9.0/24 service=any action=allow",
    ],
    "session": {"app": "ssl", "session_end_reason": "tcp-fin", "subtype": "end"},
    "others": [
        {"sessionid": 2, "app": "web-browsing", "session_end_reason": "policy-deny", "subtype": "deny"},
        {"sessionid": 3, "app": "bittorrent", "dport": 6881, "rule": "Block", "action": "deny",
         "session_end_reason": "policy-deny", "subtype": "deny"},
        {"sessionid": 0, "app": "not-applicable", "src": "10.1.1.11", "dport": 25, "rule": "interzone-default",
         "action": "deny", "session_end_reason": "policy-deny", "subtype": "drop"},
        {"sessionid": 5, "app": "smtp", "src": "10.1.9.5", "dport": 25, "rule": "Late", "session_end_reason": "tcp-fin",
         "subtype": "end"},
    ],
}  # fmt: skip
SSL, HTTP, TORRENT, DROPPED, MAIL = range(5)


def told(found: Replay) -> dict[str, list[int]]:
    """Rows by effect, those that are conditional negated less one; unchanged ones left out."""
    result: dict[str, list[int]] = {}
    for row, (effect, conditional, _, _) in enumerate(found.rows.rows()):
        if effect != Effect.UNCHANGED:
            result.setdefault(effect, []).append(-1 - row if conditional else row)
    return result


def case_replay(folder: Path, *lines: str, case: Table = CASE, **more: object) -> Replay:
    """The replay of a situation."""
    judge = Judge(build(case | more, folder))
    return replay_lines(judge, lines, SERIAL)


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["set rulebase security rules Out service any"], {"passes": [HTTP, -1 - DROPPED]}),
        (["set rulebase security rules Out service service-https"], {"passes": [HTTP]}),
        (["set rulebase security rules Out action deny"], {"lost": [SSL]}),
        (["set rulebase security rules Block action allow"], {"passes": [TORRENT, -1 - DROPPED]}),
        (["delete rulebase security rules Block"], {}),
        (["delete rulebase security rules Late"], {"lost": [MAIL]}),
        # What was dropped before it had a name waits for one before a rule that refuses by name.
        (["set rulebase security rules Late source any"], {"passes": [HTTP, -1 - DROPPED]}),
        (["set rulebase security rules Late source any", "move rulebase security rules Late top"],
         {"passes": [HTTP, TORRENT, -1 - DROPPED]}),
        (["set rulebase default-security-rules rules interzone-default action allow"], {"passes": [HTTP, -1 - DROPPED]}),
        (["set rulebase security rules new source 10.1.9.5 action deny service any"], {}),
        (["set rulebase security rules new source 10.1.9.5 action deny service any",
          "move rulebase security rules new before Late"], {"lost": [MAIL]}),
        # A host name stands for addresses that nobody knows.
        (["set address host fqdn www.example.net", "set rulebase security rules Out destination host"], {"unknown": [SSL]}),
        (["set address host fqdn www.example.net", "set rulebase security rules new destination host service any",
          "set rulebase security rules new action deny", "move rulebase security rules new top"],
         {"unknown": [SSL, MAIL]}),
        (["set address host fqdn www.example.net", "set rulebase security rules new destination host service any",
          "set rulebase security rules new action deny", "move rulebase security rules new top",
          "set rulebase security rules Out service service-https"], {"unknown": [SSL, HTTP, MAIL]}),
        (["set address host fqdn www.example.net", "set rulebase security rules new destination host service any",
          "set rulebase security rules new action allow", "move rulebase security rules new top"],
         {"unknown": [HTTP, TORRENT, DROPPED]}),
        (["set address host fqdn www.example.net", "set rulebase security rules new destination host service any",
          "move rulebase security rules new top", "set rulebase security rules Out action deny"],
         {"unknown": [SSL, HTTP, TORRENT, DROPPED]}),
    ],
    ids=lambda found: " | ".join(found) if isinstance(found, list) else "",
)  # fmt: skip
def test_effects(lines: list[str], wanted: dict[str, list[int]], tmp_path: Path) -> None:
    found = case_replay(tmp_path, *lines)
    assert told(found) == wanted
    assert (found.sessions, found.refused, found.passed) == (5, 3, 2)
    for effect in Effect:
        rows = wanted.get(effect, [])
        if effect is not Effect.UNCHANGED:
            assert (found.counts[effect], found.conditional[effect]) == (len(rows), sum(row < 0 for row in rows))


def test_an_old_doubt_is_no_new_one(tmp_path: Path) -> None:
    rules = ["Bad from=trust app=any,x source=f-any service=any action=deny", *CASE["rules"]]
    case = CASE | {"rules": rules, "objects": {"address": {"f-any": "fqdn www.example.net"}}}
    # Whether Bad takes the session was as open before; it passed, and stays with another rule of the same deed.
    found = case_replay(tmp_path, "set rulebase security rules new application ssl service service-https action allow",
                        "move rulebase security rules new before Out", case=case)  # fmt: skip
    assert told(found) == {}
    assert [(m.effect, m.before, m.after, m.sessions) for m in found.moves] == [(Effect.UNCHANGED, "Out", "new", 1)]


def test_what_may_have_stood_in_the_way_makes_a_result_conditional(tmp_path: Path) -> None:
    rules = ["Bad from=trust app=web-browsing destination=f-any service=any action=deny", *CASE["rules"]]
    case = CASE | {"rules": rules, "objects": {"address": {"f-any": "fqdn www.example.net"}}}
    found = case_replay(tmp_path, "set rulebase security rules Out service service-https", case=case)
    assert told(found) == {"passes": [-1 - HTTP]}
    (doubt,) = found.doubts
    assert doubt.why == "whether the rule Bad (deny) takes them can't be told"


def test_without_the_pushed_policy_every_result_is_conditional(tmp_path: Path) -> None:
    found = case_replay(tmp_path, "set rulebase security rules Out service service-https", panorama=True)
    assert told(found) == {"passes": [-1 - HTTP]}
    (doubt,) = found.doubts
    assert doubt.settle == ("the Panorama-pushed policy",)


def test_what_would_settle_a_doubt_is_said(tmp_path: Path) -> None:
    found = case_replay(
        tmp_path,
        "set address host fqdn www.example.net",
        "set rulebase security rules Out destination host",
        "set rulebase default-security-rules rules interzone-default action allow",
    )
    doubts = {doubt.why: (doubt.sessions, " ".join(doubt.settle)) for doubt in found.doubts}
    assert doubts.keys() == {
        "they were refused before App-ID had named their application, so that at most their first packets pass for sure"
    }
    found = case_replay(
        tmp_path, "set address host fqdn www.example.net", "set rulebase security rules Out destination host"
    )
    (doubt,) = found.doubts
    assert doubt.why == "whether the rule Out (allow) takes them can't be told"
    assert (doubt.sessions, "www.example.net" in doubt.settle[0]) == (1, True)


def test_rows_that_the_present_policy_would_refuse_are_disputed(tmp_path: Path) -> None:
    case = CASE | {"rules": [CASE["rules"][0]]}
    found = case_replay(tmp_path, "set rulebase security rules new from trust service any action allow", case=case)
    assert found.disputed == 2
    assert told(found) == {"passes": [HTTP, -1 - DROPPED]}


def test_rules_that_are_no_longer_reached_are_named(tmp_path: Path) -> None:
    found = case_replay(
        tmp_path,
        "set rulebase security rules wide from trust service any action allow",
        "move rulebase security rules wide top",
        "set rulebase security rules idle from dmz action allow",
        "set rulebase security rules off from trust action allow disabled yes",
    )
    assert [(idle.rule, idle.before, idle.by) for idle in found.shadowed] == [
        ("Block", 1, ("wide",)), ("Out", 1, ("wide",)), ("Late", 1, ("wide",))
    ]  # fmt: skip
    assert [idle.rule for idle in found.unused] == ["idle"]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["set rulebase security rules Out application [ smtp ping ]"], []),
        (["set rulebase security rules Out application [ shh sssl ]"], [
            "Out names the applications shh and sssl, which are not among the inputs, whose application content is not whole: "
            "of these sessions it takes only those whose row has that very name"]),
        (["delete rulebase security rules Out from", "set rulebase security rules Out from trsut"], [
            "Out names the zone trsut, which is not among the zones of the configuration: nothing comes from or goes to it"]),
        (["set rulebase security rules Out destination h-none service tcp-none"], []),  # unknown, and told so
        (["set application own default port tcp/25", "set application-group mine members own",
          "set rulebase security rules Out application [ own mine ]"], []),
        (["set rulebase security rules outt from trust to untrust source any destination any application ssl service any",
          "set rulebase security rules outt action allow"], ["outt is a new rule; the one that is there is called Out"]),
    ],
    ids=["known", "no such applications", "no such zone", "addresses", "own", "a new rule"],
)  # fmt: skip
def test_what_may_not_be_meant_is_told_before_the_numbers(lines: list[str], told: list[str], tmp_path: Path) -> None:
    found = case_replay(tmp_path, *lines)
    assert list(found.cautions) == told
    said = " ".join(whatif_text(found, Asked(tuple(lines))).split())
    assert all(sentence in said for sentence in told)
    assert ("Look again, before this is pasted:" in said) == bool(told)


AUTHENTICATION = {
    "session": {"app": "ssl", "rule": "Out", "elapsed": 1},
    "others": [
        {"sessionid": 2, "session_end_reason": "tcp-fin", "subtype": "end", "src": "10.1.1.12"},
        {"sessionid": 3, "proto": "icmp", "app": "icmp", "dport": 0, "sport": 0, "rule": "Out", "bytes": 70,
         "session_end_reason": "aged-out", "subtype": "end", "end": "10:00:05"},
    ],
    "rules": ["Out from=trust to=untrust service=any action=allow"],
    "authentication": ["Ask from=trust to=untrust user=unknown service=any enforcement=default-web-form"],
    "portal": {},
}  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "wanted", "after"),
    [
        (["delete rulebase authentication rules Ask"], {"released": [0]}, None),
        (["set rulebase authentication rules Ask authentication-enforcement default-no-captive-portal"],
         {"released": [0]}, "Ask"),
        (["set rulebase authentication rules Ask authentication-enforcement default-browser-challenge"], {}, None),
        (["set rulebase authentication rules Ask source 10.9.0.0/16"], {"released": [0]}, None),
        (["delete rulebase authentication rules Ask", "set rulebase security rules Out action deny"], {"lost": [1, 2]}, None),
    ],
)  # fmt: skip
def test_what_an_authentication_rule_ended_may_pass(
    lines: list[str], wanted: dict[str, list[int]], after: str | None, tmp_path: Path
) -> None:
    found = case_replay(tmp_path, *lines, case=AUTHENTICATION, release="10.2.4")
    assert told(found) == wanted
    if wanted.get("released"):
        (move,) = found.of(Effect.RELEASED)
        assert (move.rulebase, move.before, move.after) == (Rulebase.AUTHENTICATION, "Ask", after)
        assert any("Authentication: whether a user" in limit for limit in found.limits)


DECRYPTION = {
    "release": "10.2.4",
    "session": {"app": "ssl", "rule": "Out", "sessionid": 7},
    "others": [{"sessionid": 8, "src": "10.1.1.12", "session_end_reason": "tcp-fin", "subtype": "end", "app": "ssl"}],
    "rules": ["Out from=trust to=untrust service=any action=allow"],
    "decryption": ["All from=trust to=untrust service=any action=decrypt kind=ssl-forward-proxy profile=strict"],
    "decryption_log": [{"sessionid": 7, "err_index": "Protocol", "policy_name": "All",
                        "error": "Received fatal alert CertificateUnknown from client"}],
    "objects": {},
}  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["set rulebase decryption rules All action no-decrypt"], {"released": [0]}),
        (["delete rulebase decryption rules All"], {"released": [0]}),
        (["set rulebase decryption rules no destination 203.0.113.9 action no-decrypt service any",
          "move rulebase decryption rules no before All"], {"released": [0]}),
        (["set rulebase decryption rules no destination 203.0.113.9 action no-decrypt service any"], {}),
        (["set rulebase decryption rules All log-success yes"], {}),
    ],
)  # fmt: skip
def test_what_decryption_ended_may_pass(lines: list[str], wanted: dict[str, list[int]], tmp_path: Path) -> None:
    found = case_replay(tmp_path, *lines, case=DECRYPTION)
    assert told(found) == wanted
    if wanted:
        moves = {m.effect: m.sessions for m in found.moves if m.rulebase is Rulebase.DECRYPTION}
        assert moves == {Effect.UNCHANGED: 1, Effect.RELEASED: 1}


def test_sessions_without_a_policy_are_counted(tmp_path: Path) -> None:
    site = build(CASE | {"configuration": False}, tmp_path)
    judge = Judge(site)
    found = replay(site, judge, Judge(site))
    assert (found.unjudged, found.counts[Effect.UNCHANGED]) == (5, 5)
    with pytest.raises(UsageError, match="no configuration among the inputs"):
        edit_site(site, judge.firewalls, ["set rulebase security rules x action allow"])


def test_a_replay_stops_when_it_is_asked_to(tmp_path: Path) -> None:
    site = build(CASE, tmp_path)
    judge = Judge(site)
    stop = Event()
    stop.set()
    with pytest.raises(Cancelled):
        replay(site, judge, judge, Progress(stop=stop))


# --- candidates

CANDIDATE = f"""
set deviceconfig system hostname {HOST}
set zone trust network layer3 ethernet1/1
set rulebase security rules Out from trust to untrust application [ ssl web-browsing ] service any action allow
"""


def test_a_candidate_takes_the_place_of_the_firewalls_own(tmp_path: Path) -> None:
    judge = Judge(build(CASE, tmp_path))
    changed = replace_configuration(judge.site, judge.firewalls, [read_set_format(CANDIDATE, "candidate.txt", 9)])
    assert len(changed.site.configurations) == len(judge.site.configurations)
    found = replay(judge.site, judge, Judge(changed.site, judge.firewalls.release(SERIAL)))
    assert told(found) == {"passes": [HTTP, -1 - DROPPED], "lost": [MAIL]}
    assert changed.lines == ()


def test_a_candidate_of_nobody_is_refused_where_several_could_be_meant(judge: Judge) -> None:
    candidate = read_set_format(CANDIDATE, "candidate.txt", 9)
    with pytest.raises(UsageError, match="choose one with --serial"):
        replace_configuration(judge.site, judge.firewalls, [candidate])
    changed = replace_configuration(judge.site, judge.firewalls, [candidate], BRANCH).site.configurations
    assert [found.serial for found in changed] == [None, BRANCH, None]


def test_a_candidate_needs_something_to_be_compared_with(tmp_path: Path) -> None:
    site = build(CASE | {"configuration": False}, tmp_path)
    with pytest.raises(UsageError, match="could be compared with"):
        replace_configuration(site, Judge(site).firewalls, [read_set_format(CANDIDATE, "candidate.txt", 9)])


# --- the words


def test_the_text_says_first_that_nothing_was_changed_and_gives_the_lines(tmp_path: Path) -> None:
    lines = ("set rulebase security rules Out service any",)
    judge = Judge(build(CASE, tmp_path))
    changed = edit_site(judge.site, judge.firewalls, lines)
    text = whatif_text(replay(judge.site, judge, Judge(changed.site)), Asked(changed.lines, "on the firewall"))
    assert text.startswith("Nothing was changed on any firewall")
    assert (
        "configuration mode on the firewall:\n\ndelete rulebase security rules Out service application-default\n"
        "set rulebase security rules Out service any\n"
    ) in text
    assert "changed security rule Out (local): service application-default -> any" in text
    assert "5 sessions: 3 were refused, 2 passed." in text
    assert "        2  would pass (1 of them conditionally)\n              2  interzone-default -> Out (1 of" in text
    assert "at most their first packets pass for sure" in " ".join(text.split())
    assert "App-ID may settle on another application" in " ".join(text.split())
