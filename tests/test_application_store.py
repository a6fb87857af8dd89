"""Application content is kept by version, whole or not at all."""

import gzip
import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from whydeny.cli.main import whydeny
from whydeny.model.applications import ApplicationTable
from whydeny.model.errors import InputError, WhydenyError
from whydeny.model.site import Site
from whydeny.sources import application_store
from whydeny.sources.application_store import add_stored_content, import_content, load, store_folder, stored_versions
from whydeny.sources.exports import application_content
from whydeny.sources.exports.application_content import read_applications

CONTENT = (
    "<predefined>{}<application><entry name='ssl'><default><port><member>tcp/443</member></port></default><risk>4</risk>"
    "<use-applications><member>web-browsing</member></use-applications></entry>"
    "<entry name='ping'><default><ident-by-icmp-type>8</ident-by-icmp-type></default></entry></application></predefined>"
)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store, in which two applications are a whole content."""
    folder = tmp_path / "data" / "applications"
    monkeypatch.setattr(application_store, "store_folder", lambda: folder)
    monkeypatch.setattr(application_content, "WHOLE_CONTENT", 2)
    return folder


@pytest.fixture
def content(tmp_path: Path) -> Path:
    path = tmp_path / "content.xml"
    path.write_text(CONTENT.format("<application-version>8700-7700</application-version>"))
    return path


def test_what_was_imported_is_loaded_whole(content: Path) -> None:
    assert import_content(content) == "8700-7700"
    assert stored_versions() == ("8700-7700",)
    read = read_applications(content.read_bytes(), "x")
    loaded = load("8700-7700")
    assert loaded == ApplicationTable(read.applications, "8700-7700", "application content 8700-7700", True)


def test_an_answer_without_a_version_can_be_given_one(tmp_path: Path) -> None:
    path = tmp_path / "answer.xml"
    path.write_text(CONTENT.format(""))
    with pytest.raises(InputError, match=r"^answer\.xml: names no content version"):
        import_content(path)
    assert import_content(path, "8800-1") == "8800-1"
    assert load("8800-1").version == "8800-1"


def test_importing_again_replaces(content: Path, own_folder: Path) -> None:
    import_content(content)
    import_content(content)
    assert [path.name for path in own_folder.iterdir()] == ["8700-7700.json"]


def test_the_newest_version_comes_first(content: Path, own_folder: Path) -> None:
    for version in ("517-2824", "8700-7700", "8700-10000", "1000-1"):
        import_content(content, version)
    (own_folder / "notes.txt").write_text("x")
    assert stored_versions() == ("8700-10000", "8700-7700", "1000-1", "517-2824")


def test_an_empty_store_has_no_version() -> None:
    assert stored_versions() == ()


@pytest.mark.parametrize("version", ["../x", "", "a/b", "x" * 80, ".hidden"])
def test_a_version_is_never_a_path(content: Path, version: str) -> None:
    with pytest.raises(InputError, match="is no content version"):
        load(version)
    if version:
        with pytest.raises(InputError, match="is no content version"):
            import_content(content, version)


def test_a_part_of_the_content_is_refused(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application_content, "WHOLE_CONTENT", 3)
    with pytest.raises(InputError, match="holds 2 applications and is no whole content"):
        import_content(content)
    assert stored_versions() == ()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(None, "there is no such file or folder", id="no such file"),
        pytest.param(b"", "c.xml: it is empty; save the answer to type=config", id="an empty file"),
        pytest.param(b"%PDF-1.7", "it seems to be a PDF document; save the answer to type=config", id="a document"),
        pytest.param(b"<html><title>Error 403</title>", r"it is an HTML page \(Error 403\), .*; save", id="an error page"),
        pytest.param(b"name,default_ports,risk\nssl,tcp/443,4\n", "a list of applications as a table; save", id="a table"),
        pytest.param(b"<config version='10.2.0'><shared/><devices/></config>", "but: configuration; save",
                     id="a configuration"),
        pytest.param(CONTENT.format("")[:150].encode(), "line 1: expected well-formed XML", id="cut off"),
        pytest.param(b"\x1f\x8b\x08\x00", "is damaged or cut off", id="a packed file, cut off"),
    ],
)  # fmt: skip
def test_what_is_no_content_is_said_to_be_what_it_is(tmp_path: Path, data: bytes | None, sentence: str) -> None:
    path = tmp_path / "c.xml"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(InputError, match=sentence):
        import_content(path)
    assert stored_versions() == ()


def test_content_is_read_from_a_packed_file_and_from_a_folder(content: Path, tmp_path: Path) -> None:
    packed = tmp_path / "content.xml.gz"
    packed.write_bytes(gzip.compress(content.read_bytes()))
    folder = tmp_path / "ticket"
    folder.mkdir()
    (folder / "a.txt").write_text("see the attachment")
    with zipfile.ZipFile(folder / "b.zip", "w") as archive:
        archive.writestr("inside/content.xml", content.read_bytes())
    for path in (packed, folder / "b.zip", folder):
        assert import_content(path) == "8700-7700"
    packed.rename(folder / "c.gz")
    with pytest.raises(InputError, match=r"^ticket: holds 2 application contents; import one at a time"):
        import_content(folder)


def test_a_file_with_two_versions_must_be_given_one(tmp_path: Path) -> None:
    path = tmp_path / "two.xml"
    versions = "".join(f"<application-version>{number}-1</application-version>" for number in (8700, 8701))
    path.write_text(CONTENT.format(versions))
    with pytest.raises(InputError, match=r"two\.xml: names no content version .*, or more than one; say which"):
        import_content(path)
    assert import_content(path, "8700-1") == "8700-1"


def test_a_version_that_is_not_kept_is_said(content: Path) -> None:
    import_content(content)
    with pytest.raises(InputError, match="8-8 is not kept here; kept are: 8700-7700"):
        load("8-8")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="cut off"),
        pytest.param("[]", id="another shape"),
        pytest.param('{"format": 99, "version": "1", "applications": []}', id="another format"),
        pytest.param('{"format": 1, "version": "1-1", "applications": [{"ports": ["tcp/1"]}]}', id="no name"),
        pytest.param('{"format": 1, "version": "1-1", "applications": [{"name": "a", "x": 1}]}', id="unknown field"),
        pytest.param('{"format": 1, "version": "1-1", "applications": [{"name": "a", "ports": [1]}]}', id="wrong kind"),
        pytest.param(
            '{"format": 1, "version": "1-1", "applications": [{"name": "a", "ports": "tcp/1"}]}', id="no list"
        ),
        pytest.param('{"format": 1, "version": "2-2", "applications": [{"name": "a"}]}', id="another version"),
        pytest.param('{"format": 1, "version": "1-1", "applications": []}', id="nothing in it"),
        pytest.param("[" * 100_000, id="nested absurdly"),
    ],
)
def test_a_damaged_file_is_said(own_folder: Path, text: str) -> None:
    own_folder.mkdir(parents=True)
    (own_folder / "1-1.json").write_text(text)
    with pytest.raises(InputError, match=r"stored file 1-1\.json is damaged; import the content again"):
        load("1-1")


def test_nothing_half_written_is_left(content: Path, own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Path, target: Path) -> Path:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(WhydenyError, match=r"^application content 8700-7700 can't be kept in .* \(disk full\)$"):
        import_content(content)
    assert list(own_folder.iterdir()) == []


def test_what_is_stored_is_plain_json(content: Path, own_folder: Path) -> None:
    import_content(content)
    stored = json.loads((own_folder / "8700-7700.json").read_text("utf-8"))
    assert stored["applications"][1] == {"name": "ping", "icmp_types": [8]}


def test_the_content_of_2015_is_kept_whole(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application_content, "WHOLE_CONTENT", 1000)
    path = shared / "samples" / "applications" / "predefined_2015-07.xml"
    assert import_content(path) == "517-2824"
    assert load("517-2824").applications == read_applications(path.read_bytes(), "x").applications


def test_the_store_lies_in_the_users_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert store_folder().parts[-2:] == ("whydeny", "applications")


def called(*arguments: str) -> Result:
    return CliRunner().invoke(whydeny, ["applications", *arguments])


def test_a_damaged_content_does_not_hide_the_others(content: Path, own_folder: Path) -> None:
    import_content(content)
    (own_folder / "9000-1.json").write_text("{")
    listed = called("list")
    assert listed.stdout.splitlines()[0] == "8700-7700: 2 applications"
    assert listed.stdout.splitlines()[1].startswith("packaged: ")
    assert "9000-1.json is damaged; import the content again" in listed.stderr
    assert listed.exit_code == 2


def test_a_container_is_shown_with_what_it_holds(own_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "content.xml"
    entries = "".join(
        f"<entry name='chat-{name}'><application-container>chat</application-container><tag><member>Web App</member></tag>"
        "<default><ident-by-icmp6-type>128</ident-by-icmp6-type></default></entry>"
        for name in ("files", "base")
    )
    path.write_text(f"<predefined><application>{entries}</application></predefined>")
    import_content(path, "1-1")
    assert called("show", "CHAT").stdout == "chat (content 1-1)\n  container of:     chat-base, chat-files\n"
    assert json.loads(called("show", "chat", "--format", "json").stdout)["contains"] == ["chat-base", "chat-files"]
    shown = called("show", "chat-base").stdout
    assert "  container:        chat\n" in shown
    assert "  ICMPv6 types:     128\n" in shown
    assert "  tags:             Web App\n" in shown
    assert called("show", "chat-none").exit_code == 1


def test_a_user_without_a_home_has_no_content_and_is_told_so(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(*_: object, **__: object) -> Path:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.undo()
    monkeypatch.setattr(application_store.platformdirs, "user_data_path", homeless)
    monkeypatch.setattr(application_content, "WHOLE_CONTENT", 2)
    assert stored_versions() == ()
    add_stored_content(Site())
    assert called("list").exit_code == 0
    imported = called("import", str(content))
    assert "neither HOME nor XDG_DATA_HOME names one" in imported.stderr
    assert imported.exit_code == 2
