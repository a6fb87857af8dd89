"""Find the files behind the inputs: folders, gzip, zip and tar, nested once, each within bounds."""

import gzip
import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, cast

from whydeny.model.errors import InputError
from whydeny.model.safe import safe_text

LARGEST = 16 << 30  # bytes of one file, unpacked
MOST = 20_000  # files in one folder or archive
RATIO = 400  # logs pack 10 to 60 to one; beyond this, and beyond SLACK bytes, it is a bomb
SLACK = 256 << 20
LARGEST_INNER = 4 << 30  # bytes of an archive that has to be unpacked before it can be looked into
DEEPEST = 5  # an archive counts 2, gzip 1: a zip of a .tar.gz, or of zips, and no deeper
_COST = {"gzip": 1, "zip": 2, "tar": 2}
_GUESS = 12  # how often a gzip file of unknown size is taken to unpack, for the progress bar only
_COPY = 1 << 20
_PIECE = 1 << 24
_PASSED_OVER = ("expected.json", "desktop.ini", "thumbs.db")
_KEPT_DOTFILES = (".merged-running-config.xml",)  # of a tech-support file
_BROKEN = (OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError, NotImplementedError, RuntimeError)
Opener = Callable[[], AbstractContextManager[IO[bytes]]]


class Bounded:
    """A stream that ends with a sentence when it grows beyond what its packed size can explain."""

    def __init__(self, raw: IO[bytes], item: "Item") -> None:
        self._item = item
        self._take: Callable[[int], bytes] = getattr(raw, "read1", raw.read)  # keeps what comes before damage
        self._held = b""
        self._error: InputError | None = None
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
            except _BROKEN as error:
                self._error = InputError(f"{self._item.name}: is damaged or cut off ({_reason(error)})")
                break
            if not part:
                break
            parts.append(part)
            missing -= len(part)
            self.count += len(part)
            self._error = self._beyond_bounds()
        return b"".join(parts)

    def _beyond_bounds(self) -> InputError | None:
        item = self._item
        if self.count > LARGEST:
            return InputError(f"{item.name}: has more than {LARGEST >> 30} GB; export less at a time")
        if self.count > SLACK and self.count > RATIO * max(item.packed, 1):
            return InputError(
                f"{item.name}: unpacks to more than {RATIO} times its size, as no log does; it is not read"
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

    @property
    def base(self) -> str:
        """The name without its folder and archive."""
        return PurePosixPath(self.name.replace("\\", "/").rsplit(":", 1)[-1]).name

    @contextmanager
    def open(self) -> Iterator[Bounded]:
        """The bytes, bounded. Raises `InputError` when it can't be opened and, while reading, beyond the bounds."""
        if self.opener is None:
            raise InputError(f"{self.name}: {self.why}")
        with ExitStack() as stack:
            try:
                raw = stack.enter_context(self.opener())
            except _BROKEN as error:
                raise InputError(f"{self.name}: can't be opened ({_reason(error)})") from None
            yield Bounded(raw, self)


def find_items(paths: Sequence[Path]) -> list[Item]:
    """The files that the user named, in folders too, sorted by name; archives among them are not opened yet.

    The same file named twice is one. Raises nothing: what can't be opened is an item that says why.
    """
    found: dict[str, Item] = {}
    for path in sorted(set(paths), key=str):
        for item in _of_path(path):
            found.setdefault(item.place, item)
    return sorted(found.values(), key=lambda item: item.name)


def archive_kind(head: bytes) -> str | None:
    """`gzip`, `zip` or `tar` by the first bytes (262 at least for tar); None for anything else."""
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    return "tar" if head[257:262] == b"ustar" else None


def unpack(item: Item, kind: str) -> Iterator[Item]:
    """The files in an archive of that kind, sorted by name; each must be used before the next is asked for.

    Raises `InputError` on a damaged archive, one with too many files or one nested too deep.
    """
    depth = item.depth + _COST[kind]
    if depth > DEEPEST:
        raise InputError(f"{item.name}: archives are nested too deep here; unpack it first")
    try:
        if kind == "gzip":
            yield _of_gzip(item, depth)
        elif kind == "zip":
            yield from _of_zip(item, depth)
        else:
            yield from _of_tar(item, depth)
    except _BROKEN as error:
        raise InputError(f"{item.name}: the {kind} archive is damaged or cut off ({_reason(error)})") from None


def is_passed_over(name: str) -> bool:
    """Whether a file in a folder or archive is none of ours by its name: `expected.json`, `README*`, dotfiles."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or any((part.startswith(".") and part != ".") or part == "__MACOSX" for part in parts[:-1]):
        return True
    base = parts[-1]
    hidden = base.startswith(".") and base not in _KEPT_DOTFILES
    return hidden or base.lower() in _PASSED_OVER or base.upper().startswith("README")


def _of_path(path: Path) -> Iterator[Item]:
    try:
        if path.is_dir():
            yield from _of_folder(path)
        elif path.is_file():
            yield _of_file(path, str(path.parent))
        else:
            yield _refused(path, "is no file or folder" if path.exists() else "there is no such file or folder")
    except OSError as error:
        yield _refused(path, f"can't be opened ({_reason(error)})")


def _of_folder(folder: Path) -> Iterator[Item]:
    count = 0
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(parent) / name
            if is_passed_over(name) or not path.is_file():
                continue
            count += 1
            if count > MOST:
                yield _refused(folder, f"has more than {MOST:,} files; name the ones to open")
                return
            yield _of_file(path, parent)
    if not count:
        yield _refused(folder, "there is no file to open in this folder")


def _refused(path: Path, why: str) -> Item:
    return Item(safe_text(str(path)), str(path.parent), 0, 0, 0, None, why=why, place=str(path))


def _of_file(path: Path, folder: str) -> Item:
    size = path.stat().st_size
    name = safe_text(str(path))
    return Item(name, folder, size, size, size, lambda: path.open("rb"), place=os.path.realpath(path))


def _of_gzip(item: Item, depth: int) -> Item:
    @contextmanager
    def gunzip() -> Iterator[IO[bytes]]:
        assert item.opener is not None
        with item.opener() as packed, gzip.GzipFile(fileobj=packed) as raw:
            yield cast(IO[bytes], raw)

    size = _size_in_gzip(item) if item.depth == 0 else 0
    return Item(item.name, item.folder, size, item.size or item.packed, item.weight, gunzip, depth)


def _size_in_gzip(item: Item) -> int:
    """What a gzip file says of its size unpacked, 0 where that can't be."""
    assert item.opener is not None
    with item.opener() as raw:
        if not raw.seekable() or item.size < 18:
            return 0
        raw.seek(-4, os.SEEK_END)
        size = int.from_bytes(raw.read(4), "little")
    return size if size >= item.size else 0


def _of_zip(item: Item, depth: int) -> Iterator[Item]:
    with _seekable(item) as data, zipfile.ZipFile(data) as archive:
        members = [m for m in archive.infolist() if not m.is_dir() and not is_passed_over(m.filename)]
        if any(m.filename == "xl/workbook.xml" for m in members):
            raise InputError(f"{item.name}: is an Excel workbook; save the sheet as CSV")
        _check_count(item, len(members))
        total = sum(m.compress_size for m in members) or 1
        for member in sorted(members, key=lambda m: m.filename):
            name = safe_text(str(PurePosixPath(member.filename)))
            yield Item(
                f"{item.name}:{name}",
                f"{item.name}:{PurePosixPath(name).parent}",
                member.file_size,
                member.compress_size,
                item.weight * member.compress_size / total,
                partial(archive.open, member),
                depth,
            )


def _of_tar(item: Item, depth: int) -> Iterator[Item]:
    with _seekable(item) as data, tarfile.open(fileobj=data, mode="r:") as archive:
        members: list[tarfile.TarInfo] = []
        for member in archive:
            if member.isfile() and not is_passed_over(member.name):
                members.append(member)
                if len(members) > MOST:
                    break
        _check_count(item, len(members))
        total = sum(m.size for m in members) or 1
        for member in sorted(members, key=lambda m: m.name):
            name = safe_text(str(PurePosixPath(member.name)))
            yield Item(
                f"{item.name}:{name}",
                f"{item.name}:{PurePosixPath(name).parent}",
                member.size,
                member.size,
                item.weight * member.size / total,
                partial(_extract, archive, member),
                depth,
            )


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    found = archive.extractfile(member)
    assert found is not None, "only regular files are asked for"
    return found


def _check_count(item: Item, count: int) -> None:
    if count > MOST:
        raise InputError(f"{item.name}: has more than {MOST:,} files; unpack it and name the ones to open")
    if not count:
        raise InputError(f"{item.name}: there is no file to open in this archive")


@contextmanager
def _seekable(item: Item) -> Iterator[IO[bytes]]:
    """The bytes of an archive such that one can move in them; unpacked to a nameless file where need be."""
    assert item.opener is not None
    if item.depth == 0:
        with item.opener() as raw:
            yield raw
        return
    with item.open() as stream, tempfile.TemporaryFile() as copy:
        total = 0
        while data := stream.read(_COPY):
            total += len(data)
            if total > LARGEST_INNER:
                raise InputError(f"{item.name}: has more than {LARGEST_INNER >> 30} GB unpacked; unpack it first")
            copy.write(data)
        copy.seek(0)
        yield copy


def _reason(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return safe_text(text or type(error).__name__, 120)
