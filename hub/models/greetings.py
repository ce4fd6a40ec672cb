"""Greetings that were made, one a day and customer, and those that a person left out."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, SmallInteger, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from hub.models.columns import Moment

_BORN = text("birthday_of is not null")


class Greeting(SQLModel, table=True):
    """A customer is greeted once a day at most: once for each day that is kept, and once on each day of theirs."""

    __tablename__ = "greeting"
    __table_args__ = (
        UniqueConstraint("customer_id", "day", name="greeting_a_day"),
        UniqueConstraint("customer_id", "kept", name="greeting_of_a_day"),
        Index("greeting_of_a_year", "customer_id", "birthday_of", unique=True, postgresql_where=_BORN),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    customer_id: UUID = Field(foreign_key="customer.id", ondelete="CASCADE")
    occasion_id: int | None = Field(default=None, foreign_key="occasion.id", ondelete="SET NULL")
    kept: date  # the day that is celebrated
    day: date  # by the customer's clock, when it was asked for: after an outage a later one
    birthday_of: int | None = Field(default=None, sa_type=SmallInteger)  # the year: one in each, should the date change
    years: int | None = Field(default=None, sa_type=SmallInteger)  # since it happened first, where that is known
    closes_at: datetime | None = Field(default=None, sa_type=Moment)  # late until then, never after it
    interaction_id: UUID | None = None  # in the log: sent, on its way or withheld


class GreetingLook(SQLModel, table=True):
    """An occasion that many keep, and of whom nobody was to be greeted the last time: see `hub.occasions.looks`."""

    __tablename__ = "greeting_look"
    occasion_id: int = Field(
        primary_key=True, foreign_key="occasion.id", ondelete="CASCADE", sa_column_kwargs={"autoincrement": False}
    )
    next_at: datetime = Field(sa_type=Moment)  # nobody is looked for before
    empty: int = Field(default=0, sa_type=SmallInteger)  # looks in a row that found nobody


class GreetingSkip(SQLModel, table=True):
    """Somebody decided that this customer is not greeted on this day."""

    __tablename__ = "greeting_skip"
    __table_args__ = (UniqueConstraint("customer_id", "occasion_id", "day", name="greeting_skip_once"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    customer_id: UUID = Field(foreign_key="customer.id", ondelete="CASCADE")
    occasion_id: int = Field(foreign_key="occasion.id", ondelete="CASCADE")
    day: date
    staff_id: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    at: datetime = Field(sa_type=Moment)
