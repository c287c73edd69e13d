"""What patients are told at a first use, and where a text is left as it is."""

from __future__ import annotations

import random
import time
import tomllib
from functools import cache
from pathlib import Path

import pytest

from msdigest.model.topic import Ambiguity, Term, Topic, Vocabulary
from msdigest.render.glossing import Gloss, Glossary

ROOT = Path(__file__).resolve().parents[2]
# Far below what a text may have; the machine that runs the tests may be five times as slow as ours.
LONG = 100_000
NEDA = "(no evidence of disease activity)"
PML = "(progressive multifocal leukoencephalopathy, a rare, serious brain infection)"
CELLS = "(a low number of lymphocytes, which are white blood cells)"


@cache
def vocabulary() -> Vocabulary:
    return Vocabulary.from_toml_data(tomllib.loads((ROOT / "config" / "topics.toml").read_text(encoding="utf-8")))


@cache
def glossary(language="en") -> Glossary:
    return Glossary(vocabulary(), language)


def told(text, gloss=None) -> str:
    """Return ``text`` with every gloss shown, once it is certain that nothing of it is lost."""
    segments = (gloss or glossary()).segments(text)
    assert "".join(each.words if isinstance(each, Gloss) else each for each in segments) == text
    assert "" not in segments
    return "".join(each.told if isinstance(each, Gloss) else each for each in segments)


def test_segments() -> None:
    """A text is cut at the first mention of each key; later ones, also by another brand, stay text."""
    assert glossary().segments("On Lemtrada, NEDA; Lemtrada or MabCampath, NEDA.") == (
        "On ",
        Gloss("medicine:alemtuzumab", "Lemtrada", "alemtuzumab (Lemtrada)"),
        ", ",
        Gloss("term:NEDA", "NEDA", f"NEDA {NEDA}"),
        "; Lemtrada or MabCampath, NEDA.",
    )
    assert glossary().segments("Nothing to tell.") == ("Nothing to tell.",)
    assert glossary().segments("") == ()


