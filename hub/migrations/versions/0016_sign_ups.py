"""Sign-up forms: who asked, and who has confirmed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _forms()
    _sign_ups()
    _days()


def _forms() -> None:
    words = sa.ARRAY(sa.String())
    op.create_table(
        "sign_up_form",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("kinds", words, nullable=False),
        sa.Column("items", words, nullable=False),
        sa.Column("asks_name", sa.String(), nullable=False),
        sa.Column("asks_language", sa.Boolean(), nullable=False),
        sa.Column("words", JSONB(none_as_null=True), nullable=False),
        sa.Column("after_url", sa.String(), nullable=False),
        sa.Column("most_a_day", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )


def _sign_ups() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "sign_up",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("form_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("items", JSONB(none_as_null=True), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("ip", sa.String(), nullable=False),
        sa.Column("confirmed_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["form_id"], ["sign_up_form.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("sign_up_address", "sign_up", ["kind", "address"])
    op.create_index("sign_up_asked", "sign_up", ["asked_at"])


def _days() -> None:
    op.create_table(
        "sign_up_day",
        sa.Column("form_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("confirmed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["sign_up_form.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("form_id", "day"),
    )
