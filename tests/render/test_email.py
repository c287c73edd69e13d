"""What a digest's mail says and looks like, in both parts."""

from __future__ import annotations

import re
import socket
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from tests.rendering import entry, html_of, notices, person, telling, text_of

from msdigest.errors import NotCompilableError, TemplateError
from msdigest.model.compiled import Choice, Variant
from msdigest.model.entry import Entry
from msdigest.model.subscriber import THEMES, Consent
from msdigest.render.email import check_compiled, compile_issue, compile_unchecked, samples
from msdigest.render.frame import stylesheets
from msdigest.render.issue import SectionView, sections_view
from msdigest.render.meetings import Meeting
from msdigest.render.program import decode, encode
from msdigest.render.values import person_values


@pytest.fixture(scope="module")
def whole(compiled) -> Choice:
    """All of the issue of 24 entries."""
    return Choice(tuple(compiled.titles), tuple(compiled.notices), more=3)


@pytest.fixture(scope="module")
def page(compiled, whole) -> str:
    """The HTML part of all of it."""
    return html_of(compiled, whole)


def _everything(view) -> Choice:
    return Choice(view.ids)


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_compiles(templates, make_view, theme) -> None:
    """Each theme a person can choose is compiled, in its own colours and sizes, nothing below 16 px."""
    view = make_view(5)
    html = html_of(compile_issue(templates, view, Variant(theme=theme)), _everything(view))

    sizes = {float(size) for size in re.findall(r"font-size:([\d.]+)px", html)}
    assert min(sizes) >= 16
    assert (24.0 if theme == "large" else 18.67) in sizes
    assert ("#fdf6e3" in html) == (theme == "low-glare")
    assert stylesheets(templates, Variant(theme=theme))[1] in html


def test_an_unknown_theme_is_refused(templates, make_view) -> None:
    """A theme that nobody drew is an error with a name, not a fallback."""
    with pytest.raises(TemplateError, match="no theme 'neon'"):
        compile_issue(templates, make_view(2), Variant(theme="neon"))


def test_one_entry_compiles(templates, make_view) -> None:
    """The smallest issue with news has one entry."""
    view = make_view(1)

    html = html_of(compile_issue(templates, view, Variant()), _everything(view))

    assert "1 new entry in your topics · about 1 minute" in html
    assert "In two minutes" not in html


def test_corrections_alone_are_an_issue(templates, make_view) -> None:
    """Who was sent what is taken back is told so, also when there is nothing new."""
    view = replace(make_view(1), sections=(), ranking=())
    compiled = compile_issue(templates, view, Variant())
    html = html_of(compiled, Choice((), ("change-1",)))

    assert "1 correction to what you were sent" in html
    assert "Taken &lt;back&gt; &amp; 1" in html
    assert "Taken &lt;back&gt; &amp; 0" not in html
    assert {choice.entries for choice, _ in samples(compiled)} == {()}


@pytest.mark.parametrize("theme", THEMES)
def test_rendering_asks_no_network(templates, make_view, monkeypatch, theme) -> None:
    """Rendering, inlining and checking open no socket."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert compile_issue(templates, make_view(3), Variant(theme=theme)).titles


def test_the_same_issue_gives_the_same_bytes(templates, make_view, compiled) -> None:
    """Compiling twice, writing down and reading back changes nothing."""
    again = compile_issue(templates, make_view(), Variant())

    assert again == compiled
    assert encode(again) == encode(compiled)
    assert decode(encode(compiled)) == compiled


def test_what_was_compiled_from_something_else_is_refused(templates, make_view, compiled) -> None:
    """The comparison finds a single word that differs, and shows where."""
    view = replace(make_view(), postal_address="2 Example Street, London")

    with pytest.raises(NotCompilableError, match=r"for one person it says .* · 2 Example .* compiled .* · 1 Example "):
        check_compiled(templates, view, compiled, samples(compiled))


def test_a_look_at_an_issue_is_the_issue(templates, make_view) -> None:
    """Without the comparison the program is the same."""
    assert compile_unchecked(templates, make_view(3), Variant()) == compile_issue(templates, make_view(3), Variant())


def test_what_is_mailed_to_one_does_not_name_the_rest(make_view, compiled) -> None:
    """Entries that were not chosen, sections without a chosen one, and others' corrections leave no trace."""
    view = make_view()
    html = html_of(compiled, Choice(view.ids[:1]))

    assert view.entries[0].byline[0] in html
    for absent in ("Blogs</h2>", "In two minutes", "Corrections", "Taken ", "more on the web", *view.ids[1:]):
        assert absent not in html
    assert html.count("<h3") == 2  # the editors' heading is everybody's


