"""The public application as a whole: what every answer carries, and what happens when something is broken."""

from __future__ import annotations

from dataclasses import replace

import lxml.html
import pytest
from tests.web.asking import asker

from msdigest.app import App
from msdigest.errors import VaultError
from msdigest.web.site import public_app

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/feeds/all.rss", 200),
        ("GET", "/style/site.css", 200),
        ("GET", "/nothing", 404),
        ("GET", "/leave/forged", 404),
        ("POST", "/feeds/all.rss", 405),
        ("GET", "{leave}", 200),
        ("POST", "{leave}", 400),
    ],
)
def test_every_answer_is_hardened(app, ask, leave_path, method, path, status) -> None:
    """Pages load nothing from elsewhere, run nothing, and tell nobody where a reader came from."""
    app.publish()
    reply = ask(method, path.format(leave=leave_path))

    assert reply.status_code == status
    assert reply.headers["Content-Security-Policy"] == POLICY
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in reply.headers


def test_what_is_not_changed_is_hardened_too(app, ask) -> None:
    """A 304 carries the same policy."""
    app.publish()

    assert ask("GET", "/", headers={"If-None-Match": "*"}).headers["Content-Security-Policy"] == POLICY


def test_a_broken_template_is_told_without_details(app) -> None:
    """The page of last resort needs no template and says nothing about the cause; the cause goes on to the server."""
    folder = app.settings.templates / "web"
    folder.mkdir(parents=True)
    (folder / "message.html.jinja").write_text("{{ secret_of_ours }}", encoding="utf-8")
    reply = asker(public_app(app), "https://digest.example", raises=False)("GET", "/nothing")

    assert reply.status_code == 500
    assert "Something is broken on our side" in reply.text
    assert "secret" not in reply.text
    assert reply.headers["Content-Security-Policy"] == POLICY
    assert reply.headers["Cache-Control"] == "no-store"


def test_wrong_keys_are_told_at_once(app) -> None:
    """A site whose keys cannot read the links in people's mail does not start."""
    _ = app.vault
    other = replace(app.settings, keys="1:" + "QkJC" * 10 + "QkI=")
    with App(other, app.clock) as fresh, pytest.raises(VaultError):
        public_app(fresh)


def test_a_site_that_published_nothing_says_so(ask) -> None:
    """Before the first round every page is missing, but the stylesheet is there for the page that says so."""
    assert ask("GET", "/").status_code == 404
    assert ask("GET", "/style/site.css").status_code == 200


def test_links_stand_where_the_site_is(app) -> None:
    """A site below a path of its server links its stylesheet and pages there."""
    settings = replace(app.settings, site_url="https://charity.example/ms")
    with App(settings, app.clock) as below:
        page = asker(public_app(below), "https://charity.example")("GET", "/nothing")
    document = lxml.html.document_fromstring(page.text)

    assert document.xpath("//link[@rel='stylesheet']/@href") == ["/ms/style/site.css"]
    assert document.xpath("//main//a/@href") == ["/ms/"]


def test_a_site_has_templates_of_its_own(app, ask) -> None:
    """An operator's page goes before ours."""
    folder = app.settings.templates / "web"
    folder.mkdir(parents=True)
    (folder / "message.html.jinja").write_text("<h1>Ours: {{ title }}</h1>", encoding="utf-8")

    assert ask("GET", "/nothing").text == "<h1>Ours: There is no such page</h1>"
