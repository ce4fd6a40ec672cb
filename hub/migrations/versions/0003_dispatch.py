"""Dispatch: whom a campaign means, what is light to write in great number"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _audiences()
    _light_rows()
    _light_receipts()
    _names()
    _light_log()
    _workers()
    _per_hour()
    _dry_runs()
    _reactions()
    _events()
    _steps()
    _trials()
    _rates()
    _evidence()


def _audiences() -> None:
    op.create_table(
        "campaign_recipient",
        sa.Column("campaign_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("step", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("interaction_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("campaign_id", "step", "customer_id"),
        postgresql_with={"fillfactor": 40},
    )
    op.add_column("campaign", sa.Column("audience", sa.Integer(), server_default="0", nullable=False))
    op.alter_column("campaign", "audience", server_default=None)
    op.add_column("campaign", sa.Column("audience_cursor", sa.Uuid()))
    op.add_column("campaign", sa.Column("audience_at", sa.DateTime(timezone=True)))
    unsettled = sa.text("state <> 'resolved'")
    op.create_index("conversation_unsettled", "conversation", ["customer_id"], postgresql_where=unsettled)


def _light_rows() -> None:
    """A campaign writes a million of these. Templates' versions, campaigns and senders are never deleted; a ticket
    whose message was erased with its customer is dropped by whoever takes it.
    """
    op.drop_constraint("interaction_campaign_id_fkey", "interaction")
    op.drop_constraint("interaction_template_version_id_fkey", "interaction")
    op.drop_constraint("outbox_sender_id_fkey", "outbox")
    op.drop_constraint("outbox_interaction_id_fkey", "outbox")
    op.drop_index("interaction_thread", "interaction")
    threaded = sa.text("conversation_id is not null")
    columns: list[str | sa.TextClause] = ["conversation_id", sa.text("id desc")]
    op.create_index("interaction_thread", "interaction", columns, postgresql_where=threaded)
    op.drop_index("interaction_open", "interaction")
    still_open = sa.text("state in ('sending', 'unknown') or state = 'queued' and campaign_id is null")
    op.create_index("interaction_open", "interaction", ["state"], postgresql_where=still_open)


def _workers() -> None:
    op.create_table(
        "worker",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    _required("raw_message", sa.Column("reader", sa.String(), server_default="", nullable=False))


def _per_hour() -> None:
    op.add_column("campaign", sa.Column("archived_at", sa.DateTime(timezone=True)))
    op.add_column("campaign", sa.Column("per_hour", sa.Integer()))
    op.create_table(
        "campaign_tempo",
        sa.Column("campaign_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("promised", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id"),
    )
    op.add_column("outbox", sa.Column("campaign_id", sa.Integer()))
    at_hand = sa.text("lease_until is null and campaign_id is not null")
    op.create_index("outbox_campaign", "outbox", ["campaign_id", "due_at"], postgresql_where=at_hand)


def _dry_runs() -> None:
    op.create_table(
        "dry_run",
        sa.Column("campaign_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("audience", sa.Integer(), nullable=False),
        sa.Column("looked_at", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Uuid()),
        sa.Column("counts", JSONB(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id"),
    )
    op.create_table(
        "dry_run_line",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True)),
        sa.Column("segments", sa.SmallInteger(), nullable=False),
        sa.Column("trace", JSONB(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("customer_id", "campaign_id"),
        prefixes=["UNLOGGED"],
    )
    op.create_index("dry_run_line_group", "dry_run_line", ["campaign_id", "reason", "kind", "customer_id"])


def _reactions() -> None:
    op.create_table(
        "reaction",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Integer()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touch", sa.String(), nullable=False),
        sa.Column("machine", sa.Boolean(), nullable=False),
        sa.Column("ground", sa.String()),
        sa.Column("others", sa.SmallInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("reaction_message", "reaction", ["interaction_id", "at"])
    counted = sa.text("campaign_id is not null")
    op.create_index("reaction_campaign", "reaction", ["campaign_id"], postgresql_where=counted)
    op.create_table(
        "short_link",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_index("ix_short_link_interaction_id", "short_link", ["interaction_id"])
    op.add_column("customer", sa.Column("untracked", sa.Boolean(), server_default=sa.false(), nullable=False))
    heard = sa.text("direction = 'in' and auto = ''")
    columns: list[str | sa.TextClause] = ["customer_id", sa.text("id desc")]
    op.create_index("interaction_heard", "interaction", columns, postgresql_where=heard)


def _events() -> None:
    op.create_table(
        "customer_event",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("customer_id", "name", "key", name="customer_event_once"),
    )
    op.create_index("customer_event_name", "customer_event", ["name", "at"])


def _steps() -> None:
    op.add_column("campaign", sa.Column("tracked", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("campaign", sa.Column("local_time", sa.Time()))
    op.add_column("campaign_recipient", sa.Column("due_at", sa.DateTime(timezone=True)))
    op.add_column("campaign_recipient", sa.Column("passed", sa.String()))
    waiting = sa.text("due_at is not null")
    op.create_index("campaign_recipient_due", "campaign_recipient", ["campaign_id", "due_at"], postgresql_where=waiting)
    op.create_table(
        "campaign_step",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("wait_seconds", sa.Integer(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("template_version_id", sa.Integer()),
        sa.Column("next_channel", sa.Boolean(), nullable=False),
        sa.Column("late_seconds", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("campaign_id", "step"),
    )


def _trials() -> None:
    op.create_table(
        "campaign_test",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("wait_seconds", sa.Integer(), nullable=False),
        sa.Column("goal", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True)),
        sa.Column("winner", sa.SmallInteger()),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("finding", JSONB(none_as_null=True)),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("campaign_id"),
    )
    op.create_table(
        "campaign_variant",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("variant", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("template_version_id", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("campaign_id", "variant"),
    )


def _rates() -> None:
    """What a message costs, what a sender may spend in a day, and why a campaign paused itself."""
    op.add_column("outbox", sa.Column("cost", sa.SmallInteger(), server_default="1", nullable=False))
    _required("sender", sa.Column("unit", sa.String(), server_default="messages", nullable=False))
    _required("sender", sa.Column("pace", sa.Float(), server_default="1", nullable=False))
    op.add_column("sender", sa.Column("slowed_at", sa.DateTime(timezone=True)))
    op.add_column("sender", sa.Column("daily_cap", sa.Integer()))
    _required("sender", sa.Column("reserve", sa.Integer(), server_default="0", nullable=False))
    _required("sender", sa.Column("ramp", sa.ARRAY(sa.Integer()), server_default="{}", nullable=False))
    op.add_column("sender", sa.Column("ramp_from", sa.Date()))
    _required("sender", sa.Column("zone", sa.String(), server_default="UTC", nullable=False))
    op.add_column("sender", sa.Column("day", sa.Date()))
    _required("sender", sa.Column("used", sa.Integer(), server_default="0", nullable=False))
    complained = sa.text("reason = 'complained'")
    op.create_index("receipt_complaint", "receipt", ["interaction_id"], postgresql_where=complained)
    _required("campaign", sa.Column("pause_reason", sa.String(), server_default="", nullable=False))
    _required("campaign", sa.Column("judged", JSONB(), server_default="{}", nullable=False))


def _evidence() -> None:
    """When a provider was last asked about a message whose fate is unknown."""
    op.create_table(
        "evidence_look",
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("interaction_id"),
    )


def _required(table: str, column: sa.Column[Any]) -> None:
    """A column that rows have to say something in; those that are there hold what it was made with."""
    op.add_column(table, column)
    op.alter_column(table, column.name, server_default=None)


def _light_receipts() -> None:
    """A text of a campaign has three, every message a name and an attempt. Checking the foreign key cost more than the
    row; erasure takes them along all the same, those of a whole statement at once.
    """
    for table in ("receipt", "attempt", "provider_reference"):
        op.drop_constraint(f"{table}_interaction_id_fkey", table)
    op.execute("""
