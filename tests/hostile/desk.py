"""A site that visits a hostile server for real: its own network, worker processes, database, feeds and issues."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.parsers.expat import ParserCreate

from tests.fetch.loopback import answer
from tests.site import DIGESTS, opened, write_site

from msdigest.fetch.client import HttpClient
from msdigest.model.clock import FixedClock
from msdigest.model.source import Source
from msdigest.steps.subscribing import subscribing
from msdigest.store import entries as entry_store
from msdigest.store import sources as source_store

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST_SECONDS = 5.0
MOST_BYTES = 50 * 2**20
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Desk:
    """One source at ``/feed`` of a server on loopback, and what comes of visiting it.

    pages: what the server gives, by path. url: of the source.
    """

    def __init__(self, app, server, pages, **options):
        self.app, self.server, self.pages = app, server, pages
        self._reader = False
        self.url = f"{server.url}/feed"
        self.source = Source(**{"id": "blog", "kind": "feed", "url": self.url, "min_delay": 0.0, **options})

    @property
    def clock(self) -> FixedClock:
        return self.app.clock

    def moved(self, **more) -> Source:
        """Return the source with other settings."""
        return replace(self.source, **more)

    def shows(self, body, status="200 OK", **headers):
        """Let the source's address answer so."""
        body = body if isinstance(body, bytes) else body.encode()
        self.pages["/feed"] = answer(status, body, **headers)

    def visit(self, body=None, *, after=timedelta(), accept=False, **headers):
        """Show ``body``, let time pass, and visit; no visit takes long or much memory."""
        if body is not None:
            self.shows(body, **headers)
        self.clock.advance(after)
        before, started = _peak_from_now(), time.monotonic()
        (report,) = self.app.collect([self.source], accept=accept)

        assert time.monotonic() - started < MOST_SECONDS * _busyness()
        if before is not None:
            assert _told("VmHWM") - before < MOST_BYTES
        return report

    def entries(self):
        with self.app.database.reading() as connection:
            return entry_store.newest(connection)

    def entry(self):
        (found,) = self.entries()
        return found

    def titles(self):
        return [entry.title for entry in self.entries()]

    def revisions(self, entry):
        with self.app.database.reading() as connection:
            return [(each.change, each.material) for each in entry_store.revisions_of(connection, entry.id)]

    def changes(self, entry):
        with self.app.database.reading() as connection:
            return [each.kind for each in entry_store.changes_of(connection, entry.id)]

    def living(self):
        """Return what the source shows now, by its words."""
        with self.app.database.reading() as connection:
            known = entry_store.known_of(connection, self.source.id)
        return {one.text: one for one in known if not one.gone}

    def state(self):
        with self.app.database.reading() as connection:
            return source_store.states(connection)[self.source.id]

    def published(self):
        """Publish, read everything back with parsers that forgive nothing, and return the texts by path."""
        self.app.publish()
        files = {path: path.read_bytes() for path in self.app.settings.public.rglob("*") if path.is_file()}
        for path, text in files.items():
            if path.suffix in {".rss", ".atom", ".opml"}:
                ParserCreate().Parse(text, True)
            if path.suffix == ".json":
                json.loads(text)
        return {path.relative_to(self.app.settings.public).as_posix(): text.decode() for path, text in files.items()}

    def mailed(self):
        """Compose an issue, send it to our only subscriber, and return the titles that were sent."""
        app = self.app
        if not self._reader:
            words = {"lines": ["email\n", "ada@example.org\n"], "file": "people.csv", "digests": ["weekly"]}
            vocabulary = app.settings.vocabulary
            subscribing.import_people(app.database, app.vault, app.clock, vocabulary=vocabulary, **words)
            self._reader = True
        issue = app.compose(app.settings.digests[0])
        if issue is None:
            return []
        app.freeze(issue)
        app.deliver(issue=issue.id)
        account = app.account(issue.id)
        assert account.accepted + account.excluded == 1
        if not account.accepted:
            return []
        with app.database.reading() as connection:
            found = entry_store.get_many(connection, issue.entries)
        return [found[one].title for one in issue.entries]


def opened_desk(folder, server, pages, *, workers, database, **options):
    """Open a site in ``folder`` and return its desk; the caller closes it with what is returned beside it."""
    shutil.copyfile(database, folder / "msdigest.db")
    sources = [{"id": "blog", "kind": options.get("kind", "feed"), "url": f"{server.url}/feed"}]
    config = write_site(folder, sources=sources, database=f"sqlite:///{folder}/msdigest.db", digests=DIGESTS)
    manager = opened(config, FixedClock(START))
    app = manager.__enter__()
    app.__dict__["sandbox"] = workers
    return Desk(app, server, pages, **options), manager


def network(app, **settings) -> HttpClient:
    """Return another network for ``app``: with less patience, or a resolver of a test's own."""
    client = HttpClient(
        **{
            "contact": "desk@example.org",
            "site_url": "https://digest.example",
            "version": "0.1.0",
            "allow_private": ["127.0.0.1"],
            **settings,
        }
    )
    app.__dict__["http"] = client
    return client


def _busyness() -> float:
    """Return how many times longer everything takes because this machine does other things, too."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def _peak_from_now() -> int | None:
    """Forget the peak of this process's memory and return what it holds now, in bytes; None where nobody tells."""
    try:
        _RESET.write_text("5")
    except OSError:
        return None
    return _told("VmRSS")


def _told(name: str) -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024
