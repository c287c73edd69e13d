"""Runs migrations on the connection that ``store.database`` hands over."""

from __future__ import annotations

from alembic import context

from msdigest.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    # The caller holds one transaction over all steps, so that a failing one leaves nothing behind.
    transaction_per_migration=False,
)
context.run_migrations()
