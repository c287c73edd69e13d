"""Hearing: what providers tell moves deliveries, ends doubts and protects people; whatever is told, however often."""

from __future__ import annotations

import json
import logging
import shutil
from datetime import timedelta

import pytest
from sqlalchemy import select
from tests.site import START, opened, write_site
from tests.steps.scene import ENTRIES, PEOPLE, ROWS, bring

from msdigest.errors import ForgedError, ProviderError
from msdigest.model.clock import FixedClock
from msdigest.model.delivery import Event
from msdigest.ports import Failure, Posted, Reply
from msdigest.providers.fake import PROOF, FakeProvider, accepting
from msdigest.providers.file import FileProvider
from msdigest.steps import hearing
from msdigest.steps.subscribing import subscribing
from msdigest.store import audience, keeping
from msdigest.store import deliveries as delivery_store
from msdigest.store.schema import attempts, soft_bounces

LOST = Failure("maybe", "the connection broke after the body")
STRANGER = "stranger@example.org"


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


class Scene:
    """A copy of it with a provider whose webhook we play."""

    def __init__(self, app):
        self.app = app
        self.provider = None

    def freeze(self, provider=None):
        """Queue the draft for ``provider``."""
        self.provider = provider or one_call()
        self.app.__dict__["provider"] = self.provider
        self.app.freeze(self.app.issue(1))
        return self

    def send(self, provider=None):
        """Queue it, and deliver it as the provider answers."""
        self.freeze(provider)
        self.app.deliver()
        return self

    def who(self, number):
        return subscribing.find(self.app.database, self.app.vault, f"p{number}@example.org").id

    def told(self, kind, number, **more):
        """Return an event as the provider tells it, with what we gave it for that person."""
        delivery = self.app.vault.correlate("1", self.who(number))
        return {"kind": kind, "address": f"p{number}@example.org", "issue": 1, "delivery": delivery, **more}

    def hear(self, *events, **headers):
        """Post events, and return what came of it."""
        return self.app.hear(posted(*events, **headers))

    def line(self, number):
        who = self.who(number)
        with self.app.database.reading() as connection:
            return next(each for each in delivery_store.records(connection, 1) if each.subscriber == who)

    def calls(self):
        with self.app.database.reading() as connection:
            return connection.execute(select(attempts)).all()

    def suppressed(self, *addresses):
        """Return why each address gets nothing; None if it may."""
        lookups = [self.app.vault.look_up(address) for address in addresses]
        with self.app.database.reading() as connection:
            reasons = audience.suppressed_among(connection, lookups)
        return [reasons.get(lookup) for lookup in lookups]


def one_call(answer=accepting, **more):
    return FakeProvider(answer, max_recipients=100, substitutes=False, **more)


