"""The members of a rule on the screen: opened to the address, bounded, found among, copied; and finding on any page."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest

from ui_stage import CASE, Stage, built, small_site, staged
from whydeny.model.progress import Progress
from whydeny.model.safe import is_safe
from whydeny.model.site import Site
from whydeny.model.truth import Truth
from whydeny.policy.lookup import Criterion, RuleTrace
from whydeny.policy.member import Listed, Member
from whydeny.ui.clipboard import Copied
from whydeny.ui.glyphs import UNICODE
from whydeny.ui.lines import BLANK, Line, Span, line
from whydeny.ui.member_lines import FIRST, MORE, MOST, MOST_FOUND, ShowMore, Toggle, Unfolded, member_lines
from whydeny.ui.screens.explorer import ExplorerScreen
from whydeny.ui.screens.help import HelpScreen
from whydeny.ui.screens.members import MembersScreen
from whydeny.ui.screens.page import with_words

HOSTS = 4320


@cache
def big_site() -> Site:
    """One session, taken by a rule whose source is a group of thousands, nested, with a name and a list not resolved."""
    addresses = {f"h-{n:04}": f"10.9.{n // 200}.{n % 200}" for n in range(HOSTS)}
    objects = {
        "address": addresses | {"n-mine": "10.1.1.0/24", "f-portal": "fqdn portal.example.net"},
        "address-group": {
            "g-hosts": " ".join(addresses) + " n-mine",
            "g-all": "g-hosts f-portal edl-partners d-tagged",
            "d-tagged": "dynamic 'web'",
        },
        "external-list": {"edl-partners": "ip"},
    }
    return built(CASE | {"session": {}, "others": [], "objects": objects,
                         "rules": ["Out from=trust to=untrust source=g-all app=any service=any"]})  # fmt: skip


def page(stage: Stage) -> MembersScreen:
    screen = stage.app.screen
    assert isinstance(screen, MembersScreen)
    return screen


def put_cursor(stage: Stage, words: str) -> None:
    lines = enumerate(page(stage).pane.lines)
    page(stage).pane.cursor = next(n for n, entry in lines if words in entry.text and entry.target is not None)


def texts(stage: Stage) -> list[str]:
    return [entry.text for entry in page(stage).pane.lines]


def line_of(stage: Stage, words: str) -> str:
    return next(text for text in texts(stage) if words in text)


async def opened(stage: Stage, *keys: str) -> None:
    await stage.press(*(keys or ("u",)))
    assert isinstance(stage.app.screen, MembersScreen)


async def test_a_group_of_thousands_is_bounded_and_shows_the_member_that_holds_the_session() -> None:
    async with staged(big_site()) as stage:
        await opened(stage)
        shown = [text for text in texts(stage) if " h-" in text]
        assert len(shown) == FIRST
        assert line_of(stage, "n-mine").startswith("✓")
        assert "10.1.1.0/24" in line_of(stage, "n-mine")
        assert f"and {HOSTS - FIRST:,} more; Enter shows 1,000 of them, / finds among all" in line_of(stage, "more;")


async def test_more_of_them_are_shown_where_the_line_stood_and_the_whole_list_can_be_reached() -> None:
    async with staged(big_site()) as stage:
        await opened(stage)
        for turn in range(1, 6):
            put_cursor(stage, "more; Enter")
            await stage.press("enter")
            assert len([text for text in texts(stage) if " h-" in text]) == min(FIRST + turn * MORE, HOSTS)
        assert not any("more; Enter" in text for text in texts(stage))


async def test_a_group_is_closed_and_opened_with_the_cursor_on_it() -> None:
    async with staged(big_site()) as stage:
        await opened(stage)
        put_cursor(stage, "g-hosts")
        before = len(texts(stage))
        await stage.press("enter")
        assert "▸ g-hosts" in line_of(stage, "g-hosts")
        assert len(texts(stage)) == before - FIRST - 2
        assert page(stage).pane.lines[page(stage).pane.cursor].text == line_of(stage, "g-hosts")
        await stage.press("enter")
        assert len(texts(stage)) == before


@pytest.mark.parametrize(
    ("member", "tells"),
    [
        ("f-portal", "unknown, needs the addresses of portal.example.net"),
        ("f-portal", "show dns-proxy fqdn all"),
        ("edl-partners", "request system external-list show type ip name edl-partners"),
        ("d-tagged", "show object registered-ip all"),
    ],
)
async def test_what_is_unknown_says_so_and_what_would_tell(member: str, tells: str) -> None:
    async with staged(big_site(), size=(200, 60)) as stage:
        await opened(stage)
        assert line_of(stage, f" {member} ").startswith("?")
        assert tells in line_of(stage, f" {member} ")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("10.9.7.3", {"h-1403"}),
        ("h-0777", {"h-0777"}),
        ("portal.example", {"f-portal"}),
        ("10.1.1.200", {"n-mine"}),
    ],
    ids=["an address far down", "a name", "a value", "an address inside a network"],
)
async def test_found_among_thousands_with_the_groups_around_it(typed: str, found: set[str]) -> None:
    async with staged(big_site()) as stage:
        await opened(stage, "u", "slash")
        await stage.type(typed)
        names = {text.lstrip("✓✗? ").removeprefix("▾ ").split()[0] for text in texts(stage)}
        assert names == {"source", "g-all", *found} | ({"g-hosts"} if "f-portal" not in found else set())


async def test_esc_leaves_the_words_then_the_page() -> None:
    async with staged(big_site()) as stage:
        await opened(stage, "u", "slash")
        await stage.type("nothing-like-it")
        assert "nothing that this rule lists" in stage.text
        await stage.press("escape", "escape")
        assert page(stage).words == ""
        assert "✓ source" in stage.text
        await stage.press("escape")
        assert isinstance(stage.app.screen, ExplorerScreen)


async def test_enter_on_a_criterion_of_the_pane_alone_begins_there() -> None:
    async with staged(small_site(), size=(80, 24)) as stage:
        await stage.press("4", "right", "enter")
        criteria = [entry for entry in stage.explorer.rule_pane("decryption").lines if entry.target is not None]
        stage.explorer.rule_pane("decryption").cursor = stage.explorer.rule_pane("decryption").lines.index(
            next(entry for entry in criteria if "source-user" in entry.text)
        )
        await opened(stage, "enter")
        await stage.pilot.pause(0.1)
        assert "decryption rule 1 Decrypt" in stage.text
        assert page(stage).pane.lines[page(stage).pane.cursor].text.split()[1] == "source-user"
        assert "ex\\staff" in stage.text


async def test_the_members_are_those_of_the_rule_that_is_looked_at() -> None:
    async with staged(small_site()) as stage:
        await stage.press("3", "home")
        await stage.press(*["left"] * 8)  # walk up to the first rule
        await opened(stage)
        assert "security rule 1 No-DNS" in stage.text


async def test_a_rulebase_without_a_rule_says_so() -> None:
    async with staged(small_site()) as stage:
        await stage.press("5", "u")
        assert "there is no authentication rule to look into" in stage.text


async def test_the_page_is_copied_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []

    def take(self: object, text: str, done: Any) -> None:
        copied.append(text)
        done(Copied("test", True, "taken"))

    monkeypatch.setattr("whydeny.ui.app.ExplorerApp.copy_text", take)
    async with staged(big_site(), size=(80, 24)) as stage:
        await opened(stage)
        await stage.press("y")
        assert copied[0].startswith("Members of security rule 1 Out")
        assert len(copied[0].splitlines()) > FIRST
        assert "page: taken" in stage.text


async def test_names_of_members_are_only_ever_text() -> None:
    objects = {"address": {"[/foo]": "10.1.1.0/24", "[@click=app.leave]x[/]": "fqdn a\u202eb"}}
    site = built(CASE | {"session": {}, "others": [], "objects": objects,
                         "rules": ["Out source=[/foo],[@click=app.leave]x[/] app=any service=any"]})  # fmt: skip
    async with staged(site) as stage:
        await opened(stage)
        assert "[/foo]" in stage.text
        assert all(is_safe(row) for row in stage.lines)


# The tree itself: bounds that hold whatever a configuration says.


def lines_of(members: Iterable[Member], unfolded: Unfolded | None = None) -> list[Line]:
    criterion = Criterion("source", Truth.NO_MATCH, "x", "10.1.1.1")
    trace = RuleTrace(small_rule(), Truth.NO_MATCH, (criterion,))
    return member_lines(trace, [Listed("source", tuple(members))], unfolded or Unfolded(), {}, UNICODE, Progress())


def small_rule() -> Any:
    from whydeny.model.configuration import Origin, Place, Rule, Rulebase

    return Rule("r", Rulebase.SECURITY, 1, Origin(Place.LOCAL))


def doubling(depth: int) -> Member:
    """A group with two names for the same group, and so on: 2 to the power of `depth` ends."""
    if depth == 0:
        return Member("leaf")
    return Member(f"g{depth}", inside=lambda: [doubling(depth - 1), doubling(depth - 1)])


def test_groups_that_double_at_every_level_stay_closed_beyond_a_bound() -> None:
    assert len(lines_of([doubling(40)])) < MOST + 200


def test_a_search_looks_into_a_group_once() -> None:
    found = lines_of([doubling(40)], Unfolded(words="leaf"))
    assert sum("leaf" in entry.text for entry in found) == 2


def test_a_search_that_finds_too_much_says_how_much() -> None:
    found = lines_of([Member(f"h{n}") for n in range(MOST_FOUND + 77)], Unfolded(words="h"))
    assert found[-1].text == "and 77 more; another word narrows them"


def test_what_takes_the_session_or_may_is_shown_beyond_the_bound() -> None:
    members = [Member(f"h{n}") for n in range(FIRST + 50)]
    members[FIRST + 20] = Member("mine", result=Truth.MATCH)
    members[FIRST + 30] = Member("perhaps", result=Truth.UNKNOWN, settle="the answer")
    found = lines_of(members)
    assert [entry.text.split()[:2] for entry in found[-3:-1]] == [["✓", "mine"], ["?", "perhaps"]]
    assert "and 48 more" in found[-1].text
    assert isinstance(found[-1].target, ShowMore)
    assert isinstance(found[0].target, Toggle)


def test_deep_nesting_leaves_room_for_the_name() -> None:
    deep = Member("the-end")
    for n in range(60):
        deep = Member(f"g{n}", inside=lambda found=deep: [found])  # type: ignore[misc]
    assert max(len(entry.text) - len(entry.text.lstrip()) for entry in lines_of([deep])) < 40


# Words on any page.

PAGE = [
    line(Span("Move", "title")),
    line("  up: one row up"),
    line("  down"),
    BLANK,
    line(Span("Copy", "title")),
    line("  y: it"),
]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", ["Move", "  up: one row up", "  down", "", "Copy", "  y: it"]),
        ("ROW", ["Move", "  up: one row up"]),
        ("row one", ["Move", "  up: one row up"]),
        ("copy", ["Copy", "  y: it"]),
        ("zebra", ["no line here has “zebra”"]),
    ],
    ids=["no words", "one line with its title", "all words", "a title brings its section", "nothing"],
)
def test_words_keep_lines_under_their_titles(words: str, expected: list[str]) -> None:
    assert [entry.text for entry in with_words(PAGE, words)] == expected


async def test_help_is_searched_as_it_is_typed() -> None:
    async with staged(small_site()) as stage:
        await stage.press("question_mark", "slash")
        await stage.type("snapshot")
        assert isinstance(stage.app.screen, HelpScreen)
        assert "save a snapshot" in stage.text
        assert "related sessions" not in stage.text
        await stage.press("enter", "escape")
        assert "related sessions" in stage.text
        await stage.press("escape")
        assert isinstance(stage.app.screen, ExplorerScreen)
