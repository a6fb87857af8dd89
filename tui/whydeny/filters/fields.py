"""What a filter can ask for: every name a field goes by, the columns behind it, and its operators.

Names come from three sides, in this order of precedence: PAN-OS's log filters (`addr.src`, `port.dst`,
`zone`), the key on the wire (`src`, `session_end_reason`), and this program's column names and the headings
of CSV exports (`source`, `Source address`). Case, blanks, hyphens and underscores don't matter.

PAN-OS's names: "Traffic Monitor Filter Basics",
https://live.paloaltonetworks.com/t5/general-topics/traffic-monitor-filter-basics/m-p/436593, and the traffic
log fields, https://docs.paloaltonetworks.com/pan-os/9-1/pan-os-admin/monitoring/use-syslog-for-monitoring.
"""

import difflib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from whydeny.filters.tree import FilterError, Operator, Term, alternatives
from whydeny.model.columns import COLUMNS, Column, Kind, Type
from whydeny.model.flags import XML_ELEMENTS, Flag
from whydeny.model.safe import safe_text


class Holds(StrEnum):
    """What a field's values are, and so how they compare."""

    WORD = "a word"
    TEXT = "a text"
    SEVERITY = "a severity"
    NUMBER = "a number"
    DECIMAL = "a decimal number"
    PORT = "a port"
    PROTOCOL = "a protocol"
    FLAGS = "flags"
    TIME = "a time"
    ADDRESS = "an address"
    SWITCH = "yes or no"


