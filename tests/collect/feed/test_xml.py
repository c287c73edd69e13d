"""RSS, RDF and Atom, well-formed or not, are read by what they mean."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from tests.collect.feed.visiting import POST, URL, entries_of, entry_of, rss_document, visit

from msdigest.errors import NotAFeedError
from msdigest.model.entry import Entry
from msdigest.model.source import Validators


def test_a_post() -> None:
    """Everything an RSS item tells arrives, cleaned; comments do not."""
    entry, *_ = entries_of(POST)

    assert entry == Entry(
        key="https://blog.example/?p=52690",
        source="blog",
        kind="post",
        title="Repair & MS",
        url="https://blog.example/2021/10/repair/?utm_source=rss",
        html='<p>Full <b>text</b> <a href="https://blog.example/2021/10/other/" rel="noopener">there</a></p>',
        text="Full text there",
        authors=("MouseDoctor",),
        published=datetime(2021, 10, 20, 6, 30, tzinfo=UTC),
        precision="minute",
        categories=("Alemtuzumab", "MS"),
        audience=("patient",),
        evidence="commentary",
        language="en-GB",
    )


ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-GB"><title>Blog</title><author><name>The Team</name></author>
<entry><author><name>MouseDoctor</name></author><title type="html"><![CDATA[Repair &#038; MS]]></title>
<link rel="replies" href="https://blog.example/2021/10/repair/#comments"/>
<link rel="alternate" type="text/html" href="https://blog.example/2021/10/repair/?utm_source=rss"/>
<id>https://blog.example/?p=52690</id><updated>2021-10-21T00:00:00Z</updated><published>2021-10-20T08:30:00+02:00</published>
<category term="Alemtuzumab"/><category term="ms" label="MS"/><summary type="html">Short</summary>
<content type="html" xml:base="https://blog.example/2021/10/repair/"><![CDATA[<p>Full <b>text</b> <a href="../other/">there</a></p>]]></content>
</entry>
<entry><title>Plain &lt;b&gt;</title><id>urn:2</id><link href="two/"/><updated>2021-10-22T00:00:00Z</updated>
<content>5 &lt; 6\n\nsecond</content></entry></feed>"""


def test_the_same_post_in_atom() -> None:
    """Atom gives the same entry under the same key, and when it was edited."""
    (rss, *_), (atom, plain) = entries_of(POST), visit(ATOM.encode()).entries

    assert (atom.key, atom.title, atom.url, atom.html, atom.authors, atom.categories, atom.published) == (
        rss.key, rss.title, rss.url, rss.html, rss.authors, rss.categories, rss.published,
    )  # fmt: skip
    assert atom.updated == datetime(2021, 10, 21, tzinfo=UTC)
    assert (plain.title, plain.text, plain.url) == ("Plain", "5 < 6\n\nsecond", "https://blog.example/feed/two/")
    assert plain.authors == ("The Team",)
    # The only date that it tells is its own.
    assert (plain.published, plain.precision) == (datetime(2021, 10, 22, tzinfo=UTC), "minute")


RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>c</title></channel>
<item rdf:about="https://j.example/1"><title>One</title><link>https://j.example/1</link><dc:creator>A. Author</dc:creator>
<dc:date>2020-01-02</dc:date><description>Text</description></item></rdf:RDF>"""


@pytest.mark.parametrize(
    ("document", "title", "url"),
    [
        (RDF, "One", "https://j.example/1"),
        ("<rss version='0.91'><channel><item><title>One</title><link>/1</link></item></channel></rss>", "One", "https://blog.example/1"),
        ("<feed><entry><title>One</title><link href='1'/><id>x</id></entry></feed>", "One", "https://blog.example/feed/1"),
        ("<feed xmlns='http://www.w3.org/2005/ATOM '><entry><title>One</title><link href='1'/></entry></feed>", "One", "https://blog.example/feed/1"),
        (" \n<?xml version='1.0'?><rss version='2.0'><channel><item><title>One</title></item></channel></rss>", "One", URL),
        ("<rss version='2.0'><channel><item><title>One</title><foo:bar>x</foo:bar><link>https://x.example</link></item></channel></rss>", "One", "https://x.example"),
    ],
    ids=["rdf", "rss 0.91", "atom without namespace", "atom with a wrong one", "white space first", "undeclared prefix"],
)  # fmt: skip
def test_dialects(document: str, title: str, url: str) -> None:
    """Old, wrong and careless documents are read by what they mean."""
    (entry,) = visit(document.encode()).entries

    assert (entry.title, entry.url) == (title, url)


def test_rdf_date() -> None:
    """A date without a time is a day, not midnight."""
    (entry,) = visit(RDF.encode()).entries

    assert (entry.published, entry.precision) == (datetime(2020, 1, 2, tzinfo=UTC), "day")
    assert (entry.key, entry.authors) == ("https://j.example/1", ("A. Author",))


@pytest.mark.parametrize(
    ("told", "published", "precision"),
    [
        ("Wed, 20 Oct 2021 08:30:00 +0200", datetime(2021, 10, 20, 6, 30, tzinfo=UTC), "minute"),
        ("Wed, 20 Oct 21 08:30 EST", datetime(2021, 10, 20, 13, 30, tzinfo=UTC), "minute"),
        ("Wed, 20 Oct 2021 08:30:00 CEST", datetime(2021, 10, 20, tzinfo=UTC), "day"),
        ("2021-10-20T08:30:00Z", datetime(2021, 10, 20, 8, 30, tzinfo=UTC), "minute"),
        ("2021-10-20", datetime(2021, 10, 20, tzinfo=UTC), "day"),
        ("2021-10", datetime(2021, 10, 1, tzinfo=UTC), "month"),
        ("2021", datetime(2021, 1, 1, tzinfo=UTC), "year"),
        ("Thu, 01 Jan 2099 10:00:00 GMT", datetime(2099, 1, 1, 10, tzinfo=UTC), "minute"),
        ("Mon, 01 Jan 0001 00:00:00 +0000", None, None),
        ("Thu, 01 Jan 1970 00:00:00 +0000", None, None),
        ("Mon, 32 Foo", None, None),
        ("Sun, 31 Feb 2021 10:00:00 GMT", None, None),
        ("yesterday", None, None),
        ("", None, None),
    ],
)
def test_dates(told: str, published: datetime | None, precision: str | None) -> None:
    """A date is kept as exactly as it is told; what is no date is none."""
    entry = entry_of(f"<title>t</title><pubDate>{told}</pubDate>")

    assert (entry.published, entry.precision) == (published, precision)


@pytest.mark.parametrize(
    ("declared", "content_type", "encoding"),
    [
        ("utf-8", "application/rss+xml; charset=UTF-8", "windows-1252"),
        ("windows-1252", "application/rss+xml; charset=windows-1252", "utf-8"),
        ("iso-8859-1", "text/xml", "utf-8"),
        ("utf-16", "", "utf-16"),
        ("utf-16", "application/xml", "utf-16-le"),
        ("utf-16", "application/xml", "utf-16-be"),
        ("utf-8", "", "utf-8-sig"),
    ],
)
def test_encodings(declared: str, content_type: str, encoding: str) -> None:
    """Readable text comes out, whatever the labels say."""
    text = f"<?xml version='1.0' encoding='{declared}'?><rss version='2.0'><channel><item><title>MS – “é”</title></item></channel></rss>"
    (entry,) = visit(text.encode(encoding), content_type).entries

    assert entry.title == "MS – “é”"


def test_chinese() -> None:
    """The label gb2312 is read as what it usually stands for."""
    text = "<?xml version='1.0' encoding='gb2312'?><rss version='2.0'><channel><item><title>多发性硬化 镕</title></item></channel></rss>"
    (entry,) = visit(text.encode("gb18030"), "").entries

    assert entry.title == "多发性硬化 镕"


CDATA = "<item><title>t</title><guid>1</guid><description><![CDATA[{}]]></description></item>"
HOSTILE = {
    "billion laughs": b'<!DOCTYPE l [<!ENTITY a "lol">' + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a;" * 10) for n in range(9)) + b"]>" + rss_document("<item><title>t</title><guid>1</guid><description>&a8;</description></item>")[38:],
    "external entity": b'<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + rss_document("<item><title>t</title><guid>1</guid><description>&a;</description></item>")[38:],
    "attributes": rss_document("<item " + " ".join(f"a{n}='1'" for n in range(200_000)) + "><title>t</title><guid>1</guid></item>"),
    "nested": rss_document(CDATA.format("<div>" * 200_000)),
    "nested xml": rss_document("<item><title>t</title><guid>1</guid><description>" + "<div>" * 50_000 + "</div>" * 50_000 + "</description></item>"),
    "comments": rss_document(CDATA.format("<!--" * 60_000)),
    "open tags": rss_document(CDATA.format("<a " * 60_000)),
    "ampersands": rss_document("<item><title>t</title><guid>1</guid><description>" + "&" * 300_000 + "</description></item>"),
    "surrogate": rss_document("<item><title>t&#55555;</title><guid>1</guid></item>"),
}  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_documents(body: bytes) -> None:
    """Bombs end fast, and their entry arrives."""
    start = time.perf_counter()
    (entry,) = visit(body).entries
    spent = time.perf_counter() - start

    assert (entry.key, entry.title) == ("1", "t")
    assert "root:" not in entry.text
    assert "lollol" not in entry.text
    assert spent < 5


def test_too_many_entries() -> None:
    """The first thousand are kept, and the editor is told."""
    start = time.perf_counter()
    collected = visit(rss_document("".join(f"<item><guid>{n}</guid><title>t</title></item>" for n in range(50_000))))

    assert len(collected.entries) == 1_000
    assert collected.entries[0].key == "0"
    assert "49000 were left out" in collected.warnings[0]
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize(
    "cut", ["<item><guid>2</guid><title>b</title><description><![CDATA[and th", "<item><guid>2</guid><titl"]
)
def test_truncated_documents(cut: str) -> None:
    """Whole entries are kept, the cut one is held until the document is whole again."""
    collected = visit(rss_document("<item><guid>1</guid><title>a</title></item>" + cut, close=""), etag='"1"')

    assert [entry.key for entry in collected.entries] == ["1"]
    assert "held" in collected.warnings[0]
    # A 304 next time would hide the entry that is missing.
    assert collected.validators == Validators()


def test_a_parser_that_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever feedparser raises becomes a sentence."""

    def raises(*_args, **_more):
        raise RuntimeError

    monkeypatch.setattr("feedparser.parse", raises)
    with pytest.raises(NotAFeedError, match="RuntimeError"):
        visit(rss_document(POST))
