"""Wildcard masks that overlap: PAN-OS looks at the longest prefix alone, unless it is told to go from the top down."""

from typing import Any

import pytest

from test_policy_bulk import table
from whydeny.model.addresses import parse_address
from whydeny.model.answers import DeviceAnswers
from whydeny.model.applications import ApplicationTable
from whydeny.model.configuration import Address, AddressGroup, Origin, Place, Policy, Rule, Rulebase, Scope
from whydeny.model.tables import SessionTable
from whydeny.policy.assemble import DEFAULTS, assemble
from whydeny.policy.bulk import match_all
from whydeny.policy.differences import compare
from whydeny.policy.edit import apply_lines
from whydeny.policy.engine import Engine
from whydeny.policy.flows import flow_of
from whydeny.policy.wildcards import prefix_network, read_wildcard, wildcard_text
from whydeny.sources.exports.set_format import read_set_format

# The masks of the published example: prefixes of 9, 9 and 12 bits.
MASKS = {
    "w-a": "10.128.0.1/0.127.0.0",
    "w-b": "10.128.0.1/0.127.255.0",
    "w-c": "10.128.0.1/0.15.255.0",
    "w-odd": "10.128.0.2/0.15.255.0",
}
SCOPE = Scope(
    "vsys1",
    addresses={name: Address(name, "ip-wildcard", mask) for name, mask in MASKS.items()},
    address_groups={"g-a": AddressGroup("g-a", ("w-a", "192.0.2.7"))},
)
A = {"name": "a", "sources": ("w-a",), "services": ("any",)}
B = {"name": "b", "sources": ("w-b",), "services": ("any",)}
C = {"name": "c", "sources": ("w-c",), "services": ("any",)}


def session_of(source: str) -> SessionTable:
    """A table of one session."""
    row = {"source": source, "destination": "203.0.113.9", "from_zone": "trust", "to_zone": "untrust", "protocol": 6}
    return SessionTable(table([row | {"destination_port": 443}]))


def engine_of(*rules: dict[str, Any], top_down: bool = False) -> Engine:
    made = [
        Rule(fields["name"], fields.get("rulebase", Rulebase.SECURITY), at, Origin(Place.LOCAL),
             **{name: value for name, value in fields.items() if name not in ("name", "rulebase")})
        for at, fields in enumerate(rules, 1)
    ]  # fmt: skip
    by_rulebase = {
        base: tuple(rule for rule in made if rule.rulebase is base) for base in (Rulebase.SECURITY, Rulebase.DECRYPTION)
    }
    by_rulebase[Rulebase.SECURITY] += DEFAULTS
    policy = Policy("vsys1", "001", None, by_rulebase, (SCOPE,), wildcard_top_down=top_down)
    return Engine(policy, ApplicationTable(), DeviceAnswers(), None)


@pytest.mark.parametrize(
    ("rules", "source", "wanted", "possible"),
    [
        pytest.param((A, B, C), "10.128.0.1", "c", [], id="the longest prefix, though two rules stand above it"),
        pytest.param((A, B, C), "10.143.0.1", "c", [], id="the end of the longest prefix"),
        pytest.param((A, B, C), "10.144.0.1", "a", [], id="past the longest prefix, the first of equal ones"),
        pytest.param((A, B, C), "10.255.7.1", "b", [], id="equal prefixes, the one that fits"),
        pytest.param((C, A), "10.128.0.1", "c", [], id="the longest prefix first"),
        pytest.param((A, C | {"from_zones": ("dmz",)}), "10.128.0.1", "interzone-default", [],
                     id="no other rule is looked at where the longest one asks for more"),
        pytest.param((A, C | {"disabled": True}), "10.128.0.1", "a", [], id="a disabled rule overrules nothing"),
        pytest.param((A, {"name": "d", "destinations": ("w-c",), "services": ("any",)}), "10.128.0.1", "a", [],
                     id="a mask on the other side overrules nothing"),
        pytest.param((A, {"name": "odd", "sources": ("w-odd",)}), "10.128.0.1", "interzone-default", ["a"],
                     id="a longer prefix around the address that doesn't fit it itself"),
        pytest.param(({"name": "g", "sources": ("g-a",), "services": ("any",)}, C), "192.0.2.7", "g", [],
                     id="another member of the same group"),
        pytest.param(({"name": "g", "sources": ("g-a",), "services": ("any",)}, C), "10.128.0.1", "c", [],
                     id="a mask in a group"),
        pytest.param(({"name": "not", "sources": ("w-a",), "negate_source": True, "services": ("any",)}, C), "10.128.0.1",
                     "not", [], id="a negated list of a mask that isn't looked at"),
        pytest.param(({"name": "net", "sources": ("10.128.0.0/16",), "services": ("any",)}, C), "10.128.0.1", "net", [],
                     id="a network is no mask"),
    ],
)  # fmt: skip
def test_the_longest_prefix_is_looked_at_alone(rules, source, wanted, possible):
    engine = engine_of(*rules)
    sessions = session_of(source)
    look = engine.look_up(Rulebase.SECURITY, flow_of(sessions.session(0)))
    assert look.rule is not None
    assert (look.rule.name, [rule.name for rule in look.possible]) == (wanted, possible)
    bulk = match_all(engine, sessions.frame, (Rulebase.SECURITY,))
    found = [rule.name for rule in engine.policy.rules[Rulebase.SECURITY]]
    assert (found[bulk[0, 0]], [found[at] for at in (bulk[0, 2],) if at >= 0]) == (wanted, possible)


