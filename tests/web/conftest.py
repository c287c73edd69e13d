"""The small site of ``scene``, who asks it, and a browser for those who look at it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.asking import Ask, asker
from tests.web.scene import site

from msdigest.app import App
from msdigest.model.issue import Issue
from msdigest.store import audience
from msdigest.web.editor import editor_app
from msdigest.web.site import public_app

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Open a site with entries and people, and no issue yet."""
    with site(tmp_path) as opened:
        yield opened


@pytest.fixture
def issue(app: App) -> Issue:
    """Compose the site's first issue."""
    made = app.compose(app.digest("weekly"))
    assert made is not None
    return made


@pytest.fixture
def who(app: App) -> dict[str, str]:
    """Return the opaque id of each person by the part of the address before the @."""
    with app.database.reading() as connection:
        members = audience.members(connection, app.vault, "weekly")
    return {member.subscriber.address.partition("@")[0]: member.subscriber.id for member in members}


@pytest.fixture
def leave_path(app: App, who: dict[str, str]) -> str:
    """Return where Ada's link leads to."""
    return f"/leave/{app.vault.sign('leave', subscriber=who['ada'], digest='weekly')}"


@pytest.fixture
def ask(app: App) -> Ask:
    """Ask the public application."""
    return asker(public_app(app), "https://digest.example")


@pytest.fixture
def ask_editor(app: App) -> Ask:
    """Ask the editor's application as a browser on this machine would."""
    return asker(editor_app(app), "http://127.0.0.1:8401")


# Not for the whole session: while it is open, its event loop occupies the thread.
@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Open Chromium; a missing one is a failure with the way out, not a skip."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("MSDIGEST_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.fail(
            "no Chromium was found: run `apt-get install chromium`, or name one in MSDIGEST_CHROMIUM", pytrace=False
        )
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()
