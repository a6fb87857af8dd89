"""Files opened together: order, folders, progress, what a caller is told."""

import os
from pathlib import Path
from threading import Event

import pytest

from whydeny.model.addresses import parse_address
from whydeny.model.errors import Cancelled, InputError
from whydeny.model.progress import Progress
from whydeny.model.tables import SessionTable
from whydeny.snapshot.load import is_snapshot
from whydeny.sources.exports.csv_log import CsvReader
from whydeny.sources.open import open_inputs

HEADING = (
    "Domain,Receive Time,Serial #,Type,Threat/Content Type,Source address,Destination address,Session ID,Application"
)
ROW = "1,2024/05/14 10:00:08,012801004711,TRAFFIC,deny,10.1.1.10,203.0.113.9,4711,ssl"
CONFIGURATION = (
    '<config version="10.2.0"><shared/><devices><entry name="localhost.localdomain"><vsys><entry name="vsys1"/></vsys></entry>'
    "</devices></config>"
)
APPLICATIONS = (
    "<response status='success' code='19'><result><application><entry name='{}'><category>x</category><technology>y</technology>"
    "<default><port><member>tcp/{}</member></port></default></entry></application></result></response>"
)


def log(*sessions: int, serial: str = "012801004711") -> str:
    """A small export."""
    rows = [ROW.replace("4711,ssl", f"{n},ssl").replace("012801004711", serial) for n in sessions]
    return "\n".join([HEADING, *rows]) + "\n"


def test_the_site_does_not_depend_on_the_order_of_the_call(tmp_path: Path) -> None:
    paths = []
    for name, text in {
        "c.csv": log(1, 2),
        "a.csv": log(3, serial="012801004712"),
        "b.xml": APPLICATIONS.format("ssl", 443),
    }.items():
        paths.append(tmp_path / name)
        paths[-1].write_text(text)
    sites = [open_inputs(paths), open_inputs([*reversed(paths), paths[0]]), open_inputs([tmp_path, paths[1]])]
    for site in sites:
        assert [Path(s.name).name for s in site.sources] == ["a.csv", "b.xml", "c.csv"]
        assert site.sessions.frame.equals(sites[0].sessions.frame)
        assert site.sessions.frame["file"].to_list() == [0, 2, 2]
        assert site.sessions.frame["serial"].to_list() == ["012801004712", "012801004711", "012801004711"]


def test_folders_are_read_with_their_folders_but_not_what_is_none_of_ours(tmp_path: Path) -> None:
    for name in (
        "x/log.csv",
        "expected.json",
        "README.md",
        ".hidden",
        ".git/log.csv",
        "x/readme",
        "x/.merged-running-config.xml",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(log(1) if name.endswith("csv") else CONFIGURATION)
    site = open_inputs([tmp_path])
    assert [Path(s.name).name for s in site.sources] == [".merged-running-config.xml", "log.csv"]
    assert site.problems == []


def test_lists_in_a_folder_of_that_name_become_members(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "partners.txt").write_text("192.0.2.0/24\n198.51.100.7\n")
    (tmp_path / "log.csv").write_text(log(1))
    site = open_inputs([tmp_path])
    assert site.answers.list_members == {"partners": ("192.0.2.0/24", "198.51.100.7")}
    assert [s.what for s in site.sources] == ["list of members", "traffic log, CSV export"]


def test_device_answers_of_several_files_add_up(tmp_path: Path) -> None:
    rule = '"{}; index: 1" {{\n        from trust;\n        to untrust;\n        action allow;\n}}\n'
    (tmp_path / "1.txt").write_text(f"admin@fw> test security-policy-match from trust\n\n{rule.format('A')}")
    (tmp_path / "2.txt").write_text(f"admin@fw> test security-policy-match from dmz\n\n{rule.format('B')}")
    site = open_inputs([tmp_path])
    assert sorted(rule for test in site.answers.tests for rule in test.rules) == ["A", "B"]
    assert {s.what for s in site.sources} == {"policy test"}


def test_several_answers_about_applications_make_one_table(tmp_path: Path) -> None:
    (tmp_path / "1.xml").write_text(APPLICATIONS.format("ssl", 443))
    (tmp_path / "2.xml").write_text(APPLICATIONS.format("dns", 53) + "\n" + APPLICATIONS.format("smtp", 25))
    site = open_inputs([tmp_path])
    assert sorted(site.applications.applications) == ["dns", "smtp", "ssl"]
    assert not site.applications.complete


def test_the_first_rows_are_told_before_the_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CsvReader, "block_size", 1 << 18)
    (tmp_path / "log.csv").write_text(log(*range(60_000)))
    parts: list[SessionTable] = []
    steps: list[tuple[int, int]] = []
    seen_at: list[int] = []

    def rows(part: SessionTable) -> None:
        parts.append(part)
        seen_at.append(steps[-1][0] if steps else 0)

    site = open_inputs([tmp_path], Progress(lambda _, done, total: steps.append((done, total))), rows)
    size = (tmp_path / "log.csv").stat().st_size
    assert len(parts) > 1
    assert seen_at[0] < size / 2
    assert sum(len(part) for part in parts) == len(site.sessions) == 60_000
    assert parts[0].session(0).id == 0
    assert parts[0].session(0).source == parse_address("10.1.1.10")
    assert steps == sorted(steps)
    assert steps[-1] == (size, size)