def test_top_down_match_mode_takes_the_first_rule():
    engine = engine_of(A, B, C, top_down=True)
    look = engine.look_up(Rulebase.SECURITY, flow_of(session_of("10.128.0.1").session(0)))
    assert look.rule is not None
    assert look.rule.name == "a"


def test_other_rulebases_go_from_the_top_down():
    decrypt = {"rulebase": Rulebase.DECRYPTION, "action": "decrypt"}
    engine = engine_of(A | decrypt, C | decrypt)
    look = engine.look_up(Rulebase.DECRYPTION, flow_of(session_of("10.128.0.1").session(0)))
    assert look.rule is not None
    assert look.rule.name == "a"


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (C, "10.128.0.1 fits w-a (10.128.0.1/0.127.0.0), but of wildcard masks that overlap PAN-OS looks at the longest "
            "prefix alone, here 10.128.0.1/0.15.255.0, unless Wildcard Top Down Match Mode is on"),
        ({"name": "odd", "sources": ("w-odd",)},
         "whether 10.128.0.1 is in w-a can't be told: the inputs lack which of several wildcard masks that overlap the "
         "firewall goes by (test security-policy-match)"),
    ],
    ids=["overruled", "not to be told"],
)  # fmt: skip
def test_a_mask_that_is_not_looked_at_says_why(other, said):
    engine = engine_of(A, other)
    rule = engine.policy.rules[Rulebase.SECURITY][0]
    trace = engine.explain_rule(rule, flow_of(session_of("10.128.0.1").session(0)))
    assert [one.detail for one in trace.criteria if one.field == "source"] == [said]


def test_a_mask_more_is_a_change_of_every_rule_with_one():
    lines = [f'set address {name} ip-wildcard "{mask}"' for name, mask in MASKS.items()]
    lines += ["set rulebase security rules a source w-a", "set rulebase security rules plain source 192.0.2.1",
              "set rulebase security rules off source w-odd disabled yes", "set address-group g static w-b",
              "set rulebase security rules g source g"]  # fmt: skip
    before = read_set_format("\n".join(lines), "fw.txt", 0)
    after = apply_lines([before], ("set rulebase security rules c source w-c",))
    changes = compare(assemble([before]), assemble(after))[Rulebase.SECURITY].changes
    assert sorted((change.how, change.rule.name) for change in changes) == [
        ("added", "c"),
        ("objects", "a"),
        ("objects", "g"),
        ("objects", "off"),
    ]
    nothing = compare(
        assemble([before]), assemble(apply_lines([before], ("set rulebase security rules plain action deny",)))
    )
    assert [change.rule.name for change in nothing[Rulebase.SECURITY].changes] == ["plain"]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("10.128.0.1/0.15.255.0", "10.128.0.0", "10.143.255.255"),
        ("10.1.2.3/0.0.0.0", "10.1.2.3", "10.1.2.3"),
        ("10.1.2.3/255.255.255.255", "0.0.0.0", "255.255.255.255"),
    ],
)
def test_the_prefix_of_a_mask_is_what_leads_up_to_its_first_ignored_bit(text, first, last):
    wildcard = read_wildcard(text)
    assert wildcard is not None
    assert prefix_network(wildcard) == (parse_address(first), parse_address(last))


def test_a_mask_is_written_without_its_ignored_bits():
    wildcard = read_wildcard("10.132.9.77/0.0.2.255")
    assert wildcard is not None
    assert wildcard_text(wildcard) == "10.132.9.0/0.0.2.255"
