"""When a register is asked for everything again, and when for what changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from msdigest.model import registers

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
NOTES = {"query": "ms", "found": "3700", "swept": "2026-11-01T00:00:00+00:00"}


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://register.example", "https://register.example"),
        ("https://register.example/", "https://register.example"),
        ("https://register.example/api/v2/studies?x=1", "https://register.example"),
        ("https://register.example/api", "https://register.example"),
        ("https://register.example/ctis-public/search", "https://register.example"),
        ("https://register.example/ctis-public-api/search", "https://register.example"),
        ("https://mirror.example/apiary/", "https://mirror.example/apiary"),
    ],
)
def test_base(url: str, base: str) -> None:
    """Whatever page of the register was written down, its base address is found."""
    assert registers.register_of(url) == base


@pytest.mark.parametrize(
    ("since", "notes", "asked"),
    [
        pytest.param(YESTERDAY, NOTES, YESTERDAY, id="changed ones"),
        pytest.param(None, NOTES, None, id="first visit"),
        pytest.param(YESTERDAY, {}, None, id="nothing noted"),
        pytest.param(YESTERDAY, NOTES | {"query": "other"}, None, id="another query"),
        pytest.param(YESTERDAY, NOTES | {"found": "50"}, None, id="few"),
        pytest.param(YESTERDAY, NOTES | {"found": "51"}, YESTERDAY, id="not so few"),
        pytest.param(YESTERDAY, NOTES | {"swept": "2026-10-21T12:00:00+00:00"}, None, id="30 days ago"),
        pytest.param(
            YESTERDAY,
            NOTES | {"served": "2026-11-10T00:00:00+00:00"},
            datetime(2026, 11, 10, tzinfo=UTC),
            id="its clock is behind",
        ),
        pytest.param(YESTERDAY, NOTES | {"served": "2027-11-10T00:00:00+00:00"}, YESTERDAY, id="its clock is ahead"),
    ],
)
def test_since(since: datetime | None, notes: dict[str, str], asked: datetime | None) -> None:
    """Changed records are asked for only where nothing can be missed by that."""
    assert registers.asked_since(since, notes, query="ms", now=NOW) == asked


def test_notes() -> None:
    """What was found is noted when all were asked for, and carried on until then."""
    whole = registers.asked({}, query="ms", served="Fri, 20 Nov 2026 11:00:00 GMT", now=NOW, found=3700)
    part = registers.asked(whole | {"trial 1": "x"}, query="ms", served=None, now=YESTERDAY, found=None)

    assert whole == {"query": "ms", "found": "3700", "swept": NOW.isoformat(), "served": "2026-11-20T11:00:00+00:00"}
    assert part == {"query": "ms", "found": "3700", "swept": NOW.isoformat()}


@pytest.mark.parametrize(
    ("served", "days"),
    [("Fri, 20 Nov 2026 11:00:00 GMT", 3), ("Fri, 20 Nov 2026 11:00:00 -0000", 3), ("once", None), (None, None)],
)
def test_pause(served: str | None, days: int | None) -> None:
    """The time between two visits is also told by the register's own clock."""
    told = registers.pause({"served": "2026-11-17T11:00:00+00:00"}, served)

    assert told == (None if days is None else timedelta(days=days))
    assert registers.pause({}, served) is None
