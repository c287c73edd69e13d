"""Where an entry leads: addresses that a browser may follow, and identifiers with the register that keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from msdigest.render.plain import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.model.entry import Identifier

_REGISTERS: Mapping[str, tuple[str, str]] = {
    "doi": ("DOI", "https://doi.org/{}"),
    "pmid": ("PubMed", "https://pubmed.ncbi.nlm.nih.gov/{}/"),
    "pmcid": ("PubMed Central", "https://pmc.ncbi.nlm.nih.gov/articles/{}/"),
    "nct": ("ClinicalTrials.gov", "https://clinicaltrials.gov/study/{}"),
    "isrctn": ("ISRCTN", "https://www.isrctn.com/{}"),
    "ctis": ("EU CTIS", "https://euclinicaltrials.eu/ctis-public/view/{}"),
    "eudract": ("EudraCT", "https://www.clinicaltrialsregister.eu/ctr-search/search?query={}"),
}
# As it is written in a mail. Longer ones are opened by hardly any program.
LONGEST_ADDRESS = 2_000
_WRITTEN_AS_THEY_ARE = "%/:?#[]@!$'()*+,;=~"


@dataclass(frozen=True, slots=True)
class Reference:
    """An identifier as it is shown.

    register: who keeps it; empty where the value says so itself. url: its page there; empty = nobody knows where.
    """

    register: str
    value: str
    url: str

    @property
    def text(self) -> str:
        """Register and value together."""
        return f"{self.register} {self.value}".strip()


def reference(identifier: Identifier) -> Reference:
    """Return an identifier with its register and the address there; of an unknown scheme only its name is known."""
    value = one_line(identifier.value)
    register, pattern = _REGISTERS.get(identifier.scheme, (identifier.scheme.upper(), ""))
    url = pattern.format(quote(value, safe="/:;()._-")) if pattern else ""
    return Reference("" if value.upper().startswith(register.upper()) else register, value, url)


def web_address(url: str) -> str:
    """Return ``url`` without user name and password if it is one of the web, else nothing."""
    try:
        parts = urlsplit(one_line(url).replace(" ", "%20"))
    except ValueError:  # e.g. an unfinished IPv6 address: nobody can follow it
        return ""
    if parts.scheme.lower() not in {"http", "https"} or not parts.netloc:
        return ""
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def mailable(url: str, longest: int = LONGEST_ADDRESS) -> str:
    """Return ``url`` as ``web_address`` does, or nothing if it is too long to stand in a mail."""
    address = web_address(url) if len(url) <= longest else ""
    # libxml2 writes each byte of other scripts as three characters.
    return address if len(quote(address, safe=_WRITTEN_AS_THEY_ARE)) <= longest else ""
