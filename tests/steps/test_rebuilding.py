"""Rebuilding: what was sent is built again from the tables alone, byte for byte, or it is told why not."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from tests.steps.scene import PEOPLE, bring, drafted, file_provider, freeze, mailgun, person

from msdigest.errors import ProviderError, RefusedError
from msdigest.model.delivery import Outcome
from msdigest.ports import Failure, Reply
from msdigest.providers.fake import FakeProvider, accepting
from msdigest.steps.delivering import delivering
from msdigest.steps.delivering.rebuilding import CHANGED, FORGOTTEN
from msdigest.steps.subscribing import subscribing
from msdigest.store import attempts as attempt_store
from msdigest.store import deliveries as delivery_store
from msdigest.store.schema import attempts, deliveries, facts

YEAR = timedelta(days=365)
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def app(database, tmp_path):
    with drafted(tmp_path / "site", database) as app:
        yield app


def send(app, provider):
    """Freeze and deliver, until nobody is left."""
    freeze(app, provider)
    for _ in range(20):
        app.deliver()
        app.clock.advance(timedelta(minutes=1))


def calls(app):
    """Return (recipients, outcome) of every call."""
    with app.database.reading() as connection:
        rows = connection.execute(attempts.select().order_by(attempts.c.started_at, attempts.c.lo)).all()
    return [(row.recipients, row.outcome) for row in rows]


@pytest.mark.parametrize("kind", ["file", "mailgun"])
def test_everything_is_the_same_a_year_later(app, kind) -> None:
    """Requests of a provider that substitutes and of one that does not, in several variants and choices."""
    send(app, file_provider(app) if kind == "file" else mailgun())
    before = calls(app)
    app.clock.advance(YEAR)
    told = []
    done = app.rebuild(app.issue(1), progress=told.append)

    assert len(before) == (1 if kind == "file" else 7)
    assert (done.same, done.requests) == (len(before), len(before))
    assert (done.missing, done.different, done.written) == ({}, [], 0)
    assert sum(told) == PEOPLE
    assert calls(app) == before


@only_sqlite
def test_messages_are_written_as_they_were_sent(app, tmp_path) -> None:
    """The same files with the same bytes, for nobody else to read; again is no fault, and a link is not followed."""
    send(app, file_provider(app))
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    sent = {path.name: path.read_bytes() for path in (app.settings.data_dir / "outbox" / "1").glob("*.eml")}
    out.mkdir()
    elsewhere.write_bytes(b"mine")
    name = next(iter(sent))
    (out / name).symlink_to(elsewhere)
    (out / name).with_suffix(".part").symlink_to(elsewhere)
    first, second = (app.rebuild(app.issue(1), out=out) for _ in range(2))

    assert {path.name: path.read_bytes() for path in out.iterdir()} == sent
    assert first.written == second.written == PEOPLE
    assert {stat.S_IMODE(path.lstat().st_mode) for path in out.iterdir()} == {0o600}
    assert elsewhere.read_bytes() == b"mine"


@only_sqlite
def test_a_folder_of_messages_is_ours_alone(app, tmp_path) -> None:
    """Mailgun's recipients get one file each; the folder is made with mode 700."""
    send(app, mailgun())
    done = app.rebuild(app.issue(1), out=tmp_path / "new" / "out")

    assert done.written == PEOPLE == len(list((tmp_path / "new" / "out").glob("*.eml")))
    assert stat.S_IMODE((tmp_path / "new" / "out").stat().st_mode) == 0o700


# --------------------------------------------------------------------------------------------------- who was in it


class Leaving(FakeProvider):
    """Somebody leaves between the building of the first request and its start."""

    def __init__(self, app, **words):
        super().__init__(**words)
        self.app, self.gone = app, []

    def build(self, shipment):
        if not self.gone:
            self.gone.append(shipment.recipients[3].subscriber)
            subscribing.leave(self.app.database, self.app.clock, subscriber=self.gone[0], digest="weekly")
        return super().build(shipment)


class Mixed(FakeProvider):
    """Of the first call only every second person is accepted, one is rejected, the others wait."""

    def parse(self, reply, shipment):
        outcomes = super().parse(reply, shipment)
        if len(self.shipments) == 1:
            outcomes[1::2] = [Outcome("pending", reason="busy")] * len(outcomes[1::2])
            outcomes[0] = Outcome("rejected", reason="no such box")
        return outcomes


