"""Other programs are told of what happens"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("events", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("former", sa.LargeBinary()),
        sa.Column("former_until", sa.DateTime(timezone=True)),
        sa.Column("failing_since", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", JSONB(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True)),
        sa.Column("status", sa.Integer()),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("milliseconds", sa.Integer()),
        sa.ForeignKeyConstraint(["endpoint_id"], ["webhook_endpoint.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index("webhook_waiting", "webhook_delivery", ["endpoint_id", "next_at"], postgresql_where=waiting)
    op.create_index("webhook_of", "webhook_delivery", ["endpoint_id", sa.text("id desc")])
    for statement in _ANNOUNCING:
        op.execute(statement)


# What happens is written down for whoever wants it, by whichever way it happened, in the same transaction. While
# nobody wants an event, it costs a look at a table of a few rows.
_ANNOUNCING = (
    """
create function announce(what text, moment timestamptz, facts jsonb) returns void language plpgsql as $$
begin
  insert into webhook_delivery (message_id, endpoint_id, event, at, data, state, next_at, attempts, answer)
  select 'msg_' || replace(gen_random_uuid()::text, '-', ''), e.id, what, moment, facts, 'waiting',
    least(moment, now()), 0, ''
  from webhook_endpoint e where e.state <> 'off' and what = any(e.events);
  if found then perform pg_notify('hub_live', '[{"topic": "webhook", "ids": {}}]'); end if;
end $$
""",
    """
create function interaction_is_announced() returns trigger language plpgsql as $$
declare
  what text := case when new.direction = 'out' then 'message.state'
    when new.state = 'missed' then 'call.missed' else 'message.received' end;
  facts jsonb;
begin
  if not exists (select from webhook_endpoint e where e.state <> 'off' and what = any(e.events)) then
    return null;
  end if;
  facts := jsonb_build_object('id', new.id, 'customer_id', new.customer_id, 'conversation_id', new.conversation_id,
    'channel', new.channel, 'kind', new.kind);
  if what = 'message.state' then
    facts := facts || jsonb_build_object('state', new.state, 'before', old.state, 'reason', new.reason,
      'campaign_id', new.campaign_id);
  end if;
  perform announce(what, new.state_at, facts);
  return null;
end $$
""",
    # A word of an archive is of another moment than the one in which it came into the log.
    """
create trigger interaction_came_in after insert on interaction for each row
when (new.direction = 'in' and new.kind is not null and (new.kind <> 'voice' or new.state = 'missed')
  and new.at = new.state_at)
execute function interaction_is_announced()
""",
    """
create trigger interaction_changed_its_state after update of state on interaction for each row
when (new.state <> old.state and new.kind is not null
  and ((new.direction = 'out' and new.state <> 'sending') or (new.direction = 'in' and new.state = 'missed')))
execute function interaction_is_announced()
""",
    """
create function conversation_is_announced() returns trigger language plpgsql as $$
declare
  facts jsonb := jsonb_build_object('id', new.id, 'customer_id', new.customer_id, 'state', new.state,
    'assignee_id', new.assignee_id, 'kind', new.kind, 'channel', new.channel);
begin
  if tg_op = 'INSERT' then
    perform announce('conversation.opened', clock_timestamp(), facts);
    return null;
  end if;
  if new.assignee_id is distinct from old.assignee_id then
    perform announce('conversation.assigned', clock_timestamp(), facts);
  end if;
  if new.state = 'resolved' and old.state <> 'resolved' then
    perform announce('conversation.resolved', clock_timestamp(), facts);
  elsif old.state = 'resolved' and new.state <> 'resolved' then
    perform announce('conversation.reopened', clock_timestamp(), facts);
  end if;
  return null;
end $$
""",
    # One that begins settled is an archive's.
    """
create trigger conversation_began after insert on conversation
for each row when (new.state <> 'resolved') execute function conversation_is_announced()
""",
    """
create trigger conversation_went_on after update of state, assignee_id on conversation for each row
when (new.state <> old.state or new.assignee_id is distinct from old.assignee_id)
execute function conversation_is_announced()
""",
    """
create function customer_is_announced() returns trigger language plpgsql as $$
begin
  perform announce(case when tg_op = 'INSERT' then 'customer.created' else 'customer.changed' end, clock_timestamp(),
    jsonb_build_object('id', new.id));
  return null;
end $$
""",
    """
create trigger customer_came after insert on customer for each row execute function customer_is_announced()
""",
    """
create trigger customer_changed after update on customer for each row when (new.* is distinct from old.*)
execute function customer_is_announced()
""",
    """
create function survey_is_announced() returns trigger language plpgsql as $$
begin
  perform announce('satisfaction.answered', new.answered_at, jsonb_build_object('conversation_id', new.conversation_id,
    'customer_id', new.customer_id, 'scale', new.scale, 'score', new.score));
  return null;
end $$
""",
    """
create trigger survey_answered after update of answered_at on survey for each row
when (new.answered_at is not null and old.answered_at is null) execute function survey_is_announced()
""",
)
