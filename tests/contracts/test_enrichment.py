"""What every enrichment keeps to: idempotent, keeps the entry's identity, never raises on any text."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from msdigest.enrich import disclosures, events, identifiers, topics
from msdigest.model.entry import Enclosure, Entry, Identifier
from msdigest.model.topic import Vocabulary

if TYPE_CHECKING:
    from msdigest.ports import Enrichment

ROOT = Path(__file__).resolve().parents[2]
VOCABULARY = Vocabulary.from_toml_data(tomllib.loads((ROOT / "config" / "topics.toml").read_text(encoding="utf-8")))
# One line for each file in enrich/.
ENRICHMENTS: dict[str, Enrichment] = {
    "disclosures": disclosures.enrich,
    "events": events.enrich,
    "identifiers": identifiers.enrich,
    "topics": topics.enricher(VOCABULARY),
}
SAYS_SOMETHING = {
    "html", "text", "identifiers", "coi", "disclaimer", "topics", "evidence", "kind", "event", "facts", "doubts",
}  # fmt: skip
ENTRY = Entry(
    key="https://blog.example/?p=1",
    source="blog",
    title="Natalizumab, NCT04047628",
    url="https://blog.example/1",
    kind="post",
    html='<p>Rebound, doi:10.5555/a. <a href="https://doi.org/10.5555/b">b</a></p><p><b>COI:</b> None</p><p>Disclaimer: d</p>',
    text="Rebound, doi:10.5555/a. b\n\nCall: 26 March, 8pm London, 9pm Paris\n\nCOI: None\n\nDisclaimer: d",
    authors=("Prof G",),
    published=datetime(2026, 3, 10, 10, tzinfo=UTC),
    precision="minute",
    updated=datetime(2026, 3, 11, 10, tzinfo=UTC),
    section=("MS COVID Registries",),
    categories=("Pml",),
    enclosures=(Enclosure("https://blog.example/a.mp3", "audio/mpeg", 1),),
    same_as=(Identifier("doi", "10.5555/a"),),
    audience=("patient",),
    evidence="commentary",
    language="en",
    id="0f",
    revision=2,
    first_seen=datetime(2026, 3, 12, tzinfo=UTC),
)
HOSTILE = {
    "empty": "",
    "blanks": " \n\t\r\n\u00a0\u200b",
    "NUL": "COI: \x00 NCT04047628\x00 10.5555/a\x00",
    "lone surrogates": "\ud800COI: \udfff natalizumab \ud800 10.5555/\udfff",
    "other scripts": "多発性硬化症 рассеянный склероз ٤٢ 𝒩𝒞𝒯 ß İ ſ",
    "broken markup": '</p></p><p><b><i></b>COI: x</i><p <br<li>< > " \' <a href="><!-- <![CDATA[ &#55555; &#x110000; &bad &',
    "unclosed": "<p>COI: x" * 20_000,
    "deep": "<div>" * 50_000 + "COI: x" + "</div>" * 50_000,
    "quotes": "<a '\"<b \"'" * 60_000 + "COI",
    "brackets only": "<" * 200_000 + "COI",
    "begins like a DOI": "10.1234/" * 125_000,
    "one endless DOI": "10.1234/" + "(" * 1_000_000,
    "begins like a number": "NCT ISRCTN PMID PMC 2026-5" * 40_000,
    "days and times only": "1 May 8pm London (2 May) " * 40_000,
    "begins like a time": "26 August 1:1:1: " * 60_000,
    "begins like a speaker": "Speakers:\n" + "A B C D E F " * 80_000,
    "1 MB of words": "COI disclosure natalizumab extended interval B cell RECOVERY 10.5555/a " * 14_000,
    "1 MB without a blank": "a" * 1_000_000,
    "1 MB of blanks": "COI" + " " * 1_000_000,
    "1 MB of lines": "COI: x\n" * 140_000,
}

pytestmark = pytest.mark.parametrize("enrichment", ENRICHMENTS.values(), ids=ENRICHMENTS)


def _identity(entry: Entry) -> Entry:
    """Return ``entry`` without what enrichments may say."""
    return replace(
        entry, **{name: getattr(Entry(key="", source="", title="", url=""), name) for name in SAYS_SOMETHING}
    )


def test_it_says_something(enrichment: Enrichment) -> None:
    """On an entry that holds something for each of them, each has something to add."""
    assert enrichment(ENTRY) != ENTRY


def test_idempotent(enrichment: Enrichment) -> None:
    """A second time adds nothing."""
    once = enrichment(ENTRY)

    assert enrichment(once) == once


def test_keeps_identity(enrichment: Enrichment) -> None:
    """Key, source, title, dates and all else that tells which entry it is stay as they were."""
    assert _identity(enrichment(ENTRY)) == _identity(ENTRY)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_never_raises(enrichment: Enrichment, text: str) -> None:
    """Any text is taken in every field that holds words, and still once is enough."""
    entry = replace(ENTRY, title=text[:10_000], html=text, text=text, categories=(text[:1000],))

    once = enrichment(entry)

    assert _identity(once) == _identity(entry)
    assert enrichment(once) == once


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "src" / "msdigest" / "enrich").glob("[a-z]*.py")))
def test_every_enrichment_is_here(enrichment: Enrichment, name: str) -> None:
    """A new file in enrich/ comes under this contract."""
    assert name in ENRICHMENTS
