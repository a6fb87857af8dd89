"""A snapshot holds everything, survives kills and full disks, and opens nothing that it should not."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whydeny.model.answers import DeviceAnswers, PolicyTest, RunningRule, Told, UserMapping
from whydeny.model.applications import Application, ApplicationTable
from whydeny.model.columns import Kind, schema
from whydeny.model.configuration import (
    Address,
    AddressGroup,
    ApplicationFilter,
    AuthenticationObject,
    CaptivePortal,
    Configuration,
    ConfigurationKind,
    CustomApplication,
    DecryptionProfile,
    DeviceGroup,
    ExternalList,
    Group,
    LogForwarding,
    Origin,
    Place,
    Region,
    Rule,
    Rulebase,
    RuleLists,
    Schedule,
    Scope,
    Service,
    UrlCategory,
    VirtualSystem,
    Zone,
)
from whydeny.model.errors import Cancelled, InputError, WhydenyError
from whydeny.model.progress import Progress
from whydeny.model.release import Release
from whydeny.model.site import Problem, Site, Source, SystemInfo
from whydeny.model.tables import LogTable, SessionTable, empty_frame
from whydeny.snapshot import migrate
from whydeny.snapshot.codec import Malformed, from_json, to_json
from whydeny.snapshot.load import is_snapshot, load_snapshot, read_manifest
from whydeny.snapshot.manifest import FORMAT, KEPT, MANIFEST, PARTS, SESSIONS, SITE, JudgedWith, Snapshot
from whydeny.snapshot.save import save_snapshot
from whydeny.verdict.judge import Judge

SAVED = Path(__file__).parent / "snapshots"


def _sessions(count: int = 3, **columns: Any) -> pl.DataFrame:
    found = pl.DataFrame({name: pl.repeat(None, count, dtype=dtype, eager=True)
                          for name, dtype in schema(Kind.TRAFFIC).items()})  # fmt: skip
    own = {
        "file": [0] * count,
        "line": list(range(2, count + 2)),
        "source_hi": [0] * count,
        "source_lo": [(0xFFFF << 32) + 0x0A010101 + n for n in range(count)],
        "rule": ["OUT", "Users Out", None] * (count // 3),
        "receive_time": [datetime(2024, 5, 14, 10) + timedelta(seconds=n) for n in range(count)],
    }
    for name, values in (own | columns).items():
        dtype = pl.String() if name.startswith("x:") else schema(Kind.TRAFFIC)[name]
        found = found.with_columns(pl.Series(name, values, dtype=dtype))
    return found


ORIGIN = Origin(Place.PRE, "HQ", panorama=True)
RULE = Rule("Users Out", Rulebase.SECURITY, 1, ORIGIN, uuid="7c9e6679-7425-40de-944b-e07fc1f90ae7",
            sources=("n-clients", "10.0.0.0/8"), action="deny", log_end=False, timeout=5)  # fmt: skip
SCOPE = Scope(
    "vsys1",
    addresses={"a": Address("a", "ip-netmask", "10.0.0.1/32", ("web",))},
    address_groups={"g": AddressGroup("g", ("a",)), "d": AddressGroup("d", filter="'web' and 'prod'")},
    dynamic_user_groups={"risky": "'risk-high'"},
    services={"s": Service("s", "tcp", "80,8080")},
    service_groups={"sg": Group("sg", ("s",))},
    applications={"own": CustomApplication("own", ("tcp/9",), (47,), parent="ssl", risk=4)},
    application_filters={"f": ApplicationFilter("f", categories=("networking",), flags=("evasive",))},
    regions={"HQ-net": Region("HQ-net", ("10.0.0.0/8",))},
    schedules={"office": Schedule("office", weekly={"monday": ("08:00-18:00",)})},
    external_lists={"edl": ExternalList("edl", "ip", "https://lists.example.net/ip")},
    url_categories={"own-urls": UrlCategory("own-urls", "URL List", ("example.net/",))},
    enforcements={"ask": AuthenticationObject("ask", "web-form", "profile")},
    decryption_profiles={"p": DecryptionProfile("p", {"ssl-forward-proxy": ("block-expired-certificate",)})},
    log_forwarding={"lf": LogForwarding("lf", (("threat", "All Logs", "bad", "add"),))},
    ssl_exclusions=("*.example.net",),
)
LISTS = RuleLists({Rulebase.SECURITY: (RULE,)}, {"interzone-default": replace(RULE, is_default=True)})
CONFIGURATION = Configuration(
    ConfigurationKind.PANORAMA,
    release=Release(10, 2, 4, "h2"),
    saved=datetime(2024, 5, 14, 9, 0),
    shared=SCOPE,
    shared_pre=LISTS,
    vsys={"vsys1": VirtualSystem("vsys1", scope=SCOPE, zones={"trust": Zone("trust", ("vsys2",), True)}, local=LISTS,
                                 captive_portal=CaptivePortal(redirect_host="portal.example.net"))},
    device_groups={"HQ": DeviceGroup("HQ", "shared", {"007200000000001": ("vsys1",)}, SCOPE, LISTS, LISTS)},
    templates={"T": Configuration(ConfigurationKind.RUNNING, hostname="fw")},
    template_stacks={"S": (("T",), ("007200000000001",))},
    rematch=True,
    notes=("one note",),
)  # fmt: skip
ANSWERS = DeviceAnswers(
    list_members={"edl": ("192.0.2.0/24",)},
    partial_lists={"big": (("192.0.2.1",), 5000)},
    fqdns={"www.example.net": (1 << 127, 5)},
    registered_tags={(0xFFFF << 32) + 1: frozenset({"web", "prod"})},
    registered_networks={"192.0.2.0/25": frozenset({"lab"})},
    registered_complete=True,
    user_groups={"cn=staff": frozenset({"corp\\mk"})},
    user_mappings=(UserMapping(5, "corp\\mk", "vsys1", timeout=2700),),
    tests=(PolicyTest(Rulebase.SECURITY, ("OUT",), asked={"from": "trust"}),),
    running={Rulebase.SECURITY: (RunningRule("OUT", 1, {"from": ("trust",)}),)},
)
APPLICATIONS = ApplicationTable(
    {"ssl": Application("ssl", ("tcp/443",), uses=("web-browsing",), icmp_types=(8,), risk=4)},
    "8800-1",
    "packaged",
    True,
)


def _site(count: int = 3, **columns: Any) -> Site:
    system = empty_frame(Kind.SYSTEM).clear(1).with_columns(pl.Series("description", ["Commit job succeeded"]))
    return Site(
        sources=[Source("traffic.csv", "traffic log, CSV export", 3, 1, Release(10, 0), ("user",))],
        sessions=SessionTable(_sessions(count, **columns)),
        logs={Kind.SYSTEM: LogTable(Kind.SYSTEM, system)},
        configurations=[CONFIGURATION],
        systems=[
            SystemInfo(hostname="fw", serial="007200000000001", release=Release(10, 2), time=datetime(2024, 5, 1))
        ],
        applications=APPLICATIONS,
        answers=ANSWERS,
        told=(Told(ANSWERS, "007200000000001", "vsys1"), Told(DeviceAnswers(), "fw")),
        problems=[Problem("traffic.csv", 4, "a row without a time")],
    )


def _same(snapshot: Snapshot, site: Site) -> bool:
    again = snapshot.site
    tables = [(again.sessions.frame, site.sessions.frame)]
    tables += [(again.logs[kind].frame, log.frame) for kind, log in site.logs.items()]
    return (
        all(one.equals(other) and one.schema == other.schema for one, other in tables)
        and again.logs.keys() == site.logs.keys()
        and all(
            getattr(again, name) == getattr(site, name)
            for name in ("sources", "configurations", "systems", "applications", "answers", "told", "problems")
        )
    )


def test_everything_comes_back(tmp_path: Path) -> None:
    site = _site(**{"x:Monitor Tag": ["blue", None, "Zürich"]})
    judged = pl.DataFrame({"outcome": ["completed"] * 3, "confidence": [0.5, None, 0.9]}).cast(
        {"outcome": Judge(site).outcomes().dtype, "confidence": pl.Float32}
    )
    path = tmp_path / "a.whydeny"
    view = {"filter": "( app eq dns )", "columns": ["time", "source"], "sort": {"time": False}, "top": 7, "none": None}
    asked = JudgedWith("10.2.4", "007200000000001", None)
    save_snapshot(path, site, judged, {2, 0}, {"row 2": "seen\ntwice"}, view, judged_with=asked)
    snapshot = load_snapshot(path)
    assert _same(snapshot, site)
    assert snapshot.judged is not None
    assert snapshot.judged.select("outcome", "confidence").equals(judged)
    assert (snapshot.marks, snapshot.notes, snapshot.view) == ((0, 2), {"row 2": "seen\ntwice"}, view)
    manifest = snapshot.manifest
    assert (manifest.format, manifest.tool, manifest.judged_with, manifest.redacted) == (
        FORMAT,
        "whydeny",
        asked,
        False,
    )
    assert (manifest.first, manifest.last) == (datetime(2024, 5, 14, 10), datetime(2024, 5, 14, 10, 0, 2))
    assert manifest.rows == {SESSIONS: 3, "judged.parquet": 3, "logs/system.parquet": 1}
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_empty_site_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "empty.whydeny"
    save_snapshot(path, Site())
    snapshot = load_snapshot(path)
    assert _same(snapshot, Site())
    assert snapshot.judged is None


def test_the_demonstration_gives_the_same_verdicts_from_its_snapshot(demonstration_site: Site, tmp_path: Path) -> None:
    path = tmp_path / "demo.whydeny"
    judge = Judge(demonstration_site)
    judged = judge.judge_all()
    save_snapshot(path, demonstration_site, judged)
    snapshot = load_snapshot(path)
    assert _same(snapshot, demonstration_site)
    assert snapshot.judged is not None
    assert snapshot.judged.equals(judged)
    again = Judge(snapshot.site)
    assert again.judge_all().equals(judged)
    denied = [row for row, cause in enumerate(judged["cause"]) if cause is not None]
    assert denied
    for row in denied[:: max(1, len(denied) // 20)]:
        assert again.finding(row) == judge.finding(row)


def test_every_field_of_the_example_is_set_somewhere() -> None:
    """So that a field which the codec forgets is seen: no dataclass of the model has one that is always default."""
    seen: dict[type, set[str]] = {}

    def walk(value: Any) -> None:
        if is_dataclass(value) and not isinstance(value, type):
            seen.setdefault(type(value), set()).update(to_json(value))
            for field in fields(value):
                walk(getattr(value, field.name))
        elif isinstance(value, dict):
            for item in value.values():
                walk(item)
        elif isinstance(value, list | tuple):
            for item in value:
                walk(item)

    walk([CONFIGURATION, ANSWERS, APPLICATIONS])
    assert {"templates", "device_groups", "shared", "vsys", "saved", "release"} <= seen[Configuration]
    assert seen[DeviceAnswers] >= {field.name for field in fields(DeviceAnswers)} - {"group_addresses"}
    assert seen[Scope] >= {field.name for field in fields(Scope)} - {"application_groups"}


@pytest.mark.parametrize(
    ("hint", "data", "says"),
    [
        (Rule, [], "a Rule was expected, not list"),
        (Rule, {"rulebase": "security", "position": 1, "origin": {"place": "pre"}}, "the Rule has no name"),
        (Origin, {"place": "middle"}, "“middle” is no Place"),
        (Origin, {"place": 1}, "a Place was expected"),
        (Release, {"major": "10", "minor": 2}, "a whole number was expected, not str"),
        (Release, {"major": True, "minor": 2}, "a whole number was expected, not bool"),
        (Release, {"major": 1 << 200, "minor": 2}, "a whole number was expected"),
        (tuple[str, ...], "text", "a list was expected"),
        (tuple[str, ...], ["a", None], "a text was expected, not nothing"),
        (LogForwarding, {"name": "n", "tagging": [["a", "b"]]}, "4 values were expected, not 2"),
        (DeviceAnswers, {"registered_tags": {"x": ["a"]}}, "a number as key"),
        (DeviceAnswers, {"fqdns": []}, "a mapping was expected"),
        (datetime, "yesterday", "a time was expected"),
        (datetime, 5, "a time was expected"),
        (bool, 1, "true or false was expected"),
        (float, "1", "a number was expected"),
    ],
)
def test_the_codec_refuses_what_the_model_has_not(hint: Any, data: Any, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        from_json(hint, data, "here")


def test_the_codec_makes_text_safe_and_passes_over_what_a_later_version_added() -> None:
    data = {"name": "a\x1b[31m", "kind": "fqdn", "value": "x\u202ey", "colour": "red"}
    assert from_json(Address, data, "here") == Address("a�[31m", "fqdn", "x�y")
    with pytest.raises(TypeError):
        to_json(object())


# Saving.


def test_a_full_disk_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.whydeny"
    save_snapshot(path, _site())
    before = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(WhydenyError, match="can't be written: No space left on device"):
        save_snapshot(path, _site(6))
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["a.whydeny"]


def test_stopping_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.whydeny"
    save_snapshot(path, _site())
    before = path.read_bytes()
    progress = Progress()
    progress.stop.set()
    with pytest.raises(Cancelled):
        save_snapshot(path, _site(6), progress=progress)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(Cancelled):
        load_snapshot(path, progress)


def test_progress_ends_where_it_says(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    progress = Progress(lambda what, done, total: steps.append((done, total)))
    path = tmp_path / "a.whydeny"
    save_snapshot(path, _site(), progress=progress)
    load_snapshot(path, progress)
    assert steps.count((4, 4)) == 2
    assert all(done <= total for done, total in steps)


def test_a_folder_that_is_not_there_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WhydenyError, match="can't be written: No such file or directory"):
        save_snapshot(tmp_path / "none" / "a.whydeny", _site())
    with pytest.raises(InputError, match="can't be read: No such file or directory"):
        load_snapshot(tmp_path / "a.whydeny")
    assert not is_snapshot(tmp_path / "a.whydeny")


def test_what_a_killed_run_left_is_cleared_away_later(tmp_path: Path) -> None:
    old, young, other = (tmp_path / f".{name}.part" for name in ("a.whydeny.old", "a.whydeny.young", "b.whydeny.old"))
    for left in (old, young, other):
        left.write_bytes(b"PK")
    for left in (old, other):
        os.utime(left, (time.time() - 7200,) * 2)
    save_snapshot(tmp_path / "a.whydeny", _site())
    assert not old.exists()
    assert young.exists()
    assert other.exists()


KILLED = """
import sys
from pathlib import Path
from whydeny.snapshot.load import load_snapshot
from whydeny.snapshot.save import save_snapshot
path = Path(sys.argv[1])
site = load_snapshot(path).site
print("saving", flush=True)
while True:
    save_snapshot(path, site)
