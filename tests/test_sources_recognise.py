"""What a file is told to be from its content, and what is said of files that are of no use."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from whydeny.model.configuration import ConfigurationKind, Rulebase
from whydeny.model.errors import InputError
from whydeny.sources.exports import bounded, containers
from whydeny.sources.open import open_inputs
from whydeny.sources.recognise import Form, recognise

CSV = (
    "Domain,Receive Time,Serial #,Type,Threat/Content Type,Source address,Destination address,Session ID,Application\n"
    "1,2024/05/14 10:00:08,012801004711,TRAFFIC,deny,10.1.1.10,203.0.113.9,4711,ssl\n"
)
CONFIGURATION = (
    '<config version="10.2.0"><shared/><devices><entry name="localhost.localdomain"><vsys><entry name="vsys1"/></vsys></entry>'
    "</devices></config>"
)
SYSTEM = (
    "<response status='success'><result><system><hostname>fw</hostname><serial>1</serial></system></result></response>"
)


def zipped(files: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w", links: tuple[str, ...] = ()) -> bytes:
    """A tar archive, packed or not, with a symbolic and a hard link to each of `links`."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for target in links:
            for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                link = tarfile.TarInfo(f"{target}.{kind.decode()}")
                link.type, link.linkname = kind, target
                archive.addfile(link)
    return out.getvalue()


def old_tar(files: dict[str, bytes]) -> bytes:
    """A tar archive as written before POSIX gave its headers a mark."""
    data = bytearray(tarred(files))
    place = 0
    while data[place]:
        size = int(data[place + 124 : place + 135], 8)
        data[place + 257 : place + 512] = bytes(255)
        data[place + 148 : place + 156] = b" " * 8
        data[place + 148 : place + 156] = b"%06o\0 " % sum(data[place : place + 512])
        place += 512 + (size + 511) // 512 * 512
    return bytes(data)


def marked(archive: bytes, place: int, value: int) -> bytes:
    """A zip archive of one file with a byte of the file's entry in its directory set."""
    at = archive.rfind(b"PK\x01\x02") + place
    return archive[:at] + bytes([value]) + archive[at + 1 :]


