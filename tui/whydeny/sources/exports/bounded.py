"""The bytes of one file, wherever it lies, read within bounds."""

import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from whydeny.model.errors import InputError
from whydeny.model.safe import safe_text

LARGEST = 16 << 30  # bytes of one file, unpacked
MOST = 20_000  # files in one folder, or in one archive with all that are nested in it
RATIO = 400  # logs pack 10 to 60 to one; beyond this, and beyond SLACK bytes, it is a bomb
SLACK = 256 << 20
_GUESS = 12  # how often a file of unknown size is taken to unpack, for the progress bar only
_PIECE = 1 << 24
_PACKING = re.compile(r"\.(?:gz|bz2|xz)$", re.IGNORECASE)
# What reading a damaged archive raises.
BROKEN = (
    OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError, struct.error,
    NotImplementedError, RuntimeError, ValueError, LookupError, ArithmeticError,
)  # fmt: skip
Opener = Callable[[], AbstractContextManager[IO[bytes]]]


@dataclass(slots=True)
class Unpacked:
    """What has come out of one packed file so far, of everything nested in it too."""

    packed: int  # bytes of the file itself
    count: int = 0  # bytes unpacked
    files: int = 0

    @property
    def is_bomb(self) -> bool:
        """Whether that is more than any log unpacks to."""
        return self.count > SLACK and self.count > RATIO * max(self.packed, 1)


class Bounded:
    """A stream that ends with a sentence when it grows beyond what its packed size can explain."""

    def __init__(self, raw: IO[bytes], item: "Item") -> None:
        self._item = item
        self._take: Callable[[int], bytes] = getattr(raw, "read1", raw.read)  # keeps what comes before damage
        self._held = b""
        self._error: InputError | None = None
        self.damaged = False  # whether it ended in damage, not beyond the bounds
        self.count = 0  # bytes read so far

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, or as many as there are, without taking them."""
        if len(self._held) < size:
            self._held += self._fill(size - len(self._held))
        if not self._held and self._error is not None:
            raise self._error
        return self._held[:size]

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; all that is left for -1. What could be read before damage comes before the error."""
        wanted = LARGEST if size < 0 else size
        if self._held and size >= 0:
            data, self._held = self._held[:size], self._held[size:]
            return data
        held, self._held = self._held, b""
        data = held + self._fill(wanted)
        if not data and self._error is not None:
            raise self._error
        return data

    def fraction(self) -> float:
        """How much of the item has been read, 0 to 1."""
        whole = self._item.size or self._item.packed * _GUESS
        return min(1.0, (self.count - len(self._held)) / whole) if whole else 1.0

    def _fill(self, size: int) -> bytes:
        """`size` bytes, fewer at the end or where the stream is damaged: then the error is kept for the next call."""
        parts: list[bytes] = []
        missing = size
        while missing and self._error is None:
            try:
                part = self._take(min(missing, _PIECE))
            except BROKEN as error:
                self.damaged = True
                self._error = InputError(f"{self._item.name}: is damaged or cut off ({reason_of(error)})")
                break
            if not part:
                break
            parts.append(part)
            missing -= len(part)
            self.count += len(part)
            if self._item.whole is not None:
                self._item.whole.count += len(part)
            self._error = self._beyond_bounds()
        return b"".join(parts)

    def _beyond_bounds(self) -> InputError | None:
        item = self._item
        if self.count > LARGEST:
            return InputError(f"{item.name}: has more than {LARGEST >> 30} GB; export less at a time")
        if Unpacked(item.packed, self.count).is_bomb:
            return InputError(
                f"{item.name}: unpacks to more than {RATIO} times its size, as no log does; it is not read"
            )
        if item.whole is not None and item.whole.is_bomb:
            return InputError(
                f"{item.name}: all that its archive unpacks to is more than {RATIO} times its size; it is not read"
            )
        return None


@dataclass(frozen=True, slots=True)
class Item:
    """One file, wherever it lies. `name` is what the user called the input, with the path inside it.

    `folder` is where it lies (files of one folder belong together); `size` its bytes, 0 where not known before;
    `packed` the bytes it takes in its archive; `weight` its share of the bytes that progress counts; `depth` how
    deep it lies in archives; `why` a sentence about one that can't be opened.
    """

    name: str
    folder: str
    size: int
    packed: int
    weight: float
    opener: Opener | None
    depth: int = 0
    why: str = ""
    place: str = ""  # of a file on disk: where it really is
    whole: Unpacked | None = None  # of one in an archive: what came out of the outermost archive so far

    @property
    def base(self) -> str:
        """The name without its folder and archive, and without the ending that says how the file is packed."""
        return _PACKING.sub("", PurePosixPath(self.name.replace("\\", "/").rsplit(":", 1)[-1]).name)

    @contextmanager
    def open(self) -> Iterator[Bounded]:
        """The bytes, bounded. Raises `InputError` when it can't be opened and, while reading, beyond the bounds."""
        if self.opener is None:
            raise InputError(f"{self.name}: {self.why}")
        with ExitStack() as stack:
            try:
                raw = stack.enter_context(self.opener())
            except BROKEN as error:
                raise InputError(f"{self.name}: can't be opened ({reason_of(error)})") from None
            yield Bounded(raw, self)


def refused(name: str, folder: str, why: str, place: str = "") -> Item:
    """An item that can't be opened, and why."""
    return Item(safe_text(name), folder, 0, 0, 0, None, why=why, place=place)


def reason_of(error: BaseException) -> str:
    """What an error of a library says, in a few safe words."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return safe_text(text or type(error).__name__, 120)
