"""Reconciling: calls that ended in doubt are asked about, or made again where that is safe; nobody is mailed twice."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from tests.site import START, opened, write_site
from tests.steps.scene import ENTRIES, PEOPLE, ROWS, bring, drafted, freeze, person

from msdigest.errors import RefusedError
from msdigest.model.clock import FixedClock
from msdigest.model.delivery import Found
from msdigest.ports import Failure, Posted
from msdigest.providers.fake import LOST, PROOF, TAKEN_AND_LOST, FakeProvider, accepting, replying
from msdigest.steps.delivering import delivering, reconciling
from msdigest.steps.delivering.delivering import Delivery
from msdigest.steps.subscribing import subscribing
from msdigest.store import deliveries as delivery_store
from msdigest.store import doubts, keeping, ledger

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NO = Failure("no", "could not connect")
ONE_CALL = {"max_recipients": 100, "substitutes": False}


def seconds(number):
    return timedelta(seconds=number)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A site with a draft and 25 people, made once."""
    folder = tmp_path_factory.mktemp("made")
    with opened(write_site(folder), FixedClock(START)) as app:
        bring(app, ROWS)
        with app.database.writing() as connection:
            found = [keeping.Found(entry=entry, shown="", marks=()) for entry in ENTRIES]
            keeping.keep(connection, found, source="blog", gone=(), now=START)
        assert app.compose(app.digest("weekly"))
    return folder


@pytest.fixture
def app(made, tmp_path):
    """A copy of it, open, with a clock to move."""
    shutil.copytree(made, tmp_path / "site")
    with opened(tmp_path / "site" / "config" / "msdigest.toml", FixedClock(START)) as app:
        yield app


class First:
    """Answers the first call or calls as told, and accepts everybody afterwards; ``calls`` keeps who was in each."""

    def __init__(self, *answers):
        self.answers, self.calls = list(answers), []

    def __call__(self, ids):
        self.calls.append(list(ids))
        answer = self.answers.pop(0) if self.answers else accepting
        return answer(ids) if callable(answer) else answer


def sent(app, *answers, **words):
    """Freeze the draft and deliver it through a fake that answers the first calls so; return the fake."""
    answer = First(*answers)
    provider = FakeProvider(answer, **(ONE_CALL | words))
    provider.calls = answer.calls
    freeze(app, provider)
    app.deliver()
    return provider


def after(app, wait):
    """Let time go by, and deliver what is due then."""
    app.clock.advance(wait)
    return +app.deliver()


def states(app):
    """Return state → how many."""
    with app.database.reading() as connection:
        return Counter(record.state for record in delivery_store.records(connection, 1))


def asked_since(call):
    """Return what asking brought; what was known of the call itself still stands before it."""
    known, _, since = call.evidence.partition(" · asked since: ")
    assert known.startswith("the connection broke")
    assert " · asked since: " not in since
    return since


def open_ones(app):
    with app.database.reading() as connection:
        return doubts.open_ones(connection)


def correlated(app, number):
    return app.vault.correlate("1", person(app, number))


# ------------------------------------------------------------------------------------------------------ it is asked


def test_a_call_that_arrived_is_settled_as_a_whole(app) -> None:
    """The answer was lost, the mail was not: two seconds later the provider knows of it, and nothing is sent again."""
    provider = sent(app, TAKEN_AND_LOST, remembers=DAY)
    before, early = states(app), after(app, seconds(1))
    found = after(app, seconds(1))

    assert (before, early, found) == ({"unknown": PEOPLE}, {}, {"accepted": PEOPLE})
    assert states(app) == {"accepted": PEOPLE}
    assert (len(provider.calls), len(provider.asked), set(provider.accepted.values())) == (1, 1, {1})
    assert open_ones(app) == []


def test_one_message_that_is_found_settles_the_whole_call(app) -> None:
    """Where a provider takes a call as a whole."""
    provider = sent(app, TAKEN_AND_LOST, remembers=DAY)
    ((attempt, ids),) = provider.taken.items()
    provider.taken[attempt] = ids[7:8]

    assert after(app, seconds(2)) == {"accepted": PEOPLE}
    assert states(app) == {"accepted": PEOPLE}


def test_each_person_is_settled_alone_where_each_has_an_answer(app) -> None:
    """Those who are found are accepted, the others are asked about again, until they are found too."""
    provider = sent(app, TAKEN_AND_LOST, whole=False, remembers=DAY)
    ((attempt, ids),) = provider.taken.items()
    provider.taken[attempt] = ids[:20]
    first, left = after(app, seconds(2)), states(app)
    provider.taken[attempt] = ids
    second = after(app, timedelta(minutes=1))

    assert (first, left) == ({"accepted": 20}, {"accepted": 20, "unknown": 5})
    assert (second, states(app)) == ({"accepted": 5}, {"accepted": PEOPLE})
    assert len(provider.calls) == 1


