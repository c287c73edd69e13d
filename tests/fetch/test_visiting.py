"""A source's visit: its manners are kept for it, and questions with a body are asked as carefully as pages."""

from __future__ import annotations

import gzip
from threading import Event, Thread

import pytest
from tests.fetch.loopback import answer, reset

from msdigest.errors import (
    BlockedAddressError,
    DeadlineError,
    EncodingError,
    RedirectError,
    RobotsError,
    TooLargeError,
    UnreachableError,
)
from msdigest.model.source import Source, Validators

NEWS = b"a new trial is recruiting"
QUESTION = '{"query": "é"}'.encode()
JSON = "application/json"


def source(server, **more) -> Source:
    return Source(**{"id": "registry", "kind": "ctis", "url": f"{server.url}/", "min_delay": 0.0, **more})


def question(http, url, **more):
    return http.post(url, **{"body": QUESTION, "content_type": JSON, **more})


def asks_for_bodies(pages=None, bodies=None):
    """Behave like a web server that keeps the bodies it is sent."""

    def behave(connection, server):
        while head := server.head(connection):
            (bodies if bodies is not None else []).append(server.body(connection, head))
            connection.sendall((pages or {}).get(head.split()[1].decode()) or answer(body=NEWS))

    return behave


@pytest.fixture
def paced(new_http):
    """A client whose time passes only when it sleeps, and the list of its pauses."""
    now, pauses = [1_000.0], []

    def sleep(seconds):
        pauses.append(round(seconds, 6))
        now[0] += seconds

    return new_http(clock=lambda: now[0], sleep=sleep), pauses


# A source's manners


def test_the_sources_pause(paced, serve) -> None:
    """Between any two requests to its host, whoever makes them; the first one waits for nothing."""
    http, pauses = paced
    server, other = serve({"/": answer(body=NEWS)}), serve({"/": answer(body=NEWS)}, host="127.0.0.2")
    slow, quick = http.visiting(source(server, min_delay=3.0)), http.visiting(source(server, id="b", min_delay=0.5))

    slow.get(f"{server.url}/")
    http.visiting(source(other)).get(f"{other.url}/")
    assert pauses == []
    question(slow, f"{server.url}/")
    quick.get(f"{server.url}/")
    quick.get(f"{server.url}/")
    assert pauses == [3.0, 3.0, 0.5]


def test_one_request_at_a_time(http, serve) -> None:
    """Questions and pages of all sources at one host take turns."""
    release, at_once, most = Event(), [0], [0]

    def behave(connection, server):
        while head := server.head(connection):
            server.body(connection, head)
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
            release.wait(10)
            at_once[0] -= 1
            connection.sendall(answer(body=NEWS))

    server, bodies = serve(behave), []
    visits = [http.visiting(source(server, id=f"s{number}")) for number in range(4)]

    def ask(visit, number):
        asked = question(visit, f"{server.url}/") if number % 2 else visit.get(f"{server.url}/")
        bodies.append(asked.body)

    threads = [Thread(target=ask, args=(visit, number)) for number, visit in enumerate(visits)]
    for thread in threads:
        thread.start()
    release.set()
    for thread in threads:
        thread.join(10)

    assert (bodies, most) == ([NEWS] * 4, [1])


@pytest.mark.parametrize("ask", [lambda visit, url: visit.get(url), question], ids=["get", "post"])
def test_the_sources_own_size(new_http, serve, ask) -> None:
    """More or less than what the client usually takes."""
    body = b"x" * 5_000
    server = serve({"/": answer(body=body), "/packed": answer(body=gzip.compress(body), content_encoding="gzip")})
    http = new_http(max_bytes=2_000)

    for path in ("/", "/packed"):
        assert ask(http.visiting(source(server, max_bytes=5_000)), server.url + path).body == body
        with pytest.raises(TooLargeError, match="4,999 bytes"):
            ask(http.visiting(source(server, max_bytes=4_999)), server.url + path)


@pytest.mark.parametrize("ask", [lambda visit, url: visit.get(url), question], ids=["get", "post"])
def test_the_sites_rules(http, serve, ask) -> None:
    """They are asked where the source's kind reads pages for people."""
    server = serve({"/robots.txt": answer(body=b"User-agent: *\nDisallow: /"), "/": answer(body=NEWS)})

    assert ask(http.visiting(source(server)), f"{server.url}/").body == NEWS
    with pytest.raises(RobotsError):
        ask(http.visiting(source(server, robots=True)), f"{server.url}/")


@pytest.mark.parametrize("ask", [lambda visit, url: visit.get(url), question], ids=["get", "post"])
def test_a_port_that_the_source_names(new_http, serve, ask) -> None:
    """It is its own alone: the connection is not left for others; and it makes no private address public."""
    server = serve({"/": answer(body=NEWS)})
    http = new_http()

    ask(http.visiting(source(server)), f"{server.url}/")
    ask(http.visiting(source(server, url="http://127.0.0.1/")), f"{server.url}/")
    assert [server.fields(number)["connection"] for number in (0, 1)] == ["close", "keep-alive"]
    with pytest.raises(BlockedAddressError):
        ask(new_http(allow_private=[]).visiting(source(server)), f"{server.url}/")


