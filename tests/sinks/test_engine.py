"""The engine of the sinks: what the client sees of each fault, and whom the provider really accepted."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from tests.sinks.engine import ACTED, AMBIGUOUS, FAULTS, HANGS, IDLE, UNHEARD, Engine, full_pool
from tests.sinks.service import Answer

from msdigest.fetch.client import HttpClient
from msdigest.ports import Failure, Reply, Request

LARGE = 8_000_000
# Seconds for a call that hangs, and for any other: a machine may be busy.
SOON, PATIENCE = 0.15, 20.0


class Post:
    """A service that sends to every address of a body, and knows one page beside."""

    def answer(self, call):
        to = tuple(call.body.decode().split())[:2]
        return Answer(status=202, document={"id": "1"}, accepted=to)

    def is_send(self, call):
        return call.method == "POST"


def client(**more):
    return HttpClient(contact="e@example.org", site_url="https://example.org", version="0", **more)


def told(said):
    return f"sent {said.sent}" if isinstance(said, Failure) else said.status


def exchanged(*faults, large=False):
    """Make one call for each fault on one client; return what each looked like, and the engine when it was closed."""
    body = b"a@example.org b@example.org" + b" " * (LARGE if large else 0)
    with Engine(Post(), plan=dict(enumerate(faults)).get) as engine, client() as http:
        request = Request(method="POST", url=f"{engine.base_url}/send?a=1&b=", body=body)
        seen = [told(http.send(request, timeout=SOON if fault in HANGS else PATIENCE)) for fault in faults]
        engine.wait_until_played(len(faults))
    assert engine.troubles == []
    assert engine.sent_calls == engine.played == len(faults)
    return seen, engine


# Whether the whole body was written before the reset came is a race; nobody acted on it either way.
EITHER = {"closed_on_accept", "closed_at_reuse", "reset_in_body"}
SEEN = {
    "stops_reading": "sent maybe",
    "early_413": 413,
    "status_401": 401,
    "status_429": 429,
    "status_500": 500,
    "status_503": 503,
    IDLE: 202,
}


def looks(fault):
    return {"sent no", "sent maybe"} if fault in EITHER else {SEEN.get(fault.removesuffix(ACTED), "sent maybe")}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_looks_like_itself_and_mail_went_where_it_is_said(fault: str) -> None:
    """What the client can know of it; only "acted" and an idle connection's end send anything."""
    seen, engine = exchanged(fault)

    assert seen[0] in looks(fault)
    assert engine.accepted.total() == (2 if fault.endswith(ACTED) or fault == IDLE else 0)


@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_fault_the_next_call_is_answered(fault: str) -> None:
    """A connection that was broken is not used again."""
    seen, engine = exchanged(None, fault, None)

    assert (seen[0], seen[2]) == (202, 202)
    assert engine.accepted["a@example.org"] == (3 if fault.endswith(ACTED) or fault == IDLE else 2)


def test_a_body_that_nobody_reads_was_surely_not_sent() -> None:
    """Larger than what the system keeps in between."""
    seen, engine = exchanged("stops_reading", large=True)

    assert seen == ["sent no"]
    assert engine.accepted == Counter()


@pytest.mark.parametrize("fault", [None, *(name for name in (*UNHEARD, *AMBIGUOUS) if name not in HANGS)])
def test_large_bodies_are_no_other_case(fault: str | None) -> None:
    """In none of these is a provider that acted taken for one that surely did not."""
    seen, engine = exchanged(fault, large=True)

    assert seen[0] in ({202} if fault is None else looks(fault))
    assert engine.accepted.total() == (0 if fault else 2)


def test_a_closed_port_and_a_full_pool_are_surely_not_sent() -> None:
    """Both end before a byte was written."""
    with Engine(Post()) as engine, client(connections=1) as http:
        closed = http.send(
            Request(method="POST", url=f"{engine.closed_url}/send", body=b"a@example.org"), timeout=PATIENCE
        )
        with full_pool(http):
            full = http.send(Request(method="POST", url=f"{engine.base_url}/send", body=b"a@x"), timeout=SOON)
        after = http.send(Request(method="POST", url=f"{engine.base_url}/send", body=b"a@x"), timeout=PATIENCE)

    assert (told(closed), told(full), told(after)) == ("sent no", "sent no", 202)
    assert engine.accepted == Counter({"a@x": 1})


def test_a_call_is_handed_over_whole() -> None:
    """Path, query, headers in lower case and body; a call that sends nothing is not counted and meets no fault."""
    with Engine(Post(), plan=lambda _: "garbage") as engine, client() as http:
        said = http.send(Request(method="GET", url=f"{engine.base_url}/page?a=1&b=", headers={"X-One": "word"}))

    (call,) = engine.calls
    assert isinstance(said, Reply)
    assert (call.method, call.path, call.query, call.headers["x-one"]) == ("GET", "/page", {"a": "1", "b": ""}, "word")
    assert (engine.sent_calls, said.status, said.headers["content-type"]) == (0, 202, "application/json")
    assert engine.first_call > 0


def test_a_hang_ends_with_the_engine() -> None:
    """Whoever waits is told at once."""
    said = []
    with Engine(Post(), plan=lambda _: "read_then_hang") as engine, client() as http:
        request = Request(method="POST", url=engine.base_url, body=b"a@x")
        thread = threading.Thread(target=lambda: said.append(told(http.send(request, timeout=60))))
        thread.start()
        while not engine.calls:
            continue
        engine.__exit__()
        thread.join(5)

    assert said == ["sent maybe"]
