"""Alembic's entry: run from hub.database.migrating with a connection, or offline by nobody."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from hub.models import METADATA


def run(connection: Connection) -> None:
    """Run the migrations on the connection that the caller hands over."""
    context.configure(connection=connection, target_metadata=METADATA, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