def linked() -> bytes:
    """A zip archive with a symbolic link, in a folder where plain text would be a list of members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("lists/partners.txt")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "192.0.2.0/24")
    return out.getvalue()


def scrambled(archive: bytes) -> bytes:
    """A zip archive of one file whose content was damaged."""
    return archive[:60] + bytes(byte ^ 0x55 for byte in archive[60:-100]) + archive[-100:]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (CSV, Form.CSV_LOG),
        ("<14>May 14 10:00:08 fw 1,2024/05/14 10:00:08,012801004711,TRAFFIC,deny,1,x", Form.SYSLOG),
        ("<response status='success'><result><log><logs count='1'><entry/></logs></log></result></response>", Form.XML_LOG),
        ("<response status='success'><result><job><status>ACT</status></job></result></response>", Form.XML_LOG),
        (SYSTEM, Form.SYSTEM_XML),
        ("hostname: fw\nserial: 012801004711\nsw-version: 10.2.4\n", Form.SYSTEM_TEXT),
        (CONFIGURATION, Form.CONFIGURATION),
        (f"<response status='success'><result>{CONFIGURATION}</result></response>", Form.CONFIGURATION),
        ("<response status='success'><result><policy><panorama/></policy></result></response>", Form.CONFIGURATION),
        ("<response status='success'><result>No shared policy pushed to device</result></response>", Form.CONFIGURATION),
        ("No shared policy pushed to device\n", Form.CONFIGURATION),
        ("set deviceconfig system hostname fw1\nset rulebase security rules a from trust\n", Form.SET_FORMAT),
        ("<predefined><application><entry name='ssl'/></application></predefined>", Form.APPLICATIONS),
        ("<response status='success' code='19'><result><application><entry name='ssl'><default/></entry></application></result>"
         "</response>", Form.APPLICATIONS),
        ("<response status='success' code='19'><result><entry name='ssl'><technology>x</technology></entry></result></response>",
         Form.APPLICATIONS),
        ("<response status='success'><result><entry><idx>1</idx><vsys-idx>1</vsys-idx></entry></result></response>",
         Form.SESSIONS_XML),
        ("<response status='success'><result><c2s><source>1</source></c2s></result></response>", Form.SESSIONS_XML),
        ("Session            4711\n\n        c2s flow:\n", Form.SESSIONS_TEXT),
        ("<response status='success'><result><rules/></result></response>", Form.ANSWERS),
        ('"Rule; index: 1" {\n from trust;\n}\n', Form.ANSWERS),
    ],
    ids=["CSV", "syslog", "XML log", "XML log, pending", "system info, XML", "system info, text", "configuration",
         "configuration in an answer", "pushed policy", "nothing pushed, XML", "nothing pushed, text", "set format",
         "content", "content in an answer", "one application", "session table", "one session", "one session, text",
         "answer, XML", "answer, text"],
)  # fmt: skip
def test_forms_are_told_from_the_content(text: str, form: Form) -> None:
    assert recognise(text.encode()).form is form
    assert recognise(b"\xef\xbb\xbf" + text.encode()).form is form


@pytest.mark.parametrize(
    ("text", "form"),
    [
        pytest.param("admin@fw1# set address a fqdn a.example.net\n", Form.SET_FORMAT, id="after a prompt"),
        pytest.param("[edit]\nadmin@fw1(active)# set zone a network tap e1\n", Form.SET_FORMAT, id="of one of a pair"),
        pytest.param(
            "admin@fw1> configure\n[edit]\n  set service a protocol tcp port 1\n", Form.SET_FORMAT, id="indented"
        ),
        pytest.param("set panorama log-settings traffic match-list a filter b\n", Form.SET_FORMAT, id="Panorama's own"),
        pytest.param("admin@pano# set device-group A devices 001\n", Form.SET_FORMAT, id="a device group"),
        pytest.param("set template A config vsys vsys1 zone a\n", Form.SET_FORMAT, id="a template"),
        pytest.param("set template-stack S templates A\n", Form.SET_FORMAT, id="a template stack"),
        pytest.param("set application-filter f category media\n", Form.SET_FORMAT, id="a filter"),
        pytest.param("admin@fw1> set application dump on rule a\n", Form.ANSWERS, id="a command of operational mode"),
        pytest.param("admin@fw1> set cli config-output-format set\n", Form.ANSWERS, id="a setting of the command line"),
        pytest.param("set up the address book\n", Form.ANSWERS, id="prose"),
    ],
)
def test_configuration_lines_are_told_from_commands(text: str, form: Form) -> None:
    assert recognise(text.encode()).form is form


ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252")
GROUP = "short name: example\\caf\u00e9\n\nsource type: ldap\n\n[1     ] example\\zo\u00eb\n"


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("declared", ["", '<?xml version="1.0"?>\n', '<?xml version="1.0" encoding="UTF-8"?>\n',
                                      "<?xml version='1.0' encoding='UTF-16'?>\r\n"])  # fmt: skip
def test_xml_is_read_in_any_encoding_whatever_it_says_itself(tmp_path: Path, encoding: str, declared: str) -> None:
    (tmp_path / "c.xml").write_bytes((declared + CONFIGURATION).encode(encoding))
    log = (
        "<response status='success'><result><log><logs><entry><type>TRAFFIC</type><sessionid>1</sessionid></entry></logs>"
        "</log></result></response>\n"
    )
    (tmp_path / "l.xml").write_bytes((declared + log + log).encode(encoding))
    site = open_inputs([tmp_path])
    assert (len(site.configurations), len(site.sessions), site.problems) == (1, 2, [])


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("breaks", ["\n", "\r\n", "\r"])
def test_text_is_read_in_any_encoding_and_with_any_line_breaks(tmp_path: Path, encoding: str, breaks: str) -> None:
    (tmp_path / "log.csv").write_bytes((CSV * 2).replace("ssl", "caf\u00e9").replace("\n", breaks).encode(encoding))
    (tmp_path / "group.txt").write_bytes(GROUP.replace("\n", breaks).encode(encoding))
    site = open_inputs([tmp_path])
    assert site.sessions.frame["application"].to_list() == ["caf\u00e9"] * 2
    assert site.answers.user_groups == {"example\\caf\u00e9": {"example\\zo\u00eb"}}
    assert site.problems == []


def test_one_wrong_byte_does_not_make_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(
        CSV.replace("ssl", "\u65e5\u672c").encode() + CSV.split("\n")[1].encode() + b"\xff\n"
    )
    site = open_inputs([tmp_path])
    assert site.sessions.frame["application"].to_list() == ["\u65e5\u672c", "ssl\ufffd"]
    assert "not UTF-8" in site.problems[0].message


TRANSCRIPT = """admin@fw1> set cli config-output-format set
admin@fw1> configure
Entering configuration mode
[edit]
admin@fw1# show rulebase security
set rulebase security rules Out from trust
set rulebase security rules Out source mine
set rulebase security rules Out action allow
[edit]
admin@fw1# show address
set address mine ip-netmask 10.1.1.1
set address other ip-netmask
[edit]
admin@fw1# exit
Exiting configuration mode
admin@fw1> show counter global
Global counters:
"""


def test_parts_of_a_configuration_shown_one_after_another_are_one(tmp_path: Path) -> None:
    """Each is half of it: the rules of one need the objects of the other."""
    (tmp_path / "session.log").write_text(TRANSCRIPT)
    site = open_inputs([tmp_path])
    (found,) = site.configurations
    assert (found.kind, found.hostname) == (ConfigurationKind.MERGED, "fw1")
    assert [rule.name for rule in found.vsys["vsys1"].local.rules[Rulebase.SECURITY]] == ["Out"]
    assert list(found.vsys["vsys1"].scope.addresses) == ["mine"]
    assert found.notes[-1] == "Set lines that end before their value were passed over: 1 (lines 12)."
    assert [problem.message for problem in site.problems] == [
        "1 of 4 answers in it are of no use here: show counter global"
    ]


def test_the_commands_whose_answers_are_of_no_use_are_named_once_each_and_bounded(tmp_path: Path) -> None:
    commands = ["show clock", "show clock", f"show {'x' * 90}", "show a\u202eb", "show c", "show d", "show e", "show f"]
    answers = "".join(f"admin@fw1> {command}\nnothing\n" for command in commands)
    (tmp_path / "session.log").write_text(TRANSCRIPT + answers, "utf-8")
    (problem,) = open_inputs([tmp_path]).problems
    assert problem.message.startswith(
        "9 of 12 answers in it are of no use here: show counter global, show clock, show xx"
    )
    assert problem.message.endswith("x…, show a\ufffdb, show c and 3 more")
    assert len(problem.message) < 200


def test_the_running_configuration_and_that_of_another_host_stand_apart(tmp_path: Path) -> None:
    text = "admin@fw1> show config running\nset address mine ip-netmask 10.1.1.1\n"
    (tmp_path / "session.log").write_text(text + TRANSCRIPT + TRANSCRIPT.replace("fw1", "fw2"))
    found = open_inputs([tmp_path]).configurations
    assert [(c.kind, c.hostname) for c in found] == [
        (ConfigurationKind.RUNNING, "fw1"), (ConfigurationKind.MERGED, "fw1"), (ConfigurationKind.MERGED, "fw2"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b" \n\n ", "nothing but blanks"),
        (b"<!DOCTYPE html><html><head><title>404 Not Found</title>", "it is an HTML page (404 Not Found)"),
        (b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "a" "b"><html>', "it is an HTML page"),
        (b"<!-- " + b"x" * 3000 + b" -->\n<html><title>Login</title>", "it is an HTML page (Login)"),
        (b"<title>Error</title><h1>Error</h1>", "it is an HTML page (Error)"),
        (b"May 14 10:00:00 asa %ASA-6-302013: Built outbound TCP connection", "a Cisco log"),
        (b'date=2024-05-14 time=10:00:00 devname="a" logid="0000000013" type="traffic"', "a FortiGate log"),
        (b"CEF:0|Palo Alto Networks|PAN-OS|10.2|end|TRAFFIC|1|rt=", "a PAN-OS log in CEF"),
        (b'{"a": [1, 2]}', "it seems to be JSON"),
        (b"Source address,Source User,Destination address,Application,Rule,Sessions,Bytes\n", "a report, which counts sessions"),
        (b"<response status='success'><report logtype='threat'><result/></report></response>", "a report, which counts sessions"),
        (b'"","Name","Tags","Type","Source Zone","Source Address","Action"\n', "a list of rules exported as a table"),
        (b"a,b,c\n1,2,3\n", "a table without the columns of a PAN-OS log"),
        (b"config {\n  mgt-config {\n    users;\n", "a configuration in curly-brace form"),
        (b"10.0.0.0/8\n192.0.2.1\nwww.example.net\n", "put it into a folder called lists"),
        (b"Global counters:\nElapsed time", "the answer to show counter global"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\xd4\xc3\xb2\xa1\x02\0\x04\0", "a packet capture"),
        (b"\x00\x01\x02\x03" * 500, "binary data"),
        (b"<other><thing/></other>", "XML of a kind that is not known here, <other> with <thing>"),
        (b"hello\nworld\n", "no kind of file that is known here"),
        (b"<config>" + b"<a>" * 1000, "nest deeper than 128 levels"),
        (b'<!DOCTYPE lol [<!ENTITY a "b">]><config>&a;</config>', "declares a DTD or entities"),
    ],
    ids=["empty", "blanks", "HTML", "XHTML", "HTML below a comment", "HTML in part", "Cisco",
         "FortiGate", "CEF", "JSON", "report, CSV", "report, XML",
         "rules as a table", "other table", "braces", "member list", "counters", "PDF", "capture", "binary", "other XML",
         "other text", "nesting", "entities"],
)  # fmt: skip
def test_useless_files_are_refused_with_one_sentence_and_good_ones_beside_them_open(
    tmp_path: Path, data: bytes, said: str
) -> None:
    (tmp_path / "useless").write_bytes(data)
    with pytest.raises(InputError) as caught:
        open_inputs([tmp_path / "useless"])
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "useless"))
    assert "\n" not in str(caught.value)
    (tmp_path / "good.csv").write_text(CSV)
    site = open_inputs([tmp_path])
    assert len(site.sessions) == 1
    assert [p.file for p in site.problems] == [str(tmp_path / "useless")]
    assert said in site.problems[0].message


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"P 123-T456 05/14/2024 10:00:00:123 Debug( 100): x\n", "a log of the GlobalProtect app"),
        (b"#config-version=FGT60E-6.0.0\nconfig firewall policy\n", "a FortiGate configuration"),
        (b": Saved\nASA Version 9.8(2)\nhostname asa\n", "a Cisco configuration"),
        (b"set version 18.4\nset system host-name srx\n", "a Juniper configuration"),
        (b"---\nhosts:\n  - name: fw1\n", "YAML"),
        (b"[section]\nkey=value\n", "begins with \u201c[section]"),
        (b"# one\n# two\nlast\n", "begins with \u201c# one"),
        (b"{\\rtf1 hello}", "a document with layout"),
        (b"GIF89a\x01\x02", "a picture"),
        (b"MZ\x90\0\x03" + bytes(90), "a program"),
        (b"PK\x07\x08" + zipped({"log.csv": b"x"}), "a part of a split zip archive"),
        (b"!BDN" + bytes(range(256)) * 9, "binary data"),
    ],
    ids=["GlobalProtect", "FortiGate", "Cisco", "Juniper", "YAML", "INI", "remarks", "rich text", "picture", "program",
         "split archive", "other binary"],
)  # fmt: skip
def test_what_is_none_of_ours_is_named(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "useless").write_bytes(data)
    with pytest.raises(InputError) as caught:
        open_inputs([tmp_path])
    assert said in str(caught.value)


def test_text_that_was_damaged_before_is_not_taken_for_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(CSV.replace("ssl", "s\ufffdl"))
    site = open_inputs([tmp_path])
    assert site.sessions.frame["application"].to_list() == ["s\ufffdl"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("log.csv.gz", gzip.compress(CSV.encode())),
        ("ticket.zip", zipped({"a/log.csv": CSV.encode(), "b/conf.xml": CONFIGURATION.encode(), "README.txt": b"x", ".x": b"y",
                               "__MACOSX/log.csv": b"z", "expected.json": b"{}"})),
        ("ticket.tar", tarred({"./a/log.csv": CSV.encode(), "b/conf.xml": CONFIGURATION.encode()})),
        ("techsupport.tgz", tarred({"opt/log.csv": CSV.encode(), "opt/conf.xml": CONFIGURATION.encode()}, "w:gz")),
        ("outer.zip", zipped({"inner.zip": zipped({"log.csv": CSV.encode()}), "conf.xml": CONFIGURATION.encode()})),
        ("outer2.zip", zipped({"ts.tgz": tarred({"log.csv": CSV.encode(), "c.xml": CONFIGURATION.encode()}, "w:gz")})),
        ("outer.tar", tarred({"log.csv.gz": gzip.compress(CSV.encode())})),
        ("log.csv.bz2", bz2.compress(CSV.encode())),
        ("log.csv.xz", lzma.compress(CSV.encode())),
        ("ticket.tar.bz2", tarred({"log.csv": CSV.encode(), "conf.xml": CONFIGURATION.encode()}, "w:bz2")),
        ("ticket.tar.xz", tarred({"log.csv": CSV.encode(), "conf.xml": CONFIGURATION.encode()}, "w:xz")),
        ("v7.tar", old_tar({"log.csv": CSV.encode(), "conf.xml": CONFIGURATION.encode()})),
        ("up.zip", zipped({"../log.csv": CSV.encode(), "/etc/conf.xml": CONFIGURATION.encode()})),
        ("up.tar", tarred({"../log.csv": CSV.encode(), "../../conf.xml": CONFIGURATION.encode()})),
        ("windows.zip", zipped({"a\\": b"", "a\\log.csv": CSV.encode(), "a\\.x": b"y", "b\\conf.xml": CONFIGURATION.encode()})),
        ("twice.tar", tarred({"log.csv": CSV.encode(), "conf.xml": CONFIGURATION.encode()}, links=("log.csv",))),
    ],
    ids=["gzip", "zip", "tar", "tar.gz", "zip in zip", "tar.gz in zip", "gzip in tar", "bzip2", "xz", "tar.bz2", "tar.xz",
         "tar of old", "zip from another folder", "tar from another folder", "zip with backslashes", "tar with links"],
)  # fmt: skip
def test_archives_open_like_the_files_in_them(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    site = open_inputs([tmp_path / name])
    assert (len(site.sessions), site.problems) == (1, [])
    assert len(site.configurations) == (0 if name.startswith("log.csv") or name == "outer.tar" else 1)
    assert all(source.name.startswith(str(tmp_path / name)) for source in site.sources)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("deep.zip", zipped({"a.zip": zipped({"b.zip": zipped({"log.csv": CSV.encode()})})}), "nested too deep"),
        ("broken.zip", b"PK\x03\x04" + b"x" * 100, "the zip archive is damaged"),
        ("broken.gz", b"\x1f\x8b\x08\0" + b"x" * 100, "damaged or cut off"),
        ("empty.zip", zipped({}), "no file to open in this archive"),
        ("book.xlsx", zipped({"xl/workbook.xml": b"<x/>", "[Content_Types].xml": b"<x/>"}), "an Excel workbook"),
        ("cut.tar.gz", tarred({"log.csv": os.urandom(5000)}, "w:gz")[:-50], "damaged or cut off"),
        ("text.docx", zipped({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}), "is an Office document"),
        ("sheet.ods", zipped({"mimetype": b"x", "content.xml": b"<x/>", "meta.xml": b"<x/>"}), "is an OpenDocument file"),
        ("secret.zip", marked(zipped({"log.csv": CSV.encode()}), 8, 1), "secret.zip:log.csv: is encrypted; unpack"),
        ("deflate64.zip", marked(zipped({"log.csv": CSV.encode()}), 10, 9), r"not read here \(Deflate64\); unpack"),
        ("link.zip", linked(), "link.zip:lists/partners.txt: is a link"),
        ("bad.zip", scrambled(zipped({"log.csv": os.urandom(3000)}, zipfile.ZIP_LZMA)), "bad.zip:log.csv: is damaged"),
        ("dev.tar", tarred({"README": b"x"}, links=("README",)), "no file to open in this archive"),
        ("header.tar", tarred({}) [:0] + b"a" * 100 + tarred({"x": b""})[100:512] + b"x" * 512, "damaged"),
    ],
    ids=["three deep", "no zip", "no gzip", "empty", "workbook", "cut off", "document", "sheet", "encrypted",
         "packed otherwise", "link", "damaged LZMA", "nothing of ours", "no header"],
)  # fmt: skip
def test_archives_that_can_not_be_used_are_refused(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=said):
        open_inputs([tmp_path])


def test_a_log_that_is_cut_off_in_its_archive_keeps_its_rows(tmp_path: Path) -> None:
    rows = "".join(CSV.split("\n")[1].replace("4711", str(n)) + "\n" for n in range(20_000))
    packed = gzip.compress((CSV + rows).encode())
    (tmp_path / "log.csv.gz").write_bytes(packed[: len(packed) // 2])
    site = open_inputs([tmp_path])
    assert 1000 < len(site.sessions) < 20_000
    assert any("damaged or cut off" in p.message for p in site.problems)


def test_a_tar_archive_that_is_cut_off_keeps_what_comes_before(tmp_path: Path) -> None:
    files = {"a.csv": CSV.encode(), "b.xml": CONFIGURATION.encode(), "c.bin": os.urandom(40_000)}
    whole = tarred(files)
    for name, data in {
        "cut.tar": whole[:9_000],
        "cut.tgz": gzip.compress(whole)[:-9_000],
        "header.tar": whole[: 2 * 1024] + b"x" * 2048,
        "end.tar": whole[: 2 * 1024],
    }.items():
        (tmp_path / name).write_bytes(data)
        site = open_inputs([tmp_path / name])
        assert len(site.sessions) == len(site.configurations) == 1
        assert [p.message for p in site.problems if p.file == str(tmp_path / name)][-1].startswith(
            "the tar archive is "
        )
        (tmp_path / name).unlink()


def test_links_and_devices_in_a_tar_archive_are_said_once(tmp_path: Path) -> None:
    data = tarred({"log.csv": CSV.encode()}, links=("log.csv", "../elsewhere.csv"))
    (tmp_path / "ticket.tar").write_bytes(data)
    (problem,) = open_inputs([tmp_path]).problems
    assert problem.message.startswith("../elsewhere.csv.2 and 1 more in it: a link to a file outside of it")


def test_many_files_that_each_unpack_to_much_are_a_bomb_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "SLACK", 1 << 20)
    monkeypatch.setattr(bounded, "RATIO", 50)
    rows = (CSV + (CSV.split("\n")[1] + "\n") * 9_000).encode()
    assert len(rows) < 1 << 20
    (tmp_path / "bombs.zip").write_bytes(zipped({f"{n}.csv": rows for n in range(9)}))
    (tmp_path / "inner.zip").write_bytes(zipped({f"{n}.zip": zipped({"log.csv": rows}) for n in range(9)}))
    for name in ("bombs.zip", "inner.zip"):
        site = open_inputs([tmp_path / name])
        assert len(site.sessions) < 27_000
        assert site.problems[0].message.startswith("unpacks to more than is read of an archive of its size")


def test_files_are_counted_over_nested_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MOST", 20)
    inner = zipped({f"{n}.csv": CSV.encode() for n in range(9)})
    (tmp_path / "many.zip").write_bytes(zipped({f"{n}.zip": inner for n in range(9)}))
    site = open_inputs([tmp_path])
    assert len(site.sessions) < 20
    assert "has more than 20 files" in site.problems[0].message


def test_a_directory_and_headers_of_any_length_are_not_taken_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "LARGEST_DIRECTORY", 1 << 10)
    (tmp_path / "a.zip").write_bytes(zipped({f"{n:060}.csv": b"" for n in range(20)}))
    monkeypatch.setattr(containers, "_LARGEST_HEADER", 1 << 20)
    (tmp_path / "b.tar").write_bytes(tarred({"x" * (2 << 20): b""}))
    with pytest.raises(InputError, match="has more than 20,000 files"):
        open_inputs([tmp_path / "a.zip"])
    with pytest.raises(InputError, match="a header is too long"):
        open_inputs([tmp_path / "b.tar"])


def test_bombs_are_refused_while_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "SLACK", 1 << 20)
    line = CSV.split("\n")[1] + "\n"
    (tmp_path / "bomb.gz").write_bytes(gzip.compress((CSV + line * 200_000).encode(), 9))
    monkeypatch.setattr(bounded, "RATIO", 50)
    site = open_inputs([tmp_path])
    assert "unpacks to more than 50 times its size" in site.problems[-1].message
    assert len(site.sessions) < 200_000


def test_a_file_beyond_the_stated_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whydeny.sources.open.LARGEST", 1 << 20)
    (tmp_path / "conf.xml").write_text(CONFIGURATION + " " * (3 << 20))
    with pytest.raises(InputError, match="has more than 1 MB"):
        open_inputs([tmp_path])


def test_lists_in_an_archive_are_lists_too(tmp_path: Path) -> None:
    files = {"lists/partners.txt": b"192.0.2.0/24\n", "lists\\suppliers.txt.gz": gzip.compress(b"192.0.2.9\n")}
    (tmp_path / "ticket.zip").write_bytes(zipped(files | {"log.csv": CSV.encode()}))
    assert open_inputs([tmp_path]).answers.list_members == {"partners": ("192.0.2.0/24",), "suppliers": ("192.0.2.9",)}


@pytest.mark.parametrize("folder", ["list", "lists", "edl", "External-Lists", "MEMBERS"])
def test_a_folder_of_lists_goes_by_its_name(tmp_path: Path, folder: str) -> None:
    (tmp_path / "ticket" / folder).mkdir(parents=True)
    (tmp_path / "ticket" / folder / "Blocked Hosts.txt").write_text(
        "# by hand\n192.0.2.1  # printer\n198.51.100.0/24\n\n"
    )
    (tmp_path / "ticket" / folder / "IT Staff.lst").write_text("example\\Bob\nalice@example.net\n")
    (tmp_path / "ticket" / folder / "www.example.net").write_text("192.0.2.7\n")
    (tmp_path / "ticket" / folder / "nobody").write_text("# none\n")
    (tmp_path / "ticket" / folder / "below").mkdir()
    (tmp_path / "ticket" / folder / "below" / "deeper.txt").write_text("192.0.2.1\n")
    site = open_inputs([tmp_path])
    answers = site.answers
    assert answers.list_members == {
        "Blocked Hosts": ("192.0.2.1", "198.51.100.0/24"),
        "IT Staff": ("example\\Bob", "alice@example.net"),
        "www.example.net": ("192.0.2.7",),
        "nobody": (),
    }
    assert set(answers.group_addresses) == {"Blocked Hosts", "www.example.net"}
    assert set(answers.user_groups) == {"it staff"}
    assert set(answers.fqdns) == {"www.example.net"}
    assert [Path(problem.file).name for problem in site.problems] == ["deeper.txt"]
    assert "put it into a folder called lists" in site.problems[0].message


LIST_ANSWER = """> request system external-list show type ip name partners
vsys1/partners:
        Next update at        : Tue May 14 11:00:00 2024
        Total valid entries   : 2
        Valid ips:
                192.0.2.0/24
                198.51.100.7
