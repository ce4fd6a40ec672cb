"""Events that a company holds, and whom it invites to them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from hub.models.columns import Moment, Word
from hub.models.vocabulary import GuestState, Kind, Purpose


class Gathering(SQLModel, table=True):
    """One event. Its row is locked while seats are given out."""

    __tablename__ = "gathering"
    __table_args__ = (Index("gathering_at", "starts_at"),)
    id: int | None = Field(default=None, primary_key=True)
    title: str
    starts_at: datetime = Field(sa_type=Moment)
    ends_at: datetime | None = Field(default=None, sa_type=Moment)
    timezone: str
    place: str = ""
    host: str = ""
    about: str = ""  # what the invitation says besides
    capacity: int | None = None  # seats; None: as many as come
    purpose: Purpose = Field(default=Purpose.MARKETING, sa_type=Word(Purpose))  # of the invitation
    remind_minutes: int = 1440  # so long before whoever comes is reminded; 0: nobody is
    cancelled_at: datetime | None = Field(default=None, sa_type=Moment)
    created_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    created_at: datetime = Field(sa_type=Moment)


class Guest(SQLModel, table=True):
    """Somebody who is invited to an event, what they answered, and whether they came."""

    __tablename__ = "guest"
    __table_args__ = (
        UniqueConstraint("gathering_id", "customer_id", name="guest_once"),
        Index("guest_customer", "customer_id"),
        Index("guest_chosen", "id", postgresql_where=text("state = 'chosen'")),
    )
    id: int | None = Field(default=None, primary_key=True)
    gathering_id: int = Field(foreign_key="gathering.id", ondelete="CASCADE")
    customer_id: UUID = Field(foreign_key="customer.id", ondelete="CASCADE")
    state: GuestState = Field(default=GuestState.CHOSEN, sa_type=Word(GuestState))
    asked_id: UUID | None = None  # the last message that asked whether they come
    answered_at: datetime | None = Field(default=None, sa_type=Moment)
    answered_by: Kind | None = Field(default=None, sa_type=Word(Kind))  # None: on the page, or at the desk
    waiting_since: datetime | None = Field(default=None, sa_type=Moment)  # the order in which they move up
    reminded_at: datetime | None = Field(default=None, sa_type=Moment)
    attended_at: datetime | None = Field(default=None, sa_type=Moment)
    told_off_at: datetime | None = Field(default=None, sa_type=Moment)  # that it does not take place
