"""What customers bought, as other systems tell it, and the formula that their purchases are scored by."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Numeric, UniqueConstraint
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment

DIGITS, DECIMALS = 12, 3  # of an amount


class Purchase(SQLModel, table=True):
    """One purchase of one customer. Its number counts once in the system that it comes from."""

    __tablename__ = "purchase"
    __table_args__ = (
        UniqueConstraint("source", "number", name="purchase_once"),
        CheckConstraint("amount >= 0", name="purchase_amount"),
        CheckConstraint("refunded between 0 and amount", name="purchase_refunded"),
        # Everything that a score asks for: it is reckoned from the index alone.
        Index("purchase_customer", "customer_id", "at", postgresql_include=["amount", "currency", "refunded"]),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    customer_id: UUID = Field(foreign_key="customer.id", ondelete="CASCADE")
    source: str  # the system it comes from
    number: str  # what that system calls it
    at: datetime = Field(sa_type=Moment)
    amount: Decimal = Field(sa_type=Numeric(DIGITS, DECIMALS))
    currency: str  # ISO 4217
    description: str = ""
    refunded: Decimal = Field(default=Decimal(0), sa_type=Numeric(DIGITS, DECIMALS))  # the sum of its refunds


class Refund(SQLModel, table=True):
    """Money given back for a purchase. Its number counts once in the system that it comes from."""

    __tablename__ = "refund"
    __table_args__ = (
        UniqueConstraint("source", "number", name="refund_once"),
        CheckConstraint("amount > 0", name="refund_amount"),
        Index("refund_purchase", "purchase_id"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    purchase_id: int = Field(foreign_key="purchase.id", ondelete="CASCADE", sa_type=BigInteger)
    source: str
    number: str
    at: datetime = Field(sa_type=Moment)
    amount: Decimal = Field(sa_type=Numeric(DIGITS, DECIMALS))


class PurchaseImport(SQLModel, table=True):
    """A file of purchases that somebody brought in at the desk: kept, looked at, then written in the background."""

    __tablename__ = "purchase_import"
    __table_args__ = (Index("purchase_import_asked", "asked_at"),)
    id: UUID = Field(primary_key=True)
    name: str  # of the file
    sha256: str  # of what it holds; empty once every row of it has been read
    header: list[str] = Field(default_factory=list, sa_type=Json)  # the names of its columns
    fields: list[str] = Field(default_factory=list, sa_type=Json)  # what each holds; `-`: it is left out
    source: str  # the system whose numbers these are
    update: bool = False  # a number that is known otherwise is changed
    asked_at: datetime = Field(sa_type=Moment)
    asked_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    total: int = 0  # rows
    begun_at: datetime | None = Field(default=None, sa_type=Moment)
    done: int = 0  # rows, purchases before refunds
    added: int = 0
    known: int = 0
    changed: int = 0
    rejected: int = 0
    done_at: datetime | None = Field(default=None, sa_type=Moment)


class RejectedPurchase(SQLModel, table=True):
    """A row of such a file that was not taken. `words` and `gaps` are a `hub.sentences.Sentence`: why not."""

    __tablename__ = "rejected_purchase"
    __table_args__ = (Index("rejected_purchase_line", "import_id", "line"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    import_id: UUID = Field(foreign_key="purchase_import.id", ondelete="CASCADE")
    line: int
    words: str
    gaps: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    cells: list[str] = Field(default_factory=list, sa_type=Json)  # as they stand in the file


class RfmFormula(SQLModel, table=True):
    """One row, written at each start from [rfm]: all processes score by the same formula."""

    __tablename__ = "rfm_formula"
    __table_args__ = (CheckConstraint("id = 1", name="rfm_formula_one"),)
    id: int = Field(default=1, primary_key=True)
    terms: Any = Field(sa_type=Json)  # see `hub.customers.rfm.Formula`
