"""What is in archives: gzip, bzip2, xz, zip and tar, nested once, each within bounds."""

import bz2
import gzip
import lzma
import os
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import PurePosixPath
from typing import IO, Any, cast

from whydeny.model.errors import InputError
from whydeny.model.safe import safe_text
from whydeny.sources.exports.bounded import BROKEN, MOST, Item, Opener, Unpacked, reason_of, refused
from whydeny.sources.exports.folders import is_passed_over

LARGEST_INNER = 4 << 30  # bytes of an archive that has to be unpacked before it can be looked into
LARGEST_DIRECTORY = 32 << 20  # bytes of a zip archive's directory; 20,000 files take a few
_LARGEST_HEADER = 1 << 25  # bytes that are read of a tar archive at once
_MOST_ENTRIES = 5 * MOST  # of a tar archive, with folders, links and files that are none of ours
DEEPEST = 5  # an archive counts 2, a packed file 1: a zip of a .tar.gz, or of zips, and no deeper
_PACKINGS: dict[str, Callable[[IO[bytes]], Any]] = {
    "gzip": lambda raw: gzip.GzipFile(fileobj=raw),
    "bzip2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
}
_COST = {"zip": 2, "tar": 2}
_COPY = 1 << 20
_BLOCK = 512  # bytes of a tar archive's header, and of all that is in it
_METHODS = {9: "Deflate64", 93: "zstd", 95: "xz", 98: "PPMd", 99: "AES"}
_END, _END64, _LOCATOR = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"


def archive_kind(head: bytes) -> str | None:
    """`gzip`, `bzip2`, `xz`, `zip` or `tar` by the first bytes (512 at least for tar); None for anything else."""
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"BZh") and head[4:10] in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"):
        return "bzip2"
    if head.startswith(b"\xfd7zXZ\0"):
        return "xz"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    return "tar" if head[257:262] == b"ustar" or _is_old_tar(head[:_BLOCK]) else None


def unpack(item: Item, kind: str) -> Iterator[Item]:
    """The files in an archive of that kind, sorted by name; each must be used before the next is asked for.

    Raises `InputError` on a damaged archive, one with too many files or one nested too deep; what stands before
    the damage in a tar archive comes first.
    """
    depth = item.depth + _COST.get(kind, 1)
    if depth > DEEPEST:
        raise InputError(f"{item.name}: archives are nested too deep here; unpack it first")
    whole = item.whole or Unpacked(item.size)
    try:
        if kind == "zip":
            found = _of_zip(item, depth, whole)
        elif kind == "tar":
            found = _of_tar(item, depth, whole)
        else:
            found = iter([_of_packed(item, kind, depth, whole)])
        for inner in found:
            whole.files += kind in _COST
            if whole.files > MOST:
                raise InputError(f"{item.name}: has more than {MOST:,} files; unpack it and name the ones to open")
            if whole.is_bomb:
                raise InputError(
                    f"{item.name}: unpacks to more than is read of an archive of its size; the rest is not read"
                )
            yield inner
    except BROKEN as error:
        raise InputError(f"{item.name}: the {kind} archive is damaged or cut off ({reason_of(error)})") from None


def _is_old_tar(head: bytes) -> bool:
    """Whether a block is the header of a tar archive from before there was a mark: its checksum says so."""
    if len(head) < _BLOCK or not head[0] or head.count(0) < _BLOCK // 2:
        return False
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "replace")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def _of_packed(item: Item, kind: str, depth: int, whole: Unpacked) -> Item:
    @contextmanager
    def unpacked() -> Iterator[IO[bytes]]:
        assert item.opener is not None
        with item.opener() as packed, _PACKINGS[kind](packed) as raw:
            yield cast(IO[bytes], raw)

    size = _size_in_gzip(item) if kind == "gzip" and item.depth == 0 else 0
    return Item(
        item.name, item.folder, size, item.size or item.packed, item.weight, unpacked, depth, whole=whole
    )  # fmt: skip


