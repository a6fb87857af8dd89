"""Read compiled rules: `show running …-policy`, `…-policy-addresses` and `test …-policy-match` answers.

All of them come as brace text or as elements. Shapes as published for PAN-OS 7 to 11: a name may carry
`; index: N` and, on a firewall with virtual systems, a prefix such as `vsys1+`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from xml.etree.ElementTree import Element

from whydeny.model.answers import (
    DESTINATION_ADDRESSES,
    SOURCE_ADDRESSES,
    DeviceAnswers,
    PolicyTest,
    RunningRule,
    Told,
)
from whydeny.model.configuration import Rulebase
from whydeny.model.safe import safe_text
from whydeny.sources.exports.xml_tools import members, text_of

_VSYS = re.compile(r"^(vsys\d+)\+")
_TOKEN = re.compile(r'"([^"]*)"|([^\s\[\];]+)')
_COMMAND = re.compile(r"^\S*[>#][ \t]*((?:show|test|request)[ \t].*)$", re.MULTILINE)
_NOTHING = ("No rule matched", "no rule matched", "No matching rule")
_SHORT = 2000  # characters
# Elements that a rule has in a compiled policy and not in a configuration.
_COMPILED = {"index", "terminal", "application_service", "source-region", "destination-region"}
_MISSPELT = {"destinataion-device": "destination-device", "application_service": "application/service"}
_DEFAULTS = {"intrazone-default", "interzone-default"}
_ACTIONS = {
    "decrypt": Rulebase.DECRYPTION,
    "no-decrypt": Rulebase.DECRYPTION,
    "decrypt-and-forward": Rulebase.DECRYPTION,
    "web-form": Rulebase.AUTHENTICATION,
    "browser-challenge": Rulebase.AUTHENTICATION,
    "captive-portal": Rulebase.AUTHENTICATION,
    "ntlm-auth": Rulebase.AUTHENTICATION,
    "no-captive-portal": Rulebase.AUTHENTICATION,
}
_WORDS = (
    ("application-override", Rulebase.OVERRIDE),
    ("decrypt", Rulebase.DECRYPTION),
    ("ssl-policy", Rulebase.DECRYPTION),
    ("authentication", Rulebase.AUTHENTICATION),
    ("captive", Rulebase.AUTHENTICATION),
    ("cp-policy", Rulebase.AUTHENTICATION),
    ("security-policy", Rulebase.SECURITY),
)
# Fields of other policies that are shown in the same form: NAT, policy-based forwarding, QoS.
_FOREIGN_POLICY = re.compile(r"(?<![a-z])(?:nat|pbf|qos|dos|tunnel-inspect|network-packet-broker|sdwan)(?![a-z])")
_FOREIGN = ("translate-to", "nat-type", "forwarding", "symmetric-return", "class", "nexthop")


def split_transcript(text: str) -> list[tuple[str, str]]:
    """Each command that a transcript of a terminal shows after its prompt, with what was answered.

    Text without a prompt is one answer to a command that is not known.
    """
    prompts = list(_COMMAND.finditer(text))
    if not prompts:
        return [("", text)]
    ends = [prompt.start() for prompt in prompts[1:]] + [len(text)]
    return [(" ".join(prompt[1].split()), text[prompt.end() : end]) for prompt, end in zip(prompts, ends, strict=True)]


def read_policy_text(text: str, command: str, name: str, file: int) -> list[Told]:
    """Rules as brace text, or the sentence that no rule matched; nothing for any other text."""
    if "{" in text:
        return _answer(read_blocks(text), command, name, file)
    return _no_match(text, command, name, file)


def read_policy_elements(result: Element, name: str, file: int) -> list[Told]:
    """Rules as elements below `<result>`: entries with fields, entries or members that hold a name or brace text."""
    rules = result.find("rules")
    blocks: list[RunningRule] = []
    for entry in result if rules is None else rules:
        inner = read_blocks(entry.text or "")
        title = entry.get("name") or text_of(entry)
        if inner:
            blocks += inner
        elif len(entry):
            if {child.tag for child in entry} & _COMPILED and title:
                blocks.append(_rule_of_entry(entry))
        elif title and entry.tag in ("entry", "member") and (rules is not None or "; index:" in title):
            blocks.append(_rule(title, {}))
    if blocks:
        return _answer(blocks, "", name, file)
    if rules is None or len(rules) or result.get("total-count") is not None:
        return []
    rulebase = _word_in(name.lower()) or Rulebase.SECURITY
    return [Told(DeviceAnswers(tests=(PolicyTest(rulebase, (), file),)))]


def read_blocks(text: str) -> list[RunningRule]:
    """The rules of brace text; none where braces nest, as in a configuration that is no compiled policy."""
    blocks: list[RunningRule] = []
    title: str | None = None
    fields: dict[str, tuple[str, ...]] = {}
    waiting: list[str] = []  # a list that runs over several lines
    for line in text.splitlines():
        line = line.strip()
        if waiting:
            waiting.append(line)
            if "]" not in line:
                continue
            line, waiting = " ".join(waiting), []
        if line.endswith("{"):
            if title is not None:
                return []
            title, fields = line[:-1].strip().strip('"'), {}
        elif title is None:
            continue
        elif line == "}":
            blocks.append(_rule(title, fields))
            title = None
        elif "[" in line and "]" not in line:
            waiting = [line]
        else:
            _add_field(fields, line)
    return blocks


def _add_field(fields: dict[str, tuple[str, ...]], line: str) -> None:
    key, _, rest = line.partition(" ")
    key = key.rstrip(":;")
    if key:
        values = tuple(safe_text(quoted or bare) for quoted, bare in _TOKEN.findall(rest))
        fields[_MISSPELT.get(key, safe_text(key, 100))] = values


def _rule(title: str, fields: Mapping[str, tuple[str, ...]]) -> RunningRule:
    name, mark, index = title.strip().rpartition("; index:")
    if not mark or not index.strip().isdecimal():
        name, index = title.strip(), ""
    vsys = _VSYS.match(name)
    if vsys:
        name, fields = name[vsys.end() :], {**fields, "vsys": (vsys[1],)}
    return RunningRule(safe_text(name), int(index) if index else None, fields)


def _rule_of_entry(entry: Element) -> RunningRule:
    fields = {_MISSPELT.get(child.tag, child.tag): members(child) for child in entry if child.tag != "index"}
    rule = _rule(entry.get("name", ""), fields)
    index = text_of(entry.find("index"))
    return replace(rule, index=int(index)) if index.isdecimal() else rule


def _answer(rules: Sequence[RunningRule], command: str, name: str, file: int) -> list[Told]:
    """Rules as the answer to what was asked, each with its virtual system where the names say that."""
    if not rules or _is_foreign(command):
        return []
    if not command and any(key.startswith(_FOREIGN) for rule in rules for key in rule.fields):
        return []
    if (
        (not command or "addresses" in command)
        and any("source" in rule.fields for rule in rules)
        and all(not rule.fields.keys() & {"from", "action", "application/service"} for rule in rules)
    ):
        return _running(Rulebase.SECURITY, [_as_addresses(rule) for rule in rules])
    with_fields = any(rule.fields for rule in rules)
    if not command and with_fields and not any("action" in rule.fields for rule in rules):
        return []
    rulebase = _rulebase_of(rules, command, name)
    if _is_running(rules, command, name.lower(), rulebase):
        return _running(rulebase, rules)
    actions = tuple((rule.fields.get("action") or ("",))[0] for rule in rules)
    actions = actions if any(actions) else ()
    test = PolicyTest(rulebase, tuple(r.name for r in rules), file, actions, _asked(command))
    return [Told(DeviceAnswers(tests=(test,)), vsys=_vsys_of(rules[0]))]


def _running(rulebase: Rulebase, rules: Iterable[RunningRule]) -> list[Told]:
    by_vsys: dict[str | None, list[RunningRule]] = {}
    for rule in rules:
        by_vsys.setdefault(_vsys_of(rule), []).append(rule)
    return [Told(DeviceAnswers(running={rulebase: tuple(own)}), vsys=vsys) for vsys, own in by_vsys.items()]


def _vsys_of(rule: RunningRule) -> str | None:
    return next(iter(rule.fields.get("vsys", ())), None)


def _as_addresses(rule: RunningRule) -> RunningRule:
    """A rule of `security-policy-addresses`, under field names that keep it apart from the rule as written."""
    renamed = {"source": SOURCE_ADDRESSES, "destination": DESTINATION_ADDRESSES}
    return RunningRule(rule.name, rule.index, {renamed.get(key, key): values for key, values in rule.fields.items()})


def _rulebase_of(rules: Iterable[RunningRule], command: str, name: str) -> Rulebase:
    found = _word_in(command)
    if found is not None:
        return found
    for rule in rules:
        for action in rule.fields.get("action", ()):
            if action.lower() in _ACTIONS:
                return _ACTIONS[action.lower()]
    return _word_in(name.lower()) or Rulebase.SECURITY


def _is_foreign(asked: str) -> bool:
    """Whether a policy was asked for that is none of the rulebases here: by the command, or a file's name."""
    return _FOREIGN_POLICY.search(asked.lower()) is not None and _word_in(asked.lower()) is None


