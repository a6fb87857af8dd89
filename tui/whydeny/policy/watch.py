"""Watch some rules while all sessions are matched: which rows they touch, and which rule could turn the answer."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whydeny.model.configuration import Rule, Rulebase
from whydeny.policy.compiled import CompiledRule
from whydeny.policy.rulebits import RuleBits


@dataclass(frozen=True, slots=True)
class Watch:
    """What is watched in one rulebase while a policy is compared with another: `rules`, the indices of those that differ.

    Where the rows were logged under the other policy, `above` says how many of this list's first rules stood there
    above the rule that a row names; those that are watched are no evidence then. None: they were logged under this one.
    """

    rules: frozenset[int]
    above: Mapping[str, int] | None = None


class Watcher:
    """Notes class by class what became of the watched rules. Rule `index` is the bit `size - 1 - index`."""

    def __init__(self, bits: RuleBits, rules: Sequence[CompiledRule], watch: Watch) -> None:
        self._bits = bits
        self._rules = rules
        self._above = watch.above
        self._mask = sum(1 << (bits.size - 1 - index) for index in watch.rules)
        self._touched: list[bool] = []
        self._turning: list[int] = []
        masks: dict[Hashable, int] = {}
        for compiled in rules:
            deed = _deed(compiled.rule)
            masks[deed] = masks.get(deed, 0) | 1 << (bits.size - 1 - compiled.index)
        self._unlike = {deed: bits.everything & ~mask for deed, mask in masks.items()}

    def earlier(self, name: str | None) -> int:
        """The rules of which a row that names this rule is evidence."""
        if self._above is None:
            return self._bits.above(name)
        left = self._bits.size - self._above.get(name or "", 0)
        return self._bits.everything & ~((1 << left) - 1) & ~self._mask

    def note(self, certain: int, unsettled: int) -> None:
        """One class: the rules that take it for certain, and those that may."""
        top = certain.bit_length()
        taken = ((certain | unsettled) & self._mask).bit_length()
        self._touched.append(taken > 0 and taken >= top)
        # Bits below the match are of rules after it; those of watched rules are told first.
        other = unsettled >> top << top
        if top:
            other &= self._unlike[_deed(self._rules[self._bits.size - top].rule)]
        turning = (other & self._mask or other).bit_length()
        self._turning.append(self._bits.size - turning if turning else -1)

    def answer(self, ids: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int32]]:
        """Whether rows of these classes are touched, and the index of the rule that could turn them (-1 for none)."""
        return np.array(self._touched, dtype=np.bool_)[ids], np.array(self._turning, dtype=np.int32)[ids]


def _deed(rule: Rule) -> Hashable:
    """What a rule does to a session that it takes, as far as its own fields say."""
    if rule.rulebase is Rulebase.SECURITY:
        return rule.action == "allow"
    return rule.action, rule.decryption_type, rule.profile, rule.enforcement, rule.override_application
