"""The first minute: what the demo leaves behind is what it says."""

from __future__ import annotations

import csv
import email
import email.policy
import io
import re
import shutil
from datetime import UTC, datetime

import feedparser
import pytest

from msdigest.app import App
from msdigest.app import read_settings as load
from msdigest.demo.tour import MARK, toured
from msdigest.demo.world import subscribers_csv
from msdigest.errors import RefusedError
from msdigest.model.clock import FixedClock
from msdigest.steps.subscribing import subscribing

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A finished demo: (its folder, its figures, what it told)."""
    folder, told = tmp_path_factory.mktemp("demo") / "site", []
    with toured(folder, FixedClock(NOW), tell=told.append) as made:
        return folder, made, told


def messages(folder):
    paths = sorted((folder / "var" / "outbox").rglob("*.eml"))
    return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]


def links(text):
    return set(re.findall(r"http://127\.0\.0\.1:\d+/[^\s\"<>]+", text))


def test_there_is_one_message_for_each_fictional_subscriber(site) -> None:
    """25 people, 25 messages, each to its own address; the account says the same."""
    folder, made, _ = site
    wanted = {row["email"] for row in csv.DictReader(io.StringIO(subscribers_csv(NOW.date())))}
    addresses = [email.utils.parseaddr(message["To"])[1] for message in messages(folder)]

    assert len(addresses) == len(set(addresses)) == 25
    assert set(addresses) == wanted
    assert (made.account.candidates, made.account.accepted) == (25, 25)
    assert made.issue.state == "sent"


def test_a_message_parses_and_its_text_has_every_entry_of_its_html(site) -> None:
    """No defects, both parts, the same links to entries in both, the headers that mailbox providers ask for."""
    for message in messages(site[0]):
        html, text = (message.get_body((kind,)).get_content() for kind in ("html", "plain"))

        assert not message.defects
        assert links(html) == links(text) != set()
        assert message["List-Unsubscribe"].startswith("<https://")
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert message["List-Id"]
        assert message["Message-ID"]
        assert len(html.encode()) <= 95_000


def test_different_topics_get_different_entries(site) -> None:
    """The messages hold at least ten different choices, and nobody without a match got anything."""
    choices = {frozenset(links(message.get_body(("html",)).get_content())) for message in messages(site[0])}

    assert len(choices) >= 10


def test_every_feed_is_read_without_a_complaint(site) -> None:
    """feedparser sets no bozo flag on any RSS or Atom feed."""
    feeds = site[0] / "var" / "public" / "feeds"
    paths = [*feeds.rglob("*.rss"), *feeds.rglob("*.atom")]
    complaints = [str(path) for path in paths if feedparser.parse(path.read_bytes()).bozo]

    assert len(paths) >= 40
    assert complaints == []


def test_the_issue_has_a_page_and_the_site_a_front(site) -> None:
    """The archive is there; what the demo told is short."""
    public = site[0] / "var" / "public"

    assert (public / "issue" / "weekly" / "1" / "index.html").is_file()
    assert (public / "index.html").is_file()
    assert (public / "sources.opml").is_file()
    assert 4 <= len(site[2]) <= 8


def _edit(folder) -> None:
    path = folder / "config" / "digests.toml"
    path.write_text(path.read_text(encoding="utf-8") + "\n# mine now\n", encoding="utf-8")


def _add(folder) -> None:
    (folder / "config" / "notes.txt").write_text("years of work", encoding="utf-8")


def _edit_a_template(folder) -> None:
    (folder / "templates" / "email" / "digest.txt.jinja").write_text("mine", encoding="utf-8")


def _lose_the_key(folder) -> None:
    (folder / "config" / "vault.key").unlink()


def _blur_the_mark(folder) -> None:
    (folder / MARK).write_text("", encoding="utf-8")


def _break_the_database(folder) -> None:
    (folder / "var" / "msdigest.db").write_text("Dear diary", encoding="utf-8")


def _subscribe(folder) -> None:
    with App(load(folder / "config" / "msdigest.toml"), FixedClock(NOW)) as app:
        subscribing.import_people(
            app.database, app.vault, app.clock, lines=["email\n", "real.person@example.org\n"], file="p.csv",
            digests=["weekly"], vocabulary=app.settings.vocabulary,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("happens", "sentence"),
    [
        (_edit, r"config/digests\.toml was changed"),
        (_add, r"config/notes\.txt was changed"),
        (_edit_a_template, r"digest\.txt\.jinja was changed"),
        (_lose_the_key, r"config/vault\.key was changed"),
        (_blur_the_mark, "does not say what the demo wrote"),
        (_break_the_database, "cannot be looked at"),
        (_subscribe, r"has 1 subscriber\(s\) of its own"),
    ],
)
def test_a_demo_that_became_a_site_is_not_deleted(site, tmp_path, happens, sentence) -> None:
    """Whoever edited it, or subscribed to it, loses nothing to a second demo."""
    mine = tmp_path / "mine"
    shutil.copytree(site[0], mine)
    happens(mine)
    before = sorted(path for path in mine.rglob("*") if path.suffix != ".lock" and "msdigest.db-" not in path.name)

    with pytest.raises(RefusedError, match=sentence) as caught, toured(mine, FixedClock(NOW), tell=lambda _: None):
        pass

    assert "choose another folder" in str(caught.value)
    assert "real.person" not in str(caught.value)
    assert [path for path in before if not path.exists()] == []


def test_a_demo_is_made_anew_and_nothing_else_is_touched(tmp_path) -> None:
    """Its own folder is replaced; somebody else's folder is refused."""
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(RefusedError, match="choose another folder"), toured(mine, FixedClock(NOW), tell=lambda _: None):
        pass
    for _ in range(2):
        with toured(tmp_path / "demo", FixedClock(NOW), tell=lambda _: None) as made:
            assert made.account.accepted == 25

    assert (mine / "thesis.txt").read_text() == "years of work"
