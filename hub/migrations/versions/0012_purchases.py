"""What customers bought, and how it is scored"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "purchase",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount", sa.Numeric(12, 3), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("refunded", sa.Numeric(12, 3), nullable=False),
        sa.CheckConstraint("amount >= 0", name="purchase_amount"),
        sa.CheckConstraint("refunded between 0 and amount", name="purchase_refunded"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "number", name="purchase_once"),
    )
    scored = ["amount", "currency", "refunded"]
    op.create_index("purchase_customer", "purchase", ["customer_id", "at"], postgresql_include=scored)
    op.create_table(
        "refund",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("purchase_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount", sa.Numeric(12, 3), nullable=False),
        sa.CheckConstraint("amount > 0", name="refund_amount"),
        sa.ForeignKeyConstraint(["purchase_id"], ["purchase.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "number", name="refund_once"),
    )
    op.create_index("refund_purchase", "refund", ["purchase_id"])
    op.create_table(
        "rfm_formula",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("terms", JSONB(none_as_null=True), nullable=False),
        sa.CheckConstraint("id = 1", name="rfm_formula_one"),
        sa.PrimaryKeyConstraint("id"),
    )
