"""What becomes of an issue whose sender is killed again and again: nobody twice, nobody lost, and what stays unknown.

Imports 10,000 fictional people of 50 choices and sends them one issue of the demo's world through provider ``mailgun``
to a service on loopback that knows whom it accepted. The sender is a real process (``msdigest issue send 1 --wait``,
every other time ``msdigest run --once``) that gets ``kill -9`` at a random moment of its life, seeded, and is started
again until nothing is left to send. That is repeated, each time with the same people, until there were 200 kills. At
every restart the account has to add up. Run with ``PYTHONPATH=. python benchmarks/chaos.py``; ``--kills 20`` is less.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.sinks import mailgun
from tests.sinks.engine import Engine
from tests.site import START, opened, write_site

from msdigest.demo.world import DemoWorld
from msdigest.model.clock import FixedClock
from msdigest.steps.subscribing import subscribing
from msdigest.store import audience
from msdigest.store import deliveries as delivery_store
from msdigest.store import entries as entry_store

CHOICES = 50
# Seconds before each answer of the provider: so long a call is under way.
LATENCY = 0.15
UNHEARD = "http://127.0.0.1:9"
SEND, RUN = ("issue", "send", "1", "--wait"), ("run", "--once")
# States in which somebody is named, and not counted as mailed.
NAMED = ("unknown", "rejected", "pending", "in_flight", "excluded")


@dataclass
class Tally:
    """What was found over all rounds. moments: what the account looked like when somebody started again."""

    rounds: int = 0
    kills: int = 0
    duplicates: int = 0
    lost: int = 0
    wrong: int = 0
    unknown: int = 0
    taken_though_unknown: int = 0
    left_unknown_by_kills: int = 0
    accounts: int = 0
    moments: Counter[str] = field(default_factory=Counter)


def crowd(folder: Path, size: int) -> Path:
    """Make the site with its people and one draft; return its folder."""
    with DemoWorld(START.date()) as world:
        sources = [
            {"id": "kestrel", "kind": "feed", "url": f"{world.base_url}/kestrel/feed/"},
            {"id": "harbour", "kind": "feed", "url": f"{world.base_url}/harbour/feed.atom"},
            {"id": "beacon", "kind": "livingpage", "url": f"{world.base_url}/registries/"},
        ]
        config = write_site(folder, sources=sources, provider="mailgun", base_url=UNHEARD)
        with opened(config, FixedClock(START)) as app:
            app.collect()
            with app.database.reading() as connection:
                topics = sorted({topic for entry in entry_store.newest(connection) for topic in entry.topics})
            lines = ["email,topics"]
            for number in range(size):
                choice = number % CHOICES
                chosen = {topics[choice % len(topics)], topics[(choice * 7 + 3) % len(topics)]} if choice else set()
                lines.append(f"p{number}@example.org,{';'.join(sorted(chosen))}")
            subscribing.import_people(
                app.database, app.vault, app.clock, lines=io.StringIO("\n".join(lines)), file="crowd.csv",
                digests=["weekly"], vocabulary=app.settings.vocabulary,
            )  # fmt: skip
            if app.compose(app.digest("weekly")) is None:
                raise SystemExit("the demo's world had nothing new")
    return folder


def aimed(template: Path, folder: Path, base_url: str) -> Path:
    """Copy the site, and let its provider be at ``base_url``; return its configuration."""
    shutil.copytree(template, folder)
    config = folder / "config" / "msdigest.toml"
    config.write_text(config.read_text().replace(UNHEARD, base_url))
    return config


def start(config: Path, words: tuple[str, ...]) -> subprocess.Popen[str]:
    """Start a sender."""
    command = [sys.executable, "-m", "msdigest", "--config", str(config), *words]
    environment = os.environ | {"SINK_KEY": mailgun.KEY}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


@dataclass
class Fate:
    """Decides after how many seconds a sender dies: so that most do, some in each part of their lives.

    latest: a moment is drawn up to here. Whoever outlives it brings it nearer; whoever dies pushes it away, so that
    deciding who gets the issue, which begins anew after each death, is done at some time.
    """

    chance: random.Random
    latest: float

    def draw(self) -> float:
        """Return the next moment."""
        return self.chance.uniform(0.0, self.latest)

    def met(self, *, died: bool) -> None:
        """Learn what became of the sender."""
        self.latest *= 1.1 if died else 0.6


def one_round(config: Path, engine: Engine, *, fate: Fate, tally: Tally, most: int) -> None:
    """Send one issue to its end, with at most ``most`` kills, and count what is wrong."""
    died = 0
    while (state := look(config, engine, tally)) != "sent":
        process = start(config, RUN if state == "sending" and died % 2 else SEND)
        if died < most and kill(process, fate):
            died += 1
            continue
        _, told = process.communicate()
        if process.returncode:
            raise SystemExit(f"a sender failed:\n{told}")
    tally.kills += died
    tally.rounds += 1
    # What is in doubt is asked about until the provider has told all that it knows.
    start(config, ("reconcile", "1")).communicate()
    look(config, engine, tally)
    judge(config, engine, tally)


def kill(process: subprocess.Popen[str], fate: Fate) -> bool:
    """Kill a sender at its moment; False if it ended before."""
    try:
        process.wait(fate.draw())
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    died = process.returncode < 0
    fate.met(died=died)
    return died


def look(config: Path, engine: Engine, tally: Tally) -> str:
    """Check the account as the dead left it; return the issue's state."""
    with opened(config) as app:
        account, issue = app.account(1), app.issue(1)
    tally.accounts += 1
    tally.moments[f"{issue.state}{', calls under way' if account.in_flight else ''}"] += 1
    tally.left_unknown_by_kills += account.in_flight
    if not account.closed or account.accepted > len(engine.accepted):
        tally.wrong += 1
    return issue.state


