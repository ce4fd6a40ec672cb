"""The interaction log, its attachments, and what is unique over all its months."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def create() -> None:
    _log()
    _log_indexes()
    _attachments()
    _keys()


def _log() -> None:
    """Every word exchanged, in partitions by the month its id was minted in."""
    op.create_table(
        "interaction",
        *_what_it_is(),
        *_what_became_of_it(),
        *_its_words(),
        *_where_it_belongs(),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
        ),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["template_version_id"],
            ["template_version.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        postgresql_partition_by="RANGE (id)",
    )
    op.execute("create table interaction_default partition of interaction default")


def _what_it_is() -> list[sa.Column[Any]]:
    """Whose it is, and what sort of message."""
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
    ]


def _what_became_of_it() -> list[sa.Column[Any]]:
    """How far it has got, and from whom to whom."""
    return [
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("state_rank", sa.SmallInteger(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
    ]


def _its_words() -> list[sa.Column[Any]]:
    """As written, or the template and the values they are made of; and why it could go."""
    return [
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body_text", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("reply_text", sa.Text(), nullable=False),
        sa.Column("template_version_id", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("variables", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("trace", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    ]


def _where_it_belongs() -> list[sa.Column[Any]]:
    """In a thread, to a member of staff, a campaign or an occasion."""
    return [
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("in_reply_to", sa.String(), nullable=False),
        sa.Column("auto", sa.String(), nullable=False),
        sa.Column("flag", sa.String(), nullable=False),
        sa.Column("call", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("occasion", sa.String(), nullable=False),
    ]


def _log_indexes() -> None:
    op.create_index(
        "interaction_campaign",
        "interaction",
        ["campaign_id", "state"],
        unique=False,
        postgresql_where=sa.text("campaign_id is not null"),
    )
    op.create_index(
        "interaction_open",
        "interaction",
        ["state"],
        unique=False,
        postgresql_where=sa.text("state in ('queued', 'sending', 'unknown')"),
    )
    op.create_index(
        "interaction_thread", "interaction", ["conversation_id", sa.literal_column("id desc")], unique=False
    )
    op.create_index("interaction_timeline", "interaction", ["customer_id", sa.literal_column("id desc")], unique=False)


def _attachments() -> None:
    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("inline", sa.Boolean(), nullable=False),
        sa.Column("content_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_attachment_interaction_id"), "attachment", ["interaction_id"], unique=False)


def _keys() -> None:
    """What is unique over all partitions of the log."""
    op.create_table(
        "dedupe_key",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index(op.f("ix_dedupe_key_interaction_id"), "dedupe_key", ["interaction_id"], unique=False)
    op.create_table(
        "provider_reference",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=False),
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("channel", "provider_id"),
    )
    op.create_index(
        op.f("ix_provider_reference_interaction_id"), "provider_reference", ["interaction_id"], unique=False
    )
