"""Pages: everything said, nothing executed, nothing loaded, nobody watched, and readable for everybody."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import lxml.html
import pytest

from msdigest.model.details import Event, LocalTime, Speaker
from msdigest.model.entry import Change, Enclosure, Entry, Identifier, Revision
from msdigest.model.source import Source
from msdigest.render.look import DARK, LIGHT, LOOKS, Colours
from msdigest.render.shown import Shown
from msdigest.render.site import (
    FeedGroup,
    Feeds,
    IssueHead,
    Sighting,
    Site,
    entry_page,
    index_page,
    issue_page,
    issue_path,
)  # fmt: skip
from msdigest.render.template import Templates, stock_templates
from msdigest.words import date_words

SEEN = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
SOURCE = Source(id="fog-blog", kind="feed", url="https://fog.example/feed", name="Notes & Fog")
SITE = Site(
    title="MS <Digest>",
    url="https://digest.example/",
    dates=partial(date_words, language="en"),
    description="What is new",
    contact="editors@digest.example",
)
ISSUE = IssueHead(digest="Weekly & more", number=42, subject="Larger <dose>", path="issue/weekly/42/", at=SEEN)
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)> & \x00\u202e'
CSS = (stock_templates() / "style" / "site.css").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def templates() -> Templates:
    return Templates([stock_templates()])


def _entry(number: int = 1, **changes) -> Entry:
    facts = {
        "key": f"k{number}", "source": "fog-blog", "title": f"Entry {number}", "url": f"https://fog.example/{number}",
        "html": "<p>The <em>larger</em> dose.</p>", "text": "The larger dose. It was no better. Nor safer.",
        "authors": ("Dr Owl",), "published": datetime(2026, 11, 1, tzinfo=UTC), "precision": "month",
        "section": ("Registries", "Europe"), "coi": "Paid for talks", "disclaimer": "Own views",
        "identifiers": (Identifier("doi", "10.1000/x"), Identifier("nct", "NCT01234567")),
        "enclosures": (Enclosure("https://fog.example/a.mp3", "audio/mpeg", 28311552),),
        "topics": ("ocrelizumab",), "evidence": "preprint", "kind": "work", "language": "en-GB",
        "id": str(UUID(int=number)), "revision": 1, "first_seen": SEEN,
    }  # fmt: skip
    return Entry(**(facts | changes))


def _shown(number: int = 1, **changes) -> Shown:
    entry = _entry(number, **changes)
    return Shown(
        entry=entry,
        source=SOURCE,
        page=f"https://digest.example/entry/{entry.id}/",
        date="November 2026",
        changed=SEEN,
        topics=(("ocrelizumab", "Ocrelizumab"),),
    )


def _revisions(*entries: Entry, change="edited", material=False) -> list[Revision]:
    return [
        Revision(
            number=number, seen=SEEN.replace(day=17 + number), change="new" if number == 1 else change,
            material=material and number > 1, entry=entry,
        )
        for number, entry in enumerate(entries, 1)
    ]  # fmt: skip


def _all_pages(templates: Templates, shown: Shown, site: Site = SITE) -> dict[str, str]:
    old = replace(shown.entry, text="The smaller dose. " + shown.entry.text, title="Old title")
    feeds = [FeedGroup(title="Topics", feeds=(Feeds(name=shown.title, path="feeds/topic/x"),))]
    return {
        "index": index_page(templates, site, entries=[shown], issues=[ISSUE], feeds=feeds, calendar=True).decode(),
        "entry": entry_page(
            templates, site, shown, revisions=_revisions(old, shown.entry),
            seen=[Sighting(source=shown.source_name, url=shown.entry.url, at=SEEN)],
        ).decode(),
        "issue": issue_page(templates, site, ISSUE, sections=[(shown.title, [shown])], changed={}).decode(),
    }  # fmt: skip


def _text(page: bytes | str) -> str:
    text = page.decode() if isinstance(page, bytes) else page
    return " ".join(lxml.html.document_fromstring(text).text_content().split())


@pytest.mark.parametrize("name", ["index", "entry", "issue"])
def test_pages_can_be_found_through(templates, name: str) -> None:
    """Each page has a language, a title, one main heading, landmarks, a way past the navigation, named parts."""
    page = _all_pages(templates, _shown())[name]
    document = lxml.html.document_fromstring(page)

    assert page.startswith("<!DOCTYPE html>")
    assert (document.get("lang"), document.get("dir")) == ("en", "ltr")
    assert document.findtext("head/title").strip()
    assert len(document.xpath("//h1")) == 1
    assert [len(document.xpath(f"//body//{one}")) for one in ("main", "nav", "footer")] == [1, 1, 1]
    assert document.xpath("//body/*[1]")[0].get("href") == "#main"
    assert document.get_element_by_id("main") is not None
    for part in document.xpath("//section"):
        assert document.get_element_by_id(part.get("aria-labelledby")).text_content().strip()
    levels = [int(one.tag[1]) for one in document.iter("h1", "h2", "h3", "h4")]
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels
    ids = document.xpath("//@id")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", ["index", "entry", "issue"])
def test_pages_load_and_run_nothing(templates, name: str) -> None:
    """One stylesheet of our own is all: a policy of default-src 'none'; style-src 'self' breaks nothing."""
    document = lxml.html.document_fromstring(_all_pages(templates, _shown())[name])

    assert not document.xpath("//script | //style | //img | //iframe | //form | //link[@rel='preload']")
    assert not document.xpath("//@style | //@*[starts-with(name(), 'on')]")
    (stylesheet,) = document.xpath("//link[@rel='stylesheet']/@href")
    assert stylesheet.endswith("style/site.css")
    assert not stylesheet.startswith(("http", "//"))
    assert document.xpath("//meta[@name='referrer']/@content") == ["no-referrer"]


@pytest.mark.parametrize("name", ["index", "entry", "issue"])
def test_hostile_words_stay_words(templates, name: str) -> None:
    """Whatever a source writes into a title, name, disclosure or address never becomes markup."""
    shown = _shown(
        title=HOSTILE, authors=(HOSTILE,), coi=HOSTILE, disclaimer=HOSTILE, evidence=HOSTILE, language=HOSTILE,
        text=HOSTILE, url="javascript:alert(1)", section=(HOSTILE,), identifiers=(Identifier("doi", HOSTILE),),
        enclosures=(Enclosure("javascript:alert(1)", HOSTILE),),
    )  # fmt: skip
    shown = replace(shown, source=replace(SOURCE, name=HOSTILE, url="javascript:alert(1)"))

    document = lxml.html.document_fromstring(_all_pages(templates, shown)[name])

    assert not document.xpath("//script | //img | //@onerror")
    assert not [link for link in document.xpath("//@href") if link.lower().startswith("javascript")]
    assert "alert(1)" in document.xpath("string(//body)")
    assert "\x00" not in document.xpath("string(//body)")


def test_the_index_lists_issues_entries_and_feeds(templates) -> None:
    """Newest first as given, with label and date, each leading to our page about it."""
    page = index_page(
        templates, SITE, entries=[_shown(2), _shown(1, published=None, precision=None, evidence=None)],
        issues=[ISSUE], feeds=[FeedGroup(title="Topics", feeds=(Feeds(name="PML", path="feeds/topic/pml"),))], total=7,
    )  # fmt: skip
    document = lxml.html.document_fromstring(page.decode())
    links = document.xpath("//main//a/@href")

    assert links[:3] == ["issue/weekly/42/", f"entry/{UUID(int=2)}/", f"entry/{UUID(int=1)}/"]
    assert {"feeds/topic/pml.rss", "feeds/topic/pml.atom", "feeds/topic/pml.json", "sources.opml"} <= set(links)
    assert "calendar.ics" not in links
    first, second = document.xpath("//section[@id='entries']//li")
    assert "Preprint" in first.text_content()
    assert (first.find(".//time").text, first.find(".//time").get("datetime")) == ("November 2026", "2026-11")
    assert "date not told" in second.text_content()
    assert "newest 2 of 7 entries" in _text(page)


def test_an_index_without_anything_says_so(templates) -> None:
    """The first page of a new site is a sentence, not a gap."""
    text = _text(index_page(templates, SITE, entries=[]))

    assert "Nothing was collected yet." in text
    assert "No issue was sent yet." in text


def test_an_entry_tells_how_we_got_it(templates) -> None:
    """Source, author, date with its precision, times, places, identifiers, disclosures: all on its page."""
    page = entry_page(
        templates, SITE, _shown(), revisions=_revisions(_entry()),
        seen=[Sighting(source="Twin", url="https://twin.example/1", at=SEEN)],
    )  # fmt: skip
    document = lxml.html.document_fromstring(page.decode())
    panel = {one.findtext("dt"): " ".join(one.find("dd").text_content().split()) for one in document.xpath("//dl/div")}

    assert document.xpath("//div[@class='text']//em/text()") == ["larger"], "cleaned markup is shown as markup"
    assert panel == {
        "Source": "Notes & Fog",
        "Author": "Dr Owl",
        "Disclosures": "Conflicts of interest: Paid for talks Disclaimer: Own views",
        "Its own date": "November 2026 (only the month is known)",
        "Heading": "Registries › Europe",
        "First seen by us": "18 November 2026, 09:30 UTC",
        "Last change": "none seen since then",
        "Seen at": "Twin, 18 November 2026, 09:30 UTC",
        "Identifiers": "DOI 10.1000/x ClinicalTrials.gov NCT01234567",
        "Topics": "Ocrelizumab",
    }
    links = document.xpath("//main//a/@href")
    assert {
        "https://fog.example/1", "https://fog.example/a.mp3", "https://fog.example/feed", "https://twin.example/1",
        "https://doi.org/10.1000/x", "https://clinicaltrials.gov/study/NCT01234567", "../../feeds/topic/ocrelizumab.rss",
    } <= set(links)  # fmt: skip
    assert document.xpath("//link[@rel='canonical']/@href") == [f"https://digest.example/entry/{UUID(int=1)}/"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"precision": "year"}, "2026 (only the year is known)", id="year"),
        pytest.param({"precision": "day"}, "1 November 2026 (the time of day is not known)", id="day"),
        pytest.param({"precision": "minute"}, "1 November 2026, 00:00 UTC", id="minute"),
        pytest.param({"published": None, "precision": None}, "not told", id="none"),
    ],
)
def test_a_date_is_told_as_precisely_as_it_is_known(templates, changes, words: str) -> None:
    """A year is not the first of January."""
    document = lxml.html.document_fromstring(entry_page(templates, SITE, _shown(**changes)).decode())
    (told,) = document.xpath("//dl/div[dt='Its own date']/dd")

    assert " ".join(told.text_content().split()) == words


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<h1>a</h1><h3>b</h3><h6>c</h6>", "<h2>a</h2><h4>b</h4><h6>c</h6>"),
        ("<h4>a</h4><h5>b</h5>", "<h2>a</h2><h3>b</h3>"),
        ("<hr><p>&lt;h1&gt;</p>", "<hr><p>&lt;h1&gt;</p>"),
    ],
)
def test_headings_of_a_text_stand_below_its_title(templates, html: str, shown: str) -> None:
    """A source's own main heading does not compete with the page's."""
    page = entry_page(templates, SITE, _shown(html=html)).decode()

    assert shown in page
    assert page.count("<h1") == 1


def test_what_is_not_stated_is_said_to_be_so(templates) -> None:
    """Missing authors and disclosures are told, not hidden."""
    text = _text(entry_page(templates, SITE, _shown(authors=(), coi=None, disclaimer=None)))

    assert "not named" in text
    assert text.count("none stated by the source") == 2


def test_revisions_are_readable(templates) -> None:
    """What was taken out and put in stands in del and ins, with words for who cannot see the colours."""
    old = _entry(title="Larger dose", text="190 sites. It was better.", published=datetime(2026, 10, 1, tzinfo=UTC))
    new = _entry(title="Larger dose no better", text="210 sites. It was no better.")
    page = entry_page(templates, SITE, _shown(), revisions=_revisions(old, new, material=True))
    document = lxml.html.document_fromstring(page.decode())
    newest, first = document.xpath("//ol[@class='steps']/li")

    assert "Edited · revision 2 · 19 November 2026, 09:30 UTC" in " ".join(newest.text_content().split())
    assert "Changes the meaning" in newest.text_content()
    assert "First seen · revision 1" in " ".join(first.text_content().split())
    assert [one.text_content() for one in newest.iter("del")] == [
        "was Larger dose",
        "was October 2026",
        "taken out: 190",
    ]
    assert [one.text_content() for one in newest.iter("ins")] == [
        "now Larger dose no better", "now November 2026", "put in: 210", "put in: no",
    ]  # fmt: skip


def test_an_excerpt_is_all_that_a_licence_for_excerpts_shows(templates) -> None:
    """Neither the text nor the revisions carry the whole of it."""
    words = " ".join(f"word{number}" for number in range(300))
    shown = _shown(html=f"<p>{words}</p>", text=words)
    shown = replace(shown, source=replace(SOURCE, licence="link-and-excerpt"))
    text = _text(
        entry_page(templates, SITE, shown, revisions=_revisions(replace(shown.entry, text=f"{words} old"), shown.entry))
    )

    assert "word79" in text
    assert "word150" not in text
    assert "Read the whole text at Notes & Fog" in text


def test_an_issue_is_as_in_the_mail_without_any_reader(templates) -> None:
    """Sections and entries with summary, source, author, date and disclosures; no greeting, no token, no address."""
    sections = [("Papers", [_shown(1), _shown(2, coi=None)]), ("Blogs & talk", [_shown(3)])]
    page = issue_page(templates, SITE, ISSUE, sections=sections, changed={})
    document = lxml.html.document_fromstring(page.decode())

    assert [" ".join(one.text_content().split()) for one in document.iter("h1", "h2")] == [
        "Larger <dose>", "Papers", "Blogs & talk",
    ]  # fmt: skip
    first = _text(lxml.html.tostring(document.xpath("//article")[0], encoding="unicode"))
    for told in ("Entry 1", "Preprint", "It was no better.", "Dr Owl · Notes & Fog", "November 2026", "Paid for talks"):
        assert told in first
    links = document.xpath("//main//a/@href")
    assert links[:2] == ["https://fog.example/1", f"../../../entry/{UUID(int=1)}/"]
    assert links[-1] == "../../../#issues"
    assert "3 entries" in _text(page)
    assert not re.search(r"unsubscribe|leave|Hello|token", _text(page), re.IGNORECASE)


def test_an_issue_says_what_changed_since(templates) -> None:
    """Beside the words that were mailed."""
    later, same = _shown(1), _shown(2)
    changed = {later.entry.id: SEEN.replace(day=20)}
    page = issue_page(templates, SITE, ISSUE, sections=[("Papers", [later, same])], changed=changed)
    first, second = [one.text_content() for one in lxml.html.document_fromstring(page.decode()).xpath("//article")]

    assert "changed since this issue, on 20 November 2026" in " ".join(first.split())
    assert "changed since" not in second


def test_the_first_sight_of_an_entry_changed_nothing(templates) -> None:
    """Nor is an edit told twice where the title is the beginning of the text."""
    old = _entry(title="190 sites now", text="190 sites now. And more.")
    new = _entry(title="210 sites now", text="210 sites now. And more.")
    revisions = [replace(one, material=True) for one in _revisions(old, new)]
    document = lxml.html.document_fromstring(entry_page(templates, SITE, _shown(), revisions=revisions).decode())
    newest, first = [" ".join(one.text_content().split()) for one in document.xpath("//ol[@class='steps']/li")]

    assert "Changes the meaning" in newest
    assert "Changes the meaning" not in first
    assert "Title" not in newest


def test_a_source_that_names_its_disclosures_is_not_corrected(templates) -> None:
    """One name is enough, on its page and in the archive of an issue."""
    shown = _shown(coi="Conflict of interest: I teach.", disclaimer="General Disclaimer: my view.")
    pages = _all_pages(templates, shown)

    for name in ("entry", "issue"):
        assert "Conflict of interest: I teach." in _text(pages[name])
        assert "Conflicts of interest" not in _text(pages[name])
        assert _text(pages[name]).count("isclaimer") == 1


def test_an_event_tells_when_it_is(templates) -> None:
    """Its day stands for a date that its source does not tell; clocks, speakers and the ways in are its own."""
    event = Event(
        start=datetime(2026, 12, 3, 19, tzinfo=UTC),
        places=(LocalTime("Sydney", "Australia/Sydney", "2026-12-04T06:00"),),
        speakers=(Speaker("Ada Example", "GB"), Speaker("Bob")),
        join="https://meet.example/a", recording="javascript:alert(1)",
    )  # fmt: skip
    files = (Enclosure("https://fog.example/a.mp3", "audio/mpeg", 28311552, 3480),)
    shown = _shown(published=None, precision=None, kind="event", event=event, enclosures=files)
    page = entry_page(templates, SITE, shown).decode()

    assert "date not told" not in page
    assert '<time datetime="2026-12-03">3 December 2026</time>' in page
    assert _text(page).count("3 December 2026, 19:00 UTC") == 2, "in its line and as its own date"
    assert "When: Thursday 3 December 2026, 19:00 UTC · Fri 06:00 Sydney" in _text(page)
    assert "Speakers: Ada Example (GB), Bob" in _text(page)
    assert '<a href="https://meet.example/a">Join: Entry 1</a>' in page
    assert "javascript" not in page
    assert "audio/mpeg (58 min, 28.3 MB)" in _text(page)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("2026-12-03T19:00Z", "3 December 2026, 19:00 UTC"),
        ("2026-02-31T19:00Z", "2026-02-31T19:00Z"),
        ("recruiting", "recruiting"),
        (None, "–"),
    ],
)
def test_an_instant_that_changed_is_told_in_words(templates, value, told: str) -> None:
    """All else is shown as its source has it."""
    revisions = _revisions(_entry(), _entry())
    change = Change(
        entry=_entry().id, source="fog-blog", kind="date", name="start", label="start", before=value, after="x",
        seen=revisions[1].seen, material=True,
    )  # fmt: skip
    page = entry_page(templates, SITE, _shown(), revisions=revisions, changes=[change])

    assert f"Start: was {told} now x" in _text(page)


def test_endless_and_foreign_titles_find_their_place(templates) -> None:
    """Whole above their own text, cut in lists, each from its own side."""
    title = "عنوان طويل " * 40
    pages = _all_pages(templates, _shown(title=title, language="ar"))
    documents = {name: lxml.html.document_fromstring(page) for name, page in pages.items()}
    (heading,) = documents["entry"].iter("h1")
    (listed,) = documents["index"].xpath("//section[@id='entries']//p[@class='what']")
    (archived,) = documents["issue"].iter("h3")

    assert (heading.text_content(), heading.get("dir"), heading.get("lang")) == (title.strip(), "auto", "ar")
    assert len(listed.text_content()) <= 200
    assert listed.text_content().endswith("…")
    assert archived.text_content() == listed.text_content()
    assert (archived.get("dir"), archived.get("lang")) == ("auto", "ar")


def test_pages_are_equal_bytes(templates) -> None:
    """The same entries give the same pages."""
    assert _all_pages(templates, _shown()) == _all_pages(templates, _shown())


def test_a_right_to_left_site_says_so(templates) -> None:
    """The page turns with its language; titles of another language keep their own direction."""
    page = index_page(templates, replace(SITE, language="ar"), entries=[_shown()]).decode()
    document = lxml.html.document_fromstring(page)

    assert (document.get("lang"), document.get("dir")) == ("ar", "rtl")
    assert document.xpath("//a[@lang='en-GB']/bdi/text()") == ["Entry 1"]


@pytest.mark.parametrize(
    ("contact", "link"),
    [
        ("https://digest.example/about", "https://digest.example/about"),
        ("editors@digest.example", "mailto:editors@digest.example"),
        ("ask in the library", ""),
    ],
)
def test_the_contact_is_a_link_where_it_can_be(contact: str, link: str) -> None:
    """A page or an e-mail address is linked; other words are no address."""
    assert replace(SITE, contact=contact).contact_link == link


def test_where_an_issue_is() -> None:
    """An issue's page stands under its digest and its number there."""
    assert issue_path("weekly", 42) == "issue/weekly/42/"


