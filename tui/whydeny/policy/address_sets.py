"""`source` or `destination` of one rulebase as bits: which rules take an address, and which may."""

from collections.abc import Mapping

from whydeny.model.truth import Truth
from whydeny.policy.addresses import ALL, EVERYWHERE, AddressField, Endpoint
from whydeny.policy.rulesets import Sets, add_mask, line
from whydeny.policy.spans import Spans, merge, outside, without
from whydeny.policy.wildcards import Rivals, Wildcard, prefix_network


class AddressSets:
    """`source` or `destination`. Negated lists are turned round before they are laid on the line."""

    def __init__(self, masks: Mapping[AddressField, int], everything: int) -> None:
        self._free = everything & ~sum(masks.values())
        self._listed = sum(mask for field, mask in masks.items() if not field.anything)
        self._negated = sum(mask for field, mask in masks.items() if field.negate)
        certain: list[tuple[Spans, int]] = [(ALL, self._free)]
        unsettled: list[tuple[Spans, int]] = []
        self._wildcards: dict[tuple[Wildcard, Rivals], int] = {}
        self.countries: dict[str, int] = {}
        self.external_lists: dict[str, int] = {}
        self.groups: dict[str, int] = {}
        for field, mask in masks.items():
            if field.anything:  # any, negated: never
                continue
            inside = field.inside
            if field.negate:
                inside = without(EVERYWHERE, merge([*field.inside.pairs(), *field.maybe.pairs()]))
            certain.append((inside, mask))
            unsettled.append((outside(field.maybe, field.inside) if field.negate else field.maybe, mask))
            for wildcard in field.wildcards:
                key = (wildcard, field.rivals)
                self._wildcards[key] = self._wildcards.get(key, 0) | mask
            for names, found in (
                (field.countries, self.countries),
                (field.external_lists, self.external_lists),
                (field.groups, self.groups),
            ):
                for name in names:
                    add_mask(found, name, mask)
        self.certain = line(certain)
        self.unsettled = line(unsettled)
        self._with_country = 0
        for mask in self.countries.values():
            self._with_country |= mask

    @property
    def wildcards(self) -> set[Wildcard]:
        """The wildcards that tell addresses apart."""
        return {one for wildcard, rivals in self._wildcards for one in (wildcard, *rivals.wildcards)}

    def cuts(self) -> set[int]:
        """The addresses at which something changes, besides the fit of wildcards."""
        found = {*self.certain.cuts, *self.unsettled.cuts}
        for wildcard in self.wildcards:
            first, last = prefix_network(wildcard)
            found |= {first, last + 1}
        return found

    def sets(self, end: Endpoint) -> Sets:
        """The rules that take an endpoint."""
        named = (
            self.countries.get(end.country or "", 0)
            | self.external_lists.get(end.external_list or "", 0)
            | self.groups.get(end.group or "", 0)
        )
        if end.address is None:
            certain, unsettled = self._free, self._listed
        else:
            certain, unsettled = self.certain.at(end.address), self.unsettled.at(end.address)
            doubtful = self._with_country if end.country is None else 0
            for (wildcard, rivals), mask in self._wildcards.items():
                truth = rivals.decide(end.address, wildcard)
                if truth is Truth.MATCH:
                    named |= mask
                elif truth is Truth.UNKNOWN:
                    doubtful |= mask
            if doubtful:
                turned = certain & doubtful & self._negated
                certain ^= turned
                unsettled |= turned | (doubtful & ~self._negated)
        if named:  # what the row or a wildcard says is certain, and certainly not where the list is negated
            against = named & self._negated
            certain = (certain | named) & ~against
            unsettled &= ~against
        return certain, unsettled
