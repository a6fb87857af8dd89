"""Answers to tables, through the readers of saved forms: an answer of the API is the same bytes as a saved one."""

from collections.abc import Callable, Sequence
from io import BytesIO

import polars as pl

from whydeny.model.columns import Kind
from whydeny.model.errors import InputError
from whydeny.model.safe import safe_text
from whydeny.model.site import Problem
from whydeny.model.tables import empty_frame
from whydeny.sources.exports.collect import Rows
from whydeny.sources.exports.session_table import read_session_xml
from whydeny.sources.exports.xml_log import XmlLogReader
from whydeny.sources.firewall.failures import Failure, FirewallError
from whydeny.sources.gather import join_tables

SESSION = ("session_id", "vsys", "source_hi", "source_lo", "destination_hi", "destination_lo", "source_port",
           "destination_port", "protocol", "start")  # fmt: skip


def read_log_page(body: bytes, rows: Rows) -> int:
    """Read one page of a log answer into `rows`; how many entries it had."""
    before = rows.seen
    _read(rows, lambda: XmlLogReader(rows).read(BytesIO(body), lambda _: None))
    return rows.seen - before


def read_session_page(body: bytes, rows: Rows) -> int:
    """Read one page of `show session all`, or the details of `show session id`, into `rows`; how many there were."""
    before = rows.seen
    _read(rows, lambda: read_session_xml(BytesIO(body), rows, lambda _: None))
    return rows.seen - before


def _read(rows: Rows, read: Callable[[], None]) -> None:
    try:
        read()
    except InputError as error:
        raise FirewallError(Failure.NOT_XML, f"{rows.name}: {unnamed(str(error), rows.name)}") from None


def table_of(rows: Rows, kind: Kind) -> pl.DataFrame:
    """The table of one kind that was read."""
    tables = rows.tables.get(kind)
    return join_tables(kind, list(tables)) if tables else empty_frame(kind)


def without_doubles(kind: Kind, frame: pl.DataFrame) -> pl.DataFrame:
    """Each row once: pages shift while the firewall goes on writing.

    Log rows are told apart by serial and sequence number where they have one; sessions by id and addresses.
    """
    if kind is Kind.TRAFFIC and frame["state"].is_not_null().any():
        return frame.unique(SESSION, keep="first", maintain_order=True)
    numbered = frame["sequence"].is_not_null()
    if numbered.all():
        return frame.unique(("serial", "sequence", "subtype", "time"), keep="first", maintain_order=True)
    columns = [name for name in frame.columns if name not in ("file", "line")]
    return frame.unique(columns, keep="first", maintain_order=True)


def problems_of(name: str, errors: Sequence[Exception]) -> list[Problem]:
    """Failures as problems of the firewall called `name`."""
    return [Problem(name, None, safe_text(unnamed(str(error), name), 1000)) for error in errors]


def unnamed(message: str, name: str) -> str:
    """A message without the name that it begins with."""
    return message.removeprefix(name).lstrip(":, ")
