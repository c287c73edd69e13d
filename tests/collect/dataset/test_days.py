"""Dates of rows: read in any form, and left out with a sentence where they cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from tests.collect.dataset.visiting import entry_of, read_rows


@pytest.mark.parametrize(
    ("told", "form", "day", "precision"),
    [
        ("08/06/2026", None, "2026-06-08", "day"),
        ("20260608", None, "2026-06-08", "day"),
        (20260608, None, "2026-06-08", "day"),
        ("2026-06-08T10:00:00Z", None, "2026-06-08", "day"),
        ("June 2026", None, "2026-06-01", "month"),
        ("2025", None, "2025-01-01", "year"),
        (1780876800, None, "2026-06-08", "day"),
        (1780876800000, None, "2026-06-08", "day"),
        ("06/08/2026", "%m/%d/%Y", "2026-06-08", "day"),
        ("06-2026", "%m-%Y", "2026-06-01", "month"),
        ("FY2025", "FY%Y", "2025-01-01", "year"),
    ],
)
def test_forms(told: Any, form: str | None, day: str, precision: str) -> None:
    """The day comes first unless a form is named, and no date becomes more exact than it is."""
    options = {"date_format": form} if form else {}
    entry = entry_of({"title": "t", "issued": told}, **options)

    assert entry.published is not None
    assert (entry.published.date().isoformat(), entry.precision) == (day, precision)


@pytest.mark.parametrize(
    ("told", "form", "why"),
    [
        ("20991231", None, "lies in the future"),
        ("2026-11-22", None, "lies in the future"),
        ("99991231", None, "is no date"),
        ("31/02/2026", None, "is no date"),
        ("soon", None, "is no date"),
        (9999999999, None, "lies in the future"),
        ("0001-01-01", None, "is no date"),
        ("08/06/2026", "%Y-%m-%d", "is no date"),
    ],
)
def test_dates_that_cannot_be(told: Any, form: str | None, why: str) -> None:
    """They sort nothing first: they are left out, and the editor is told."""
    options = {"date_format": form} if form else {}
    rows = read_rows([{"title": "Label", "effective_time": told}], watch=("effective_time",), **options)
    (entry,), (warning,) = rows.entries, rows.warnings

    assert (entry.published, entry.precision, entry.updated) == (None, None, None)
    assert warning == f"Label: effective_time {str(told)!r} {why} and was left out."
    assert entry.facts[0].value == str(told)


def test_tomorrow_is_forgiven() -> None:
    """A clock may be a little wrong, and an empty column is no date that cannot be."""
    rows = read_rows([{"title": "t", "date": "2026-11-21", "last_updated": ""}])

    assert rows.entries[0].published is not None
    assert rows.warnings == ()


def test_described_columns() -> None:
    """Named columns count, whatever the others are called."""
    row = {"title": "t", "date": "2020-01-01", "start": "2026-05-01", "end": "2026-06-01", "updated": "2026-07-01"}
    entry = entry_of(row, date="start", updated="end")

    assert str(entry.published)[:10] == "2026-05-01"
    assert str(entry.updated)[:10] == "2026-06-01"
