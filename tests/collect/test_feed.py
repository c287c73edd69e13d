"""Feeds of every kind, well-formed or not, become entries; what is no feed becomes a sentence."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from msdigest.collect.feed import collect
from msdigest.errors import EmptyAnswerError, NotAFeedError, StatusError
from msdigest.model.entry import Enclosure, Entry, Identifier
from msdigest.model.source import Source, Validators
from msdigest.ports import Collected, Memory, Reply

URL = "https://blog.example/feed/"
SOURCE = Source(id="blog", kind="feed", url=URL, audience=("patient",), evidence="commentary")
GIVEN = Validators(etag='W/"1"', last_modified="Fri, 20 Nov 2026 12:00:00 GMT")


@dataclass
class OneAnswer:
    """An ``Http`` that gives one answer to everything, and remembers what it was asked."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    moved_to: str | None = None
    asked: list[tuple[str, Validators, str | None]] = field(default_factory=list)

    def get(self, url, *, validators=GIVEN, accept="*/*", source_url=None) -> Reply:
        assert accept
        self.asked.append((url, validators, source_url))
        return Reply(status=self.status, url=url, headers=self.headers, body=self.body, moved_to=self.moved_to)

    def send(self, request, *, timeout=60.0):
        raise AssertionError(f"a feed sends nothing: {request} {timeout}")


def _rss(items: str, *, head: str = "", close: str = "</channel></rss>") -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:atom="http://www.w3.org/2005/Atom"'
        ' xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:slash="http://purl.org/rss/1.0/modules/slash/"'
        ' xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/"'
        f"><channel><title>Blog</title><link>https://blog.example</link><language>en-GB</language>{head}{items}{close}"
    ).encode()


def _visit(body: bytes, content_type: str = "application/rss+xml", memory: Memory | None = None, **more) -> Collected:
    http = OneAnswer(body, headers={"content-type": content_type, **more})
    return collect(SOURCE, memory or Memory(), http)


def _entries(items: str) -> tuple[Entry, ...]:
    return _visit(_rss(items)).entries


def _entry(item: str) -> Entry:
    (entry,) = _entries(f"<item>{item}</item>")
    return entry


POST = """<item><title>Repair &#038; MS</title><link>https://blog.example/2021/10/repair/?utm_source=rss</link>
<dc:creator><![CDATA[MouseDoctor]]></dc:creator><pubDate>Wed, 20 Oct 2021 06:30:00 +0000</pubDate>
<category><![CDATA[Alemtuzumab]]></category><category>MS</category><category>MS</category>
<guid isPermaLink="false">https://blog.example/?p=52690</guid>
<description><![CDATA[Short [&hellip;]]]></description>
<content:encoded><![CDATA[<p>Full <b>text</b> <a href="../other/">there</a></p><img src="pixel.gif" width="1" height="1">]]></content:encoded>
<slash:comments>7</slash:comments></item>"""


def test_a_post() -> None:
    """Everything an RSS item tells arrives, cleaned; comments do not."""
    entry, *_ = _entries(POST)

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
    (rss, *_), (atom, plain) = _entries(POST), _visit(ATOM.encode()).entries

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
    (entry,) = _visit(document.encode()).entries

    assert (entry.title, entry.url) == (title, url)


def test_rdf_date() -> None:
    """A date without a time is a day, not midnight."""
    (entry,) = _visit(RDF.encode()).entries

    assert (entry.published, entry.precision) == (datetime(2020, 1, 2, tzinfo=UTC), "day")
    assert (entry.key, entry.authors) == ("https://j.example/1", ("A. Author",))


# --------------------------------------------------------------------------------------------------------- identity


