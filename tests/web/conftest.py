"""A small site of our own: five entries, three people, one composed issue; and a browser for those who look at it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from msdigest.app import App
from msdigest.config import load
from msdigest.model.clock import FixedClock
from msdigest.model.entry import Entry, Identifier
from msdigest.model.issue import Issue
from msdigest.steps import subscribing
from msdigest.store import audience
from msdigest.store import entries as entry_store
from msdigest.web.editor import editor_app
from msdigest.web.site import public_app
from tests.web.asking import Ask, asker

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
cy@reader.example,Cy Łucja,fatigue;vaccines,low-glare,each,2026-05-05
"""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


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
    _entry(4, "Vaccines before an infusion: what to ask <your> team", kind="post", topics=("vaccines",)),
    _entry(5, "A" + "very" * 40 + "LongWordWithoutAnyPlaceToBreak", kind="post", topics=("registries",)),
]  # fmt: skip


@contextmanager
def _site(folder: Path) -> Iterator[App]:
    config = folder / "config"
    config.mkdir()
    for name, text in (("msdigest", SETTINGS), ("digests", DIGESTS), ("sources", SOURCES)):
        (config / f"{name}.toml").write_text(text, encoding="utf-8")
    shutil.copyfile(ROOT / "config" / "topics.toml", config / "topics.toml")
    settings = load(config / "msdigest.toml", {"MSDIGEST_KEYS": KEYS})
    with App(settings, FixedClock(NOW)) as app:
        found = [entry_store.Found(entry=entry, shown=entry.text, marks=()) for entry in ENTRIES]
        with app.database.writing() as connection:
            entry_store.keep(connection, found, source="fen-notes", gone=(), now=NOW)
        report = subscribing.import_people(
            app.database, app.vault, app.clock, lines=PEOPLE.splitlines(keepends=True), file="people.csv",
            digests=["weekly"], vocabulary=settings.vocabulary,
        )  # fmt: skip
        assert report.new == 3, report.refused
        yield app


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Open a site with entries and people, and no issue yet."""
    with _site(tmp_path) as opened:
        yield opened


@pytest.fixture
def issue(app: App) -> Issue:
    """Compose the site's first issue."""
    made = app.compose(app.digest("weekly"))
    assert made is not None
    return made


@pytest.fixture
def who(app: App) -> dict[str, str]:
    """Return the opaque id of each person by the part of the address before the @."""
    with app.database.reading() as connection:
        members = audience.members(connection, app.vault, "weekly")
    return {member.subscriber.address.partition("@")[0]: member.subscriber.id for member in members}


@pytest.fixture
def leave_path(app: App, who: dict[str, str]) -> str:
    """Return where Ada's link leads to."""
    return f"/leave/{app.vault.sign('leave', subscriber=who['ada'], digest='weekly')}"


@pytest.fixture
def ask(app: App) -> Ask:
    """Ask the public application."""
    return asker(public_app(app), "https://digest.example")


@pytest.fixture
def ask_editor(app: App) -> Ask:
    """Ask the editor's application as a browser on this machine would."""
    return asker(editor_app(app), "http://127.0.0.1:8401")


# Not for the whole session: while it is open, its event loop occupies the thread.
@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Open Chromium; a missing one is a failure with the way out, not a skip."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("MSDIGEST_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.fail(
            "no Chromium was found: run `apt-get install chromium`, or name one in MSDIGEST_CHROMIUM", pytrace=False
        )
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()
