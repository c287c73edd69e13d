"""Freezing: everybody has one line in the account, with what they chose and were not sent before."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from msdigest.errors import RefusedError
from msdigest.model.clock import Cadence
from msdigest.model.compiled import Block, CompiledIssue, Program
from msdigest.model.delivery import STATES, Account
from msdigest.model.entry import Entry
from msdigest.model.issue import Digest, change_id, notice_id
from msdigest.model.subscriber import Consent, Subscriber, Subscription
from msdigest.ports import Caps
from msdigest.render.program import encode
from msdigest.steps import freezing
from msdigest.steps.composing.editing import approve
from msdigest.store import audience, keeping, lining, variants
from msdigest.store import deliveries as delivery_store
from msdigest.store import entries as entry_store
from msdigest.store import issues as issue_store
from msdigest.store.schema import batches, changes, deliveries

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CAPS = Caps(max_recipients=3, substitutes=False)
LETTERS = replace(CAPS, substitutes=True)
CONSENT = Consent(at=NOW - 100 * DAY, source="form")
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def digest(name="weekly", **words):
    return Digest(id=name, title=name.title(), cadence=Cadence.parse("weekly mon 07:00", "UTC"), **words)


def program(variant, entries, issue):
    """Return a small compiled issue: each entry is its title, a byte for each of its letters."""
    words = {entry.id: 1 for entry in entries}
    titles = {entry.id: entry.title for entry in entries}
    blocks = tuple(Block(frozenset((entry,)), (title,)) for entry, title in titles.items())
    notices = dict.fromkeys(issue.notices, "A notice")
    ranking = tuple(entry for entry in issue.entries if entry in titles)
    return encode(
        CompiledIssue(
            variant=variant, subject="S", html=Program("html", blocks), text=Program("text", blocks), titles=titles,
            words=words, ranking=ranking, notices=notices,
        )
    )  # fmt: skip


class Town:
    """People, entries and issues in one database."""

    def __init__(self, database, vault, clock):
        self.database, self.vault, self.clock = database, vault, clock
        self.names = {}

    def entry(self, name, **words):
        """Let there be an entry; return its id."""
        made = Entry(key=name, source="blog", title=name, url=f"https://blog.example/{name}", **words)
        found = keeping.Found(entry=made, shown="", marks=())
        with self.database.writing() as connection:
            (kept,) = keeping.keep(connection, [found], source="blog", gone=(), now=self.clock.now())
        return kept.id

    def person(
        self,
        name,
        *,
        digests=("weekly",),
        suppressed=False,
        state="active",
        topics=(),
        kinds=(),
        frequency="each",
        **of,
    ):
        """Let there be a subscriber; return their id."""
        who = Subscriber(id=audience.new_subscriber_id(), address=f"{name}@example.org", name=name, **of)
        self.names[who.id] = name
        chosen = [
            Subscription(
                subscriber=who.id,
                digest=each,
                consent=CONSENT,
                topics=topics,
                kinds=kinds,
                frequency=frequency,
                state=state,
            )
            for each in digests
        ]
        lookup = self.vault.look_up(who.address)
        with self.database.writing() as connection:
            audience.add_people(connection, self.vault, [(lookup, who)], now=NOW)
            audience.add_subscriptions(connection, self.vault, chosen, now=NOW)
            if suppressed:
                audience.suppress(connection, lookup, reason="bounced", now=NOW)
        return who.id

    def change(self, entry, kind="retraction", *, seen):
        """Let something have become of an entry; return the notice that tells it."""
        row = {
            "entry": entry, "source": "blog", "kind": kind, "name": "", "label": "", "before": None, "after": None,
            "seen": seen, "material": True,
        }  # fmt: skip
        with self.database.writing() as connection:
            return notice_id(connection.execute(insert(changes).values(**row)).inserted_primary_key[0])

    def issue(self, *entries, name="weekly", state="draft", approvals=(), due_at=None, notices=()):
        """Let there be an issue with these entries, in this order."""
        due = due_at or self.clock.now()
        with self.database.writing() as connection:
            number = issue_store.next_number(connection, name)
            issue_id = issue_store.add(connection, digest=name, number=number, at=due)
            issue = replace(
                issue_store.get(connection, issue_id),
                subject="S", sections=(("All", entries),), hash=f"hash {issue_id}", approvals=approvals,
                not_later_than=due + DAY, state=state, notices=notices,
            )  # fmt: skip
            carried = entry_store.get_many(connection, entries).values()
            bodies = {
                variant.id: program(variant, carried, issue) for variant in variants.in_use(connection, self.vault)
            }
            issue_store.keep(connection, issue, entries=carried, bodies=bodies)
        return issue

    def freeze(self, issue, caps=CAPS, *, of=None, **words):
        return freezing.freeze(
            self.database,
            self.vault,
            self.clock,
            issue=issue,
            digest=of or digest(issue.digest),
            caps=caps,
            provider="file",
            **words,
        )

    def frozen(self, *entries, **words):
        issue = self.issue(*entries, **words)
        self.freeze(issue)
        return issue.id

    def outcome(self, issue_id):
        """Return name → the entries that they get, or the reason why they get none."""
        told = {}
        with self.database.reading() as connection:
            for record in delivery_store.records(connection, issue_id):
                queued = delivery_store.one(connection, issue_id, record.subscriber)
                chosen = lining.NOTHING
                if queued:
                    issue = issue_store.get(connection, issue_id)
                    chosen = delivery_store.choices_of(connection, issue, [queued.selection])[queued.selection]
                titles = {each.title for each in entry_store.get_many(connection, list(chosen.entries)).values()}
                words = (*sorted(titles), *chosen.notices, *((f"+{chosen.more}",) if chosen.more else ()))
                told[self.names[record.subscriber]] = record.reason or " ".join(words)
        return told

    def concerns(self, notice, digest="weekly"):
        with self.database.reading() as connection:
            (change,) = entry_store.changes_by_id(connection, [change_id(notice)])
            return delivery_store.concerns_somebody(connection, change, digest=digest)

    def rows(self, table, *order):
        from sqlalchemy import select

        with self.database.reading() as connection:
            return connection.execute(select(table).order_by(*order)).all()

    def become(self, issue_id, state, who=None):
        """Let deliveries of an issue be in a state, whatever they were."""
        from sqlalchemy import update

        here = deliveries.c.issue == issue_id
        if who:
            here &= deliveries.c.subscriber == who
        with self.database.writing() as connection:
            connection.execute(update(deliveries).where(here).values(state=state))

    def get(self, issue_id):
        with self.database.reading() as connection:
            return issue_store.get(connection, issue_id)


@pytest.fixture
def town(database, vault, clock):
    return Town(database, vault, clock)


# ------------------------------------------------------------------------------------------------ who gets what


def test_everybody_has_one_line(town) -> None:
    """Who chose something gets it, who cannot be mailed is excluded with the reason, who left is no candidate."""
    fatigue = town.entry("fatigue", topics=("fatigue", "work"))
    sleep = town.entry("sleep", topics=("sleep",))
    plain = town.entry("plain")
    town.person("all")
    town.person("one", topics=("fatigue",))
    town.person("two", topics=("sleep", "work"))
    town.person("nothing", topics=("diet",))
    town.person("suppressed", suppressed=True)
    town.person("paused", state="paused")
    town.person("ended", state="ended")
    town.person("elsewhere", digests=("other",))
    issue = town.issue(fatigue, sleep, plain)
    told = []
    account = town.freeze(issue, progress=told.append)

    assert town.outcome(issue.id) == {
        "all": "fatigue plain sleep",
        "one": "fatigue",
        "two": "fatigue sleep",
        "nothing": "nothing chosen",
        "suppressed": "suppressed",
        "paused": "paused",
    }
    assert account == Account(candidates=6, excluded=3, pending=3, in_flight=0, accepted=0, rejected=0, unknown=0)
    assert account.closed
    assert sum(told) == 6
    assert (town.get(issue.id).state, town.get(issue.id).provider) == ("sending", "file")


@pytest.mark.parametrize(
    ("group", "theirs"),
    [
        ("", "everybody patients physicians"),
        ("patient", "everybody patients"),
        ("clinician", "everybody physicians"),
        ("researcher", "everybody"),
    ],
)
@only_sqlite
def test_an_audience_gets_what_is_for_it_and_for_everybody(town, group, theirs) -> None:
    """Who named no audience gets all."""
    ids = [town.entry("everybody"), town.entry("patients", audience=("patient",))]
    ids.append(town.entry("physicians", audience=("clinician",)))
    town.person("reader", audience=group)

    assert town.outcome(town.frozen(*ids))["reader"] == theirs


@only_sqlite
def test_safety_alone(town) -> None:
    """Who chose safety notices gets nothing else, of their topics; without one they are left in peace."""
    post, notice = town.entry("post", topics=("pml",)), town.entry("notice", kind="safety", topics=("pml",))
    town.person("careful", frequency="safety")
    town.person("narrow", frequency="safety", topics=("diet",))
    quiet, loud = town.frozen(post), town.frozen(post, notice)

    assert town.outcome(quiet) == dict.fromkeys(("careful", "narrow"), "nothing chosen")
    assert town.outcome(loud) == {"careful": "notice", "narrow": "nothing chosen"}


@only_sqlite
def test_an_issue_for_nobody_is_refused(town) -> None:
    """Sent to nobody, what it carries would count as told; it stays a draft until somebody is there."""
    issue = town.issue(town.entry("a"))
    with pytest.raises(RefusedError, match="nobody is subscribed"):
        town.freeze(issue)
    with town.database.reading() as connection:
        assert issue_store.get(connection, issue.id).state == "draft"
    town.person("somebody")

    assert town.freeze(issue).candidates == 1


# ------------------------------------------------------------------------------------------------- nobody twice


def test_nobody_is_sent_an_entry_twice_over_two_digests(town) -> None:
    """What one digest sent is left out of the other's, for those who had it and for nobody else."""
    shared, old, new = town.entry("shared"), town.entry("old"), town.entry("new")
    town.person("both", digests=("weekly", "daily"))
    town.person("weekly", digests=("weekly",))
    town.person("daily", digests=("daily",))
    first = town.frozen(shared, old)
    second, third = town.frozen(shared, new, name="daily"), town.frozen(old, shared, name="daily")

    assert town.outcome(first) == {"both": "old shared", "weekly": "old shared"}
    assert town.outcome(second) == {"both": "new", "daily": "new shared"}
    assert town.outcome(third) == {"both": "nothing chosen", "daily": "old"}


