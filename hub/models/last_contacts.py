"""When customers were last in contact, taken from the log once and for all: see `hub.segments.rolling_up`.

It may be emptied at any time, and is made anew from the log. No row has a key that the database follows: it would be
looked at for each of a million.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class LastContact(SQLModel, table=True):
    """The latest interactions of a customer below `LastContactsUntil.until`, by what segments ask; None: there is none.

    An identifier tells its moment: see `hub.clock.uuid7`.
    """

    __tablename__ = "last_contact"
    customer_id: UUID = Field(primary_key=True)
    contact: UUID | None = None
    word: UUID | None = None
    call: UUID | None = None


class LastContactsUntil(SQLModel, table=True):
    """One row: up to which identifier the log has been read, and up to which it will be next.

    No row: nothing is read from the others, and they are made anew.
    """

    __tablename__ = "last_contact_until"
    id: int = Field(default=1, primary_key=True)
    until: UUID
    wanted: UUID | None = None
    writers: int | None = Field(default=None, sa_type=BigInteger)  # transactions from this one on see `wanted` as old


class StaleContact(SQLModel, table=True):
    """A customer of whom old rows of the log changed, written down by a trigger: the log itself is asked about them."""

    __tablename__ = "stale_contact"
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    customer_id: UUID
