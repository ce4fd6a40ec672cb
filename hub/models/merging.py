"""Customers who may be one person, and those who were made one: what was moved, so that it can be taken apart again."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Index, text
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment


class CustomerKeys(SQLModel, table=True):
    """By which keys a customer is found among those who may be the same person: see `hub.customers.blocking`."""

    __tablename__ = "customer_keys"
    # Without a list of what is to be put in later: each look would read all of it.
    __table_args__ = (
        Index("customer_keys_shared", "keys", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
    )
    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id", ondelete="CASCADE")
    keys: list[int] = Field(sa_type=ARRAY(BigInteger))
    at: datetime = Field(sa_type=Moment)  # what changed later is not in them


class MergeSuggestion(SQLModel, table=True):
    """Two customers who may be one person, the smaller id first. One that was refused is remembered."""

    __tablename__ = "merge_suggestion"
    __table_args__ = (
        Index(
            "merge_suggestion_open",
            text("(-bits)"),
            "one_id",
            "other_id",
            postgresql_where=text("refused_at is null"),
        ),
        Index("merge_suggestion_other", "other_id"),
    )
    one_id: UUID = Field(primary_key=True, foreign_key="customer.id", ondelete="CASCADE")
    other_id: UUID = Field(primary_key=True, foreign_key="customer.id", ondelete="CASCADE")
    bits: float  # of evidence: see `hub.customers.matching`
    sure: bool
    findings: dict[str, str] = Field(sa_type=Json)  # field: how it agrees
    found_at: datetime = Field(sa_type=Moment)
    refused_at: datetime | None = Field(default=None, sa_type=Moment)  # somebody said that they are two people
    refused_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")


class CustomerMerge(SQLModel, table=True):
    """One customer became part of another, and is no row any more: what they were is kept here."""

    __tablename__ = "customer_merge"
    __table_args__ = (
        Index("customer_merge_loser", "loser_id", unique=True, postgresql_where=text("undone_at is null")),
        Index("customer_merge_winner", "winner_id"),
        Index("customer_merge_number", text("(loser ->> 'external_id')"), postgresql_where=text("undone_at is null")),
    )
    id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_type=Moment)
    staff_id: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")  # None: by itself
    loser_id: UUID  # whoever asks for this customer is sent to the other
    into_id: UUID  # as it was; that one may have become part of a third since
    winner_id: UUID = Field(foreign_key="customer.id", ondelete="CASCADE")  # who has everything now
    loser: dict[str, Any] = Field(sa_type=Json)  # the customer's row as it was
    fields: dict[str, Any] = Field(sa_type=Json)  # the winner's columns that changed, before and after
    moved: dict[str, Any] = Field(sa_type=Json)  # see `hub.customers.moving`
    undone_at: datetime | None = Field(default=None, sa_type=Moment)
