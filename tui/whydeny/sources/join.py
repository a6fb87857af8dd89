"""Sessions that stand in several inputs: what `show session id` knows goes to the rows of the same session."""

from datetime import timedelta
from typing import Any

import polars as pl

# What identifies a session for as long as its id is not used again.
_KEY = (
    "session_id", "source_hi", "source_lo", "destination_hi", "destination_lo", "source_port", "destination_port", "protocol",
)  # fmt: skip
_DETAILS = ("tracker_stage", "portal_session", "proxied")
_APART = timedelta(seconds=120)  # the clocks of the two planes


def fill_details(frame: pl.DataFrame) -> pl.DataFrame:
    """The session table with each session of `show session all` and `show session id` once, and log rows of a
    session whose details were asked for with its tracker stage, portal and proxy state.

    Session ids are used again: besides id, addresses, ports and protocol, the start has to agree within two
    minutes, and serial number and virtual system where both rows have them.
    """
    details = frame["state"].is_not_null() & frame["tracker_stage"].is_not_null()
    if not details.any():
        return frame
    places = frame.with_row_index("row")
    asked = places.filter(details).select("row", "file", "serial", "vsys", "start", *_KEY, *_DETAILS)
    others = (
        places.filter(~details & frame["session_id"].is_in(asked["session_id"].unique().implode()))
        .select("row", "serial", "vsys", "start", "state", *_KEY)
        .join(asked, on=_KEY, suffix="_asked")
    )
    updates: dict[str, dict[int, Any]] = {name: {} for name in _DETAILS}
    dropped: set[int] = set()
    for row in others.rows(named=True):
        if not _agree(row):
            continue
        if row["state"] is not None:
            dropped.add(row["row"])
            continue
        for name in _DETAILS:
            updates[name][row["row"]] = row[name]
    for name, values in updates.items():
        if values:
            column = frame[name].cast(pl.String).scatter(list(values), list(values.values()))
            frame = frame.with_columns(column.cast(frame[name].dtype).alias(name))
    if dropped:
        frame = frame.with_row_index("row").filter(~pl.col("row").is_in(sorted(dropped))).drop("row")
    return frame


def _agree(row: dict[str, Any]) -> bool:
    for name in ("serial", "vsys"):
        if row[name] is not None and row[f"{name}_asked"] is not None and row[name] != row[f"{name}_asked"]:
            return False
    start, asked = row["start"], row["start_asked"]
    return start is None or asked is None or abs(start - asked) <= _APART
