"""A DOI is spelled in one way, the same wherever it is read."""

from __future__ import annotations

import pytest

from msdigest.enrich.identifiers import find
from msdigest.model.doi import doi_in, doi_url, spelled_doi

SICI = "10.1002/(SICI)1097-0134(19990801)36:2<158::AID-PROT3>3.0.CO;2-Z"


@pytest.mark.parametrize(
    ("raw", "doi"),
    [
        ("10.5555/ABC.1", "10.5555/abc.1"),
        (" https://doi.org/10.5555/abc.1 ", "10.5555/abc.1"),
        ("doi:10.5555/abc.1.", "10.5555/abc.1"),
        ("10.5555/a%2Fb", "10.5555/a/b"),
        ("10.5555/s0140-6736(10)60175-4", "10.5555/s0140-6736(10)60175-4"),
        ("10.5555/abc.1)", "10.5555/abc.1"),
        ("10.1101/2026.02.14.26990001v2", "10.1101/2026.02.14.26990001"),
        ("10.64898/2026.02.14.26990001v12", "10.64898/2026.02.14.26990001"),
        ("10.21203/rs.3.rs-99001/v1", "10.21203/rs.3.rs-99001/v1"),
        (SICI, SICI.lower()),
        ("10.5555", ""),
        ("", ""),
        ("none", ""),
        ("10.5555/" + "a" * 400, ""),
    ],
)
def test_spelling(raw: str, doi: str) -> None:
    """Bare, in lower case, without version and punctuation; as the identifiers of a text are spelled."""
    found = [each.value for each in find(raw)]

    assert spelled_doi(raw) == doi
    assert found == ([doi] if doi else [])


@pytest.mark.parametrize(
    ("words", "doi"),
    [
        ("J Synth Neurol. 2026 May 11;12(5):99. doi: 10.5555/msdigest.2026.0099.", "10.5555/msdigest.2026.0099"),
        ("J Synth Neurol. doi: 10.5555/S0140-6736(26)00123-4. Epub 2026 May 1.", "10.5555/s0140-6736(26)00123-4"),
        ("(doi 10.5555/abc.1); see there", "10.5555/abc.1"),
        ("J Synth Neurol. 2026 May 11;12(5):99.", ""),
    ],
)
def test_in_a_reference(words: str, doi: str) -> None:
    """The DOI of a reference is found among its words."""
    assert doi_in(words) == doi


def test_address() -> None:
    """A DOI's address holds for every sign that a DOI may have."""
    assert doi_url("10.5555/abc(1)2") == "https://doi.org/10.5555/abc(1)2"
    assert doi_url("10.5555/a<b>#c?d") == "https://doi.org/10.5555/a%3Cb%3E%23c%3Fd"
