"""Redirects are followed to web pages, five times, never down to plain http, and never round in circles."""

from __future__ import annotations

import httpx
import pytest
from tests.fetch.loopback import answer

from msdigest.errors import RedirectError
from msdigest.fetch.redirects import Redirect, Trail

NEWS = b"a new trial is recruiting"


def hops(serve, *statuses):
    """A server whose page /0 leads to /1 and so on, to the news at the end."""
    pages = {f"/{n}": answer(f"{status} Moved", location=f"/{n + 1}") for n, status in enumerate(statuses)}
    return serve({**pages, f"/{len(statuses)}": answer(body=NEWS)})


@pytest.mark.parametrize(
    ("statuses", "moved"),
    [
        ([301], True),
        ([308, 301], True),
        ([302], False),
        ([301, 302], False),
        ([307, 301], False),
        ([303], False),
        ([301] * 5, True),
        ([], False),
    ],
)
def test_redirects_are_followed(http, serve, statuses, moved) -> None:
    """The new address is told if every hop was for good."""
    server = hops(serve, *statuses)
    end = f"{server.url}/{len(statuses)}"

    reply = http.get(f"{server.url}/0")

    assert (reply.body, reply.url) == (NEWS, end)
    assert reply.moved_to == (end if moved else None)


def test_six_redirects_are_too_many(http, serve) -> None:
    """The sixth is not followed."""
    server = hops(serve, *[302] * 6)

    with pytest.raises(RedirectError, match="more than 5 times"):
        http.get(f"{server.url}/0")
    assert len(server.heads) == 6


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("/", "in a circle"),
        ("#elsewhere", "in a circle"),
        ("file:///etc/passwd", "no http or https address"),
        ("ftp://blog.example/", "no http or https address"),
        ("gopher://127.0.0.1/", "no http or https address"),
        ("javascript:alert(1)", "no http or https address"),
        ("http://", "in a circle"),
        ("http://[bad/", "no http or https address"),
        ("http://blog.example:65536/", "no http or https address"),
        ("http://blog.example:0/", "no http or https address"),
        ("https://xn--./", "no http or https address"),
        ("https://xn--a.example/", "no http or https address"),
        ("http://\u00ad/", "no address"),
        ("//[::1", "no address"),
        ("http://blog.example/\x80" + "y" * 70_000, "no address"),
    ],
)
def test_redirects_that_are_not_followed(http, serve, location, words) -> None:
    """A redirect to anywhere but a web page is an error."""
    server = serve({"/": answer("302 Found", location=location)})

    with pytest.raises(RedirectError, match=words):
        http.get(f"{server.url}/")
    assert len(server.heads) == 1


def test_a_redirect_without_a_location_is_an_answer(http, serve) -> None:
    """There is nowhere to go."""
    server = serve({"/": answer("302 Found", b"see elsewhere")})

    assert http.get(f"{server.url}/").body == b"see elsewhere"


def test_a_password_stays_with_its_server(http, serve) -> None:
    """It is sent where the operator wrote it, not repeated, and not sent along."""
    elsewhere = serve({"/": answer(body=NEWS)}, host="127.0.0.2")
    server = serve({"/": answer("301 Moved", location=f"http://other:hidden@127.0.0.2:{elsewhere.port}/")})

    reply = http.get(f"http://desk:hidden@127.0.0.1:{server.port}/")

    assert server.fields()["authorization"].startswith("Basic ")
    assert "authorization" not in elsewhere.fields()
    assert "hidden" not in repr(reply)


@pytest.mark.parametrize(
    ("first", "last", "same"),
    [
        ("http://blog.example/feed?a=1", "https://blog.example/feed?a=1", True),
        ("http://blog.example/feed", "https://www.blog.example/feed", False),
        ("https://blog.example/feed", "https://blog.example/feed/", False),
        ("https://blog.example/?p=1", "https://blog.example/?p=2", False),
    ],
)
def test_which_redirects_lead_to_the_same_page(first, last, same) -> None:
    """Only https for http leaves it the page whose validators we hold."""
    trail = Trail([httpx.URL(first)])
    trail.follow(Redirect(301, last))

    assert trail.still_the_same is same
