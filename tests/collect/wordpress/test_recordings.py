"""The files of a post are told by its text, its feed and its library of media; nothing is invented, nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.collect.wordpress.blog import DAY, NOW, SOURCE, URL, Blog, Desk, row, visited

from msdigest.collect.wordpress.recordings import read_library
from msdigest.model.entry import Enclosure, Entry

MP3 = f"{URL}/wp-content/uploads/talk.mp3"
PLAYER = f'<p>Talk</p><figure class="wp-block-audio"><audio controls src="{MP3}"></audio></figure>'
CAPTIONED = PLAYER.replace("</figure>", "<figcaption>Recording (58:58)</figcaption></figure>")
ENCLOSURE = f'<enclosure url="{MP3}" length="28311552" type="audio/mpeg" />'
UPLOADED = {
    "post": 1,
    "source_url": MP3,
    "mime_type": "audio/mpeg",
    "media_details": {"length": 3538, "length_formatted": "58:58", "filesize": 28311552, "bitrate": 64000},
}


def _talk(html: str = PLAYER, number: int = 1, **more) -> dict:
    return row(number, content={"rendered": html, "protected": False}, **more)


def _edit(desk: Desk, html: str) -> Entry:
    desk.blog.posts[0] |= {"content": {"rendered": html}, "modified_gmt": f"{desk.now + DAY:%Y-%m-%dT%H:%M:%S}"}
    return desk.visit(2 * DAY)[f"{URL}/?p=1"]


@pytest.mark.parametrize(
    ("html", "files", "media", "enclosure", "asked"),
    [
        (PLAYER, "", [], Enclosure(MP3, "audio/mpeg"), True),
        (CAPTIONED, ENCLOSURE, [], Enclosure(MP3, "audio/mpeg", 28311552, 3538), False),
        (PLAYER, ENCLOSURE, [], Enclosure(MP3, "audio/mpeg", 28311552), True),
        (PLAYER, f"{ENCLOSURE}<itunes:duration>1:02:03</itunes:duration>", [], Enclosure(MP3, "audio/mpeg", 28311552, 3723), False),
        (PLAYER, "", [UPLOADED], Enclosure(MP3, "audio/mpeg", 28311552, 3538), True),
        (CAPTIONED, "", [{**UPLOADED, "media_details": {"filesize": 5}}], Enclosure(MP3, "audio/mpeg", 5, 3538), True),
        ("<p>x</p>", f"{ENCLOSURE}<itunes:duration>9</itunes:duration>", [], Enclosure(MP3, "audio/mpeg", 28311552, 9), False),
        (PLAYER.replace(URL, "https://cdn.example"), "", [UPLOADED], Enclosure(MP3.replace(URL, "https://cdn.example"), "audio/mpeg"), False),
    ],
)  # fmt: skip
def test_figures(html, files, media, enclosure, asked) -> None:
    """Length and duration come from where they are told; the library is asked only for own files that lack one."""
    blog = Blog([_talk(html)], files={1: files}, media=media)
    (entry,) = visited(blog)

    assert (entry.kind, entry.enclosures) == ("recording", (enclosure,))
    assert ("media" in blog.routes) is asked


def test_figures_stay_when_the_feed_has_moved_on() -> None:
    """What was told once is remembered: a post that left the feed does not look edited."""
    desk = Desk(Blog([_talk()], files={1: f"{ENCLOSURE}<itunes:duration>60</itunes:duration>"}))
    before = desk.visit()[f"{URL}/?p=1"]
    desk.blog.per_feed = 0
    after = _edit(desk, f"{PLAYER}<p>More</p>")

    assert after.enclosures == before.enclosures == (Enclosure(MP3, "audio/mpeg", 28311552, 60),)


def test_a_file_is_looked_up_once() -> None:
    """A library that knows nothing is not asked again; a closed one neither."""
    for answers in ({}, {"media": (404, "")}):
        desk = Desk(Blog([_talk()], answers=answers))
        desk.visit()
        _edit(desk, f"{PLAYER}<p>More</p>")

        assert desk.blog.routes.count("media") == 1


def test_a_recording_that_was_taken_away() -> None:
    """A file that the text plays no more is not offered any longer, whether the feed still shows the post or not."""
    for shown in (0, 10):
        desk = Desk(Blog([_talk()], files={1: ENCLOSURE}))
        desk.visit()
        desk.blog.per_feed, desk.blog.files = shown, {}

        assert (_edit(desk, "<p>Text</p>").kind, desk.collected.entries[0].enclosures) == ("post", ())


def test_a_file_beside_the_text_stays() -> None:
    """A podcast's file that stands in the feed alone is kept after the post has left the feed."""
    desk = Desk(Blog([_talk("<p>Notes</p>")], files={1: ENCLOSURE}))
    desk.visit()
    desk.blog.per_feed = 0
    entry = _edit(desk, "<p>Other notes</p>")

    assert (entry.kind, entry.enclosures) == ("recording", (Enclosure(MP3, "audio/mpeg", 28311552),))


def test_sound_and_film_are_looked_up_apart() -> None:
    """The library is asked for sounds and for films, each for all posts at once."""
    film = f'<video src="{URL}/f.mp4"></video>'
    blog = Blog([_talk(), _talk(film, 2), _talk(film.replace("f.mp4", "g.mp4"), 3)])
    visited(blog)

    asked = [(query["media_type"], query["parent"]) for route, query in blog.asked if route == "media"]
    assert sorted((kind, sorted(parents.split(","))) for kind, parents in asked) == [
        ("audio", ["1"]),
        ("video", ["2", "3"]),
    ]


def test_the_operators_word_stands() -> None:
    """A recording of a source whose entries are guidance is guidance with a file."""
    desk = Desk(Blog([_talk()]), source=replace(SOURCE, entry_kind="guidance"))
    (entry,) = desk.visit().values()

    assert (entry.kind, len(entry.enclosures)) == ("guidance", 1)


def test_nothing_changed_nothing_asked() -> None:
    """A post with a recording costs no more than another."""
    desk = Desk(Blog([_talk()]), now=NOW)
    desk.visit()
    desk.blog.asked.clear()
    desk.visit(timedelta(hours=1))

    assert desk.blog.routes == ["feed"]


@pytest.mark.parametrize(
    ("row_told", "file"),
    [
        ('{"source_url": "https://x.example/a.mp3", "mime_type": null, "media_details": null}', Enclosure("https://x.example/a.mp3", "audio/mpeg")),
        ('{"source_url": "https://x.example/a", "mime_type": "audio/ogg", "media_details": {"length_formatted": "1:01", "filesize": -3}}', Enclosure("https://x.example/a", "audio/ogg", None, 61)),
        ('{"source_url": "https://x.example/a.png", "mime_type": "image/png"}', None),
        ('{"source_url": "javascript:x", "mime_type": "audio/mpeg"}', None),
        ("{}", None),
    ],
)  # fmt: skip
def test_the_library(row_told: str, file: Enclosure | None) -> None:
    """Sounds and films with an address; figures that are none are none."""
    read = read_library(f"[{row_told}]".encode(), URL)

    assert read.files == ((file,) if file else ())