def test_a_source_without_an_address(http, serve) -> None:
    """Entries typed by an editor have none; what they link to may be looked at."""
    server = serve({"/": answer(body=NEWS)})

    assert http.visiting(source(server, url="")).get(f"{server.url}/").body == NEWS


def test_validators_and_accept_are_passed_on(http, serve) -> None:
    """A visit adds nothing of its own and keeps nothing back."""
    server = serve({"/": answer("304 Not Modified", ETag='"b"')})
    visit = http.visiting(source(server))

    assert visit.get(f"{server.url}/", validators=Validators('"a"', "then"), accept="text/xml").status == 304
    fields = server.fields()
    assert (fields["if-none-match"], fields["if-modified-since"], fields["accept"]) == ('"a"', "then", "text/xml")


# A question with a body


def test_a_question(http, serve) -> None:
    """Its bytes go out as they are, with their kind; and what we are told is an answer like any other."""
    bodies = []
    packed = answer("202 Accepted", gzip.compress(NEWS), content_encoding="gzip", X_Total="7")
    server = serve(asks_for_bodies({"/search?page=1": packed}, bodies))

    reply = question(http, f"{server.url}/search?page=1#top", accept=JSON)

    assert bodies == [QUESTION]
    assert server.heads[0].startswith(b"POST /search?page=1 HTTP/1.1\r\n")
    assert server.fields() == {
        "host": f"127.0.0.1:{server.port}",
        "user-agent": "msdigest/0.1.0 (+https://digest.example; desk@example.org)",
        "accept": JSON,
        "accept-encoding": "gzip",
        "connection": "keep-alive",
        "content-type": JSON,
        "content-length": str(len(QUESTION)),
    }
    assert (reply.status, reply.url, reply.body) == (202, f"{server.url}/search?page=1", NEWS)
    assert (reply.headers["x-total"], reply.moved_to) == ("7", None)


@pytest.mark.parametrize("body", [b"", b"\0\xff" * 200_000], ids=["empty", "large"])
def test_any_bytes(http, serve, body) -> None:
    """None, or more than fit into one packet."""
    bodies = []
    server = serve(asks_for_bodies(bodies=bodies))

    question(http, f"{server.url}/", body=body)
    assert bodies == [body]


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "429 Too Many Requests", "500 Oops"])
def test_any_status_is_an_answer(http, serve, status) -> None:
    """What it means is the collector's business."""
    server = serve(asks_for_bodies({"/": answer(status, b"why", retry_after="7")}))

    reply = question(http, f"{server.url}/")

    assert (reply.status, reply.body, reply.headers["retry-after"]) == (int(status[:3]), b"why", "7")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(http, serve, status) -> None:
    """What was meant for one server is shown to no other."""
    elsewhere = serve({"/": answer(body=NEWS)})
    server = serve(asks_for_bodies({"/": answer(f"{status} Moved", location=f"{elsewhere.url}/")}))

    with pytest.raises(RedirectError, match="redirects a question that has a body") as caught:
        question(http, f"http://desk:hidden@127.0.0.1:{server.port}/")

    assert (server.accepted, elsewhere.accepted) == (1, 0)
    assert "hidden" not in str(caught.value)


def test_a_question_that_broke_is_not_asked_again(http, serve) -> None:
    """Nobody knows whether it was heard."""

    def behave(connection, server):
        server.body(connection, server.head(connection))
        reset(connection)

    server = serve(behave)

    with pytest.raises(UnreachableError):
        question(http, f"{server.url}/")
    assert server.accepted == 1


def test_a_connection_that_was_closed_meanwhile(new_http, serve) -> None:
    """An idle one that the server has left is not taken for the next question."""
    http = new_http(gap=0.1)  # time in which the server's good-bye arrives
    server = serve(lambda connection, server: connection.sendall(answer(body=NEWS)) if server.body(connection, server.head(connection)) else None)  # fmt: skip

    assert [question(http, f"{server.url}/").body for _ in range(2)] == [NEWS] * 2
    assert server.accepted == 2


def test_the_deadline_of_a_question(new_http, serve) -> None:
    """It covers a server that does not take the question, and one that does not answer it."""
    for behave in (lambda _, server: server.over.wait(10), asks_for_bodies({"/": b"HTTP/1.1 200 OK\r\n"})):
        with pytest.raises(DeadlineError):
            question(new_http(deadline=0.3), f"{serve(behave).url}/", body=b"x" * 30_000_000)


def test_a_packed_bomb_as_an_answer(http, serve) -> None:
    """Packed twice it is not opened."""
    server = serve(asks_for_bodies({"/": answer(body=b"x", content_encoding="gzip, gzip")}))

    with pytest.raises(EncodingError):
        question(http, f"{server.url}/")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://registry.example/", "registry.example", ""])
def test_questions_go_to_web_addresses(http, url) -> None:
    """As pages do."""
    with pytest.raises(UnreachableError, match="no http or https address"):
        question(http, url)
