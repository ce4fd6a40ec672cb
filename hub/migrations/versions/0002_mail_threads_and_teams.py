"""Mail: what it cites, where its answer goes, merged conversations, teams with their mailboxes, OAuth grants"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _threads()
    _rearrangements()
    _teams()
    _grants()
    _mailboxes()


def _threads() -> None:
    """What a mail cites, and where its answer goes."""
    for name, sort in (("reply_to", sa.String()), ("threaded_by", sa.String()), ("closing", sa.Text())):
        op.add_column("interaction", sa.Column(name, sort, server_default="", nullable=False))
        op.alter_column("interaction", name, server_default=None)
    op.add_column("interaction", sa.Column("copied", postgresql.JSONB(none_as_null=True, astext_type=sa.Text())))
    op.create_table(
        "mail_reference",
        sa.Column("cited", sa.String(), nullable=False),
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("cited", "interaction_id"),
    )
    op.create_index("ix_mail_reference_interaction_id", "mail_reference", ["interaction_id"])


def _rearrangements() -> None:
    """Conversations merged and split, so that it can be undone."""
    op.add_column("interaction", sa.Column("points_to_id", sa.Uuid()))
    op.create_foreign_key(None, "interaction", "conversation", ["points_to_id"], ["id"], ondelete="SET NULL")
    pointing = sa.text("points_to_id is not null")
    op.create_index("interaction_points_to", "interaction", ["points_to_id"], postgresql_where=pointing)
    op.add_column("conversation", sa.Column("merged_into_id", sa.Uuid()))
    op.create_foreign_key(None, "conversation", "conversation", ["merged_into_id"], ["id"], ondelete="SET NULL")
    op.create_index("ix_conversation_merged_into_id", "conversation", ["merged_into_id"])
    op.create_table(
        "rearrangement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("into_id", sa.Uuid(), nullable=False),
        sa.Column("moved", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["from_id"], ["conversation.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["into_id"], ["conversation.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    for name in ("from_id", "into_id"):
        op.create_index(f"ix_rearrangement_{name}", "rearrangement", [name])


def _teams() -> None:
    op.add_column("staff", sa.Column("signature", sa.String(), server_default="", nullable=False))
    op.alter_column("staff", "signature", server_default=None)
    op.create_table(
        "team",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "team_member",
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("team_id", "staff_id"),
    )
    op.create_index("ix_team_member_staff_id", "team_member", ["staff_id"])
    op.create_table(
        "team_channel",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("channel"),
    )
    op.create_index("ix_team_channel_team_id", "team_channel", ["team_id"])


def _grants() -> None:
    op.create_table(
        "mailbox_grant",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.Integer(), nullable=True),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["granted_by"], ["staff.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("channel"),
    )
    op.create_table(
        "mailbox_question",
        sa.Column("state_hash", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("session_hash", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("state_hash"),
    )
    op.create_index("ix_mailbox_question_expires_at", "mailbox_question", ["expires_at"])


def _mailboxes() -> None:
    op.add_column("mailbox_cursor", sa.Column("since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("mailbox_cursor", sa.Column("present", sa.BigInteger(), server_default="0", nullable=False))
    op.alter_column("mailbox_cursor", "present", server_default=None)
    op.drop_index("raw_message_open", "raw_message")
    waiting = sa.text("state = 'received'")
    op.create_index("raw_message_open", "raw_message", ["quiet", "next_try_at"], postgresql_where=waiting)
