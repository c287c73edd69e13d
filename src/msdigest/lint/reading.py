"""What readers need: headings in order, links that say where they lead, letters that are large and dark enough."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msdigest.lint.css import contrast, hexadecimal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdigest.lint.finding import Finding, Level
    from msdigest.lint.looks import Look, Scheme
    from msdigest.lint.message import Message
    from msdigest.lint.page import Element

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = frozenset(("p", "li", "td", "th", "div", "dd", "dt", "blockquote", "body", "article", "section", *_HEADINGS))
_LAYOUT_ROLES = frozenset({"presentation", "none"})
_TABLE = re.compile(r"<table\b([^<>]*)>", re.IGNORECASE)
_ROLE = re.compile(r"\brole\s*=\s*[\"']?(?:presentation|none)\b", re.IGNORECASE)
_IMAGE_NAME = re.compile(
    r"\S+\.(?:png|jpe?g|gif|webp|svg|avif|bmp|tiff?)|(?:img|dsc|image|screenshot|photo|pic)[-_ ]*\d+", re.IGNORECASE
)
_SAYS_NOTHING = frozenset((
    "article", "check it out", "click", "click here", "click this link", "continue", "continue reading", "details",
    "find out more", "follow this link", "full article", "full story", "full text", "go", "here", "info",
    "keep reading", "learn more", "link", "more", "more details", "more info", "more information", "open", "read",
    "read here", "read it", "read more", "read on", "see here", "see more", "source", "tap here", "this", "this link",
    "this page", "view", "view more", "visit", "website",
))  # fmt: skip
_BARE_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_LEAST_CONTRAST, _LEAST_CONTRAST_OF_LARGE = 4.5, 3.0
_SMALLEST, _SMALLEST_WANTED = 13.0, 16.0
_WORDS_IN_CAPITALS, _LETTERS_IN_CAPITALS = 5, 30


def reading(message: Message) -> Iterator[Finding]:
    """Look at everything that decides whether a message can be read."""
    yield from _headings(message)
    yield from _tables(message)
    yield from _links(message)
    yield from _sizes(message)
    yield from _letters(message)
    yield from _contrast(message, message.light, "light")
    yield from _contrast(message, message.dark, "dark")


def _headings(message: Message) -> Iterator[Finding]:
    headings = [element for element in message.page.all(*_HEADINGS) if message.visible(element)]
    number = sum(element.tag == "h1" for element in headings)
    if number != 1:
        yield message.found(
            "a11y.h1-count",
            "error",
            f"there are {number} headings of the first rank, not one",
            way_out="Have the digest's title be the one <h1>.",
        )
    before = 0
    for element in headings:
        rank = int(element.tag[1])
        if rank > before + 1 and (before or number == 1):
            yield message.found(
                "a11y.heading-order",
                "warning",
                f"<{element.tag}> follows <h{before}>" if before else f"the first heading is <{element.tag}>",
                element=element,
                excerpt=message.page.text(element),
                way_out="Leave no rank out: people jump from heading to heading.",
            )
        before = rank


def _tables(message: Message) -> Iterator[Finding]:
    for table in message.page.all("table"):
        is_layout = table.get("role").lower() in _LAYOUT_ROLES
        if _holds_data(table) == is_layout:
            what = "is called presentation, and has headers" if is_layout else "has no role"
            yield message.found(
                "a11y.table-role",
                "error",
                f"a table {what}" if is_layout else f"a table for layout {what}",
                element=table,
                excerpt="<table",
                way_out="Write role=presentation on tables for layout, and on no other.",
            )
    for comment, _ in message.page.comments:
        for attributes in _TABLE.findall(comment):
            if not _ROLE.search(attributes):
                yield message.found(
                    "a11y.table-role",
                    "error",
                    "a table for Outlook, in a conditional comment, has no role",
                    excerpt=f"<table{attributes}",
                    way_out="Write role=presentation on tables for layout.",
                )


def _holds_data(table: Element) -> bool:
    """Tell whether a table has headers or a caption of its own: at most four steps down, and not in an inner table."""
    level = [table]
    for _ in range(4):
        level = [child for element in level for child in element.children if child.tag != "table"]
        if any(child.tag in {"th", "caption"} for child in level):
            return True
    return False


def _links(message: Message) -> Iterator[Finding]:
    for link in message.page.all("a"):
        if "href" not in link.attributes or not message.visible(link):
            continue
        words = message.page.text(link) or link.get("aria-label") or _alt_in(link)
        yield from _link_text(message, link, words)
        look, around = message.light.of(link), message.light.of(link.parent)
        told = look.underlined or look.edged or look.bold != around.bold or look.ground != around.ground
        if not told and _in_prose(message, link, words):
            yield message.found(
                "a11y.link-underline",
                "warning",
                "a link in a sentence differs from it by its colour alone",
                element=link,
                excerpt=words,
                way_out="Underline links: not everybody sees colours.",
            )


def _alt_in(link: Element) -> str:
    return " ".join(child.get("alt") for child in link.children if child.tag == "img").strip()


def _in_prose(message: Message, link: Element, words: str) -> bool:
    block = next((each for each in link.ancestors() if each.tag in _BLOCKS), None)
    return block is not None and len(message.page.text(block)) > len(words)


def _link_text(message: Message, link: Element, words: str) -> Iterator[Finding]:
    level: Level
    if not words.strip():
        level, what = "error", "a link has no words"
    elif words.strip(" .:…›»→>()[]").casefold() in _SAYS_NOTHING:
        level, what = "warning", "a link does not say where it leads"
    elif _BARE_ADDRESS.fullmatch(words):
        level, what = "warning", "a link is a bare address"
    else:
        return
    yield message.found(
        "a11y.link-text",
        level,
        what,
        element=link,
        excerpt=words or link.get("href"),
        way_out="Let the link be the title of what it leads to: many people hear links one after another.",
    )


def _sizes(message: Message) -> Iterator[Finding]:
    told: set[float] = set()
    for element, text, look in message.seen:
        if look.size >= _SMALLEST_WANTED or look.size in told:
            continue
        told.add(look.size)
        yield message.found(
            "a11y.font-size",
            "warning" if look.size < _SMALLEST else "info",
            f"letters of {look.size:g} px, where {_SMALLEST_WANTED:g} px are the least we want",
            element=element,
            excerpt=text,
            way_out="Make them larger: half of our readers have had an inflamed optic nerve.",
        )


def _letters(message: Message) -> Iterator[Finding]:
    justified = capitals = False
    for element, text, look in message.seen:
        if look.justified and not justified:
            justified = True
            yield message.found(
                "a11y.justify",
                "warning",
                "text is justified on both sides",
                element=element,
                excerpt=text,
                way_out="Align it at the start: uneven gaps are hard to follow.",
            )
        if (look.capitals and any(map(str.isalpha, text)) and not capitals) or _shouts(text):
            capitals = capitals or look.capitals
            yield message.found(
                "a11y.all-caps",
                "warning",
                "text is in capitals",
                element=element,
                excerpt=text,
                way_out="Write it in small letters: words in capitals have no shape.",
            )


def _shouts(text: str) -> bool:
    return (
        text.isupper()
        and len(text.split()) >= _WORDS_IN_CAPITALS
        and sum(map(str.isalpha, text)) >= _LETTERS_IN_CAPITALS
    )


def _contrast(message: Message, scheme: Scheme, name: str) -> Iterator[Finding]:
    told: set[tuple[object, ...]] = set()
    for element, text, visible in message.seen:
        look: Look = visible if scheme is message.light else scheme.of(element)
        least = _LEAST_CONTRAST_OF_LARGE if look.large else _LEAST_CONTRAST
        pair = (look.text, look.ground, look.large)
        if pair in told or look.hidden or contrast(look.text, look.ground) >= least:
            continue
        told.add(pair)
        colours = f"{hexadecimal(look.text)} on {hexadecimal(look.ground)}"
        yield message.found(
            f"a11y.contrast-{name}",
            "error",
            f"{colours} in the {name} scheme has a contrast of {contrast(look.text, look.ground):.1f}, not {least:g}",
            element=element,
            excerpt=text,
            way_out="Choose colours that differ more in lightness"
            + (", or give its class a colour in the dark part of head.css." if name == "dark" else "."),
        )


def images(message: Message) -> Iterator[Finding]:
    """Look at what stands for an image where it is not seen."""
    for image in message.page.all("img"):
        alt = image.get("alt").strip()
        name = image.get("src").rpartition("/")[2].split("?")[0]
        if "alt" not in image.attributes:
            yield message.found(
                "a11y.alt-missing",
                "error",
                "an image has no alt text",
                element=image,
                excerpt=image.get("src"),
                way_out='Say in alt what it shows, or write alt="" if it only decorates.',
            )
        elif alt and (_IMAGE_NAME.fullmatch(alt) or alt == name):
            yield message.found(
                "a11y.alt-filename",
                "warning",
                f"the alt text {message.shown(alt)!r} is the name of a file",
                element=image,
                excerpt=alt,
                way_out="Say in alt what the image shows.",
            )
