"""The people who work in the hub, the programs that do, and what they did."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment, Word
from hub.models.vocabulary import Assigning, Role


class Staff(SQLModel, table=True):
    __tablename__ = "staff"
    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    name: str
    role: Role = Field(sa_type=Word(Role))
    password_hash: str  # argon2id
    language: str = "en"
    timezone: str = "UTC"
    phone: str | None = None  # where calls reach this person
    available: bool = True  # takes calls now
    away: bool = False  # gets no new conversations, by their own word
    active: bool = True
    signature: str = ""  # closes this person's mails; empty: the team's
    calendar_key: str | None = None  # of the address of their calendar; None: there is none
    undo_seconds: int | None = None  # how long this person may take back what they sent; None: [desk] undo_seconds
    created_at: datetime = Field(sa_type=Moment)


class Team(SQLModel, table=True):
    """People who work together. Mail of its mailboxes is its own, and its signature closes what they write."""

    __tablename__ = "team"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    signature: str = ""
    assigning: Assigning = Field(default=Assigning.BY_HAND, sa_type=Word(Assigning))
    assigning_since: datetime | None = Field(default=None, sa_type=Moment)  # what came before is left where it is
    capacity: int | None = None  # open conversations that one of its people has at most; None: any number
    turn: int = 0  # whose turn was last
    created_at: datetime = Field(sa_type=Moment)


class TeamMember(SQLModel, table=True):
    __tablename__ = "team_member"
    team_id: int = Field(primary_key=True, foreign_key="team.id", ondelete="CASCADE")
    staff_id: int = Field(primary_key=True, foreign_key="staff.id", ondelete="CASCADE", index=True)


class TeamChannel(SQLModel, table=True):
    """A configured channel belongs to one team at most; a team may have several."""

    __tablename__ = "team_channel"
    channel: str = Field(primary_key=True)
    team_id: int = Field(foreign_key="team.id", ondelete="CASCADE", index=True)


class StaffSession(SQLModel, table=True):
    __tablename__ = "staff_session"
    token_hash: str = Field(primary_key=True)  # SHA-256 of the cookie
    staff_id: int = Field(foreign_key="staff.id", index=True, ondelete="CASCADE")
    csrf: str
    created_at: datetime = Field(sa_type=Moment)
    seen_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)


class SignInFailure(SQLModel, table=True):
    """Failed sign-ins, for throttling by account and by address."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (Index("sign_in_failure_recent", "key", text("at desc")),)
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    key: str  # "email:…" or "ip:…"
    at: datetime = Field(sa_type=Moment)


class AskedOnce(SQLModel, table=True):
    """A request that a program gave a key of its own (Idempotency-Key), and what it was answered."""

    __tablename__ = "asked_once"
    staff_id: int = Field(primary_key=True, foreign_key="staff.id", ondelete="CASCADE")
    key: str = Field(primary_key=True)
    request: str  # SHA-256 of method, address and body
    answer: dict[str, Any] = Field(sa_type=Json)
    at: datetime = Field(sa_type=Moment, index=True)


class ApiToken(SQLModel, table=True):
    __tablename__ = "api_token"
    id: int | None = Field(default=None, primary_key=True)
    name: str
    token_hash: str = Field(unique=True)  # SHA-256
    staff_id: int = Field(foreign_key="staff.id", ondelete="CASCADE")
    created_at: datetime = Field(sa_type=Moment)
    used_at: datetime | None = Field(default=None, sa_type=Moment)
    revoked_at: datetime | None = Field(default=None, sa_type=Moment)


class Audit(SQLModel, table=True):
    """Who did or read what. Append-only, each row carrying the hash of the one before it."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("audit_staff", "staff_id", "id"),
        Index("audit_subject", "subject", "id"),
        Index("audit_action", "action", "id"),
        Index("audit_at", "at"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    at: datetime = Field(sa_type=Moment)
    staff_id: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    action: str  # "customer.read", "consent.withdraw", "sign_in"
    subject: str = ""  # "customer:0190…"
    detail: str = ""
    ip: str = ""
    hash: str
    salt: str = ""  # of `said`; empty: the detail was taken out with the person it spoke of
    said: str = ""  # SHA-256 of salt and detail: what the chain holds in the detail's place
