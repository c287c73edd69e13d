"""Reads which recordings hostile HTML and the feed of a blog hold: where a file is, its type, how long it plays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import lxml.etree

from msdigest.markup.blocks import tree
from msdigest.markup.clean import LANGUAGE, tamed
from msdigest.markup.links import absolute
from msdigest.markup.text import plain_title, without_controls

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_FILES = 50
_MOST_ITEMS = 1_000
_LONGEST = 10 * 86_400
_LARGEST = 10**15
_MINUTE, _HOUR = 60, 3_600
# A table of our own: what Python guesses depends on the machine that it runs on.
_TYPES = {
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "ogv": "video/ogg",
    "webm": "video/webm",
    "mov": "video/quicktime",
}
_HEARD_TYPE = re.compile(r"(?:audio|video)/[\w.+-]+", re.ASCII)
_CLOCK = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,7})(?:\.\d{1,9})?", re.ASCII)
# How long a recording plays, as its caption tells it: "(58:58)", "Duration: 1:02:03".
_IN_CAPTION = re.compile(
    r"[(\[]\s*((?:\d{1,2}:)?\d{1,3}:\d\d)\s*[)\]]"
    r"|\b(?:duration|length|running time)\s*:?\s*((?:\d{1,2}:)?\d{1,3}:\d\d)(?![\d:])",
    re.IGNORECASE | re.ASCII,
)
# The player of WordPress's [audio] adds a number to the address so that two players do not share a file.
_PLAYER_NUMBER = re.compile(r"\?_=\d+$")
_ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A sound or film; ``length`` in bytes and ``duration`` in seconds, None = not told.

    type: ``audio/*`` or ``video/*`` where neither the page nor the file's name tells more.
    """

    url: str
    type: str
    length: int | None = None
    duration: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """What the feed of a blog tells of a post besides its text; ``guid`` as it is written."""

    guid: str
    authors: tuple[str, ...]
    files: tuple[MediaFile, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """What the feed of a blog tells besides texts; ``language`` (BCP 47) is empty if it tells none."""

    language: str
    items: tuple[Item, ...]


def seconds(told: object) -> int | None:
    """Return how long something plays, told as ``3538``, ``58:58`` or ``1:02:03``; None for what is no length."""
    clock = _CLOCK.fullmatch(str(told).strip()) if isinstance(told, str | int | float) else None
    if clock is None:
        return None
    hours, minutes, rest = (int(part or 0) for part in clock.groups())
    if (clock[2] and rest >= _MINUTE) or (clock[1] and minutes >= _MINUTE):
        return None
    length = hours * _HOUR + minutes * _MINUTE + rest
    return length if 0 < length <= _LONGEST else None


def size(told: object) -> int | None:
    """Return a length in bytes; None for 0 and for what is no number."""
    digits = str(told).strip() if isinstance(told, str | int) and not isinstance(told, bool) else ""
    number = int(digits) if re.fullmatch(r"[0-9]{1,16}", digits) else 0
    return number if 0 < number < _LARGEST else None


def media(html: str, *, base_url: str) -> tuple[MediaFile, ...]:
    """Return the sounds and films that ``html`` plays, in its order; what moves by itself as decoration is none."""
    if not re.search(r"<(?:audio|video)\b", html, re.IGNORECASE):
        return ()
    found = [_played(player, base_url) for player in tree(tamed(html)).iter("audio", "video")]
    return tuple({file.url: file for file in found[:_MOST_FILES] if file}.values())


def channel(body: bytes) -> Channel | None:
    """Read the RSS feed of a blog, already made harmless by ``feedxml.safe_xml``; None if it is none."""
    parser = lxml.etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    try:
        root = lxml.etree.fromstring(body, parser)
    except (lxml.etree.XMLSyntaxError, ValueError):
        return None
    if root is None or root.tag != "rss":
        return None
    items = [_item(item) for item, _ in zip(root.iter("item"), range(_MOST_ITEMS), strict=False)]
    language = _words(root.findtext("channel/language"))
    return Channel(language=language if LANGUAGE.fullmatch(language) else "", items=tuple(items))


def _played(player: Any, base_url: str) -> MediaFile | None:
    names = {name.lower() for name in player.keys()}  # noqa: SIM118 - an lxml element iterates over its children
    if {"autoplay", "loop"} <= names:
        return None
    for one in (player, *player.iter("source")):
        url = _PLAYER_NUMBER.sub("", absolute(one.get("src", ""), base_url))
        if url.startswith("http"):
            kind = type_of(one.get("type"), url) or f"{player.tag}/*"
            return MediaFile(url, kind, None, _in_caption(player))
    return None


def type_of(told: object, url: str) -> str:
    """Return the type of a sound or film, as ``told`` or else by its name; empty if neither tells one."""
    kind = _HEARD_TYPE.match(told.strip().lower()) if isinstance(told, str) else None
    ending = re.search(r"\.(\w{2,4})(?:[?#]|$)", url.rpartition("/")[2])
    return kind[0] if kind else _TYPES.get(ending[1].lower(), "") if ending else ""


def _in_caption(player: Any) -> int | None:
    """Return how long the caption of the figure says that its only player plays."""
    figure = next(player.iterancestors("figure"), None)
    if figure is None or len(list(figure.iter("audio", "video"))) != 1:
        return None
    caption = " ".join(" ".join(part.itertext()) for part in figure.iter("figcaption"))
    found = _IN_CAPTION.search(caption)
    return seconds(found[1] or found[2]) if found else None


def _item(item: Any) -> Item:
    creators = [_words(one.text) for one in item.iter("{http://purl.org/dc/elements/1.1/}creator")]
    files = tuple(_enclosed(item))
    heard = [file for file in files if file.type.startswith(("audio/", "video/"))]
    duration = seconds(item.findtext(f"{_ITUNES}duration"))
    if duration and len(heard) == 1:
        files = tuple(MediaFile(f.url, f.type, f.length, duration) if f in heard else f for f in files)
    return Item(
        guid=without_controls(item.findtext("guid") or "").strip(),
        authors=tuple(dict.fromkeys(filter(None, creators))),
        files=files,
    )


def _enclosed(item: Any) -> Iterator[MediaFile]:
    for one, _ in zip(item.iter("enclosure"), range(_MOST_FILES), strict=False):
        url = absolute(one.get("url", ""), "")
        if url.startswith("http"):
            told = _words(one.get("type"))
            yield MediaFile(url, type_of(told, url) or told or "application/octet-stream", size(one.get("length")))


def _words(text: str | None) -> str:
    return plain_title(text or "")
