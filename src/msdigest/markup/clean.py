"""Door to nh3: HTML from outside becomes harmless here.

HTML is tokenised once by a linear pattern before any parser sees it: nh3 and libxml2 are quadratic in the
depth of elements (200,000 nested ``div`` took nh3 88 s) and in the attributes of one element (55 s).
"""

from __future__ import annotations

import re
from contextvars import ContextVar

import nh3

from msdigest.markup.links import SCHEMES, absolute
from msdigest.markup.text import legal_references, without_controls

_MOST_CHARACTERS = 4_000_000
# Deeper than any honest page; libxml2 gives up at 256.
_MOST_DEPTH = 150
_MOST_ATTRIBUTES = 4_000  # characters of one tag's attributes

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
# What must be taken out, or counted: where there is none of it, looking at every tag would be for nothing.
_NOT_TAME = re.compile(r"<(?:!--|script|style|template|noscript|svg|iframe|object|[^<]{4000})", re.IGNORECASE)
_SECTIONING = re.compile(
    r"<(/?)(?:section|article|main|header|address|details|summary|center)(?=[\s/>])", re.IGNORECASE
)

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
INLINE = frozenset(
    "a abbr b bdi bdo cite code del dfn em i ins kbd mark q ruby rt rp s samp small strong sub sup time u var".split()  # noqa: SIM905 - one word a line would fill the page
)
_BLOCKS = frozenset(
    "p div blockquote pre ul ol li dl dt dd table caption thead tbody tfoot tr th td figure figcaption".split()  # noqa: SIM905 - one word a line would fill the page
)
TAGS = frozenset({*HEADINGS, *INLINE, *_BLOCKS, "br", "hr"})
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
# A language's name (BCP 47), e.g. en-GB.
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
_VALUES = {
    "lang": LANGUAGE,
    "dir": re.compile(r"ltr|rtl|auto"),
    "scope": re.compile(r"row|col|rowgroup|colgroup"),
    "reversed": re.compile(r"(?:reversed)?"),
    "datetime": re.compile(r"[0-9TZ:+. -]{4,35}"),
    **dict.fromkeys(("value", "start", "colspan", "rowspan"), re.compile(r"-?\d{1,4}")),
}
_HOLLOW = re.compile(
    r"<(p|a|div|figure|figcaption|blockquote|ul|ol|li|dl|dt|dd|h[1-6]|em|strong|b|i|u|s|q|small|sub|sup|code|pre)"
    r"(?: [^<>]*)?>(?:\s|&nbsp;|<br>)*+</\1>"
)
_LINK_TO_NOWHERE = re.compile(r'<a rel="noopener">(.*?)</a>', re.DOTALL)


def clean(html: str, *, base_url: str) -> str:
    """Return hostile ``html`` as a harmless fragment that keeps its structure; cleaning twice changes nothing.

    Links are absolute (``base_url`` empty: relative ones are dropped) and lead to http, https or mailto only.
    Images, sound, film, frames and forms are gone, with them every tracking pixel; captions stay.
    No style, class, id or event survives.
    """
    # One cleaner for all: making it anew cost as much as a short text. What it asks about an attribute is told here.
    token = _base.set(base_url)
    try:
        safe = _cleaner.clean(_SECTIONING.sub(r"<\1div", tamed(html)))
    finally:
        _base.reset(token)
    return without_hollows(_LINK_TO_NOWHERE.sub(r"\1", without_controls(safe))).strip()


def tamed(html: str) -> str:
    """Bound length, depth and attributes; drop comments, scripts and characters that are none."""
    text = legal_references(without_controls(html[:_MOST_CHARACTERS]))
    if text.count("<") - text.count("</") <= _MOST_DEPTH and not _NOT_TAME.search(text):
        return text
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
        depth += not rest.endswith("/") or tag.lower() in TAGS
        return f"<{tag}{rest}>" if depth <= _MOST_DEPTH else ""

    return _TOKEN.sub(bounded, text)


def without_hollows(html: str) -> str:
    """Drop elements that hold nothing: an image's empty link is a trap for a screen reader."""
    for _ in range(8):
        html, count = _HOLLOW.subn("", html)
        if not count:
            break
    return html


def _attribute(tag: str, name: str, value: str) -> str | None:
    if tag == "a" and name == "href":
        return absolute(value, _base.get()) or None
    if name == "title":
        return " ".join(without_controls(value).split())
    allowed = _VALUES.get(name)  # nh3 asks about every attribute, those that it drops anyway too
    return value if allowed is None or allowed.fullmatch(value) else None


_base: ContextVar[str] = ContextVar("base")
_cleaner = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags=set(_DROPPED_WHOLE),
    attributes=_ALLOWED,
    attribute_filter=_attribute,
    link_rel="noopener",
    url_schemes=set(SCHEMES),
)
