"""Tell from the first bytes what a file is; its name plays no part."""

import re
from dataclasses import dataclass
from enum import StrEnum

from whydeny.model.columns import Kind
from whydeny.model.safe import safe_text
from whydeny.sources.exports.blocks import encoding_of
from whydeny.sources.exports.csv_heading import Heading, find_heading
from whydeny.sources.exports.layouts import fold, names_by_heading
from whydeny.sources.exports.pages import split_pages
from whydeny.sources.exports.plain_text import is_plain, plain_head
from whydeny.sources.exports.session_table import is_session_text
from whydeny.sources.exports.syslog import ROW
from whydeny.sources.exports.xml_shape import Shape, shape_of

HEAD = 1 << 18  # bytes that are looked at


class Form(StrEnum):
    """What a file holds, and so which reader it goes to."""

    CSV_LOG = "log, CSV export"
    XML_LOG = "log, XML API answer"
    SYSLOG = "log, syslog lines"
    SESSIONS_XML = "session table, XML"
    SESSIONS_TEXT = "session table, command-line text"
    SYSTEM_XML = "show system info, XML"
    SYSTEM_TEXT = "show system info, command-line text"
    CONFIGURATION = "configuration"
    SET_FORMAT = "configuration in set format"
    APPLICATIONS = "application content"
    ANSWERS = "answers of a firewall"  # only its reader can tell; anything not otherwise recognised goes there
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class Recognised:
    """The form of a file; `why` is the sentence about one that can't be used (or that `ANSWERS` doesn't know)."""

    form: Form
    why: str = ""
    heading: Heading | None = None
    mark: int = 0  # bytes of the byte-order mark
    plain: bool = True  # False: its readers need it as `PlainText`


