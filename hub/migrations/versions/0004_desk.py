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
    _outgoing_webhooks()
    _search()
    _audit_filters()
    _macros()
    _merging()
    _asked_once()
    _telephone()


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


def _outgoing_webhooks() -> None:
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
    """
create trigger interaction_came_in after insert on interaction for each row
when (new.direction = 'in' and new.kind is not null and (new.kind <> 'voice' or new.state = 'missed'))
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
    """
create trigger conversation_began after insert on conversation
for each row execute function conversation_is_announced()
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


def _tasks_with_reminders() -> None:
    op.add_column("task", sa.Column("changed_at", sa.DateTime(timezone=True)))
    op.execute("update task set changed_at = coalesce(done_at, created_at)")
    op.alter_column("task", "changed_at", nullable=False)
    op.add_column("task", sa.Column("remind_minutes", sa.Integer()))
    for moment in ("deleted_at", "remind_at", "notice_at"):
        op.add_column("task", sa.Column(moment, sa.DateTime(timezone=True)))
    op.create_index("task_remind", "task", ["remind_at"], postgresql_where=sa.text("remind_at is not null"))
    op.create_index("task_notice", "task", ["assignee_id"], postgresql_where=sa.text("notice_at is not null"))
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


def _search() -> None:
    """Words without their accents, names in Latin letters; see docs/decisions, "Search without diacritics"."""
    for statement in (_PLAIN_WORDS, _LATIN_WORDS, "create extension if not exists pg_trgm", *_FOUND_BY):
        op.execute(statement)


def _audit_filters() -> None:
    """Who, whom, what and when are each found without reading the whole trail."""
    for one in ("staff_id", "subject", "action"):
        op.create_index(f"audit_{one.removesuffix('_id')}", "audit", [one, "id"])
    op.create_index("audit_at", "audit", ["at"])


# Letters that carry no mark of their own in Unicode, then the marks that decomposition sets free.
_UNMARKED, _PLAIN = "łøđħıŧŁØĐĦŦ", "lodhitLODHT"
_MARKS = "".join(
    map(chr, (*range(0x300, 0x305), *range(0x306, 0x309), *range(0x30A, 0x30D), 0x323, *range(0x326, 0x329)))
)

# What joins words is a space: of `FV/118/2026`, `ana@nowak.example` and `co-op` each part is found.
_PLAIN_WORDS = f"""
create function plain_words(words text) returns text immutable strict parallel safe language sql return
translate(
  case when octet_length(words) = length(words) then words
  else replace(translate(normalize(words, nfkd), '{_UNMARKED}{_MARKS}', '{_PLAIN}'), 'ß', 'ss') end,
  '@./-_', '     ')
"""

_CYRILLIC, _LETTERS = "абвгдезиклмнопрстуфхъыэіьjyw", "abvgdeziklmnoprstufhaiei"
_SYLLABLES = (
    *(("ж", "zh"), ("ц", "ts"), ("ч", "ch"), ("ш", "sh"), ("щ", "sht"), ("ю", "iu"), ("я", "ia")),
    *(
        ("sz", "sh"),
        ("cz", "ch"),
        ("shch", "sht"),
        ("kh", "h"),
        ("j", "i"),
        ("y", "i"),
        ("w", "v"),
        ("ii", "i"),
        ("ii", "i"),
    ),
)


def _latin() -> str:
    """Names as they sound, whichever alphabet and spelling they are written in: Юлия, Yulia and Julia are one."""
    spelt = f"translate(lower(plain_words(words)), '{_CYRILLIC[:-3]}', '{_LETTERS}')"
    for one, other in _SYLLABLES:
        spelt = f"replace({spelt}, '{one}', '{other}')"
    return spelt


_LATIN_WORDS = (
    "create function latin_words(words text) returns text immutable strict parallel safe language sql return "
    + _latin()
)

