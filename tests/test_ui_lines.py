"""Text of panes: wrapping with a hanging indent, cutting, and data that can't become anything but text."""

import pytest

from whydeny.ui.glyphs import ASCII, UNICODE, choose_glyphs
from whydeny.ui.lines import Line, Span, fit, line, wrap
from whydeny.ui.manual_lines import manual_lines


def rows(entry: Line, width: int) -> list[str]:
    return ["".join(span.text for span in row) for row in wrap(entry, width)]


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("short", 8, "short   "),
        ("exactly8", 8, "exactly8"),
        ("longer than that", 8, "longer …"),
        ("x", 0, ""),
        ("xy", 1, "x"),
        ("日本語", 4, "日 …"),
        ("日本語", 6, "日本語"),
    ],
    ids=["padded", "exact", "cut", "no room", "one cell", "wide letters are cut whole", "wide letters fit"],
)
def test_fit(text: str, width: int, expected: str) -> None:
    assert fit(text, width) == expected


@pytest.mark.parametrize(
    ("entry", "width", "expected"),
    [
        (line("one two three"), 20, ["one two three"]),
        (line("one two three"), 9, ["one two", "three"]),
        (line("+ one two three", hang=2), 9, ["+ one two", "  three"]),
        (line("name".ljust(8), "value"), 20, ["name    value"]),
        (line("abcdefghijklmnop"), 8, ["abcdefgh", "ijklmnop"]),
        (line("see ", "abcdefghijkl", hang=2), 8, ["see", "  abcdef", "  ghijkl"]),
        (line("left", right=[Span("right")]), 14, ["left     right"]),
        (line("one two three four", right=[Span("end")]), 13, ["one two   end", "three four"]),
        (line("one two three four", cut=True), 10, ["one two t…"]),
        (line(), 10, [""]),
    ],
    ids=["fits", "wraps", "hangs", "keeps blanks", "cuts a long word", "hangs a long word", "right edge",
         "wraps beside the right part", "cut instead of wrapped", "empty"],
)  # fmt: skip
def test_wrap(entry: Line, width: int, expected: list[str]) -> None:
    assert rows(entry, width) == expected


@pytest.mark.parametrize("width", range(8, 40))
def test_no_row_is_wider_than_the_pane(width: int) -> None:
    entry = line("12 ", Span("日本語の規則 with a_very_long_name_of_a_rule", "strong"), " and more", hang=6)
    from rich.cells import cell_len

    assert all(cell_len(row) <= width for row in rows(entry, width))
    assert "".join("".join(rows(entry, width)).split()) == "".join(entry.text.split())


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\nb", "a\x9b1mb", "\u202eevil", "\x07bell"])
def test_a_line_is_safe_to_draw(text: str) -> None:
    drawn = "".join(rows(line(text, Span(text), right=[Span(text)]), 60))
    assert drawn.isprintable()


@pytest.mark.parametrize("text", ["[/foo]", "[bold]x[/]", "[@click=app.quit]x[/]", "\\[x"])
def test_markup_stays_text(text: str) -> None:
    assert rows(line(text), 60) == [text]


@pytest.mark.parametrize(
    ("setting", "environment", "expected"),
    [
        ("auto", {"LANG": "de_DE.UTF-8"}, UNICODE),
        ("auto", {"LANG": "C.utf8"}, UNICODE),
        ("auto", {"LANG": "de_DE.ISO-8859-1"}, ASCII),
        ("auto", {"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, ASCII),
        ("auto", {}, ASCII),
        ("unicode", {}, UNICODE),
        ("ascii", {"LANG": "en_US.UTF-8"}, ASCII),
    ],
    ids=["UTF-8", "utf8", "Latin-1", "LC_ALL wins", "no locale", "set to unicode", "set to ascii"],
)
def test_signs_follow_the_locale(setting: str, environment: dict[str, str], expected: object) -> None:
    assert choose_glyphs(setting, environment) is expected


def test_ascii_signs_are_ascii_and_of_the_same_width() -> None:
    for name in ASCII.__dataclass_fields__:
        if name != "ascii":
            assert getattr(ASCII, name).isascii()
            assert len(getattr(ASCII, name)) == len(getattr(UNICODE, name))


def test_text_from_elsewhere_is_put_into_ascii() -> None:
    assert ASCII.plain("10.1.20.0/24 → “any” … ≥ 9.0 ✓ 語") == '10.1.20.0/24 -> "any" ... >= 9.0 + ?'


def test_a_manual_page_becomes_headings_lists_and_paragraphs() -> None:
    page = "# A title\n\nOne line\nand its end with `code`.\n\n* first\n* second\n  goes on\n\n## References\n\n* x: <https://example.net/>\n"
    texts = [entry.text for entry in manual_lines(page, UNICODE)]
    assert texts == [
        "A title", "", "One line and its end with code.", "", "  • first", "  • second goes on", "", "References", "",
        "  • x: https://example.net/",
    ]  # fmt: skip
