"""Verdicts where the inputs leave something out: flags, user, application, zones, parent, the usual rate."""

from pathlib import Path
from typing import Any

import pytest

from site_builder import ROW, build, files_of, release_of
from whydeny.report.text import finding_text
from whydeny.sources.open import open_inputs
from whydeny.verdict.finding import Finding
from whydeny.verdict.judge import Judge

RELEASE = "10.2.7"
SSH: dict[str, Any] = {
    "release": RELEASE,
    "session": {"app": "ssh"},
    "rules": ["Out from=trust to=untrust app=web-browsing,ssl service=any"],
}
FTP: dict[str, Any] = {
    "release": RELEASE,
    "session": {"app": "ftp-data", "dport": 50111, "sport": 52001, "elapsed": 5, "parent_session_id": 4600},
    "rules": ["Out from=trust to=untrust app=ftp service=any"],
}
TLS_PORT: dict[str, Any] = {
    "release": "7.1.10",
    "flags_unknown": True,
    "session": {"app": "web-browsing"},
    "rules": ["Out from=trust to=untrust app=web-browsing,ssl service=application-default"],
}


def judged(case: dict[str, Any], folder: Path) -> Finding:
    """The finding of the first row."""
    return Judge(build(case, folder), release_of(case)).finding(0)


def words_of(finding: Finding) -> str:
    """Its text as one line: where it is wrapped hangs on how long the files' names are."""
    return " ".join(finding_text(finding).split())


def excluded(finding: Finding) -> dict[str, str]:
    return {exclusion.cause: exclusion.because for exclusion in finding.excluded}


@pytest.mark.parametrize(
    ("decryption", "cause"),
    [
        ([], "app-default-port"),
        (["Leave from=trust to=untrust action=no-decrypt"], "app-default-port"),
        (["Other from=dmz to=untrust action=decrypt kind=ssl-forward-proxy"], "app-default-port"),
        (["Decrypt from=trust to=untrust action=decrypt kind=ssl-forward-proxy"], "app-default-decrypted-port"),
    ],
    ids=["no decryption rules", "a rule that leaves it alone", "none that takes it", "one that decrypts it"],
)
def test_a_row_without_flags_was_decrypted_only_if_a_rule_decrypts_it(
    decryption: list[str], cause: str, tmp_path: Path
) -> None:
    finding = judged(TLS_PORT | {"decryption": decryption}, tmp_path)
    assert finding.verdict.cause == cause
    if cause == "app-default-port":
        assert "the row has no flags" in excluded(finding)["app-default-decrypted-port"]


def test_a_session_that_its_control_session_announced_is_no_shift_of_its_own(tmp_path: Path) -> None:
    finding = judged(FTP, tmp_path)
    assert finding.verdict.confidence <= 0.5
    assert "announced by a control session" in words_of(finding)
    assert "parent-session" in {other.cause for other in finding.alternatives}


@pytest.mark.parametrize("parent", [0, ""], ids=["a column that names none", "no value"])
def test_data_of_a_control_session_may_have_fallen_with_it_though_no_parent_is_named(
    parent: object, tmp_path: Path
) -> None:
    finding = judged(FTP | {"session": FTP["session"] | {"parent_session_id": parent}}, tmp_path)
    assert finding.verdict.confidence <= 0.5
    assert "parent-session" not in excluded(finding)


@pytest.mark.parametrize(
    "session",
    [{"tunnel": "GRE"}, {"app": "rtp", "parent_session_id": 0}],
    ids=["inside an inspected tunnel", "media that nothing announced"],
)
def test_a_session_that_rules_are_asked_about_is_judged_by_its_own_look_up(
    session: dict[str, Any], tmp_path: Path
) -> None:
    finding = judged(FTP | {"session": FTP["session"] | session}, tmp_path)
    assert finding.verdict.cause == "app-shift"
    assert finding.verdict.confidence >= 0.8


def test_a_row_without_an_application_rules_no_application_out(tmp_path: Path) -> None:
    finding = judged(SSH | {"session": {"app": ""}}, tmp_path)
    assert finding.verdict.cause == "unexplained"
    assert finding.verdict.confidence <= 0.5
    assert not {"app-shift", "app-default-port", "app-dependency"} & set(excluded(finding))
    assert any("the application of the session" in missing for missing in finding.verdict.missing)


@pytest.mark.parametrize(
    ("rule", "session", "cause"),
    [
        ("app=web-browsing service=any", {"app": "ssh"}, "app-shift"),
        ("category=news service=any", {"category": "gambling"}, "url-category"),
        ("user=known-user service=any", {}, "user-or-host-criteria"),
        ("app=web-browsing service=application-default", {"dport": 8080}, "app-default-port"),
    ],
)
def test_a_row_without_zones_leaves_open_what_the_rule_misses_by(
    rule: str, session: dict[str, Any], cause: str, tmp_path: Path
) -> None:
    case = {"release": RELEASE, "session": session | {"from": ""}, "rules": [f"Out from=trust to=untrust {rule}"]}
    finding = judged(case, tmp_path)
    assert finding.verdict.cause == "unexplained"
    assert cause in {other.cause for other in finding.alternatives}
    assert cause not in excluded(finding)