"""


def test_kills_while_saving_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.whydeny"
    site = _site(30_000)
    save_snapshot(path, site)
    for kill in range(4):
        with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE) as saver:
            assert saver.stdout is not None
            assert saver.stdout.readline() == b"saving\n"
            time.sleep(0.011 * (kill + 1))
            saver.send_signal(signal.SIGKILL)
        assert _same(load_snapshot(path), site)


# Opening what is no snapshot, or not a good one.


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "a.whydeny"
    save_snapshot(path, _site(), marks=[1], notes={"row 1": "x"})
    return path


def _rewrite(path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """The snapshot with its parts changed, as somebody with another program could."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)


def _set(name: str, **values: Any) -> Callable[[dict[str, bytes]], None]:
    def change(parts: dict[str, bytes]) -> None:
        parts[name] = json.dumps(json.loads(parts[name]) | values).encode()

    return change


def _put(name: str, data: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda parts: parts.__setitem__(name, data)


def _parquet(frame: pl.DataFrame) -> bytes:
    found = io.BytesIO()
    frame.write_parquet(found)
    return found.getvalue()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(_set(MANIFEST, format=FORMAT + 1, version="9.9"), "by whydeny 9.9 in format 2", id="later format"),
        pytest.param(_set(MANIFEST, format=0), "does not say it is one", id="format zero"),
        pytest.param(_set(MANIFEST, tool="other"), "does not say it is one", id="another program's"),
        pytest.param(_put(MANIFEST, b"[]"), "does not say it is one", id="manifest of another shape"),
        pytest.param(_put(MANIFEST, b"\xff"), "whydeny.json is no JSON", id="manifest that is no text"),
        pytest.param(_put(MANIFEST, b"[" * 100_000), "whydeny.json is no JSON", id="manifest nested without end"),
        pytest.param(_set(MANIFEST, sources=[{"name": 1, "what": ""}]), "a text was expected", id="a source's name"),
        pytest.param(_set(MANIFEST, rows={SESSIONS: 4}), "it has 3 rows, not 4", id="another number of rows"),
        pytest.param(_set(MANIFEST, rows={}), "it has 3 rows, not -1", id="no number of rows"),
        pytest.param(_set(MANIFEST, rows={"logs/url.parquet": 1}), "rows, not -1", id="a log that isn't there"),
        pytest.param(_put("../evil", b""), "a part that no snapshot has: ../evil", id="a path outwards"),
        pytest.param(_put("/etc/passwd", b""), "a part that no snapshot has: /etc/passwd", id="an absolute path"),
        pytest.param(_put("logs/nosuch.parquet", b""), "a part that no snapshot has", id="an unknown log"),
        pytest.param(lambda parts: parts.pop(SITE), "it lacks the part site.json", id="a part is missing"),
        pytest.param(lambda parts: parts.pop(SESSIONS), "it lacks the part sessions.parquet", id="no sessions"),
        pytest.param(_put(SITE, b"[]"), "site.json is no mapping", id="a part of another shape"),
        pytest.param(_put("configurations.json", b"{}"), "a list was expected", id="configurations of another shape"),
        pytest.param(_put(SESSIONS, b"PAR1 nothing PAR1"), "sessions.parquet: it is damaged", id="no table"),
        pytest.param(_put(SESSIONS, _parquet(pl.DataFrame({"rule": [1, 2, 3]}))), "rule holds Int64", id="a wrong type"),
        pytest.param(
            _put(SESSIONS, _parquet(pl.DataFrame({"elapsed": [1, 2, 2**63]}, schema={"elapsed": pl.UInt64}))),
            "elapsed holds a session of more than a hundred years", id="a session without end",
        ),
        pytest.param(
            _put(SESSIONS, _parquet(pl.DataFrame({"start": [0, 1, 2**62]}, schema={"start": pl.Datetime("us")}))),
            "start holds a time before 1971 or after 2199", id="a time that is none",
        ),
        pytest.param(_set(KEPT, marks=["x"]), "a whole number was expected", id="marks of another kind"),
        pytest.param(_set(KEPT, view=[]), "a mapping was expected", id="a view of another kind"),
    ],
)  # fmt: skip
def test_a_changed_file_gets_a_sentence(saved: Path, change: Callable[[dict[str, bytes]], None], says: str) -> None:
    _rewrite(saved, change)
    with pytest.raises(InputError) as caught:
        load_snapshot(saved)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(saved) in str(caught.value)


