"""Words that were badly encoded, escaped or dated: they arrive readable, and what we publish is well-formed."""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.collect.feed.visiting import rss_document
from tests.hostile.desk import DAY, START

WORDS = "MS – “é” 5 µm"


def declared(encoding: str, text: str = WORDS) -> str:
    label = f' encoding="{encoding}"' if encoding else ""
    return f'<?xml version="1.0"{label}?><rss version="2.0"><channel><item><title>{text}</title><guid>1</guid></item></channel></rss>'


# 15


ENCODINGS = {
    "labelled utf-8, is windows-1252": ("utf-8", "windows-1252", "application/rss+xml; charset=utf-8"),
    "labelled windows-1252, is utf-8": ("windows-1252", "utf-8", "application/rss+xml; charset=windows-1252"),
    "labelled iso-8859-1, is windows-1252": ("iso-8859-1", "windows-1252", "text/xml"),
    "labelled iso-8859-1, is utf-8": ("iso-8859-1", "utf-8", "text/xml; charset=iso-8859-1"),
    "not labelled, is windows-1252": ("", "windows-1252", ""),
    "utf-16 with its mark": ("utf-16", "utf-16", ""),
    "utf-16 little without a mark": ("utf-16", "utf-16-le", "application/xml"),
    "utf-16 big without a mark": ("utf-16", "utf-16-be", "application/xml"),
    "utf-16, labelled utf-8": ("utf-8", "utf-16", "application/rss+xml"),
    "utf-16, labelled utf-8 by the server": ("utf-16", "utf-16", "application/rss+xml; charset=utf-8"),
    "utf-8 with a mark, labelled utf-16": ("utf-16", "utf-8-sig", ""),
    "a label that nobody knows": ("klingon", "utf-8", "text/xml; charset=klingon"),
}


@pytest.mark.parametrize(("label", "encoding", "content_type"), ENCODINGS.values(), ids=ENCODINGS)
def test_encodings(desk, label, encoding, content_type) -> None:
    """15: the text is readable wherever there is a legal reading."""
    report = desk.visit(declared(label).encode(encoding), **({"content_type": content_type} if content_type else {}))

    assert report.status == "ok"
    assert desk.titles() == [WORDS]


@pytest.mark.parametrize(
    ("label", "encoding", "text"),
    [("gb2312", "gb18030", "多发性硬化 镕"), ("gb2312", "gb2312", "多发性硬化"), ("shift_jis", "cp932", "多発性硬化症 ①"), ("euc-kr", "cp949", "다발성 경화증 똠"), ("big5", "big5", "多發性硬化症"), ("koi8-r", "koi8-r", "рассеянный склероз"), ("iso-8859-8", "iso-8859-8", "טרשת נפוצה")],
)  # fmt: skip
def test_encodings_of_the_world(desk, label, encoding, text) -> None:
    """15: a label is read as what it usually stands for."""
    desk.visit(declared(label, text).encode(encoding), content_type="text/xml")

    assert desk.titles() == [text]


# 16, 17, 18


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ("A\0B", "AB"),
        ("A\x0bB\x1b", "AB"),
        ("A&#0;B&#11;C", "ABC"),
        ("A&#55555;B&#xFFFE;", "AB"),
        ("A&#99999999999999999999;B", "AB"),
        ("A&nbsp;B &eacute;", "A B é"),
        ("A &bogus; B", "A &bogus; B"),
        ("A & B&C", "A & B&C"),
        ("A ]]> B", "A ]]> B"),
        ("A \u202e evil \ufeff B", "A evil B"),
        ("A &#x202e; B", "A B"),
        ("<![CDATA[A ]]]]><![CDATA[> B]]>", "A ]]> B"),
        ("A\nB\t C", "A B C"),
    ],
)
def test_characters_that_may_not_stand(desk, told, title) -> None:
    """16: the text is kept, what may not stand is dropped, and what we publish is well-formed."""
    body = told.replace("<![CDATA[", "").replace("]]>", "] ]>") if "CDATA" not in told else "x"
    desk.visit(
        rss_document(
            f"<item><title>{told}</title><guid>{told}</guid><author>{told}</author><category>{told}</category>"
            f"<link>https://blog.example/?a={told}</link><description><![CDATA[<p>{body}</p>]]></description></item>"
        )
    )

    assert desk.titles() == [title]
    published = desk.published()
    assert json.loads(published["feeds/all.json"])["items"][0]["title"] == title
    assert f"<title>{html.escape(title, quote=False)}</title>" in published["feeds/all.atom"]


