"""Replay the sessions of one virtual system: which a changed rule touches, and what both look-ups say of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from whydeny.model.configuration import Rule, Rulebase
from whydeny.model.progress import Progress
from whydeny.model.tables import SessionTable
from whydeny.policy.bulk import RULEBASES, Question, match_each
from whydeny.policy.differences import Difference, RuleChange, alike_in_applications, compare
from whydeny.policy.engine import PUSHED_MISSING, Engine
from whydeny.policy.flows import flow_of
from whydeny.policy.questions import decryption_profile_of, enforcement_of
from whydeny.policy.watch import Watch
from whydeny.verdict.diagnose import judgement
from whydeny.verdict.judge import Judge
from whydeny.verdict.replayed import Doubt, Effect, Idle, Move

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int32]

CODES = {effect: code for code, effect in enumerate(Effect)}
_EFFECTS = tuple(Effect)
_MOST_DOUBTS = 20  # rules in doubt that are looked into
_HANDSHAKE = 100  # weighs more than everything a profile may refuse
_CAUSES = {Rulebase.AUTHENTICATION: "authentication-challenge", Rulebase.DECRYPTION: "decryption-failure"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What rows say: refused by a rule or live in state DISCARD; passed; ended although a security rule allowed it;
    App-ID had not named the application."""

    refused: Flags
    passed: Flags
    ended: Flags
    unidentified: Flags

    def at(self, places: npt.NDArray[np.int64]) -> "Facts":
        """Those of some rows."""
        return Facts(self.refused[places], self.passed[places], self.ended[places], self.unidentified[places])


@dataclass(slots=True)
class Replayed:
    """What was found for some rows. `before` and `after` are places in the lists of names, whose last is no rule.
    `written` are the rules that the change wrote, and whether each takes no session."""

    effects: npt.NDArray[np.uint8]
    conditional: Flags
    before: Indices
    after: Indices
    names_before: list[str | None]
    names_after: list[str | None]
    moves: list[Move]
    changes: list[tuple[Rulebase, RuleChange]]
    doubts: list[Doubt]
    shadowed: list[Idle]
    written: dict[str, bool]
    disputed: int = 0


@dataclass(frozen=True, slots=True)
class _Matched:
    """Both look-ups of one rulebase: rules by index (-1 is none), those that could turn the answer, rows touched."""

    difference: Difference
    before: Indices
    after: Indices
    turning_before: Indices
    turning_after: Indices
    touched: Flags

    @property
    def turned_by_change(self) -> Flags:
        """Where a rule that the change wrote could turn the answer."""
        written = np.array([*self.difference.after, -2], dtype=np.int32)
        return np.isin(self.turning_after, written)

    @property
    def new_doubt(self) -> Flags:
        """Where a rule could turn the answer after that could not before."""
        same = np.full(max(self.difference.same, default=0) + 2, -1, dtype=np.int32)
        for old, new in self.difference.same.items():
            same[old] = new
        known_before = np.where(
            self.turning_before < len(same), same[np.minimum(self.turning_before, len(same) - 1)], -1
        )
        turned: npt.NDArray[np.bool_] = (self.turning_after >= 0) & (known_before != self.turning_after)
        return turned


def replay_group(
    before: Engine,
    after: Engine,
    judge: Judge,
    frame: pl.DataFrame,
    places: npt.NDArray[np.int64],
    facts: Facts,
    progress: Progress,
) -> Replayed:
    """Replay the rows of `frame`, which stand at `places` of the session table. Raises `Cancelled`."""
    group = _Group(before, after, frame, places, facts, progress)
    group.settle_security()
    group.settle_others(judge)
    return group.found


