"""The columns of the session table as the screen shows them: heading, widths, text of a cell, order.

A cell's text is made for the visible rows only, from the stored columns of a page.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from whydeny.model.addresses import format_address, join_halves
from whydeny.model.columns import COLUMNS, Column, Kind, Type
from whydeny.model.flags import Flag
from whydeny.model.protocols import protocol_name
from whydeny.model.safe import safe_text

Texts = Callable[[pl.DataFrame], list[str]]

NOT_JUDGED = "…"  # every session that was allowed, then denied has a cause once it is judged
DOUBTFUL = 0.6  # a confidence below it is shown as doubt

# One letter a flag, in the order of Flag from the highest bit; the help screen says what they mean.
FLAG_LETTERS = {
    Flag.DECRYPTED: "D",
    Flag.URL_DENIED: "U",
    Flag.CAPTIVE_PORTAL: "A",
    Flag.NON_STANDARD_PORT: "P",
    Flag.TEMPORARY_MATCH: "T",
    Flag.NAT: "N",
    Flag.PACKET_CAPTURE: "C",
    Flag.PROXY_TRANSACTION: "X",
    Flag.DECRYPT_MIRROR: "M",
    Flag.TUNNEL_INSPECTED: "G",
    Flag.PBF_C2S: "F",
    Flag.PBF_S2C: "f",
    Flag.SYMMETRIC_RETURN: "R",
    Flag.IPV6: "6",
}

# What the firewall means by each (PAN-OS administrator's guide, traffic log fields, Flags).
FLAG_MEANINGS = {
    Flag.DECRYPTED: "the session was decrypted",
    Flag.URL_DENIED: "URL filtering denied it",
    Flag.CAPTIVE_PORTAL: "the user was captured by the authentication portal",
    Flag.NON_STANDARD_PORT: "the application was on another port than its own",
    Flag.TEMPORARY_MATCH: "let through by a rule for a dependent application, until the application was known",
    Flag.NAT: "addresses were translated",
    Flag.PACKET_CAPTURE: "packets of it were captured",
    Flag.PROXY_TRANSACTION: "one transaction within an HTTP proxy session",
    Flag.DECRYPT_MIRROR: "decrypted traffic went out of a mirror port in clear",
    Flag.TUNNEL_INSPECTED: "the payload of an outer tunnel, inspected",
    Flag.PBF_C2S: "policy-based forwarding, client to server",
    Flag.PBF_S2C: "policy-based forwarding, server to client",
    Flag.SYMMETRIC_RETURN: "answers went back the way the first packet came",
    Flag.IPV6: "an IPv6 session",
}


@dataclass(frozen=True, slots=True)
class ScreenColumn:
    """One column on the screen.

    `wide` is the width that shows every usual value, `least` the least that is of use; `stored` are the table's
    columns behind it and `order` those it sorts by; `seen` the columns that plain words look into, by the model's
    names.
    """

    name: str
    title: str
    what: str
    texts: Texts
    stored: tuple[str, ...]
    order: tuple[str, ...]
    wide: int
    least: int
    right: bool = False
    role: Callable[[str], str] | None = None  # of a cell, from its text
    seen: tuple[str, ...] | None = None  # None: the column's own name

    @property
    def searched(self) -> tuple[str, ...]:
        """The columns that plain words look into."""
        return (self.name,) if self.seen is None else self.seen


def time_texts(name: str, form: str = "%H:%M:%S") -> Texts:
    """Times of day; `form` decides how much of the date is shown."""

    def texts(page: pl.DataFrame) -> list[str]:
        return ["" if v is None else v.strftime(form) for v in page[name]]

    return texts


def address_texts(name: str, port: str = "") -> Texts:
    """Addresses, with the port behind a colon where `port` names its column (`[2001:db8::1]:443`)."""

    def texts(page: pl.DataFrame) -> list[str]:
        ports: Sequence[int | None] = page[port].to_list() if port else [None] * page.height
        found = []
        for high, low, number in zip(page[f"{name}_hi"], page[f"{name}_lo"], ports, strict=True):
            text = "" if low is None else format_address(join_halves(high or 0, low))
            if number and text:
                text = f"[{text}]:{number}" if ":" in text else f"{text}:{number}"
            found.append(text)
        return found

    return texts


def word_texts(name: str, empty: str = "") -> Texts:
    """Words as they are, made safe."""

    def texts(page: pl.DataFrame) -> list[str]:
        return [empty if v is None else safe_text(v) for v in page[name].cast(pl.String)]

    return texts


def number_texts(name: str) -> Texts:
    """Numbers with a comma between thousands."""

    def texts(page: pl.DataFrame) -> list[str]:
        return ["" if v is None else f"{v:,}" for v in page[name]]

    return texts


def plain_number_texts(name: str) -> Texts:
    """Numbers that name something, such as a port."""

    def texts(page: pl.DataFrame) -> list[str]:
        return ["" if v is None else str(v) for v in page[name]]

    return texts


def size_texts(name: str) -> Texts:
    """Bytes in four or five cells: `812`, `4.1k`, `37M`."""

    def texts(page: pl.DataFrame) -> list[str]:
        return ["" if v is None else short_size(v) for v in page[name]]

    return texts


def short_size(count: int) -> str:
    """`4.1k` for 4,100: powers of 1,000, as the web interface counts."""
    size = float(count)
    for unit in ("", "k", "M", "G", "T"):
        if size < 999.5 or unit == "T":
            return f"{size:.1f}{unit}" if unit and size < 9.95 else f"{size:.0f}{unit}"
        size /= 1000
    raise AssertionError


def short_duration(seconds: int) -> str:
    """`4s`, `3m05s`, `2h10m`."""
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m{seconds % 60:02}s"
    return f"{seconds // 3600}h{seconds % 3600 // 60:02}m"


def flag_letters(flags: int) -> str:
    """The set flags as letters."""
    return "".join(letter for bit, letter in FLAG_LETTERS.items() if flags & bit)


def _duration_texts(page: pl.DataFrame) -> list[str]:
    return ["" if v is None else short_duration(v) for v in page["elapsed"]]


def _flag_texts(page: pl.DataFrame) -> list[str]:
    return ["" if v is None else flag_letters(v) for v in page["flags"]]


def _protocol_texts(page: pl.DataFrame) -> list[str]:
    return [protocol_name(v) or "" for v in page["protocol"]]


def _sure_texts(page: pl.DataFrame) -> list[str]:
    return ["" if not v else f"{v:.2f}" for v in page["confidence"]]


def _cause_texts(page: pl.DataFrame) -> list[str]:
    return [
        safe_text(cause or (NOT_JUDGED if outcome == "allowed-then-denied" else outcome or ""))
        for cause, outcome in zip(page["cause"].cast(pl.String), page["outcome"].cast(pl.String), strict=True)
    ]


def _device_texts(page: pl.DataFrame) -> list[str]:
    names = page.select(pl.coalesce(pl.col("device_name", "serial").cast(pl.String)))["device_name"]
    return ["" if v is None else safe_text(v) for v in names]


def _denied_role(text: str) -> str:
    return "bad" if text else ""


def _outcome_role(text: str) -> str:
    return "bad" if text in ("policy-denied", "profile-block", "decryption-block") else ""


def _sure_role(text: str) -> str:
    return "doubt" if text and float(text) < DOUBTFUL else ""


def _ends(name: str) -> tuple[str, str]:
    return f"{name}_hi", f"{name}_lo"


def _word(name: str, title: str, what: str, wide: int, least: int) -> ScreenColumn:
    return ScreenColumn(name, title, what, word_texts(name), (name,), (name,), wide, least)


def _address(name: str, title: str, what: str) -> ScreenColumn:
    return ScreenColumn(name, title, what, address_texts(name), _ends(name), _ends(name), 15, 15)


def _number(name: str, title: str, what: str, texts: Texts, wide: int, least: int) -> ScreenColumn:
    return ScreenColumn(name, title, what, texts, (name,), (name,), wide, least, right=True)


_DESTINATION = ("destination_hi", "destination_lo", "destination_port")

SESSION_COLUMNS = (
    ScreenColumn("time", "time", "when the row was written, or a running session began", time_texts("time"), ("time",),
                 ("time",), 8, 8),
    ScreenColumn("start", "start", "when the session started", time_texts("start"), ("start",), ("start",), 8, 8),
    _address("source", "source", "source address, before NAT"),
    _number("source_port", "sport", "source port", plain_number_texts("source_port"), 5, 5),
    _word("user", "user", "source user", 16, 8),
    _address("destination", "destination", "destination address, before NAT"),
    _number("destination_port", "port", "destination port", plain_number_texts("destination_port"), 5, 5),
    ScreenColumn("destination_end", "destination", "destination address and port",
                 address_texts("destination", "destination_port"), _DESTINATION, _DESTINATION, 21, 18,
                 seen=("destination", "destination_port")),
    ScreenColumn("protocol", "proto", "IP protocol", _protocol_texts, ("protocol",), ("protocol",), 5, 4),
    _word("application", "application", "application, as App-ID last saw it", 18, 8),
    _word("rule", "rule", "the rule that the row names", 20, 10),
    _word("action", "action", "what that rule does", 10, 5),
    _word("end_reason", "end", "why the session ended", 14, 8),
    ScreenColumn("why", "why", "the cause that was found; for other sessions how they ended", _cause_texts,
                 ("outcome", "cause"), ("cause", "outcome"), 26, 14, role=_outcome_role, seen=("cause", "outcome")),
    ScreenColumn("sure", "sure", "how sure the cause is: orders causes, is not a probability", _sure_texts,
                 ("confidence",), ("confidence",), 4, 4, right=True, role=_sure_role, seen=()),
    ScreenColumn("denied_by", "denied by", "the rule that refused the session, in whichever rulebase",
                 word_texts("denied_by"), ("denied_by",), ("denied_by",), 22, 12, role=_denied_role),
    _word("outcome", "outcome", "how the session ended, in a word", 19, 10),
    _word("security_rule", "security", "the security rule that takes the session now", 20, 10),
    _word("decryption_rule", "decryption", "the decryption rule that takes it", 20, 10),
    _word("authentication_rule", "authentication", "the authentication rule that takes it", 20, 10),
    _word("from_zone", "from", "source zone", 10, 6),
    _word("to_zone", "to", "destination zone", 10, 6),
    _word("category", "category", "URL category", 20, 8),
    _number("bytes", "bytes", "bytes, both ways", size_texts("bytes"), 5, 5),
    _number("packets", "packets", "packets, both ways", number_texts("packets"), 8, 5),
    ScreenColumn("elapsed", "lasted", "how long the session lived", _duration_texts, ("elapsed",), ("elapsed",), 6, 5,
                 right=True),
    ScreenColumn("flags", "flags", "flags as letters; the help says which", _flag_texts, ("flags",), ("flags",), 6, 4),
    _address("nat_source", "NAT source", "source address after NAT"),
    _address("nat_destination", "NAT dest", "destination address after NAT"),
    _word("rule_uuid", "rule uuid", "the rule's own identifier, from 9.0 on", 36, 8),
    ScreenColumn("device_name", "device", "the firewall's name, or its serial number", _device_texts,
                 ("device_name", "serial"), ("device_name", "serial"), 14, 8, seen=("device_name", "serial")),
    _word("serial", "serial", "the firewall's serial number", 15, 8),
    _word("vsys", "vsys", "virtual system", 6, 5),
    _word("source_country", "from country", "source country or region", 14, 6),
    _word("destination_country", "to country", "destination country or region", 14, 6),
    _word("subtype", "type", "start, end, drop or deny", 6, 5),
    _number("session_id", "session", "session number", plain_number_texts("session_id"), 8, 6),
    _word("variant", "variant", "which kind of the cause", 18, 8),
)  # fmt: skip

BY_NAME = {column.name: column for column in SESSION_COLUMNS}

# What is shown where nobody chose, by the least width it needs, widest first.
SETS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (180, ("time", "source", "user", "destination", "destination_port", "application", "rule", "end_reason", "why",
           "sure", "denied_by", "from_zone", "to_zone", "bytes", "elapsed", "flags")),
    (150, ("time", "source", "user", "destination", "destination_port", "application", "rule", "why", "sure",
           "denied_by", "elapsed")),
    (110, ("time", "source", "destination_end", "application", "rule", "why", "sure", "denied_by")),
    (0, ("time", "source", "destination_end", "application", "why", "sure")),
)  # fmt: skip

WITH_DEVICE = 110  # the least width with room for the firewall's name


def value_of(frame: pl.DataFrame, row: int, column: ScreenColumn) -> tuple[str, object]:
    """The model's column behind a cell and its value: an address as number, None where there is none."""
    values = frame.row(row, named=True)
    if column.name == "why" and values["cause"] is None:
        return "outcome", values["outcome"]
    name = column.order[0]
    if name == "device_name" and values[name] is None:
        name = "serial"
    if not name.endswith("_hi"):
        return name, values[name]
    name = name.removesuffix("_hi")
    low = values[f"{name}_lo"]
    return name, None if low is None else join_halves(values[f"{name}_hi"] or 0, low)


