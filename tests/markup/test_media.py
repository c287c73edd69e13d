"""Which recordings a page or a feed holds, read out of hostile text."""

from __future__ import annotations

import time

import pytest
from tests.markup.bombs import BOMBS

from msdigest.markup.media import MediaFile, channel, media, seconds, size, type_of

BASE = "https://blog.example/2020/08/meeting/"
MP3 = "https://blog.example/a.mp3"


def _played(html: str) -> list[tuple[str, str, int | None]]:
    files = media(html, base_url=BASE)
    assert all(file.length is None for file in files)
    return [(file.url, file.type, file.duration) for file in files]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("3538", 3538), (3538, 3538), (3538.7, 3538), (" 58:58 ", 3538), ("1:02:03", 3723), ("00:58:58.000", 3538), ("90:15", 5415),
        ("0", None), ("", None), (None, None), (True, None), ("-5", None), ("1:60", None), ("1:60:00", None), ("58 min", None),
        ("1:2:3:4", None), ("99999999", None), ("9999999", None), ("٣٥", None), ([], None), (float("nan"), None),
    ],
)  # fmt: skip
def test_seconds(told, expected: int | None) -> None:
    """A duration in any of the usual spellings; what is none is not guessed."""
    assert seconds(told) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [(3, 3), ("28311552", 28311552), (" 7 ", 7), (0, None), ("unknown", None), (-1, None), (True, None), (None, None), ("9" * 17, None), (10**15, None), (1.5, None)],
)  # fmt: skip
def test_size(told, expected: int | None) -> None:
    """A length in bytes; nought is what programs write when they know none."""
    assert size(told) == expected


@pytest.mark.parametrize(
    ("told", "url", "expected"),
    [
        ("audio/mpeg; charset=x", MP3, "audio/mpeg"), ("AUDIO/MPEG", "x", "audio/mpeg"), (None, "https://x.example/A.M4A?x=1", "audio/mp4"),
        ("text/html", MP3, "audio/mpeg"), ("audio/", "https://x.example/a", ""), (5, "https://x.example/mp3", ""), (None, "https://x.example/a.pdf", ""),
    ],
)  # fmt: skip
def test_types(told, url: str, expected: str) -> None:
    """What is told counts, else the name of the file."""
    assert type_of(told, url) == expected


@pytest.mark.parametrize(
    ("html", "played"),
    [
        ('<figure><audio controls src="/a.mp3"></audio></figure>', [(MP3, "audio/mpeg", None)]),
        ('<figure><audio src="/a.mp3"></audio><figcaption>Recording (<b>58:58</b>)</figcaption></figure>', [(MP3, "audio/mpeg", 3538)]),
        ('<figure><audio src="/a.mp3"></audio><figcaption>Duration: 1:02:03</figcaption></figure>', [(MP3, "audio/mpeg", 3723)]),
        ('<figure><audio src="/a.mp3"></audio><figcaption>Held at 10:30 [London]</figcaption></figure>', [(MP3, "audio/mpeg", None)]),
        ('<p>(58:58)</p><audio src="/a.mp3"></audio>', [(MP3, "audio/mpeg", None)]),
        ('<figure><audio src="/a.mp3"></audio><audio src="/b.mp3"></audio><figcaption>(58:58)</figcaption></figure>', [(MP3, "audio/mpeg", None), ("https://blog.example/b.mp3", "audio/mpeg", None)]),
        ('<AUDIO class="wp-audio-shortcode"><source type="audio/ogg" src="/a.mp3?_=2"><a href="/a.mp3">a.mp3</a></AUDIO>', [(MP3, "audio/ogg", None)]),
        ('<video><source src="javascript:x"><source src="v.webm"></video>', [(f"{BASE}v.webm", "video/webm", None)]),
        ('<video src="https://x.example/stream"></video>', [("https://x.example/stream", "video/*", None)]),
        ('<video autoplay loop muted src="/gif.mp4"></video>', []),
        ('<audio src="/a.mp3"></audio><p>again</p><audio src="/a.mp3"></audio>', [(MP3, "audio/mpeg", None)]),
        ('<audio></audio><audio src="mailto:x@x.example"></audio>', []),
        ("<p>no &lt;audio&gt; here</p>", []),
        ("<!-- <audio src='/a.mp3'></audio> -->", []),
    ],
)  # fmt: skip
def test_players(html: str, played: list) -> None:
    """Players of a page with their files; only a caption that names a duration tells one."""
    assert _played(html) == played


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_bombs(bomb: str) -> None:
    """Hostile texts make no trouble."""
    start = time.perf_counter()
    media(f"<audio src='/a.mp3'></audio>{bomb}<video>", base_url=BASE)

    assert time.perf_counter() - start < 5


def test_many_players() -> None:
    """No entry has a thousand files."""
    html = "".join(f'<audio src="/{number}.mp3"></audio>' for number in range(1_000))

    assert len(media(html, base_url=BASE)) == 50


RSS = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><title>B</title><language>{language}</language>{items}</channel></rss>"""


def _item(inside: str, language: str = "en-GB"):
    read = channel(
        RSS.format(
            language=language, items=f"<item><guid> https://blog.example/?p=1&amp;x=2 </guid>{inside}</item>"
        ).encode()
    )
    assert read is not None
    (item,) = read.items
    assert item.guid == "https://blog.example/?p=1&x=2"
    return item


def test_items_of_a_feed() -> None:
    """Authors, and files with what is told of them; a duration belongs to the only sound or film."""
    sound = '<enclosure url="https://blog.example/a.mp3" length="28311552" type="audio/mpeg"/>'
    paper = '<enclosure url="https://blog.example/a.pdf" type="application/pdf"/>'
    lasting = "<itunes:duration>58:58</itunes:duration>"

    assert _item(f"{sound}{paper}{lasting}").files == (
        MediaFile(MP3, "audio/mpeg", 28311552, 3538),
        MediaFile("https://blog.example/a.pdf", "application/pdf"),
    )
    assert [file.duration for file in _item(f"{sound}{sound.replace('a.mp3', 'b.mp3')}{lasting}").files] == [None, None]
    assert _item(f"{paper}{lasting}").files[0].duration is None
    assert _item('<enclosure url="/relative.mp3"/><enclosure/>').files == ()
    assert _item('<enclosure url="https://blog.example/what"/>').files[0].type == "application/octet-stream"
    assert _item("<dc:creator><![CDATA[Prof &amp; X]]></dc:creator><dc:creator/>").authors == ("Prof & X",)


@pytest.mark.parametrize(("told", "language"), [("en-GB", "en-GB"), ("not a language", ""), ("", "")])
def test_language_of_a_feed(told: str, language: str) -> None:
    """A language is one or is not told."""
    read = channel(RSS.format(language=told, items="").encode())

    assert read is not None
    assert (read.language, read.items) == (language, ())


@pytest.mark.parametrize(
    "body", [b"", b"<html><body>x</body></html>", b"nonsense", b"<feed/>", b"\xff\xfe", b"<!-- -->"]
)
def test_what_is_no_feed(body: bytes) -> None:
    """What is no RSS is None."""
    assert channel(body) is None


def test_a_broken_feed_is_read_as_far_as_it_goes() -> None:
    """A document that ends in the middle still tells its whole items."""
    body = RSS.format(language="en", items="<item><guid>1</guid></item><item><guid>2</guid>").encode()[:-40]

    read = channel(body)
    assert read is not None
    assert [item.guid for item in read.items][:1] == ["1"]
