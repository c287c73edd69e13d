"""The one number for which a page is watched: found, dated, and held where it can hardly be true."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.collect.livingpage.visiting import SOURCE, URL, Desk, page

from msdigest.collect.livingpage.figures import read_number
from msdigest.errors import LayoutError
from msdigest.model.dates import PartialDate
from msdigest.model.details import Figure
from msdigest.model.entry import Entry, Fact

COUNT = {"regex": r"([\d,.]+) people in the registry", "name": "Northern registry", "unit": "people"}


def _desk(**settings) -> Desk:
    return Desk(replace(SOURCE, options={"figure": COUNT | settings}))


def _shown(number: str, more: str = "") -> str:
    return page(f"<p>There are now {number} people in the registry.{more}</p>")


def _figure(desk: Desk, html: str, **more) -> Entry:
    (entry,) = desk.visit(html, **more).values()
    return entry


def test_a_figure_is_the_one_entry() -> None:
    """It is told with its unit and date, and its number is what is watched."""
    entry = _figure(_desk(as_of="as of ([A-Z][a-z]+ [0-9]{4})"), _shown("52,000", " It stands as of May 2026."))

    assert entry == Entry(
        key="figure",
        source="centre",
        kind="figure",
        title="Northern registry: 52,000",
        url=URL,
        html="<p>52,000 people (as of 2026-05)</p>",
        text="52,000 people (as of 2026-05)",
        published=datetime(2026, 5, 1, tzinfo=UTC),
        precision="month",
        audience=("researcher",),
        evidence="guidance",
        language="en",
        figure=Figure(name="Northern registry", number=52_000, unit="people", as_of=PartialDate(2026, 5)),
        facts=(Fact(name="figure", value="52000", label="Northern registry", change="figure"),),
    )


@pytest.mark.parametrize(
    ("steps", "doubt"),
    [
        (["900", "950"], ""),
        (["900", "1,080"], ""),
        (["900", "90"], "900 → 90 is a jump by more than 20 %: held."),
        (["900", "1,100"], "900 → 1,100 is a jump"),
        (["900", "90", "90"], "900 → 90 is a jump"),
        (["900", "90", "910"], ""),
        (["0", "5"], "0 → 5 is a jump from nothing"),
        (["0", "0"], ""),
        (["900"], ""),
        (["9"], "9 is less than 10, the least that is believed"),
        (["60,000"], "60,000 is more than 50,000, the most that is believed"),
    ],
)
def test_what_can_hardly_be_true_is_held(steps: list[str], doubt: str) -> None:
    """A jump against the last number that was believed, or one outside the bounds, is for the editor to look at."""
    desk = _desk(**{} if steps[0] == "0" else {"min": 10, "max": 50_000})
    for step in steps:
        entry = _figure(desk, _shown(step))

    assert len(entry.doubts) == bool(doubt)
    assert doubt in "".join(entry.doubts)


def test_an_editor_has_looked() -> None:
    """The doubts are told all the same; the next number is compared with the one that was taken."""
    desk = _desk(min=100)
    _figure(desk, _shown("900"))

    assert len(_figure(desk, _shown("90")).doubts) == 2
    assert len(_figure(desk, _shown("90"), accept=True).doubts) == 2
    assert _figure(desk, _shown("105")).doubts == ()


def test_a_jump_as_large_as_the_source_allows() -> None:
    """Some registries grow in large steps."""
    desk = _desk(max_jump=1.5)
    _figure(desk, _shown("900"))

    assert _figure(desk, _shown("2,200")).doubts == ()
    assert _figure(desk, _shown("6,000")).doubts != ()


def test_a_fact_that_is_no_number_is_compared_with_nothing() -> None:
    """What an older version kept may be anything."""
    desk = _desk()
    _figure(desk, _shown("900"))
    desk.known["figure"] = replace(desk.known["figure"], facts={"figure": "many"})

    assert _figure(desk, _shown("90")).doubts == ()


def test_entries_of_before_are_gone() -> None:
    """A page that was read as entries and is watched for its figure now shows no entries any more."""
    desk = Desk()
    before = desk.visit(page())
    desk.source = replace(SOURCE, options={"figure": COUNT})
    desk.visit(_shown("900"))

    assert desk.collected is not None
    assert set(desk.collected.gone) == set(before)
    desk.visit(_shown("950"))
    assert desk.collected.gone == ()


@pytest.mark.parametrize(
    ("settings", "html", "number"),
    [
        ({"regex": "(?:over|about) (?P<number>[0-9.]+)(?P<sign>!?)"}, "<p>about 33.000!</p>", 33_000),
        ({"regex": "(.*) %"}, "<p>33.5 %</p>", 33.5),
        ({"regex": "([0-9]+)"}, "<header>7</header><p>8</p><p>9</p>", 8),
        ({"regex": "([0-9]+)", "selector": "#count"}, "<p>8</p><p id=count>9</p>", 9),
        ({"regex": "clinics\n([0-9]+)"}, "<p>clinics</p><p>9</p>", 9),
    ],
)
def test_where_the_number_is_found(settings, html: str, number: float) -> None:
    """The first place that the pattern fits, anywhere in the page or in the chosen part of it."""
    entry = _figure(_desk(**settings), f"<html><title>x</title><body>{html}</body></html>")

    assert entry.figure is not None
    assert entry.figure.number == number


def test_the_content_that_the_source_chooses() -> None:
    """A selector of the source holds for its figure too; without a name the source's is told, without a unit none."""
    options = {"figure": {"regex": "([0-9]+)"}, "content": "#count"}
    entry = _figure(Desk(replace(SOURCE, options=options)), "<p>8</p><p id=count>9 &lt;</p>")
    named = _figure(Desk(replace(SOURCE, options=options, name="North")), "<p id=count>1234.5</p>")

    assert (entry.title, entry.text, entry.html) == ("centre: 9", "9", "<p>9</p>")
    assert named.title == "North: 1,234"


