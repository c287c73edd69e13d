"""The first minute: the whole main job on the fictional world, into a folder that stays."""

from __future__ import annotations

import io
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from msdigest.app import App
from msdigest.config.reading import load
from msdigest.demo.world import DemoWorld, demo_config, subscribers_csv
from msdigest.errors import RefusedError
from msdigest.steps import founding, subscribing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from msdigest.model.clock import Clock
    from msdigest.model.delivery import Account
    from msdigest.model.issue import Issue

MARK = ".msdigest-demo"


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

    A folder of an earlier demo is made anew. Raises RefusedError if ``folder`` holds anything else.
    """
    _clear(folder)
    today = clock.now().astimezone(UTC).date()
    with DemoWorld(today) as world:
        tell(f"Writing a site into {folder} …")
        founding.found(folder, instead=demo_config(world.base_url))
        (folder / MARK).touch()
        config = folder / "config" / "msdigest.toml"
        with App(load(config), clock) as app:
            yield _run(app, config, io.StringIO(subscribers_csv(today)), tell=tell)


def _clear(folder: Path) -> None:
    if (folder / MARK).exists():
        shutil.rmtree(folder)
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = f"{folder} is not empty and no demo made it: choose another folder with --dir"
        raise RefusedError(message)


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
