"""What is asked about calls that ended in doubt, webhook calls that were taken, and soft bounces."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from msdigest.store.schema import Instant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the tables and columns; a call that was in doubt before is asked about at once."""
    op.add_column("attempts", sa.Column("turn", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("attempts", sa.Column("ask_at", Instant(), nullable=True))
    op.add_column("attempts", sa.Column("asked", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("attempts", sa.Column("held_until", Instant(), nullable=True))
    op.create_index("attempts_to_ask", "attempts", ["ask_at"])
    _fill()
    op.create_table(
        "hooks",
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("mark"),
    )
    op.create_index("hooks_by_time", "hooks", ["at"])
    op.create_table(
        "soft_bounces",
        sa.Column("lookup", sa.String(length=64), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_at", Instant(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("lookup"),
    )


def _fill() -> None:
    """Count which call each was for its positions: a range only ever gets smaller, so those before are around it."""
    attempts = sa.table(
        "attempts",
        *(sa.column(name) for name in ("id", "issue", "lo", "hi", "turn", "outcome", "ended_at", "ask_at")),
        sa.column("started_at", Instant()),
    )
    around = attempts.alias()
    before = (
        sa.select(sa.func.count())
        .where(
            around.c.issue == attempts.c.issue,
            around.c.lo <= attempts.c.lo,
            around.c.hi >= attempts.c.hi,
            around.c.started_at < attempts.c.started_at,
        )
        .scalar_subquery()
    )
    op.execute(attempts.update().values(turn=before + 1))
    doubtful = attempts.c.outcome.in_(("unknown", "mixed"))
    op.execute(attempts.update().where(doubtful).values(ask_at=attempts.c.ended_at))
