"""Who gets a copy of an agent's mail"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail_copy",
        sa.Column("interaction_id", sa.Uuid(), sa.ForeignKey("interaction.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("address", sa.String(), primary_key=True),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("fate", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("put_off_at", sa.DateTime(timezone=True)),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("begun_at", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("doubts", sa.SmallInteger(), nullable=False),
    )
    op.create_index("ix_mail_copy_address", "mail_copy", ["address"])