@pytest.mark.parametrize(
    ("settings", "more", "day", "warns"),
    [
        ({}, " May 2026", None, False),
        ({"as_of": "[0-9]{4}-[0-9]{2}"}, " of 2026-05", "2026-05", False),
        ({"as_of": "since (.*)"}, " of 2026-05", None, True),
        ({"as_of": "of (.*)"}, " of old", None, True),
        ({"regex": r"([\d,]+) people in the registry. (?P<day>.*)"}, " 3 May 2026", "2026-05-03", False),
        ({"regex": r"([\d,]+) people in the registry. ?(?P<day>.*)?"}, "", None, True),
    ],
)
def test_dates(settings, more: str, day: str | None, *, warns: bool) -> None:
    """The date keeps its precision; one that is wanted and cannot be had is told to the editor, never made up."""
    desk = _desk(**settings)
    entry = _figure(desk, _shown("900", more))

    assert entry.figure is not None
    assert (str(entry.figure.as_of) if entry.figure.as_of else None) == day
    assert (entry.published is None) == (day is None)
    assert desk.collected is not None
    assert bool(desk.collected.warnings) == warns


@pytest.mark.parametrize(
    ("html", "sentence"),
    [
        (page("<p>Nobody is in the registry.</p>"), "nothing is found by the figure's regex"),
        (page(""), "nothing is found by the figure's regex"),
        (_shown("1,2,3"), "'1,2,3', which the figure's regex finds, is no number"),
        (_shown("9" * 400), "is no number"),
        ("<title>Just a moment...</title>", "a check for robots"),
    ],
)
def test_a_page_without_its_figure_is_an_error(html: str, sentence: str) -> None:
    """No number is ever made up: the editor compares the pattern with the page."""
    desk = _desk()
    _figure(desk, _shown("900"))

    with pytest.raises(LayoutError, match=sentence):
        desk.visit(html)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"regex": ""}, "figure.regex is missing"),
        ({"regex": "("}, "figure.regex is no regular expression"),
        ({"regex": "[0-9]+"}, "figure.regex needs a group"),
        ({"as_of": "("}, "figure.as_of is no regular expression"),
        ({"regex": 7}, "figure.regex must be a text"),
        ({"min": "ten", "max": "many"}, "figure.min must be a number; figure.max must be a number"),
        ({"colour": "red"}, "figure.colour means nothing"),
        ({"selector": "p["}, "is no CSS selector"),
    ],
)
def test_settings_that_make_no_sense(settings, sentence: str) -> None:
    """Each mistake is told by its key."""
    with pytest.raises(LayoutError, match=f"the settings of source centre cannot be used: .*{sentence}"):
        _desk(**settings).visit(_shown("900"))


@pytest.mark.parametrize(
    ("printed", "number"),
    [
        ("900", 900), ("33,000", 33_000), ("33 000", 33_000), ("33.000", 33_000), ("33\u202f000", 33_000),
        ("33’000", 33_000), ("1,234,567", 1_234_567), ("1.234.567", 1_234_567), ("1 234 567", 1_234_567),
        ("1,234.5", 1_234.5), ("1.234,5", 1_234.5), ("1 234,56", 1_234.56),
        ("33.5", 33.5), ("33,5", 33.5), ("33,50", 33.5), ("0.123", 0.123), ("0,125", 0.125), ("1234.567", 1234.567),
        (" 900 ", 900), ("007", 7), ("0", 0),
        ("1,23,456", None), ("1,234 567", None), ("12,34", 12.34), ("1.234.56", None), ("1,234,5678", None),
        (",5", None), ("5,", None), ("-5", None), ("1e5", None), ("٤٢", None), ("", None), ("nan", None),
        ("9" * 15, float("9" * 15)), ("9" * 16, None),
    ],
)  # fmt: skip
def test_numbers(printed: str, number: float | None) -> None:
    """Groups of three are thousands whatever parts them, another sign is a decimal one; what fits neither is none."""
    assert read_number(printed) == number
