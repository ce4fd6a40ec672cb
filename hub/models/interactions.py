"""The interaction log: every word in and out of every channel, its files, its attempts and its receipts."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, Column, Computed, Index, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment, Word
from hub.models.vocabulary import ConversationState, Direction, Kind, Origin, Purpose, Rearranged, State

# Only what people wrote is searched: a campaign's body is its template's, indexing it per recipient buys nothing.
# `plain_words` takes the accents off (0006_search).
_SEARCH = (
    "case when origin in ('customer', 'agent', 'api') then to_tsvector('simple'::regconfig, "
    "plain_words(left(coalesce(subject, '') || ' ' || coalesce(body_text, ''), 100000))) end"
)
_SUBJECT = "to_tsvector('simple'::regconfig, plain_words(subject))"
_WRITTEN = text("search is not null")
_SOON = {"gin_pending_list_limit": 256}  # kB of fresh entries that a search has to read one by one
# What a campaign has queued is found by the campaign: entries that come and go by the million are spared here.
_OPEN = "state in ('sending', 'unknown') or state = 'queued' and campaign_id is null"


class Interaction(SQLModel, table=True):
    """One word in or out. Partitioned by month of its id, which is a UUIDv7 of the moment it happened."""

    __tablename__ = "interaction"
    __table_args__ = (
        Index("interaction_timeline", "customer_id", text("id desc")),
        Index(
            "interaction_thread",
            "conversation_id",
            text("id desc"),
            postgresql_where=text("conversation_id is not null"),
        ),
        Index(
            "interaction_heard",
            "customer_id",
            text("id desc"),
            postgresql_where=text("direction = 'in' and auto = ''"),
        ),
        Index("interaction_campaign", "campaign_id", "state", postgresql_where=text("campaign_id is not null")),
        Index("interaction_open", "state", postgresql_where=text(_OPEN)),
        Index("interaction_points_to", "points_to_id", postgresql_where=text("points_to_id is not null")),
        Index("interaction_search", "search", postgresql_using="gin", postgresql_where=_WRITTEN, postgresql_with=_SOON),
        Index("interaction_words", "id", postgresql_where=_WRITTEN),
        Index(
            "interaction_by",
            "staff_id",
            "id",
            postgresql_where=text("staff_id is not null and search is not null"),
        ),
        {"postgresql_partition_by": "RANGE (id)"},
    )
    id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_type=Moment)  # the moment in `id`, for reading
    customer_id: UUID = Field(foreign_key="customer.id", ondelete="CASCADE")
    conversation_id: UUID | None = Field(default=None, foreign_key="conversation.id", ondelete="SET NULL")
    direction: Direction = Field(sa_type=Word(Direction))
    kind: Kind | None = Field(default=None, sa_type=Word(Kind))  # None: a note
    channel: str = ""  # the configured channel's name
    origin: Origin = Field(sa_type=Word(Origin))
    purpose: Purpose = Field(default=Purpose.SERVICE, sa_type=Word(Purpose))
    state: State = Field(sa_type=Word(State))
    state_rank: int = Field(default=0, sa_type=SmallInteger)  # State.rank, kept for the one-statement forward move
    state_at: datetime = Field(sa_type=Moment)
    reason: str = ""  # a Withheld or channels.message.Reason word when the state needs one
    detail: str = ""  # the same in the provider's words
    sender: str = ""  # canonical address
    recipient: str = ""
    subject: str = ""
    body_text: str = Field(default="", sa_type=Text)
    body_html: str = Field(default="", sa_type=Text)  # as received; never shown unsanitised
    reply_text: str = Field(default="", sa_type=Text)  # the new part of a mail, without what it quotes
    closing: str = Field(default="", sa_type=Text)  # below the words of an agent's mail: signature, quoted mail
    template_version_id: int | None = None  # no foreign key, as `campaign_id`: neither is ever deleted
    language: str = ""  # of the template's variant
    variables: dict[str, Any] | None = Field(default=None, sa_type=Json)  # with the template: the exact text again
    content_hash: str = ""  # SHA-256 of what was rendered
    trace: list[str] | None = Field(default=None, sa_type=Json)  # why the gate said what it said
    message_id: str = ""  # RFC 5322, in brackets
    in_reply_to: str = ""
    reply_to: str = ""  # where the writer of a mail wants the answer, when that is not `sender`; out: it was followed
    copied: list[str] | None = Field(default=None, sa_type=Json)  # the other people in To and Cc, canonical addresses
    threaded_by: str = ""  # ThreadedBy: why it stands in its conversation
    points_to_id: UUID | None = Field(default=None, foreign_key="conversation.id", ondelete="SET NULL")  # see `flag`
    auto: str = ""  # channels.message.Auto, when a machine wrote it
    flag: str = ""  # why a person should look ("possible thread", "stop in words", "may be double")
    call: dict[str, Any] | None = Field(default=None, sa_type=Json)  # seconds, answered by, recording, legs
    staff_id: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    campaign_id: int | None = None
    occasion: str = ""  # "birthday"
    search: str | None = Field(
        default=None, sa_column=Column(TSVECTOR, Computed(_SEARCH, persisted=True), nullable=True)
    )


class ProviderReference(SQLModel, table=True):
    """Which interaction a provider's identifier means. The primary key is what makes inbound exactly once."""

    __tablename__ = "provider_reference"
    channel: str = Field(primary_key=True)
    provider_id: str = Field(primary_key=True)
    interaction_id: UUID = Field(index=True)  # no foreign key, as in `ReceiptRow`: whoever writes one holds the message


