"""An entry as it is published: what feeds and pages alike say of it, decided once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import UUID

from msdigest.render.plain import excerpt, one_line

if TYPE_CHECKING:
    from datetime import datetime

    from msdigest.model.entry import Entry, Identifier
    from msdigest.model.source import Source

# Names of the look's tints.
Tone = Literal["caution", "alarm", "trial", "guidance", "neutral"]

# Whatever XML 1.0 cannot carry, and the C1 controls, which no text for readers needs.
_UNSAYABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EXCERPT_WORDS = 80
# Sources whose whole text is theirs to show.
_EXCERPT_ONLY = {"link-and-excerpt"}
_KIND_LABELS: dict[str, tuple[str, Tone]] = {
    "work": ("Paper", "neutral"),
    "trial": ("Trial", "trial"),
    "event": ("Meeting", "neutral"),
    "recording": ("Recording", "neutral"),
    "guidance": ("Guidance", "guidance"),
    "safety": ("Safety", "alarm"),
}
# Readers are told that a commentary is an opinion.
_EVIDENCE_WORDS = {"commentary": "Opinion"}
_EVIDENCE_TONES: dict[str, Tone] = {
    "preprint": "caution",
    "retracted": "alarm",
    "withdrawn": "alarm",
    "safety": "alarm",
    "trial": "trial",
    "registry": "trial",
    "guidance": "guidance",
    "guideline": "guidance",
    "regulatory": "guidance",
}
_IDENTIFIER_PAGES = {
    "doi": ("DOI", "https://doi.org/{}"),
    "pmid": ("PubMed", "https://pubmed.ncbi.nlm.nih.gov/{}/"),
    "pmcid": ("PubMed Central", "https://pmc.ncbi.nlm.nih.gov/articles/{}/"),
    "nct": ("ClinicalTrials.gov", "https://clinicaltrials.gov/study/{}"),
    "isrctn": ("ISRCTN", "https://www.isrctn.com/{}"),
    "ctis": ("EU CTIS", "https://euclinicaltrials.eu/ctis-public/view/{}"),
    "eudract": ("EudraCT", "https://www.clinicaltrialsregister.eu/ctr-search/search?query={}"),
}


@dataclass(frozen=True, slots=True)
class Label:
    """A word in a tinted pill; the tone only chooses the tint."""

    word: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An entry with what readers are told beside it.

    source: the one that saw it first.
    page: absolute address of our own page about it.
    date: its own date in words, as precise as it was told and no more; empty = not told.
    changed: when its newest revision was seen, aware.
    topics: (id, name) of its topics, strongest first.
    """

    entry: Entry
    source: Source
    page: str
    date: str
    changed: datetime
    topics: tuple[tuple[str, str], ...] = ()

    @property
    def title(self) -> str:
        """The title in one line; the address stands in where nothing printable is left of it."""
        return one_line(self.entry.title) or sayable(self.entry.url)

    @property
    def link(self) -> str:
        """Where the entry was found; our own page about it where that is no web address."""
        return web_address(self.entry.url) or self.page

    @property
    def source_name(self) -> str:
        """What readers are told about where it comes from."""
        return one_line(self.source.name) or self.source.id

    @property
    def source_url(self) -> str:
        """The source's address, or nothing where it has no public one."""
        return web_address(self.source.url)

    @property
    def authors(self) -> tuple[str, ...]:
        """The authors' names as printed."""
        return tuple(name for name in map(one_line, self.entry.authors) if name)

    @property
    def excerpt_only(self) -> bool:
        """Whether the source lets us show no more than the beginning."""
        return self.source.licence in _EXCERPT_ONLY

    @property
    def summary(self) -> str:
        """The first sentences in plain text."""
        return excerpt(self.entry.text)

    @property
    def body(self) -> str:
        """The HTML that may be shown: all of it, or as much as the source's licence allows."""
        if not self.excerpt_only:
            return sayable(self.entry.html)
        words = first_words(self.entry.text, _EXCERPT_WORDS)
        return f"<p>{escape(words)}</p>" if words else ""


def sayable(text: str) -> str:
    """Drop the characters that XML cannot carry: control characters, lone surrogates, noncharacters."""
    return _UNSAYABLE.sub("", text)


def first_words(text: str, count: int) -> str:
    """Return the first ``count`` words in one line; an ellipsis tells that there are more."""
    words = sayable(text).split()
    return " ".join(words) if len(words) <= count else " ".join(words[:count]) + " …"


def web_address(url: str) -> str:
    """Return ``url`` without user name and password if it is one of the web, else nothing."""
    try:
        parts = urlsplit(sayable(url).strip())
    except ValueError:  # e.g. an unfinished IPv6 address: nobody can follow it
        return ""
    if parts.scheme.lower() not in {"http", "https"} or not parts.netloc:
        return ""
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def urn(entry: Entry) -> str:
    """Return the entry's name for ever; raises ValueError for an entry that was not kept yet."""
    return UUID(entry.id).urn


def labels(entry: Entry) -> tuple[Label, ...]:
    """Return what kind of thing it is and how sure anybody is, the strongest caution first."""
    found: list[Label] = []
    if evidence := one_line(entry.evidence or ""):
        word = evidence.replace("-", " ")
        word = _EVIDENCE_WORDS.get(evidence.lower(), word[0].upper() + word[1:])
        found.append(Label(word, _EVIDENCE_TONES.get(evidence.lower(), "neutral")))
    if entry.kind in _KIND_LABELS:
        kind = Label(*_KIND_LABELS[entry.kind])
        # "Guideline" and "Guidance" side by side would say one thing twice.
        if kind.tone == "neutral" or kind.tone not in {label.tone for label in found}:
            found.append(kind)
    return tuple(found)


def identifier_page(identifier: Identifier) -> tuple[str, str]:
    """Return the registry's name and the address there; an unknown scheme has no address."""
    value = sayable(identifier.value)
    name, pattern = _IDENTIFIER_PAGES.get(identifier.scheme, (identifier.scheme.upper(), ""))
    return name, pattern.format(quote(value, safe="/:;()._-")) if pattern else ""
