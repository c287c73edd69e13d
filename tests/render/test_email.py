"""An issue is compiled once and says to each person exactly what it would say if made for them alone."""

from __future__ import annotations

import random
import re
import socket
from dataclasses import astuple, replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from msdigest.errors import RefusedError, TemplateError
from msdigest.model.compiled import Variant
from msdigest.model.details import Event, LocalTime, Speaker
from msdigest.model.entry import Entry, Identifier
from msdigest.model.subscriber import THEMES, Consent
from msdigest.render.email import (
    SIZE_LIMIT,
    compile_issue,
    fitting,
    html_size,
    person_values,
    reference,
    selection_values,
)
from msdigest.render.meetings import Meeting
from msdigest.render.program import assemble, decode, encode, join
from msdigest.render.view import SectionView, sections_view

NAMES = (
    "",
    "Ada",
    'O\'Neill "Bobby" Tables',
    "<script>alert(1)</script> & Söhne",
    "%recipient.leave_url% {{ person.name }} %name% ${x}",
    "A\u00a0B\u2009C",
    "\u200fעדה\u200e \u202emirrored\u202c",
    "👩🏽‍🔬 Łucja 🙂",
    "Line\r\nBcc: x@example.org\nthird",
    "Nul\x00 bell\x07 esc\x1b next\x85 sep\u2028",
    "&amp;&lt;&#39;&nbsp;&notanentity",
    "<!-- comment --> ]]> <![CDATA[x]]>",
    "x" * 300,
)
CONSENT = Consent(at=datetime(2026, 5, 3, 12, tzinfo=UTC))


def _person(name: str) -> dict[str, str]:
    return person_values(name=name, consent=CONSENT, leave_url="https://digest.example.org/leave/aB3-_~.x")


def test_assembled_equals_the_naive_way_byte_for_byte(templates, make_view, compiled) -> None:
    """80 random selections, from one entry to all, with hostile names: HTML and text are the same bytes."""
    view = make_view()
    dice = random.Random(42)  # noqa: S311  # the same selections each time; no secret
    for turn in range(80):
        entries = frozenset(dice.sample(view.ids, dice.choice([1, 2, 3, 5, 8, 13, 24])))
        selection, person = selection_values(compiled, entries), _person(NAMES[turn % len(NAMES)])
        person["greeting"] = f"Hello {NAMES[turn % len(NAMES)]},"  # long ones too

        html, text = reference(templates, view.only(entries), Variant(), selection=selection, person=person)

        assert join(assemble(compiled.html, entries, selection), person, html=True).encode() == html.encode()
        assert join(assemble(compiled.text, entries, selection), person, html=False).encode() == text.encode()


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_compiles(templates, make_view, theme) -> None:
    """Each theme a person can choose is compiled, in its own colours and sizes, nothing below 16 px."""
    compiled = compile_issue(templates, make_view(5), Variant(theme=theme))

    html = _html(compiled, make_view(5).ids)
    sizes = {float(size) for size in re.findall(r"font-size:([\d.]+)px", html)}
    assert min(sizes) >= 16
    assert (24.0 if theme == "large" else 18.67) in sizes
    assert ("#fdf6e3" in html) == (theme == "low-glare")


def test_an_unknown_theme_is_refused(templates, make_view) -> None:
    """A theme that nobody drew is an error with a name, not a fallback."""
    with pytest.raises(TemplateError, match="no theme 'neon'"):
        compile_issue(templates, make_view(2), Variant(theme="neon"))


def test_one_entry_compiles(templates, make_view) -> None:
    """The smallest issue has one entry."""
    compiled = compile_issue(templates, make_view(1), Variant())

    assert "1 new entry in your topics · about 1 minute" in _html(compiled, make_view(1).ids)


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


def test_what_is_mailed_to_one_does_not_name_the_rest(make_view, compiled) -> None:
    """Entries that were not chosen, and sections without a chosen one, leave no trace."""
    view = make_view()
    html = _html(compiled, view.ids[:1])

    assert view.entries[0].byline[0] in html
    assert "Blogs</h2>" not in html
    assert all(entry.id not in html for entry in view.entries)
    assert html.count("<h3") == 1


def test_the_text_part_has_all_of_the_html_part(make_view, compiled) -> None:
    """Every entry's title, link, COI, disclaimer and identifiers stand in both parts."""
    view = make_view()
    ids = view.ids
    values = selection_values(compiled, ids)
    text = join(assemble(compiled.text, ids, values), _person("Ada"), html=False)
    flat = " ".join(text.split())
    links = _Links()
    links.feed(_html(compiled, ids))

    for entry in view.entries:
        for told in (entry.title, entry.excerpt, entry.coi, entry.disclaimer, entry.why, " · ".join(entry.byline)):
            assert " ".join(told.split()) in flat
        assert f"\n{entry.url}\n" in text
        assert entry.url.replace("é", "%C3%A9") in links.addresses
    for address in links.addresses:
        assert address.replace("%C3%A9", "é") in text


