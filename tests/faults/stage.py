"""The stage of one case: a frozen issue for a provider, an engine, and processes that send until nothing is left."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from importlib import import_module
from pathlib import Path

from tests.faults.player import CLIENT_SIDE, Order, watched
from tests.sinks.engine import HANGS, Engine
from tests.site import START, opened, write_site
from tests.steps.scene import bring

from msdigest.model.clock import FixedClock
from msdigest.model.entry import Entry
from msdigest.ports import Failure
from msdigest.steps.subscribing import subscribing
from msdigest.store import deliveries as delivery_store
from msdigest.store import keeping
from msdigest.store.database import Database

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = 9
CHOICES = ("", "ocrelizumab", "natalizumab")
ROWS = "email,name,topics\n" + "".join(
    f"p{number}@example.org,Person {number},{CHOICES[number % len(CHOICES)]}\n" for number in range(PEOPLE)
)
ENTRIES = [
    Entry(
        key=str(number), source="blog", title=f"Entry {number}", url=f"https://blog.example/{number}",
        text="Some words. And more of them.", topics=topics, published=START - timedelta(days=1), precision="day",
    )
    for number, topics in enumerate(((), ("ocrelizumab",), ("natalizumab",)))
]  # fmt: skip


@dataclass
class Site:
    """A site whose issue 1 is frozen for one provider; each case begins with the database as it was then."""

    config: Path
    provider: str
    people: dict[str, str] = field(default_factory=dict)
    database: Database | None = None

    @property
    def file(self):
        return self.config.parents[1] / "var" / "msdigest.db"

    def again(self):
        """Put the database back, while nobody has it open."""
        self.database = self.database or Database(f"sqlite:///{self.file}")
        self.database.close()
        for ending in ("-wal", "-shm"):
            self.file.with_name(self.file.name + ending).unlink(missing_ok=True)
        shutil.copyfile(self.file.with_suffix(".frozen"), self.file)


class _NoNetwork:
    def send(self, _request, *, timeout):
        return Failure("no", f"no network, not even for {timeout} s")


def frozen(folder, provider):
    """Make the site of a provider."""
    site = Site(write_site(folder), provider)
    with opened(site.config, FixedClock(START)) as app:
        bring(app, ROWS)
        with app.database.writing() as connection:
            found = [keeping.Found(entry=entry, shown="", marks=()) for entry in ENTRIES]
            keeping.keep(connection, found, source="blog", gone=(), now=START)
        assert app.compose(app.digest("weekly"))
        order = Order(config="", provider=provider, base_url="http://127.0.0.1:9", closed_url="")
        app.__dict__["provider"] = watched(order, _NoNetwork())
        app.freeze(app.issue(1))
        for number in range(PEOPLE):
            address = f"p{number}@example.org"
            site.people[subscribing.find(app.database, app.vault, address).id] = address
    shutil.copyfile(site.file, site.file.with_suffix(".frozen"))
    return site


class Players:
    """The process that divides for each order."""

    def __enter__(self):
        command = [sys.executable, "-m", "tests.faults.player"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def play(self, order):
        """Let a process do what is ordered; return how it ended."""
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@dataclass
class Played:
    """What became of everybody: address → state, address → messages, and the account at many instants."""

    states: dict[str, str]
    accepted: dict[str, int]
    accounts: list
    ended: list[int]
    troubles: list[str]
    faults: list[str]


def play(players, site, *, fault, kill, careless=False):
    """Send with a ``fault`` in the second call and a ``kill`` in the second batch, then start again until all is done."""
    site.again()
    service = import_module(f"tests.sinks.{site.provider}").service()
    here = "" if fault not in CLIENT_SIDE else fault
    with Engine(service, plan={1: None if here else fault}.get) as engine:
        first = Order(
            config=str(site.config), provider=site.provider, base_url=engine.base_url, closed_url=engine.closed_url,
            kill=kill, fault=here, careless=careless, hangs=fault in HANGS,
        )  # fmt: skip
        with sampled(site.database) as accounts:
            ended = [players.play(first)]
            # A fault that the first process did not live to meet is met by the second.
            missed = here if kill in {"claimed", "started"} else ""
            later = (START + timedelta(minutes=1)).isoformat()
            again = Order(**asdict(first) | {"at": later, "kill": "", "fault": missed, "faulty": 0, "rounds": 4})
            ended.append(players.play(again))
            if fault in HANGS:
                # A client that gave up may have asked before the provider had acted at all.
                engine.wait_until_played(engine.sent_calls)
                players.play(again)
    with site.database.reading() as connection:
        records = list(delivery_store.records(connection, 1))
    states = {site.people[record.subscriber]: record.state for record in records}
    return Played(states, dict(engine.accepted), accounts, ended, engine.troubles, service.faults)


@contextmanager
def sampled(database):
    """Look at the account from a thread and a connection of its own, all the time."""
    accounts, over = [], threading.Event()

    def look():
        while True:
            with database.reading() as connection:
                accounts.append(delivery_store.account(connection, 1))
            if over.wait(0.02):
                return

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield accounts
    finally:
        over.set()
        thread.join()