class MailReference(SQLModel, table=True):
    """Which Message-IDs a mail cites: mails overtake each other, and the cited one may come last."""

    __tablename__ = "mail_reference"
    cited: str = Field(primary_key=True)  # RFC 5322, in brackets
    interaction_id: UUID = Field(primary_key=True, foreign_key="interaction.id", index=True, ondelete="CASCADE")


class DedupeKey(SQLModel, table=True):
    """What makes outbound at most once: `campaign:7:customer:…`, `reminder:…`, `form:…`."""

    __tablename__ = "dedupe_key"
    key: str = Field(primary_key=True)
    interaction_id: UUID = Field(foreign_key="interaction.id", index=True, ondelete="CASCADE")


class EvidenceLook(SQLModel, table=True):
    """When the provider's list was last looked through for a message whose fate is unknown, and how often."""

    __tablename__ = "evidence_look"
    interaction_id: UUID = Field(primary_key=True, foreign_key="interaction.id", ondelete="CASCADE")
    looked_at: datetime = Field(sa_type=Moment)
    times: int = 1


class Attempt(SQLModel, table=True):
    """Append-only: one conversation with a provider about one message."""

    __tablename__ = "attempt"
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    interaction_id: UUID = Field(index=True)  # no foreign key, as in `ReceiptRow`
    started_at: datetime = Field(sa_type=Moment)
    ended_at: datetime = Field(sa_type=Moment)
    worker: str = ""
    outcome: str  # accepted, try_later, refused, unknown, lease_expired
    stage: str = ""
    code: str = ""
    reply: str = ""


