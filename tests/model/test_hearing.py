"""What events make of a delivery and of an address: told twice or in another order, they end in the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import permutations, product
from typing import get_args

import pytest

from msdigest.model.delivery import STATES, Event, EventKind
from msdigest.model.hearing import SoftBounces, after, reason_to_stop, refused, took

KINDS = get_args(EventKind)
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


@pytest.mark.parametrize(
    ("state", "kinds", "end"),
    [
        ("in_flight", ["accepted"], "accepted"),
        ("unknown", ["accepted"], "accepted"),
        ("unknown", ["unsubscribed"], "accepted"),
        ("unknown", ["deferred"], "deferred"),
        ("unknown", ["rejected"], "rejected"),
        ("in_flight", ["delivered", "accepted"], "delivered"),
        ("accepted", ["deferred", "accepted", "delivered"], "delivered"),
        ("accepted", ["deferred", "bounced"], "bounced"),
        ("accepted", ["rejected"], "rejected"),
        ("deferred", ["rejected", "accepted", "deferred"], "rejected"),
        ("rejected", ["accepted", "deferred"], "rejected"),
        ("rejected", ["delivered"], "delivered"),
        ("delivered", ["rejected", "deferred", "accepted", "unsubscribed"], "delivered"),
        ("delivered", ["bounced"], "bounced"),
        ("delivered", ["complained"], "complained"),
        ("bounced", ["delivered", "accepted"], "bounced"),
        ("complained", list(KINDS), "complained"),
        ("pending", list(KINDS), "pending"),
        ("excluded", list(KINDS), "excluded"),
    ],
)
def test_where_a_delivery_ends(state, kinds, end) -> None:
    """It climbs and never falls; what is queued or excluded is nobody's but ours."""
    assert reduce(after, kinds, state) == end


def test_order_and_repetition_make_no_difference() -> None:
    """Every state, and every three kinds in every order, each told twice."""
    for state, kinds in product(STATES, product(KINDS, repeat=3)):
        ends = {reduce(after, [*order, *order], state) for order in permutations(kinds)}

        assert len(ends) == 1, (state, kinds, ends)


@pytest.mark.parametrize(
    ("kind", "permanent", "reason"),
    [
        ("bounced", True, "bounced"),
        ("bounced", False, ""),
        ("complained", False, "complained"),
        ("unsubscribed", False, "unsubscribed"),
        ("rejected", False, ""),
        ("deferred", True, ""),
        ("delivered", False, ""),
        ("accepted", False, ""),
    ],
)
def test_which_events_end_all_mail(kind, permanent, reason) -> None:
    """A hard bounce, a complaint, and leaving by a button of the provider."""
    event = Event(kind=kind, permanent=permanent, at=START, address="ada@reader.example")

    assert reason_to_stop(event) == reason


def counted(*told: tuple[str, float]) -> SoftBounces | None:
    """Count what was told as (kind, day)."""
    count = None
    for kind, number in told:
        count = refused(count, day(number)) if kind == "soft" else took(count, day(number))
    return count


SOFT = [("soft", number) for number in (0, 5, 10, 14)]


@pytest.mark.parametrize(
    ("told", "times", "too_many"),
    [
        pytest.param(SOFT, 4, True, id="four over 14 days"),
        pytest.param([("soft", n) for n in (0, 5, 10, 13.9)], 4, False, id="four over less"),
        pytest.param([("soft", n) for n in (0, 1, 2, 3, 4, 14)], 6, True, id="six over 14 days"),
        pytest.param([("soft", n) for n in (0, 10, 20)], 3, False, id="three are not enough"),
        pytest.param([("soft", n) for n in (0, 0.1, 0.2, 14)], 2, False, id="one a day counts"),
        pytest.param([*SOFT[:3], SOFT[2], SOFT[1], SOFT[0]], 3, False, id="told twice"),
        pytest.param([("soft", 5), ("soft", 0), ("soft", 10), ("soft", 19)], 3, False, id="told late"),
        pytest.param([*SOFT[:3], ("took", 12), SOFT[3]], 1, False, id="delivered in between"),
        pytest.param([*SOFT[:3], ("took", 12), *SOFT[:3]], 0, False, id="old ones told again after a delivery"),
        pytest.param([*SOFT[:3], ("took", -1), SOFT[3]], 4, True, id="delivered before all of them"),
        pytest.param([*SOFT, ("took", 7)], 0, False, id="a delivery in between that is told late"),
        pytest.param([("soft", n) for n in (0, 1, 2, 100)], 1, False, id="long ago"),
    ],
)
def test_when_refusals_for_now_are_for_good(told, times, too_many) -> None:
    """Four on four days over at least 14 days, with nothing delivered in between."""
    count = counted(*told)

    assert (count.times, count.too_many) == (times, too_many)


def test_a_clean_record_stays_clean() -> None:
    """Most addresses take their mail, and nothing is kept of them."""
    assert counted(("took", 0)) is None
