"""Source and destination of a rule: which addresses they certainly hold, and which they may.

Sources: PAN-OS administrator's guide, security policy; a rule matches addresses before address translation.
`negate-source` and `negate-destination` turn the whole list round.
"""

from dataclasses import dataclass, field

from whydeny.model.addresses import LAST, format_address
from whydeny.model.truth import Truth
from whydeny.policy.lookup import Criterion
from whydeny.policy.names import Path
from whydeny.policy.spans import NOTHING, Span, Spans, merge
from whydeny.policy.wildcards import ALONE, Rivals, Wildcard, fits_wildcard, wildcard_text
from whydeny.policy.wording import members as listed
from whydeny.policy.wording import several

EVERYWHERE: Span = (0, LAST)
ALL = merge([EVERYWHERE])


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One side of a flow: its address and what the log row says of it.

    `country` is the code of its country, "" for none, None for not known.
    """

    address: int | None = None
    country: str | None = None
    external_list: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """The end of a path through groups: a literal, or something whose addresses no configuration holds.

    `inside` are the addresses that certainly belong to it, `maybe` those that may. `country`,
    `external_list` and `group` are what a log row can confirm; a predefined region goes by its country alone.
    `wildcard` is a value and the bits to ignore, `rivals` the others that may overrule it. Of `ranged` leaves the range
    that decided is shown.
    """

    path: Path
    inside: Spans = NOTHING
    maybe: Spans = NOTHING
    wildcard: Wildcard | None = None
    rivals: Rivals = ALONE
    country: str = ""
    external_list: str = ""
    group: str = ""
    settle: str = ""
    ranged: bool = False

    def decide(self, end: Endpoint) -> Truth:
        """Whether the endpoint belongs to it."""
        if (
            (self.external_list and self.external_list == end.external_list)
            or (self.group and self.group == end.group)
            or (self.country and self.country == end.country)
        ):
            return Truth.MATCH
        address = end.address
        if address is None:
            return Truth.UNKNOWN
        if address in self.inside:
            return Truth.MATCH
        if self.wildcard is not None:
            return self.rivals.decide(address, self.wildcard)
        if self.country and end.country is None:
            return Truth.UNKNOWN
        return Truth.UNKNOWN if address in self.maybe else Truth.NO_MATCH

    def overruled_by(self, address: int | None) -> tuple[Wildcard, ...]:
        """The wildcards with a longer prefix that keep this one from an address that fits it."""
        if self.wildcard is None or address is None or not fits_wildcard(address, self.wildcard):
            return ()
        return self.rivals.nearer(address, self.wildcard)

    def path_to(self, address: int | None) -> Path:
        """The path down to the literal that holds `address`."""
        span = self.inside.find(address) if self.ranged and address is not None else None
        return self.path if span is None else (*self.path[:-1], _span_text(span))


@dataclass(frozen=True, slots=True, eq=False)
class AddressField:
    """The compiled `source` or `destination` of a rule."""

    members: tuple[str, ...]
    negate: bool = False
    anything: bool = False
    leaves: tuple[Leaf, ...] = ()
    inside: Spans = NOTHING
    maybe: Spans = NOTHING
    wildcards: tuple[Wildcard, ...] = ()
    rivals: Rivals = ALONE
    countries: frozenset[str] = frozenset()
    external_lists: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    cached_texts: dict[str, str] = field(default_factory=dict)

    def decide(self, end: Endpoint) -> Truth:
        """Whether the endpoint is in the list, negation included."""
        found = Truth.MATCH if self.anything else self._listed(end)
        return found.negated() if self.negate else found

    def _listed(self, end: Endpoint) -> Truth:
        if (
            end.external_list in self.external_lists
            or end.group in self.groups
            or (end.country and end.country in self.countries)
        ):
            return Truth.MATCH
        address = end.address
        if address is None:
            return Truth.UNKNOWN
        if address in self.inside:
            return Truth.MATCH
        by_wildcard = {self.rivals.decide(address, wildcard) for wildcard in self.wildcards}
        if Truth.MATCH in by_wildcard:
            return Truth.MATCH
        if Truth.UNKNOWN in by_wildcard or address in self.maybe or (self.countries and end.country is None):
            return Truth.UNKNOWN
        return Truth.NO_MATCH

    def wanted(self) -> str:
        """What the rule asks, compact."""
        names = listed(self.members) if self.members else "any"
        return f"not ({names})" if self.negate else names

    def deciding_leaf(self, end: Endpoint) -> Leaf | None:
        """The first leaf that holds the endpoint."""
        return next((leaf for leaf in self.leaves if leaf.decide(end) is Truth.MATCH), None)

    def explain(self, name: str, end: Endpoint) -> Criterion:
        """The criterion, with its sentence; `name` is `source` or `destination`."""
        result = self.decide(end)
        had = "not known" if end.address is None else format_address(end.address)
        wanted = self.wanted()
        if self.anything:
            detail = "the rule negates any, so no address fits" if self.negate else ""
            return Criterion(name, result, wanted, had, detail, matched=() if self.negate else ("any",))
        if result is Truth.UNKNOWN:
            return self._explain_unknown(name, end, wanted, had)
        leaf = self.deciding_leaf(end)
        if leaf is not None:
            path = leaf.path_to(end.address)
            detail = f"{had} is in {_path_text(path)}"
            if leaf.decide(Endpoint(end.address)) is not Truth.MATCH:
                detail = f"the log row says that the {name} is in {_path_text(path)}"
            if self.negate:
                detail += ", which the rule leaves out"
            return Criterion(name, result, wanted, had, detail, matched=() if self.negate else path)
        detail = self._overruled_text(had, end) or self._miss_text(had)
        if self.negate:
            detail += ", and the rule negates its list"
        return Criterion(name, result, wanted, had, detail, matched=(wanted,) if self.negate else ())

    def _miss_text(self, had: str) -> str:
        texts = [self._member_text(member) for member in self.members]
        return f"{had} is not in {texts[0]}" if len(texts) == 1 else f"{had} is in none of {several(texts)}"

    def _overruled_text(self, had: str, end: Endpoint) -> str:
        """Why a wildcard that fits does not count, empty where none does."""
        for leaf in self.leaves:
            nearer = leaf.overruled_by(end.address)
            if nearer:
                return (
                    f"{had} fits {_path_text(leaf.path)}, but of wildcard masks that overlap PAN-OS looks at the "
                    f"longest prefix alone, here {several([wildcard_text(other) for other in nearer], 2)}, unless "
                    "Wildcard Top Down Match Mode is on"
                )
        return ""

    def _explain_unknown(self, name: str, end: Endpoint, wanted: str, had: str) -> Criterion:
        if end.address is None:
            return Criterion(
                name, Truth.UNKNOWN, wanted, had, f"the {name} address is not known", f"the {name} address"
            )
        needs = [leaf.settle for leaf in self.leaves if leaf.decide(end) is Truth.UNKNOWN]
        needs = list(dict.fromkeys(needs))
        detail = f"whether {had} is in {listed(self.members, 3)} can't be told: the inputs lack {several(needs, 2)}"
        return Criterion(name, Truth.UNKNOWN, wanted, had, detail, several(needs, 4))

    def _member_text(self, member: str) -> str:
        """`n-clients (10.1.20.0/24)`, `g-dns-servers (10.1.0.10/32 and 3 more)`, or the literal alone."""
        found = self.cached_texts.get(member)
        if found is None:
            under = [leaf.path[-1] for leaf in self.leaves if leaf.path[0] == member]
            if not under:
                found = f"{member} (empty)"
            elif under == [member]:
                found = member
            else:
                found = f"{member} ({several(under, 1)})"
            self.cached_texts[member] = found
        return found


def _span_text(span: Span) -> str:
    first, last = span
    return format_address(first) if first == last else f"{format_address(first)}-{format_address(last)}"


def _path_text(path: Path) -> str:
    if len(path) == 1:
        return path[0]
    return f"{' › '.join(path[:-1])} ({path[-1]})"