def posted(*events, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Posted(headers=PROOF | names, body=json.dumps(events).encode())


@pytest.fixture
def scene(made, tmp_path):
    shutil.copytree(made, tmp_path / "site")
    with opened(tmp_path / "site" / "config" / "msdigest.toml", FixedClock(START)) as app:
        yield Scene(app)


@pytest.mark.parametrize(
    ("kinds", "state", "reason"),
    [
        (["accepted"], "accepted", None),
        (["deferred"], "deferred", "busy"),
        (["delivered"], "delivered", "busy"),
        (["bounced"], "bounced", "busy"),
        (["complained"], "complained", "busy"),
        (["unsubscribed"], "accepted", None),
        (["rejected"], "rejected", "busy"),
        (["delivered", "deferred", "accepted"], "delivered", "busy"),
        (["delivered", "bounced"], "bounced", "busy"),
    ],
)
def test_a_delivery_moves_and_the_account_stays_right(scene, kinds, state, reason) -> None:
    """One person's line changes, and what was mailed to nobody leaves the accepted."""
    scene.send()
    heard = scene.hear(*(scene.told(kind, 3, reason="busy") for kind in kinds))
    account = scene.app.account(1)

    assert (heard.ours, heard.unknown, heard.repeated) == (len(kinds), 0, False)
    assert (scene.line(3).state, scene.line(3).reason) == (state, reason)
    assert heard.moved == (state != "accepted")
    assert (account.accepted, account.rejected) == ((PEOPLE - 1, 1) if state == "rejected" else (PEOPLE, 0))


@pytest.mark.parametrize("state", ["pending", "excluded"])
def test_what_is_queued_or_excluded_is_not_moved(scene, state) -> None:
    """A delivery that was never started cannot have been told of: it is another message's event."""
    scene.freeze()
    if state == "excluded":
        subscribing.leave(scene.app.database, scene.app.clock, subscriber=scene.who(3), digest="weekly")
    heard = scene.hear(scene.told("delivered", 3, provider_id="x"))

    assert heard.moved == 0
    assert (scene.line(3).state, scene.line(3).provider_id) == (state, None)


def test_a_name_of_the_provider_is_filled_in_where_it_is_missing(scene) -> None:
    """And an answer's own name stays."""
    scene.send(one_call(lambda _: LOST, whole=False))
    scene.hear(scene.told("accepted", 3, provider_id="first"))
    scene.hear(scene.told("delivered", 3, provider_id="second"))

    assert (scene.line(3).state, scene.line(3).provider_id) == ("delivered", "first")


FOREIGN = {
    "another person's": lambda scene: {"delivery": scene.told("bounced", 4)["delivery"]},
    "another issue's": lambda _: {"issue": 2},
    "no number of an issue": lambda _: {"issue": 10**30},
    "one of a test message": lambda _: {"delivery": "test-0123456789abcdef"},
    "not even letters": lambda _: {"delivery": "\ud800\0"},
    "none at all": lambda _: {"issue": 0, "delivery": ""},
    "of somebody we do not know": lambda _: {"address": STRANGER},
}


@pytest.mark.parametrize("case", FOREIGN)
def test_what_is_not_ours_moves_nothing_and_still_protects(scene, case) -> None:
    """The account may send other mail: what that proves of an address holds for ours."""
    scene.send()
    event = scene.told("bounced", 3, permanent=True) | FOREIGN[case](scene)
    heard = scene.hear(event)

    assert (heard.ours, heard.unknown, heard.moved, heard.suppressed) == (0, 1, 0, 1)
    assert {scene.line(number).state for number in (3, 4)} == {"accepted"}
    assert scene.suppressed(event["address"]) == ["bounced"]


def test_an_issue_that_is_not_echoed_is_found(scene) -> None:
    """Not every provider has room for it; the delivery alone proves which one it was."""
    scene.send()
    heard = scene.hear(scene.told("delivered", 3, issue=0))

    assert (heard.ours, heard.moved) == (1, 1)
    assert scene.line(3).state == "delivered"


@pytest.mark.parametrize(
    "address", ["", "nobody", "\ud800@example.org", "a@" + "b" * 2_000, "ü@\ud800"], ids=repr
)  # fmt: skip
def test_no_address_is_no_harm(scene, address) -> None:
    """What cannot be anybody's address is counted as unknown and leaves no trace."""
    scene.send()
    heard = scene.hear(scene.told("bounced", 3, permanent=True, address=address), scene.told("delivered", 4))

    assert (heard.ours, heard.unknown, heard.moved, heard.suppressed) == (1, 1, 1, 0)


@pytest.mark.parametrize(
    ("whole", "kind", "named", "left"),
    [
        pytest.param(True, "accepted", True, 0, id="taken as a whole"),
        pytest.param(True, "bounced", True, 0, id="even a bounce tells it"),
        pytest.param(True, "rejected", True, PEOPLE - 1, id="a refusal may be one of the whole call"),
        pytest.param(True, "delivered", False, PEOPLE - 1, id="which call is not told"),
        pytest.param(False, "accepted", True, PEOPLE - 1, id="taken one by one"),
    ],
)
def test_one_message_settles_a_call_in_doubt(scene, whole, kind, named, left) -> None:
    """Where a provider takes all or nothing, nobody needs to be asked about any more."""
    scene.send(one_call(lambda _: LOST, whole=whole))
    (call,) = scene.calls()
    before = scene.app.account(1).unknown
    scene.hear(scene.told(kind, 3, attempt=call.id if named else ""))
    account, (after,) = scene.app.account(1), scene.calls()

    assert (before, account.unknown) == (PEOPLE, left)
    assert account.accepted == PEOPLE - left - (kind == "rejected")
    assert (after.ask_at is None) == (left == 0)
    assert after.outcome == ("unknown" if left else "accepted")


def test_a_call_is_out_of_doubt_when_nobody_is_unknown(scene) -> None:
    """Also where a provider takes messages one by one: the last event closes it."""
    scene.send(one_call(lambda _: LOST, whole=False))
    (call,) = scene.calls()
    asked = []
    for number in range(PEOPLE):
        scene.hear(scene.told("delivered", number, attempt=call.id))
        asked.append(scene.calls()[0].ask_at)

    assert None not in asked[:-1]
    assert asked[-1] is None
    assert scene.app.account(1).accepted == PEOPLE


@pytest.mark.parametrize("name", ["0" * 32, "\0", "no such call"])
def test_a_call_that_never_was_settles_nobody(scene, name) -> None:
    """Nor does a call of another issue: only the person of the event is known of."""
    scene.send(one_call(lambda _: LOST))
    scene.hear(scene.told("accepted", 3, attempt=name))

    assert scene.app.account(1).unknown == PEOPLE - 1


def test_what_is_told_during_a_call_is_believed(scene) -> None:
    """The answer says that nothing was sent, an event says otherwise: that person is not mailed again."""
    answers = []

    def answer(ids):
        if not answers:
            answers.append(scene.hear(scene.told("delivered", 3)))
            return Failure("no", "could not connect")
        return accepting(ids)

    scene.send(one_call(answer))
    scene.app.clock.advance(timedelta(minutes=1))
    scene.app.deliver()

    assert answers[0].moved == 1
    assert scene.line(3).state == "delivered"
    assert [len(each.recipients) for each in scene.provider.shipments] == [PEOPLE, PEOPLE - 1]
    assert scene.provider.accepted[scene.told("delivered", 3)["delivery"]] == 0


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"kind": "bounced", "permanent": True}, "bounced"),
        ({"kind": "complained"}, "complained"),
        ({"kind": "unsubscribed"}, "unsubscribed"),
        ({"kind": "bounced"}, None),
        ({"kind": "rejected"}, None),
        ({"kind": "deferred", "permanent": True}, None),
        ({"kind": "delivered"}, None),
    ],
)
def test_who_must_get_nothing_gets_nothing(scene, event, reason) -> None:
    """What is queued is withdrawn with the same reason, and an import does not bring them back."""
    scene.freeze()
    heard = scene.hear({"address": "P3@Example.org", **event})
    line = scene.line(3)
    scene.app.deliver()
    again = bring(scene.app, ROWS)

    assert heard.suppressed == (reason is not None)
    assert scene.suppressed("p3@example.org", "p4@example.org") == [reason, None]
    assert (line.state, line.reason) == (("excluded", reason) if reason else ("pending", None))
    assert scene.app.account(1).accepted == PEOPLE - (reason is not None)
    assert again.suppressed == (reason is not None)


