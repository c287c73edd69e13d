"""Changes as things of their own, what is held, and what good guests remember."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from msdigest.store.schema import Instant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the tables and columns; what was collected before has no facts until it is read again."""
    for column in (
        sa.Column("notes", sa.JSON(), nullable=True),
        sa.Column("interval", sa.Integer(), nullable=True),
        sa.Column("moved_to", sa.Text(), nullable=True),
        sa.Column("moved_times", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("moved_since", Instant(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("gone_times", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("gone_since", Instant(), nullable=True),
    ):
        op.add_column("sources", column)
    op.add_column("entries", sa.Column("owned", sa.Boolean(), nullable=False, server_default=sa.false()))
    # Whoever decided the words of what was collected before goes on to: else all would be told anew.
    op.execute(sa.table("entries", sa.column("owned", sa.Boolean())).update().values(owned=True))
    op.add_column("entries", sa.Column("merged_into", sa.String(length=36), nullable=True))
    op.add_column("places", sa.Column("facts", sa.JSON(), nullable=True))
    with op.batch_alter_table("revisions") as revisions:
        revisions.alter_column("content", existing_type=sa.JSON(), nullable=True)
    op.create_table(
        "held",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("source", "key"),
    )
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("entry", sa.String(length=36), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("seen", Instant(), nullable=False),
        sa.Column("material", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry"],
            ["entries.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("changes_by_entry", "changes", ["entry", "seen"], unique=False)
    op.create_index("changes_by_time", "changes", ["seen"], unique=False)
