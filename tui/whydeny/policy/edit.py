"""Change configurations by configuration-mode lines, as an administrator would type them on the firewall or on Panorama.

`set`, `delete`, `move` and `rename` of rules and objects, for a virtual system (`rulebase …`, `vsys NAME …`), a device group
(`device-group NAME pre-rulebase …`) or shared. What is given stays as it is; nothing but values in memory is changed.
"""

import re
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from difflib import get_close_matches

from whydeny.model.configuration import (
    Configuration,
    Place,
    Rulebase,
    RuleLists,
    Scope,
)
from whydeny.model.set_lines import join_words
from whydeny.policy.edit_levels import Level, Levels, RuleList
from whydeny.policy.edit_lines import Line, one_of, read_lines
from whydeny.policy.edit_objects import ObjectKind, edit_object, holds, lacks, take_kind
from whydeny.policy.edit_rules import (
    DEFAULT_RULES,
    LONGEST_NAME,
    NEEDED,
    NEEDED_OF_SECURITY,
    RULEBASES,
    all_fields,
    blank_default,
    blank_rule,
    edit_rule,
)
from whydeny.policy.wording import several

_DEFAULTS = "default-security-rules"
# What PAN-OS documents for names: up to 63 letters, digits, spaces, hyphens, underscores; periods are taken too.
_NAME = re.compile(r"\w[\w .-]*")
_PLACES = {"rulebase": Place.LOCAL, "pre-rulebase": Place.PRE, "post-rulebase": Place.POST}


@dataclass(frozen=True, slots=True)
class Edited:
    """The changed configurations, in the order given, and the lines as they are pasted: those that were asked for, and
    before a member that stands alone (`any`, `application-default`) gives way, the line that takes it off. `notes` say
    in sentences what of it may not be meant."""

    configurations: list[Configuration]
    lines: tuple[str, ...]
    notes: tuple[str, ...] = ()


def apply_lines(
    configurations: Sequence[Configuration],
    lines: Sequence[str],
    vsys: str = "vsys1",
    device_group: str | None = None,
) -> list[Configuration]:
    """The configurations as the lines leave them; see `edit`."""
    return edit(configurations, lines, vsys, device_group).configurations


def edit(
    configurations: Sequence[Configuration],
    lines: Sequence[str],
    vsys: str = "vsys1",
    device_group: str | None = None,
) -> Edited:
    """Apply lines to copies of configurations.

    A line that names no level is for `vsys`; `pre-rulebase …` and `post-rulebase …` alone are for `device_group`. A line
    about a device group changes Panorama's own configuration and the rules that a firewall shows as pushed by that
    group. `set` adds to lists and replaces everything else; a new rule goes to the bottom of its list. Raises `UsageError`
    for the first line that can't be used: its number, what was expected and what was found.
    """
    editor = _Editor([_copy(configuration) for configuration in configurations], vsys, device_group)
    for line in read_lines(lines):
        editor.apply(line)
    editor.finish()
    return Edited(editor.configurations, tuple(editor.lines), tuple(editor.notes()))


