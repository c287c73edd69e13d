"""Feeds: three formats say the same, twice in the same bytes, whatever the entries are made of."""

from __future__ import annotations

import json
import locale
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import feedparser
import pytest
from lxml import etree

from msdigest.model.entry import Enclosure, Entry, Identifier
from msdigest.model.source import Source
from msdigest.render.feed import Channel, atom, json_feed, rss
from msdigest.render.shown import Shown

NS = {
    "a": "http://www.w3.org/2005/Atom",
    "dc": "http://purl.org/dc/elements/1.1/",
    "content": "http://purl.org/rss/1.0/modules/content/",
}
SEEN = datetime(2026, 11, 18, 9, 30, 15, 123456, tzinfo=UTC)
SOURCE = Source(id="fog-blog", kind="feed", url="https://fog.example/feed", name="Notes & Fog", evidence="commentary")
CHANNEL = Channel(
    title="MS Digest – everything",
    description="All entries",
    site_url="https://digest.example/",
    feed_url="https://digest.example/feeds/all.xml",
    updated=SEEN,
    hub="https://hub.example/",
)
EXTREME_TITLES = [
    "A & B < C > D",
    "<script>alert(1)</script>",
    "ends a CDATA section ]]> early",
    "&amp; already escaped &lt;b&gt;",
    "“Quotes” – and 日本語 العربية 🧠",
    "one\nline\r\nand\ttabs",
    "nul\x00 bell\x07 vertical\x0b next\x85 nonchar\ufffe",
    "half a surrogate \ud83e here",
    "x" * 5000,
]


def make(number: int = 1, **changes) -> Shown:
    entry = Entry(
        key=f"k{number}",
        source="fog-blog",
        title=f"Entry {number}",
        url=f"https://fog.example/posts/{number}?a=1&b=2",
        html=f"<p>Words of <em>entry</em> {number} &amp; more</p>",
        text=f"Words of entry {number} & more",
        authors=("Dr Owl", "A. Heron"),
        published=datetime(2026, 11, 10, 7, 0, tzinfo=UTC) + timedelta(hours=number),
        precision="minute",
        categories=("Fog",),
        enclosures=(
            Enclosure("https://fog.example/a.mp3", "audio/mpeg", 1234),
            Enclosure("https://fog.example/b.pdf", "application/pdf"),
        ),
        identifiers=(Identifier("doi", "10.1000/xyz(1)"),),
        coi="None & none",
        disclaimer="Not advice <here>",
        topics=("ocrelizumab",),
        evidence="commentary",
        language="en-GB",
        id=f"00000000-0000-4000-8000-{number:012d}",
        revision=2,
        first_seen=SEEN,
    )
    return Shown(
        entry=replace(entry, **changes),
        source=SOURCE,
        page=f"https://digest.example/entry/{entry.id}/",
        date="10 November 2026",
        changed=SEEN,
        topics=(("ocrelizumab", "Ocrelizumab"),),
    )


def _xml(body: bytes):
    return etree.fromstring(body)


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _read(body: bytes):
    return feedparser.parse(body, response_headers={"content-type": "application/xml; charset=utf-8"})


@pytest.mark.parametrize("write", [rss, atom])
def test_a_reader_finds_the_entries_again(write) -> None:
    """feedparser reads what we wrote without complaint and gives equal entries in the given order."""
    shown = [make(3), make(2), make(1)]

    feed = _read(write(CHANNEL, shown))

    assert not feed.bozo, feed.get("bozo_exception")
    assert feed.feed.title == CHANNEL.title
    assert feed.feed.link == CHANNEL.site_url
    assert feed.feed.language == "en"
    assert {(link.rel, link.href) for link in feed.feed.links} >= {
        ("self", CHANNEL.feed_url), ("hub", CHANNEL.hub),
    }  # fmt: skip
    assert [one.id for one in feed.entries] == [f"urn:uuid:{one.entry.id}" for one in shown]
    for read, one in zip(feed.entries, shown, strict=True):
        assert read.title == one.entry.title
        assert read.link == one.entry.url
        assert [author.name for author in read.authors] == list(one.entry.authors)
        assert datetime(*read.published_parsed[:6], tzinfo=UTC) == one.entry.published
        assert datetime(*read.updated_parsed[:6], tzinfo=UTC) == SEEN.replace(microsecond=0)
        assert one.entry.html in read.content[0].value
        assert {tag.label or tag.term for tag in read.tags} == {"post", "commentary", "Ocrelizumab", "Fog"}
        assert ("https://fog.example/a.mp3", "audio/mpeg", "1234") in {
            (file.href, file.type, file.get("length")) for file in read.enclosures
        }


