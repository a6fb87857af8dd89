"""Read what a firewall answered about its run-time state, as XML or as a terminal shows it.

Each answer turns an unknown into knowledge. Anything that no reader knows is no answer: never an empty one.
"""

from collections.abc import Mapping
from typing import TypeVar

from whydeny.model.answers import DeviceAnswers, Told, joined_pages
from whydeny.sources.exports.member_lists import (
    read_dynamic_groups,
    read_dynamic_groups_text,
    read_external_lists,
    read_external_lists_text,
    read_fqdn_text,
    read_list,
    read_registered,
    read_registered_text,
    wrong_lines,
)
from whydeny.sources.exports.pages import goes_on
from whydeny.sources.exports.running_policy import (
    join_rules,
    read_policy_elements,
    read_policy_text,
    split_transcript,
)
from whydeny.sources.exports.user_answers import read_group_text, read_mappings, read_mappings_text
from whydeny.sources.exports.xml_tools import parse_xml

__all__ = ["goes_on", "merge_answers", "read_answers", "read_list", "read_parts", "wrong_lines"]

LARGEST_TEXT = 64 * 1024 * 1024
_K = TypeVar("_K")
_V = TypeVar("_V")


def read_answers(data: bytes, name: str, file: int, vsys: str | None = None) -> DeviceAnswers | None:
    """The answers in a file; `name` is what the user calls it, `file` its index among the sources.

    With `vsys`, those that say they are of another virtual system are left out. None for anything that is not such an
    answer, an error answer included. Raises `InputError` for XML that is not well-formed.
    """
    found: DeviceAnswers | None = None
    for part in read_parts(data, name, file):
        if vsys is None or part.vsys in (None, vsys):
            found = part.answers if found is None else merge_answers(found, part.answers)
    return found


def read_parts(data: bytes, name: str, file: int) -> list[Told]:
    """The answers in a file one by one, each with the virtual system that it names; see `read_answers`."""
    stripped = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if stripped[:1] == b"<" and not stripped[1:2].isdigit():  # `<14>` starts a syslog line
        return _read_xml(stripped, name, file)
    if len(stripped) > LARGEST_TEXT:
        return []
    return _read_text(stripped.decode("utf-8", "replace"), name, file)


def _read_xml(data: bytes, name: str, file: int) -> list[Told]:
    root = parse_xml(data, name)
    if root.tag == "response" and root.get("status") == "error":
        return []
    result = root if root.tag == "result" else root.find("result")
    if root.tag not in ("response", "result") or result is None:
        return []
    found = [
        *read_external_lists(result),
        *read_dynamic_groups(result),
        *_alone(read_registered(result)),
        *_alone(read_mappings(result)),
        *read_policy_elements(result, name, file),
    ]
    return found + _read_text(result.text or "", name, file)  # many commands answer in text only


def _read_text(text: str, name: str, file: int) -> list[Told]:
    return [
        told
        for command, part in split_transcript(text)
        if "|" not in command  # only the lines that a filter let through
        for told in (
            *read_policy_text(part, command, name, file),
            *read_external_lists_text(part, command),
            *read_fqdn_text(part),
            *read_dynamic_groups_text(part),
            *_alone(read_registered_text(part, command)),
            *_alone(read_mappings_text(part)),
            *_alone(read_group_text(part, command or name)),
        )
    ]


def _alone(answers: DeviceAnswers | None) -> list[Told]:
    """Answers that don't say of which virtual system they are."""
    return [] if answers is None else [Told(answers)]


def merge_answers(a: DeviceAnswers, b: DeviceAnswers) -> DeviceAnswers:
    """Both answers together; where they speak of the same thing, `b` is the later one and wins.

    Pages of one external list add up, and become the list's members once nothing is missing.
    """
    mappings = {(m.address, m.vsys): m for m in (*a.user_mappings, *b.user_mappings)}
    found = DeviceAnswers(
        list_members=_joined(a.list_members, b.list_members),
        fqdns=_joined(a.fqdns, b.fqdns),
        group_addresses=_joined(a.group_addresses, b.group_addresses),
        registered_tags=_added(a.registered_tags, b.registered_tags),
        registered_networks=_added(a.registered_networks, b.registered_networks),
        registered_complete=a.registered_complete or b.registered_complete,
        user_groups=_joined(a.user_groups, b.user_groups),
        user_mappings=tuple(mappings.values()),
        tests=a.tests + b.tests,
        running={r: join_rules(a.running.get(r, ()), b.running.get(r, ())) for r in {**a.running, **b.running}},
    )
    for name in {**a.partial_lists, **b.partial_lists}:
        if name in found.list_members:
            continue
        held, total = joined_pages([pages[name] for pages in (a.partial_lists, b.partial_lists) if name in pages])
        if total == len(held):
            found.list_members[name] = held
        else:
            found.partial_lists[name] = (held, total)
    return found


def _joined(a: Mapping[_K, _V], b: Mapping[_K, _V]) -> dict[_K, _V]:
    return {**a, **b}


def _added(a: Mapping[_K, frozenset[str]], b: Mapping[_K, frozenset[str]]) -> dict[_K, frozenset[str]]:
    return {key: a.get(key, frozenset()) | b.get(key, frozenset()) for key in (*a, *b)}
