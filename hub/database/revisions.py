"""Alembic, configured in code. Loading it is a good part of what a start costs: only who migrates imports this."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def upgrade(connection: Connection, scripts: Path) -> None:
    """Run every revision that the database lacks, in the caller's transaction."""
    config = _configuration(scripts)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def pending(connection: Connection, scripts: Path) -> list[str]:
    """Those revisions, oldest first."""
    current = MigrationContext.configure(connection).get_current_revision()
    found = ScriptDirectory.from_config(_configuration(scripts))
    return [s.revision for s in reversed(list(found.iterate_revisions("head", current or "base")))]


def head(scripts: Path) -> str | None:
    """The newest revision."""
    return ScriptDirectory.from_config(_configuration(scripts)).get_current_head()


def _configuration(scripts: Path) -> Config:
    """Without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(scripts))
    return config