_FOUND_BY = (
    "alter table interaction drop column search",
    "alter table interaction add column search tsvector generated always as ("
    "case when origin in ('customer', 'agent', 'api') then to_tsvector('simple'::regconfig, "
    "plain_words(left(coalesce(subject, '') || ' ' || coalesce(body_text, ''), 100000))) end) stored",
    "create index interaction_search on interaction using gin (search) with (gin_pending_list_limit = 256) "
    "where search is not null",
    "create index interaction_words on interaction (id) where search is not null",
    "create index conversation_search on conversation "
    "using gin (to_tsvector('simple'::regconfig, plain_words(subject))) with (gin_pending_list_limit = 256)",
    "create index conversation_latest on conversation (last_at desc, id desc)",
    "create index attachment_search on attachment using gin (to_tsvector('simple'::regconfig, plain_words(name))) "
    "with (gin_pending_list_limit = 256) where not inline",
    "alter table customer add column latin text not null generated always as (latin_words(name)) stored",
    "create index customer_latin on customer using gin (latin gin_trgm_ops)",
    "create index identity_part on identity using gin (value gin_trgm_ops)",
    "create index customer_labels on customer using gin (labels)",
)


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


def _merging() -> None:
    """Customers who may be one person, and those who were made one."""
    op.create_table(
        "customer_keys",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("keys", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("customer_id"),
    )
    op.create_index("customer_keys_shared", "customer_keys", ["keys"], postgresql_using="gin")
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
    best: list[str | sa.TextClause] = [sa.text("bits desc")]
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
    op.execute(_REFUSE_BUT_MERGING)


# What a customer said goes with them when they are made one with another, and back: it says so with
# `set local hub.merging = 'on'`, and nothing but whose statement it is may change.
_REFUSE_BUT_MERGING = """
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
  if current_setting('hub.erasing', true) = 'on' then
    return case tg_op when 'DELETE' then old else new end;
  end if;
  if tg_table_name = 'consent' and tg_op = 'UPDATE' and current_setting('hub.merging', true) = 'on'
    and to_jsonb(new) - 'customer_id' = to_jsonb(old) - 'customer_id' then
    return new;
  end if;
  raise exception '% is append-only: add a row instead', tg_table_name using errcode = 'restrict_violation';
end $$
"""


OUTCOMES = ("Settled", "Call back later", "Passed on to a colleague", "Wrong number", "Nobody spoke")


def _telephone() -> None:
    op.create_table(
        "current_call",
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rung", JSONB(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("interaction_id"),
    )
    outcome = op.create_table(
        "call_outcome",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    usual = [{"name": name, "position": place, "active": True} for place, name in enumerate(OUTCOMES, 1)]
    op.bulk_insert(outcome, usual)
    _handled_calls()
    _missed_calls()


def _handled_calls() -> None:
    op.create_table(
        "handled_call",
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("talked_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("note_id", sa.Uuid()),
        sa.Column("outcome_id", sa.Integer()),
        sa.Column("wrapped_at", sa.DateTime(timezone=True)),
        sa.Column("wrapped_by", sa.Integer()),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["outcome_id"], ["call_outcome.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["wrapped_by"], ["staff.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("interaction_id"),
    )
    to_do = sa.text("wrapped_at is null")
    op.create_index("handled_call_open", "handled_call", ["staff_id"], postgresql_where=to_do)


def _missed_calls() -> None:
    op.create_table(
        "missed_call",
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("voicemail", sa.Boolean(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("done_by", sa.Integer()),
        sa.Column("settled", sa.String()),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["done_by"], ["staff.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("interaction_id"),
    )
    op.create_index("missed_call_listed", "missed_call", ["voicemail", sa.text("interaction_id desc")])
    op.create_index("ix_missed_call_customer_id", "missed_call", ["customer_id"])
    due = sa.text("done_at is null")
    op.create_index("missed_call_due", "missed_call", ["customer_id"], postgresql_where=due)
