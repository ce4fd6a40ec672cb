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


class RfmFormula(SQLModel, table=True):
    """One row, written at each start from [rfm]: all processes score by the same formula."""

    __tablename__ = "rfm_formula"
    __table_args__ = (CheckConstraint("id = 1", name="rfm_formula_one"),)
    id: int = Field(default=1, primary_key=True)
    terms: Any = Field(sa_type=Json)  # see `hub.customers.rfm.Formula`
