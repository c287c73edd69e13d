"""What others say, as it may be kept and shown."""

from __future__ import annotations

import base64

import pytest

from msdigest.postal.answers import told

TOKEN = base64.urlsafe_b64encode(bytes(range(42))).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("jane@example.org does not exist", "[address] does not exist"),
        ("'jane@example.org' does not exist", "'[address]' does not exist"),
        ("<mary.o'hara@example.org>: no", "<[address]>: no"),
        ("see /v3/suppressions/jane%40example.org", "see [address]"),
        (f"bad header: <https://news.example/leave/{TOKEN}>", "bad header: <https://news.example/leave/[token]>"),
        ("message 1f0c5b6e-5d5f-4a11-8f3b-0123456789ab", "message 1f0c5b6e-5d5f-4a11-8f3b-0123456789ab"),
        ("one\r\nline\tonly", "one line only"),
        ("\x1b[2Jred \u202egnp half \ud800", "[2Jred gnp half"),
        ("x " * 200, "x " * 80),
    ],
    ids=[
        "an address",
        "in quotes",
        "with an apostrophe",
        "as in a link",
        "a token",
        "a name",
        "breaks",
        "controls",
        "long",
    ],
)
def test_what_others_say_is_told_without_what_nobody_should_read(said: str, shown: str) -> None:
    """Whoever runs a mail server writes what they like into an answer, and it ends on a terminal and in a log."""
    assert told(said) == shown
