"""Documents that no parser likes: they end soon, and what is whole in them arrives."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.collect.feed.visiting import rss_document
from tests.markup.bombs import BOMBS

from msdigest.sandbox.parent import Limits
from msdigest.sandbox.workers import Workers

ENTRY = "<item><title>Good news</title><guid>good</guid><description>A trial is recruiting.</description></item>"
CDATA = "<item><title>T</title><guid>1</guid><description><![CDATA[{}]]></description></item>"


def declared(subset: str, text: str = "&a;") -> bytes:
    """Return a feed whose DOCTYPE declares ``subset`` and whose first entry says ``text``."""
    head, _, rest = rss_document(
        f"<item><title>T</title><guid>1</guid><description>{text}</description></item>{ENTRY}"
    ).partition(b"?>")  # fmt: skip
    return head + b"?><!DOCTYPE rss [" + subset.encode() + b"]>" + rest


# 1


LAUGHS = {
    "billion laughs": declared(
        '<!ENTITY a0 "lol">' + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(10)), "&a10;"
    ),
    "quadratic": declared(f'<!ENTITY a "{"lol" * 20_000}">', "&a;" * 60_000),
    "recursive": declared('<!ENTITY a "&b; lol"><!ENTITY b "&a; lol">'),
    "parameters": declared("<!ENTITY % a \"<!ENTITY b 'lol'>\"> %a; %a;", "&b;"),
    "many": declared("".join(f"<!ENTITY a{n} 'lol'>" for n in range(30_000)), "&a7;"),
}


@pytest.mark.parametrize("body", LAUGHS.values(), ids=LAUGHS)
def test_entities_are_not_expanded(desk, body) -> None:
    """1: whatever a document declares, its entries arrive without it, and the editor is told."""
    report = desk.visit(body)

    assert (report.status, report.new) == ("ok", 2)
    assert "declares entities of its own" in report.warnings[0]
    assert desk.titles() == ["T", "Good news"] or desk.titles() == ["Good news", "T"]
    assert not any("lol" in entry.text for entry in desk.entries())


# 2


@pytest.mark.parametrize("how", ["file", "http", "parameter", "doctype", "stylesheet", "xinclude", "schema"])
def test_nothing_outside_is_read(desk, serve, tmp_path, how) -> None:
    """2: neither files nor other servers are asked, and nothing of them is shown."""
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret words")
    elsewhere = serve(lambda connection, server: server.head(connection))
    file, web = secret.as_uri(), f"{elsewhere.url}/dtd"
    body = {
        "file": declared(f'<!ENTITY a SYSTEM "{file}">'),
        "http": declared(f'<!ENTITY a SYSTEM "{web}">'),
        "parameter": declared(f'<!ENTITY % a SYSTEM "{web}"> %a;', "words"),
        "doctype": declared("").replace(b"rss [", f'rss SYSTEM "{web}" ['.encode()),
        "stylesheet": rss_document(ENTRY).replace(b"?>", f'?><?xml-stylesheet href="{web}"?>'.encode(), 1),
        "xinclude": rss_document(f'{ENTRY}<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{file}" parse="text"/>'),
        "schema": rss_document(ENTRY).replace(b"<channel>", f'<channel xsi:schemaLocation="a {web}">'.encode()),
    }[how]  # fmt: skip

    desk.visit(body)

    assert "Good news" in desk.titles()
    assert "secret" not in repr(desk.entries())
    assert elsewhere.accepted == 0


# 3, 4, 5


MARKUP = {
    "3: attributes of an entry": "<item " + " ".join(f"a{n}='1'" for n in range(200_000)) + "><title>T</title><guid>1</guid></item>",
    "3: attributes of its content": CDATA.format(BOMBS["attributes"]),
    "3: namespaces": "<item " + " ".join(f"xmlns:a{n}='u{n}'" for n in range(50_000)) + "><title>T</title><guid>1</guid></item>",
    "4: nested elements": "<item><title>T</title><guid>1</guid><description>" + "<div>" * 200_000 + "</div>" * 200_000 + "</description></item>",
    "4: nested for ever": "<item><title>T</title><guid>1</guid><description>" + "<div>" * 200_000 + "</description></item>",
    "4: nested content": CDATA.format(BOMBS["nested elements"]),
    "4: nested and closed content": CDATA.format(BOMBS["nested and closed"]),
    "4: nested entries": "<item><title>T</title><guid>1</guid>" * 20_000 + "</item>" * 20_000,
    "4: nested title": "<item><title>" + "<b>" * 100_000 + "T</title><guid>1</guid></item>",
    "5: comments": CDATA.format(BOMBS["comments"]),
    "5: open tags": CDATA.format(BOMBS["open tags"]),
    "5: comments outside": "<!--" * 60_000,
    "5: open tags outside": "<item><title>T</title><guid>1</guid><description>" + "<a " * 60_000 + "</description></item>",
    **{f"5: {name}": CDATA.format(text) for name, text in BOMBS.items() if name not in {"attributes", "nested elements"}},
    "categories": "<item><title>T</title><guid>1</guid>" + "<category>c</category>" * 60_000 + "</item>",
    "authors": "<item><title>T</title><guid>1</guid>" + "<author>a@b.example (A)</author>" * 30_000 + "</item>",
    "enclosures": "<item><title>T</title><guid>1</guid>" + "<enclosure url='/a.mp3' type='audio/mpeg'/>" * 30_000 + "</item>",
    "links": "<item><title>T</title><guid>1</guid>" + "<link>/a</link>" * 60_000 + "</item>",
    "contents": "<item><title>T</title><guid>1</guid>" + "<content:encoded>words</content:encoded>" * 30_000 + "</item>",
    "a long title": f"<item><title>{'T ' * 1_000_000}</title><guid>1</guid></item>",
    "a long guid": f"<item><title>T</title><guid>{'1' * 2_000_000}</guid></item>",
    "a long date": f"<item><title>T</title><guid>1</guid><pubDate>{'1 ' * 500_000}</pubDate></item>",
}  # fmt: skip


@pytest.mark.parametrize("item", MARKUP.values(), ids=MARKUP)
def test_markup_without_end(desk, item) -> None:
    """3, 4, 5: such an entry is kept, emptied or cut; the other one arrives as if nothing had been."""
    report = desk.visit(rss_document(ENTRY + item))

    assert report.status == "ok"
    (good,) = [entry for entry in desk.entries() if entry.title == "Good news"]
    assert good.text == "A trial is recruiting."
    assert {entry.title[:1] for entry in desk.entries()} <= {"G", "T"}
    assert all(len(entry.title) <= 5_000 and len(entry.key) <= 300 for entry in desk.entries())


# 6


FLOODS = {
    "RSS": rss_document("".join(f"<item><title>T {n}</title></item>" for n in range(200_000))),
    "Atom": b"<feed xmlns='http://www.w3.org/2005/Atom'>" + b"".join(b"<entry><id>%d</id><title>T %d</title></entry>" % (n, n) for n in range(150_000)) + b"</feed>",
    "RDF": b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'><channel/>" + b"".join(b"<item rdf:about='%d'><title>T %d</title></item>" % (n, n) for n in range(150_000)) + b"</rdf:RDF>",
    "JSON Feed": json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [{"id": str(n), "title": f"T {n}"} for n in range(200_000)]}).encode(),
}  # fmt: skip


@pytest.mark.parametrize("body", FLOODS.values(), ids=FLOODS)
def test_entries_without_end(desk, body) -> None:
    """6: the first thousand, the newest of a feed, are kept, and the editor is told."""
    report = desk.visit(body)

    assert (report.status, report.new) == ("ok", 1_000)
    assert "truncated to its first 1000 entries" in report.warnings[0]
    assert set(desk.titles()) == {f"T {n}" for n in range(1_000)}


JSON = {
    "deep": '{"version": "https://jsonfeed.org/version/1.1", "items": ' + "[" * 200_000,
    "deep and closed": '{"version": "https://jsonfeed.org/version/1.1", "items": ' + "[" * 90_000 + "]" * 90_000 + "}",
    "deep objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "a number without end": '{"version": ' + "9" * 1_000_000 + "}",
    "wrong types": json.dumps({"version": "https://jsonfeed.org/version/1", "items": [None, 7, [], "x", {"id": {}, "title": [], "url": {}, "tags": "x", "authors": 3, "attachments": [None]}]}),
    "no list": '{"version": "https://jsonfeed.org/version/1", "items": {"id": 1}}',
    "many of everything": json.dumps({"version": "https://jsonfeed.org/version/1", "items": [{"id": "1", "title": "T", "tags": ["t"] * 200_000, "authors": [{"name": "A"}] * 50_000}]}),
}  # fmt: skip


@pytest.mark.parametrize("body", JSON.values(), ids=JSON)
def test_json_that_means_no_good(desk, body) -> None:
    """3, 4: a document that cannot be read is said to be none, and what can be read is kept."""
    report = desk.visit(body, content_type="application/feed+json")

    assert report.status == "ok" or "JSON" in report.error
    assert set(desk.titles()) <= {"T"}


def test_a_document_that_exceeds_the_limits(desk) -> None:
    """3-6: whatever was not foreseen ends with a sentence that says what to do, and the next visit is well."""
    desk.source = replace(desk.source, kind="livingpage", options={"content": "p", "stamp": "(?P<date>(x+x+)+y)"})
    with Workers(limits=Limits(seconds=0.5)) as desk.app.__dict__["sandbox"]:
        report = desk.visit("<p>" + "x" * 60 + "</p>")
        well = desk.visit("<p>A trial is recruiting.</p>")

    assert report.status == "failed"
    assert "Reading the answer took more than 0.5 seconds of computing, so it was given up" in report.error
    assert (well.status, well.new) == ("ok", 1)
