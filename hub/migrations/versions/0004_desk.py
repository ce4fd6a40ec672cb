"""The agents' desk"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _labels()
    _canned_answers()
    _opening_hours()
    _promises()
    _assigning()
    _surveys()
    _held_replies()
    _drafts()
    _mentions()
    _saved_views()
    _tasks_with_reminders()
    _audit_filters()
    _macros()
    _asked_once()
    _raw_mail_of_a_word()


def _canned_answers() -> None:
    op.create_table(
        "canned_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("shortcut", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("team_id", "shortcut", name="canned_answer_shortcut", postgresql_nulls_not_distinct=True),
    )


def _opening_hours() -> None:
    op.create_table(
        "opening_hours",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer()),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("week", JSONB(none_as_null=True), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("subdivision", sa.String(), nullable=False),
        sa.Column("closed", JSONB(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("opening_hours_team", "opening_hours", [sa.text("coalesce(team_id, 0)")], unique=True)


def _promises() -> None:
    op.create_table(
        "sla_policy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer()),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("vip_only", sa.Boolean(), nullable=False),
        sa.Column("first_minutes", sa.Integer()),
        sa.Column("next_minutes", sa.Integer()),
        sa.Column("resolution_minutes", sa.Integer()),
        sa.Column("warn_minutes", sa.Integer(), nullable=False),
        sa.Column("escalate_staff_id", sa.Integer()),
        sa.Column("escalate_team_id", sa.Integer()),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["escalate_staff_id"], ["staff.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["escalate_team_id"], ["team.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "promise",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("policy_id", sa.Integer()),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(f"{moment}_at", sa.DateTime(timezone=True)) for moment in ("due", "warn", "warned", "escalated")),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.Column("kept", sa.Boolean()),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["policy_id"], ["sla_policy.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("conversation_id", "kind", "since", name="promise_once"),
    )
    not_told = sa.text("settled_at is null and escalated_at is null")
    op.create_index("promise_due", "promise", ["due_at"], postgresql_where=not_told)
    not_warned = sa.text("settled_at is null and warned_at is null")
    op.create_index("promise_warn", "promise", ["warn_at"], postgresql_where=not_warned)
    for moment in ("resolved_at", "due_at", "warn_at"):
        op.add_column("conversation", sa.Column(moment, sa.DateTime(timezone=True)))
    op.add_column("conversation", sa.Column("stirred", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index("conversation_due", "conversation", ["due_at"], postgresql_where=sa.text("due_at is not null"))
    op.create_index("conversation_stirred", "conversation", ["id"], postgresql_where=sa.text("stirred"))
    _stirring()


def _stirring() -> None:
    """Whatever happens to a conversation, by whichever way, its promises are reckoned anew: the tick looks for these.
    Nothing is marked while nobody promises anything.
    """
    op.execute("""
create function conversation_is_stirred() returns trigger language plpgsql as $$
begin
  new.stirred := new.stirred or exists (select from sla_policy);
  return new;
end $$
""")
    op.execute("""
