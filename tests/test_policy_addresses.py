"""Source and destination: objects, groups, regions, lists, tags, wildcards, negation, and what can't be known."""

import pytest

from whydeny.model.addresses import parse_address
from whydeny.model.answers import DeviceAnswers
from whydeny.model.configuration import Address, AddressGroup, ExternalList, Region, Scope
from whydeny.model.truth import Truth
from whydeny.policy.address_book import AddressBook
from whydeny.policy.addresses import AddressField
from whydeny.policy.countries import country_of
from whydeny.policy.names import DEEPEST, Names
from whydeny.policy.subject import endpoint
from whydeny.policy.tags import holds, read_expression
from whydeny.policy.wildcards import read_wildcard

YES, NO, OPEN = Truth.MATCH, Truth.NO_MATCH, Truth.UNKNOWN


def number(text: str) -> int:
    found = parse_address(text)
    assert found is not None
    return found


def chain(length: int) -> dict[str, AddressGroup]:
    """Groups that hold one another, the last one an address."""
    groups = {f"deep-{at}": AddressGroup(f"deep-{at}", (f"deep-{at + 1}",)) for at in range(length)}
    return groups | {f"deep-{length}": AddressGroup(f"deep-{length}", ("h-dns",))}


SHARED = Scope(
    "shared",
    addresses={
        "h-dns": Address("h-dns", "ip-netmask", "192.0.2.99"),
        "h-monitor": Address("h-monitor", "ip-netmask", "10.1.0.20/32"),
    },
    address_groups={"g-far": AddressGroup("g-far", ("h-dns",))},
)
LOCAL = Scope(
    "vsys1",
    addresses={
        "h-dns": Address("h-dns", "ip-netmask", "10.1.0.10/32", ("dns", "prod")),
        "n-clients": Address("n-clients", "ip-netmask", "10.1.20.7/24"),
        "r-print": Address("r-print", "ip-range", "10.1.30.10-10.1.30.20"),
        "n-six": Address("n-six", "ip-netmask", "2001:db8:1::/48", ("prod",)),
        "w-desks": Address("w-desks", "ip-wildcard", "10.20.0.5/0.0.255.0"),
        "f-portal": Address("f-portal", "fqdn", "portal.example.net"),
        "f-asked": Address("f-asked", "fqdn", "Asked.example.net"),
        "10.9.9.9": Address("10.9.9.9", "ip-netmask", "10.1.0.1"),
        "broken": Address("broken", "ip-netmask", "$address"),
        "DE": Address("DE", "ip-netmask", "10.1.0.44"),
        "R-HQ": Address("R-HQ", "ip-netmask", "10.1.0.44"),
    },
    address_groups={
        "g-dns": AddressGroup("g-dns", ("h-dns", "h-monitor"), tags=("grouped",)),
        "g-outer": AddressGroup("g-outer", ("n-clients", "g-dns")),
        "g-loop": AddressGroup("g-loop", ("r-print", "g-loop2")),
        "g-loop2": AddressGroup("g-loop2", ("g-loop", "h-dns")),
        "g-empty": AddressGroup("g-empty"),
        "IT": AddressGroup("IT", ("g-dns", "IT")),
        "IS": AddressGroup("IS", ("IN",)),
        "IN": AddressGroup("IN", ("IS", "h-dns")),
        "g-it": AddressGroup("g-it", ("IT",)),
        "g-mixed": AddressGroup("g-mixed", ("h-dns", "f-portal")),
        "g-lost": AddressGroup("g-lost", ("h-dns", "gone")),
        "d-prod": AddressGroup("d-prod", filter="'prod' and 'dns'"),
        "d-grouped": AddressGroup("d-grouped", filter="grouped"),
        "d-bad": AddressGroup("d-bad", filter="'prod' and ("),
        "d-listed": AddressGroup("d-listed", filter="whatever"),
        **chain(DEEPEST + 3),
    },
    regions={
        "R-HQ": Region("R-HQ", ("198.51.100.0/24", "203.0.113.1-203.0.113.9")),
        "FR": Region("FR", ("10.7.0.0/16",)),
    },
    external_lists={
        "e-partners": ExternalList("e-partners", "ip"),
        "e-asked": ExternalList("e-asked", "ip"),
        "e-less": ExternalList("e-less", "ip", "", ("203.0.113.8/30",)),
        "e-some": ExternalList("e-some", "ip", "", ("203.0.113.8",)),
    },
)
ANSWERS = DeviceAnswers(
    partial_lists={"e-some": (("203.0.113.8/31",), 3)},
    list_members={
        "e-less": ("203.0.113.0/28",),
        "e-asked": ("203.0.113.64/26", "2001:db8:9::1", "# comment"),
        "h-by-hand": ("192.0.2.7",),
    },
    fqdns={"asked.example.net": (number("203.0.113.7"),)},
    group_addresses={"d-listed": ("10.4.4.4", "10.4.5.0/24")},
)


