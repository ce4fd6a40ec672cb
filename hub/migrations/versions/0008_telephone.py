"""The telephone at the desk"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


CALLS_BACK = "Call back later"
OUTCOMES = ("Settled", CALLS_BACK, "Passed on to a colleague", "Wrong number", "Nobody spoke")


def upgrade() -> None:
    op.create_table(
        "current_call",
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rung", JSONB(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("interaction_id"),
    )
    outcome = op.create_table(
        "call_outcome",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("titles", JSONB(none_as_null=True), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("calls_back", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    usual = [
        {"name": name, "titles": {}, "position": place, "calls_back": name == CALLS_BACK, "active": True}
        for place, name in enumerate(OUTCOMES, 1)
    ]
    op.bulk_insert(outcome, usual)
    _handled_calls()
    _missed_calls()


def _handled_calls() -> None:
    op.create_table(
        "handled_call",
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("talked_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("note_id", sa.Uuid()),
        sa.Column("outcome_id", sa.Integer()),
        sa.Column("wrapped_at", sa.DateTime(timezone=True)),
        sa.Column("wrapped_by", sa.Integer()),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["outcome_id"], ["call_outcome.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["wrapped_by"], ["staff.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("interaction_id"),
    )
    to_do = sa.text("wrapped_at is null")
    op.create_index("handled_call_open", "handled_call", ["staff_id"], postgresql_where=to_do)


def _missed_calls() -> None:
    op.create_table(
        "missed_call",
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("voicemail", sa.Boolean(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("done_by", sa.Integer()),
        sa.Column("settled", sa.String()),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["done_by"], ["staff.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("interaction_id"),
    )
    op.create_index("missed_call_listed", "missed_call", ["voicemail", sa.text("interaction_id desc")])
    op.create_index("ix_missed_call_customer_id", "missed_call", ["customer_id"])
    due = sa.text("done_at is null")
    op.create_index("missed_call_due", "missed_call", ["customer_id"], postgresql_where=due)
