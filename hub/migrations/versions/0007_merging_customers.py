"""Customers who are one person"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Customers who may be one person, and those who were made one."""
    op.create_table(
        "customer_keys",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("keys", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("customer_id"),
    )
    op.create_index(
        "customer_keys_shared",
        "customer_keys",
        ["keys"],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_table(
        "merge_suggestion",
        sa.Column("one_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("bits", sa.Float(), nullable=False),
        sa.Column("sure", sa.Boolean(), nullable=False),
        sa.Column("findings", JSONB(none_as_null=True), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True)),
        sa.Column("refused_by", sa.Integer()),
        sa.ForeignKeyConstraint(["one_id"], ["customer.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["other_id"], ["customer.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["refused_by"], ["staff.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("one_id", "other_id"),
    )
    best: list[str | sa.TextClause] = [sa.text("(-bits)"), "one_id", "other_id"]
    op.create_index("merge_suggestion_open", "merge_suggestion", best, postgresql_where=sa.text("refused_at is null"))
    op.create_index("merge_suggestion_other", "merge_suggestion", ["other_id"])
    op.create_table(
        "customer_merge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer()),
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in ("loser_id", "into_id", "winner_id")),
        *(sa.Column(name, JSONB(none_as_null=True), nullable=False) for name in ("loser", "fields", "moved")),
        sa.Column("undone_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["winner_id"], ["customer.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    standing = sa.text("undone_at is null")
    op.create_index("customer_merge_loser", "customer_merge", ["loser_id"], unique=True, postgresql_where=standing)
    op.create_index("customer_merge_winner", "customer_merge", ["winner_id"])
    number: list[str | sa.TextClause] = [sa.text("(loser ->> 'external_id')")]
    op.create_index("customer_merge_number", "customer_merge", number, postgresql_where=standing)