@pytest.mark.parametrize(
    "document",
    [
        '<rss version="2.0"><channel><item><title>T</title><foo:bar>x</foo:bar><content:encoded>Words</content:encoded></item></channel></rss>',
        "<feed><entry><title>T</title><id>1</id><content>Words</content></entry></feed>",
        '<feed xmlns="http://www.w3.org/2005/ATOM "><entry><title>T</title><id>1</id><content>Words</content></entry></feed>',
        '<feed xmlns="http://purl.org/atom/ns#"><entry><title>T</title><id>1</id><content>Words</content></entry></feed>',
        '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry><a:title>T</a:title><a:content>Words</a:content></a:entry></a:feed>',
        '<rss version="2.0" xmlns="http://backend.userland.com/rss2"><channel><item><title>T</title><description>Words</description></item></channel></rss>',
        '<RDF xmlns="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><item xmlns="http://my.netscape.com/rdf/simple/0.9/"><title>T</title><description>Words</description></item></RDF>',
        "<rss><channel><title>c</title></channel><item><title>T</title><description>Words</description></item></rss>",
    ],
    ids=["undeclared", "Atom without", "Atom with a wrong one", "Atom 0.3", "prefixed", "RSS with one", "RDF", "no channel around"],
)  # fmt: skip
def test_names_of_names(desk, document) -> None:
    """17: entries are found by their local names."""
    desk.visit(document)

    assert desk.titles() == ["T"]
    assert desk.entry().text == "Words"


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ("Repair &amp;amp; MS", "Repair & MS"),
        ("Repair &amp; MS", "Repair & MS"),
        ("&lt;b&gt;Repair&lt;/b&gt; &amp;lt;b&amp;gt;", "Repair"),
        ("<![CDATA[<em>Repair</em> &amp; MS]]>", "Repair & MS"),
        ("<![CDATA[Repair &#8217;s]]>", "Repair ’s"),
        ("p &lt; 0.05 &amp;lt; 1", "p < 0.05 < 1"),
        ("<b>Repair</b>", "Repair"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;Repair", "alert(1)Repair"),
        ("&lt;img src=x onerror=alert(1)&gt;Repair", "Repair"),
        ("Repair\r\nBcc: everybody@example.org", "Repair Bcc: everybody@example.org"),
    ],
)
def test_titles_that_are_escaped_too_often(desk, told, title) -> None:
    """18: a title is one line of plain text, here, in our feeds, and where an issue shows it."""
    dated = START - timedelta(hours=5)
    desk.visit(
        rss_document(
            f"<item><title>{told}</title><guid>1</guid><pubDate>{dated:%a, %d %b %Y %H:%M:%S GMT}</pubDate></item>"
        )
    )

    assert desk.titles() == [title]
    published = desk.published()
    assert json.loads(published["feeds/all.json"])["items"][0]["title"] == title
    assert f"<title>{html.escape(title, quote=False)}</title>" in published["feeds/all.atom"]
    issue = desk.app.compose(desk.app.settings.digests[0])
    assert not {"<", "\n", "\r"} & set(issue.subject.replace("p < 0.05 < 1", ""))


# 21


DATES = {
    "none": (None, None),
    "empty": ("", None),
    "year 1": ("Mon, 01 Jan 0001 00:00:00 +0000", None),
    "the beginning": ("Thu, 01 Jan 1970 00:00:00 +0000", None),
    "far ahead": ("Thu, 01 Jan 2099 10:00:00 GMT", None),
    "beyond all calendars": ("Thu, 01 Jan 99999 10:00:00 GMT", None),
    "no day": ("Mon, 32 Foo", None),
    "no such day": ("Tue, 31 Feb 2026 10:00:00 GMT", None),
    "words": ("yesterday", None),
    "two digits": ("Thu, 19 Nov 26 10:00:00 GMT", datetime(2026, 11, 19, 10, tzinfo=UTC)),
    "a zone that everybody knows": ("Thu, 19 Nov 2026 10:00:00 EST", datetime(2026, 11, 19, 15, tzinfo=UTC)),
    "a zone that only some know": ("Thu, 19 Nov 2026 23:30:00 CEST", datetime(2026, 11, 19, tzinfo=UTC)),
    "no zone": ("2026-11-19T10:00:00", datetime(2026, 11, 19, tzinfo=UTC)),
    "a wrong weekday": ("Mon, 19 Nov 2026 10:00:00 GMT", datetime(2026, 11, 19, 10, tzinfo=UTC)),
    "hour 24": ("2026-11-19T24:00:00Z", datetime(2026, 11, 20, tzinfo=UTC)),
    "NUL": ("Thu, 19 Nov 2026\0 10:00:00 GMT", datetime(2026, 11, 19, 10, tzinfo=UTC)),
}