def compiled(*members: str, negate: bool = False, answers: DeviceAnswers = ANSWERS) -> AddressField:
    return AddressBook(Names((LOCAL, SHARED)), answers).field(members, negate)


@pytest.mark.parametrize(
    ("members", "address", "wanted"),
    [
        pytest.param(("any",), "10.1.0.1", YES, id="any takes IPv4"),
        pytest.param(("any",), "2001:db8::1", YES, id="any takes IPv6"),
        pytest.param((), "10.1.0.1", YES, id="no members are any"),
        pytest.param(("10.1.20.0/24",), "10.1.20.255", YES, id="a literal network, last address"),
        pytest.param(("10.1.20.0/24",), "10.1.21.0", NO, id="a literal network, one past it"),
        pytest.param(("10.1.20.0-10.1.20.9",), "10.1.20.9", YES, id="a literal range"),
        pytest.param(("10.1.20.5",), "10.1.20.5", YES, id="a literal address"),
        pytest.param(("2001:db8::/32",), "2001:db8:ffff::1", YES, id="a literal IPv6 network"),
        pytest.param(("n-clients",), "10.1.20.200", YES, id="host bits in a netmask are ignored"),
        pytest.param(("r-print",), "10.1.30.20", YES, id="the end of a range is in it"),
        pytest.param(("r-print",), "10.1.30.21", NO, id="past the end of a range"),
        pytest.param(("0.0.0.0/0",), "203.0.113.9", YES, id="0.0.0.0/0 takes every IPv4 address"),
        pytest.param(("0.0.0.0/0",), "2001:db8::1", NO, id="0.0.0.0/0 takes no IPv6 address"),
        pytest.param(("::/0",), "2001:db8::1", YES, id="::/0 takes IPv6"),
        pytest.param(("h-dns",), "192.0.2.99", NO, id="the local object hides the shared one"),
        pytest.param(("h-monitor",), "10.1.0.20", YES, id="a shared object"),
        pytest.param(("g-far",), "10.1.0.10", YES, id="a shared group's members resolve from the local scope"),
        pytest.param(("10.9.9.9",), "10.1.0.1", YES, id="an object beats the literal it looks like"),
        pytest.param(("10.9.9.9",), "10.9.9.9", NO, id="the literal behind an object is not meant"),
        pytest.param(("g-outer",), "10.1.0.20", YES, id="nested groups"),
        pytest.param(("g-loop",), "10.1.0.10", YES, id="groups that hold each other"),
        pytest.param(("g-loop",), "10.1.0.11", NO, id="groups that hold each other, a miss"),
        pytest.param(("g-empty",), "10.1.0.10", NO, id="an empty group"),
        pytest.param(("deep-0",), "10.9.0.1", OPEN, id="groups nested deeper than is followed"),
        pytest.param(("w-desks",), "10.20.77.5", YES, id="a wildcard ignores the bits of its mask"),
        pytest.param(("w-desks",), "10.20.77.6", NO, id="a wildcard looks at the other bits"),
        pytest.param(("w-desks",), "2001:db8::1405", NO, id="a wildcard takes no IPv6 address"),
        pytest.param(("f-portal",), "203.0.113.9", OPEN, id="a host name nobody resolved"),
        pytest.param(("f-asked",), "203.0.113.7", YES, id="a resolved host name, compared without case"),
        pytest.param(("f-asked",), "203.0.113.8", NO, id="a resolved host name, another address"),
        pytest.param(("g-mixed",), "10.1.0.10", YES, id="a certain member decides in spite of an open one"),
        pytest.param(("g-mixed",), "10.1.0.11", OPEN, id="an open member leaves a group open"),
        pytest.param(("g-lost",), "10.1.0.11", OPEN, id="a name without an object is open, never a miss"),
        pytest.param(("broken",), "10.1.0.11", OPEN, id="an object whose value can't be read"),
        pytest.param(("e-partners",), "203.0.113.70", OPEN, id="an external list nobody fetched"),
        pytest.param(("e-asked",), "203.0.113.70", YES, id="an external list with its members"),
        pytest.param(("e-asked",), "203.0.113.1", NO, id="an external list with its members, a miss"),
        pytest.param(("panw-highrisk-ip-list",), "203.0.113.1", OPEN, id="a predefined list"),
        pytest.param(("h-by-hand",), "192.0.2.7", YES, id="a name that only a list by hand explains"),
        pytest.param(("R-HQ",), "203.0.113.9", YES, id="a made region"),
        pytest.param(("R-HQ",), "10.1.0.44", NO, id="a region beats an address of its name"),
        pytest.param(("d-prod",), "10.1.0.10", YES, id="a dynamic group's static member"),
        pytest.param(("d-prod",), "2001:db8:1::1", OPEN, id="one tag of two: may still be registered"),
        pytest.param(("d-grouped",), "10.1.0.20", YES, id="a tagged group counts"),
        pytest.param(("d-bad",), "10.1.0.10", OPEN, id="a tag expression that can't be read"),
        pytest.param(("d-listed",), "10.4.5.9", YES, id="a dynamic group with its members"),
        pytest.param(("d-listed",), "10.4.6.1", NO, id="a dynamic group with its members, a miss"),
        pytest.param(("US",), "203.0.113.200", OPEN, id="a country, address of an unknown one"),
        pytest.param(("US",), "10.1.0.1", NO, id="a country holds no private address"),
        pytest.param(("FR",), "10.7.1.1", YES, id="a made region extends a predefined one"),
        pytest.param(("FR",), "203.0.113.200", OPEN, id="a made region keeps the country too"),
        pytest.param(("e-less",), "203.0.113.7", YES, id="a list with exceptions"),
        pytest.param(("e-less",), "203.0.113.8", NO, id="an exception of a list"),
        pytest.param(("e-some",), "203.0.113.9", YES, id="the pages of a list that are there"),
        pytest.param(("e-some",), "203.0.113.8", NO, id="an exception, whatever the pages say"),
        pytest.param(("e-some",), "203.0.113.20", OPEN, id="the pages of a list that are not there"),
        pytest.param(("DE",), "10.1.0.44", OPEN, id="an address object named like a country: the region wins"),
        pytest.param(("DE",), "10.1.0.45", NO, id="a private address is neither in the object nor in the country"),
        pytest.param(
            ("DE",), "203.0.113.200", OPEN, id="an address that may be in the country an object is named like"
        ),
        pytest.param(("IT",), "10.1.0.20", OPEN, id="a group named like a country: its members may be meant"),
        pytest.param(("IT",), "10.1.0.21", NO, id="outside of a group named like a country"),
        pytest.param(("g-it",), "10.1.0.20", OPEN, id="a group named like a country in another"),
        pytest.param(("IS",), "10.1.0.21", OPEN, id="groups named like countries in each other"),
        pytest.param(("n-clients", "h-dns"), "10.1.0.10", YES, id="any one of several members"),
        pytest.param(("n-clients", "h-dns"), "10.1.0.11", NO, id="none of several members"),
    ],
)
def test_an_address_is_in_a_list_or_not(members, address, wanted):
    end = endpoint(number(address), None, None, None)
    assert compiled(*members).decide(end) is wanted
    turned = compiled(*members, negate=True)
    assert turned.decide(end) is wanted.negated()
    assert turned.explain("source", end).result is wanted.negated()


