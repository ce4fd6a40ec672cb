"""What the law says about one person's data: erasures, of which nothing says who they were, and exports."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment, Word
from hub.models.vocabulary import AddressKind, ErasureState


class Erasure(SQLModel, table=True):
    """One person is erased, step by step; when it is done, the row is the certificate."""

    __tablename__ = "erasure"
    __table_args__ = (
        Index("erasure_open", "subject_id", unique=True, postgresql_where=text("state <> 'done'")),
        Index("erasure_subject", "subject_id"),
    )
    id: UUID = Field(primary_key=True)
    subject_id: UUID  # the customer's number, which leads nowhere any more; no foreign key
    state: ErasureState = Field(default=ErasureState.ASKED, sa_type=Word(ErasureState))
    asked_at: datetime = Field(sa_type=Moment)
    asked_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    asked_by_name: str = ""  # as it was then: the certificate stays the same when the account is renamed
    waits_for: int = 0  # messages, calls and imports that are under way
    rows: dict[str, int] = Field(default_factory=dict, sa_type=Json)  # kind → how many are gone
    remains: dict[str, int] = Field(default_factory=dict, sa_type=Json)  # see `hub.personal.certificate`
    files: int = 0  # gone so far
    shared_files: int = 0  # that somebody else's words hold as well: they stay
    pending: list[str] = Field(default_factory=list, sa_type=Json)  # digests of files that are still to go
    done_at: datetime | None = Field(default=None, sa_type=Moment)
    digest: str = ""  # SHA-256 of the certificate


class ErasedAddress(SQLModel, table=True):
    """A salted hash of an address nobody may write to: who comes back under it has said no before.

    A trigger looks here whenever somebody gets an address (0013_personal_data).
    """

    __tablename__ = "erased_address"
    __table_args__ = (UniqueConstraint("kind", "hash", name="erased_address_once"),)
    id: int | None = Field(default=None, primary_key=True)
    kind: AddressKind = Field(sa_type=Word(AddressKind))
    hash: bytes = Field(sa_type=LargeBinary)
    at: datetime = Field(sa_type=Moment)
    barred: list[Any] = Field(default_factory=list, sa_type=Json)  # its suppressions, without the address


class ErasureSalt(SQLModel, table=True):
    """One row: what the hashes of this database are made with."""

    __tablename__ = "erasure_salt"
    id: int = Field(default=1, primary_key=True)
    salt: bytes = Field(sa_type=LargeBinary)


class GoingFile(SQLModel, table=True):
    """A file whose row is gone: to be deleted from the storage, unless another row names it."""

    __tablename__ = "going_file"
    digest: str = Field(primary_key=True)


class AuditCut(SQLModel, table=True):
    """Where the audit trail begins since its oldest rows went: the hash that its first row follows from."""

    __tablename__ = "audit_cut"
    id: int = Field(default=1, primary_key=True)
    hash: str


class PersonalExport(SQLModel, table=True):
    """Everything about a person, put together for them. It goes with them, and by itself after some days."""

    __tablename__ = "personal_export"
    id: UUID = Field(primary_key=True)
    customer_id: UUID = Field(foreign_key="customer.id", index=True, ondelete="CASCADE")
    asked_at: datetime = Field(sa_type=Moment)
    asked_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    done: int = 0  # messages and files written so far
    total: int = 0
    parts: list[str] = Field(default_factory=list, sa_type=Json)  # digests of its pieces in the storage, in order
    size: int = Field(default=0, sa_type=BigInteger)  # bytes
    ready_at: datetime | None = Field(default=None, sa_type=Moment)
    expires_at: datetime | None = Field(default=None, sa_type=Moment)
    problem: str = ""  # why it could not be made, so far