@pytest.mark.parametrize("state", STATES)
def test_which_deliveries_count_as_sent(town, state) -> None:
    """Accepted or perhaps accepted: never again. Surely not sent: once more."""
    shared = town.entry("shared")
    who = town.person("reader", digests=("weekly", "daily"))
    first = town.frozen(shared)
    town.become(first, state, who)
    again = town.frozen(shared, name="daily")

    assert town.outcome(again)["reader"] == ("shared" if state in {"excluded", "rejected"} else "nothing chosen")


def test_what_was_sent_is_known_of_people_in_all_chunks(town, monkeypatch) -> None:
    """People are read in chunks; each chunk looks up its own."""
    monkeypatch.setattr(freezing, "CHUNK", 3)
    one, two = town.entry("one"), town.entry("two")
    for number in range(10):
        town.person(f"p{number}", digests=("weekly", "daily"), topics=() if number % 2 else ("none",))
    first = town.frozen(one)
    second = town.frozen(one, two, name="daily")

    assert Counter(town.outcome(first).values()) == {"one": 5, "nothing chosen": 5}
    assert Counter(town.outcome(second).values()) == {"two": 5, "nothing chosen": 5}


# ------------------------------------------------------------------------------------------- how much, and for whom


def test_what_does_not_fit_is_counted(town) -> None:
    """Each gets what matters most of their own topics, and is told how many more there are."""
    ids = [town.entry(f"e{number}", topics=("even",) if number % 2 == 0 else ("odd",)) for number in range(6)]
    town.person("all")
    town.person("even", topics=("even",))
    issue = town.issue(*ids)
    town.freeze(issue, of=digest(max_entries=3))

    assert town.outcome(issue.id) == {"all": "e0 e1 e2 +3", "even": "e0 e2 e4"}


