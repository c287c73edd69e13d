"""A small site of our own: five entries and three people."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msdigest.app import App
from msdigest.app import read_settings as load
from msdigest.model.clock import FixedClock
from msdigest.model.entry import Entry, Identifier
from msdigest.steps.subscribing import subscribing
from msdigest.store import keeping

ROOT = Path(__file__).resolve().parents[2]
KEYS = "1:" + "QUFB" * 10 + "QUE="
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SETTINGS = """
[site]
title = "Fen Digest"
url = "https://digest.example"
contact = "editors@digest.example"
[mail]
from = "Fen Digest <digest@digest.example>"
postal_address = "Fen Digest, 1 Nowhere Lane, Fenton"
"""
DIGESTS = """
[[digest]]
id = "weekly"
title = "Fen Weekly"
cadence = "weekly mon 07:00"
zone = "Europe/London"
sections = [
    { title = "Safety", kinds = ["safety"] },
    { title = "Papers", kinds = ["work"] },
]
"""
SOURCES = """
[[source]]
id = "fen-notes"
kind = "feed"
url = "https://fen.example/feed"
name = "Fen Notes"
"""
PEOPLE = """email,name,topics,theme,frequency,consent_at
ada@reader.example,Ada,ocrelizumab,large,each,2026-05-03
bo@reader.example,,,standard,each,2026-05-04
cy@reader.example,Cy Łucja,fatigue;vaccination,low-glare,each,2026-05-05
"""


def _entry(number: int, title: str, *, kind: str, topics: tuple[str, ...], **more: object) -> Entry:
    text = f"The first sentence about number {number}. The second one says what it means for you."
    return Entry(
        key=f"k{number}", source="fen-notes", title=title, url=f"https://fen.example/{number}", kind=kind,
        html=f"<p>{text}</p>", text=text, authors=("Dr Heron",), topics=topics,
        published=datetime(2026, 11, 19, 8, number, tzinfo=UTC), precision="minute", **more,
    )  # fmt: skip


ENTRIES = [
    _entry(1, "PML on natalizumab: a new letter", kind="safety", topics=("natalizumab",)),
    _entry(
        2, "Ocrelizumab: larger dose no better", kind="work", topics=("ocrelizumab",), evidence="preprint",
        coi="Paid for talks", identifiers=(Identifier("doi", "10.5555/fen.2"),),
    ),
    _entry(3, "Fatigue & how to budget a day", kind="post", topics=("fatigue",)),
    _entry(4, "Vaccines before an infusion: what to ask <your> team", kind="post", topics=("vaccination",)),
    _entry(5, "A" + "very" * 40 + "LongWordWithoutAnyPlaceToBreak", kind="post", topics=("registries",)),
]  # fmt: skip


@contextmanager
def site(folder: Path) -> Iterator[App]:
    """Write a configuration into ``folder`` and open it, with entries and people, and no issue yet."""
    config = folder / "config"
    config.mkdir()
    for name, text in (("msdigest", SETTINGS), ("digests", DIGESTS), ("sources", SOURCES)):
        (config / f"{name}.toml").write_text(text, encoding="utf-8")
    shutil.copyfile(ROOT / "config" / "topics.toml", config / "topics.toml")
    settings = load(config / "msdigest.toml", {"MSDIGEST_KEYS": KEYS})
    with App(settings, FixedClock(NOW)) as app:
        found = [keeping.Found(entry=entry, shown=entry.text, marks=()) for entry in ENTRIES]
        with app.database.writing() as connection:
            keeping.keep(connection, found, source="fen-notes", gone=(), now=NOW)
        report = subscribing.import_people(
            app.database, app.vault, app.clock, lines=PEOPLE.splitlines(keepends=True), file="people.csv",
            digests=["weekly"], vocabulary=settings.vocabulary,
        )  # fmt: skip
        assert report.new == 3, report.refused
        yield app