def test_the_text_part_has_all_of_the_html_part(make_view, compiled, whole, page) -> None:
    """Every entry's title, link, COI, disclaimer, note and identifiers stand in both parts."""
    view = make_view()
    text = text_of(compiled, whole)
    flat = " ".join(text.split())
    links = _Links()
    links.feed(page)

    for each in view.entries:
        told = (each.title, each.coi, each.disclaimer, each.why, each.note, " · ".join(each.byline), *each.news)
        for words in (*told, *(reference.text for reference in each.references)):
            assert " ".join(words.split()) in flat
        assert f"\n{each.url}\n" in text
        assert each.url.replace("é", "%C3%A9") in links.addresses
    for notice in view.notices:
        assert f"{notice.title}\n{view.page(notice.entry)}\n{notice.what}\n" in text
    for address in links.addresses:
        assert address.replace("%C3%A9", "é") in text


def test_the_editors_words_come_first_in_both_parts(compiled, whole, page) -> None:
    """A heading, a paragraph, two kinds of enumeration: typed as Markdown, told in HTML and in text."""
    text = text_of(compiled, whole)

    assert re.search(r'<h3 class="name"[^>]*>\s*Good news\s*</h3>', page)
    assert re.search(r"Some\s*<em>words</em>\s* of\s*<b>ours</b>", page)
    assert 'href="https://x.example/?a=1&amp;b=2"' in page
    assert re.search(r"<ul [^>]*>\s*<li [^>]*>\s*a point\s*</li>\s*<li [^>]*>\s*&lt;b&gt;&amp;\s*</li>\s*</ul>", page)
    assert re.search(r"<ol [^>]*>\s*<li [^>]*>\s*one\s*</li>", page)
    assert text.index("From the editors") < text.index("In two minutes")
    assert "Some words of ours, and a link (https://x.example/?a=1&b=2).\n\n* a point\n* <b>&\n\n1. one\n" in text
    assert "Editor's note: Read <this> & that." in text
    assert "Editor's note: Read &lt;this&gt; &amp; that." in page


def test_the_overview_names_what_matters_most_to_them(make_view, compiled) -> None:
    """Five entries at most, in the order of the ranking, and none for whoever gets three."""
    view = make_view()
    text = text_of(compiled, Choice(view.ids[1:20]))
    chosen = [entry for entry in view.ranking if entry in view.ids[1:20]][:5]
    overview = " ".join(text.partition("In two minutes\n")[2].partition("\n---")[0].split())

    titles = [" ".join(view.entry(entry).title.split()) for entry in chosen]
    assert re.findall(r"\((\d+)\)", overview) == [re.findall(r"\((\d+)\)", title)[0] for title in titles]
    assert overview.count("*") == 5
    assert "In two minutes" in text_of(compiled, Choice(view.ids[:4]))
    assert "In two minutes" not in text_of(compiled, Choice(view.ids[:3]))


def test_a_word_is_explained_where_somebody_meets_it_first(make_view, compiled) -> None:
    """Each reader is told what NEDA is exactly once, whichever entries they get."""
    view = make_view()
    with_it = [entry.id for entry in view.entries if "NEDA" in entry.excerpt]
    assert len(with_it) > 5
    for start in range(len(with_it)):
        html = html_of(compiled, Choice(tuple(with_it[start:])))

        assert html.count("NEDA (no evidence of disease activity)") == 1
        assert html.count("NEDA") == len(with_it) - start
        assert html.index("NEDA (no evidence") == html.index("NEDA")


def test_the_text_part_is_set_in_even_lines(templates, make_view) -> None:
    """No line but an address is longer than 78 characters, and two blank lines never meet, whoever reads what."""
    view = make_view(8)
    odd = (
        replace(view.entries[0], title="A long title " * 30, segments=(), excerpt="", disclaimer="", why="", references=()),
        replace(view.entries[1], title="日本語の題名" * 40, url="", excerpt="本文" * 100, segments=("本文" * 100,), byline=("誌" * 90,)),
        *view.entries[2:],
    )  # fmt: skip
    sections = (SectionView("Trials " * 20, odd[:1]), SectionView("News", odd[1:]))
    view = replace(view, sections=sections, digest="A digest " * 12, postal_address="Harbour " * 20)
    imported = Consent(at=datetime(2026, 9, 23, tzinfo=UTC), source="import:people.csv")
    for shown in (view, replace(view, intro=(), notices=())):
        compiled = compile_issue(templates, shown, Variant())
        told = tuple(notice.id for notice in shown.notices)
        for choice in (
            Choice((odd[0].id,), more=3), Choice((odd[1].id,), told[:1]), Choice(view.ids[::2], more=1), Choice(view.ids, told),
        ):  # fmt: skip
            values = person_values(
                name="Name " * 60,
                consent=imported,
                leave_url="https://x.example/" + "t" * 90,
                meetings=compiled.meetings,
            )
            text = text_of(compiled, choice, values)

            assert "\n\n\n" not in text
            assert not text.startswith("\n")
            assert [line for line in text.splitlines() if len(line) > 78 and "https://" not in line] == []
            assert [line for line in text.splitlines() if line != line.rstrip()] == []


