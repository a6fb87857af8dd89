"""Source and destination of a rule: which addresses they certainly hold, and which they may.

Sources: PAN-OS administrator's guide, address objects, dynamic address groups, external dynamic lists and
regions; a rule matches addresses before address translation. `negate-source` and `negate-destination` turn
the whole list round.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from whydeny.model.addresses import LAST, format_address, parse_network
from whydeny.model.answers import DeviceAnswers
from whydeny.model.configuration import Address, AddressGroup, ExternalList
from whydeny.model.truth import Truth
from whydeny.policy.countries import is_country
from whydeny.policy.lookup import Criterion
from whydeny.policy.names import DEEPEST, Names, Path, open_groups
from whydeny.policy.spans import NOTHING, Span, Spans, merge, without
from whydeny.policy.tags import holds, read_expression
from whydeny.policy.wildcards import ALONE, Rivals, Wildcard, fits_wildcard, read_wildcard, wildcard_text
from whydeny.policy.wording import members as listed
from whydeny.policy.wording import several

_OVERLAP = "which of several wildcard masks that overlap the firewall goes by (test security-policy-match)"
EVERYWHERE: Span = (0, LAST)
ALL = merge([EVERYWHERE])

# Lists that come with the firewall's content and stand in no configuration.
PREDEFINED_LISTS = frozenset(
    {"panw-known-ip-list", "panw-highrisk-ip-list", "panw-bulletproof-ip-list", "panw-torexit-ip-list"}
)


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


@lru_cache(maxsize=65536)
def written_network(text: str) -> Span | None:
    """The span of an address, network or range as a list or an object has it, with what may stand behind it."""
    words = text.split(maxsplit=1)
    return parse_network(words[0] if words and "-" not in text else text)


def _networks(written: Iterable[str]) -> Spans:
    return merge(span for span in map(written_network, written) if span is not None)


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


class AddressBook:
    """Compiles the address fields of rules over the scopes of one policy."""

    def __init__(self, names: Names, answers: DeviceAnswers) -> None:
        self._names = names
        self._answers = answers
        self._fqdns = {host.lower().rstrip("."): found for host, found in answers.fqdns.items()}
        self._tagged = self._tagged_objects()
        self._reached: dict[str, tuple[Leaf, ...]] = {}
        self._fields: dict[tuple[tuple[str, ...], bool, Rivals], AddressField] = {}

    def field(self, members: tuple[str, ...], negate: bool, rivals: Rivals = ALONE) -> AddressField:
        """The compiled field of a rule; equal fields are one object. `rivals` are the wildcards of all rules."""
        key = (members, negate, ALONE)
        found = self._fields.get(key)
        if found is None:
            found = self._fields[key] = self._compile(members, negate)
        if not found.wildcards or rivals is ALONE:
            return found
        key = (members, negate, rivals)
        among = self._fields.get(key)
        if among is None:
            leaves = tuple(replace(leaf, rivals=rivals) for leaf in found.leaves)
            among = self._fields[key] = replace(found, leaves=leaves, rivals=rivals, cached_texts={})
        return among

    def _compile(self, members: tuple[str, ...], negate: bool) -> AddressField:
        if not members or "any" in members:
            return AddressField(members, negate, anything=True)
        leaves = [leaf for member in dict.fromkeys(members) for leaf in self._leaves(member)]
        return AddressField(
            members,
            negate,
            leaves=tuple(leaves),
            inside=merge(span for leaf in leaves for span in leaf.inside.pairs()),
            maybe=merge(span for leaf in leaves for span in leaf.maybe.pairs()),
            wildcards=tuple(dict.fromkeys(leaf.wildcard for leaf in leaves if leaf.wildcard is not None)),
            countries=frozenset(leaf.country for leaf in leaves if leaf.country),
            external_lists=frozenset(leaf.external_list for leaf in leaves if leaf.external_list),
            groups=frozenset(leaf.group for leaf in leaves if leaf.group),
        )

    def _leaves(self, member: str) -> tuple[Leaf, ...]:
        """Every leaf under a rule's member."""
        found = self._reached.get(member)
        if found is None:
            paths, complete = open_groups(member, self.members_of)
            leaves = [leaf for path in paths for leaf in self._leaves_at(path)]
            if not complete:
                leaves.append(Leaf((member,), maybe=ALL, settle=f"a group nested less than {DEEPEST} deep"))
            found = self._reached[member] = tuple(leaves)
        return found

    def members_of(self, name: str) -> tuple[str, ...]:
        """The objects in a group: those it lists, or of a dynamic one those whose tags fit; none for anything else."""
        if self._names.region(name) is not None:
            return ()
        found = self._names.address(name)
        if not isinstance(found, AddressGroup):
            return ()
        if found.filter is None:
            return found.members
        expression = read_expression(found.filter)
        if expression is None:
            return ()
        return tuple(name for name, tags in self._tagged.items() if name != found.name and holds(expression, tags))

    def _leaves_at(self, path: Path) -> list[Leaf]:
        name = path[-1]
        region = self._names.region(name)
        if region is not None:
            inside = _networks(region.addresses)
            if not is_country(name):  # a made region extends a predefined one of the same name
                return [Leaf((*path, listed(region.addresses, 2)), inside)]
            return [Leaf(path, inside, country=name, settle=_country_need(name))]
        found = self._names.address(name)
        if isinstance(found, Address):
            return [self._address(path, found)]
        if isinstance(found, AddressGroup):
            return [] if found.filter is None else [self._registered(path, found)]
        if isinstance(found, ExternalList) or name in PREDEFINED_LISTS:
            return [self._external_list(path)]
        span = written_network(name)
        if span is not None:
            return [Leaf(path, merge([span]))]
        answered = self._answered(name)
        if answered is not None:
            return [Leaf((*path, _answer_text(answered)), answered, ranged=True)]
        if is_country(name):
            return [Leaf(path, country=name, settle=_country_need(name))]
        need = f"what {name} stands for (no object of that name in the files)"
        return [Leaf(path, maybe=ALL, external_list=name, group=name, settle=need)]

    def _address(self, path: Path, address: Address) -> Leaf:
        literal = (*path, address.value)
        if address.kind == "fqdn":
            host = address.value.lower().rstrip(".")
            if host in self._fqdns:
                return Leaf(literal, merge((number, number) for number in self._fqdns[host]))
            answered = self._answered(address.name)
            if answered is not None:
                return Leaf(literal, answered)
            return Leaf(literal, maybe=ALL, settle=f"the addresses of {address.value} ({address.name})")
        if address.kind == "ip-wildcard":
            wildcard = read_wildcard(address.value)
            if wildcard is not None:
                return Leaf(literal, wildcard=wildcard, settle=_OVERLAP)
        else:
            span = written_network(address.value)
            if span is not None:
                return Leaf(literal, merge([span]))
        return Leaf(literal, maybe=ALL, settle=f"a readable value of address {address.name} ({address.value!r})")

    def _external_list(self, path: Path) -> Leaf:
        name = path[-1]
        answered = self._answered(name)
        if answered is not None:
            return Leaf((*path, _answer_text(answered)), answered, external_list=name, ranged=True)
        return Leaf(path, maybe=ALL, external_list=name, settle=f"the members of external list {name}")

    def _registered(self, path: Path, group: AddressGroup) -> Leaf:
        """The run-time members of a dynamic group."""
        name = group.name
        answered = self._answered(name)
        if answered is not None:
            return Leaf((*path, _answer_text(answered)), answered, group=name, ranged=True)
        expression = read_expression(group.filter or "")
        if expression is None:
            need = f"a readable tag expression of dynamic group {name}"
            return Leaf(path, maybe=ALL, group=name, settle=need)
        tagged = self._answers.registered_tags
        inside = merge((number, number) for number, tags in tagged.items() if holds(expression, tags))
        outside = merge((number, number) for number, tags in tagged.items() if not holds(expression, tags))
        maybe = NOTHING if self._answers.registered_complete else without(EVERYWHERE, outside)
        return Leaf(path, inside, maybe, group=name, settle=f"the registered addresses of dynamic group {name}")

    def _answered(self, name: str) -> Spans | None:
        """The members that the firewall, or a list by hand, gives a name; None if nobody asked."""
        for answers in (self._answers.group_addresses, self._answers.list_members):
            if name in answers:
                return _networks(answers[name])
        return None

    def _tagged_objects(self) -> dict[str, frozenset[str]]:
        """Tags of the address objects and groups that are in sight, by name."""
        found: dict[str, frozenset[str]] = {}
        for scope in reversed(self._names.scopes):
            for kind in (scope.address_groups, scope.addresses):
                found.update({name: frozenset(thing.tags) for name, thing in kind.items()})
        return {name: tags for name, tags in found.items() if tags}


def _country_need(name: str) -> str:
    return f"the country of the address (region {name})"


def _answer_text(spans: Spans) -> str:
    return "empty" if not spans else "1 range" if len(spans.firsts) == 1 else f"{len(spans.firsts):,} ranges"
