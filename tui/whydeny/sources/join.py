"""Sessions that stand in several inputs: each of the session table is one row, and what only `show session id` knows
goes to the log rows of the same session.

Sources: the states of a session and their order,
https://knowledgebase.paloaltonetworks.com/KCSArticleDetail?id=kA10g000000Clk9CAC.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable
from datetime import timedelta
from operator import itemgetter
from typing import Any

import polars as pl

# What identifies a session for as long as its id is not used again.
_KEY = (
    "session_id", "source_hi", "source_lo", "destination_hi", "destination_lo", "source_port", "destination_port", "protocol",
)  # fmt: skip
_ALSO = ("serial", "vsys", "start")
_BYTES = ("bytes", "bytes_sent", "bytes_received")
_DETAILS = ("tracker_stage", "portal_session", "proxied")
_APART = timedelta(seconds=120)  # the clocks of the two planes
_FEW = 16  # details of one id and tuple at one time; among more nothing is told apart
# What a session goes through, in this order. INIT is an entry not used yet, or one whose session has ended.
_STATES = ("init", "opening", "active", "discard", "closing", "closed", "free")
Row = dict[str, Any]


def fill_details(frame: pl.DataFrame) -> pl.DataFrame:
    """The session table with each session of `show session all` and `show session id` once, as it was last, and log
    rows of a session whose details were asked for with its tracker stage, portal and proxy state.

    Session ids are used again: besides id, addresses, ports and protocol, the start has to agree within two
    minutes, and serial number and virtual system where both rows have them.
    """
    if not frame["state"].is_not_null().any():
        return frame
    return _fill_logs(_once(frame))


def _once(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with each session of the session table in one row: the latest, with what only the others tell."""
    table = (
        frame.with_row_index("row")
        .filter(pl.col("state").is_not_null() & pl.col("session_id").is_not_null())
        .select("row", "device_name", "state", "end_reason", *_ALSO, *_KEY, *_BYTES)
    )
    again = table.filter(pl.struct("vsys", *_KEY).is_duplicated()).sort("start", nulls_last=True)
    kept: list[int] = []
    others: list[int] = []
    for rows in _parted(again.rows(named=True), itemgetter("vsys", *_KEY)).values():
        for first, *rest in (sorted(same, key=_age, reverse=True) for same in _same_sessions(rows)):
            kept += [first["row"]] * len(rest)
            others += [row["row"] for row in rest]
    if not others:
        return frame
    frame = _filled(frame, kept, others)
    return frame.with_row_index("row").filter(~pl.col("row").is_in(sorted(others))).drop("row")


def _same_sessions(rows: list[Row]) -> list[list[Row]]:
    """Rows of one id, tuple and virtual system, those that began first in front, parted by session.

    What does not say whose it is, or when it began, belongs to the only session that it can be of.
    """
    spans: list[list[Row]] = []
    unknown = [row for row in rows if row["start"] is None]
    for row in rows:
        if row["start"] is None:
            continue
        if spans and row["start"] - spans[-1][0]["start"] <= _APART:
            spans[-1].append(row)
        else:
            spans.append([row])
    if len(spans) == 1:
        spans[0] += unknown
    elif unknown:
        spans.append(unknown)
    return [same for span in spans for same in _by_firewall(span)]


def _by_firewall(rows: list[Row]) -> list[list[Row]]:
    """Rows parted by firewall, as far as serial number or the prompt's host name tell: members of a cluster share
    sessions."""
    parts = _parted(rows, lambda row: row["serial"] or row["device_name"])
    nobody = parts.pop(None, [])
    if len(parts) == 1:
        next(iter(parts.values())).extend(nobody)
    elif nobody:
        parts[None] = nobody
    return list(parts.values())


