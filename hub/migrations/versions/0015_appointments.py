"""Appointments from elsewhere, moved, answered; calendars that are fetched; events and their guests"""

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
    _gatherings()
    _guests()


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


def _gatherings() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "gathering",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("starts_at", moment, nullable=False),
        sa.Column("ends_at", moment, nullable=True),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("remind_minutes", sa.Integer(), nullable=False),
        sa.Column("cancelled_at", moment, nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["staff.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("gathering_at", "gathering", ["starts_at"])


def _guests() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "guest",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gathering_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_id", sa.Uuid(), nullable=True),
        sa.Column("answered_at", moment, nullable=True),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("waiting_since", moment, nullable=True),
        sa.Column("reminded_at", moment, nullable=True),
        sa.Column("attended_at", moment, nullable=True),
        sa.Column("told_off_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["gathering_id"], ["gathering.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("gathering_id", "customer_id", name="guest_once"),
    )
    op.create_index("guest_customer", "guest", ["customer_id"])
    op.create_index("guest_chosen", "guest", ["id"], postgresql_where=sa.text("state = 'chosen'"))
