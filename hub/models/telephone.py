"""The telephone at the desk: calls that are under way, whose they are, what came of them, and who is to be called."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment, Word
from hub.models.vocabulary import Settled


class CurrentCall(SQLModel, table=True):
    """A call that is not over. Gone when it is."""

    __tablename__ = "current_call"
    interaction_id: UUID = Field(primary_key=True, foreign_key="interaction.id", ondelete="CASCADE")
    at: datetime = Field(sa_type=Moment)
    rung: list[int] = Field(default_factory=list, sa_type=Json)  # whose telephones ring for it now


class HandledCall(SQLModel, table=True):
    """Somebody's part in one call: it is theirs from `taken_at`, and their work until it is wrapped up."""

    __tablename__ = "handled_call"
    __table_args__ = (Index("handled_call_open", "staff_id", postgresql_where=text("wrapped_at is null")),)
    interaction_id: UUID = Field(primary_key=True, foreign_key="interaction.id", ondelete="CASCADE")
    staff_id: int = Field(foreign_key="staff.id", ondelete="CASCADE")
    taken_at: datetime = Field(sa_type=Moment)
    talked_at: datetime | None = Field(default=None, sa_type=Moment)  # None: their telephone rings
    ended_at: datetime | None = Field(default=None, sa_type=Moment)  # with nothing in wrapped_at: to be wrapped up
    note_id: UUID | None = Field(default=None)  # in the log; no foreign key: notes move with their conversation
    outcome_id: int | None = Field(default=None, foreign_key="call_outcome.id", ondelete="SET NULL")
    wrapped_at: datetime | None = Field(default=None, sa_type=Moment)
    wrapped_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")


class CallOutcome(SQLModel, table=True):
    """One of the dispositions that a call is wrapped up with."""

    __tablename__ = "call_outcome"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    titles: dict[str, str] = Field(default_factory=dict, sa_type=Json)  # language → its name for who reads that one
    position: int
    calls_back: bool = False  # whoever chooses it says when they call again, and has a task for it
    active: bool = True  # else it is offered no more; calls that were wrapped up with it keep it


class MissedCall(SQLModel, table=True):
    """A call that nobody took, or a voicemail: work until the customer was called back."""

    __tablename__ = "missed_call"
    __table_args__ = (
        Index("missed_call_listed", "voicemail", text("interaction_id desc")),
        Index("missed_call_due", "customer_id", postgresql_where=text("done_at is null")),
    )
    interaction_id: UUID = Field(primary_key=True, foreign_key="interaction.id", ondelete="CASCADE")
    customer_id: UUID = Field(foreign_key="customer.id", index=True, ondelete="CASCADE")
    voicemail: bool
    done_at: datetime | None = Field(default=None, sa_type=Moment)
    done_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    settled: Settled | None = Field(default=None, sa_type=Word(Settled))  # with `done_at`