def _size_in_gzip(item: Item) -> int:
    """What a gzip file says of its size unpacked, 0 where that can't be."""
    assert item.opener is not None
    with item.opener() as raw:
        if not raw.seekable() or item.size < 18:
            return 0
        raw.seek(-4, os.SEEK_END)
        size = int.from_bytes(raw.read(4), "little")
    return size if size >= item.size else 0


def _of_zip(item: Item, depth: int, whole: Unpacked) -> Iterator[Item]:
    with _seekable(item) as data:
        length = data.seek(0, os.SEEK_END)
        if _directory_size(data, length) > LARGEST_DIRECTORY:
            raise _too_many(item)
        with zipfile.ZipFile(data) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.endswith("\\")]
            if office := _office({m.filename for m in members}):
                raise InputError(f"{item.name}: {office}")
            members = [m for m in members if not is_passed_over(m.filename)]
            _check_count(item, len(members))
            total = sum(m.compress_size for m in members) or 1
            for member in sorted(members, key=lambda m: m.filename):
                name = _name_in(member.filename)
                if why := _why_unread(member):
                    yield refused(f"{item.name}:{name}", item.folder, why)
                    continue
                yield _member(
                    item, name, partial(archive.open, member), depth, whole,
                    size=member.file_size, packed=min(member.compress_size, length),
                    share=member.compress_size / total,
                )  # fmt: skip


def _directory_size(data: IO[bytes], length: int) -> int:
    """How long a zip archive's directory says that it is, before anything is read of it."""
    data.seek(max(0, length - 65_557))
    tail = data.read(65_557)
    data.seek(0)
    end = tail.rfind(_END)
    if end < 0:
        return 0
    if tail[max(0, end - 20) : end].startswith(_LOCATOR):
        record = tail.rfind(_END64, 0, end)
        return int.from_bytes(tail[record + 40 : record + 48], "little") if record >= 0 else 0
    return int.from_bytes(tail[end + 12 : end + 16], "little")


def _office(names: set[str]) -> str:
    """The sentence about an archive of those files, if it is a document of an office program."""
    if "[Content_Types].xml" in names:
        is_book = any(name.startswith("xl/") for name in names)
        return "is an Excel workbook; save the sheet as CSV" if is_book else "is an Office document; save it as text"
    return "is an OpenDocument file; save it as CSV or text" if {"mimetype", "content.xml"} <= names else ""


def _why_unread(member: zipfile.ZipInfo) -> str:
    """The sentence about a file in a zip archive that can't be read."""
    if member.flag_bits & 1:
        return "is encrypted; unpack the archive with its password first"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link, which says only where a file was; pack the file itself"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        method = _METHODS.get(member.compress_type, f"method {member.compress_type}")
        return f"is packed in a way that is not read here ({method}); unpack the archive first"
    return ""


def _of_tar(item: Item, depth: int, whole: Unpacked) -> Iterator[Item]:
    with _seekable(item) as data:
        length = data.seek(0, os.SEEK_END)
        data.seek(0)
        with tarfile.open(fileobj=cast(IO[bytes], _Sips(data)), mode="r:") as archive:
            entries, damage = _entries_of(item, archive)
            members = [m for m in entries if m.isfile() and not is_passed_over(m.name)]
            if not members and damage:
                raise InputError(f"{item.name}: {damage}")
            _check_count(item, len(members))
            total = sum(m.size for m in members) or 1
            for member in sorted(members, key=lambda m: m.name):
                yield _member(
                    item, _name_in(member.name), partial(_extract, archive, member), depth, whole,
                    size=member.size, packed=min(member.size, length), share=member.size / total,
                )  # fmt: skip
            if strange := _without_content(entries, {os.path.normpath(m.name) for m in members}):
                more = f" and {len(strange) - 1:,} more" if len(strange) > 1 else ""
                yield refused(
                    item.name, item.folder,
                    f"{safe_text(strange[0], 80)}{more} in it: a link to a file outside of it, a pipe or a device, not read",
                )  # fmt: skip
            if damage:
                raise InputError(f"{item.name}: {damage}; the files before that were read")


