"""Work tickets for what has to leave, and who may send it how fast."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, SmallInteger, text
from sqlmodel import Field, SQLModel

from hub.models.columns import Moment, Word
from hub.models.vocabulary import Kind


class SenderRow(SQLModel, table=True):
    """One configured channel as a sender. `tat` is the whole rate limiter (GCRA); its row lock makes it exact."""

    __tablename__ = "sender"
    id: int | None = Field(default=None, primary_key=True)
    channel: str = Field(unique=True)
    kind: Kind = Field(sa_type=Word(Kind))
    rate: float  # messages a second
    burst: float
    tat: datetime = Field(sa_type=Moment)  # theoretical arrival time
    paused_until: datetime | None = Field(default=None, sa_type=Moment)
    trouble: str = ""  # what a person has to mend, shown on the start page


class Outbox(SQLModel, table=True):
    """One message that has to leave. The log is the truth; this row goes away when the outcome is settled."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_due", "sender_id", "priority", "due_at", postgresql_where=text("lease_until is null")),
        Index("outbox_lease", "lease_until", postgresql_where=text("lease_until is not null")),
        {"postgresql_with": {"fillfactor": 70, "autovacuum_vacuum_scale_factor": 0.02}},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    interaction_id: UUID = Field(unique=True)  # no foreign keys: who finds no message for a ticket drops the ticket
    sender_id: int
    priority: int = Field(default=5, sa_type=SmallInteger)  # 0 a person is waiting … 9 bulk
    due_at: datetime = Field(sa_type=Moment)
    expires_at: datetime | None = Field(default=None, sa_type=Moment)
    attempts: int = Field(default=0, sa_type=SmallInteger)
    lease_until: datetime | None = Field(default=None, sa_type=Moment)
    fence: int = 0  # grows with every claim; only the holder of the current value may settle
    worker: str = ""


class Worker(SQLModel, table=True):
    """A process that sends, from when it first held its lock until it was found to be gone."""

    __tablename__ = "worker"
    name: str = Field(primary_key=True)
    started_at: datetime = Field(sa_type=Moment)
