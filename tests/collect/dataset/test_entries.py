"""Rows become entries: described by the operator, else by what their columns are called."""

from __future__ import annotations

from typing import Any

import pytest
from tests.collect.dataset.visiting import URL, entry_of, read_rows

from msdigest.errors import AnswerError
from msdigest.model.entry import Fact

MEDICINE = {
    "category": "Human",
    "name_of_medicine": "Exampla",
    "product_number": "EX/H/C/000001",
    "medicine_status": "Authorised",
    "active_substance": "examplimab",
    "therapeutic_indication": "<p>Treatment of&nbsp;examples.</p>",
    "biosimilar": "No",
    "assessment_history": "A long story. " * 100,
    "first_published_date": "27/06/2006",
    "last_updated_date": "02/03/2026",
    "medicine_url": "https://regulator.example/exampla",
}
LABEL = {
    "recent_major_changes": ["Warnings (5.1) 5/2026"],
    "set_id": "0000-01",
    "id": "0000-a2",
    "version": "18",
    "effective_time": "20260512",
    "openfda": {"application_number": ["BLA1"], "brand_name": ["EXAMPLA"], "generic_name": ["EXAMPLIMAB"]},
}


def test_a_row_without_any_description() -> None:
    """Title, address, dates and text are found by the columns' names; codes, dates and addresses are no text."""
    entry = entry_of(MEDICINE)

    assert (entry.key, entry.title, entry.url) == ("regulator.example/exampla", "Exampla", MEDICINE["medicine_url"])
    assert entry.text == (
        "• category: Human\n• medicine status: Authorised\n• active substance: examplimab\n"
        "• therapeutic indication: Treatment of examples."
    )
    assert (str(entry.published)[:10], str(entry.updated)[:10], entry.facts) == ("2006-06-27", "2026-03-02", ())
    assert (entry.kind, entry.audience, entry.evidence, entry.source) == (
        "note",
        ("patient",),
        "regulatory",
        "notices",
    )


def test_a_row_that_is_described() -> None:
    """Templates, key, watched columns and kinds of change are as the operator says."""
    entry = entry_of(
        MEDICINE,
        key=("product_number", "first_published_date"),
        title="{name_of_medicine} ({nothing}): {medicine_status}",
        link="https://other.example/?m={product_number}",
        summary="<p>About <b>{active_substance}</b>: {therapeutic_indication}</p><script>x</script>",
        watch=("medicine_status", "therapeutic_indication", "nothing"),
        change={"medicine_status": "status"},
        entry_kind="guidance",
    )

    assert entry.key == "EX/H/C/000001|27/06/2006"
    assert entry.title == "Exampla (): Authorised"
    assert entry.url == "https://other.example/?m=EX%2FH%2FC%2F000001"
    assert entry.html == "<p>About <b>examplimab</b>: Treatment of examples.</p>"
    assert entry.kind == "guidance"
    assert entry.facts == (
        Fact(name="medicine_status", value="Authorised", label="medicine status", change="status"),
        Fact(name="therapeutic_indication", value="Treatment of examples.", label="therapeutic indication"),
    )


def test_what_is_watched_is_no_text() -> None:
    """A new version of a watched column is one change, not an edited text besides."""
    watch = ("version", "effective_time", "recent_major_changes", "boxed_warning")
    before = {**LABEL, "version": "17", "id": "0000-a1", "effective_time": "20240501"}
    del before["recent_major_changes"]
    old, new = (entry_of(row, key=("set_id",), watch=watch) for row in (before, LABEL))

    assert (old.key, old.title, old.text) == (new.key, new.title, new.text) == ("0000-01", "EXAMPLA", "• EXAMPLIMAB")
    assert [(fact.name, fact.value) for fact in old.facts] == [("version", "17"), ("effective_time", "20240501")]
    assert [(fact.name, fact.value) for fact in new.facts] == [
        ("version", "18"), ("effective_time", "20260512"), ("recent_major_changes", "Warnings (5.1) 5/2026"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "title"),
    [
        ({"id": "1", "headline": "Head", "name": "Name"}, "Head"),
        ({"product_type": "Drug", "product": "Exampla"}, "Exampla"),
        ({"name": "https://x.example", "reason": "Fire"}, "Fire"),
        ({"code": "A1", "name": "n" * 300}, "A1"),
        ({"data": {"title": "Inner &amp; <b>bold</b>"}}, "Inner & bold"),
    ],
)
def test_titles(row: dict[str, Any], title: str) -> None:
    """A title is a short text of a column that is called like one, else of the first that says something."""
    assert entry_of(row).title == title


@pytest.mark.parametrize(
    ("row", "options", "key"),
    [
        ({"title": "t", "id": 7, "url": "https://x.example/7"}, {}, "7"),
        ({"title": "t", "url": "https://www.x.example/7?utm_source=a"}, {}, "x.example/7"),
        ({"title": "t", "date": "2026-01-01"}, {}, "t|2026-01-01"),
        ({"a": "1", "b": None, "title": "t"}, {"key": ("a", "b")}, "1|"),
        ({"a": {"b": ["y", "x"]}, "title": "t"}, {"key": ("a.b",)}, "x; y"),
    ],
)
def test_keys(row: dict[str, Any], options: dict[str, Any], key: str) -> None:
    """A row is recognised by its key, else its id, else its link, else title and day; long keys are shortened."""
    assert entry_of(row, **options).key == key
    assert len(entry_of({"id": "x" * 400, "title": "t"}).key) == 64