def test_both_parts_tell_when_a_meeting_is(templates, make_view) -> None:
    """The same lines and links in HTML and text, for whoever reads it, and on that reader's own clock."""
    view = make_view(2)
    told = Meeting(
        when="When: Thursday 3 December 2026, 19:00 UTC · 14:00 New York", start=datetime(2026, 12, 3, 19, tzinfo=UTC),
        speakers="Speakers: Ada Example (GB), Bob", join="https://meet.example/a", recording="https://meet.example/b",
    )  # fmt: skip
    first = replace(view.entries[0], meeting=told, clock="clock_9")
    view = replace(view, sections=(SectionView("Meetings", (first, view.entries[1])),))
    compiled = compile_issue(templates, view, Variant())
    html, text = (make(compiled, Choice((first.id,))) for make in (html_of, text_of))

    assert compiled.meetings == {"clock_9": "2026-12-03T19:00:00Z"}
    for part in (html, text):
        for words in (told.when, told.speakers, "In your time zone: Friday 4 December 2026, 04:00"):
            assert words in part
        assert f"https://digest.example.org/entry/{first.id}/meeting.ics" in part
    assert "\nJoin: https://meet.example/a\nRecording: https://meet.example/b\n" in text
    assert re.search(r'<a [^>]*href="https://meet.example/a"[^>]*>Join: A larger dose', html)
    assert "When:" not in html_of(compiled, Choice((view.entries[1].id,)))


def test_a_recording_needs_no_calendar(templates, make_view) -> None:
    """It tells when it was, and has no clock of its own."""
    recording = replace(entry(3), kind="recording")
    view = replace(make_view(1), sections=sections_view([("All", [recording])], telling()), ranking=())
    compiled = compile_issue(templates, view, Variant())

    assert compiled.meetings == {}
    for part in (html_of(compiled, _everything(view)), text_of(compiled, _everything(view))):
        assert "When: Saturday 21 November 2026, 23:30 UTC" in part
        assert "meeting.ics" not in part
        assert "In your time zone" not in part


def test_both_parts_tell_what_became_different(compiled, whole, page) -> None:
    """From what it was to what it is."""
    assert "status: &lt;recruiting&gt; → completed &amp; closed" in page
    assert "\nstatus: <recruiting> → completed & closed\n" in text_of(compiled, whole)


def test_titles_keep_their_direction_and_language(templates, make_view) -> None:
    """A title in Arabic or Hebrew is read from its own side, and a screen reader is told its language."""
    view = make_view(4)
    first = replace(
        view.entries[0], title="הדגימה הראשונה", excerpt="תקציר.", segments=("תקציר.",), language="he"
    )  # fmt: skip
    view = replace(view, sections=(SectionView("Trials", (first, *view.entries[1:])),))
    html = html_of(compile_issue(templates, view, Variant()), _everything(view))

    assert re.search(r'<li [^>]*><span dir="auto" lang="he">הדגימה', html)
    assert re.search(r'<h3 [^>]*dir="auto"[^>]*><a [^>]*lang="he"[^>]*>הדגימה', html)
    assert re.search(r'<p [^>]*dir="auto" lang="he"[^>]*>תקציר', html)
    assert html.count("lang=") == 5
    assert "text-align:left" not in html


def test_a_mail_is_in_the_language_that_it_is_written_in(templates, make_view) -> None:
    """Who reads Arabic is sent English as long as nobody has written our sentences in Arabic, and it says so."""
    view = make_view(2)
    html = html_of(compile_issue(templates, view, Variant(language="ar")), _everything(view))

    assert html.startswith('<!DOCTYPE html>\n<html lang="en" dir="ltr"')


def test_a_list_of_titles_stays_short(templates, make_view) -> None:
    """A title of a thousand characters is two lines there, and 300 characters where it stands alone."""
    view = make_view(4)
    first = replace(view.entries[0], title="A title that goes on " * 14)
    view = replace(view, sections=(SectionView("Trials", (first, *view.entries[1:])),))
    html = html_of(compile_issue(templates, view, Variant()), _everything(view))
    (listed,) = re.findall(r"<li [^>]*><span[^>]*>(A title[^<]*)<", html)

    assert len(listed) <= 120
    assert listed.endswith("…")
    assert f">{first.title}</a>" in html


