"""PAN-OS releases that compare."""

import re
from dataclasses import dataclass

_PATTERN = re.compile(r"\s*v?(\d{1,2})\.(\d{1,2})(?:\.(\d{1,3}))?(?:-?([a-z]+\d*))?", re.IGNORECASE)


@dataclass(frozen=True, order=True, slots=True)
class Release:
    """`10.2.4-h2` as numbers that compare; the hotfix is kept as text only."""

    major: int
    minor: int
    patch: int = 0
    hotfix: str = ""

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}" + (f"-{self.hotfix}" if self.hotfix else "")


def parse_release(text: str | None) -> Release | None:
    """The release of `10.2.4-h2`, `9.0`, `v8.1.3`; None for anything else."""
    found = _PATTERN.fullmatch(text or "")
    if not found:
        return None
    major, minor, patch, hotfix = found.groups()
    return Release(int(major), int(minor), int(patch or 0), hotfix or "")


def release_of_config_version(number: int | None) -> Release | None:
    """The release behind a log's `Config Version` (2562 = 0x0A02 = 10.2); None for 0, 1 and other fillers."""
    if number is None or not 0x0501 <= number <= 0x1400:
        return None
    return Release(number >> 8, number & 0xFF)
