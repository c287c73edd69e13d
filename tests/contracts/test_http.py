"""What every ``Network`` and its visits keep: the real client over loopback, and its fake, from one script."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from tests.fetch.loopback import Server, answer, reset

from msdigest.errors import FetchError, UnreachableError
from msdigest.fetch.client import HttpClient
from msdigest.fetch.fake import FakeHttp
from msdigest.fetch.manners import Manners
from msdigest.model.source import Source, Validators
from msdigest.ports import Failure, Http, Reply, Request

ETAG = 'W/"a1"'
PAGES = {
    "/feed": ("200 OK", {"ETag": ETAG, "Content-Type": "text/xml"}, b"<rss/>"),
    "/feed?page=2": ("200 OK", {}, b"second"),
    "/gone": ("410 Gone", {}, b"it was here"),
    "/same": ("304 Not Modified", {"ETag": ETAG}, b""),
    "/search": ("200 OK", {"Content-Type": "application/json", "X-Total": "7"}, b'{"trials": []}'),
    "/limited": ("429 Too Many Requests", {"Retry-After": "7"}, b"slowly"),
    "/v3/messages": ("202 Accepted", {"X-Id": "7"}, b'{"id": "7"}'),
    "/v3/denied": ("401 Unauthorized", {}, b"who?"),
}


@dataclass
class World:
    """One implementation in its surroundings.

    url: address of the pages. lost: address that cannot be reached. mute: address where the request is
    read and never answered. asked: gives the headers of each get and post. bodies: gives their bodies.
    """

    http: Any
    url: str
    lost: str
    mute: str
    asked: Any
    bodies: Any


def real(closing):
    def mute(connection, server):
        server.body(connection, server.head(connection))
        reset(connection)

    bodies: list[bytes] = []

    def behave(connection, server):
        while head := server.head(connection):
            bodies.append(server.body(connection, head))
            status, headers, body = PAGES[head.split()[1].decode()]
            connection.sendall(answer(status, body, **headers))

    server, silent = Server(behave), Server(mute)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        lost = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    settings = {"contact": "desk@example.org", "site_url": "https://digest.example", "version": "1"}
    http = HttpClient(**settings, allow_private=["127.0.0.1"])
    closing += [http.close, server.close, silent.close]
    return World(
        http,
        server.url,
        lost,
        f"{silent.url}/v3",
        asked=lambda: [server.fields(n) for n in range(len(server.heads))],
        bodies=lambda: bodies,
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
    return World(
        http,
        url,
        "http://127.0.0.1:3/",
        mute,
        asked=lambda: [call.headers for call in http.asked],
        bodies=lambda: [call.body or b"" for call in http.asked],
    )


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


# A source's visit


@pytest.fixture
def visit(world) -> Http:
    """The network as the collector of one source sees it."""
    return world.http.visiting(Source(id="registry", kind="ctis", url=f"{world.url}/", min_delay=0.0))


@pytest.mark.parametrize("path", [path for path in PAGES if not path.startswith("/v3")])
def test_a_visit_gets_the_same_answers(world, visit, path) -> None:
    """Any status is an answer to a visit, too, whether it asks for a page or with a body."""
    status, _, body = PAGES[path]

    for reply in (visit.get(f"{world.url}{path}"), visit.post(f"{world.url}{path}", body=b"{}", content_type="a/b")):
        assert (reply.status, reply.url, reply.moved_to) == (int(status[:3]), f"{world.url}{path}", None)
        assert reply.body == body


def test_a_question_with_a_body(world, visit) -> None:
    """Body, kind and wish arrive as they were given; no validators go with them."""
    body = '{"query": "\u00e9\u0000"}'.encode()

    reply = visit.post(f"{world.url}/search", body=body, content_type="application/json; x=1", accept="text/csv")

    (headers,) = world.asked()
    assert (headers["content-type"], headers["accept"]) == ("application/json; x=1", "text/csv")
    assert not any(name.startswith("if-") for name in headers)
    assert world.bodies() == [body]
    assert reply.headers["x-total"] == "7"


def test_a_visits_conditional_headers(world, visit) -> None:
    """They are sent as the source gave them; what is wished for is anything unless the collector says more."""
    visit.get(f"{world.url}/same", validators=Validators(ETAG, "Thu, 1 jan"))

    (headers,) = world.asked()
    assert (headers["if-none-match"], headers["if-modified-since"]) == (ETAG, "Thu, 1 jan")
    assert headers["accept"] == "*/*"


def test_no_answer_to_a_visit_is_an_error(world, visit) -> None:
    """With the address that was asked."""
    for url in (world.lost, world.mute):
        for ask in (visit.get, partial(visit.post, body=b"", content_type="a/b")):
            with pytest.raises(UnreachableError) as caught:
                ask(url)

            assert caught.value.url == url


# Calls to a mail provider


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
