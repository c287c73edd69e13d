"""A page in a real browser that complains about nothing: no error in the console, nothing refused, no other server asked."""

from __future__ import annotations

from playwright.sync_api import Browser, ConsoleMessage, Page

SCHEMES = ["light", "dark"]
GROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(27, 27, 27)"}


def open_page(browser: Browser, url: str, *, size: tuple[int, int] = (1100, 900), scheme: str = "light") -> Page:
    """Open ``url``; what the page complains about is in its ``complaints``."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    page.complaints = []
    page.on("console", lambda said: _note_complaint(page, said))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda asked: _note_stranger(page, asked.url))
    page.set_default_timeout(20_000)
    page.goto(url)
    return page


def _note_complaint(page: Page, said: ConsoleMessage) -> None:
    # Browsers ask for an icon by themselves; there is none.
    if said.type in {"error", "warning"} and not said.location["url"].endswith("/favicon.ico"):
        page.complaints.append(said.text)


def _note_stranger(page: Page, url: str) -> None:
    if not url.startswith("http://127.0.0.1:"):
        page.complaints.append(url)


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than the screen."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def focus_ring(page: Page) -> list[str]:
    """Return how what has the focus is ringed: style and width."""
    return page.evaluate(
        "(() => { const style = getComputedStyle(document.activeElement);"
        " return [style.outlineStyle, style.outlineWidth]; })()"
    )


def focused(page: Page) -> str:
    """Return the id of what has the focus, or else its words."""
    return page.evaluate("document.activeElement.id || document.activeElement.textContent.trim().replace(/\\s+/g, ' ')")


def _is_elsewhere(page: Page) -> bool:
    return page.evaluate("['IFRAME', 'BODY'].includes(document.activeElement.tagName)")


def reach(page: Page, what: str, *, most: int = 150) -> None:
    """Press Tab until ``what`` (an id, or words) has the focus: a keyboard is all that is needed."""
    for _ in range(most):
        if focused(page) == what:
            return
        page.keyboard.press("Tab")
        # Within the frame it is the message that shows where the keyboard is, and past the end it is the browser.
        assert focus_ring(page) == ["solid", "3px"] or _is_elsewhere(page), focused(page)[:80]
    raise AssertionError(f"{what!r} is not reached by the tab key")
