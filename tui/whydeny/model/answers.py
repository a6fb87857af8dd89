"""What a firewall answered, or a list by hand says: run-time facts that no configuration holds."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from whydeny.model.addresses import parse_member
from whydeny.model.configuration import Rulebase

# The fields of a compiled rule that hold addresses alone (`show running security-policy-addresses`).
SOURCE_ADDRESSES, DESTINATION_ADDRESSES = "source-addresses", "destination-addresses"
_K = TypeVar("_K")
_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class UserMapping:
    """`show user ip-user-mapping`: who was behind an address when it was asked. Timeouts in seconds."""

    address: int
    user: str
    vsys: str | None = None
    kind: str | None = None
    idle_timeout: int | None = None
    timeout: int | None = None


@dataclass(frozen=True, slots=True)
class PolicyTest:
    """A `test …-policy-match` answer: the rules it names, in order; `asked` is the flow it was asked with,
    where the answer says (usually it does not). `actions` are those of the rules, empty where the answer has none."""

    rulebase: Rulebase
    rules: tuple[str, ...]
    file: int = 0
    actions: tuple[str, ...] = ()
    asked: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunningRule:
    """A rule of `show running …-policy`, as the data plane compiled it (brace text, values as written)."""

    name: str
    index: int | None
    fields: Mapping[str, tuple[str, ...]]

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """What tells it apart: its name and its virtual system, where the answer says that."""
        return self.name, self.fields.get("vsys", ())


@dataclass(slots=True)
class DeviceAnswers:
    """All run-time facts among the inputs. Empty means nobody asked."""

    list_members: dict[str, tuple[str, ...]] = field(default_factory=dict)  # external list → members as written
    # external list → the members of the pages that are there, and how many it has: no more than that is known
    partial_lists: dict[str, tuple[tuple[str, ...], int]] = field(default_factory=dict)
    fqdns: dict[str, tuple[int, ...]] = field(default_factory=dict)  # host name → addresses
    group_addresses: dict[str, tuple[str, ...]] = field(default_factory=dict)  # dynamic group → members
    registered_tags: dict[int, frozenset[str]] = field(default_factory=dict)  # address → tags
    # network or range as written (10.0 and later) → tags that every address in it has too
    registered_networks: dict[str, frozenset[str]] = field(default_factory=dict)
    registered_complete: bool = False  # whether an absent address has no tags
    user_groups: dict[str, frozenset[str]] = field(default_factory=dict)  # group → users (lower case)
    user_mappings: tuple[UserMapping, ...] = ()
    tests: tuple[PolicyTest, ...] = ()
    running: dict[Rulebase, tuple[RunningRule, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """Answers with whose they are: the serial number or host name of the firewall and the virtual system, None where
    nothing tells, or where they hold for all of them."""

    answers: DeviceAnswers
    firewall: str | None = None
    vsys: str | None = None


def agreed(parts: Sequence[DeviceAnswers]) -> tuple[DeviceAnswers, tuple[str, ...]]:
    """What answers of equal standing say together, and the names about which they differ.

    Nothing says which of two answers is of the time that counts: what they differ in is left open, as if nobody had
    asked. Pages of one external list add up, and become the list's members once nothing is missing.
    """
    if len(parts) == 1:
        return parts[0], ()
    found = DeviceAnswers(
        user_mappings=tuple(dict.fromkeys(m for part in parts for m in part.user_mappings)),
        tests=tuple(test for part in parts for test in part.tests),
        running=_agreed_rules(parts),
    )
    differing: dict[str, None] = {}
    _agree_on_lists(parts, found, differing)
    found.fqdns = _alike((part.fqdns for part in parts), frozenset, differing)
    found.user_groups = _alike((part.user_groups for part in parts), frozenset, differing)
    _agree_on_tags(parts, found, differing)
    differing.update(dict.fromkeys(_contradicted_tests(found.tests)))
    return found, tuple(differing)


def _contradicted_tests(tests: Iterable[PolicyTest]) -> Iterator[str]:
    """The test commands that were asked the same and answered otherwise. All are kept: whoever asks about a session
    finds that they contradict each other."""
    answers: dict[tuple[Rulebase, frozenset[tuple[str, str]]], tuple[str, ...]] = {}
    for test in tests:
        answer = test.rules[:1]
        if test.asked and answers.setdefault((test.rulebase, frozenset(test.asked.items())), answer) != answer:
            yield f"test {test.rulebase}-policy-match"


def _alike(
    claims: Iterable[Mapping[str, _V]], comparable: Callable[[_V], object], differing: dict[str, None]
) -> dict[str, _V]:
    """What every claim about a name agrees on; the others are added to `differing`."""
    found: dict[str, _V] = {}
    open_names: set[str] = set()
    for claim in claims:
        for name, value in claim.items():
            first = found.setdefault(name, value)
            if first is not value and comparable(first) != comparable(value):
                open_names.add(name)
    differing.update(dict.fromkeys(sorted(open_names)))
    return {name: value for name, value in found.items() if name not in open_names}


def _agree_on_lists(parts: Sequence[DeviceAnswers], found: DeviceAnswers, differing: dict[str, None]) -> None:
    """Members of external lists and dynamic groups: of one that differs, what is in every answer is certain."""
    both = (kind for part in parts for kind in (part.list_members, part.group_addresses))
    _alike(both, _as_set, differing)
    for part in parts:
        for kind, kept in ((part.list_members, found.list_members), (part.group_addresses, found.group_addresses)):
            kept.update({name: members for name, members in kind.items() if name not in differing})
    for name in differing:
        claims = [p.list_members.get(name, p.group_addresses.get(name)) for p in parts]
        told = [claim for claim in claims if claim is not None]
        shared = frozenset.intersection(*map(_as_set, told))
        found.partial_lists[name] = (tuple(m for m in told[0] if _as_set((m,)) <= shared), max(map(len, told)) + 1)
    for name in {name for part in parts for name in part.partial_lists}:
        if name in found.list_members or name in differing:
            continue
        held, total = joined_pages([part.partial_lists[name] for part in parts if name in part.partial_lists])
        if total == len(held):
            found.list_members[name] = held
        else:
            found.partial_lists[name] = (held, total)


def joined_pages(pages: Sequence[tuple[tuple[str, ...], int]]) -> tuple[tuple[str, ...], int]:
    """The members of an external list in some of its pages, and how many it has: more than there are where some are
    missing, or where the totals differ, so that the list changed between the pages."""
    held = tuple(dict.fromkeys(member for page, _ in pages for member in page))
    totals = {total for _, total in pages}
    return held, len(held) if totals == {len(held)} else max(*totals, len(held) + 1)


def _as_set(members: tuple[str, ...]) -> frozenset[object]:
    """Members to compare: an address and its network of one are the same, order and remarks don't count."""
    return frozenset(parse_member(member) or member for member in members)


