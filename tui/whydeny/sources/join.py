"""Sessions that stand in several inputs: each of the session table is one row, and what only `show session id` knows
goes to the log rows of the same session.

Sources: the states of a session and their order,
https://knowledgebase.paloaltonetworks.com/KCSArticleDetail?id=kA10g000000Clk9CAC.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

import polars as pl

# What identifies a session for as long as its id is not used again.
_KEY = (
    "session_id", "source_hi", "source_lo", "destination_hi", "destination_lo", "source_port", "destination_port", "protocol",
)  # fmt: skip
_ALSO = ("serial", "vsys", "start")  # where both rows have them
_DETAILS = ("tracker_stage", "portal_session", "proxied")
_APART = timedelta(seconds=120)  # the clocks of the two planes
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
        .select("row", "device_name", "state", "end_reason", "bytes", "bytes_sent", *_ALSO, *_KEY)
    )
    again = table.filter(pl.struct(_KEY).is_duplicated())
    kept: list[int] = []
    others: list[int] = []
    for _, rows in groupby(again.sort(_KEY).rows(named=True), itemgetter(*_KEY)):
        for first, *rest in _same_sessions(rows):
            kept += [first["row"]] * len(rest)
            others += [row["row"] for row in rest]
    if not others:
        return frame
    frame = _filled(frame, kept, others)
    return frame.with_row_index("row").filter(~pl.col("row").is_in(sorted(others))).drop("row")


def _same_sessions(rows: Iterable[Row]) -> list[list[Row]]:
    """Rows of one id and tuple, parted by session; of each the latest first."""
    found: list[list[Row]] = []
    for row in sorted(rows, key=_age, reverse=True):
        fitting = [same for same in found if all(_agree(row, other) and _one_host(row, other) for other in same)]
        if len(fitting) == 1:
            fitting[0].append(row)
        elif not fitting:
            found.append([row])
    return found


def _one_host(row: Row, other: Row) -> bool:
    """Whether rows may be of one firewall by the host names of their prompts: members of a cluster share sessions."""
    host, name = row["device_name"], other["device_name"]
    return host is None or name is None or host == name


def _age(row: Row) -> tuple[bool, int, int, int]:
    """What orders the rows of a session in time."""
    state = str(row["state"]).lower()
    place = _STATES.index(state) if state in _STATES else _STATES.index("active")
    return row["end_reason"] is not None, place, row["bytes"] or row["bytes_sent"] or 0, row["row"]


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
    places = frame.with_row_index("row")
    in_table = pl.col("state").is_not_null()
    told = pl.col("tracker_stage").is_not_null() | pl.col("portal_session").is_not_null()
    asked = places.filter(in_table & told).select("row", *_ALSO, *_KEY, *_DETAILS)
    if not asked.height:
        return frame
    logged = (
        places.filter(~in_table & pl.col("session_id").is_in(asked["session_id"].unique().implode()))
        .select("row", *_ALSO, *_KEY)
        .join(asked, on=_KEY, suffix="_asked")
    )
    found = [row for row in logged.rows(named=True) if _agree(row, {name: row[f"{name}_asked"] for name in _ALSO})]
    firewalls: dict[int, set[str]] = {}
    for row in found:
        firewalls.setdefault(row["row_asked"], set()).add(row["serial"])
    found = [row for row in found if row["serial_asked"] is not None or len(firewalls[row["row_asked"]]) == 1]
    for name in _DETAILS:
        values = {row["row"]: row[name] for row in found if row[name] is not None}
        if values:
            scattered = _scattered(
                frame[name], pl.Series(list(values), dtype=pl.UInt32), pl.Series(list(values.values()))
            )
            frame = frame.with_columns(scattered)
    return frame


def _scattered(values: pl.Series, rows: pl.Series, found: pl.Series) -> pl.Series:
    """A column with other values in some rows; polars scatters no categories."""
    if values.dtype == pl.Categorical:
        return values.cast(pl.String).scatter(rows, found.cast(pl.String)).cast(values.dtype)
    return values.scatter(rows, found)


def _agree(row: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether rows of one id and tuple may be of one session."""
    for name in ("serial", "vsys"):
        if row[name] is not None and other[name] is not None and row[name] != other[name]:
            return False
    start, begun = row["start"], other["start"]
    return start is None or begun is None or abs(start - begun) <= _APART
