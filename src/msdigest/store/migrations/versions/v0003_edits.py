"""What editors change on an issue, and what its messages leave to the web."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns."""
    for column in (
        sa.Column("edits", sa.JSON(), nullable=True),
        sa.Column("overrides", sa.JSON(), nullable=True),
        sa.Column("notices", sa.JSON(), nullable=True),
        sa.Column("news", sa.JSON(), nullable=True),
        sa.Column("templates", sa.String(length=64), nullable=True),
    ):
        op.add_column("issues", column)
    op.add_column("selections", sa.Column("more", sa.Integer(), nullable=False, server_default="0"))
