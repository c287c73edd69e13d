"""Identifiers: DOI, PubMed and trial numbers that an entry mentions, in canonical spelling."""

from __future__ import annotations

import html as entities
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from msdigest.model.entry import Identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdigest.model.entry import Entry

# One pass over the text, so that a part of a DOI is not found a second time as something else.
# Repetitions are bounded or cannot overlap with their neighbours: hostile text costs linear time.
_ANY = re.compile(
    r"""
    (?:(?<![\w.])|(?<=doi))
    (?P<doi>
        # Old Wiley names hold < and >, which end every other DOI.
        10\.[0-9]{4,9}/\(SICI\)[a-z0-9().:;-]{1,60}<[a-z0-9().:;-]{1,40}>[0-9.]{1,9}[a-z]{2};[0-9]-[a-z0-9#]
      | 10\.[0-9]{4,9}(?:\.[0-9]{1,9}){0,4}(?:/|%2F)
        # Two of them written without a blank in between are two.
        (?:(?![,;]?https?:|[,;](?:doi:)?10\.[0-9]{4,9}/)[!#-;=?-\[\]_a-{}~])+
    )
  | (?<![a-z0-9])(?:
        PMIDs?\s?[:\#]?\s?(?P<pmid>[1-9][0-9]{0,7})(?![0-9])
      | (?:pubmed\.ncbi\.nlm\.nih\.gov/|nlm\.nih\.gov/(?:m/)?pubmed/|europepmc\.org/(?:article|abstract)/med/)
        (?P<pubmed>[1-9][0-9]{0,7})(?![0-9])
      | PMC(?:ID\s?:?\s?(?:PMC)?)?\s?(?P<pmcid>[0-9]{4,9})(?![0-9])
      | NCT[\s:-]?0?(?P<nct>[0-9]{8})(?![0-9])
      | ISRCTN[\s:-]?(?P<isrctn>[0-9]{8})(?![0-9])
      # The last pair of digits counts the applications for one trial: no part of its name.
      | (?<![0-9]-)(?P<ctis>20(?:2[2-9]|[3-9][0-9])-5[0-9]{5}-[0-9]{2})(?:-[0-9]{2})?(?!-?[0-9])
      | (?<![0-9]-)(?P<eudract>(?:199|20[012])[0-9]-0[0-9]{5}-[0-9]{2})(?!-?[0-9])
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Every identifier holds one of these words or numbers; looking for them first is twenty times faster than the pattern.
_HINTS = (b"10.", b"pmid", b"pubmed", b"pmc", b"isrctn")
# As all digits are 0 and all else but hyphens is a blank: NCT90000013 and 2026-590013-21.
_HINT_NUMBERS = (b"00000000", b"0000-000000-")
_SHAPE = bytes(ord("0") if chr(code).isdecimal() else code if code == ord("-") else ord(" ") for code in range(256))
_HREF_VALUE = re.compile(r"""\s?=\s?(?:"([^"]*)"|'([^']*)')""")
_HREF_LETTERS = str.maketrans("HREF", "href")
_TYPESET_HYPHENS = str.maketrans({"\u2010": "-", "\u2011": "-"})
# Longer than any registered DOI by far: what comes here is no DOI but something that begins like one.
_LONGEST_DOI = 300
_SICI = re.compile(r"10\.[0-9]{4,9}/\(sici\)[^\s<>]+<[^\s<>]+>[0-9.]+[a-z]{2};[0-9]-[a-z0-9#]")
_AFTER_DOI = re.compile(r"[^!-~]|[\"<>\\^`|?#]|&\w+=")
_ENDS_NO_DOI = ".,;:!'*_-/&+"
# What web sites append to a DOI to name a form of the work.
_FORM = re.compile(
    r"[/.+](?:full(?:-?text)?|abstract|e?pdf|meta|html?|article-(?:info|metrics)|supplementary-material)$"
)
_PREPRINT_VERSION = re.compile(r"(?<=\d)v\d{1,2}$")
_PREPRINT_PREFIXES = ("10.1101/", "10.64898/")
_OUP_NUMBER = re.compile(r"(10\.1093/[^/]+/[^/]+)/\d{6,9}$")
_REGISTERED_TRIAL = re.compile(r"10\.1186/isrctn(\d{8})$")
# What stands before the digits of a number in canonical spelling.
_LETTERS = {"pmcid": "PMC", "nct": "NCT", "isrctn": "ISRCTN"}
_CLOSES = {")": "(", "]": "[", "}": "{"}