def test_no_html_of_a_source_reaches_the_mail(page) -> None:
    """Titles and texts full of markup are shown as the text they are."""
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "kNone" not in page
    assert "None</" not in page


def test_the_html_satisfies_what_every_mail_must(page) -> None:
    """Language and direction twice, one h1, ordered headings, named tables, ways to leave, no remote thing."""
    assert page.startswith('<!DOCTYPE html>\n<html lang="en" dir="ltr"')
    assert re.search(r'<body[^>]*>\s*<div [^>]*lang="en" dir="ltr"', page)
    headings = [int(level) for level in re.findall(r"<h(\d)", page)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))
    assert page.count("<table") == page.count('role="presentation"') == 2  # one of them for Outlook alone
    assert '<meta name="color-scheme" content="light dark">' in page
    assert "@media (prefers-color-scheme: dark)" in page
    assert "!important" in page
    assert re.search(r'<a class="link" href="https://digest.example.org/leave/[^"]+" style="[^"]*underline', page)
    for words in ("Not medical advice", "1 Example Street, London", "You get this because you asked on 3 May 2026."):
        assert words in page
    assert not re.search(r"<(?:script|iframe|form|link|img|object)\b|url\(|@import", page)
    assert all("text-decoration:underline" in link for link in re.findall(r"<a [^>]*>", page))


def test_where_an_entry_leads(templates, make_view) -> None:
    """To our own page about it, in both parts, where its address is none or is longer than 2,000 letters as written."""
    fitting_url = "https://x.example/" + "a" * 1982
    urls = ("javascript:alert(1)", "https://x.example/" + "a" * 1983, "https://x.example/" + "é" * 400, fitting_url)
    entries = [Entry(id=f"{number:032x}", key="k", source="s", title="T", url=url) for number, url in enumerate(urls)]
    view = replace(
        make_view(1), sections=sections_view([("All", entries)], telling()), notices=(), intro=(), ranking=()
    )
    compiled = compile_issue(templates, view, Variant())
    text = text_of(compiled, _everything(view), person())
    links = _Links()
    links.feed(html_of(compiled, _everything(view)))

    pages = [f"https://digest.example.org/entry/{number:032x}/" for number in range(3)]
    assert links.addresses[:4] == [*pages, fitting_url]
    assert [line for line in text.splitlines() if line.startswith("https://")] == [*pages, fitting_url]


@pytest.mark.parametrize("below", ["", "/some/where"])
def test_more_on_the_web_leads_to_where_it_is(templates, make_view, below) -> None:
    """To the front page: the page of the issue has only what was mailed."""
    view = replace(make_view(3), web_url=f"https://digest.example.org{below}/issue/weekly/42/")
    compiled = compile_issue(templates, view, Variant())
    choice = Choice(view.ids, more=2)

    front = f"https://digest.example.org{below}/"
    assert re.search(rf'<a [^>]*href="{front}"[^>]*>2 more on the web</a>', html_of(compiled, choice))
    assert f"\n2 more on the web: {front}\n" in text_of(compiled, choice)
    assert "more on the web" not in html_of(compiled, _everything(view)) + text_of(compiled, _everything(view))


def test_samples_tell_neighbours_apart(compiled) -> None:
    """One entry alone, two, every third, … all but the first, all; notices and more for some; different people."""
    drawn = list(samples(compiled))

    assert [len(choice.entries) for choice, _ in drawn] == [1, 2, 8, 12, 12, 18, 23, 24, 0, 0]
    assert [len(choice.notices) for choice, _ in drawn] == [0, 0, 0, 1, 1, 0, 1, 2, 1, 2]
    assert [choice.more for choice, _ in drawn] == [2, 0, 3, 0, 0, 0, 1, 0, 0, 0]
    assert len({values["greeting"] for _, values in drawn}) == 4
    assert all(values.keys() >= compiled.meetings.keys() for _, values in drawn)


def test_the_issue_that_is_rendered_has_everything(make_view) -> None:
    """Whatever a mail may tell stands in the issue that these tests look at."""
    view = make_view()
    entries = view.entries

    assert {bool(entry.meeting) for entry in entries} == {True, False}
    assert {len(view.excerpts(entry)) for entry in entries} >= {0, 1, 2}
    assert all(
        any(getattr(entry, name) for entry in entries) for name in ("note", "disclaimer", "labels", "references")
    )
    assert {line.kind for line in view.intro} == {"heading", "paragraph", "bullets", "numbers"}
    assert view.notices == notices(2)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value for name, value in attrs if tag == "a" and name == "href" and value]