def test_keys() -> None:
    """Guid, else canonical link, else title and day; equal ones are told apart by link, then by title."""
    link = "<link>https://www.blog.example/a/?utm_medium=rss#top</link>"
    entries = _entries(
        f"<item><title>no guid</title>{link}</item>"
        "<item><title>nothing</title><pubDate>Wed, 20 Oct 2021 06:30:00 GMT</pubDate></item>"
        "<item><guid>g</guid><title>1</title><link>https://x.example/1</link></item>"
        "<item><guid>g</guid><title>2</title><link>https://x.example/2</link></item>"
        "<item><guid>g</guid><title>3</title><link>https://x.example/2</link></item>"
        "<item><guid>g</guid><title>3</title><link>https://x.example/2</link></item>"
        f"<item><guid>{'long' * 100}</guid><title>4</title></item>"
    )
    keys = [entry.key for entry in entries]

    assert [entry.title for entry in entries] == ["no guid", "nothing", "1", "2", "3", "4"]
    assert keys[0] == "blog.example/a"
    assert len(keys[1]) == 32
    assert keys[2] == "g|x.example/1"
    assert keys[3] != keys[4]
    assert keys[3].startswith("g|x.example/2|")
    assert len(keys[5]) == 64


def test_the_same_document_gives_the_same_keys() -> None:
    """A changed text, time of day or tracking parameter changes no key."""
    before = (
        "<item><title>t</title><pubDate>Wed, 20 Oct 2021 06:30:00 GMT</pubDate><description>old</description></item>"
    )
    after = (
        "<item><title>t</title><pubDate>Wed, 20 Oct 2021 09:00:00 GMT</pubDate><description>new</description></item>"
    )

    assert _entries(before)[0].key == _entries(after)[0].key


# ------------------------------------------------------------------------------------------------------- the details


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
    entry = _entry(f"<title>t</title><pubDate>{told}</pubDate>")

    assert (entry.published, entry.precision) == (published, precision)


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ("<author>jane@x.example (Jane Doe)</author>", ("Jane Doe",)),
        ("<author>Jane Doe &lt;jane@x.example&gt;</author>", ("Jane Doe",)),
        ("<author>jane@x.example</author>", ()),
        ("<dc:creator>A. One</dc:creator><dc:creator>B. Two</dc:creator><dc:creator>A. One</dc:creator>", ("A. One", "B. Two")),
        ("<atom:author><atom:name>jane@x.example</atom:name></atom:author>", ()),
        ("<dc:creator>&lt;b&gt;Prof G&lt;/b&gt;</dc:creator>", ("Prof G",)),
    ],
)  # fmt: skip
def test_authors(told: str, names: tuple[str, ...]) -> None:
    """Names are kept as printed, mail addresses never."""
    entry = _entry(f"<title>t</title>{told}")

    assert entry.authors == names
    assert "@" not in repr(entry)


@pytest.mark.parametrize(
    ("item", "title"),
    [
        ("<title>a &amp;amp;amp; b</title>", "a &amp; b"),
        ("<title>&lt;b&gt;x&lt;/b&gt; p &lt; 0.05</title>", "x p < 0.05"),
        ("<title>&amp;lt;b&amp;gt;x</title>", "x"),
        ("<title>a\x00\x0b&#0;&#55555;&nbsp;&bogus; & ]]></title>", "a &bogus; & ]]>"),
        ("<title> </title><description>The first sentence of the text. And more of it.</description>", "The first sentence of the text. And more of it."),
        ("<link>https://x.example/1</link>", "https://x.example/1"),
    ],
)  # fmt: skip
def test_titles(item: str, title: str) -> None:
    """A title is plain text on one line, and never empty."""
    assert _entry(item).title == title


def test_enclosures() -> None:
    """A sound file makes a recording; lengths that are none are none."""
    entry = _entry(
        '<title>t</title><enclosure url="/a.mp3" length="28311552" type="audio/mpeg"/>'
        '<enclosure url="https://x.example/b.pdf" length="unknown"/><enclosure url="javascript:x" type="audio/mpeg"/>'
    )

    assert entry.kind == "recording"
    assert entry.enclosures == (
        Enclosure("https://blog.example/a.mp3", "audio/mpeg", 28311552),
        Enclosure("https://x.example/b.pdf", "application/pdf", None),
    )


