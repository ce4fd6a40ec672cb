"""How the desk's work is arranged: business hours, promises about answers, questions about satisfaction, macros."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment, Word
from hub.models.vocabulary import Promised, Scale


class OpeningHours(SQLModel, table=True):
    """When a team works; the row without a team is the company's, and every team's that has none of its own."""

    __tablename__ = "opening_hours"
    __table_args__ = (Index("opening_hours_team", text("coalesce(team_id, 0)"), unique=True),)
    id: int | None = Field(default=None, primary_key=True)
    team_id: int | None = Field(default=None, foreign_key="team.id", ondelete="CASCADE")
    zone: str  # IANA
    week: list[Any] = Field(sa_type=Json)  # Monday first: lists of [from, until], minutes after midnight
    country: str = ""  # ISO 3166 alpha-2, whose public holidays are closed; empty: none
    subdivision: str = ""
    closed: dict[str, str] = Field(default_factory=dict, sa_type=Json)  # ISO date: what is on that day


class SlaPolicy(SQLModel, table=True):
    """How soon customers are answered, in minutes of working time. The first that fits a conversation holds."""

    __tablename__ = "sla_policy"
    id: int | None = Field(default=None, primary_key=True)
    name: str
    position: int  # the lowest is asked first
    team_id: int | None = Field(default=None, foreign_key="team.id", ondelete="CASCADE")  # None: any team, or none
    label: str = ""  # of the customer; empty: any
    vip_only: bool = False
    first_minutes: int | None = None  # until our first answer; None: no promise
    next_minutes: int | None = None  # until each later one
    resolution_minutes: int | None = None  # until it is resolved; the clock stands while the customer has the word
    warn_minutes: int = 0  # so long before, somebody is warned
    escalate_staff_id: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    escalate_team_id: int | None = Field(default=None, foreign_key="team.id", ondelete="SET NULL")


class Promise(SQLModel, table=True):
    """What a policy promised somebody in one conversation. One that is settled stays, for reports."""

    __tablename__ = "promise"
    __table_args__ = (
        UniqueConstraint("conversation_id", "kind", "since", name="promise_once"),
        Index("promise_due", "due_at", postgresql_where=text("settled_at is null and escalated_at is null")),
        Index("promise_warn", "warn_at", postgresql_where=text("settled_at is null and warned_at is null")),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE")
    policy_id: int | None = Field(default=None, foreign_key="sla_policy.id", ondelete="SET NULL")
    kind: Promised = Field(sa_type=Word(Promised))
    since: datetime = Field(sa_type=Moment)  # the customer's word that it answers
    due_at: datetime | None = Field(default=None, sa_type=Moment)  # None: the clock stands
    warn_at: datetime | None = Field(default=None, sa_type=Moment)
    warned_at: datetime | None = Field(default=None, sa_type=Moment)
    escalated_at: datetime | None = Field(default=None, sa_type=Moment)
    settled_at: datetime | None = Field(default=None, sa_type=Moment)
    kept: bool | None = None  # with `settled_at`


class SurveyRule(SQLModel, table=True):
    """Whether customers are asked how satisfied they are. One row at most; none: nobody is asked."""

    __tablename__ = "survey_rule"
    id: int = Field(default=1, primary_key=True)
    enabled: bool = False
    scale: Scale = Field(default=Scale.CSAT, sa_type=Word(Scale))
    delay_minutes: int = 10  # after it was resolved
    again_days: int = 30  # nobody is asked twice within
    low_days: int = 30  # so long no marketing goes to whoever is not satisfied


class Survey(SQLModel, table=True):
    """One customer was asked about one conversation, and what they said."""

    __tablename__ = "survey"
    __table_args__ = (Index("survey_customer", "customer_id", text("asked_at desc")),)
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    conversation_id: UUID = Field(foreign_key="conversation.id", index=True, ondelete="CASCADE")
    customer_id: UUID = Field(foreign_key="customer.id", ondelete="CASCADE")
    interaction_id: UUID | None = None  # the question in the log
    scale: Scale = Field(sa_type=Word(Scale))
    asked_at: datetime = Field(sa_type=Moment)
    staff_id: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")  # whose work it was
    sent: bool = False  # the gate let it out
    score: int | None = None
    comment: str = ""
    answered_at: datetime | None = Field(default=None, sa_type=Moment)