create trigger conversation_is_stirred before insert
or update of state, kind, channel, customer_id, labels, last_at, last_inbound_at, preview, merged_into_id
on conversation
for each row execute function conversation_is_stirred()
""")


def _assigning() -> None:
    """Who gets what comes in."""
    op.add_column("staff", sa.Column("away", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("team", sa.Column("assigning", sa.String(), server_default="by_hand", nullable=False))
    op.add_column("team", sa.Column("assigning_since", sa.DateTime(timezone=True)))
    op.add_column("team", sa.Column("capacity", sa.Integer()))
    op.add_column("team", sa.Column("turn", sa.Integer(), server_default="0", nullable=False))
    op.add_column("conversation", sa.Column("routed_at", sa.DateTime(timezone=True)))
    free = sa.text("state = 'open' and assignee_id is null and routed_at is null")
    columns = ["channel", "last_inbound_at"]
    op.create_index("conversation_unrouted", "conversation", columns, postgresql_where=free)


def _surveys() -> None:
    """How satisfied customers are."""
    op.create_table(
        "survey_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("scale", sa.String(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("delay_minutes", "again_days", "low_days")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "survey",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("interaction_id", sa.Uuid()),
        sa.Column("scale", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer()),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("score", sa.Integer()),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_survey_conversation_id", "survey", ["conversation_id"])
    op.create_index("survey_customer", "survey", ["customer_id", sa.text("asked_at desc")])
    op.add_column("customer", sa.Column("dissatisfied_until", sa.DateTime(timezone=True)))
    settled = sa.text("resolved_at is not null")
    op.create_index("conversation_resolved", "conversation", ["resolved_at"], postgresql_where=settled)


def _held_replies() -> None:
    op.add_column("staff", sa.Column("undo_seconds", sa.Integer()))
    op.create_table(
        "held_reply",
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("leaves_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scheduled", sa.Boolean(), nullable=False),
        sa.Column("unless_answered", sa.Boolean(), nullable=False),
        sa.Column("typed", JSONB(none_as_null=True), nullable=False),
        sa.Column("before", JSONB(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("interaction_id"),
    )
    op.create_index("ix_held_reply_leaves_at", "held_reply", ["leaves_at"])


def _drafts() -> None:
    op.create_table(
        "draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("typed", JSONB(none_as_null=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_draft_customer_id", "draft", ["customer_id"])
    op.create_index("ix_draft_conversation_id", "draft", ["conversation_id"])
    there = sa.text("conversation_id is not null")
    op.create_index("draft_place", "draft", ["staff_id", "conversation_id"], unique=True, postgresql_where=there)
    nowhere = sa.text("conversation_id is null")
    op.create_index("draft_first_word", "draft", ["staff_id", "customer_id"], unique=True, postgresql_where=nowhere)


def _mentions() -> None:
    op.create_table(
        "mention",
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("interaction_id", "staff_id"),
    )
    op.create_index("mention_of", "mention", ["staff_id"])
    unread = sa.text("read_at is null")
    op.create_index("mention_unread", "mention", ["staff_id"], postgresql_where=unread)


def _tasks_with_reminders() -> None:
    op.add_column("task", sa.Column("changed_at", sa.DateTime(timezone=True)))
    op.execute("update task set changed_at = coalesce(done_at, created_at)")
    op.alter_column("task", "changed_at", nullable=False)
    op.add_column("task", sa.Column("remind_minutes", sa.Integer()))
    for moment in ("deleted_at", "remind_at", "notice_at"):
        op.add_column("task", sa.Column(moment, sa.DateTime(timezone=True)))
    op.create_index("task_remind", "task", ["remind_at"], postgresql_where=sa.text("remind_at is not null"))
    op.create_index("task_notice", "task", ["assignee_id"], postgresql_where=sa.text("notice_at is not null"))
    about = sa.text("conversation_id is not null")
    op.create_index("task_conversation", "task", ["conversation_id"], postgresql_where=about)
    op.create_index("task_when", "task", ["due_at"], postgresql_where=sa.text("due_at is not null"))
    op.add_column("staff", sa.Column("calendar_key", sa.String()))


def _saved_views() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("conditions", JSONB(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_saved_view_staff_id", "saved_view", ["staff_id"])
    op.create_index("ix_saved_view_team_id", "saved_view", ["team_id"])


def _audit_filters() -> None:
    """Who, whom, what and when are each found without reading the whole trail."""
    for one in ("staff_id", "subject", "action"):
        op.create_index(f"audit_{one.removesuffix('_id')}", "audit", [one, "id"])
    op.create_index("audit_at", "audit", ["at"])


def _labels() -> None:
    """Of conversations too, and how each looks; before the promises, which look at them."""
    op.create_table(
        "label",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("colour", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("label_name", "label", [sa.text("lower(name)")], unique=True)
    op.add_column("conversation", sa.Column("labels", sa.ARRAY(sa.String()), server_default="{}", nullable=False))
    some = sa.text("labels <> '{}'")
    op.create_index("conversation_labels", "conversation", ["labels"], postgresql_using="gin", postgresql_where=some)


def _macros() -> None:
    op.create_table(
        "macro",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("does", JSONB(none_as_null=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_macro_staff_id", "macro", ["staff_id"])
    op.create_index("ix_macro_team_id", "macro", ["team_id"])


def _asked_once() -> None:
    op.create_table(
        "asked_once",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("answer", JSONB(none_as_null=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("staff_id", "key"),
    )
    op.create_index("ix_asked_once_at", "asked_once", ["at"])


def _raw_mail_of_a_word() -> None:
    """Whoever takes a word out of the log need not look through all mail that ever came."""
    op.create_index(
        "raw_message_read",
        "raw_message",
        ["interaction_id"],
        postgresql_where=sa.text("interaction_id is not null"),
    )