def _parted(rows: Iterable[Row], key: Callable[[Row], Hashable]) -> dict[Hashable, list[Row]]:
    """Rows by a key, in the order in which they come."""
    found: dict[Hashable, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def _age(row: Row) -> tuple[bool, int, int, int]:
    """What orders the rows of a session in time."""
    state = str(row["state"]).lower()
    place = _STATES.index(state) if state in _STATES else _STATES.index("active")
    return row["end_reason"] is not None, place, row["bytes"] or sum(row[name] or 0 for name in _BYTES), row["row"]


def _filled(frame: pl.DataFrame, kept: list[int], others: list[int]) -> pl.DataFrame:
    """The frame with the empty cells of the rows `kept` filled from the rows `others`, the first that have something."""
    pairs = pl.DataFrame({"kept": kept, "other": others}, schema={"kept": pl.UInt32, "other": pl.UInt32})
    for column in frame.columns:
        if column in ("file", "line"):
            continue
        values = frame[column]
        told = pairs.filter(values.gather(pairs["kept"]).is_null() & values.gather(pairs["other"]).is_not_null())
        told = told.unique("kept", keep="first", maintain_order=True)
        if told.height:
            frame = frame.with_columns(_scattered(values, told["kept"], values.gather(told["other"])))
    return frame


def _fill_logs(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with what details know in the log rows of the same session."""
    places = frame.with_row_index("row").select("row", "state", *_ALSO, *_KEY, *_DETAILS)
    in_table = pl.col("state").is_not_null()
    asked = places.filter(in_table & (pl.col("tracker_stage").is_not_null() | pl.col("portal_session").is_not_null()))
    if not asked.height:
        return frame
    by_key = _parted(asked.sort("start", nulls_last=True).rows(named=True), itemgetter(*_KEY))
    dated = {key: sum(details["start"] is not None for details in same) for key, same in by_key.items()}
    logged = places.filter(~in_table & pl.col("session_id").is_in(asked["session_id"].unique().implode()))
    found: dict[int, list[tuple[Row, Row]]] = {}
    for row in logged.rows(named=True):
        key = itemgetter(*_KEY)(row)
        details = _details_of(row, by_key.get(key, []), dated.get(key, 0))
        if details is not None:
            found.setdefault(details["row"], []).append((row, details))
    pairs = [pair for same in found.values() if _one_firewall(same) for pair in same]
    for name in _DETAILS:
        values = {row["row"]: details[name] for row, details in pairs if details[name] is not None}
        if values:
            scattered = _scattered(
                frame[name], pl.Series(list(values), dtype=pl.UInt32), pl.Series(list(values.values()))
            )
            frame = frame.with_columns(scattered)
    return frame


def _details_of(row: Row, asked: list[Row], dated: int) -> Row | None:
    """The details of a log row's session among those of its id and tuple, of which so many have a start and stand in
    its order; None where more than one may be meant."""
    start, first, last = row["start"], 0, dated
    if start is not None:
        first = bisect_left(asked, start - _APART, hi=dated, key=itemgetter("start"))
        last = bisect_right(asked, start + _APART, lo=first, hi=dated, key=itemgetter("start"))
    if last - first + len(asked) - dated > _FEW:
        return None
    fitting = [details for details in asked[first:last] + asked[dated:] if _agree(row, details)]
    return fitting[0] if len(fitting) == 1 else None


def _one_firewall(pairs: list[tuple[Row, Row]]) -> bool:
    """Whether the log rows that details fit are of one firewall, where the details don't tell whose they are."""
    return pairs[0][1]["serial"] is not None or len({row["serial"] for row, _ in pairs}) == 1


def _scattered(values: pl.Series, rows: pl.Series, found: pl.Series) -> pl.Series:
    """A column with other values in some rows; polars scatters no categories."""
    if values.dtype == pl.Categorical:
        return values.cast(pl.String).scatter(rows, found.cast(pl.String)).cast(values.dtype)
    return values.scatter(rows, found)


def _agree(row: Row, details: Row) -> bool:
    """Whether rows of one id, tuple and time may be of one session."""
    return all(row[name] is None or details[name] is None or row[name] == details[name] for name in ("serial", "vsys"))
