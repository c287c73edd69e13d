"""A site with a draft of three entries and 25 people of several choices and variants, in any database."""

from __future__ import annotations

import io
from contextlib import contextmanager
from datetime import timedelta

from tests.site import START, opened, write_site

from msdigest.model.clock import FixedClock
from msdigest.model.entry import Entry
from msdigest.ports import Reply
from msdigest.providers.file import FileProvider
from msdigest.providers.mailgun.sending import MailgunProvider
from msdigest.steps.subscribing import subscribing
from msdigest.store import keeping

PEOPLE = 25
ROWS = "email,name,zone,topics,theme,neutral\n" + "".join(
    f"p{number}@example.org,Person {number},Europe/Paris,{'fatigue' if number % 3 else ''},"
    f"{'large' if number % 5 == 0 else 'standard'},{'yes' if number % 7 == 0 else 'no'}\n"
    for number in range(PEOPLE)
)
# Two of three entries are about fatigue.
ENTRIES = [
    Entry(
        key=str(number), source="blog", title=f"Entry {number}", url=f"https://blog.example/{number}",
        text="Some words. And more of them.", topics=("fatigue",) if number else (),
        published=START - timedelta(days=1), precision="day",
    )
    for number in range(3)
]  # fmt: skip


@contextmanager
def drafted(folder, database):
    """Open the site, with its draft, in ``database``."""
    with opened(write_site(folder), FixedClock(START)) as app:
        app.__dict__["database"] = database
        bring(app, ROWS)
        with database.writing() as connection:
            found = [keeping.Found(entry=entry, shown="", marks=()) for entry in ENTRIES]
            keeping.keep(connection, found, source="blog", gone=(), now=START)
        assert app.compose(app.digest("weekly"))
        yield app


def bring(app, text):
    """Import the lines of a file of people."""
    return subscribing.import_people(
        app.database, app.vault, app.clock, lines=io.StringIO(text), file="people.csv", digests=["weekly"],
        vocabulary=app.settings.vocabulary,
    )  # fmt: skip


def person(app, number):
    """Return somebody's opaque id."""
    return subscribing.find(app.database, app.vault, f"p{number}@example.org").id


def freeze(app, provider):
    """Decide who gets the draft, for ``provider``."""
    app.__dict__["provider"] = provider
    app.freeze(app.issue(1))


def file_provider(app):
    """Return the provider that writes into the site's outbox."""
    return FileProvider(app.settings.data_dir / "outbox")


def mailgun(answer=lambda _: Reply(status=200, url="", headers={}, body=b'{"id": "<x@y>"}')):
    """Return a Mailgun without a network: ``answer`` answers its requests."""
    return MailgunProvider({"domain": "mail.example.org", "api_key": "k"}, answer)
