"""What stands under a source or a destination, down to the address.

Whether the session is in a member is asked of the same compiled field that decides the rule, for that member alone; so
a group and what is shown under it never say other things than the look-up did.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from whydeny.model.addresses import format_address
from whydeny.model.answers import DeviceAnswers
from whydeny.model.configuration import Address, AddressGroup, ExternalList
from whydeny.model.truth import Truth
from whydeny.policy.address_book import PREDEFINED_LISTS, AddressBook, written_network
from whydeny.policy.addresses import Endpoint
from whydeny.policy.countries import NAMES, is_country
from whydeny.policy.member import Member, answered_by, counted, nested
from whydeny.policy.names import Names
from whydeny.policy.tags import holds, read_expression

KINDS = {"ip-netmask": "address", "ip-range": "range", "ip-wildcard": "wildcard mask", "fqdn": "host name"}


class AddressMembers:
    """Opens address objects, groups, lists and regions of one policy for one side of a flow after the other."""

    def __init__(self, names: Names, answers: DeviceAnswers) -> None:
        self._names = names
        self._answers = answers
        self._book = AddressBook(names, answers)
        self._fqdns = {host.lower().rstrip("."): found for host, found in answers.fqdns.items()}

    def all(self, members: Iterable[str], end: Endpoint, above: tuple[str, ...] = ()) -> list[Member]:
        """A member for each name, in the order of the rule or group; `above` are the groups they stand in."""
        return [self._one(name, end, above) for name in dict.fromkeys(members)]

    def _one(self, name: str, end: Endpoint, above: tuple[str, ...]) -> Member:
        if name == "any":
            return Member(name, "every address", result=Truth.MATCH)
        field = self._book.field((name,), False)
        result = field.decide(end)
        needs = [leaf.settle for leaf in field.leaves if leaf.settle and leaf.decide(end) is Truth.UNKNOWN]
        settle = "; ".join(dict.fromkeys(needs)) if result is Truth.UNKNOWN and end.address is not None else ""
        bare = Member(
            name, result=result, settle=settle, holds=lambda address: field.decide(Endpoint(address)) is Truth.MATCH
        )
        region, found = self._names.region(name), self._names.address(name)
        if region is not None:
            kind = f"region, {counted(len(region.addresses), 'address', 'addresses')}"
            return replace(bare, what=kind, inside=lambda: [_literal(text, end) for text in region.addresses])
        if is_country(name):
            note = "" if found is None else f"; the region wins over the object {name}"
            return replace(bare, what=f"country {NAMES[name]}", note=f"goes by the country in the log row{note}")
        if isinstance(found, AddressGroup):
            return self._group(bare, found, end, above)
        if isinstance(found, Address):
            return self._address(bare, found, end)
        if isinstance(found, ExternalList) or name in PREDEFINED_LISTS:
            return self._list(bare, found.kind if isinstance(found, ExternalList) else "content", end)
        if written_network(name) is not None:
            return replace(bare, what="as written")
        if self._answered(name) is not None:
            return self._answer(bare, "answered by the firewall", end)
        return replace(bare, what="no object of that name in the files")

    def _group(self, bare: Member, found: AddressGroup, end: Endpoint, above: tuple[str, ...]) -> Member:
        kind = "address group" if found.filter is None else f"dynamic address group {found.filter}"
        again = nested(found.name, above)
        if again:
            return replace(bare, what=kind, note=again)
        inside = self._book.members_of(found.name)
        path = (*above, found.name)
        if found.filter is None:
            count = counted(len(inside), "member")
            return replace(bare, what=f"{kind}, {count}", settle="", inside=lambda: self.all(inside, end, path))
        registered = self._registered(found, end, path)
        note = answered_by("show object registered-ip all") if registered is None else ""
        count = counted(len(inside), "tagged object")
        return replace(
            bare, what=f"{kind}, {count}", note=note, inside=lambda: [*self.all(inside, end, path), *(registered or ())]
        )

    def _registered(self, group: AddressGroup, end: Endpoint, path: tuple[str, ...]) -> list[Member] | None:
        """The run-time members of a dynamic group, None where nobody asked for them."""
        answered = self._answered(group.name)
        if answered is not None:
            return [
                self._one(text, end, path) if written_network(text) is None else _literal(text, end, "registered")
                for text in answered
            ]
        tagged = {format_address(number): tags for number, tags in sorted(self._answers.registered_tags.items())}
        tagged |= self._answers.registered_networks
        expression = read_expression(group.filter or "")
        if expression is None or not (tagged or self._answers.registered_complete):
            return None
        return [
            _literal(text, end, f"registered, {', '.join(sorted(tags))}")
            for text, tags in tagged.items()
            if holds(expression, tags)
        ]

    def _address(self, bare: Member, found: Address, end: Endpoint) -> Member:
        kind = KINDS.get(found.kind, found.kind)
        if found.kind != "fqdn":
            return replace(bare, what=kind, value=found.value)
        known = self._fqdns.get(found.value.lower().rstrip("."))
        texts = (
            [format_address(number) for number in sorted(known)] if known is not None else self._answered(found.name)
        )
        if texts is None:
            note = answered_by("show dns-proxy fqdn all")
            return replace(bare, what=kind, value=found.value, note=note)
        return replace(
            bare, what=kind, value=found.value, inside=lambda: [_literal(text, end, "resolved") for text in texts]
        )

    def _list(self, bare: Member, kind: str, end: Endpoint) -> Member:
        what = f"external list ({kind})"
        if self._answered(bare.name) is not None:
            return self._answer(bare, what, end)
        command = answered_by(f"request system external-list show type ip name {bare.name}")
        held, total = self._answers.partial_lists.get(bare.name, ((), 0))
        if not held:
            return replace(bare, what=what, note=command)
        note = f"only {len(held):,} of {total:,} entries are among the inputs; {command}"
        return replace(bare, what=what, note=note, inside=lambda: [_literal(text, end) for text in held])

    def _answer(self, bare: Member, what: str, end: Endpoint) -> Member:
        entries = self._answered(bare.name) or ()
        count = counted(len(entries), "entry", "entries")
        return replace(bare, what=f"{what}, {count}", inside=lambda: [_literal(text, end) for text in entries])

    def _answered(self, name: str) -> Sequence[str] | None:
        """What the firewall, or a list by hand, gives a name, as written."""
        for answers in (self._answers.group_addresses, self._answers.list_members):
            if name in answers:
                return answers[name]
        return None


def _literal(text: str, end: Endpoint, what: str = "") -> Member:
    """An address, network or range that is no object."""
    span = written_network(text)
    if span is None:
        return Member(text, what or "not an address", result=Truth.NO_MATCH)
    first, last = span
    result = Truth.UNKNOWN if end.address is None else Truth.MATCH if first <= end.address <= last else Truth.NO_MATCH
    return Member(text, what, result=result, holds=_within(first, last))


def _within(first: int, last: int) -> Callable[[int], bool]:
    return lambda address: first <= address <= last