def test_who_was_forgotten_stays_forgotten(scene) -> None:
    """An event of their last mail finds nobody and brings nobody back; whoever is not known is protected all the same."""
    scene.send()
    event = scene.told("complained", 3)
    subscribing.forget(scene.app.database, scene.app.vault, scene.app.clock, who="p3@example.org")
    heard = scene.hear(event, {"kind": "complained", "address": STRANGER})

    assert (heard.ours, heard.moved, heard.suppressed) == (0, 0, 1)
    assert scene.suppressed("p3@example.org", STRANGER) == ["forgotten", "complained"]


def soft(scene, day, *, kind="bounced"):
    """Hear about person 3 on a day."""
    scene.app.clock.advance(START + timedelta(days=day) - scene.app.clock.now())
    return scene.hear(scene.told(kind, 3)).suppressed


@pytest.mark.parametrize(
    ("days", "delivered", "suppressed"),
    [
        ((0, 5, 10, 14), None, [0, 0, 0, 1]),
        ((0, 0, 0, 0, 14, 15), None, [0, 0, 0, 0, 0, 0]),
        ((0, 5, 10, 13, 14), None, [0, 0, 0, 0, 1]),
        ((0, 5, 10, 14), 12, [0, 0, 0, 0]),
    ],
)
def test_an_address_that_refuses_for_two_weeks(scene, days, delivered, suppressed) -> None:
    """Four refusals on four days over 14 days, and nothing delivered meanwhile, are one for good."""
    scene.freeze()
    counts = []
    for day in days:
        if delivered is not None and day > delivered:
            soft(scene, delivered, kind="delivered")
        counts.append(soft(scene, day))

    assert counts == suppressed
    assert scene.suppressed("p3@example.org") == (["soft bounces"] if 1 in suppressed else [None])
    assert scene.line(3).reason == ("soft bounces" if 1 in suppressed else None)


def test_a_clock_that_is_ahead_hides_nothing(scene) -> None:
    """What happened in the future happened now: else all that follows would look late."""
    scene.send()
    event = report(scene, 3, at=START + timedelta(days=400))
    hear_reports(scene, event)
    with scene.app.database.reading() as connection:
        (count,) = connection.execute(select(soft_bounces)).all()

    assert (count.times, count.last_at) == (1, START)


def test_a_call_that_was_taken_is_told_to_be_repeated(scene) -> None:
    """With the same mark nothing changes, whatever it holds; the mark belongs to the provider that gave it."""
    scene.send()
    first = scene.hear(scene.told("deferred", 3), fake_mark="m1")
    second = scene.hear(scene.told("bounced", 3, permanent=True), fake_mark="m1")
    other = scene.hear(scene.told("delivered", 3), fake_mark="m2")

    assert [each.repeated for each in (first, second, other)] == [False, True, False]
    assert (second.moved, second.suppressed) == (0, 0)
    assert scene.line(3).state == "delivered"
    assert scene.suppressed("p3@example.org") == [None]