def test_json_feed_says_everything() -> None:
    """JSON Feed 1.1 carries the entry and, under _msdigest, its provenance."""
    document = json.loads(json_feed(CHANNEL, [make()]))

    assert document["version"] == "https://jsonfeed.org/version/1.1"
    assert document["home_page_url"] == CHANNEL.site_url
    assert document["feed_url"] == CHANNEL.feed_url
    assert document["hubs"] == [{"type": "WebSub", "url": CHANNEL.hub}]
    (entry,) = document["items"]
    assert entry["id"] == "urn:uuid:00000000-0000-4000-8000-000000000001"
    assert entry["url"] == "https://fog.example/posts/1?a=1&b=2"
    assert entry["title"] == "Entry 1"
    assert entry["date_published"] == "2026-11-10T08:00:00Z"
    assert entry["date_modified"] == "2026-11-18T09:30:15Z"
    assert entry["authors"] == [{"name": "Dr Owl"}, {"name": "A. Heron"}]
    assert entry["tags"] == ["Ocrelizumab"]
    assert entry["language"] == "en-GB"
    assert entry["attachments"][0] == {
        "url": "https://fog.example/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 1234,
    }  # fmt: skip
    ours = entry["_msdigest"]
    assert ours["source"] == {"id": "fog-blog", "name": "Notes & Fog", "url": "https://fog.example/feed"}
    assert (ours["coi"], ours["disclaimer"]) == ("None & none", "Not advice <here>")
    assert (ours["evidence"], ours["precision"], ours["revision"]) == ("commentary", "minute", 2)
    assert ours["identifiers"] == [
        {"scheme": "doi", "value": "10.1000/xyz(1)", "url": "https://doi.org/10.1000/xyz(1)"}
    ]


@pytest.mark.parametrize("write", [rss, atom, json_feed])
def test_the_same_entries_give_the_same_bytes(write) -> None:
    """A second build is equal to the last byte; another entry changes it."""
    shown = [make(2), make(1)]
    first = write(CHANNEL, shown)

    assert write(CHANNEL, shown) == first
    assert write(CHANNEL, shown[:1]) != first


@pytest.mark.parametrize("write", [rss, atom, json_feed])
def test_no_entries(write) -> None:
    """An empty feed is a valid feed with the date it was handed."""
    body = write(CHANNEL, [])

    if write is json_feed:
        assert json.loads(body)["items"] == []
        assert json.loads(body)["_msdigest"]["updated"] == "2026-11-18T09:30:15Z"
        return
    feed = _read(body)
    assert not feed.bozo
    assert feed.entries == []
    assert datetime(*feed.feed.updated_parsed[:6], tzinfo=UTC) == SEEN.replace(microsecond=0)


def test_rss_gaps_are_mended() -> None:
    """RSS keeps self and hub, its own link is the site's, and the entry's facts are all there."""
    channel = _xml(rss(CHANNEL, [make()])).find("channel")

    assert channel.findtext("link") == CHANNEL.site_url
    assert channel.findtext("lastBuildDate") == "Wed, 18 Nov 2026 09:30:15 +0000"
    assert [(one.get("rel"), one.get("href"), one.get("type")) for one in channel.findall("a:link", NS)] == [
        ("self", CHANNEL.feed_url, "application/rss+xml"),
        ("hub", CHANNEL.hub, None),
    ]
    entry = channel.find("item")
    assert [one.text for one in entry.findall("dc:creator", NS)] == ["Dr Owl", "A. Heron"]
    assert entry.find("guid").get("isPermaLink") == "false"
    assert entry.findtext("pubDate") == "Tue, 10 Nov 2026 08:00:00 +0000"
    assert entry.findtext("description") == "Words of entry 1 &amp; more", "a description is HTML"
    assert "<em>entry</em>" in entry.findtext("content:encoded", namespaces=NS)
    assert dict(entry.find("enclosure").attrib) == {
        "url": "https://fog.example/a.mp3", "length": "1234", "type": "audio/mpeg",
    }  # fmt: skip
    assert (entry.find("source").get("url"), entry.findtext("source")) == (SOURCE.url, "Notes & Fog")


def test_atom_gaps_are_mended() -> None:
    """Atom entry links keep rel, type, length and title; the content is html; nothing is an unnamed author."""
    entry = _xml(atom(CHANNEL, [make()])).find("a:entry", NS)

    assert [dict(link.attrib) for link in entry.findall("a:link", NS)] == [
        {"href": "https://fog.example/posts/1?a=1&b=2", "rel": "alternate", "type": "text/html"},
        {"href": make().page, "rel": "related", "type": "text/html", "title": "How we got this"},
        {"href": SOURCE.url, "rel": "via", "title": "Notes & Fog"},
        {"href": "https://fog.example/b.pdf", "rel": "enclosure", "type": "application/pdf"},
        {"href": "https://fog.example/a.mp3", "rel": "enclosure", "type": "audio/mpeg", "length": "1234"},
    ]
    assert entry.find("a:content", NS).get("type") == "html"
    assert entry.findtext("a:published", namespaces=NS) == "2026-11-10T08:00:00+00:00"
    assert entry.get("{http://www.w3.org/XML/1998/namespace}lang") == "en-GB"
    nameless = _xml(atom(CHANNEL, [make(authors=())])).find("a:entry", NS)
    assert nameless.findtext("a:author/a:name", namespaces=NS) == "Notes & Fog"


