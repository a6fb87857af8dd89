"""Learn the members of run-time objects from the rules as the data plane has them compiled.

Sources: the answers to `show running security-policy-addresses` and `show running …-policy`, which show the addresses
behind the names of a rule. A region is shown there as 0.0.0.0 (measurements published for PAN-OS 11.1 and 11.2).
Only of a rule's side that is one open object and nothing else is what was compiled the members of that object.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from whydeny.model.addresses import V4_BASE
from whydeny.model.answers import DESTINATION_ADDRESSES, SOURCE_ADDRESSES, DeviceAnswers, RunningRule
from whydeny.model.configuration import Policy
from whydeny.policy.address_book import AddressBook, written_network
from whydeny.policy.names import Names
from whydeny.policy.spans import Spans, merge

_NO_ADDRESS = (V4_BASE, V4_BASE)


def with_compiled_members(policy: Policy, names: Names, answers: DeviceAnswers) -> DeviceAnswers:
    """The answers, and the members that compiled rules show of objects that are open without them."""
    if not answers.running:
        return answers
    book = AddressBook(names, answers)
    claims: dict[str, tuple[Spans, tuple[str, ...]]] = {}
    differing: set[str] = set()
    for members, shown in _sides(policy, answers):
        name = _open_object(book, names, members)
        spans = _addresses(shown)
        if name is None or spans is None:
            continue
        if claims.setdefault(name, (spans, shown))[0] != spans:
            differing.add(name)
    found = {name: shown for name, (_, shown) in claims.items() if name not in differing}
    return replace(answers, group_addresses={**answers.group_addresses, **found})


def _sides(policy: Policy, answers: DeviceAnswers) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The sources, and the destinations, of every rule: as written, and as they were compiled."""
    for rulebase, rules in policy.rules.items():
        compiled = {rule.name: rule for rule in answers.running.get(rulebase, ()) if _is_of(rule, policy.vsys)}
        times = Counter(rule.name for rule in rules if not rule.disabled)
        for rule in rules:
            running = compiled.get(rule.name)
            if running is None or rule.disabled or times[rule.name] > 1:
                continue
            yield rule.sources, running.fields.get(SOURCE_ADDRESSES, running.fields.get("source", ()))
            yield rule.destinations, running.fields.get(DESTINATION_ADDRESSES, running.fields.get("destination", ()))


def _is_of(rule: RunningRule, vsys: str) -> bool:
    return rule.fields.get("vsys", (vsys,)) == (vsys,)


def _open_object(book: AddressBook, names: Names, members: tuple[str, ...]) -> str | None:
    """The object behind a field that is nothing else, where its addresses are open."""
    leaves = book.field(members, False).leaves
    if len(leaves) != 1 or not leaves[0].maybe or leaves[0].country or leaves[0].wildcard:
        return None
    path = leaves[0].path
    return next((name for name in reversed(path) if names.address(name) is not None), None)


def _addresses(shown: tuple[str, ...]) -> Spans | None:
    """What was compiled, None where it holds anything but addresses."""
    spans = [written_network(text) for text in shown if text != "(negate)"]
    if not spans or None in spans or _NO_ADDRESS in spans:
        return None
    return merge(span for span in spans if span is not None)
