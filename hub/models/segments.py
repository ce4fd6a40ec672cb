"""Segments that have a name, and those of them that are lists of people."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from hub.models.columns import Json, Moment


class SavedSegment(SQLModel, table=True):
    """Whom a name means. In the archive it is offered no more; what names it goes on meaning the same."""

    __tablename__ = "segment"
    __table_args__ = (Index("segment_name", text("lower(name)"), unique=True),)
    id: int | None = Field(default=None, primary_key=True)
    name: str
    tree: Any = Field(sa_type=Json)  # see `hub.segments.tree.read`; of a list: whoever is on it
    listed: bool = False  # a list: people are put on it and taken off by hand
    created_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    created_at: datetime = Field(sa_type=Moment)
    changed_at: datetime = Field(sa_type=Moment)
    archived_at: datetime | None = Field(default=None, sa_type=Moment)


class SegmentMember(SQLModel, table=True):
    """Somebody on a list."""

    __tablename__ = "segment_member"
    __table_args__ = (UniqueConstraint("segment_id", "customer_id", name="segment_member_once"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    segment_id: int = Field(foreign_key="segment.id", ondelete="CASCADE")
    customer_id: UUID = Field(foreign_key="customer.id", index=True, ondelete="CASCADE")
    added_by: int | None = Field(default=None, foreign_key="staff.id", ondelete="SET NULL")
    added_at: datetime = Field(sa_type=Moment)
