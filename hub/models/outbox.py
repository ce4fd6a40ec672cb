"""Work tickets for what has to leave, and who may send it how fast."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Index, Integer, SmallInteger, text
from sqlmodel import Field, SQLModel

from hub.models.columns import Moment, Word
from hub.models.vocabulary import Kind, Unit


class SenderRow(SQLModel, table=True):
    """One configured channel as a sender. `tat` is the whole rate limiter (GCRA); its row lock makes it exact."""

    __tablename__ = "sender"
    id: int | None = Field(default=None, primary_key=True)
    channel: str = Field(unique=True)
    kind: Kind = Field(sa_type=Word(Kind))
    rate: float  # units a second
    burst: float
    unit: Unit = Field(default=Unit.MESSAGES, sa_type=Word(Unit))  # of rate, burst and the day's caps
    pace: float = 1.0  # the part of the rate that the provider lets us use at present
    slowed_at: datetime | None = Field(default=None, sa_type=Moment)  # when the pace was last cut
    daily_cap: int | None = None  # units a day; greetings and campaigns wait for the next one
    reserve: int = 0  # of the cap, which they leave to people
    ramp: list[int] = Field(default_factory=list, sa_type=ARRAY(Integer))
    ramp_from: date | None = None  # the first day of the ramp
    zone: str = "UTC"  # whose midnight ends a day
    day: date | None = None  # of `used`
    used: int = 0  # units that left on that day
    tat: datetime = Field(sa_type=Moment)  # theoretical arrival time
    paused_until: datetime | None = Field(default=None, sa_type=Moment)
    trouble: str = ""  # what a person has to mend, shown on the start page


class Outbox(SQLModel, table=True):
    """One message that has to leave. The log is the truth; this row goes away when the outcome is settled."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_due", "sender_id", "priority", "due_at", postgresql_where=text("lease_until is null")),
        Index(
            "outbox_campaign",
            *("campaign_id", "due_at"),
            postgresql_where=text("lease_until is null and campaign_id is not null"),
        ),
        Index("outbox_lease", "lease_until", postgresql_where=text("lease_until is not null")),
        {"postgresql_with": {"fillfactor": 70, "autovacuum_vacuum_scale_factor": 0.02}},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    interaction_id: UUID = Field(unique=True)  # no foreign keys: who finds no message for a ticket drops the ticket
    sender_id: int
    campaign_id: int | None = None
    priority: int = Field(default=5, sa_type=SmallInteger)  # 0 a person is waiting … 9 bulk
    due_at: datetime = Field(sa_type=Moment)
    expires_at: datetime | None = Field(default=None, sa_type=Moment)
    cost: int = Field(default=1, sa_type=SmallInteger, sa_column_kwargs={"server_default": "1"})  # SMS: segments
    attempts: int = Field(default=0, sa_type=SmallInteger)
    lease_until: datetime | None = Field(default=None, sa_type=Moment)
    fence: int = 0  # grows with every claim; only the holder of the current value may settle
    worker: str = ""


class Worker(SQLModel, table=True):
    """A process that sends, from when it first held its lock until it was found to be gone."""

    __tablename__ = "worker"
    name: str = Field(primary_key=True)
    started_at: datetime = Field(sa_type=Moment)
