"""Door to nh3, lxml and cssselect: everything from outside becomes harmless here.

HTML is tokenised once by a linear pattern before any parser sees it: nh3 and libxml2 are quadratic in the
depth of elements (200,000 nested ``div`` took nh3 88 s) and in the attributes of one element (55 s).
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import partial
from html import escape, unescape
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urljoin, urlsplit

import lxml.etree
import lxml.html
import nh3
from cssselect import SelectorError
from lxml.cssselect import CSSSelector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST_CHARACTERS = 4_000_000
_LONGEST_TITLE = 5_000
# Deeper than any honest page; libxml2 gives up at 256.
_MOST_DEPTH = 150
_MOST_ATTRIBUTES = 4_000  # characters of one tag's attributes

# What XML and JSON may not carry, byte order marks, and the marks that turn the writing direction of what follows.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff\u202a-\u202e]")
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")

_ATTRIBUTES = r"""(?:[^>"'=]++|=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))?+|["'])*+"""
_TOKEN = re.compile(
    r"<!--(?:>|->|.*?(?:--!?>|\Z))"
    rf"|<(script|style|template|noscript|svg|iframe|object)\b{_ATTRIBUTES}(?:>|\Z).*?(?:</\1{_ATTRIBUTES}(?:>|\Z)|\Z)"
    rf"|<(?P<end>/?)(?P<tag>[a-zA-Z][^\s/>]*+)(?P<rest>{_ATTRIBUTES})(?:>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
# Elements that hold nothing, or that end by themselves where the next one starts: they add no depth.
_FLAT = frozenset(
    """
    area base br col embed hr img input link meta param source track wbr p li dt dd td th tr thead tbody tfoot
    colgroup option optgroup rp rt
    """.split()  # noqa: SIM905 - one word a line would fill the page
)
_SECTIONING = re.compile(
    r"<(/?)(?:section|article|main|header|address|details|summary|center)(?=[\s/>])", re.IGNORECASE
)

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_INLINE = frozenset(
    "a abbr b bdi bdo cite code del dfn em i ins kbd mark q ruby rt rp s samp small strong sub sup time u var".split()  # noqa: SIM905 - one word a line would fill the page
)
_BLOCKS = frozenset(
    "p div blockquote pre ul ol li dl dt dd table caption thead tbody tfoot tr th td figure figcaption".split()  # noqa: SIM905 - one word a line would fill the page
)
_TAGS = frozenset({*_HEADINGS, *_INLINE, *_BLOCKS, "br", "hr"})
_DROPPED_WHOLE = frozenset(
    """
    script style template noscript iframe object embed applet svg canvas audio video button select textarea title
    head map frameset noembed noframes datalist dialog
    """.split()  # noqa: SIM905 - one word a line would fill the page
)
_ALLOWED: dict[str, set[str]] = {
    "*": {"lang", "dir"},
    "a": {"href"},
    "abbr": {"title"},
    "bdo": {"dir"},
    "li": {"value"},
    "ol": {"start", "reversed"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
}
_VALUES = {
    "lang": re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}"),
    "dir": re.compile(r"ltr|rtl|auto"),
    "scope": re.compile(r"row|col|rowgroup|colgroup"),
    "reversed": re.compile(r"(?:reversed)?"),
    "datetime": re.compile(r"[0-9TZ:+. -]{4,35}"),
    **dict.fromkeys(("value", "start", "colspan", "rowspan"), re.compile(r"-?\d{1,4}")),
}
_SCHEMES = frozenset({"http", "https", "mailto"})
_HOLLOW = re.compile(
    r"<(p|a|div|figure|figcaption|blockquote|ul|ol|li|dl|dt|dd|h[1-6]|em|strong|b|i|u|s|q|small|sub|sup|code|pre)"
    r"(?: [^<>]*)?>(?:\s|&nbsp;|<br>)*+</\1>"
)
_LINK_TO_NOWHERE = re.compile(r'<a rel="noopener">(.*?)</a>', re.DOTALL)
# Only what HTML knows is a tag in a title: "p <0.05" and "<y>" are text.
_TITLE_TAG = re.compile(
    r"</?(?:a|abbr|b|big|blockquote|br|cite|code|div|em|font|h[1-6]|i|iframe|img|ins|del|li|ol|ul|mark|object|p|pre|q|s"
    r"|script|small|span|strike|strong|style|sub|sup|svg|tt|u|var|wbr)(?:[\s/][^<>]*)?>|<!--.*?(?:-->|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_TRACKING = re.compile(
    r"(?:utm_\w+|fbclid|gclid|dclid|msclkid|yclid|igshid|mc_[ce]id|mkt_tok|_hsenc|_hsmi|replytocom)(?:=|$)",
    re.IGNORECASE,
)
_PORT_OF_SCHEME = {"http": 80, "https": 443}


def without_controls(text: str) -> str:
    """Return ``text`` without what XML may not carry and without marks that turn the writing direction."""
    return _CONTROLS.sub("", text)


def absolute(url: str, base: str) -> str:
    """Return ``url`` seen from ``base``, or an empty string if it is no http, https or mailto address."""
    text = re.sub(r"[\t\r\n]", "", without_controls(url)).strip()
    try:
        joined = urljoin(base, text) if text else ""
        parts = urlsplit(joined)
        usable = parts.scheme in _SCHEMES and bool(parts.hostname or parts.scheme == "mailto")
    except ValueError:
        return ""
    return re.sub(r'[ "<>`]', lambda found: f"%{ord(found[0]):02X}", joined) if usable else ""


def canonical_link(url: str) -> str:
    """Return the spelling of ``url`` that identity is decided by, e.g. ``example.org/post?p=1``; never shown.

    Without scheme, ``www.``, usual port, fragment, tracking parameters and closing slash. What is no web address
    comes back as it is.
    """
    text = without_controls(url).strip()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return text
    if parts.scheme not in _PORT_OF_SCHEME or not host:
        return text
    where = host.removeprefix("www.")
    if port not in {None, _PORT_OF_SCHEME[parts.scheme]}:
        where += f":{port}"
    kept = [pair for pair in parts.query.split("&") if pair and not _TRACKING.match(pair)]
    return where + parts.path.rstrip("/") + ("?" + "&".join(kept) if kept else "")


def clean(html: str, *, base_url: str) -> str:
    """Return hostile ``html`` as a harmless fragment that keeps its structure; cleaning twice changes nothing.

    Links are absolute (``base_url`` empty: relative ones are dropped) and lead to http, https or mailto only.
    Images, sound, film, frames and forms are gone, with them every tracking pixel; captions stay.
    No style, class, id or event survives.
    """
    tamed = _SECTIONING.sub(r"<\1div", _tamed(html))
    safe = nh3.clean(
        tamed,
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED_WHOLE),
        attributes=_ALLOWED,
        attribute_filter=partial(_attribute, base_url),
        link_rel="noopener",
        url_schemes=set(_SCHEMES),
    )
    return _without_hollows(_LINK_TO_NOWHERE.sub(r"\1", without_controls(safe))).strip()


def plain(html: str) -> str:
    """Return what ``html`` says: paragraphs parted by blank lines, list entries after ``• ``, links as their words."""
    said: list[str] = []
    before = None
    for block in _blocks(clean(html, base_url="")):
        if block.kind == "rule":
            continue
        indent = "  " * (block.level - 1) if block.kind == "list" else ""
        text = f"{indent}• " + block.text.replace("\n", f"\n{indent}  ") if block.kind == "list" else block.text
        said.append(("\n" if before == block.kind == "list" else "\n\n") + text)
        before = block.kind
    return "".join(said).lstrip("\n")


def plain_title(text: str) -> str:
    """Return a title as one line of plain text: tags out, unescaped once, no control characters."""
    bare = _TITLE_TAG.sub("", _REFERENCE.sub(_legal, without_controls(text[:_LONGEST_TITLE])))
    return " ".join(without_controls(_TITLE_TAG.sub("", unescape(bare))).split())


def first_words(text: str, most: int = 90) -> str:
    """Return the beginning of plain ``text`` as a title: its first line or sentence, else as many words as fit."""
    line = " ".join(next((line for line in text.splitlines() if line.strip()), "").split())
    if len(line) <= most:
        return line
    sentence = re.match(rf".{{20,{most - 1}}}?[.!?](?=\s)", line)
    if sentence:
        return sentence[0]
    cut = line[: most - 1].rpartition(" ")[0] or line[: most - 1]
    return cut.rstrip(" ,;:–-") + "…"


def decode(body: bytes, content_type: str = "") -> str:
    """Return an HTML answer as text: byte order mark, else valid UTF-8, else the header's or the page's own word."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    told = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    meta = re.search(rb"<meta[^<>]{0,200}charset\s*=\s*[\"']?([\w.:-]+)", body[:4096], re.IGNORECASE)
    for name in ("utf-8", told[1] if told else "", meta[1].decode("ascii", "replace") if meta else ""):
        try:
            return body.decode(name or "utf-8")
        except (UnicodeError, LookupError):
            continue
    return body.decode("windows-1252", "replace")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a page's content, in the order of reading.

    level: of a heading 1-6, of a list entry its depth from 1, else 0.
    text: one line, or several where the page breaks the line; empty for a rule.
    html: cleaned, a ``p`` of its own; empty for headings and rules.
    """

    kind: Literal["heading", "paragraph", "list", "rule"]
    level: int
    text: str
    html: str


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
    root = _tree(_tamed(html))
    title = " ".join(root.findtext(".//title", default="").split())
    language = root.get("lang", "")
    feeds = tuple(dict.fromkeys(_feeds(root, base_url)))
    _drop_furniture(root)
    content = "".join(lxml.html.tostring(found, encoding="unicode", with_tail=False) for found in find(root))
    blocks = tuple(_blocks(clean(content, base_url=base_url), alone or (lambda _: False)))
    return Page(
        title=title,
        language=language if _VALUES["lang"].fullmatch(language) else None,
        feeds=feeds,
        blocks=_without_page_title(blocks, title),
    )


# ------------------------------------------------------------------------------------------------ taming and cleaning


def _tamed(html: str) -> str:
    """Bound length, depth and attributes; drop comments, scripts and characters that are none."""
    text = _REFERENCE.sub(_legal, without_controls(html[:_MOST_CHARACTERS]))
    depth = 0

    def bounded(token: re.Match[str]) -> str:
        nonlocal depth
        tag = token["tag"]
        if tag is None:
            return ""
        rest = token["rest"] if len(token["rest"]) <= _MOST_ATTRIBUTES else ""
        if tag.lower() in _FLAT:
            return f"<{token['end']}{tag}{rest}>"
        if token["end"]:
            depth = max(0, depth - 1)
            return f"</{tag}>" if depth < _MOST_DEPTH else ""
        depth += not rest.endswith("/") or tag.lower() in _TAGS
        return f"<{tag}{rest}>" if depth <= _MOST_DEPTH else ""

    return _TOKEN.sub(bounded, text)


def _tree(html: str) -> Any:
    """Parse tamed or cleaned ``html`` as a document; what holds nothing becomes an empty one."""
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        return lxml.html.document_fromstring(html.encode(), parser)
    except lxml.etree.ParserError:
        return lxml.html.document_fromstring(b"<html><body></body></html>", parser)


def _legal(reference: re.Match[str]) -> str:
    """Keep a numeric character reference if it names a character that may stand in text."""
    digits = (reference[1] or reference[2]).lstrip("0") or "0"
    if len(digits) > len(str(sys.maxunicode)):
        return ""
    number = int(digits, 16 if reference[1] else 10)
    # 0x80-0x9f are read as windows-1252 by every browser.
    stands = number <= sys.maxunicode and (number in range(0x80, 0xA0) or not _CONTROLS.match(chr(number)))
    return reference[0] if stands else ""


def _attribute(base_url: str, tag: str, name: str, value: str) -> str | None:
    if tag == "a" and name == "href":
        return absolute(value, base_url) or None
    if name == "title":
        return " ".join(without_controls(value).split())
    allowed = _VALUES.get(name)  # nh3 asks about every attribute, those that it drops anyway too
    return value if allowed is None or allowed.fullmatch(value) else None


def _without_hollows(html: str) -> str:
    """Drop elements that hold nothing: an image's empty link is a trap for a screen reader."""
    for _ in range(8):
        html, count = _HOLLOW.subn("", html)
        if not count:
            break
    return html


# ------------------------------------------------------------------------------------------------------------- blocks


class _Reader:
    """Cuts a cleaned fragment into blocks: one for each paragraph, list entry, heading and rule."""

    def __init__(self, alone: Callable[[str], bool]) -> None:
        self.done: list[Block] = []
        self._alone = alone
        self._lines: list[tuple[str, str]] = []
        self._html: list[str] = []
        self._text: list[str] = []
        self._open: list[tuple[str, str]] = []  # inline elements: (tag, opening tag)
        self._entries: list[int] = []  # depths of the list entries that are open
        self._lists = 0

    def add(self, text: str | None) -> None:
        if text:
            self._html.append(escape(text, quote=False))
            self._text.append(text)

    def start(self, element: Any) -> None:
        tag = element.tag
        if tag == "br":
            self._break()
        elif tag == "hr":
            self._flush()
            self.done.append(Block("rule", 0, "", ""))
        elif tag in _INLINE:
            attributes = "".join(f' {name}="{escape(value)}"' for name, value in element.items())
            self._open.append((tag, f"<{tag}{attributes}>"))
            self._html.append(self._open[-1][1])
        elif tag in {"td", "th"}:
            self._cell()
        else:
            self._boundary(tag)
            self._lists += tag in {"ul", "ol"}
            if tag == "li":
                self._entries.append(max(1, self._lists))
        self.add(element.text)

    def end(self, element: Any) -> None:
        tag = element.tag
        if tag in _INLINE:
            self._open.pop()
            self._html.append(f"</{tag}>")
        elif tag in _HEADINGS:
            self._flush(heading=int(tag[1]))
        elif tag not in {"br", "hr", "td", "th"}:
            self._boundary(tag)
            self._lists -= tag in {"ul", "ol"}
            if tag == "li":
                self._entries.pop()
        self.add(element.tail)

    def close(self) -> list[Block]:
        self._flush()
        return self.done

    def _boundary(self, tag: str) -> None:
        # Paragraphs inside a list entry are parts of that one entry.
        if self._entries and tag not in {"li", "ul", "ol", *_HEADINGS}:
            self._break()
        else:
            self._flush()

    def _cell(self) -> None:
        if "".join(self._text).strip():
            self.add(" | ")

    def _break(self) -> None:
        closing = "".join(f"</{tag}>" for tag, _ in reversed(self._open))
        text = " ".join("".join(self._text).split())
        if text:
            self._lines.append((text, ("".join(self._html) + closing).strip()))
        self._html = [opening for _, opening in self._open]
        self._text = []

    def _flush(self, heading: int = 0) -> None:
        self._break()
        lines, self._lines = self._lines, []
        if heading:
            if lines:
                self.done.append(Block("heading", heading, " ".join(text for text, _ in lines), ""))
            return
        group: list[tuple[str, str]] = []
        for line in lines:
            if self._alone(line[0]):
                self._emit(group)
                self._emit([line])
                group = []
            else:
                group.append(line)
        self._emit(group)

    def _emit(self, lines: list[tuple[str, str]]) -> None:
        if not lines:
            return
        text, html = "\n".join(text for text, _ in lines), "<br>".join(html for _, html in lines)
        kind: Literal["list", "paragraph"] = "list" if self._entries else "paragraph"
        self.done.append(
            Block(kind, self._entries[-1] if self._entries else 0, text, f"<p>{_without_hollows(html)}</p>")
        )


def _blocks(fragment: str, alone: Callable[[str], bool] = lambda _: False) -> list[Block]:
    """Cut a cleaned ``fragment`` into blocks."""
    root = _tree(f"<html><body>{fragment}</body></html>")
    reader = _Reader(alone)
    body = root.find("body")
    reader.add(body.text)
    for event, element in lxml.etree.iterwalk(body, events=("start", "end")):
        if element is not body:
            (reader.start if event == "start" else reader.end)(element)
    return reader.close()


def _without_page_title(blocks: tuple[Block, ...], title: str) -> tuple[Block, ...]:
    """Drop the first heading if it is the page's own title: it heads everything and so tells nothing."""
    first = next((block for block in blocks if block.kind == "heading"), None)
    if first is None or not title.casefold().startswith(first.text.casefold()):
        return blocks
    return tuple(block for block in blocks if block is not first)


# ---------------------------------------------------------------------------------------------------- a page's content

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
