"""The field's real sources, served on loopback by a program of its own, and a site that collects all of them.

The world is used whenever it is there (MSDIGEST_WORLD, else ``../shared/world`` beside the repository).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from tests.site import write_site

from msdigest.app import App
from msdigest.app import read_settings as load
from msdigest.fetch.client import HttpClient
from msdigest.model.clock import FixedClock
from msdigest.store import entries as entry_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdigest.model.entry import Change, Entry

ROOT = Path(__file__).resolve().parents[1]
WORLD = Path(os.environ.get("MSDIGEST_WORLD", ROOT / ".." / "shared" / "world"))
HERE = (WORLD / "serve.py").is_file()
LATE = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
DATASETS = "/en/documents/report/{}-report_en.json"
EVERYTHING: dict[str, dict[str, Any]] = {
    "ms-blog": {"kind": "wordpress", "at": "ms-blog"},
    "iwims-posts": {"kind": "wordpress", "at": "iwims"},
    "iwims-covid": {"kind": "livingpage", "at": "iwims", "path": "/ms-and-covid-19/"},
    "ctgov-ms": {"kind": "ctgov", "at": "ctgov"},
    "isrctn-ms": {"kind": "isrctn", "at": "isrctn"},
    "ctis-ms": {"kind": "ctis", "at": "ctis"},
    "epmc-preprints": {"kind": "europepmc", "at": "europepmc", "window_days": 4000},
    "pubmed-ms": {"kind": "pubmed", "at": "pubmed", "window_days": 4000},
    "ema-dhpc": {
        "kind": "dataset", "at": "ema", "path": DATASETS.format("dhpc-output-json"), "filter": "topics.dmt",
        "key": ["name_of_medicine", "first_published_date"], "match": ["name_of_medicine", "active_substance"],
        "entry_kind": "safety",
    },
    "ema-medicines": {
        "kind": "dataset", "at": "ema", "path": DATASETS.format("medicines-output-medicines_json"),
        "filter": "topics.dmt", "key": ["ema_product_number"], "watch": ["medicine_status", "therapeutic_indication"],
        "match": ["name_of_medicine", "active_substance"], "entry_kind": "safety",
    },
    "ema-shortages": {
        "kind": "dataset", "at": "ema", "path": DATASETS.format("shortages-output-json"), "filter": "topics.dmt",
        "key": ["medicine_affected", "first_published_date"], "watch": ["supply_shortage_status"],
        "entry_kind": "safety",
    },
    "ema-news": {"kind": "feed", "at": "ema", "path": "/en/news.xml", "filter": "topics.dmt"},
    "mhra-dsu": {
        "kind": "feed", "at": "mhra", "path": "/drug-safety-update.atom", "filter": "topics.dmt", "page": "page",
        "entry_kind": "safety", "detail": "{base}/api/content{{path}}",
    },
    "fda-medwatch": {
        "kind": "feed", "at": "fda", "filter": "topics.dmt", "entry_kind": "safety",
        "path": "/about-fda/contact-fda/stay-informed/rss-feeds/medwatch/rss.xml",
    },
    "openfda-labels": {
        "kind": "dataset", "at": "openfda", "path": '/drug/label.json?search=openfda.generic_name:"{name}"&limit=5',
        "for_each": "topics.dmt", "rows": "results", "key": ["set_id"], "min_delay_s": 0.25,
        "watch": ["version", "effective_time", "boxed_warning", "recent_major_changes"], "entry_kind": "safety",
    },
}  # fmt: skip


class World:
    """The running world: where its sources are, and a way to move it."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.control = ready["control"]
        self.log = ready["control"].replace("/_control", "/_log")
        self.bases = {name: source["base"] for name, source in ready["sources"].items()}

    def do(self, **verbs: Any) -> None:
        request = urllib.request.Request(self.control, json.dumps(verbs).encode(), method="POST")
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200

    def summary(self) -> dict[str, Any]:
        with urllib.request.urlopen(self.log + "/summary") as answer:
            return json.load(answer)

    def rows(self, *names: str, **more: Any) -> list[dict[str, Any]]:
        """Return the tables of ``sources.toml`` for some or all sources."""
        rows = []
        for name in names or EVERYTHING:
            told = dict(EVERYTHING[name])
            base = self.bases[told.pop("at")]
            row = {"id": name, "url": base + told.pop("path", "")} | told | more
            if "detail" in row:
                row["detail"] = row["detail"].format(base=base)
            rows.append(row)
        return rows

    def site(self, folder: Path, *names: str, **more: Any) -> Path:
        """Write a site that collects some or all sources."""
        config = write_site(folder)
        tables = [
            "[[source]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in row.items())
            for row in self.rows(*names, **more)
        ]
        (folder / "config" / "sources.toml").write_text("\n".join(tables), encoding="utf-8")
        return config


def toml(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else json.dumps(value)


@contextmanager
def running() -> Iterator[World]:
    """Start the world as a program of its own, and end it."""
    with subprocess.Popen(
        [sys.executable, str(WORLD / "serve.py"), "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield World(json.loads(process.stdout.readline()))
        finally:
            process.terminate()
            process.wait(10)


class Patience:
    """Time in which nobody waits: whoever would sleep moves the clock on instead, the world's with ours."""

    def __init__(self, world: World | None) -> None:
        self.world = world
        self.slept = 0.0
        # Both clocks move at once for everybody who looks: else a visit could fall between them.
        self._lock = Lock()

    def clock(self) -> float:
        with self._lock:
            return time.monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        with self._lock:
            if self.world is not None:
                self.world.do(advance=seconds)
            self.slept += seconds


@contextmanager
def opened(config: Path, clock: FixedClock, *, patience: Patience | None = None, **options: Any) -> Iterator[App]:
    """Open a site whose network has the given patience; ``options`` go to its client."""
    with App(load(config, {"SINK_KEY": "k"}), clock) as app:
        waiting = {} if patience is None else {"clock": patience.clock, "sleep": patience.sleep}
        app.__dict__["http"] = HttpClient(
            contact="editor@digest.example.org",
            site_url="https://digest.example.org",
            version="1",
            allow_private=["127.0.0.0/8"],
            **waiting,
            **options,
        )
        yield app


def shown(app: App) -> list[Entry]:
    with app.database.reading() as connection:
        return entry_store.newest(connection)


def changes(app: App) -> list[Change]:
    """Return every change of a watched fact so far, oldest first."""
    with app.database.reading() as connection:
        found = entry_store.changes_between(
            connection, after=LATE - timedelta(days=9999), until=LATE + timedelta(days=999)
        )
    return [each for each in found if each.name]
