"""The vocabulary is read whole, or refused with every fault."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from msdigest.model.topic import LONGEST_MEANING, Ambiguity, Term, Topic, Vocabulary

ROOT = Path(__file__).resolve().parents[2]
PML = {"id": "pml", "name": "PML", "kind": "safety", "synonyms": ["PML", "JC virus"]}
TYSABRI = {
    "id": "natalizumab",
    "name": "natalizumab (Tysabri)",
    "kind": "dmt",
    "synonyms": ["natalizumab", "Tysabri"],
    "class": "anti-α4-integrin mAb",
    "status": "approved",
    "checked_on": date(2026, 11, 20),
}
JC = {"term": "JC", "topic": "pml", "needs_any": ["virus"], "but_not": ["Juan Carlos"]}

NEDA = {"term": "NEDA", "means": "no evidence of\ndisease activity", "means_de": "keine Krankheitsaktivität"}
LEMTRADA = {
    "id": "alemtuzumab",
    "name": "alemtuzumab",
    "name_de": "Alemtuzumab",
    "kind": "dmt",
    "synonyms": ["alemtuzumab", "Lemtrada", "alem"],
    "brands": ["Lemtrada"],
}


def _faults(data: dict[str, object]) -> list[str]:
    with pytest.raises(ValueError) as refused:
        Vocabulary.from_toml_data(data)
    return str(refused.value).split("\n")


def test_reading() -> None:
    """Tables become topics in their order."""
    vocabulary = Vocabulary.from_toml_data({"topic": [PML, TYSABRI], "ambiguous": [JC]})

    assert vocabulary == Vocabulary(
        (
            Topic(id="pml", name="PML", kind="safety", synonyms=("PML", "JC virus")),
            Topic(
                id="natalizumab",
                name="natalizumab (Tysabri)",
                kind="dmt",
                synonyms=("natalizumab", "Tysabri"),
                group="anti-α4-integrin mAb",
                status="approved",
                checked_on=date(2026, 11, 20),
            ),
        ),
        (Ambiguity(term="JC", topic="pml", needs_any=("virus",), but_not=("Juan Carlos",)),),
    )
    assert vocabulary.ids == ("pml", "natalizumab")
    assert "pml" in vocabulary
    assert "PML" not in vocabulary
    assert vocabulary.name("natalizumab") == "natalizumab (Tysabri)"
    with pytest.raises(KeyError):
        vocabulary.name("nothing")


@pytest.mark.parametrize(
    ("word", "topic"),
    [
        ("pml", "pml"),
        ("Natalizumab (TYSABRI)", "natalizumab"),
        (" tysabri ", "natalizumab"),
        ("JC\u2011viruses", None),
        ("JC\u2011virus", "pml"),
        ("jc", "pml"),
        ("Tysabris", "natalizumab"),
        ("unknown", None),
        ("", None),
        ("s", None),
    ],
)
def test_people_may_call_a_topic_what_they_like(word: str, topic: str | None) -> None:
    """An id, a name or a synonym finds the topic, whatever its case and hyphens."""
    vocabulary = Vocabulary.from_toml_data({"topic": [PML, TYSABRI], "ambiguous": [JC]})

    assert vocabulary.resolve(word) == topic


def test_an_id_wins_over_a_synonym() -> None:
    """Where a word is one topic's name and another's synonym, id comes before name before synonym."""
    other = PML | {"id": "other", "name": "Other", "synonyms": ["natalizumab-like"]}
    named = TYSABRI | {"name": "Other", "synonyms": ["Tysabri"]}
    vocabulary = Vocabulary.from_toml_data({"topic": [other, named]})

    assert vocabulary.resolve("other") == "other"


def test_all_faults_at_once() -> None:
    """Every fault is told with its key, not only the first."""
    assert _faults(
        {
            "topics": [],
            "topic": [
                PML | {"id": "P M\nL"},
                PML | {"synonyms": []},
                PML | {"synonyms": ["PML", "--"]},
                TYSABRI | {"checked_on": "2026-11-20", "status": "", "synonym": ["x"]},
                {"name": 7},
            ],
            "ambiguous": [JC | {"needs_any": "virus"}, JC | {"term": "", "but_not": [], "need": []}],
        }
    ) == [
        "topics: no such key",
        "topic[P M L].id: use small letters, digits and single hyphens",
        "topic[pml].synonyms: write a list of one or more words",
        "topic[pml].synonyms: write a list of one or more words",
        "topic[natalizumab].synonym: no such key",
        "topic[natalizumab].status: write some text",
        "topic[natalizumab].checked_on: write a date, e.g. 2026-11-20",
        "topic[5].id: write some text",
        "topic[5].name: write some text",
        "topic[5].kind: write some text",
        "topic[5].synonyms: write a list of one or more words",
        "ambiguous[JC].needs_any: write a list of one or more words",
        "ambiguous[].need: no such key",
        "ambiguous[].term: write some text",
        "ambiguous[].but_not: write a list of one or more words",
    ]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ({}, "topic: there is no topic"),
        ({"topic": [PML, PML]}, "topic[pml].id: given twice"),
        (
            {"topic": [PML, TYSABRI | {"synonyms": ["jc-virus"]}]},
            "topic[natalizumab].synonyms: 'jc-virus' is a synonym of pml already",
        ),
        ({"topic": [PML], "ambiguous": [JC | {"topic": "ms"}]}, "ambiguous[JC].topic: there is no topic ms"),
        ({"topic": [PML], "ambiguous": [JC, JC | {"term": "jc"}]}, "ambiguous[jc].term: given twice"),
        (
            {"topic": [PML, TYSABRI], "ambiguous": [JC | {"term": "Tysabri"}]},
            "ambiguous[Tysabri].topic: 'Tysabri' is a synonym of natalizumab",
        ),
    ],
)
def test_faults_between_tables(data: dict[str, object], fault: str) -> None:
    """Ids, synonyms and terms belong to one topic each, and company to a topic that exists."""
    assert _faults(data) == [fault]


def test_reading_what_patients_are_told() -> None:
    """Brands stay with their medicine; a meaning is one line; both may be missing."""
    vocabulary = Vocabulary.from_toml_data({"topic": [LEMTRADA, PML], "term": [NEDA]})

    assert vocabulary.topics[0].brands == ("Lemtrada",)
    assert vocabulary.topics[0].name_de == "Alemtuzumab"
    assert (vocabulary.topics[1].brands, vocabulary.topics[1].name_de) == ((), None)
    assert vocabulary.terms == (
        Term(term="NEDA", means="no evidence of disease activity", means_de="keine Krankheitsaktivität"),
    )
    assert Vocabulary.from_toml_data({"topic": [PML]}).terms == ()


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        ({"brands": ["Lemtrada", "Campath"]}, ["topic[alemtuzumab].brands: 'Campath' is not among its synonyms"]),
        ({"brands": "Lemtrada"}, ["topic[alemtuzumab].brands: write a list of one or more words"]),
        ({"name_de": ""}, ["topic[alemtuzumab].name_de: write some text"]),
        *(
            (
                {"name": name},
                ["topic[alemtuzumab].name: with brands, write the INN, which is one of its synonyms"],
            )
            for name in ("Lemtrada", "alemtuzumab (Lemtrada)")
        ),
    ],
)
def test_faults_of_brands(data, faults) -> None:
    """A brand is a synonym, and the name is one too, but no brand."""
    assert _faults({"topic": [LEMTRADA | data]}) == faults


@pytest.mark.parametrize(
    ("terms", "faults"),
    [
        ([NEDA, NEDA | {"term": "neda"}], ["term[neda].term: given twice"]),
        ([NEDA | {"term": "lemtrada"}], ["term[lemtrada].term: 'lemtrada' is a brand of alemtuzumab"]),
        ([NEDA | {"term": "--"}], ["term[--].term: write a word"]),
        (
            [{"term": "NEDA", "means": " ", "german": "x"}],
            [
                "term[NEDA].german: no such key",
                "term[NEDA].means: write some text",
                "term[NEDA].means_de: write some text",
            ],
        ),
        (
            [NEDA | {"means": "x" * 91, "means_de": "x [y]"}],
            [
                "term[NEDA].means: write at most 90 characters, found 91",
                "term[NEDA].means_de: write it without brackets, because it stands in some",
            ],
        ),
        ([{"means": "x" * 90, "means_de": "x"}], ["term[1].term: write some text"]),
    ],
)
def test_faults_of_terms(terms, faults) -> None:
    """A term has one meaning, in both languages, that can stand in brackets."""
    assert _faults({"topic": [LEMTRADA], "term": terms}) == faults


def test_the_shipped_terms_and_brands() -> None:
    """Each meaning is short and says more than its term; no brand looks like a code name."""
    vocabulary = Vocabulary.from_toml_data(tomllib.loads((ROOT / "config" / "topics.toml").read_text(encoding="utf-8")))

    assert len(vocabulary.terms) == 82
    assert sum(len(topic.brands) for topic in vocabulary.topics) == 45
    assert {topic.kind for topic in vocabulary.topics if topic.brands} == {"dmt", "pipeline", "symptom-drug"}
    for topic in vocabulary.topics:
        for brand in topic.brands:
            assert all(word.isalpha() and word[0].isupper() for word in brand.split()), brand
    for term in vocabulary.terms:
        for means in (term.means, term.means_de):
            assert len(means) <= LONGEST_MEANING
            assert not re.search(rf"(?i)\b{re.escape(term.term)}\b", means), term
            assert not means.endswith("."), term
        assert term.means != term.means_de, term


@pytest.mark.parametrize("table", [{"id": "pml"}, ["pml"]])
def test_tables_written_wrongly(table: object) -> None:
    """One table where a list of tables is due is told so."""
    assert _faults({"topic": table}) == ["topic: write each as a table [[topic]]", "topic: there is no topic"]


def test_the_shipped_vocabulary() -> None:
    """94 topics; each medicine's own name counts; each checked status bears its day."""
    vocabulary = Vocabulary.from_toml_data(tomllib.loads((ROOT / "config" / "topics.toml").read_text(encoding="utf-8")))

    assert len(vocabulary.topics) == 94
    assert len(vocabulary.ambiguities) == 16
    assert Counter(topic.kind for topic in vocabulary.topics).most_common(2) == [("dmt", 22), ("pipeline", 12)]
    assert len({topic.name for topic in vocabulary.topics}) == 94
    for topic in vocabulary.topics:
        assert vocabulary.resolve(topic.id) == vocabulary.resolve(topic.name) == topic.id
        assert topic.checked_on in {None, date(2026, 11, 20)}
        if topic.kind in {"dmt", "pipeline", "symptom-drug"}:
            assert vocabulary.resolve(topic.synonyms[0]) == topic.id
            assert topic.status


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("natalizumap", "natalizumab"),
        ("Tysabry", "natalizumab"),
        ("JC-viruz", "pml"),
        ("zebras", None),
        ("", None),
        ("natalizumab" * 6, None),
    ],
)
def test_what_a_misspelt_word_means(word, meant) -> None:
    """The id of what is close by id, name or synonym; nothing for what is far from all, or endless."""
    assert Vocabulary.from_toml_data({"topic": [PML, TYSABRI]}).nearest(word) == meant