def _tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{6})", block))


@pytest.mark.parametrize(
    ("colours", "block"),
    [
        pytest.param(LIGHT, CSS.split("}")[0], id="light"),
        pytest.param(DARK, CSS.split("prefers-color-scheme: dark")[1].split("}")[0], id="dark"),
    ],
)
def test_the_stylesheet_has_the_looks_tokens(colours: Colours, block: str) -> None:
    """Web and mail wear the same colours, whose contrast is measured where they are written down."""
    tokens = _tokens(block)

    for field in fields(Colours):
        if field.name != "tints":
            assert tokens[field.name] == getattr(colours, field.name)
    for name, (ink, tint) in colours.tints.items():
        assert (tokens[name], tokens[f"{name}-tint"]) == (ink, tint)


def test_the_stylesheet_loads_nothing_and_sets_nothing_small() -> None:
    """No import, no address, and no type below 16 px anywhere."""
    body = LOOKS["standard"].sizes.body
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)rem", CSS)]

    assert "url(" not in CSS
    assert "@import" not in CSS
    assert float(re.search(r"html \{ font-size: ([\d.]+)%", CSS)[1]) * 0.16 == pytest.approx(body, abs=0.01)
    assert min(sizes) * body >= 15.99
    assert ":focus-visible { outline: 3px solid var(--accent)" in CSS


def test_templates_are_files_that_a_site_can_replace(tmp_path: Path) -> None:
    """An operator's own template of the same name comes first."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "index.html.jinja").write_text("mine: {{ site.title }}", encoding="utf-8")

    assert index_page(Templates([tmp_path, stock_templates()]), SITE, entries=[]) == b"mine: MS &lt;Digest&gt;"
