"""The pre-pass over a feed's XML."""

from __future__ import annotations

import time

import pytest

from msdigest.model.feedxml import Tamed, safe_xml

GOOD = b'<?xml version="1.0"?>\n<rss version="2.0"><channel><item><title>A &amp; <![CDATA[<b>&nbsp;</b>]]></title></item></channel></rss>'


def _rss(entries: bytes) -> bytes:
    return b"<rss><channel>" + entries + b"</channel></rss>"


def test_a_good_document_keeps_its_bytes() -> None:
    """What is well-formed and modest is not touched."""
    assert safe_xml(GOOD) == Tamed(body=GOOD)


@pytest.mark.parametrize(
    ("hostile", "tamed"),
    [
        (
            b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "<x>]>"><!-- ]> -->]><a>&a;</a>',
            b'<?xml version="1.0"?><a>&amp;a;</a>',
        ),
        (b'<!DOCTYPE r SYSTEM "http://evil.example/x.dtd"><a/>', b"<a/>"),
        (b"<!-- hello --><!doctype rss><a/>", b"<!-- hello --><a/>"),
        (b"  <a/>", b"<a/>"),
        (b"<a>\x00\x0b&#0;&#11;&#55555;&#xD800;&#9999999;&#99999999999;&#10;&#x1F600;</a>", b"<a>&#10;&#x1F600;</a>"),
        (b"<a>\xed\xa0\x80\xef\xbf\xbf</a>", b"<a></a>"),
        (b"<a>&nbsp;&bogus; & &amp; &eacute;</a>", b"<a>&#160;&amp;bogus; &amp; &amp; &#233;</a>"),
        (b"<a><![CDATA[x&y &nbsp;]]> & <!-- & --></a>", b"<a><![CDATA[x&y &nbsp;]]> &amp; <!-- & --></a>"),
        (b"<a>x <b and <c>y</c> < 5 <![CDATA[<b ]]></a>", b"<a>x &lt;b and <c>y</c> < 5 <![CDATA[<b ]]></a>"),
    ],
)
def test_repairs(hostile: bytes, tamed: bytes) -> None:
    """DOCTYPE goes, illegal characters go, entities that only HTML knows become characters."""
    assert safe_xml(hostile).body == tamed


@pytest.mark.parametrize(
    ("doctype", "declares"),
    [
        (b"", False),
        (b"<!DOCTYPE rss PUBLIC '-//N//DTD RSS 0.91//EN' 'http://dtd.example/rss.dtd'>", False),
        (b"<!DOCTYPE rss [<!ELEMENT a ANY>]>", False),
        (b"<!DOCTYPE rss [<!ENTITY a 'b'>]>", True),
        (b"<!doctype rss [ <!-- ]> --> <!ENTITY % a SYSTEM 'file:///x'> %a; ]>", True),
    ],
)
def test_who_declares_entities_is_told(doctype: bytes, declares: bool) -> None:
    """Old feeds name a DTD; those that bring entities along mean no good."""
    assert safe_xml(doctype + _rss(b"<item>1</item>")) == Tamed(body=_rss(b"<item>1</item>"), declares=declares)


@pytest.mark.parametrize("close", [b">x</a>", b"/>"])
def test_attributes(close: bytes) -> None:
    """A tag with very many attributes keeps the first sixty; a long tag with few keeps all."""
    many = b" ".join(b"a%d='1'" % number for number in range(1000))
    few = b" href='" + b"x" * 2000 + b"'"

    assert safe_xml(b"<a " + many + close).body.count(b"=") == 60
    assert safe_xml(b"<a" + few + close).body == b"<a" + few + close
    assert safe_xml(b"<b " + many + b"/><a" + few + close).body.endswith(b"<a" + few + close)


def test_categories() -> None:
    """An entry keeps its first hundred categories, and a thousand characters of keywords; the next one starts anew."""
    some = b"".join(
        b"<category>c%d</category><dc:subject><![CDATA[s]]></dc:subject><category term='t'/>" % n for n in range(100)
    )
    body = safe_xml(_rss(b"<item>" + some + b"</item><item><category>last</category></item>")).body
    keywords = safe_xml(_rss(b"<item><itunes:keywords>" + b"a," * 5000 + b"</itunes:keywords></item>")).body

    assert body.count(b"<category") + body.count(b"<dc:subject") == 101
    assert body.endswith(b"<item><category>last</category></item></channel></rss>")
    assert keywords == _rss(b"<item><itunes:keywords>" + b"a," * 500 + b"</itunes:keywords></item>")


@pytest.mark.parametrize(
    ("document", "tamed"),
    [
        (
            b"<rss><channel><item>1</item><item>2</item><item>cut",
            Tamed(body=_rss(b"<item>1</item><item>2</item>"), cut=True),
        ),
        (b"<rss><channel><title>t</title><item>cut", Tamed(body=_rss(b"<title>t</title>"), cut=True)),
        (b"<rss><channel><title>t", Tamed(body=_rss(b"<title>t"), cut=True)),
        (b"<feed><entry>1</entry><entry><![CDATA[</entry>", Tamed(body=b"<feed><entry>1</entry></feed>", cut=True)),
        (_rss(b"<item>1</item>" * 5), Tamed(body=_rss(b"<item>1</item>" * 3), more=2)),
        (_rss(b"<item>an item or two items</item>" * 3), Tamed(body=_rss(b"<item>an item or two items</item>" * 3))),
        (_rss(b"<item>1</item>" + b"<item>" * 5 + b"</item>" * 5), Tamed(body=_rss(b"<item>1</item>"), more=3)),
        (b"<rss><channel>" + b"<item>1</item>" * 3 + b"<item>cut", Tamed(body=_rss(b"<item>1</item>" * 3), cut=True)),
        (
            b"<rdf:RDF><channel></channel><item>1</item><item>",
            Tamed(body=b"<rdf:RDF><channel></channel><item>1</item></rdf:RDF>", cut=True),
        ),
        (b"<html>", Tamed(body=b"<html>")),
    ],
)
def test_whole_entries(document: bytes, tamed: Tamed) -> None:
    """A document ends after its last whole entry, at most after the third here."""
    found = safe_xml(document, entries=3)

    assert found == tamed
    assert found.body == tamed.body


@pytest.mark.parametrize(
    "bomb",
    [
        _rss(b"<item " + b" ".join(b"a%d='1'" % number for number in range(200_000)) + b">x</item>"),
        _rss(b"<item>x</item>" * 200_000),
        _rss(b"<![CDATA[" * 60_000),
        _rss(b"<!--" * 60_000),
        _rss(b"&" * 300_000),
        _rss(b"<a '\"" * 100_000),
        _rss(b"&#1;" * 100_000),
        _rss(b"<category>" * 100_000),
        _rss(b"<category><![CDATA[" * 50_000),
        _rss(b"<keywords>" * 100_000),
        b"<?x" * 60_000,
        b"<!DOCTYPE [" + b'"' * 100_001,
    ],
    ids=[
        "attributes",
        "entries",
        "cdata",
        "comments",
        "ampersands",
        "quotes",
        "references",
        "categories",
        "cdata in categories",
        "keywords",
        "instructions",
        "doctype",
    ],
)
def test_bombs(bomb: bytes) -> None:
    """Nothing here is quadratic."""
    start = time.perf_counter()
    safe_xml(bomb)

    assert time.perf_counter() - start < 5
