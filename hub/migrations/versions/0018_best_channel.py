"""The best channel learnt: whose ranking is our suggestion, and what customers in general answer"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    no = sa.text("false")
    op.add_column("channel_preference", sa.Column("learnt", sa.Boolean(), server_default=no, nullable=False))
    op.create_table(
        "general_reach",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("tried", sa.Float(), nullable=False),
        sa.Column("answered", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "hour"),
    )
