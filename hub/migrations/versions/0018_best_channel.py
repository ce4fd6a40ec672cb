"""The best channel learnt: whose ranking is our suggestion, what people in general answer, campaigns that go by it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

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
    op.add_column("campaign", sa.Column("learnt", sa.Boolean(), server_default=no, nullable=False))
    op.add_column("dry_run", sa.Column("learnt", JSONB(), server_default="{}", nullable=False))
    op.alter_column("dry_run", "learnt", server_default=None)
    op.add_column("dry_run_line", sa.Column("learnt", sa.Boolean(), server_default=no, nullable=False))
