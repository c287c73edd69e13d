"""People in the store: sealed, streamed, suppressed, gone for good."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from msdigest.errors import VaultError
from msdigest.model.subscriber import Consent, Subscriber, Subscription
from msdigest.store import audience
from msdigest.store.schema import metadata
from msdigest.vault import Vault, new_keys

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CONSENT = Consent(at=NOW - timedelta(days=400), text="I agree wholeheartedly", source="form:spring-fair")
ADA = Subscriber(
    id="a" * 32,
    address="Ada.Lovelace@analytical.example",
    name="Ada Lovelace",
    language="en-GB",
    zone="Europe/London",
    theme="low-glare",
    audience="patient",
)


def subscription(person=ADA, digest="weekly", **changes):
    chosen = Subscription(
        subscriber=person.id, digest=digest, consent=CONSENT, topics=("bladder", "fatigue"), frequency="monthly"
    )
    return replace(chosen, **changes)


def people(count, *, start=0):
    return [
        replace(ADA, id=f"{number:032x}", address=f"p{number}@example.org") for number in range(start, start + count)
    ]


def add(database, vault, *persons, digest="weekly", **changes):
    """Keep people with one subscription each."""
    with database.writing() as connection:
        audience.add_people(connection, vault, [(vault.look_up(each.address), each) for each in persons], now=NOW)
        chosen = [subscription(each, digest, **changes) for each in persons]
        audience.add_subscriptions(connection, vault, chosen, now=NOW)


def everything(database):
    """Return all that lies in the database: every value of every row, and of SQLite the bytes of its files."""
    with database.reading() as connection:
        rows = b"".join(
            bytes(value) if isinstance(value, bytes) else str(value).encode()
            for table in metadata.sorted_tables
            for row in connection.execute(select(table))
            for value in row
        )
    path = Path(database.engine.url.database or "")
    files = b"".join(file.read_bytes() for file in path.parent.glob(path.name + "*")) if database.is_sqlite else b""
    return [rows, files] if files else [rows]


PERSONAL = [
    ADA.address, "Lovelace", "analytical", ADA.zone, ADA.language, ADA.theme, ADA.audience,
    "bladder", "fatigue", "monthly", CONSENT.text, CONSENT.source, CONSENT.at.date().isoformat(),
]  # fmt: skip


def test_nothing_personal_can_be_read(database, vault) -> None:
    """Neither in the rows nor in the bytes of the file: address, name, settings, choices, evidence of consent."""
    add(database, vault, ADA)
    with database.writing() as connection:
        audience.suppress(connection, vault.look_up(ADA.address), reason="complained", now=NOW)

    for raw in everything(database):
        assert ADA.id.encode() in raw
        assert [word for word in PERSONAL if word.lower().encode() in raw.lower()] == []


def test_a_person_comes_back_as_they_were(database, vault) -> None:
    """By id, by address, as a member: every field."""
    add(database, vault, ADA)
    lookup = vault.look_up("ADA.lovelace@ANALYTICAL.example")
    with database.reading() as connection:
        assert audience.by_ids(connection, vault, [ADA.id, "f" * 32]) == {ADA.id: ADA}
        assert audience.by_lookups(connection, vault, [lookup, "none"]) == {lookup: ADA}
        assert audience.members(connection, vault, "weekly") == [
            audience.Member(subscriber=ADA, subscription=subscription(), suppressed=False)
        ]
        assert audience.subscriptions_of(connection, vault, [ADA.id]) == {(ADA.id, "weekly"): subscription()}


def test_a_record_opens_in_its_own_place_only(database, vault) -> None:
    """One person's record put into another's row is noticed, and so are foreign keys."""
    add(database, vault, ADA)
    row = audience.subscribers.c
    with database.writing() as connection:
        connection.execute(audience.update(audience.subscribers).where(row.id == ADA.id).values(id="b" * 32))
    with database.reading() as connection:
        with pytest.raises(VaultError, match="does not open"):
            audience.by_ids(connection, vault, ["b" * 32])
        with pytest.raises(VaultError, match="does not open"):
            audience.by_ids(connection, Vault(new_keys()), ["b" * 32])


def test_one_address_is_one_person(database, vault) -> None:
    """The database itself refuses a second record."""
    add(database, vault, ADA)

    with pytest.raises(Exception, match=r"(?i)unique"):
        add(database, vault, replace(ADA, id="b" * 32, address=ADA.address.upper()))


def test_members_stream_in_chunks(database, vault) -> None:
    """A walk over all meets each person once, in the order of ids, and holds one chunk."""
    add(database, vault, *people(7))
    add(database, vault, *people(3, start=100), digest="daily")
    with database.reading() as connection:
        chunks, after = [], ""
        while chunk := audience.members(connection, vault, "weekly", after=after, limit=3):
            chunks.append([member.subscriber.id for member in chunk])
            after = chunk[-1].subscriber.id
        walked = [member.subscriber.id for member in audience.all_members(connection, vault, "weekly")]

    assert [len(chunk) for chunk in chunks] == [3, 3, 1]
    assert [each for chunk in chunks for each in chunk] == walked == [person.id for person in people(7)]


def test_a_suppressed_person_is_marked(database, vault) -> None:
    """By the keyed hash alone, whoever is behind it; the first reason stays."""
    ada, other = ADA, replace(ADA, id="b" * 32, address="other@example.org")
    add(database, vault, ada, other)
    lookup, stranger = vault.look_up(ada.address), vault.look_up("stranger@example.org")
    with database.writing() as connection:
        told = [
            audience.suppress(connection, lookup, reason=reason, now=NOW) for reason in ("bounced", "complained")
        ] + [audience.suppress(connection, stranger, reason="asked", now=NOW)]
    with database.reading() as connection:
        marked = [member.suppressed for member in audience.members(connection, vault, "weekly")]
        reasons = audience.suppressed_among(connection, [lookup, stranger, vault.look_up(other.address)])

    assert told == [1, 0, 1]
    assert marked == [True, False]
    assert reasons == {lookup: "bounced", stranger: "asked"}


def test_a_subscription_ends_once(database, vault) -> None:
    """Ended stays ended; the other digest goes on; the choice is still there as a member's."""
    add(database, vault, ADA)
    with database.writing() as connection:
        audience.add_subscriptions(connection, vault, [subscription(digest="daily")], now=NOW)
        ended = [
            audience.end_subscription(connection, subscriber=ADA.id, digest=digest, now=NOW)
            for digest in ("weekly", "weekly", "none")
        ]
        audience.change_subscription(connection, vault, subscription(topics=("sleep",)), now=NOW)
    with database.reading() as connection:
        states = {
            digest: chosen.state
            for (_, digest), chosen in audience.subscriptions_of(connection, vault, [ADA.id]).items()
        }
        (member,) = audience.members(connection, vault, "weekly")
        active = [audience.count_active(connection, digest) for digest in ("weekly", "daily")]

    assert ended == [1, 0, 0]
    assert states == {"weekly": "ended", "daily": "active"}
    assert (member.subscription.state, member.subscription.topics) == ("ended", ("sleep",))
    assert active == [0, 1]


