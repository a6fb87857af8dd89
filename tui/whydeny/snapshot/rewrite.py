"""The objects of the model with their texts replaced: configurations, answers, system facts."""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from functools import partial
from typing import Any

from whydeny.model.answers import DESTINATION_ADDRESSES, SOURCE_ADDRESSES, DeviceAnswers, RunningRule, Told
from whydeny.model.configuration import Address, AddressGroup, Configuration, Group, LogForwarding, Scope, UrlCategory
from whydeny.snapshot.sorts import ASKED_SORTS, COMPILED_CELLS, COMPILED_SORTS, FIELD_SORTS, Sort
from whydeny.snapshot.texts import Texts

_ADDRESS_FIELDS = ("source", "destination", SOURCE_ADDRESSES, DESTINATION_ADDRESSES)
_CELL = re.compile(r"(\d*:?)([^/]+)((?:/[\d,-]+|/any|/tcp|/udp|/sctp|/icmp6?){3})", re.ASCII)
_WITHHELD = "withheld"
_LATER = (Sort.PROSE, Sort.SPECIAL)  # free text waits for all names; the rest has its own code


class Rewriter:
    """Rewrites objects by the sorts of their fields; `dropped` counts the texts that were left out."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self.dropped = 0

    def rewrite(self, value: Any) -> Any:
        """A dataclass of the model with every text replaced but free text, see `rewrite_notes`."""
        match value:
            case Address():
                return self._address(value)
            case UrlCategory():
                sort = Sort.URL if value.kind == "URL List" else Sort.CATEGORY
                members = tuple(self.texts.text(member, sort) for member in value.members)
                return replace(value, name=self.texts.text(value.name, Sort.CATEGORY), members=members)
            case LogForwarding():
                tagging = tuple((t, "", self.texts.text(tag, Sort.TAG), action) for t, _, tag, action in value.tagging)
                return replace(value, name=self.texts.text(value.name, Sort.OBJECT), tagging=tagging)
            case Scope():
                return self._scope(value)
        sorts = FIELD_SORTS.get(type(value), {})
        return replace(value, **{f.name: self._value(getattr(value, f.name), sorts.get(f.name)) for f in fields(value)})

    def rewrite_notes(self, configuration: Configuration) -> Configuration:
        """The free text of a configuration replaced, when all names are known."""
        templates = {name: self.rewrite_notes(template) for name, template in configuration.templates.items()}
        notes = tuple(self.texts.text(note, Sort.PROSE) for note in configuration.notes)
        return replace(configuration, notes=notes, templates=templates)

    def _value(self, value: Any, sort: Sort | None) -> Any:
        if sort in _LATER:
            return value
        if is_dataclass(value) and not isinstance(value, type):
            return self.rewrite(value)
        if isinstance(value, Mapping):
            return dict(self._item(key, item, sort) for key, item in value.items())
        if isinstance(value, tuple):
            if sort is Sort.MEMBERS:
                return self.texts.members(value)
            return tuple(self._value(item, sort) for item in value)
        if type(value) is str and sort is not None:
            self.dropped += sort is Sort.DROP and bool(value)
            return self.texts.text(value, sort)
        return value

    def _item(self, key: Any, item: Any, sort: Sort | None) -> tuple[Any, Any]:
        """An entry of a mapping; what has a name of its own stands under that."""
        rewritten = self._value(item, sort)
        named = getattr(rewritten, "name", None)
        if named is not None:
            return named, rewritten
        return (self.texts.text(key, sort) if type(key) is str and sort is not None else key), rewritten

    def _address(self, address: Address) -> Address | AddressGroup:
        """The object; a range that is no network any more becomes a group of the networks it consists of."""
        aliases = self.texts.aliases
        name = self.texts.text(address.name, Sort.PLACE)
        tags = tuple(self.texts.text(tag, Sort.TAG) for tag in address.tags)
        if address.kind == "fqdn":
            return Address(name, address.kind, aliases.host(address.value), tags)
        if address.kind == "ip-wildcard":
            return Address(name, address.kind, aliases.wildcard(address.value), tags)
        networks = aliases.networks(address.value)
        if networks is None:
            return Address(name, address.kind, aliases.name(address.value, "value"), tags)
        if len(networks) == 1:
            return Address(name, "ip-netmask", networks[0], tags)
        return AddressGroup(name, networks, tags=tags)

    def _scope(self, scope: Scope) -> Scope:
        sorts = FIELD_SORTS[Scope]
        changes = {f.name: self._value(getattr(scope, f.name), sorts.get(f.name)) for f in fields(scope)}
        changes["service_groups"] = self._groups(scope.service_groups, Sort.OBJECT)
        changes["application_groups"] = self._groups(scope.application_groups, Sort.APPLICATION)
        changes["dynamic_user_groups"] = {  # named as rules and rows name users
            self.texts.text(name, Sort.USER): self.texts.text(tags, Sort.EXPRESSION)
            for name, tags in scope.dynamic_user_groups.items()
        }
        addresses = changes["addresses"]
        changes["address_groups"] |= {n: made for n, made in addresses.items() if isinstance(made, AddressGroup)}
        changes["addresses"] = {n: made for n, made in addresses.items() if isinstance(made, Address)}
        return replace(scope, **changes)

    def _groups(self, groups: Mapping[str, Group], sort: Sort) -> dict[str, Group]:
        text = partial(self.texts.text, sort=sort)
        found = (Group(text(group.name), tuple(map(text, group.members))) for group in groups.values())
        return {group.name: group for group in found}

    def rewrite_answers(self, answers: DeviceAnswers) -> DeviceAnswers:
        """Run-time facts."""
        host, user, permute = self.texts.aliases.host, self.texts.aliases.user, self.texts.aliases.addresses.one
        named, tag = partial(self.texts.text, sort=Sort.PLACE), partial(self.texts.text, sort=Sort.TAG)
        listed, members = self.texts.listed, self.texts.members
        return DeviceAnswers(
            list_members={named(name): listed(found) for name, found in answers.list_members.items()},
            partial_lists={named(name): (listed(found), n) for name, (found, n) in answers.partial_lists.items()},
            fqdns={host(name): tuple(map(permute, found)) for name, found in answers.fqdns.items()},
            group_addresses={named(name): members(found) for name, found in answers.group_addresses.items()},
            registered_tags={permute(n): frozenset(map(tag, tags)) for n, tags in answers.registered_tags.items()},
            registered_networks={
                network: frozenset(map(tag, tags))
                for text, tags in answers.registered_networks.items()
                for network in members((text,))
            },
            registered_complete=answers.registered_complete,
            user_groups={user(name): frozenset(map(user, users)) for name, users in answers.user_groups.items()},
            user_mappings=tuple(
                replace(self.rewrite(mapping), address=permute(mapping.address)) for mapping in answers.user_mappings
            ),
            tests=tuple(replace(self.rewrite(test), asked=self._asked(test.asked)) for test in answers.tests),
            running={base: tuple(map(self._compiled, rules)) for base, rules in answers.running.items()},
        )

    def rewrite_told(self, told: Told) -> Told:
        """The answers of one firewall."""
        sort = Sort.SERIAL if (told.firewall or "").isdecimal() else Sort.HOST
        firewall = None if told.firewall is None else self.texts.text(told.firewall, sort)
        vsys = None if told.vsys is None else self.texts.text(told.vsys, Sort.GROUP)
        return Told(self.rewrite_answers(told.answers), firewall, vsys)

    def _compiled(self, rule: RunningRule) -> RunningRule:
        """A rule of the data plane. What nobody has described is withheld, and leaves the rule open as before."""
        fields: dict[str, tuple[str, ...]] = {}
        for name, words in rule.fields.items():
            if name in _ADDRESS_FIELDS:
                negation = ("(negate)",) if "(negate)" in words else ()
                fields[name] = (*negation, *self.texts.members(tuple(word for word in words if word not in negation)))
            elif name in COMPILED_CELLS:
                fields[name] = tuple(map(self._cell, words))
            elif name in COMPILED_SORTS:
                fields[name] = tuple(self.texts.text(word, COMPILED_SORTS[name]) for word in words)
            elif set(words) - {"any", "none", "no"}:
                fields[_WITHHELD] = (_WITHHELD,)
        return RunningRule(self.texts.text(rule.name, Sort.RULE), rule.index, fields)

    def _cell(self, text: str) -> str:
        """Application, protocol and ports: `0:ssl/tcp/any/443`."""
        found = _CELL.fullmatch(text)
        return f"{found[1]}{self.texts.text(found[2], Sort.APPLICATION)}{found[3]}" if found else _WITHHELD

    def _asked(self, asked: Mapping[str, str]) -> dict[str, str]:
        """What a policy test was asked with; arguments that nobody knows are left out."""
        found = {name: self.texts.text(text, ASKED_SORTS[name]) for name, text in asked.items() if name in ASKED_SORTS}
        for name in ("source", "destination"):
            if name in asked:
                found[name] = self.texts.aliases.network(asked[name]) or ""
        return found