@pytest.mark.parametrize(
    ("members", "hints", "wanted"),
    [
        pytest.param(("US",), ("US", None, None), YES, id="the row's country code"),
        pytest.param(("US",), ("United States", None, None), YES, id="the row's country name"),
        pytest.param(("US",), ("germany", None, None), NO, id="another country"),
        pytest.param(("US",), ("10.0.0.0-10.255.255.255", None, None), NO, id="a range where the country should be"),
        pytest.param(("US",), ("Atlantis", None, None), OPEN, id="a country nobody knows"),
        pytest.param(("e-partners",), (None, "e-partners", None), YES, id="the row names the external list"),
        pytest.param(
            ("e-partners",), (None, "other", None), OPEN, id="the row names another list, which rules nothing out"
        ),
        pytest.param(("d-prod",), (None, None, "d-prod"), YES, id="the row names the dynamic group"),
        pytest.param(("gone",), (None, None, "gone"), YES, id="the row confirms a name without an object"),
        pytest.param(("g-mixed",), (None, "g-mixed", None), OPEN, id="a list's name says nothing of a group"),
    ],
)
def test_the_row_settles_what_no_configuration_holds(members, hints, wanted):
    assert compiled(*members).decide(endpoint(number("203.0.113.77"), *hints)) is wanted