def _word_in(text: str) -> Rulebase | None:
    return next((rulebase for word, rulebase in _WORDS if word in text), None)


def _is_running(rules: Sequence[RunningRule], command: str, name: str, rulebase: Rulebase) -> bool:
    """Whether this is the whole compiled policy rather than the rules that one flow matches.

    A flow is inside a zone or between zones, so a test never answers with both default rules.
    """
    if command:
        return "running" in command
    if {rule.name for rule in rules} >= _DEFAULTS:
        return True
    if "running" in name:
        return True
    if rulebase is Rulebase.SECURITY or "test" in name or "match" in name:
        return False
    indexes = [rule.index for rule in rules]
    return len(rules) > 1 and all(i is None or i - n in (0, 1) for n, i in enumerate(indexes))


def _no_match(text: str, command: str, name: str, file: int) -> list[Told]:
    if len(text) > _SHORT or not any(sentence in text for sentence in _NOTHING) or _is_foreign(command or name):
        return []
    rulebase = _word_in(command) or _word_in(name.lower()) or Rulebase.SECURITY
    return [Told(DeviceAnswers(tests=(PolicyTest(rulebase, (), file, (), _asked(command)),)))]


def _asked(command: str) -> dict[str, str]:
    """The flow that a `test …-policy-match` command was asked with, by its own argument names."""
    words = [quoted or bare for quoted, bare in _TOKEN.findall(command)]
    if words[:1] != ["test"]:
        return {}
    return {safe_text(key, 100): safe_text(value) for key, value in zip(words[2::2], words[3::2], strict=False)}


def join_rules(one: tuple[RunningRule, ...], other: tuple[RunningRule, ...]) -> tuple[RunningRule, ...]:
    """Two answers about one rulebase: a rule in both gets the fields of both."""
    found = {rule.key: rule for rule in one}
    for rule in other:
        known = found.get(rule.key)
        fields = rule.fields if known is None else {**known.fields, **rule.fields}
        index = rule.index if known is None or known.index is None else known.index
        found[rule.key] = RunningRule(rule.name, index, fields)
    return tuple(found.values())
