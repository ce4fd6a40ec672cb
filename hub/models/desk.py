"""What agents keep at hand: canned answers, replies that have not left yet, drafts, mentions, views."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment


class CannedAnswer(SQLModel, table=True):
    """Words that are needed again and again, found by their shortcut; of a team, or everybody's."""

    __tablename__ = "canned_answer"
    __table_args__ = (
        UniqueConstraint("team_id", "shortcut", name="canned_answer_shortcut", postgresql_nulls_not_distinct=True),
    )
    id: int | None = Field(default=None, primary_key=True)
    team_id: int | None = Field(default=None, foreign_key="team.id", ondelete="CASCADE")  # None: everybody's
    shortcut: str  # lower case, without the slash
    title: str
    text: str = Field(sa_type=Text)  # a template: see hub.conversations.canned
    changed_at: datetime = Field(sa_type=Moment)


class HeldReply(SQLModel, table=True):
    """An agent's message that leaves later: until then it can be taken back, with the words as they were typed."""

    __tablename__ = "held_reply"
    interaction_id: UUID = Field(primary_key=True, foreign_key="interaction.id", ondelete="CASCADE")
    staff_id: int = Field(foreign_key="staff.id", ondelete="CASCADE")
    leaves_at: datetime = Field(sa_type=Moment, index=True)
    scheduled: bool  # for an hour that the agent chose; else it waits only so that it can be undone
    unless_answered: bool  # it is not sent when the customer writes or calls before it leaves
    typed: dict[str, Any] = Field(sa_type=Json)  # the draft that it becomes again: see hub.conversations.drafts
    before: dict[str, Any] = Field(sa_type=Json)  # the conversation before and after it was written


class DraftRow(SQLModel, table=True):
    """Words that an agent has not sent, of one conversation or for a first word to a customer."""

    __tablename__ = "draft"
    __table_args__ = (
        Index(
            "draft_place",
            "staff_id",
            "conversation_id",
            unique=True,
            postgresql_where=text("conversation_id is not null"),
        ),
        Index(
            "draft_first_word", "staff_id", "customer_id", unique=True, postgresql_where=text("conversation_id is null")
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff.id", ondelete="CASCADE")
    customer_id: UUID = Field(foreign_key="customer.id", index=True, ondelete="CASCADE")
    conversation_id: UUID | None = Field(default=None, foreign_key="conversation.id", index=True, ondelete="CASCADE")
    typed: dict[str, Any] = Field(sa_type=Json)
    at: datetime = Field(sa_type=Moment)


class Mention(SQLModel, table=True):
    """A note names a colleague."""

    __tablename__ = "mention"
    __table_args__ = (
        Index("mention_of", "staff_id"),
        Index("mention_unread", "staff_id", postgresql_where=text("read_at is null")),
    )
    interaction_id: UUID = Field(primary_key=True, foreign_key="interaction.id", ondelete="CASCADE")
    staff_id: int = Field(primary_key=True, foreign_key="staff.id", ondelete="CASCADE")
    at: datetime = Field(sa_type=Moment)
    read_at: datetime | None = Field(default=None, sa_type=Moment)


class MacroRow(SQLModel, table=True):
    """What is done with a conversation by one click: somebody's own, a team's, or everybody's."""

    __tablename__ = "macro"
    id: int | None = Field(default=None, primary_key=True)
    name: str
    staff_id: int | None = Field(default=None, foreign_key="staff.id", index=True, ondelete="CASCADE")  # one's own
    team_id: int | None = Field(default=None, foreign_key="team.id", index=True, ondelete="CASCADE")
    does: dict[str, Any] = Field(sa_type=Json)  # see hub.conversations.macros.Steps
    changed_at: datetime = Field(sa_type=Moment)


class LabelRow(SQLModel, table=True):
    """How a label looks and what it means; customers and conversations keep its name."""

    __tablename__ = "label"
    __table_args__ = (Index("label_name", text("lower(name)"), unique=True),)
    id: int | None = Field(default=None, primary_key=True)
    name: str
    colour: str = "grey"  # see hub.conversations.labels.COLOURS
    description: str = ""


class SavedView(SQLModel, table=True):
    """A filter of the inbox that somebody keeps, for themselves, their team or everybody."""

    __tablename__ = "saved_view"
    id: int | None = Field(default=None, primary_key=True)
    name: str
    staff_id: int = Field(foreign_key="staff.id", index=True, ondelete="CASCADE")
    shared: bool = False
    team_id: int | None = Field(
        default=None, foreign_key="team.id", index=True, ondelete="CASCADE"
    )  # shared with these
    conditions: dict[str, Any] = Field(sa_type=Json)  # see hub.conversations.views
