"""Sessions that no cause can tell apart, so that one diagnosis serves them all.

Two sessions are alike where the rules can't tell them apart, where their rows agree in every column that a cause looks
at (durations and sizes by the steps at which evidence changes), and where the same kinds of rows belong to them: what
the logs joined to them say, which like sessions were around, which events came before. What is rare and many-sided
(HTTP/2 streams, parents, other virtual systems, rows about the address in three logs) is never put together.
"""

from collections.abc import Iterable
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from whydeny.model.columns import Kind
from whydeny.model.configuration import Policy, Rulebase
from whydeny.model.flags import Flag
from whydeny.policy.bulk import RULEBASES, match_all
from whydeny.policy.engine import Engine
from whydeny.policy.questions import schedule_of
from whydeny.policy.same_answers import same_answers
from whydeny.verdict.boundaries import boundary_minutes
from whydeny.verdict.contradiction import decrypted_by_a_rule
from whydeny.verdict.events import COMMIT, CONTENT, REFRESH
from whydeny.verdict.likeness import Like
from whydeny.verdict.related import Related
from whydeny.verdict.rows import SLACK, LogRows, Rows, micros

_SECOND = 1_000_000
_HOUR = 3600 * _SECOND
_DAY = 24 * _HOUR

# Columns of the row that a cause or the standing looks at as they are.
_OWN = (
    "file", "serial", "vsys", "rule", "rule_uuid", "action", "action_source", "end_reason", "subtype", "flags", "protocol",
    "destination_port", "application", "category", "from_zone", "to_zone", "config_version", "state",
    "tracker_stage", "portal_session", "proxied", "session_type", "tunnel", "app_container",
)  # fmt: skip
# Where steps of the sizes begin: the values at which evidence changes.
_ELAPSED = (6, 60, 600)
_PACKETS = (41,)
_BYTES = (100_001, 1_000_000)
_JOINED = {
    Kind.DECRYPTION: (
        "error_index", "error", "root_status", "chain_status", "proxy_type", "decryption_rule", "tls_version",
        "client_stage", "server_stage", "action", "not_after", "not_before",
    ),
    Kind.URL: ("action", "category", "url", "url_categories"),
    Kind.THREAT: ("action", "subtype", "severity"),
}  # fmt: skip
_ABOUT_ADDRESS = (Kind.AUTHENTICATION, Kind.USERID, Kind.IPTAG)


def alike(related: Related, rows: Rows, engines: Iterable[tuple[Rows, Engine | None]]) -> tuple[Rows, Rows]:
    """A number for each of `rows` (of the session table, ascending): the same number, the same diagnosis; and another
    that is the same where only the rules' answers are.

    `engines` gives the places in `rows` that each policy judges.
    """
    signature = _Signature(related, rows)
    signature.add_own()
    signature.add_rows_around()
    signature.add_joined()
    signature.add_clusters()
    for places, engine in engines:
        signature.add_policy(places, engine)
    signature.add_events()
    return signature.numbers(), signature.classes()