create function what_is_told_goes_with_its_message() returns trigger language plpgsql as $$
begin
  delete from receipt where interaction_id in (select id from gone);
  delete from attempt where interaction_id in (select id from gone);
  delete from provider_reference where interaction_id in (select id from gone);
  return null;
end $$
""")
    op.execute("""
create trigger what_is_told_goes_with_its_message after delete on interaction
referencing old table as gone for each statement execute function what_is_told_goes_with_its_message()
""")


def _names() -> None:
    """So that mails which a server took are settled in one statement. Each statement of a function sees what was
    committed until then: what was written before the names were held, too.
    """
    op.execute("""
create function receipt_was_faster(by_channel text, names text[]) returns boolean language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(held, 0))
  from (
    select (by_channel || ' ' || name) collate "C" as held from unnest(names) as t(name) order by held) in_order;
  return exists (select from early_receipt where channel = by_channel and provider_id = any(names));
end $$
""")


def _light_log() -> None:
    """A foreign key costs every row a look of its own, even where it holds null: of a campaign's rows half their price.

    What the keys promised is kept by triggers. Rows of campaigns and greetings are not looked at one by one: whoever
    writes them has joined them with their customers, under a lock (`hub.outbound.mailings`) that no customer can be
    deleted beside.
    """
    for column in ("customer_id", "conversation_id", "points_to_id", "staff_id"):
        op.drop_constraint(f"interaction_{column}_fkey", "interaction")
    for statement in (*_NAMES_SOMEBODY, *_GOES_WITH_ITS_CUSTOMER, *_FORGETS):
        op.execute(statement)


# Of a new row `old` is null, so that all it names is looked for. What is left of an erased person's campaign messages,
# so that the counters stay, belongs to nobody.
_NAMES_SOMEBODY = (
    """