def test_users_of_a_rule_count_from_the_first_packet_on(tmp_path: Path) -> None:
    case = {"release": RELEASE, "session": {"app": "ssl"}, "rules": ["Out from=trust to=untrust user=known-user"]}
    before = {"srcuser": "example\\jdoe", "end": "09:50:00", "subtype": "end", "session_end_reason": "tcp-fin"}
    alone = judged(case, tmp_path)
    (tmp_path / "more").mkdir()
    shown = judged(case | {"others": [before | {"sessionid": 4600}]}, tmp_path / "more")
    assert alone.verdict.cause == shown.verdict.cause == "user-or-host-criteria"
    assert alone.verdict.confidence <= 0.7 <= shown.verdict.confidence
    assert "no input shows that the address had one then" in words_of(alone)
    assert "no input shows" not in words_of(shown)


def exported(case: dict[str, Any], folder: Path, *lacking: str) -> Finding:
    """The finding of the first row of a CSV export without some of its columns."""
    return exports_judge(case, folder, *lacking).finding(0)


def exports_judge(case: dict[str, Any], folder: Path, *lacking: str) -> Judge:
    folder.mkdir()
    files = files_of(case | {"format": "csv"})
    for key in lacking:
        files["traffic.csv"] = files["traffic.csv"].replace(f",{key},", ",unused,", 1)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return Judge(open_inputs([folder]), release_of(case))


@pytest.mark.parametrize(
    "rule",
    ["Staff from=trust to=untrust source=10.1.1.10 user=known-user app=ssh service=any",
     "Guests from=trust to=untrust source=10.1.1.10 user=unknown app=ssh service=any action=deny log-end=no"],
    ids=["that may have allowed it", "that may not have refused it"],
)  # fmt: skip
def test_rules_for_users_cap_a_verdict_where_the_export_says_no_user(rule: str, tmp_path: Path) -> None:
    case: dict[str, Any] = SSH | {"rules": [rule, *SSH["rules"]], "others": [{"src": "10.1.1.11", "sessionid": 4712}]}
    full, lacking = exports_judge(case, tmp_path / "full"), exports_judge(case, tmp_path / "lacking", "srcuser")
    assert full.finding(0).verdict.confidence > 0.7
    capped, elsewhere = lacking.finding(0), lacking.finding(1)
    assert capped.verdict.confidence <= 0.6
    assert "the traffic log with its column Source User" in capped.verdict.missing
    assert f"lacks the column Source User, and {rule.split()[0]} asks for users" in " ".join(
        finding_text(capped).split()
    )
    assert elsewhere.verdict.confidence > 0.7
    whole = lacking.judge_all()["confidence"].to_list()
    assert whole == pytest.approx([capped.verdict.confidence, elsewhere.verdict.confidence])


def test_an_export_without_users_does_not_prove_that_none_was_known(tmp_path: Path) -> None:
    known = {"srcuser": "example\\jdoe", "sessionid": 4600, "src": "10.1.1.11"}
    rules = ["Out from=trust to=untrust user=known-user"]
    whole = {"release": RELEASE, "session": {"app": "ssl"}, "others": [known], "rules": rules}
    lacking, full = exported(whole, tmp_path / "lacking", "srcuser"), exported(whole, tmp_path / "full")
    assert lacking.verdict.cause == full.verdict.cause == "user-or-host-criteria"
    assert lacking.verdict.confidence <= 0.5 < full.verdict.confidence
    assert "the firewall may have known no user" in lacking.verdict.headline
    assert "the traffic log with its column Source User" in lacking.verdict.missing
    assert "lacks the column" not in words_of(full)


def test_an_export_in_which_no_row_has_a_user_says_that_none_was_known(tmp_path: Path) -> None:
    case = {"release": RELEASE, "session": {"app": "ssl"}, "rules": ["Out from=trust to=untrust user=known-user"]}
    full, lacking = exported(case, tmp_path / "full"), exported(case, tmp_path / "lacking", "srcuser")
    assert "lacks the column" not in words_of(full)
    assert lacking.verdict.confidence < full.verdict.confidence - 0.1


def test_a_refusal_of_unknown_users_counts_for_little_where_the_export_says_no_user(tmp_path: Path) -> None:
    rules = [
        "Guests from=trust to=untrust user=unknown action=deny log-end=no",
        "Out from=trust to=untrust service=any",
    ]
    case = {"release": RELEASE, "session": {"app": "ssl"}, "rules": rules}
    full, lacking = exported(case, tmp_path / "full"), exported(case, tmp_path / "lacking", "srcuser")
    assert full.verdict.cause == lacking.verdict.cause == "user-or-host-criteria"
    assert lacking.verdict.confidence < full.verdict.confidence - 0.15
    assert "lacks the column Source User" in words_of(lacking)