def test_what_it_tells_of_others_settles_nobody(app) -> None:
    """In a call of which some were accepted at once, only the others are in doubt, and they are not found for ever."""
    mixed = {}

    def answer(ids):
        mixed.update(dict.fromkeys(ids, "accepted") | {ids[3]: "unknown"})
        return replying(207, json.dumps(mixed).encode())

    provider = sent(app, answer, whole=False, remembers=HOUR)
    before, found = states(app), after(app, seconds(2))
    asked = len(provider.asked)
    for _ in range(9):
        after(app, HOUR / 2)

    assert (before, found, asked) == ({"accepted": 24, "unknown": 1}, {}, 1)
    assert states(app) == before
    assert 2 <= len(provider.asked) <= 5
    assert [each.ask_at for each in open_ones(app)] == [None]


def test_whom_an_event_settled_stays_as_they_are(app) -> None:
    """A bounce that was told in the meantime is not undone by the answer about the whole call."""
    sent(app, TAKEN_AND_LOST, remembers=DAY)
    event = {
        "kind": "bounced",
        "address": "p3@example.org",
        "issue": 1,
        "delivery": correlated(app, 3),
        "permanent": True,
    }
    app.hear(Posted(headers=PROOF, body=json.dumps([event]).encode()))
    found = after(app, seconds(2))

    assert found == {"accepted": PEOPLE - 1}
    assert states(app) == {"accepted": PEOPLE - 1, "bounced": 1}


def test_whom_events_settled_is_not_asked_about(app) -> None:
    """Everybody in the call was told of: no question, and the call is off the list."""
    provider = sent(app, TAKEN_AND_LOST, remembers=DAY)
    events = [
        {"kind": "delivered", "address": f"p{number}@example.org", "issue": 1, "delivery": correlated(app, number)}
        for number in range(PEOPLE)
    ]
    app.hear(Posted(headers=PROOF, body=json.dumps(events).encode()))

    assert after(app, seconds(2)) == {}
    assert (provider.asked, states(app), open_ones(app)) == ([], {"delivered": PEOPLE}, [])


def test_what_it_does_not_know_is_asked_again_at_longer_gaps_and_at_last_no_more(app) -> None:
    """At these very seconds after the call; then the editor reads how often it was asked; nobody is sent anything."""
    provider = sent(app, LOST, remembers=DAY)
    moments = []
    while ask_at := open_ones(app)[0].ask_at:
        assert after(app, ask_at - app.clock.now() - seconds(1)) == {}
        assert len(provider.asked) == len(moments)
        after(app, seconds(1))
        moments.append((app.clock.now() - START).total_seconds())
    (call,) = open_ones(app)

    assert moments == [2, 32, 152, 752, 2_552, 9_752, 31_352, 52_952, 74_552]
    assert call.asked == len(provider.asked) == len(moments)
    assert asked_since(call) == "asked 9 x, fake does not know of it (last 2026-11-21 08:42 UTC)"
    assert (len(provider.calls), states(app)) == (1, {"unknown": PEOPLE})


@pytest.mark.parametrize(
    ("trouble", "wait", "evidence"),
    [
        pytest.param(replying(500), 300, "the fake answered 500", id="500"),
        pytest.param(replying(429, retry_after="37"), 37, "the fake answered 429", id="429"),
        pytest.param(replying(429, retry_after="999999999"), 86_400, "the fake answered 429", id="429 for years"),
        pytest.param(Failure("no", "could not connect"), 300, "could not connect", id="no connection"),
        pytest.param(replying(403), 300, "the fake refuses the settings", id="refused settings"),
    ],
)
def test_an_answer_that_tells_nothing_does_not_count(app, trouble, wait, evidence) -> None:
    """It is written down and the question is put again later, when the provider or the settings are well."""
    provider = sent(app, TAKEN_AND_LOST, remembers=10 * DAY)
    provider.asking = lambda _: trouble
    found = after(app, seconds(2))
    (call,) = open_ones(app)
    provider.asking = lambda _: None
    early = after(app, seconds(wait - 1))

    assert (found, early, call.asked, asked_since(call)) == ({}, {}, 0, evidence)
    assert call.ask_at == START + seconds(2 + wait)
    assert after(app, seconds(1)) == {"accepted": PEOPLE}


def test_a_provider_that_cannot_be_asked(app) -> None:
    """Says so once; the call stays on the editor's list."""
    provider = sent(app, TAKEN_AND_LOST)
    after(app, seconds(2))
    after(app, DAY)
    (call,) = open_ones(app)

    assert (provider.asked, call.ask_at) == ([], None)
    assert asked_since(call) == "fake cannot be asked: its events tell, or an editor decides"


