"""`show system info`: the XML answer and the command line's text."""

import re
from datetime import datetime
from xml.etree.ElementTree import Element

from whydeny.model.release import parse_release
from whydeny.model.safe import safe_text
from whydeny.model.site import SystemInfo
from whydeny.sources.exports.times import parse_time

_LINE = re.compile(r"\s*([a-z][a-z0-9-]*):\s?(.*)")
_UNSET = frozenset({"", "unknown", "none", "n/a"})


def system_of_xml(system: Element, file: int) -> SystemInfo:
    """The system behind a `<system>` element of an answer."""
    return _system({child.tag: child.text or "" for child in system}, file)


def system_of_text(text: str, file: int) -> SystemInfo | None:
    """The system behind `name: value` lines; None where neither a release nor a serial is among them."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        if match := _LINE.fullmatch(line):
            values.setdefault(match[1], match[2])
    if "sw-version" not in values and "serial" not in values:
        return None
    return _system(values, file)


def _system(values: dict[str, str], file: int) -> SystemInfo:
    def word(name: str) -> str | None:
        text = safe_text(values.get(name, "").strip())
        return None if text.lower() in _UNSET else text

    time: datetime | None = parse_time(values.get("time", ""))
    return SystemInfo(
        file=file,
        hostname=word("hostname") or word("devicename"),
        serial=word("serial"),
        model=word("model"),
        release=parse_release(word("sw-version")),
        content_version=word("app-version"),
        content_released=word("app-release-date"),
        multi_vsys=word("multi-vsys") == "on",
        time=time,
    )
