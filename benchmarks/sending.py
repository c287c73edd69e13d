"""How fast an issue leaves, and what that costs, against the floor of a bare httpx loop.

Imports fictional people, each with a consent of their own, composes an issue of 60 entries (some 60 kB of HTML) and
sends it through provider ``mailgun`` to a sink on loopback. The sender is a process of its own (``msdigest issue send N
--wait``: checking, freezing, claiming, building, sending, settling, on SQLite), so that its processor time and its peak
memory are the operating system's figures. A second one is up already, as ``msdigest run`` is, and only tells how soon
its first call begins. The floor posts the very same bodies with httpx and does nothing else.

    --faults    what troubles of a provider cost instead: an error in every fifth call, Retry-After, so many calls a
                second; these take the time that they take

Run with ``make bench-sending``, or some of it: ``make bench-sending ARGS="--sizes 5000 --latencies 0"``. Trust seconds
of the processor; those of the wall are another machine's business too.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

from benchmarks.troubles import troubles
from tests.sinks.mailgun import KEY, MailgunSink
from tests.site import START, opened, write_site

from msdigest.model.clock import FixedClock
from msdigest.model.entry import Entry
from msdigest.steps.subscribing import subscribing
from msdigest.store import keeping

ENTRIES = 60
TEXT = (
    "In a trial with 1,024 people over 96 weeks the yearly rate of relapses was 0.11 against 0.19, and fewer had new "
    "lesions. Headaches and infections were as frequent as without it; who took part says so in a report of its own."
)
FLOOR = """
import sys, pathlib, httpx
url, folder = sys.argv[1:3]
with httpx.Client(trust_env=False, timeout=60) as client:
    for path in sorted(pathlib.Path(folder).iterdir()):
        head, _, body = path.read_bytes().partition(b"\\n\\n")
        names = dict(line.split(": ", 1) for line in head.decode().splitlines())
        client.post(url, headers=names, content=body).raise_for_status()
"""
# A small process in between: a program's peak memory, as the system counts it, begins with its parent's size.
LAUNCHER = """
import json, os, subprocess, sys, time
begun = time.monotonic()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), time.monotonic() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]))
"""
# What a process that is up already does when an issue is due, until its first calls have ended.
UP = """
import os, pathlib, sys, time
from msdigest.app import App, read_settings
from msdigest.engines.clock import SystemClock
with App(read_settings(pathlib.Path(sys.argv[1])), SystemClock()) as app:
    app.vault, app.templates, app.provider, app.http
    begun = time.monotonic()
    app.freeze(app.issue(1))
    frozen = time.monotonic()
    app.publish()
    app.deliver(issue=1, progress=lambda _: app.delivery.stop())
    print(begun, frozen)
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took: seconds on the wall, seconds of the processor, peak memory in MB."""

    wall: float
    cpu: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One issue sent. from_start, from_call: seconds to the first request; html: bytes of one message's HTML."""

    own: Cost
    floor: Cost
    from_start: float
    from_call: float
    calls: int
    selections: int
    sent_bytes: int


class RecordingSink(MailgunSink):
    """Also writes each accepted body down, for the floor."""

    folder: Path | None = None
    sent_bytes: int = 0

    def take(self, path, headers, body):
        """Record, then judge."""
        if self.folder is not None:
            kept = {name: headers[name] for name in ("Authorization", "Content-Type")}
            head = "\n".join(f"{name}: {value}" for name, value in kept.items())
            (self.folder / f"{self.number:06d}").write_bytes(head.encode() + b"\n\n" + body)
            self.sent_bytes += len(body)
        return super().take(path, headers, body)


def cost_of(command: list[str], environment: dict[str, str]) -> Cost:
    """Run ``command`` to its end."""
    launched = [sys.executable, "-S", "-c", LAUNCHER, *command]
    done = subprocess.run(launched, capture_output=True, text=True, env=environment, check=True)
    status, wall, cpu, peak_kb = json.loads(done.stdout)
    if status:
        raise SystemExit(f"{command} failed:\n{done.stderr}")
    return Cost(wall, cpu, peak_kb / 1024)


def people(number: int, topics: list[str], choices: int) -> io.StringIO:
    """Return ``number`` fictional people with so many different choices, and a moment of consent for each."""
    dice = Random(7)  # noqa: S311  # the same people each time; no secret
    drawn = {tuple(topics)}
    while len(drawn) < choices:
        drawn.add(tuple(sorted(dice.sample(topics, dice.randint(1, len(topics))))))
    every = sorted(drawn)
    lines = ["email,name,topics,consent_at"]
    for place in range(number):
        asked = (START - timedelta(minutes=1 + place * 37 % 900_000)).isoformat()
        lines.append(f"person{place}@example.org,Person {place},{';'.join(every[place % choices])},{asked}")
    return io.StringIO("\n".join(lines))


