"""Log rows that stand in several files: they count once, and what only looks alike does not."""

from pathlib import Path

import pytest

from site_builder import build
from whydeny.model.columns import Kind
from whydeny.model.site import Site
from whydeny.sources.open import open_inputs

SERIAL = "007200000000001"
NUMBERED = ("Receive Time", "Serial #", "Type", "Threat/Content Type", "Generate Time", "Source address",
            "Destination address", "Session ID", "Application", "Sequence Number")  # fmt: skip
FIRST = 7195838274152187285


def log(*numbers: int, log_type: str = "TRAFFIC", subtype: str = "end", **cells: str) -> str:
    """An export with rows of these numbers; `cells` replaces or adds cells by heading, blanks as `_`."""
    given = {name.replace("_", " "): cell for name, cell in cells.items()}
    rows = []
    for number in numbers:
        time = f"2024/05/14 10:{number // 60:02}:{number % 60:02}"
        row = dict(zip(NUMBERED, (time, SERIAL, log_type, subtype, time, "10.1.1.10", "203.0.113.9", str(4000 + number),
                                  "ssl", str(FIRST + number)), strict=True))  # fmt: skip
        rows.append(row | given)
    return "\n".join([",".join((NUMBERED[0], *list(rows[0])[1:])), *(",".join(row.values()) for row in rows)]) + "\n"


def opened(folder: Path, **files: str) -> Site:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return open_inputs([folder])


def said(site: Site) -> list[str]:
    return [f"{Path(p.file).name}: {p.message.replace(str(Path(p.file).parent), '')}" for p in site.problems]


def test_rows_of_exports_that_overlap_count_once(tmp_path: Path) -> None:
    site = opened(tmp_path, a=log(*range(60)), b=log(*range(30, 90)), c=log(*range(89, 100)))
    assert site.sessions.frame["session_id"].to_list() == list(range(4000, 4100))
    assert said(site) == ["b.csv: 30 rows of it are also in /a.csv and count once",
                          "c.csv: 1 row of it is also in /b.csv and counts once"]  # fmt: skip
    kept = site.sessions.frame.select("file", "line").rows()
    assert kept[59] == (0, 61)
    assert kept[60] == (1, 32)
    assert [source.rows for source in site.sources] == [60, 60, 11]


def test_the_copy_with_more_cells_stays(tmp_path: Path) -> None:
    site = opened(tmp_path, a=log(1, 2), b=log(2, 3, Source_User="example\\jdoe"), c=log(3, Rule="Out", Action="allow"))
    assert site.sessions.frame.select("file", "session_id", "user", "rule").rows() == [
        (0, 4001, None, None),
        (1, 4002, "example\\jdoe", None),
        (2, 4003, None, "Out"),
    ]
    assert said(site) == ["b.csv: 1 row of it is also in /a.csv and counts once",
                          "c.csv: 1 row of it is also in /b.csv and counts once"]  # fmt: skip


@pytest.mark.parametrize(
    ("log_type", "subtype", "kind"),
    [("THREAT", "url", Kind.URL), ("THREAT", "spyware", Kind.THREAT), ("DECRYPTION", "0", Kind.DECRYPTION),
     ("SYSTEM", "general", Kind.SYSTEM), ("AUTH", "portal", Kind.AUTHENTICATION), ("CONFIG", "0", Kind.CONFIGURATION),
     ("USERID", "login", Kind.USERID), ("IPTAG", "0", Kind.IPTAG)],
)  # fmt: skip
def test_rows_of_every_log_count_once(log_type: str, subtype: str, kind: Kind, tmp_path: Path) -> None:
    texts = [log(*numbers, log_type=log_type, subtype=subtype) for numbers in (range(4), range(2, 6))]
    site = opened(tmp_path, a=texts[0], b=texts[1])
    assert len(site.logs[kind]) == 6
    assert said(site) == ["b.csv: 2 rows of it are also in /a.csv and count once"]


def test_an_export_and_the_syslog_of_the_same_hour_count_once(tmp_path: Path) -> None:
    case = {"release": "10.2.7", "session": {"app": "ssl", "seqno": "4242"}, "configuration": False}
    for form in ("csv", "syslog", "xml"):
        build(case | {"format": form}, tmp_path)
    site = open_inputs([tmp_path])
    assert len(site.sources) == 3
    assert len(site.sessions) == 1
    assert len(site.problems) == 2


@pytest.mark.parametrize(
    "other",
    [{"Serial_#": "007200000000002"}, {"Session_ID": "17"}, {"subtype": "start"},
     {"Generate_Time": "2024/05/14 10:00:02"}, {"log_type": "THREAT", "subtype": "url"}],
    ids=["another firewall", "another session", "start of it", "another time", "another log"],
)  # fmt: skip
def test_another_row_with_the_same_number_stays(other: dict[str, str], tmp_path: Path) -> None:
    site = opened(tmp_path, a=log(1), b=log(1, **other))
    assert len(site.sessions) + sum(map(len, site.logs.values())) == 2
    assert site.problems == []


@pytest.mark.parametrize("lacking", ["Serial_#", "Sequence_Number", "Session_ID", "Generate_Time"])
def test_a_row_that_does_not_say_which_it_is_stays(lacking: str, tmp_path: Path) -> None:
    cells = {lacking: ""} | ({"Receive_Time": ""} if lacking == "Generate_Time" else {})
    site = opened(tmp_path, a=log(1, **cells), b=log(1, **cells), c=log(2))
    assert len(site.sessions) == 3
    assert site.problems == []
    assert len(opened(tmp_path, a=log(1, Sequence_Number="0"), b=log(1, Sequence_Number="0")).sessions) == 3


def test_one_file_is_left_as_it_is_and_tells_that_its_numbers_are_none(tmp_path: Path) -> None:
    assert len(opened(tmp_path, a=log(1, 1, 2)).sessions) == 3
    site = opened(tmp_path, b=log(1, 2))
    assert site.sessions.frame["file"].to_list() == [0, 0, 0, 1]
    assert said(site) == ["b.csv: 1 row of it is also in /a.csv and counts once"]


def test_numbers_that_a_spreadsheet_rounded_are_none(tmp_path: Path) -> None:
    rounded = str(FIRST // 10_000 * 10_000)
    texts = [log(1, log_type="SYSTEM", subtype="general", Sequence_Number=rounded, Description=text) for text in "ab"]
    assert len(opened(tmp_path, a=texts[0], b=texts[1]).logs[Kind.SYSTEM]) == 2


def test_many_files_with_the_same_rows_get_few_sentences(tmp_path: Path) -> None:
    site = opened(tmp_path, **{f"f{number:02}": log(1, 2) for number in range(25)})
    assert len(site.sessions) == 2
    assert len(site.problems) == 21
    assert str(site.problems[-1]) == "the inputs: 8 rows of 4 more pairs of files count once"
