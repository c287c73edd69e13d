"""A city's clocks are known by its name, in any spelling; what two cities are called tells nothing alone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from msdigest.model.cities import country_code, zone_of


@pytest.mark.parametrize(
    ("city", "zone"),
    [
        ("London", "Europe/London"),
        ("los angeles", "America/Los_Angeles"),
        ("San Francisco", "America/Los_Angeles"),
        ("Minneapolis", "America/Chicago"),
        ("NYC", "America/New_York"),
        ("Roma", "Europe/Rome"),
        ("Basel", "Europe/Zurich"),
        ("Beijing", "Asia/Shanghai"),
        ("ZÜRICH", "Europe/Zurich"),
        ("Malmo", "Europe/Stockholm"),
        ("Łódź", "Europe/Warsaw"),
        ("Tromsø", "Europe/Oslo"),
        ("São Paulo", "America/Sao_Paulo"),
        ("St. Louis", "America/Chicago"),
        ("Washington D.C.", "America/New_York"),
        ("Port-au-Prince", "America/Port-au-Prince"),
        ("İzmir", "Europe/Istanbul"),
        ("Istanbul", "Europe/Istanbul"),
        ("Louisville", "America/Louisville"),
        ("London Ontario", "America/Toronto"),
        ("Cambridge UK", "Europe/London"),
        ("Cambridge MA", "America/New_York"),
        ("Cambridge", None),
        ("Rochester", None),
        ("Victoria", None),
        ("Christmas", None),
        ("Eastern", None),
        ("GMT", None),
        ("Smallville", None),
        ("", None),
        ("L" * 1_000_000, None),
    ],
)
def test_zones_of_cities(city: str, zone: str | None) -> None:
    """The zone is the city's, whatever people print beside it; an unknown name has none."""
    assert zone_of(city) == zone
    assert zone is None or ZoneInfo(zone)


@pytest.mark.parametrize(
    ("printed", "code"), [("US", "US"), ("UK", "GB"), ("USA", "US"), ("EG", "EG"), ("XX", ""), ("us", ""), ("", "")]
)
def test_codes_of_countries(printed: str, code: str) -> None:
    """Codes of ISO 3166 and the usual misprints of them are countries; nothing else is."""
    assert country_code(printed) == code