def test_the_text_part_is_set_in_even_lines(templates, make_view) -> None:
    """No line but an address is longer than 78 characters, and two blank lines never meet, whoever reads what."""
    view = make_view(8)
    odd = (
        replace(view.entries[0], title="A long title " * 30, excerpt="", disclaimer="", why="", references=()),
        replace(view.entries[1], title="日本語の題名" * 40, url="", excerpt="本文" * 100, byline=("誌" * 90,)),
        *view.entries[2:],
    )
    sections = (SectionView("Trials " * 20, odd[:1]), SectionView("News", odd[1:]))
    view = replace(view, sections=sections, digest="A digest " * 12, postal_address="Harbour " * 20, more_on_web=3)
    compiled = compile_issue(templates, view, Variant())
    imported = Consent(at=datetime(2026, 9, 23, tzinfo=UTC), source="import:people.csv")
    for entries in ([odd[0].id], [odd[1].id], view.ids[::2], view.ids):
        person = person_values(name="Name " * 60, consent=imported, leave_url="https://x.example/" + "t" * 90)
        text = join(assemble(compiled.text, entries, selection_values(compiled, entries)), person, html=False)

        assert "\n\n\n" not in text
        assert not text.startswith("\n")
        assert [line for line in text.splitlines() if len(line) > 78 and "https://" not in line] == []
        assert [line for line in text.splitlines() if line != line.rstrip()] == []


def test_both_parts_tell_when_a_meeting_is(templates, make_view) -> None:
    """The same lines and links in HTML and text, for whoever reads it."""
    view = make_view(2)
    told = Meeting(
        when="When: Thursday 3 December 2026, 19:00 UTC · 14:00 New York", speakers="Speakers: Ada Example (GB), Bob",
        join="https://meet.example/a", recording="https://meet.example/b",
    )  # fmt: skip
    first = replace(view.entries[0], meeting=told)
    view = replace(view, sections=(SectionView("Meetings", (first, view.entries[1])),))
    compiled = compile_issue(templates, view, Variant())
    text = join(assemble(compiled.text, [first.id], selection_values(compiled, [first.id])), _person("Ada"), html=False)

    for part in (_html(compiled, [first.id]), text):
        assert told.when in part
        assert told.speakers in part
    assert "\nJoin: https://meet.example/a\nRecording: https://meet.example/b\n" in text
    assert re.search(r'<a [^>]*href="https://meet.example/a"[^>]*>Join: A larger dose', _html(compiled, view.ids))
    assert "When:" not in _html(compiled, [view.ids[1]])


def test_titles_keep_their_direction_and_language(templates, make_view) -> None:
    """A title in Arabic or Hebrew is read from its own side, and a screen reader is told its language."""
    view = make_view(2)
    first = replace(view.entries[0], title="הדגימה הראשונה", excerpt="תקציר.", language="he")
    view = replace(view, sections=(SectionView("Trials", (first, view.entries[1])),))
    html = _html(compile_issue(templates, view, Variant()), view.ids)

    assert re.search(r'<li [^>]*><span dir="auto" lang="he">הדגימה', html)
    assert re.search(r'<h3 [^>]*dir="auto"[^>]*><a [^>]*lang="he"[^>]*>הדגימה', html)
    assert re.search(r'<p [^>]*dir="auto" lang="he"[^>]*>תקציר', html)
    assert html.count("lang=") == 5
    assert "text-align:left" not in html


def test_a_mail_is_in_the_language_that_it_is_written_in(templates, make_view) -> None:
    """Who reads Arabic is sent English as long as nobody has written our sentences in Arabic, and it says so."""
    html = _html(compile_issue(templates, make_view(2), Variant(language="ar")), make_view(2).ids)

    assert html.startswith('<!DOCTYPE html>\n<html lang="en" dir="ltr"')


def test_a_list_of_titles_stays_short(templates, make_view) -> None:
    """A title of a thousand characters is two lines there, and 300 characters where it stands alone."""
    view = make_view(2)
    first = replace(view.entries[0], title="A title that goes on " * 14)
    view = replace(view, sections=(SectionView("Trials", (first, view.entries[1])),))
    html = _html(compile_issue(templates, view, Variant()), view.ids)
    (listed,) = re.findall(r"<li [^>]*><span[^>]*>(A title[^<]*)<", html)

    assert len(listed) <= 120
    assert listed.endswith("…")
    assert f">{first.title}</a>" in html


