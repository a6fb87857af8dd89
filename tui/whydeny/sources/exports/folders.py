"""Find the files behind the inputs that the user named, in folders too."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from whydeny.model.safe import safe_text
from whydeny.sources.exports.bounded import MOST, Item, reason_of, refused

_PASSED_OVER = ("expected.json", "desktop.ini", "thumbs.db")
_KEPT_DOTFILES = (".merged-running-config.xml",)  # of a tech-support file


def find_items(paths: Sequence[Path]) -> list[Item]:
    """The files that the user named, in folders too, sorted by name; archives among them are not opened yet.

    The same file named twice is one. Raises nothing: what can't be opened is an item that says why.
    """
    found: dict[str, Item] = {}
    for path in sorted(set(paths), key=str):
        for item in _of_path(path):
            found.setdefault(item.place, item)
    return sorted(found.values(), key=lambda item: item.name)


def is_passed_over(name: str) -> bool:
    """Whether a file in a folder or archive is none of ours by its name: `expected.json`, `README*`, dotfiles."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or any(_is_hidden(part) or part == "__MACOSX" for part in parts[:-1]):
        return True
    base = parts[-1]
    hidden = _is_hidden(base) and base not in _KEPT_DOTFILES
    return hidden or base.lower() in _PASSED_OVER or base.upper().startswith("README")


def _is_hidden(part: str) -> bool:
    return part.startswith(".") and part not in (".", "..")


def _of_path(path: Path) -> Iterator[Item]:
    try:
        if path.is_dir():
            yield from _of_folder(path)
        else:
            yield _of_file(path)
    except OSError as error:
        yield _refused(path, f"can't be opened ({reason_of(error)})")


def _of_folder(folder: Path) -> Iterator[Item]:
    """The files in a folder and in those below it. Links to folders are not followed."""
    count = 0
    waiting = [str(folder)]
    while waiting:
        parent = waiting.pop()
        try:
            with os.scandir(parent) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            count += 1
            yield _refused(Path(parent), f"the folder can't be read ({reason_of(error)})")
            continue
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                if not entry.name.startswith("."):
                    waiting.append(entry.path)
            elif not is_passed_over(entry.name):
                for item in _of_entry(Path(entry.path), folder):
                    count += 1
                    if count > MOST:
                        yield _refused(folder, f"has more than {MOST:,} files; name the ones to open")
                        return
                    yield item
    if not count:
        yield _refused(folder, "there is no file to open in this folder")


def _of_entry(path: Path, folder: Path) -> Iterator[Item]:
    """What stands in a folder and is no folder itself; nothing for a link to a folder that is read in its place."""
    try:
        if not path.is_dir():
            yield _of_file(path)
        elif not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
            yield _refused(path, "is a link to another folder, which is not followed; name that folder to open it")
    except OSError as error:
        yield _refused(path, f"can't be opened ({reason_of(error)})")


def _why_no_file(path: Path) -> str:
    if path.exists():
        return "is no file or folder but a pipe, a socket or a device; save what it gives to a file"
    return "is a link to a file that is not there" if path.is_symlink() else "there is no such file or folder"


def _of_file(path: Path) -> Item:
    if not path.is_file():
        return _refused(path, _why_no_file(path))
    size = path.stat().st_size
    place = os.path.realpath(path)
    return Item(safe_text(str(path)), str(path.parent), size, size, size, lambda: path.open("rb"), place=place)


def _refused(path: Path, why: str) -> Item:
    return refused(str(path), str(path.parent), why, place=str(path))