def once(answer):
    """Answer so to the first call, and accept the others."""
    answers = iter([answer])
    return lambda ids: next(answers, None) or accepting(ids)


def bad(*names):
    """Refuse every call that has one of these messages in it; names are filled in later."""
    return lambda ids: Reply(status=400, url="", headers={}, body=b"") if set(names) & set(ids) else accepting(ids)


def a_bad_address(app):
    names = [app.vault.correlate("1", person(app, number)) for number in (4, 17)]
    return FakeProvider(bad(*names), max_recipients=100, substitutes=False)


STORIES = {
    "calls of ten": lambda _: FakeProvider(substitutes=False),
    "a call that failed": lambda _: FakeProvider(once(Failure("no", "could not connect")), substitutes=False),
    "a call that is unknown": lambda _: FakeProvider(once(Failure("maybe", "broke")), substitutes=False),
    "somebody left before the start": lambda app: Leaving(app, substitutes=False),
    "two bad addresses": a_bad_address,
    "some are accepted": lambda _: Mixed(substitutes=False),
    "one choice a call": lambda _: FakeProvider(),
}


@pytest.mark.parametrize("story", STORIES)
def test_who_was_in_a_call_is_known_from_the_tables(app, story) -> None:
    """However often positions were tried and halved, and whoever left, exactly the same people are found."""
    provider = STORIES[story](app)
    send(app, provider)
    taken = [outcome for _, outcome in calls(app) if outcome in {"accepted", "mixed"}]
    done = app.rebuild(app.issue(1))

    assert len(taken) > 1
    assert (done.same, done.requests, done.different) == (len(taken), len(taken), [])


@only_sqlite
def test_who_left_while_a_call_failed_is_in_the_first_and_not_in_the_second(app) -> None:
    """The count of attempts tells it, without a word about who was in which."""

    def answer(ids):
        if len(provider.shipments) == 1:
            subscribing.leave(app.database, app.clock, subscriber=person(app, 3), digest="weekly")
            return Failure("no", "could not connect")
        return accepting(ids)

    provider = FakeProvider(answer, max_recipients=100, substitutes=False)
    send(app, provider)
    with app.database.reading() as connection:
        (attempt,) = attempt_store.taken(connection, 1)
        people = attempt_store.people_in(connection, attempt)

    assert [recipients for recipients, _ in calls(app)] == [PEOPLE, PEOPLE - 1]
    assert (attempt.turn, attempt.recipients) == (2, PEOPLE - 1)
    assert {each.subscriber for each in people} == {each.subscriber for each in provider.shipments[1].recipients}
    assert app.rebuild(app.issue(1)).same == 1


@only_sqlite
def test_rejections_that_were_taken_back(app) -> None:
    """An issue that was held because everybody was rejected, and sent when it was right."""
    wrong = [True]
    provider = FakeProvider(lambda ids: bad(*ids)(ids) if wrong else accepting(ids), substitutes=False)
    freeze(app, provider)
    with pytest.raises(ProviderError, match="rejects every message"):
        app.deliver()
    wrong.clear()
    delivering.resume(app.database, app.clock, issue=app.issue(1), digest=app.digest("weekly"))
    for _ in range(20):
        app.clock.advance(timedelta(minutes=1))
        app.deliver()
    done = app.rebuild(app.issue(1))

    assert app.account(1).accepted == PEOPLE
    assert (done.same, done.different) == (done.requests, [])


# ------------------------------------------------------------------------------------------------ what cannot be


def test_forgotten_and_changed_people_are_told_one_by_one(app, tmp_path) -> None:
    """By opaque id with a sentence; everybody else's message is still written, and nothing of this is a fault."""
    send(app, mailgun())
    forgotten, changed = person(app, 3), person(app, 4)
    app.clock.advance(timedelta(days=1))
    subscribing.forget(app.database, app.vault, app.clock, who=forgotten)
    bring(app, "email,name\np4@example.org,Another\n")
    done = app.rebuild(app.issue(1), out=tmp_path / "out")
    alone = app.rebuild(app.issue(1), who=forgotten[:8])

    assert done.missing == {forgotten: FORGOTTEN, changed: CHANGED}
    assert done.different == []
    assert 0 < done.same < done.requests == 7
    assert done.written == PEOPLE - 2
    assert (alone.requests, alone.same, alone.missing[forgotten]) == (1, 0, FORGOTTEN)