EXPLAINED = {
    "a term": ("NEDA was reached.", f"NEDA {NEDA} was reached."),
    "a plural": ("Three RCTs", "Three RCTs (randomised controlled trial, where chance decides who gets which treatment)"),
    "a possessive of a term": ("NEDA's value", f"NEDA's {NEDA} value"),
    "a hard word in any case": ("LYMPHOPENIA, then lymphopenia", f"LYMPHOPENIA {CELLS}, then lymphopenia"),
    "other signs": ("smouldering\u00a0MS", "smouldering\u00a0MS (slow damage that goes on without relapses)"),
    "the longest": ("NEDA-3 here", "NEDA-3 (no relapse, no lasting worsening and no new lesion on MRI scans) here"),
    "a brand": ("we gave Lemtrada.", "we gave alemtuzumab (Lemtrada)."),
    "a brand in capitals": ("we gave LEMTRADA.", "we gave alemtuzumab (LEMTRADA)."),
    "a brand of two words": ("on Ocrevus Zunovo", "on ocrelizumab (Ocrevus Zunovo)"),
    "a registered brand": ("on Tysabri® now", "on natalizumab (Tysabri®) now"),
    "a possessive": ("the Lemtrada\u2019s effect", "the alemtuzumab\u2019s (Lemtrada) effect"),
    "a dash is no hyphen": ("it\u2014Lemtrada\u2014works", "it\u2014alemtuzumab (Lemtrada)\u2014works"),
    "another article": ("a Lemtrada infusion", "an alemtuzumab (Lemtrada) infusion"),
    "another article, first": ("An Ampyra pill", "A fampridine (Ampyra) pill"),
    "the same article": ("a Tysabri infusion", "a natalizumab (Tysabri) infusion"),
    "no article": ("a lemon and Lemtrada; plan a\tb", "a lemon and alemtuzumab (Lemtrada); plan a\tb"),
    "a text begins": ("Lemtrada works", "Alemtuzumab (Lemtrada) works"),
    "a sentence begins": ("It works. “Lemtrada” is", "It works. “Alemtuzumab (Lemtrada)” is"),
    "a line begins": ("a heading\nLemtrada is", "a heading\nAlemtuzumab (Lemtrada) is"),
    "no sentence begins": ("natalizumab vs. Lemtrada", "natalizumab vs. alemtuzumab (Lemtrada)"),
    "far from any beginning": ("x" + " " * 300 + "Lemtrada", "x" + " " * 300 + "alemtuzumab (Lemtrada)"),
    "in brackets": ("one (Tysabri, Ocrevus)", "one (natalizumab [Tysabri], ocrelizumab [Ocrevus])"),
    "in brackets, a term": ("low cells (lymphopenia).", f"low cells (lymphopenia {CELLS.translate({40: '[', 41: ']'})})."),
    "behind brackets": ("one (or two) on Tysabri", "one (or two) on natalizumab (Tysabri)"),
    "a reference behind": ("on Tysabri [1,2] and", "on natalizumab (Tysabri) [1,2] and"),
    "a later mention, where brackets are behind the first": ("PML (3 cases); PML", f"PML (3 cases); PML {PML}"),
    "a letter that grows": ("\u0130\u0130 on Lemtrada", "\u0130\u0130 on alemtuzumab (Lemtrada)"),
    "company": ("OCT of the retina", "OCT (optical coherence tomography, a scan of the retina) of the retina"),
    "far from the INN": (
        "alemtuzumab" + " it is" * 10 + " Lemtrada",
        "alemtuzumab" + " it is" * 10 + " alemtuzumab (Lemtrada)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", EXPLAINED)
def test_explained(case) -> None:
    """The meaning stands behind a term, the INN before a brand, in a way that reads well where it stands."""
    text, expected = EXPLAINED[case]

    assert told(text) == expected


LEFT_ALONE = {
    "the INN alone": "alemtuzumab was given",
    "the INN before": "alemtuzumab (Lemtrada) and Lemtrada, far from it the Lemtrada of others",
    "the INN behind": "Lemtrada (alemtuzumab)",
    "the INN near": "alemtuzumab, sold as Lemtrada",
    "another name of it": "dalfampridine (Ampyra), interferon beta (Avonex)",
    "the meaning behind": "NEDA (No evidence of  disease activity), then NEDA",
    "the meaning before": "no evidence of disease activity (NEDA), then NEDA",
    "the letters in full": "the expanded disability status score (EDSS) and EDSS",
    "the letters in full behind": "DMTs (disease modifying treatments)",
    "the letters in full behind a sign": "RCT = randomised clinical trial; EBV, or Epstein Barr virus",
    "an acronym in the long form": "relapsing/remitting MS (RRMS)",
    "the letters in German": "Progressive multifokale Leukoenzephalopathie („PML“)",
    "the German meaning": "Liquor (CSF)",
    "own words in brackets": "lymphopenia (few white cells), lymphopenia",
    "numbers in brackets": "EDSS (range 0 to 6)",
    "addresses": "https://x.example/NEDA,NEDA www.x.example/a,NEDA tysabri.com tysabri@x.example x.example/?q=NEDA",
    "names of networks": "#NEDA @Tysabri $NEDA",
    "other words": "NEDAx xNEDA NEDA_ anti-Lemtrada Lemtrada-treated PML-IRIS RRMS/SPMS PML\u2011like NEDA'd l\u00fcNEDA",
    "another case": "neda nfl NFL Nfl",
    "no company": "OCT in October, CIS countries, IRIS at sea",
    "the wrong company": "CDI with disability: Clostridium difficile",
    "half a letter": "\ud800 of something",
}  # fmt: skip


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_left_alone(case) -> None:
    """What the text explains itself, what is part of something else, and what means something else."""
    assert told(LEFT_ALONE[case]) == LEFT_ALONE[case]


def test_a_term_in_doubt() -> None:
    """Letters that do not make the acronym, in brackets before or behind, explain nothing."""
    assert told("a brain infection (PML)") == f"a brain infection (PML [{PML[1:-1]}])"
    assert told("NEDA, no evidence at last") == f"NEDA {NEDA}, no evidence at last"


def test_brackets_again_and_again() -> None:
    """After eight mentions with brackets of the text's own, the rest of the text is left alone."""
    assert told("PML (1 case); " * 7 + "PML").endswith(PML)
    assert told("PML (1 case); " * 8 + "PML").endswith("; PML")


def test_german() -> None:
    """Who reads German is told German meanings, and German names of medicines, which have a capital."""
    german = glossary("de")

    assert told("Bei NEDA, mit Lemtrada; ein Tecfidera", german) == (
        "Bei NEDA (keine nachweisbare Krankheitsaktivität), mit Alemtuzumab (Lemtrada); ein Dimethylfumarat (Tecfidera)"
    )
    assert told("Dimethylfumarat (Tecfidera) an a Lemtrada", german).endswith("an a Alemtuzumab (Lemtrada)")
    assert told("NEDA", Glossary(vocabulary(), "de-AT")).endswith("(keine nachweisbare Krankheitsaktivität)")
    assert told("NEDA", Glossary(vocabulary(), "fr")).endswith(NEDA)


def _topic(topic_id, *brands):
    return Topic(id=topic_id, name=topic_id, kind="dmt", synonyms=(topic_id, *brands), brands=brands)


def test_a_brand_of_two_medicines() -> None:
    """Is never guessed; the other brands of either are told."""
    words = Vocabulary((_topic("lopinavir", "Kaletra", "Aluvia"), _topic("ritonavir", "Kaletra")))

    assert told("on Kaletra or Aluvia", Glossary(words)) == "on Kaletra or lopinavir (Aluvia)"


def test_a_brand_that_needs_company() -> None:
    """A brand may be an everyday word."""
    company = Ambiguity(term="Harbour", topic="harbimab", needs_any=("infusion",), but_not=("ship",))
    gloss = Glossary(Vocabulary((_topic("harbimab", "Harbour"),), (company,)))

    assert told("the Harbour infusion", gloss) == "the harbimab (Harbour) infusion"
    assert told("the Harbour", gloss) == "the Harbour"
    assert told("the Harbour infusion by ship", gloss) == "the Harbour infusion by ship"


def test_glosses_never_overlap() -> None:
    """An "a" that ends one term is no article of the brand behind it."""
    words = Vocabulary((_topic("alemtuzumab", "Lemtrada"),), (), (Term(term="hepatitis A", means="x", means_de="y"),))

    assert told("hepatitis A Lemtrada", Glossary(words)) == "hepatitis A (x) Lemtrada"


def test_a_vocabulary_without_terms_explains_nothing() -> None:
    """Not everything."""
    assert told("NEDA on Lemtrada", Glossary(Vocabulary((_topic("alemtuzumab"),)))) == "NEDA on Lemtrada"


def test_every_stock_term_and_brand_is_told() -> None:
    """In its company, each is found where it stands alone, and once in a text that has all of them."""
    company = {each.term: f" {each.needs_any[0]}" for each in vocabulary().ambiguities}
    glosses = []
    for term in vocabulary().terms:
        text = f"of {term.term} with{company.get(term.term, '')}"
        glosses += [each for each in glossary().segments(text) if isinstance(each, Gloss) and each.words == term.term]
    keys = [gloss.key for gloss in glosses]

    assert keys == [f"term:{term.term}" for term in vocabulary().terms if f"term:{term.term}" in keys]
    # Their company is what they mean, so that the text explains them: nothing is to be told.
    assert {term.term for term in vocabulary().terms} - {key.removeprefix("term:") for key in keys} <= company.keys()
    for topic in vocabulary().topics:
        for brand in topic.brands:
            assert told(f"of {brand} now") == f"of {topic.name} ({brand}) now"


def test_any_words_in_any_order() -> None:
    """No text loses a letter, no key is told twice: 1,500 texts of terms, brands, signs and brackets."""
    chance = random.Random(11)  # noqa: S311 - words of a test
    bank = [term.term for term in vocabulary().terms] + [
        brand for topic in vocabulary().topics for brand in topic.brands
    ]
    bank += ["(", ")", "[", "]", ".", "a", "an", "\u0130", "'s", "s", "https://", "-", "alemtuzumab", "\n", "“", "®"]
    for _ in range(1_500):
        text = "".join(chance.choice(bank) + chance.choice(["", " ", " ", "  "]) for _ in range(30))
        told(text)
        keys = [each.key for each in glossary().segments(text) if isinstance(each, Gloss)]

        assert len(keys) == len(set(keys))


HOSTILE = {
    "a term": "NEDA ", "its wrong case": "neda ", "brackets": "PML (", "opened": "(", "companions": "OCT CDI CIS RIS IRIS EID ITP SEL ",
    "nearly companions": "OCT CIS xtomography xisolated xretina ", "addresses": "http://", "hosts": "www. ", "blanks": " ",
    "hyphens": "-", "gaps": "extended   interval   ", "letters": "n e d (NEDA) ", "one word": "a", "grown": "\u0130 ",
    "every term with brackets": "".join(f"{term} (x " for term in ("EDSS", "BVL", "CSF", "EBV", "JCV", "DMT", "HSCT", "GFAP")),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_texts_take_no_time(case) -> None:
    """100,000 characters of anything take 13 ms at most on the machine where this was measured."""
    text = (HOSTILE[case] * LONG)[:LONG]
    gloss = glossary()
    started = time.perf_counter()
    gloss.segments(text)

    assert time.perf_counter() - started < 0.25