@pytest.mark.parametrize(
    ("item", "names"),
    [
        ("<link>https://doi.org/10.5555/ABC.Def?x=1</link>", [("doi", "10.5555/abc.def")]),
        ("<link>http://dx.doi.org/10.5555/a%28b%29</link>", [("doi", "10.5555/a(b)")]),
        ("<prism:doi>10.5555/ABC</prism:doi><dc:identifier>doi:10.5555/abc</dc:identifier>", [("doi", "10.5555/abc")]),
        ("<dc:identifier>pmid: 123</dc:identifier>", [("pmid", "123")]),
        ("<dc:identifier>something else</dc:identifier>", []),
        ("<link>https://pubmed.ncbi.nlm.nih.gov/123/?utm_source=x</link>", [("pmid", "123")]),
        ("<link>https://clinicaltrials.gov/study/NCT90000013</link>", [("nct", "NCT90000013")]),
        ("<link>https://www.clinicaltrials.gov/ct2/show/nct90000013</link>", [("nct", "NCT90000013")]),
        ("<link>https://www.isrctn.com/ISRCTN90000013</link>", [("isrctn", "ISRCTN90000013")]),
        ("<link>https://euclinicaltrials.eu/search/?EUCT=2026-590013-21-00</link>", [("ctis", "2026-590013-21-00")]),
        ("<link>https://www.clinicaltrialsregister.eu/ctr-search/trial/2015-000001-10/GB</link>", [("eudract", "2015-000001-10")]),
        ("<link>https://x.example/NCT90000013</link><description>about NCT90000013</description>", []),
    ],
)  # fmt: skip
def test_same_as(item: str, names: list[tuple[str, str]]) -> None:
    """An entry is named by what it is, not by what it talks about."""
    assert list(_entry(f"<title>t</title>{item}").same_as) == [Identifier(*name) for name in names]


def test_links() -> None:
    """Hostile addresses are dropped, relative ones made whole; an entry without any leads to its feed."""
    html = "&lt;a href='javascript:x'&gt;j&lt;/a&gt; &lt;a href='//y.example/'&gt;y&lt;/a&gt;"

    assert _entry("<title>t</title><link>javascript:x</link>").url == URL
    bare = _entry("<title>t</title><guid>12</guid>")
    assert (bare.key, bare.url) == ("12", URL)
    assert _entry("<title>t</title><guid>https://x.example/p</guid>").url == "https://x.example/p"
    assert _entry(f"<title>t</title><description>{html}</description>").html == (
        'j <a href="https://y.example/" rel="noopener">y</a>'
    )


def test_empty_entries_are_left_out() -> None:
    """An entry that says nothing and leads nowhere is none."""
    assert _entries("<item></item><item><guid>1</guid></item>") == ()


# ------------------------------------------------------------------------------------------------------------- words


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
    (entry,) = _visit(text.encode(encoding), content_type).entries

    assert entry.title == "MS – “é”"


def test_chinese() -> None:
    """The label gb2312 is read as what it usually stands for."""
    text = "<?xml version='1.0' encoding='gb2312'?><rss version='2.0'><channel><item><title>多发性硬化 镕</title></item></channel></rss>"
    (entry,) = _visit(text.encode("gb18030"), "").entries

    assert entry.title == "多发性硬化 镕"


# ---------------------------------------------------------------------------------------------------- hostile documents

CDATA = "<item><title>t</title><guid>1</guid><description><![CDATA[{}]]></description></item>"
HOSTILE = {
    "billion laughs": b'<!DOCTYPE l [<!ENTITY a "lol">' + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a;" * 10) for n in range(9)) + b"]>" + _rss("<item><title>t</title><guid>1</guid><description>&a8;</description></item>")[38:],
    "external entity": b'<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + _rss("<item><title>t</title><guid>1</guid><description>&a;</description></item>")[38:],
    "attributes": _rss("<item " + " ".join(f"a{n}='1'" for n in range(200_000)) + "><title>t</title><guid>1</guid></item>"),
    "nested": _rss(CDATA.format("<div>" * 200_000)),
    "nested xml": _rss("<item><title>t</title><guid>1</guid><description>" + "<div>" * 50_000 + "</div>" * 50_000 + "</description></item>"),
    "comments": _rss(CDATA.format("<!--" * 60_000)),
    "open tags": _rss(CDATA.format("<a " * 60_000)),
    "ampersands": _rss("<item><title>t</title><guid>1</guid><description>" + "&" * 300_000 + "</description></item>"),
    "surrogate": _rss("<item><title>t&#55555;</title><guid>1</guid></item>"),
}  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_documents(body: bytes) -> None:
    """Bombs end fast, and their entry arrives."""
    start = time.perf_counter()
    (entry,) = _visit(body).entries
    spent = time.perf_counter() - start

    assert (entry.key, entry.title) == ("1", "t")
    assert "root:" not in entry.text
    assert "lollol" not in entry.text
    assert spent < 5


