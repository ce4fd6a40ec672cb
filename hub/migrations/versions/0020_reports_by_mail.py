"""Reports by mail: who gets which, and the letters"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0018"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "report_subscription",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("report", sa.String(), nullable=False),
        sa.Column("rhythm", sa.String(), nullable=False),
        sa.Column("hour", sa.SmallInteger(), nullable=False),
        sa.Column("narrowed", postgresql.JSONB(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("issue_on", sa.Date(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("sent_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["sent_id"], ["interaction.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_report_subscription_staff_id", "report_subscription", ["staff_id"])
    op.create_index("ix_report_subscription_sent_id", "report_subscription", ["sent_id"])
    op.create_table(
        "letter",
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("needs", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("files", postgresql.JSONB(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("interaction_id"),
    )
    op.create_index("ix_letter_staff_id", "letter", ["staff_id"])
    op.create_index("ix_letter_at", "letter", ["at"])
