"""The tables. Each has a sentence; what is personal is sealed by the vault before it comes here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)

if TYPE_CHECKING:
    from sqlalchemy import Dialect
    from sqlalchemy.types import TypeEngine


class Instant(TypeDecorator[datetime]):
    """An aware datetime, UTC, to the microsecond.

    SQLite has no such type and SQLAlchemy's own gives naive values back there, so it is kept as text that sorts
    like time; PostgreSQL keeps a timestamp with time zone.
    """

    impl = String(27)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of the dialect."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(String(27))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse naive values, turn the rest into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"a naive datetime must not be kept: {value}"
            raise ValueError(message)
        value = value.astimezone(UTC)
        if dialect.name == "postgresql":
            return value
        # Not strftime: it writes the year 476 in three digits.
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give aware UTC back."""
        if value is None:
            return None
        return value.astimezone(UTC) if dialect.name == "postgresql" else datetime.fromisoformat(value)


metadata = MetaData()

# Facts about this database, e.g. which vault key its records belong to.
facts = Table(
    "facts",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

# What is remembered of each source between two visits.
sources = Table(
    "sources",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("url", Text, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_hash", String(64)),
    Column("status", String(16), nullable=False),
    Column("error", Text),
    Column("failures", Integer, nullable=False),
    Column("last_attempt", Instant),
    Column("last_success", Instant),
    Column("last_new", Instant),
    Column("next_check", Instant),
    # Not before this, whoever asks: the server said so (Retry-After).
    Column("not_before", Instant),
    # What the collector itself wishes to remember, e.g. validators of several addresses.
    Column("notes", JSON),
    # Seconds between the last visit and the next, as the source's own rhythm made them.
    Column("interval", Integer),
    # Where a permanent redirect leads, how often and since when it was seen; where it is asked instead by now.
    Column("moved_to", Text),
    Column("moved_times", Integer, nullable=False, server_default="0"),
    Column("moved_since", Instant),
    Column("address", Text),
    # How often it answered that it is gone for good, and since when.
    Column("gone_times", Integer, nullable=False, server_default="0"),
    Column("gone_since", Instant),
)

# What a source shows and an editor must look at before it is kept.
held = Table(
    "held",
    metadata,
    Column("source", String(64), nullable=False),
    Column("key", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Instant, nullable=False),
    PrimaryKeyConstraint("source", "key"),
)

# One row an entry, in its newest revision.
entries = Table(
    "entries",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("source", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("published", Instant),
    Column("first_seen", Instant, nullable=False),
    # When the newest material revision was seen; the first one counts.
    Column("changed_at", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("content", JSON, nullable=False),
    # The source that decides its words is where it is at home: the link's own site, or a register.
    Column("owned", Boolean, nullable=False, server_default=false()),
    # The entry that this one turned out to be: it lives on there.
    Column("merged_into", String(36)),
    Index("entries_by_change", "changed_at"),
    Index("entries_by_first_seen", "first_seen"),
)

# Where an entry was seen: one row for each source that shows it.
places = Table(
    "places",
    metadata,
    Column("source", String(64), nullable=False),
    Column("key", Text, nullable=False),
    Column("entry", String(36), ForeignKey("entries.id"), nullable=False),
    Column("url", Text, nullable=False),
    # The text as this source showed it, by which a living page's collector recognises it; empty for a feed's entries.
    Column("shown", Text, nullable=False),
    Column("section", JSON, nullable=False),
    Column("published", Instant),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("gone_at", Instant),
    # What is watched on it, as this source tells it.
    Column("facts", JSON),
    PrimaryKeyConstraint("source", "key"),
    Index("places_by_entry", "entry"),
)

# Names by which the same entry is recognised across sources: canonical link, its own DOI or trial number.
marks = Table(
    "marks",
    metadata,
    Column("mark", Text, primary_key=True),
    Column("entry", String(36), ForeignKey("entries.id"), nullable=False),
)

# Every state an entry has had.
revisions = Table(
    "revisions",
    metadata,
    Column("entry", String(36), ForeignKey("entries.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("seen", Instant, nullable=False),
    Column("change", String(16), nullable=False),
    Column("material", Boolean, nullable=False),
    Column("hash", String(64), nullable=False),
    # Of the newest one it stands with the entry: most entries never have another.
    Column("content", JSON(none_as_null=True)),
    PrimaryKeyConstraint("entry", "number"),
)

# Each thing that became different on an entry, as a thing of its own.
changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("entry", String(36), ForeignKey("entries.id"), nullable=False),
    Column("source", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("seen", Instant, nullable=False),
    Column("material", Boolean, nullable=False),
    Index("changes_by_entry", "entry", "seen"),
    Index("changes_by_time", "seen"),
)

# One row an issue of a digest.
issues = Table(
    "issues",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("digest", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("cut_off", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("not_later_than", Instant, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sections", JSON, nullable=False),
    Column("approvals", JSON, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("provider", String(32)),
    Column("frozen_at", Instant),
    Column("sent_at", Instant),
    # What an editor changed, the faults it is sent with all the same, and whom it tells of corrections.
    Column("edits", JSON),
    Column("overrides", JSON),
    Column("notices", JSON),
    # The changes that its entries are there for: what became of a trial, a label, a date.
    Column("news", JSON),
    # Fingerprint of the templates that it was compiled with.
    Column("templates", String(64)),
    UniqueConstraint("digest", "number"),
)

# What an issue's entries looked like when it was composed: the archive shows this, not later revisions.
issue_entries = Table(
    "issue_entries",
    metadata,
    Column("issue", Integer, nullable=False),
    Column("entry", String(36), nullable=False),
    Column("revision", Integer, nullable=False),
    PrimaryKeyConstraint("issue", "entry"),
    Index("issue_entries_by_entry", "entry"),
)

# The compiled program of each variant of an issue: a rebuild joins it again, byte for byte.
programs = Table(
    "programs",
    metadata,
    Column("issue", Integer, nullable=False),
    Column("variant", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("issue", "variant"),
)

# Each distinct choice of entries and notices of an issue, once.
selections = Table(
    "selections",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("issue", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    # How many entries more are for them on the web.
    Column("more", Integer, nullable=False, server_default="0"),
    UniqueConstraint("issue", "hash"),
)
selection_entries = Table(
    "selection_entries",
    metadata,
    Column("selection", Integer, nullable=False),
    # An entry, or a notice (change-7).
    Column("entry", String(36), nullable=False),
    PrimaryKeyConstraint("selection", "entry"),
    Index("selection_entries_by_entry", "entry", "selection"),
)

# People. Address and name are sealed; the address is found by its keyed hash.
subscribers = Table(
    "subscribers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("lookup", String(64), nullable=False, unique=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("created", Instant, nullable=False),
    # When the record last became another one: an older message cannot be made again from it.
    Column("changed", Instant),
)

# What a person chose for a digest (sealed with the evidence of consent); the state is needed by set-based SQL.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("digest", String(64), nullable=False),
    Column("subscriber", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("since", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("changed", Instant),
    PrimaryKeyConstraint("digest", "subscriber"),
    Index("subscriptions_by_subscriber", "subscriber"),
)

# Addresses that must never be mailed again, as keyed hashes: they outlive the person's record.
suppressions = Table(
    "suppressions",
    metadata,
    Column("lookup", String(64), primary_key=True),
    Column("reason", String(32), nullable=False),
    Column("at", Instant, nullable=False),
)

# One issue for one subscriber. Excluded ones have no position.
deliveries = Table(
    "deliveries",
    metadata,
    Column("issue", Integer, nullable=False),
    Column("subscriber", String(32), nullable=False),
    Column("position", Integer),
    Column("due_at", Instant, nullable=False),
    Column("selection", Integer),
    Column("variant", String(64)),
    Column("state", String(16), nullable=False),
    Column("reason", String(200)),
    Column("provider_id", String(200)),
    Column("attempts", Integer, nullable=False),
    PrimaryKeyConstraint("issue", "subscriber"),
    Index("deliveries_by_position", "issue", "position", unique=True),
    Index("deliveries_by_subscriber", "subscriber"),
)

# A range of positions that is sent in one call.
batches = Table(
    "batches",
    metadata,
    Column("issue", Integer, nullable=False),
    Column("lo", Integer, nullable=False),
    Column("hi", Integer, nullable=False),
    #   pending, claimed, in_flight, settled
    Column("state", String(16), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("owner", String(64)),
    Column("lease_until", Instant),
    PrimaryKeyConstraint("issue", "lo"),
    Index("batches_to_claim", "state", "due_at", "issue", "lo"),
)

# Every call that was started, with the hash of what was sent and what is known of its end.
attempts = Table(
    "attempts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("issue", Integer, nullable=False),
    Column("lo", Integer, nullable=False),
    Column("hi", Integer, nullable=False),
    Column("provider", String(32), nullable=False),
    Column("payload_hash", String(64), nullable=False),
    Column("payload_bytes", BigInteger, nullable=False),
    Column("recipients", Integer, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", String(16)),
    Column("evidence", String(300)),
    # Which call for these positions it was, from 1: whoever was started so often was in it.
    Column("turn", Integer, nullable=False, server_default="1"),
    # When the provider is asked (again) what it took; empty = nothing is in doubt, or nothing more can be asked.
    Column("ask_at", Instant),
    Column("asked", Integer, nullable=False, server_default="0"),
    # So long somebody is asking just now, or makes the call again.
    Column("held_until", Instant),
    Index("attempts_by_batch", "issue", "lo"),
    Index("attempts_to_ask", "ask_at"),
)

# Webhook calls that were taken, as hashes of their marks: none is taken twice.
hooks = Table(
    "hooks",
    metadata,
    Column("mark", String(64), primary_key=True),
    Column("at", Instant, nullable=False),
    Index("hooks_by_time", "at"),
)

# Addresses whose servers refused mail for now, as keyed hashes, until one is delivered again.
soft_bounces = Table(
    "soft_bounces",
    metadata,
    Column("lookup", String(64), primary_key=True),
    Column("times", Integer, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
)

# One row each time a task was rung for: a second process or a restart cannot ring twice.
fires = Table(
    "fires",
    metadata,
    Column("task", String(96), nullable=False),
    Column("scheduled_for", Instant, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("error", Text),
    PrimaryKeyConstraint("task", "scheduled_for"),
)
