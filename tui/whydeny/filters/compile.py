"""Filter to one columnar expression over a table."""

from collections.abc import Collection, Mapping
from datetime import datetime

import polars as pl

from whydeny.filters.fields import SEVERITIES, Field, Holds, field_of_term, find_field, find_flag, parse_number
from whydeny.filters.match import any_of, has_bits, has_text, has_word, is_address, is_number, is_word
from whydeny.filters.parse import parse_filter
from whydeny.filters.times import NATIVE_PERIODS, in_period, parse_span
from whydeny.filters.tree import And, Everything, FilterError, Node, Not, Operator, Or, Term, every_term
from whydeny.model.addresses import parse_network
from whydeny.model.columns import Kind
from whydeny.model.flags import Flag
from whydeny.model.protocols import NUMBERS, protocol_number
from whydeny.model.safe import safe_text

_NEGATIVE = {Operator.NEQ: Operator.EQ, Operator.NOTIN: Operator.IN}
# These columns are stored normalised: lower case, hyphens (`reset-both`, `policy-deny`).
_HYPHENED = frozenset({"action", "end_reason", "subtype", "action_source"})
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_TEXTUAL = (Holds.WORD, Holds.TEXT)
_LARGEST = (1 << 64) - 1


def compile_filter(
    text: str,
    kind: Kind = Kind.TRAFFIC,
    columns: Collection[str] | None = None,
    now: datetime | None = None,
    groups: Mapping[str, frozenset[str]] | None = None,
) -> pl.Expr:
    """One boolean expression, never null, over the table of `kind`.

    Where a filter asks for this program's own columns (`needs_judgement`), the table must be the session frame
    with the judged frame joined to its right. `columns` are the table's column names: with them the export's
    further columns (`x:HEADING`) can be asked for, and a missing verdict column gets a sentence. `now` is what
    relative times count back from, None for the newest time in the table. `groups` maps a user group to its
    users, for `( user.src in 'group' )`.

    Comparisons have two values, as in the web interface: a cell without a value is unequal to everything, so
    eq is false and neq true; words compare without case. Raises `FilterError`, which points at the place.
    """
    return _Compiler(text, kind, columns, now, groups or {}).compile(parse_filter(text))


def needs_judgement(tree: Node, kind: Kind = Kind.TRAFFIC) -> bool:
    """Whether the filter asks for a column that only judging the sessions gives."""
    found = (find_field(term.field, kind) for term in every_term(tree))
    return any(field is not None and field.own for field in found)


