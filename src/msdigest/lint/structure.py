"""What the HTML of a message is made of: its head, its languages, and what has no place in a mail."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msdigest.words import direction, spoken_language

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdigest.lint.finding import Finding
    from msdigest.lint.message import Message
    from msdigest.lint.page import Element

_DOCTYPE = re.compile(r"\s*<!doctype\s+html\s*>", re.IGNORECASE)
_DEFAULT_TITLES = frozenset({"document", "e-mail", "email", "newsletter", "mail", "title", "untitled", "message"})
_FORBIDDEN = frozenset(
    ("script", "iframe", "frame", "frameset", "form", "object", "embed", "applet", "input", "button", "select")
)
_EVENT = re.compile(r"on[a-z]+")
_TINY = re.compile(r"[01](?:px)?")
_MOST_FAULTS = 100


def structure(message: Message) -> Iterator[Finding]:
    """Look at the head, the languages and the nesting."""
    yield from _head(message)
    yield from _languages(message)
    for number, (fault, place) in enumerate(message.page.faults):
        if number < _MOST_FAULTS:
            yield message.found(
                "html.unbalanced",
                "error",
                f"{fault} (line {message.line(place)})",
                excerpt=message.specimen.html[place : place + 60],
                way_out="Close every element where its parent still is open.",
            )


def _head(message: Message) -> Iterator[Finding]:
    if not _DOCTYPE.match(message.specimen.html):
        yield message.found(
            "html.doctype",
            "warning",
            "the mail does not begin with <!DOCTYPE html>",
            excerpt=message.specimen.html[:40],
            way_out="Begin the template with <!DOCTYPE html>: without it programs fall back to old rules of layout.",
        )
    yield from _title(message)
    metas = message.page.all("meta")
    told = {meta.get("name").lower(): meta.get("content") for meta in metas}
    charset = any(
        meta.get("charset").lower() in {"utf-8", "utf8"} or "charset=utf-8" in meta.get("content").lower()
        for meta in metas
    )
    wanted = (
        ("html.charset", charset, '<meta charset="utf-8">'),
        ("html.viewport", "width=device-width" in told.get("viewport", ""), '<meta name="viewport" …>'),
        ("html.color-scheme", "dark" in told.get("color-scheme", ""), '<meta name="color-scheme" …>'),
    )
    for check, there, tag in wanted:
        if not there:
            yield message.found(
                check, "warning", f"the head lacks {tag}", way_out=f"Put {tag} into the head of the template."
            )


def _title(message: Message) -> Iterator[Finding]:
    title = " ".join(message.page.text(element) for element in message.page.all("title")[:1])
    if not title or title.lower() in _DEFAULT_TITLES:
        yield message.found(
            "html.title",
            "error",
            f"the title is {title!r}" if title else "the mail has no title",
            excerpt=title,
            way_out="Put the issue's subject into <title>: screen readers say it first.",
        )


def _languages(message: Message) -> Iterator[Finding]:
    language = spoken_language(message.specimen.language)
    base = language.split("-", maxsplit=1)[0].lower()
    bodies = message.page.all("body")
    first = next((child for child in (bodies[0].children if bodies else ())), None)
    places = (("<html>", next(iter(message.page.all("html")), None)), ("the first element of <body>", first))
    for name, element in places:
        told = element.get("lang") if element is not None else ""
        if told.split("-")[0].lower() != base:
            yield message.found(
                "html.lang",
                "error",
                f"{name} has lang={told!r}, and the message is in {language!r}" if told else f"{name} has no lang",
                element=element,
                way_out="Tell the language on <html> and on the first element of <body>: many programs drop <html>.",
            )
        turned = element.get("dir").lower() if element is not None else ""
        if turned != direction(language):
            yield message.found(
                "html.dir",
                "error",
                f"{name} has dir={turned!r}, not {direction(language)!r}" if turned else f"{name} has no dir",
                element=element,
                way_out="Tell the direction on <html> and on the first element of <body>.",
            )


def forbidden(message: Message) -> Iterator[Finding]:
    """Look for what runs, asks or reports."""
    for element in message.page.elements:
        if fault := _fault(element):
            yield message.found(
                "html.forbidden",
                "error",
                fault,
                element=element,
                excerpt=f"<{element.tag}",
                way_out="Take it out: mail programs remove it, filters fear it, and it can tell on readers.",
            )
        if element.tag == "link":
            yield message.found(
                "css.external",
                "error",
                "<link> loads something from elsewhere",
                element=element,
                excerpt=element.get("href"),
                way_out="Write styles in inline.css.jinja and head.css.jinja.",
            )


def _fault(element: Element) -> str:
    if element.tag in _FORBIDDEN:
        return f"<{element.tag}> has no place in a mail"
    if event := next((name for name in element.attributes if _EVENT.fullmatch(name)), ""):
        return f"{event} on <{element.tag}> runs a script"
    if element.tag == "img" and all(_TINY.fullmatch(element.get(name)) for name in ("width", "height")):
        return "an image of one pixel tells who opened the mail"
    if element.tag == "meta" and element.get("http-equiv").lower() == "refresh":
        return "<meta http-equiv=refresh> leads readers elsewhere"
    return ""