def test_too_many_entries() -> None:
    """The first thousand are kept, and the editor is told."""
    start = time.perf_counter()
    collected = _visit(_rss("".join(f"<item><guid>{n}</guid><title>t</title></item>" for n in range(50_000))))

    assert len(collected.entries) == 1_000
    assert collected.entries[0].key == "0"
    assert "49000 were left out" in collected.warnings[0]
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize(
    "cut", ["<item><guid>2</guid><title>b</title><description><![CDATA[and th", "<item><guid>2</guid><titl"]
)
def test_truncated_documents(cut: str) -> None:
    """Whole entries are kept, the cut one is held until the document is whole again."""
    collected = _visit(_rss("<item><guid>1</guid><title>a</title></item>" + cut, close=""), etag='"1"')

    assert [entry.key for entry in collected.entries] == ["1"]
    assert "held" in collected.warnings[0]
    # A 304 next time would hide the entry that is missing.
    assert collected.validators == Validators()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"<!doctype html><html><head><title>Just a moment...</title></head></html>", "titled “Just a moment...”"),
        (
            b'<html><link rel="alternate" type="application/rss+xml" href="/rss/"></html>',
            "it points to https://blog.example/rss/",
        ),
        (b"hello", "no feed but a page"),
        (b"/etc/passwd", "no feed but a page"),
        (b"\x89PNG\r\n\x1a\n\x00", "no feed but a page"),
        (b'{"title": "x"}', "JSON, but no JSON Feed"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": {}}', "JSON, but no JSON Feed"),
        (b'{"version": ', "no readable JSON"),
        (b'{"version": ' + b"[" * 200_000, "no readable JSON"),
    ],
)
def test_what_is_no_feed(body: bytes, sentence: str) -> None:
    """The editor is told what was found instead, and where the feed may be."""
    with pytest.raises(NotAFeedError, match=sentence):
        _visit(body)