_LOGS = "export the log with Monitor > Logs > Export to CSV, or through the XML API (type=log)"
_CONFIGURATION = "export running-config.xml with Device > Setup > Operations"
_UNPACK = "gzip, bzip2, xz, zip and tar are unpacked here, unpack this one first"
_MAGIC: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"%PDF",), f"a PDF document; {_LOGS}"),
    (
        (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x0a\x0d\x0d\x0a", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d"),
        f"a packet capture, which holds no policy decisions; {_LOGS}",
    ),
    ((b"\x89PNG", b"GIF8", b"II*\0", b"\xff\xd8\xff"), f"a picture; {_LOGS}"),
    ((b"RIFF",), f"a picture, a sound or a film; {_LOGS}"),
    ((b"\xd0\xcf\x11\xe0",), "an old Office document; save the sheet as CSV"),
    ((b"7z\xbc\xaf",), f"a 7-Zip archive; {_UNPACK}"),
    ((b"Rar!",), f"a RAR archive; {_UNPACK}"),
    ((b"\x28\xb5\x2f\xfd",), f"zstd data; {_UNPACK}"),
    ((b"MSCF\0",), f"a cabinet; {_UNPACK}"),
    ((b"\x1f\x9d",), f"data of compress; {_UNPACK}"),
    ((b"PK\x07\x08",), "a part of a split zip archive; put it together first"),
    ((b"ElfFile\0",), f"an event log of Windows; {_LOGS}"),
    ((b"{\\rtf",), "a document with layout; save it as plain text"),
    ((b"SQLite format 3",), f"a database file; {_LOGS}"),
    ((b"PAR1",), f"a Parquet file; {_LOGS}"),
    ((b"\x7fELF",), "a program"),
    ((b"MZ\x90\0",), "a program, or an archive that unpacks itself; save the files that are in it"),
    ((b"-----BEGIN",), "a key or certificate, which says nothing about sessions and had better not be passed around"),
)
_VENDORS = (
    (r"CEF:\d\|Palo Alto", f"a PAN-OS log in CEF; send it in the default syslog format, or {_LOGS}"),
    (r"LEEF:[\d.]+\|Palo Alto", f"a PAN-OS log in LEEF; send it in the default syslog format, or {_LOGS}"),
    (r"CEF:\d\||LEEF:[\d.]+\|", f"a log of another vendor (CEF or LEEF); {_LOGS}"),
    (r"%(?:ASA|FTD|PIX|SEC|SYS|LINK)-\d-", f"a Cisco log; {_LOGS}"),
    (r"\bdevname=.*\blogid=|\blogid=.*\bdevname=|\bdate=\S+ time=\S+ .*\btype=", f"a FortiGate log; {_LOGS}"),
    (r"RT_FLOW|junos:", f"a Juniper log; {_LOGS}"),
    (r"\bCheckPoint\b|product:\"VPN-1", f"a Check Point log; {_LOGS}"),
    (r"#Software: Microsoft|#Fields: ", f"a W3C log, as Windows and web servers write them; {_LOGS}"),
    (r"^\(?P ?\d+-T ?\d+\)?", f"a log of the GlobalProtect app, which says nothing about policy; {_LOGS}"),
    (r"^#config-version=FG|^config firewall ", f"a FortiGate configuration; {_CONFIGURATION}"),
    (r"^ASA Version |^version \d+\.\d+\s*$", f"a Cisco configuration; {_CONFIGURATION}"),
    (r"^set (?:version \d|system host-name |security policies )", f"a Juniper configuration; {_CONFIGURATION}"),
    (r"kernel: .*\bSRC=\S+ DST=\S+ ", f"a Linux firewall log; {_LOGS}"),
    (
        r"^Time +App +From +Src Port +Source",
        f"a log as the command line lists it, without most columns; add csv-output equal yes to the command, or {_LOGS}",
    ),
    (r'^\S+ \S+ \S+ \[[^\]]+\] "[A-Z]+ \S+ HTTP', f"a web server's access log; {_LOGS}"),
)
_PROLOGUE = re.compile(r"\s*(?:<!--.*?-->|<\?.*?\?>)", re.DOTALL)
_HTML = re.compile(
    r"\s*<(?:!doctype\s+html|html|head|body|script|style|meta|title|div|span|center|table|form|br|hr|p|h[1-6])\b",
    re.IGNORECASE,
)
# Lines of configure mode, typed after a prompt or not; what follows a prompt with > is a command, no configuration.
_SET = re.compile(
    r"^[ \t]*(?:[^\s#>]{1,200}#[ \t]+)?set (?:deviceconfig|network|shared|panorama|vsys|rulebase|zone|address|address-group"
    r"|service|service-group|mgt-config|device-group|application|application-group|application-filter|template"
    r"|template-stack|profiles|tag|devices|schedule|region|readonly|external-list|log-settings|import|setting|pre-rulebase"
    r"|post-rulebase|profile-group|authentication-object|captive-portal|ssl-decrypt|display-name) ",
    re.MULTILINE,
)
_JSON = re.compile(r'\{\s*["}]|\[\s*(?:["{\[\]]|-?\d+\s*[,\]])')
_SYSTEM = re.compile(r"^[ \t]*(?:sw-version|serial|hostname):", re.MULTILINE)
_CONTROLS = bytes(range(8)) + bytes(range(14, 27)) + bytes(range(28, 32))  # what no text has, not even a terminal's
_BRACES = re.compile(r"^[ \t]*(?:config|mgt-config|deviceconfig|devices|rulebase|vsys|network) \{", re.MULTILINE)
_MEMBER = re.compile(r"(?:[0-9a-fA-F:.]+(?:/\d{1,3})?(?:-[0-9a-fA-F:.]+)?|[\w*^-]+(?:\.[\w*^-]+)+(?:/\S*)?)")
# Answers that are known and say nothing about single sessions: what they begin with → the command.
_IDLE = (
    (r"Global counters:", "show counter global"),
    (r"Enqueued +(?:Dequeued +)?(?:Position in queue +)?ID +Type", "show jobs all"),
    (r"target-dp:|Number of sessions supported:", "show session info"),
    (r"-+\s*\n\s*(?:Total|total) interfaces|total configured hardware interfaces", "show interface all"),
    (r"VIRTUAL ROUTER:|flags: A:active", "show routing route"),
    (r"Group \d+ (?:Mode|:)|HA not enabled", "show high-availability state"),
)
# Answers of the session table without a session: what they say → what that means.
_NO_SESSION = (
    (r"no active sessions", "it is an empty session table: no session was there, or none that the filter let through"),
    (r"number of sessions that match filter", "it counts the sessions of the table and lists none; ask without count yes"),
    (r"session (?:id )?\d+ (?:does not exist|not found)|.*\sBad Key: c2s",
     "the session was not in the table any more when it was asked for, and what is known of it is in the traffic log"),
)  # fmt: skip
_NOTHING_PUSHED = "No shared policy pushed to device"
# What stands below the entry of a device, a virtual system or a device group.
_BELOW_ENTRY = (
    ("rulebase",), ("pre-rulebase",), ("post-rulebase",), ("vsys", "entry"), ("device-group", "entry"), ("zone", "entry"),
    ("address", "entry"), ("address-group", "entry"), ("service", "entry"), ("deviceconfig",),
)  # fmt: skip
_LONE_PARTS = frozenset(
    {"address", "address-group", "service", "service-group", "application-group", "application-filter", "zone", "region",
     "schedule", "tag", "rules", "network", "deviceconfig", "mgt-config", "external-list", "profiles", "profile-group"}
)  # fmt: skip
_REPORT_HEADINGS = frozenset(
    {"sessions", "count", "counts", "threats", "nsess", "nrepeat", "urls", "risk_of_app", "hour"}
)


