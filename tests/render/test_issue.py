"""An issue for everybody at once, and for one choice alone: what stands or falls with what."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, combinations

import pytest
from tests.rendering import change, entry, telling

from msdigest.model.compiled import MORE, Choice, brief_key
from msdigest.render.glossing import Gloss
from msdigest.render.issue import SectionView, Shown, sections_view

NONE = frozenset()
NEDA = "NEDA (no evidence of disease activity)"
BRAND = "alemtuzumab (Lemtrada)"


def _on(*keys: str):
    return ((frozenset(keys), NONE),)


def _with_texts(view, *texts: str):
    """Return an issue whose entries have these texts, in one section."""
    entries = [replace(entry(number), text=text, event=None) for number, text in enumerate(texts)]
    return replace(view, sections=sections_view([("All", entries)], telling()), ranking=())


def test_an_issue_of_some(make_view) -> None:
    """Sections without a chosen entry vanish, the order stays, and only the chosen notices are told."""
    view = make_view(6)
    some = view.only(Choice((view.ids[0], view.ids[5]), ("change-1",), more=3))

    assert some.ids == (view.ids[0], view.ids[5])
    assert [section.title for section in some.sections] == ["Trials", "Papers"]
    assert [notice.id for notice in some.notices] == ["change-1"]
    assert (some.ranking, some.intro, some.subject) == (view.ranking, view.intro, view.subject)
    assert view.only(Choice(view.ids, ("change-0", "change-1"))).entries == view.entries


def test_what_stands_or_falls_with_what(make_view) -> None:
    """While it is compiled everything depends on its keys."""
    view = make_view(6)

    assert view.sections[0].conditions == _on(*view.ids[:2])
    assert view.entries[0].conditions == _on(view.ids[0])
    assert view.notices[0].conditions == _on("change-0")
    assert view.corrections == Shown(_on("change-0", "change-1"))
    assert view.fresh == Shown(_on(*view.ids))
    assert view.more == Shown(_on(MORE))
    assert view.brief == Shown(_on(*map(brief_key, view.ranking)))
    assert view.overview == tuple(Shown(_on(brief_key(each)), each) for each in view.ranking)


def test_what_a_short_issue_without_corrections_lacks(make_view) -> None:
    """Three entries need no overview; without conditions nothing is shown."""
    view = replace(make_view(3), notices=())

    assert (view.brief, view.overview, view.corrections) == (Shown(()), (), Shown(()))
    assert replace(view, sections=()).fresh == Shown(())


@pytest.mark.parametrize(
    ("picked", "more", "overview"),
    [((0, 1, 2), 0, ()), ((1, 2, 3, 5), 4, (1, 2, 3, 5)), ((0, 1, 2, 3, 4, 5), 0, (5, 3, 1, 0, 2))],
    ids=["three", "four", "six"],
)
def test_an_overview_for_one(make_view, picked, more, overview) -> None:
    """Of a choice of more than three the five that matter most; more only where there is more."""
    view = make_view(6)
    view = replace(view, ranking=tuple(view.ids[place] for place in (5, 3, 1, 0, 2, 4)))
    some = view.only(Choice(tuple(view.ids[place] for place in picked), more=more))

    assert {line.text for line in some.overview} == {view.ids[place] for place in overview}
    assert [line.text for line in some.overview] == [
        each for each in view.ranking if each in {line.text for line in some.overview}
    ]
    assert bool(some.brief.conditions) == bool(overview)
    assert bool(some.more.conditions) == bool(more)


@pytest.mark.parametrize("url", ["https://digest.example.org", "https://digest.example.org/some/where"])
def test_where_its_links_lead(make_view, url) -> None:
    """To the front page, to our pages, or to the source."""
    view = replace(make_view(2), web_url=f"{url}/issue/weekly/42/")
    first = view.entries[0]

    assert view.front_url == f"{url}/"
    assert view.page("x") == f"{url}/entry/x/"
    assert view.link(first) == first.url
    assert view.link(replace(first, url="")) == view.page(first.id)
    assert view.entry(first.id) is first


def test_an_excerpt_is_told_in_one_way_where_nothing_is_repeated(make_view) -> None:
    """The first entry explains whatever it has; one without text has no excerpt."""
    view = _with_texts(make_view(1), "On NEDA and Lemtrada.", "")
    first, empty = view.entries

    assert view.excerpts(first) == (Shown(first.conditions, f"On {NEDA} and {BRAND}."),)
    assert view.excerpts(empty) == ()


def test_a_repeated_word_is_told_in_two_ways(make_view) -> None:
    """Explained unless an earlier entry that has it is there; plain if one is."""
    view = _with_texts(make_view(1), "NEDA here.", "Nothing.", "NEDA there.", "Again NEDA.")
    last = view.entries[3]
    earlier = frozenset((view.ids[0], view.ids[2]))

    assert view.excerpts(last) == (
        Shown(((frozenset((last.id,)), earlier),), f"Again {NEDA}."),
        Shown(((earlier, NONE),), "Again NEDA."),
    )


def test_two_repeated_words_are_told_in_four_ways(make_view) -> None:
    """Each of them may have been explained by another entry."""
    view = _with_texts(make_view(1), "NEDA here.", "Lemtrada there.", "NEDA on Lemtrada.")

    assert [shown.text for shown in view.excerpts(view.entries[2])] == [
        f"{NEDA} on {BRAND}.",
        f"{NEDA} on Lemtrada.",
        f"NEDA on {BRAND}.",
        "NEDA on Lemtrada.",
    ]
    assert all(len(shown.conditions) == 2 for shown in view.excerpts(view.entries[2]))


def test_a_third_repeated_word_is_told_plainly(make_view) -> None:
    """There would be eight ways; the words themselves stay."""
    view = _with_texts(make_view(1), "NEDA and PML on Lemtrada.", "PML or NEDA on Lemtrada.")
    last = view.entries[1]

    assert last.segments[-2:] == ("Lemtrada", ".")
    assert {type(segment) for segment in last.segments} == {str, Gloss}
    assert len(view.excerpts(last)) == 4
    assert all(shown.text.endswith(" on Lemtrada.") for shown in view.excerpts(last))


def test_exactly_one_way_holds_for_any_choice(make_view) -> None:
    """And it is the one that the issue for this choice alone has."""
    view = _with_texts(
        make_view(1), "NEDA and PML.", "On Lemtrada.", "", "PML, then Lemtrada.", "NEDA: Lemtrada and PML."
    )
    for ids in chain.from_iterable(combinations(view.ids, count) for count in range(1, 6)):
        some = view.only(Choice(ids))
        for told in some.entries:
            ways = [shown for shown in view.excerpts(view.entry(told.id)) if _holds(shown, ids)]

            assert [shown.text for shown in ways] == [shown.text for shown in some.excerpts(told)]
            assert len(ways) == (1 if told.excerpt else 0)


def _holds(shown, ids) -> bool:
    return all(keys & set(ids) and not unless & set(ids) for keys, unless in shown.conditions)


def test_sections_are_told_in_order() -> None:
    """Titles on one line, a clock for each meeting, a note for whom it is for."""
    entries = [entry(number) for number in range(9)]
    told = sections_view([("One\ntitle", entries[:4]), ("Two", entries[4:])], telling(), notes={entries[5].id: "Ours."})

    assert [section.title for section in told] == ["One title", "Two"]
    assert [each.clock for section in told for each in section.entries if each.meeting] == ["clock_1", "clock_2"]
    assert [each.note for section in told for each in section.entries if each.note] == ["Editor's note: Ours."]
    assert told[1] == SectionView("Two", told[1].entries)
    assert sections_view([], telling()) == ()


def test_news_stand_with_their_entry() -> None:
    """And with no other; a recording has no clock."""
    entries = [entry(1), replace(entry(3), kind="recording"), entry(8)]
    (told,) = sections_view([("All", entries)], telling(), news=[change(entries[1]), change(entry(5))])

    assert [len(each.news) for each in told.entries] == [0, 1, 0]
    assert [each.clock for each in told.entries] == ["", "", "clock_1"]
    assert told.entries[1].meeting is not None
