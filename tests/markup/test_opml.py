"""Lists of feeds from other programs, some of them hostile."""

from __future__ import annotations

import pytest

from msdigest.errors import AnswerError
from msdigest.markup.opml import MOST_OUTLINES, Outline, read_opml

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0"><head><title>Mine</title></head><body>'
TAIL = "</body></opml>"


def _read(inner: str) -> tuple[Outline, ...]:
    return read_opml(f"{HEAD}{inner}{TAIL}".encode(), "mine.opml")


def test_feeds_stand_in_folders_too() -> None:
    """However deep; what has no address of a feed is none."""
    found = _read(
        '<outline text="Folder"><outline title="A" text="a" xmlUrl=" https://a.example/feed "/>'
        '<outline text="Deeper"><outline text="B &amp; &lt;b&gt;C&lt;/b&gt;" type="rss" xmlUrl="https://b.example/"/></outline>'
        '</outline><outline text="A page" url="https://c.example/"/><outline xmlURL="https://d.example/"/>'
    )

    assert found == (
        Outline("A", "https://a.example/feed"),
        Outline("B & C", "https://b.example/"),
        Outline("", "https://d.example/"),
    )


def test_other_spellings_are_read() -> None:
    """UTF-16, a name in capitals, names in a namespace of their own."""
    body = '<?xml version="1.0" encoding="UTF-16"?><OPML xmlns="x:y"><body><outline xmlurl="https://a.example/"/></body></OPML>'

    assert read_opml(body.encode("utf-16"), "x") == (Outline("", "https://a.example/"),)


MANY = '<outline xmlUrl="x"/>' * (MOST_OUTLINES + 1)
BOMB = '<!DOCTYPE opml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><opml><body><outline text="&b;"/></body></opml>'
OUTSIDE = '<!DOCTYPE opml SYSTEM "http://127.0.0.1/x.dtd"><opml><body/></opml>'
REFUSED = {
    "empty": (b"", "is no OPML: it is no well-formed XML"),
    "cut short": (HEAD.encode(), "is no OPML: it is no well-formed XML"),
    "no XML": (b"\x00\x01\x02GIF89a", "is no OPML: it is no well-formed XML"),
    "a web page": (b"<!DOCTYPE html><html><body>x</body></html>", "is no OPML: it is a web page"),
    "a feed": (b"<rss><channel/></rss>", "is no OPML: its first element is <rss>, not <opml>"),
    "entities that grow": (BOMB.encode(), "is no OPML: it defines a document type of its own"),
    "a file from elsewhere": (OUTSIDE.encode(), "is no OPML: it defines a document type of its own"),
    "no feeds": (f"{HEAD}<outline text='x'/>{TAIL}".encode(), "names no feed: no outline in it has an xmlUrl"),
    "too deep": (f"{HEAD}{'<outline>' * 400}{'</outline>' * 400}{TAIL}".encode(), "is no OPML: "),
    "too many": (
        f"{HEAD}{MANY}{TAIL}".encode(),
        "has 5,001 outlines: no more than 5,000 are read at once",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_list_of_feeds_is_refused(case) -> None:
    """In one sentence with the file's name."""
    body, sentence = REFUSED[case]

    with pytest.raises(AnswerError) as refused:
        read_opml(body, "mine.opml")

    assert str(refused.value).startswith(f"mine.opml {sentence}")
