"""XML that nobody vouches for: what is refused, and in which words."""

import pytest

from whydeny.model.errors import InputError
from whydeny.sources.exports import xml_tools
from whydeny.sources.exports.xml_tools import child_text, entries, is_yes, members, parse_xml, stream_xml


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(
            b"<config><shared></config>",
            r"^fw\.xml, line 1: expected well-formed XML, found mismatched tag at column \d+$",
            id="mismatched tag",
        ),
        pytest.param(
            b"<config>\n<shared/>", r"^fw\.xml, line 2: .* found its end at column .* cut off", id="half copied"
        ),
        pytest.param(
            b"<config><shared", r"^fw\.xml, line 1: .* found its end at column .* cut off", id="cut off in a tag"
        ),
        pytest.param(b"<c/>\nadmin@fw> exit", r"line 2: .* column 6$", id="text behind it that is no XML"),
        pytest.param(
            b"<c/>\n<c/>", r"found more text at column 1 after its end; keep only the XML$", id="two documents"
        ),
        pytest.param(b"<c>Caf\xe9</c>", r"column 7: it is not UTF-8, .* save it as UTF-8$", id="another encoding"),
        pytest.param(b"", r"^fw\.xml, line 1: .* found its end at column .* cut off", id="empty"),
        pytest.param(b"<!DOCTYPE config><config/>", "declares a DTD", id="document type"),
        pytest.param(
            b'<!DOCTYPE c [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><c>&c;</c>', "declares a DTD", id="entity declarations"
        ),
        pytest.param('<!DOCTYPE c SYSTEM "x"><c/>'.encode("utf-16"), "declares a DTD", id="document type in UTF-16"),
        pytest.param(b"<a>" * 5000, "nest deeper than 128 levels", id="absurd nesting"),
        pytest.param(b'<?xml version="1.0" encoding="nosuch"?><c/>', "can't be decoded", id="unknown encoding"),
        pytest.param(b"<c>\xff\xfe</c>", "line 1: expected well-formed XML", id="not UTF-8"),
        pytest.param(b"<c>\x1b[31m</c>", "line 1: expected well-formed XML", id="control characters"),
    ],
)
def test_refuses_in_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        parse_xml(data, "fw.xml")
    assert "\n" not in str(caught.value)


def test_refuses_a_document_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_tools, "LARGEST", 10)
    with pytest.raises(InputError, match=r"fw\.xml: 15 bytes of XML; at most 10"):
        parse_xml(b"<config></conf>", "fw.xml")


def test_refuses_more_elements_than_any_document_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_tools, "MOST", 3)
    assert len(parse_xml(b"<a><b/><b/></a>", "x")) == 2
    with pytest.raises(InputError, match=r"^fw\.xml: has more than 3 elements"):
        parse_xml(b"<a><b/><b/><b/></a>", "fw.xml")
    with pytest.raises(InputError, match="has more than 3 elements"):
        stream_xml(b"<r><a><b/><b/><b/></a></r>", "x", lambda parent, tag: tag == "a", lambda parent, element: None)


def test_reads_what_a_copy_padded_with_zeros() -> None:
    assert parse_xml(b"<c/>" + bytes(512), "x").tag == "c"


def test_reads_past_a_byte_order_mark_and_blank_lines() -> None:
    assert parse_xml(b"\xef\xbb\xbf\n <config version='10.1.0'/>", "x").get("version") == "10.1.0"


def test_makes_names_and_texts_safe() -> None:
    root = parse_xml('<a><entry name="a\u202eb"/><t>\n one\ttwo </t><m><member>x\u200by</member></m></a>'.encode(), "x")
    assert [name for name, _ in entries(root)] == ["a\ufffdb"]
    assert child_text(root, "t") == "one two"
    assert members(root.find("m")) == ("x\ufffdy",)


def test_tells_absent_from_no() -> None:
    root = parse_xml(b"<a><on>yes</on><off>no</off><empty/></a>", "x")
    assert (is_yes(root, "on"), is_yes(root, "off", default=True)) == (True, False)
    assert (is_yes(root, "none", default=True), is_yes(root, "empty", default=True)) == (True, True)
    assert members(None) == ()


def test_streams_only_the_wanted_subtrees() -> None:
    data = b'<r a="1"><skip><entry name="no"/></skip><keep><entry name="one"><x>1</x></entry><entry name="two"/></keep></r>'
    taken: list[tuple[str, str | None, str | None]] = []
    root = stream_xml(
        data,
        "x",
        lambda parent, tag: (parent, tag) == ("keep", "entry"),
        lambda parent, element: taken.append((parent, element.get("name"), child_text(element, "x"))),
    )
    assert root == ("r", {"a": "1"})
    assert taken == [("keep", "one", "1"), ("keep", "two", None)]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(b"<a>" * 5000, "nest deeper", id="absurd nesting"),
        pytest.param(b"<a><b></a>", "well-formed", id="mismatched tag"),
        pytest.param(b"<!DOCTYPE a><a/>", "DTD", id="document type"),
    ],
)
def test_streaming_refuses_as_parsing_does(data: bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        stream_xml(data, "x", lambda parent, tag: True, lambda parent, element: None)
