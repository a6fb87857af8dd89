"""What the session table costs beside Textual's own DataTable and textual-fastdatatable, and what goes over the wire.

usage: python benchmarks/screen.py [--rows N ...] [--size WxH ...] [--most-datatable N]

Every table runs in a process and a terminal of its own (a pty, 256 colours) with the same 12 columns. Prints, per table
and number of rows, the milliseconds from start to first rows, for a cursor key, a page, a sort and a filter (from the
key to the last byte that it caused), the bytes of a cursor key and a page while keys repeat, and the ratios to
whydeny's. `explorer` is the whole screen, whose panes follow when the cursor rests. A table that is not installed, and
a DataTable above `--most-datatable` rows (it needs minutes), are left out with a word.
"""

import argparse
import contextlib
import fcntl
import importlib.util
import os
import pty
import select
import signal
import statistics
import struct
import sys
import termios
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

COLUMNS = ("time", "source", "user", "destination", "destination_port", "application", "rule", "action", "end_reason",
           "from_zone", "to_zone", "bytes")  # fmt: skip
TABLES = ("empty", "whydeny", "explorer", "datatable", "fastdatatable")
FIRST = b"10.0.0.0"  # stands in the first row
KEYS = {"down": b"j", "page": b"\x1b[6~", "sort": b"s", "filter": b"f"}
QUIET = 0.15  # seconds without a byte after which a key has been answered


# The tables, each in a process of its own.


def make_frame(rows: int) -> Any:
    """Sessions with every column of the traffic table, few distinct words as in real logs."""
    import numpy as np
    import polars as pl

    from whydeny.model.addresses import V4_BASE
    from whydeny.model.columns import Kind
    from whydeny.model.tables import empty_frame

    number = np.arange(rows, dtype=np.uint64)
    start = datetime(2024, 5, 14, 8)

    def words(*choices: str) -> Any:
        return pl.Series([choices[n] for n in range(len(choices))], dtype=pl.Categorical).gather(number % len(choices))

    made = pl.DataFrame(
        {
            "file": pl.zeros(rows, pl.UInt16, eager=True),
            "line": (number + 2).astype(np.uint32),
            "session_id": number + 1,
            "time": pl.Series(number % 86_400).cast(pl.Int64).cast(pl.Duration("ms")) * 1000 + start,
            "source_hi": np.zeros(rows, dtype=np.uint64),
            "source_lo": V4_BASE + (10 << 24) + (number * 7919) % 65_536,
            "destination_hi": np.zeros(rows, dtype=np.uint64),
            "destination_lo": V4_BASE + (203 << 24) + (113 << 8) + number % 200,
            "destination_port": (443 + number % 3).astype(np.uint16),
            "protocol": pl.repeat(6, rows, dtype=pl.UInt8, eager=True),
            "user": words("example\\amy", "example\\bob", "example\\cem", "example\\dana"),
            "application": words("ssl", "web-browsing", "dns", "quic", "smtp"),
            "rule": words("Users-Out", "Servers", "Guests"),
            "action": words("allow", "allow", "allow", "deny"),
            "end_reason": words("tcp-fin", "aged-out", "policy-deny", "tcp-rst-from-client", "tcp-fin", "tcp-fin"),
            "from_zone": words("trust", "guest"),
            "to_zone": words("untrust", "dmz", "servers"),
            "bytes": (number * 31) % 900_000,
            "elapsed": number % 300,
            "serial": words("007000000000001"),
            "vsys": words("vsys1"),
        }
    )
    empty = empty_frame(Kind.TRAFFIC)
    return pl.concat([empty, made.cast({name: empty.schema[name] for name in made.columns})], how="diagonal")


def texts_of(frame: Any) -> list[list[str]]:
    """The same cells as text, column by column, for the tables that want them all."""
    from whydeny.ui.columns import BY_NAME

    return [BY_NAME[name].texts(frame) for name in COLUMNS]


def run_empty(_rows: int) -> None:
    """A Textual application with a word on it."""
    from textual.app import App, ComposeResult
    from textual.widgets import Static

    class Empty(App[None]):
        def compose(self) -> ComposeResult:
            yield Static(FIRST.decode())

    Empty().run()


