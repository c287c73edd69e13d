"""A line's times are told with their cities, read in both ways."""

from __future__ import annotations

import pytest

from msdigest.model.localtimes import Told, lines


def _said(told: tuple[Told, ...]) -> str:
    return "; ".join(
        f"{one.at:%H:%M} " + (",".join(place.city or place.zone for place in one.places) or ("?" if one.unknown else "-"))
        + ("*" if one.mark else "")
        for one in told
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "after", "before"),
    [
        ("26 Aug: 8pm London, 5am Sydney (27 Aug)", "20:00 London; 05:00 Sydney*", "20:00 -; 05:00 London"),
        ("26 Aug: London 8pm, Sydney 5am (+1)", "20:00 Sydney; 05:00 -*", "20:00 London; 05:00 Sydney*"),
        ("26 Aug: London 8pm, Sydney (27 Aug) 5am", "20:00 Sydney*; 05:00 -", "20:00 London; 05:00 Sydney*"),
        ("26 Aug: London 8pm (26 Aug), Sydney 5am", "20:00 Sydney*; 05:00 -", "20:00 London*; 05:00 Sydney"),
        ("26 Aug, 8pm GMT (London)", "20:00 London", "20:00 -"),
        ("26 Aug, 19:00 UTC (Berlin 21:00)", "19:00 UTC,Berlin; 21:00 -", "19:00 UTC; 21:00 Berlin"),
        ("26 Aug, London 8pm (UTC 19:00)", "20:00 UTC; 19:00 -", "20:00 London; 19:00 UTC"),
        ("26 Aug, 8pm London, 9pm Smallville", "20:00 London; 21:00 ?", "20:00 -; 21:00 London"),
        ("26 Aug. 20:00 London. Agenda: 20:05 Welcome", "20:00 London", "20:00 -; 20:05 ?"),
        ("26 Aug: 8pm London\n9pm Paris", "20:00 London; 21:00 Paris", "20:00 -; 21:00 -"),
        ("8pm London / 9pm Paris on 26 August", "20:00 London; 21:00 Paris*", "20:00 -; 21:00 London"),
        ("26 Aug: 8pm London (please note!), 9pm Paris", "20:00 London; 21:00 Paris", "20:00 -; 21:00 -"),
    ],
)
def test_lines(text: str, after: str, before: str) -> None:
    """Each time with the cities behind it, and with the cities before it; a mark goes with its city."""
    (line,) = lines(text)

    assert (_said(line.after), _said(line.before)) == (after, before)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("26 Aug: 8pm London; 27 Aug: 9am Tokyo", [26, 27]),
        ("26 Aug: 8pm London (27 Aug 5am Sydney)", [26]),
        ("26 Aug" + " x" * 150 + " 8pm London", [26]),
        ("26 Aug" + " x" * 150 + " 8pm London. 27 Aug", []),
        ("26 Aug, but not 8pm" + " x" * 150 + " 9pm London", [26]),
        ("26 Aug. In 2020 we met", []),
        ("8pm London", []),
        ("", []),
    ],
)
def test_days_that_have_times(text: str, days: list[int]) -> None:
    """A day has the times that follow it closely, the only day of a text those that stand anywhere."""
    assert [line.day.day for line in lines(text)] == days
