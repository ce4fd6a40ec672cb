"""Files that people bring in at the desk: what they hold, how far they are, what was not taken, whom they brought."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment, Word
from hub.models.vocabulary import Brought, Outcome


class FileImport(SQLModel, table=True):
    """A file that somebody brought in at the desk: kept, looked at, then written in the background."""

    __tablename__ = "file_import"
    __table_args__ = (Index("file_import_asked", "asked_at"),)
    id: UUID = Field(primary_key=True)
    kind: Brought = Field(sa_type=Word(Brought))
    name: str  # of the file
    sha256: str  # of what it holds; empty once it is not needed any more
    header: list[str] = Field(default_factory=list, sa_type=Json)  # the names of its columns
    fields: list[str] = Field(default_factory=list, sa_type=Json)  # what each holds; `-`: it is left out
    source: str = ""  # of purchases the system whose numbers these are; of customers where they allowed what they did
    wording: str = ""  # what customers agreed to
    update: bool = False  # what is known otherwise is changed
    # The list that everybody goes on whom it is about; until it begins it may be one that is yet to be made.
    list_id: int | None = Field(default=None, foreign_key="segment.id", ondelete="SET NULL")
    new_list: str = ""
    asked_at: datetime = Field(sa_type=Moment)
    asked_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    total: int = 0  # rows
    begun_at: datetime | None = Field(default=None, sa_type=Moment)
    done: int = 0  # rows, in the order in which they are written
    added: int = 0
    known: int = 0
    changed: int = 0
    rejected: int = 0
    cancelled: bool = False  # somebody stopped it; what was written stays
    done_at: datetime | None = Field(default=None, sa_type=Moment)


class RejectedRow(SQLModel, table=True):
    """A row of such a file that was not taken. `words` and `gaps` are a `hub.sentences.Sentence`: why not."""

    __tablename__ = "rejected_row"
    __table_args__ = (Index("rejected_row_line", "import_id", "line"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    import_id: UUID = Field(foreign_key="file_import.id", ondelete="CASCADE")
    line: int
    words: str
    gaps: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    cells: list[str] = Field(default_factory=list, sa_type=Json)  # as they stand in the file


class ImportedCustomer(SQLModel, table=True):
    """Whom a row of a file of customers was about, and what became of them by it."""

    __tablename__ = "imported_customer"
    __table_args__ = (
        Index("imported_customer_import", "import_id", "id"),
        Index("imported_customer_of", "customer_id"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    import_id: UUID = Field(foreign_key="file_import.id", ondelete="CASCADE")
    customer_id: UUID = Field(foreign_key="customer.id", ondelete="CASCADE")
    outcome: Outcome = Field(sa_type=Word(Outcome))