def recognise(head: bytes) -> Recognised:
    """What the file that begins with `head` is. `head` should be its first `HEAD` bytes."""
    if not head.strip(b" \t\r\n\0\xef\xbb\xbf"):
        return Recognised(Form.UNUSABLE, "it is empty" if not head else "there is nothing but blanks in it")
    for magics, what in _MAGIC:
        if head.startswith(magics):
            return Recognised(Form.UNUSABLE, f"it seems to be {what}")
    binary = _is_binary(head, encoding_of(head)[0])
    plain = is_plain(head)
    if not plain:
        head = plain_head(head)
    encoding, mark = encoding_of(head) if plain else ("utf-8", 0)
    text = head[mark:].decode(encoding, "replace")
    if not text.strip("\ufeff\ufffd\0 \t\r\n"):
        return Recognised(Form.UNUSABLE, "there is nothing but blanks in it")
    found = _recognise_text(text, head)
    if found.form is Form.ANSWERS and binary:
        return Recognised(Form.UNUSABLE, f"it is binary data of a kind that is not known here; {_LOGS}")
    return Recognised(found.form, found.why, found.heading, mark, plain)


def _recognise_text(text: str, head: bytes) -> Recognised:
    body = text.lstrip()
    if _is_html(body):
        title = re.search(r"<title[^<>]{0,200}>([^<]{1,200})", text, re.IGNORECASE)
        said = f" ({safe_text(' '.join(title[1].split()), 80)})" if title else ""
        return Recognised(
            Form.UNUSABLE, f"it is an HTML page{said}, as a web interface or a proxy answers on an error; {_LOGS}"
        )
    if body.startswith("<") and not re.match(r"<\d{1,3}>", body):
        return _recognise_xml(head)
    first = next((line for line in body.splitlines() if line.strip()), "")
    heading = find_heading(text)
    if heading is not None or any(ROW.search(line.encode()) for line in body.splitlines()[:200]):
        if split_pages(body[:4096].encode())[0].command:  # its pages are looked at one by one
            return Recognised(Form.ANSWERS, f"it is a log as copied from a terminal; {_LOGS}")
        return Recognised(Form.SYSLOG if heading is None else Form.CSV_LOG, heading=heading)
    if _NOTHING_PUSHED in body[:4096]:
        return Recognised(Form.CONFIGURATION)
    if is_session_text(body):
        return Recognised(Form.SESSIONS_TEXT)
    if len(set(_SYSTEM.findall(body))) >= 2:
        return Recognised(Form.SYSTEM_TEXT)
    if _SET.search(body):
        return Recognised(Form.SET_FORMAT)
    return Recognised(Form.ANSWERS, _describe_text(body, first))


def _is_html(text: str) -> bool:
    """Whether a text is a web page: what begins one stands behind comments and declarations."""
    place = 0
    while found := _PROLOGUE.match(text, place):
        place = found.end()
    return bool(_HTML.match(text, place))


def _describe_text(body: str, first: str) -> str:
    """The sentence about text that no reader wants."""
    sample = body[:20_000]
    for pattern, what in _VENDORS:
        if re.search(pattern, sample, re.MULTILINE):
            return f"it seems to be {what}"
    if said := _without_session(sample):
        return said
    for pattern, command in _IDLE:
        if re.match(pattern, sample):
            return f"it seems to be the answer to {command}, which says nothing about single sessions; {_LOGS}"
    if sample.startswith("---\n"):
        return f"it seems to be YAML, which is no format of a PAN-OS export; {_LOGS}"
    if _JSON.match(sample):
        return f"it seems to be JSON, which is no format of a PAN-OS export; {_LOGS}"
    if _BRACES.search(sample):
        return f"it seems to be a configuration in curly-brace form; {_CONFIGURATION}, or set format"
    if first.count(",") >= 2 or first.count(";") >= 2 or first.count("\t") >= 2:
        return _describe_csv(first)
    lines = [line.strip() for line in sample.splitlines()[:-1] or [sample] if line.strip()]
    members = [line for line in lines if not line.startswith("#")]
    if members and all(_MEMBER.fullmatch(line) for line in members):
        return "it seems to be a list of members; put it into a folder called lists, named after its object"
    return f"it is no kind of file that is known here, it begins with “{safe_text(first.strip(), 60)}”; {_LOGS}"