class _Group:
    """The rows of one virtual system under replay."""

    def __init__(
        self,
        before: Engine,
        after: Engine,
        frame: pl.DataFrame,
        places: npt.NDArray[np.int64],
        facts: Facts,
        progress: Progress,
    ) -> None:
        self.old, self.new = before, after
        self.frame, self.places, self.facts, self.progress = frame, places, facts, progress
        self.differences = compare(before.policy, after.policy)
        self.matched = self._match()
        self.found = Replayed(
            np.full(len(places), CODES[Effect.UNCHANGED], dtype=np.uint8),
            np.zeros(len(places), dtype=np.bool_),
            np.full(len(places), -1, dtype=np.int32),
            np.full(len(places), -1, dtype=np.int32),
            _names(self._rules(before, Rulebase.SECURITY)),
            _names(self._rules(after, Rulebase.SECURITY)),
            [],
            [(rulebase, change) for rulebase, found in self.differences.items() for change in found.changes],
            [],
            [],
            {},
        )

    @staticmethod
    def _rules(engine: Engine, rulebase: Rulebase) -> tuple[Rule, ...]:
        return engine.policy.rules.get(rulebase, ())

    def _match(self) -> dict[Rulebase, _Matched]:
        """Both look-ups in every rulebase that differs, and in the security rulebase where any does."""
        differing = [r for r in RULEBASES if r in self.differences and self.differences[r].matters]
        if not differing:
            return {}
        wanted = [Rulebase.SECURITY, *(r for r in differing if r is not Rulebase.SECURITY)]
        watched_before = {r: Watch(self.differences[r].before) for r in differing}
        watched_after = {r: Watch(self.differences[r].after, self.differences[r].above) for r in differing}
        old = Question(self.old, tuple(wanted), watched_before)
        new = Question(self.new, tuple(differing), watched_after)
        if self.old.release == self.new.release and alike_in_applications(self.old.policy, self.new.policy):
            first, second = match_each([old, new], self.frame, True, self.progress)
        else:
            first, second = (match_each([one], self.frame, True, self.progress)[0] for one in (old, new))
        found = {}
        for rulebase in wanted:
            if rulebase in differing:
                touched = (first[f"{rulebase}_touched"] | second[f"{rulebase}_touched"]).to_numpy()
                found[rulebase] = _Matched(
                    self.differences[rulebase],
                    first[f"{rulebase}_rule"].to_numpy(),
                    second[f"{rulebase}_rule"].to_numpy(),
                    first[f"{rulebase}_turning"].to_numpy(),
                    second[f"{rulebase}_turning"].to_numpy(),
                    touched,
                )
            else:
                rules = first[f"{rulebase}_rule"].to_numpy()
                none = np.full(len(rules), -1, dtype=np.int32)
                nothing = np.zeros(len(rules), dtype=np.bool_)
                difference = self.differences.get(rulebase) or Difference((), frozenset(), frozenset(), {}, {})
                found[rulebase] = _Matched(difference, rules, rules, none, none, nothing)
        return found

    # --- security rules

    def settle_security(self) -> None:
        """What the security rules do to each row."""
        matched = self.matched.get(Rulebase.SECURITY)
        if matched is None:
            return
        found, facts = self.found, self.facts
        found.before, found.after = matched.before, matched.after
        allowed, allows = self._allows(self.old, matched.before), self._allows(self.new, matched.after)
        known = (matched.before >= 0) & (matched.after >= 0)
        touched = matched.touched
        open_policy = self.new.policy.pushed_missing
        doubt = (matched.turning_after >= 0) | open_policy
        passes = touched & known & facts.refused & ~allowed & allows
        lost = touched & known & facts.passed & allowed & ~allows
        unknown = touched & (~known | matched.turned_by_change | (~passes & ~lost & matched.new_doubt))
        passes, lost = passes & ~unknown, lost & ~unknown
        for effect, rows in ((Effect.PASSES, passes), (Effect.LOST, lost), (Effect.UNKNOWN, unknown)):
            found.effects[rows] = CODES[effect]
        found.conditional = (passes & (doubt | facts.unidentified | (matched.turning_before >= 0))) | (lost & doubt)
        found.disputed = int((touched & known & facts.passed & ~allowed).sum())
        self._note_moves(Rulebase.SECURITY, touched, found.effects, found.conditional)
        self._note_doubts(known)
        self._note_idle(matched)

    def _allows(self, engine: Engine, rules: Indices) -> Flags:
        return np.array([r.action == "allow" for r in self._rules(engine, Rulebase.SECURITY)] + [False])[rules]

    def _note_moves(
        self,
        rulebase: Rulebase,
        touched: Flags,
        effects: npt.NDArray[np.uint8],
        conditional: Flags,
        treated: Flags | None = None,
    ) -> None:
        """The touched rows by effect and by the rules before and after; those that stay with their rule are left out,
        unless it treats them otherwise (`treated`)."""
        matched = self.matched[rulebase]
        rows = np.flatnonzero(touched)
        old, new = _names(self._rules(self.old, rulebase)), _names(self._rules(self.new, rulebase))
        keys = (effects[rows].astype(np.int64) * (len(old) + 1) + matched.before[rows] + 1) * (len(new) + 1)
        keys += matched.after[rows] + 1
        unique, first, inverse, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
        doubtful = np.bincount(inverse.reshape(-1), weights=conditional[rows], minlength=len(unique))
        for at, key in enumerate(unique.tolist()):
            rest, after = divmod(key, len(new) + 1)
            code, before = divmod(rest, len(old) + 1)
            effect = _EFFECTS[code]
            stays = effect is Effect.UNCHANGED and old[before - 1] == new[after - 1]
            if stays and (treated is None or not treated[rows[first[at]]]):
                continue
            specimen = int(self.places[rows[first[at]]])
            self.found.moves.append(
                Move(effect, rulebase, old[before - 1], new[after - 1], int(counts[at]), int(doubtful[at]), specimen)
            )

    def _note_doubts(self, known: Flags) -> None:
        """Why rows are conditional or unknown, most of them first."""
        found = self.found
        left = found.conditional | (found.effects == CODES[Effect.UNKNOWN])
        left = self._doubt_rules(Rulebase.SECURITY, left)
        for rows, why, settle in (
            (left & ~known, "no rule certainly takes them", "a configuration with the rules of their zones"),
            (
                left & known & self.facts.unidentified,
                "they were refused before App-ID had named their application, so that at most their first packets pass for sure",
                "the sessions again, with the change in place",
            ),
            (left & known & ~self.facts.unidentified, PUSHED_MISSING, "the Panorama-pushed policy"),
        ):
            if count := int(rows.sum()):
                found.doubts.append(Doubt(why, (settle,), count))

    def _doubt_rules(self, rulebase: Rulebase, left: Flags) -> Flags:
        """Note the rules that make some rows conditional or unknown; returns the rows that none accounts for."""
        matched = self.matched[rulebase]
        for engine, turning in ((self.new, matched.turning_after), (self.old, matched.turning_before)):
            rows = np.flatnonzero(left & (turning >= 0))
            indices, first, counts = np.unique(turning[rows], return_index=True, return_counts=True)
            for at in np.argsort(-counts, kind="stable").tolist()[:_MOST_DOUBTS]:
                rule = self._rules(engine, rulebase)[indices[at]]
                when = "" if engine is self.new else " as it is"
                kind = "" if rulebase is Rulebase.SECURITY else f"{rulebase} "
                why = f"whether the {kind}rule {rule.name}{when} ({_deed(rule)}) takes them can't be told"
                self.found.doubts.append(Doubt(why, self._settle(engine, rule, rows[first[at]]), int(counts[at])))
            left = left & (turning < 0)
        return left

    def _settle(self, engine: Engine, rule: Rule, row: int) -> tuple[str, ...]:
        """What would tell whether a rule takes a row."""
        trace = engine.explain_rule(rule, flow_of(SessionTable(self.frame).session(int(row))))
        return tuple(dict.fromkeys(criterion.settle for criterion in trace.unknowns() if criterion.settle))

    def _note_idle(self, matched: _Matched) -> None:
        """Rules that these sessions no longer reach, and rules of the change that they don't."""
        old, new = self._rules(self.old, Rulebase.SECURITY), self._rules(self.new, Rulebase.SECURITY)
        named = ~(self.facts.refused & self.facts.unidentified)
        took = np.bincount(matched.before[named & (matched.before >= 0)], minlength=len(old))
        takes = np.bincount(matched.after[matched.after >= 0], minlength=len(new))
        for before, after in matched.difference.same.items():
            if took[before] and not takes[after] and not new[after].is_default:
                by = np.unique(matched.after[named & (matched.before == before)])
                names = tuple(new[index].name for index in by.tolist() if index >= 0)
                self.found.shadowed.append(Idle(new[after].name, int(took[before]), names))
        for index in matched.difference.after:
            if not new[index].disabled:
                self.found.written[new[index].name] = not takes[index]

    # --- decryption and authentication rules

    def settle_others(self, judge: Judge) -> None:
        """Rows that an authentication or decryption rule ended and that it would no longer treat so; and all moves."""
        security = self.matched.get(Rulebase.SECURITY)
        if security is None:
            return
        still = self._allows(self.old, security.before) & self._allows(self.new, security.after)
        for rulebase in (Rulebase.DECRYPTION, Rulebase.AUTHENTICATION):
            matched = self.matched.get(rulebase)
            if matched is None:
                continue
            before, after = self._burdens(self.old, rulebase), self._burdens(self.new, rulebase)
            eased = matched.touched & (after[matched.after] < before[matched.before])
            treated = after[matched.after] != before[matched.before]
            effects = np.full(len(self.places), CODES[Effect.UNCHANGED], dtype=np.uint8)
            conditional = np.zeros(len(self.places), dtype=np.bool_)
            rows = np.flatnonzero(eased & still & self.facts.ended)
            for number, row in enumerate(rows.tolist()):
                if number % 64 == 0:
                    self.progress.step("asking what ended sessions", number, len(rows))
                if judgement(judge.case(int(self.places[row]), near=0)).cause == _CAUSES[rulebase]:
                    effects[row] = self.found.effects[row] = CODES[Effect.RELEASED]
                    conditional[row] = matched.turning_after[row] >= 0 or matched.turning_before[row] >= 0
            self.found.conditional |= conditional
            self._doubt_rules(rulebase, conditional)
            self._note_moves(rulebase, matched.touched, effects, conditional, treated)
            for index in matched.difference.after:
                rule = self._rules(self.new, rulebase)[index]
                if not rule.disabled:
                    self.found.written[rule.name] = not bool((matched.after == index).any())

    def _burdens(self, engine: Engine, rulebase: Rulebase) -> npt.NDArray[np.uint8]:
        """How much each rule asks of a session, for comparing two: nothing, a certificate that its profile takes, a
        handshake with the firewall that its profile takes, or an answer to a challenge."""
        found = []
        for rule in self._rules(engine, rulebase):
            if rulebase is Rulebase.AUTHENTICATION:
                enforcement = enforcement_of(engine.policy, rule)
                found.append(0 if enforcement is not None and enforcement.method == "no-captive-portal" else 1)
            else:
                decrypts = rule.action.startswith("decrypt")
                found.append(_HANDSHAKE * decrypts + self._blocks(engine, rule, decrypts))
        return np.array([*found, 0], dtype=np.uint8)

    def _blocks(self, engine: Engine, rule: Rule, decrypts: bool) -> int:
        """How many kinds of session the profile of a decryption rule refuses; one where it isn't known."""
        if not rule.profile:
            return 0
        profile = decryption_profile_of(engine.policy, rule)
        section = (rule.decryption_type or "ssl-forward-proxy") if decrypts else "ssl-no-proxy"
        section = section.replace("ssl-inbound-inspection", "ssl-inbound-proxy")
        return 1 if profile is None else len(profile.blocks.get(section, ()))


def _deed(rule: Rule) -> str:
    return rule.enforcement or "no enforcement" if rule.rulebase is Rulebase.AUTHENTICATION else rule.action


def _names(rules: Sequence[Rule]) -> list[str | None]:
    """The names of rules; the last stands for none."""
    return [*(rule.name for rule in rules), None]
