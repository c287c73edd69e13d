"""Pace: how fast a provider is called, how long it is left alone, and who looks whether it is well again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from msdigest.model.delivery import Outcome
from msdigest.ports import Failure, Reply
from msdigest.steps.delivering.pace import FIRST_PAUSE, LONGEST_ASKED, LONGEST_PAUSE, TROUBLES, Pace

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ACCEPTED, UNKNOWN = Outcome("accepted"), Outcome("unknown", reason="nobody knows")
LOST, NO = Failure("maybe", "the connection broke"), Failure("no", "could not connect")


def seconds(number):
    return timedelta(seconds=number)


def reply(status, **headers):
    """Return an answer; names of headers with underscores."""
    return Reply(
        status=status, url="", headers={name.replace("_", "-"): said for name, said in headers.items()}, body=b""
    )


OK, BROKEN = reply(200), reply(500)


def later(wait):
    return Outcome("pending", reason="slow down", retry_after=wait)


def troubled(pace, answer=BROKEN, *, times=TROUBLES, now=NOW):
    """Let calls end in trouble, one after the other, in the very moment; return when the pause ends."""
    for _ in range(times):
        pace.heard(answer, [UNKNOWN], now=now)
    return pace.not_before


def wait_of(pace, now=NOW):
    """Return for how long nobody gets a turn; a turn that is got is given back."""
    wait = pace.turn(now)
    pace.unused()
    return wait


# -------------------------------------------------------------------------------------------------------- the rate


def test_without_a_rate_nobody_waits() -> None:
    """As many calls as there are threads."""
    pace = Pace(None)

    assert [pace.turn(NOW) for _ in range(9)] == [0.0] * 9


@pytest.mark.parametrize(("rate", "gap"), [(2.0, 0.575), (0.5, 2.3), (10.0, 0.115)])
def test_turns_keep_their_distance(rate, gap) -> None:
    """A little more than the rate says: two clocks never agree. Whoever waits as long as told gets the turn."""
    pace = Pace(rate)
    first, second = pace.turn(NOW), pace.turn(NOW)
    almost, then = pace.turn(NOW + seconds(gap - 0.01)), pace.turn(NOW + seconds(second))

    assert (first, second, then) == (0.0, pytest.approx(gap), 0.0)
    assert almost == pytest.approx(0.01)


def test_a_clock_that_was_set_back_is_not_waited_for() -> None:
    """A turn and a call are one distance away, whatever time it was before."""
    pace = Pace(2.0)
    pace.turn(NOW), pace.spacing(NOW), pace.begun(NOW)
    earlier = NOW - timedelta(hours=1)

    assert [pace.turn(earlier), pace.spacing(earlier)] == [pytest.approx(0.575)] * 2
    assert [pace.turn(earlier + seconds(1)), pace.spacing(earlier + seconds(1))] == [0.0, 0.0]


def test_a_pause_in_work_saves_nothing_up() -> None:
    """After an hour without mail the next two calls are as far apart as ever."""
    pace = Pace(2.0)
    pace.turn(NOW)
    later_on = NOW + timedelta(hours=1)

    assert (pace.turn(later_on), pace.turn(later_on)) == (0.0, pytest.approx(0.575))


class TwoASecond:
    """A provider that allows two calls within any second, by its own clock."""

    def __init__(self) -> None:
        self.calls, self.refused = [], 0

    def call(self, now):
        recent = [each for each in self.calls if now - each < seconds(1)]
        if len(recent) >= 2:
            self.refused += 1
            return reply(429, retry_after="1"), [later(1.0)]
        self.calls.append(now)
        return OK, [ACCEPTED]


@pytest.mark.parametrize("drift", [1.0, 0.99, 1.01], ids=["clocks agree", "its clock is slow", "its clock is fast"])
@pytest.mark.parametrize(
    "delay_of",
    [lambda _: 0.0, lambda number: number * 7 % 11 / 300, lambda number: 0.25 if number % 200 == 7 else 0.01],
    ids=["at once", "some travel longer", "a few travel very long"],
)
def test_a_provider_of_two_calls_a_second_refuses_less_than_one_in_a_hundred(drift, delay_of) -> None:
    """A thousand calls, waiting as told with a clock that moves: less than 1 % are refused, and none too few are made."""
    pace, provider, now, made = Pace(2.0), TwoASecond(), NOW, 0
    while made < 1_000:
        if wait := pace.turn(now):
            now += seconds(wait)
            continue
        arrived = NOW + (now - NOW) * drift + seconds(delay_of(made))
        pace.heard(*provider.call(arrived), now=now)
        made += 1

    assert provider.refused < 10
    assert (now - NOW).total_seconds() < 1_000 / 2 * 1.2


def test_without_a_rate_such_a_provider_is_learned_to_be_left_alone() -> None:
    """Whose limit we do not know refuses some calls, and is obeyed each time: nothing is sent while it asks to wait."""
    pace, provider, now = Pace(None), TwoASecond(), NOW
    while len(provider.calls) < 100:
        if wait := pace.turn(now):
            now += seconds(wait)
            continue
        pace.heard(*provider.call(now), now=now)

    assert provider.refused <= 50


# ------------------------------------------------------------------------------------------ what the provider asks


@pytest.mark.parametrize(
    ("answer", "outcomes", "wait"),
    [
        pytest.param(OK, [ACCEPTED], 0, id="nothing"),
        pytest.param(reply(429), [later(90.0)], 90, id="429 with Retry-After"),
        pytest.param(reply(429), [later(None)], 5, id="429 without"),
        pytest.param(reply(429), [later(0.0)], 0, id="429 that is over"),
        pytest.param(reply(200), [ACCEPTED, later(7.0), later(30.0)], 30, id="one person's answer of many"),
        pytest.param(reply(503), [later(20.0)], 20, id="503 that was surely not sent"),
        pytest.param(reply(429), [later(1e8)], LONGEST_ASKED.total_seconds(), id="for years"),
        pytest.param(reply(200, ratelimit_remaining="0", ratelimit_reset="3"), [ACCEPTED], 3, id="the last one of now"),
        pytest.param(reply(200, x_ratelimit_remaining=" 0 ", x_ratelimit_reset="12.5"), [ACCEPTED], 12.5, id="x-"),
        pytest.param(
            reply(200, x_ratelimit_remaining="0", x_ratelimit_reset=str(int(NOW.timestamp()) + 42)), [ACCEPTED], 42,
            id="until a moment",
        ),
        pytest.param(
            reply(200, ratelimit_remaining="0", ratelimit_reset=str(int(NOW.timestamp()) - 42)), [ACCEPTED], 0,
            id="until a moment that has passed",
        ),
        pytest.param(reply(200, ratelimit_remaining="1", ratelimit_reset="3"), [ACCEPTED], 0, id="one is left"),
        pytest.param(reply(200, ratelimit_remaining="0"), [ACCEPTED], 0, id="without a word on when"),
        pytest.param(reply(200, ratelimit_remaining="0", ratelimit_reset="soon"), [ACCEPTED], 0, id="soon"),
        pytest.param(reply(200, ratelimit_remaining="0", ratelimit_reset="-5"), [ACCEPTED], 0, id="before now"),
        pytest.param(reply(200, ratelimit_remaining="0", ratelimit_reset="9" * 12), [ACCEPTED], 86_400, id="in 30,000 years"),
        pytest.param(reply(200, ratelimit_remaining="0", ratelimit_reset="9" * 400), [ACCEPTED], 0, id="endless digits"),
    ],
)  # fmt: skip
def test_what_a_provider_asks_for_is_obeyed_to_the_second(answer, outcomes, wait) -> None:
    """Neither a second less, nor more."""
    pace = Pace(None)
    pace.heard(answer, outcomes, now=NOW)

    assert wait_of(pace) == pytest.approx(wait)
    assert wait_of(pace, NOW + seconds(wait)) == 0.0
    assert pace.not_before <= NOW + seconds(wait)


def test_a_longer_pause_is_not_shortened_by_a_later_answer() -> None:
    """A call that was already under way may be answered with another word."""
    pace = Pace(None)
    pace.heard(reply(429), [later(60.0)], now=NOW)
    pace.heard(reply(429), [later(5.0)], now=NOW + seconds(1))
    pace.heard(OK, [ACCEPTED], now=NOW + seconds(2))

    assert wait_of(pace, NOW + seconds(2)) == 58.0


def test_a_pause_holds_for_every_thread() -> None:
    """None of them is told to go, and all of them are told the same."""
    pace = Pace(None)
    pace.heard(reply(429), [later(30.0)], now=NOW)
    with ThreadPoolExecutor(4) as pool:
        waits = list(pool.map(lambda _: pace.turn(NOW + seconds(10)), range(8)))

    assert waits == [20.0] * 8


# ------------------------------------------------------------------------------------------------- when it is ill


@pytest.mark.parametrize(
    ("answer", "outcome", "is_trouble"),
    [
        (BROKEN, UNKNOWN, True), (reply(503), UNKNOWN, True), (LOST, UNKNOWN, True), (NO, Outcome("pending"), True),
        (reply(500, ratelimit_remaining="0", ratelimit_reset="0"), UNKNOWN, True),
        (reply(503), later(0.0), False), (OK, ACCEPTED, False), (reply(400), Outcome("rejected"), False),
        (reply(429), later(0.0), False),
    ],
    ids=[
        "500", "503", "no answer", "no connection", "500 with a limit", "503 that asks to wait", "well", "refused",
        "too many",
    ],
)  # fmt: skip
def test_three_troubles_in_a_row_open_a_pause(answer, outcome, is_trouble) -> None:
    """Two do not; an answer that makes sense, whatever it says, is none."""
    pace = Pace(None)
    waits = []
    for _ in range(TROUBLES):
        waits.append(wait_of(pace))
        pace.heard(answer, [outcome], now=NOW)
    waits.append(wait_of(pace))

    assert waits == [0.0, 0.0, 0.0, FIRST_PAUSE.total_seconds() if is_trouble else 0.0]


def test_one_answer_in_between_begins_the_count_anew() -> None:
    """Two troubles, an answer, two troubles: nobody pauses."""
    pace = Pace(None)
    for answer in (BROKEN, LOST, OK, LOST, BROKEN):
        pace.heard(answer, [UNKNOWN], now=NOW)

    assert wait_of(pace) == 0.0


def test_after_the_pause_one_call_probes_and_ends_it() -> None:
    """The others wait for its answer; when that is well, everybody goes on."""
    pace = Pace(None)
    end = troubled(pace)
    probe, others = pace.turn(end), [pace.turn(end) for _ in range(3)]
    pace.heard(OK, [ACCEPTED], now=end)

    assert probe == 0.0
    assert all(0 < wait < 1 for wait in others)
    assert [pace.turn(end) for _ in range(3)] == [0.0] * 3


def test_a_probe_that_fails_makes_the_next_pause_longer() -> None:
    """Twice as long each time, up to a bound, for as long as it is ill; each pause costs one call."""
    pace, pauses = Pace(None), []
    now = troubled(pace)
    for _ in range(12):
        assert pace.turn(now) == 0.0
        pace.heard(LOST, [UNKNOWN], now=now)
        pauses.append((pace.not_before - now).total_seconds())
        now = pace.not_before

    assert pauses[:5] == [10.0, 20.0, 40.0, 80.0, 160.0]
    assert pauses[-1] == LONGEST_PAUSE.total_seconds()
    assert pauses == sorted(pauses)


def test_a_probe_with_nothing_to_do_is_given_back() -> None:
    """Otherwise nobody would ever try again."""
    pace = Pace(None)
    end = troubled(pace)
    pace.turn(end)
    pace.unused()

    assert pace.turn(end) == 0.0


def test_many_threads_get_one_probe() -> None:
    """However many ask at once; when it failed, one more after the longer pause."""
    pace = Pace(None)
    now = troubled(pace)
    got, asked = [], threading.Barrier(8)

    def ask(_number):
        asked.wait(10)
        wait = pace.turn(now)
        got.append(wait)
        asked.wait(10)
        if wait == 0.0:
            pace.heard(LOST, [UNKNOWN], now=now)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
        first, now = sorted(got), pace.not_before
        got.clear()
        list(pool.map(ask, range(8)))

    assert [first.count(0.0), sorted(got).count(0.0)] == [1, 1]


@pytest.mark.parametrize("ends", ["heard", "unused"])
def test_a_call_that_began_before_the_troubles_ends_no_probe(ends) -> None:
    """It comes back while another thread probes: still nobody else is let through."""
    pace = Pace(None)
    end = troubled(pace)
    with ThreadPoolExecutor(1) as prober:
        probe = prober.submit(pace.turn, end).result()
        if ends == "heard":
            pace.heard(LOST, [UNKNOWN], now=end - FIRST_PAUSE)
        else:
            pace.unused()
        others = pace.turn(max(end, pace.not_before))
        prober.submit(pace.unused).result()

    assert probe == 0.0
    assert others > 0.0
    assert pace.turn(pace.not_before) == 0.0


def test_calls_keep_their_distance_however_long_their_making_takes() -> None:
    """A call that begins late moves the next one; without a rate nobody waits."""
    pace, free = Pace(2.0), Pace(None)
    gap = pace.spacing(NOW) or pace.spacing(NOW)
    early = pace.spacing(NOW + seconds(gap / 2))
    on_time = pace.spacing(NOW + seconds(gap))
    pace.begun(NOW + seconds(gap + 0.2))

    assert 0.5 <= gap <= 0.6
    assert early == pytest.approx(gap / 2)
    assert on_time == 0
    assert pace.spacing(NOW + seconds(2 * gap)) == pytest.approx(0.2)
    assert [free.spacing(NOW), free.spacing(NOW)] == [0, 0]