def judge(config: Path, engine: Engine, tally: Tally) -> None:
    """Compare what the ledger says with whom the provider accepted."""
    with opened(config) as app, app.database.reading() as connection:
        states = {record.subscriber: record.state for record in delivery_store.records(connection, 1)}
        people = audience.by_ids(connection, app.vault, list(states))
    named = {people[who].address for who, state in states.items() if state in NAMED}
    counted = {people[who].address for who, state in states.items() if state not in NAMED}
    tally.duplicates += sum(times - 1 for times in engine.accepted.values())
    tally.lost += sum(
        person.address not in engine.accepted and person.address not in named for person in people.values()
    )
    # Counted as mailed, and the provider knows nothing of it; or the other way round.
    tally.wrong += len(counted - engine.accepted.keys())
    unknown = {people[who].address for who, state in states.items() if state == "unknown"}
    tally.unknown += len(unknown)
    tally.taken_though_unknown += len(unknown & engine.accepted.keys())
    if left := [state for state in states.values() if state in {"pending", "in_flight"}]:
        raise SystemExit(f"{len(left)} were left to send")
    if engine.troubles or engine.service.faults:
        raise SystemExit(f"the service found {(engine.troubles + engine.service.faults)[:3]}")


def main() -> None:
    """Print what was found; exit 1 if anybody was mailed twice or lost."""
    options = argparse.ArgumentParser(description="Kill the sender again and again.")
    options.add_argument("--people", type=int, default=10_000)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    told = options.parse_args()
    chance, tally = random.Random(told.seed), Tally()  # noqa: S311  # moments, no secrets
    with tempfile.TemporaryDirectory() as name:
        template = crowd(Path(name) / "crowd", told.people)
        with Engine(mailgun.service(), latency=LATENCY, keep=False) as engine:
            begun = time.monotonic()
            whole = aimed(template, Path(name) / "whole", engine.base_url)
            one_round(whole, engine, fate=Fate(chance, 0.0), tally=Tally(), most=0)
            fate = Fate(chance, time.monotonic() - begun)
        begun = time.monotonic()
        while tally.kills < told.kills:
            folder = Path(name) / "round"
            with Engine(mailgun.service(), latency=LATENCY, keep=False) as engine:
                config = aimed(template, folder, engine.base_url)
                one_round(config, engine, fate=fate, tally=tally, most=told.kills - tally.kills)
            shutil.rmtree(folder)
            wrong = f"{tally.duplicates} twice, {tally.lost} lost, {tally.wrong} wrong"
            print(
                f"{tally.kills:4} kills in {tally.rounds} issues: {wrong} ({time.monotonic() - begun:.0f} s)",
                flush=True,
            )
    print(f"people an issue {told.people:,}, issues {tally.rounds}, kills {tally.kills} (seed {told.seed})")
    print(f"duplicates {tally.duplicates}, lost {tally.lost}")
    print(f"unknown at the end {tally.unknown:,}, of whom the provider took {tally.taken_though_unknown}")
    print(f"deliveries under way when their process died {tally.left_unknown_by_kills:,}")
    print(f"accounts looked at {tally.accounts}, wrong {tally.wrong}")
    print("found at a start: " + ", ".join(f"{state} {times}" for state, times in tally.moments.most_common()))
    if tally.duplicates or tally.lost or tally.wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
