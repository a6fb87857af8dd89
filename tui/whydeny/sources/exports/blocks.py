"""Read a stream of UTF-8 in blocks of whole lines."""

import codecs
import csv
import re
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Protocol, Self, TypeVar

import numpy as np
import polars as pl

from whydeny.model.errors import InputError

FIRST = 1 << 20  # a small first block: its rows are on the screen while the rest is read
BLOCK = 1 << 24
LONGEST_LINE = 1 << 26
_T = TypeVar("_T")
_ESCAPED = re.compile("[\udc80-\udcff]")  # bytes that are no UTF-8, as "surrogateescape" decodes them
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class ByteStream(Protocol):
    """What a reader needs of a stream."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes, none at the end."""


def encoding_of(head: bytes) -> tuple[str, int]:
    """The encoding of a text by its first bytes, and how many of them are a byte-order mark.

    UTF-16 without a mark shows by its zero bytes; text in which more is not UTF-8 than is, is taken for Windows-1252.
    """
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name, len(mark)
    sample = head[:2000]
    if len(sample) >= 8 and b"\0" in sample:
        odd, even = sample[1::2].count(0), sample[::2].count(0)
        if odd > len(sample) // 4 and even == 0:
            return "utf-16-le", 0
        if even > len(sample) // 4 and odd == 0:
            return "utf-16-be", 0
    text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(head)
    wrong = len(_ESCAPED.findall(text))
    right = len(text) - len(text.encode("ascii", "ignore")) - wrong
    return ("utf-8", 0) if right >= wrong else ("cp1252", 0)


def decode_text(data: bytes) -> str:
    """All of a text, whatever its encoding; bytes that fit no encoding become U+FFFD."""
    encoding, mark = encoding_of(data)
    return data[mark:].decode(encoding, "replace")


def read_blocks(stream: ByteStream, mark: int, block: int = BLOCK) -> Iterator[tuple[bytes, int]]:
    """Blocks of whole lines, each with the number of bytes read from `stream` so far; `mark` bytes of it are a byte-order
    mark.

    The last block ends where the stream does, with or without a line break. A line longer than a block makes the
    block grow; raises `InputError` beyond `LONGEST_LINE`.
    """
    read = len(stream.read(mark))
    rest = b""
    size = FIRST
    while piece := stream.read(size):
        read += len(piece)
        size = block
        end = piece.rfind(b"\n") + 1
        if not end:
            rest += piece
            if len(rest) > LONGEST_LINE:
                raise InputError(f"a line has more than {LONGEST_LINE >> 20} MB, as none of a log has")
            continue
        yield b"".join((rest, memoryview(piece)[:end])), read
        rest = piece[end:]
    if rest:
        yield rest, read


def ahead(items: Iterator[_T]) -> Generator[_T, None, None]:
    """The items of an iterator, the next one made in a second thread while one is in use. Close it when leaving early."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-ahead") as pool:
        pending = pool.submit(next, items, None)
        while (item := pending.result()) is not None:
            pending = pool.submit(next, items, None)
            yield item


class Behind:
    """A second thread that does one piece of work at a time, in order, while the next is made ready.

    To be used in a `with`, which ends when all is done. An error comes up with the next piece or at the end.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="behind")
        self._pending: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()
        if error is None or isinstance(error, Exception):  # what went wrong here came first
            self.wait()

    def do(self, work: Callable[[], None]) -> None:
        """Begin the work once the piece before it is done."""
        self.wait()
        self._pending = self._pool.submit(work)

    def wait(self) -> None:
        """Return when nothing is under way."""
        if (pending := self._pending) is not None:
            self._pending = None
            pending.result()


def quotes_in_order(text: bytes, separator: bytes = b",") -> bool:
    """Whether quotes open only at the begin of a cell and close only at the end of one, in turn; doubled ones inside.

    Text of any other kind is read line by line: polars loses its way in it.
    """
    if b'"' not in text:
        return True
    signs = np.frombuffer(text, dtype=np.uint8)
    places = np.flatnonzero(signs == ord('"'))
    if len(places) % 2:
        return False
    bounds = np.zeros(256, dtype=np.bool_)
    bounds[[ord(separator), ord("\n"), ord("\r"), ord('"')]] = True
    opening, closing = places[::2], places[1::2]
    before = bounds[signs[opening - 1]] | (opening == 0)
    after = bounds[signs[np.minimum(closing + 1, len(signs) - 1)]] | (closing == len(signs) - 1)
    return bool(before.all() and after.all())


def split_cells(line: bytes, separator: str = ",") -> list[str]:
    """The cells of one line; split without regard to quotes where they make no sense."""
    text = line.decode("utf-8", "replace").replace("\0", "").replace("\r", " ")
    try:
        return next(csv.reader([text], delimiter=separator), [])
    except csv.Error:
        return text.split(separator)


def valid_utf8(block: bytes) -> tuple[bytes, bool]:
    """The block with bytes that are not UTF-8 replaced, and whether there were any."""
    if block.isascii():
        return block, False
    # Polars looks at it faster than Python's decoder, and without keeping other threads from running.
    try:
        pl.Series([block], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.ComputeError:
        return block.decode("utf-8", "replace").encode(), True
    return block, False
