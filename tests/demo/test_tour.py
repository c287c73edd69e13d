"""The first minute: what the demo leaves behind is what it says."""

from __future__ import annotations

import csv
import email
import email.policy
import io
import re
from datetime import UTC, datetime

import feedparser
import pytest

from msdigest.demo.tour import toured
from msdigest.demo.world import subscribers_csv
from msdigest.errors import RefusedError
from msdigest.model.clock import FixedClock

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
