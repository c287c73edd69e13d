"""When a person's record and choices last changed: what was sent before cannot be made again from them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from msdigest.store.schema import Instant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns; what changed before is not known."""
    for table in ("subscribers", "subscriptions"):
        op.add_column(table, sa.Column("changed", Instant(), nullable=True))
