"""Files told beside a text and played in it are each one file."""

from __future__ import annotations

import pytest

from msdigest.model.enclosures import is_recording, joined, without_scheme
from msdigest.model.entry import Enclosure

MP3 = "https://x.example/a.mp3"


@pytest.mark.parametrize(
    ("told", "played", "files"),
    [
        ([], [], ()),
        ([Enclosure(MP3, "audio/mpeg", 5)], [], (Enclosure(MP3, "audio/mpeg", 5),)),
        ([Enclosure(MP3, "audio/mpeg", 5)], [Enclosure("http://x.example/a.mp3", "audio/*", None, 60)], (Enclosure(MP3, "audio/mpeg", 5, 60),)),
        ([Enclosure(MP3, "audio/mpeg", 5, 61)], [Enclosure(MP3, "audio/ogg", 6, 60)], (Enclosure(MP3, "audio/mpeg", 5, 61),)),
        ([Enclosure(MP3, "application/octet-stream")], [Enclosure(MP3, "audio/*")], (Enclosure(MP3, "audio/*"),)),
        ([Enclosure(MP3, "audio/*")], [Enclosure(MP3, "audio/mpeg")], (Enclosure(MP3, "audio/mpeg"),)),
        ([Enclosure("https://x.example/b.pdf", "application/pdf")], [Enclosure(MP3, "audio/mpeg")], (Enclosure("https://x.example/b.pdf", "application/pdf"), Enclosure(MP3, "audio/mpeg"))),
    ],
)  # fmt: skip
def test_joined(told, played, files) -> None:
    """Each file once, in the order of telling; what one telling lacks the other fills, the first one winning."""
    assert joined(told, played) == files


def test_what_is_a_recording() -> None:
    """A sound or a film among the files makes one."""
    assert is_recording([Enclosure("x", "application/pdf"), Enclosure("y", "video/*")])
    assert not is_recording([Enclosure("x", "application/pdf")])
    assert not is_recording([])


def test_one_file_at_two_addresses() -> None:
    """A site that moved to https has no new files."""
    assert without_scheme(MP3) == without_scheme("http://x.example/a.mp3") == "x.example/a.mp3"
    assert without_scheme("x") == "x"
