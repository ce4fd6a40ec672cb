"""Reports that leave by mail: who wants which, and the letters themselves until they are old."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, SmallInteger, String, Text
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment, Word
from hub.models.vocabulary import ReportFile, Rhythm


class ReportSubscription(SQLModel, table=True):
    """Somebody gets a report every day, week or month, by their own clock, in their own language."""

    __tablename__ = "report_subscription"
    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff.id", index=True, ondelete="CASCADE")
    report: str  # a key of `hub.reports.parts.PARTS`
    rhythm: Rhythm = Field(sa_type=Word(Rhythm))
    hour: int = Field(sa_type=SmallInteger)  # from which on it leaves, where they are
    narrowed: dict[str, Any] = Field(default_factory=dict, sa_type=Json)  # fields of `hub.reports.asked.Narrowed`
    file: ReportFile = Field(sa_type=Word(ReportFile))
    issue_on: date  # the day of the next one: it is about the days, the week or the month before that day
    created_at: datetime = Field(sa_type=Moment)
    sent_id: UUID | None = Field(default=None, foreign_key="interaction.id", index=True, ondelete="SET NULL")  # latest


class Letter(SQLModel, table=True):
    """What a colleague alone is to read. The log, which others read, says only that it left."""

    __tablename__ = "letter"
    interaction_id: UUID = Field(primary_key=True, foreign_key="interaction.id", ondelete="CASCADE")
    staff_id: int = Field(foreign_key="staff.id", index=True, ondelete="CASCADE")
    needs: list[str] = Field(sa_type=ARRAY(String))  # Actions that its reader has to be allowed when it leaves
    text: str = Field(sa_type=Text)
    html: str = Field(sa_type=Text)
    files: list[dict[str, Any]] = Field(sa_type=Json)  # name, media_type, sha256, size
    at: datetime = Field(sa_type=Moment, index=True)
