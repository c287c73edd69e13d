"""Sentences, cuts, and titles for paragraphs that have none."""

from __future__ import annotations

import pytest

from msdigest.model.prose import sentence_ends, shortened, title_of

LONG = "and it goes on for so long that nobody would call it a title any more, at least not a good one"


@pytest.mark.parametrize(
    ("line", "sentences"),
    [
        ("", []),
        ("One", ["One"]),
        ("One. Two? “Three.” Four", ["One.", " Two?", " “Three.”", " Four"]),
        ("Dr. A. Smith took 3.5 mg, e.g. Today.", ["Dr. A. Smith took 3.5 mg, e.g. Today."]),
        ("It is MS. So it is.", ["It is MS.", " So it is."]),
    ],
)
def test_sentences_end(line, sentences) -> None:
    """At a full stop that is neither an abbreviation's nor a number's."""
    ends = sentence_ends(line)

    assert [line[start:end] for start, end in zip([0, *ends], ends, strict=False)] == sentences


@pytest.mark.parametrize(
    ("line", "short"),
    [
        ("one two", "one two"),
        ("one two three", "one two…"),
        ("one two, three", "one two…"),
        ("one twothree", "one…"),
        ("x" * 20, "x" * 9 + "…"),
    ],
)
def test_a_line_is_cut_at_a_word(line, short) -> None:
    """Within the limit, and it shows that it was cut."""
    assert shortened(line, 10) == short
    assert len(short) <= 10


@pytest.mark.parametrize(
    ("text", "links", "title"),
    [
        pytest.param("A whole sentence here. Another.", [], "A whole sentence here", id="the first sentence"),
        pytest.param("Are we all in this together? Yes.", [], "Are we all in this together?", id="a question"),
        pytest.param("First line\nSecond line.", [], "First line", id="the first line"),
        pytest.param("See:", [], "See", id="no colon at its end"),
        pytest.param("...", [], "...", id="signs alone"),
        pytest.param("", [], "", id="nothing"),
        pytest.param(
            "Skerry COVID-19 registry: closed, " + LONG, [], "Skerry COVID-19 registry", id="before a colon"
        ),
        pytest.param("WHIMBREL (NCT1) looks for you – " + LONG, [], "WHIMBREL (NCT1) looks for you", id="a dash"),
        pytest.param("Our call is on the 26th:12:00pm Rome, " + LONG, [], "Our call is on the 26th", id="times"),
        pytest.param(
            "BITTERN (ISRCTN99000268): a trial of early rehabilitation after a relapse treated with something.", [],
            "BITTERN (ISRCTN99000268): a trial of early rehabilitation after a relapse treated…", id="a name alone",
        ),
        pytest.param(
            "Guide to the fridge – from the clinic", ["Guide to the fridge"], "Guide to the fridge", id="a link ahead"
        ),
        pytest.param("Podcasts of our sessions are here.", ["Podcasts"], "Podcasts of our sessions are here", id="1 word"),
        pytest.param(
            "Some more was said of it in " + LONG, ["here", "What You Need To Know"], "What You Need To Know",
            id="a link that is a title",
        ),
        pytest.param(
            "The register of the coast now follows 4,310 people in 18 clinics, and has begun to ask about fatigue.",
            ["here"], "The register of the coast now follows 4,310 people in 18 clinics…", id="a clause",
        ),
        pytest.param(
            "A sheet on vaccination before and during the depletion of cells that make antibodies has been revised.",
            [], "A sheet on vaccination before and during the depletion of cells that make antibodies…", id="no has",
        ),
        pytest.param("x" * 200, [], "x" * 89 + "…", id="one word"),
        pytest.param("word " * 1_000_000, [], "word " * 17 + "word…", id="a million words"),
    ],
)  # fmt: skip
def test_a_title_is_found(text, links, title) -> None:
    """At most 90 characters; cut only where nothing else will do."""
    assert title_of(text, links) == title
    assert len(title) <= 90
