"""The first minute: the whole main job on the fictional world, into a folder that stays."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from msdigest.app import App, read_settings
from msdigest.demo.world import DemoWorld, demo_config, subscribers_csv
from msdigest.errors import MsdigestError, RefusedError
from msdigest.steps import founding
from msdigest.steps.subscribing import subscribing
from msdigest.store import audience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from msdigest.model.clock import Clock
    from msdigest.model.delivery import Account
    from msdigest.model.issue import Issue

# Holds the SHA-256 of every file that the demo wrote for the operator to edit, by its path.
MARK = ".msdigest-demo"
_EDITED = ("config", "templates")


@dataclass(frozen=True, slots=True, kw_only=True)
class Toured:
    """What the demo made: the open site, and figures for its closing table."""

    app: App
    sources: int
    entries: int
    subscribers: int
    feeds: int
    issue: Issue
    account: Account
    outbox: Path
    config: Path


@contextmanager
def toured(folder: Path, clock: Clock, *, tell: Callable[[str], None]) -> Iterator[Toured]:
    """Make the site in ``folder`` and run the main job; the fictional world answers until the block ends.

    A folder of an earlier demo is made anew. Raises RefusedError if ``folder`` holds anything else, or if somebody
    made the demo their own: edited it, or subscribed to it.
    """
    _clear(folder, clock)
    today = clock.now().astimezone(UTC).date()
    with DemoWorld(today) as world:
        tell(f"Writing a site into {folder} …")
        founding.found(folder, instead=demo_config(world.base_url))
        (folder / MARK).write_text(json.dumps(_fingerprints(folder), indent=1), encoding="utf-8")
        config = folder / "config" / "msdigest.toml"
        with App(read_settings(config), clock) as app:
            yield _run(app, config, io.StringIO(subscribers_csv(today)), tell=tell)


def _clear(folder: Path, clock: Clock) -> None:
    if (folder / MARK).exists():
        if changed := _made_their_own(folder, clock):
            message = f"{folder} is no longer a demo alone: {changed}; choose another folder with --dir"
            raise RefusedError(message)
        shutil.rmtree(folder)
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = f"{folder} is not empty and no demo made it: choose another folder with --dir"
        raise RefusedError(message)


def _made_their_own(folder: Path, clock: Clock) -> str:
    """Return what somebody changed in the demo's folder; empty if it is as the demo left it."""
    try:
        written = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except ValueError:
        return f"{MARK} does not say what the demo wrote"
    found = _fingerprints(folder)
    if edited := sorted(path for path in {*written, *found} if written.get(path) != found.get(path)):
        return f"{edited[0]} was changed"
    try:
        with App(read_settings(folder / "config" / "msdigest.toml"), clock) as app:
            strangers = _strangers(app)
    except MsdigestError as error:
        return f"its subscribers cannot be looked at ({error})"
    return f"it has {strangers} subscriber(s) of its own" if strangers else ""


def _strangers(app: App) -> int:
    """Count those who are known to the site and were not brought by the demo."""
    today = app.clock.now().astimezone(UTC).date()
    ours = {person["email"] for person in csv.DictReader(io.StringIO(subscribers_csv(today)))}
    with app.database.reading() as connection:
        known = {
            member.subscriber.address
            for digest in app.settings.digests
            for member in audience.all_members(connection, app.vault, digest.id)
        }
    return len(known - ours)


def _fingerprints(folder: Path) -> dict[str, str]:
    paths = sorted(path for name in _EDITED for path in (folder / name).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def _run(app: App, config: Path, people: io.StringIO, *, tell: Callable[[str], None]) -> Toured:
    digest = app.settings.digests[0]
    tell("Subscribing fictional people …")
    imported = subscribing.import_people(
        app.database,
        app.vault,
        app.clock,
        lines=people,
        file="demo",
        digests=[digest.id],
        vocabulary=app.settings.vocabulary,
    )
    tell("Collecting from two blogs and a living page …")
    reports = app.collect()
    if failed := [report for report in reports if report.failed]:
        raise RefusedError(failed[0].error)
    tell(f"Composing an issue of “{digest.title}” …")
    issue = app.compose(digest)
    if issue is None:
        message = "the fictional world had nothing new: its dates and this machine's clock do not agree"
        raise RefusedError(message)
    tell("Sending it into the outbox …")
    app.freeze(issue)
    with app.database.alone():
        app.deliver(issue=issue.id)
    tell("Writing feeds and pages …")
    published = app.publish()
    return Toured(
        app=app,
        sources=len(reports),
        entries=sum(report.new for report in reports),
        subscribers=imported.new,
        feeds=published.feeds,
        issue=app.issue(issue.id),
        account=app.account(issue.id),
        outbox=app.settings.data_dir / "outbox" / str(issue.id),
        config=config,
    )