@pytest.mark.parametrize(
    ("tags", "complete", "address", "wanted"),
    [
        pytest.param({"10.4.4.4": {"prod", "dns"}}, False, "10.4.4.4", YES, id="registered with both tags"),
        pytest.param({"10.4.4.4": {"prod"}}, False, "10.4.4.4", NO, id="registered with one tag of two"),
        pytest.param({"10.4.4.4": {"prod"}}, False, "10.4.4.5", OPEN, id="not in a partial answer"),
        pytest.param({"10.4.4.4": {"prod"}}, True, "10.4.4.5", NO, id="not in the whole answer"),
    ],
)
def test_registered_tags_answer_for_a_dynamic_group(tags, complete, address, wanted):
    answers = DeviceAnswers(
        registered_tags={number(ip): frozenset(found) for ip, found in tags.items()}, registered_complete=complete
    )
    assert compiled("d-prod", answers=answers).decide(endpoint(number(address), None, None, None)) is wanted


def test_an_address_that_is_not_known_is_open_unless_the_list_is_any():
    nowhere = endpoint(None, None, None, None)
    assert compiled("any").decide(nowhere) is YES
    criterion = compiled("h-dns").explain("destination", nowhere)
    assert criterion.result is OPEN
    assert criterion.settle == "the destination address"


@pytest.mark.parametrize(
    ("members", "negate", "address", "detail", "matched"),
    [
        pytest.param(
            ("g-outer",), False, "10.1.0.10",
            "10.1.0.10 is in g-outer › g-dns › h-dns (10.1.0.10/32)", ("g-outer", "g-dns", "h-dns", "10.1.0.10/32"),
            id="the path down to the literal",
        ),
        pytest.param(
            ("n-clients",), False, "10.1.1.10", "10.1.1.10 is not in n-clients (10.1.20.7/24)", (), id="a miss with its object"
        ),
        pytest.param(
            ("g-outer", "10.5.0.0/16", "h-dns", "r-print"), False, "10.1.1.10",
            "10.1.1.10 is in none of g-outer (10.1.20.7/24 and 2 more), 10.5.0.0/16, h-dns (10.1.0.10/32) and 1 more", (),
            id="a miss among many",
        ),
        pytest.param(
            ("n-clients",), True, "10.1.20.1",
            "10.1.20.1 is in n-clients (10.1.20.7/24), which the rule leaves out", (),
            id="a negated list that holds it",
        ),
        pytest.param(
            ("n-clients",), True, "10.1.1.10",
            "10.1.1.10 is not in n-clients (10.1.20.7/24), and the rule negates its list", ("not (n-clients)",),
            id="a negated list that does not hold it",
        ),
        pytest.param(
            ("e-asked",), False, "203.0.113.70",
            "203.0.113.70 is in e-asked (203.0.113.64-203.0.113.127)", ("e-asked", "203.0.113.64-203.0.113.127"),
            id="the entry of a list that holds it",
        ),
        pytest.param(("any",), False, "10.1.1.10", "", ("any",), id="any needs no words"),
        pytest.param(("any",), True, "10.1.1.10", "the rule negates any, so no address fits", (), id="any, negated"),
    ],
)  # fmt: skip
def test_the_sentence_says_what_decided(members, negate, address, detail, matched):
    criterion = compiled(*members, negate=negate).explain("source", endpoint(number(address), None, None, None))
    assert (criterion.detail, criterion.matched) == (detail, matched)
    assert criterion.had == address


