"""The worker's own side: answers in turn, goes when it is time, and takes its rights away."""

from __future__ import annotations

import pickle
import resource
import socket
from threading import Thread

import pytest
from tests.sandbox import reading

from msdigest.errors import StatusError
from msdigest.sandbox import worker
from msdigest.sandbox.calls import result
from msdigest.sandbox.worker import LEAVES, LENGTH, STAYS, serve

OURS = ("msdigest", "tests")
PATIENT = 1_000.0


@pytest.fixture
def link():
    """A worker that serves three calls in a thread of this process; the parent's end of its socket."""
    ours, theirs = socket.socketpair()
    ours.settimeout(10)

    def work():
        with theirs:
            serve(theirs, 3)

    thread = Thread(target=work)
    thread.start()
    with ours:
        yield ours
    thread.join(10)
    assert not thread.is_alive()


def asked(link, function, *args):
    """Return whether the worker stays, and what it said."""
    link.sendall(pickle.dumps((function, args)) + pickle.dumps(PATIENT))
    head = link.recv(LENGTH + 1, socket.MSG_WAITALL)
    return head[LENGTH:], link.recv(int.from_bytes(head[:LENGTH]), socket.MSG_WAITALL)


def test_one_call_after_the_other(link) -> None:
    """Values, errors and faults are answers; with the last one the worker says that it leaves, and does."""
    said = [
        asked(link, reading.echo, "x" * 100),
        asked(link, reading.asks_too_much, "slowly"),
        asked(link, reading.breaks, "x"),
    ]

    assert [stays for stays, _ in said] == [STAYS, STAYS, LEAVES]
    assert result(said[0][1], OURS) == ("x" * 100,)
    with pytest.raises(StatusError, match="slowly") as caught:
        result(said[1][1], OURS)
    assert caught.value.retry_after == 7.5
    assert link.recv(1) == b""


def test_the_parent_is_gone(link) -> None:
    """Nobody is left to work for."""
    asked(link, reading.echo)
    link.shutdown(socket.SHUT_WR)

    assert link.recv(1) == b""


LIMITS = {
    resource.RLIMIT_CORE: (0, 0),
    resource.RLIMIT_FSIZE: (0, 0),
    resource.RLIMIT_NPROC: (0, 0),
    resource.RLIMIT_NOFILE: (32, 32),
    resource.RLIMIT_AS: (1_000_000, 1_000_000),
}


@pytest.mark.parametrize("hard", [resource.RLIM_INFINITY, 10])
def test_limits_are_taken_down_never_up(monkeypatch, hard) -> None:
    """What the system allows already may be less."""
    told = {}
    monkeypatch.setattr(resource, "getrlimit", lambda _: (hard, hard))
    monkeypatch.setattr(resource, "setrlimit", told.__setitem__)
    worker._limit(1_000_000)

    most = float("inf") if hard == resource.RLIM_INFINITY else hard
    assert told == {kind: (min(soft, most),) * 2 for kind, (soft, _) in LIMITS.items()}


def test_a_system_without_a_limit_of_memory(monkeypatch) -> None:
    """macOS is one; every other refusal is an error."""

    def refuse(kind):
        def setrlimit(asked, _):
            if asked == kind:
                raise ValueError("not here")

        return setrlimit

    monkeypatch.setattr(resource, "setrlimit", refuse(resource.RLIMIT_AS))
    worker._limit(1_000_000)
    monkeypatch.setattr(resource, "setrlimit", refuse(resource.RLIMIT_FSIZE))
    with pytest.raises(ValueError, match="not here"):
        worker._limit(1_000_000)


def test_a_system_that_knows_only_the_peak_of_memory(monkeypatch) -> None:
    """That will do."""
    now = worker._held()

    def no_such_file(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(worker.Path, "read_text", no_such_file)
    assert now > 1_000_000
    assert worker._held() > 0
