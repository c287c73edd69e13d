"""Delivering: what each answer of a provider does to the account."""

from __future__ import annotations

import io
import logging
from datetime import timedelta

import pytest
from tests.site import START, opened, write_site

from msdigest.demo.world import DemoWorld
from msdigest.errors import ProviderError, RefusedError
from msdigest.model.clock import FixedClock
from msdigest.model.compiled import Choice
from msdigest.ports import Failure, Reply
from msdigest.providers.fake import FakeProvider, accepting
from msdigest.render.email import reference
from msdigest.render.program import decode, join
from msdigest.render.values import selection_values
from msdigest.steps.composing import whole
from msdigest.steps.delivering import delivering
from msdigest.steps.delivering.delivering import Delivery
from msdigest.steps.subscribing import subscribing
from msdigest.store import deliveries as delivery_store
from msdigest.store import issues as issue_store
from msdigest.store import ledger, lining

PEOPLE = 25


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A site with a draft and 25 people who chose everything, made once."""
    folder = tmp_path_factory.mktemp("made")
    with DemoWorld(START.date()) as world:
        config = write_site(
            folder, sources=[{"id": "kestrel", "kind": "feed", "url": f"{world.base_url}/kestrel/feed/"}]
        )
        with opened(config, FixedClock(START)) as app:
            app.collect()
            lines = ["email,name", *(f"p{number}@example.org,Person {number}" for number in range(PEOPLE))]
            subscribing.import_people(
                app.database, app.vault, app.clock, lines=io.StringIO("\n".join(lines)), file="people.csv",
                digests=["weekly"], vocabulary=app.settings.vocabulary,
            )  # fmt: skip
            assert app.compose(app.digest("weekly"))
    return folder


@pytest.fixture
def app(made, tmp_path):
    """A copy of it, open, with a clock to move."""
    import shutil

    shutil.copytree(made, tmp_path / "site")
    with opened(tmp_path / "site" / "config" / "msdigest.toml", FixedClock(START)) as app:
        yield app


def frozen(app, provider):
    """Freeze the draft for ``provider`` and make that the one that delivers."""
    app.__dict__["provider"] = provider
    issue = app.issue(1)
    app.freeze(issue)
    return issue


def account(app):
    return app.account(1)


def batches(app):
    with app.database.reading() as connection:
        return connection.exec_driver_sql("select lo, hi, state from batches order by lo").fetchall()


def test_everybody_is_accepted_once_and_the_issue_is_sent(app) -> None:
    """The thinnest story: 25 people in calls of 10."""
    provider = FakeProvider()
    frozen(app, provider)
    done = app.deliver()

    assert done == {"accepted": PEOPLE}
    assert len(provider.accepted) == PEOPLE == provider.accepted.total()
    assert [len(each.recipients) for each in provider.shipments] == [10, 10, 5]
    assert account(app).accepted == PEOPLE
    assert app.issue(1).state == "sent"
    assert app.issue(1).sent_at == START


def test_nothing_is_sent_a_second_time(app) -> None:
    """Delivering again finds nothing to do."""
    provider = FakeProvider()
    frozen(app, provider)
    app.deliver()

    assert app.deliver() == {}
    assert provider.accepted.total() == PEOPLE
    with pytest.raises(RefusedError, match="cannot be sent again"):
        app.freeze(app.issue(1))


def test_what_was_surely_not_sent_is_tried_again_later(app) -> None:
    """A connection that failed leaves people pending, with a due time; then they get it, once."""
    answers = iter([Failure("no", "could not connect")])
    provider = FakeProvider(lambda ids: next(answers, None) or accepting(ids))
    frozen(app, provider)
    app.deliver()

    assert (account(app).accepted, account(app).pending) == (15, 10)
    assert app.deliver() == {}
    app.clock.advance(timedelta(seconds=6))
    app.deliver()
    assert account(app).accepted == PEOPLE == provider.accepted.total()


def test_a_wish_to_wait_is_obeyed(app) -> None:
    """Nothing is tried before the time that the provider named."""
    from msdigest.model.delivery import Outcome

    class Busy(FakeProvider):
        busy = True

        def parse(self, reply, shipment):
            if self.busy:
                return [Outcome("pending", reason="slow down", retry_after=90.0)] * len(shipment.recipients)
            return super().parse(reply, shipment)

    provider = Busy(max_recipients=100)
    frozen(app, provider)
    app.deliver()
    provider.busy = False
    app.clock.advance(timedelta(seconds=89))

    assert app.deliver() == {}
    app.clock.advance(timedelta(seconds=2))
    assert app.deliver() == {"accepted": PEOPLE}


def test_what_may_have_been_sent_is_unknown_and_never_tried_again(app) -> None:
    """An answer that was lost is no reason to mail anybody twice."""
    answers = iter([Failure("maybe", "the connection broke after the body")])
    provider = FakeProvider(lambda ids: next(answers, None) or accepting(ids))
    frozen(app, provider)
    app.deliver()
    app.clock.advance(timedelta(days=1, hours=-1))
    app.deliver()

    assert (account(app).accepted, account(app).unknown) == (15, 10)
    assert provider.accepted.total() == 15
    assert app.issue(1).state == "sent"
    with app.database.reading() as connection:
        listed = list(delivery_store.records(connection, 1, state="unknown"))
    assert {record.reason for record in listed} == {"the connection broke after the body"}


def test_one_bad_address_is_found_without_hurting_the_others(app) -> None:
    """A refused batch is halved until the one is alone: it is rejected, all others get their message once."""
    bad, calls = [], []

    def answer(ids):
        calls.append(len(ids))
        bad.append(ids[0]) if not bad else None
        return Reply(status=400, url="", headers={}, body=b"") if bad[0] in ids else accepting(ids)

    provider = FakeProvider(answer, max_recipients=100)
    frozen(app, provider)
    app.deliver()

    assert (account(app).accepted, account(app).rejected) == (PEOPLE - 1, 1)
    assert max(provider.accepted.values()) == 1
    assert len(calls) <= 2 * 5 + 1


def test_a_letter_that_is_rejected_for_everybody_is_held(app) -> None:
    """It cannot be all of their addresses: the issue is held, everybody stays pending and gets it once it is right."""
    wrong = [True]
    provider = FakeProvider(lambda ids: Reply(status=400, url="", headers={}, body=b"") if wrong else accepting(ids))
    frozen(app, provider)
    with pytest.raises(ProviderError, match="rejects every message"):
        app.deliver()

    assert app.issue(1).state == "held"
    assert account(app).pending == PEOPLE
    wrong.clear()
    delivering.resume(app.database, app.clock, issue=app.issue(1), digest=app.digest("weekly"))
    app.clock.advance(timedelta(minutes=20))
    app.deliver()
    assert (account(app).accepted, account(app).rejected) == (PEOPLE, 0)
    assert max(provider.accepted.values()) == 1


@pytest.mark.parametrize(
    "answer", [Failure("no", "could not connect"), Reply(status=400, url="", headers={}, body=b"")]
)
def test_who_left_during_a_call_that_came_back_gets_nothing(app, answer) -> None:
    """Not sent, or refused and halved: before the next try it is looked who is still there."""
    gone, answers = [], iter([answer])

    def answering(ids):
        first = next(answers, None)
        if first is not None:
            person = subscribing.find(app.database, app.vault, "p3@example.org")
            gone.append(app.vault.correlate("1", person.id))
            subscribing.leave(app.database, app.clock, subscriber=person.id, digest="weekly")
        return first or accepting(ids)

    provider = FakeProvider(answering, max_recipients=100)
    frozen(app, provider)
    app.deliver()
    app.clock.advance(timedelta(minutes=1))
    app.deliver()

    assert gone[0] not in provider.accepted
    assert (account(app).accepted, account(app).excluded) == (PEOPLE - 1, 1)


@pytest.mark.parametrize(
    "answer", [Failure("no", "could not connect"), Reply(status=400, url="", headers={}, body=b"")]
)
def test_cancelling_during_a_call_that_comes_back_leaves_nobody_waiting(app, answer) -> None:
    """What returns to a cancelled issue is excluded; otherwise its entries would count as told for ever."""

    def answering(_ids):
        delivering.cancel(app.database, issue=app.issue(1))
        return answer

    frozen(app, FakeProvider(answering, max_recipients=100))
    app.deliver()

    assert account(app).excluded == PEOPLE
    assert all(state == "settled" for _, _, state in batches(app))


@pytest.mark.parametrize("stop", [delivering.cancel, delivering.pause])
def test_stopping_during_the_call_that_shows_that_everybody_is_rejected(app, stop) -> None:
    """Nobody is queued for a cancelled issue once more; a paused one is mended and resumed like any that is held."""
    calls = []

    def answering(ids):
        calls.append(ids)
        if len(calls) == delivering.ALL_REJECTED:
            stop(app.database, issue=app.issue(1))
        return Reply(status=400, url="", headers={}, body=b"")

    frozen(app, FakeProvider(answering, max_recipients=1, parallel=1))
    if stop is delivering.pause:
        with pytest.raises(ProviderError, match="rejects every message"):
            app.deliver()
    else:
        app.deliver()
    paused = stop is delivering.pause
    became = account(app)

    assert (became.pending, became.rejected) == ((PEOPLE, 0) if paused else (0, delivering.ALL_REJECTED))
    assert app.issue(1).state == ("held" if paused else "cancelled")


def test_a_provider_that_is_down_for_a_day_loses_nobody(app) -> None:
    """However often it is tried, the wait stays within bounds."""
    app.__dict__["provider"] = provider = FakeProvider(lambda _: Failure("no", "down"), max_recipients=100)
    app.freeze(app.issue(1))
    for _ in range(90):
        app.deliver()
        app.clock.advance(timedelta(minutes=15, seconds=1))
    provider._answer = accepting
    app.deliver()

    assert account(app).accepted == PEOPLE


def test_refused_settings_stop_delivering_and_lose_nobody(app) -> None:
    """A wrong key is told in one sentence; everybody stays pending and gets it when it is right."""
    refuse = [True]
    provider = FakeProvider(lambda ids: Reply(status=403, url="", headers={}, body=b"") if refuse else accepting(ids))
    frozen(app, provider)
    with pytest.raises(ProviderError):
        app.deliver()
    refuse.clear()

    assert account(app).pending == PEOPLE
    app.clock.advance(timedelta(minutes=20))
    assert app.deliver() == {"accepted": PEOPLE}


def test_a_dead_process_leaves_unknown_and_claimed_goes_back(app) -> None:
    """In flight becomes unknown by name; a batch that was only claimed is sent by the next process."""

    class Dying(FakeProvider):
        def carry(self, request):
            raise KeyboardInterrupt

    frozen(app, Dying())
    with pytest.raises(KeyboardInterrupt):
        app.deliver()
    with app.database.writing() as connection:
        ledger.claim(connection, now=START, owner="dead", lease_until=START + timedelta(minutes=2))

    assert (account(app).in_flight, account(app).pending) == (10, 15)
    assert app.recover() == 10
    app.__dict__["provider"] = provider = FakeProvider()
    del app.__dict__["delivery"]
    app.deliver()
    assert (account(app).unknown, account(app).accepted) == (10, 15)
    assert provider.accepted.total() == 15


def test_who_leaves_while_it_is_sent_gets_nothing_more(app) -> None:
    """Even between building a request and starting it: it is built again without them."""
    gone = []

    class Slow(FakeProvider):
        def build(self, shipment):
            if not gone:
                gone.append(shipment.recipients[3])
                subscribing.leave(app.database, app.clock, subscriber=gone[0].subscriber, digest="weekly")
            return super().build(shipment)

    provider = Slow()
    frozen(app, provider)
    app.deliver()

    assert gone[0].delivery not in provider.accepted
    assert (account(app).accepted, account(app).excluded) == (PEOPLE - 1, 1)


def test_who_is_forgotten_while_it_is_sent_gets_nothing(app) -> None:
    """A record that is gone is excluded with its reason."""
    provider = FakeProvider()
    frozen(app, provider)
    subscribing.forget(app.database, app.vault, app.clock, who="p3@example.org")
    app.deliver()

    assert (account(app).accepted, account(app).excluded) == (PEOPLE - 1, 1)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("update subscriptions set state = 'ended' where subscriber = ?", "left"),
        ("update subscriptions set state = 'paused' where subscriber = ?", "paused"),
        (
            (
                "insert into suppressions (lookup, reason, at) "
                "select lookup, 'complaint', created from subscribers where id = ?"
            ),
            "suppressed",
        ),
    ],
    ids=["left", "paused", "suppressed"],
)
def test_who_left_while_the_issue_was_frozen_gets_nothing(app, statement, reason) -> None:
    """A freeze that saw them still queued them; the sender looks once more before it builds."""
    provider = FakeProvider()
    frozen(app, provider)
    who = subscribing.find(app.database, app.vault, "p3@example.org").id
    with app.database.writing() as connection:
        connection.exec_driver_sql(statement, (who,))
    app.deliver()
    with app.database.reading() as connection:
        (record,) = delivery_store.records(connection, 1, state="excluded")

    assert (record.subscriber, record.reason) == (who, reason)
    assert account(app).accepted == PEOPLE - 1 == provider.accepted.total()


def test_an_issue_that_is_too_late_is_held_and_can_be_sent_on(app) -> None:
    """A process that was down too long sends nothing stale; an editor may decide otherwise."""
    provider = FakeProvider()
    frozen(app, provider)
    app.clock.advance(timedelta(hours=25))

    assert app.deliver() == {}
    assert app.issue(1).state == "held"
    delivering.resume(app.database, app.clock, issue=app.issue(1), digest=app.digest("weekly"))
    assert app.deliver() == {"accepted": PEOPLE}


def test_a_cancelled_issue_sends_nothing_more(app) -> None:
    """What was queued is excluded with the reason; the account still adds up."""
    provider = FakeProvider()
    frozen(app, provider)

    assert delivering.cancel(app.database, issue=app.issue(1)) == PEOPLE
    assert app.deliver() == {}
    assert account(app).excluded == PEOPLE
    with pytest.raises(RefusedError, match="cannot be cancelled"):
        delivering.cancel(app.database, issue=app.issue(1))


def test_another_provider_than_it_was_frozen_for_is_refused(app) -> None:
    """Batches are cut for one provider; the sentence says what to do."""
    frozen(app, FakeProvider())
    app.__dict__["provider"] = FakeProvider(name="other")

    with pytest.raises(RefusedError, match="change it back"):
        app.deliver()
    assert account(app).pending == PEOPLE


def test_an_issue_of_another_provider_hinders_no_other(app) -> None:
    """It waits, and whoever delivers everything is told; this one is sent, and who sends it alone hears nothing."""
    provider = FakeProvider()
    frozen(app, provider)
    with app.database.writing() as connection:
        other = issue_store.add(connection, digest="weekly", number=9, at=START - timedelta(hours=1))
        lining.add_deliveries(
            connection, other, [lining.Decided(subscriber="f" * 32, choice=Choice(("e",)), variant="en.standard")],
            due_at=START - timedelta(hours=1),
        )  # fmt: skip
        lining.line_up(connection, other, max_recipients=10, one_selection=False)
        issue_store.freeze(connection, other, provider="postmark", now=START)
        issue_store.postpone(connection, other, not_later_than=START + timedelta(days=1))
    with pytest.raises(RefusedError, match="is queued for provider 'postmark'"):
        app.deliver()

    assert (app.issue(1).state, account(app).accepted, app.account(other).pending) == ("sent", PEOPLE, 1)
    assert +app.deliver(issue=1) == {}


def test_who_is_asked_to_stop_begins_no_call_that_was_waiting_for_its_moment(app) -> None:
    """Its batch goes back, nobody in it is in doubt, and the next run sends it."""
    provider = FakeProvider(pace=2.0, max_recipients=20)
    build = provider.build

    def slowly(shipment):
        # Only the first one: so the second is made sooner than its moment comes.
        app.clock.advance(timedelta(seconds=0 if provider.shipments else 0.2))
        return build(shipment)

    provider.build = slowly
    frozen(app, provider)

    def idle(wait):
        app.clock.advance(timedelta(seconds=wait))
        if len(provider.shipments) > 1:
            delivery.stop()

    delivery = Delivery(app.database, app.vault, app.clock, provider=provider, post=app.post, idle=idle)
    first = +delivery.run()
    account = app.account(1)
    app.clock.advance(timedelta(seconds=1))
    rest = +app.deliver()

    assert (first, rest) == ({"accepted": 20}, {"accepted": PEOPLE - 20})
    assert (account.pending, account.unknown, account.in_flight) == (PEOPLE - 20, 0, 0)
    assert set(provider.accepted.values()) == {1}


def test_a_message_equals_the_naive_way(app) -> None:
    """What is joined for a person is what Jinja2 and premailer make for them alone, byte for byte."""
    provider = FakeProvider()
    issue = frozen(app, provider)
    app.deliver()
    ((letter, people),) = provider.shipments[0].parts
    with app.database.reading() as connection:
        compiled = decode(issue_store.program_of(connection, issue.id, "en.standard"))
        contents = whole.contents_of(connection, app.issue(issue.id), app.digest("weekly"))
    choice = Choice(issue.entries)
    view = whole.view_of(contents, app.imprint, compiled.variant)
    html, text = reference(
        app.templates, view.only(choice), compiled.variant,
        selection=selection_values(compiled, choice), person=people[0].values,
    )  # fmt: skip

    assert join(letter.html, people[0].values, form="html").decode() == html
    assert join(letter.text, people[0].values, form="text").decode() == text


def test_nothing_personal_is_logged(app, caplog) -> None:
    """No address, name or token stands in a log line, whatever goes wrong."""
    caplog.set_level(logging.DEBUG, logger="msdigest")
    answers = iter([Failure("maybe", "broke"), Reply(status=400, url="", headers={}, body=b"")])
    provider = FakeProvider(lambda ids: next(answers, None) or accepting(ids))
    frozen(app, provider)
    app.deliver()

    assert caplog.records
    assert "@" not in caplog.text
    assert "Person" not in caplog.text
    assert "leave" not in caplog.text
