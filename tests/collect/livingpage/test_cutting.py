"""A page's content is cut into pieces under its date lines."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from msdigest.collect.livingpage.cutting import date_line


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("[Updated 2020/08/23]", "2020-08-23"),
        ("[updated 2020-08-23 14:00]", "2020-08-23"),
        ("(Last updated: 2020.8.3).", "2020-08-03"),
        ("Updated: 4 April 2020", "2020-04-04"),
        ("Updated on 4th Apr. 2020", "2020-04-04"),
        ("Update – April 4, 2020", "2020-04-04"),
        ("[2020/08/23]", "2020-08-23"),
        ("[4 April 2020]", "2020-04-04"),
        ("[Updated 2020/13/45]", "unreadable"),
        ("[Updated 4 Foo 2020]", "unreadable"),
        ("Updated guidance for clinics", None),
        ("4 April 2020", None),
        ("We updated 2020/08/23 the page", None),
        ("[see the appendix]", None),
        ("x" * 1000, None),
        ("", None),
    ],
)
def test_date_lines(line: str, day: str | None) -> None:
    """A date line stands alone and names a day; an impossible day ends the one before."""
    found = date_line(None)(line)
    told = None if found is None else found[0].date().isoformat() if found[0] else "unreadable"

    assert told == day


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (r"Stand: (?P<day>\d+)\.(?P<month>\d+)\.(?P<year>\d+)", "Stand: 3.4.2020"),
        (r"\[Updated (\d{4})/(\d\d)/(\d\d)\]", "[Updated 2020/04/03]"),
        (r"as of (?P<date>.+)", "as of April 3, 2020"),
    ],
)
def test_own_date_lines(pattern: str, line: str) -> None:
    """A source may say what its date lines look like."""
    read = date_line(pattern)

    assert read(line) == (datetime(2020, 4, 3, tzinfo=UTC),)
    assert read("[Updated 2020/04/04") is None