def test_a_call_that_fails_half_way_may_be_repeated(scene) -> None:
    """Mark, deliveries and suppressions are kept together or not at all."""
    scene.send()
    good = scene.told("complained", 3)
    with pytest.raises(AttributeError):
        scene.hear(good, scene.told("delivered", 4, reason=["no words"]), fake_mark="m1")
    failed = (scene.line(3).state, *scene.suppressed("p3@example.org"))
    again = scene.hear(good, fake_mark="m1")

    assert failed == ("accepted", None)
    assert (again.repeated, again.moved, again.suppressed) == (False, 1, 1)


def test_what_is_not_proven_changes_nothing(scene) -> None:
    """Neither without the proof, nor for a provider that tells nothing by webhook."""
    scene.send()
    forged = Posted(headers={}, body=posted(scene.told("complained", 3)).body)
    with pytest.raises(ForgedError):
        scene.app.hear(forged)
    scene.app.__dict__["provider"] = FileProvider(scene.app.settings.data_dir / "outbox")
    with pytest.raises(ForgedError):
        scene.hear(scene.told("complained", 3))

    assert scene.line(3).state == "accepted"
    assert scene.suppressed("p3@example.org") == [None]


def hear_confirm(scene, answer, **headers):
    """Post a request to be visited; return what came of it and the calls that were made."""
    calls = []

    def visit(request):
        calls.append((request.method, request.url))
        if isinstance(answer, ProviderError):
            raise answer
        return answer

    app = scene.app
    call = posted(fake_confirm="https://told.example/here", fake_mark="m1", **headers)
    result = hearing.hear(app.database, app.vault, app.clock, provider=scene.provider, posted=call, visit=visit)
    return result, calls


@pytest.mark.parametrize(
    ("answer", "confirmed"),
    [
        pytest.param(Reply(status=200, url="", headers={}, body=b""), True, id="answered"),
        pytest.param(Reply(status=403, url="", headers={}, body=b""), False, id="refused"),
        pytest.param(Reply(status=302, url="", headers={}, body=b""), False, id="sent elsewhere"),
        pytest.param(Failure("maybe", "timeout"), False, id="no answer"),
        pytest.param(ProviderError("not https"), False, id="no address for us"),
    ],
)
def test_a_provider_is_visited_before_it_tells(scene, answer, confirmed) -> None:
    """One that did not answer has to tell us again; one that did is visited once."""
    scene.freeze()
    first, calls = hear_confirm(scene, answer)
    second, more = hear_confirm(scene, answer)

    assert (first.confirmed, first.repeated) == (confirmed, False)
    assert calls == [("GET", "https://told.example/here")]
    assert (second.repeated, len(more)) == ((True, 0) if confirmed else (False, 1))


def test_nobody_is_visited_without_a_proof(scene) -> None:
    """A stranger cannot make us ask an address."""
    scene.freeze()
    with pytest.raises(ForgedError):
        hear_confirm(scene, Reply(status=200, url="", headers={}, body=b""), fake_proof="none")


def report(scene, number, *, at=START, **more):
    """Return what a report tells of person ``number``; it has no room for the issue."""
    return Event(at=at, **scene.told("bounced", number, issue=0, **more))


def hear_reports(scene, *events):
    app = scene.app
    return hearing.hear_reports(app.database, app.vault, app.clock, provider="smtp", events=events)


def test_a_report_counts_with_our_own_mark_alone(scene) -> None:
    """Anybody may write one: without a delivery of ours not even an address is suppressed by it."""
    scene.send()
    forged = [
        report(scene, 3, permanent=True, delivery=delivery)
        for delivery in ("", "0" * 32, scene.told("bounced", 4)["delivery"])
    ]
    nothing = hear_reports(scene, *forged)
    heard = hear_reports(scene, report(scene, 5, permanent=True), *forged)

    assert (nothing.ours, nothing.unknown, nothing.suppressed) == (0, 3, 0)
    assert (heard.ours, heard.unknown, heard.moved, heard.suppressed) == (1, 3, 1, 1)
    assert scene.suppressed("p3@example.org", "p5@example.org") == [None, "bounced"]
    assert (scene.line(3).state, scene.line(5).state) == ("accepted", "bounced")


def test_nothing_personal_is_logged_or_kept_in_the_clear(scene, caplog) -> None:
    """Logs hold counts, and a reason loses the address that a server put into it."""
    caplog.set_level(logging.DEBUG)
    scene.send()
    event = scene.told("bounced", 3, permanent=True, reason="550 <p3@example.org>\r\nno such\0user")
    scene.hear(event, {"kind": "complained", "address": STRANGER}, fake_mark="m1")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("msdigest")]

    assert "heard provider=fake ours=1 unknown=1 moved=1 suppressed=2" in ours
    assert not [line for line in ours if "example.org" in line or event["delivery"] in line]
    assert scene.line(3).reason == "550 <[address]> no such user"
