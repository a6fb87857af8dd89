"""Logs as the XML API answers `type=log`: pages of entries, in one file or many, read as a stream."""

from collections.abc import Callable

from whydeny.model.columns import Kind
from whydeny.model.errors import InputError
from whydeny.model.flags import XML_ELEMENTS
from whydeny.model.safe import safe_text
from whydeny.sources.exports.blocks import ByteStream
from whydeny.sources.exports.collect import Rows
from whydeny.sources.exports.layouts import OTHER_TYPES, assign, kind_of
from whydeny.sources.exports.normalise import parse_flags, rows_to_raw
from whydeny.sources.exports.xml_stream import TooDeep, stream_documents
from whydeny.sources.exports.xml_tools import DEEPEST

_FIRST_BATCH, _BATCH = 1_000, 20_000
_FLAG_ELEMENTS = tuple(XML_ELEMENTS)
_CHILDREN = 500  # of an entry, and
_PIECES = 10_000  # of an element's text: more is none of PAN-OS and not kept
_HOLDERS = ("logs", "log")  # what entries stand in


class _Page:
    """One answer, element by element; finished entries go to `take`."""

    def __init__(self, take: Callable[[dict[str, str]], None]) -> None:
        self.depth = 0
        self.count: int | None = None
        self.status = ""
        self.job = ""
        self.entries = 0
        self.error = False
        self.is_log = False
        self._take = take
        self._row: dict[str, str] | None = None
        self._row_depth = 0
        self._text: list[str] = []
        self._path: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        depth = self.depth = self.depth + 1
        if self._row is not None:
            if depth == self._row_depth + 1:
                self._text = []
            elif depth > DEEPEST:
                raise TooDeep
            return
        if depth > DEEPEST:
            raise TooDeep
        self._text = []
        if tag == "entry" and self._path and self._path[-1] in _HOLDERS:
            self._row, self._row_depth = {}, depth
        elif tag in _HOLDERS or tag == "job":
            self.is_log = True
            if attributes.get("count", "").isdigit():
                self.count = int(attributes["count"])
        elif tag == "response" and attributes.get("status") in ("error", "fail"):
            self.error = True
        self._path.append(tag)

    def end(self, tag: str) -> None:
        row = self._row
        if row is not None:
            if self.depth == self._row_depth + 1:
                if len(row) < _CHILDREN:
                    row[tag] = "".join(self._text)
            elif self.depth == self._row_depth:
                self.entries += 1
                self._take(row)
                self._row = None
                self._path.pop()
        else:
            if self._path[-2:] == ["job", "status"]:
                self.status = "".join(self._text).strip()
            elif self._path[-2:] == ["job", "id"]:
                self.job = "".join(self._text).strip()
            self._path.pop()
        self.depth -= 1

    def data(self, text: str) -> None:
        if len(self._text) < _PIECES:
            self._text.append(text)


class XmlLogReader:
    """Reads the pages in one file; `rows` takes what is found. Places are entry numbers, not lines."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        rows.sparse = True
        self._batch: list[dict[str, str]] = []
        self._entries = 0
        self._pages: list[_Page] = []
        self._size = _FIRST_BATCH
        self._flags: dict[tuple[str | None, ...], str] = {}

    def read(self, stream: ByteStream, advance: Callable[[int], None]) -> None:
        """Read the stream to its end. A file that is cut off keeps its whole entries, and is a problem.

        Raises `InputError` when not even one entry could be read.
        """
        try:
            stream_documents(stream, self._rows.name, self._new_page, advance)
        except InputError as error:
            self._flush()
            if not self._rows.seen:
                raise
            self._rows.note(
                f"{str(error).removeprefix(self._rows.name).lstrip(',: ')}; the entries before it were read"
            )
            return
        self._flush()
        for page in self._pages:
            self._check(page)

    def _new_page(self) -> _Page:
        page = _Page(self._take)
        self._pages.append(page)
        return page

    def _take(self, row: dict[str, str]) -> None:
        self._batch.append(row)
        if len(self._batch) >= self._size:
            self._flush()

    def _flush(self) -> None:
        batch, first = self._batch, self._entries + 1
        self._batch, self._size = [], _BATCH
        self._entries += len(batch)
        found: dict[Kind, tuple[list[dict[str, str]], list[int]]] = {}
        for number, row in enumerate(batch, first):
            log_type = row.get("type", "")
            kind = kind_of(log_type, row.get("subtype", ""))
            if kind is not None:
                rows, places = found.setdefault(kind, ([], []))
                rows.append(row)
                places.append(number)
            elif log_type.strip().upper() in OTHER_TYPES:
                self._rows.pass_over(log_type)
            else:
                what = f"type {safe_text(log_type.strip(), 40)}" if log_type.strip() else "no type"
                self._rows.skip(
                    number, f"expected an entry of a log type such as TRAFFIC, found {what} (entry {number})"
                )
        for kind, (rows, places) in sorted(found.items()):
            self._add(kind, rows, places)

    def _add(self, kind: Kind, rows: list[dict[str, str]], places: list[int]) -> None:
        keys = sorted(set().union(*rows))
        wanted = {keys[place]: name for place, name in assign(kind, keys).items()}
        if "flags" in wanted.values() or kind in (Kind.TRAFFIC, Kind.URL, Kind.THREAT, Kind.DECRYPTION):
            for row in rows:
                if flags := self._flags_of(row):
                    row["flags"] = flags
                    wanted["flags"] = "flags"
        self._rows.add(kind, rows_to_raw(rows, places, wanted))

    def _flags_of(self, row: dict[str, str]) -> str:
        """The flags as a number in text: the yes/no elements where they are, the rest from `<flags>`."""
        said = tuple(row.get(element) for element in _FLAG_ELEMENTS)
        key = (row.get("flags"), *said)
        if key not in self._flags:
            number = parse_flags((key[0] or "").strip())
            for element, value in zip(_FLAG_ELEMENTS, said, strict=True):
                if value in ("yes", "no"):
                    bit = int(XML_ELEMENTS[element])
                    number = (number or 0) | bit if value == "yes" else (number or 0) & ~bit
            self._flags[key] = (row.get("flags") or "") if number is None else str(number)
        return self._flags[key]

    def _check(self, page: _Page) -> None:
        """Say where an answer is not the whole of what was asked for."""
        if page.error:
            self._rows.note("one of the answers is an error of the firewall")
        elif not page.is_log:
            self._rows.note(
                "one of the answers in it holds no log entries and was passed over; keep it in a file of its own"
            )
        elif page.status in ("PEN", "ACT"):
            job = f" (job {safe_text(page.job, 20)})" if page.job else ""
            self._rows.note(
                f"the log query was still running{job} when this was saved, status {page.status}; "
                "fetch the job again once its status is FIN"
            )
        elif page.count is not None and page.count > page.entries:
            self._rows.note(f"the answer announces {page.count:,} entries and holds {page.entries:,}")
