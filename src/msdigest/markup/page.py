"""Reads hostile web pages: what their head tells, and their content without what stands around it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import lxml.etree
import lxml.html
from cssselect import SelectorError
from lxml.cssselect import CSSSelector

from msdigest.markup.blocks import blocks_of, tree
from msdigest.markup.clean import LANGUAGE, clean, tamed
from msdigest.markup.links import absolute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from msdigest.markup.blocks import Block

_FURNITURE_TAGS = frozenset({"nav", "aside", "footer", "form", "button", "select", "textarea", "audio", "video"})
_FURNITURE_ROLES = frozenset({"navigation", "complementary", "contentinfo", "banner", "search", "dialog"})
_FURNITURE_NAMES = re.compile(
    r"comments?(?:-(?:area|list|form|respond|section|wrapper))?|commentlist|(?:comment-)?respond|wp-block-(?:post-)?comments"
    r"|akismet\S*|share(?:daddy)?|sharing|sharedaddy|(?:social-)?shar(?:e|ing)-?(?:buttons?|links?|bar|icons?)"
    r"|social(?:-(?:icons|links|media|nav))?|jp-relatedposts|related(?:-?posts)?|yarpp\S*|widget(?:-area)?"
    r"|sidebar(?:-\w+)?|author-(?:box|bio|info)|about-(?:the-)?author|byline|entry-(?:header|footer|meta)|post-(?:header|meta)"
    r"|posted-on|page-header|site-(?:header|footer|info|navigation)|masthead|colophon|(?:post|posts)-navigation|navigation"
    r"|nav-links|menu|pagination|breadcrumbs?|cookie-\S+|skip-link|screen-reader-text|sr-only|visually-hidden"
    r"|(?:ez-)?toc(?:[_-]container)?",
    re.IGNORECASE,
)
_CONTENT_NAMES = frozenset(
    "entry-content post-content page-content article-content article-body post-body wp-block-post-content".split()  # noqa: SIM905 - one word a line would fill the page
)
_CONTAINERS = frozenset(
    {"html", "body", "div", "section", "article", "main", "form", "center", "table", "tbody", "tr", "td"}
)
# A container that holds this share of the words is the content's home.
_SHARE = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a web page tells: its title, language (BCP 47), the feeds it points to, and its content."""

    title: str
    language: str | None
    feeds: tuple[str, ...]
    blocks: tuple[Block, ...]


def page(html: str, *, base_url: str, selector: str | None = None, alone: Callable[[str], bool] | None = None) -> Page:
    """Read a whole hostile web page; its content is without comments, forms, side bars and the like.

    selector: CSS; without it the main content is looked for. ``blocks`` is empty if nothing is found.
    alone: lines for which this is true become paragraphs of their own (a date line before a line break).
    Raises ValueError if ``selector`` is none.
    """
    find = _selector(selector) if selector else _main
    root = tree(tamed(html))
    title = " ".join(root.findtext(".//title", default="").split())
    language = root.get("lang", "")
    feeds = tuple(dict.fromkeys(_feeds(root, base_url)))
    _drop_furniture(root)
    content = "".join(lxml.html.tostring(found, encoding="unicode", with_tail=False) for found in find(root))
    blocks = tuple(blocks_of(clean(content, base_url=base_url), alone or (lambda _: False)))
    return Page(
        title=title,
        language=language if LANGUAGE.fullmatch(language) else None,
        feeds=feeds,
        blocks=_without_page_title(blocks, title),
    )


def _without_page_title(blocks: tuple[Block, ...], title: str) -> tuple[Block, ...]:
    """Drop the first heading if it is the page's own title: it heads everything and so tells nothing."""
    first = next((block for block in blocks if block.kind == "heading"), None)
    if first is None or not title.casefold().startswith(first.text.casefold()):
        return blocks
    return tuple(block for block in blocks if block is not first)


def _names(element: Any) -> list[str]:
    return f"{element.get('class', '')} {element.get('id', '')}".split()


def _is_furniture(element: Any) -> bool:
    tag = element.tag
    if tag in {"html", "body", "main"}:
        return False
    if tag == "form" and element.find(".//h1") is not None:
        return False  # some content systems wrap the whole page in a form
    return (
        tag in _FURNITURE_TAGS
        or (tag == "header" and element.getparent().tag == "body")
        or element.get("role", "") in _FURNITURE_ROLES
        or element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
        or re.search(r"display\s*:\s*none", element.get("style", "")) is not None
        or any(_FURNITURE_NAMES.fullmatch(name) for name in _names(element))
    )


def _drop_furniture(root: Any) -> None:
    for element in [found for found in root.iter(lxml.etree.Element) if _is_furniture(found)]:
        element.drop_tree()


def _selector(selector: str) -> Callable[[Any], list[Any]]:
    try:
        select = CSSSelector(selector, translator="html")
    except SelectorError as error:
        message = f"{selector!r} is no CSS selector: {error}"
        raise ValueError(message) from error

    def find(root: Any) -> list[Any]:
        found = select(root)
        return [one for one in found if not any(parent in found for parent in one.iterancestors())]

    return find


def _main(root: Any) -> list[Any]:
    """Return the element that holds the content: named so, else an article, else where most of the words are."""
    named = [found for found in root.iter(lxml.etree.Element) if _CONTENT_NAMES & set(_names(found))]
    for candidates in (named, root.findall(".//article"), root.findall(".//main")):
        if len(candidates) == 1 and candidates[0].text_content().strip():
            return candidates
    return [_home(root)]


def _home(start: Any) -> Any:
    """Return the innermost container below ``start`` that holds most of its words."""
    elements = list(start.iter(lxml.etree.Element))
    weight: dict[Any, int] = {}
    for element in reversed(elements):
        inside = sum(weight[child] + len((child.tail or "").strip()) for child in element if child in weight)
        weight[element] = len((element.text or "").strip()) + inside
    home = start
    while True:
        heavy = [
            child for child in home if child.tag in _CONTAINERS and weight[child] >= _SHARE * max(1, weight[start])
        ]
        if not heavy:
            return home
        home = heavy[0]


def _feeds(root: Any, base_url: str) -> Iterator[str]:
    """Find the feeds that the page's head points to; WordPress's REST interface is none."""
    for link in root.iter("link"):
        kind = link.get("type", "").lower()
        href = absolute(link.get("href", ""), base_url)
        if "alternate" not in link.get("rel", "").lower().split() or not href:
            continue
        if kind in {"application/rss+xml", "application/atom+xml", "application/feed+json"} or (
            kind == "application/json" and "/wp-json/" not in href
        ):
            yield href
