"""DOIs: the spelling by which a work is the same one wherever it is seen."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

_DOI = re.compile(r"10\.[0-9]{4,9}(?:\.[0-9]{1,9}){0,4}/[^\s\"]+", re.IGNORECASE)
# Longer than any registered DOI by far.
_LONGEST_DOI = 300
_AFTER_DOI = ".,;:!'\"*_-/&+>"
_PREPRINT_VERSION = re.compile(r"(10\.(?:1101|64898)/.*[0-9])v[0-9]{1,2}")


def doi_in(words: str) -> str:
    """Return the first DOI in a reference, in canonical spelling; empty if it has none."""
    found = _DOI.search(words)
    return spelled_doi(found[0]) if found else ""


def spelled_doi(raw: str) -> str:
    """Return a DOI that a field holds in canonical spelling: bare, in lower case, a preprint's without its version."""
    found = _DOI.search(unquote(raw.strip()))
    if found is None or len(found[0]) > _LONGEST_DOI:
        return ""
    doi = found[0].lower().rstrip(_AFTER_DOI)
    while doi.endswith(")") and doi.count("(") < doi.count(")"):
        doi = doi[:-1].rstrip(_AFTER_DOI)
    return _PREPRINT_VERSION.sub(r"\1", doi)


def doi_url(doi: str) -> str:
    """Return the public address of a DOI."""
    return f"https://doi.org/{quote(doi, safe='/:;().,_-+')}"
