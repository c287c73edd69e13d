"""Pages that are made when they are asked for, in the dress of the site."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

from msdigest.render.site import Site
from msdigest.words import date_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from msdigest.app import App

# What such a page says may be different a moment later, and concerns nobody but who asked.
_ONCE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
_ERRORS = {
    404: ("There is no such page", "The address may be mistyped, or the page is no longer there."),
    405: ("That cannot be done here", "This address can be read, and nothing else."),
}
_OTHER_ERROR = ("This did not work", "What was asked for cannot be answered.")


class Pages:
    """Renders the site's templates into answers."""

    def __init__(self, app: App) -> None:
        """Take the site's title, address and contact, and its templates."""
        self._app = app

    @property
    def site(self) -> Site:
        """What every page says of the site: the editors' pages read the configuration again when it is saved."""
        settings = self._app.settings
        return Site(
            title=settings.site_title,
            url=settings.site_url + "/",
            dates=date_words,
            contact=settings.site_contact,
        )

    @property
    def root(self) -> str:
        """The path of the site; absolute, because a page may be asked for at any depth."""
        return urlsplit(self._app.settings.site_url).path.rstrip("/") + "/"

    def answer(
        self, name: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **context: object
    ) -> Response:
        """Render the template ``name``; the answer is kept by nobody."""
        page = self._app.templates.render(name, site=self.site, root=self.root, **context)
        return HTMLResponse(page, status_code=status, headers=_ONCE | dict(headers or {}))

    def sentence(self, title: str, sentence: str, *, status: int, headers: Mapping[str, str] | None = None) -> Response:
        """Answer with a heading and one plain sentence."""
        return self.answer("web/message.html.jinja", status=status, headers=headers, title=title, sentence=sentence)

    def error(self, status: int, *, headers: Mapping[str, str] | None = None) -> Response:
        """Answer with what can be said of an HTTP error without knowing more."""
        title, sentence = _ERRORS.get(status, _OTHER_ERROR)
        return self.sentence(title, sentence, status=status, headers=headers)


def trouble(headers: Mapping[str, str]) -> Response:
    """Answer that something is broken on our side; needs neither templates nor a database."""
    text = (
        '<!DOCTYPE html>\n<html lang="en"><title>Something is broken here</title>'
        "<h1>Something is broken on our side</h1><p>Please try again in a few minutes.</p></html>\n"
    )
    return HTMLResponse(text, status_code=500, headers=dict(headers) | _ONCE)
