"""Tables that are watched: what came is joined to what is there, so that a row keeps its number as long as it lives."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from whydeny.model.columns import Kind
from whydeny.sources.firewall.reading import SESSION
from whydeny.sources.gather import join_tables

_LOG_ROW = ("serial", "sequence", "subtype", "time", "session_id")
_ROW = "__row"
# What changes while a session lives.
CHANGING = (
    "state", "application", "rule", "category", "bytes", "bytes_sent", "bytes_received", "packets_sent",
    "packets_received", "user", "to_zone", "end_reason", "tracker_stage", "portal_session", "proxied",
    "http2_connection",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Joined:
    """The session table after new sessions came; `new`, `changed`, `gone`, `here` (the sessions that came) and `taken`
    (those of the new ones that took over the row of a session that left long ago) are row numbers."""

    frame: pl.DataFrame
    new: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()
    gone: frozenset[int] = frozenset()
    here: frozenset[int] = frozenset()
    taken: frozenset[int] = frozenset()


def append_rows(kind: Kind, known: pl.DataFrame, fresh: pl.DataFrame) -> pl.DataFrame:
    """`known` with those log rows of `fresh` behind it that it does not have yet."""
    if fresh.height and known.height:
        keys = [name for name in _LOG_ROW if name in fresh.columns]
        if fresh["sequence"].is_null().any():
            keys = [name for name in fresh.columns if name not in ("file", "line") and name in known.columns]
        rows = known.filter(pl.col("state").is_null()) if kind is Kind.TRAFFIC else known
        fresh = fresh.join(rows.select(keys).unique(), on=keys, how="anti", nulls_equal=True, maintain_order="left")
    if not fresh.height:
        return known
    return join_tables(kind, [known, fresh]) if known.height else fresh


def update_sessions(
    known: pl.DataFrame, fresh: pl.DataFrame, gone: frozenset[int], whole: bool, among: frozenset[int] | None = None
) -> Joined:
    """`known` with the sessions of `fresh`: changed ones in their rows, new ones behind.

    `gone` are the rows whose sessions had left the session table before. `whole` says that `fresh` is all there is of
    the rows `among` (None: of the session table): those of them that it lacks are gone too.
    """
    places = known.with_row_index(_ROW).filter(pl.col("state").is_not_null())
    there = places.filter(~pl.col(_ROW).is_in(sorted(gone))) if gone else places
    met = places.select(_ROW, *SESSION).join(fresh, on=list(SESSION), how="inner", nulls_equal=True)
    met = met.unique(_ROW, keep="last", maintain_order=True)
    back = frozenset(met[_ROW].to_list())
    missing = frozenset(there[_ROW].to_list()) - back if whole else frozenset()
    if among is not None:
        missing &= among
    frame, changed = _change(known, met)
    new = fresh.join(
        places.select(SESSION).unique(), on=list(SESSION), how="anti", nulls_equal=True, maintain_order="left"
    )
    if new.height:
        frame = join_tables(Kind.TRAFFIC, [frame, new]) if frame.height else new
    numbers = tuple(range(known.height, frame.height))
    return Joined(frame, numbers, changed, (gone - back) | missing, back.union(numbers))


def make_room(joined: Joined, spare: Sequence[int]) -> Joined:
    """The table with new sessions in the rows `spare`, of sessions that are gone, as many as there are of both.

    All other rows keep their numbers; the table gets shorter by what found room.
    """
    count = min(len(joined.new), len(spare))
    if not count:
        return joined
    behind = joined.frame.height - count
    order = pl.int_range(behind, eager=True)
    rooms = list(spare[:count])
    order.scatter(rooms, list(range(behind, joined.frame.height)))
    taken = frozenset(rooms)
    return replace(
        joined,
        frame=joined.frame[order],
        new=(*sorted(taken), *(row for row in joined.new if row < behind)),
        gone=joined.gone - taken,
        here=frozenset(row for row in joined.here if row < behind) | taken,
        taken=taken,
    )


def _change(known: pl.DataFrame, met: pl.DataFrame) -> tuple[pl.DataFrame, tuple[int, ...]]:
    """`known` with the values of `met` that differ (null is no value), and the rows that they are in."""
    fresh = met.select(_ROW, *(pl.col(name).alias(f"{name}__new") for name in CHANGING))
    both = known.with_row_index(_ROW).join(fresh, on=_ROW, how="left", maintain_order="left")
    differs = [
        pl.col(f"{name}__new").is_not_null() & pl.col(f"{name}__new").ne_missing(pl.col(name)) for name in CHANGING
    ]
    changed = tuple(both.filter(pl.any_horizontal(differs))[_ROW].to_list())
    if not changed:
        return known, ()
    values = [pl.coalesce(f"{name}__new", name).alias(name) for name in CHANGING]
    return both.with_columns(values).select(known.columns), changed