def _agree_on_tags(parts: Sequence[DeviceAnswers], found: DeviceAnswers, differing: dict[str, None]) -> None:
    """Registered addresses; a whole answer says of every other address that it has no tags."""
    whole = [part for part in parts if part.registered_complete]
    found.registered_complete = bool(whole)
    found.registered_tags = _tags([p.registered_tags for p in parts], [p.registered_tags for p in whole])
    found.registered_networks = _tags([p.registered_networks for p in parts], [p.registered_networks for p in whole])
    keys = {key for part in parts for key in (*part.registered_tags, *part.registered_networks)}
    if len(keys) > len(found.registered_tags) + len(found.registered_networks):
        found.registered_complete = False
        differing["the registered tags"] = None


def _tags(
    claims: Sequence[Mapping[_K, frozenset[str]]], whole: Sequence[Mapping[_K, frozenset[str]]]
) -> dict[_K, frozenset[str]]:
    found: dict[_K, set[frozenset[str]]] = {}
    for claim in claims:
        for key, tags in claim.items():
            found.setdefault(key, set()).add(tags)
    return {key: tags.pop() for key, tags in found.items() if len(tags) == 1 and all(key in claim for claim in whole)}


def _agreed_rules(parts: Sequence[DeviceAnswers]) -> dict[Rulebase, tuple[RunningRule, ...]]:
    """The compiled rules of every answer; a rule in several has the fields of all, less those that differ."""
    found: dict[Rulebase, dict[tuple[str, tuple[str, ...]], RunningRule]] = {}
    for rulebase, rule in ((base, r) for part in parts for base, rules in part.running.items() for r in rules):
        known = found.setdefault(rulebase, {}).get(rule.key)
        if known is not None:
            differing = {
                name for name in known.fields if rule.fields.get(name, known.fields[name]) != known.fields[name]
            }
            fields = {name: v for name, v in {**known.fields, **rule.fields}.items() if name not in differing}
            if None not in (known.index, rule.index) and known.index != rule.index:
                fields.pop("action", None)  # where it stands is not known, and so not what it does to a session
            rule = RunningRule(rule.name, rule.index if known.index is None else known.index, fields)
        found[rulebase][rule.key] = rule
    return {rulebase: tuple(rules.values()) for rulebase, rules in found.items()}
