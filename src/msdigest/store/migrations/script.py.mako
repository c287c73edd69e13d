"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from msdigest.store.schema import Instant

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Move the database one step on."""
    ${upgrades if upgrades else "pass"}
