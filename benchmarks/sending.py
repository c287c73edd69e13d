"""How fast an issue leaves, and what that costs, against the floor of a bare httpx loop.

Imports 5,000 and 50,000 fictional people with 50 different choices of topics, composes an issue of the demo's
world and sends it through provider ``mailgun`` to a sink on loopback. The sender is a process of its own
(``msdigest issue send N --wait``: freezing, claiming, building, sending, settling, on SQLite), so that its
processor time and its peak memory are the operating system's figures. The floor posts the very same bodies with
httpx and does nothing else. Run with ``make bench``.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.sinks.mailgun import KEY, MailgunSink
from tests.site import START, opened, write_site

from msdigest.demo.world import DemoWorld
from msdigest.model.clock import FixedClock
from msdigest.steps.subscribing import subscribing

SIZES = (5_000, 50_000)
CHOICES = 50
LATENCIES = (0.0, 0.2)
FLOOR = """
import sys, pathlib, httpx
url, folder = sys.argv[1:3]
with httpx.Client(trust_env=False, timeout=60) as client:
    for path in sorted(pathlib.Path(folder).iterdir()):
        head, _, body = path.read_bytes().partition(b"\\n\\n")
        names = dict(line.split(": ", 1) for line in head.decode().splitlines())
        client.post(url, headers=names, content=body).raise_for_status()
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took: seconds on the wall, seconds of the processor, peak memory in MB."""

    wall: float
    cpu: float
    peak_mb: float


class RecordingSink(MailgunSink):
    """Also writes each accepted body down, for the floor."""

    folder: Path | None = None

    def take(self, path, headers, body):
        """Record, then judge."""
        if self.folder is not None:
            kept = {name: headers[name] for name in ("Authorization", "Content-Type")}
            head = "\n".join(f"{name}: {value}" for name, value in kept.items())
            (self.folder / f"{self.number:06d}").write_bytes(head.encode() + b"\n\n" + body)
        return super().take(path, headers, body)


# A small process in between: a program's peak memory, as the system counts it, begins with its parent's size.
LAUNCHER = """
import json, os, subprocess, sys, time
begun = time.monotonic()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), time.monotonic() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]))
"""


def cost_of(command: list[str], environment: dict[str, str]) -> Cost:
    """Run ``command`` to its end."""
    launched = [sys.executable, "-S", "-c", LAUNCHER, *command]
    done = subprocess.run(launched, capture_output=True, text=True, env=environment, check=True)
    status, wall, cpu, peak_kb = json.loads(done.stdout)
    if status:
        raise SystemExit(f"{command} failed:\n{done.stderr}")
    return Cost(wall, cpu, peak_kb / 1024)


def people(number: int, topics: list[str]) -> io.StringIO:
    """Return ``number`` fictional people; choice k of CHOICES is a stretch of the topics that begins at k."""
    lines = ["email,name,topics,consent_at"]
    for place in range(number):
        start = place % CHOICES
        chosen = {topics[(start + step * 7) % len(topics)] for step in range(1 + start % 9)} | {topics[0]}
        lines.append(f"person{place}@example.org,Person {place},{';'.join(sorted(chosen))},2026-05-03")
    return io.StringIO("\n".join(lines))


def measure(size: int, latency: float) -> tuple[Cost, Cost, float, int, int]:
    """Send to ``size`` people; return (msdigest's cost, the floor's, seconds to the first call, calls, selections)."""
    with tempfile.TemporaryDirectory() as name, DemoWorld(START.date()) as world, RecordingSink(keep=False) as sink:
        folder = Path(name)
        bodies = folder / "bodies"
        bodies.mkdir()
        sink.folder, sink.delay = bodies, latency
        sources = [
            {"id": "kestrel", "kind": "feed", "url": f"{world.base_url}/kestrel/feed/"},
            {"id": "harbour", "kind": "feed", "url": f"{world.base_url}/harbour/feed.atom"},
        ]
        config = write_site(folder / "site", sources=sources, provider="mailgun", base_url=sink.base_url)
        with opened(config, FixedClock(START)) as app:
            app.collect()
            issue = app.compose(app.digest("weekly"))
            if issue is None:
                raise SystemExit("the demo's world had nothing new")
            with app.database.reading() as connection:
                carried = [entry.topics for entry in app_entries(connection, issue.entries)]
            topics = sorted(
                {topic for of_one in carried for topic in of_one}, key=lambda t: (-sum(t in c for c in carried), t)
            )
            subscribing.import_people(
                app.database, app.vault, app.clock, lines=people(size, topics), file="bench",
                digests=["weekly"], vocabulary=app.settings.vocabulary,
            )  # fmt: skip
        environment = os.environ | {"SINK_KEY": KEY, "PYTHONWARNINGS": ""}
        begun = time.monotonic()
        own = cost_of(
            [sys.executable, "-m", "msdigest", "--config", str(config), "issue", "send", str(issue.id), "--wait"],
            environment,
        )
        first = sink.first_call - begun
        doubled = [address for address, times in sink.accepted.items() if times != 1]
        if len(sink.accepted) != size or doubled or sink.faults:
            raise SystemExit(f"{len(sink.accepted)} of {size} accepted, {len(doubled)} doubled, {sink.faults[:3]}")
        with opened(config, FixedClock(START)) as app, app.database.reading() as connection:
            selections = connection.exec_driver_sql("select count(*) from selections").scalar_one()
        calls = sink.number
        sink.folder = None
        floor = cost_of(
            [sys.executable, "-c", FLOOR, f"{sink.base_url}/v3/mail.example.org/messages", str(bodies)], environment
        )
        return own, floor, first, calls, selections


def app_entries(connection, ids):
    """Return the entries of an issue."""
    from msdigest.store import entries as entry_store  # noqa: PLC0415  # only the benchmark's set-up needs it

    return entry_store.get_many(connection, ids).values()


def main() -> None:
    """Print one line for each size and latency, then what grows with the size."""
    print(
        "sending through mailgun to a loopback sink, SQLite, one process; floor = the same bodies in a bare httpx loop"
    )
    peaks = {}
    for latency in LATENCIES:
        for size in SIZES:
            own, floor, first, calls, selections = measure(size, latency)
            peaks[size] = own.peak_mb
            print(
                f"{size:>7,} people, {selections} selections, {calls} calls, latency {latency * 1000:.0f} ms: "
                f"{size / own.wall:,.0f} recipients/s (floor {size / floor.wall:,.0f}/s, {own.wall / floor.wall:.2f} x the floor's time), "
                f"{own.cpu / size * 1000:.3f} CPU s per 1,000 (floor {floor.cpu / size * 1000:.3f}), "
                f"peak {own.peak_mb:.0f} MB, first call after {first:.2f} s"
            )
    small, large = peaks[SIZES[0]], peaks[SIZES[-1]]
    print(f"peak memory at {SIZES[-1]:,} people is {large / small:.2f} x that at {SIZES[0]:,}")


if __name__ == "__main__":
    main()
