"""Whether an entry of a custom category or URL list takes a URL of the URL log."""

from pathlib import Path
from typing import Any

import pytest

from site_builder import build, release_of
from whydeny.model.truth import Truth
from whydeny.verdict.judge import Judge
from whydeny.verdict.urls import listed_by, url_fits

YES, NO, OPEN = Truth.MATCH, Truth.NO_MATCH, Truth.UNKNOWN


@pytest.mark.parametrize(
    ("entry", "url", "result"),
    [
        ("www.example.net/", "www.example.net/", YES),
        ("www.example.net/", "www.example.net", YES),
        ("www.example.net/", "www.example.net/news/today", YES),
        ("www.example.net/news", "www.example.net/news/today", YES),
        ("www.example.net/news", "www.example.net/sport", NO),
        ("www.example.net/", "www.example.net:443/news", YES),
        ("https://www.example.net/", "www.example.net/news", YES),
        ("WWW.Example.net/", "www.example.net/", YES),
        ("*.example.net/", "shop.example.net/", YES),
        ("*.example.net/", "a.b.example.net/", YES),
        ("*.example.net/", "example.net/", NO),
        ("*.example.net/", "shop.example.net.example.com/", NO),
        ("^.example.net/", "shop.example.net/", YES),
        ("^.example.net/", "a.b.example.net/", NO),
        ("example.net", "example.net/", YES),
        ("example.net", "example.net.example.com/", OPEN),
        ("example.net/", "example.net.example.com/", NO),
        ("example.net/", "notexample.net/", NO),
        ("", "example.net/", NO),
        ("(.*)/", "example.net/", NO),
    ],
)
def test_an_entry_takes_a_url(entry: str, url: str, result: Truth) -> None:
    assert url_fits(entry, url) is result


def test_a_hostile_entry_is_matched_in_no_time() -> None:
    assert url_fits("*." * 40 + "example.net/", "a." * 400 + "example.org/") is NO


@pytest.mark.parametrize(
    ("row", "result"),
    [
        ({"misc": "shop.example.net/", "url_category_list": "partner-sites,shopping,low-risk"}, YES),
        ({"misc": "shop.example.net/", "category": "partner-sites"}, YES),
        ({"misc": "play.example.com/", "url_category_list": "games,low-risk"}, NO),
        ({"misc": "shop.example.net/", "category": "shopping"}, YES),
        ({"misc": "play.example.com/", "category": "games"}, NO),
        ({"misc": "", "category": "games"}, OPEN),
    ],
    ids=["listed", "as the row's category", "listed elsewhere", "by the list's own entry", "by no entry", "no URL"],
)
def test_the_url_log_tells_whether_a_category_holds_the_url(row: dict[str, Any], result: Truth, tmp_path: Path) -> None:
    case = {
        "release": "10.2.0",
        "session": {},
        "objects": {"url-category": {"partner-sites": "*.example.net/"}},
        "rules": ["Out from=trust to=untrust category=partner-sites service=any"],
        "url_log": [{"action": "alert", **row}],
    }
    judged = Judge(build(case, tmp_path), release_of(case)).case(0)
    assert listed_by(judged, ("partner-sites",)).result is result
