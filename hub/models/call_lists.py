"""Call lists: people whom agents call one by one, with a script."""

from __future__ import annotations

from datetime import datetime, time
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment, Word
from hub.models.vocabulary import CallListState, CallResult, CallTurn, Purpose


class CallList(SQLModel, table=True):
    """What is said to whom, by which team and how often it is tried."""

    __tablename__ = "call_list"
    id: int | None = Field(default=None, primary_key=True)
    name: str
    state: CallListState = Field(default=CallListState.OPEN, sa_type=Word(CallListState))
    purpose: Purpose = Field(sa_type=Word(Purpose))
    template_version_id: int = Field(foreign_key="template_version.id")
    team_id: int | None = Field(default=None, foreign_key="team.id", ondelete="SET NULL")  # None: whoever calls
    hours_from: time | None = None  # by the company's clock; None, with `hours_until`: at any hour
    hours_until: time | None = None
    again_hours: int  # who was not reached is due again after so many
    attempts: int  # and is called so often at most
    held_minutes: int  # an agent has somebody so long, then others may
    created_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    created_at: datetime = Field(sa_type=Moment)
    closed_at: datetime | None = Field(default=None, sa_type=Moment)


class CallListPerson(SQLModel, table=True):
    """Somebody on a call list, and what has come of it."""

    __tablename__ = "call_list_person"
    __table_args__ = (
        UniqueConstraint("call_list_id", "customer_id", name="call_list_person_once"),
        Index("call_list_person_due", "call_list_id", "due_at", postgresql_where=text("turn in ('waiting', 'held')")),
        Index("call_list_person_held", "staff_id", unique=True, postgresql_where=text("turn = 'held'")),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    call_list_id: int = Field(foreign_key="call_list.id", ondelete="CASCADE")
    customer_id: UUID = Field(foreign_key="customer.id", index=True, ondelete="CASCADE")
    turn: CallTurn = Field(default=CallTurn.WAITING, sa_type=Word(CallTurn))
    due_at: datetime = Field(sa_type=Moment)
    calls: int = 0
    staff_id: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")  # who has or had them last
    for_staff_id: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")  # whom they wait for
    held_until: datetime | None = Field(default=None, sa_type=Moment)
    interaction_id: UUID | None = Field(  # of the latest call
        default=None, foreign_key="interaction.id", index=True, ondelete="SET NULL"
    )
    result: CallResult | None = Field(default=None, sa_type=Word(CallResult))  # of the latest call
    outcome: str = ""  # in the words of the dispositions
    reason: str = ""  # why they were left out, one of the gate's
    trace: list[str] = Field(default_factory=list, sa_type=Json)
    settled_at: datetime | None = Field(default=None, sa_type=Moment)
