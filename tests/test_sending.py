"""Sending to a crowd: everybody once, and after a kill nobody twice and nobody lost."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.sinks.mailgun import KEY, MailgunSink
from tests.site import START, opened, write_site

from msdigest.demo.world import DemoWorld
from msdigest.model.clock import FixedClock
from msdigest.steps.subscribing import subscribing
from msdigest.store import audience

ROOT = Path(__file__).resolve().parents[1]
PEOPLE = 20_000
CHOICES = 50


def command(config, *words):
    return [sys.executable, "-m", "msdigest", "--config", str(config), *words]


def environment():
    return os.environ | {"SINK_KEY": KEY}


def run(config, *words):
    done = subprocess.run(
        command(config, *words), capture_output=True, text=True, env=environment(), timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """A site with 20,000 people of 50 different choices and one draft, copied for each test."""
    folder = tmp_path_factory.mktemp("crowd")
    with DemoWorld(START.date()) as world:
        sources = [
            {"id": "kestrel", "kind": "feed", "url": f"{world.base_url}/kestrel/feed/"},
            {"id": "harbour", "kind": "feed", "url": f"{world.base_url}/harbour/feed.atom"},
            {"id": "beacon", "kind": "livingpage", "url": f"{world.base_url}/registries/"},
        ]
        config = write_site(folder, sources=sources, provider="mailgun")
        with opened(config, FixedClock(START)) as app:
            app.collect()
            topics = sorted({topic for entry in _entries(app) for topic in entry.topics})
            lines = ["email,topics"]
            for number in range(PEOPLE):
                choice = number % CHOICES
                chosen = {topics[choice % len(topics)], topics[(choice * 7 + 3) % len(topics)]} if choice else set()
                lines.append(f"p{number}@example.org,{';'.join(sorted(chosen))}")
            report = subscribing.import_people(
                app.database, app.vault, app.clock, lines=io.StringIO("\n".join(lines)), file="crowd.csv",
                digests=["weekly"], vocabulary=app.settings.vocabulary,
            )  # fmt: skip
            assert report.new == PEOPLE
            assert app.compose(app.digest("weekly")) is not None
    return folder


def _entries(app):
    from msdigest.store import entries as entry_store

    with app.database.reading() as connection:
        return entry_store.newest(connection)


@pytest.fixture
def site(crowd, tmp_path):
    """A copy of the crowd's site whose provider is a sink."""
    copy = tmp_path / "site"
    subprocess.run(["cp", "-a", str(crowd), str(copy)], check=True)

    def aimed_at(sink):
        path = copy / "config" / "msdigest.toml"
        path.write_text(path.read_text().replace("http://127.0.0.1:9", sink.base_url))
        return path

    return aimed_at


def addresses(config, ids):
    with opened(config) as app, app.database.reading() as connection:
        return {person.address for person in audience.by_ids(connection, app.vault, list(ids)).values()}


def test_everybody_gets_it_once(site) -> None:
    """20,000 people, 50 choices: each address reaches the sink once, and the account says so."""
    with MailgunSink(keep=False) as sink:
        document = json.loads(run(site(sink), "issue", "send", "1", "--wait", "--json"))

    assert document["state"] == "sent"
    assert document["account"]["candidates"] == PEOPLE
    assert document["account"]["accepted"] == len(sink.accepted) == sink.accepted.total()
    assert document["account"]["accepted"] + document["account"]["excluded"] == PEOPLE
    assert document["account"]["accepted"] > PEOPLE * 0.9
    assert sink.faults == []


@pytest.mark.parametrize("calls", [1, 9, 25])
def test_after_a_kill_nobody_gets_it_twice_and_nobody_is_lost(site, calls) -> None:
    """Whom the sink may have seen is unknown by name; a new process sends to the rest, and only to them."""
    with MailgunSink(keep=False, delay=0.05) as sink:
        config = site(sink)
        with subprocess.Popen(
            command(config, "issue", "send", "1", "--wait"),
            env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            while sink.number < calls:
                assert process.poll() is None, "the sender ended before it was killed"
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
        run(config, "run", "--once")
        account = json.loads(run(config, "deliveries", "1", "--state", "unknown", "--json"))
        accepted = json.loads(run(config, "deliveries", "1", "--state", "accepted", "--json"))
    unknown = addresses(config, [each["subscriber"] for each in account["deliveries"]])
    settled = addresses(config, [each["subscriber"] for each in accepted["deliveries"]])

    assert max(sink.accepted.values()) == 1
    assert account["account"]["unknown"] == len(unknown) > 0
    assert account["account"]["pending"] == account["account"]["in_flight"] == 0
    assert settled <= set(sink.accepted)
    assert not settled & unknown
    # Whom the sink never saw, and who was not excluded, is listed as unknown, one by one.
    assert len(settled | unknown) + account["account"]["excluded"] == PEOPLE
    assert set(sink.accepted) <= settled | unknown
