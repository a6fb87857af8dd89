"""Open any number of saved files and folders together."""

import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from whydeny.model.answers import DeviceAnswers, Told
from whydeny.model.columns import Kind
from whydeny.model.configuration import ConfigurationKind
from whydeny.model.errors import InputError
from whydeny.model.progress import Progress, silent
from whydeny.model.release import Release
from whydeny.model.safe import safe_text
from whydeny.model.site import Problem, Site, Source
from whydeny.model.tables import SessionTable
from whydeny.sources.exports.application_content import read_applications
from whydeny.sources.exports.blocks import ByteStream, decode_text
from whydeny.sources.exports.bounded import Bounded, Item
from whydeny.sources.exports.collect import Rows
from whydeny.sources.exports.configuration import read_configuration
from whydeny.sources.exports.containers import archive_kind, unpack
from whydeny.sources.exports.csv_log import CsvReader
from whydeny.sources.exports.device_answers import LARGEST_TEXT, goes_on, read_list, read_parts, wrong_lines
from whydeny.sources.exports.folders import find_items
from whydeny.sources.exports.pages import Page, in_place, split_pages
from whydeny.sources.exports.plain_text import PlainText
from whydeny.sources.exports.session_table import read_session_text, read_session_xml
from whydeny.sources.exports.set_format import read_set_format
from whydeny.sources.exports.syslog import SyslogReader
from whydeny.sources.exports.system_info import system_of_text, system_of_xml
from whydeny.sources.exports.xml_log import XmlLogReader
from whydeny.sources.exports.xml_tools import LARGEST, parse_xml
from whydeny.sources.gather import Gathered
from whydeny.sources.recognise import HEAD, Form, Recognised, recognise

_LIST_FOLDERS = frozenset({"list", "lists", "edl", "external-lists", "members"})
_STREAMED = (Form.CSV_LOG, Form.XML_LOG, Form.SYSLOG, Form.SESSIONS_XML)
_REMARK = re.compile(rb"^#.*$", re.MULTILINE)
_LISTED = 20  # files of one folder or archive that are listed when they can't be used
_COMMANDS, _COMMAND = 5, 60  # commands whose answers are of no use that are named, and the longest name
OnRows = Callable[[SessionTable], None]


def open_inputs(paths: Sequence[Path], progress: Progress | None = None, on_rows: OnRows | None = None) -> Site:
    """Read every input; each file's kind is recognised from its content.

    In a folder, `expected.json`, `README*` and dotfiles are passed over. A file that can't be used becomes a
    `Problem` when others are good; raises `InputError` (one sentence) when nothing could be used at all.

    Files are read in the order of their names, so that the site does not depend on the order of the call. Progress
    counts bytes over all inputs. `on_rows` is called from a reading thread with every batch of traffic rows as
    soon as it is typed, the first after about a megabyte: the rows of a batch are final, their numbers are not
    (the site's table holds all batches, file by file, in this order).
    """
    opening = _Opening(progress or silent(), on_rows)
    items = find_items(paths)
    opening.total = sum(item.size for item in items)
    for item in items:
        opening.open(item)
    return opening.site()


class _Opening:
    """One call of `open_inputs` under way."""

    def __init__(self, progress: Progress, on_rows: OnRows | None) -> None:
        self.total = 0
        self._progress = progress
        self._on_rows = on_rows
        self._done = 0.0  # bytes of the inputs read so far
        self._found = Gathered()
        self._useless = self._unlisted = 0  # files that can't be used, and those of them that are only counted

    def open(self, item: Item) -> None:
        """Read one file, or what is in an archive. What can't be used becomes a problem."""
        self._advance(item, 0.0)
        try:
            with item.open() as stream:
                kind = archive_kind(stream.peek(512))
                if kind is None:
                    _File(self._found, item, lambda: self._advance(item, stream.fraction()), self._on_rows).read(stream)
            if kind is not None:
                self._unpack(item, kind)
                return
        except InputError as error:
            self._complain(item, error)
        self._done += item.weight

    def _unpack(self, item: Item, kind: str) -> None:
        """Read what is in an archive; where it ends in damage, what comes before that."""
        begun, problems = self._done, len(self._found.problems)
        try:
            for member in unpack(item, kind):
                self.open(member)
        except InputError as error:  # said before what follows from it
            self._complain(item, error, problems)
        self._done = begun + item.weight

    def site(self) -> Site:
        """Everything that was read. Raises `InputError` where that is nothing."""
        if self._unlisted:
            message = f"{self._unlisted:,} more files could not be used"
            self._found.problems.append(Problem("the inputs", None, message))
        problems = self._found.problems
        if not self._found.sources:
            if not problems:
                raise InputError("there is no file to open")
            more = f" (and {self._useless - 1:,} more files could not be used)" if self._useless > 1 else ""
            raise InputError(f"{problems[0]}{more}")
        self._progress.step("reading", self.total, self.total)
        return self._found.site()

    def _advance(self, item: Item, fraction: float) -> None:
        self._progress.step(f"reading {item.base}", int(self._done + item.weight * fraction), self.total)

    def _complain(self, item: Item, error: InputError, place: int | None = None) -> None:
        """List an input that can't be used, in its place among the problems or last."""
        self._useless += 1
        if self._useless <= _LISTED or place is not None:
            problems = self._found.problems
            problems.insert(len(problems) if place is None else place, _problem(item.name, error))
        else:
            self._unlisted += 1


