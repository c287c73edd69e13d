"""What every ``Http`` keeps: the real client over loopback, and its fake, from one script."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.fetch.loopback import Server, answer, reset, site

from msdigest.errors import FetchError, UnreachableError
from msdigest.fetch.client import HttpClient
from msdigest.fetch.fake import FakeHttp
from msdigest.fetch.manners import Manners
from msdigest.model.source import Validators
from msdigest.ports import Failure, Http, Reply, Request

ETAG = 'W/"a1"'
PAGES = {
    "/feed": ("200 OK", {"ETag": ETAG, "Content-Type": "text/xml"}, b"<rss/>"),
    "/feed?page=2": ("200 OK", {}, b"second"),
    "/gone": ("410 Gone", {}, b"it was here"),
    "/same": ("304 Not Modified", {"ETag": ETAG}, b""),
    "/v3/messages": ("202 Accepted", {"X-Id": "7"}, b'{"id": "7"}'),
    "/v3/denied": ("401 Unauthorized", {}, b"who?"),
}


@dataclass
class World:
    """One implementation in its surroundings.

    url: address of the pages. lost: address that cannot be reached. mute: address where the request is
    read and never answered. asked: gives the headers of each get.
    """

    http: Http
    url: str
    lost: str
    mute: str
    asked: Any = field(default=None)


def real(closing):
    def mute(connection, server):
        server.body(connection, server.head(connection))
        reset(connection)

    server, silent = (
        Server(site({path: answer(status, body, **headers) for path, (status, headers, body) in PAGES.items()})),
        Server(mute),
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        lost = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    settings = {"contact": "desk@example.org", "site_url": "https://digest.example", "version": "1"}
    http = HttpClient(**settings, allow_private=["127.0.0.1"])
    closing += [http.close, server.close, silent.close]
    return World(
        http, server.url, lost, f"{silent.url}/v3", lambda: [server.fields(n) for n in range(len(server.heads))]
    )


def fake(closing):
    url, mute = "http://127.0.0.1:1", "http://127.0.0.1:2/v3"

    def page(path, status, headers, body):
        small = {name.lower(): value for name, value in headers.items()}
        return Reply(status=int(status[:3]), url=f"{url}{path}", headers=small, body=body)

    script = {f"{url}{path}": page(path, *parts) for path, parts in PAGES.items()}
    http = FakeHttp(
        {**script, mute: UnreachableError(mute)}, {**script, mute: Failure("maybe", "the connection was reset")}
    )
    return World(http, url, "http://127.0.0.1:3/", mute, lambda: [call.headers for call in http.asked])


@pytest.fixture(params=[real, fake])
def world(request):
    closing = []
    yield request.param(closing)
    for close in closing:
        close()


@pytest.mark.parametrize("path", [path for path in PAGES if not path.startswith("/v3")])
def test_any_status_is_an_answer(world, path) -> None:
    """Status, address, headers in lower case and body are what the server gave."""
    status, headers, body = PAGES[path]

    reply = world.http.get(f"{world.url}{path}")

    assert (reply.status, reply.url, reply.body) == (int(status[:3]), f"{world.url}{path}", body)
    assert {name.lower(): value for name, value in headers.items()}.items() <= reply.headers.items()
    assert reply.moved_to is None


@pytest.mark.parametrize(
    ("validators", "sent"),
    [
        (Validators(), {}),
        (Validators(ETAG, None), {"if-none-match": ETAG}),
        (Validators(None, "Thu, 1 jan"), {"if-modified-since": "Thu, 1 jan"}),
        (Validators(ETAG, "Thu, 1 jan"), {"if-none-match": ETAG, "if-modified-since": "Thu, 1 jan"}),
    ],
)
def test_conditional_headers(world, validators, sent) -> None:
    """Both validators are sent back verbatim, and none that was not given."""
    world.http.get(f"{world.url}/same", validators=validators, accept="text/xml", manners=Manners(source_url=world.url))

    (headers,) = world.asked()
    assert headers["accept"] == "text/xml"
    assert {name: value for name, value in headers.items() if name.startswith("if-")} == sent


def test_no_answer_is_an_error(world) -> None:
    """The error is one of ours and carries the address."""
    for url in (world.lost, world.mute):
        with pytest.raises(FetchError) as caught:
            world.http.get(url)

        assert isinstance(caught.value, UnreachableError)
        assert caught.value.url == url


@pytest.mark.parametrize("path", ["/v3/messages", "/v3/denied"])
def test_a_call_is_answered(world, path) -> None:
    """The provider's word comes back whatever its status."""
    status, headers, body = PAGES[path]

    reply = world.http.send(Request(method="POST", url=f"{world.url}{path}", body=b"letter"), timeout=5)

    assert isinstance(reply, Reply)
    assert (reply.status, reply.url, reply.body) == (int(status[:3]), f"{world.url}{path}", body)
    assert {name.lower(): value for name, value in headers.items()}.items() <= reply.headers.items()


def test_a_failed_call_says_whether_it_was_sent(world) -> None:
    """Nothing is raised, and the two kinds of failure are told apart."""
    calls = [world.http.send(Request(method="POST", url=url, body=b"letter")) for url in (world.lost, world.mute)]

    assert [call.sent for call in calls if isinstance(call, Failure)] == ["no", "maybe"]