def site_of(folder: Path, base_url: str, *, size: int, choices: int) -> Path:
    """Write a site whose issue 1 is composed for ``size`` people; return the path of its configuration."""
    config = write_site(folder, provider="mailgun", base_url=base_url)
    with opened(config, FixedClock(START)) as app:
        topics = sorted(app.settings.vocabulary.ids)[:12]
        # Some topics are met often, others once in the issue.
        entries = [
            Entry(
                key=str(number), source="blog", title=f"What a trial of {number + 2} centres tells of relapses",
                url=f"https://blog.example/{number}", text=TEXT, published=START - timedelta(hours=number + 1),
                precision="day", topics=(topics[number % len(topics)], topics[number * 5 % 7]),
            )
            for number in range(ENTRIES)
        ]  # fmt: skip
        with app.database.writing() as connection:
            found = [keeping.Found(entry=entry, shown="", marks=()) for entry in entries]
            keeping.keep(connection, found, source="blog", gone=(), now=START)
        subscribing.import_people(
            app.database, app.vault, app.clock, lines=people(size, topics, choices), file="bench",
            digests=["weekly"], vocabulary=app.settings.vocabulary,
        )  # fmt: skip
        if app.compose(app.digest("weekly")) is None:
            raise SystemExit("there was nothing new")
    return config


def seconds_from_call(config: Path, sink: RecordingSink, environment: dict[str, str]) -> float:
    """Return how long a process that is up takes from the call to its first request, on a copy of the site."""
    folder = config.parents[1]
    there = folder.with_name("up")
    shutil.copytree(folder, there)
    sink.first_call = 0.0
    again = there / "config" / config.name
    done = subprocess.run(
        [sys.executable, "-c", UP, str(again)], capture_output=True, text=True, env=environment, check=True
    )
    return sink.first_call - float(done.stdout.split()[0])


def measure(size: int, latency: float, choices: int) -> Measured:
    """Send to ``size`` people."""
    with tempfile.TemporaryDirectory() as name, RecordingSink(keep=False) as sink:
        bodies = Path(name) / "bodies"
        bodies.mkdir()
        config = site_of(Path(name) / "site", sink.base_url, size=size, choices=choices)
        environment = os.environ | {"SINK_KEY": KEY, "PYTHONWARNINGS": ""}
        from_call = seconds_from_call(config, sink, environment)
        sink.accepted.clear()
        sink.folder, sink.delay, sink.first_call, sink.number = bodies, latency, 0.0, 0
        begun = time.monotonic()
        own = cost_of(
            [sys.executable, "-m", "msdigest", "--config", str(config), "issue", "send", "1", "--wait"], environment
        )
        from_start = sink.first_call - begun
        doubled = [address for address, times in sink.accepted.items() if times != 1]
        if len(sink.accepted) != size or doubled or sink.faults:
            raise SystemExit(f"{len(sink.accepted)} of {size} accepted, {len(doubled)} doubled, {sink.faults[:3]}")
        with opened(config, FixedClock(START)) as app, app.database.reading() as connection:
            selections = connection.exec_driver_sql("select count(*) from selections").scalar_one()
        calls, sink.folder = sink.number, None
        floor = cost_of(
            [sys.executable, "-c", FLOOR, f"{sink.base_url}/v3/mail.example.org/messages", str(bodies)], environment
        )
        return Measured(own, floor, from_start, from_call, calls, selections, sink.sent_bytes)


def numbers(words: str) -> list[float]:
    """Read what stands between commas."""
    return [float(word) for word in words.split(",")]


def main() -> None:
    """Print one line for each size, latency and number of choices, then what grows with the size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=numbers, default=numbers("5000,50000"), metavar="N,N")
    parser.add_argument("--latencies", type=numbers, default=numbers("0,0.2"), metavar="SECONDS,SECONDS")
    parser.add_argument("--choices", type=numbers, default=numbers("50"), metavar="N,N", help="different choices")
    parser.add_argument("--faults", action="store_true", help="what a provider's troubles cost, instead")
    asked = parser.parse_args()
    if asked.faults:
        troubles(site_of)
        return
    print(
        "sending through mailgun to a loopback sink, SQLite, one process; floor = the same bodies in a bare httpx loop"
    )
    for latency in asked.latencies:
        for choices in map(int, asked.choices):
            peaks = {}
            for size in map(int, asked.sizes):
                told = measure(size, latency, choices)
                own, floor = told.own, told.floor
                peaks[size] = own.peak_mb
                print(
                    f"{size:>9,} people, {told.selections} selections, {told.calls} calls, "
                    f"{told.sent_bytes / 1e6:,.0f} MB, latency {latency * 1000:.0f} ms: "
                    f"{size / own.wall:,.0f} recipients/s (floor {size / floor.wall:,.0f}/s, "
                    f"{own.wall / floor.wall:.2f} x the floor's time), {own.cpu / size * 1000:.3f} CPU s per 1,000 "
                    f"(floor {floor.cpu / size * 1000:.3f}), peak {own.peak_mb:.0f} MB, first request "
                    f"{told.from_start:.2f} s after the start of the process, {told.from_call:.2f} s after the call in "
                    "one that is up",
                    flush=True,
                )
            small, large = min(peaks), max(peaks)
            if small != large:
                print(f"peak memory at {large:,} people is {peaks[large] / peaks[small]:.2f} x that at {small:,}")


if __name__ == "__main__":
    main()