def test_what_was_sent_makes_room(town) -> None:
    """An entry that somebody has makes place for the next one, and is no more counted as being on the web."""
    ids = [town.entry(f"e{number}") for number in range(4)]
    town.person("both", digests=("weekly", "daily"))
    town.person("daily", digests=("daily",))
    town.frozen(*ids[:2])
    issue = town.issue(*ids, name="daily")
    town.freeze(issue, of=digest("daily", max_entries=2))

    assert town.outcome(issue.id) == {"both": "e2 e3", "daily": "e0 e1 +2"}


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"audience": "patient"}, "for all for patients trial"),
        ({"audience": "clinician"}, "for all trial"),
        ({}, "for all for patients trial"),
        ({"kinds": ("trial", "safety")}, "trial"),
        ({"kinds": ("safety",)}, "nothing chosen"),
        ({"frequency": "safety"}, "nothing chosen"),
    ],
    ids=str,
)
@only_sqlite
def test_kinds_and_audiences(town, chosen, told) -> None:
    """A person's kinds of entries, and who an entry is for."""
    plain = town.entry("for all")
    patients = town.entry("for patients", audience=("patient",))
    trial = town.entry("trial", kind="trial")
    town.person("reader", **chosen)

    assert town.outcome(town.frozen(plain, patients, trial))["reader"] == told