class _Compiler:
    def __init__(
        self,
        text: str,
        kind: Kind,
        columns: Collection[str] | None,
        now: datetime | None,
        groups: Mapping[str, frozenset[str]],
    ) -> None:
        self.text = text
        self.kind = kind
        self.columns = columns
        self.now = now
        self.groups = {name.lower(): users for name, users in groups.items()}

    def compile(self, node: Node) -> pl.Expr:
        match node:
            case Term():
                return self.term(node)
            case Everything():
                return pl.repeat(True, pl.len())
            case Not(item):
                return ~self.compile(item)
            case And(items):
                return pl.all_horizontal([self.compile(item) for item in items])
            case Or(items):
                return any_of([self.compile(item) for item in items])

    def term(self, term: Term) -> pl.Expr:
        field = field_of_term(term, self.kind, self.columns or (), self.text)
        if self.columns is not None and field.own and field.name not in self.columns:
            message = f"{field.name} is a result of judging the sessions, which has not been done."
            raise FilterError(message, self.text, term.place(0))
        negative = term.operator in _NEGATIVE
        test = self.compare(field, _NEGATIVE.get(term.operator, term.operator), term)
        return ~test if negative else test

    def compare(self, field: Field, operator: Operator, term: Term) -> pl.Expr:
        """The positive test: any column behind the field satisfies it."""
        if "" in term.values and operator in (Operator.EQ, Operator.IN) and field.holds not in _TEXTUAL:
            return self.no_value(field, operator, term)
        match field.holds:
            case Holds.WORD | Holds.TEXT:
                return any_of([self.words(name, field.holds, operator, term) for name in field.columns])
            case Holds.ADDRESS:
                ranges = [self.network(term, index) for index in range(len(term.values))]
                return any_of([is_address(name, ranges) for name in field.columns])
            case Holds.NUMBER | Holds.PORT:
                return any_of([self.number(pl.col(name), field, operator, term) for name in field.columns])
            case Holds.PROTOCOL:
                numbers = [self.protocol(term, index) for index in range(len(term.values))]
                return is_number(pl.col(field.columns[0]), [(number, number) for number in numbers])
            case Holds.SEVERITY:
                return is_word(pl.col(field.columns[0]), self.severities(operator, term))
            case Holds.DECIMAL:
                column = pl.col(field.columns[0]).cast(pl.Float64).round(4)  # 0.86 is kept in 32 bits
                return _ordered(column, operator, self.decimal(term)).fill_null(False)
            case Holds.FLAGS:
                return self.flags(pl.col(field.columns[0]), operator, term)
            case Holds.SWITCH:
                return self.switch(field, term)
            case Holds.TIME:
                return self.time(pl.col(field.columns[0]), operator, term)

    def no_value(self, field: Field, operator: Operator, term: Term) -> pl.Expr:
        """`''` stands for a cell without a value, whatever the column holds."""
        suffix = "_lo" if field.holds is Holds.ADDRESS else ""
        tests = [pl.col(f"{name}{suffix}").is_null() for name in field.columns]
        kept = [index for index, value in enumerate(term.values) if value]
        if kept:
            values, at = tuple(term.values[i] for i in kept), tuple(term.place(2 + i) for i in kept)
            tests.append(self.compare(field, operator, Term(term.field, operator, values, (*term.at[:2], *at))))
        return any_of(tests)

    def words(self, name: str, holds: Holds, operator: Operator, term: Term) -> pl.Expr:
        values = list(term.values)
        if name in _HYPHENED:
            values = [value.strip().replace("_", "-").replace(" ", "-") for value in values]
        column = pl.col(name)
        if operator is Operator.CONTAINS:
            return has_text(column, values[0]) if holds is Holds.TEXT else has_word(column, values[0])
        if operator is Operator.IN and name in ("user", "destination_user"):
            values += [user for value in term.values for user in self.groups.get(value.lower(), ())]
        return is_word(column, values)

    def network(self, term: Term, index: int) -> tuple[int, int]:
        found = parse_network(term.values[index])
        if found is None:
            raise self.bad(term, index, "an address, a network such as 10.0.0.0/8 or a range such as 10.0.0.1-10.0.0.9")
        return found

    def number(self, column: pl.Expr, field: Field, operator: Operator, term: Term) -> pl.Expr:
        largest = 0xFFFF if field.holds is Holds.PORT else _LARGEST
        what = "a port from 0 to 65535" if field.holds is Holds.PORT else "a whole number"
        if operator in (Operator.EQ, Operator.IN):
            ranges = []
            for index, value in enumerate(term.values):
                first, dash, last = value.partition("-") if operator is Operator.IN else (value, "", "")
                low = parse_number(first)
                high = parse_number(last) if dash else low
                if low is None or high is None or low > high or high > largest:
                    raise self.bad(term, index, what)
                ranges.append((low, high))
            return is_number(column, ranges)
        bound = parse_number(term.value)
        if bound is None or bound > largest:
            raise self.bad(term, 0, what)
        return _ordered(column, operator, bound).fill_null(False)

    def protocol(self, term: Term, index: int) -> int:
        found = protocol_number(term.values[index])
        if found is None:
            raise self.bad(term, index, "a protocol such as tcp, udp, icmp or 47", tuple(NUMBERS))
        return found

    def severities(self, operator: Operator, term: Term) -> list[str]:
        for index, value in enumerate(term.values):
            if value.lower() not in SEVERITIES:
                raise self.bad(term, index, f"a severity ({', '.join(SEVERITIES)})", SEVERITIES)
        if operator in (Operator.EQ, Operator.IN):
            return list(term.values)
        at = SEVERITIES.index(term.value.lower())
        compared = {
            Operator.GEQ: SEVERITIES[at:],
            Operator.GT: SEVERITIES[at + 1 :],
            Operator.LEQ: SEVERITIES[: at + 1],
            Operator.LT: SEVERITIES[:at],
        }
        return list(compared[operator])

    def decimal(self, term: Term) -> float:
        try:
            number = float(term.value) if len(term.value) <= 30 and term.value.isascii() else None
        except ValueError:
            number = None
        if number is None or not 0 <= number <= 1:
            raise self.bad(term, 0, "a number from 0 to 1")
        return number

    def flags(self, column: pl.Expr, operator: Operator, term: Term) -> pl.Expr:
        if operator is Operator.HAS:
            bits = find_flag(term.value)
            if bits is None:
                raise self.bad(term, 0, "a flag such as proxy, nat or 0x1000000", _flag_names())
            return has_bits(column, bits)
        number = parse_number(term.value)
        if number is None or number > 0xFFFFFFFF:
            raise self.bad(term, 0, "the flags as one number; ask for a single one by has")
        return (column == number).fill_null(False)

    def switch(self, field: Field, term: Term) -> pl.Expr:
        wanted = _YES_NO.get(term.value.lower())
        if wanted is None or field.bit is None:
            raise self.bad(term, 0, "yes or no", ("yes", "no"))
        flags = pl.col("flags")
        set_ = has_bits(flags, field.bit)
        test = set_ if wanted else flags.is_not_null() & ~set_
        if "proxied" in field.columns:  # a session of the session table has no flags, but says this
            words = [word for word, value in _YES_NO.items() if value is wanted]
            test = test | (flags.is_null() & is_word(pl.col("proxied"), words))
        return test

    def time(self, column: pl.Expr, operator: Operator, term: Term) -> pl.Expr:
        if operator in (Operator.EQ, Operator.IN):
            return any_of([self.at(column, term, index) for index in range(len(term.values))]).fill_null(False)
        span = parse_span(term.value)
        if span is None:
            raise self.bad(term, 0, "a time such as '2024/05/14 10:00:00'")
        bound = span.first if operator in (Operator.GEQ, Operator.LT) else span.last
        return _ordered(column, operator, bound).fill_null(False)

    def at(self, column: pl.Expr, term: Term, index: int) -> pl.Expr:
        value = term.values[index]
        span = parse_span(value)
        if span is not None:
            return column.is_between(pl.lit(span.first), pl.lit(span.last))
        period = in_period(column, value, self.now)
        if period is None:
            raise self.bad(term, index, "a time such as '2024/05/14 10:00:00' or last-15-minutes", _periods())
        return period

    def bad(self, term: Term, index: int, wanted: str, fits: tuple[str, ...] = ()) -> FilterError:
        message = f"“{safe_text(term.values[index], 60)}” is not {wanted}."
        return FilterError(message, self.text, term.place(2 + index), fits)


def _ordered(column: pl.Expr, operator: Operator, bound: float | datetime) -> pl.Expr:
    match operator:
        case Operator.GEQ:
            return column >= bound
        case Operator.LEQ:
            return column <= bound
        case Operator.GT:
            return column > bound
        case Operator.LT:
            return column < bound
        case _:
            return column == bound


def _flag_names() -> tuple[str, ...]:
    return tuple((bit.name or "").lower().replace("_", "-") for bit in Flag)


def _periods() -> tuple[str, ...]:
    return tuple(NATIVE_PERIODS)
