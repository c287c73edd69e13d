"""docs/lint.md tells every check with its levels, in the words of the list."""

from __future__ import annotations

import re
from pathlib import Path

from msdigest.lint.checks import CHECKS, LEVELS_OF
from msdigest.lint.support import AUDIENCE_CLIENTS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")


def test_every_check_is_documented() -> None:
    """Each row has the check's id, its levels and its sentence; no other check stands there."""
    rows = {
        row[0]: (tuple(row[1].split(", ")), row[2])
        for row in re.findall(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|", PAGE, re.MULTILINE)
    }

    assert rows == {check: (LEVELS_OF[check], CHECKS[check]) for check in CHECKS}


def test_the_clients_are_documented() -> None:
    """Whoever reads the page knows for whom compatibility is judged."""
    assert all(f"`{client}`" in PAGE for client in AUDIENCE_CLIENTS)


def test_the_tables_licence_is_carried() -> None:
    """Data of others stands beside its licence, where the wheel takes both."""
    folder = ROOT / "src" / "msdigest" / "lint" / "data"

    assert {path.name for path in folder.iterdir()} >= {"caniemail.json", "caniemail.LICENCE", "colours.json"}
    assert "Copyright (c) Rémi Parmentier" in (folder / "caniemail.LICENCE").read_text(encoding="utf-8")
