"""The whole small run on both databases: people, sources, an issue, the account, the outbox; and a week later again."""

from __future__ import annotations

import io
from collections import Counter
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from tests.site import DIGESTS, START, opened, write_site

from msdigest.demo.world import DemoWorld, subscribers_csv
from msdigest.model.clock import FixedClock
from msdigest.steps.subscribing import subscribing
from msdigest.store import audience
from msdigest.store import deliveries as delivery_store
from msdigest.store import entries as entry_store
from msdigest.store import issues as issue_store
from msdigest.store import sources as source_store

DAY = timedelta(days=1)
DAILY = DIGESTS.replace('"weekly"', '"daily"').replace("weekly mon 07:00", "daily 07:00")


@pytest.fixture
def run(database, tmp_path):
    """An open site on the database, with the fictional world and its 25 people."""
    with DemoWorld(START.date()) as world:
        sources = [
            {"id": "kestrel", "kind": "feed", "url": f"{world.base_url}/kestrel/feed/"},
            {"id": "harbour", "kind": "feed", "url": f"{world.base_url}/harbour/feed.atom"},
            {"id": "beacon", "kind": "livingpage", "url": f"{world.base_url}/registries/"},
        ]
        config = write_site(tmp_path, sources=sources, database=database.url, digests=DIGESTS + DAILY)
        with opened(config, FixedClock(START)) as app:
            assert app.database.is_sqlite == database.is_sqlite
            yield Run(app, world)


class Run:
    def __init__(self, app, world):
        self.app, self.world, self.clock = app, world, app.clock

    def bring(self, text, *digests):
        app = self.app
        return subscribing.import_people(
            app.database, app.vault, app.clock, lines=io.StringIO(text), file="people.csv", digests=digests,
            vocabulary=app.settings.vocabulary,
        )  # fmt: skip

    def send(self, digest="weekly"):
        """Compose, freeze and deliver; return (issue, account, mails)."""
        app = self.app
        issue = app.compose(app.digest(digest))
        app.freeze(issue)
        app.recover()
        app.deliver()
        return app.issue(issue.id), app.account(issue.id), self.mails(issue.id)

    def mails(self, issue_id):
        folder = self.app.settings.data_dir / "outbox" / str(issue_id)
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(folder.glob("*.eml"))]

    def got(self, issue_id):
        """Return subscriber → titles of the entries that the ledger says they got."""
        with self.app.database.reading() as connection:
            titles = {entry.id: entry.title for entry in entry_store.newest(connection)}
            found = {}
            for record in delivery_store.records(connection, issue_id):
                queued = delivery_store.one(connection, issue_id, record.subscriber)
                if record.state == "accepted":
                    issue = self.app.issue(issue_id)
                    chosen = delivery_store.choices_of(connection, issue, [queued.selection])[queued.selection]
                    found[record.subscriber] = {titles[entry] for entry in chosen.entries}
            return found

    def reasons(self, issue_id):
        with self.app.database.reading() as connection:
            return Counter(record.reason for record in delivery_store.records(connection, issue_id, state="excluded"))

    def members(self, digest="weekly"):
        with self.app.database.reading() as connection:
            return {each.subscriber.id: each for each in audience.all_members(connection, self.app.vault, digest)}


def test_from_the_sources_to_the_outbox(run) -> None:
    """Everybody's account is closed, and everybody's mail holds exactly what they chose."""
    imported = run.bring(subscribers_csv(START.date()), "weekly")
    reports = run.app.collect()
    issue, account, mails = run.send()
    members, got = run.members(), run.got(issue.id)
    addresses = {mail["To"].addresses[0].addr_spec for mail in mails}

    assert (imported.new, imported.refused) == (25, [])
    assert [(report.status, report.error) for report in reports] == [("ok", None)] * 3
    assert min(report.new for report in reports) > 0
    assert (issue.state, issue.number, issue.provider) == ("sent", 1, "file")
    assert account.closed
    assert account.candidates == 25 == account.accepted + account.excluded
    assert len(mails) == len(addresses) == account.accepted == len(got) > 15
    assert addresses == {members[who].subscriber.address for who in got}
    for mail in mails:
        (who,) = [who for who, each in members.items() if each.subscriber.address == mail["To"].addresses[0].addr_spec]
        text = " ".join(mail.get_body(("plain",)).get_content().split())
        everything = {title for titles in got.values() for title in titles}
        assert {title for title in everything if " ".join(title.split()) in text} == got[who]
        assert mail["List-Unsubscribe"].startswith("<https://digest.example.org/leave/")
    with run.app.database.reading() as connection:
        entries = {entry.title: entry for entry in entry_store.newest(connection)}
    for who, titles in got.items():
        asked = set(members[who].subscription.topics)
        assert all(not asked or asked & set(entries[title].topics) for title in titles)