class _Editor:
    """Configurations under edit."""

    def __init__(self, configurations: list[Configuration], vsys: str, device_group: str | None) -> None:
        self.configurations = configurations
        self.lines: list[str] = []
        self._levels = Levels(configurations, vsys, device_group)
        self._absent: dict[tuple[int, Rulebase, str], set[str]] = {}
        self._made: list[tuple[Line, Scope, ObjectKind, str]] = []
        self._new: list[tuple[RuleList, Rulebase, str]] = []

    def apply(self, line: Line) -> None:
        """Apply one line."""
        level = self._levels.level(line)
        if line.peek() in _PLACES:
            before = self._rules(level, line)
        else:
            before = []
            self._object(level, line)
        line.finish()
        self.lines += [f"delete {join_words(words)}" for words in before]
        self.lines.append(line.text)

    def finish(self) -> None:
        """Raise `UsageError` for an object that was left without what it can't do without."""
        for line, scope, kind, name in self._made:
            if lacks(scope, kind, name):
                line.at = len(line.words)
                raise line.wrong(f"a value for {name}", "no line that gives it one")

    def notes(self) -> Iterator[str]:
        """What of new rules may not be meant: a name like another's, and criteria that no line gives."""
        for one, rulebase, name in self._new:
            absent = self._absent.get((id(one.lists), rulebase, name))
            if absent is None or one.find(rulebase, name) is None:
                continue  # it was deleted or renamed since
            others = [other for other in one.names(rulebase) if other != name]
            alike = get_close_matches(name.lower(), [other.lower() for other in others], 1, cutoff=0.75)
            if alike:
                there = next(other for other in others if other.lower() == alike[0])
                yield f"{name} is a new rule; the one that is there is called {there}"
            needed = NEEDED_OF_SECURITY if rulebase is Rulebase.SECURITY else NEEDED
            rule = blank_rule(name, rulebase, one.origin)
            assumed = [f"{word} {_words(getattr(rule, field))}" for field, word in needed.items() if field in absent]
            if assumed:
                yield (
                    f"the new rule {name} is replayed with {several(assumed, len(needed))}, which no line gives it: PAN-OS "
                    "may refuse to commit it so"
                )

    # --- objects

    def _object(self, level: Level | None, line: Line) -> None:
        scopes = self._levels.scopes(level, line)
        words = take_kind(line)
        if line.verb in ("move", "rename"):
            raise line.wrong(f"set or delete of an object ({line.verb} changes what no rule matches)", line.verb)
        name = line.peek() or ""
        targets = [scope for scope in scopes if holds(scope, words, name)] or scopes
        start = line.at
        for scope in targets:
            line.at = start
            made = edit_object(scope, words, line)
            line.finish()
            if made is not None:
                self._made.append((line, scope, *made))

    # --- rules

    def _rules(self, level: Level | None, line: Line) -> list[tuple[str, ...]]:
        """Apply a line about a rule; returns the lines to paste before it."""
        place = _PLACES[line.take("a rulebase")]
        lists = self._levels.lists(level, place, line)
        book = line.choice((*RULEBASES, _DEFAULTS), "a rulebase")
        line.choice(("rules",), "rules")
        if book == _DEFAULTS:
            return self._default(lists, place, line)
        rulebase = RULEBASES[book]
        name = line.value("the name of a rule")
        holding = [one for one in lists if one.find(rulebase, name) is not None]
        if not holding:
            if line.verb != "set":
                line.at -= 1
                raise line.wrong(f"a rule that is there ({_near(name, lists, rulebase)})")
            _check_name(name, line)
            for one in lists:
                self._make(one, rulebase, name)
            holding = lists
        before: list[tuple[str, ...]] = []
        start = line.at
        for one in holding:
            line.at = start
            before = self._change(one, rulebase, name, line) or before
            line.finish()
        return before

    def _make(self, one: RuleList, rulebase: Rulebase, name: str) -> None:
        rules = list(one.lists.rules.get(rulebase, ()))
        rules.insert(one.edge(rulebase, bottom=True), blank_rule(name, rulebase, one.origin))
        one.put(rulebase, rules)
        self._absent[id(one.lists), rulebase, name] = all_fields()
        self._new.append((one, rulebase, name))

    def _change(self, one: RuleList, rulebase: Rulebase, name: str, line: Line) -> list[tuple[str, ...]]:
        rules = list(one.lists.rules[rulebase])
        index = one.find(rulebase, name)
        assert index is not None
        if line.verb == "move":
            rule = rules.pop(index)
            one.put(rulebase, rules)
            rules.insert(self._goal(one, rulebase, name, line), rule)
        elif line.verb == "rename":
            line.choice(("to",), "to")
            new = line.value("the new name")
            if one.find(rulebase, new) is not None:
                line.at -= 1
                raise line.wrong("a name that no rule has yet")
            _check_name(new, line)
            rules[index] = replace(rules[index], name=new)
            self._absent[id(one.lists), rulebase, new] = self._absent.pop((id(one.lists), rulebase, name), set())
        elif line.verb == "delete" and not line.left:
            del rules[index]
            self._absent.pop((id(one.lists), rulebase, name), None)
        else:
            absent = self._absent.setdefault((id(one.lists), rulebase, name), set())
            rules[index], before = edit_rule(rules[index], line, absent, tuple(line.words[: line.at]))
            one.put(rulebase, rules)
            return before
        one.put(rulebase, rules)
        return []

    def _goal(self, one: RuleList, rulebase: Rulebase, name: str, line: Line) -> int:
        """Where a moved rule goes, in the list without it."""
        where = line.choice(("before", "after", "top", "bottom"), "where to")
        if where in ("top", "bottom"):
            return one.edge(rulebase, where == "bottom")
        other = line.value("the name of a rule")
        index = one.find(rulebase, other)
        if index is None:
            line.at -= 1
            what = "another rule" if other == name else "a rule of the same list"
            raise line.wrong(f"{what} ({_near(other, [one], rulebase)})")
        return index + (where == "after")

    def _default(self, lists: list[RuleList], place: Place, line: Line) -> list[tuple[str, ...]]:
        """Override a default rule, or take the override back. Panorama keeps them among the post-rules."""
        if place is Place.PRE:
            raise line.wrong("post-rulebase, where default rules stand", "pre-rulebase")
        name = line.choice(tuple(DEFAULT_RULES), "a default rule")
        if line.verb in ("move", "rename"):
            raise line.wrong("set or delete of a default rule", line.verb)
        start = line.at
        for one in lists:
            line.at = start
            there = one.lists.defaults.get(name)
            if line.verb == "delete":
                if there is None:
                    raise line.wrong("a default rule that is overridden", f"{name}, which is as it comes")
                if not line.left:
                    del one.lists.defaults[name]
                    continue
            rule = there or blank_default(name, one.origin)
            one.lists.defaults[name] = edit_rule(rule, line, set(), tuple(line.words[:start]))[0]
        return []


