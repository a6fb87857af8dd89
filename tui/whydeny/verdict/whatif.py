"""Replay every session against a changed policy: what would pass, what would be lost, and what can't be told.

A session that no changed rule could have taken, before or after, stays as it was, whatever else about it is unknown. Of
the others the row says what happened, and the look-ups before and after say what would.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from whydeny.model.configuration import Rulebase
from whydeny.model.progress import Progress, silent
from whydeny.model.site import Site
from whydeny.policy.applications import NOT_IDENTIFIED
from whydeny.policy.differences import RuleChange
from whydeny.policy.undefined import undefined
from whydeny.verdict.finding import Outcome
from whydeny.verdict.judge import Judge
from whydeny.verdict.outcome import discarded_expression
from whydeny.verdict.replayed import EFFECTS, Doubt, Effect, Idle, Move, Replay
from whydeny.verdict.replaying import CODES, Facts, Replayed, replay_group

_REFUSED = [Outcome.POLICY_DENIED.value, Outcome.ALLOWED_THEN_DENIED.value]
_ENDED = [Outcome.ALLOWED_THEN_DENIED.value, Outcome.DECRYPTION_BLOCK.value]


def replay(
    site: Site,
    judge_before: Judge,
    judge_after: Judge,
    progress: Progress | None = None,
    rows: pl.Series | None = None,
    notes: Iterable[str] = (),
) -> Replay:
    """Match every session (`rows` picks some) before and after, and tell what becomes of it.

    `judge_before` judges `site`, `judge_after` a site with the same sessions and another configuration. `notes` are those
    of the lines, which stand among the cautions. Raises `Cancelled`.
    """
    progress = progress or silent()
    frame = site.sessions.frame
    facts = _facts(frame, judge_before.outcomes())
    chosen = np.ones(frame.height, dtype=np.bool_)
    if rows is not None:
        chosen[:] = False
        chosen[rows.to_numpy()] = True
    total = _Total(frame.height, cautions=dict.fromkeys(notes))
    numbered = frame.select("serial", "vsys").with_row_index("row").filter(pl.Series(chosen))
    done = 0
    for (serial, vsys), group in numbered.group_by("serial", "vsys", maintain_order=True):
        progress.step("replaying sessions", done, numbered.height)
        before, after = judge_before.engine_for(serial, vsys), judge_after.engine_for(serial, vsys)
        places = group["row"].to_numpy().astype(np.int64)
        done += len(places)
        if before is None or after is None or before.policy.compiled or after.policy.compiled:
            total.unjudged += len(places)
            continue
        part = frame if len(places) == frame.height else frame[group["row"]]
        found = replay_group(before, after, judge_before, part, places, facts.at(places), progress)
        total.add(places, found)
        total.cautions |= dict.fromkeys(undefined(after, (change for _, change in found.changes)))
    progress.step("replaying sessions", done, done)
    return total.finish(facts, chosen)


def _facts(frame: pl.DataFrame, outcomes: pl.Series) -> Facts:
    """What the rows themselves say."""
    discarded = frame.select(discarded_expression())["discarded"]
    application = frame["application"].cast(pl.String).str.to_lowercase().fill_null("")
    refused = (outcomes.is_in(_REFUSED) | discarded).to_numpy()
    allowed = (frame["action"].cast(pl.String) == "allow").fill_null(False).to_numpy()
    return Facts(
        refused,
        allowed & ~refused,
        (outcomes.is_in(_ENDED) | discarded).to_numpy(),
        application.is_in(list(NOT_IDENTIFIED)).to_numpy(),
    )


@dataclass(slots=True)
class _Total:
    """What the firewalls and virtual systems add up to."""

    size: int
    effects: npt.NDArray[np.uint8] = field(init=False)
    conditional: npt.NDArray[np.bool_] = field(init=False)
    before: npt.NDArray[np.int32] = field(init=False)
    after: npt.NDArray[np.int32] = field(init=False)
    names: dict[str | None, int] = field(default_factory=lambda: {None: 0})
    moves: dict[tuple[Effect, Rulebase, str | None, str | None], Move] = field(default_factory=dict)
    changes: dict[tuple[object, ...], RuleChange] = field(default_factory=dict)
    doubts: dict[tuple[str, tuple[str, ...]], int] = field(default_factory=lambda: defaultdict(int))
    shadowed: list[Idle] = field(default_factory=list)
    unused: dict[str, bool] = field(default_factory=dict)
    rulebases: set[Rulebase] = field(default_factory=set)
    disputed: int = 0
    unjudged: int = 0
    cautions: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.effects = np.full(self.size, CODES[Effect.UNCHANGED], dtype=np.uint8)
        self.conditional = np.zeros(self.size, dtype=np.bool_)
        self.before = np.zeros(self.size, dtype=np.int32)
        self.after = np.zeros(self.size, dtype=np.int32)

    def add(self, places: npt.NDArray[np.int64], found: Replayed) -> None:
        """Add what was found for the rows at `places`."""
        self.effects[places], self.conditional[places] = found.effects, found.conditional
        self.before[places] = self._codes(found.names_before)[found.before]
        self.after[places] = self._codes(found.names_after)[found.after]
        for move in found.moves:
            key = (move.effect, move.rulebase, move.before, move.after)
            there = self.moves.get(key)
            self.moves[key] = (
                move
                if there is None
                else replace(
                    there,
                    sessions=there.sessions + move.sessions,
                    conditional=there.conditional + move.conditional,
                    specimen=min(there.specimen, move.specimen),
                )
            )
        for rulebase, change in found.changes:
            self.rulebases.add(rulebase)
            self.changes.setdefault((change.how, rulebase, change.rule.name, change.rule.origin, change.fields), change)
        for doubt in found.doubts:
            self.doubts[doubt.why, doubt.settle] += doubt.sessions
        self.shadowed += found.shadowed
        for name, takes_none in found.written.items():
            self.unused[name] = self.unused.get(name, True) and takes_none
        self.disputed += found.disputed

    def _codes(self, names: Iterable[str | None]) -> npt.NDArray[np.int32]:
        return np.array([self.names.setdefault(name, len(self.names)) for name in names], dtype=np.int32)

    def finish(self, facts: Facts, chosen: npt.NDArray[np.bool_]) -> Replay:
        """The whole, over the chosen rows."""
        names = pl.Series(list(self.names), dtype=pl.Categorical())
        effects = pl.Series([effect.value for effect in Effect], dtype=EFFECTS)
        rows = pl.DataFrame(
            {
                "effect": effects.gather(pl.Series(self.effects)),
                "conditional": self.conditional,
                "before": names.gather(pl.Series(self.before)),
                "after": names.gather(pl.Series(self.after)),
            }
        )
        counts = np.bincount(self.effects[chosen], minlength=len(Effect)).tolist()
        conditional = np.bincount(self.effects[chosen & self.conditional], minlength=len(Effect)).tolist()
        return Replay(
            rows,
            int(chosen.sum()),
            int((facts.refused & chosen).sum()),
            int((facts.passed & chosen).sum()),
            {effect: counts[code] for effect, code in CODES.items()},
            {effect: conditional[code] for effect, code in CODES.items()},
            tuple(sorted(self.moves.values(), key=lambda move: (-move.sessions, move.specimen))),
            tuple(self.changes.values()),
            tuple(
                Doubt(why, settle, sessions)
                for (why, settle), sessions in sorted(self.doubts.items(), key=lambda item: -item[1])
            ),
            tuple(self.shadowed),
            tuple(Idle(name) for name, takes_none in self.unused.items() if takes_none),
            self.disputed,
            self.unjudged,
            limits(self.rulebases),
            tuple(self.cautions),
        )


def limits(rulebases: Iterable[Rulebase]) -> tuple[str, ...]:
    """What no replay of rows can know, in sentences, for changes in these rulebases."""
    found = [
        "App-ID: each session keeps the application, category and user of its row. Let through further or on another port, "
        "App-ID may settle on another application, and the rules are asked again.",
        "TLS: whether a handshake succeeds (pinned or untrusted certificates, ciphers) is decided by client, server and "
        "decryption profile and not by these rules.",
        "Security profiles are not replayed: what passes the rules may still be blocked by a profile.",
        "With another policy the sessions would not have been the same: refused clients try again, and browsers and "
        "programs go other ways. The counts are of these rows.",
    ]
    asked = set(rulebases)
    if Rulebase.DECRYPTION in asked:
        found.append(
            "Decryption: a session that is newly decrypted shows the application and category inside, which its row does not "
            "name; one that no longer is stays what its outside shows, mostly ssl. The security rules may then differ."
        )
    if Rulebase.AUTHENTICATION in asked:
        found.append("Authentication: whether a user who is asked would answer, and who that user is, no row says.")
    if Rulebase.OVERRIDE in asked:
        found.append(
            "Application override: sessions that it newly takes, or no longer takes, would get another application; the "
            "replay keeps the row's."
        )
    return tuple(found)