def test_another_provider_is_not_asked_about_it(app) -> None:
    """It would not know; when the first one is back it is asked, and knows."""
    first = sent(app, TAKEN_AND_LOST, remembers=DAY)
    other = FakeProvider(name="other", remembers=DAY, repeats=DAY)
    app.__dict__["provider"] = other
    del app.__dict__["delivery"]
    found = after(app, seconds(2))
    (call,) = open_ones(app)
    app.__dict__["provider"] = first
    del app.__dict__["delivery"]

    assert (found, other.asked, other.shipments) == ({}, [], [])
    assert (asked_since(call), call.ask_at) == (
        "fake cannot be asked while [mail] provider is 'other': change it back",
        START + seconds(302),
    )
    assert after(app, seconds(300)) == {"accepted": PEOPLE}


class Paged(FakeProvider):
    """Tells what it accepted on pages of four; ``endless``: and never says that it was the last."""

    endless = False

    def search(self, doubt, *, page=""):
        return replace(super().search(doubt), headers={"attempt": doubt.attempt, "page": page or "0"})

    def carry(self, request):
        reply = super().carry(request)
        if request.method == "POST":
            return reply
        begin = 4 * int(request.headers["page"])
        told = json.loads(reply.body)
        more = str(begin // 4 + 1) if self.endless or begin + 4 < len(told) else ""
        return replying(200, json.dumps([told[begin : begin + 4], more]).encode())

    def found(self, reply, doubt):
        told, more = json.loads(reply.body)
        return Found(accepted=dict.fromkeys(told), more=more)


@pytest.mark.parametrize(("whole", "pages"), [(False, 7), (True, 1)])
def test_an_answer_on_many_pages(app, whole, pages) -> None:
    """Each is read until everybody is found; the first one is enough where a call is taken as a whole."""
    freeze(app, provider := Paged(First(TAKEN_AND_LOST), **ONE_CALL, whole=whole, remembers=DAY))
    app.deliver()

    assert after(app, seconds(2)) == {"accepted": PEOPLE}
    assert len(provider.asked) == pages


def test_an_answer_that_never_ends(app) -> None:
    """Is trouble: it is left after a hundred pages."""
    provider = Paged(First(LOST), **ONE_CALL, remembers=DAY)
    provider.endless = True
    freeze(app, provider)
    app.deliver()
    found = after(app, seconds(2))

    assert (found, len(provider.asked)) == ({}, 100)
    assert [asked_since(each) for each in open_ones(app)] == ["its answer has more than 100 pages"]


def test_who_was_forgotten_cannot_be_asked_about(app) -> None:
    """Nobody is left in the doubt; the others' calls are asked about as ever."""
    provider = sent(app, TAKEN_AND_LOST, max_recipients=1, remembers=DAY)
    with app.database.reading() as connection:
        (call,) = doubts.open_ones(connection)
        (lost,) = doubts.people(connection, call)
    number = next(each for each in range(PEOPLE) if person(app, each) == lost.subscriber)
    subscribing.forget(app.database, app.vault, app.clock, who=f"p{number}@example.org")
    after(app, seconds(2))
    (call,) = open_ones(app)

    assert (provider.asked, call.ask_at) == ([], None)
    assert asked_since(call) == "whoever is unknown was forgotten: nobody can be asked about"


def test_everything_can_be_asked_about_at_once(app) -> None:
    """Also what was given up, and what is not due yet, of one issue or of all; what is unknown stays so."""
    provider = sent(app, TAKEN_AND_LOST, LOST, max_recipients=10, remembers=HOUR)
    nothing, found = app.reconcile(issue=2), app.reconcile(issue=1)
    after(app, DAY)
    given_up = [each.ask_at for each in open_ones(app)]
    again = app.reconcile()

    assert (nothing, found, again) == ({}, {"accepted": 10}, {})
    assert given_up == [None]
    assert len(provider.asked) == 4
    assert states(app) == {"accepted": 15, "unknown": 10}


# ------------------------------------------------------------------------------------------------ it is made again


def test_the_same_call_again_is_sent_once(app) -> None:
    """Whether the first one arrived or not: the provider answers it, and everybody has one mail."""
    provider = sent(app, TAKEN_AND_LOST, LOST, max_recipients=10, repeats=HOUR)
    found = after(app, seconds(2))

    assert (found, states(app)) == ({"accepted": 20}, {"accepted": PEOPLE})
    assert (provider.accepted.total(), set(provider.accepted.values()), provider.asked) == (PEOPLE, {1}, [])
    assert len({each.attempt for each in provider.shipments}) == 3
    assert app.issue(1).state == "sent"


def test_a_repeated_call_that_is_lost_too_is_made_again(app) -> None:
    """At longer and longer gaps, and no longer than the provider keeps it in mind."""
    provider = sent(app, *[LOST] * 99, repeats=timedelta(minutes=10))
    moments = []
    while ask_at := open_ones(app)[0].ask_at:
        after(app, ask_at - app.clock.now())
        moments.append((app.clock.now() - START).total_seconds())
    (call,) = open_ones(app)

    assert moments == [2, 8, 32, 152, 512, 1952]
    # The last time it is too late for the same call: a provider that cannot be asked is left alone.
    assert len(provider.calls) == len(moments)
    assert asked_since(call) == "fake cannot be asked: its events tell, or an editor decides"
    assert states(app) == {"unknown": PEOPLE}


@pytest.mark.parametrize(("ahead", "became"), [(timedelta(minutes=1), "accepted"), (HOUR, "unknown")])
def test_a_call_out_of_the_future_is_not_made_again(app, ahead, became) -> None:
    """A clock that was ahead when it began was set right: how long the provider has had it in mind, nobody knows."""
    app.clock.advance(ahead)
    provider = sent(app, LOST, repeats=HOUR)
    app.clock.advance(-ahead)
    reconciled = app.reconcile()

    assert (+reconciled, states(app)) == ({"accepted": PEOPLE} if became == "accepted" else {}, {became: PEOPLE})
    assert len(provider.calls) == (2 if became == "accepted" else 1)


@pytest.mark.parametrize(
    ("answer", "wait"), [(NO, 6), (replying(429, retry_after="90"), 90), (replying(500), 6), (replying(429), 6)]
)
def test_a_repeated_call_that_tells_nothing_leaves_everybody_unknown(app, answer, wait) -> None:
    """ "Not now" is said of the second call and tells nothing of the first; it is made again when it may be."""
    provider = sent(app, LOST, answer, repeats=HOUR)
    found, left = after(app, seconds(2)), states(app)
    early = after(app, seconds(wait - 1))

    assert (found, left, early) == ({}, {"unknown": PEOPLE}, {})
    assert after(app, seconds(1)) == {"accepted": PEOPLE}
    assert set(provider.accepted.values()) == {1}


def test_a_repeated_call_that_is_refused_for_one_address_hurts_nobody_else(app) -> None:
    """Nobody got it then: it is queued, and halved like every call that is refused as a whole."""
    bad = []

    def refused(ids):
        bad[:] = bad or ids[4:5]
        return replying(400)

    provider = sent(
        app, LOST, refused, *[lambda ids: replying(400) if bad[0] in ids else accepting(ids)] * 20, repeats=HOUR
    )
    before, found = app.issue(1).state, after(app, seconds(2))

    assert before == "sent"
    assert found == {"pending": PEOPLE, "accepted": PEOPLE - 1, "rejected": 1}
    assert (states(app), app.issue(1).state) == ({"accepted": PEOPLE - 1, "rejected": 1}, "sent")
    assert set(provider.accepted.values()) == {1}
    assert bad[0] not in provider.accepted


def test_a_repeated_call_with_an_answer_for_each(app) -> None:
    """Everybody who was in doubt gets their own, also who is refused; whoever was settled keeps theirs."""
    told = iter((["accepted", "unknown", "unknown"], ["rejected", "rejected", "accepted"]))

    def each(ids):
        answers = dict.fromkeys(ids, "accepted") | dict(zip(ids, next(told), strict=False))
        return replying(207, json.dumps(answers).encode())

    provider = sent(app, each, each, whole=False, repeats=HOUR)
    provider._first.clear()
    before, found = states(app), after(app, seconds(2))

    assert before == {"accepted": PEOPLE - 2, "unknown": 2}
    assert found == {"rejected": 1, "accepted": 1}
    assert states(app) == {"accepted": PEOPLE - 1, "rejected": 1}


class Padded(FakeProvider):
    """Writes so many spaces behind the body."""

    spaces = 0

    def build(self, shipment):
        request = super().build(shipment)
        return replace(request, body=request.body + b" " * self.spaces)


def _sql(statement):
    def change(app):
        with app.database.writing() as connection:
            connection.exec_driver_sql(statement, (person(app, 3),))

    return change


def _other_bytes(app):
    app.provider.spaces = 1


CHANGES = {
    "nothing": (lambda _: None, True),
    "just in its time": (lambda app: app.clock.advance(HOUR - seconds(2)), True),
    "past its time": (lambda app: app.clock.advance(HOUR), False),
    "other bytes": (_other_bytes, False),
    "somebody left": (_sql("update subscriptions set state = 'ended' where subscriber = ?"), False),
    "somebody paused": (_sql("update subscriptions set state = 'paused' where subscriber = ?"), False),
    "somebody is suppressed": (
        _sql("insert into suppressions (lookup, reason, at) select lookup, 'complaint', created from subscribers where id = ?"),
        False,
    ),
    "somebody is forgotten": (
        lambda app: subscribing.forget(app.database, app.vault, app.clock, who="p3@example.org"), False,
    ),
    "the issue is late": (_sql("update issues set not_later_than = due_at where ? <> ''"), False),
    "the issue is held": (_sql("update issues set state = 'held' where ? <> ''"), False),
    "the issue is cancelled": (_sql("update issues set state = 'cancelled' where ? <> ''"), False),
}  # fmt: skip


@pytest.mark.parametrize("arrived", [True, False], ids=["arrived", "lost"])
@pytest.mark.parametrize(("change", "again"), CHANGES.values(), ids=CHANGES)
def test_a_call_is_made_again_only_if_it_is_the_same_and_still_wanted(app, change, again, arrived) -> None:
    """Otherwise the provider is asked, and what it knows counts; a call that nobody wants any more is not made."""
    answer = First(TAKEN_AND_LOST if arrived else LOST)
    freeze(app, provider := Padded(answer, **ONE_CALL, repeats=HOUR, remembers=DAY))
    app.deliver()
    change(app)
    found = after(app, seconds(2))

    assert len(provider.asked) == (not again)
    assert len(answer.calls) == 1 + (again and not arrived)
    assert found == ({"accepted": PEOPLE} if again or arrived else {})
    assert max(provider.accepted.values(), default=0) <= 1
    assert app.account(1).closed


def test_a_call_in_which_somebody_else_was_forgotten_is_not_made_again(app) -> None:
    """Whoever had their mail and is forgotten cannot be written into it any more: the provider is asked instead."""
    doubtful = correlated(app, 5)

    def each(ids):
        return replying(207, json.dumps(dict.fromkeys(ids, "accepted") | {doubtful: "unknown"}).encode())

    provider = sent(app, each, whole=False, repeats=HOUR, remembers=DAY)
    ((attempt, ids),) = provider.taken.items()
    provider.taken[attempt] = [*ids, doubtful]
    subscribing.forget(app.database, app.vault, app.clock, who="p3@example.org")

    assert after(app, seconds(2)) == {"accepted": 1}
    assert (provider.asked, len(provider.calls)) == ([attempt], 1)
    assert states(app) == {"accepted": PEOPLE}


def test_a_process_that_dies_between_the_repeated_call_and_its_answer(app) -> None:
    """Leaves everybody unknown; the next one waits until that one cannot be at it any more, and finds out."""

    class Dying(FakeProvider):
        dies = False

        def carry(self, request):
            reply = super().carry(request)
            if self.dies:
                raise KeyboardInterrupt
            return reply

    provider = Dying(First(LOST), **ONE_CALL, repeats=HOUR)
    freeze(app, provider)
    app.deliver()
    provider.dies = True
    with pytest.raises(KeyboardInterrupt):
        after(app, seconds(2))
    left, provider.dies = states(app), False
    del app.__dict__["delivery"]
    early, found = after(app, seconds(89)), after(app, seconds(1))

    assert (left, early, found) == ({"unknown": PEOPLE}, {}, {"accepted": PEOPLE})
    assert set(provider.accepted.values()) == {1}


# ------------------------------------------------------------------------------------------------ an answer too late


@pytest.mark.parametrize(
    ("late", "then", "asked"),
    [
        pytest.param(accepting, "accepted", 0, id="accepted"),
        pytest.param(TAKEN_AND_LOST, "accepted", 1, id="lost"),
        pytest.param(replying(400), "unknown", 1, id="refused"),
        pytest.param(NO, "unknown", 1, id="not sent"),
        pytest.param(replying(429), "unknown", 1, id="not now"),
    ],
)
def test_an_answer_after_the_lease_ran_out(app, late, then, asked) -> None:
    """It settles whom it can; about the others the provider is asked at once, and an editor can send to them."""

    def slow(ids):
        app.clock.advance(seconds(61))
        assert delivering.recover(app.database, app.clock, all_of_them=False) == PEOPLE
        return late(ids) if callable(late) else late

    provider = sent(app, slow, remembers=DAY)
    after(app, seconds(5))
    found, listed, questions = states(app), [each.id for each in open_ones(app)], len(provider.asked)
    queued = reconciling.send_again(app.database, app.clock, issue=app.issue(1), digest=app.digest("weekly"))
    app.deliver()

    assert (found, questions) == ({then: PEOPLE}, asked)
    assert listed == ([provider.shipments[0].attempt] if then == "unknown" else [])
    assert queued == (PEOPLE if then == "unknown" else 0)
    assert states(app) == {"accepted": PEOPLE}
    assert set(provider.accepted.values()) == {1}


# ------------------------------------------------------------------------------------------------- an editor decides


def test_sending_again(app) -> None:
    """Queued, and sent although the issue was done and it is late; whoever had it gets nothing."""
    provider = sent(app, LOST, max_recipients=10)
    app.clock.advance(3 * DAY)
    queued = reconciling.send_again(app.database, app.clock, issue=app.issue(1), digest=app.digest("weekly"))
    state = app.issue(1).state
    done = +app.deliver()

    assert (queued, state, done) == (10, "sending", {"accepted": 10})
    assert (states(app), app.issue(1).state) == ({"accepted": PEOPLE}, "sent")
    assert set(provider.accepted.values()) == {1}


@pytest.mark.parametrize("state", ["draft", "approved", "cancelled"])
def test_nobody_is_sent_again_what_is_sent_to_nobody(app, state) -> None:
    """Told with the state; everybody stays where they are."""
    sent(app, LOST)
    _sql(f"update issues set state = '{state}' where ? <> ''")(app)  # noqa: S608  # of this table of cases

    with pytest.raises(RefusedError, match=f"issue 1 is {state}: nobody is sent it any more"):
        reconciling.send_again(app.database, app.clock, issue=app.issue(1), digest=app.digest("weekly"))
    assert states(app) == {"unknown": PEOPLE}


def test_what_is_held_stays_held_when_it_is_to_be_sent_again(app) -> None:
    """Who holds an issue says when it goes on; then everybody gets it."""
    sent(app, LOST)
    _sql("update issues set state = 'held' where ? <> ''")(app)
    queued = reconciling.send_again(app.database, app.clock, issue=app.issue(1), digest=app.digest("weekly"))
    held = (+app.deliver(), app.issue(1).state)
    delivering.resume(app.database, app.clock, issue=app.issue(1), digest=app.digest("weekly"))

    assert (queued, held) == (PEOPLE, ({}, "held"))
    assert +app.deliver() == {"accepted": PEOPLE}


def test_sending_again_when_nobody_is_unknown(app) -> None:
    """Does nothing: an issue that is done stays done, at its time."""
    sent(app)
    before = app.issue(1)

    assert reconciling.send_again(app.database, app.clock, issue=before, digest=app.digest("weekly")) == 0
    assert app.issue(1) == before


@pytest.mark.parametrize("state", ["sent", "held", "cancelled"])
@pytest.mark.parametrize(("name", "reason"), [("Ada", "by Ada"), ("", "by an editor")])
def test_counting_as_sent(app, state, name, reason) -> None:
    """In whatever state the issue is; nobody is asked any more, and nobody is sent anything."""
    provider = sent(app, LOST, remembers=DAY)
    _sql(f"update issues set state = '{state}' where ? <> ''")(app)  # noqa: S608  # of this table of cases
    counted = reconciling.count_as_sent(app.database, issue=app.issue(1), name=name)
    after(app, HOUR)
    with app.database.reading() as connection:
        reasons = {record.reason for record in delivery_store.records(connection, 1)}

    assert (counted, states(app), open_ones(app)) == (PEOPLE, {"accepted": PEOPLE}, [])
    assert reasons == {f"counted as sent {reason}"}
    assert (provider.asked, len(provider.calls)) == ([], 1)


# --------------------------------------------------------------------------------------------- several ask at once


@pytest.fixture
def shared(database, tmp_path):
    """The site in a database of each kind."""
    with drafted(tmp_path / "site", database) as app:
        yield app


@pytest.mark.parametrize("caps", [{"remembers": DAY}, {"repeats": HOUR}], ids=["asked", "made again"])
def test_two_processes_ask_once(shared, caps) -> None:
    """While one of them waits for the answer the other finds nothing to ask, however often it looks."""
    meanwhile = []

    def look(_what):
        meanwhile.append(+another.run())

    provider = sent(shared, LOST, lambda ids: look(ids) or accepting(ids), **caps)
    provider.asking = look
    another = Delivery(shared.database, shared.vault, shared.clock, provider=provider, post=shared.post)
    found = after(shared, seconds(2))

    assert meanwhile == [{}]
    assert found == ({} if "remembers" in caps else {"accepted": PEOPLE})
    assert max(Counter(provider.asked).values(), default=1) == 1


def test_four_processes_share_the_questions(shared) -> None:
    """All at once, each call is asked about by one of them, and everybody is settled."""
    provider = sent(shared, *[TAKEN_AND_LOST] * 25, max_recipients=1, remembers=DAY)
    while shared.account(1).pending:
        after(shared, timedelta(minutes=15))
    provider.asked.clear()
    with shared.database.writing() as connection:
        connection.exec_driver_sql("update deliveries set state = 'unknown'")
        connection.exec_driver_sql("update attempts set outcome = 'unknown', ask_at = started_at")
    begin = Barrier(4)

    def ask(_number):
        delivery = Delivery(shared.database, shared.vault, shared.clock, provider=provider, post=shared.post)
        begin.wait(20)
        return +delivery.run()

    with ThreadPoolExecutor(4) as pool:
        found = sum(pool.map(ask, range(4)), Counter())

    assert found == {"accepted": PEOPLE}
    assert sorted(provider.asked) == sorted(provider.taken)
    assert set(provider.accepted.values()) == {1}


# ---------------------------------------------------------------------------------------- calls and how they are made


@pytest.mark.parametrize(("most", "calls"), [(10_000, 1), (500, 2), (150, 8), (1, 25)])
def test_a_body_that_is_too_large_is_divided_before_anything_is_sent(app, most, calls) -> None:
    """No call is larger than the provider takes, unless one message alone is; everybody is sent to once."""
    sizes = []

    class Weighing(FakeProvider):
        def carry(self, request):
            sizes.append((len(request.body), len(json.loads(request.body))))
            return super().carry(request)

    freeze(app, provider := Weighing(**ONE_CALL, max_bytes=most))
    done = +app.deliver()

    assert done == {"accepted": PEOPLE}
    assert set(provider.accepted.values()) == {1}
    assert all(size <= most or people == 1 for size, people in sizes)
    assert len(sizes) == calls


@pytest.mark.parametrize("answer", [replying(500), LOST, NO], ids=["500", "no answer", "no connection"])
def test_an_ill_provider_is_left_alone_and_nobody_else_is_put_at_risk(app, answer) -> None:
    """After three calls in a row it has a pause; then one call shows that it is well, and all others get their mail."""
    provider = sent(app, *[answer] * 3, max_recipients=2)
    first, at_once = len(provider.calls), +app.deliver()
    early = after(app, seconds(4.9))
    after(app, seconds(0.1))
    hurt = states(app)
    after(app, timedelta(minutes=1))

    assert (first, at_once, early) == (3, {}, {})
    assert hurt["accepted"] >= PEOPLE - 6
    assert states(app) == ({"accepted": PEOPLE} if answer is NO else {"accepted": PEOPLE - 6, "unknown": 6})
    assert set(provider.accepted.values()) == {1}


def test_a_provider_that_stays_ill_costs_one_call_a_pause(app) -> None:
    """In an hour of 500s twelve calls or so are put at risk, not all of them."""
    provider = sent(app, *[replying(500)] * 99, max_recipients=1)
    for _ in range(60 * 6):
        after(app, seconds(10))

    assert 8 <= len(provider.calls) <= 14
    assert states(app) == {"unknown": len(provider.calls), "pending": PEOPLE - len(provider.calls)}


def test_a_question_does_not_stand_for_the_call_that_shows_whether_it_is_well(app) -> None:
    """When nothing but questions is left after three troubles, each of them is put; delivering ends and goes on."""
    provider = sent(app, *[TAKEN_AND_LOST] * 3, max_recipients=10, remembers=DAY)
    found = after(app, seconds(5))

    assert (found, len(provider.asked)) == ({"accepted": PEOPLE}, 3)
    assert app.delivery._pace.turn(app.clock.now()) == 0.0


@pytest.mark.parametrize("wait", [1, 2, 7, 600])
def test_a_provider_that_asks_to_wait_is_not_called_meanwhile_and_refuses_no_batch_twice(app, wait) -> None:
    """Not a second too early, and not one too late for those who were not refused."""
    moments, refused = [], Counter()

    def answer(ids):
        moments.append((app.clock.now() - START).total_seconds())
        # Every third call is one too many, and so is each that comes before the time that it told.
        too_soon = answer.until > app.clock.now()
        if too_soon or len(moments) in {2, 5, 8}:
            refused.update(ids)
            answer.until = app.clock.now() + seconds(wait)
            return replying(429, retry_after=str(wait))
        return accepting(ids)

    answer.until = START
    freeze(app, provider := FakeProvider(answer, max_recipients=3, substitutes=False))
    app.__dict__["delivery"] = Delivery(
        app.database, app.vault, app.clock, provider=provider, post=app.post,
        idle=lambda pause: app.clock.advance(seconds(pause)),
    )  # fmt: skip
    while app.account(1).pending:
        app.deliver()
        with app.database.reading() as connection:
            due = ledger.next_due(connection)
        if due is not None:
            app.clock.instant = max(app.clock.now(), due, app.delivery.not_before)

    assert states(app) == {"accepted": PEOPLE}
    assert (set(refused.values()), refused.total()) == ({1}, 9)
    assert [moments[number] for number in (0, 1, 2)] == [0, 0, wait]
    assert (moments[5] - moments[4], moments[8] - moments[7]) == (wait, wait)
    assert set(provider.accepted.values()) == {1}


@pytest.fixture(scope="module")
def thousand(tmp_path_factory):
    """A site with a draft and a thousand people who chose everything, made once."""
    folder = tmp_path_factory.mktemp("thousand")
    with opened(write_site(folder), FixedClock(START)) as app:
        bring(app, "email\n" + "".join(f"p{number}@example.org\n" for number in range(1_000)))
        with app.database.writing() as connection:
            found = [keeping.Found(entry=entry, shown="", marks=()) for entry in ENTRIES]
            keeping.keep(connection, found, source="blog", gone=(), now=START)
        assert app.compose(app.digest("weekly"))
    return folder


@pytest.mark.parametrize("place", [0, 617, 999])
def test_one_invalid_address_among_a_thousand_costs_21_calls_at_most(thousand, tmp_path, place) -> None:
    """It alone is rejected; everybody else has one mail."""
    bad = []

    def answer(ids):
        bad[:] = bad or ids[place : place + 1]
        return replying(400) if bad[0] in ids else accepting(ids)

    shutil.copytree(thousand, tmp_path / "site")
    with opened(tmp_path / "site" / "config" / "msdigest.toml", FixedClock(START)) as app:
        provider = sent(app, *[answer] * 99, max_recipients=1_000)
        counted = states(app)

    assert counted == {"accepted": 999, "rejected": 1}
    assert len(provider.calls) <= 21
    assert (set(provider.accepted.values()), bad[0] in provider.accepted) == ({1}, False)


def test_an_answer_for_each_is_about_them(app) -> None:
    """Where everybody in a call is refused for their own reason, nothing is halved."""

    class Each(FakeProvider):
        def parse(self, reply, shipment):
            outcomes = super().parse(reply, shipment)
            return [replace(each, reason=each.reason and f"{each.reason} {n}") for n, each in enumerate(outcomes)]

    answer = First(accepting, replying(400))
    freeze(app, provider := Each(answer, max_recipients=10, substitutes=False, whole=False))
    app.deliver()

    assert states(app) == {"accepted": 15, "rejected": 10}
    assert len(answer.calls) == 3
    assert set(provider.accepted.values()) == {1}


def test_a_call_that_is_refused_whole_is_halved_also_where_each_has_an_answer(app) -> None:
    """One word for all of them is about the call."""
    provider = sent(app, accepting, replying(400), max_recipients=10, whole=False)

    assert states(app) == {"accepted": PEOPLE}
    assert [len(each) for each in provider.calls] == [10, 10, 5, 5, 5]


def test_a_repeated_call_whose_settings_are_refused_stops_nothing(app) -> None:
    """It is put off with the reason, and the mail of everybody else goes its way."""
    provider = sent(app, LOST, NO, *[accepting] * 1, replying(403), max_recipients=10, repeats=HOUR)
    found = after(app, seconds(2))
    (call,) = open_ones(app)
    rest = after(app, seconds(5))

    assert (found, asked_since(call)) == ({}, "the fake refuses the settings")
    assert rest == {"accepted": 10}
    assert after(app, timedelta(minutes=5)) == {"accepted": 10}
    assert (states(app), set(provider.accepted.values())) == ({"accepted": PEOPLE}, {1})


def test_nobody_is_queued_while_their_call_is_made_again(app) -> None:
    """An editor who decides in that very moment changes nothing: the answer settles them, and everybody has one mail."""
    decided = []

    def again(ids):
        decided.append(reconciling.send_again(app.database, app.clock, issue=app.issue(1), digest=app.digest("weekly")))
        return accepting(ids)

    provider = sent(app, LOST, again, repeats=HOUR)
    settled = after(app, seconds(2))
    later = after(app, HOUR)

    assert decided == [0]
    assert (settled, later, states(app)) == ({"accepted": PEOPLE}, {}, {"accepted": PEOPLE})
    assert set(provider.accepted.values()) == {1}


def test_who_asks_and_dies_holds_nobody_for_ever(app) -> None:
    """A minute and a half later an editor's decision counts."""
    sent(app, LOST, repeats=HOUR)
    (call,) = open_ones(app)
    with app.database.writing() as connection:
        doubts.take(connection, call.id, until=START + seconds(90))
    decide = {"issue": app.issue(1), "digest": app.digest("weekly")}
    before = reconciling.send_again(app.database, app.clock, **decide)
    app.clock.advance(seconds(90))

    assert (before, reconciling.send_again(app.database, app.clock, **decide)) == (0, PEOPLE)
