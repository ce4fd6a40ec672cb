"""Appointments from elsewhere, moved, answered; calendars that are fetched"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _appointments()
    _feeds()


def _appointments() -> None:
    moment, whole = sa.DateTime(timezone=True), sa.Integer()
    for name in ("ends_at", "changed_at", "moved_from"):
        op.add_column("appointment", sa.Column(name, moment, nullable=True))
    op.add_column("appointment", sa.Column("lead_minutes", sa.ARRAY(whole), server_default="{}", nullable=False))
    for name in ("wish", "source", "external_key"):
        op.add_column("appointment", sa.Column(name, sa.String(), server_default="", nullable=False))
    op.add_column("appointment", sa.Column("sequence", whole, server_default="0", nullable=False))
    op.create_index("appointment_at", "appointment", ["starts_at"])
    named = sa.text("external_key <> ''")
    op.create_index("appointment_key", "appointment", ["source", "external_key"], unique=True, postgresql_where=named)
    op.add_column("reminder", sa.Column("about_at", moment, nullable=True))


def _feeds() -> None:
    op.create_table(
        "calendar_feed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("lead_minutes", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("told", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["staff.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("calendar_feed_due", "calendar_feed", ["next_at"])
