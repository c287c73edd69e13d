"""What a document tells becomes entries that keep their keys."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.collect.feed.visiting import SOURCE, URL, OneAnswer, entries_of, entry_of, rss_document

from msdigest.collect.feed.collecting import collect
from msdigest.model.entry import Enclosure, Identifier
from msdigest.ports import Memory
from msdigest.sandbox.fake import InProcess


def test_keys() -> None:
    """Guid, else canonical link, else title and day; equal ones are told apart by link, then by title."""
    link = "<link>https://www.blog.example/a/?utm_medium=rss#top</link>"
    entries = entries_of(
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

    assert entries_of(before)[0].key == entries_of(after)[0].key


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
    entry = entry_of(f"<title>t</title>{told}")

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
    assert entry_of(item).title == title


def test_enclosures() -> None:
    """A sound file makes a recording; lengths that are none are none."""
    entry = entry_of(
        '<title>t</title><enclosure url="/a.mp3" length="28311552" type="audio/mpeg"/>'
        '<enclosure url="https://x.example/b.pdf" length="unknown"/><enclosure url="javascript:x" type="audio/mpeg"/>'
    )

    assert entry.kind == "recording"
    assert entry.enclosures == (
        Enclosure("https://blog.example/a.mp3", "audio/mpeg", 28311552),
        Enclosure("https://x.example/b.pdf", "application/pdf", None),
    )


@pytest.mark.parametrize(
    ("item", "duration"),
    [
        ("<itunes:duration>58:58</itunes:duration>", 3538),
        ("<itunes:duration>1:02:03</itunes:duration>", 3723),
        ("<itunes:duration>3538</itunes:duration>", 3538),
        ("<itunes:duration>an hour</itunes:duration>", None),
        ('<media:content url="https://blog.example/a.mp3" duration="60"/>', 60),
        ('<media:content url="https://blog.example/a.mp3" duration="60"/><itunes:duration>61</itunes:duration>', 60),
        ('<media:content url="https://blog.example/other.mp3" duration="60"/>', None),
        ('<enclosure url="https://blog.example/b.mp3" type="audio/mpeg"/><itunes:duration>60</itunes:duration>', None),
        ('<enclosure url="https://blog.example/b.pdf" type="application/pdf"/><itunes:duration>60</itunes:duration>', 60),
        ("", None),
    ],
)  # fmt: skip
def test_durations(item: str, duration: int | None) -> None:
    """A duration is told of the only sound, or of a file by its address; never of another."""
    sound = '<enclosure url="https://blog.example/a.mp3" length="28311552" type="audio/mpeg"/>'
    entry = entry_of(f"<title>t</title>{sound}{item}")

    assert entry.enclosures[0] == Enclosure("https://blog.example/a.mp3", "audio/mpeg", 28311552, duration)


def test_players_in_the_text() -> None:
    """A player in the text makes a recording, too, and is one with the file that is told beside the text."""
    html = (
        '<content:encoded><![CDATA[<p>Talk</p><figure><audio src="/a.mp3"></audio>'
        "<figcaption>Recording (58:58)</figcaption></figure>]]></content:encoded>"
    )
    link = "<link>https://blog.example/2020/talk/</link>"
    alone = entry_of(f"<title>t</title>{link}{html}")
    told = entry_of(f'<title>t</title>{link}{html}<enclosure url="http://blog.example/a.mp3" length="5" type=""/>')

    assert (alone.kind, told.kind) == ("recording", "recording")
    assert alone.enclosures == (Enclosure("https://blog.example/a.mp3", "audio/mpeg", None, 3538),)
    assert told.enclosures == (Enclosure("http://blog.example/a.mp3", "audio/mpeg", 5, 3538),)


@pytest.mark.parametrize("file", ["", '<enclosure url="/a.mp3" type="audio/mpeg"/>'])
def test_the_kind_that_the_operator_chose(file: str) -> None:
    """What a source's entries are is the operator's word, whatever files they have."""
    http = OneAnswer(rss_document(f"<item><title>t</title>{file}</item>"))
    (entry,) = collect(replace(SOURCE, entry_kind="safety"), Memory(), http, InProcess()).entries

    assert entry.kind == "safety"


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
    assert list(entry_of(f"<title>t</title>{item}").same_as) == [Identifier(*name) for name in names]


def test_links() -> None:
    """Hostile addresses are dropped, relative ones made whole; an entry without any leads to its feed."""
    html = "&lt;a href='javascript:x'&gt;j&lt;/a&gt; &lt;a href='//y.example/'&gt;y&lt;/a&gt;"

    assert entry_of("<title>t</title><link>javascript:x</link>").url == URL
    bare = entry_of("<title>t</title><guid>12</guid>")
    assert (bare.key, bare.url) == ("12", URL)
    assert entry_of("<title>t</title><guid>https://x.example/p</guid>").url == "https://x.example/p"
    assert entry_of(f"<title>t</title><description>{html}</description>").html == (
        'j <a href="https://y.example/" rel="noopener">y</a>'
    )


def test_empty_entries_are_left_out() -> None:
    """An entry that says nothing and leads nowhere is none."""
    assert entries_of("<item></item><item><guid>1</guid></item>") == ()