def test_a_parser_that_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever feedparser raises becomes a sentence."""

    def raises(*_args, **_more):
        raise RuntimeError

    monkeypatch.setattr("feedparser.parse", raises)
    with pytest.raises(NotAFeedError, match="RuntimeError"):
        _visit(_rss(POST))


# -------------------------------------------------------------------------------------------------------------- http


def test_unchanged() -> None:
    """After a 304, or for an equal body, nothing is read; validators are renewed."""
    first = _visit(_rss(POST), etag=GIVEN.etag)
    memory = Memory(validators=GIVEN, body_hash=first.body_hash)
    http = OneAnswer(status=304, headers={"etag": '"2"', "cache-control": "max-age=60"})

    assert first.validators == Validators(etag='W/"1"')
    assert collect(SOURCE, memory, http) == Collected(
        status="unchanged",
        validators=Validators(etag='"2"', last_modified=GIVEN.last_modified),
        body_hash=first.body_hash,
        min_interval=60.0,
    )
    assert http.asked == [(URL, GIVEN, URL)]
    same = _visit(_rss(POST), memory=memory)
    assert (same.status, same.entries, same.validators, same.body_hash) == (
        "unchanged",
        (),
        Validators(),
        first.body_hash,
    )
    assert _visit(_rss(POST + POST), memory=memory).status == "ok"


def test_refusals() -> None:
    """A status is told with its waiting time; an empty body is no feed."""
    with pytest.raises(StatusError) as caught:
        collect(SOURCE, Memory(), OneAnswer(b"x", status=503, headers={"retry-after": "120"}))

    assert (caught.value.status, caught.value.retry_after) == (503, 120.0)
    for body in (b"", b"\xef\xbb\xbf", b" \n"):
        with pytest.raises(EmptyAnswerError):
            _visit(body)


@pytest.mark.parametrize(
    ("head", "cache", "seconds"),
    [
        ("<ttl>60</ttl>", "", 3_600.0),
        ("<ttl>9999999</ttl>", "", None),
        ("<ttl>99999</ttl>", "", 86_400.0),
        ("<sy:updatePeriod>\n\thourly\t</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", "", 1_800.0),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>x</sy:updateFrequency>", "", 86_400.0),
        ("<ttl>1</ttl>", "max-age=7200", 7_200.0),
        ("", "", None),
    ],
)
def test_interval(head: str, cache: str, seconds: float | None) -> None:
    """The feed's own wish and the server's are both heard."""
    http = OneAnswer(_rss(POST, head=head), headers={"cache-control": cache}, moved_to="https://new.example/feed/")
    collected = collect(SOURCE, Memory(), http)

    assert collected.min_interval == seconds
    assert collected.moved_to == "https://new.example/feed/"


# --------------------------------------------------------------------------------------------------------- JSON Feed

JSON = """\ufeff {"version": "https://jsonfeed.org/version/1.1", "title": "f", "language": "en", "authors": [{"name": "The Team"}],
"items": [
 {"id": "https://j.example/?p=1", "url": "https://j.example/1", "title": "5 < 6 & <b>bold</b>", "content_html": "<p>a <a href='x'>b</a></p><script>x</script>",
  "date_published": "2021-10-20T08:30:00+02:00", "date_modified": "2021-10-21T00:00:00Z", "tags": ["MS", 3], "language": "de",
  "authors": [{"name": "Jane jane@x.example"}], "attachments": [{"url": "a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 3}, "x"]},
 {"id": 2, "external_url": "https://j.example/2", "content_text": "one\\n\\ntwo <b> \\ud800", "date_published": "never"},
 {"id": "https://j.example/3", "summary": "only", "date_modified": "2021-10-20", "author": {"name": "Old Style"}},
 "nonsense", {"id": true}]}"""


def test_json_feed() -> None:
    """JSON Feed 1.0 and 1.1 give the same kind of entry."""
    one, two, three = _visit(JSON.encode(), "application/feed+json").entries

    assert (one.key, one.title, one.kind) == ("https://j.example/?p=1", "5 < 6 & bold", "recording")
    assert one.html == '<p>a <a href="https://j.example/x" rel="noopener">b</a></p>'
    assert (one.published, one.updated) == (
        datetime(2021, 10, 20, 6, 30, tzinfo=UTC),
        datetime(2021, 10, 21, tzinfo=UTC),
    )
    assert (one.authors, one.categories, one.language) == (("Jane",), ("MS",), "de")
    assert one.enclosures == (Enclosure("https://blog.example/feed/a.mp3", "audio/mpeg", 3),)
    assert (two.key, two.url, two.text, two.title) == ("2", "https://j.example/2", "one\n\ntwo <b>", "one")
    assert (two.published, two.authors, two.language) == (None, ("The Team",), "en")
    assert (three.url, three.text, three.authors) == ("https://j.example/3", "only", ("Old Style",))
    assert (three.published, three.precision) == (datetime(2021, 10, 20, tzinfo=UTC), "day")


def test_json_feed_with_too_many_entries() -> None:
    """The limit holds for JSON, too."""
    items = ",".join(f'{{"id": "{n}", "content_text": "x"}}' for n in range(1_500))
    collected = _visit(f'{{"version": "https://jsonfeed.org/version/1", "items": [{items}]}}'.encode())

    assert len(collected.entries) == 1_000
    assert "500 were left out" in collected.warnings[0]
