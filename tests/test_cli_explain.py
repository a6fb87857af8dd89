"""`whydeny explain`: the JSON of the contract, exit statuses, sentences for what can't be used, and a reader that leaves."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from site_builder import build, files_of
from whydeny.cli.main import whydeny
from whydeny.verdict.finding import Outcome

SESSION_KEYS = {
    "id", "serial", "vsys", "start", "end", "source", "source_port", "destination", "destination_port", "protocol",
    "from_zone", "to_zone", "user", "application", "category", "rule", "action", "end_reason", "subtype", "flags",
}  # fmt: skip
VERDICT_KEYS = {
    "cause", "variant", "confidence", "denied_by", "headline", "supports", "contradicts", "missing", "fix", "commands",
    "references",
}  # fmt: skip
CASE: dict[str, Any] = {
    "release": "10.2.4",
    "session": {"app": "ssh", "dport": 443, "flags": "nat", "srcuser": "example\\jdoe"},
    "others": [{"sessionid": 2, "session_end_reason": "tcp-fin", "subtype": "end", "app": "ssl"}],
    "rules": ["Out from=trust to=untrust app=web-browsing,ssl service=any"],
    "decryption": ["Decrypt from=trust to=untrust action=decrypt kind=ssl-forward-proxy"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one refused session, one that completed, and a configuration."""
    build(CASE, tmp_path)
    return tmp_path


def explain(*arguments: str | Path) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(whydeny, ["explain", *map(str, arguments)])


def lines(result: Result) -> list[dict[str, Any]]:
    """The JSON objects of an answer."""
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_one_object_a_session_in_the_shape_of_the_contract(folder: Path) -> None:
    (found,) = lines(explain(folder, "--format", "json"))
    assert found.keys() >= {"session", "outcome", "verdict", "alternatives", "excluded", "rules"}
    assert found["session"].keys() >= SESSION_KEYS
    assert found["verdict"].keys() >= VERDICT_KEYS
    assert found["outcome"] == "allowed-then-denied"
    assert found["alternatives"][0].keys() == {"cause", "confidence", "flips_if"}
    assert found["excluded"][0].keys() == {"cause", "because"}
    assert found["rules"].keys() == {"security", "decryption", "authentication"}
    assert found["rules"]["security"].keys() >= {"logged", "evaluated", "certainty", "trace"}
    assert found["rules"]["security"]["trace"][0].keys() >= {"rule", "result", "criterion", "detail"}


def test_the_values_of_the_row_have_their_json_types(folder: Path) -> None:
    session = lines(explain(folder, "--format", "json"))[0]["session"]
    assert session["id"] == 4711
    assert session["source"] == "10.1.1.10"
    assert session["destination_port"] == 443
    assert session["protocol"] == "tcp"
    assert session["start"] == "2024-05-02T10:00:03"
    assert session["end"] == "2024-05-02T10:00:04"
    assert session["user"] == "example\\jdoe"
    assert session["flags"] == ["nat"]


def test_the_rules_say_which_was_logged_and_which_takes_it(folder: Path) -> None:
    rules = lines(explain(folder, "--format", "json"))[0]["rules"]
    assert (rules["security"]["logged"], rules["security"]["evaluated"]) == ("Out", "interzone-default")
    assert rules["security"]["certainty"] == "certain"
    assert rules["decryption"]["evaluated"] == "Decrypt"
    assert rules["authentication"]["evaluated"] is None


def test_without_where_only_what_was_allowed_and_then_denied(folder: Path) -> None:
    assert [found["session"]["id"] for found in lines(explain(folder, "--format", "json"))] == [4711]


def test_where_all_explains_every_session(folder: Path) -> None:
    found = lines(explain(folder, "--where", "all", "--format", "json"))
    assert {answer["session"]["id"] for answer in found} == {4711, 2}
    assert {answer["outcome"] for answer in found} <= {outcome.value for outcome in Outcome}
    completed = next(answer for answer in found if answer["session"]["id"] == 2)
    assert completed["verdict"]["cause"] is None
    assert completed["verdict"]["headline"]


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("( app eq ssl )", {2}),
        ("( session_end_reason eq policy-deny ) and ( action eq allow )", {4711}),
        ("( addr.src in 10.1.0.0/16 )", {4711, 2}),
        ("( cause eq app-shift )", {4711}),
    ],
    ids=["application", "the vendor's own search", "network", "the verdict"],
)
def test_where_selects_by_the_filter_language(where: str, ids: set[int], folder: Path) -> None:
    found = lines(explain(folder, "--where", where, "--format", "json"))
    assert {answer["session"]["id"] for answer in found} == ids