@pytest.mark.parametrize(
    ("member", "settle"),
    [
        ("e-partners", "the members of external list e-partners"),
        ("f-portal", "the addresses of portal.example.net (f-portal)"),
        ("d-prod", "the registered addresses of dynamic group d-prod"),
        ("gone", "what gone stands for (no object of that name in the files)"),
        ("US", "the country of the address (region US)"),
        ("d-bad", "a readable tag expression of dynamic group d-bad"),
    ],
)
def test_an_unknown_says_what_would_settle_it(member, settle):
    criterion = compiled(member).explain("source", endpoint(number("203.0.113.200"), None, None, None))
    assert criterion.result is OPEN
    assert criterion.settle == settle
    assert criterion.detail == f"whether 203.0.113.200 is in {member} can't be told: the inputs lack {settle}"


def test_a_match_by_the_rows_word_says_so():
    criterion = compiled("US").explain("destination", endpoint(number("203.0.113.9"), "US", None, None))
    assert criterion.detail == "the log row says that the destination is in US"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("10.0.0.1/0.0.0.255", True),
        ("10.0.0.1", False),
        ("10.0.0.1/24", False),
        ("2001:db8::1/::ffff", False),
        ("/", False),
    ],
)
def test_a_wildcard_is_an_address_and_a_mask(text, wanted):
    assert (read_wildcard(text) is not None) is wanted


@pytest.mark.parametrize(
    ("text", "tags", "wanted"),
    [
        pytest.param("web", {"web"}, True, id="bare"),
        pytest.param("'web server'", {"web server"}, True, id="quoted, with a blank"),
        pytest.param('"web"', {"web"}, True, id="double quotes"),
        pytest.param("'a' and 'b'", {"a"}, False, id="and"),
        pytest.param("a or b", {"b"}, True, id="or"),
        pytest.param("a or b and c", {"a"}, True, id="and binds tighter"),
        pytest.param("(a or b) and c", {"a"}, False, id="parentheses"),
        pytest.param("('a'and'b')or c", {"c"}, True, id="no blanks"),
        pytest.param("a AND b", {"a", "b"}, True, id="upper case"),
    ],
)
def test_tag_expressions(text, tags, wanted):
    expression = read_expression(text)
    assert expression is not None
    assert holds(expression, tags) is wanted


@pytest.mark.parametrize("text", ["", "and", "a and", "(a", "a)", "a b", "'a", "(" * 200 + "a" + ")" * 200])
def test_what_is_no_tag_expression(text):
    assert read_expression(text) is None


@pytest.mark.parametrize(
    ("address", "written", "wanted"),
    [
        ("203.0.113.9", "US", "US"),
        ("203.0.113.9", "united states", "US"),
        ("203.0.113.9", "United Kingdom", "GB"),
        ("203.0.113.9", "", None),
        ("203.0.113.9", None, None),
        ("203.0.113.9", "Elsewhere", None),
        ("10.1.1.1", "US", ""),
        ("192.168.1.1", None, ""),
        ("fe80::1", None, ""),
        (None, "Reserved (240.0.0.0-255.255.255.255)", ""),
    ],
)
def test_the_country_of_an_address(address, written, wanted):
    assert country_of(None if address is None else number(address), written) == wanted
