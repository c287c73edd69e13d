"""Topics are found by the vocabulary's words, strongest first."""

from __future__ import annotations

import json
import os
import random
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from msdigest.enrich import topics
from msdigest.enrich.topics import enricher
from msdigest.model.entry import Entry
from msdigest.model.topic import Vocabulary

ROOT = Path(__file__).resolve().parents[2]
WORLD = Path(os.environ.get("MSDIGEST_WORLD", ROOT / "../shared/world"))
ENTRY = Entry(key="k", source="s", title="A title", url="https://blog.example/1")
needs_world = pytest.mark.skipif(not WORLD.is_dir(), reason="the captured posts of the optional world are not here")


@cache
def _shipped() -> Vocabulary:
    return Vocabulary.from_toml_data(tomllib.loads((ROOT / "config" / "topics.toml").read_text(encoding="utf-8")))


def _topics(text: str = "", title: str = "A title", categories: tuple[str, ...] = ()) -> tuple[str, ...]:
    return enricher(_shipped())(replace(ENTRY, title=title, text=text, categories=categories)).topics


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tysabri and ocrelizumab's effect", ("natalizumab", "ocrelizumab")),
        ("LYMPHOCYTES were counted", ("immunology",)),
        ("lymphocytic, prealemtuzumab, MSCOVID1", ()),
        ("trouble with recovery, nice irises, in oct", ()),
        ("the RECOVERY trial", ("trials",)),
        ("RECOVERY of nerves", ()),
        ("JCV-positive; post-natalizumab PML-IRIS", ("pml", "natalizumab", "iris")),
        ("IRIS at sea", ()),
        ("OCT of the retina", ("oct-vep",)),
        ("CDI was confirmed: disability improvement", ("disability",)),
        ("CDI in disability care: Clostridium difficile", ()),
        ("B\u00a0cell depletion, B‑cell depletion, b–cell  depletion", ("anti-cd20",)),
        ("Epstein–Barr", ("ebv",)),
        ("COVID19 and COVID 19 and COVID-19", ("covid-19",)),
        ("Hy’s law", ("liver",)),
        ("ocrelizumab / hyaluronidase", ("ocrelizumab",)),
        ("metformin+clemastine", ("clemastine",)),
        ("a diagnosis of relapse", ()),
        ("DMTs, two DMTs; vaccines", ("dmt-general", "vaccination")),
    ],
)
def test_words_that_count(text: str, expected: tuple[str, ...]) -> None:
    """Whole words, case only for acronyms, typographic signs, company for ambiguous terms."""
    assert _topics(text) == expected


def test_the_strongest_comes_first() -> None:
    """The title counts three times, a category twice, the text once; ties stand in the vocabulary's order."""
    assert _topics("fatigue fatigue fatigue fatigue", "Tysabri") == ("fatigue", "natalizumab")
    assert _topics("fatigue fatigue", "Tysabri") == ("natalizumab", "fatigue")
    assert _topics("fatigue", categories=("Tysabri",)) == ("natalizumab", "fatigue")
    assert _topics("fatigue and Tysabri") == ("natalizumab", "fatigue")


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("Pml", ("pml",)),
        ("Covid 19", ("covid-19",)),
        ("Diagnosis", ("diagnosis",)),
        ("Iris", ()),
        ("About Tysabri and vaccines", ("natalizumab", "vaccination")),
        ("Uncategorised", ()),
    ],
)
def test_categories(category: str, expected: tuple[str, ...]) -> None:
    """A category is a label: its capitals mean nothing, and a topic's name will do."""
    assert _topics(categories=(category,)) == expected


def test_topics_given_by_the_source_stay_in_front() -> None:
    """What a collector has said is kept, once."""
    entry = replace(ENTRY, text="fatigue Tysabri", topics=("pml", "fatigue"))

    assert enricher(_shipped())(entry).topics == ("pml", "fatigue", "natalizumab")


def test_a_vocabulary_of_acronyms_alone() -> None:
    """A kind of term that does not occur finds nothing, not everything."""
    row = {"id": "pml", "name": "PML", "kind": "safety", "synonyms": ["PML"]}
    enrichment = enricher(Vocabulary.from_toml_data({"topic": [row]}))

    assert enrichment(replace(ENTRY, text="PML or pml")).topics == ("pml",)
    assert enrichment(replace(ENTRY, text="nothing else")).topics == ()


# What the posts alone are about. Of the expected topics, counted over whole pages, ebv and brain-volume come from
# readers' comments, which are no part of an entry.
IN_THE_BODY = {
    "covid-two-stages": {"immunology", "covid-19", "antivirals"},
    "iwims-ms-and-covid-19": {"covid-19", "registries", "guidance"},
    "partial-recovery-after-pml": {"pml", "iris"},
    "repairing-with-alemtuzumab": {"alemtuzumab", "remyelination"},
    "natalizumab-wear-off": {"eid", "natalizumab", "covid-19"},
}


@needs_world
@pytest.mark.parametrize("slug", IN_THE_BODY)
def test_captured_posts(slug: str) -> None:
    """A post's true subjects are among its five strongest topics, also when its page holds comments."""
    expected = json.loads((WORLD / "expected.json").read_text(encoding="utf-8"))["topics"]["top3_in_any_order"][slug]
    page = (WORLD / "seeds" / f"{slug}.txt").read_text(encoding="utf-8")
    body = page.split("About the author")[0]

    assert set(expected) <= set(_topics(page)[:5])
    assert set(_topics(body)[:5]) >= IN_THE_BODY[slug]
    assert set(expected) - IN_THE_BODY[slug] <= {"ebv", "brain-volume"}


def test_the_finder_finds_what_its_pattern_finds() -> None:
    """Looking only where a term may begin leaves nothing out: 3,000 texts of terms in every spelling."""
    chance = random.Random(7)  # noqa: S311 - words of a test
    terms = ["natalizumab", "COVID-19", "b cell", "b cells", "t cell", "4-aminopyridine", "hy's law", "no evidence", "MS-STAT2",
             "ocrelizumab/hyaluronidase", "interferon", "interferon beta-1a", "GA", "GA depot", "BTK inhibitor", "\u03b14", "RIS"]  # fmt: skip
    noise = ["the", "of", "b", "t", "4", "no", "GA", "cells", "beta", "-", "(", ")", ".", ",", "\u2013", "_", "x"]
    finder, pattern = topics.Finder(set(terms)), topics._any_of(set(terms))
    for _ in range(3_000):
        words = [
            _spelled(chance, chance.choice(terms)) if chance.random() < 0.5 else chance.choice(noise) for _ in range(20)
        ]
        text = chance.choice([" ", "-", "", "\n"]).join(words)

        assert finder.findall(text) == pattern.findall(text)


def _spelled(chance, term):
    spelled = term.replace("-", chance.choice(["-", " ", "", "\u2013"])).replace(
        " ", chance.choice([" ", "-", "  ", "\n"])
    )
    return spelled + chance.choice(["", "", "s", "x", "1", "/"])