class ReceiptRow(SQLModel, table=True):
    """Append-only: one thing a provider told us about a message. Told twice, kept once."""

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("interaction_id", "progress", "code", "leg", name="receipt_once"),
        Index("receipt_complaint", "interaction_id", postgresql_where=text("reason = 'complained'")),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    interaction_id: UUID  # no foreign key: three for each text of a campaign; whoever writes one holds the message
    at: datetime = Field(sa_type=Moment)
    progress: str
    reason: str = ""
    code: str = ""
    leg: str = ""  # a call's child leg, or a mail's recipient
    detail: str = ""
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class EarlyReceipt(SQLModel, table=True):
    """A receipt that came before we knew the message (callbacks can overtake the create's answer)."""

    __tablename__ = "early_receipt"
    __table_args__ = (Index("early_receipt_reference", "channel", "provider_id"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    channel: str
    provider_id: str
    at: datetime = Field(sa_type=Moment)
    receipt: dict[str, Any] = Field(sa_type=Json)


class AttachmentRow(SQLModel, table=True):
    """A file of an interaction. Its bytes lie in the storage under their SHA-256; its id cannot be guessed."""

    __tablename__ = "attachment"
    __table_args__ = (
        Index(
            "attachment_search",
            text("to_tsvector('simple'::regconfig, plain_words(name))"),
            postgresql_using="gin",
            postgresql_where=text("not inline"),
            postgresql_with=_SOON,
        ),
    )
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    interaction_id: UUID = Field(foreign_key="interaction.id", index=True, ondelete="CASCADE")
    name: str
    media_type: str
    size: int
    sha256: str
    inline: bool = False
    content_id: str = ""


class Conversation(SQLModel, table=True):
    __tablename__ = "conversation"
    __table_args__ = (
        Index("conversation_inbox", "state", text("last_at desc")),
        Index("conversation_latest", text("last_at desc"), text("id desc")),
        Index("conversation_search", "search", postgresql_using="gin", postgresql_with=_SOON),
        Index(
            "conversation_standing",
            "channel",
            postgresql_include=["state", "assignee_id", "due_at"],
            postgresql_where=text("state <> 'resolved'"),
        ),
        Index("conversation_tagged", "id", postgresql_where=text("state <> 'resolved' and labels <> '{}'")),
        Index("conversation_customer", "customer_id", text("last_at desc")),
        Index(
            "conversation_unsettled",
            "customer_id",
            postgresql_where=text("state <> 'resolved'"),
        ),
        Index(
            "conversation_unrouted",
            "channel",
            "last_inbound_at",
            postgresql_where=text("state = 'open' and assignee_id is null and routed_at is null"),
        ),
        Index("conversation_resolved", "resolved_at", postgresql_where=text("resolved_at is not null")),
        Index("conversation_due", "due_at", postgresql_where=text("due_at is not null")),
        Index("conversation_stirred", "id", postgresql_where=text("stirred")),
        Index("conversation_labels", "labels", postgresql_using="gin", postgresql_where=text("labels <> '{}'")),
    )
    id: UUID = Field(primary_key=True)
    customer_id: UUID = Field(foreign_key="customer.id", ondelete="CASCADE")
    subject: str = ""
    kind: Kind = Field(sa_type=Word(Kind))  # of the latest word
    channel: str = ""
    state: ConversationState = Field(default=ConversationState.OPEN, sa_type=Word(ConversationState))
    assignee_id: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL", index=True)
    unread: bool = True
    flag: str = ""
    labels: list[str] = Field(default_factory=list, sa_type=ARRAY(String), sa_column_kwargs={"server_default": "{}"})
    snoozed_until: datetime | None = Field(default=None, sa_type=Moment)
    created_at: datetime = Field(sa_type=Moment)
    last_at: datetime = Field(sa_type=Moment)
    last_inbound_at: datetime | None = Field(default=None, sa_type=Moment)
    preview: str = ""  # the beginning of the latest word
    merged_into_id: UUID | None = Field(default=None, foreign_key="conversation.id", ondelete="SET NULL", index=True)
    resolved_at: datetime | None = Field(default=None, sa_type=Moment)  # the last time a person settled it
    routed_at: datetime | None = Field(default=None, sa_type=Moment)  # given to somebody by the team's rule, once
    due_at: datetime | None = Field(default=None, sa_type=Moment)  # the earliest of its promises, see `promise`
    warn_at: datetime | None = Field(default=None, sa_type=Moment)
    stirred: bool = False  # something happened since its promises were reckoned: the database says so by itself
    search: str | None = Field(default=None, sa_column=Column(TSVECTOR, Computed(_SUBJECT, persisted=True)))


class Rearrangement(SQLModel, table=True):
    """Append-only but for `undone_at`: words that an agent moved from one conversation to another."""

    __tablename__ = "rearrangement"
    id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_type=Moment)
    staff_id: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    what: Rearranged = Field(sa_type=Word(Rearranged))
    from_id: UUID = Field(foreign_key="conversation.id", index=True, ondelete="CASCADE")
    into_id: UUID = Field(foreign_key="conversation.id", index=True, ondelete="CASCADE")
    moved: dict[str, Any] = Field(sa_type=Json)  # what stands elsewhere now, and both conversations before and after
    undone_at: datetime | None = Field(default=None, sa_type=Moment)


class Task(SQLModel, table=True):
    __tablename__ = "task"
    __table_args__ = (
        Index("task_due", "assignee_id", "due_at", postgresql_where=text("done_at is null")),
        Index("task_remind", "remind_at", postgresql_where=text("remind_at is not null")),
        Index("task_notice", "assignee_id", postgresql_where=text("notice_at is not null")),
        Index("task_conversation", "conversation_id", postgresql_where=text("conversation_id is not null")),
        Index("task_when", "due_at", postgresql_where=text("due_at is not null")),
    )
    id: int | None = Field(default=None, primary_key=True)
    customer_id: UUID | None = Field(default=None, foreign_key="customer.id", ondelete="CASCADE", index=True)
    conversation_id: UUID | None = Field(default=None, foreign_key="conversation.id", ondelete="SET NULL")
    title: str
    due_at: datetime | None = Field(default=None, sa_type=Moment)
    done_at: datetime | None = Field(default=None, sa_type=Moment)
    assignee_id: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    created_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    created_at: datetime = Field(sa_type=Moment)
    changed_at: datetime = Field(sa_type=Moment)
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)  # kept a while, so that it can be undone
    remind_minutes: int | None = None  # before it is due
    remind_at: datetime | None = Field(default=None, sa_type=Moment)  # when its person is told next
    notice_at: datetime | None = Field(default=None, sa_type=Moment)  # told by the clock, not yet shown on a page