def test_a_correction_reaches_exactly_those_who_were_told(town) -> None:
    """Also if nothing else is new for them; not who was sent it afterwards, not whom it was not sent, and not twice."""
    paper, other = town.entry("paper", topics=("t",)), town.entry("other", topics=("u",))
    town.person("reader", topics=("t",))
    town.person("both")
    town.person("stranger", topics=("u",))
    town.person("late", topics=("t",), digests=("daily",))
    town.frozen(paper)
    town.clock.advance(DAY)
    notice = town.change(paper, seen=town.clock.now())
    town.clock.advance(DAY)
    late = town.frozen(paper, name="daily")
    town.clock.advance(DAY)
    told = town.frozen(other, notices=(notice,))
    town.clock.advance(DAY)
    again = town.frozen(town.entry("new"), notices=(notice,))
    daily = town.frozen(town.entry("newer"), name="daily", notices=(notice,))

    assert town.outcome(late) == {"late": "paper"}
    assert town.outcome(told) == {"reader": notice, "both": f"other {notice}", "stranger": "other"}
    assert set(town.outcome(again).values()) == {"new", "nothing chosen"}
    assert town.outcome(daily) == {"late": "nothing chosen"}


def test_whoever_reads_in_another_way_is_not_forgotten(town) -> None:
    """An issue that is not compiled for somebody who came since is compiled for them first; nothing is decided before."""
    one = town.entry("one")
    town.person("early")
    issue = town.issue(one)
    town.person("late", theme="large", neutral=True)

    with pytest.raises(freezing.MissingVariantsError, match=r"en\.large\.neutral"):
        town.freeze(issue)
    assert town.outcome(issue.id) == {}
    assert town.get(issue.id).state == "draft"


def test_what_a_check_refuses_is_not_frozen(town) -> None:
    """Nothing of it is kept, and the issue stays what it was."""
    town.person("reader")
    issue = town.issue(town.entry("one"))

    def refuse(connection) -> None:
        assert delivery_store.account(connection, issue.id).pending == 1
        raise RefusedError("no")

    with pytest.raises(RefusedError, match="no"):
        town.freeze(issue, check=refuse)
    assert town.outcome(issue.id) == {}
    assert town.get(issue.id).provider is None


# ------------------------------------------------------------------------------------------------ how often


@pytest.mark.parametrize(
    ("frequency", "gap", "due"),
    [
        ("each", HOUR, True),
        ("weekly", 6 * DAY, False),
        ("weekly", 7 * DAY - HOUR, True),
        ("weekly", 7 * DAY, True),
        ("monthly", 27 * DAY, False),
        ("monthly", 28 * DAY, True),
        ("monthly", 31 * DAY, True),
        ("safety", HOUR, True),
    ],
)
@only_sqlite
def test_a_slower_frequency_skips_what_comes_too_soon(town, frequency, gap, due) -> None:
    """A week or a month after what was sent last; an hour of summer time does not count."""
    town.person("reader", frequency=frequency)
    town.frozen(town.entry("first", kind="safety"), due_at=NOW)
    second = town.frozen(town.entry("second", kind="safety"), due_at=NOW + gap)

    assert town.outcome(second)["reader"] == ("second" if due else "not due")


