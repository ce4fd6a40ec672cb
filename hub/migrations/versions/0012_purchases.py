"""What customers bought, how it is scored, and the files that people bring in"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _purchases()
    _refunds()
    _imports()
    _rejected()
    _brought()
    _formula()


def _purchases() -> None:
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


def _refunds() -> None:
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


def _imports() -> None:
    op.create_table(
        "file_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("kind", "name", "sha256")),
        sa.Column("header", JSONB(none_as_null=True), nullable=False),
        sa.Column("fields", JSONB(none_as_null=True), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("update", sa.Boolean(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=True),
        sa.Column("new_list", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        *(
            sa.Column(count, sa.Integer(), nullable=False)
            for count in ("done", "added", "known", "changed", "rejected")
        ),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["asked_by"], ["staff.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["list_id"], ["segment.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("file_import_asked", "file_import", ["asked_at"])


def _rejected() -> None:
    op.create_table(
        "rejected_row",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("gaps", JSONB(none_as_null=True), nullable=False),
        sa.Column("cells", JSONB(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["file_import.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("rejected_row_line", "rejected_row", ["import_id", "line"])


def _brought() -> None:
    op.create_table(
        "imported_customer",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["file_import.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("imported_customer_import", "imported_customer", ["import_id", "id"])
    op.create_index("imported_customer_of", "imported_customer", ["customer_id"])


def _formula() -> None:
    op.create_table(
        "rfm_formula",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("terms", JSONB(none_as_null=True), nullable=False),
        sa.CheckConstraint("id = 1", name="rfm_formula_one"),
        sa.PrimaryKeyConstraint("id"),
    )
