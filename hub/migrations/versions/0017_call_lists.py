"""Call lists, and the people on them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _lists()
    _people()


def _lists() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "call_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("template_version_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("hours_from", sa.Time(), nullable=True),
        sa.Column("hours_until", sa.Time(), nullable=True),
        sa.Column("again_hours", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("held_minutes", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("closed_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["template_version_id"], ["template_version.id"]),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["created_by"], ["staff.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )


def _people() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "call_list_person",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("call_list_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("turn", sa.String(), server_default="waiting", nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("calls", sa.Integer(), server_default="0", nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("for_staff_id", sa.Integer(), nullable=True),
        sa.Column("held_until", moment, nullable=True),
        sa.Column("interaction_id", sa.Uuid(), nullable=True),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), server_default="", nullable=False),
        sa.Column("reason", sa.String(), server_default="", nullable=False),
        sa.Column("trace", JSONB(), server_default="[]", nullable=False),
        sa.Column("settled_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["call_list_id"], ["call_list.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["for_staff_id"], ["staff.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("call_list_id", "customer_id", name="call_list_person_once"),
    )
    to_do, held = sa.text("turn in ('waiting', 'held')"), sa.text("turn = 'held'")
    op.create_index("ix_call_list_person_customer_id", "call_list_person", ["customer_id"])
    op.create_index("ix_call_list_person_interaction_id", "call_list_person", ["interaction_id"])
    op.create_index("call_list_person_due", "call_list_person", ["call_list_id", "due_at"], postgresql_where=to_do)
    op.create_index("call_list_person_held", "call_list_person", ["staff_id"], unique=True, postgresql_where=held)