def test_an_error_of_who_is_told_of_rows_is_not_lost(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(log(*range(60_000)))

    def rows(part: SessionTable) -> None:
        raise KeyError(len(part))

    with pytest.raises(KeyError):
        open_inputs([tmp_path], on_rows=rows)


def test_reading_stops_when_the_user_asks(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(log(*range(60_000)))
    stop = Event()
    with pytest.raises(Cancelled):
        open_inputs([tmp_path], Progress(stop=stop), lambda _: stop.set())


@pytest.mark.parametrize(
    ("names", "said"),
    [([], "there is no file to open"), (["missing.csv"], r"missing\.csv: there is no such file or folder"),
     (["."], "there is no file to open in this folder")],
    ids=["nothing named", "missing", "empty folder"],
)  # fmt: skip
def test_nothing_to_open_is_said(tmp_path: Path, names: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        open_inputs([tmp_path / name for name in names])


def test_what_is_no_file_is_said_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "log.csv").write_text(log(1))
    (tmp_path / "out" / "other.csv").write_text(log(2))
    os.mkfifo(tmp_path / "in" / "pipe.csv")
    for name, target in {
        "up": "..",
        "self": "self",
        "gone": "nowhere",
        "same.csv": "log.csv",
        "here": "sub",
        ".hid": "up",
    }.items():
        (tmp_path / "in" / name).symlink_to(target)
    (tmp_path / "in" / "out").symlink_to(tmp_path / "out")
    site = open_inputs([tmp_path / "in"])
    assert len(site.sessions) == 1
    said = {Path(p.file).name: p.message for p in site.problems}
    assert said == {
        "pipe.csv": "is no file or folder but a pipe, a socket or a device; save what it gives to a file",
        "self": "is a link to a file that is not there",
        "gone": "is a link to a file that is not there",
        "up": "is a link to another folder, which is not followed; name that folder to open it",
        "out": "is a link to another folder, which is not followed; name that folder to open it",
    }
    assert not is_snapshot(tmp_path / "in" / "pipe.csv")
    with pytest.raises(InputError, match="a pipe, a socket or a device"):
        open_inputs([tmp_path / "in" / "pipe.csv"])


def test_a_folder_that_can_not_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "log.csv").write_text(log(1))
    scan = os.scandir

    def closed(path: str) -> object:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    site = open_inputs([tmp_path])
    assert [str(p) for p in site.problems] == [f"{tmp_path / 'closed'}: the folder can't be read (Permission denied)"]


def test_folders_may_lie_deeper_than_calls(tmp_path: Path) -> None:
    inner = tmp_path
    for _ in range(1_100):
        inner /= "d"
        inner.mkdir()
    (inner / "log.csv").write_text(log(1))
    try:
        assert len(open_inputs([tmp_path]).sessions) == 1
    finally:  # what clears up after tests calls itself for each folder
        (inner / "log.csv").unlink()
        while inner != tmp_path:
            inner.rmdir()
            inner = inner.parent


def test_many_useless_files_are_counted_not_all_listed(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number:02d}.txt").write_text("nothing of ours\n")
    (tmp_path / "log.csv").write_text(log(1))
    site = open_inputs([tmp_path])
    assert len(site.problems) == 21
    assert str(site.problems[-1]) == "the inputs: 10 more files could not be used"


def test_every_example_is_opened_or_refused_with_a_sentence(shared: Path) -> None:
    paths = sorted(p for p in (shared / "samples").rglob("*") if p.is_file() and p.name != "README.md")
    site = open_inputs(paths)
    opened, refused = {s.name for s in site.sources}, {p.file for p in site.problems}
    assert opened | refused == {str(path) for path in paths}
    assert len(opened) >= 20


def test_every_case_opens_without_a_problem(shared: Path) -> None:
    for folder in sorted(p for p in (shared / "cases").iterdir() if p.is_dir()):
        site = open_inputs([folder])
        assert site.problems == []
        assert len(site.sessions)
        assert len(site.configurations) == 1