def run_whydeny(rows: int) -> None:
    """The table alone, over polars."""
    import polars as pl
    from textual.app import App, ComposeResult

    from whydeny.ui.columns import BY_NAME
    from whydeny.ui.theme import ROLES
    from whydeny.ui.view import SortKey, filtered_by, hits_of, sorted_by, whole
    from whydeny.ui.widgets.table import RowTable

    frame = make_frame(rows)
    started()

    class Table(App[None]):
        def get_theme_variable_defaults(self) -> dict[str, str]:
            return dict(ROLES)

        def compose(self) -> ComposeResult:
            yield RowTable(whole(frame), [BY_NAME[name] for name in COLUMNS])

        def key_s(self) -> None:
            table = self.query_one(RowTable)
            table.show(sorted_by(table.view, [SortKey("bytes", ("bytes",))]))

        def key_f(self) -> None:
            table = self.query_one(RowTable)
            condition = pl.col("application").cast(pl.String) == "quic"
            table.show(filtered_by(table.view, hits_of(table.view.frame, condition)))

    Table().run()


def run_explorer(rows: int) -> None:
    """The whole screen on the same sessions, without a configuration."""
    from whydeny.model.site import Site
    from whydeny.model.tables import SessionTable
    from whydeny.ui.app import ExplorerApp

    site = Site(sessions=SessionTable(make_frame(rows)))
    started()
    ExplorerApp(lambda *_: site, "benchmark", where="").run()


def run_datatable(rows: int) -> None:
    """Textual's own table."""
    from textual.app import App, ComposeResult
    from textual.widgets import DataTable

    cells = list(zip(*texts_of(make_frame(rows)), strict=True))
    started()

    class Table(App[None]):
        def compose(self) -> ComposeResult:
            yield DataTable(cursor_type="row")

        def on_mount(self) -> None:
            table = self.query_one(DataTable)
            self.columns = table.add_columns(*COLUMNS)
            table.add_rows(cells)

        def key_j(self) -> None:
            self.query_one(DataTable).action_cursor_down()

        def key_s(self) -> None:
            self.query_one(DataTable).sort(self.columns[-1])

        def key_f(self) -> None:
            table = self.query_one(DataTable)
            table.clear()
            table.add_rows([row for row in cells if row[5] == "quic"])

    Table().run()


def run_fastdatatable(rows: int) -> None:
    """The faster DataTable, over polars too."""
    import polars as pl
    from textual.app import App, ComposeResult
    from textual_fastdatatable import DataTable
    from textual_fastdatatable.backend import PolarsBackend

    frame = pl.DataFrame(dict(zip(COLUMNS, texts_of(make_frame(rows)), strict=True)))
    started()

    class Table(App[None]):
        def compose(self) -> ComposeResult:
            yield DataTable(backend=PolarsBackend.from_dataframe(frame), cursor_type="row")

        def key_j(self) -> None:
            self.query_one(DataTable).action_cursor_down()

        def key_s(self) -> None:
            self.query_one(DataTable).sort(by=[("bytes", "ascending")])

        async def key_f(self) -> None:
            await self.query_one(DataTable).remove()
            await self.mount(DataTable(backend=PolarsBackend.from_dataframe(frame.filter(application="quic"))))

    Table().run()


def started() -> None:
    """Say that the data is there, so that the clock of the screen starts."""
    os.write(1, b"data is there\r\n")


# The terminal that they run in.