@pytest.mark.parametrize(
    ("state", "due"), [("accepted", False), ("unknown", False), ("rejected", True), ("excluded", True)]
)
@only_sqlite
def test_only_what_reached_somebody_makes_them_wait(town, state, due) -> None:
    """A rejected or withdrawn issue was none for them; another digest's does not count."""
    who = town.person("reader", digests=("weekly", "other"), frequency="weekly")
    town.become(town.frozen(town.entry("first")), state, who)
    second, other = town.entry("second"), town.entry("other")

    assert town.outcome(town.frozen(other, name="other"))["reader"] == "other"
    assert town.outcome(town.frozen(second))["reader"] == ("second" if due else "not due")


# --------------------------------------------------------------------------------------------- how it looks


@pytest.mark.parametrize(
    ("of", "variant"),
    [
        ({}, "en.standard"),
        ({"theme": "large"}, "en.large"),
        ({"theme": "low-glare", "language": "en-GB"}, "en.low-glare"),
        ({"language": "EN"}, "en.standard"),
        ({"language": "pt-BR"}, "en.standard"),
        ({"language": "tlh"}, "en.standard"),
        ({"theme": "neon"}, "en.standard"),
    ],
)
@only_sqlite
def test_the_variant_is_what_a_person_reads(town, of, variant) -> None:
    """Their theme, and their language if we speak it; a theme that is no more is the standard one."""
    town.person("reader", **of)
    town.frozen(town.entry("a"))
    (row,) = town.rows(deliveries)

    assert row.variant == variant


@pytest.mark.parametrize("caps", [CAPS, LETTERS], ids=["own messages", "one letter"])
def test_positions_and_batches(town, caps) -> None:
    """Equal bodies stand together; batches cover all positions, and of one letter there is one body."""
    a, b = town.entry("a", topics=("x",)), town.entry("b", topics=("y",))
    for number in range(11):
        town.person(f"p{number}", topics=(("x",), ("y",))[number % 2], theme=("standard", "large")[number % 3 == 0])
    town.person("paused", state="paused")
    issue = town.issue(a, b)
    town.freeze(issue, caps)
    rows = [row for row in town.rows(deliveries, deliveries.c.position) if row.position]
    ranges = [(row.lo, row.hi) for row in town.rows(batches, batches.c.lo)]
    bodies = [(row.variant, row.selection) for row in rows]

    assert [row.position for row in rows] == list(range(1, 12))
    assert bodies == sorted(bodies)
    assert len(set(bodies)) == 4
    assert [place for lo, hi in ranges for place in range(lo, hi + 1)] == list(range(1, 12))
    assert max(hi - lo for lo, hi in ranges) < 3
    if caps.substitutes:
        assert all(len(set(bodies[lo - 1 : hi])) == 1 for lo, hi in ranges)


# ------------------------------------------------------------------------------------------ whether it may be sent


@pytest.mark.parametrize(
    ("state", "required", "approvals", "words"),
    [
        ("draft", 1, (), "needs 1 more"),
        ("draft", 2, ("Ada",), "needs 1 more"),
        ("held", 2, (), "needs 2 more"),
        ("approved", 2, ("Ada",), "needs 1 more"),
        ("sending", 0, (), "cannot be sent again; `msdigest run` goes on with it, or `msdigest issue send 1 --wait`"),
        ("sent", 0, (), "cannot be sent again"),
        ("cancelled", 0, (), "cannot be sent again"),
    ],
)
@only_sqlite
def test_what_may_not_be_sent_is_refused(town, state, required, approvals, words) -> None:
    """Without its approvals, whatever state it is in; and once it is decided who gets it. Nothing is written."""
    town.person("reader")
    issue = town.issue(town.entry("a"), state=state, approvals=approvals)

    with pytest.raises(RefusedError, match=words):
        town.freeze(issue, of=digest(approval=required))
    assert town.rows(deliveries) == []
    assert town.get(issue.id) == issue


@pytest.mark.parametrize(
    ("state", "required", "approvals"),
    [("draft", 0, ()), ("approved", 0, ()), ("approved", 1, ("Ada",)), ("draft", 1, ("Ada",)), ("held", 0, ())],
)
@only_sqlite
def test_what_may_be_sent(town, state, required, approvals) -> None:
    """A draft where nobody has to approve it, an approved issue, and a held one whose editor decided."""
    town.person("reader")
    issue = town.issue(town.entry("a"), state=state, approvals=approvals)

    assert town.freeze(issue, of=digest(approval=required)).pending == 1


