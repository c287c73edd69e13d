"""How tests press the buttons of an issue's page, as a browser would."""

from __future__ import annotations

from urllib.parse import urlencode

import httpx
import lxml.html
from tests.web.asking import Ask

HERE = "http://127.0.0.1:8401"


def page_of(reply: httpx.Response) -> lxml.html.HtmlElement:
    """Read a page."""
    return lxml.html.document_fromstring(reply.text)


def words(element: lxml.html.HtmlElement) -> str:
    """Return what somebody reads."""
    return " ".join(element.text_content().split())


def fields(page: lxml.html.HtmlElement, do: str, entry: str = "") -> dict[str, str]:
    """Return what the form with the button ``do`` carries before anything is typed."""
    for form in page.xpath("//form[@method='post']"):
        told = {one.get("name"): one.get("value") for one in form.xpath(".//input[@type='hidden']")}
        buttons = form.xpath(".//button/@value")
        if do in buttons and told.get("entry", "") == entry:
            return told | {"do": do}
    raise AssertionError(f"there is no button {do!r} for {entry!r}")


def press(ask: Ask, do: str, entry: str = "", *, at: str = "/issue/1", headers: dict | None = None, **typed: str):
    """Open the page at ``at``, type, press the button and return the answer."""
    told = fields(page_of(ask("GET", at)), do, entry) | typed
    return send(ask, told, headers)


def send(ask: Ask, told: dict[str, str], headers: dict | None = None, path: str = "/issue/1/edit") -> httpx.Response:
    """Send a form as the page's own browser does."""
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": HERE}
    return ask("POST", path, content=urlencode(told), headers=form | (headers or {}))
