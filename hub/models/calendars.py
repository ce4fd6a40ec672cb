"""Calendars elsewhere, whose events become appointments."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ARRAY, Index, Integer
from sqlmodel import Field, SQLModel

from hub.models.columns import Moment


class CalendarFeed(SQLModel, table=True):
    """An address that is fetched now and then. `problem`: why nothing came the last time; `told`: what it brought."""

    __tablename__ = "calendar_feed"
    __table_args__ = (Index("calendar_feed_due", "next_at"),)
    id: int | None = Field(default=None, primary_key=True)
    name: str
    url: str
    owner_id: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    lead_minutes: list[int] = Field(default_factory=list, sa_type=ARRAY(Integer))
    next_at: datetime = Field(sa_type=Moment)
    read_at: datetime | None = Field(default=None, sa_type=Moment)
    problem: str = ""
    told: str = ""
    created_at: datetime = Field(sa_type=Moment)