@pytest.mark.parametrize(
    ("group", "names"),
    [
        ("dmt", ("natalizumab (Tysabri)", "alemtuzumab")),
        ("safety", ("PML",)),
        ("all", ("PML", "natalizumab (Tysabri)", "alemtuzumab")),
    ],
)
def test_a_word_of_the_configuration_means_topics(group, names) -> None:
    """A kind, what several kinds are together, or everything."""
    assert Vocabulary.from_toml_data({"topic": [PML, TYSABRI, LEMTRADA]}).names(group) == names


def test_a_word_that_means_no_topic_is_refused() -> None:
    """With those that do."""
    vocabulary = Vocabulary.from_toml_data({"topic": [PML, TYSABRI]})

    with pytest.raises(
        ValueError, match=r"topics\.symptom names no kind of topic in topics\.toml: all, dmt, safety are"
    ):
        vocabulary.names("symptom")


@pytest.mark.parametrize(
    ("text", "found"),
    [("On PML.", True), ("a Brain Infection", True), ("On pml.", False), ("PMLs", False), ("JC alone", False)],
)
def test_a_pattern_finds_whole_words_of_a_group(text, found) -> None:
    """Acronyms in their own case, other words in any, and none that needs company."""
    vocabulary = Vocabulary.from_toml_data(
        {"topic": [PML | {"synonyms": ["PML", "brain infection", "JC"]}], "ambiguous": [JC]}
    )

    assert bool(re.search(vocabulary.pattern("safety"), text)) is found
