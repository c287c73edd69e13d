"""`docs/adding-a-collector.md` works: its file, its line, its tables and its scene, word for word."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fetch.loopback import Server, answer, site
from tests.site import START, write_site
from tests.world import Patience, changes, opened, shown

from msdigest.model.clock import FixedClock

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "adding-a-collector.md").read_text(encoding="utf-8")
FILE, SCENE = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
COLLECTOR, DATASET = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
(LINE,) = re.findall(r"`(\"msdigest\.collect\.\w+\",)`", PAGE)
(PATH,) = re.findall(r"^`(src/msdigest/collect/\w+\.py)`", PAGE, re.MULTILINE)
KIND = Path(PATH).stem
STUDIES = (
    b'{"id": 1, "title": "Walking", "url": "/walking", "date": "2026-10", "status": "open", "text": "<p onclick=x>Who?</p>"}\n'
    b'{"id": "2", "title": "Sleep", "status": "planned"}\n\n{"id": "3", "title": "Fatigue", "date": "2026-11-19"}\n'
)
CENTRES = [
    {"centre_id": 7, "name": "Harbour", "waiting_weeks": 3, "state": "open", "page_url": "https://harbour.example/"},
    {"centre_id": 8, "name": "Hill", "waiting_weeks": 5, "state": "open", "page_url": "https://hill.example/"},
]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy of this checkout to which the page was done."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("src", "templates", "config", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.pyc.*"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / PATH).write_text(FILE, encoding="utf-8")
    insert(folder / "src/msdigest/app.py", r"^_COLLECTORS = \(\n(?:    .*\n)*", f"    {LINE}\n")
    insert(folder / "tests/contracts/collectors.py", r"^SCENES: .* = \{\n", SCENE)
    return folder


@pytest.fixture
def pages():
    """What a server on loopback says, by path."""
    return {}


@pytest.fixture
def server(pages):
    server = Server(site(pages))
    yield server
    server.close()


def insert(path: Path, after: str, line: str) -> None:
    text, count = re.subn(after, lambda found: found[0] + line, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert count == 1, f"{path} has no place for {line}"
    path.write_text(text, encoding="utf-8")


def run(checkout: Path, *words: object, status: int = 0) -> str:
    """Run a module of Python in the copy, and with the copy; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, words)],
        cwd=checkout, env=os.environ | {"PYTHONPATH": str(checkout / "src")}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def told(table: str, server: Server) -> str:
    """Return a source's table with the server in place of the page's address."""
    text, count = re.subn(r"https://[\w.]+", server.url, table)
    assert count == 1
    return text


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_file_is_like_our_own(checkout) -> None:
    """Types and style of the page's file are in order, and so is the line in `app.py`."""
    run(checkout, "mypy", "--strict", "--cache-dir", os.devnull, PATH)
    run(checkout, "ruff", "check", "--no-cache", PATH, "src/msdigest/app.py")
    run(checkout, "ruff", "format", "--no-cache", "--check", PATH, "src/msdigest/app.py")


def test_it_keeps_to_the_contract(checkout) -> None:
    """With the page's scene, the contract's whole suite and the house's walls hold for the page's collector."""
    suites = ("tests/contracts/test_collectors.py", "tests/test_house.py")
    out = run(checkout, "pytest", "-q", "-p", "no:cacheprovider", "-k", KIND, *suites)

    passed = re.search(r"(\d+) passed, \d+ deselected", out)
    assert passed, out
    assert int(passed[1]) > 50


def test_a_site_collects_with_it(checkout, server, pages, tmp_path) -> None:
    """A site that was founded a minute ago collects its entries, and finds nothing new the second time."""
    pages["/studies.jsonl"] = answer(body=STUDIES, content_type="application/jsonl")
    here = tmp_path / "site"
    msdigest = (checkout, "msdigest", "--config", here / "config" / "msdigest.toml")
    run(checkout, "msdigest", "init", here)
    (here / "config" / "sources.toml").write_text(told(COLLECTOR, server), encoding="utf-8")
    replace(here / "config" / "msdigest.toml", "allow_private = []", 'allow_private = ["127.0.0.0/8"]')
    run(*msdigest, "check")
    first, again = (json.loads(run(*msdigest, "collect", "--json"))["sources"] for _ in range(2))
    entries = json.loads(run(*msdigest, "entries", "--json"))["entries"]

    assert [(each["id"], each["status"], each["new"]) for each in first] == [("clinic-studies", "ok", 3)]
    assert [(each["status"], each["new"], each["changed"]) for each in again] == [("ok", 0, 0)]
    assert {each["title"]: each["url"].removeprefix(server.url) for each in entries} == {
        "Walking": "/walking", "Sleep": "/studies.jsonl", "Fatigue": "/studies.jsonl",
    }  # fmt: skip


def test_a_data_set_needs_no_code(server, pages, tmp_path) -> None:
    """The page's table alone collects a data set that nobody thought of, and tells what changed in it."""
    config = write_site(tmp_path)
    (tmp_path / "config" / "sources.toml").write_text(told(DATASET, server), encoding="utf-8")
    with opened(config, FixedClock(START), patience=Patience(None)) as app:
        reports = []
        for version in (
            CENTRES,
            CENTRES,
            [CENTRES[0] | {"waiting_weeks": 9, "state": "closed", "beds": 4}, CENTRES[1]],
        ):
            pages["/centres.json"] = answer(
                body=json.dumps({"data": version}).encode(), content_type="application/json"
            )
            reports += app.collect()

        assert [(each.new, each.changed) for each in reports] == [(2, 0), (0, 0), (0, 1)]
        assert {entry.title: entry.url for entry in shown(app)} == {
            "Harbour": "https://harbour.example/", "Hill": "https://hill.example/",
        }  # fmt: skip
        assert {(each.kind, each.label, each.before, each.after) for each in changes(app)} == {
            ("label", "waiting weeks", "3", "9"), ("status", "state", "open", "closed"),
        }  # fmt: skip
