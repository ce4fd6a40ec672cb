"""What marketers write: drafts of templates, who made a version current, pictures of mails"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    json, moment = JSONB(none_as_null=True), sa.DateTime(timezone=True)
    op.add_column("template", sa.Column("purpose", sa.String(), server_default="marketing", nullable=False))
    op.add_column("template", sa.Column("archived_at", moment))
    op.add_column("template_version", sa.Column("put_at", moment))
    op.add_column("template_version", sa.Column("put_by", sa.Integer()))
    op.create_foreign_key(None, "template_version", "staff", ["put_by"], ["id"], ondelete="SET NULL")
    op.create_table(
        "template_draft",
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("variants", json, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.Integer()),
        sa.Column("changed_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["template_id"], ["template.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["changed_by"], ["staff.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("template_id"),
    )
    op.create_table(
        "mail_picture",
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("sha256", "name", "media_type")),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("alt", sa.String(), nullable=False),
        sa.Column("created_by", sa.Integer()),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["staff.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("mail_picture_newest", "mail_picture", [sa.text("created_at desc")])
