"""How fast 1,000 feeds are collected, beside the floor of bare httpx and the library ``reader``.

A server of our own serves them on loopback from 250 addresses: ten entries of 15 kB each, gzipped, with an ETag.
Everybody reads the same feeds twice: the first time everything is new, the second time the server answers 304.

    msdigest   ``App.collect`` in a process of its own, SQLite, with its sandbox; visitors and limits as in ``run``
    reader     ``update_feeds(workers=10, scheduled=False)``, if it can be installed into a virtual environment
    floor      httpx in 8 threads: the bodies are received and forgotten

Run with ``make bench-collecting``.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.site import write_site

FEEDS = int(os.environ.get("BENCH_FEEDS", "1000"))
HOSTS, ENTRIES, LETTERS = 250, 10, 15_000
SERVER = r"""
import asyncio, gzip, json, pathlib, resource, sys
folder, hosts = pathlib.Path(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
feeds = {}
for path in folder.iterdir():
    body = gzip.compress(path.read_bytes(), 6)
    head = f'HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml; charset=UTF-8\r\nContent-Encoding: gzip\r\nETag: "{path.name}"\r\nContent-Length: {len(body)}\r\n\r\n'
    same = f'HTTP/1.1 304 Not Modified\r\nETag: "{path.name}"\r\n\r\n'
    feeds[f"/{path.name}"] = (head.encode() + body, same.encode())

class Answering(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.heard = transport, b""
    def data_received(self, data):
        self.heard += data
        while b"\r\n\r\n" in self.heard:
            head, _, self.heard = self.heard.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            fresh, same = feeds.get(path, (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",) * 2)
            self.transport.write(same if b"if-none-match" in head.lower() else fresh)
            if b"connection: close" in head.lower():
                self.transport.close()

async def main():
    loop, port = asyncio.get_running_loop(), 0
    for number in range(hosts):
        server = await loop.create_server(Answering, f"127.0.1.{number + 1}", port)
        port = port or server.sockets[0].getsockname()[1]
    print(port, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)  # ends with the benchmark

asyncio.run(main())
"""
MSDIGEST = """
import json, pathlib, sys, time
from tests.site import START, opened
from msdigest.model.clock import FixedClock
with opened(pathlib.Path(sys.argv[1]), FixedClock(START)) as app:
    times, counts = [], []
    for _ in range(2):
        begun = time.monotonic()
        reports = app.collect()
        times.append(time.monotonic() - begun)
        counts.append((sum(r.new for r in reports), sum(r.failed for r in reports), sum(r.status == "unchanged" for r in reports)))
    print(json.dumps([times, counts]))
"""
READER = """
import json, sys, time
from reader import make_reader
urls = json.load(open(sys.argv[1]))
with make_reader(sys.argv[2]) as reader:
    for url in urls:
        reader.add_feed(url)
    times = []
    for _ in range(2):
        begun = time.monotonic()
        reader.update_feeds(workers=10, scheduled=False)
        times.append(time.monotonic() - begun)
    counts = reader.get_entry_counts().total
    print(json.dumps([times, counts]))
"""
FLOOR = """
import json, sys, time, httpx
from concurrent.futures import ThreadPoolExecutor
urls = json.load(open(sys.argv[1]))
times = []
with httpx.Client(trust_env=False, limits=httpx.Limits(max_connections=8)) as client, ThreadPoolExecutor(8) as threads:
    for headers in ({}, {"If-None-Match": "any"}):
        begun = time.monotonic()
        sizes = list(threads.map(lambda url: len(client.get(url, headers=headers).content), urls))
        times.append(time.monotonic() - begun)
    print(json.dumps([times, sum(sizes)]))
"""
# A small process in between: it samples the memory of a whole family of processes, and tells their processor time.
# What several share (the interpreter, its libraries) is counted once: proportional set sizes.
LAUNCHER = """
import json, pathlib, re, resource, subprocess, sys, threading, time
def family(root):
    parents = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            pass
    mine, grown = {root}, True
    while grown:
        grown = {pid for pid, parent in parents.items() if parent in mine} - mine
        mine |= grown
    return mine
def size(pid):
    try:
        return int(re.search(r"^Pss:\\s+(\\d+)", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1])
    except (OSError, TypeError):
        return 0
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
peaks = [0, 0]
def watch():
    while process.poll() is None:
        sizes = [size(pid) for pid in family(process.pid)]
        peaks[:] = max(peaks[0], sum(sizes)), max(peaks[1], max(sizes, default=0))
        time.sleep(0.2)
threading.Thread(target=watch, daemon=True).start()
told = process.stdout.read().decode()
status = process.wait()
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([status, told, usage.ru_utime + usage.ru_stime, peaks[0] / 1024, peaks[1] / 1024]))
"""
# As blogs of the field are worded: mostly small words, the illness by its letters, now and then a medicine.
TEXT = (
    "the the the of of and and to to in in a a with is was for that it on as are this we not be have by or from at but "
    "they which you can more if an has were been may than will also these about what some when there who would other "
    "people people patients study trial MS MS disease treatment time years after group effect risk data results drug "
    "brain cells clinical progression relapses MRI fatigue natalizumab ocrelizumab remyelination B-cells placebo phase "
    "doctor question answer month week number because between during before under here there where how why each such "
    "only very most many much same own long large small early late new old good bad first second last next right left"
)
WORDS = TEXT.split()


def feed(number: int) -> str:
    """Return one blog's feed, always the same for a number."""
    chance = random.Random(number)  # noqa: S311 - words of a benchmark
    posts = []
    for post in range(ENTRIES):
        paragraphs, size = [], 0
        while size < LETTERS:
            words = [chance.choice(WORDS) for _ in range(110)]
            words[10] = f'<a href="https://blog-{number}.example/{post}/more">{words[10]}</a>'
            words[30] = f"<strong>{words[30]}</strong> &amp; <em>others</em>"
            paragraphs.append(f"<p>{' '.join(words)}.</p>")
            size += len(paragraphs[-1])
        title = f"{chance.choice(WORDS)} {chance.choice(WORDS)} {number} {post}".capitalize()
        link = f"https://blog-{number}.example/{post}/"
        posts.append(
            f"<item><title>{title}</title><link>{link}</link><dc:creator>Author {number}</dc:creator>"
            f"<pubDate>{post + 1:02} Nov 2026 08:00:00 +0000</pubDate><category>Research</category>"
            f'<guid isPermaLink="false">https://blog-{number}.example/?p={post}</guid><slash:comments>3</slash:comments>'
            f"<content:encoded><![CDATA[{''.join(paragraphs)}]]></content:encoded></item>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:slash="http://purl.org/rss/1.0/modules/slash/">'
        f"<channel><title>Blog {number}</title><link>https://blog-{number}.example</link>{''.join(posts)}</channel></rss>"
    )


def run(*command: str) -> tuple[list, float, float, float]:
    """Run a contestant; return (what it told, CPU seconds, peak MB of all its processes, peak MB of the largest)."""
    environment = os.environ | {"PYTHONPATH": ".", "PYTHONWARNINGS": ""}
    launched = [sys.executable, "-S", "-c", LAUNCHER, *command]
    done = subprocess.run(launched, capture_output=True, text=True, env=environment, check=True)
    status, told, cpu, together, largest = json.loads(done.stdout)
    if status:
        raise SystemExit(f"{command[:2]} failed:\n{done.stderr}")
    return json.loads(told), cpu, together, largest


def peer(folder: Path) -> str | None:
    """Return the Python of a virtual environment that has ``reader``; None, with the reason printed, if it cannot be."""
    where = os.environ.get("BENCH_READER")
    if where:
        return where
    python = folder / "peer" / "bin" / "python"
    steps = [[sys.executable, "-m", "venv", str(folder / "peer")],
             [str(python), "-m", "pip", "install", "-q", "reader==3.26", "sgmllib3k"]]  # fmt: skip
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"reader could not be installed: {done.stderr.strip().splitlines()[-1:]}")
            return None
    return str(python)


def main() -> None:
    """Print a line for each contestant, then the ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "feeds").mkdir()
        for number in range(FEEDS):
            (folder / "feeds" / f"{number}").write_text(feed(number), encoding="utf-8")
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(folder / "feeds"), str(HOSTS)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            port = int(server.stdout.readline())
            measure(folder, [f"http://127.0.1.{number % HOSTS + 1}:{port}/{number}" for number in range(FEEDS)])
        finally:
            server.stdin.close()
            server.wait(10)


def measure(folder: Path, urls: list[str]) -> None:
    """Let everybody read ``urls``."""
    print(f"{FEEDS:,} feeds of {ENTRIES} entries with {LETTERS // 1000} kB from {HOSTS} loopback addresses, gzipped")
    (folder / "urls.json").write_text(json.dumps(urls), encoding="utf-8")
    tables = [
        f'[[source]]\nid = "blog-{n}"\nkind = "feed"\nurl = "{url}"\nmin_delay_s = 0\n' for n, url in enumerate(urls)
    ]
    config = write_site(folder / "site")
    (folder / "site" / "config" / "sources.toml").write_text("\n".join(tables), encoding="utf-8")
    rates = {}
    (times, counts), cpu, together, largest = run(sys.executable, "-c", MSDIGEST, str(config))
    if counts[0][:2] != [FEEDS * ENTRIES, 0] or counts[1] != [0, 0, FEEDS]:
        raise SystemExit(f"msdigest found {counts}")
    rates["msdigest"] = tell(
        "msdigest", times, f"{cpu:.1f} CPU s, peak {together:.0f} MB in all processes, {largest:.0f} MB in the largest"
    )
    python = peer(folder)
    if python:
        (times, count), cpu, together, _ = run(
            python, "-c", READER, str(folder / "urls.json"), str(folder / "reader.db")
        )
        if count != FEEDS * ENTRIES:
            raise SystemExit(f"reader found {count}")
        rates["reader"] = tell("reader", times, f"{cpu:.1f} CPU s, peak {together:.0f} MB")
    (times, _), cpu, together, _ = run(sys.executable, "-c", FLOOR, str(folder / "urls.json"))
    rates["floor"] = tell("floor", times, f"{cpu:.1f} CPU s, peak {together:.0f} MB")
    for other in ("reader", "floor"):
        if other in rates:
            first, same = (mine / theirs for mine, theirs in zip(rates["msdigest"], rates[other], strict=True))
            print(f"msdigest does {first:.2f} x the first load and {same:.2f} x the 304 round of {other}")


def tell(who: str, times: list[float], more: str) -> list[float]:
    """Print a contestant's line; return its feeds/s of both rounds."""
    rates = [FEEDS / seconds for seconds in times]
    print(f"{who:>9}: first load {rates[0]:7.1f} feeds/s, all 304 {rates[1]:7.1f} feeds/s; {more}", flush=True)
    return rates


if __name__ == "__main__":
    begun = time.monotonic()
    main()
    print(f"took {time.monotonic() - begun:.0f} s")