@pytest.mark.parametrize(("told", "published"), DATES.values(), ids=DATES)
def test_dates(desk, told, published) -> None:
    """21: a date that is none, or lies ahead, is not believed; when it was first seen counts then."""
    date = f"<pubDate>{told}</pubDate>" if told is not None else ""
    honest = "<item><title>Honest</title><guid>2</guid><pubDate>Fri, 20 Nov 2026 11:00:00 GMT</pubDate></item>"
    desk.visit(rss_document(f"<item><title>T</title><guid>1</guid>{date}</item>{honest}"))

    (entry,) = [entry for entry in desk.entries() if entry.title == "T"]
    assert entry.published == published
    assert entry.first_seen == START
    # It does not stand first for ever: what comes later stands before it.
    later = "<item><title>Later</title><guid>3</guid><pubDate>Sun, 22 Nov 2026 10:00:00 GMT</pubDate></item>"
    desk.visit(rss_document(f"<item><title>T</title><guid>1</guid>{date}</item>{honest}{later}"), after=3 * DAY)
    assert desk.titles()[0] == "Later"
    desk.published()


# 22


LINKS = {
    "relative": ('<a href="../other/">x</a>', '<a href="https://blog.example/2026/other/"'),
    "from the root": ('<a href="/other">x</a>', '<a href="https://blog.example/other"'),
    "without a scheme": ('<a href="//cdn.example/a">x</a>', '<a href="https://cdn.example/a"'),
    "a fragment": ('<a href="#part">x</a>', '<a href="https://blog.example/2026/post/#part"'),
    "script": ('<a href="javascript:alert(1)">x</a>', "x"),
    "script, hidden": ('<a href=" java\nscript:alert(1)">x</a>', "x"),
    "script, escaped": ('<a href="&#106;avascript:alert(1)">x</a>', "x"),
    "data": ('<a href="data:text/html,x">x</a>', "x"),
    "a file": ('<a href="file:///etc/passwd">x</a>', "x"),
    "an event": ('<a href="/a" onclick="alert(1)">x</a>', '<a href="https://blog.example/a" rel="noopener">x</a>'),
    "a style": ('<p style="background:url(//evil.example/p)">x</p>', "<p>x</p>"),
    "a pixel": ('x<img src="//evil.example/p.gif" width="1" height="1">', "x"),
    "a picture": ('x<img src="p.jpg" srcset="a.jpg 2x" onerror="alert(1)">', "x"),
    "a frame": ('x<iframe src="//evil.example/"></iframe>', "x"),
    "a form": ('<form action="//evil.example/">x<input name="a"></form>', "x"),
    "a base": ('<base href="//evil.example/"><a href="a">x</a>', '<a href="https://blog.example/2026/post/a"'),
}


@pytest.mark.parametrize(("told", "shown"), LINKS.values(), ids=LINKS)
@pytest.mark.parametrize("form", ["rss", "atom", "json"])
def test_links(desk, form, told, shown) -> None:
    """22: links are absolute, lead to pages only, and nothing is fetched or run by looking at an entry."""
    link = "https://blog.example/2026/post/"
    desk.visit(
        {
            "rss": rss_document(f"<item><title>T</title><link>{link}</link><description><![CDATA[{told}]]></description></item>"),
            "atom": (
                f'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://wrong.example/"><entry><title>T</title><id>1</id>'
                f'<link href="{link}"/><content type="html" xml:base="{link}">{html.escape(told)}</content></entry></feed>'
            ),
            "json": json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "url": link, "title": "T", "content_html": told}]}),
        }[form]
    )  # fmt: skip

    entry = desk.entry()
    assert shown in entry.html
    assert not [word for word in ("evil", "javascript", "onclick", "<img", "<form", "style=") if word in entry.html]
    assert "evil.example" not in "".join(desk.published().values())
