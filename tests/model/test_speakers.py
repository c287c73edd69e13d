"""Who speaks is read line by line; what only looks like a name is none."""

from __future__ import annotations

import pytest

from msdigest.model.speakers import read_speakers


def _told(text: str, *, of_meeting: bool) -> list[str]:
    return [f"{one.name} {one.country}".strip() for one in read_speakers(text, of_meeting=of_meeting)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Speakers:\n\nAda Byron (GB): Counting lesions\n\nGrace Murray (US): Cells\n\nRecording (58:58)", ["Ada Byron GB", "Grace Murray US"]),
        ("Speakers: Ada Byron (UK), Prof. Jan van der Meer (NL) and Zoë O’Hara-Łuk (IE)", ["Ada Byron GB", "Jan van der Meer NL", "Zoë O’Hara-Łuk IE"]),
        ("Our speakers are:\n• Ada Byron – lesions\n• Two members of the group: work\n• Grace Murray, nurse: cells\nAnybody is welcome", ["Ada Byron", "Grace Murray"]),
        ("Speakers\nAda Byron\nGrace Murray.\nJoin us there", ["Ada Byron", "Grace Murray"]),
        ("Programme:\nDr Ada Byron (Leeds, GB): Counting", ["Ada Byron GB"]),
        ("Speakers discussed it. Ada Byron (GB): nothing", []),
        ("Speakers:\nQuestions can be sent\nAda Byron (GB): x", []),
        ("Ada Byron (GB): x", []),
        ("• Ada Byron: x", []),
        ("Agenda\n\nSpeakers: Ada Byron", ["Ada Byron"]),
        ("", []),
    ],
)  # fmt: skip
def test_under_a_label(text: str, told: list[str]) -> None:
    """A label is needed in a text that is no invitation, and a line that names nobody ends the list."""
    assert _told(text, of_meeting=False) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Join us.\nAda Byron (GB): Counting\n• Grace Murray: Cells\nMary Somerville: Sums", ["Ada Byron GB", "Grace Murray"]),
        ("Ada Byron (GB)\nAda Byron (GB)", ["Ada Byron GB"]),
        ("• Meeting ID: 812\n• Zoom Link: here\n• Start Time: 8", []),
        ("Multiple Sclerosis (MS): a talk\nSystem Two (XY): x\nada byron (GB): x", []),
        ("• a b: c\n• Byron: c\n• Ada 2: c", []),
        ("\n".join(f"Ada Byron{'xy'[n % 2] * n} (GB): x" for n in range(1, 39)), [f"Ada Byron{'xy'[n % 2] * n} GB" for n in range(1, 31)]),
    ],
)  # fmt: skip
def test_in_an_invitation(text: str, told: list[str]) -> None:
    """A name with a country begins a line, one with a talk a point of a list; a disease is no island."""
    assert _told(text, of_meeting=True) == told