def _entries_of(item: Item, archive: tarfile.TarFile) -> tuple[list[tarfile.TarInfo], str]:
    """All that is in a tar archive up to its end or to where it is damaged, and what is said of the damage."""
    entries: list[tarfile.TarInfo] = []
    files = 0
    try:
        for entry in archive:
            entries.append(entry)
            files += entry.isfile() and not is_passed_over(entry.name)
            if files > MOST or len(entries) > _MOST_ENTRIES:
                raise _too_many(item)
    except BROKEN as error:
        return entries, f"the tar archive is damaged or cut off ({reason_of(error)})"
    # Where no header follows the last file, tarfile takes it for the end; zeros stand there if it is.
    data = cast(IO[bytes], archive.fileobj)
    data.seek(archive.offset)
    end = data.read(_BLOCK)
    if end.count(0) < len(end):
        return entries, "the tar archive is damaged (what follows its last file is no header)"
    return entries, "" if end else "the tar archive is cut off (it has no end mark)"


def _without_content(entries: list[tarfile.TarInfo], names: set[str]) -> list[str]:
    """What has a name like a file of ours, and no content in the archive."""
    return [
        entry.name
        for entry in entries
        if not (entry.isfile() or entry.isdir() or is_passed_over(entry.name))
        and not ((entry.islnk() or entry.issym()) and _target(entry) in names)
    ]


def _target(link: tarfile.TarInfo) -> str:
    """The name in the archive that a link leads to; that of a symbolic link begins at the folder that it is in."""
    folder = PurePosixPath(link.name).parent if link.issym() else PurePosixPath()
    return os.path.normpath(folder / link.linkname)


class _Sips:
    """A tar archive that is never asked for much at once: no header is that long, and files are read in pieces."""

    def __init__(self, data: IO[bytes]) -> None:
        self._data = data
        self.seek, self.tell = data.seek, data.tell

    def read(self, size: int = -1) -> bytes:
        """As of any file, up to what is bounded."""
        if not 0 <= size <= _LARGEST_HEADER:
            raise tarfile.ReadError("a header is too long")
        return self._data.read(size)


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    found = archive.extractfile(member)
    assert found is not None, "only regular files are asked for"
    return found


def _name_in(name: str) -> str:
    """What a file in an archive is called. Some programs for Windows write backslashes between folders."""
    return safe_text(str(PurePosixPath(name.replace("\\", "/"))))


def _member(
    item: Item, name: str, opener: Opener, depth: int, whole: Unpacked, *, size: int, packed: int, share: float
) -> Item:
    folder = f"{item.name}:{PurePosixPath(name).parent}"
    return Item(f"{item.name}:{name}", folder, size, packed, item.weight * share, opener, depth, whole=whole)


def _check_count(item: Item, count: int) -> None:
    if count > MOST:
        raise _too_many(item)
    if not count:
        raise InputError(f"{item.name}: there is no file to open in this archive")


def _too_many(item: Item) -> InputError:
    return InputError(f"{item.name}: has more than {MOST:,} files; unpack it and name the ones to open")


@contextmanager
def _seekable(item: Item) -> Iterator[IO[bytes]]:
    """The bytes of an archive such that one can move in them; unpacked to a nameless file where need be.

    What comes before damage is there; the sentence about the damage is raised when it has been used.
    """
    assert item.opener is not None
    if item.depth == 0:
        with item.opener() as raw:
            yield raw
        return
    damage: InputError | None = None
    with item.open() as stream, tempfile.TemporaryFile() as copy:
        total = 0
        try:
            while data := stream.read(_COPY):
                total += len(data)
                if total > LARGEST_INNER:
                    raise InputError(f"{item.name}: has more than {LARGEST_INNER >> 30} GB unpacked; unpack it first")
                _write(item, copy, data)
        except InputError as error:
            if not stream.damaged:
                raise
            damage = error
        copy.seek(0)
        yield copy
    if damage is not None:
        raise damage


def _write(item: Item, copy: IO[bytes], data: bytes) -> None:
    try:
        copy.write(data)
    except OSError as error:
        raise InputError(
            f"{item.name}: can't be unpacked into {tempfile.gettempdir()} ({reason_of(error)}); unpack it first"
        ) from None