def test_an_export_without_its_column_does_not_rule_an_http2_stream_out(tmp_path: Path) -> None:
    case = {"release": RELEASE, "session": {"app": "ssl", "flags": "decrypted"}, "rules": SSH["rules"]}
    full, lacking = exported(case, tmp_path / "full"), exported(case, tmp_path / "lacking", "http2_connection")
    assert "http2-stream" in excluded(full)
    assert "http2-stream" not in excluded(lacking)


def test_an_export_without_end_reasons_is_said_to_have_none(tmp_path: Path) -> None:
    case = {"release": RELEASE, "session": {"app": "ssl"}, "rules": SSH["rules"]}
    finding = exported(case, tmp_path / "lacking", "session_end_reason")
    assert finding.verdict.headline.endswith(
        "traffic.csv lacks the column Session End Reason (since 6.1), so that how the session ended is not known."
    )


@pytest.mark.parametrize(
    ("form", "release", "lacking"),
    [
        ("csv", "10.2.7", ()),
        ("syslog", "10.2.7", ()),
        ("xml", "10.2.7", ()),
        ("syslog", "8.1.0", ("http2_connection",)),
        ("syslog", "7.1.0", ("http2_connection", "parent_session_id")),
    ],
)
def test_what_columns_a_log_lacks_is_known(form: str, release: str, lacking: tuple[str, ...], tmp_path: Path) -> None:
    telling = {"parent_session_id": "0", "http2_connection": "0", "flags": "decrypted"}
    case = {"release": release, "session": {"app": "ssl"} | telling, "format": form}
    assert [s.lacking for s in build(case | {"configuration": False}, tmp_path).sources] == [lacking]


def test_that_captive_portal_before_8_0_ends_what_it_cant_redirect_is_not_said_with_confidence(tmp_path: Path) -> None:
    case: dict[str, Any] = {
        "release": "7.1.10",
        "session": {"app": "ssl"},
        "rules": ["Out from=trust to=untrust service=any"],
        "authentication": ["Ask from=trust to=untrust user=unknown service=any action=web-form"],
        "portal": {"redirect": "portal.example.net"},
    }
    old = judged(case, tmp_path)
    (tmp_path / "new").mkdir()
    ask = case["authentication"][0].replace("action=web-form", "enforcement=default-web-form")
    new = judged(case | {"release": RELEASE, "authentication": [ask]}, tmp_path / "new")
    assert old.verdict.cause == new.verdict.cause == "authentication-challenge"
    assert old.verdict.confidence <= 0.65 < 0.8 <= new.verdict.confidence
    assert "captive portal before 8.0 ends" in words_of(old)


def test_what_is_not_documented_of_8_1_is_not_said_with_confidence(tmp_path: Path) -> None:
    case = {
        "release": "8.1.9",
        "session": {"app": "ssl", "flags": "decrypted"},
        "rules": ["Out from=trust to=untrust service=any"],
        "decryption": ["Decrypt from=trust to=untrust action=decrypt kind=ssl-forward-proxy"],
    }
    assert judged(case, tmp_path).verdict.confidence <= 0.55


def refusals(seconds: int, each: int) -> list[dict[str, Any]]:
    """As many conversations refused in every second up to the session's own."""
    return [
        {
            "sessionid": 9000 + n,
            "src": f"10.2.{n // 200}.{n % 200 + 1}",
            "end": f"{9 if second < 0 else 10:02}:{second // 60 % 60:02}:{second % 60:02}",
            "elapsed": 1,
            "bytes": ROW["bytes"],
        }
        for n in range(seconds * each)
        for second in [4 - n // each]
    ]


def test_a_steady_rate_of_refusals_is_no_crowd(tmp_path: Path) -> None:
    late = SSH | {"session": SSH["session"] | {"elapsed": 90, "bytes": 40_000}, "settings": {"config/rematch": True}}
    site = build(late | {"others": refusals(100, 6)}, tmp_path)
    judge = Judge(site, release_of(late))
    assert judge.case(0).cluster == 0
    assert judge.finding(0).verdict.cause == "app-shift"


def test_refusals_beyond_the_usual_are_a_crowd(tmp_path: Path) -> None:
    burst = [
        row | {"end": "10:00:04", "dst": "198.51.100.9", "sessionid": 20_000 + n}
        for n, row in enumerate(refusals(80, 1))
    ]
    judge = Judge(build(SSH | {"others": [*refusals(100, 6), *burst]}, tmp_path), release_of(SSH))
    assert judge.case(0).cluster > 80
