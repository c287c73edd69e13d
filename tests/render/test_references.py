"""Links that can be followed, identifiers with the register that keeps them."""

from __future__ import annotations

import pytest

from msdigest.model.entry import Identifier
from msdigest.render.references import Reference, reference, web_address


@pytest.mark.parametrize(
    ("scheme", "value", "text", "url"),
    [
        ("doi", "10.1/a<b>", "DOI 10.1/a<b>", "https://doi.org/10.1/a%3Cb%3E"),
        ("pmid", "123", "PubMed 123", "https://pubmed.ncbi.nlm.nih.gov/123/"),
        ("nct", "NCT06441617", "ClinicalTrials.gov NCT06441617", "https://clinicaltrials.gov/study/NCT06441617"),
        ("isrctn", "ISRCTN99000142", "ISRCTN99000142", "https://www.isrctn.com/ISRCTN99000142"),
        ("other", "7\n8", "OTHER 7 8", ""),
    ],
)
def test_an_identifier_leads_somewhere(scheme, value, text, url) -> None:
    """If the field knows where; a value that names its register is not told it twice."""
    shown = reference(Identifier(scheme, value))

    assert (shown.text, shown.url) == (text, url)


def test_a_reference_has_two_parts() -> None:
    """Pages link the value alone."""
    assert reference(Identifier("doi", "10.1/a")) == Reference("DOI", "10.1/a", "https://doi.org/10.1/a")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://x.example/a b", "https://x.example/a%20b"),
        ("HTTP://x.example/", "http://x.example/"),
        ("https://name:word@x.example/", "https://x.example/"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("java\nscript:alert(1)", ""),
        ("https:///path", ""),
        ("https://[::1", ""),
        ("/relative", ""),
    ],
)
def test_only_web_addresses_are_linked(url, kept) -> None:
    """Whatever a source gave as its link, and never with a password in it."""
    assert web_address(url) == kept