def test_a_week_later_only_what_is_new(run) -> None:
    """The world moves on: one post more, one figure corrected. Nobody is sent what they had, nobody who left anything."""
    run.bring("email\nada@example.org\nben@example.org\ncy@example.org\n", "weekly")
    run.app.collect()
    first, _, _ = run.send()
    had = run.got(first.id)
    ids = {each.subscriber.address[:2]: who for who, each in run.members().items()}
    subscribing.leave(run.app.database, run.clock, subscriber=ids["be"], digest="weekly")
    subscribing.suppress(run.app.database, run.app.vault, run.clock, address="cy@example.org", reason="bounced")
    run.bring("email\nben@example.org\ncy@example.org\ndee@example.org\n", "weekly")

    run.clock.advance(7 * DAY)
    run.world.vary()
    reports = run.app.collect()
    second, account, mails = run.send()
    got = run.got(second.id)
    ids |= {each.subscriber.address[:2]: who for who, each in run.members().items()}

    assert sum(report.new for report in reports) == 1
    assert sum(report.changed for report in reports) == 1
    assert (second.number, len(second.entries)) == (2, 1)
    assert set(got) == {ids["ad"], ids["de"]}
    assert got[ids["ad"]] == got[ids["de"]]
    assert not got[ids["ad"]] & had[ids["ad"]]
    assert (account.candidates, account.excluded, len(mails)) == (3, 1, 2)
    assert run.reasons(second.id) == {"suppressed": 1}
    assert run.app.compose(run.app.digest("weekly")) is None


def test_two_digests_send_nothing_twice(run) -> None:
    """The same entries are candidates of both; whoever takes both gets each once."""
    run.bring("email\nada@example.org\n", "weekly", "daily")
    run.bring("email\nben@example.org\n", "daily")
    run.app.collect()
    weekly, _, _ = run.send("weekly")
    daily, account, _ = run.send("daily")
    ids = {each.subscriber.address[:2]: who for who, each in run.members("daily").items()}

    assert set(daily.entries) < set(weekly.entries)
    assert set(run.got(daily.id)) == {ids["be"]}
    assert (account.excluded, run.reasons(daily.id)) == (1, {"nothing chosen": 1})


def test_who_leaves_between_freezing_and_delivering_gets_nothing(run) -> None:
    """Left, suppressed or forgotten: withdrawn, and the account still adds up."""
    run.bring("email\nada@example.org\nben@example.org\ncy@example.org\ndee@example.org\n", "weekly")
    run.app.collect()
    issue = run.app.compose(run.app.digest("weekly"))
    run.app.freeze(issue)
    ids = {each.subscriber.address[:2]: who for who, each in run.members().items()}
    subscribing.leave(run.app.database, run.clock, subscriber=ids["ad"], digest="weekly")
    subscribing.suppress(run.app.database, run.app.vault, run.clock, address="ben@example.org", reason="complained")
    subscribing.forget(run.app.database, run.app.vault, run.clock, who="cy@example.org")
    run.app.deliver()
    account = run.app.account(issue.id)

    assert [mail["To"] for mail in run.mails(issue.id)] == ["dee@example.org"]
    assert run.reasons(issue.id) == {"left": 1, "suppressed": 1, "forgotten": 1}
    assert (account.candidates, account.accepted, account.excluded) == (4, 1, 3)
    assert run.app.issue(issue.id).state == "sent"


def test_what_is_remembered_is_the_same_on_both_databases(run) -> None:
    """Sources, entries with places and revisions, the issue with its programs: all instants aware, all of it there."""
    run.app.collect()
    run.clock.advance(DAY)
    run.world.vary()
    run.app.collect()
    issue = run.app.compose(run.app.digest("weekly"))
    with run.app.database.reading() as connection:
        states = source_store.states(connection)
        entries = entry_store.newest(connection)
        revisions = [entry_store.revisions_of(connection, entry.id) for entry in entries]
        places = [entry_store.places_of(connection, entry.id) for entry in entries]
        programs = issue_store.programs_of(connection, issue.id)
        kept = issue_store.get(connection, issue.id)

    assert {state.last_success for state in states.values()} == {START + DAY}
    assert [len(each) for each in revisions].count(2) == 1
    assert all(len(each) == 1 for each in places)
    assert all(entry.first_seen.tzinfo is not None for entry in entries)
    assert kept == issue
    assert set(programs) == {"en.standard"}