@pytest.mark.parametrize("state", ["active", "paused", "ended"])
def test_a_subscription_keeps_its_state(database, vault, state) -> None:
    """As it was added."""
    add(database, vault, ADA, state=state)
    with database.reading() as connection:
        found = audience.subscriptions_of(connection, vault, [ADA.id], digest="weekly")
        assert audience.subscriptions_of(connection, vault, [ADA.id], digest="daily") == {}
        assert audience.count_active(connection, "weekly") == (state == "active")

    assert found == {(ADA.id, "weekly"): subscription(state=state)}


def test_settings_change(database, vault) -> None:
    """Another name and theme; the person and their address stay."""
    add(database, vault, ADA)
    with database.writing() as connection:
        audience.change_person(connection, vault, replace(ADA, name="Augusta", theme="large"), now=NOW)
    with database.reading() as connection:
        (found,) = audience.by_lookups(connection, vault, [vault.look_up(ADA.address)]).values()

    assert found == replace(ADA, name="Augusta", theme="large")


def test_forgetting_deletes_a_person(database, vault) -> None:
    """Record and choices are gone, the suppression stays; others are untouched."""
    other = replace(ADA, id="b" * 32, address="other@example.org")
    add(database, vault, ADA, other)
    lookup = vault.look_up(ADA.address)
    with database.writing() as connection:
        audience.suppress(connection, lookup, reason="forgotten", now=NOW)
        forgotten = [audience.forget(connection, ADA.id) for _ in range(2)]
    with database.reading() as connection:
        assert audience.by_ids(connection, vault, [ADA.id, other.id]) == {other.id: other}
        assert audience.by_lookups(connection, vault, [lookup]) == {}
        assert audience.subscriptions_of(connection, vault, [ADA.id]) == {}
        assert [member.subscriber for member in audience.members(connection, vault, "weekly")] == [other]
        assert audience.suppressed_among(connection, [lookup]) == {lookup: "forgotten"}

    assert forgotten == [1, 0]


def test_nobody_is_added_without_complaint(database, vault) -> None:
    """Empty chunks are no error."""
    add(database, vault)
    with database.reading() as connection:
        assert audience.members(connection, vault, "weekly") == []
        assert audience.by_ids(connection, vault, []) == {}


def test_ids_are_opaque() -> None:
    """32 hex digits, never the same twice."""
    ids = {audience.new_subscriber_id() for _ in range(100)}

    assert len(ids) == 100
    assert all(len(bytes.fromhex(each)) == 16 for each in ids)


def test_ids_that_begin_so(database, vault) -> None:
    """Enough of an id is one person; a sign that databases take for any letter is only itself."""
    add(database, vault, *people(3))

    with database.reading() as connection:
        assert audience.ids_beginning(connection, "0" * 31 + "2") == ["0" * 31 + "2"]
        assert len(audience.ids_beginning(connection, "000000")) == 2
        assert audience.ids_beginning(connection, "%") == audience.ids_beginning(connection, "_" * 6) == []