def _check_name(name: str, line: Line) -> None:
    """Raise `UsageError` for a name that PAN-OS gives no rule: the word that was taken last."""
    if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        line.at -= 1
        raise line.wrong(
            f"a name of at most {LONGEST_NAME} characters (letters, digits, spaces, hyphens, underscores, periods; double "
            "quotes around one with spaces)"
        )


def _words(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _near(name: str, lists: Sequence[RuleList], rulebase: Rulebase) -> str:
    """The rules that are there, those first whose name looks like the one that was asked for."""
    names = list(dict.fromkeys(rule for one in lists for rule in one.names(rulebase)))
    alike = [rule for rule in names if rule.lower() == name.lower() or name.lower() in rule.lower()]
    return one_of([*alike, *(rule for rule in names if rule not in alike)]) or "there is none"


def _copy(configuration: Configuration) -> Configuration:
    """A configuration whose rule lists and objects can be changed without the given one's changing."""
    return replace(
        configuration,
        shared=_copy_scope(configuration.shared),
        shared_pre=_copy_lists(configuration.shared_pre),
        shared_post=_copy_lists(configuration.shared_post),
        vsys={
            name: replace(
                system,
                scope=_copy_scope(system.scope),
                local=_copy_lists(system.local),
                pushed_pre=_copy_lists(system.pushed_pre),
                pushed_post=_copy_lists(system.pushed_post),
                pushed=_copy_scope(system.pushed),
            )
            for name, system in configuration.vsys.items()
        },
        device_groups={
            name: replace(
                group, scope=_copy_scope(group.scope), pre=_copy_lists(group.pre), post=_copy_lists(group.post)
            )
            for name, group in configuration.device_groups.items()
        },
    )


def _copy_lists(lists: RuleLists) -> RuleLists:
    return RuleLists(dict(lists.rules), dict(lists.defaults))


def _copy_scope(scope: Scope) -> Scope:
    copied = copy(scope)
    for name in Scope.__dataclass_fields__:
        value = getattr(copied, name)
        if isinstance(value, dict):
            setattr(copied, name, dict(value))
    return copied