def test_no_html_of_a_source_reaches_the_mail(make_view, compiled) -> None:
    """Titles and texts full of markup are shown as the text they are."""
    html = _html(compiled, make_view().ids)

    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "kNone" not in html
    assert "None</" not in html


def test_the_html_satisfies_what_every_mail_must(make_view, compiled) -> None:
    """Language and direction twice, one h1, ordered headings, named tables, ways to leave, no remote thing."""
    html = _html(compiled, make_view().ids)

    assert html.startswith('<!DOCTYPE html>\n<html lang="en" dir="ltr"')
    assert re.search(r'<body[^>]*>\s*<div [^>]*lang="en" dir="ltr"', html)
    headings = [int(level) for level in re.findall(r"<h(\d)", html)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))
    assert html.count("<table") == html.count('role="presentation"') == 2  # one of them for Outlook alone
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "@media (prefers-color-scheme: dark)" in html
    assert "!important" in html
    assert re.search(r'<a class="link" href="https://digest.example.org/leave/[^"]+" style="[^"]*underline', html)
    for words in ("Not medical advice", "1 Example Street, London", "You get this because you asked on 3 May 2026."):
        assert words in html
    assert not re.search(r"<(?:script|iframe|form|link|img|object)\b|url\(|@import", html)
    assert all("text-decoration:underline" in link for link in re.findall(r"<a [^>]*>", html))


def test_sizes_are_exact(make_view, compiled) -> None:
    """The size told before sending is the size of what is sent, and it stays small per entry."""
    ids = make_view().ids
    for entries in (ids[:1], ids[::3], ids):
        person = _person("Åsa & Co")
        assert html_size(compiled, entries, person) == len(_html(compiled, entries, "Åsa & Co").encode())
        assert html_size(compiled, entries) >= html_size(compiled, entries, person)

    assert (html_size(compiled, ids) - html_size(compiled, ids[:1])) / (len(ids) - 1) < 3000


def test_an_issue_is_capped_by_bytes(templates, make_view, compiled) -> None:
    """What does not fit is counted as being on the web, and then it fits."""
    view = make_view()
    assert fitting(compiled) == 24
    limit = html_size(compiled, view.ids[:10]) + 700
    number = fitting(compiled, limit)
    assert 9 <= number < 24

    capped = compile_issue(templates, view.capped(number), Variant())

    assert list(capped.titles) == list(view.ids[:number])
    assert html_size(capped, capped.titles) <= limit
    assert fitting(capped, limit) == number
    assert f"{24 - number} more on the web" in _html(capped, capped.titles)
    assert f"{24 - number} more on the web" in "".join(
        assemble(capped.text, capped.titles, selection_values(capped, capped.titles))
    )


def test_a_limit_that_nothing_fits_into_is_refused(compiled) -> None:
    """An error that says what takes the room, and accuses no template by name; not an empty mail."""
    with pytest.raises(RefusedError, match=r"around the entries takes [67],\d+, the first entry 1,\d+$"):
        fitting(compiled, 1000)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("letter", ["x", "&", "é", "🙂"])
def test_no_entry_takes_the_room_of_the_others(templates, make_view, theme, letter) -> None:
    """One whose every field is as long as its source could make it leaves room for thirty ordinary ones."""
    endless = letter * 100_000
    hostile = Entry(
        id="f" * 32, key="k", source=endless, title=endless, text=endless, url=f"https://evil.example/?{endless}",
        authors=(endless,) * 50, coi=endless, disclaimer=endless, evidence=endless, language=endless,
        topics=tuple(f"{number}{endless}" for number in range(50)),
        identifiers=tuple(Identifier("doi", f"10.1000/{number}{endless}") for number in range(9))
        + tuple(Identifier("doi", f"10.1000/{letter * 110}") for _ in range(9)),
        published=CONSENT.at, precision="day",
        event=Event(
            start=CONSENT.at, places=(LocalTime(endless, "Europe/Paris", "2026-05-04T02:00"),) * 50,
            speakers=(Speaker(endless, endless),) * 50,
            join=f"https://evil.example/?{letter * 90}", recording=f"https://evil.example/?{endless}",
        ),
    )  # fmt: skip
    told = sections_view([("Evil", [hostile])], source_names={}, topic_names={})
    view = replace(make_view(30), sections=(*told, *make_view(30).sections))
    compiled = compile_issue(templates, view, Variant(theme=theme))

    assert fitting(compiled) == 31
    assert sum(map(len, _words_in(replace(told[0].entries[0], url="")))) <= 5_000


