"""Users, URL categories and schedules as a rule asks for them."""

from datetime import datetime

import pytest

from whydeny.model.answers import DeviceAnswers, UserMapping
from whydeny.model.configuration import ExternalList, Schedule, Scope, UrlCategory
from whydeny.model.truth import Truth
from whydeny.policy.categories import CategoryBook, without_url
from whydeny.policy.names import Names
from whydeny.policy.schedules import ScheduleBook
from whydeny.policy.users import UserBook, UserName, seen_user, user_name

YES, NO, OPEN = Truth.MATCH, Truth.NO_MATCH, Truth.UNKNOWN

ANSWERS = DeviceAnswers(
    user_groups={
        "CN=Staff,DC=example": frozenset({"example\\ann", "bob"}),
        "example\\ops": frozenset({"example\\eve"}),
    },
    user_mappings=(UserMapping(1, "example\\known"),),
)


@pytest.mark.parametrize(
    ("members", "user", "wanted"),
    [
        pytest.param(("any",), None, YES, id="any needs no user"),
        pytest.param(("known-user",), "example\\ann", YES, id="known-user and a user"),
        pytest.param(("known-user",), "", NO, id="known-user and none"),
        pytest.param(("known-user",), None, OPEN, id="a row that does not say"),
        pytest.param(("unknown",), "", YES, id="unknown and none"),
        pytest.param(("unknown",), "example\\ann", NO, id="unknown and a user"),
        pytest.param(("pre-logon",), "pre-logon", YES, id="pre-logon"),
        pytest.param(("pre-logon",), "example\\ann", NO, id="pre-logon and a user"),
        pytest.param(("example\\ann",), "EXAMPLE\\Ann", YES, id="names compare without case"),
        pytest.param(("example\\ann",), "ann@example.net", YES, id="both spellings of one user"),
        pytest.param(("ann@example.net",), "example\\ann", YES, id="the other way round"),
        pytest.param(
            ("ann@ad.example.net",), "example\\ann", OPEN, id="a domain of which the short name is another label"
        ),
        pytest.param(("example\\known",), "known@ad.example.net", OPEN, id="the same with a name that is no group"),
        pytest.param(("example\\known",), "known@example.net", YES, id="a name that is no group, spelled otherwise"),
        pytest.param(("example\\known",), "other\\known", NO, id="the same name in another domain"),
        pytest.param(("example\\known",), "known", OPEN, id="a name without its domain"),
        pytest.param(("example\\ann",), "", NO, id="a name and no user"),
        pytest.param(("example\\zoe",), "example\\ann", OPEN, id="a name that may be a group"),
        pytest.param(("example\\known",), "example\\ann", NO, id="a name that is known to be a user"),
        pytest.param(("cn=staff,dc=example",), "example\\ann", YES, id="a group with its members"),
        pytest.param(("cn=staff,dc=example",), "example\\carl", NO, id="a group with its members, a miss"),
        pytest.param(("cn=staff,dc=example",), "example\\bob", OPEN, id="a member without its domain"),
        pytest.param(("cn=other,dc=example",), "example\\ann", OPEN, id="a group nobody asked for"),
        pytest.param(("cn=other,dc=example",), "", NO, id="no user is in no group"),
        pytest.param(("cn=other,dc=example", "example\\ann"), "example\\ann", YES, id="a name beside an open group"),
        pytest.param(("example\\ops",), "example\\eve", YES, id="a group in the short form"),
    ],
)
def test_a_rule_takes_a_user_or_not(members, user, wanted):
    field = UserBook(ANSWERS).field(members)
    assert field.decide(seen_user(user)) is wanted
    if wanted is OPEN:
        assert field.needs(seen_user(user))
    if wanted is YES:
        assert field.path_to(seen_user(user))[0] in members


def test_a_dynamic_user_group_is_settled_by_the_row():
    field = UserBook(ANSWERS).field(("DUG-risky",))
    assert field.decide(seen_user("example\\ann", "dug-risky")) is YES
    assert field.path_to(seen_user("example\\ann", "dug-risky")) == ("DUG-risky",)
    assert field.decide(seen_user("example\\ann")) is OPEN


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("example\\Ann", UserName("example", "ann")),
        ("Ann@Example.net", UserName("example.net", "ann")),
        (" ann ", UserName("", "ann")),
        ("example.net\\ann", UserName("example.net", "ann")),
    ],
)
def test_spellings_of_a_user(text, wanted):
    assert user_name(text) == wanted


SCOPE = Scope(
    "vsys1",
    url_categories={"c-own": UrlCategory("c-own", "URL List", ("example.net/",))},
    external_lists={"e-urls": ExternalList("e-urls", "url")},
    schedules={
        "office": Schedule("office", weekly={"monday": ("08:00-18:00",), "Friday": ("08:00-12:00", "13:00-17:00")}),
        "night": Schedule("night", daily=("22:00-06:00",)),
        "late": Schedule("late", weekly={"friday": ("22:00-02:00",), "sunday": ("23:00-01:00",)}),
        "whole": Schedule("whole", daily=("00:00-23:59",)),
        "once": Schedule("once", dates=("2024/05/02@08:00-2024/05/03@18:00",)),
        "broken": Schedule("broken", daily=("noon-one", "08:00-09:00")),
        "never": Schedule("never"),
        "backwards": Schedule("backwards", dates=("2024/05/03@08:00-2024/05/02@18:00",)),
        "no-such-day": Schedule("no-such-day", dates=("2024/02/30@08:00-2024/03/02@18:00",)),
    },
)


