"""Compile the source and destination of rules: what their members stand for in the scopes of a policy.

Sources: PAN-OS administrator's guide, address objects, dynamic address groups, external dynamic lists and regions. A
name that is a region, predefined ones included, and an object too, is the region (measurements published for PAN-OS
11.1 and 11.2); an object beats the literal that it looks like.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property, lru_cache

from whydeny.model.addresses import parse_member
from whydeny.model.answers import DeviceAnswers
from whydeny.model.configuration import Address, AddressGroup, ExternalList
from whydeny.policy.addresses import ALL, EVERYWHERE, AddressField, Leaf
from whydeny.policy.countries import is_country
from whydeny.policy.names import DEEPEST, Names, Path, open_groups
from whydeny.policy.spans import NOTHING, Span, Spans, merge, outside, overlaid, without
from whydeny.policy.tags import holds, read_expression
from whydeny.policy.wildcards import ALONE, Rivals, read_wildcard
from whydeny.policy.wording import members as listed

_OVERLAP = "which of several wildcard masks that overlap the firewall goes by (test security-policy-match)"
# Lists that come with the firewall's content and stand in no configuration.
PREDEFINED_LISTS = frozenset(
    {"panw-known-ip-list", "panw-highrisk-ip-list", "panw-bulletproof-ip-list", "panw-torexit-ip-list"}
)


@lru_cache(maxsize=65536)
def written_network(text: str) -> Span | None:
    """The span of an address, network or range as a list or an object has it, with what may stand behind it."""
    return parse_member(text)


def _networks(written: Iterable[str]) -> Spans:
    return merge(span for span in map(written_network, written) if span is not None)


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
        if self._names.region(name) is not None or is_country(name):
            return ()
        return self._members_behind(name)

    def _members_behind(self, name: str) -> tuple[str, ...]:
        found = self._names.address(name)
        if not isinstance(found, AddressGroup):
            return ()
        if found.filter is None:
            return found.members
        return tuple(name for name, _ in self._tagged_in(found))

    def _tagged_in(self, group: AddressGroup) -> list[tuple[str, frozenset[str]]]:
        """The objects whose tags fit a dynamic group."""
        expression = read_expression(group.filter or "")
        if expression is None:
            return []
        return [(name, tags) for name, tags in self._tagged.items() if name != group.name and holds(expression, tags)]

    def _leaves_at(self, path: Path) -> list[Leaf]:
        name = path[-1]
        region = self._names.region(name)
        if region is not None:
            inside = _networks(region.addresses)
            if not is_country(name):  # a made region extends a predefined one of the same name
                return [Leaf((*path, listed(region.addresses, 2)), inside)]
            return [Leaf(path, inside, country=name, settle=_country_need(name))]
        found = self._names.address(name)
        if found is not None and is_country(name):
            settle = f"{_country_need(name)}, and whether PAN-OS takes {name} for it (test security-policy-match)"
            return [Leaf(path, maybe=self._behind(name), country=name, settle=settle)]
        if found is not None or name in PREDEFINED_LISTS:
            return self._leaves_of(path, found)
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

    def _leaves_of(self, path: Path, found: Address | AddressGroup | ExternalList | None) -> list[Leaf]:
        """The leaf of an object; a static group has none of its own."""
        if isinstance(found, Address):
            return [self._address(path, found)]
        if isinstance(found, AddressGroup):
            return [] if found.filter is None else self._run_time_members(path, found)
        return [self._external_list(path)]

    def _behind(self, country: str) -> Spans:
        """Where the object is that an administrator gave a country's name: PAN-OS takes the name for the region."""
        spans: list[Span] = []
        for path in open_groups(country, self._members_behind)[0]:
            if is_country(path[-1]) and path[-1] != country:
                return ALL
            found = self._names.address(path[-1])
            leaves = self._leaves_of(path, found) if found is not None else self._leaves_at(path)
            if any(leaf.wildcard or leaf.country for leaf in leaves):
                return ALL
            spans += [span for leaf in leaves for held in (leaf.inside, leaf.maybe) for span in held.pairs()]
        return merge(spans)

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
        """The members that are known less the list's exceptions; of a list that isn't whole the rest stays open."""
        name = path[-1]
        found = self._names.address(name)
        never = _networks(found.exceptions) if isinstance(found, ExternalList) else NOTHING
        answered = self._answered(name)
        if answered is not None:
            inside = outside(answered, never)
            return Leaf((*path, _answer_text(inside)), inside, external_list=name, ranged=True)
        inside = outside(_networks(self._answers.partial_lists.get(name, ((), 0))[0]), never)
        rest = without(EVERYWHERE, merge([*inside.pairs(), *never.pairs()]))
        return Leaf(path, inside, rest, external_list=name, settle=f"the members of external list {name}", ranged=True)

    def _run_time_members(self, path: Path, group: AddressGroup) -> list[Leaf]:
        """The run-time members of a dynamic group: as the firewall lists them, else those whose tags fit."""
        listed = self._answers.group_addresses.get(group.name)
        if listed is None and group.name in self._answers.partial_lists:
            inside = _networks(self._answers.partial_lists[group.name][0])
            need = f"all members of dynamic group {group.name}"
            return [Leaf(path, inside, without(EVERYWHERE, inside), group=group.name, settle=need, ranged=True)]
        if listed is None:
            return [self._registered(path, group)]
        found = [Leaf((*path, _answer_text(_networks(listed))), _networks(listed), group=group.name, ranged=True)]
        tagged = {name for name, _ in self._tagged_in(group)}
        for name in listed:
            if written_network(name) is None and name not in tagged:  # an object whose tags no configuration shows
                found += [replace(leaf, path=(*path, *leaf.path)) for leaf in self._object(name)]
        return found

    def _object(self, name: str) -> tuple[Leaf, ...]:
        """The leaves of an object that an answer names."""
        if isinstance(self._names.address(name), AddressGroup):
            need = f"the addresses of {name}"
            return (Leaf((name,), maybe=ALL, settle=need),)
        return self._leaves(name)

    def _registered(self, path: Path, group: AddressGroup) -> Leaf:
        """The registered addresses whose tags fit a dynamic group."""
        name = group.name
        answered = self._answered(name)
        if answered is not None:
            return Leaf((*path, _answer_text(answered)), answered, group=name, ranged=True)
        expression = read_expression(group.filter or "")
        if expression is None:
            need = f"a readable tag expression of dynamic group {name}"
            return Leaf(path, maybe=ALL, group=name, settle=need)
        fitting = [(span, holds(expression, tags)) for span, tags in self._registrations]
        inside = merge(span for span, fits in fitting if fits)
        # Of a network that does not fit, single addresses may have tags of their own.
        outside = merge(span for span, fits in fitting if not fits and span[0] == span[1])
        maybe = NOTHING if self._answers.registered_complete else without(EVERYWHERE, outside)
        return Leaf(path, inside, maybe, group=name, settle=f"the registered addresses of dynamic group {name}")

    @cached_property
    def _registrations(self) -> list[tuple[Span, frozenset[str]]]:
        """Spans with their tags: an address has its own and those of the networks that it is in, which come first."""
        written = self._answers.registered_networks.items()
        networks = list(overlaid((span, tags) for text, tags in written if (span := written_network(text)) is not None))
        firsts = [first for (first, _), _ in networks]
        found = list(networks)
        for number, tags in self._answers.registered_tags.items():
            at = bisect_right(firsts, number) - 1
            around = networks[at][1] if at >= 0 and number <= networks[at][0][1] else frozenset()
            found.append(((number, number), tags | around))
        return found

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