class _File:
    """One file under way: what it holds goes to `found`, its source last."""

    def __init__(self, found: Gathered, item: Item, advance: Callable[[], None], on_rows: OnRows | None) -> None:
        self._found = found
        self._item = item
        self._number = len(found.sources)
        self._advance = advance
        self._on_rows = on_rows
        self._what: list[str] = []
        self._rows = self._skipped = 0
        self._release: Release | None = None
        self._lacking: set[str] = set()
        self._tables: dict[Kind, list[pl.DataFrame]] = {}

    def read(self, stream: Bounded) -> None:
        """Read the file. Raises `InputError` where there is nothing in it that can be used."""
        name = self._item.name
        head = stream.peek(HEAD)
        recognised = recognise(head)
        plain = stream if recognised.plain else PlainText(stream, head)
        if recognised.form in (*_STREAMED, Form.UNUSABLE):
            self._read(recognised, plain, name)
        else:
            self._read_whole(recognised, self._bytes(plain, recognised), name)
        if not self._what:
            raise InputError(f"{name}: {recognised.why or 'there is nothing in it that can be used'}")
        for kind, tables in self._tables.items():
            self._found.tables.setdefault(kind, []).extend(tables)
        self._found.folders.append(self._item.folder)
        self._found.sources.append(
            Source(
                name,
                ", ".join(dict.fromkeys(self._what)),
                self._rows,
                self._skipped,
                self._release,
                tuple(sorted(self._lacking)),
            )
        )

    def _bytes(self, stream: ByteStream, recognised: Recognised) -> bytes:
        """All bytes of a file that is read in one piece."""
        largest = LARGEST_TEXT if recognised.form is Form.ANSWERS else LARGEST
        parts: list[bytes] = []
        size = 0
        while data := stream.read(1 << 20):
            size += len(data)
            if size > largest:
                if recognised.why:
                    raise InputError(f"{self._item.name}: {recognised.why}")
                raise InputError(
                    f"{self._item.name}: has more than {LARGEST >> 20} MB, too much for anything but a log"
                )
            parts.append(data)
            self._advance()
        return b"".join(parts)

    def _read_whole(self, recognised: Recognised, data: bytes, name: str) -> None:
        """A file that is read in one piece; text may hold several commands and their answers."""
        pages = split_pages(data)
        if len(pages) == 1 and not pages[0].command:
            self._read(recognised, io.BytesIO(data), name)
            return
        configured: dict[tuple[str, bool], list[Page]] = {}
        listed: dict[str, list[Page]] = {}
        useless: list[str] = []  # commands
        first: InputError | None = None
        for page in pages:
            text = page.text.lstrip("\r\n").encode()
            found = recognise(text[:HEAD])
            if found.form is Form.SET_FORMAT:  # often one command for each part of the configuration
                running = page.command.startswith("show config running")
                configured.setdefault((page.host, running), []).append(page)
                continue
            if found.form is Form.SESSIONS_TEXT:  # often the same command every minute
                listed.setdefault(page.host, []).append(page)
                continue
            if found.form is Form.ANSWERS and page.command:  # what a firewall was asked tells its answers apart
                text = f"> {page.command}\n".encode() + text
            label = f"{name} ({page.command})" if page.command else name
            try:
                self._read(found, io.BytesIO(text), label, page)
            except InputError as error:
                first = first or error
                useless += [page.command] * bool(page.command)  # what stands before the first command is no answer
        for (host, running), parts in configured.items():
            self._read_set_format(in_place(parts), name, host, running)
        for host, parts in listed.items():
            together = Page("", host, in_place(parts), 1)
            try:
                self._read(Recognised(Form.SESSIONS_TEXT), io.BytesIO(together.text.encode()), name, together)
            except InputError as error:
                first = first or error
                useless += [page.command for page in parts if page.command]
        if first is not None and not self._what:
            raise first
        if useless:
            self._note(f"{len(useless):,} of {len(pages):,} answers in it are of no use here: {_named(useless)}")

    def _read_set_format(self, text: str, name: str, host: str = "", running: bool = False) -> None:
        """Configuration lines; `host` is the name in the prompt that they stand below."""
        configuration = read_set_format(text, name, self._number, running)
        configuration.hostname = configuration.hostname or host or None
        self._found.configurations.append(configuration)
        self._what.append("configuration in set format")

    def _read(self, recognised: Recognised, stream: ByteStream, name: str, page: Page | None = None) -> None:
        """Read one document of a known form. Raises `InputError` where nothing in it can be used."""
        form = recognised.form
        if form is Form.UNUSABLE:
            raise InputError(f"{name}: {recognised.why}")
        if form in (*_STREAMED, Form.SESSIONS_TEXT):
            self._read_rows(recognised, stream, name, page)
            return
        data = stream.read()
        if form is Form.CONFIGURATION:
            configuration = read_configuration(data, name, self._number)
            if page is not None and page.host:  # what was pushed doesn't say whose it is; the prompt does
                configuration.hostname = configuration.hostname or page.host
            self._found.configurations.append(configuration)
            self._what.append(_CONFIGURATIONS[configuration.kind])
        elif form is Form.SET_FORMAT:
            self._read_set_format(decode_text(data), name)
        elif form is Form.APPLICATIONS:
            table = read_applications(data, name)
            self._found.applications.append(table)
            version = f" {table.version}" if table.version else ""
            self._what.append(f"application content{version}, {len(table.applications):,} applications")
        elif form is Form.SYSTEM_XML or form is Form.SYSTEM_TEXT:
            self._read_system(form, data, name)
        else:
            self._read_answers(recognised, data, name, page)

    def _read_answers(self, recognised: Recognised, data: bytes, name: str, page: Page | None) -> None:
        """Answers of a firewall; in a folder of lists other text is the list of the object that it is called after."""
        may_be_list = page is None and self._among_lists and not data.lstrip().startswith(b"<")
        found = read_parts(_REMARK.sub(b"", data) if may_be_list else data, name, self._number)
        for told in found:
            vsys = told.vsys or (page.vsys if page is not None else None)
            self._answer(Told(told.answers, (page.host if page is not None else "") or None, vsys), self._number)
        if not found and may_be_list:
            self._read_list(decode_text(data), name)
        elif not found:
            cut = "what was copied ends before the answer does; copy the whole of it (set cli pager off)"
            raise InputError(f"{name}: {cut if goes_on(decode_text(data)) else recognised.why}")

    def _read_list(self, text: str, name: str) -> None:
        for number, line in wrong_lines(text)[:_LISTED]:
            message = f"expected an address, network or range, found '{line[:60]}'; the list counts as not whole"
            self._found.problems.append(Problem(name, number, message))
        self._answer(Told(read_list(text, self._item.base)), None, "list of members")

    @property
    def _among_lists(self) -> bool:
        """Whether the folder says by its name that its files are plain lists."""
        return re.split(r"[:/\\]", self._item.folder)[-1].lower() in _LIST_FOLDERS

    def _read_rows(self, recognised: Recognised, stream: ByteStream, name: str, page: Page | None) -> None:
        rows = Rows(self._number, name, self._tell)
        form = recognised.form
        advance = lambda _: self._advance()  # noqa: E731
        above = _lines_above(page)
        try:
            if form is Form.CSV_LOG and recognised.heading is not None:
                CsvReader(recognised.heading, rows).read(stream, recognised.mark, advance, above)
            elif form is Form.SYSLOG:
                SyslogReader(rows).read(stream, recognised.mark, advance, above)
            elif form is Form.XML_LOG:
                XmlLogReader(rows).read(stream, advance)
            elif form is Form.SESSIONS_XML:
                read_session_xml(stream, rows, advance)
            else:
                read_session_text(decode_text(stream.read()), rows, page.line if page else 1)
        except InputError as error:  # cut off in its archive: what was read before is good
            if not rows.seen:
                raise
            rows.problems.append(_problem(name, error))
        rows.finish()
        if not rows.count and rows.problems:
            raise InputError(str(rows.problems[0]))
        self._found.problems += rows.problems
        for kind, tables in rows.tables.items():
            if page is not None and page.host and form in (Form.SESSIONS_TEXT, Form.SESSIONS_XML):
                tables = [_with_host(table, page.host) for table in tables]
            self._tables.setdefault(kind, []).extend(tables)
        self._what.append(_SESSIONS.get(form) or rows.words(_FORMS[form]))
        self._rows += rows.count
        self._skipped += rows.skipped
        self._release = self._release or rows.release
        if form not in _SESSIONS:
            self._lacking |= rows.lacking

    def _read_system(self, form: Form, data: bytes, name: str) -> None:
        if form is Form.SYSTEM_TEXT:
            system = system_of_text(decode_text(data), self._number)
        else:
            root = parse_xml(data, name)
            element = root if root.tag == "system" else next(root.iter("system"))
            system = system_of_xml(element, self._number)
        if system is None:
            raise InputError(f"{name}: expected sw-version and serial of show system info, found neither")
        self._found.systems.append(system)
        self._what.append("show system info")

    def _answer(self, told: Told, file: int | None, what: str = "") -> None:
        """Keep an answer; `file` is None for what holds whichever firewall is asked."""
        self._found.answers.append((told, file))
        self._what.append(what or _words_of(told.answers))

    def _note(self, message: str) -> None:
        self._found.problems.append(Problem(self._item.name, None, message))

    def _tell(self, kind: Kind, table: pl.DataFrame) -> None:
        if self._on_rows is not None and kind is Kind.TRAFFIC:
            self._on_rows(SessionTable(table))