def _words_in(value) -> list[str]:
    """Return every string that ``value`` holds, however deep."""
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    parts = value if isinstance(value, tuple | list) else astuple(value)
    return [word for part in parts for word in _words_in(part)]


def test_where_an_entry_leads(templates, make_view) -> None:
    """To our own page about it, in both parts, where its address is none or is longer than 2,000 letters as written."""
    view = make_view(4)
    fitting_url = "https://x.example/" + "a" * 1982
    urls = ("javascript:alert(1)", "https://x.example/" + "a" * 1983, "https://x.example/" + "é" * 400, fitting_url)
    entries = [
        Entry(id=f"{number:032x}", key="k", source="s", title="T", url=url) for number, url in enumerate(urls)
    ]  # fmt: skip
    view = replace(view, sections=sections_view([("All", entries)], source_names={}, topic_names={}))
    compiled = compile_issue(templates, view, Variant())
    text = join(assemble(compiled.text, view.ids, selection_values(compiled, view.ids)), _person(""), html=False)
    links = _Links()
    links.feed(_html(compiled, view.ids))

    pages = [f"https://digest.example.org/entry/{number:032x}/" for number in range(3)]
    assert links.addresses[:4] == [*pages, fitting_url]
    assert [line for line in text.splitlines() if line.startswith("https://")] == [*pages, fitting_url]


@pytest.mark.parametrize("below", ["", "/some/where"])
def test_more_on_the_web_leads_to_where_it_is(templates, make_view, below) -> None:
    """To the front page: the page of the issue has only what was mailed."""
    view = replace(make_view(5), web_url=f"https://digest.example.org{below}/issue/weekly/42/").capped(3)
    compiled = compile_issue(templates, view, Variant())
    text = join(assemble(compiled.text, view.ids, selection_values(compiled, view.ids)), _person(""), html=False)

    front = f"https://digest.example.org{below}/"
    assert re.search(rf'<a [^>]*href="{front}"[^>]*>2 more on the web</a>', _html(compiled, view.ids))
    assert f"\n2 more on the web: {front}\n" in text


def test_the_default_limit_keeps_clear_of_clipping() -> None:
    """Gmail cuts at about 102,000 bytes."""
    assert SIZE_LIMIT == 95_000


@pytest.mark.parametrize("entries", [[], ["unknown"]])
def test_a_selection_is_of_this_issue(compiled, entries) -> None:
    """An empty selection, or one with an entry of another issue, has no values."""
    with pytest.raises(ValueError, match="at least one entry"):
        selection_values(compiled, entries)


def test_the_preheader_holds_whole_titles(make_view, compiled) -> None:
    """As many titles as fit into 110 characters, in the order of the issue."""
    ids = make_view().ids
    for entries in (ids, ids[5:6], ids[::7]):
        preheader = selection_values(compiled, entries)["preheader"]
        assert preheader.startswith(compiled.titles[entries[0]])
        assert len(preheader) <= 110


@pytest.mark.parametrize(
    ("name", "consent", "greeting", "reason"),
    [
        ("Ada", CONSENT, "Hello Ada,", "You get this because you asked on 3 May 2026."),
        (" \n ", CONSENT, "Hello,", "You get this because you asked on 3 May 2026."),
        (
            "A\nB",
            Consent(at=CONSENT.at, source="import:people.csv"),
            "Hello A B,",
            "You get this because your subscription was carried over on 3 May 2026.",
        ),
        ("x" * 300, CONSENT, f"Hello {'x' * 63}…,", "You get this because you asked on 3 May 2026."),
    ],
    ids=["named", "nameless", "imported", "long"],
)
def test_a_person_is_addressed_in_whole_sentences(name, consent, greeting, reason) -> None:
    """The greeting and the reason are computed, so that the template decides nothing."""
    values = person_values(name=name, consent=consent, leave_url="https://x.example/l")

    assert values == {"greeting": greeting, "reason": reason, "leave_url": "https://x.example/l"}


def test_the_reason_tells_the_day_where_the_person_is() -> None:
    """Late in the evening in UTC it is the next day in Auckland."""
    consent = Consent(at=datetime(2026, 5, 3, 23, tzinfo=UTC))

    values = person_values(name="", consent=consent, leave_url="x", zone="Pacific/Auckland")

    assert "4 May 2026" in values["reason"]


def _html(compiled, entries, name: str = "Ada") -> str:
    values = selection_values(compiled, entries)
    return join(assemble(compiled.html, entries, values), _person(name), html=True)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value for name, value in attrs if tag == "a" and name == "href" and value]