"""
LIST_XML = (
    '<response status="success"><result><external-list><name>suppliers</name><total-valid>1</total-valid>'
    "<valid-members><member>192.0.2.9</member></valid-members></external-list></result></response>"
)


def test_an_answer_in_a_folder_of_lists_is_an_answer_still(tmp_path: Path) -> None:
    """And never a list of its own lines, called after its file."""
    (tmp_path / "edl").mkdir()
    (tmp_path / "edl" / "answer.txt").write_text(LIST_ANSWER)
    (tmp_path / "edl" / "answer.xml").write_text(LIST_XML)
    (tmp_path / "edl" / "other.xml").write_text("<response status='success'><result><counters/></result></response>")
    (tmp_path / "edl" / "tagged.txt").write_text("# registered IP addresses of the lab\n192.0.2.8\n")
    site = open_inputs([tmp_path])
    assert site.answers.list_members == {
        "partners": ("192.0.2.0/24", "198.51.100.7"),
        "suppliers": ("192.0.2.9",),
        "tagged": ("192.0.2.8",),
    }
    assert site.answers.registered_tags == {}
    assert [Path(problem.file).name for problem in site.problems] == ["other.xml"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"x" * (2 << 20), id="one long word"),
        pytest.param(b"," * (2 << 20), id="commas"),
        pytest.param(b"admin@fw> show x\n" * 50_000, id="prompts"),
        pytest.param(b"Session   1\n c2s flow:\n" + b"a b: c   " * 200_000, id="labels"),
        pytest.param(CSV.encode() + b'"' * (2 << 20), id="quotes"),
        pytest.param(b"<!-- x -->" * 50_000 + b"<other/>", id="comments"),
        pytest.param(b"<title" * 50_000, id="half a title"),
        pytest.param(b"date=" + b" \n" * 100_000 + b"x", id="blank lines"),
        pytest.param(b"admin@fw> show\n" + b" \n" * 100_000 + b"x", id="blank lines after a prompt"),
        pytest.param(b"c2s flow:\n" * 9 + b" \n" * 100_000 + b"x", id="blank lines in a session"),
        pytest.param(
            b"<14>May 14 10:00:08 fw 1,2024/05/14 10:00:08,1,TRAFFIC,a,1,\n" + b"1," * (1 << 20), id="a long line"
        ),
    ],
)
def test_text_made_to_keep_a_reader_busy_does_not(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "hostile").write_bytes(data)
    (tmp_path / "good.csv").write_text(CSV)
    begun = time.process_time()
    site = open_inputs([tmp_path])
    assert time.process_time() - begun < 5
    assert 4711 in site.sessions.frame["session_id"].to_list()


def test_a_line_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whydeny.sources.exports.blocks.LONGEST_LINE", 1 << 20)
    (tmp_path / "log.csv").write_bytes(CSV.encode() + b"y" * (4 << 20))
    site = open_inputs([tmp_path])
    assert len(site.sessions) == 1
    assert [p.message for p in site.problems] == ["a line has more than 1 MB, as none of a log has"]
