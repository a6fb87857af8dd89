"""The report as one HTML file: nothing in it is fetched or run, every finding is reached, hostile names are shown as text."""

import csv
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from site_builder import build, release_of
from whydeny.model.site import Site
from whydeny.report.html import report_html
from whydeny.report.notes import group_note
from whydeny.report.site import SiteReport, build_report
from whydeny.report.site_text import group_counts, report_csv, report_text
from whydeny.verdict.judge import Judge
from whydeny.verdict.triage import triage

VOID = {"meta", "br", "rect"}
LOADING = {"script", "link", "img", "iframe", "object", "embed", "base", "form", "video", "audio", "source", "use"}


class Page(HTMLParser):
    """A page's elements: well nested, with their attributes and the elements around them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.found.append((tag, dict(attrs), tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """An element ends: the one that began last."""
        if tag not in VOID:
            assert self.open.pop() == tag, self.found[-1]

    def handle_data(self, data: str) -> None:
        """Text."""
        self.texts.append(data)


@pytest.fixture(scope="module")
def report(demonstration_site: Site) -> SiteReport:
    """The report on the demonstration."""
    judge = Judge(demonstration_site)
    return build_report(demonstration_site, judge, judge.judge_all(), "Refused <b>today</b>")


@pytest.fixture(scope="module")
def page(report: SiteReport) -> Page:
    """The page of it."""
    return Page(report_html(report))


def test_nothing_is_fetched_or_run(report: SiteReport, page: Page) -> None:
    assert not {tag for tag, _, _ in page.found} & LOADING
    for tag, attributes, _ in page.found:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "srcset", "style")]
        assert tag == "a" or "href" not in attributes
        assert not attributes.get("href") or re.fullmatch(r"#f\d+", attributes["href"] or "")
    style = re.search(r"<style>(.*?)</style>", report_html(report), re.DOTALL)
    assert style is not None
    assert not re.search(r"url\(|@import|expression", style[1])
    policies = [a["content"] for tag, a, _ in page.found if a.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_every_finding_stands_in_the_table_and_in_full(report: SiteReport, page: Page) -> None:
    links = [a["href"] for tag, a, _ in page.found if tag == "a"]
    targets = [f"#{a['id']}" for _, a, around in page.found if "id" in a and "details" in around]
    assert links == targets == [f"#f{number}" for number in range(1, len(report.groups) + 1)]
    words = "".join(page.texts)
    for item in report.groups:
        assert item.finding.verdict.headline in words
        assert item.finding.verdict.fix in words
        assert group_counts(item.group) in words
        assert f"{item.group.bytes:,}" in words


def test_the_basis_comes_first_and_the_time_has_an_axis(report: SiteReport, page: Page) -> None:
    headings = [
        text
        for text in page.texts
        if text in ("What this rests on", "Outcomes", "Timeline", "Findings", "Findings in full")
    ]
    assert headings == ["What this rests on", "Outcomes", "Timeline", "Findings", "Findings in full"]
    axis = [text for text in page.texts if re.fullmatch(r"\d\d:\d\d", text)]
    assert (axis[0], axis[-1], len(axis)) == ("09:00", "11:59", 5)
    assert "Refused <b>today</b>" in page.texts


def test_the_firewall_is_named_where_there_are_several(report: SiteReport, page: Page, tmp_path: Path) -> None:
    assert "firewall" in page.texts
    assert "demo-branch-fw1" in page.texts
    one = _report(tmp_path)
    assert "firewall" not in Page(report_html(one)).texts


HOSTILE = "a\"><script>alert(1)</script>'&amp;<img src=x onerror=alert(1)>"
CASE: dict[str, Any] = {
    "release": "10.2.4",
    "session": {"app": "ssh", "dport": 443, "rule": HOSTILE, "srcuser": HOSTILE, "end": "23:59:58"},
    "others": [{"sessionid": 2, "app": HOSTILE, "end": "10:00:00"}],
    "rules": ["Out from=trust to=untrust app=web-browsing,ssl service=any"],
}


def _report(folder: Path, note: str = "") -> SiteReport:
    site = build(CASE, folder)
    judge = Judge(site, release_of(CASE))
    judged = judge.judge_all()
    notes = {group_note(group): note for group in triage(site.sessions.frame, judged)} | {"row 0": note}
    return build_report(site, judge, judged, HOSTILE, notes=notes if note else None)


def test_hostile_names_and_notes_are_text(tmp_path: Path) -> None:
    report = _report(tmp_path, note=HOSTILE)
    assert len(report.groups) == 2
    page = Page(report_html(report))
    assert not {tag for tag, _, _ in page.found} & LOADING
    assert page.texts.count(HOSTILE) >= 4
    assert not [a for _, a, _ in page.found for name in a if name.startswith("on")]


def test_the_columns_of_csv_are_the_same_with_and_without_findings(report: SiteReport) -> None:
    rows = list(csv.reader(report_csv(report).splitlines()))
    assert len(rows) == len(report.groups) + 1
    assert {len(row) for row in rows} == {len(rows[0])}
    assert rows[1][rows[0].index("specimen")] == str(report.groups[0].finding.session.id)
    assert list(csv.reader(report_csv(replace(report, groups=())).splitlines())) == [rows[0]]


def test_lines_of_a_finding_stand_below_each_other_in_the_text(report: SiteReport) -> None:
    lines = report_text(report).splitlines()
    begins = [number for number, text in enumerate(lines) if re.match(r" {0,2}\d+\. \d", text)]
    assert len(begins) == len(report.groups)
    for begin in begins:
        assert re.match(r" {5}\S", lines[begin + 1])