def test_a_judged_table_must_have_a_row_for_every_session(saved: Path) -> None:
    def change(parts: dict[str, bytes]) -> None:
        _set(MANIFEST, rows={SESSIONS: 3, "logs/system.parquet": 1, "judged.parquet": 2})(parts)
        parts["judged.parquet"] = _parquet(pl.DataFrame({"confidence": pl.Series([0.1, 0.2], dtype=pl.Float32)}))

    _rewrite(saved, change)
    with pytest.raises(InputError, match="it has 2 rows for 3 sessions"):
        load_snapshot(saved)


def test_a_snapshot_says_what_it_is_without_being_read_whole(saved: Path) -> None:
    assert read_manifest(saved) == load_snapshot(saved).manifest
    _rewrite(saved, _put(SESSIONS, b"no table"))
    assert read_manifest(saved).rows[SESSIONS] == 3
    _rewrite(saved, _set(MANIFEST, format=FORMAT + 1))
    with pytest.raises(InputError, match="this version reads up to format"):
        read_manifest(saved)
    saved.write_bytes(b"PK")
    with pytest.raises(InputError, match="another kind of file"):
        read_manifest(saved)


def test_words_of_another_program_are_taken_over(saved: Path) -> None:
    def change(parts: dict[str, bytes]) -> None:
        frame = pl.read_parquet(parts[SESSIONS])
        own = pl.Series(["OUT", "x", None], dtype=pl.Categorical(pl.Categories("tests", "snapshot")))
        action = pl.Series(["allow", "deny", None], dtype=pl.Enum(["allow", "deny"]))
        parts[SESSIONS] = _parquet(frame.with_columns(own.alias("rule"), action.alias("action")))

    _rewrite(saved, change)
    frame = load_snapshot(saved).site.sessions.frame
    assert frame.schema == schema(Kind.TRAFFIC)
    assert frame["rule"].cast(pl.String).to_list() == ["OUT", "x", None]
    assert frame["action"].cast(pl.String).to_list() == ["allow", "deny", None]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="an empty file"),
        pytest.param(b"Domain,Receive Time,Serial #\r\n", id="a CSV file"),
        pytest.param(b"PK\x03\x04" + b"\0" * 200, id="the beginning of another zip"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"\0" * 100, id="a picture"),
    ],
)
def test_a_foreign_file_is_called_foreign(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "foreign"
    path.write_bytes(content)
    assert not is_snapshot(path)
    with pytest.raises(InputError, match="this is another kind of file"):
        load_snapshot(path)


def test_a_file_cut_short_is_called_so_wherever_it_was_cut(saved: Path) -> None:
    whole = saved.read_bytes()
    assert is_snapshot(saved)
    for cut in (64, 100, 500, len(whole) // 2, len(whole) - 23, len(whole) - 1):
        saved.write_bytes(whole[:cut])
        with pytest.raises(InputError, match="cut short"):
            load_snapshot(saved)


def test_parts_cannot_stand_twice_or_be_too_many(saved: Path) -> None:
    whole = saved.read_bytes()
    with zipfile.ZipFile(saved, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(SITE, "{}")
    with pytest.raises(InputError, match="a part that no snapshot has twice"):
        load_snapshot(saved)
    saved.write_bytes(whole)
    with zipfile.ZipFile(saved, "a") as archive:
        for number in range(len(PARTS)):
            archive.writestr(f"more-{number}", "")
    with pytest.raises(InputError, match="more parts than any snapshot has"):
        load_snapshot(saved)


def test_what_unpacks_to_more_than_its_bound_is_not_unpacked(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whydeny.snapshot.load.LARGEST_TEXT", 100_000)
    _rewrite(saved, _put("applications.json", b" " * 200_000))
    with pytest.raises(InputError, match=r"applications\.json is larger than 100,000 bytes"):
        load_snapshot(saved)
    data = bytearray(saved.read_bytes())
    at = data.rindex(b"applications.json") - 46  # its entry in the directory, which lies about the size
    assert data[at : at + 4] == b"PK\x01\x02"
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    saved.write_bytes(data)
    with pytest.raises(InputError, match="damaged"):
        load_snapshot(saved)


def test_what_unpacks_to_far_more_than_it_has_is_not_unpacked(saved: Path) -> None:
    _rewrite(saved, _put("applications.json", b"[" + b"{}," * (12 << 20) + b"{}]"))
    assert saved.stat().st_size < 100_000
    with pytest.raises(InputError, match=r"applications\.json unpacks to 37,\d{3},\d{3} bytes, more than any part"):
        load_snapshot(saved)


@pytest.mark.parametrize(
    ("bound", "says"),
    [
        ("MOST_ROWS", r"sessions\.parquet has 3 rows; 2 is the most that is opened"),
        ("LARGEST_TABLE", r"sessions\.parquet has [\d,]+ bytes; 2 is the most"),
        ("LARGEST_TEXT", r"whydeny\.json has [\d,]+ bytes; 2 is the most"),
    ],
)
def test_what_could_not_be_opened_is_not_saved(
    saved: Path, monkeypatch: pytest.MonkeyPatch, bound: str, says: str
) -> None:
    monkeypatch.setattr(f"whydeny.snapshot.save.{bound}", 2)
    before = saved.read_bytes()
    with pytest.raises(WhydenyError, match=says):
        save_snapshot(saved, _site())
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_encrypted_parts_are_refused(saved: Path) -> None:
    data = bytearray(saved.read_bytes())
    at = data.rindex(SITE.encode()) - 46
    data[at + 8] |= 1
    saved.write_bytes(data)
    with pytest.raises(InputError, match="packed in a way that no snapshot uses"):
        load_snapshot(saved)


def test_hostile_text_in_tables_and_notes_is_made_harmless(tmp_path: Path) -> None:
    path = tmp_path / "a.whydeny"
    hostile = "a\x1b]52;c;AAAA\x07"
    columns = {
        "rule": ["good", hostile, None],
        "parent_start": ["x" * 9000, "\u202eabc", "ok"],
        "x:T": ["é", "\x9b", None],
    }
    save_snapshot(
        path, _site(**columns), notes={"\x1bkey": "one\ntwo\x1b[2J"}, view={"filter": "\x1b[31m", "n": ["\x07"]}
    )
    snapshot = load_snapshot(path)
    frame = snapshot.site.sessions.frame
    assert frame["rule"].cast(pl.String).to_list() == ["good", "a�]52;c;AAAA�", None]
    assert frame["parent_start"].to_list() == ["x" * 4095 + "…", "�abc", "ok"]
    assert frame["x:T"].to_list() == ["é", "�", None]
    assert snapshot.notes == {"�key": "one\ntwo�[2J"}
    assert snapshot.view == {"filter": "�[31m", "n": ["�"]}


def test_tables_are_fitted_to_the_model(saved: Path) -> None:
    def change(parts: dict[str, bytes]) -> None:
        frame = pl.read_parquet(parts[SESSIONS]).drop("rule").with_columns(pl.lit("?").alias("colour"))
        parts[SESSIONS] = _parquet(frame.with_columns(pl.lit("t").alias("x:Tag"), pl.lit("e").alias("x:\x1b")))

    _rewrite(saved, change)
    frame = load_snapshot(saved).site.sessions.frame
    assert frame.columns == [*schema(Kind.TRAFFIC), "x:Tag"]
    assert frame["rule"].null_count() == 3


def test_marks_of_rows_that_are_not_there_are_dropped(saved: Path) -> None:
    _rewrite(saved, _set(KEPT, marks=[-1, 1, 99], notes={"a": 5, "b": "x"}))
    snapshot = load_snapshot(saved)
    assert (snapshot.marks, snapshot.notes) == ((1,), {"b": "x"})


_SMALL: list[bytes] = []


@settings(deadline=None)
@given(data=st.data())
def test_a_changed_byte_is_found_or_changes_nothing(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "changed.whydeny"
    if not _SMALL:
        save_snapshot(path, _site())
        _SMALL.append(path.read_bytes())
    changed = bytearray(_SMALL[0])
    at = data.draw(st.integers(0, len(changed) - 1))
    changed[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(changed)
    try:
        snapshot = load_snapshot(path)
    except InputError:
        return
    assert _same(snapshot, _site())


# Formats.


def test_an_older_format_is_brought_to_todays_step_by_step(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def to_two(raw: migrate.Raw) -> None:
        raw.texts[KEPT]["notes"] = {"row 1": raw.texts[KEPT]["notes"]["row 1"] + " two"}

    def to_three(raw: migrate.Raw) -> None:
        raw.texts[KEPT]["notes"] = {"row 1": raw.texts[KEPT]["notes"]["row 1"] + " three"}

    for module in ("migrate", "load"):
        monkeypatch.setattr(f"whydeny.snapshot.{module}.FORMAT", 3)
    monkeypatch.setattr(migrate, "STEPS", {1: to_two, 2: to_three})
    assert load_snapshot(saved).notes == {"row 1": "x two three"}


def test_every_format_has_a_step_and_a_saved_file_that_opens() -> None:
    assert sorted(migrate.STEPS) == list(range(1, FORMAT))
    assert sorted(path.name for path in SAVED.glob("*.whydeny")) == [
        f"format-{n}.whydeny" for n in range(1, FORMAT + 1)
    ]


@pytest.mark.parametrize("path", sorted(SAVED.glob("*.whydeny")), ids=lambda path: path.stem)
def test_a_saved_file_of_every_format_opens(path: Path) -> None:
    """The files were saved by the versions that had the format, and are never written again."""
    snapshot = load_snapshot(path)
    site = snapshot.site
    assert site.sessions.frame["rule"].cast(pl.String).to_list() == ["OUT", "Users Out", None]
    assert [source.name for source in site.sources] == ["traffic.csv"]
    (configuration,) = site.configurations
    assert configuration.shared_pre.rules[Rulebase.SECURITY][0].name == "Users Out"
    assert configuration.device_groups["HQ"].scope.schedules["office"].weekly == {"monday": ("08:00-18:00",)}
    assert site.answers.registered_tags == {(0xFFFF << 32) + 1: frozenset({"web", "prod"})}
    assert site.applications.get("ssl") == Application(
        "ssl", ("tcp/443",), uses=("web-browsing",), icmp_types=(8,), risk=4
    )
    assert len(site.logs[Kind.SYSTEM]) == 1
    assert (snapshot.marks, snapshot.notes, snapshot.view) == ((1,), {"row 1": "a note"}, {"filter": "all"})
    assert snapshot.judged is not None
    assert snapshot.judged["outcome"].to_list() == ["unknown"] * 3