def _without_session(text: str) -> str:
    """The sentence about an answer of the session table without a session; empty for anything else."""
    told = text.lstrip()
    return next((what for pattern, what in _NO_SESSION if re.match(pattern, told, re.IGNORECASE | re.DOTALL)), "")


def _describe_csv(first: str) -> str:
    headings = [fold(h) for h in re.split(r"[,;\t]", first)]
    known = max(len(set(headings).intersection(names_by_heading(kind))) for kind in Kind)
    shown = safe_text(", ".join(re.split(r"[,;\t]", first)[:4]), 80)
    if any(h.endswith("default_ports") for h in headings):
        return (
            "it seems to be a list of applications as a table; save the answer to type=config&action=get&"
            "xpath=/config/predefined/application"
        )
    if "name" in headings and known and {"source_zone", "source_address", "destination_zone"}.intersection(headings):
        return f"it seems to be a list of rules exported as a table; {_CONFIGURATION}"
    if known and _REPORT_HEADINGS.intersection(headings):
        return f"it seems to be a report, which counts sessions and does not list them; {_LOGS}"
    return f"it is a table without the columns of a PAN-OS log, it begins with {shown}; {_LOGS}"


def _recognise_xml(head: bytes) -> Recognised:
    shape = shape_of(head)
    form = _form_of(shape)
    if form is not Form.UNUSABLE and form is not Form.ANSWERS:
        return Recognised(form)
    if form is Form.UNUSABLE:
        return Recognised(form, shape.complaint)
    if shape.inner & _LONE_PARTS:
        return Recognised(form, f"it seems to be one part of a configuration, {shape.described()}; {_CONFIGURATION}")
    if said := _without_session(shape.text):
        return Recognised(form, said)
    return Recognised(form, f"it is XML of a kind that is not known here, {shape.described()}; {_LOGS}")


def _form_of(shape: Shape) -> Form:
    """The form of an XML document by its first elements."""
    if shape.complaint:
        return Form.UNUSABLE
    inner = shape.inner
    if "logs" in inner or shape.has("log", "logs") or (shape.root in ("logs", "log") and "entry" in inner):
        return Form.XML_LOG
    if shape.has("job", "status") and inner <= {"job", "meta", "msg", "log"}:
        return Form.XML_LOG
    if "system" in inner and shape.children_of("system") & {"hostname", "sw-version", "serial"}:
        return Form.SYSTEM_XML
    if shape.root == "system" and inner & {"hostname", "sw-version", "serial"}:
        return Form.SYSTEM_XML
    entry = shape.children_of("entry")
    if inner & {"c2s", "s2c"} or (
        "entry" in inner and "idx" in entry and entry & {"security-rule", "ingress", "vsys-idx"}
    ):
        return Form.SESSIONS_XML
    if inner & {"predefined", "application-container"} or shape.root == "predefined":
        return Form.APPLICATIONS
    if inner & {"config", "policy", "rulebase", "pre-rulebase", "post-rulebase", "devices", "device-group", "template"}:
        return Form.CONFIGURATION
    if "panorama" in inner or any(shape.has("entry", *tags) for tags in _BELOW_ENTRY):
        return Form.CONFIGURATION
    if shape.root == "config":
        return Form.CONFIGURATION
    if inner & {"application", "applications"} and not inner & {"shared", "address", "service"}:
        return Form.APPLICATIONS
    if "entry" in inner and entry & {"ottawa-name", "technology", "subcategory", "use-applications"}:
        return Form.APPLICATIONS
    if (
        inner & {"shared", "vsys", "security", "decryption", "authentication", "captive-portal", "application-override"}
        or _NOTHING_PUSHED in shape.text
    ):
        return Form.CONFIGURATION
    return Form.ANSWERS


def _is_binary(head: bytes, encoding: str) -> bool:
    if encoding.startswith(("utf-16", "utf-32")):
        return False
    return len(head) - len(head.translate(None, _CONTROLS)) > len(head) // 50