@pytest.mark.parametrize(
    ("row", "options", "url"),
    [
        ({"title": "t"}, {}, URL),
        ({"title": "t", "link": "javascript:alert(1)"}, {}, URL),
        ({"title": "t", "at": "https://x.example/a b"}, {"link": "{at}"}, "https://x.example/a%20b"),
        ({"title": "t", "at": "javascript:alert(1)"}, {"link": "{at}"}, URL),
    ],
)
def test_links(row: dict[str, Any], options: dict[str, Any], url: str) -> None:
    """An address leads to the web; a row without one leads to its data set."""
    assert entry_of(row, **options).url == url


def test_hostile_text() -> None:
    """Markup in values stays text or is cleaned; what is very long is cut, and versions are still told apart."""
    row = {
        "title": "t\x00\ud800",
        "note": "<script>x</script><b onclick=x>bold</b>",
        "odd": "<img src=x",
        "long": "w " * 5_000,
    }
    entry = entry_of(row, watch=("long",))
    other = entry_of({**row, "long": row["long"] + "x"}, watch=("long",))

    assert entry.title == "t"
    assert entry.html == "<ul><li>note: bold</li><li>odd: &lt;img src=x</li></ul>"
    assert len(entry.facts[0].value) < 5_100
    assert entry.facts[0].value != other.facts[0].value


def test_the_filter_looks_where_it_is_told() -> None:
    """In title and text, or in the columns to match; what was found stands in the text."""
    rows = [
        {"id": "1", "name": "Exampla", "substance": "examplimab", "note": "x"},
        {"id": "2", "name": "Other", "substance": "otherimab", "note": "not for use with examplimab"},
        {"id": "3", "name": "Examplimab Two", "substance": None, "note": "y"},
    ]

    def taken(**options: Any) -> list[str]:
        return [entry.key for entry in read_rows(rows, filter="(?i)examplimab", **options).entries]

    assert taken() == ["1", "2", "3"]
    assert taken(match=("name", "substance", "missing")) == ["1", "3"]
    assert taken(summary="{note}") == ["2", "3"]
    first, _ = read_rows(rows, filter="(?i)examplimab", match=("name", "substance"), summary="<p>{note}</p>").entries
    assert first.html == "<p>x</p><ul><li>substance: examplimab</li></ul>"


def test_disclaimer() -> None:
    """The publisher's own sentence goes with every entry."""
    document = {"meta": {"disclaimer": "Do not\nrely on this."}, "results": [{"title": "a"}, {"title": "b"}]}
    told = [entry.disclaimer for entry in read_rows(document, disclaimer="meta.disclaimer").entries]

    assert told == ["Do not rely on this.", "Do not rely on this."]
    assert read_rows(document, disclaimer="meta.nothing").entries[0].disclaimer is None


@pytest.mark.parametrize(
    ("rows", "options", "warning"),
    [
        ([], {}, "has no rows at the moment"),
        ([{"title": "a"}, 7, None, [1]], {}, "3 of its rows are no objects"),
        (
            [{"title": "a"}, {}, {"title": ""}, {"title": {"x": None}}],
            {},
            "3 of its rows have nothing to be recognised by",
        ),
        ([{"id": 1, "title": "a"}, {"id": 1, "title": "b"}], {}, "1 of its rows have the key of a later row"),
        ([{"title": "a"}] + [None] * 20_000, {}, "has 20001 rows; only the first 20000 were read"),
        ([{"title": str(n)} for n in range(10)], {"watch": ("titel",)}, "no row has the column 'titel'"),
        ([{"title": str(n)} for n in range(10)], {"summary": "{nte}"}, "no row has the column 'nte'"),
    ],
)
def test_odd_rows(rows: list[Any], options: dict[str, Any], warning: str) -> None:
    """What is left out or without effect is told."""
    assert any(warning in one for one in read_rows(rows, **options).warnings)


def test_the_last_of_equal_rows_wins() -> None:
    """Later rows correct earlier ones."""
    assert [entry.title for entry in read_rows([{"id": 1, "title": "a"}, {"id": 1, "title": "b"}]).entries] == ["b"]


@pytest.mark.parametrize(
    ("rows", "options", "sentence"),
    [
        ([1, 2], {}, "rows that are no objects"),
        ([{"title": "a"}], {"key": ("id",)}, "none of its rows can be recognised"),
        ({"error": {"code": "NOT_FOUND"}}, {}, "no list of rows"),
    ],
)
def test_answers_that_make_no_sense(rows: Any, options: dict[str, Any], sentence: str) -> None:
    """They are errors: silence would look like nothing new for months."""
    with pytest.raises(AnswerError, match=sentence):
        read_rows(rows, **options)