class Terminal:
    """A pty with one table in it."""

    def __init__(self, table: str, rows: int, width: int, height: int) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", LANG="C.UTF-8", TEXTUAL_ANIMATIONS="none")
            os.environ.pop("COLORTERM", None)
            os.execv(sys.executable, [sys.executable, __file__, "--child", table, "--rows", str(rows)])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.seen = b""

    def read(self, seconds: float) -> bytes:
        """What comes within so many seconds."""
        ready, _, _ = select.select([self.fd], [], [], seconds)
        try:
            found = os.read(self.fd, 1 << 20) if ready else b""
        except OSError:
            found = b""
        self.seen = (self.seen + found)[-65_536:]
        return found

    def until(self, word: bytes, seconds: float) -> float:
        """Seconds until `word` was written."""
        begin = time.perf_counter()
        while word not in self.seen:
            if time.perf_counter() - begin > seconds or os.waitpid(self.pid, os.WNOHANG)[0]:
                raise SystemExit(f"no {word!r} in:\n{self.seen.decode('utf-8', 'replace')}")
            self.read(0.01)
        return time.perf_counter() - begin

    def settle(self, quiet: float = QUIET) -> None:
        """Wait until nothing more comes."""
        while self.read(quiet):
            pass

    def press(self, key: bytes, quiet: float = QUIET) -> tuple[float, int]:
        """Milliseconds from a key to the last byte that it caused, and the bytes."""
        begin = last = time.perf_counter()
        os.write(self.fd, key)
        size = 0
        while True:
            found = self.read(quiet if size else max(quiet, 3.0))
            if not found:
                return (last - begin) * 1000, size
            last = time.perf_counter()
            size += len(found)

    def repeat(self, key: bytes, count: int = 20) -> float:
        """Bytes a key while it repeats 30 times a second."""
        size = 0
        for _ in range(count):
            os.write(self.fd, key)
            end = time.perf_counter() + 1 / 30
            while (left := end - time.perf_counter()) > 0:
                size += len(self.read(left))
        return size / count

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


def measure(table: str, rows: int, width: int, height: int) -> dict[str, float]:
    """All figures of one table."""
    begin = time.perf_counter()
    terminal = Terminal(table, rows, width, height)
    try:
        if table == "empty":
            terminal.until(FIRST, 60)
            return {"first": (time.perf_counter() - begin) * 1000}
        terminal.until(b"data is there", 600)
        terminal.seen = b""
        found = {"first": terminal.until(FIRST, 1200) * 1000}
        terminal.settle(1.0)
        for name in ("down", "page"):
            found[name] = statistics.median(terminal.press(KEYS[name])[0] for _ in range(7))
        for name in ("down", "page"):
            found[f"{name} bytes"] = terminal.repeat(KEYS[name])
            terminal.settle(0.5)
        if table != "explorer":
            for name in ("sort", "filter"):
                found[name] = terminal.press(KEYS[name], 0.5)[0]
        return found
    finally:
        terminal.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--size", nargs="+", default=["80x24", "200x60"])
    parser.add_argument("--most-datatable", type=int, default=20_000)
    parser.add_argument("--child", choices=TABLES, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        children: dict[str, Callable[[int], None]] = {
            "empty": run_empty, "whydeny": run_whydeny, "explorer": run_explorer, "datatable": run_datatable,
            "fastdatatable": run_fastdatatable,
        }  # fmt: skip
        children[chosen.child](chosen.rows[0])
        return
    for size in chosen.size:
        width, height = map(int, size.split("x"))
        empty = statistics.median(measure("empty", 0, width, height)["first"] for _ in range(3))
        print(f"\n{size}: an empty application shows its word after {empty:.0f} ms")
        for rows in chosen.rows:
            print(f"{rows:,} rows")
            base: dict[str, float] = {}
            for table in TABLES[1:]:
                if table == "fastdatatable" and importlib.util.find_spec("textual_fastdatatable") is None:
                    print("  fastdatatable  not installed")
                    continue
                if table == "datatable" and rows > chosen.most_datatable:
                    print("  datatable      left out: it takes minutes")
                    continue
                found = measure(table, rows, width, height)
                base = base or found
                print(f"  {table:<14}", "  ".join(_figure(name, value, base) for name, value in found.items()))


def _figure(name: str, value: float, base: dict[str, float]) -> str:
    unit = "" if name.endswith("bytes") else " ms"
    ratio = f" (x{value / base[name]:.1f})" if base.get(name) and value is not base[name] else ""
    return f"{name} {value:,.0f}{unit}{ratio}"


if __name__ == "__main__":
    main()
