"""The smaller rules of the checks, each over a table of cases."""

from __future__ import annotations

import pytest

from msdigest.lint.headers import is_neutral
from msdigest.lint.leftovers import bits_of
from msdigest.lint.links import is_reserved
from msdigest.lint.message import token_of
from msdigest.lint.support import AUDIENCE_CLIENTS, _of_declaration, lacking_clients
from msdigest.lint.wording import _is_explained, _syllables

HOSTS = {
    "localhost": True, "printer": True, "a.local": True, "digest.example.org": True, "example.com": True, "x.test": True,
    "127.0.0.1": True, "10.0.0.1": True, "192.168.1.1": True, "[::1]": True, "169.254.1.1": True, "fe80::1": True,
    "8.8.8.8": False, "charity.org": False, "notexample.org": False, "example.org.uk": False, "testing.org": False,
}  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_reserved_hosts_are_known(host) -> None:
    """Names and addresses that nobody else can reach."""
    assert is_reserved(host) is HOSTS[host]


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("https://a.org/leave/abcdef0123456789", "abcdef0123456789"),
        ("https://a.org/l?d=1&t=abcdef0123456789", "abcdef0123456789"),
        ("https://[", ""),
        ("", ""),
    ],
)
def test_the_opaque_part_is_found(url, token) -> None:
    """The longest piece of path or query is what nobody can guess."""
    assert token_of(url) == token


@pytest.mark.parametrize(
    ("token", "enough"),
    [
        ("0123456789abcdef" * 2, True),
        ("0123456789abcdef" * 2 + "", True),
        ("0123456789abcdef", False),
        ("9" * 100, False),
        ("0123456789" * 4, True),
        ("0123456789" * 3, False),
        ("aB3-_xYz09qWeRtYuIoP12", True),
        ("aB3-_xYz09qWeRtYuIoP1", False),
        ("", False),
    ],
)
def test_bits_are_counted_by_length_and_letters(token, enough) -> None:
    """A token needs 128 bits: 32 hexadecimal digits, or 22 letters of base64."""
    assert (bits_of(token) >= 128) is enough


DECLARATIONS = (
    ("padding-left", "1px", ("css-padding",)),
    ("border-top-left-radius", "1px", ("css-border-radius",)),
    ("border-left-color", "red", ("css-border",)),
    ("border-collapse", "collapse", ("css-border-collapse",)),
    ("font-family", "system-ui, serif", ("css-font", "css-sytem-ui")),
    ("text-decoration-line", "none", ("css-text-decoration-line",)),
    ("display", "inline-flex", ("css-display-flex",)),
    ("display", "block", ("css-display",)),
    ("width", "calc(1px + 2vw)", ("css-width", "css-unit-calc", "css-unit-vw")),
    ("background-image", "linear-gradient(red, blue)", ("css-background-image", "css-linear-gradient")),
    ("top", "0", ("css-left-right-top-bottom",)),
    ("margin", "0 1.5rem", ("css-margin", "css-unit-rem")),
    ("color", "#11223e", ()),
    ("-webkit-hyphens", "auto", ()),
    ("mso-hide", "all", ()),
)


@pytest.mark.parametrize(("name", "value", "expected"), DECLARATIONS)
def test_longhands_are_looked_up_where_they_are_tested(name, value, expected) -> None:
    """A property without a row of its own stands in its shorthand's; values have rows, too."""
    assert _of_declaration(name, value) == expected


def test_the_table_knows_who_does_not() -> None:
    """The newest tests: Outlook's Word engine rounds no corners; nobody lacks a paragraph; gone programs are left out."""
    assert lacking_clients("css-border-radius", AUDIENCE_CLIENTS) == ("outlook on windows",)
    assert lacking_clients("html-p", AUDIENCE_CLIENTS) == ()
    assert "gmail on ios" in lacking_clients("css-position", ("gmail",))
    assert not any("windows-mail" in name for name in lacking_clients("css-border-radius", ("outlook",)))
    assert lacking_clients("css-of-tomorrow", AUDIENCE_CLIENTS) == ()


@pytest.mark.parametrize(
    ("words", "explained"),
    [
        ("NEDA (no evidence of disease activity) was", True),
        ("no evidence of disease activity (NEDA) was", True),
        ("No Evidence, in short (NEDA; see below)", True),
        ("NEDA was reached, and NEDA (2019) again", False),
        ("people in the study (NEDA) were", False),
        ("NEDA", False),
    ],
)
def test_explanations_are_found(words, explained) -> None:
    """Before or behind the abbreviation, in brackets."""
    assert _is_explained("NEDA", words) is explained


def test_syllables_are_nearly_counted() -> None:
    """Close enough for a grade of school."""
    counted = {word: _syllables(word) for word in ("dose", "people", "trial", "alemtuzumab", "free", "tysabri", "x")}

    assert counted == {"dose": 1, "people": 2, "trial": 1, "alemtuzumab": 5, "free": 1, "tysabri": 3, "x": 1}


def test_neutral_is_a_part_of_a_variants_name() -> None:
    """Not just some letters of it."""
    assert is_neutral("en.standard.neutral")
    assert is_neutral("de.large.neutral.professional")
    assert not is_neutral("en.neutralish")