def test_nothing_selected_is_status_1_and_a_sentence(folder: Path) -> None:
    result = explain(folder, "--where", "( app eq telnet )")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "no session is selected" in result.stderr


def test_nothing_is_selected_from_an_export_that_tells_no_refused_sessions(tmp_path: Path) -> None:
    heading = "Receive Time,Type,Threat/Content Type,Source address,Destination address,Application,Action"
    (tmp_path / "log.csv").write_text(f"{heading}\n2024/05/14 10:00:08,TRAFFIC,end,10.1.1.10,203.0.113.9,ssl,allow\n")
    result = explain(tmp_path / "log.csv")
    assert result.exit_code == 1
    assert f"{tmp_path / 'log.csv'} lacks the column Session End Reason, which tells refused sessions" in result.stderr
    assert "lacks" not in explain(tmp_path / "log.csv", "--where", "( app eq telnet )").stderr


def test_an_empty_name_is_not_the_current_folder(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.chdir(folder)
    result = explain("")
    assert result.exit_code == 2
    assert "an empty name is no file or folder" in result.output


def test_a_filter_that_can_not_be_read_is_status_2_and_shows_where(folder: Path) -> None:
    result = explain(folder, "--where", "( app eq ")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.strip()) > 20


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such-file.csv"], "no-such-file.csv"),
        (["--pan-os", "ten"], "ten"),
        (["--format", "yaml"], "yaml"),
        ([], "INPUT"),
    ],
    ids=["a file that is not there", "a release that is none", "a format that is none", "no input at all"],
)
def test_a_call_that_can_not_be_used_is_status_2(arguments: list[str], words: str, folder: Path) -> None:
    inputs = [] if not arguments or arguments[0].endswith(".csv") else [folder]
    result = explain(*inputs, *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_a_useless_file_alone_is_status_2_and_names_what_was_expected(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    result = explain(path)
    assert result.exit_code == 2
    assert "picture.png" in result.stderr


def test_a_useless_file_beside_good_ones_is_told_and_does_no_harm(folder: Path) -> None:
    (folder / "notes.txt").write_text("ask the network team\n", "utf-8")
    result = explain(folder, "--format", "json")
    assert result.exit_code == 0
    assert "notes.txt" in result.stderr
    assert len(result.stdout.splitlines()) == 1


def test_expected_json_readme_and_dotfiles_are_passed_over(folder: Path) -> None:
    for name in ("expected.json", "README.md", ".hidden"):
        (folder / name).write_text("not an input", "utf-8")
    result = explain(folder, "--format", "json")
    assert (result.exit_code, result.stderr) == (0, "")


def test_pan_os_overrides_the_release_of_the_inputs(tmp_path: Path) -> None:
    build(
        CASE | {"session": {"flags": "decrypted"}, "rules": ["Out app=web-browsing service=application-default"]},
        tmp_path,
    )
    (newer,) = lines(explain(tmp_path, "--where", "( sessionid eq 4711 )", "--format", "json"))
    (older,) = lines(explain(tmp_path, "--where", "( sessionid eq 4711 )", "--pan-os", "8.1", "--format", "json"))
    assert newer["verdict"]["cause"] == "unexplained"
    assert older["verdict"]["cause"] == "app-default-decrypted-port"


def test_files_can_be_given_one_by_one_in_any_order(tmp_path: Path) -> None:
    build(CASE, tmp_path)
    paths = [tmp_path / "running-config.xml", tmp_path / "traffic.xml"]
    assert lines(explain(*paths, "--format", "json")) == lines(explain(*reversed(paths), "--format", "json"))


def test_config_is_one_more_input(tmp_path: Path) -> None:
    build(CASE, tmp_path)
    with_config = explain(tmp_path / "traffic.xml", "--config", tmp_path / "running-config.xml", "--format", "json")
    assert lines(with_config)[0]["verdict"]["cause"] == "app-shift"


def test_the_answer_does_not_change_between_runs(folder: Path) -> None:
    assert explain(folder, "--where", "all").stdout == explain(folder, "--where", "all").stdout


@pytest.mark.parametrize("form", ["xml", "csv", "syslog"])
def test_the_three_forms_of_a_log_give_one_answer(form: str, tmp_path: Path) -> None:
    build(CASE | {"format": form}, tmp_path)
    (found,) = lines(explain(tmp_path, "--format", "json"))
    assert (found["verdict"]["cause"], found["verdict"]["denied_by"]) == ("app-shift", "interzone-default")
    assert found["verdict"]["confidence"] == pytest.approx(0.94)


def test_a_discarded_session_as_the_command_line_prints_it(tmp_path: Path) -> None:
    (tmp_path / "running-config.xml").write_text(files_of(CASE)["running-config.xml"], "utf-8")
    (tmp_path / "session.txt").write_text(SHOWN, "utf-8")
    (found,) = lines(explain(tmp_path, "--format", "json"))
    assert found["outcome"] == "in-progress"
    assert found["verdict"]["cause"] == "app-shift"
    assert any("appid policy lookup deny" in text for text in found["verdict"]["supports"])


@pytest.mark.parametrize(
    ("state", "ended"), [("DISCARD", "unknown"), ("INIT", "policy-deny"), ("CLOSED", "policy-deny")]
)
def test_what_the_session_table_shows_as_refused_is_explained(state: str, ended: str, tmp_path: Path) -> None:
    session = {"app": "ssh", "state": state, "ended": ended}
    build(CASE | {"others": [], "session": session, "live": "id"}, tmp_path)
    (found,) = lines(explain(tmp_path, "--format", "json"))
    assert found["verdict"]["cause"] == "app-shift"


def test_a_session_of_the_table_shows_what_the_table_tells(tmp_path: Path) -> None:
    (tmp_path / "session.txt").write_text(
        SHOWN.replace("captive portal session ", "session proxied: True\n x"), "utf-8"
    )
    (found,) = lines(explain(tmp_path, "--format", "json"))
    assert found["session"]["flags"] == ["decrypted"]
    shown = explain(tmp_path).stdout
    assert "Flags:       decrypted" in shown
    assert "Tracker:     appid policy lookup deny" in shown
    (tmp_path / "session.txt").write_text(LISTED, "utf-8")
    shown = explain(tmp_path).stdout
    assert "no rule" in shown
    assert "None" not in shown


LISTED = """\
4711         ssh            DISCARD FLOW       10.1.1.10[51000]/trust/6  (10.1.1.10[51000])
vsys1                                          203.0.113.9[443]/untrust  (203.0.113.9[443])
"""
SHOWN = """\
admin@fw-example> show session id 4711

Session            4711

        c2s flow:
                source:      10.1.1.10 [trust]
                dst:         203.0.113.9
                proto:       6
                sport:       51000           dport:      443
                state:       DISCARD         type:       FLOW
                src user:    unknown
                dst user:    unknown

        s2c flow:
                source:      203.0.113.9 [untrust]
                dst:         192.0.2.1
                proto:       6
                sport:       443             dport:      20111
                state:       DISCARD         type:       FLOW
                src user:    unknown
                dst user:    unknown

        start time                           : Thu May  2 10:00:03 2024
        timeout                              : 90 sec
        time to live                         : 71 sec
        total byte count(c2s)                : 1200
        total byte count(s2c)                : 1111
        vsys                                 : vsys1
        application                          : ssh
        rule                                 : Out
        session to be logged at end          : True
        session in session ager              : True
        captive portal session               : False
        tracker stage firewall               : appid policy lookup deny
        end-reason                           : unknown
"""


def test_text_is_the_same_finding(folder: Path) -> None:
    result = explain(folder)
    assert result.exit_code == 0
    assert "Last allowed by Out, then refused" in result.stdout
    assert "Ruled out:" in result.stdout


def test_a_reader_that_leaves_early_is_no_error(folder: Path) -> None:
    run = "import sys; from whydeny.cli.main import main; main()"
    command = [sys.executable, "-c", run, "explain", str(folder), "--where", "all"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) in (0, 1)
    assert said == b""