_SAME = (Operator.EQ, Operator.NEQ)
_LISTS = (Operator.IN, Operator.NOTIN)
_ORDER = (Operator.GEQ, Operator.LEQ, Operator.GT, Operator.LT)
OPERATORS: dict[Holds, tuple[Operator, ...]] = {
    Holds.WORD: (*_SAME, *_LISTS, Operator.CONTAINS),
    Holds.TEXT: (Operator.CONTAINS, *_SAME, *_LISTS),
    Holds.SEVERITY: (*_SAME, *_LISTS, *_ORDER),
    Holds.NUMBER: (*_SAME, *_ORDER, *_LISTS),
    Holds.DECIMAL: (*_ORDER, *_SAME),
    Holds.PORT: (*_SAME, *_ORDER, *_LISTS),
    Holds.PROTOCOL: (*_SAME, *_LISTS),
    Holds.FLAGS: (Operator.HAS, *_SAME),
    Holds.TIME: (Operator.IN, *_ORDER, *_SAME, Operator.NOTIN),
    Holds.ADDRESS: (*_LISTS, *_SAME),
    Holds.SWITCH: _SAME,
}
_HOLDS = {
    Type.WORD: Holds.WORD,
    Type.TEXT: Holds.TEXT,
    Type.NUMBER: Holds.NUMBER,
    Type.PORT: Holds.PORT,
    Type.PROTOCOL: Holds.PROTOCOL,
    Type.FLAGS: Holds.FLAGS,
    Type.TIME: Holds.TIME,
    Type.ADDRESS: Holds.ADDRESS,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of one kind of log.

    `columns` are the table's columns behind it, two for "either end" fields such as `addr`; `bit` is the flag
    behind a yes-or-no field. `own` fields stand in the judged frame; `native` ones a firewall knows too.
    """

    name: str
    columns: tuple[str, ...]
    holds: Holds
    what: str
    native: bool = True
    own: bool = False
    bit: Flag | None = None

    @property
    def operators(self) -> tuple[Operator, ...]:
        """What it can be compared by, the usual one first."""
        return OPERATORS[self.holds]


# The filter names of a column, where the key on the wire isn't the only one; the first is the one written.
_FILTER_NAMES: dict[str, tuple[str, ...]] = {
    "source": ("addr.src",),
    "destination": ("addr.dst",),
    "nat_source": ("natsrc", "addr.natsrc", "nataddr.src"),
    "nat_destination": ("natdst", "addr.natdst", "nataddr.dst"),
    "source_port": ("port.src",),
    "destination_port": ("port.dst",),
    "nat_source_port": ("natsport", "port.natsrc", "natport.src"),
    "nat_destination_port": ("natdport", "port.natdst", "natport.dst"),
    "from_zone": ("zone.src",),
    "to_zone": ("zone.dst",),
    "inbound_interface": ("interface.src",),
    "outbound_interface": ("interface.dst",),
    "source_country": ("srcloc", "country.src"),
    "destination_country": ("dstloc", "country.dst"),
    "destination_user": ("user.dst",),
    "address": ("ip", "addr", "addr.src"),
    "tunnel_id": ("tunnelid_imsi", "tunnelid"),
    "url": ("url", "misc"),
    "threat_name": ("name-of-threatid", "threatid"),
}

# PAN-OS's fields that mean either end, and three more made the same way.
_EITHER: dict[str, tuple[tuple[str, str], str, bool]] = {
    "addr": (("source", "destination"), "source or destination address", True),
    "port": (("source_port", "destination_port"), "source or destination port", True),
    "zone": (("from_zone", "to_zone"), "source or destination zone", True),
    "user": (("user", "destination_user"), "source or destination user", True),
    "interface": (("inbound_interface", "outbound_interface"), "inbound or outbound interface", True),
    "nataddr": (("nat_source", "nat_destination"), "address after NAT, of either end", False),
    "natport": (("nat_source_port", "nat_destination_port"), "port after NAT, of either end", False),
    "country": (("source_country", "destination_country"), "country of either end", False),
}

# The columns of the judged frame, which the caller joins to the session table.
_OWN: dict[str, tuple[Holds, str]] = {
    "outcome": (Holds.WORD, "how the session ended"),
    "cause": (Holds.WORD, "why it was refused"),
    "variant": (Holds.WORD, "which form of the cause"),
    "confidence": (Holds.DECIMAL, "how sure the verdict is, 0 to 1"),
    "denied_by": (Holds.WORD, "the rule that refused it"),
    "headline": (Holds.TEXT, "the verdict in a sentence"),
    "security_rule": (Holds.WORD, "the security rule that the configuration gives"),
    "decryption_rule": (Holds.WORD, "the decryption rule that the configuration gives"),
    "authentication_rule": (Holds.WORD, "the authentication rule that the configuration gives"),
}
# Of `show session` only: no log has them, so no log query can ask for them.
_NO_LOG = frozenset({"state", "tracker_stage", "session_type", "portal_session", "proxied"})

SEVERITIES = ("informational", "low", "medium", "high", "critical")

# What `flags has` takes: the elements of a log answer with and without `flag-`, and the words shown here.
FLAG_NAMES: dict[str, Flag] = {
    **{name.removeprefix("flag-"): bit for name, bit in XML_ELEMENTS.items()},
    "ssl-proxy": Flag.DECRYPTED,
    "exported": Flag.NON_STANDARD_PORT,
    **{(bit.name or "").lower().replace("_", "-"): bit for bit in Flag},
    **XML_ELEMENTS,
}


def plain_name(name: str) -> str:
    """A name as names are compared: lower case, blanks and hyphens as underscores."""
    return re.sub(r"[\s_-]+", "_", name.strip().lower())


def _what(column: Column) -> str:
    return (column.titles[0] if column.titles else column.name.replace("_", " ")).lower()


def _column_names(column: Column, two_users: bool) -> tuple[str, ...]:
    """Every name of a column, the one that is written first."""
    first = ("user.src", "srcuser") if two_users and column.name == "user" else _FILTER_NAMES.get(column.name, ())
    return (*first, column.key, column.name, *column.aliases, *column.titles)


def _named(kind: Kind) -> Iterator[tuple[tuple[str, ...], Field]]:
    """The fields of a kind with their names, those with precedence first."""
    columns = {column.name: column for column in COLUMNS[kind]}
    for name, (ends, what, native) in _EITHER.items():
        if all(end in columns for end in ends):
            yield (name,), Field(name, ends, _HOLDS[columns[ends[0]].type], what, native)
    for column in COLUMNS[kind]:
        names = _column_names(column, "destination_user" in columns)
        holds = Holds.SEVERITY if column.name == "severity" else _HOLDS[column.type]
        yield names, Field(names[0], (column.name,), holds, _what(column), column.name not in _NO_LOG)
    if "flags" in columns:
        for element, bit in XML_ELEMENTS.items():
            yield (element,), Field(element, ("flags",), Holds.SWITCH, f"flag {bit:#010x}", bit=bit)
        behind = ("flags", "proxied") if "proxied" in columns else ("flags",)
        yield (
            ("decrypted",),
            Field("decrypted", behind, Holds.SWITCH, "whether the session was decrypted", False, bit=Flag.DECRYPTED),
        )
    if kind is Kind.TRAFFIC:
        for name, (holds, what) in _OWN.items():
            yield (name,), Field(name, (name,), holds, what, native=False, own=True)


@cache
def names_of(kind: Kind) -> dict[str, Field]:
    """The field of every name of a kind, by `plain_name`.

    All first names go before all further ones, so that a heading never hides another column's own name.
    """
    found: dict[str, Field] = {}
    pairs = list(_named(kind))
    for names, field in pairs:
        found.setdefault(plain_name(names[0]), field)
    for names, field in pairs:
        for name in names[1:]:
            found.setdefault(plain_name(name), field)
    return found


@cache
def fields_of(kind: Kind) -> tuple[Field, ...]:
    """Every field of a kind once, in the order that help and completion show them."""
    own = [field for _, field in _named(kind) if field.own]
    rest = [field for _, field in _named(kind) if not field.own]
    return (*own, *rest)


def find_field(name: str, kind: Kind, extra: Collection[str] = ()) -> Field | None:
    """The field of that name; `extra` are further columns of the table (`x:HEADING`), found by their heading."""
    plain = plain_name(name)
    known = names_of(kind).get(plain)
    if known is not None:
        return known
    for column in extra:
        if column.startswith("x:") and plain in (plain_name(column), plain_name(column[2:])):
            return Field(column, (column,), Holds.TEXT, "a column of the export", native=False)
    return None


def column_field(column: str, kind: Kind = Kind.TRAFFIC) -> Field | None:
    """The field that asks for one column of a kind's table or of the judged frame, or for `decrypted`."""
    if column.startswith("x:"):
        return Field(column, (column,), Holds.TEXT, "a column of the export", native=False)
    if column == "decrypted":
        return names_of(kind).get(column)
    return next((f for f in fields_of(kind) if f.columns == (column,) and f.bit is None), None)


def field_of_term(term: Term, kind: Kind, extra: Collection[str] = (), text: str = "") -> Field:
    """The field that a comparison asks for; raises `FilterError` at its place for an unknown name or an
    operator that the field does not take."""
    field = find_field(term.field, kind, extra)
    if field is None:
        near = near_fields(term.field, kind)
        hint = f"; did you mean {alternatives(near)}?" if near else "."
        shown = safe_text(term.field, 60)
        raise FilterError(f"“{shown}” is not a field of the {kind} log{hint}", text, term.place(0), near)
    if term.operator not in field.operators:
        fits = tuple(str(operator) for operator in field.operators)
        message = f"{field.name} is {field.holds} and takes {alternatives(fits)}, not {term.operator}."
        raise FilterError(message, text, term.place(1), fits)
    return field


def near_fields(name: str, kind: Kind) -> tuple[str, ...]:
    """Up to three fields whose names look like `name`, nearest first."""
    known = names_of(kind)
    close = difflib.get_close_matches(plain_name(name)[:60], known, n=6, cutoff=0.6)
    return tuple(dict.fromkeys(known[found].name for found in close))[:3]


def find_flag(name: str) -> Flag | None:
    """The bits of a flag's name, or of a number such as `0x1000000`; None for neither."""
    plain = name.strip().lower().replace("_", "-").replace(" ", "-")
    if plain in FLAG_NAMES:
        return FLAG_NAMES[plain]
    number = parse_number(plain)
    return Flag(number) if number is not None and 0 < number <= 0xFFFFFFFF else None


def parse_number(text: str) -> int | None:
    """A natural number in decimal or as `0x…`, up to 64 bits; None for anything else."""
    found = re.fullmatch(r"\s*(?:0x([0-9a-f]{1,16})|([0-9]{1,20}))\s*", text.lower(), re.ASCII)
    if found is None:
        return None
    number = int(found[1], 16) if found[1] else int(found[2])
    return number if number < 1 << 64 else None
