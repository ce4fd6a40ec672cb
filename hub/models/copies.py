"""Who gets a copy of a mail that we write."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import SmallInteger
from sqlmodel import Field, SQLModel

from hub.models.columns import Moment, Word
from hub.models.vocabulary import CopyFate


class MailCopy(SQLModel, table=True):
    """One address beside the recipient's, and what became of its copy when that is not what became of the mail."""

    __tablename__ = "mail_copy"
    interaction_id: UUID = Field(primary_key=True, foreign_key="interaction.id", ondelete="CASCADE")
    address: str = Field(primary_key=True, index=True)  # canonical
    place: int = Field(sa_type=SmallInteger)  # in the order in which they were given
    blind: bool = False  # nobody reads it in the mail (Bcc)
    fate: CopyFate = Field(default=CopyFate.ALONG, sa_type=Word(CopyFate))
    reason: str = ""
    detail: str = ""  # the same in the mail server's words
    at: datetime = Field(sa_type=Moment)  # of `fate`
    # Of one that the mail server put off, see `hub.outbound.late_copies`:
    put_off_at: datetime | None = Field(default=None, sa_type=Moment)
    due_at: datetime | None = Field(default=None, sa_type=Moment)  # when it is tried next
    begun_at: datetime | None = Field(default=None, sa_type=Moment)  # it may be on the wire at this moment
    attempts: int = Field(default=0, sa_type=SmallInteger)
    doubts: int = Field(default=0, sa_type=SmallInteger)  # tries of which nobody knows whether it left
