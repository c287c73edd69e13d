"""Identifiers are found as people print them and kept in one spelling."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from msdigest.enrich.identifiers import enrich, find
from msdigest.model.entry import Entry, Identifier

ROOT = Path(__file__).resolve().parents[2]
WORLD = Path(os.environ.get("MSDIGEST_WORLD", ROOT / "../shared/world"))
ENTRY = Entry(key="k", source="s", title="A title", url="https://blog.example/1")


def _told(text: str, html: str = "") -> list[str]:
    return [f"{identifier.scheme} {identifier.value}" for identifier in find(text, html)]


@pytest.mark.parametrize(
    ("printed", "doi"),
    [
        ("Immunotherapy. 20146(1):23-8. doi: 10.2217/imt.13.155.", "10.2217/imt.13.155"),
        ("doi: 10.1016/j.jns.2020.116880. [Epub ahead of print]", "10.1016/j.jns.2020.116880"),
        ("glued: 10.1016/j.jns.2020.116880.[Epub ahead", "10.1016/j.jns.2020.116880"),
        ("DOI10.5555/ABC", "10.5555/abc"),
        ("(10.1016/S1474-4422(20)30147-2)", "10.1016/s1474-4422(20)30147-2"),
        ("[paper](https://doi.org/10.5555/abc).Next", "10.5555/abc"),
        ("“10.5555/abc”…", "10.5555/abc"),
        ("typeset hyphens 10.1136/jnnp\u20112021\u2010326821", "10.1136/jnnp-2021-326821"),
        ("https://doi.org/10.5555/abc?utm_source=x", "10.5555/abc"),
        ("https://x.example/?doi=10.5555/abc&rfr_id=1", "10.5555/abc"),
        ("10.5555/abc#supplement", "10.5555/abc"),
        ("https://x.example/doi/10.5555/abc/full", "10.5555/abc"),
        ("https://x.example/doi/10.5555/abc/full/html", "10.5555/abc"),
        ("https://x.example/10.5555/abc.pdf", "10.5555/abc"),
        ("https://x.example/doi/epdf/10.5555/abc/", "10.5555/abc"),
        ("10.64898/2026.02.14.26990001v1.full.pdf", "10.64898/2026.02.14.26990001"),
        ("https://www.biorxiv.org/content/10.1101/2020.03.22.002386v2.full.pdf+html", "10.1101/2020.03.22.002386"),
        ("no preprint keeps its v2: 10.5555/abc.1v2", "10.5555/abc.1v2"),
        ("https://academic.oup.com/brain/article/doi/10.1093/brain/awq176/1234567", "10.1093/brain/awq176"),
        ("10.1016%2Fj.jns.2020.116880", "10.1016/j.jns.2020.116880"),
        (
            "10.1002/(SICI)1097-0142(19960401)77:7<1309::AID-CNCR13>3.0.CO;2-# is old",
            "10.1002/(sici)1097-0142(19960401)77:7<1309::aid-cncr13>3.0.co;2-#",
        ),
    ],
)
def test_a_doi_is_freed_of_what_surrounds_it(printed: str, doi: str) -> None:
    """Marks of the sentence, forms of the work and parameters are no part of a DOI; its own brackets are."""
    assert _told(printed) == [f"doi {doi}"]


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("PMID: 99000012.", ["pmid 99000012"]),
        ("https://pubmed.ncbi.nlm.nih.gov/99000012/", ["pmid 99000012"]),
        ("https://www.ncbi.nlm.nih.gov/pubmed/99000012", ["pmid 99000012"]),
        ("https://europepmc.org/article/med/99000012", ["pmid 99000012"]),
        ("PMC7339936", ["pmcid PMC7339936"]),
        ("PMCID: PMC7339936", ["pmcid PMC7339936"]),
        ("https://www.ncbi.nlm.nih.gov/pmc/articles/PMC7339936/", ["pmcid PMC7339936"]),
        ("NCT04047628 and NCT 06433752", ["nct NCT04047628", "nct NCT06433752"]),
        ("https://clinicaltrials.gov/study/nct04047628?a=1", ["nct NCT04047628"]),
        ("ISRCTN 90000013", ["isrctn ISRCTN90000013"]),
        ("https://doi.org/10.1186/ISRCTN90000013", ["isrctn ISRCTN90000013"]),
        ("EU CT 2026-590013-21-00.", ["ctis 2026-590013-21"]),
        ("EU CTR 2022-501332-42", ["ctis 2022-501332-42"]),
        ("EudraCT 2004-000007-18-GB", ["eudract 2004-000007-18"]),
    ],
)
def test_numbers_of_papers_and_trials(printed: str, expected: list[str]) -> None:
    """Each number is known by its own form, with blanks, in addresses, with the number of an application."""
    assert _told(printed) == expected


@pytest.mark.parametrize(
    "text",
    [
        "version 10.1234.5.6 of 10.0.0.1/24",
        "a DOI needs more than 10.5555/ and 10.5555/(",
        "110.5555/abc",
        f"10.5555/{'a' * 400}",
        "a number alone: 99000012",
        "PMID: 999000012",
        "NCT0404762 has a digit too few, NCT904047628 one too many",
        "CONCTIS 12026-590013-21, 2026-590013-211, 2021-590013-21",
        "digits of another script: NCT٠٤٠٤٧٦٢٨",
    ],
)
def test_what_only_looks_alike(text: str) -> None:
    """Addresses, cut numbers and numbers without their letters are no identifiers."""
    assert _told(text) == []


def test_order_and_repetition() -> None:
    """The text's order comes first, then what only links say; nothing is told twice."""
    html = (
        "<p>See <a href=\"https://doi.org/10.5555%2FZ\">this</a>, <a href='https://doi.org/10.5555/a'>that</a> and "
        '<a href="https://x.example/?a=1&amp;id=NCT04047628">the trial</a>; 10.5555/not-a-link</p>'
    )

    assert _told("NCT06433752, then 10.5555/a,10.5555/b;https://doi.org/10.5555/A", html) == [
        "nct NCT06433752",
        "doi 10.5555/a",
        "doi 10.5555/b",
        "doi 10.5555/z",
        "nct NCT04047628",
    ]


def test_what_the_entry_has_stays_in_front() -> None:
    """What a collector knows already is kept, and joined by what title, text and links mention."""
    entry = replace(
        ENTRY,
        title="On NCT04047628",
        text="doi:10.5555/a",
        html='<a href="https://doi.org/10.5555/b">b</a>',
        identifiers=(Identifier("pmid", "1"), Identifier("doi", "10.5555/a")),
    )

    assert [identifier.value for identifier in enrich(entry).identifiers] == [
        "1",
        "10.5555/a",
        "NCT04047628",
        "10.5555/b",
    ]


@pytest.mark.skipif(not WORLD.is_dir(), reason="the captured posts of the optional world are not here")
@pytest.mark.parametrize(
    "slug", ["covid-two-stages", "partial-recovery-after-pml", "repairing-with-alemtuzumab", "natalizumab-wear-off"]
)
def test_captured_posts(slug: str) -> None:
    """A real post, comments and all, mentions just the DOIs that were counted by hand, and nothing else."""
    expected = json.loads((WORLD / "expected.json").read_text(encoding="utf-8"))["identifiers"][slug]["dois"]

    assert _told((WORLD / "seeds" / f"{slug}.txt").read_text(encoding="utf-8")) == [f"doi {doi}" for doi in expected]