class _Signature:
    """The columns of a signature as they are gathered; a place is an index into `rows`."""

    def __init__(self, related: Related, rows: Rows) -> None:
        self._related = related
        self._rows = rows
        self._frame = related.frame[pl.Series(rows, dtype=pl.UInt32)]
        self._renamed = np.zeros(len(rows), dtype=np.bool_)  # the same service passed as another application
        self._columns: dict[str, pl.Series | npt.NDArray[np.generic]] = {}
        self._single = np.zeros(len(rows), dtype=np.bool_)  # diagnosed by themselves
        ends = related.ends.gather(pl.Series(rows, dtype=pl.UInt32))
        starts = related.starts.gather(pl.Series(rows, dtype=pl.UInt32))
        self._single |= ends.is_null().to_numpy()
        self._end: Rows = ends.fill_null(0).to_numpy().astype(np.int64)
        self._begin: Rows = (
            pl.select(pl.coalesce(starts, ends).fill_null(0).alias("b"))["b"].to_numpy().astype(np.int64)
        )

    def numbers(self) -> npt.NDArray[np.int64]:
        """The numbers of the signatures."""
        alone = np.where(self._single, np.arange(len(self._rows)) + 1, 0)
        frame = pl.DataFrame({name: pl.Series(name, values) for name, values in self._columns.items()})
        keys = frame.with_columns(pl.Series("alone", alone)).hash_rows(seed=1)
        _, found = np.unique(keys.to_numpy(), return_inverse=True)
        return found.astype(np.int64)

    def classes(self) -> Rows:
        """The numbers of the rules' answers, policy by policy."""
        keys = pl.DataFrame(
            {name: pl.Series(self._columns[name]) for name in ("class", "policy") if name in self._columns}
        )
        if not keys.width:
            return np.zeros(len(self._rows), dtype=np.int64)
        _, found = np.unique(
            keys.select(pl.struct(pl.all()).hash(seed=1).alias("key"))["key"].to_numpy(), return_inverse=True
        )
        return found.astype(np.int64)

    def add_own(self) -> None:
        """The row itself."""
        for name in _OWN:
            self._columns[name] = self._frame[name]
        for name, steps in (
            ("elapsed", _ELAPSED),
            ("packets", _PACKETS),
            ("bytes", _BYTES),
            ("bytes_received", _BYTES),
        ):
            values = self._frame[name].cast(pl.Int64).fill_null(-1).to_numpy()
            self._columns[name] = np.searchsorted(np.array([0, *(step + 1 for step in steps)]), values, side="right")
        for name in ("parent_session_id", "http2_connection"):
            self._single |= (self._frame[name].fill_null(0) > 0).to_numpy()
        self._single |= self._frame["state"].is_not_null().to_numpy()  # live: its rule may be the one that refused
        self._columns["no parent column"] = self._frame["parent_session_id"].is_null()

    def _count(self, way: Like, first: Rows, last: Rows) -> Rows:
        return self._related.like(way).counts(self._rows, first, last)

    def add_rows_around(self) -> None:
        """Whether there are like sessions around it, way by way."""
        begin, end = self._begin, self._end
        hour, soon = begin - _HOUR, end + 60 * _SECOND
        before = end - 1000  # a millisecond, the grain of the counting
        found = {
            "same values passed": self._count(Like.SAME_VALUES_PASSED, hour, before),
            "user before": self._count(Like.RULE_WITH_USER, hour, end),
            "decrypted before": self._count(Like.SOURCE_DECRYPTED, hour, before),
            "refused again": self._count(Like.SERVER_REFUSED, hour, soon) - 1,
            "passed soon after": self._count(Like.SERVER_PASSED, end, end + 600 * _SECOND),
            "undecrypted after": self._count(Like.SERVER_UNDECRYPTED, end, end + 12 * _HOUR),
            "icmp": self._count(Like.SERVER_ICMP, begin - 2 * _SECOND, end + 30 * _SECOND),
            "portal": self._count(Like.SOURCE_PORTAL, begin - 2 * _SECOND, end + 30 * _SECOND),
            "other category": self._count(Like.RULE_PASSED, hour, soon)
            - self._count(Like.RULE_AND_CATEGORY_PASSED, hour, soon),
        }
        for name, counts in found.items():
            self._columns[name] = np.minimum(counts, 1)
        passed = self._count(Like.SERVICE_PASSED, begin - 5 * _DAY, end)
        self._renamed = passed > self._count(Like.SERVICE_AND_APPLICATION_PASSED, begin - 5 * _DAY, end)
        quic = (
            self._frame["application"]
            .cast(pl.String)
            .fill_null("")
            .str.to_lowercase()
            .str.starts_with("quic")
            .to_numpy()
        )
        self._single |= quic & (self._count(Like.SERVER_TCP, begin - 10 * _SECOND, begin + 10 * _SECOND) > 0)
        if quic.any():
            after = self._count(Like.SOURCE_PASSED, end, end + 600 * _SECOND)
            self._columns["quic, others passed"] = np.where(quic, np.minimum(after, 1), 0)
        # The same flow in another virtual system is decided row by row.
        self._single |= self._count(Like.FLOW, begin - 20 * _SECOND, end + 20 * _SECOND) > 1

    def add_joined(self) -> None:
        """What the rows of other logs that belong to it say."""
        for kind, columns in _JOINED.items():
            log = self._related.log(kind)
            if not len(log):
                continue
            pairs = log.of_sessions(self._frame)
            said = log.table.frame.select(pl.struct(columns).hash(seed=2).alias("said"))["said"]
            digest = (
                pairs.with_columns(said.gather(pairs["log"]).alias("said"))
                .group_by("place", maintain_order=True)
                .agg(pl.col("said").hash(seed=3).sum().alias("digest"), pl.len().alias("count"))
            )
            columns_of = np.zeros((2, len(self._rows)), dtype=np.uint64)
            places = digest["place"].to_numpy()
            columns_of[0, places], columns_of[1, places] = digest["digest"].to_numpy(), digest["count"].to_numpy()
            self._columns[f"{kind} said"], self._columns[f"{kind} rows"] = columns_of[0], columns_of[1]
            self._columns[f"{kind} covers"] = _covered(log, self._frame["serial"], self._end)
            self._columns[f"{kind} about the source"] = log.any_from_source(
                self._frame, self._begin - _DAY, self._end + 120 * _SECOND
            )
        for kind in _ABOUT_ADDRESS:
            log = self._related.log(kind)
            if len(log):
                self._single |= log.any_about_source(self._frame, self._begin - 2 * _DAY, self._end + 120 * _SECOND)

    def add_clusters(self) -> None:
        """How many other conversations were refused with it: none, few, many."""
        sizes = self._related.cluster_sizes.gather(pl.Series(self._rows, dtype=pl.UInt32)).fill_null(0).to_numpy()
        self._columns["cluster"] = np.searchsorted(np.array([1, 5]), sizes, side="right")

    def add_policy(self, places: Rows, engine: Engine | None) -> None:
        """What the rules see of it, and where a schedule changes over near its end."""
        classes = self._columns.setdefault("class", np.full(len(self._rows), -1, dtype=np.int64))
        assert isinstance(classes, np.ndarray)
        if engine is None or not len(places):
            return
        frame = self._frame[pl.Series(places, dtype=pl.UInt32)]
        classes[places] = same_answers(engine, frame, _named_rules(engine, frame)).astype(np.int64)
        numbered = self._columns.setdefault("policy", np.zeros(len(self._rows), dtype=np.int64))
        assert isinstance(numbered, np.ndarray)
        numbered[places] = int(numbered.max(initial=0)) + 1
        if (saved := engine.policy.saved) is not None:
            commits = self._related.timeline.moments_of_commits(engine.policy.serial)
            since = _between(commits, np.full(len(places), micros(saved)), self._end[places])
            self._put("commit since reading", places, since)
        minutes = _boundaries(engine.policy)
        if minutes is not None:
            of_day = (self._end[places] // (60 * _SECOND)) % 1440
            near = np.isin(np.stack([of_day - 1, of_day, of_day + 1, of_day + 2]) % 1440, minutes).any(axis=0)
            self._single[places] |= near | _crosses(self._begin[places], self._end[places], minutes)
        if any(zone.external for zone in engine.policy.zones.values()):
            names = [name for name, zone in engine.policy.zones.items() if zone.external]
            reaches = frame["to_zone"].cast(pl.String).is_in(names) | frame["from_zone"].cast(pl.String).is_in(names)
            self._single[places] |= reaches.fill_null(False).to_numpy()
        decrypted = (frame["flags"].fill_null(0) & int(Flag.DECRYPTED)).to_numpy() > 0
        if decrypted.any():
            able = decrypted_by_a_rule(engine, frame.filter(pl.Series(decrypted)))
            self._put("decrypted by a rule", places[decrypted], able)
        self._add_users(places, engine, frame)
        self._add_changes(places, engine, frame)

    def _add_users(self, places: Rows, engine: Engine, frame: pl.DataFrame) -> None:
        """What the rules see of it whoever the user was, where the log lacks the column."""
        files = [number for number, source in enumerate(self._related.site.sources) if "user" in source.lacking]
        unsaid = frame["file"].is_in(files) & frame["user"].is_null() & frame["state"].is_null()
        if not unsaid.any():
            return
        # A row of the session table does not say its user either.
        part = frame.filter(unsaid).with_columns(pl.lit("ACTIVE").cast(frame.schema["state"]).alias("state"))
        anyone = same_answers(engine, part, _named_rules(engine, part)).astype(np.int64)
        self._put("class of any user", places[unsaid.to_numpy()], anyone)

    def _add_changes(self, places: Rows, engine: Engine, frame: pl.DataFrame) -> None:
        """Whether a change in the configuration log names a rule or object of its look-up, before or after."""
        timeline = self._related.timeline
        if not timeline.any_changes:
            return
        matched = match_all(engine, frame, (Rulebase.SECURITY,))["security_rule"]
        both = frame.select("rule", "rule_uuid", "serial").with_columns(matched.alias("evaluated"))
        column = self._columns.setdefault("changes", np.zeros(len(self._rows), dtype=np.int64))
        assert isinstance(column, np.ndarray)
        keyed = both.with_row_index("place")
        for (name, uuid, serial, evaluated), part in keyed.group_by("rule", "rule_uuid", "serial", "evaluated"):
            rules = engine.policy.rules.get(Rulebase.SECURITY, ())
            logged = engine.rule_named(Rulebase.SECURITY, str(name or ""), str(uuid) if uuid else None)
            taking = rules[int(evaluated)] if isinstance(evaluated, int) and evaluated >= 0 else None
            concerned = [rule for rule in (logged, taking) if rule is not None]
            here = places[part["place"].to_numpy()]
            owner = str(serial) if serial else None
            narrow = timeline.moments_naming([rule.name for rule in concerned], owner)
            wide = timeline.moments_naming(
                {n for rule in concerned for n in (rule.name, *rule.sources, *rule.destinations, *rule.services)}
                - {"any"},
                owner,
            )
            end = self._end[here]
            made = timeline.moments_making(taking.name, owner) if taking is not None else narrow[:0]
            made_later = np.searchsorted(made, end) < len(made)
            named_later = np.searchsorted(narrow, end + _SECOND) < len(narrow)
            edits = timeline.moments_editing(logged.name, owner) if logged is not None else narrow[:0]
            following = np.searchsorted(edits, end + _SECOND)  # what was edited next is what the rule had until then
            edited_later = np.where(following < len(edits), following + 1, 0)
            named_before = np.searchsorted(wide, end, side="right") > np.searchsorted(wide, end - _DAY)
            column[here] = edited_later * 8 + made_later * 4 + named_later * 2 + named_before

    def add_events(self) -> None:
        """Which events came just before its end, and whether commits and changes came after."""
        timeline = self._related.timeline
        serials = self._frame["serial"].cast(pl.String)
        for serial in serials.unique().to_list():
            here = np.flatnonzero(
                (serials.is_null() if serial is None else serials == serial).fill_null(False).to_numpy()
            )
            end, begin = self._end[here], self._begin[here]
            installs = timeline.moments_of(CONTENT, serial)
            self._single[here] |= self._renamed[here] & _between(installs, begin - 2 * _DAY, begin)
            # A refresh counts for the rules that ask for just that list.
            self._single[here] |= _between(timeline.moments_of(REFRESH, serial), end - 10 * _SECOND, end + _SECOND)
            for kind in (COMMIT, CONTENT, REFRESH):
                moments = timeline.moments_of(kind, serial)
                for name, first in (("near", end - 10 * _SECOND), ("since", np.maximum(begin + 1, end - 10 * _SECOND))):
                    self._put(f"{kind} {name}", here, _between(moments, first, end + _SECOND))
                self._put(f"{kind} around", here, _between(moments, end - 10 * _SECOND, end + 2 * _SECOND))
            commits, changes = timeline.moments_of_commits(serial), timeline.moments_of_changes(serial)
            far = np.full(len(end), np.iinfo(np.int64).max)
            self._put("commit after", here, _between(commits, end + _SECOND, far))
            self._put("change after", here, _between(changes, end + _SECOND, far))
            # Where the system log covers the time, a commit that was only asked for counts for long sessions.
            uncovered = ~_inside(self._related.log(Kind.SYSTEM).span(serial), end)
            lasting = (self._frame["elapsed"].fill_null(0) >= 60).to_numpy()[here]
            self._put("commit asked", here, _between(commits, end - 180 * _SECOND, end) & (uncovered | lasting))
        near = self._columns.get(f"{COMMIT} around", np.zeros(len(self._rows)))
        self._columns["no time for a commit"] = (self._frame["elapsed"].fill_null(0) == 0).to_numpy() & (near != 0)
        for kind in (Kind.SYSTEM, Kind.CONFIGURATION):
            self._columns[f"{kind} covers"] = _covered(self._related.log(kind), serials, self._end)

    def _put(self, name: str, places: Rows, values: npt.NDArray[np.generic]) -> None:
        column = self._columns.setdefault(name, np.zeros(len(self._rows), dtype=np.int64))
        assert isinstance(column, np.ndarray)
        column[places] = values


def _named_rules(engine: Engine, frame: pl.DataFrame) -> npt.NDArray[np.int64]:
    """The security rule that each row names, as an index into the policy's rules; -1 for none."""
    named = frame.select(pl.col("rule").cast(pl.String), pl.col("rule_uuid").cast(pl.String)).with_row_index("place")
    found = np.full(frame.height, -1, dtype=np.int64)
    for (name, uuid), part in named.group_by("rule", "rule_uuid"):
        rule = engine.rule_named(Rulebase.SECURITY, str(name), str(uuid) if uuid else None) if name else None
        if rule is not None:
            found[part["place"].to_numpy()] = rule.number - 1
    return found


def _between(moments: Rows, first: Rows, last: Rows) -> npt.NDArray[np.bool_]:
    """Whether a moment lies in each span, both ends included."""
    found: npt.NDArray[np.bool_] = np.searchsorted(moments, last, side="right") > np.searchsorted(
        moments, first, side="left"
    )
    return found


def _crosses(begin: Rows, end: Rows, minutes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether one of some minutes of the day (ascending) begins while a session lives."""
    day, first = np.divmod(begin // (60 * _SECOND), 1440)
    until = end // (60 * _SECOND) - day * 1440
    following = np.searchsorted(minutes, first, side="right")
    after = np.where(following < len(minutes), minutes[following % len(minutes)], minutes[0] + 1440)
    crossed: npt.NDArray[np.bool_] = after <= until
    return crossed


def _covered(log: LogRows, serials: pl.Series, end: Rows) -> npt.NDArray[np.bool_]:
    """`LogRows.covers` for many sessions: their firewalls and their ends."""
    found = np.zeros(len(end), dtype=np.bool_)
    names = serials.cast(pl.String)
    for serial in names.unique().to_list():
        here = names.eq_missing(pl.Series([serial], dtype=pl.String)).to_numpy()
        found[here] = _inside(log.span(serial), end[here])
    return found


def _inside(span: tuple[datetime, datetime] | None, end: Rows) -> npt.NDArray[np.bool_]:
    """Whether each end lies in the span of a log, with the slack of `LogRows.covers`."""
    if span is None:
        return np.zeros(len(end), dtype=np.bool_)
    first, last = micros(span[0] - SLACK), micros(span[1] + SLACK)
    return (first <= end) & (end <= last)


def _boundaries(policy: Policy) -> npt.NDArray[np.int64] | None:
    """The minutes of the day at which any schedule of the policy changes over; None without schedules."""
    found: set[int] = set()
    for rulebase in RULEBASES:
        for rule in policy.rules.get(rulebase, ()):
            schedule = schedule_of(policy, rule) if rule.schedule else None
            if schedule is not None:
                found |= boundary_minutes(schedule)
    return np.array(sorted(found), dtype=np.int64) if found else None
