"""Hosts are asked one request at a time."""

from __future__ import annotations

from threading import Event, Thread

import pytest

from msdigest.fetch.pacing import Pacing

BLINK = 0.05


def visit(pacing, host, entered, leave):
    def run():
        with pacing.turn(host):
            entered.set()
            assert leave.wait(10)

    thread = Thread(target=run)
    thread.start()
    return thread


def test_one_at_a_time_per_host() -> None:
    """A second request to a host waits for the first; another host does not."""
    pacing = Pacing()
    entered, leave = {name: Event() for name in "abc"}, Event()
    first = visit(pacing, "one.example:443", entered["a"], leave)
    assert entered["a"].wait(10)
    second = visit(pacing, "one.example:443", entered["b"], leave)
    other = visit(pacing, "two.example:443", entered["c"], leave)

    assert entered["c"].wait(10)
    assert not entered["b"].wait(BLINK)
    leave.set()
    assert entered["b"].wait(10)
    for thread in (first, second, other):
        thread.join(10)


def test_the_gap_is_counted_from_the_end_of_the_last_request() -> None:
    """The pause is what is left of the gap; the first visit does not wait."""
    now, pauses = [100.0], []
    pacing = Pacing(clock=lambda: now[0], sleep=pauses.append)
    with pacing.turn("one.example:443", gap=2.0):
        now[0] += 5
    now[0] += 0.5
    with pacing.turn("two.example:443"):
        pass
    with pacing.turn("one.example:443"):
        pass

    assert pauses == [1.5]


def test_an_error_ends_the_turn() -> None:
    """A request that fails does not close its host for ever."""
    pacing = Pacing()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), pacing.turn("one.example:443"):
            assert 1 / 0

    assert not pacing._lanes


def test_hosts_are_forgotten() -> None:
    """A server that redirects to ever new hosts does not fill our memory."""
    now = [0.0]
    pacing = Pacing(clock=lambda: now[0], sleep=lambda _: None)
    for number in range(100):
        now[0] += 0.1
        with pacing.turn(f"{number}.example:443", gap=1.0):
            pass

    assert len(pacing._lanes) <= 11