def usual_columns(width: int, several_firewalls: bool = False) -> tuple[ScreenColumn, ...]:
    """The columns for a terminal of this width; where there is room, sessions of several firewalls say whose they are."""
    names = next(names for least, names in SETS if width >= least)
    if several_firewalls and width >= WITH_DEVICE:
        names = (names[0], "device_name", *names[1:])
    return tuple(BY_NAME[name] for name in names)


def dated(columns: Sequence[ScreenColumn], first: datetime | None, last: datetime | None) -> tuple[ScreenColumn, ...]:
    """The same columns with the date in the times where `first` and `last` are not of one day."""
    if first is None or last is None or first.date() == last.date():
        return tuple(columns)
    form, width = ("%d %H:%M:%S", 11) if (last - first).days < 27 else ("%Y-%m-%d %H:%M:%S", 19)
    return tuple(
        ScreenColumn(c.name, c.title, c.what, time_texts(c.name, form), c.stored, c.order, width, width)
        if c.name in ("time", "start")
        else c
        for c in columns
    )


# Headings of log columns that would be wider than what stands below them.
_LOG_TITLES = {"destination_port": "port", "source_port": "sport"}


def log_columns(kind: Kind) -> tuple[ScreenColumn, ...]:
    """A column for every column of a log, for looking at rows of it."""
    return tuple(_of_log(column) for column in COLUMNS[kind])


def _of_log(column: Column) -> ScreenColumn:
    name, title = column.name, _LOG_TITLES.get(column.name, column.name.replace("_", " "))
    what = (column.titles or (title,))[0]
    if column.type is Type.ADDRESS:
        return ScreenColumn(name, title, what, address_texts(name), _ends(name), _ends(name), 15, 15)
    if column.type is Type.TIME:
        return ScreenColumn(name, title, what, time_texts(name, "%Y-%m-%d %H:%M:%S"), (name,), (name,), 19, 19)
    if column.type in (Type.WORD, Type.TEXT):
        return _word(name, title, what, 20 if column.type is Type.WORD else 120, 6)
    if column.type is Type.PROTOCOL:
        return ScreenColumn(name, title, what, _protocol_texts, (name,), (name,), 5, 4)
    if column.type is Type.FLAGS:
        return ScreenColumn(name, title, what, _flag_texts, (name,), (name,), 6, 4)
    return _number(name, title, what, plain_number_texts(name), 8, 5)