def enrich(entry: Entry) -> Entry:
    """Add to ``entry.identifiers`` what its title, text and links mention."""
    found = find(f"{entry.title}\n{entry.text}", entry.html)
    return replace(entry, identifiers=tuple(dict.fromkeys(entry.identifiers + found)))


def find(text: str, html: str = "") -> tuple[Identifier, ...]:
    """Return what ``text`` mentions, in its order, then what only the links of ``html`` do; each once."""
    links = tuple(_links(html))
    if not _may_mention("\n".join(links)):
        links = ()
    places = [text.translate(_TYPESET_HYPHENS), *(unquote(entities.unescape(link)) for link in links)]
    return tuple(dict.fromkeys(identifier for place in places for identifier in _scan(place)))


def _may_mention(text: str) -> bool:
    """Tell whether ``text`` may mention an identifier; False is sure."""
    letters = text.encode("ascii", "replace").lower()
    if any(hint in letters for hint in _HINTS):
        return True
    shape = letters.translate(_SHAPE)
    return any(hint in shape for hint in _HINT_NUMBERS)


def _links(html: str) -> Iterator[str]:
    """Give what stands in the href attributes; finding the word first is ten times faster than a pattern."""
    lowered = html.casefold() if html.isascii() else html.translate(_HREF_LETTERS)
    place = lowered.find("href")
    while place >= 0:
        end = place + len("href")
        if value := _HREF_VALUE.match(html, end):
            yield value[1] or value[2] or ""
            end = value.end()
        place = lowered.find("href", end)


def _scan(text: str) -> Iterator[Identifier]:
    if not _may_mention(text):
        return
    for match in _ANY.finditer(text):
        scheme, value = str(match.lastgroup), match[str(match.lastgroup)]
        if scheme == "doi":
            doi = _canonical_doi(value)
            if trial := _REGISTERED_TRIAL.match(doi):
                yield Identifier("isrctn", f"ISRCTN{trial[1]}")
            elif doi:
                yield Identifier("doi", doi)
        else:
            yield Identifier("pmid" if scheme == "pubmed" else scheme, _LETTERS.get(scheme, "") + value)


def _canonical_doi(raw: str) -> str:
    """Return the DOI in ``raw``, bare and in lower case, without what the sentence or web site added; or nothing."""
    if len(raw) > _LONGEST_DOI:
        return ""
    doi = unquote(raw).lower()
    if old_wiley := _SICI.match(doi):
        return old_wiley[0]
    doi = _AFTER_DOI.split(doi, maxsplit=1)[0]
    before = ""
    while doi != before:
        before = doi
        doi = _balanced(doi).rstrip(_ENDS_NO_DOI)
        doi = _OUP_NUMBER.sub(r"\1", _FORM.sub("", doi))
        if doi.startswith(_PREPRINT_PREFIXES):
            doi = _PREPRINT_VERSION.sub("", doi)
    return doi if "/" in doi else ""


def _balanced(doi: str) -> str:
    """Cut ``doi`` before the first bracket that has no partner in it."""
    opened: list[tuple[str, int]] = []
    for place, sign in enumerate(doi):
        if sign in "([{":
            opened.append((sign, place))
        elif sign in _CLOSES and (not opened or opened.pop()[0] != _CLOSES[sign]):
            return doi[:place]
    return doi[: opened[0][1]] if opened else doi
