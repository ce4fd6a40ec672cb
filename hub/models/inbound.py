"""What came in, before anybody tried to understand it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment, Word
from hub.models.vocabulary import RawState


class RawMessage(SQLModel, table=True):
    """One mail or webhook exactly as it came. Its bytes lie in the storage under their SHA-256."""

    __tablename__ = "raw_message"
    __table_args__ = (
        UniqueConstraint("channel", "key", name="raw_message_once"),
        Index("raw_message_open", "quiet", "next_try_at", postgresql_where=text("state = 'received'")),
        Index("raw_message_parked", "id", postgresql_where=text("state = 'parked'")),
        Index("raw_message_read", "interaction_id", postgresql_where=text("interaction_id is not null")),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    channel: str
    key: str  # permanent at the provider: "INBOX:1700000000:42"
    sha256: str
    size: int
    oversize: bool = False
    quiet: bool = False  # old mail: nobody is told, nothing is answered
    received_at: datetime = Field(sa_type=Moment)
    state: RawState = Field(default=RawState.RECEIVED, sa_type=Word(RawState))
    tries: int = 0
    next_try_at: datetime = Field(sa_type=Moment)
    reader: str = ""  # who reads it until then; "" when nobody does who could be missed
    error: str = ""
    interaction_id: UUID | None = Field(default=None, foreign_key="interaction.id", ondelete="SET NULL")


class MailboxCursor(SQLModel, table=True):
    """How far a mailbox has been read. Moved in the transaction that stores what was read."""

    __tablename__ = "mailbox_cursor"
    channel: str = Field(primary_key=True)
    folder: str = Field(primary_key=True)
    uidvalidity: int = Field(sa_type=BigInteger)
    uid: int = Field(sa_type=BigInteger)
    since: datetime | None = Field(default=None, sa_type=Moment)  # older mails are no new work
    present: int = Field(default=0, sa_type=BigInteger)  # the highest UID when the folder was begun
    at: datetime = Field(sa_type=Moment)


class MailboxGrant(SQLModel, table=True):
    """What the owner of a mailbox allowed the hub (OAuth 2.0, RFC 6749): a refresh token, sealed, never in clear."""

    __tablename__ = "mailbox_grant"
    channel: str = Field(primary_key=True)
    sealed: bytes  # see hub.sealing
    granted_at: datetime = Field(sa_type=Moment)
    granted_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    refreshed_at: datetime | None = Field(default=None, sa_type=Moment)
    trouble: str = ""  # why the last refresh failed, in words


class MailboxQuestion(SQLModel, table=True):
    """An owner has been sent to the provider and is expected back: once, in the same session, for some minutes."""

    __tablename__ = "mailbox_question"
    state_hash: str = Field(primary_key=True)  # SHA-256 of the state that comes back
    channel: str
    staff_id: int = Field(foreign_key="staff.id", ondelete="CASCADE")
    session_hash: str  # SHA-256 of the session's form token
    sealed: bytes  # the verifier of PKCE (RFC 7636), see hub.sealing
    expires_at: datetime = Field(sa_type=Moment, index=True)


class Rejected(SQLModel, table=True):
    """Webhooks that were not let in (forged, unreadable): for the person who runs the hub, changing nothing else."""

    __tablename__ = "rejected"
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    at: datetime = Field(sa_type=Moment)
    channel: str
    cause: str
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