def _lines_above(page: Page | None) -> int:
    """The lines of the file before the text of an answer in it, which begins after its blank lines."""
    if page is None:
        return 0
    blank = len(page.text) - len(page.text.lstrip("\r\n"))
    return page.line - 1 + page.text.count("\n", 0, blank)


def _named(commands: Sequence[str]) -> str:
    """The first of some commands, each once, and how many more there are."""
    different = list(dict.fromkeys(commands))
    first = ", ".join(safe_text(command, _COMMAND) for command in different[:_COMMANDS])
    return f"{first} and {len(different) - _COMMANDS:,} more" if len(different) > _COMMANDS else first


def _problem(name: str, error: InputError) -> Problem:
    """The problem behind an error whose message names the file, and perhaps the line, itself."""
    message = str(error)
    if message.startswith(name):
        message = message[len(name) :]
        if message.startswith(", line "):
            number, _, rest = message[7:].partition(": ")
            if number.isdigit():
                return Problem(name, int(number), rest)
        message = message.removeprefix(":").strip()
    return Problem(name, None, message)


def _with_host(table: pl.DataFrame, host: str) -> pl.DataFrame:
    """Rows with the device name of the prompt under which they were printed."""
    return table.with_columns(pl.col("device_name").fill_null(pl.lit(host).cast(pl.Categorical())))