def test_a_frozen_issue_that_is_held_is_not_frozen_again(town) -> None:
    """It is decided who gets it: it can be sent on, and nobody has a second line."""
    town.person("reader")
    issue_id = town.frozen(town.entry("a"))
    with town.database.writing() as connection:
        issue_store.set_state(connection, issue_id, "held", only_from=("sending",))

    with pytest.raises(RefusedError, match="cannot be sent again"):
        town.freeze(town.get(issue_id))
    assert len(town.rows(deliveries)) == 1


@only_sqlite
def test_a_late_issue_that_an_editor_sends_has_time_to_be_sent(town) -> None:
    """Else it would be held again before the first message."""
    town.person("reader")
    issue = town.issue(town.entry("a"), state="held", due_at=NOW - 3 * DAY)
    town.freeze(issue, of=digest(latest=2 * DAY))

    assert town.get(issue.id).not_later_than == NOW + 2 * DAY


def test_an_issue_that_changed_in_the_meantime_is_looked_at_again(town) -> None:
    """Composed anew, approved, sent or gone: what is sent is what the editor saw."""
    town.person("reader")
    seen = town.issue(town.entry("a"))
    with town.database.writing() as connection:
        issue_store.keep(
            connection, replace(seen, hash="another"), entries=(), bodies={"en.standard": b"another program"}
        )
    with pytest.raises(RefusedError, match="in the meantime"):
        town.freeze(seen)

    current = town.get(seen.id)
    with town.database.writing() as connection:
        issue_store.set_state(connection, seen.id, "approved", only_from=("draft",))
    with pytest.raises(RefusedError, match="in the meantime"):
        town.freeze(current)
    with pytest.raises(RefusedError, match="in the meantime"):
        town.freeze(replace(current, id=4711))

    assert town.rows(deliveries) == []


def test_nobody_changes_an_issue_while_it_is_frozen(town) -> None:
    """Who approves it meanwhile waits until it is decided who gets it, and is told then."""
    town.person("reader")
    issue = town.issue(town.entry("a"))
    with ThreadPoolExecutor(1) as pool:
        attempts = []

        def meddle(_):
            attempts.append(pool.submit(approve, town.database, issue=issue, required=1, name="Ada"))
            # It may go on only when the transaction has ended: a moment is enough to see one that does not wait.
            wait(attempts, timeout=0.3)
            assert not attempts[0].done()

        town.freeze(issue, progress=meddle)
        with pytest.raises(RefusedError, match="in the meantime"):
            attempts[0].result(60)

    assert (town.get(issue.id).state, town.get(issue.id).approvals) == ("sending", ())


def test_a_crash_while_freezing_leaves_nothing(town, monkeypatch) -> None:
    """One transaction: the next try begins from the beginning."""
    monkeypatch.setattr(freezing, "CHUNK", 2)
    for number in range(5):
        town.person(f"p{number}")
    issue = town.issue(town.entry("a"))

    def die(_):
        if len(seen := [*steps, 1]) > 1:
            raise KeyboardInterrupt
        steps[:] = seen

    steps = []
    with pytest.raises(KeyboardInterrupt):
        town.freeze(issue, progress=die)
    assert (town.rows(deliveries), town.get(issue.id)) == ([], issue)

    assert town.freeze(issue).pending == 5


# --------------------------------------------------------------------------------------------- whom a change concerns


@pytest.mark.parametrize(
    ("who", "concerned"),
    [
        ({}, True),
        ({"state": "paused"}, False),
        ({"state": "ended"}, False),
        ({"suppressed": True}, False),
        ({"digests": ("weekly", "daily")}, True),
    ],
    ids=str,
)
def test_a_change_concerns_whoever_can_be_told(town, who, concerned) -> None:
    """Until they were told of it; who has left since, or must not be mailed, is nobody."""
    paper = town.entry("paper")
    town.person("reader", **who)
    town.person("other", topics=("none",))
    first = town.issue(paper)
    town.freeze(first)
    town.clock.advance(DAY)
    notice = town.change(paper, seen=town.clock.now())

    assert town.concerns(notice) == concerned
    if concerned:
        town.frozen(notices=(notice,))
        assert town.outcome(first.id + 1) == {"reader": notice, "other": "nothing chosen"}
        assert not town.concerns(notice)