@only_sqlite
def test_what_changed_and_makes_no_difference_is_no_difference(app) -> None:
    """Who left, was suppressed or looks at another theme: their message is what it was."""
    send(app, file_provider(app))
    app.clock.advance(timedelta(days=1))
    subscribing.leave(app.database, app.clock, subscriber=person(app, 1), digest="weekly")
    subscribing.suppress(app.database, app.vault, app.clock, address="p2@example.org", reason="bounced")
    bring(app, "email,theme,topics,kinds\np4@example.org,low-glare,sleep,work\n")
    done = app.rebuild(app.issue(1))

    assert (done.same, done.missing) == (1, {})


def other_address(app):
    app.settings = replace(app.settings, site_url="https://other.example")


def other_hash(app):
    with app.database.writing() as connection:
        connection.execute(update(attempts).values(payload_hash="0" * 64))


def other_account(app):
    with app.database.writing() as connection:
        connection.execute(update(deliveries).where(deliveries.c.position == 1).values(attempts=0))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (other_address, "nobody in it changed: were [site] url"),
        (other_hash, "nobody in it changed"),
        (other_account, "the ledger tells of 25 people in it, and 24 are found"),
    ],
)
@only_sqlite
def test_what_differs_and_should_not_is_told(app, tmp_path, spoil, reason) -> None:
    """With the call and its positions; nothing of it is written as if it had been sent."""
    send(app, file_provider(app))
    spoil(app)
    done = app.rebuild(app.issue(1), out=tmp_path / "out")
    (different,) = done.different

    assert (done.same, done.requests, done.missing, done.written) == (0, 1, {}, 0)
    assert (different.lo, different.hi) == (1, PEOPLE)
    assert different.reason.startswith(reason)


@only_sqlite
def test_one_person_alone(app, tmp_path) -> None:
    """Only the call that they were in is built, and only their message is written."""
    send(app, mailgun())
    who = person(app, 5)
    done = app.rebuild(app.issue(1), who=who[:6].upper(), out=tmp_path / "out")
    (path,) = (tmp_path / "out").iterdir()

    assert (done.same, done.requests, done.written) == (1, 1, 1)
    assert path.stem == app.vault.correlate("1", who)
    assert b"To: Person 5 <p5@example.org>" in path.read_bytes()


@only_sqlite
def test_what_cannot_be_rebuilt_at_all_is_refused(app) -> None:
    """An issue that nobody got, a person who is not in it, a provider of another time: each in one sentence."""
    with pytest.raises(RefusedError, match="nothing of issue 1 was accepted yet: there is nothing to rebuild"):
        app.rebuild(app.issue(1))
    freeze(app, file_provider(app))
    with pytest.raises(RefusedError, match="nothing of issue 1 was accepted yet for this person"):
        app.rebuild(app.issue(1), who=person(app, 1))
    app.deliver()
    for who in ("p1@example.org", person(app, 1)[:5], "f" * 32):
        with pytest.raises(RefusedError, match="nobody with that id is in the account of issue 1"):
            app.rebuild(app.issue(1), who=who)
    app.__dict__["provider"] = mailgun()
    with pytest.raises(RefusedError, match=r"was sent through provider 'file', and .* is 'mailgun': change it back"):
        app.rebuild(app.issue(1))


@only_sqlite
def test_who_was_withdrawn_has_no_message(app, monkeypatch) -> None:
    """Among the positions of a call and not in it; and a beginning of several ids is nobody."""
    freeze(app, file_provider(app))
    who = person(app, 3)
    subscribing.leave(app.database, app.clock, subscriber=who, digest="weekly")
    app.deliver()

    with pytest.raises(RefusedError, match="nothing of issue 1 was accepted yet for this person"):
        app.rebuild(app.issue(1), who=who)
    monkeypatch.setattr(attempt_store, "places", lambda *_: [(who, 1), (person(app, 4), 2)])
    with pytest.raises(RefusedError, match="the ids of several people begin so"):
        app.rebuild(app.issue(1), who=who)


@only_sqlite
def test_nothing_is_written_into_the_tables(app) -> None:
    """Whoever rebuilds only reads."""
    send(app, file_provider(app))

    def everything():
        with app.database.reading() as connection:
            return [connection.execute(table.select()).all() for table in (attempts, deliveries, facts)]

    before = everything()
    app.rebuild(app.issue(1))

    assert everything() == before
    with app.database.reading() as connection:
        assert {each.state for each in delivery_store.records(connection, 1)} == {"accepted"}