create function interaction_names_what_there_is() returns trigger language plpgsql as $$
declare missing text;
begin
  if current_setting('hub.erasing', true) = 'on' then return null; end if;
  if new.customer_id is distinct from old.customer_id then
    perform from customer where id = new.customer_id for key share;
    if not found then missing := 'customer ' || new.customer_id; end if;
  end if;
  if new.conversation_id is distinct from old.conversation_id and new.conversation_id is not null then
    perform from conversation where id = new.conversation_id for key share;
    if not found then missing := 'conversation ' || new.conversation_id; end if;
  end if;
  if new.points_to_id is distinct from old.points_to_id and new.points_to_id is not null then
    perform from conversation where id = new.points_to_id for key share;
    if not found then missing := 'conversation ' || new.points_to_id; end if;
  end if;
  if new.staff_id is distinct from old.staff_id and new.staff_id is not null then
    perform from staff where id = new.staff_id for key share;
    if not found then missing := 'staff ' || new.staff_id; end if;
  end if;
  if missing is not null then
    raise foreign_key_violation using message = 'interaction ' || new.id || ': there is no ' || missing;
  end if;
  return null;
end $$
""",
    """
create trigger interaction_names_what_there_is after insert on interaction for each row
when (new.origin not in ('campaign', 'occasion') or new.conversation_id is not null or new.points_to_id is not null
  or new.staff_id is not null) execute function interaction_names_what_there_is()
""",
    """
create trigger interaction_still_names_what_there_is
after update of customer_id, conversation_id, points_to_id, staff_id on interaction for each row
when (new.customer_id <> old.customer_id or new.conversation_id is distinct from old.conversation_id
  or new.points_to_id is distinct from old.points_to_id or new.staff_id is distinct from old.staff_id)
execute function interaction_names_what_there_is()
""",
)

_GOES_WITH_ITS_CUSTOMER = (
    f"""
create function customers_go_beside_nobody_who_writes() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock({0x437573746F6D6572});
  return null;
end $$
""",
    """
create trigger customers_go_beside_nobody_who_writes before delete on customer
for each statement execute function customers_go_beside_nobody_who_writes()
""",
    """
create function interactions_go_with_their_customers() returns trigger language plpgsql as $$
begin
  delete from interaction where customer_id in (select id from gone);
  return null;
end $$
""",
    """
create trigger interactions_go_with_their_customers after delete on customer
referencing old table as gone for each statement execute function interactions_go_with_their_customers()
""",
)

_FORGETS = (
    """
create function interactions_forget_their_conversation() returns trigger language plpgsql as $$
begin
  update interaction set conversation_id = null where conversation_id in (select id from gone);
  update interaction set points_to_id = null where points_to_id in (select id from gone);
  return null;
end $$
""",
    """
create trigger interactions_forget_their_conversation after delete on conversation
referencing old table as gone for each statement execute function interactions_forget_their_conversation()
""",
    """
create function interactions_forget_who_wrote() returns trigger language plpgsql as $$
begin
  update interaction set staff_id = null where staff_id in (select id from gone);
  return null;
end $$
""",
    """
create trigger interactions_forget_who_wrote after delete on staff
referencing old table as gone for each statement execute function interactions_forget_who_wrote()
""",
)