def _words_of(answers: DeviceAnswers) -> str:
    """What the firewall was asked, in words."""
    words = (
        (answers.tests, "policy test"),
        (answers.running, "running policy"),
        (answers.list_members or answers.partial_lists, "members of an external list"),
        (answers.fqdns, "resolved host names"),
        (answers.group_addresses, "addresses of groups"),
        (answers.registered_tags or answers.registered_networks or answers.registered_complete, "registered tags"),
        (answers.user_groups, "members of user groups"),
        (answers.user_mappings, "user mappings"),
    )
    return ", ".join(word for given, word in words if given) or "answer of the firewall without content"


_FORMS = {Form.CSV_LOG: "CSV export", Form.XML_LOG: "XML API answer", Form.SYSLOG: "syslog lines"}
_SESSIONS = {Form.SESSIONS_XML: "session table, XML answer", Form.SESSIONS_TEXT: "session table, command-line text"}
_CONFIGURATIONS = {
    ConfigurationKind.RUNNING: "running configuration",
    ConfigurationKind.EFFECTIVE: "effective running configuration",
    ConfigurationKind.MERGED: "merged configuration",
    ConfigurationKind.PUSHED_POLICY: "pushed shared policy",
    ConfigurationKind.PUSHED_TEMPLATE: "pushed template",
    ConfigurationKind.PANORAMA: "Panorama configuration",
}