@pytest.mark.parametrize(
    ("members", "category", "wanted"),
    [
        pytest.param(("any",), "games", YES, id="any"),
        pytest.param(("any",), "", YES, id="any before the category is known"),
        pytest.param(("games",), "games", YES, id="the category"),
        pytest.param(("Games",), "games", YES, id="without case"),
        pytest.param(("games",), "news", NO, id="another category"),
        pytest.param(("games",), "any", OPEN, id="not known yet"),
        pytest.param(("games",), "", OPEN, id="not in the row"),
        pytest.param(("games",), "not-resolved", NO, id="not-resolved is a category of its own"),
        pytest.param(("not-resolved",), "not-resolved", YES, id="and can be asked for"),
        pytest.param(("c-own",), "news", OPEN, id="a custom category can hold any URL"),
        pytest.param(("c-own",), "c-own", YES, id="a custom category in the row"),
        pytest.param(("e-urls",), "news", OPEN, id="a URL list"),
        pytest.param(("games", "c-own"), "games", YES, id="a category beside a custom one"),
        pytest.param(("high-risk",), "news", OPEN, id="every URL has a risk beside its category"),
        pytest.param(("gone",), "news", OPEN, id="a name that is neither predefined nor in the files"),
    ],
)
def test_a_rule_takes_a_category_or_not(members, category, wanted):
    field = CategoryBook(Names((SCOPE,))).field(members)
    assert field.decide(category) is wanted
    if wanted is OPEN:
        assert field.needs(category)


@pytest.mark.parametrize(
    ("protocol", "port", "application", "wanted"),
    [
        pytest.param(17, 53, "dns", NO, id="DNS"),
        pytest.param(6, 53, "dns", NO, id="DNS over TCP"),
        pytest.param(1, None, "ping", NO, id="ICMP"),
        pytest.param(1, None, "", NO, id="ICMP, whatever it is"),
        pytest.param(6, 22, "ssh", NO, id="SSH"),
        pytest.param(17, 443, "quic", OPEN, id="QUIC names the server"),
        pytest.param(17, 8443, "quic-base", OPEN, id="QUIC elsewhere"),
        pytest.param(17, 443, "unknown-udp", OPEN, id="QUIC's port"),
        pytest.param(17, 53, "", OPEN, id="nothing identified yet"),
        pytest.param(17, None, "dns", OPEN, id="a port that is not known"),
        pytest.param(6, 25, "smtp", OPEN, id="TLS is possible"),
        pytest.param(None, None, "dns", OPEN, id="a protocol that is not known"),
    ],
)
def test_what_has_no_url_has_no_category(protocol, port, application, wanted):
    field = CategoryBook(Names((SCOPE,))).field(("games",))
    without = without_url(protocol, port, application)
    assert field.decide("any", without) is field.decide("", without) is wanted
    assert field.decide("games", without) is YES
    assert CategoryBook(Names((SCOPE,))).field(("any",)).decide("", without) is YES


@pytest.mark.parametrize(
    ("name", "at", "wanted"),
    [
        pytest.param("office", "2024-05-06 08:00:00", YES, id="Monday, the first minute"),
        pytest.param("office", "2024-05-06 17:59:59", YES, id="Monday, the last second"),
        pytest.param("office", "2024-05-06 18:00:00", NO, id="Monday, the end is not in it"),
        pytest.param("office", "2024-05-07 10:00:00", NO, id="Tuesday"),
        pytest.param("office", "2024-05-03 12:30:00", NO, id="Friday, between two ranges"),
        pytest.param("office", "2024-05-03 13:00:00", YES, id="Friday, the second range"),
        pytest.param("night", "2024-05-03 23:00:00", YES, id="a range over midnight, before it"),
        pytest.param("night", "2024-05-03 05:59:00", YES, id="a range over midnight, after it"),
        pytest.param("night", "2024-05-03 06:00:00", NO, id="a range over midnight, ended"),
        pytest.param("late", "2024-05-03 22:00:00", YES, id="a Friday over midnight, before it"),
        pytest.param("late", "2024-05-03 01:00:00", OPEN, id="a Friday over midnight, the hours before dawn"),
        pytest.param("late", "2024-05-04 01:59:59", OPEN, id="a Friday over midnight, the hours after it"),
        pytest.param("late", "2024-05-04 02:00:00", NO, id="a Friday over midnight, ended"),
        pytest.param("late", "2024-05-06 00:30:00", OPEN, id="a Sunday over midnight goes into Monday"),
        pytest.param("whole", "2024-05-03 23:59:30", YES, id="23:59 is the end of the day"),
        pytest.param("once", "2024-05-03 17:59:00", YES, id="within two dates"),
        pytest.param("once", "2024-05-10 17:59:00", NO, id="after two dates"),
        pytest.param("never", "2024-05-10 17:59:00", NO, id="a schedule without times"),
        pytest.param("broken", "2024-05-10 08:30:00", YES, id="a readable range beside a broken one"),
        pytest.param("broken", "2024-05-10 12:00:00", OPEN, id="a range that can't be read"),
        pytest.param("backwards", "2024-05-02 20:00:00", OPEN, id="dates that end before they begin"),
        pytest.param("no-such-day", "2024-03-01 20:00:00", OPEN, id="a day that does not exist"),
        pytest.param("gone", "2024-05-10 12:00:00", OPEN, id="a schedule that is not in the files"),
        pytest.param("office", None, OPEN, id="a time that is not known"),
    ],
)
def test_a_schedule_covers_a_time_or_not(name, at, wanted):
    field = ScheduleBook(Names((SCOPE,))).field(name)
    assert field.decide(None if at is None else datetime.fromisoformat(at)) is wanted
