"""How long one webhook call takes: 1,000 events of SendGrid in one post, of an issue of 20,000 people.

The whole way over a real connection of loopback: the body read, its signature checked, 1,000 people found by keyed
hash, their deliveries moved, the mark kept, on SQLite. Run with ``PYTHONPATH=. .venv/bin/python benchmarks/hooks.py``.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import httpx
from tests.sinks import sendgrid
from tests.site import START, opened, write_site
from tests.steps.scene import ENTRIES
from tests.web.asking import serving

from msdigest.ports import Reply
from msdigest.providers.fake import FakeProvider
from msdigest.steps.subscribing import subscribing
from msdigest.store import audience, keeping
from msdigest.web.site import public_app

PEOPLE, EVENTS, ROUNDS = 20_000, 1_000, 7
AIM_MS = 100


def sent(app) -> list[tuple[str, str]]:
    """Send an issue to everybody; return (address, delivery) of each."""
    lines = ["email\n", *(f"p{number}@example.org\n" for number in range(PEOPLE))]
    subscribing.import_people(
        app.database, app.vault, app.clock, lines=lines, file="people.csv", digests=["weekly"],
        vocabulary=app.settings.vocabulary,
    )  # fmt: skip
    with app.database.writing() as connection:
        found = [keeping.Found(entry=entry, shown="", marks=()) for entry in ENTRIES]
        keeping.keep(connection, found, source="blog", gone=(), now=START)
    app.__dict__["provider"] = FakeProvider(max_recipients=1_000, name="sendgrid")
    app.freeze(app.compose(app.digest("weekly")))
    app.deliver()
    with app.database.reading() as connection:
        people = [member.subscriber for member in audience.all_members(connection, app.vault, "weekly")]
    return [(person.address, app.vault.correlate("1", person.id)) for person in people]


def call(people: list[tuple[str, str]], kind: str, *, number: int) -> tuple[dict[str, str], bytes]:
    """Return a genuine call about ``people``, signed with the sink's key."""
    records = []
    for address, delivery in people:
        about = {"address": address, "delivery": delivery, "attempt": "0" * 32, "issue": 1}
        at = START - timedelta(seconds=number + 1)
        records.append(sendgrid.record(kind, at=at, provider_id=f"{delivery}.{number}", **about))
    return sendgrid.posted(json.dumps(records).encode(), now=START)


def main() -> int:
    """Print milliseconds of each kind of call; 1 if one takes longer than the aim."""
    with tempfile.TemporaryDirectory() as folder, opened(write_site(Path(folder))) as app:
        people = sent(app)
        module = import_module("msdigest.providers.sendgrid.sending")
        nothing = Reply(status=500, url="", headers={}, body=b"")
        app.__dict__["provider"] = module.provider(sendgrid.OPTIONS, lambda _: nothing)
        worst = 0.0
        with serving(public_app(app)) as url, httpx.Client(trust_env=False, base_url=url) as client:
            client.get("/hooks/sendgrid")
            for kind in ("accepted", "delivered", "soft", "bounced", "opened"):
                took = []
                for number in range(ROUNDS):
                    some = people[number * EVENTS : (number + 1) * EVENTS]
                    headers, body = call(some, kind, number=number)
                    begun = time.perf_counter()
                    reply = client.post("/hooks/sendgrid", headers=headers, content=body)
                    took.append((time.perf_counter() - begun) * 1_000)
                    reply.raise_for_status()
                middle = sorted(took)[ROUNDS // 2]
                worst = max(worst, middle)
                print(f"{kind:10} {len(body) / 1_000:6.0f} kB  {min(took):6.1f} ms least  {middle:6.1f} ms median")
    print(f"aim: under {AIM_MS} ms for {EVENTS} events")
    return int(worst >= AIM_MS)


if __name__ == "__main__":
    sys.exit(main())
