"""Images: from where, how large, in which form, and whether anything is left without them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdigest.lint.finding import Finding
    from msdigest.lint.message import Message
    from msdigest.lint.page import Element

# Outlook's Word engine shows none of them; data: is dropped by Gmail and Outlook.
_NOT_EVERYWHERE = re.compile(r"svg|webp|avif|heic|heif|tiff?|bmp|apng|jxl", re.IGNORECASE)
HEAVIEST = 200_000
_LEAST_WORDS_AN_IMAGE = 20
_BASE64 = 4 / 3


def pictures(message: Message) -> Iterator[Finding]:
    """Look at every image of a message."""
    images = [image for image in message.page.all("img") if message.visible(image)]
    for image in images:
        yield from _picture(message, image)
    words = len(message.words.split())
    if images and words < _LEAST_WORDS_AN_IMAGE * len(images):
        yield message.found(
            "img.only",
            "warning",
            f"{len(images)} images and {words} words: without images hardly anything is left",
            element=images[0],
            excerpt=images[0].get("src"),
            way_out="Say in words what the images show: many programs do not load them.",
        )


def _picture(message: Message, image: Element) -> Iterator[Finding]:
    source = image.get("src").strip()
    if not (image.get("width") and image.get("height")):
        yield message.found(
            "img.dimensions",
            "warning",
            "an image has no width and height",
            element=image,
            excerpt=source,
            way_out="Write both as attributes: Outlook asks for them, and nothing jumps while it loads.",
        )
    scheme, kind = _scheme(source), _kind(source)
    if scheme not in {"https", "cid", "data"}:
        yield message.found(
            "img.http",
            "error",
            "an image is not loaded over https",
            element=image,
            excerpt=source,
            way_out="Use an https:// address: others are blocked, or tell everybody on the way who reads what.",
        )
    if scheme == "data" or _NOT_EVERYWHERE.fullmatch(kind):
        yield message.found(
            "img.type",
            "warning",
            f"an image is {'part of the HTML' if scheme == 'data' else kind}, which Outlook or Gmail do not show",
            element=image,
            excerpt=source,
            way_out="Use PNG or JPEG at an https:// address.",
        )
    if scheme == "data" and len(source) / _BASE64 > HEAVIEST:
        yield message.found(
            "img.weight",
            "warning",
            f"an image weighs {len(source) / _BASE64 / 1000:.0f} kB",
            element=image,
            excerpt=source,
            way_out=f"Make it lighter than {HEAVIEST // 1000} kB.",
        )


def _scheme(source: str) -> str:
    try:
        return urlsplit(source[:2_000]).scheme.lower()
    except ValueError:
        return ""


def _kind(source: str) -> str:
    if source.startswith("data:"):
        return source[len("data:") : 60].partition(";")[0].rpartition("/")[2].split("+")[0]
    return source.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0].rpartition("/")[2].rpartition(".")[2].lower()