@pytest.mark.parametrize("write", [rss, atom, json_feed])
def test_disclosures_stand_in_the_content(write) -> None:
    """COI and disclaimer are readable in every format, in the source's words, as text and never as markup."""
    body = write(CHANNEL, [make()])

    content = (
        json.loads(body)["items"][0]["content_html"]
        if write is json_feed
        else _xml(body).findtext(".//content:encoded" if write is rss else ".//a:content", namespaces=NS)
    )
    assert "None &amp; none" in content
    assert "Not advice &lt;here&gt;" in content
    assert "Notes &amp; Fog" in content
    assert "Opinion" in content


@pytest.mark.parametrize("title", EXTREME_TITLES)
def test_any_title_survives(title: str) -> None:
    """Whatever stands in a title or text, all three formats are well-formed and give it back less its control marks."""
    said = _squeezed("".join(c for c in title if c.isspace() or (c.isprintable() and c != "\ufffe")))
    shown = [make(title=title, text=title, html=f"<p>{title}</p>", authors=(title[:60],), coi=title)]

    tree = _xml(rss(CHANNEL, shown))
    parsed = _read(atom(CHANNEL, shown))

    assert _squeezed(tree.findtext("channel/item/title")) == said
    assert not parsed.bozo
    assert _squeezed(_xml(atom(CHANNEL, shown)).findtext("a:entry/a:title", namespaces=NS)) == said
    assert _squeezed(json.loads(json_feed(CHANNEL, shown))["items"][0]["title"]) == said


def test_a_title_of_nothing_printable_gives_way_to_the_address() -> None:
    """An entry is never without a title."""
    body = rss(CHANNEL, [make(title="\x00 \x01")])

    assert _xml(body).findtext("channel/item/title") == "https://fog.example/posts/1?a=1&b=2"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "", "ftp://fog.example/x", "http://[::1"])
def test_only_web_addresses_become_links(url: str) -> None:
    """An address that is none of the web is replaced by our own page; such a file is not offered at all."""
    shown = [make(url=url, enclosures=(Enclosure(url, "audio/mpeg"),))]

    for write in (rss, atom):
        (read,) = _read(write(CHANNEL, shown)).entries
        assert read.link == make().page
        assert not read.get("enclosures")


def test_a_password_in_an_address_is_not_published() -> None:
    """An operator's credentials for a source stay out of the feeds."""
    secret = replace(SOURCE, url="https://reader:hunter2@fog.example/feed")

    for write in (rss, atom, json_feed):
        body = write(CHANNEL, [replace(make(), source=secret)])
        assert b"hunter2" not in body
        assert b"https://fog.example/feed" in body


def test_a_licence_for_excerpts_is_kept() -> None:
    """Of a source that allows an excerpt no format carries the whole text."""
    words = " ".join(f"word{n}" for n in range(300))
    shown = [replace(make(html=f"<p>{words}</p>", text=words), source=replace(SOURCE, licence="link-and-excerpt"))]

    for write in (rss, atom, json_feed):
        body = write(CHANNEL, shown).decode()
        assert "word79" in body
        assert "word80" not in body
        assert "Read the whole text at" in body


def test_a_date_that_nobody_told_is_not_made_up() -> None:
    """An entry without a date of its own has no publication date in any format."""
    shown = [make(published=None, precision=None)]

    assert _xml(rss(CHANNEL, shown)).find("channel/item/pubDate") is None
    assert _xml(atom(CHANNEL, shown)).find("a:entry/a:published", NS) is None
    assert "date_published" not in json.loads(json_feed(CHANNEL, shown))["items"][0]


@pytest.mark.parametrize("write", [rss, atom, json_feed])
@pytest.mark.parametrize("where", ["channel", "changed", "published"])
def test_naive_dates_are_refused(write, where: str) -> None:
    """A date without a time zone is an error, never a guess."""
    naive = datetime(2026, 11, 1)  # noqa: DTZ001  # that is the point
    channel = replace(CHANNEL, updated=naive) if where == "channel" else CHANNEL
    shown = make(published=naive) if where == "published" else make()
    shown = replace(shown, changed=naive) if where == "changed" else shown

    with pytest.raises(ValueError, match="has no time zone"):
        write(channel, [shown])


@pytest.mark.parametrize("write", [rss, atom, json_feed])
def test_an_entry_that_was_not_kept_is_refused(write) -> None:
    """Without the id given at first sight an entry has no stable name to publish."""
    with pytest.raises(ValueError, match="hexadecimal"):
        write(CHANNEL, [make(id="")])


def test_dates_are_told_in_utc() -> None:
    """An instant in another zone is the same instant in UTC, without fractions of seconds."""
    east = datetime(2026, 11, 10, 9, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))

    assert b"2026-11-10T07:00:00+00:00" in atom(CHANNEL, [make(published=east)])


def test_threads_do_not_disturb_each_other() -> None:
    """Eight threads build the same feed at once: equal bytes, and the process's locale is as before."""
    before, wanted = locale.setlocale(locale.LC_ALL), rss(CHANNEL, [make(2), make(1)])

    with ThreadPoolExecutor(8) as pool:
        built = list(pool.map(lambda _: rss(CHANNEL, [make(2), make(1)]), range(40)))

    assert set(built) == {wanted}
    assert locale.setlocale(locale.LC_ALL) == before
